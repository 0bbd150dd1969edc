"""Calendars for tests: rows on a grid of five minutes and rows at any instant, and a model of what is live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.load import NO_STEPS, Live, Steps, sweep, weight_of
from wedtui.core.wedding import UNITS, load_of

GRID = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Nights and days on which something happens to the clocks of these zones, and calm ones; the first is a Thursday.
ZONES = (
    "Europe/London",
    "Australia/Sydney",
    "America/New_York",
    "America/Havana",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
)
BEGINNINGS = (
    datetime(2026, 6, 18, tzinfo=UTC),
    datetime(2026, 1, 8, tzinfo=UTC),
    datetime(2026, 3, 5, tzinfo=UTC),  # New York and Havana, Sunday
    datetime(2026, 3, 26, tzinfo=UTC),  # London, Sunday
    datetime(2026, 4, 2, tzinfo=UTC),  # Sydney and Lord Howe, Sunday
    datetime(2026, 4, 23, tzinfo=UTC),  # Cairo, Friday
    datetime(2026, 10, 1, tzinfo=UTC),  # Sydney and Lord Howe, Sunday
    datetime(2026, 10, 22, tzinfo=UTC),  # London, Sunday
    datetime(2026, 10, 29, tzinfo=UTC),  # New York and Havana, Sunday; Cairo, Friday
)


class Booked(NamedTuple):
    """A row of a calendar with the zone of its venue."""

    reference: str
    start: datetime
    end: datetime
    load: int
    zone: str = "Europe/London"

    @property
    def row(self) -> tuple[str, str, int, int, int]:
        """Return it as a sweep takes it."""
        return self.zone, self.reference, microseconds(self.start), microseconds(self.end), weight_of(self.load)


def microseconds(at: datetime) -> int:
    """Return an instant as stores keep it."""
    return (at - EPOCH) // MICROSECOND


def typical(culture: str, guests: int, count: int, start: datetime, *, hours: float = 6) -> list[Booked]:
    """Return weddings of one culture and size."""
    load = load_of(culture, guests)
    return [Booked(f"{culture}-{n}", start, start + hours * HOUR, load) for n in range(count)]


def calendar_of(booked: Iterable[Booked], *sources: SourceFacts) -> CalendarFacts:
    """Return the calendar that a reader would make of rows."""
    return CalendarFacts(sources, *sweep(each.row for each in booked))


def around(booked: Iterable[Booked], low: datetime, high: datetime, *sources: SourceFacts) -> CalendarFacts:
    """Return what of a calendar a reader gives that was asked for [low, high)."""
    booked = list(booked)
    steps, zones = sweep(each.row for each in booked if each.end > low and each.start < high)
    every = {each.zone: zones.get(each.zone, NO_STEPS) for each in booked}
    known_to = min((each.start for each in booked if each.start >= high), default=None)
    return CalendarFacts(sources, steps, every, known_from=low, known_to=known_to)


def swept(booked: Iterable[Booked]) -> Steps:
    """Return the steps of all rows."""
    return sweep(each.row for each in booked)[0]


def read(
    at: datetime | None, *, name: str = "platform", max_age: timedelta = DAY, interval: timedelta | None = None
) -> SourceFacts:
    """Return a source that was last read at an instant; without an interval a person imported it."""
    return SourceFacts(name, "csv", read_at=at, attempted_at=at, max_age=max_age, interval=interval)


def live(booked: Iterable[Booked], at: datetime) -> Live:
    """Return what is live, by the definition."""
    heaviest: dict[tuple[str, datetime, datetime], int] = {}
    for each in booked:
        if each.start <= at < each.end:
            key = each.reference, each.start, each.end
            heaviest[key] = max(each.load, heaviest.get(key, 0))
    return Live(sum(heaviest.values()), len({reference for reference, _, _ in heaviest}))


def grid(start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield every instant of the grid in [start, end]."""
    while start <= end:
        yield start
        start += GRID


def on_grid(most: timedelta, least: timedelta = timedelta()) -> st.SearchStrategy[timedelta]:
    """Return lengths of time on the grid."""
    return st.integers(least // GRID, most // GRID).map(lambda n: n * GRID)


@st.composite
def bookings(draw: st.DrawFn, begins: datetime, *, days: int = 4, most: int = 8) -> list[Booked]:
    """Return rows within some days from an instant; few references, so that some are there twice."""
    found = []
    for _ in range(draw(st.integers(0, most))):
        start = begins + draw(on_grid(days * DAY))
        found.append(
            Booked(
                draw(st.sampled_from("abcdef")),
                start,
                start + draw(on_grid(DAY, GRID)),
                draw(st.sampled_from((0, 1, UNITS, 4 * UNITS, 8 * UNITS, 17 * UNITS, 25 * UNITS - 1, 25 * UNITS))),
                draw(st.sampled_from(ZONES)),
            )
        )
    return found


@st.composite
def anywhen(draw: st.DrawFn, begins: datetime, *, days: int = 2, most: int = 8) -> list[Booked]:
    """Return rows at instants of any microsecond; few references, and times that others have, so that some meet."""
    length = days * DAY // MICROSECOND
    instants = draw(st.lists(st.integers(0, length), min_size=2, max_size=6))
    instant = st.one_of(st.sampled_from(instants), st.integers(0, length))
    found = []
    for _ in range(draw(st.integers(0, most))):
        start, end = sorted((draw(instant), draw(instant)))
        found.append(
            Booked(
                draw(st.sampled_from("abcd")),
                begins + start * MICROSECOND,
                begins + (end + (start == end)) * MICROSECOND,
                draw(st.integers(0, 30 * UNITS)),
                draw(st.sampled_from(ZONES[:2])),
            )
        )
    return found
