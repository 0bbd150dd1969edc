"""Roll-ups against a plain computation over all samples: late, killed, pruned, damaged."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.cache.base import NOW, SECOND, configuration, configure, signal, writing
from tests.cache.rolling import DAY, Samples, roll_all, rows, store, walk
from tests.places import PLACES
from tests.store.processes import kill_after
from wedtui.cache import roller
from wedtui.cache.history import HistoryReader
from wedtui.cache.writer import CacheWriter
from wedtui.core.history import HistoryPoint, Question
from wedtui.core.rollup import HOUR, MINUTE, RANKS, STEPS, Aggregate, nearest_rank
from wedtui.errors import NotFoundError
from wedtui.store.instants import from_microseconds, to_microseconds


def roll(path: Path, now: datetime) -> int:
    """Roll until nothing is left; return how often it took."""
    with writing(path) as writer:
        return roll_all(writer, now)


def expected(samples: Samples, step: int, until: datetime) -> set[tuple[object, ...]]:
    """Compute the buckets of a step that are over, the plain way."""
    buckets: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for at, value in samples.items():
        micro = to_microseconds(at)
        buckets[micro // (step * 10**6) * step * 10**6].append((micro, value))
    settled = to_microseconds(until - timedelta(seconds=15))
    found: set[tuple[object, ...]] = set()
    for start, here in buckets.items():
        values = [value for _at, value in here]
        if start + step * 10**6 <= settled:
            low, high = min(values), max(values)
            low_at, high_at = (min(at for at, value in here if value == which) for which in (low, high))
            found.add((start, len(here), math.fsum(values), low, low_at, high, high_at))
    return found


def assert_rolled(path: Path, samples: Samples, until: datetime) -> None:
    for step in STEPS:
        statement = f"SELECT start, count, total, low, low_at, high, high_at FROM rollup WHERE step = {step}"
        assert set(rows(path, statement)) == expected(samples, step, until), step


def test_what_is_over_is_rolled_and_what_is_not_is_left(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 2 * DAY, NOW, 47 * SECOND)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
    assert_rolled(path, samples, NOW)
    before = rows(path, "SELECT * FROM rollup")
    assert roll(path, NOW) == 1
    assert rows(path, "SELECT * FROM rollup") == before
    assert rows(path, "SELECT * FROM rollup_due") == []


def test_late_and_replaced_samples_are_taken_in_once(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 2 * DAY, NOW, 60 * SECOND)
    late = walk(NOW - 3 * DAY, NOW - DAY, 1013 * SECOND, seed=2)
    replaced = {at: value + 1 for at, value in list(samples.items())[::100]}
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
        for more in (late, replaced, late):
            store(writer, more)
            samples |= more
            roll_all(writer, NOW)
            assert_rolled(path, samples, NOW)


def test_a_long_history_is_caught_up_with_in_bounded_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PASSED_AT_ONCE", 50), ("DUE_AT_ONCE", 20), ("ROWS_AT_ONCE", 30), ("STRETCH", 3)):
        monkeypatch.setattr(roller, name, value)
    path, samples = tmp_path / "c.db", walk(NOW - DAY, NOW, 100 * SECOND)
    # A clock that was wrong for one sample long ago does not make it walk through the years.
    samples[NOW - 3000 * DAY] = 1.0
    with writing(path) as writer:
        store(writer, samples)
        assert roll_all(writer, NOW) > 30
    assert_rolled(path, samples, NOW)


def roll_forever(pipe: Connection[int, int], url: str) -> None:
    for name, value in (("PASSED_AT_ONCE", 40), ("DUE_AT_ONCE", 15)):
        setattr(roller, name, value)
    writer = CacheWriter(url)
    for number in itertools.count():
        writer.roll(NOW)
        pipe.send(number)


def test_kill_9_while_rolling_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - DAY, NOW, 90 * SECOND)
    dice = random.Random(20260606)
    with writing(path) as writer:
        store(writer, samples)
    for kill in range(12):
        kill_after(dice.randint(1, 6), roll_forever, PLACES.url(path))
        late = walk(NOW - DAY, NOW, 4000 * SECOND, seed=kill)
        with writing(path) as writer:
            store(writer, {at + kill * SECOND: value for at, value in late.items()})
        samples |= {at + kill * SECOND: value for at, value in late.items()}
    roll(path, NOW)
    assert_rolled(path, samples, NOW)


def test_nothing_is_deleted_that_is_not_rolled_up(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 2 * DAY, NOW, 60 * SECOND)
    with writing(path) as writer:
        store(writer, dict(list(samples.items())[:600]))
        roll_all(writer, NOW - 1.75 * DAY)
        store(writer, samples)
        writer.prune(NOW)
        assert rows(path, "SELECT min(at) FROM sample")[0][0] <= to_microseconds(NOW - 1.75 * DAY)
        roll_all(writer, NOW)
        writer.prune(NOW)
        writer.prune_rollups(dict.fromkeys(STEPS[:-1], NOW))
        # Eleven hours of the day that is not over.
        assert rows(path, "SELECT count(*) FROM rollup WHERE step = 3600") == [(11,)]
        roll_all(writer, NOW + DAY)
    days = "SELECT start, count, total, low, low_at, high, high_at FROM rollup WHERE step = 86400"
    assert set(rows(path, days)) == expected(samples, 86400, NOW + DAY)


def test_retention_is_by_step(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 4 * DAY, NOW, 300 * SECOND)
    before = {60: NOW - DAY, 300: NOW - 2 * DAY, 900: NOW - 2.5 * DAY, 3600: NOW - 3 * DAY, 86400: NOW - 30 * DAY}
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
        writer.prune(NOW - DAY / 2)
        while writer.prune_rollups(before, limit=70).more:
            pass
    for step, since in before.items():
        kept = {row for row in expected(samples, step, NOW) if from_microseconds(int(str(row[0]))) >= since}
        statement = f"SELECT start, count, total, low, low_at, high, high_at FROM rollup WHERE step = {step}"
        assert set(rows(path, statement)) == kept


def test_a_bucket_whose_samples_are_gone_is_not_made_anew_from_one_that_is_late(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 2 * DAY, NOW, 60 * SECOND)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
        writer.prune(NOW - DAY)
        writer.record([signal(NOW - 1.5 * DAY + SECOND, 7.0)])
        roll_all(writer, NOW)
    assert_rolled(path, samples, NOW)
    assert rows(path, "SELECT * FROM rollup_due") == []


# Asking.


def ask(path: Path, stretch: tuple[datetime, datetime], interval: int, aggregate: str, name: str = "cpu") -> Answered:
    start, end = map(to_microseconds, stretch)
    reader = HistoryReader(PLACES.url(path))
    try:
        question = Question("aws", name, start, end, interval * 10**6, Aggregate(aggregate))
        found = reader.gather(question)
        return Answered(found.points(), [part.source for part in found.parts], [tuple(s) for s in found.missing])
    finally:
        reader.close()


class Answered:
    def __init__(self, points: tuple[HistoryPoint, ...], sources: list[str], missing: list[tuple[object, ...]]) -> None:
        self.points, self.sources, self.missing = points, sources, missing

    @property
    def by_instant(self) -> dict[datetime, HistoryPoint]:
        return {from_microseconds(point.at): point for point in self.points}


def plainly(samples: Samples, start: datetime, end: datetime, interval: int) -> dict[datetime, list[float]]:
    width = interval * 10**6
    found: dict[datetime, list[float]] = defaultdict(list)
    for at, value in samples.items():
        if start <= at < end:
            micro = to_microseconds(at)
            found[from_microseconds(micro - micro % width)].append(value)
    return dict(found)


PLAIN: dict[str, Callable[[list[float]], float]] = {
    "avg": lambda v: math.fsum(v) / len(v),
    "sum": math.fsum,
    "min": min,
    "max": max,
    "count": len,
}
NAMES = ("cpu", "latency_p95_ms")
BEGAN = datetime(2026, 6, 5, tzinfo=NOW.tzinfo)


def day(seed: int) -> Samples:
    """Make up a day with a heavy tail, a gap of two hours and instants that are not whole seconds."""
    chance = random.Random(seed)
    return {
        BEGAN + timedelta(seconds=10 * n, microseconds=chance.randrange(10**6)): chance.lognormvariate(3, 1.2)
        for n in range(8640)
        if not 3600 <= n < 4320
    }


_SIMULATED: dict[str, tuple[Path, dict[str, Samples]]] = {}


@pytest.fixture
def simulated(system: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Samples]]:
    """A day on each system, made once."""
    if system not in _SIMULATED:
        _SIMULATED[system] = _simulate(tmp_path_factory.mktemp("day") / "c.db")
    return _SIMULATED[system]


def _simulate(path: Path) -> tuple[Path, dict[str, Samples]]:
    worlds = {name: day(seed) for seed, name in enumerate(NAMES)}
    with writing(path) as writer:
        for name, samples in worlds.items():
            store(writer, samples, name)
        roll_all(writer, BEGAN + DAY + timedelta(minutes=40))
    return path, worlds


RANGES = [
    (BEGAN, BEGAN + DAY),
    (BEGAN + timedelta(minutes=17, seconds=3), BEGAN + timedelta(hours=23, minutes=41, seconds=9)),
]


@pytest.mark.parametrize("interval", [30, 60, 300, 900, 1800, 3600, 21600, 86400])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("start", "end"), RANGES)
def test_a_day_says_what_its_samples_say(
    simulated: tuple[Path, dict[str, Samples]], interval: int, name: str, start: datetime, end: datetime
) -> None:
    path, worlds = simulated
    wanted = plainly(worlds[name], start, end, interval)
    for aggregate, compute in PLAIN.items():
        found = ask(path, (start, end), interval, aggregate, name)
        assert found.missing == []
        assert {at: point.count for at, point in found.by_instant.items()} == {a: len(v) for a, v in wanted.items()}
        for at, point in found.by_instant.items():
            assert point.value == pytest.approx(compute(wanted[at]), rel=1e-9)
    for aggregate, rank in RANKS.items():
        found = ask(path, (start, end), interval, aggregate, name)
        assert found.by_instant.keys() == wanted.keys()
        off = []
        for at, point in found.by_instant.items():
            values = wanted[at]
            assert point.value is not None
            if not point.rank_error:
                assert point.value == pytest.approx(nearest_rank(values, rank), rel=1e-6)
                continue
            # 32-bit floats: a hair to each side.
            below = sum(v < point.value * (1 - 1e-6) for v in values) / len(values)
            upto = sum(v <= point.value * (1 + 1e-6) for v in values) / len(values)
            off.append(max(below - rank, rank - upto, 0.0) / point.rank_error)
            # One value itself is a share of them.
            assert point.rank_error <= 0.011
        # Stated at two standard deviations: five of a hundred may be outside, none is by as much again.
        assert sum(each > 1 for each in off) <= len(off) / 4
        assert all(each <= 2.5 for each in off)


def test_the_resolution_that_answers_is_the_coarsest_with_finer_edges(
    simulated: tuple[Path, dict[str, Samples]],
) -> None:
    path, _worlds = simulated
    assert ask(path, RANGES[0], HOUR, "avg").sources == ["roll-ups of 1h"]
    assert ask(path, RANGES[0], MINUTE, "p95").sources == ["samples"]
    start, end = RANGES[1]
    edges = ["samples", "roll-ups of 5m", "roll-ups of 15m", "roll-ups of 1h"]
    assert ask(path, (start, end), 86400, "p95").sources == [*edges, "roll-ups of 15m", "roll-ups of 5m", "samples"]


def test_a_gap_has_no_point(simulated: tuple[Path, dict[str, Samples]]) -> None:
    path, _worlds = simulated
    hours = ask(path, RANGES[0], HOUR, "sum").by_instant
    assert set(range(24)) - {at.hour for at in hours} == {10, 11}


def test_what_is_deleted_is_said_to_be_missing_and_coarser_buckets_still_answer(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 3 * DAY, NOW, 60 * SECOND)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
        writer.prune(NOW - DAY)
    assert ask(path, (NOW - 3 * DAY, NOW), HOUR, "max").missing == []
    minutes = ask(path, (NOW - 3 * DAY, NOW), MINUTE, "p95")
    assert minutes.missing == [(None, to_microseconds(NOW - 3 * DAY), to_microseconds(NOW - DAY))]
    assert min(minutes.by_instant) == NOW - DAY
    with writing(path) as writer:
        # Before it is known to be useless, what is due must not hide what is rolled.
        writer.record([signal(NOW - 2 * DAY + SECOND, 7.0)])
    assert ask(path, (NOW - 3 * DAY, NOW), HOUR, "max").missing == []


def test_before_its_first_sample_a_series_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        store(writer, walk(NOW - DAY + timedelta(minutes=30), NOW, 60 * SECOND))
    found = ask(path, (NOW - 10 * DAY, NOW), HOUR, "count")
    assert found.missing == [(None, to_microseconds(NOW - 10 * DAY), to_microseconds(NOW - DAY))]
    assert sum(point.count for point in found.points) == 1410
    with pytest.raises(NotFoundError, match='"aws" has no history of "memory": there is "cpu"'):
        ask(path, (NOW - DAY, NOW), HOUR, "avg", "memory")


def test_what_is_rolled_but_due_again_is_read_from_below(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - DAY, NOW, 60 * SECOND)
    late = walk(NOW - DAY, NOW, 1013 * SECOND, seed=2)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
        store(writer, late)
    wanted = plainly(samples | late, NOW - DAY, NOW, 900)
    found = ask(path, (NOW - DAY, NOW), 900, "sum")
    assert {at: point.value for at, point in found.by_instant.items()} == {a: sum(v) for a, v in wanted.items()}


def test_the_series_that_there_are_with_all_that_is_kept_of_them(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - 3 * DAY, NOW, 60 * SECOND)
    with writing(path) as writer:
        writer.record([signal(NOW - DAY, 1.0, name="latency_p95_ms")])
        store(writer, samples)
        roll_all(writer, NOW)
        writer.prune(NOW - DAY)
    reader = HistoryReader(PLACES.url(path))
    found = reader.series()
    reader.close()
    newest = NOW - 60 * SECOND
    assert [(s.signal, s.first, s.newest, s.count) for s in found] == [
        ("cpu", NOW - 3 * DAY, newest, len(samples)),
        ("latency_p95_ms", NOW - DAY, NOW - DAY, 1),
    ]


def test_configuration_says_how_long_each_step_is_kept() -> None:
    section = configuration(cache={"keep_rollups": {"5m": "60d"}}).cache
    assert {step: span.days for step, span in section.keep_rollups.items()} == {
        "1m": 14,
        "5m": 60,
        "15m": 90,
        "1h": 400,
        "1d": 1826,
    }
    with pytest.raises(ValueError, match="expected 15m to be kept at least as long as 5m"):
        configuration(cache={"keep_rollups": {"5m": "91d"}})
    with pytest.raises(ValueError, match="keep_rollups"):
        configuration(cache={"keep_rollups": {"2m": "91d"}})


def test_a_configured_cache_is_needed_by_nobody(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        configure(writer)
        assert not writer.roll(NOW).more
    assert rows(tmp_path / "c.db", "SELECT * FROM rollup_mark") == []
