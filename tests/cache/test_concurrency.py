"""Readers and the writer never wait for each other."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cache.base import NOW, SECOND, probe, reading, signal, writing
from tests.places import SQLITE

# What happens to a file, its locks and its log.
ONLY_ON = SQLITE

COUNT = "SELECT count(*) FROM sample"


def reader_of(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=0, isolation_level=None)


def test_a_reading_in_progress_does_not_stop_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer, closing(reader_of(path)) as other:
        writer.record([signal()])
        other.execute("BEGIN")
        assert other.execute(COUNT).fetchone() == (1,)
        for k in range(1, 50):
            writer.record([signal(NOW + k * SECOND)])
        assert other.execute(COUNT).fetchone() == (1,)
        other.execute("ROLLBACK")
        assert other.execute(COUNT).fetchone() == (50,)


def test_a_writing_in_progress_does_not_stop_readers(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer, reading(path) as reader:
        writer.record([probe()])
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            reader.changed()
            other.execute("BEGIN IMMEDIATE")
            other.execute("DELETE FROM probe_round")
            assert not reader.changed()
            assert len(reader.facts(NOW).providers[0].probes[0].rounds) == 1
            other.execute("COMMIT")
            assert reader.changed()
            assert reader.facts(NOW).providers[0].probes[0].rounds == ()


def test_a_reader_leaves_no_transaction_open(tmp_path: Path) -> None:
    """A checkpoint can only start the log anew while nobody reads."""
    path = tmp_path / "c.db"
    with writing(path) as writer, reading(path) as reader:
        writer.record([probe(), signal()])
        reader.changed()
        reader.facts(NOW)
        reader.series("aws", "cpu", NOW, NOW)
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
            busy, _log, _done = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert busy == 0
        assert (tmp_path / "c.db-wal").stat().st_size == 0


def test_pruning_goes_on_beside_a_reading(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer, closing(reader_of(path)) as other, reading(path) as reader:
        writer.record([signal(NOW - k * SECOND) for k in range(1000)])
        other.execute("BEGIN")
        cursor = other.execute("SELECT at FROM sample ORDER BY at")
        first = cursor.fetchmany(10)
        assert sum(writer.prune(NOW - 9 * SECOND, limit=100).rows for _ in range(10)) == 990
        assert len(first) + len(cursor.fetchall()) == 1000
        other.execute("ROLLBACK")
        assert len(reader.series("aws", "cpu", NOW - 1000 * SECOND, NOW).points) == 10


def test_the_service_starts_while_dashboards_are_open(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([probe()])
    with reading(path) as reader:
        reader.facts(NOW)
        with writing(path) as writer:
            writer.record([probe(NOW + SECOND)])
            assert reader.changed()
            assert len(reader.facts(NOW).providers[0].probes[0].rounds) == 2


def test_a_clean_stop_leaves_one_file(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe()])
        assert len(list(tmp_path.iterdir())) == 3
        assert writer.close() is True
        assert [p.name for p in tmp_path.iterdir()] == ["c.db"]
