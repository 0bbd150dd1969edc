"""When a change of shares counted: when it was accepted, and until when customers move.

Accepted is measured. That customers have moved is not: resolvers may keep the old answer for the TTL after every
authoritative server has the change, so before that instant they move, and afterwards they have moved by all that DNS
says. Source: DESIGN, "Traffic and failover".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from wedtui.core.actions import StepState
from wedtui.core.wording import duration

IN_SYNC = "in sync"
"""The step after which every authoritative server has the change."""


class StepTimes(Protocol):
    """What of a step tells the times."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def state(self) -> str:
        """How far it is."""
        ...

    @property
    def ended_at(self) -> datetime | None:
        """When it ended."""
        ...

    @property
    def changes(self) -> bool:
        """Whether it changes anything outside."""
        ...


class Moved(NamedTuple):
    """The two times of a change."""

    confirmed_at: datetime | None
    accepted_at: datetime | None = None
    """When the backend took it, as measured; None: not yet, as far as is known."""
    synced_at: datetime | None = None
    """When every authoritative server had it; None: that was not seen."""
    ttl: timedelta | None = None

    @property
    def accepted_after(self) -> timedelta | None:
        """From the confirmation to the acceptance."""
        return _between(self.confirmed_at, self.accepted_at)

    @property
    def until(self) -> datetime | None:
        """When the last resolver has forgotten the old answer; None where that cannot be told."""
        return None if self.synced_at is None or self.ttl is None else self.synced_at + self.ttl

    @property
    def moved_after(self) -> timedelta | None:
        """From the confirmation to that instant."""
        return _between(self.confirmed_at, self.until)

    def accepted_words(self) -> str:
        """Return `accepted after 1.0 s from the confirmation`."""
        after = self.accepted_after
        return f"accepted after {'UNKNOWN' if after is None else _seconds(after)} from the confirmation"

    def moved_words(self, now: datetime) -> str:
        """Return until when customers move, or by when they have moved, and how that is known."""
        until, after = self.until, self.moved_after
        if self.synced_at is None or self.ttl is None or until is None or after is None:
            return "customers moved: UNKNOWN, the change was not seen in sync"
        how = f"in sync {_clock(self.synced_at)}, TTL {self.ttl.total_seconds():.0f} s"
        if now < until:
            return f"customers move until {_clock(until)} UTC (in {duration(until - now)}): {how}"
        return f"customers moved by {_clock(until)} UTC, {_seconds(after)} after the confirmation: {how}, not observed"


def moved(confirmed_at: datetime | None, steps: Sequence[StepTimes], ttl: timedelta | None) -> Moved:
    """Return the times of a change.

    Args:
        confirmed_at: when it was confirmed.
        steps: that were made, in their order.
        ttl: of the record; None where it is not known.
    """
    accepted = [step.ended_at for step in steps if step.changes and step.state == StepState.DONE]
    synced = [step.ended_at for step in steps if step.name == IN_SYNC and step.state == StepState.DONE]
    return Moved(confirmed_at, accepted[-1] if accepted else None, synced[-1] if synced else None, ttl)


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return None if start is None or end is None else end - start


def _seconds(span: timedelta) -> str:
    return f"{max(span.total_seconds(), 0.0):.1f} s"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"
