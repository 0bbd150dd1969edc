"""Telling people: channels behind one protocol, and who puts the ledger's outbox to them until they accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wedtui.core.notify import CALLS_FROM, GRAVITY, Level, Reach

if TYPE_CHECKING:
    from wedtui.config import Configuration
    from wedtui.config_notify import ChannelSection

CALLS = {"pagerduty": CALLS_FROM}
"""By kind of channel, from which severity on it is told by default: a call is for what cannot wait."""
MAY_LOSE = frozenset({"pagerduty"})
"""The kinds of channels that may lose what they accepted, and take the same again without another effect."""


def paging_configured(configuration: Configuration) -> bool:
    """Whether there is anybody to tell: without a channel nothing may act by itself."""
    return bool(configuration.notify)


def least_of(section: ChannelSection) -> Level:
    """Return from which severity on a channel is told of what begins."""
    if section.min_severity is not None:
        return Level(section.min_severity)
    return CALLS.get(section.kind, Level.INFO)


def calls(section: ChannelSection) -> bool:
    """Whether a channel calls people: by its kind, or because it is told of nothing that could wait."""
    return section.kind in CALLS or GRAVITY[least_of(section)] >= GRAVITY[CALLS_FROM]


def may_lose(configuration: Configuration) -> frozenset[str]:
    """Return the channels that may lose what they accepted: what follows upon a beginning is put to them again."""
    return frozenset(name for name, section in configuration.notify.items() if section.kind in MAY_LOSE)


def reach_of(configuration: Configuration) -> Reach:
    """Return which channels are for what."""
    sections = configuration.notify
    least = {name: least_of(section) for name, section in sections.items()}
    return Reach(least, configuration.routes, frozenset(name for name, section in sections.items() if calls(section)))
