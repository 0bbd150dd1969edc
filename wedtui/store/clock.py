"""The clock of a database, which all that share it share too: of a file that of its machine, or of a world in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from wedtui.store.instants import from_microseconds

CLOCKS = {
    "sqlite": "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000",
    "postgresql": "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
}
"""How each system says the instant by its own clock, in microseconds since 1970."""


class _Files:
    offset = timedelta()


def keep_files_by(offset: timedelta) -> None:
    """Keep the files of this process by a time that is so far ahead of the machine's: a demo's world has its own.

    What a person is asked to confirm would otherwise expire months after, or before, the instant that they see.
    """
    _Files.offset = offset


def database_now(connection: Connection) -> datetime:
    """Return the instant by the database's own clock."""
    now = own_now(connection)
    return now + _Files.offset if connection.dialect.name == "sqlite" else now


def own_now(connection: Connection) -> datetime:
    """Return the instant by the clock that the database's own statements ask, whatever world its file is in."""
    return from_microseconds(connection.exec_driver_sql(CLOCKS[connection.dialect.name]).scalar_one())
