"""Locked, damaged, replaced and missing caches: one sentence each, and nothing that was stored is lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from tests.cache.base import NOW, SECOND, probe, reading, service, signal, writing
from tests.places import SQLITE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.errors import StoreLockedError, StoreMissingError, StoreUnreadableError

# What happens to a file, its locks and its log.
ONLY_ON = SQLITE

READINGS: list[Callable[[CacheReader], object]] = [
    lambda reader: reader.facts(NOW),
    lambda reader: reader.freeze_feeds(),
    lambda reader: reader.mirrored_freeze_periods(),
    lambda reader: reader.series("aws", "cpu", NOW, NOW),
    lambda reader: reader.signals("aws"),
]


def filled(path: Path) -> Path:
    with writing(path) as writer:
        writer.begin(service())
        writer.record([probe(NOW - k * SECOND) for k in range(300)] + [signal(NOW - k * SECOND) for k in range(300)])
    return path


def replaced(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return damage


def overwritten(start: int, end: int | None = None) -> Callable[[Path], None]:
    def change(content: bytes) -> bytes:
        after = b"" if end is None else content[end:]
        return content[:start] + b"\xa5" * (len(content) - start - len(after)) + after

    return replaced(change)


def statement(sql: str, *values: object) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(sql, values)

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "header": overwritten(0, 100),
    "pages": overwritten(4096),
    "a text": replaced(lambda _content: b"Dear guests, this is not a database. " * 100),
    "cut off": replaced(lambda content: content[:6000]),
    "a table is missing": statement("DROP TABLE probe"),
    "not an instant": statement("UPDATE probe_seen SET measured_at = 'yesterday'"),
    "an instant beyond time": statement("UPDATE probe_seen SET measured_at = ?", 2**62),
    "not JSON": statement("UPDATE service SET problems = '['"),
    "not UTF-8": statement("UPDATE provider SET kind = CAST(x'ff' AS TEXT)"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_cache_is_said_in_one_sentence(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = filled(tmp_path / "c.db")
    damage(path)
    before = path.read_bytes()
    with reading(path) as reader:
        with pytest.raises(StoreUnreadableError) as raised:
            reader.facts(NOW)
        assert reader.changed()
    sentence = str(raised.value)
    assert sentence.startswith(str(path))
    assert sentence.endswith(
        "start it again: a new cache fills itself within a minute, "
        "but weddings that were imported by hand have to be imported again"
    )
    assert "\n" not in sentence
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["header", "a text", "pages"])
def test_a_writer_refuses_a_damaged_cache_and_leaves_it(tmp_path: Path, name: str) -> None:
    path = filled(tmp_path / "c.db")
    DAMAGES[name](path)
    before = path.read_bytes()[100:]
    with pytest.raises(StoreUnreadableError, match=r"c\.db .*: stop the service, move the file away"), writing(path):
        pass
    assert path.read_bytes()[100:] == before


@pytest.mark.parametrize("read", READINGS)
def test_there_is_no_cache_yet(tmp_path: Path, read: Callable[[CacheReader], object]) -> None:
    with (
        reading(tmp_path / "c.db") as reader,
        pytest.raises(StoreMissingError, match=r"no cache at .*c\.db: start"),
    ):
        read(reader)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read", READINGS)
def test_an_empty_file_is_not_yet_a_cache(tmp_path: Path, read: Callable[[CacheReader], object]) -> None:
    (tmp_path / "c.db").touch()
    with reading(tmp_path / "c.db") as reader, pytest.raises(StoreUnreadableError, match="not yet one: start the serv"):
        read(reader)
    with writing(tmp_path / "c.db"), reading(tmp_path / "c.db") as reader:
        read(reader)


@pytest.mark.parametrize("read", READINGS)
def test_a_reader_does_not_wait_long_for_a_lock(tmp_path: Path, read: Callable[[CacheReader], object]) -> None:
    path = filled(tmp_path / "c.db")
    with reading(path) as reader, closing(sqlite3.connect(path, isolation_level=None)) as other:
        read(reader)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLockedError, match=r"c\.db is locked by another process: wait"):
            read(reader)
        assert reader.changed()
        other.execute("ROLLBACK")
        read(reader)


def test_a_writer_says_that_the_cache_is_locked_and_loses_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path / "c.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLockedError):
            CacheWriter(f"sqlite:///{path}", waits=SECOND / 20)
        other.execute("ROLLBACK")
    with writing(path) as writer, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLockedError):
            writer.record([signal(NOW + SECOND)])
        other.execute("ROLLBACK")
        assert writer.record([signal(NOW + SECOND)]) == 0
    with reading(path) as reader:
        assert len(reader.series("aws", "cpu", NOW, NOW + SECOND).points) == 2


def test_a_reader_follows_a_cache_that_is_replaced_deleted_and_made_anew(tmp_path: Path) -> None:
    path = filled(tmp_path / "c.db")
    with writing(tmp_path / "other.db") as writer:
        writer.begin(service(instance="other"))

    def instance(reader: CacheReader) -> str | None:
        found = reader.facts(NOW).services
        return found[0].instance if found else None

    with reading(path) as reader:
        assert (reader.changed(), instance(reader), reader.changed()) == (True, "one", False)
        (tmp_path / "other.db").replace(path)
        assert (reader.changed(), instance(reader), reader.changed()) == (True, "other", False)
        path.unlink()
        assert reader.changed()
        with pytest.raises(StoreMissingError):
            reader.facts(NOW)
        with writing(path) as writer:
            assert (reader.changed(), instance(reader)) == (True, None)
            writer.begin(service(instance="third"))
            assert (reader.changed(), instance(reader)) == (True, "third")


def test_a_reader_follows_a_service_through_stop_and_start(tmp_path: Path) -> None:
    """The file goes from write-ahead log to rollback journal and back under a reader that stays."""
    path = filled(tmp_path / "c.db")
    with reading(path) as reader:
        for number in range(4):
            assert reader.changed()
            reader.facts(NOW)
            writer = CacheWriter(f"sqlite:///{path}")
            writer.begin(service(instance=str(number)))
            assert reader.changed()
            (found,) = reader.facts(NOW).services
            assert found.instance == str(number)
            if number % 2:
                reader.close()
            assert writer.close() is bool(number % 2)


def test_what_a_batch_holds_is_in_no_error(tmp_path: Path) -> None:
    """Not even in that of a mistake of ours, which passes through to the log."""
    mistaken = probe(failure="hunter2", passed=None)
    with writing(tmp_path / "c.db") as writer:
        with pytest.raises(IntegrityError) as raised:
            writer.record([mistaken])
        assert "hunter2" not in str(raised.value)
        assert writer.record([probe()]) == 0
