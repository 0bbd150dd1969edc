"""A year's worth of history: what a question and a picture cost in ten million samples, and how fast samples go in."""

from __future__ import annotations

import itertools
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figures import Figure, median
from wedtui.cache.history import HistoryReader
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.history import Question
from wedtui.core.observation import ProbeObservation, SignalObservation
from wedtui.core.rollup import Aggregate
from wedtui.store.instants import to_microseconds

SAMPLES = 10_000_000
SERIES = 150
EVERY_S = 10
"""Ten million samples of 150 series, one every ten seconds each: more than the seven days that are kept."""
NOW = datetime(2026, 6, 6, 12, 0, 7, tzinfo=UTC)
DAY = timedelta(days=1)
ASKED = 77
"""The series that is asked about."""
BATCH = 2_000
INGESTED = 200_000
RUNS = 15
P95_LIMIT_MS = 50.0
PICTURE_LIMIT_MS = 10.0
FLAT_LIMIT = 1.5
INGEST_LIMIT = 2.0

_SECOND = timedelta(seconds=1)
_INSERT = "INSERT INTO sample (series, at, value) VALUES (?, ?, ?)"


def figures() -> Iterator[Figure]:
    """Build both caches and measure."""
    with tempfile.TemporaryDirectory(prefix="wedtui-history-") as name:
        folder = Path(name)
        few, many = folder / "few.db", folder / "many.db"
        for path in (few, many):
            _configured(path)
        began = time.perf_counter()
        _fill(many, SAMPLES)
        built = time.perf_counter() - began
        yield from _questions(many, built)
        yield from _pictures(few, many)
        yield _ingest(folder)


def _configuration() -> Configuration:
    queries = [{"provider": "aws", "signal": f"s{n}", "query": "x"} for n in range(SERIES)]
    return Configuration.model_validate(
        {
            "providers": [{"name": "aws", "weight": 100}],
            "probes": [{"name": f"p{n}", "provider": "aws", "url": "http://127.0.0.1:1/"} for n in range(20)],
            "prometheus": [{"name": "main", "url": "http://127.0.0.1:1", "queries": queries}],
        }
    )


def _writer(path: Path) -> CacheWriter:
    writer = CacheWriter(f"sqlite:///{path}")
    interval = timedelta(seconds=EVERY_S)
    writer.configure(_configuration(), probe_interval=interval, query_interval=interval)
    return writer


def _configured(path: Path) -> None:
    """Make a cache with a few minutes of rounds and one sample of each series."""
    writer = _writer(path)
    for n in range(60):
        at = NOW - n * EVERY_S * _SECOND
        writer.record([ProbeObservation(f"p{number}", at, passed=True, total_ms=100.0) for number in range(20)])
    writer.record([SignalObservation("aws", f"s{n}", "bench", NOW, 1.0) for n in range(SERIES)])
    writer.close()


def _fill(path: Path, count: int) -> None:
    """Store samples as SQLite's driver does it best, the index last; roll up a day of the one that is asked about."""
    each = count // SERIES
    chance = random.Random(7)
    values = [chance.lognormvariate(3, 1) for _ in range(10_007)]
    first = to_microseconds(NOW) - each * EVERY_S * 1_000_000
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = DELETE", "synchronous = OFF", "cache_size = -200000"):
            connection.execute(f"PRAGMA {pragma}")
        numbers = [
            n
            for (n,) in connection.execute(
                "SELECT id FROM series WHERE signal LIKE 's%' ORDER BY length(signal), signal"
            )
        ]
        connection.execute("DROP INDEX sample_by_time")
        connection.execute("BEGIN")
        for number in numbers:
            looped = itertools.islice(itertools.cycle(values), number * 31, number * 31 + each)
            rows = ((number, first + n * EVERY_S * 1_000_000, value) for n, value in enumerate(looped))
            connection.executemany(_INSERT, rows)
        connection.execute("COMMIT")
        connection.execute("CREATE INDEX sample_by_time ON sample (at)")
        _rolled_but(connection, numbers[ASKED])
    writer = _writer(path)
    try:
        while writer.roll(NOW).more:
            pass
    finally:
        writer.close()


def _rolled_but(connection: sqlite3.Connection, series: int) -> None:
    """Have it look as if everything was rolled up, but for the last day of one series: ten million take minutes."""
    hour = 3600 * 10**6
    since, until = (to_microseconds(at) // hour * hour for at in (NOW - DAY, NOW))
    for step in (60, 300, 900, 3600):
        connection.execute("INSERT INTO rollup_mark (step, rolled_until) VALUES (?, ?)", (step, until))
    for step in (60, 300):
        starts = range(since, until, step * 10**6)
        rows = [(step, start, series) for start in starts]
        connection.executemany("INSERT INTO rollup_due (step, start, series) VALUES (?, ?, ?)", rows)


def _questions(path: Path, built: float) -> Iterator[Figure]:
    begin, end = to_microseconds(NOW - DAY), to_microseconds(NOW)
    with closing(HistoryReader(f"sqlite:///{path}")) as reader:

        def ask(interval_s: int) -> Callable[[], object]:
            question = Question("aws", f"s{ASKED}", begin, end, interval_s * 10**6, Aggregate.P95)
            return lambda: reader.gather(question).points()

        day = Question("aws", f"s{ASKED}", begin, end, 86400 * 10**6, Aggregate.COUNT)
        found = sum(point.count for point in reader.gather(day).points())
        beside = f"{found:,} of {SAMPLES:,} samples of {SERIES} series, built in {built:.0f} s; edges from finer levels"
        yield Figure("p95 over 24 h, one figure", _milliseconds(ask(86400)), P95_LIMIT_MS, "ms", beside)
        yield Figure("p95 over 24 h, by the hour", _milliseconds(ask(3600)), P95_LIMIT_MS, "ms", beside)
        exact = _milliseconds(ask(60))
        yield Figure("p95 over 24 h, by the minute", exact, P95_LIMIT_MS, "ms", f"exact, from {found:,} samples")


def _pictures(few: Path, many: Path) -> Iterator[Figure]:
    with closing(CacheReader(f"sqlite:///{few}")) as little, closing(CacheReader(f"sqlite:///{many}")) as much:
        small, large = (_milliseconds(lambda reader=reader: reader.facts(NOW)) for reader in (little, much))  # type: ignore[misc]
        yield Figure("picture query in a long history", large, PICTURE_LIMIT_MS, "ms", f"{small:.2f} ms in a short one")
        yield Figure("long history beside a short one", large / small, FLAT_LIMIT, "x", "1 is flat")
        chart = _milliseconds(lambda: much.series("aws", f"s{ASKED}", NOW - DAY, NOW))
        yield Figure("chart of 24 h", chart, P95_LIMIT_MS, "ms", "600 points")


def _ingest(folder: Path) -> Figure:
    """Compare the writer with the driver alone: the same values, table, index, batches and promises to the disk."""
    chance = random.Random(11)
    seen = [
        SignalObservation(
            "aws", f"s{n % SERIES}", "bench", NOW + n // SERIES * EVERY_S * _SECOND, chance.lognormvariate(3, 1)
        )
        for n in range(1, INGESTED + 1)
    ]
    ours, raw = [], []
    for run in range(3):
        path = folder / f"ingest-{run}.db"
        writer = _writer(path)
        began = time.perf_counter()
        for start in range(0, INGESTED, BATCH):
            writer.record(seen[start : start + BATCH])
        ours.append(time.perf_counter() - began)
        writer.close()
        rows = [(int(each.signal[1:]) + 1, to_microseconds(each.at), each.value) for each in seen]
        raw.append(_raw(folder / f"raw-{run}.db", rows))
    fast, alone = INGESTED / min(ours), INGESTED / min(raw)
    beside = f"{fast:,.0f} samples/s; sqlite3.executemany alone {alone:,.0f}; 0.5x is {INGEST_LIMIT:g}"
    return Figure("ingest beside executemany", alone / fast, INGEST_LIMIT, "x", beside)


def _raw(path: Path, rows: list[tuple[int, int, float | None]]) -> float:
    _writer(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
        began = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, rows[start : start + BATCH])
            connection.execute("COMMIT")
        return time.perf_counter() - began


def _milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of some runs, after one that loads what is loaded once."""
    work()
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return median(taken)
