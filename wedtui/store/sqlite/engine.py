"""Opening a store for its one writer, or for readers that change nothing.

Transactions are explicit: SQLite's driver would begin one by itself before some statements and not before
others. A writer takes the write lock when it begins; a reader sees one consistent snapshot and lets it go.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from wedtui.errors import StoreUnreadableError
from wedtui.store.kind import Kind
from wedtui.store.sqlite.errors import translated
from wedtui.store.sqlite.place import connect, database_path

DIRECTORY_MODE = 0o750
# A WAL file that grew while a reader was slow is cut back to this many bytes.
WAL_KEPT = 16 * 1024 * 1024
READS = "BEGIN"
"""How a transaction begins that takes no lock before it writes."""
ONLY_READS = "wedtui_only_reads"
"""The execution option by which a writer's connection begins such a one."""


def open_for_writing(url: str, kind: Kind, *, waits: timedelta) -> Engine:
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
        # What was deleted, a wedding that was forgotten among it, is not left in free pages.
        "PRAGMA secure_delete = ON",
        f"PRAGMA synchronous = {synchronous}",
        f"PRAGMA journal_size_limit = {WAL_KEPT}",
    )
    return _engine(path, "rw", waits, pragmas, begin="BEGIN IMMEDIATE")


def open_for_reading(url: str, kind: Kind, *, waits: timedelta) -> Engine:
    """Return an engine that never makes a file and never changes one.

    Raises:
        ConfigurationError: the URL is not supported.
    """
    return _engine(database_path(url, kind), "ro", waits, ("PRAGMA query_only = ON",), begin=READS)


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
    # One connection: SQLite has one writer, and `data_version` compares only what one connection has seen.
    engine = create_engine(
        "sqlite://",
        creator=lambda: connect(path, mode, waits),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for statement in pragmas:
            cursor.execute(statement)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(READS if connection.get_execution_options().get(ONLY_READS) else begin)

    return engine
