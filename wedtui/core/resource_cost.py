"""What one resource costs a month: an estimate from what it was billed by the day, of how many days, and how old."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from wedtui.core.evidence import Freshness, freshness
from wedtui.core.wording import age, counted

DAYS_A_MONTH = 730 / 24
"""A month as Amazon's own price lists count it: 730 hours."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What a resource costs a month, by some whole days of it."""

    monthly_usd: float
    days: int
    """How many whole days it follows from, one after another."""
    until: date
    """The last of them, in UTC."""


@dataclass(frozen=True, slots=True)
class ResourceCost:
    """An estimate, and of which resource."""

    kind: str
    region: str
    """Empty where bills do not say it, as its id is enough."""
    id: str
    estimate: CostEstimate


@dataclass(frozen=True, slots=True)
class KnownCost:
    """An estimate as it was read last."""

    estimate: CostEstimate
    read_at: datetime
    interval: timedelta
    """How often it is asked for."""

    def freshness(self, now: datetime) -> Freshness:
        """Say whether it may still be believed."""
        return freshness(self.read_at, self.interval, now)


def estimate(billed: Mapping[date, float], first: date, last: date) -> CostEstimate | None:
    """Return what a resource costs a month by what it was billed; None where that is not known of one whole day.

    The formula: `max(sum of the counted days / their number * 730 / 24, sum of all days)`.

    Counted is every day from the first whole one to `last`. Where it was billed on `first` already, that is the first;
    else the day after it was billed first: on that one it may have begun at any hour. What came before is not counted,
    for nobody knows whether it was there: what is new does not look cheaper for having been there for a few days. A
    day after its beginning without a bill counts as 0, as it stood still or was gone: what runs on some days does not
    look dearer for the others being left out. And never is it less than what was spent within these days: a month of
    them cost that already.

    Args:
        billed: US dollars by day; days without a bill are not in it.
        first: the first day that was asked for.
        last: the last complete one.
    """
    inside = {day: amount for day, amount in billed.items() if first <= day <= last}
    if not inside:
        return None
    # Some bills name each resource for every day, with nothing on those before it was there.
    began = min((day for day, amount in inside.items() if amount), default=min(inside))
    start = began if began == first else began + _DAY
    days = (last - start).days + 1
    if days < 1:
        return None
    counting = math.fsum(amount for day, amount in inside.items() if day >= start)
    return CostEstimate(max(counting / days * DAYS_A_MONTH, math.fsum(inside.values())), days, last)


def believed_cost(said: float | None, known: KnownCost | None, now: datetime) -> float | None:
    """Return what a resource costs a month in US dollars, as far as that can be believed; None: it is not known.

    Args:
        said: what the provider says of it by itself.
        known: what follows from its bills.
        now: an aware instant.
    """
    if known is None:
        return said
    return known.estimate.monthly_usd if known.freshness(now) is Freshness.FRESH else None


def cost_words(said: float | None, known: KnownCost | None, now: datetime) -> tuple[str, str | None]:
    """Return what a resource costs a month in a few words, and what that is estimated from, if it is.

    Where nothing is known it is unknown, which is not nothing. The arguments are those of `believed_cost`.
    """
    if known is None:
        return ("unknown" if said is None else _a_month(said)), None
    found = known.estimate
    words = f"about {_a_month(found.monthly_usd)}"
    fresh = known.freshness(now)
    if fresh is not Freshness.FRESH:
        words = f"unknown, {fresh}; last known {words}"
    days = counted(found.days, "whole day")
    return words, f"from {days} up to {found.until:%Y-%m-%d}, read {age(known.read_at, now)} ago"


def _a_month(usd: float) -> str:
    return f"US$ {usd:,.2f} a month"
