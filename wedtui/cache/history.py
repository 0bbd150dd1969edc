"""Reading history: each stretch from the level that answers for it best, down to the samples at the edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wedtui.cache.kind import CACHE
from wedtui.cache.sketches import DamagedSketchError, Digest
from wedtui.core.evidence import Freshness, freshness
from wedtui.core.history import HistoryPoint, Overtaken, Part, Question, SeriesSummary
from wedtui.core.rollup import (
    FINER,
    MICROSECONDS,
    MINUTE,
    RANKS,
    SAMPLES,
    STEP_NAMES,
    STEPS,
    Aggregate,
    Level,
    Partial,
    Segment,
    answering,
    charting,
    cover,
    floor_to,
    partial_in,
    plain_value,
    width_of,
)
from wedtui.core.series import seen_elsewhere, vantages_of
from wedtui.errors import NotFoundError
from wedtui.store.instants import from_microseconds
from wedtui.store.opening import READER_WAITS, readable
from wedtui.store.shape import Asked
from wedtui.store.snapshot import Snapshot

FOREVER = 2**62
LEAST_BUCKETS = 4
"""A chart of fewer is not worth a roll-up's rounding of their width."""

SERIES_NUMBER = "SELECT id FROM series WHERE provider = ? AND signal = ?"
_INTERVALS = "SELECT name, interval_s FROM probe WHERE provider = ?"
_MARKS = "SELECT step, rolled_until, kept_from FROM rollup_mark"
_FIRST_DUE = "SELECT min(start) FROM rollup_due WHERE step = ? AND start >= ? AND series = ?"
_FIRST_SAMPLE = "SELECT min(at) FROM sample WHERE series = ? AND at >= ?"
_NEWEST_SAMPLE = "SELECT max(at) FROM sample WHERE series = ?"
_FIRST_BUCKET = "SELECT min(start) FROM rollup WHERE series = ? AND step = ? AND start >= ?"
_NEWEST_BUCKET = "SELECT max(start) FROM rollup WHERE series = ? AND step = ?"
_SAMPLES = "SELECT at, value FROM sample WHERE series = ? AND at >= ? AND at < ? ORDER BY at"
_FIGURES_OF_SAMPLES = """
SELECT at - at % :width AS bucket, count(*), sum(value), min(value), max(value)
FROM sample WHERE series = :series AND at >= :first AND at < :last GROUP BY at - at % :width
"""
_FIGURES = """
SELECT start - start % :width AS bucket, CAST(sum(count) AS BIGINT), sum(total), min(low), max(high)
FROM rollup WHERE series = :series AND step = :step AND start >= :first AND start < :last
GROUP BY start - start % :width
"""
_SKETCHES = """
SELECT start, count, total, low, low_at, high, high_at, sketch
FROM rollup WHERE series = ? AND step = ? AND start >= ? AND start < ? ORDER BY start
"""
_EXTREMES = """
SELECT low_at, low, high_at, high
FROM rollup WHERE series = ? AND step = ? AND start >= ? AND start < ? ORDER BY start
"""


@dataclass(slots=True)
class _Bucket:
    partial: Partial | None = None
    digest: Digest = field(default_factory=Digest)
    damaged: bool = False


@dataclass(slots=True)
class Gathered:
    """What was found for a question; more can be added from elsewhere before it is told."""

    question: Question
    parts: list[Part] = field(default_factory=list)
    missing: list[Segment] = field(default_factory=list)
    """What the cache does not hold: from before it began or from what it keeps no longer."""
    _buckets: dict[int, _Bucket] = field(default_factory=dict)

    def add_samples(self, source: str, segment: Segment, samples: Sequence[tuple[int, float]]) -> None:
        """Take in samples (instant, finite value) that lie within a segment, and say whose they are."""
        width = self.question.interval
        by_bucket: defaultdict[int, list[float]] = defaultdict(list)
        for at, value in samples:
            by_bucket[at - at % width].append(value)  # `floor_to`, without a call for each of thousands
        for at, values in by_bucket.items():
            self._bucket(at, partial_in(at, values)).digest.add_values(values)
        self.parts.append(Part(source, segment.start, segment.end, len(samples)))

    def add_figures(self, source: str, segment: Segment, figures: Iterable[tuple[int, Partial]]) -> None:
        """Take in what is known of samples by bucket."""
        count = 0
        for at, partial in figures:
            self._bucket(at, partial)
            count += partial.count
        self.parts.append(Part(source, segment.start, segment.end, count))

    def add_sketches(self, source: str, segment: Segment, rows: Iterable[tuple[Partial, int, bytes | None]]) -> None:
        """Take in finer buckets (what is known, where it begins, its sketch) with their sketches."""
        count = 0
        for partial, start, sketch in rows:
            bucket = self._bucket(floor_to(start, self.question.interval), partial)
            count += partial.count
            try:
                bucket.digest.add_sketch(sketch, partial.count)
            except DamagedSketchError:
                bucket.damaged = True
        self.parts.append(Part(source, segment.start, segment.end, count))

    def points(self) -> tuple[HistoryPoint, ...]:
        """Return the answer, oldest first."""
        return tuple(self._points())

    def parts_in_order(self) -> tuple[Part, ...]:
        """Return where the answer came from, oldest first."""
        return tuple(sorted(self.parts, key=lambda part: part.start))

    def _points(self) -> Iterator[HistoryPoint]:
        rank = RANKS.get(self.question.aggregate)
        for at, bucket in sorted(self._buckets.items()):
            partial = bucket.partial
            assert partial is not None
            if rank is None:
                yield HistoryPoint(at, plain_value(self.question.aggregate, partial), partial.count)
            elif bucket.damaged:
                yield HistoryPoint(at, None, partial.count)
            else:
                found = bucket.digest.quantile(rank, partial.low, partial.high)
                yield HistoryPoint(at, found.value, partial.count, found.rank_error)

    def _bucket(self, at: int, partial: Partial) -> _Bucket:
        bucket = self._buckets.setdefault(at, _Bucket())
        bucket.partial = partial if bucket.partial is None else bucket.partial.merge(partial)
        return bucket


class _Extent(NamedTuple):
    levels: tuple[Level, ...]
    first: int | None
    """The first instant of which anything is kept; None: there is nothing."""


class HistoryReader:
    """Reads series of the cache for `wedtui metrics`. Used by one thread.

    Every reading raises a StoreError when the cache cannot be read.
    """

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the cache is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, CACHE, waits=waits)

    def gather(self, question: Question) -> Gathered:
        """Return what the cache knows about a question, and which stretches it holds nothing of.

        Raises:
            NotFoundError: there is no such series; the message names those that there are.
        """
        with self._store.reading() as snapshot:
            found = gather(snapshot, question)
            if found is None:
                raise NotFoundError(_unknown(snapshot, question))
            return found

    def by_vantage(self, question: Question) -> list[str]:
        """Return the series by vantage of the probe that a question names without one; of another signal none."""
        with self._store.reading() as snapshot:
            return vantages_of(question.signal, _signals(snapshot, question.provider))

    def overtaken(self, question: Question, now: datetime) -> Overtaken | None:
        """Return that a probe's series is older than its interval says while the probe is seen from elsewhere.

        Args:
            question: names the series; how old it is counts up to the end of the question.
            now: an aware instant.
        """
        with self._store.reading() as snapshot:
            intervals = dict(snapshot.values(_INTERVALS, question.provider))
            known = _signals(snapshot, question.provider)
            # A probe's name may look as if it ended with a vantage: the longest that there is is meant.
            for probe in sorted(intervals, key=len, reverse=True):
                others = seen_elsewhere(question.signal, probe, known)
                if others:
                    break
            else:
                return None
            found = {name: _newest(snapshot, question.provider, name) for name in (question.signal, *others)}
        own = found.pop(question.signal)
        at = min(now, from_microseconds(question.end))
        if own is None or freshness(own, timedelta(seconds=intervals[probe]), at) is not Freshness.STALE:
            return None
        newest, by = max(((newest, name) for name, newest in found.items() if newest is not None), default=(own, ""))
        return Overtaken(own, by, newest) if newest > own else None

    def series(self) -> tuple[SeriesSummary, ...]:
        """Return every series that has anything, by provider and signal."""
        with self._store.reading() as snapshot:
            found = list(snapshot.values("SELECT id, provider, signal FROM series ORDER BY provider, signal"))
            summaries = (_summary(snapshot, *row) for row in found)
            return tuple(summary for summary in summaries if summary is not None)

    def close(self) -> None:
        """Let go of every file."""
        self._store.close()


def _newest(snapshot: Snapshot, provider: str, signal: str) -> datetime | None:
    """Return when the newest sample that is kept of a series was; of one that has none any more nothing."""
    at = snapshot.scalar(_NEWEST_SAMPLE, snapshot.scalar(SERIES_NUMBER, provider, signal))
    return None if at is None else from_microseconds(at)


def _unknown(snapshot: Snapshot, question: Question) -> str:
    known = ", ".join(f'"{signal}"' for signal in _signals(snapshot, question.provider))
    if known:
        return f'"{question.provider}" has no history of "{question.signal}": there is {known}'
    return f'there is no history of a provider "{question.provider}": see `wedtui metrics list`'


def _signals(snapshot: Snapshot, provider: str) -> list[str]:
    of_provider = "SELECT signal FROM series WHERE provider = ? ORDER BY signal"
    return [signal for (signal,) in snapshot.values(of_provider, provider)]


def levels_of(snapshot: Snapshot, number: int) -> tuple[Level, ...]:
    """Return for which time each level of a series is whole."""
    rows = snapshot.all(Asked(_MARKS))
    rolled = {step: at for step, at, _kept in rows if at is not None}
    kept = {step: at for step, _rolled, at in rows if at is not None}
    levels = {SAMPLES: Level(SAMPLES, kept.get(SAMPLES, 0), FOREVER)}
    # What was deleted below is not made anew; see the roller.
    asked = {step: Asked(_FIRST_DUE, (step, kept.get(FINER[step], 0), number)) for step in STEPS}
    snapshot.ahead(list(asked.values()))
    for step in STEPS:
        due = _only(snapshot, asked[step])
        # What is due below is going to be due here.
        until = min(rolled.get(step, 0), levels[FINER[step]].until, FOREVER if due is None else due)
        levels[step] = Level(step, kept.get(step, 0), until)
    return tuple(levels.values())


def gather(snapshot: Snapshot, question: Question) -> Gathered | None:
    """Return what the cache knows about a question, and what it holds nothing of; None: there is no such series."""
    number = snapshot.scalar(SERIES_NUMBER, question.provider, question.signal)
    if number is None:
        return None
    gathered = Gathered(question)
    for segment in _segments(_extent(snapshot, number), question):
        if segment.step is None:
            gathered.missing.append(segment)
        else:
            _read(snapshot, number, segment, gathered)
    return gathered


def by_minute(snapshot: Snapshot, provider: str, signal: str, stretch: tuple[int, int]) -> dict[int, float]:
    """Return the average of a series in each minute that has a value, by the minute's number since 1970.

    Args:
        snapshot: of a cache.
        provider: a provider's name.
        signal: of which; where there is none of that name nothing is known of any minute.
        stretch: where it begins, and where it ends, exclusive; microseconds since 1970.
    """
    minute = MINUTE * MICROSECONDS
    found = gather(snapshot, Question(provider, signal, *stretch, minute, Aggregate.AVG))
    points = () if found is None else found.points()
    return {point.at // minute: point.value for point in points if point.value is not None}


def _extent(snapshot: Snapshot, number: int) -> _Extent:
    levels = levels_of(snapshot, number)
    first: int | None = None
    coarser = 0
    asked = {level: _first_of(level, number) for level in sorted(levels, key=lambda level: -level.step)}
    snapshot.ahead(list(asked.values()))
    for level, question in asked.items():
        found = _only(snapshot, question)
        # A finer level says more precisely when it was, unless it only begins later because more of it is deleted.
        if found is not None and (first is None or found < first + coarser):
            first, coarser = found, width_of(level.step)
    return _Extent(levels, first)


def _first_of(level: Level, number: int) -> Asked:
    """Return what asks where a level of a series begins."""
    if level.step == SAMPLES:
        return Asked(_FIRST_SAMPLE, (number, level.since))
    return Asked(_FIRST_BUCKET, (number, level.step, level.since))


def _only(snapshot: Snapshot, asked: Asked) -> Any:
    """Return the one figure that a statement gives."""
    return snapshot.scalar(asked.statement, *asked.parameters)


def _segments(extent: _Extent, question: Question) -> tuple[Segment, ...]:
    start, end = question.start, question.end
    levels = answering(extent.levels, question.interval, question.aggregate)
    if extent.first is None:
        return (Segment(None, start, end),)
    # The bucket in which the series begins is whole: before it there is nothing that could be missing from it.
    begins = min(max(start, floor_to(extent.first, question.interval)), end)
    before = (Segment(None, start, begins),) if begins > start else ()
    return _joined((*before, *cover(begins, end, levels)))


def _joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    for segment in segments:
        if found and found[-1].step == segment.step:
            found[-1] = Segment(segment.step, found[-1].start, segment.end)
        else:
            found.append(segment)
    return tuple(found)


def _read(snapshot: Snapshot, number: int, segment: Segment, gathered: Gathered) -> None:
    question = gathered.question
    step, first, last = segment
    assert step is not None
    source = "samples" if step == SAMPLES else f"roll-ups of {STEP_NAMES[step]}"
    if question.aggregate not in RANKS:
        statement = _FIGURES_OF_SAMPLES if step == SAMPLES else _FIGURES
        named = {"series": number, "first": first, "last": last, "width": question.interval}
        if step != SAMPLES:
            named["step"] = step
        # When the extremes were is not asked.
        rows = (
            (at, Partial(count, total, low, at, high, at))
            for at, count, total, low, high in snapshot.named(statement, named)
        )
        gathered.add_figures(source, segment, rows)
    elif step == SAMPLES:
        gathered.add_samples(source, segment, _samples(snapshot, number, first, last))
    else:
        sketches = snapshot.values(_SKETCHES, number, step, first, last)
        gathered.add_sketches(
            source, segment, ((Partial(*figures), start, sketch) for start, *figures, sketch in sketches)
        )


def _samples(snapshot: Snapshot, number: int, first: int, last: int) -> list[tuple[Any, ...]]:
    return snapshot.all(Asked(_SAMPLES, (number, first, last)))


def _summary(snapshot: Snapshot, number: int, provider: str, signal: str) -> SeriesSummary | None:
    extent = _extent(snapshot, number)
    if extent.first is None:
        return None
    newest = snapshot.scalar(_NEWEST_SAMPLE, number)
    for step in STEPS:
        if newest is None:
            newest = snapshot.scalar(_NEWEST_BUCKET, number, step)
    question = Question(provider, signal, extent.first, newest + 1, width_of(STEPS[-1]), Aggregate.COUNT)
    gathered = Gathered(question)
    # The finest that is left where nothing else is: of everything that is kept, all is counted.
    for segment in cover(extent.first, newest + 1, sorted(extent.levels, key=lambda level: -level.step)):
        if segment.step is not None:
            _read(snapshot, number, segment, gathered)
    count = sum(part.count for part in gathered.parts)
    return SeriesSummary(provider, signal, from_microseconds(extent.first), from_microseconds(newest), count)


class Drawn(NamedTuple):
    """Candidates for a chart: values that were measured, at their own instants."""

    points: list[tuple[int, float]]
    """In no order, extremes of buckets twice where the lowest is the highest."""
    width: int
    """Of the chart's buckets, each of which holds its lowest and its highest value."""


def drawn(snapshot: Snapshot, number: int, stretch: tuple[int, int], buckets: int) -> Drawn | None:
    """Return the extremes of a series for a chart that is too long for samples; None where samples are all there is.

    Args:
        snapshot: of a cache.
        number: of the series.
        stretch: where the chart begins, and where it ends, exclusive.
        buckets: how many the chart has room for.
    """
    first, last = stretch
    if buckets < LEAST_BUCKETS or first >= last:
        return None
    width = -(-(last - first) // (buckets - 1))
    points: list[tuple[int, float]] = []
    coarsest = SAMPLES
    for step, start, end in cover(first, last, charting(levels_of(snapshot, number), width)):
        if step == SAMPLES:
            points += _samples(snapshot, number, start, end)
        elif step is not None:
            before = len(points)
            for low_at, low, high_at, high in snapshot.values(_EXTREMES, number, step, start, end):
                points += ((low_at, low), (high_at, high))
            coarsest = max(coarsest, step) if len(points) > before else coarsest
    # Whole buckets of every step, so that their extremes are those of the chart's; one more than fit, at the edges.
    return None if coarsest == SAMPLES else Drawn(points, -(-width // width_of(coarsest)) * width_of(coarsest))
