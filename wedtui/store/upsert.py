"""INSERT that replaces what is there, which each system's dialect has under a name of its own."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT into a table that knows `on_conflict_do_update(index_elements=…, set_=…)`."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
