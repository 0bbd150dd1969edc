"""A question about the history of a signal, and its answer: points, what each rests on, and who said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.core.rollup import MICROSECONDS, STEPS, Aggregate

MOST_POINTS = 11_000
"""More than anybody looks at, and what Prometheus gives at most for one query."""
POINTS_BY_DEFAULT = 100


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: one figure for each bucket of an interval between two instants."""

    provider: str
    signal: str
    start: int
    """Microseconds since 1970."""
    end: int
    """Exclusive."""
    interval: int
    """Microseconds; buckets begin at whole multiples of it since 1970."""
    aggregate: Aggregate


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One bucket that has samples; a bucket without any has no point."""

    at: int
    """When it begins; at the edges of the question only what lies within the question is in it."""
    value: float | None
    """None: a quantile whose sketch is damaged."""
    count: int
    """How many samples lie behind it."""
    rank_error: float = 0.0
    """Of a quantile: how far its rank may be off, as a share of all samples, at 95 % confidence; 0: exact."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the answer and where it came from."""

    source: str
    start: int
    end: int
    count: int
    """How many samples it has."""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """That a series of a probe is old while the same probe is seen from elsewhere."""

    newest: datetime
    """Its newest sample."""
    by: str
    """The series of the same probe that has the newest sample of all."""
    by_newest: datetime


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """A series that there is."""

    provider: str
    signal: str
    first: datetime
    newest: datetime
    count: int
    """How many samples are kept, or lie behind what is kept of them."""


def default_interval(start: int, end: int) -> int:
    """Return the finest step (microseconds) that cuts a stretch into about a hundred buckets at most."""
    for step in STEPS:
        if (end - start) // (step * MICROSECONDS) <= POINTS_BY_DEFAULT:
            return step * MICROSECONDS
    return STEPS[-1] * MICROSECONDS


def evaluations(span: timedelta, interval: timedelta, least: timedelta) -> timedelta:
    """Return how far apart a query should be evaluated so that buckets of an interval are filled.

    Args:
        span: the whole stretch.
        interval: of the buckets; at most `MOST_POINTS` of them fit into the stretch.
        least: nothing more is known by asking more often.

    Returns:
        The interval divided by a whole number: as near to `least` as `MOST_POINTS` for the whole stretch allow.
    """
    finest = max(least, span / MOST_POINTS, timedelta(seconds=1))
    seconds = max(round(interval.total_seconds()), 1)
    for parts in range(max(interval // finest, 1), 0, -1):
        if seconds % parts == 0:
            return interval / parts
    return interval
