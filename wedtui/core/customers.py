"""When a change of shares counted: when it was accepted, and until when customers move.

Accepted is measured. When customers have moved is expected first: resolvers may keep the old answer for the TTL after
every authoritative server has the change. From then on it is looked whether they have (`core.customers_seen`), and said
when they were seen to have, by what, or that they were not. Source: DESIGN, "Traffic and failover".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from wedtui.core.actions import StepState
from wedtui.core.text import single_line
from wedtui.core.wording import age, duration

IN_SYNC = "in sync"
"""The step after which every authoritative server has the change."""
CUSTOMERS = "customers"
"""The step that looks whether customers have moved, once they are expected to have; it holds nothing up."""


LOOKED_FOR_AT_MOST = timedelta(minutes=15)
"""So long after they are expected to have moved customers are looked for: a vendor's figures come minutes late."""


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

    @property
    def detail(self) -> str:
        """What came of it."""
        ...


class Moved(NamedTuple):
    """The two times of a change."""

    confirmed_at: datetime | None
    accepted_at: datetime | None = None
    """When the backend took it, as measured; None: not yet, as far as is known."""
    synced_at: datetime | None = None
    """When every authoritative server had it; None: that was not seen."""
    ttl: timedelta | None = None
    look: StepTimes | None = None
    """Whether customers have moved, as it is, or was, looked at; None: nobody did yet."""

    @property
    def accepted_after(self) -> timedelta | None:
        """From the confirmation to the acceptance."""
        return _between(self.confirmed_at, self.accepted_at)

    @property
    def until(self) -> datetime | None:
        """When the last resolver has forgotten the old answer; None where that cannot be told."""
        return None if self.synced_at is None or self.ttl is None else self.synced_at + self.ttl

    @property
    def seen_at(self) -> datetime | None:
        """When customers were first seen to have moved; None where they were not."""
        return self.look.ended_at if self.look is not None and self.look.state == StepState.DONE else None

    def is_open(self, now: datetime) -> bool:
        """Whether it has yet to be seen whether customers have moved, as far as is known.

        A look that was begun is ended by whoever looks; one that nobody began in time never will be.
        """
        if self.until is None:
            return False
        return now < self.until + LOOKED_FOR_AT_MOST if self.look is None else self.look.ended_at is None

    @property
    def seen_after(self) -> timedelta | None:
        """From the confirmation to that instant."""
        return _between(self.confirmed_at, self.seen_at)

    def accepted_words(self) -> str:
        """Return `accepted after 1.0 s from the confirmation`."""
        after = self.accepted_after
        return f"accepted after {'UNKNOWN' if after is None else _seconds(after)} from the confirmation"

    def moved_words(self, now: datetime) -> str:
        """Return until when customers move, or by when they have moved, and how that is known."""
        until = self.until
        if self.synced_at is None or self.ttl is None or until is None or self.confirmed_at is None:
            unknown = "customers moved: UNKNOWN, the change was not seen in sync"
            return unknown if self.look is None else f"{unknown}{_given_up(self.look, now)}"
        how = f"in sync {_clock(self.synced_at)}, TTL {self.ttl.total_seconds():.0f} s"
        if self.look is not None:
            if self.look.state == StepState.FAILED:
                return f"{self.came_of_it()}, expected by {_clock(until)} UTC{_given_up(self.look, now)}"
            return f"{self._seen_words(until)}: {seen_words(self.look.detail, self.look.ended_at or now)}"
        if now < until:
            return f"customers move until {_clock(until)} UTC (in {duration(until - now)}), as expected: {how}"
        return f"customers expected to have moved by {_clock(until)} UTC: {how}; not seen, nobody measured it"

    def came_of_it(self) -> str:
        """Return in a few words whether customers have moved and after how long; nothing while that is not known."""
        if self.seen_after is not None:
            return f"customers moved after {_seconds(self.seen_after)} from the confirmation"
        if self.look is not None and self.look.state == StepState.FAILED:
            return "customers NOT SEEN to have moved"
        return ""

    def _seen_words(self, until: datetime) -> str:
        """Return what came of looking whether they have."""
        if self.seen_at is not None and self.seen_after is not None:
            at = f"measured at {_clock(self.seen_at)} UTC, expected by {_clock(until)}"
            return f"{self.came_of_it()}, {at}"
        return f"customers not seen to have moved yet, expected by {_clock(until)} UTC"


def _given_up(look: StepTimes, now: datetime) -> str:
    """Return how long ago nobody looked any more, why, and what had been seen by then."""
    ended = look.ended_at or now
    return f", given up {age(ended, now)} ago: {seen_words(look.detail, ended)}"


def seen_words(detail: str, now: datetime) -> str:
    """Return what a look whether customers have moved found, each with its age at an instant; what is missing first.

    Args:
        detail: of its step, as JSON.
        now: ages are counted up to it: when it ended, of one that has.
    """
    said = _said(detail)
    checks = said.get("checks")
    found = [each for each in checks if isinstance(each, Mapping)] if isinstance(checks, list) else []
    missing = [each for each in found if each.get("result") != "PASS"]
    why = single_line(str(said["why"]), 200) if said.get("why") else ""
    words = [_check_words(each, now) for each in (*missing, *(each for each in found if each not in missing))]
    return "; ".join([*([why] if why else []), *words]) or "nothing was seen yet"


def _said(detail: str) -> Mapping[str, Any]:
    """Return what the detail of a look says; nothing where it is none that this version knows."""
    try:
        said = json.loads(detail) if detail else {}
    except ValueError:
        return {}
    return said if isinstance(said, Mapping) else {}


def _check_words(check: Mapping[str, Any], now: datetime) -> str:
    at = check.get("measured_at")
    # That the TTL has passed is as of its end, which is said already.
    old = f" ({age(datetime.fromisoformat(at), now)} old)" if isinstance(at, str) and check.get("rule") != "ttl" else ""
    return f"{single_line(str(check.get('sentence')), 300)}{old}"


def moved(confirmed_at: datetime | None, steps: Sequence[StepTimes], ttl: timedelta | None) -> Moved:
    """Return the times of a change.

    Args:
        confirmed_at: when it was confirmed.
        steps: that were made, in their order.
        ttl: of the record; None where it is not known.
    """
    accepted = [step.ended_at for step in steps if step.changes and step.state == StepState.DONE]
    synced = [step.ended_at for step in steps if step.name == IN_SYNC and step.state == StepState.DONE]
    look = next((step for step in reversed(steps) if step.name == CUSTOMERS), None)
    return Moved(confirmed_at, accepted[-1] if accepted else None, synced[-1] if synced else None, ttl, look)


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return None if start is None or end is None else end - start


def _seconds(span: timedelta) -> str:
    return f"{max(span.total_seconds(), 0.0):.1f} s"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"
