"""A wedding, and how much it weighs. Source: DESIGN, "Season, weddings, load, protection".

Load is counted in standard weddings: 1.0 is a British wedding of 150 guests. Sums of it are compared with thresholds,
so it is kept in whole units in which every weight of the table is exact: a sum does not depend on the order of its
parts, and 25 is 25.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache

UNITS = 210_000
"""Units of load in one standard wedding: the lowest common denominator of every weight per guest in the table."""


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

    @property
    def load(self) -> int:
        """In units; see `load_of`."""
        return load_of(self.culture, self.guests)


@lru_cache(maxsize=65536)
def load_of(culture: str, guests: int) -> int:
    """Return how many units a wedding weighs: `multiplier(culture) x guests / typical_guests(culture)`."""
    weight = CULTURES.get(culture)
    if weight is not None:
        return int(UNITS * weight.multiplier * guests / weight.guests)
    return int(UNITS * min(OTHER_WEIGHT.multiplier * guests / OTHER_WEIGHT.guests, OTHER_AT_MOST))


def standard(load: int) -> str:
    """Return a load in standard weddings as people read it: `76.9`, `25`.

    One decimal and never rounded up: what is shown as 25 has reached 25.
    """
    return f"{load * 10 // UNITS / 10:g}"
