from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from wedtui.cache.kind import CACHE
from wedtui.errors import ConfigurationError, StoreUnreadableError
from wedtui.ledger.kind import LEDGER
from wedtui.store.kind import Kind
from wedtui.store.opening import WRITER_WAITS, writable
from wedtui.store.sqlite.engine import open_for_reading, open_for_writing, pragma
from wedtui.store.sqlite.place import database_path, url_of

KINDS = pytest.mark.parametrize("kind", [CACHE, LEDGER], ids=lambda kind: kind.name)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://me:hunter2@db/wedtui", "names mysql, which is not supported"),
        ("/var/lib/wedtui/hunter2.db", "is not a database URL"),
        ("sqlite:///hunter2.db", "does not name one file for every process"),
        ("sqlite://", "does not name one file"),
        ("sqlite:///:memory:", "does not name one file"),
        ("sqlite:////var/lib/wedtui/c.db?key=hunter2", "does not name one file"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        database_path(url, CACHE)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "sqlite:////" in str(refused.value)


@KINDS
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_are_never_more_or_less_readable_than_they_should_be(tmp_path: Path, kind: Kind, umask: int) -> None:
    path = tmp_path / "state" / f"{kind.name}.db"
    before = os.umask(umask)
    try:
        store = writable(f"sqlite:///{path}", kind)
        with store.writing() as connection:
            connection.exec_driver_sql("CREATE TABLE t (a)")
        modes = {p.name.removeprefix(path.name): mode(p) for p in path.parent.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(["", "-wal", "-shm"], kind.file_mode)
    assert mode(path.parent) == 0o750


def test_the_permissions_of_an_existing_file_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    path.touch()
    path.chmod(0o600)
    writable(f"sqlite:///{path}", CACHE).close()
    assert mode(path) == 0o600


@KINDS
def test_how_a_writer_writes(tmp_path: Path, kind: Kind) -> None:
    store = writable(f"sqlite:///{tmp_path}/s.db", kind)
    store.close()
    engine = open_for_writing(f"sqlite:///{tmp_path}/s.db", kind, waits=WRITER_WAITS)
    assert pragma(engine, "journal_mode") == "wal"
    assert pragma(engine, "synchronous") == (2 if kind.durable else 1)
    assert pragma(engine, "foreign_keys") == 1
    assert pragma(engine, "busy_timeout") == 5000
    engine.dispose()


def test_a_reader_makes_no_file(tmp_path: Path) -> None:
    engine = open_for_reading(f"sqlite:///{tmp_path}/none/cache.db", CACHE, waits=WRITER_WAITS)
    with pytest.raises(Exception, match="unable to open"):
        pragma(engine, "data_version")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["50 % #1", "a?mode=rw&b", "%41", "Grüße 🎉", "'\"", "file:x"])
def test_a_path_with_signs_that_mean_something_in_a_url(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / "cache.db"
    url = url_of(path)
    assert database_path(url, CACHE) == path
    writable(url, CACHE).close()
    assert [p.name for p in tmp_path.iterdir()] == [name]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (CACHE.head,)
    engine = open_for_reading(url, CACHE, waits=WRITER_WAITS)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        pragma(engine, "user_version = 1")
    engine.dispose()


def test_a_directory_that_cannot_be_made_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnreadableError, match=r"file/cache\.db"):
        writable(f"sqlite:///{tmp_path}/file/cache.db", CACHE)


def test_a_file_that_is_taken_away_under_its_writer_is_noticed(tmp_path: Path) -> None:
    store = writable(f"sqlite:///{tmp_path}/cache.db", CACHE)
    (tmp_path / "cache.db").unlink()
    with pytest.raises(StoreUnreadableError, match="taken away"), store.writing():
        pass
    (tmp_path / "cache.db").touch()
    with pytest.raises(StoreUnreadableError, match="taken away"), store.writing():
        pass
    store.close()
