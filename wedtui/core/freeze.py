"""Is this frozen, until when and why? The one evaluator, for every caller.

Source: DESIGN, "Freeze". The types are here; what they mean is said beside each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

FEED_GOOD_FOR = timedelta(hours=24)
PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class WallTime:
    """A weekday (Monday is 0) and a time of day on a wall clock."""

    weekday: int
    at: time


@dataclass(frozen=True, slots=True)
class WeeklyWindow:
    """Two wall-clock times that come every week in each of several zones; half-open."""

    name: str
    start: WallTime
    end: WallTime
    zones: tuple[str, ...] = ()
    """IANA names; none means every zone from UTC-12 to UTC+14."""
    months: frozenset[int] = frozenset()
    """Months (1..12) of which any local date of the window must lie in one; none means all."""
    environments: frozenset[str] = frozenset({PRODUCTION})
    services: frozenset[str] = frozenset()
    """The services it applies to; none means all."""


class Origin(StrEnum):
    """Where a one-off period comes from."""

    CONFIGURATION = "configuration"
    FEED = "feed"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Period:
    """An absolute interval [start, end)."""

    name: str
    start: datetime
    end: datetime
    origin: Origin
    environments: frozenset[str] = frozenset({PRODUCTION})
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Feed:
    """The last good reading of one iCalendar feed, and what became of the newest attempt."""

    name: str
    periods: tuple[Period, ...] = ()
    last_good_at: datetime | None = None
    problem: str | None = None
    """Why the newest attempt was not taken (unreadable, or it lost more than half of its events)."""
    questioned: bool = False
    """Whether the newest attempt parsed but lost too many events, so that a person has to look."""


@dataclass(frozen=True, slots=True)
class FreezeFacts:
    """Everything that the evaluator needs to know."""

    windows: tuple[WeeklyWindow, ...] = ()
    """None means the default window."""
    periods: tuple[Period, ...] = ()
    feeds: tuple[Feed, ...] = ()
    unreadable: tuple[str, ...] = ()
    """Sources that could not be read at all (configuration, ledger); any of them means frozen."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the question is about."""

    environment: str = PRODUCTION
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A merged frozen stretch [start, end) and the sorted names of everything that overlaps it."""

    start: datetime
    end: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one instant."""

    frozen: bool
    at: datetime
    since: datetime | None = None
    until: datetime | None = None
    """When the merged stretch ends; None while open, and None where a source is unreadable (until it can be read)."""
    zone: str | None = None
    """The IANA zone in which the stretch ends last, where a weekly window decides its end."""
    reasons: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    """The sentences about sources that fail closed; not empty means frozen."""
    next_start: datetime | None = None
    """When the next freeze begins, while open."""
