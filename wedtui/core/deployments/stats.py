"""How releasing went, per service and month: how often, how fast, how much of it hurt, and for how long.

Source: the four key metrics of DORA (deployment frequency, change lead time, change fail rate, failed deployment
recovery time; https://dora.dev/guides/dora-metrics-four-keys/), on what the queue knows:

- releases: those that were started in the month. All else of a release counts in that month too.
- lead time: from its submission until its version was in place, of those that succeeded. DORA begins at the commit,
  which the queue is not told of.
- failure rate: those that failed or were rolled back, of all that are finished.
- time to restore: from when a release failed, or was begun to be rolled back, until the version before it was in
  place again, or until the next release of that service was that did well: whichever came first.

Where there is nothing to count there is no number: no release is not "0 % failures".
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from wedtui.core.deployments.release import ReleaseState

Where = tuple[str, str]
"""An environment and a service."""
_SHARE_OF_SLOWEST = 0.9
_FAILURES = (ReleaseState.FAILED, ReleaseState.ROLLING_BACK, ReleaseState.ROLLED_BACK, ReleaseState.BLOCKED)


class Ran(NamedTuple):
    """What counts of a release that was started."""

    number: int
    where: Where
    state: ReleaseState
    submitted_at: datetime
    started_at: datetime
    placed_at: datetime | None = None
    """When its version was in place everywhere."""
    failed_at: datetime | None = None
    """When it failed, or, of one that had succeeded, was begun to be rolled back."""
    restored_at: datetime | None = None
    """When the version before it was in place again."""

    @property
    def failed(self) -> bool:
        """Whether it hurt: what is being rolled back, or waits for a person after it was begun, did."""
        return self.state in _FAILURES

    @property
    def finished(self) -> bool:
        """Whether it is known how it went."""
        return self.failed or self.state is ReleaseState.SUCCEEDED


class Overridden(NamedTuple):
    """A freeze that a person overrode for a release, over [start, end)."""

    release: int
    start: datetime
    end: datetime


class Frozen(NamedTuple):
    """What is known of the freezes of a service."""

    spans: tuple[tuple[datetime, datetime], ...]
    """What was frozen, in any order; may overlap."""
    known: tuple[datetime, datetime] | None = None
    """From when to when the spans are surely all; None: no stretch is."""


@dataclass(frozen=True, slots=True)
class History:
    """All that the figures are made of."""

    ran: Sequence[Ran]
    overrides: Sequence[Overridden] = ()
    frozen: Mapping[Where, Frozen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonthOf:
    """One service in one month of UTC."""

    environment: str
    service: str
    begins: datetime
    """The first instant of the month."""
    releases: int
    finished: int
    failed: int
    lead_median: timedelta | None
    """None, here and below: nothing was there to count."""
    lead_p90: timedelta | None
    failure_rate: float | None
    """0 to 1."""
    restore_median: timedelta | None
    not_restored: int
    """Those that failed, and that nothing was put right after yet."""
    frozen: timedelta | None
    """So long it was frozen up to now, as far as that was stored; None: nothing is known of it."""
    overrides: int
    """Releases that started while a freeze was overridden for them."""

    @property
    def month(self) -> str:
        """Its name: `2026-06`."""
        return f"{self.begins:%Y-%m}"


def by_month(history: History, now: datetime) -> tuple[MonthOf, ...]:
    """Return the figures of each service and month, from its first release until now: the newest month first.

    Args:
        history: everything that was ever started there; of another service nothing is asked.
        now: an aware instant.
    """
    found: list[MonthOf] = []
    used = _used(history)
    for where in sorted({each.where for each in history.ran}):
        own = [each for each in history.ran if each.where == where]
        well = sorted(each.placed_at for each in own if each.placed_at is not None and _did_well(each))
        months: dict[datetime, list[Ran]] = {}
        for each in own:
            months.setdefault(month_of(each.started_at), []).append(each)
        begins, first = month_of(now), min(months)
        while begins >= first:
            frozen = _frozen(history.frozen.get(where), begins, now)
            found.append(_figures(where, begins, months.get(begins, ()), _Beside(well, used, frozen)))
            begins = month_of(begins - timedelta(days=1))
    return tuple(sorted(found, key=lambda each: (-each.begins.timestamp(), each.environment, each.service)))


def month_of(at: datetime) -> datetime:
    """Return the first instant of the month of UTC that an instant lies in."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class _Beside(NamedTuple):
    """What counts of a month beside its own releases."""

    well: Sequence[datetime]
    """When a version of the service was put in place that did well, whenever that was, in order."""
    used: frozenset[int]
    """The releases that an override let start."""
    frozen: timedelta | None


def _figures(where: Where, begins: datetime, some: Sequence[Ran], beside: _Beside) -> MonthOf:
    finished, failed = [each for each in some if each.finished], [each for each in some if each.failed]
    lead = sorted(each.placed_at - each.submitted_at for each in some if each.placed_at is not None and _did_well(each))
    restored = [took for each in failed if (took := _restored(each, beside.well)) is not None]
    return MonthOf(
        *where,
        begins=begins,
        releases=len(some),
        finished=len(finished),
        failed=len(failed),
        lead_median=_median(lead),
        lead_p90=lead[math.ceil(len(lead) * _SHARE_OF_SLOWEST) - 1] if lead else None,
        failure_rate=len(failed) / len(finished) if finished else None,
        restore_median=_median(restored),
        not_restored=len(failed) - len(restored),
        frozen=beside.frozen,
        overrides=sum(each.number in beside.used for each in some),
    )


def _did_well(release: Ran) -> bool:
    return release.state is ReleaseState.SUCCEEDED


def _median(spans: Sequence[timedelta]) -> timedelta | None:
    if not spans:
        return None
    return timedelta(seconds=statistics.median(each.total_seconds() for each in spans))


def _restored(failed: Ran, well: Sequence[datetime]) -> timedelta | None:
    """Return how long it took until the service was well after a release that hurt it; None: it is not known to be."""
    began = failed.failed_at
    if began is None:
        return None
    ends = list(well[(place := bisect_left(well, began)) : place + 1])
    if failed.restored_at is not None:
        ends.append(failed.restored_at)
    return min(ends) - began if ends else None


def _used(history: History) -> frozenset[int]:
    """Return the releases that started while a freeze was overridden for them."""
    started = {each.number: each.started_at for each in history.ran}
    return frozenset(
        given.release
        for given in history.overrides
        if given.release in started and given.start <= started[given.release] < given.end
    )


def _frozen(frozen: Frozen | None, begins: datetime, now: datetime) -> timedelta | None:
    """Return how long it was frozen in a month, up to now."""
    if frozen is None:
        return None
    ends = min(month_of(begins + timedelta(days=31)), now)
    cut = sorted((max(start, begins), min(end, ends)) for start, end in frozen.spans)
    whole, until = timedelta(), begins
    for start, end in cut:
        if end > until and start < end:
            whole, until = whole + (end - max(start, until)), end
    covered = frozen.known is not None and frozen.known[0] <= begins and frozen.known[1] >= ends
    # That nothing is stored of a month says nothing of it, unless it is known to be all.
    return whole if whole or covered else None
