"""Rolls samples up, a bounded piece of work in each transaction.

A mark for each step says how far was rolled. Moving it on notes every bucket that it passes as due, and so does a
sample that comes for a bucket before it. A due bucket is made anew from the level below and takes the place of the old
one; what it replaces is never added to, so that nothing is counted twice whatever was interrupted. All of a piece of
work is one transaction: after a crash a bucket is either rolled or still due.

A bucket whose samples are deleted in part is not made anew: what is known of it would shrink.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from wedtui.cache.sketches import DamagedSketchError, Digest
from wedtui.core.rollup import (
    COARSER,
    FINER,
    FROM_SAMPLES,
    SAMPLES,
    SKETCH_FROM,
    STEPS,
    Partial,
    contiguous,
    floor_to,
    partial_of,
    width_of,
)

PASSED_AT_ONCE = 10_000
"""How many rows a mark passes in one transaction, where one bucket of every series has not more."""
DUE_AT_ONCE = 1_000
ROWS_AT_ONCE = 10_000
"""How many samples, or buckets of the level below, are rolled in one transaction; one stretch more at most."""
STRETCH = 60
"""How many buckets of a series are read at once."""

_MARKS = text("SELECT step, rolled_until, kept_from FROM rollup_mark")
_SET_ROLLED = text(
    "INSERT INTO rollup_mark (step, rolled_until) VALUES (:step, :at)"
    " ON CONFLICT (step) DO UPDATE SET rolled_until = excluded.rolled_until"
)
_SET_KEPT = text(
    "INSERT INTO rollup_mark (step, kept_from) VALUES (:step, :at)"
    " ON CONFLICT (step) DO UPDATE SET kept_from = excluded.kept_from"
)
_HOW_MANY_DUE = text("SELECT count(*) FROM (SELECT 1 FROM rollup_due WHERE step = :step LIMIT :most) AS first_ones")
_DUE = text("SELECT step, start, series FROM rollup_due ORDER BY step, start, series LIMIT :most")
_FIRST_DUE = text("SELECT min(start) FROM rollup_due WHERE step = :step")
_NOW_DUE = text("INSERT INTO rollup_due (step, start, series) VALUES (:step, :start, :series) ON CONFLICT DO NOTHING")
_NOT_DUE = text("DELETE FROM rollup_due WHERE step = :step AND start = :start AND series = :series")
_NO_BUCKET = text("DELETE FROM rollup WHERE series = :series AND step = :step AND start = :start")
_BUCKET = text(
    "INSERT INTO rollup (series, step, start, count, total, low, low_at, high, high_at, sketch)"
    " VALUES (:series, :step, :start, :count, :total, :low, :low_at, :high, :high_at, :sketch)"
)
_SAMPLES = text("SELECT at, value FROM sample WHERE series = :series AND at >= :first AND at < :last ORDER BY at")
_BUCKETS = text(
    "SELECT start, count, total, low, low_at, high, high_at, sketch FROM rollup"
    " WHERE series = :series AND step = :step AND start >= :first AND start < :last ORDER BY start"
)


class _Source(NamedTuple):
    """The statements that look through the level below."""

    next: Any
    """The first instant that is not before :first."""
    after: Any
    """The instant of the row that comes :many rows later."""
    pass_over: Any
    """Notes as due what lies in [:first, :last)."""


_OF_SAMPLES = _Source(
    text("SELECT min(at) FROM sample WHERE at >= :first"),
    text("SELECT at FROM sample WHERE at >= :first ORDER BY at LIMIT 1 OFFSET :many"),
    text(
        "INSERT INTO rollup_due (step, start, series)"
        " SELECT DISTINCT :step, at - at % :width, series FROM sample WHERE at >= :first AND at < :last"
        " ON CONFLICT DO NOTHING"
    ),
)
_OF_BUCKETS = _Source(
    text("SELECT min(start) FROM rollup WHERE step = :finer AND start >= :first"),
    text("SELECT start FROM rollup WHERE step = :finer AND start >= :first ORDER BY start LIMIT 1 OFFSET :many"),
    text(
        "INSERT INTO rollup_due (step, start, series) SELECT DISTINCT :step, start - start % :width, series"
        " FROM rollup WHERE step = :finer AND start >= :first AND start < :last ON CONFLICT DO NOTHING"
    ),
)

_Key = tuple[int, int, int]
"""Step, start, series."""


class Marks(NamedTuple):
    """How far each step was rolled, and from where it is kept."""

    rolled: Mapping[int, int]
    kept: Mapping[int, int]


def marks_of(connection: Connection) -> Marks:
    """Return how far was rolled and pruned."""
    rows = connection.execute(_MARKS).all()
    return Marks(
        {step: rolled for step, rolled, _kept in rows if rolled is not None},
        {step: kept for step, _rolled, kept in rows if kept is not None},
    )


def note_late(connection: Connection, samples: Iterable[tuple[int, int, float]]) -> None:
    """Note as due what samples (series, instant, value) that are being stored belong to and is rolled already."""
    rolled = marks_of(connection).rolled
    passed = max(rolled.get(step, 0) for step in FROM_SAMPLES)
    behind = [(series, at) for series, at, _value in samples if at < passed]
    for step in FROM_SAMPLES:
        until, width = rolled.get(step, 0), width_of(step)
        late = {(series, floor_to(at, width)) for series, at in behind if at < until}
        if late:
            connection.execute(_NOW_DUE, [{"step": step, "start": at, "series": series} for series, at in late])


def move_on(connection: Connection, settled: int) -> bool:
    """Move the mark of each step on by a bounded stretch.

    Args:
        connection: in a transaction.
        settled: up to where samples are expected to be there, in microseconds since 1970.

    Returns:
        Whether there is more to pass.
    """
    rolled = dict(marks_of(connection).rolled)
    more = False
    for step in STEPS:
        finer, width = FINER[step], width_of(step)
        end = floor_to(settled if finer == SAMPLES else min(rolled.get(finer, 0), settled), width)
        moved = _passed(connection, step, rolled.get(step), end)
        if moved is not None:
            connection.execute(_SET_ROLLED, {"step": step, "at": moved})
            rolled[step] = moved
        more = more or rolled.get(step, end) < end
    return more


def _passed(connection: Connection, step: int, mark: int | None, end: int) -> int | None:
    """Note what lies between a mark and `end`, or in the first part of it; return the new mark, None for the old."""
    if mark is not None and mark >= end:
        return None
    source = _OF_SAMPLES if FINER[step] == SAMPLES else _OF_BUCKETS
    width = width_of(step)
    place: dict[str, int] = {} if FINER[step] == SAMPLES else {"finer": FINER[step]}
    found = connection.execute(source.next, {"first": mark or 0, **place}).scalar()
    if found is None or found >= end:
        # Without a mark there never was a sample, and the first may come from before.
        return end if mark is not None else None
    if connection.execute(_HOW_MANY_DUE, {"step": step, "most": DUE_AT_ONCE}).scalar_one() >= DUE_AT_ONCE:
        return None
    first = floor_to(found, width)
    after = connection.execute(source.after, {"first": first, "many": PASSED_AT_ONCE, **place}).scalar()
    last = end if after is None else min(end, max(first + width, floor_to(after, width)))
    connection.execute(source.pass_over, {"step": step, "width": width, "first": first, "last": last, **place})
    return last


class Work(NamedTuple):
    """What a piece of work came to."""

    buckets: int
    damaged: int
    """Buckets of the level below whose sketch cannot be read: quantiles above them are not known."""


def roll_due(connection: Connection) -> Work:
    """Make due buckets anew, finest and oldest first, as many as one transaction should."""
    due = connection.execute(_DUE, {"most": DUE_AT_ONCE}).all()
    if not due:
        return Work(0, 0)
    marks = marks_of(connection)
    step = due[0].step
    since, width = marks.kept.get(FINER[step], 0), width_of(step)
    piece = _Piece(connection, step)
    by_series: dict[int, list[int]] = defaultdict(list)
    for number, start, series in due:
        if number != step:
            break
        if start < since:
            # Of a bucket that is only there in part there is nothing better to be known.
            piece.done.append((step, start, series))
        else:
            by_series[series].append(start)
    for series, starts in by_series.items():
        for first, last in contiguous(starts, width):
            for begin in range(first, last, width * STRETCH):
                if piece.rows < ROWS_AT_ONCE:
                    piece.roll(series, begin, min(begin + width * STRETCH, last))
    piece.store(marks)
    return Work(len(piece.done), piece.damaged)


class _Piece:
    """One transaction's buckets."""

    def __init__(self, connection: Connection, step: int) -> None:
        self._connection = connection
        self._step = step
        self.rows = 0
        self.damaged = 0
        self.done: list[_Key] = []
        self._made: list[_Key] = []
        self._buckets: list[dict[str, Any]] = []

    def roll(self, series: int, first: int, last: int) -> None:
        """Make the buckets of a stretch from the level below."""
        width = width_of(self._step)
        finer = FINER[self._step]
        where = {"series": series, "first": first, "last": last}
        if finer == SAMPLES:
            rows = self._connection.execute(_SAMPLES, where)
        else:
            rows = self._connection.execute(_BUCKETS, {**where, "step": finer})
        found: dict[int, list[Any]] = defaultdict(list)
        for row in rows:
            found[floor_to(row[0], width)].append(row)
        for start in range(first, last, width):
            self._made.append((self._step, start, series))
            below = found.get(start)
            if below:
                self.rows += len(below)
                made = self._of_samples(below) if finer == SAMPLES else self._of_buckets(below)
                self._buckets.append(_as_row(series, self._step, start, *made))

    def _of_samples(self, rows: list[Any]) -> tuple[Partial, bytes | None]:
        partial = partial_of([(at, value) for at, value in rows])
        if self._step < SKETCH_FROM:
            return partial, None
        digest = Digest()
        digest.add_values(value for _at, value in rows)
        return partial, digest.encoded()

    def _of_buckets(self, rows: list[Any]) -> tuple[Partial, bytes | None]:
        whole: Partial | None = None
        digest: Digest | None = Digest()
        for _start, *figures, sketch in rows:
            partial = Partial(*figures)
            whole = partial if whole is None else whole.merge(partial)
            try:
                if digest is not None:
                    digest.add_sketch(sketch, partial.count)
            except DamagedSketchError:
                # The figures are still good; a quantile of a part would not be one of the whole.
                digest = None
                self.damaged += 1
        assert whole is not None
        return whole, None if digest is None else digest.encoded()

    def store(self, marks: Marks) -> None:
        """Put what was made into its place, and note what is above it where that was rolled before."""
        self.done += self._made
        above: set[_Key] = set()
        for step, start, series in self._made:
            coarser = COARSER.get(step)
            if coarser is not None and start < marks.rolled.get(coarser, 0):
                above.add((coarser, floor_to(start, width_of(coarser)), series))
        for statement, keys in ((_NO_BUCKET, self._made), (_NOT_DUE, self.done), (_NOW_DUE, sorted(above))):
            if keys:
                named = [{"step": step, "start": start, "series": series} for step, start, series in keys]
                self._connection.execute(statement, named)
        if self._buckets:
            self._connection.execute(_BUCKET, self._buckets)


def _as_row(series: int, step: int, start: int, partial: Partial, sketch: bytes | None) -> dict[str, Any]:
    return {
        "series": series,
        "step": step,
        "start": start,
        "count": partial.count,
        "total": partial.total,
        "low": partial.low,
        "low_at": partial.low_at,
        "high": partial.high,
        "high_at": partial.high_at,
        "sketch": sketch,
    }


def prunable(connection: Connection, step: int, before: int) -> int:
    """Return up to where a level may be deleted: never what the level above it was not yet rolled from.

    Args:
        connection: in a transaction.
        step: of the level; `SAMPLES` for samples.
        before: up to where it need not be kept.
    """
    rolled = marks_of(connection).rolled
    above = FROM_SAMPLES if step == SAMPLES else [COARSER[step]] if step in COARSER else []
    for coarser in above:
        due = connection.execute(_FIRST_DUE, {"step": coarser}).scalar()
        # A cache that was never rolled up has nothing to wait for.
        before = min([before, *(at for at in (rolled.get(coarser), due) if at is not None)])
    return before


def note_kept(connection: Connection, step: int, since: int) -> None:
    """Note that a level is whole only from an instant on."""
    if since > marks_of(connection).kept.get(step, 0):
        connection.execute(_SET_KEPT, {"step": step, "at": since})
