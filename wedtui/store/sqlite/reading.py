"""A file as a reader sees it: one consistent snapshot at a time, let go at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from wedtui.errors import StoreError
from wedtui.store.kind import Kind
from wedtui.store.snapshot import Snapshot
from wedtui.store.sqlite.errors import readable, translated
from wedtui.store.sqlite.place import HAS_VERSION, connect, database_path, identity
from wedtui.store.version import VERSION, check_version


class ReadableFile:
    """A file through restarts of its writer. Used by one thread at a time."""

    def __init__(self, url: str, kind: Kind, *, waits: timedelta) -> None:
        """Remember where it is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self.path = database_path(url, kind)
        self.opened = 0
        """How many times a file was opened: what was remembered of another is worth nothing."""
        self._kind = kind
        self._waits = waits
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._version: object = None

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """Run a block on one consistent snapshot and let it go; turn rows into facts inside it.

        Raises:
            StoreError: it cannot be read; the next attempt opens it anew.
        """
        try:
            with translated(self.path, self._kind):
                connection = self._opened()
                connection.execute("BEGIN")
                snapshot = Snapshot(connection.execute)
                version = snapshot.scalar(VERSION) if snapshot.scalar(HAS_VERSION) else None
                check_version(version, self.path, self._kind)
                with readable(self.path, self._kind):
                    yield snapshot
                connection.execute("ROLLBACK")
        except BaseException:
            self.close()
            raise

    def changed(self) -> bool:
        """Say whether another process committed anything since the last call; the first call says yes.

        A store that can no longer be asked counts as changed once: the reading that follows says what is wrong.
        """
        try:
            with translated(self.path, self._kind):
                connection = self._opened()
                version = (id(connection), connection.execute("PRAGMA data_version").fetchone())
        except (StoreError, sqlite3.Error) as error:
            # Whatever it is, the reading that follows raises it with its sentence; once said, it is no news.
            before = self._version
            self.close()
            self._version = (type(error), str(error))
            return self._version != before
        changed = version != self._version
        self._version = version
        return changed

    def close(self) -> None:
        """Let go of every file; reading opens them again."""
        self._version = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        """Return a connection to the file that is there now: it may have been replaced or deleted."""
        found = identity(self.path)
        if self._connection is None or found != self._identity:
            self.close()
            # One connection is kept: `data_version` compares only what one connection has seen.
            self._connection = connect(self.path, "ro", self._waits)
            self._connection.execute("PRAGMA query_only = ON")
            self._identity = found
            self.opened += 1
        return self._connection
