"""Weddings in the platform's own database: one SELECT of the configuration, in a transaction that can only read.

The columns that the configuration names are asked for, as text, and no other: names of couples never leave the server.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import conninfo, sql

from wedtui.config_weddings import WeddingSourceSection
from wedtui.core.wedding_rows import FIELDS, RawRow
from wedtui.errors import ConfigurationError
from wedtui.providers.weddings.base import Came, SourceError, Take
from wedtui.providers.weddings.csv_source import columns

AT_ONCE = 5_000
"""Rows that the server sends in one go."""
OVERLAP = timedelta(minutes=5)
"""Read again of what was read: a row may be committed later than its own time says."""

_STATES = {
    "57014": "its query took longer than the timeout: make it faster, or raise `timeout`",
    "42501": "its role may not read what the query names: grant it SELECT",
    "42P01": "its query names a table that is not there",
    "42703": "its query names a column that is not there",
    "42601": "its query is no SELECT that the server understands",
    "25006": "its query writes: expected one that only reads",
    "28000": "the server does not let its role in",
    "28P01": "the server does not let its role in: see its password file",
    "3D000": "there is no such database",
}


class PostgresSource:
    """A query of a database."""

    def __init__(self, section: WeddingSourceSection) -> None:
        """Prepare to ask it.

        Raises:
            ConfigurationError: libpq does not understand the URL.
        """
        self._section = section
        owner = f"wedding source {section.name}"
        try:
            parameters: dict[str, Any] = dict(conninfo.conninfo_to_dict(section.url))
        except psycopg.Error:
            # libpq's sentence may quote a password.
            raise ConfigurationError(f"{owner}: its url is not one that PostgreSQL understands: correct it") from None
        if parameters.keys() & {"password", "options"}:
            raise ConfigurationError(f"{owner}: its url has a password or options: leave them out (see ~/.pgpass)")
        self._parameters = parameters
        self._query = sql.SQL("(") + sql.SQL(_text(section.query or "")) + sql.SQL("\n) AS asked")

    async def read(self, mark: str | None, take: Take) -> Came:
        """Ask once; with a mark and a `since` column for what changed since then."""
        try:
            async with self._session() as connection:
                return await self._read(connection, mark if self._section.since else None, take)
        except psycopg.Error as error:
            raise SourceError(_words(error)) from None

    async def close(self) -> None:
        """Return at once: every reading has a session of its own."""

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[psycopg.AsyncConnection[tuple[str | None, ...]]]:
        timeout = self._section.timeout
        milliseconds = max(1, timeout // timedelta(milliseconds=1))
        settings = {
            "default_transaction_read_only": "on",
            "default_transaction_isolation": "repeatable\\ read",
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            # Between two pieces the rows are checked and kept, which takes moments.
            "idle_in_transaction_session_timeout": 60_000,
            "datestyle": "ISO",
            "timezone": "UTC",
            "client_encoding": "UTF8",
        }
        connection = await psycopg.AsyncConnection.connect(
            **self._parameters,
            connect_timeout=max(2, math.ceil(timeout.total_seconds())),
            application_name="wedtui weddings",
            options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
        )
        try:
            # Whatever the role may do, and whatever the server's own defaults are.
            await connection.set_read_only(True)
            yield connection
        finally:
            await asyncio.shield(connection.close())

    async def _read(
        self, connection: psycopg.AsyncConnection[tuple[str | None, ...]], mark: str | None, take: Take
    ) -> Came:
        places, statement = await self._statement(connection, mark)
        now = await (await connection.execute("SELECT transaction_timestamp()::text")).fetchone()
        number = 0
        # By a cursor of the server's: neither side holds all rows.
        async with connection.cursor(name="weddings") as cursor:
            await cursor.execute(statement, ())
            while rows := await cursor.fetchmany(AT_ONCE):
                await take(_rows(rows, places, number))
                number += len(rows)
        came_to = now[0] if self._section.since and now is not None else None
        return Came(came_to, mark)

    async def _statement(
        self, connection: psycopg.AsyncConnection[tuple[str | None, ...]], mark: str | None
    ) -> tuple[list[int | None], sql.Composed]:
        """Return where each field is in what is asked for, and what is asked."""
        probe = await connection.execute(sql.SQL("SELECT * FROM {} LIMIT %s").format(self._query), (0,))
        names = [column.name for column in probe.description or ()]
        there = columns(names, self._section)
        wanted = [names[at] for at in there if at is not None]
        asked = sql.SQL(", ").join(sql.SQL("asked.{}::text").format(sql.Identifier(name)) for name in wanted)
        statement = sql.SQL("SELECT {} FROM {}").format(asked, self._query)
        since = self._section.since
        if since is not None:
            _check_since(since, probe.description or ())
        if since is not None and mark is not None:
            statement += sql.SQL(" WHERE asked.{} >= {}::timestamptz - {}::interval").format(
                sql.Identifier(since), sql.Literal(mark), sql.Literal(f"{OVERLAP.total_seconds():g} seconds")
            )
        count = iter(range(len(wanted)))
        return [None if at is None else next(count) for at in there], statement


def _check_since(since: str, columns: Sequence[psycopg.Column]) -> None:
    """Refuse a column that names no instant: which changes it tells of would hang on a zone that nobody said.

    Raises:
        SourceError: it is not there, or of another type.
    """
    types = {column.name: column.type_code for column in columns}
    if since not in types:
        raise SourceError(f"its query has no column {since}, which `since` names")
    if types[since] != psycopg.adapters.types["timestamptz"].oid:
        raise SourceError(
            f"its column {since}, which `since` names, is no timestamptz: say its zone in the query, as "
            f"`{since} AT TIME ZONE 'Europe/London' AS changed_at`, or leave `since` out"
        )


def _rows(rows: Sequence[tuple[str | None, ...]], places: Sequence[int | None], number: int) -> list[RawRow]:
    assert len(places) == len(FIELDS)
    return [
        RawRow(f"row {position}", *(None if at is None else row[at] for at in places))
        for position, row in enumerate(rows, start=number + 1)
    ]


def _text(query: str) -> Any:
    """Return a query as a part of another; one that ends in a comment is ended by the line that follows.

    It is sent with parameters first: so the server takes one statement only, and the driver `%%` for a `%`.
    """
    return query.strip().rstrip(";").replace("%", "%%")


def _words(error: psycopg.Error) -> str:
    """Say what went wrong by the server's code: its own words may quote what it holds."""
    state = error.sqlstate
    if state is None or state.startswith("08") or state.startswith("57P"):
        return "its server does not answer, or does not let its role in"
    return _STATES.get(state, f"its server refused the query (SQLSTATE {state}): see the server's log")
