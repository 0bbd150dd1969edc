"""From a URL to a store: the one place that knows which database systems there are.

A file is `sqlite:////absolute/path`; a schema of a PostgreSQL database is `postgresql://user@host:5432/database`. What
belongs to one system alone is imported only where its URL is named: a dashboard on a file never loads PostgreSQL's
driver, and one that reads never loads SQLAlchemy.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wedtui.store.kind import Kind
from wedtui.store.snapshot import Snapshot
from wedtui.store.sqlite.place import database_path, url_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "READER_WAITS",
    "WRITER_WAITS",
    "Readable",
    "Writable",
    "check_url",
    "file_of",
    "readable",
    "url_of",
    "writable",
]

WRITER_WAITS = timedelta(seconds=5)
# A reader is seldom in anyone's way; one that waits long is a dashboard that stands still.
READER_WAITS = timedelta(seconds=1)


class Readable(Protocol):
    """A store through restarts of its writer. Used by one thread at a time."""

    @property
    def opened(self) -> int:
        """How many times it was opened: what was remembered of another opening is worth nothing."""
        ...

    def reading(self) -> AbstractContextManager[Snapshot]:
        """Run a block on one consistent snapshot and let it go; turn rows into facts inside it.

        Raises:
            StoreError: it cannot be read; the next attempt opens it anew.
        """
        ...

    def changed(self) -> bool:
        """Say whether another process committed anything since the last call; the first call says yes.

        A store that can no longer be asked counts as changed once: the reading that follows says what is wrong.
        """
        ...

    def close(self) -> None:
        """Let go of everything; reading opens it again."""
        ...


class Writable(Protocol):
    """A store in the hands of one who writes, brought up to date. May be used from any one thread at a time."""

    @property
    def found(self) -> str | None:
        """The revision that it had when it was opened; None: it was made."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Run a block in one transaction, in which nobody else writes: all of it is stored, or nothing.

        Raises:
            StoreError: it could not be stored.
        """
        ...

    def asking(self) -> AbstractContextManager[Connection]:
        """Run a block that only reads, in one transaction, beside which another may write.

        Raises:
            StoreError: it could not be read.
        """
        ...

    def size(self) -> int:
        """Return how many bytes it takes on the disk of its system, indexes included.

        Raises:
            StoreError: it could not be asked.
        """
        ...

    def empty_log(self) -> bool:
        """Have what was overwritten or deleted gone from the log that lies beside it as well.

        Returns:
            Whether nothing of it is left there: not while somebody still reads what was before.

        Raises:
            StoreError: the disk failed.
        """
        ...

    def settle(self) -> bool:
        """Leave it so that whoever may only read it needs nothing else; return whether that worked.

        Raises:
            StoreError: the disk failed.
        """
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def check_url(url: str, kind: Kind) -> None:
    """Say of a URL now what opening it would say later, without opening anything.

    Raises:
        ConfigurationError: it names no file and no database, or a system that is not supported.
    """
    if is_postgresql(url):
        from wedtui.store.postgres.place import server_of  # noqa: PLC0415 - only where it is named

        server_of(url, kind)
    else:
        database_path(url, kind)


def file_of(url: str, kind: Kind) -> Path | None:
    """Return the file that a URL names, or None where it names a database on a server.

    Raises:
        ConfigurationError: it names neither.
    """
    check_url(url, kind)
    return None if is_postgresql(url) else database_path(url, kind)


def readable(url: str, kind: Kind, *, waits: timedelta = READER_WAITS) -> Readable:
    """Remember where a store is, for reading it; nothing is opened yet.

    Raises:
        ConfigurationError: the URL is not supported.
    """
    if is_postgresql(url):
        from wedtui.store.postgres.reading import ReadableSchema  # noqa: PLC0415 - only where it is named

        return ReadableSchema(url, kind, waits=waits)
    from wedtui.store.sqlite.reading import ReadableFile  # noqa: PLC0415 - as above

    return ReadableFile(url, kind, waits=waits)


def writable(url: str, kind: Kind, *, waits: timedelta = WRITER_WAITS) -> Writable:
    """Open a store for writing, make it where there is none, and migrate it.

    Args:
        url: where it is.
        kind: what it holds.
        waits: how long to wait for another process that holds it.

    Raises:
        ConfigurationError: the URL is not supported.
        StoreError: it cannot be opened or migrated; nothing that it held was lost.
    """
    if is_postgresql(url):
        from wedtui.store.postgres.writing import WritableSchema  # noqa: PLC0415 - only where it is named

        return WritableSchema(url, kind, waits=waits)
    from wedtui.store.sqlite.writing import WritableFile  # noqa: PLC0415 - as above

    return WritableFile(url, kind, waits=waits)


def is_postgresql(url: str) -> bool:
    """Whether a URL names a PostgreSQL database."""
    return url.partition("://")[0].partition("+")[0] in {"postgres", "postgresql"}
