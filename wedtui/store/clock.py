"""The clock of a database, which all that share it share too."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from wedtui.store.instants import from_microseconds

_CLOCKS = {
    "sqlite": "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000",
    "postgresql": "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
}


def database_now(connection: Connection) -> datetime:
    """Return the instant by the database's own clock."""
    return from_microseconds(connection.exec_driver_sql(_CLOCKS[connection.dialect.name]).scalar_one())
