"""A store in the hands of its one writer, with every failure translated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from wedtui.errors import DiskFullError, StoreLockedError, StoreUnreadableError
from wedtui.store.kind import Kind
from wedtui.store.sqlite.engine import ONLY_READS, open_for_reading, open_for_writing, pragma
from wedtui.store.sqlite.errors import translated
from wedtui.store.sqlite.migrate import migrate
from wedtui.store.sqlite.place import database_path, identity
from wedtui.store.version import VERSION, refuse_moved_on

# An open dashboard holds the file for as long as it runs: waiting longer for it would only delay every stop.
LEAVING_WAITS = timedelta(milliseconds=500)
# A reader of a moment is outwaited; one that reads on, such as a backup, is not waited for any longer.
LOG_ATTEMPTS = 6
TRY_AGAIN_S = 0.1


class WritableFile:
    """A store in the hands of its one writer, brought up to date. May be used from any one thread at a time.

    One that a newer wedtui has brought up to date since is not written any more.
    """

    def __init__(self, url: str, kind: Kind, *, waits: timedelta) -> None:
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
        self._waits = waits
        self._engine = open_for_writing(url, kind, waits=waits)
        try:
            self.found = migrate(self._engine, self.path, kind)
            """The revision that it had when it was opened; None: it was made."""
            self._identity = identity(self.path)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Run a block in one transaction: all of it is stored, or nothing.

        Raises:
            StoreVersionError: a newer wedtui has brought it up to date since.
            StoreError: it could not be stored.
        """
        with self._transaction(only_reads=False) as connection:
            yield connection

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Run a block that only reads, in one transaction, beside which another may write.

        Raises:
            StoreVersionError: a newer wedtui has brought it up to date since.
            StoreError: it could not be read.
        """
        with self._transaction(only_reads=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, only_reads: bool) -> Iterator[Connection]:
        with translated(self.path, self._kind):
            if not self.path.exists() or identity(self.path) != self._identity:
                # What is written to a file without a name is lost when it is closed.
                raise StoreUnreadableError(f"{self.path} was taken away while it was in use: start the service again")
            with self._engine.connect().execution_options(**{ONLY_READS: only_reads}) as connection, connection.begin():
                # From here on nobody else can bring it up to date, or it looks as it did.
                refuse_moved_on(connection.exec_driver_sql(VERSION).scalar(), self.path, self._kind)
                yield connection

    def size(self) -> int:
        """Return how many bytes the file takes, without its log.

        Raises:
            StoreError: it could not be asked.
        """
        with translated(self.path, self._kind):
            return self.path.stat().st_size

    def empty_log(self) -> bool:
        """Put everything into the one file and cut its log: what was overwritten can be read there until then.

        Returns:
            Whether the log is empty: not while somebody still reads what was before, who is waited for a moment.

        Raises:
            StoreError: the disk failed.
        """
        with translated(self.path, self._kind):
            pragma(self._engine, _waiting(LEAVING_WAITS))
            try:
                return any(self._empties_log() for _ in range(LOG_ATTEMPTS))
            finally:
                pragma(self._engine, _waiting(self._waits))

    def _empties_log(self) -> bool:
        if pragma(self._engine, "wal_checkpoint(TRUNCATE)") == 0:
            return True
        # Readers were waited for; another who empties it at this moment was not.
        time.sleep(TRY_AGAIN_S)
        return False

    def settle(self) -> bool:
        """Put everything into the one file, so that whoever may only read it needs no other.

        Returns:
            Whether it worked: not while readers have it open, who are waited for a moment, nor on a full disk.

        Raises:
            StoreError: the disk failed.
        """
        try:
            with translated(self.path, self._kind):
                pragma(self._engine, _waiting(LEAVING_WAITS))
                pragma(self._engine, "wal_checkpoint(TRUNCATE)")
                return pragma(self._engine, "journal_mode = DELETE") == "delete"
        except (StoreLockedError, DiskFullError):
            return False

    def close(self) -> None:
        """Let go of the file and leave its -wal and -shm where they are, if there are any.

        SQLite removes both when the last writer closes; a user who may not write could then not read at all.
        """
        guard = open_for_reading(self._url, self._kind, waits=LEAVING_WAITS)
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


def _waiting(waits: timedelta) -> str:
    return f"busy_timeout = {waits // timedelta(milliseconds=1)}"
