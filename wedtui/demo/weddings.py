"""Who gets married in the demo's world: the calendar of its platform, as a pure function of dates.

Drawn from the date alone, so that a day is always the same one, whichever scenario and whoever looks. Places, customs
and hours are plausible and nobody is in them: no couples, and venues that are made of a word and a kind.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from types import MappingProxyType
from zoneinfo import ZoneInfo

from wedtui.core.season import season

BEHIND, AHEAD = timedelta(days=4), timedelta(days=28)
"""The platform's calendar lists weddings that begin so long before and after a date."""

_MOST_A_DAY = 240
_NUMBERS_A_DAY = 250
"""References of one day: those that are drawn, then those that a scenario adds."""
_PEAK_FACTOR = 2.5
_SATURDAY_SHARE = 8.0
_NOT_IN_CHURCHES = frozenset({"indian", "jewish"})
_BEFORE_SHARE = 0.4
"""The share of a custom's weddings that have an evening of their own before the day."""


@dataclass(frozen=True, slots=True)
class Custom:
    """How a culture celebrates."""

    week: tuple[float, ...]
    """How its weddings are spread over the days, Monday first; 8 is a busy Saturday."""
    begins: tuple[float, float]
    """Between which local hours it begins."""
    lasts: tuple[float, float]
    """Hours."""
    guests: tuple[int, int]
    evening_before: bool = False
    """Whether some begin with an evening of their own before the day."""


CUSTOMS: Mapping[str, Custom] = MappingProxyType(
    {
        "british": Custom((0.2, 0.2, 0.3, 0.5, 1.8, 8, 1.2), (11.5, 15), (8, 11), (60, 190)),
        "indian": Custom((0.2, 0.2, 0.3, 0.3, 1.2, 8, 4), (16, 19), (5, 7), (250, 800), evening_before=True),
        "nigerian": Custom((0, 0, 0.1, 0.4, 1.5, 8, 0.4), (11, 14), (8, 10), (200, 550)),
        "chinese": Custom((0.2, 0.2, 0.2, 0.2, 1, 8, 5), (10.5, 17), (5, 9), (150, 450)),
        "greek": Custom((0.1, 0.1, 0.2, 0.3, 0.8, 8, 4), (17.5, 19.5), (7, 9), (150, 400)),
        # Never on the Sabbath, which ends with Saturday's dusk.
        "jewish": Custom((0.5, 1, 0.8, 1, 0, 0, 6), (15, 18), (6, 8), (120, 320)),
        "other": Custom((0.2, 0.2, 0.2, 0.4, 1.8, 8, 1.5), (14.5, 17.5), (5.5, 7.5), (70, 200)),
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """A city of the platform, and the venues around it."""

    zone: str
    cultures: Mapping[str, float]
    """Culture -> how many weddings there are on a Saturday of the peak season."""
    names: tuple[str, ...]
    """First words of its venues."""
    kinds: Mapping[str, str]
    """Last word of a venue -> its kind."""

    def venue(self, number: int) -> tuple[str, str]:
        """Return name and kind of the venue of a number; as many numbers in a row as there are venues differ."""
        words = tuple(self.kinds.items())
        # The kinds take turns, and with each turn of theirs the names move on by one.
        turn, which = divmod(number, len(words))
        word, kind = words[which]
        return f"{self.names[(turn + which) % len(self.names)]} {word}", kind


PLACES = (
    Place(
        "Europe/London",
        {"british": 52, "indian": 6, "nigerian": 4, "chinese": 3, "greek": 2, "jewish": 4, "other": 3},
        ("Abbey", "Bridge", "Cedar", "Dove", "Elm", "Fountain", "Grange", "Heath", "Ivy", "Kestrel", "Lavender"),
        {"Hall": "hall", "Barn": "barn", "Farm": "farm", "Castle": "castle", "Hotel": "hotel", "Church": "church"}
        | {"Marquee": "marquee", "Register Office": "registry office", "Gardens": "garden", "Vineyard": "vineyard"},
    ),
    Place(
        "Asia/Kolkata",
        {"indian": 20},
        ("Banyan", "Lotus", "Marigold", "Peacock", "Neem", "Jasmine", "Saffron", "Monsoon", "Coconut"),
        {"Palace Hotel": "hotel", "Gardens": "garden", "Beach Resort": "beach", "Hall": "hall", "Temple": "temple"},
    ),
    Place(
        "Africa/Lagos",
        {"nigerian": 12},
        ("Iroko", "Lagoon", "Palm", "Coral", "Ebony", "Hibiscus", "Island"),
        {"Event Hall": "hall", "Hotel": "hotel", "Church": "church", "Marquee": "marquee", "Gardens": "garden"},
    ),
    Place(
        "America/New_York",
        {"other": 18, "jewish": 8, "indian": 3, "chinese": 3, "greek": 2},
        ("Hudson", "Maple", "Harbor", "Brownstone", "Orchard", "Lighthouse", "Catskill", "Prospect"),
        {"Loft": "hall", "Vineyard": "vineyard", "Hotel": "hotel", "Barn": "barn", "Boathouse": "house"}
        | {"Gardens": "garden"},
    ),
    Place(
        "Australia/Sydney",
        {"british": 9, "greek": 3, "chinese": 3, "other": 3},
        ("Banksia", "Cove", "Jacaranda", "Headland", "Wattle", "Kookaburra", "Opera"),
        {"Beach Club": "beach", "Winery": "winery", "Hotel": "hotel", "Chapel": "church", "Terrace": "restaurant"},
    ),
    Place(
        "Europe/Athens",
        {"greek": 10, "british": 2},
        ("Olive", "Aegean", "Cypress", "Thyme", "Marble", "Dolphin"),
        {"Villa": "villa", "Beach": "beach", "Church": "church", "Taverna": "restaurant", "Estate": "vineyard"},
    ),
    Place(
        "Asia/Hong_Kong",
        {"chinese": 10, "british": 1},
        ("Jade", "Harbour", "Phoenix", "Bauhinia", "Peak", "Dragon"),
        {"Hotel": "hotel", "Banquet Hall": "hall", "Restaurant": "restaurant", "Gardens": "garden"},
    ),
)


@dataclass(frozen=True, slots=True)
class Booking:
    """One celebration as the platform lists it; half-open, [start, end)."""

    reference: str
    venue: str
    venue_kind: str
    zone: str
    start: datetime
    """Aware, on the wall clock of the venue."""
    end: datetime
    culture: str
    guests: int

    def listed(self) -> dict[str, str | int]:
        """Return it as the platform's API has it: local times with their offset."""
        return {
            "reference": self.reference,
            "venue": self.venue,
            "venue_kind": self.venue_kind,
            "zone": self.zone,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "culture": self.culture,
            "guests": self.guests,
        }


@dataclass(frozen=True, slots=True)
class Booked:
    """What all days of a wedding have in common."""

    zone: str
    venue: str
    venue_kind: str
    culture: str
    reference: str

    def on(self, day: date, begins: time, hours: float, guests: int) -> Booking:
        """Return one of its days, by the local date and time at which that begins."""
        zone = ZoneInfo(self.zone)
        start = datetime.combine(day, begins, zone)
        # By instants: an hour that the clock skips or repeats meanwhile is no hour of the wedding.
        end = datetime.fromtimestamp(start.timestamp() + hours * 3600, zone)
        return Booking(self.reference, self.venue, self.venue_kind, self.zone, start, end, self.culture, guests)


@dataclass(frozen=True, slots=True)
class FeastDay:
    """One day of a wedding that a scenario adds."""

    after: int
    """Days after the date, there, on which the world began; negative: before."""
    begins: time
    """Local."""
    hours: float
    guests: int


@dataclass(frozen=True, slots=True)
class Feast:
    """A wedding that a scenario adds to those of every day, with all its days under one reference."""

    venue: str
    venue_kind: str
    zone: str
    culture: str
    days: tuple[FeastDay, ...]

    def bookings(self, began: datetime, number: int) -> Iterator[Booking]:
        """Yield its days.

        Args:
            began: the aware instant at which the world began.
            number: counts the feasts of a scenario, from 0.
        """
        there = began.astimezone(ZoneInfo(self.zone)).date()
        reference = _reference(there, _MOST_A_DAY + number)
        booked = Booked(self.zone, self.venue, self.venue_kind, self.culture, reference)
        for day in self.days:
            yield booked.on(there + timedelta(days=day.after), day.begins, day.hours, day.guests)


def calendar(began: datetime, now: datetime, feasts: Sequence[Feast] = ()) -> list[Booking]:
    """Return what the platform's calendar lists, by start.

    Args:
        began: the aware instant at which the world began; feasts are counted from its date.
        now: an aware instant; days around it are listed.
        feasts: what a scenario adds.
    """
    first, last = (now - BEHIND).date(), (now + AHEAD).date()
    found = [booking for number, feast in enumerate(feasts) for booking in feast.bookings(began, number)]
    for days in range((last - first).days + 1):
        found += weddings_on(first + timedelta(days=days))
    return sorted(found, key=lambda booking: (booking.start, booking.reference))


@lru_cache(maxsize=256)
def weddings_on(day: date) -> tuple[Booking, ...]:
    """Return the weddings of a date, each on its venue's own calendar, with an evening before where they have one."""
    found: list[Booking] = []
    number = 0
    for place in PLACES:
        venues = _venues(place, day)
        for culture in place.cultures:
            dice = _Dice(f"{day} {place.zone} {culture}")
            for _ in range(int(_usual(place, culture, day) + dice.roll())):
                if number < _MOST_A_DAY:
                    venue = next(v for v in venues if v[1] != "church" or culture not in _NOT_IN_CHURCHES)
                    found += _drawn(dice, Booked(place.zone, *venue, culture, _reference(day, number)), day)
                    number += 1
    return tuple(found)


def _venues(place: Place, day: date) -> Iterator[tuple[str, str]]:
    """Yield the venues of a place in the order of a day: no two weddings of a day are at one."""
    first = int(_Dice(f"{day} {place.zone}").between(0, 10_000))
    return (place.venue(number) for number in count(first))


def _usual(place: Place, culture: str, day: date) -> float:
    """Return how many weddings of a culture a date has at a place, usually."""
    _, factor = season(datetime.combine(day, time(12), ZoneInfo(place.zone)), place.zone)
    week = CUSTOMS[culture].week[day.weekday()] / _SATURDAY_SHARE
    return place.cultures[culture] * week * factor / _PEAK_FACTOR


def _drawn(dice: _Dice, booked: Booked, day: date) -> Iterator[Booking]:
    custom = CUSTOMS[booked.culture]
    guests = int(dice.between(*custom.guests)) // 5 * 5
    # On the quarter of an hour.
    begins, lasts = (int(4 * dice.between(*each)) / 4 for each in (custom.begins, custom.lasts))
    if custom.evening_before and dice.roll() < _BEFORE_SHARE:
        yield booked.on(day - timedelta(days=1), time(18, 30), 4, guests // 10 * 5)
    yield booked.on(day, time(int(begins), int(begins % 1 * 60)), lasts, guests)


def _reference(day: date, number: int) -> str:
    return f"W-{day.year}-{(day.timetuple().tm_yday - 1) * _NUMBERS_A_DAY + number + 1:05}"


class _Dice:
    """Falls the same way for the same name, on every machine."""

    def __init__(self, name: str) -> None:
        self._random = random.Random(name)  # noqa: S311 - nothing is guarded by it

    def roll(self) -> float:
        """Return a number of [0, 1)."""
        return self._random.random()

    def between(self, low: float, high: float) -> float:
        """Return a number of [low, high)."""
        return low + self.roll() * (high - low)
