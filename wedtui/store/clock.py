"""The clock of a database, which all that share it share too: of a file that of its machine, or of a world in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from wedtui.store.instants import from_microseconds

_CLOCKS = {
    "sqlite": "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000",
    "postgresql": "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
}


class _Files:
    offset = timedelta()


def keep_files_by(offset: timedelta) -> None:
    """Keep the files of this process by a time that is so far ahead of the machine's: a demo's world has its own.

    What a person is asked to confirm would otherwise expire months after, or before, the instant that they see.
    """
    _Files.offset = offset


def database_now(connection: Connection) -> datetime:
    """Return the instant by the database's own clock."""
    system = connection.dialect.name
    now = from_microseconds(connection.exec_driver_sql(_CLOCKS[system]).scalar_one())
    return now + _Files.offset if system == "sqlite" else now
