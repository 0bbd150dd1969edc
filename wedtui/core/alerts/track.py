"""What was measured of one signal of one thing, ready for the question of what a window of it comes to.

A window is answered by two look-ups in running sums, however many samples it holds.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

from wedtui.core.evidence import FUTURE_TOLERANCE, fresh_for

Labels = tuple[tuple[str, str], ...]
"""What a series is of: names and values, by name."""

HOURS_OF_WEEK = 168
USUAL_FROM_WEEKS = 3
"""An hour of the week is usual once it was seen in so many weeks."""


def labels_of(named: Mapping[str, str]) -> Labels:
    """Return labels as series are known by."""
    return tuple(sorted(named.items()))


def labels_words(labels: Labels) -> str:
    """Return labels as a sentence says them: `provider=aws, region=eu-west-1`; `everything` where there is none."""
    return ", ".join(f"{name}={value}" for name, value in labels) or "everything"


def hour_of_week(at: datetime) -> int:
    """Return which hour of the week it is by UTC, from 0 (Monday 00:00): no clock change repeats or skips one."""
    there = at.astimezone(UTC)
    return there.weekday() * 24 + there.hour


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual in each hour of the week."""

    hours: tuple[float | None, ...]
    """By `hour_of_week`; None where too little is known."""

    def at(self, instant: datetime) -> float | None:
        """Return what is usual at an aware instant; None where that is not known."""
        return self.hours[hour_of_week(instant)]


def usual_of(past: Iterable[tuple[datetime, float]]) -> Usual:
    """Return what was usual: of each hour of the week the median of its weeks, where there are three of them.

    Args:
        past: instants and values, in any order; what is to be judged must not be among them.
    """
    weeks: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for at, value in past:
        if math.isfinite(value):
            weeks[hour_of_week(at)][at.astimezone(UTC).toordinal() // 7].append(value)
    found: list[float | None] = [None] * HOURS_OF_WEEK
    for hour, seen in weeks.items():
        if len(seen) >= USUAL_FROM_WEEKS:
            found[hour] = median(median(values) for values in seen.values())
    return Usual(tuple(found))


class Window(NamedTuple):
    """What a window holds."""

    covered: float
    """For how many seconds of it anything is known."""
    area: float
    """The sum of values times the seconds for which they stand."""
    rise: float
    """By how much a counter rose, over what is covered."""


class Track:
    """The samples of one signal of one thing, in the order in which they were measured.

    Evaluation only reads it. Whoever feeds it appends; a stretch between two samples that are further apart than such
    evidence stays fresh is a hole, of which nothing is known.
    """

    __slots__ = ("_area", "_at", "_covered", "_rise", "_values", "fresh", "interval", "usual")

    def __init__(
        self, interval: timedelta, samples: Iterable[tuple[datetime, float]] = (), usual: Usual | None = None
    ) -> None:
        """Begin one.

        Args:
            interval: how often it is measured.
            samples: what is known, oldest first.
            usual: what is usual of it, where that is known.
        """
        self.interval = interval
        self.fresh = fresh_for(interval)
        self.usual = usual
        self._at: list[datetime] = []
        self._values: list[float] = []
        self._covered: list[float] = []
        self._area: list[float] = []
        self._rise: list[float] = []
        for at, value in samples:
            self.append(at, value)

    def append(self, at: datetime, value: float) -> None:
        """Add what was measured after all that is there.

        A stamp that is not later says that the clock was set back: what is stamped from then on was measured before,
        and would be taken for news when that time comes again. It goes.
        """
        while self._at and self._at[-1] >= at:
            for column in (self._at, self._values, self._covered, self._area, self._rise):
                column.pop()
        covered = area = rise = step = 0.0
        if self._at:
            covered, area, rise = self._covered[-1], self._area[-1], self._rise[-1]
            before = self._values[-1]
            # What is no number is a hole: nothing is known of the stretches on either side of it.
            if at - self._at[-1] <= self.fresh and math.isfinite(value) and math.isfinite(before):
                step = (at - self._at[-1]).total_seconds()
                # A counter that fell began anew.
                rise += value - before if value >= before else value
                area += step * value
        self._at.append(at)
        self._values.append(value)
        self._covered.append(covered + step)
        self._area.append(area)
        self._rise.append(rise)

    def shift(self, by: timedelta) -> None:
        """Take all that was measured for so much later: the clock by which it was stamped leapt forward."""
        self._at = [at + by for at in self._at]

    def forget(self, before: datetime) -> None:
        """Forget what was measured before an instant; windows that reach further back are then short of it."""
        gone = bisect_left(self._at, before)
        sums = (self._covered, self._area, self._rise)
        for column in (self._at, self._values, *sums):
            del column[:gone]
        for each in sums if self._at else ():
            # What is known of a stretch stays known, in whatever rhythm it is measured by now.
            first = each[0]
            each[:] = [sum_ - first for sum_ in each]

    def place(self, at: datetime) -> int:
        """Return the place of the newest sample that is not after an instant; -1 where there is none."""
        if self._at and self._at[-1] <= at:
            return len(self._at) - 1
        return bisect_right(self._at, at) - 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing is remembered: nothing was measured, or all of it is forgotten."""
        return not self._at

    def instant(self, place: int) -> datetime:
        """Return when the sample at a place was measured."""
        return self._at[place]

    def value(self, place: int) -> float:
        """Return what was measured at a place."""
        return self._values[place]

    def instants(self, after: datetime, until: datetime) -> list[datetime]:
        """Return when anything was measured in (after, until]."""
        return self._at[bisect_right(self._at, after) : bisect_right(self._at, until)]

    def is_fresh(self, place: int, now: datetime) -> bool:
        """Whether the sample at a place is evidence of now."""
        return place >= 0 and -FUTURE_TOLERANCE <= now - self._at[place] <= self.fresh

    def window(self, place: int, span: timedelta) -> Window:
        """Return what the stretches hold that end in the span up to the sample at a place."""
        first = max(bisect_right(self._at, self._at[place] - span) - 1, 0)
        return Window(
            self._covered[place] - self._covered[first],
            self._area[place] - self._area[first],
            self._rise[place] - self._rise[first],
        )
