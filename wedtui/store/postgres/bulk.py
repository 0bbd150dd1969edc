"""Many rows in one go: a statement for each of them costs a server several times as much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import IntegrityError

from wedtui.store.postgres.arrays import Packed, pack

_NUMBERS = {int, float}


def store_together(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, or replace those whose key is there, in one statement with an array for each column.

    Not by COPY: while rows are streamed the transaction waits for whoever streams, and one that is stopped in the
    middle would hold the writers' lock for as long as it stands still; no time limit of the server ends that.

    Args:
        connection: in a transaction.
        table: one that holds plain numbers.
        rows: a value for each column, in the table's order; of those with the same key the last counts.
    """
    if not rows:
        return
    names = table.columns.keys()
    key = [column.name for column in table.primary_key]
    arrays = ", ".join(f"CAST(%s AS {_type(connection, table, name)}[])" for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    new = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in key)
    # Names of ours alone make up the statements.
    statement = f'INSERT INTO "{table.name}" ({columns}) SELECT * FROM unnest({arrays})'  # noqa: S608
    try:
        # Nearly always none of them is there, and each comes once; to prepare for another costs the server a third of
        # its time.
        with connection.begin_nested():
            connection.exec_driver_sql(statement, _arrays(rows))
    except IntegrityError:
        each = dict(zip(map(itemgetter(*map(names.index, key)), rows), rows, strict=True))
        replacing = f"{statement} ON CONFLICT ({', '.join(key)}) DO UPDATE SET {new}"
        connection.exec_driver_sql(replacing, _arrays(each.values()))


def update_together(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Give some columns of rows new values in one statement, with an array for each column.

    Args:
        connection: in a transaction.
        table: where they are.
        columns: those that are new.
        rows: their values, followed by the primary key; each key once.
    """
    if not rows:
        return
    key = [column.name for column in table.primary_key]
    names = [*columns, *key]
    arrays = ", ".join(f"CAST(%s AS {_type(connection, table, name)}[])" for name in names)
    given = ", ".join(f'"{name}"' for name in names)
    new = ", ".join(f'"{name}" = given."{name}"' for name in columns)
    same = " AND ".join(f'"{table.name}"."{name}" = given."{name}"' for name in key)
    # Names of ours alone make up the statement.
    statement = f'UPDATE "{table.name}" SET {new} FROM unnest({arrays}) AS given ({given}) WHERE {same}'  # noqa: S608
    connection.exec_driver_sql(statement, _arrays(rows))


def _arrays(rows: Iterable[tuple[Any, ...]]) -> tuple[Packed | list[Any], ...]:
    return tuple(map(_array, zip(*rows, strict=True)))


def _array(values: tuple[Any, ...]) -> Packed | list[Any]:
    types = {*map(type, values)}
    return pack(values, whole=types == {int}) if types <= _NUMBERS else list(values)


def _type(connection: Connection, table: Table, name: str) -> str:
    return table.columns[name].type.compile(dialect=connection.dialect)
