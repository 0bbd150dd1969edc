"""A schema as a reader sees it: one consistent snapshot at a time, let go at once."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import set_json_loads

from wedtui.errors import StoreError
from wedtui.store.kind import Kind
from wedtui.store.postgres.errors import closed, translated, understood
from wedtui.store.postgres.place import connect_to_read, milliseconds, server_of
from wedtui.store.shape import Asked
from wedtui.store.snapshot import Cursor, Execute, ExecuteAll, Snapshot
from wedtui.store.version import VERSION, check_version

_MAKE = "`wedtui db migrate` makes it; `wedtui db copy` moves there what stands in files"
HAS_VERSION = "SELECT to_regclass('alembic_version') IS NOT NULL"
# A schema that may not be looked into looks like one that is not there.
_CLOSED = """
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = ?) AND NOT EXISTS (
    SELECT FROM pg_namespace WHERE nspname = ? AND has_schema_privilege(oid, 'USAGE')
)
"""
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# The driver warns of a connection that was lost while several statements were under way, and who has set up no logging
# finds that on the screen. What it means is raised as an error of ours.
logging.getLogger("psycopg").addHandler(logging.NullHandler())
_PARAMETER = re.compile(r"\?|(?<!:):([a-z_]+)\b|%")


class ReadableSchema:
    """A schema through restarts of its server. Used by one thread at a time."""

    def __init__(self, url: str, kind: Kind, *, waits: timedelta) -> None:
        """Remember where it is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._server = server_of(url, kind)
        self._kind = kind
        self._settings = {
            "default_transaction_read_only": "on",
            "lock_timeout": milliseconds(waits),
            # A statement that takes longer than this serves no screen.
            "statement_timeout": milliseconds(10 * waits),
            "idle_in_transaction_session_timeout": milliseconds(30 * waits),
        }
        self._connection: psycopg.Connection | None = None
        self._versioned: psycopg.Connection | None = None
        """The session in which the store had a version."""
        self._ear: psycopg.Connection | None = None
        self._heard: object = None
        self.opened = 0
        """How many times a session was begun: what was remembered of another is worth nothing."""

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """Run a block on one consistent snapshot and let it go; turn rows into facts inside it.

        Raises:
            StoreError: it cannot be read; the next attempt begins a new session.
        """
        try:
            with translated(self._server, self._kind):
                connection, version = self._begun()
                check_version(version, self._server, self._kind, _MAKE)
                snapshot = Snapshot(_execute(connection), _execute_all(connection))
                with understood(self._server, self._kind):
                    yield snapshot
                connection.execute("ROLLBACK")
        except BaseException:
            self.close()
            raise

    def changed(self) -> bool:
        """Say whether a writer announced a commit since the last call; the first call says yes.

        An announcement is a hint and no fact: anybody who may connect can make one, and one can be lost on its way
        through a pooler. What is read afterwards is what counts, and whoever waits for changes reads now and then
        without one. A server that can no longer be asked counts as changed once.
        """
        try:
            with translated(self._server, self._kind):
                ear = self._listening()
                heard: object = id(ear)
                told = len(list(ear.notifies(timeout=0))) > 0
        except (StoreError, psycopg.Error) as error:
            self._hang_up()
            # Its words vary from one attempt to the next: that it cannot be asked is the news.
            heard, told = type(error), False
        changed = told or heard != self._heard
        self._heard = heard
        return changed

    def close(self) -> None:
        """End the sessions; reading begins new ones."""
        self._heard = None
        self._hang_up()
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = self._versioned = None

    def _begun(self) -> tuple[psycopg.Connection, str | None]:
        """Begin a transaction and return the store's version in it.

        A session that ended since the last one, as with the server, is no failure yet.
        """
        used = self._connection is not None
        connection = self._session()
        try:
            return connection, self._begin(connection)
        except psycopg.OperationalError:
            if not used or not connection.closed:
                raise
            connection = self._session()
            return connection, self._begin(connection)

    def _begin(self, connection: psycopg.Connection) -> str | None:
        if self._versioned is connection:
            # Both on one way; asked so of a store that has no version, the server would log an error each second.
            try:
                with connection.pipeline():
                    connection.execute(_BEGIN)
                    found = connection.execute(VERSION)
                row = found.fetchone()
                return row[0] if row else None
            except psycopg.errors.UndefinedTable:
                connection.execute("ROLLBACK")
        connection.execute(_BEGIN)
        snapshot = Snapshot(_execute(connection))
        known = snapshot.scalar(HAS_VERSION)
        if not known and snapshot.scalar(_CLOSED, self._server.schema, self._server.schema):
            raise closed(self._server, self._kind)
        self._versioned = connection if known else None
        version: str | None = snapshot.scalar(VERSION) if known else None
        return version

    def _session(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect_to_read(self._server, self._kind, self._settings)
            # Documents are decoded where every other value is, so that both systems agree on what is none of ours.
            set_json_loads(_as_text, self._connection)
            # What is asked each second is asked the same way; what is asked once is not worth preparing.
            self._connection.prepare_threshold = 1
            self.opened += 1
        return self._connection

    def _listening(self) -> psycopg.Connection:
        if self._ear is None or self._ear.closed:
            self._ear = connect_to_read(self._server, self._kind, {})
            self._ear.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._server.channel)))
        return self._ear

    def _hang_up(self) -> None:
        if self._ear is not None:
            with suppress(psycopg.Error):
                self._ear.close()
            self._ear = None


def _execute(connection: psycopg.Connection) -> Execute:
    def execute(statement: str, parameters: Sequence[object] | Mapping[str, object]) -> Cursor:
        # In binary, numbers need not be written and read digit by digit.
        return connection.execute(driver_words(statement).encode(), parameters, binary=True)

    return execute


def _execute_all(connection: psycopg.Connection) -> ExecuteAll:
    execute = _execute(connection)

    def execute_all(asked: Sequence[Asked]) -> list[list[Any]]:
        with connection.pipeline():
            cursors = [execute(*each) for each in asked]
        return [cursor.fetchall() for cursor in cursors]

    return execute_all


@lru_cache(maxsize=256)
def driver_words(statement: str) -> str:
    """Return a statement with its `?` and `:name` written as the driver takes them; it holds no quoted text."""

    def written(found: re.Match[str]) -> str:
        if found.group() == "?":
            return "%s"
        return "%%" if found.group() == "%" else f"%({found.group(1)})s"

    return _PARAMETER.sub(written, statement)


def _as_text(document: str | bytes) -> str:
    return document if isinstance(document, str) else bytes(document).decode()
