"""A long history, in files and on a server.

What a question and a picture cost in ten million samples and a million rounds, and how fast samples go in.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from bench.figures import Figure, median
from bench.history_places import Round, Sample, System, databases, files
from wedtui.cache.history import HistoryReader
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import SOLE_VANTAGE, CacheWriter
from wedtui.config import Configuration
from wedtui.core.history import Question
from wedtui.core.observation import ApiObservation, ProbeObservation, SignalObservation
from wedtui.core.resource import Reach, Resource
from wedtui.core.rollup import Aggregate
from wedtui.core.state import State
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import writable

SAMPLES = 10_000_000
SERIES = 150
EVERY_S = 10
"""Ten million samples of 150 series, one every ten seconds each: more than the seven days that are kept."""
ROUNDS = 1_200_000
PROBES = 20
"""Seven days of rounds, one every ten seconds."""
RECENT = 60
"""How many rounds of each probe are in a short history."""
RESOURCES, UNWELL = 10_000, 40
"""Of a provider, and which of them is not well: each 40th."""
NOW = datetime(2026, 6, 6, 12, 0, 7, tzinfo=UTC)
DAY = timedelta(days=1)
ASKED = 77
"""The series that is asked about."""
BATCH = 2_000
INGESTED = 200_000
RUNS = 15
COLD_RUNS = 5
P95_LIMIT_MS = 50.0
PICTURE_LIMIT_MS = 10.0
FLAT_LIMIT = 1.5
INGEST_LIMIT = 2.0

_SECOND = timedelta(seconds=1)
_EACH = SAMPLES // SERIES
_FIRST = to_microseconds(NOW) - _EACH * EVERY_S * 1_000_000
_FEW, _MANY = "few", "many"
_MARK = text("INSERT INTO rollup_mark (step, rolled_until) VALUES (:step, :until)")
_DUE = text("INSERT INTO rollup_due (step, start, series) VALUES (:step, :start, :series)")
_ROLLED = text("SELECT count(*) FROM rollup")
_COPIES = """
INSERT INTO rollup (series, step, start, count, total, low, low_at, high, high_at, sketch)
SELECT s.id, step, start - back, count, total, low, low_at - back, high, high_at - back, sketch
FROM finished CROSS JOIN (SELECT id FROM series WHERE id IN ({series})) AS s CROSS JOIN ({days}) AS d
WHERE start - back >= {first} ORDER BY {order}
"""


def figures() -> Iterator[Figure]:
    """Build a long and a short history on each system and measure."""
    for place in (files, databases):
        with place() as system:
            began = time.perf_counter()
            _recent(system, _FEW)
            system.tidy(_FEW)
            _long(system, _MANY)
            built = time.perf_counter() - began
            for figure in itertools.chain(_questions(system, built), _pictures(system), _ingest(system)):
                yield replace(figure, name=f"{system.name}: {figure.name}")


def _configuration() -> Configuration:
    queries = [{"provider": "aws", "signal": f"s{n}", "query": "x"} for n in range(SERIES)]
    return Configuration.model_validate(
        {
            "providers": [{"name": "aws", "weight": 100}],
            "probes": [{"name": f"p{n}", "provider": "aws", "url": "http://127.0.0.1:1/"} for n in range(PROBES)],
            "prometheus": [{"name": "main", "url": "http://127.0.0.1:1", "queries": queries}],
        }
    )


def _writer(url: str) -> CacheWriter:
    writer = CacheWriter(url)
    interval = timedelta(seconds=EVERY_S)
    writer.configure(_configuration(), probe_interval=interval, query_interval=interval)
    return writer


def _recent(system: System, name: str) -> None:
    """Store some minutes of rounds, one sample of each series, and what the provider has."""
    with closing(_writer(system.url(name))) as writer:
        for n in reversed(range(RECENT)):
            writer.record(_round(NOW - n * EVERY_S * _SECOND))
        writer.record(_values(NOW))
        kind = "ec2.instance"
        listed = tuple(
            Resource(kind, "eu-west-1", f"i-{n}", f"web-{n}", "running", State.OK if n % UNWELL else State.CRITICAL)
            for n in range(RESOURCES)
        )
        writer.record(
            [ApiObservation("aws", "eu-west-1", "ec2", NOW, Reach.ANSWERED, kinds=frozenset({kind}), resources=listed)]
        )


def _round(at: datetime) -> list[ProbeObservation]:
    return [ProbeObservation(f"p{number}", at, passed=True, total_ms=100.0) for number in range(PROBES)]


def _values(at: datetime) -> list[SignalObservation]:
    return [SignalObservation("aws", f"s{n}", "bench", at, 1.0) for n in range(SERIES)]


def _long(system: System, name: str) -> None:
    """Store a long history with all its roll-ups."""
    url = system.url(name)
    _writer(url).close()
    system.fill_rounds(name, _rounds())
    _recent(system, name)
    numbers = _numbers(url)
    system.fill_samples(name, _by_time(numbers) if system.as_they_come else _by_series(numbers))
    _rolled_but(url, numbers[ASKED])
    with closing(_writer(url)) as writer:
        while writer.roll(NOW).more:
            pass
    system.run(name, _copied(numbers, by_time=system.as_they_come))
    system.tidy(name)


def _rounds() -> Iterator[Round]:
    newest = to_microseconds(NOW)
    for n in reversed(range(RECENT, ROUNDS // PROBES)):
        for number in range(PROBES):
            yield f"p{number}", SOLE_VANTAGE, newest - n * EVERY_S * 1_000_000, True, 100.0


def _numbers(url: str) -> list[int]:
    """Return the number of each series, in the order of their names."""
    store = writable(url, CACHE)
    with closing(store), store.writing() as connection:
        found = {row.signal: row.id for row in connection.execute(text("SELECT signal, id FROM series"))}
    return [found[f"s{n}"] for n in range(SERIES)]


def _by_series(numbers: Sequence[int]) -> Iterator[Sample]:
    chance = _chances()
    for number in numbers:
        for n in range(_EACH):
            yield number, _FIRST + n * EVERY_S * 1_000_000, chance[(number * 31 + n) % len(chance)]


def _by_time(numbers: Sequence[int]) -> Iterator[Sample]:
    """Yield the same as a service stores it, a moment of all series after the other."""
    chance = _chances()
    for n in range(_EACH):
        at = _FIRST + n * EVERY_S * 1_000_000
        for number in numbers:
            yield number, at, chance[(number * 31 + n) % len(chance)]


def _chances() -> list[float]:
    chance = random.Random(7)
    return [chance.lognormvariate(3, 1) for _ in range(10_007)]


def _rolled_but(url: str, series: int) -> None:
    """Leave the last day of one series to be rolled up, and nothing else: ten million samples take minutes."""
    hour = 3600 * 10**6
    since, until = (to_microseconds(at) // hour * hour for at in (NOW - DAY, NOW))
    store = writable(url, CACHE)
    with closing(store), store.writing() as connection:
        connection.execute(_MARK, [{"step": step, "until": until} for step in (60, 300, 900, 3600)])
        for step in (60, 300):
            starts = range(since, until, step * 10**6)
            connection.execute(_DUE, [{"step": step, "start": start, "series": series} for start in starts])


def _copied(numbers: Sequence[int], *, by_time: bool) -> list[str]:
    """Return what gives the day that was rolled up to every series, and every day back to the first sample."""
    day = DAY // timedelta(microseconds=1)
    days = range(0, to_microseconds(NOW) - _FIRST + day, day)
    copies = _COPIES.format(
        series=", ".join(str(number) for number in numbers),
        days=" UNION ALL ".join(f"SELECT CAST({back} AS bigint) AS back" for back in days),
        first=_FIRST,
        # As a service rolls them up, all series of a bucket after each other; else as they lie in the end.
        order="start - back, step, s.id" if by_time else "s.id, step, start - back",
    )
    asked = f"series = {numbers[ASKED]}"
    return [
        f"CREATE TEMPORARY TABLE finished AS SELECT * FROM rollup WHERE {asked}",
        f"DELETE FROM rollup WHERE {asked}",
        copies,
        "DROP TABLE finished",
    ]


def _rolled(url: str) -> int:
    """Return how many roll-ups there are."""
    store = writable(url, CACHE)
    with closing(store), store.writing() as connection:
        return int(connection.execute(_ROLLED).scalar_one())


def _questions(system: System, built: float) -> Iterator[Figure]:
    begin, end = to_microseconds(NOW - DAY), to_microseconds(NOW)
    with closing(HistoryReader(system.url(_MANY))) as reader:

        def ask(interval_s: int) -> Callable[[], object]:
            question = Question("aws", f"s{ASKED}", begin, end, interval_s * 10**6, Aggregate.P95)
            return lambda: reader.gather(question).points()

        day = Question("aws", f"s{ASKED}", begin, end, 86400 * 10**6, Aggregate.COUNT)
        found = sum(point.count for point in reader.gather(day).points())
        stored = f"{SAMPLES:,} samples and {_rolled(system.url(_MANY)):,} roll-ups of {SERIES} series"
        beside = f"{found:,} of {stored}, built in {built:.0f} s; {system.settings}"
        edges = "edges from finer levels"
        yield Figure("p95 over 24 h, one figure", _milliseconds(ask(86400)), P95_LIMIT_MS, "ms", beside)
        yield Figure("p95 over 24 h, by the hour", _milliseconds(ask(3600)), P95_LIMIT_MS, "ms", edges)
        exact = f"exact, from {found:,} samples"
        yield Figure("p95 over 24 h, by the minute", _milliseconds(ask(60)), P95_LIMIT_MS, "ms", exact)


def _pictures(system: System) -> Iterator[Figure]:
    (short_cold, small), (long_cold, large) = (_watched(system.url(name)) for name in (_FEW, _MANY))
    cold = f"the first of a reader that just began {long_cold:.1f} ms, {short_cold:.1f} ms in a short one"
    about = f"{ROUNDS:,} rounds and {RESOURCES:,} resources beside the samples"
    beside = f"a new round each time; {small:.2f} ms in a short one; {cold}; {about}"
    yield Figure("picture query in a long history", large, PICTURE_LIMIT_MS, "ms", beside)
    yield Figure("long history beside a short one", large / small, FLAT_LIMIT, "x", "1 is flat")
    with closing(CacheReader(system.url(_MANY))) as much:
        chart = _milliseconds(lambda: much.series("aws", f"s{ASKED}", NOW - DAY, NOW))
        yield Figure("chart of 24 h", chart, P95_LIMIT_MS, "ms", "600 points")


def _watched(url: str) -> tuple[float, float]:
    """Return how long the first picture of a reader takes, and one after a round of everything that is new (ms)."""
    cold, warm = [], []
    for _ in range(COLD_RUNS):
        with closing(CacheReader(url)) as reader:
            cold.append(_taken(lambda reader=reader: reader.facts(NOW)))  # type: ignore[misc]
    with closing(_writer(url)) as writer, closing(CacheReader(url)) as reader:
        reader.facts(NOW)
        for n in range(1, RUNS + 1):
            at = NOW + n * EVERY_S * _SECOND
            # Otherwise a reader that remembers has nothing to read.
            writer.record([*_round(at), *_values(at)])
            warm.append(_taken(lambda reader=reader, at=at: reader.facts(at)))  # type: ignore[misc]
    return median(cold), median(warm)


def _ingest(system: System) -> Iterator[Figure]:
    """Compare the writer with the driver alone: the same values, table, index, batches and promises to the disk."""
    chance = random.Random(11)
    seen = [
        SignalObservation(
            "aws", f"s{n % SERIES}", "bench", NOW + n // SERIES * EVERY_S * _SECOND, chance.lognormvariate(3, 1)
        )
        for n in range(1, INGESTED + 1)
    ]
    rows = [(int(each.signal[1:]) + 1, to_microseconds(each.at), each.value or 0.0) for each in seen]
    batches = [rows[start : start + BATCH] for start in range(0, INGESTED, BATCH)]
    ours: list[float] = []
    raw: dict[str, list[float]] = {way: [] for way in system.ways}
    for run in range(3):
        with closing(_writer(system.url(f"ingest{run}"))) as writer:
            began = time.perf_counter()
            for start in range(0, INGESTED, BATCH):
                writer.record(seen[start : start + BATCH])
            ours.append(time.perf_counter() - began)
        for number, way in enumerate(system.ways):
            name = f"raw{run}{number}"
            _writer(system.url(name)).close()
            raw[way].append(system.raw(name, way, batches))
    fast = INGESTED / min(ours)
    alone = {way: INGESTED / min(taken) for way, taken in raw.items()}
    beside = ", ".join(f"{way} alone {rate:,.0f}" for way, rate in alone.items())
    told = f"{fast:,.0f} samples/s; {beside}; {BATCH:,} at once; 0.5x is {INGEST_LIMIT:g}"
    first = system.ways[0]
    yield Figure(f"ingest beside {first}", alone[first] / fast, INGEST_LIMIT, "x", told)


def _milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of some runs, after one that loads what is loaded once."""
    work()
    return median([_taken(work) for _ in range(RUNS)])


def _taken(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)
