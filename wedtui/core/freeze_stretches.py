"""From spans that freeze to merged stretches, and in each what freezes from when to when.

Which spans there are is in `freeze`. Source: DESIGN, "Freeze".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from wedtui.core.freeze_period import LOCKDOWN, UNTIL_LIFTED
from wedtui.core.freeze_windows import FIRST, Span


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that freezes all of [start, end), by its name: what of one name overlaps or touches is one."""

    name: str
    start: datetime
    end: datetime
    zone: str | None = None
    """The IANA zone whose wall clock ends it, where one does."""

    def holds(self, at: datetime) -> bool:
        """Whether it freezes at an aware instant."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Stretch:
    """A merged run of spans."""

    start: datetime
    end: datetime
    ends: Mapping[str, datetime]
    """The name of everything in it, and when that ends."""
    zone: str | None
    reasons: tuple[Reason, ...] = ()
    """Everything in it, by start."""

    def holding(self, at: datetime) -> tuple[Reason, ...]:
        """Return what in it counts at an instant: a lockdown first, then what holds longest."""
        held = (reason for reason in self.reasons if reason.holds(at))
        by_end = sorted(held, key=lambda reason: (reason.end, reason.start), reverse=True)
        return tuple(sorted(by_end, key=lambda reason: reason.name != LOCKDOWN))

    def coming(self, at: datetime) -> tuple[Reason, ...]:
        """Return what in it has yet to begin at an instant, in the order of time; nothing while a person lifts it."""
        if any(reason.end >= UNTIL_LIFTED for reason in self.holding(at)):
            return ()
        return tuple(reason for reason in self.reasons if reason.start > at)

    def later(self, at: datetime) -> tuple[str, ...]:
        """Return the names of what has yet to begin at an instant and does not hold, in the order of time."""
        holding = {reason.name for reason in self.holding(at)}
        names = dict.fromkeys(reason.name for reason in self.reasons if reason.start > at)
        return tuple(name for name in names if name not in holding)

    @property
    def names(self) -> frozenset[str]:
        """What is in it."""
        return frozenset(self.ends)

    def after(self, at: datetime) -> frozenset[str]:
        """Return what in it is not over at an instant."""
        return frozenset(name for name, end in self.ends.items() if end > at)


def merged(spans: Iterable[Span]) -> list[Stretch]:
    """Return spans as stretches, in order; what overlaps or touches is one."""
    found = sorted((span for span in spans if span.start < span.end), key=lambda span: span.start)
    return [_stretch(run) for run in _runs(found)]


def _runs(spans: Iterable[Span]) -> list[list[Span]]:
    """Return spans, which are in the order of their starts, in runs that overlap or touch."""
    runs: list[list[Span]] = []
    end = FIRST
    for span in spans:
        if not runs or span.start > end:
            runs.append([])
            end = span.end
        end = max(end, span.end)
        runs[-1].append(span)
    return runs


def _stretch(run: list[Span]) -> Stretch:
    """Make one stretch of spans that overlap or touch."""
    named: dict[str, list[Span]] = {}
    for span in run:
        named.setdefault(span.name, []).append(span)
    reasons = [_reason(each) for some in named.values() for each in _runs(some)]
    end = max(span.end for span in run)
    return Stretch(
        run[0].start,
        end,
        {name: max(span.end for span in some) for name, some in named.items()},
        _ending_zone(run, end),
        tuple(sorted(reasons, key=lambda reason: (reason.start, reason.name))),
    )


def _reason(run: list[Span]) -> Reason:
    end = max(span.end for span in run)
    return Reason(run[0].name, run[0].start, end, _ending_zone(run, end))


def _ending_zone(run: list[Span], end: datetime) -> str | None:
    """Return the zone whose clock ends a run; of several the first by name is said."""
    return min((span.zone for span in run if span.zone is not None and span.end == end), default=None)
