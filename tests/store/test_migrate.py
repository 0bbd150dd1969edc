from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from wedtui.cache import tables as cache_tables
from wedtui.cache.kind import CACHE
from wedtui.errors import StoreUnreadableError, StoreVersionError
from wedtui.ledger import tables as ledger_tables
from wedtui.ledger.kind import LEDGER
from wedtui.store.kind import Kind
from wedtui.store.opening import Writable, readable, writable

BOTH = pytest.mark.parametrize(
    ("kind", "metadata"),
    [(CACHE, cache_tables.METADATA), (LEDGER, ledger_tables.METADATA)],
    ids=["cache", "ledger"],
)

ENV = """
from alembic import context
context.configure(connection=context.config.attributes["connection"], target_metadata=None)
with context.begin_transaction():
    context.run_migrations()
"""
REVISION = """
from alembic import op
revision, down_revision, branch_labels, depends_on = {revision!r}, {before!r}, None, None
def upgrade():
    for statement in {statements!r}:
        op.execute(statement)
"""


@contextmanager
def opened(path: Path, kind: Kind) -> Iterator[Writable]:
    store = writable(f"sqlite:///{path}", kind)
    try:
        yield store
    finally:
        store.close()


def set_version(path: Path, version: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def read(path: Path, kind: Kind) -> None:
    reader = readable(f"sqlite:///{path}", kind)
    try:
        with reader.reading():
            pass
    finally:
        reader.close()


@BOTH
def test_the_history_makes_exactly_the_tables(tmp_path: Path, kind: Kind, metadata: MetaData) -> None:
    with opened(tmp_path / "s.db", kind) as store, store.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


@BOTH
def test_the_history_makes_tables_as_sqlite_would_be_told_to(tmp_path: Path, kind: Kind, metadata: MetaData) -> None:
    """What `compare_metadata` does not look at: WITHOUT ROWID, AUTOINCREMENT."""
    with opened(tmp_path / "s.db", kind) as store, store.writing() as connection:
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        made = {row.name: str(row.sql) for row in found}
    for table in metadata.tables.values():
        options = table.dialect_options["sqlite"]
        assert ("WITHOUT ROWID" in made[table.name]) == (options["with_rowid"] is False)
        assert ("AUTOINCREMENT" in made[table.name]) == bool(options["autoincrement"])


@BOTH
def test_the_known_revisions_are_those_of_the_history(kind: Kind, metadata: MetaData) -> None:
    config = Config()
    config.set_main_option("script_location", f"{kind.package}:migrations")
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == kind.revisions
    assert all(revision.startswith(f"{kind.name}_") for revision in revisions)


@BOTH
@pytest.mark.parametrize("version", ["9999", "{name}_0042"])
def test_a_newer_store_is_refused_and_left_as_it_is(
    tmp_path: Path, kind: Kind, metadata: MetaData, version: str
) -> None:
    path = tmp_path / "s.db"
    with opened(path, kind) as store:
        assert store.settle()
    set_version(path, version.format(name=kind.name))
    before = path.read_bytes()
    for attempt in (lambda: read(path, kind), lambda: writable(f"sqlite:///{path}", kind)):
        with pytest.raises(StoreVersionError, match=r"s\.db was written by a newer wedtui .*: upgrade"):
            attempt()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.db"]


@BOTH
def test_a_reader_of_an_older_store_is_told_who_migrates_it(tmp_path: Path, kind: Kind, metadata: MetaData) -> None:
    path = tmp_path / "s.db"
    with opened(path, kind):
        pass
    newer = replace(kind, revisions=(*kind.revisions, f"{kind.name}_9999"))
    with pytest.raises(StoreVersionError, match=r"older wedtui: start the service"):
        read(path, newer)


def test_the_other_kind_of_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with opened(path, CACHE):
        pass
    for attempt in (lambda: read(path, LEDGER), lambda: writable(f"sqlite:///{path}", LEDGER)):
        with pytest.raises(StoreUnreadableError, match="holds a cache, not a ledger"):
            attempt()


def test_a_database_of_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE guests (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreUnreadableError, match="database of something else"):
        writable(f"sqlite:///{path}", CACHE)
    with pytest.raises(StoreUnreadableError, match="is not a cache"):
        read(path, CACHE)
    assert path.read_bytes() == before


def history(folder: Path, monkeypatch: pytest.MonkeyPatch, steps: list[list[str]]) -> None:
    """Make an importable package with a history of the given statements, one list a revision."""
    versions = folder / "grown" / "migrations" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (folder / "grown" / "__init__.py").touch()
    (versions.parent / "env.py").write_text(ENV)
    for number, statements in enumerate(steps, start=1):
        before = f"ledger_{number - 1:04}" if number > 1 else None
        source = REVISION.format(revision=f"ledger_{number:04}", before=before, statements=statements)
        (versions / f"ledger_{number:04}.py").write_text(source)
    monkeypatch.delitem(sys.modules, "grown", raising=False)
    monkeypatch.syspath_prepend(folder)


def rows(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT * FROM decision ORDER BY 1").fetchall()


FIRST = ["CREATE TABLE decision (id INTEGER PRIMARY KEY, by TEXT)"]
SECOND = ["ALTER TABLE decision ADD COLUMN why TEXT", "UPDATE decision SET why = 'not said'"]


def grown(*numbers: int) -> Kind:
    return replace(LEDGER, package="grown", revisions=tuple(f"ledger_{n:04}" for n in numbers))


def test_a_ledger_is_copied_before_it_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history(tmp_path, monkeypatch, [FIRST, SECOND])
    path = tmp_path / "state" / "ledger.db"
    history_one = tmp_path / "grown" / "migrations" / "versions" / "ledger_0002.py"
    later = history_one.read_text()
    history_one.unlink()
    with opened(path, grown(1)) as store, store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO decision (by) VALUES ('ada')")
    history_one.write_text(later)
    with opened(path, grown(1, 2)) as store, store.writing() as connection:
        assert connection.exec_driver_sql("SELECT * FROM decision").all() == [(1, "ada", "not said")]
    copy = path.with_name("ledger.db.before-ledger_0002")
    assert rows(copy) == [(1, "ada")]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not path.with_name("ledger.db.before-ledger_0002.part").exists()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history(tmp_path, monkeypatch, [FIRST, [*SECOND, "INSERT INTO nowhere VALUES (1)"]])
    path = tmp_path / "ledger.db"
    broken = tmp_path / "grown" / "migrations" / "versions" / "ledger_0002.py"
    later = broken.read_text()
    broken.unlink()
    with opened(path, grown(1)) as store, store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO decision (by) VALUES ('ada')")
    broken.write_text(later)
    with pytest.raises(StoreUnreadableError, match="nowhere"):
        writable(f"sqlite:///{path}", grown(1, 2))
    assert rows(path) == [(1, "ada")]
    broken.unlink()
    with opened(path, grown(1)) as store, store.writing() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "ledger_0001"
