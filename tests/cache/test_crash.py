"""kill -9 in the middle of writes, many times: what was acknowledged is there, and no batch is there in part."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from tests.cache.base import NOW, SECOND, configure, probe, reading, signal, writing
from tests.places import SQLITE
from tests.store.processes import kill_after
from wedtui.cache.writer import CacheWriter

# What happens to a file, its locks and its log.
ONLY_ON = SQLITE

KILLS = 25
BATCH = 20
CPU = "SELECT value FROM sample JOIN series ON id = series WHERE signal = 'cpu'"


def write_forever(pipe: Connection[int, int], url: str, first: int) -> None:
    pipe.send(0)
    writer = CacheWriter(url)
    configure(writer)
    number = first
    while True:
        rounds = [probe(NOW, ms=float(number), failure=str(k)) for k in range(BATCH)]
        writer.record([*rounds, signal(NOW + number * SECOND, float(number))])
        pipe.send(number)
        number += 1


def test_nothing_committed_is_lost_and_nothing_half_done_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    dice = random.Random(20260606)
    committed = 0
    for kill in range(KILLS):
        first = 1 + 1000 * kill
        sent = kill_after(dice.randint(1, 40), write_forever, f"sqlite:///{path}", first)
        numbers = sent[1:]
        assert numbers == list(range(first, first + len(numbers)))
        committed += len(numbers)
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            stored = Counter(int(ms) for (ms,) in connection.execute("SELECT latency_ms FROM probe_round"))
            values = {int(value) for (value,) in connection.execute(CPU)}
        assert set(numbers) <= stored.keys()
        assert set(stored.values()) <= {BATCH}
        assert values == stored.keys()
        # At most the batch that was under way when it died came on top of what it could still tell us.
        assert len([n for n in stored if n >= first]) - len(numbers) in {0, 1}
    assert committed > KILLS
    with reading(path) as reader:
        assert len(reader.facts(NOW).providers) == 2


def test_a_cache_that_was_killed_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / str(number) / "c.db"
        kill_after(1, write_forever, f"sqlite:///{path}", 1)
        with writing(path) as writer:
            assert writer.record([probe()]) == 0
