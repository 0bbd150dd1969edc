"""Calendars of weddings for the screen: a Saturday in June in several zones, in every state that one can be in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import cycle, islice
from zoneinfo import ZoneInfo

from tests.pictures import NOW, OPEN, WELL, Bookings, FakeSource, picture
from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.calendar_query import ListedWedding, SourceDetails
from wedtui.core.freeze import Verdict
from wedtui.core.load import sweep, weight_of
from wedtui.core.picture import Picture
from wedtui.core.protection import Raise, protection
from wedtui.core.wedding import CULTURES, Wedding
from wedtui.tui.board import Board

SATURDAY = date(2026, 6, 20)
HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = ("hotel", "church", "beach", "")
# Zone, culture, first hour, length in hours, how many.
TODAY = (
    ("Europe/London", "british", 11, 12, 20),
    ("Asia/Kolkata", "indian", 10, 13, 10),
    ("Asia/Singapore", "chinese", 11, 11, 8),
    ("Africa/Lagos", "nigerian", 13, 10, 8),
    ("America/New_York", "jewish", 16, 8, 6),
    ("America/Los_Angeles", "other", 14, 9, 5),
    ("Australia/Sydney", "greek", 12, 8, 3),
)


def wedding(reference: str, zone: str, culture: str, begins: datetime, hours: int, **more: object) -> Wedding:
    """Make a wedding that begins by the clock of its venue."""
    start = begins.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    guests = CULTURES[culture].guests if culture in CULTURES else 150
    made = Wedding(reference, "Old Mill", "hotel", zone, start, start + hours * HOUR, culture, guests)
    return replace(made, **more)  # type: ignore[arg-type]


def day_of(day: date, share: int = 1) -> list[ListedWedding]:
    """Make a day of weddings, of each kind every `share`-th."""
    found = []
    for zone, culture, hour, hours, count in TODAY:
        for number, kind in enumerate(islice(cycle(KINDS), count)):
            if number % share == 0:
                name = f"{zone.rsplit('/', 1)[-1][:3].upper()}-{day:%m%d}-{number:03}"
                made = wedding(
                    name,
                    zone,
                    culture,
                    datetime.combine(day, time(hour + number % 3)),
                    hours - number % 3,
                    venue_kind=kind,
                )
                found.append(ListedWedding("booking", made))
    return found


SUMMER = [
    *day_of(SATURDAY),
    *day_of(SATURDAY + timedelta(days=1), 3),
    *day_of(SATURDAY + timedelta(days=5), 7),
    *day_of(SATURDAY + timedelta(days=7), 1),
]
BOOKING = SourceFacts("booking", "postgres", NOW - timedelta(minutes=12), NOW - timedelta(minutes=12), weddings=203)
VENUES = SourceFacts("venues", "csv", NOW - 3 * HOUR, NOW - 3 * HOUR, weddings=11, interval=HOUR)
REJECTED = replace(
    VENUES,
    rejected=4,
    examples=("line 17: zone: expected an IANA time zone", "line 20: end: expected an end after the start"),
)
QUESTIONED = replace(
    VENUES,
    questioned=True,
    attempted_at=NOW - timedelta(minutes=5),
    problem="it lost 9 of its 11 future weddings, more than half",
)
STALE = replace(VENUES, read_at=NOW - 30 * HOUR, problem="the file venues.csv cannot be opened (No such file)")
NEVER = replace(VENUES, read_at=None, attempted_at=None, weddings=0)


def calendar(rows: Sequence[ListedWedding], *sources: SourceFacts) -> CalendarFacts:
    def micro(at: datetime) -> int:
        return (at - _EPOCH) // timedelta(microseconds=1)

    found = (each.wedding for each in rows)
    plain = [(w.zone, w.reference, micro(w.start), micro(w.end), weight_of(w.load)) for w in found]
    return CalendarFacts(sources, *sweep(plain), generation=len(plain))


def details(source: SourceFacts) -> SourceDetails:
    return SourceDetails(source, "venues.csv", 2, 0, 1, 0, False)


def shown(
    facts: CalendarFacts, now: datetime = NOW, *, freeze: Verdict = OPEN, raises: Sequence[Raise] = ()
) -> Picture:
    """Judge a world with a calendar at an instant, by the rule that every caller uses."""
    return picture(
        WELL,
        now=now,
        freeze=freeze,
        calendar=facts,
        protection=protection(facts, raises, ("Europe/London",), now),
    )


def board(facts: CalendarFacts, now: datetime = NOW, **more: object) -> Board:
    return Board(now, shown(facts, now), **more)  # type: ignore[arg-type]


def booked(
    rows: Sequence[ListedWedding] = SUMMER,
    sources: Sequence[SourceFacts] = (BOOKING, REJECTED),
    *,
    raises: Sequence[Raise] = (),
    freeze: Verdict = OPEN,
) -> FakeSource:
    """Make a source with a calendar."""
    facts = calendar(rows, *sources)
    answers = Bookings(list(rows), tuple(details(each) for each in sources))
    return FakeSource(lambda now: shown(facts, now, raises=raises, freeze=freeze), booked=answers)
