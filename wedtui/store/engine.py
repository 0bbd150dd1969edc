"""Opening a store for its one writer, or for readers that change nothing.

Transactions are explicit: SQLite's driver would begin one by itself before some statements and not before
others. A writer takes the write lock when it begins; a reader sees one consistent snapshot and lets it go.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from wedtui.errors import ConfigurationError, StoreUnreadableError
from wedtui.store.errors import translated
from wedtui.store.kind import Kind

WRITER_WAITS = timedelta(seconds=5)
# A reader is seldom in anyone's way; one that waits long is a dashboard that stands still.
READER_WAITS = timedelta(seconds=1)
DIRECTORY_MODE = 0o750
# A WAL file that grew while a reader was slow is cut back to this many bytes.
WAL_KEPT = 16 * 1024 * 1024


def database_path(url: str, kind: Kind) -> Path:
    """Return the file that an SQLAlchemy URL names.

    Raises:
        ConfigurationError: it names no file, or another database system.
    """
    key = f"{kind.name}.url"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            f"{key} is not a database URL: write sqlite:////absolute/path/{kind.name}.db"
        ) from None
    if parsed.get_backend_name() != "sqlite":
        system = "PostgreSQL" if parsed.get_backend_name().startswith("postgres") else parsed.get_backend_name()
        raise ConfigurationError(
            f"{key} names {system}, which is not supported by this version: use sqlite:////absolute/path/{kind.name}.db"
        )
    # Parsed here: SQLAlchemy's versions differ in whether they decode percent signs.
    name = url.partition(":///")[2]
    path = Path(unquote(name))
    if not path.is_absolute() or "?" in name:
        raise ConfigurationError(
            f"{key} does not name one file for every process: write sqlite:////absolute/path/{kind.name}.db"
        )
    return path


def url_of(path: Path) -> str:
    """Return the URL of a file, whatever signs are in its name: what `database_path` turns back."""
    return f"sqlite:///{quote(str(path))}"


def open_for_writing(url: str, kind: Kind, *, waits: timedelta = WRITER_WAITS) -> Engine:
    """Return an engine for the one process that writes; it makes the file and its directory where there is none.

    Nothing is changed in an existing file; `store.migrate` does that.

    Raises:
        ConfigurationError: the URL is not supported.
        StoreError: the file cannot be made.
    """
    path = database_path(url, kind)
    with translated(path, kind):
        _make(path, kind)
    # SQLite acknowledges a commit when it is in the WAL; FULL also waits for the disk.
    synchronous = "FULL" if kind.durable else "NORMAL"
    pragmas = (
        "PRAGMA foreign_keys = ON",
        f"PRAGMA synchronous = {synchronous}",
        f"PRAGMA journal_size_limit = {WAL_KEPT}",
    )
    return _engine(path, "rw", waits, pragmas, begin="BEGIN IMMEDIATE")


def open_for_reading(url: str, kind: Kind, *, waits: timedelta = READER_WAITS) -> Engine:
    """Return an engine that never makes a file and never changes one.

    Raises:
        ConfigurationError: the URL is not supported.
    """
    return _engine(database_path(url, kind), "ro", waits, ("PRAGMA query_only = ON",), begin="BEGIN")


def enter_wal(engine: Engine, path: Path) -> None:
    """Let readers read while the writer writes.

    Raises:
        StoreUnreadableError: the file system cannot share memory between processes, as a network's cannot.
    """
    mode = pragma(engine, "journal_mode = WAL")
    if mode != "wal":
        raise StoreUnreadableError(f"{path} is on a file system that cannot be shared: put it on a local disk")


def pragma(engine: Engine, statement: str) -> object:
    """Run a PRAGMA outside any transaction and return the first column of its answer."""
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        try:
            cursor.execute(f"PRAGMA {statement}")
            row = cursor.fetchone()
        finally:
            cursor.close()
    finally:
        raw.close()
    return row[0] if row else None


def _make(path: Path, kind: Kind) -> None:
    """Make the file before SQLite does, so that at no time others may read more than they should."""
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        path.parent.chmod(DIRECTORY_MODE)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, kind.file_mode)
    except FileExistsError:
        return
    try:
        # The umask may have taken the group's permission away.
        os.fchmod(descriptor, kind.file_mode)
    finally:
        os.close(descriptor)


def _engine(path: Path, mode: str, waits: timedelta, pragmas: tuple[str, ...], *, begin: str) -> Engine:
    def connect() -> sqlite3.Connection:
        name = f"file:{quote(str(path))}?mode={mode}"
        return sqlite3.connect(name, uri=True, timeout=waits.total_seconds(), check_same_thread=False)

    # One connection: SQLite has one writer, and `data_version` compares only what one connection has seen.
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for statement in pragmas:
            cursor.execute(statement)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
