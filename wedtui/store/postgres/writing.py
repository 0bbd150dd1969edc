"""A schema in the hands of one who writes, with every failure translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import QueuePool

from wedtui.store.kind import Kind
from wedtui.store.postgres import bulk  # noqa: F401 - not while all other writers wait for a first transaction
from wedtui.store.postgres.errors import translated
from wedtui.store.postgres.migrate import migrate
from wedtui.store.postgres.place import Server, connect, milliseconds, server_of, turn
from wedtui.store.version import VERSION, refuse_moved_on

__all__ = ["WritableSchema", "turn"]

# Whoever stands still in the middle of a transaction, stopped or paged out, must not keep all others from writing.
STANDS_STILL = timedelta(seconds=5)
# The longest piece of work that anyone has is one step of a migration or of housekeeping.
WORKS_AT_MOST = timedelta(seconds=60)
_SIZE = """
SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class
WHERE relkind = 'r' AND relnamespace = to_regnamespace(%s)
"""


class WritableSchema:
    """A schema in the hands of one who writes, brought up to date. May be used from any one thread at a time.

    Several processes may write the same schema: their transactions follow one another, as a file's do. One that a newer
    wedtui has brought up to date since is not written any more.
    """

    def __init__(self, url: str, kind: Kind, *, waits: timedelta) -> None:
        """Connect, make the schema where there is none, and migrate it.

        Args:
            url: `postgresql://user@host:5432/database`.
            kind: what it holds.
            waits: how long to wait for another session that holds it.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened or migrated; nothing that it held was lost.
        """
        self._server = server_of(url, kind)
        self._kind = kind
        self._engine = _engine(self._server, kind, waits)
        try:
            self.found = migrate(self._engine, self._server, kind)
            """The revision that it had when it was opened; None: it was made."""
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Run a block in one transaction, in which nobody else writes: all of it is stored, or nothing.

        Raises:
            StoreVersionError: a newer wedtui has brought it up to date since.
            StoreError: it could not be stored.
        """
        with translated(self._server, self._kind), self._engine.begin() as connection:
            self._take_turn(connection)
            yield connection
            connection.exec_driver_sql(f'NOTIFY "{self._server.channel}"')

    @contextmanager
    def asking(self) -> Iterator[Connection]:
        """Run a block that only reads, in one transaction, beside which another may write; readers are told nothing.

        Raises:
            StoreVersionError: a newer wedtui has brought it up to date since.
            StoreError: it could not be read.
        """
        with translated(self._server, self._kind), self._engine.begin() as connection:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            refuse_moved_on(connection.exec_driver_sql(VERSION).scalar(), self._server, self._kind)
            yield connection

    def _take_turn(self, connection: Connection) -> None:
        """Wait for one's turn, then look whether the schema is still what it was: in one message to the server."""
        # Two statements, because each sees what was committed when it began: the second begins when the turn has come.
        cursor = connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({turn(self._kind)}); {VERSION}").cursor
        assert cursor is not None
        cursor.nextset()
        row = cursor.fetchone()
        refuse_moved_on(row[0] if row else None, self._server, self._kind)

    def size(self) -> int:
        """Return how many bytes its tables and indexes take.

        Raises:
            StoreError: the server could not be asked.
        """
        with translated(self._server, self._kind), self._engine.begin() as connection:
            return int(connection.exec_driver_sql(_SIZE, (self._server.schema,)).scalar_one())

    def empty_log(self) -> bool:
        """Return at once: dead rows and the log are the server's, and whoever runs that has to clear them."""
        return True

    def settle(self) -> bool:
        """Return at once: whoever may read the schema needs nothing else."""
        return True

    def close(self) -> None:
        """End the session."""
        self._engine.dispose()


def _engine(server: Server, kind: Kind, waits: timedelta) -> Engine:
    settings = {
        "lock_timeout": milliseconds(waits),
        "statement_timeout": milliseconds(WORKS_AT_MOST),
        "idle_in_transaction_session_timeout": milliseconds(STANDS_STILL),
        # What can be learnt again need not wait for the server's disk.
        "synchronous_commit": "on" if kind.durable else "off",
    }
    return create_engine(
        "postgresql+psycopg://",
        creator=lambda: connect(server, kind, settings, autocommit=False),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,
    )
