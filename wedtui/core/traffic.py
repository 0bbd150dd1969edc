"""Which share of the customers goes where: places, shares, and one reading of the live records.

A share is a whole percent, and all of them sum to 100. A place is a provider, or one region of it where the backend has
records per region. A place without a record is OFF, which is not the same as a share of 0: DNS may still answer with
a place of share 0 when all others are gone.
Source: DESIGN, "Traffic and failover".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.core.shares import WHOLE

MOST_TTL = timedelta(days=1)
"""No record may ask resolvers to keep an answer for longer."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A provider, or one region of it."""

    provider: str
    region: str = ""
    """Empty: the whole provider."""

    def __str__(self) -> str:
        return f"{self.provider}/{self.region}" if self.region else self.provider

    def covers(self, other: Place) -> bool:
        """Whether `other` is this place or a part of it."""
        return self.provider == other.provider and self.region in {"", other.region}


@dataclass(frozen=True, slots=True)
class TrafficReading:
    """The live records of one name, as one asking gave them."""

    backend: str
    """`route53` or `powerdns`."""
    name: str
    """The record's name, absolute: `www.example.com.`."""
    shares: Mapping[Place, int]
    """Whole percents as read; a place that has no record is OFF and is not in it."""
    ttl: timedelta
    """For how long a resolver may keep an answer."""
    read_at: datetime
    generation: int
    """Which change of ours made them; 0: none was ever written."""
    records: str
    """Canonical JSON of exactly the records read: what a change names, and what `by_hand` writes commands from."""
    submission: str | None = None
    """The change that made them, where it is not known to be in sync: its id, or its generation where that was lost."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A change of ours that was accepted, and of which nobody saw that every authoritative server has it."""

    generation: int
    id: str
    """What its backend calls it; empty: its answer was lost."""


def parse_place(text: str) -> Place:
    """Return the place that is written `aws` or `aws/eu-west-1`."""
    provider, _, region = text.partition("/")
    return Place(provider, region)


def by_provider(shares: Mapping[Place, int]) -> dict[str, int]:
    """Return the percent of each provider, all its regions together, in the order of their names."""
    found: dict[str, int] = {}
    for place in sorted(shares):
        found[place.provider] = found.get(place.provider, 0) + shares[place]
    return found


def lost_places(shares: Mapping[Place, int], lost: Iterable[Place]) -> frozenset[Place]:
    """Return the places with a record that are, or belong to, what is lost."""
    return frozenset(place for place in shares for gone in lost if gone.covers(place))


def unfit(shares: Mapping[Place, int]) -> str | None:
    """Return why shares are none that may be live, in a few words; None where they are fit.

    They are whole percents from 0 to 100 that sum to 100, so that at least one place is always routed.
    """
    wrong = [str(place) for place in sorted(shares) if not 0 <= shares[place] <= WHOLE]
    if wrong:
        return f"not within 0..{WHOLE}: {', '.join(wrong)}"
    total = sum(shares.values())
    return None if total == WHOLE else f"the shares sum to {total} and not to {WHOLE}"
