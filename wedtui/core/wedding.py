"""A wedding, and how much it weighs. Source: DESIGN, "Season, weddings, load, protection".

Load is counted in standard weddings: 1.0 is a British wedding of 150 guests. Sums of it are compared with thresholds,
so it is kept in whole units in which every weight of the table is exact: a sum does not depend on the order of its
parts, and 25 is 25.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

UNITS = 210_000
"""Units of load in one standard wedding: the lowest common denominator of every weight per guest in the table."""
HIGH_FROM = 8 * UNITS
MAXIMUM_FROM = 25 * UNITS
BOUNDS = (HIGH_FROM, MAXIMUM_FROM)
"""The loads from which more is done: no view may round a load up to one of them."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What a typical wedding of a culture weighs, and how many guests it has."""

    multiplier: Fraction
    """Standard weddings."""
    guests: int


CULTURES: dict[str, Weight] = {
    "indian": Weight(Fraction(2), 600),
    "nigerian": Weight(Fraction("1.8"), 400),
    "chinese": Weight(Fraction("1.5"), 350),
    "greek": Weight(Fraction("1.4"), 300),
    "jewish": Weight(Fraction("1.3"), 250),
    "british": Weight(Fraction(1), 150),
}
OTHER = "other"
"""Every culture that the table does not name."""
OTHER_WEIGHT = Weight(Fraction(1), 150)
OTHER_AT_MOST = Fraction(2)
"""Standard weddings that a wedding of another culture counts at most."""


class Assumed(StrEnum):
    """What counts of a wedding though its source does not say so; the source's own word is not kept.

    In a file whose columns have shifted it may be the name of a person.
    """

    CULTURE_NOT_SAID = "culture not said"
    CULTURE_UNKNOWN = "culture unknown"
    """It names one that the table does not know."""
    GUESTS_NOT_SAID = "guests not said"
    GUESTS_TOO_MANY = "guests too many"
    """It says more than are counted at most."""
    START_SKIPPED = "start skipped"
    """It says a time that the venue's clock jumps over; the first instant after the gap counts."""
    END_SKIPPED = "end skipped"

    @property
    def of(self) -> str:
        """The field of which that is."""
        return self.value.partition(" ")[0]

    @property
    def why(self) -> str:
        """What of it the source does, as a program reads it: `not said`, `unknown`, `too many`."""
        return self.value.partition(" ")[2]

    @property
    def words(self) -> str:
        """Why that is assumed, as people read it."""
        match self:
            case Assumed.CULTURE_UNKNOWN:
                return "assumed: the source names one that the table of weights does not"
            case Assumed.GUESTS_TOO_MANY:
                return "assumed: the source says more"
            case Assumed.START_SKIPPED | Assumed.END_SKIPPED:
                return "moved: the source says a time that the clock there jumps over"
        return "assumed: the source does not say"


@dataclass(frozen=True, slots=True)
class Wedding:
    """One celebration at one venue: half-open, [start, end). Nobody's name is in it."""

    reference: str
    """The platform's own name for it. What several sources name by one reference is one wedding."""
    venue: str
    venue_kind: str
    """`hotel`, `beach`, `church`; empty: not said."""
    zone: str
    """IANA name of the venue's zone."""
    start: datetime
    """UTC."""
    end: datetime
    """UTC; after `start`."""
    culture: str
    """One of `CULTURES`, or `other`."""
    guests: int
    assumed: tuple[Assumed, ...] = ()
    """What of it no source says so."""

    @property
    def load(self) -> int:
        """In units; see `load_of`."""
        return load_of(self.culture, self.guests)

    def doubt(self, field: str) -> Assumed | None:
        """Return how a field, such as `guests`, came to be assumed; None where a source says it."""
        return next((each for each in self.assumed if each.of == field), None)

    @property
    def weight_doubt(self) -> Assumed | None:
        """What of its weight is assumed, the first of it; None where a source says all of it."""
        return self.doubt("culture") or self.doubt("guests")

    def moved_words(self, field: str) -> str:
        """Return why its `start` or `end` is not what the source says, to stand behind it; empty where it is."""
        doubt = self.doubt(field)
        return f"; {doubt.words}" if doubt else ""

    @property
    def culture_words(self) -> str:
        """Its culture, and whether that is only assumed."""
        doubt = self.doubt("culture")
        if doubt is not None:
            return f"{self.culture} ({doubt.words})"
        return f"{OTHER}: one that the table of weights does not name" if self.culture == OTHER else self.culture

    @property
    def guests_words(self) -> str:
        """How many guests, and whether that is only assumed: `150 (assumed: the source does not say)`."""
        doubt = self.doubt("guests")
        return f"{self.guests:,}" + (f" ({doubt.words})" if doubt else "")


def marked_as_assumed(value: str, doubt: Assumed | None) -> str:
    """Return what stands in a column: `?other` where it is assumed; in front, where nothing cuts the sign off."""
    return f"?{value}" if doubt else value


ASSUMED_NOTE = "? assumed: the source does not say it, or not so that it can be counted"
"""What the sign of `marked_as_assumed` means."""


@lru_cache(maxsize=65536)
def load_of(culture: str, guests: int) -> int:
    """Return how many units a wedding weighs: `multiplier(culture) x guests / typical_guests(culture)`."""
    weight = CULTURES.get(culture)
    if weight is not None:
        return int(UNITS * weight.multiplier * guests / weight.guests)
    return int(UNITS * min(OTHER_WEIGHT.multiplier * guests / OTHER_WEIGHT.guests, OTHER_AT_MOST))


def others_words() -> str:
    """Return what a wedding of a culture weighs that the table does not name: `1.0/150, at most 2.0`."""
    return f"{_each(OTHER_WEIGHT)}, at most {float(OTHER_AT_MOST):.1f}"


def cultures_words() -> str:
    """Return every culture of the table with the weight of a typical wedding and its guests: `indian 2.0/600, ...`."""
    return ", ".join(f"{culture} {_each(weight)}" for culture, weight in CULTURES.items())


def _each(weight: Weight) -> str:
    return f"{float(weight.multiplier):.1f}/{weight.guests}"


def rounded(load: int, step: int, bounds: Iterable[int] = BOUNDS) -> int:
    """Return a load in whole steps, the nearest, but never one that has reached a bound that the load has not.

    Args:
        load: in units.
        step: in units; every bound that one looks at is a multiple of it.
        bounds: in units; by default the loads from which more is done.
    """
    near = (2 * load + step) // (2 * step)
    return load // step if any(load < bound <= near * step for bound in bounds) else near


def standard(load: int, *bounds: int) -> str:
    """Return a load in standard weddings as people read it, everywhere: `76.9`, `25`; what is tiny is no zero: `<0.1`.

    Args:
        load: in units.
        bounds: further loads that it must not seem to have reached, beside those from which more is done.
    """
    tenths = rounded(load, UNITS // 10, (*BOUNDS, *bounds))
    if load > 0 and not tenths:
        return "<0.1"
    return f"{tenths // 10}.{tenths % 10}".removesuffix(".0")


def in_column(load: int) -> str:
    """Return a load with its decimal, so that loads under each other can be compared: `2.0` under `1.4`."""
    words = standard(load)
    return words if "." in words else f"{words}.0"


def weighed(load: int) -> str:
    """Return a load with its unit: `26.6 standard weddings`, `1 standard wedding`."""
    words = standard(load)
    return f"{words} standard wedding{'' if words == '1' else 's'}"


def standard_number(load: int) -> float:
    """Return a load in standard weddings as programs read it, with four decimals: what is 25 has reached 25."""
    return rounded(load, UNITS // 10_000) / 10_000
