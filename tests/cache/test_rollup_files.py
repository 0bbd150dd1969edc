"""Roll-ups in a file that is older than they are, or damaged."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cache.base import NOW, SECOND, writing
from tests.cache.rolling import DAY, roll_all, store, walk
from tests.cache.test_rollups import ask, assert_rolled, roll
from tests.places import SQLITE
from wedtui.cache.kind import CACHE
from wedtui.core.rollup import HOUR
from wedtui.store.history import upgrade
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import WRITER_WAITS
from wedtui.store.sqlite.engine import open_for_writing

ONLY_ON = SQLITE


def test_an_old_cache_is_brought_up_to_date_and_its_samples_are_rolled_up(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - DAY, NOW, 60 * SECOND)
    engine = open_for_writing(f"sqlite:///{path}", CACHE, waits=WRITER_WAITS)
    with engine.begin() as connection:
        upgrade(connection, CACHE, "cache_0001")
        connection.exec_driver_sql("INSERT INTO series (id, provider, signal) VALUES (1, 'aws', 'cpu')")
        old = [(1, to_microseconds(at), value) for at, value in samples.items()]
        connection.exec_driver_sql("INSERT INTO sample (series, at, value) VALUES (?, ?, ?)", old)
    engine.dispose()
    roll(path, NOW)
    assert_rolled(path, samples, NOW)


@pytest.mark.parametrize(
    "damage", ["zeroblob(40)", "NULL", "x''", "x'00'", "substr(sketch, 1, 60)", "CAST(sketch || x'00' AS BLOB)"]
)
def test_damaged_sketches_cost_their_quantiles_and_nothing_else(tmp_path: Path, damage: str) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - DAY, NOW, 10 * SECOND)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
        noon = to_microseconds(NOW - timedelta(hours=3))
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"UPDATE rollup SET sketch = {damage} WHERE step >= 900 AND start = {noon}")
        points = ask(path, (NOW - DAY, NOW), HOUR, "p95").by_instant
        assert [at for at, point in points.items() if point.value is None] == [NOW - timedelta(hours=3)]
        assert points[NOW - timedelta(hours=3)].count == 360
        assert ask(path, (NOW - DAY, NOW), HOUR, "max").by_instant[NOW - timedelta(hours=3)].value is not None
        # Whoever rolls it on says so, and is not held up by it.
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("INSERT INTO rollup_due (step, start, series) SELECT 3600, ?, id FROM series", (noon,))
        assert sum(writer.roll(NOW).damaged for _ in range(4)) == 1
        roll_all(writer, NOW)
    assert_rolled(path, samples, NOW)


def test_flipped_bits_never_end_the_process(tmp_path: Path) -> None:
    path, samples = tmp_path / "c.db", walk(NOW - DAY, NOW, 10 * SECOND)
    dice = random.Random(7)
    with writing(path) as writer:
        store(writer, samples)
        roll_all(writer, NOW)
    with closing(sqlite3.connect(path)) as connection, connection:
        found = connection.execute("SELECT step, start, sketch FROM rollup WHERE sketch IS NOT NULL").fetchall()
        for step, start, sketch in found:
            flipped = bytearray(sketch)
            for _ in range(dice.randint(1, 3)):
                flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
            where = (bytes(flipped), step, start)
            connection.execute("UPDATE rollup SET sketch = ? WHERE step = ? AND start = ?", where)
    for interval in (300, 900, 3600):
        # The last five minutes are samples.
        *points, _last = ask(path, (NOW - DAY, NOW), interval, "p99").points
        assert points
        assert all(point.value is None for point in points)
