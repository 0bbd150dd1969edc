"""Season and protection level, judged from the date alone.

This is the rule for a wedding calendar that is missing or stale (DESIGN, "Season, weddings, load, protection");
`protection` is the evaluator that says when it applies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files

from wedtui.core.zones import local

SATURDAY = 5
SATURDAY_FACTOR = 8.0
HIGH_FROM = 8.0
MAXIMUM_FROM = 20.0

# Month -> (season, factor) for the northern hemisphere.
_SEASONS: dict[int, tuple[str, float]] = {
    **dict.fromkeys((11, 12, 1, 2), ("off_peak", 1.0)),
    **dict.fromkeys((3, 4), ("ramp_up", 1.5)),
    **dict.fromkeys((5, 6, 7, 8, 9), ("peak", 2.5)),
    10: ("wind_down", 2.5),
}


class Protection(StrEnum):
    """How carefully the platform has to be handled."""

    NORMAL = "NORMAL"
    HIGH = "HIGH"
    MAXIMUM = "MAXIMUM"

    @property
    def rank(self) -> int:
        """How high it is: 0, 1 or 2."""
        return _RANKS[self]

    @property
    def wedding_day(self) -> bool:
        """Whether this level switches wedding-day mode on (HIGH or MAXIMUM)."""
        return self is not Protection.NORMAL


_RANKS = {level: rank for rank, level in enumerate(Protection)}


@dataclass(frozen=True, slots=True)
class DateVerdict:
    """What the date alone says, and the zone that says it."""

    level: Protection
    words: str
    """`Saturday in Europe/London, season peak`."""


@cache
def _latitude_signs() -> dict[str, str]:
    """Return zone name -> '+' or '-' from the zone table of the tzdata package (zone.tab, column 2)."""
    folder = files("tzdata").joinpath("zoneinfo")
    signs: dict[str, str] = {}
    for line in folder.joinpath("zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            _country, coordinates, name = line.split("\t")[:3]
            signs[name] = coordinates[0]
    for line in folder.joinpath("tzdata.zi").read_text(encoding="utf-8").splitlines():
        if line.startswith("L "):
            _link, target, name = line.split()
            signs.setdefault(name, signs.get(target, "+"))
    return signs


def is_southern(zone: str) -> bool:
    """Whether an IANA zone lies in the southern hemisphere, where seasons shift by six months."""
    return _latitude_signs().get(zone, "+") == "-"


def season(at: datetime, zone: str) -> tuple[str, float]:
    """Return the season's name and factor at an aware instant, by the local month of `zone`."""
    month = local(at, zone).month
    if is_southern(zone):
        month = (month + 5) % 12 + 1
    return _SEASONS[month]


def protection_by_date(at: datetime, zones: Iterable[str]) -> DateVerdict:
    """Judge the protection level from the date alone, as DESIGN says for a calendar that is missing.

    Args:
        at: an aware instant.
        zones: IANA names of the zones that the platform serves; without any, UTC stands in.

    Returns:
        The level of the zone in which the day weighs most; of equal ones the first.
    """
    heaviest, words = -1.0, ""
    for zone in tuple(zones) or ("UTC",):
        name, factor = season(at, zone)
        saturday = local(at, zone).weekday() == SATURDAY
        load = factor * (SATURDAY_FACTOR if saturday else 1.0)
        if load > heaviest:
            day = "Saturday" if saturday else "not Saturday"
            heaviest, words = load, f"{day} in {zone}, season {name}"
    level = (
        Protection.MAXIMUM
        if heaviest >= MAXIMUM_FROM
        else Protection.HIGH
        if heaviest >= HIGH_FROM
        else Protection.NORMAL
    )
    return DateVerdict(level, words)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the outside is asked."""

    probe: timedelta
    query: timedelta


NORMAL_PACE = Pace(probe=timedelta(seconds=10), query=timedelta(seconds=60))
WEDDING_DAY_PACE = Pace(probe=timedelta(seconds=3), query=timedelta(seconds=30))


def pace(level: Protection) -> Pace:
    """Return the default intervals of a protection level: 60 s and 10 s, in wedding-day mode 30 s and 3 s."""
    return WEDDING_DAY_PACE if level.wedding_day else NORMAL_PACE
