"""Telling people: channels behind one protocol, and who puts the ledger's outbox to them until they accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wedtui.config import Configuration


def paging_configured(configuration: Configuration) -> bool:
    """Whether there is anybody to tell: without a channel nothing may act by itself."""
    return bool(configuration.notify)
