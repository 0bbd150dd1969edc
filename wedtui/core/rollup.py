"""Roll-ups: which bucket an instant belongs to, how parts of one merge, and which buckets answer a question best.

Instants are whole microseconds since 1970 in UTC, as stores keep them. A bucket is half-open, [start, start + step),
and begins at a whole multiple of its step since 1970: a day is a UTC day. What has no sample has no bucket: a gap is
the absence of a point, never 0.

No quantiles are computed here but those of plain values; sketches are the cache's.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

MICROSECONDS = 1_000_000

MINUTE, FIVE_MINUTES, QUARTER, HOUR, DAY = 60, 300, 900, 3600, 86400
STEPS = (MINUTE, FIVE_MINUTES, QUARTER, HOUR, DAY)
"""Seconds, finest first; each divides the next."""
StepName = Literal["1m", "5m", "15m", "1h", "1d"]
STEP_NAMES: Mapping[int, StepName] = {MINUTE: "1m", FIVE_MINUTES: "5m", QUARTER: "15m", HOUR: "1h", DAY: "1d"}

SAMPLES = 0
"""The "step" of raw samples, which are the finest level of all."""

SKETCH_FROM = FIVE_MINUTES
"""The finest step that keeps a sketch of its values.

A minute holds six values at an interval of 10 s and twenty in wedding-day mode. Their sketch (28 bytes and 4 for each
value) is larger than the values themselves, and those are kept as samples: within a minute a quantile is exact, from
samples, or not known any more.
"""

FINER: Mapping[int, int] = {
    MINUTE: SAMPLES,
    # Not from minutes, which hold no sketch.
    FIVE_MINUTES: SAMPLES,
    QUARTER: FIVE_MINUTES,
    HOUR: QUARTER,
    DAY: HOUR,
}
"""Step -> the level it is rolled from."""

COARSER: Mapping[int, int] = {finer: step for step, finer in FINER.items() if finer != SAMPLES}
"""Step -> the step that is rolled from it."""

FROM_SAMPLES = tuple(step for step, finer in FINER.items() if finer == SAMPLES)

KEPT: Mapping[StepName, timedelta] = {
    "1m": timedelta(days=14),
    "5m": timedelta(days=30),
    "15m": timedelta(days=90),
    "1h": timedelta(days=400),
    "1d": timedelta(days=5 * 365 + 1),
}
"""How long the buckets of each step are kept where the configuration does not say."""

SETTLES = timedelta(seconds=15)
"""How long a bucket is over before it is rolled: what is under way then arrives in time."""

_LARGEST = sys.float_info.max


class Aggregate(StrEnum):
    """What can be asked of the samples of a bucket."""

    AVG = "avg"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    P95 = "p95"
    P99 = "p99"


RANKS: Mapping[Aggregate, float] = {Aggregate.P95: 0.95, Aggregate.P99: 0.99}
"""Aggregate -> the rank of its quantile."""


def width_of(step: int) -> int:
    """Return the width of a bucket in microseconds; samples have any."""
    return step * MICROSECONDS or 1


def floor_to(at: int, width: int) -> int:
    """Return where the bucket begins that an instant belongs to."""
    return at - at % width


def ceil_to(at: int, width: int) -> int:
    """Return where the first bucket begins that does not begin before an instant."""
    return -(-at // width) * width


@dataclass(frozen=True, slots=True)
class Partial:
    """What is known of at least one sample without keeping it.

    `merge` is associative and commutative; for `total` as far as sums of floating-point numbers are.
    """

    count: int
    total: float
    low: float
    low_at: int
    """When the lowest value was measured; where it was twice, first."""
    high: float
    high_at: int

    def merge(self, other: Partial) -> Partial:
        """Return what is known of the samples of both, which must have none in common."""
        low, low_at = min((self.low, self.low_at), (other.low, other.low_at))
        negated, high_at = min((-self.high, self.high_at), (-other.high, other.high_at))
        return Partial(self.count + other.count, _finite(self.total + other.total), low, low_at, -negated, high_at)


def partial_of(samples: Sequence[tuple[int, float]]) -> Partial:
    """Return what is known of samples.

    Args:
        samples: at least one: its instant and its finite value.
    """
    low, low_at = min((value, at) for at, value in samples)
    negated, high_at = min((-value, at) for at, value in samples)
    return Partial(len(samples), _total([value for _at, value in samples]), low, low_at, -negated, high_at)


def partial_in(bucket: int, values: Sequence[float]) -> Partial:
    """Return what is known of values where nobody asks when the extremes were: they are said to be at the beginning.

    Args:
        bucket: where it begins.
        values: at least one, all finite.
    """
    return Partial(len(values), _total(values), min(values), bucket, max(values), bucket)


def _total(values: Sequence[float]) -> float:
    try:
        return _finite(math.fsum(values))
    except OverflowError:
        return math.copysign(_LARGEST, values[0])


def _finite(total: float) -> float:
    # No store takes what an infinite sum becomes when its opposite is added.
    return max(-_LARGEST, min(_LARGEST, total))


def plain_value(aggregate: Aggregate, partial: Partial) -> float:
    """Return what was asked of a bucket, for all but quantiles.

    Raises:
        KeyError: a quantile, which these figures do not hold.
    """
    return {
        Aggregate.AVG: partial.total / partial.count,
        Aggregate.SUM: partial.total,
        Aggregate.MIN: partial.low,
        Aggregate.MAX: partial.high,
        Aggregate.COUNT: float(partial.count),
    }[aggregate]


def nearest_rank(values: Iterable[float], rank: float) -> float:
    """Return the smallest value that at least the share `rank` (0..1) of all values does not exceed.

    Raises:
        IndexError: there are no values.
    """
    ordered = sorted(values)
    return ordered[max(math.ceil(rank * len(ordered)), 1) - 1]


def contiguous(starts: Iterable[int], width: int) -> list[tuple[int, int]]:
    """Return the stretches [first, last) that buckets cover without a hole.

    Args:
        starts: where they begin, in rising order.
        width: of each.
    """
    found: list[tuple[int, int]] = []
    for start in starts:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], start + width)
        else:
            found.append((start, start + width))
    return found


@dataclass(frozen=True, slots=True)
class Level:
    """One resolution, and the time for which it is whole."""

    step: int
    """Seconds; `SAMPLES` for samples."""
    since: int
    until: int
    """Exclusive."""


class Segment(NamedTuple):
    """A stretch [start, end) of time and the level that answers for it; None: none does."""

    step: int | None
    start: int
    end: int


def cover(start: int, end: int, levels: Sequence[Level]) -> tuple[Segment, ...]:
    """Cut the stretch [start, end) into segments, in their order.

    Each level, in the order of `levels`, takes the whole buckets that it has; what is left at both edges is for
    those that follow. What none has is a segment without a level.
    """
    if start >= end:
        return ()
    if not levels:
        return (Segment(None, start, end),)
    level, *others = levels
    width = width_of(level.step)
    first, last = ceil_to(max(start, level.since), width), floor_to(min(end, level.until), width)
    if first >= last:
        return cover(start, end, others)
    return (*cover(start, first, others), Segment(level.step, first, last), *cover(last, end, others))


def answering(levels: Iterable[Level], interval: int, aggregate: Aggregate) -> tuple[Level, ...]:
    """Return the levels that can answer for buckets of an interval (microseconds), best first.

    The coarsest whose buckets fit into it is the best: it is read fastest, and says the same. Quantiles come from
    levels that keep sketches, or from samples.
    """
    fit = (level for level in levels if interval % width_of(level.step) == 0)
    able = (level for level in fit if aggregate not in RANKS or not SAMPLES < level.step < SKETCH_FROM)
    return tuple(sorted(able, key=lambda level: -level.step))


def charting(levels: Iterable[Level], width: int) -> tuple[Level, ...]:
    """Return the levels for a chart that keeps the extremes of buckets of about `width` microseconds, best first.

    At least four buckets for each of the chart's; coarser ones only where nothing finer is kept any more.
    """
    known = sorted(levels, key=lambda level: -level.step)
    fine = [level for level in known if level.step == SAMPLES or 4 * width_of(level.step) <= width]
    return (*fine, *(level for level in reversed(known) if level not in fine))


def extremes(points: Iterable[tuple[int, float]], width: int) -> list[tuple[int, float]]:
    """Return of each bucket of a width the lowest and the highest point (instant, value), in order of time."""
    lowest: dict[int, tuple[float, int]] = {}
    highest: dict[int, tuple[float, int]] = {}
    for at, value in points:
        start = at - at % width
        if start not in lowest or (value, at) < lowest[start]:
            lowest[start] = (value, at)
        if start not in highest or (-value, at) < highest[start]:
            highest[start] = (-value, at)
    found = {(at, value) for value, at in lowest.values()}
    return sorted(found | {(at, -value) for value, at in highest.values()})
