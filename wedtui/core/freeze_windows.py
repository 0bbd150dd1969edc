"""When a weekly window is shut: from two wall-clock times and a list of zones to absolute spans.

Pure, and the only place that turns a wall time of a zone into an instant. Each boundary is converted by itself,
so a weekend with a clock change lasts 59 or 61 hours. Source: DESIGN, "Freeze".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

PRODUCTION = "production"
EARLIEST_ZONE = timezone(timedelta(hours=14))
LATEST_ZONE = timezone(timedelta(hours=-12))
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""The first and the last instant that can be said."""

_WEEK = timedelta(days=7)
_SECOND = timedelta(seconds=1)
_INSTANT = timedelta(microseconds=1)
# A window lasts a week at most; offsets and clock changes move its ends by less than the rest of this.
_REACH = timedelta(days=10)
_FIRST_DAY, _LAST_DAY = date(1, 2, 1), date(9999, 11, 30)


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
    """None means all."""
    services: frozenset[str] = frozenset()
    """The services it applies to; none means all."""


DEFAULT_WINDOW = WeeklyWindow("default weekend in every zone", WallTime(4, time(18)), WallTime(0, time(6)))
"""What counts for production where no window is configured: Friday 18:00 to Monday 06:00 in every zone."""


@dataclass(frozen=True, slots=True)
class Span:
    """An absolute interval [start, end) in UTC, what asks for it, and the IANA zone whose wall clock ends it."""

    start: datetime
    end: datetime
    name: str
    zone: str | None = None


def opening_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return when a freeze that opens at a naive wall time begins in `zone`, in UTC.

    A time that the clock jumps over becomes the first instant after the gap; one that it shows twice is the first
    of the two.
    """
    return settled(wall, zone, last=False)[0]


def closing_instant(wall: datetime, zone: tzinfo) -> datetime:
    """Return when a freeze that closes at a naive wall time ends in `zone`, in UTC.

    A time that the clock jumps over becomes the first instant after the gap; one that it shows twice is the last
    of the two.
    """
    return settled(wall, zone, last=True)[0]


# The same walls are asked about every second; zone data do not change while a program runs.
@lru_cache(maxsize=8192)
def settled(wall: datetime, zone: tzinfo, *, last: bool) -> tuple[datetime, bool]:
    """Return which instant in UTC a naive wall time of `zone` is, and whether the clock there jumps over it.

    Args:
        wall: what a clock there shows, or would; one that it jumps over is the first instant after the gap.
        zone: whose clock.
        last: of a time that the clock shows twice, the second one and not the first.
    """
    before, after = _offsets(wall, zone)
    if before < after:
        return _change(wall, zone, before, after), True
    return (wall - (after if last else before)).replace(tzinfo=UTC), False


def spans(window: WeeklyWindow, zone: str | None, start: datetime, end: datetime) -> Iterator[Span]:
    """Yield every span of a window in one zone that overlaps or touches [start, end].

    Args:
        window: what is asked.
        zone: an IANA name; None means every zone from UTC-12 to UTC+14.
        start: an aware instant.
        end: an aware instant.

    Raises:
        ZoneInfoNotFoundError, ValueError, OSError: the zone cannot be read.
    """
    for monday in mondays(start, end):
        span = occurrence(window, zone, monday)
        if span is not None and span.start <= end and span.end >= start:
            yield span


def mondays(start: datetime, end: datetime) -> Iterator[date]:
    """Yield the Monday of every week whose windows may touch [start, end], in whatever zone."""
    first = max(_clamped(start, -_REACH), _FIRST_DAY)
    last = min(_clamped(end, _REACH), _LAST_DAY)
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        yield monday
        monday += _WEEK


def shifted(at: datetime, by: timedelta) -> datetime:
    """Return an instant moved, held within what a datetime can say."""
    try:
        return at + by
    except OverflowError:
        return FIRST if by < timedelta() else LAST


@lru_cache(maxsize=16384)
def occurrence(window: WeeklyWindow, zone: str | None, monday: date) -> Span | None:
    """Return the span of a window that opens in the local week of `monday`, or None where there is none.

    There is none where `months` rules it out, and where the clock jumps over the whole window.

    Raises:
        ZoneInfoNotFoundError, ValueError, OSError: the zone cannot be read.
    """
    days = (window.end.weekday - window.start.weekday) % 7
    if days == 0 and window.end.at <= window.start.at:
        days = 7
    opening_day = monday + timedelta(days=window.start.weekday)
    opens = datetime.combine(opening_day, window.start.at)
    closes = datetime.combine(opening_day + timedelta(days=days), window.end.at)
    if zone is None:
        start, end = opening_instant(opens, EARLIEST_ZONE), closing_instant(closes, LATEST_ZONE)
        first, last = opens.date(), (closes - _INSTANT).date()
    else:
        local = ZoneInfo(zone)
        start, end = opening_instant(opens, local), closing_instant(closes, local)
        first, last = start.astimezone(local).date(), (end - _INSTANT).astimezone(local).date()
    if start >= end or not _in_months(first, last, window.months):
        return None
    return Span(start, end, window.name, zone)


def _in_months(first: date, last: date, months: frozenset[int]) -> bool:
    """Whether any date from `first` to `last` lies in one of the months; no months means all."""
    touched = ((first + timedelta(days=n)).month for n in range((last - first).days + 1))
    return not months or any(month in months for month in touched)


def _offsets(wall: datetime, zone: tzinfo) -> tuple[timedelta, timedelta]:
    """Return the offset before and after the clock change that makes a wall time special; equal where none does."""
    first, second = wall.replace(tzinfo=zone, fold=0).utcoffset(), wall.replace(tzinfo=zone, fold=1).utcoffset()
    if first is None or second is None:
        raise ValueError(f"the zone {zone} gives no offset for {wall:%Y-%m-%d %H:%M}")
    return first, second


def _change(wall: datetime, zone: tzinfo, before: timedelta, after: timedelta) -> datetime:
    """Return the first instant after the gap in which `wall` lies, by halving the time around it."""
    # In whole seconds: zone data know nothing finer, and the wall time may.
    low = (wall - after).replace(tzinfo=UTC, microsecond=0)
    seconds = int((after - before).total_seconds()) + 1
    lowest, highest = 0, seconds
    while highest - lowest > 1:
        middle = (lowest + highest) // 2
        if (low + middle * _SECOND).astimezone(zone).utcoffset() == before:
            lowest = middle
        else:
            highest = middle
    return low + highest * _SECOND


def _clamped(at: datetime, by: timedelta) -> date:
    """Return the date of an instant moved by some days, held within what a date can say."""
    day = at.astimezone(UTC).date()
    try:
        return day + by
    except OverflowError:
        return date.min if by < timedelta() else date.max
