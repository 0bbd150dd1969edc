"""A store that is open: writing and reading with every failure translated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from wedtui.errors import DiskFullError, StoreError, StoreLockedError, StoreUnreadableError
from wedtui.store.engine import READER_WAITS, WRITER_WAITS, database_path, open_for_reading, open_for_writing, pragma
from wedtui.store.errors import readable, translated
from wedtui.store.kind import Kind
from wedtui.store.migrate import check_version, migrate

# An open dashboard holds the file for as long as it runs: waiting longer for it would only delay every stop.
LEAVING_WAITS = timedelta(milliseconds=500)


class WritableStore:
    """A store in the hands of its one writer, brought up to date. May be used from any one thread at a time."""

    def __init__(self, url: str, kind: Kind, *, waits: timedelta = WRITER_WAITS) -> None:
        """Open it, make it where there is none, and migrate it.

        Args:
            url: `sqlite:////absolute/path`.
            kind: what it holds.
            waits: how long to wait for another process that holds it.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened or migrated; nothing that it held was lost.
        """
        self.path = database_path(url, kind)
        self._url = url
        self._kind = kind
        self._engine = open_for_writing(url, kind, waits=waits)
        try:
            migrate(self._engine, self.path, kind)
            self._identity = _identity(self.path)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Run a block in one transaction: all of it is stored, or nothing.

        Raises:
            StoreError: it could not be stored.
        """
        with translated(self.path, self._kind):
            if not self.path.exists() or _identity(self.path) != self._identity:
                # What is written to a file without a name is lost when it is closed.
                raise StoreUnreadableError(f"{self.path} was taken away while it was in use: start the service again")
            with self._engine.begin() as connection:
                yield connection

    def leave_wal(self) -> bool:
        """Put everything into the one file, so that whoever may only read it needs no other.

        Returns:
            Whether it worked: not while readers have it open, who are waited for a moment, nor on a full disk.

        Raises:
            StoreError: the disk failed.
        """
        try:
            with translated(self.path, self._kind):
                pragma(self._engine, f"busy_timeout = {LEAVING_WAITS // timedelta(milliseconds=1)}")
                pragma(self._engine, "wal_checkpoint(TRUNCATE)")
                return pragma(self._engine, "journal_mode = DELETE") == "delete"
        except (StoreLockedError, DiskFullError):
            return False

    def close(self) -> None:
        """Let go of the file and leave its -wal and -shm where they are, if there are any.

        SQLite removes both when the last writer closes; a user who may not write could then not read at all.
        """
        guard = open_for_reading(self._url, self._kind)
        try:
            with guard.connect() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
                connection.rollback()
                self._engine.dispose()
        except SQLAlchemyError:
            # A file that cannot be read any more needs no guard.
            self._engine.dispose()
        finally:
            guard.dispose()


class ReadableStore:
    """A store as a reader sees it, through restarts of its writer. Used by one thread at a time."""

    def __init__(self, url: str, kind: Kind, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where it is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self.path = database_path(url, kind)
        self._url = url
        self._kind = kind
        self._waits = waits
        self._engine: Engine | None = None
        self._identity: tuple[int, int] | None = None
        self._version: object = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Run a block on one consistent snapshot and let it go; turn rows into facts inside it.

        Raises:
            StoreError: it cannot be read; the next attempt opens it anew.
        """
        try:
            with translated(self.path, self._kind), self._opened().connect() as connection:
                check_version(connection, self.path, self._kind)
                with readable(self.path, self._kind):
                    yield connection
        except BaseException:
            self.close()
            raise

    def changed(self) -> bool:
        """Say whether another process committed anything since the last call; the first call says yes.

        A store that cannot be asked counts as changed: the reading that follows says what is wrong.
        """
        try:
            with translated(self.path, self._kind):
                version = (self._opened(), pragma(self._opened(), "data_version"))
        except (StoreError, SQLAlchemyError, sqlite3.Error):
            # Whatever it is, the reading that follows raises it with its sentence.
            self.close()
            return True
        changed = version != self._version
        self._version = version
        return changed

    def close(self) -> None:
        """Let go of every file; reading opens them again."""
        self._version = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _opened(self) -> Engine:
        """Return the engine of the file that is there now: it may have been replaced or deleted."""
        identity = _identity(self.path)
        if self._engine is None or identity != self._identity:
            self.close()
            self._engine = open_for_reading(self._url, self._kind, waits=self._waits)
            self._identity = identity
        return self._engine


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
