"""Storing many rows at once as each system does it best, without what SQLAlchemy does for each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table

Rows = Sequence[tuple[Any, ...]]
"""Values as the database keeps them: instants in microseconds since 1970."""


def store_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Store rows; one whose primary key is there already takes the place of what is.

    Args:
        connection: in a transaction in which nobody else writes.
        table: one that holds plain numbers.
        rows: a value for each column, in the table's order.
    """
    if connection.dialect.name == "postgresql":
        from wedtui.store.postgres.bulk import store_together  # noqa: PLC0415 - only where it is used

        store_together(connection, table, rows)
        return
    names, key = _quoted(table.columns.keys()), _quoted(_key(table))
    new = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    # Names of ours alone make up the statement, here and below.
    statement = (
        f'INSERT INTO "{table.name}" ({", ".join(names)}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {new}"
    )
    _run_each(connection, statement, rows)


def update_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Rows) -> None:
    """Give some columns of rows new values; a row that is not there is passed over.

    Args:
        connection: in a transaction.
        table: where they are.
        columns: those that are new.
        rows: their values, followed by the primary key; each key once.
    """
    if connection.dialect.name == "postgresql":
        from wedtui.store.postgres.bulk import update_together  # noqa: PLC0415 - as above

        update_together(connection, table, columns, rows)
        return
    new = ", ".join(f"{name} = ?" for name in _quoted(columns))
    same = " AND ".join(f"{name} = ?" for name in _quoted(_key(table)))
    _run_each(connection, f'UPDATE "{table.name}" SET {new} WHERE {same}', rows)  # noqa: S608


def _key(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _run_each(connection: Connection, statement: str, rows: Rows) -> None:
    if rows:
        own = statement if connection.dialect.paramstyle == "qmark" else statement.replace("?", "%s")
        connection.exec_driver_sql(own, list(rows))
