"""Batches of many samples: a server takes them as one stream, and nothing about them is different."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from tests.cache.base import NOW, SECOND, probe, reading, signal, writing
from tests.places import PLACES
from wedtui.cache.kind import CACHE

MANY = 1_000
BATCH = [signal(NOW + k * SECOND, float(k)) for k in range(MANY)]


def stored(path: Path) -> list[tuple[float]]:
    return PLACES.execute(path, CACHE, "SELECT value FROM sample ORDER BY series, at")


def test_a_second_value_in_the_same_batch_replaces_the_first(tmp_path: Path) -> None:
    again = [signal(NOW + 7 * SECOND, 0.25), signal(NOW + 700 * SECOND, 0.75)]
    with writing(tmp_path / "c.db") as writer:
        assert writer.record([*BATCH, *again]) == 0
    wanted = [float(k) for k in range(MANY)]
    wanted[7], wanted[700] = 0.25, 0.75
    assert stored(tmp_path / "c.db") == [(value,) for value in wanted]


def test_a_second_value_in_a_later_batch_replaces_the_first_and_nothing_of_that_batch_is_lost(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([signal(NOW + 500 * SECOND, -1.0), signal(NOW + MANY * SECOND, -2.0)])
        assert writer.record([probe(NOW), *BATCH]) == 0
        # And all of it once more, as after an answer that was lost on its way.
        assert writer.record(BATCH) == 0
    with reading(tmp_path / "c.db") as reader:
        aws = reader.facts(NOW).providers[0]
    cpu = aws.signal("cpu")
    assert cpu is not None
    assert (cpu.value, cpu.measured_at) == (MANY - 1.0, BATCH[-1].at)
    assert len(aws.probes[0].rounds) == 1
    assert sorted(value for (value,) in stored(tmp_path / "c.db")) == sorted([-2.0, 120.0, *map(float, range(MANY))])


def test_a_value_that_is_refused_leaves_its_whole_batch_out(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        PLACES.execute(tmp_path / "c.db", CACHE, "CREATE UNIQUE INDEX no_value_twice ON sample (value)")
        twice = signal(NOW + MANY * SECOND, MANY / 2)
        with pytest.raises(IntegrityError):
            writer.record([probe(NOW), *BATCH, twice])
        assert stored(tmp_path / "c.db") == []
        with reading(tmp_path / "c.db") as reader:
            aws = reader.facts(NOW).providers[0]
        assert aws.probes[0].rounds == ()
        assert [s.value for s in aws.signals] == [None, None]
        assert writer.record(BATCH) == 0
    assert len(stored(tmp_path / "c.db")) == MANY


def test_what_comes_late_among_many_is_rolled_up_again(tmp_path: Path) -> None:
    late = NOW + (MANY // 2) * SECOND
    with writing(tmp_path / "c.db") as writer:
        writer.record([s for s in BATCH if s.at != late])
        while writer.roll(NOW + 2 * MANY * SECOND).more:
            pass
        writer.record([signal(late, 5000.0), *(signal(NOW + k * SECOND, 0.0) for k in range(MANY, 2 * MANY))])
        while writer.roll(NOW + 2 * MANY * SECOND).more:
            pass
    asked = "SELECT max(high), sum(count) FROM rollup WHERE step = 60"
    ((high, count),) = PLACES.execute(tmp_path / "c.db", CACHE, asked)
    assert (high, count > MANY) == (5000.0, True)
