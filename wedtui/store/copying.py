"""Copying a store from a file into a server's schema: all of it, or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Connection, MetaData, Table, func, select, text, update

from wedtui.errors import ConfigurationError, ConflictError
from wedtui.store.kind import Kind
from wedtui.store.opening import (
    READER_WAITS,
    WRITER_WAITS,
    Writable,
    file_of,
    is_postgresql,
    readable,
    url_of,
    writable,
)
from wedtui.store.snapshot import Snapshot
from wedtui.store.sqlite.migrate import copy_file, is_older


def copy_store(
    source: str,
    target: str,
    kind: Kind,
    metadata: MetaData,
    *,
    behind: Collection[str] = (),
    without: Collection[str] = (),
) -> dict[str, int]:
    """Copy every table of a file into an empty schema, in one transaction.

    Args:
        source: the URL of a file; one of an older wedtui stays as it is, and what is copied is brought up to date.
        target: the URL of a PostgreSQL database; the schema is made and brought up to date.
        kind: what both hold.
        metadata: the tables; in `info` of one, `unguarded` names the triggers of it that are for new rows alone.
        behind: numbered tables in which the target may have rows already, of a service that was started too early:
            they stay, numbered behind those that are copied.
        without: tables that stay behind, because what they say is of the place that is left.

    Returns:
        How many rows each table has, by name; as many as the file had at one instant.

    Raises:
        ConfigurationError: the source is no file, or the target no database.
        ConflictError: there is something in the target already.
        StoreError: one of them cannot be used; the target is as it was.
    """
    file = file_of(source, kind)
    if file is None or not is_postgresql(target):
        raise ConfigurationError(f"the {kind.name} is copied from a file into PostgreSQL: name a postgresql:// URL")
    store = writable(target, kind, waits=WRITER_WAITS)
    try:
        with _up_to_date(file, kind) as present:
            return _copy_all(present, store, kind, metadata, behind, without=without)
    finally:
        store.close()


@contextmanager
def _up_to_date(file: Path, kind: Kind) -> Iterator[str]:
    """Give the URL of a file, or of a copy that is brought up to date where an older wedtui wrote it."""
    if not is_older(file, kind):
        yield url_of(file)
        return
    with tempfile.TemporaryDirectory(prefix="wedtui-copy-") as folder:
        copy = Path(folder) / file.name
        copy_file(file, copy)
        writable(url_of(copy), kind).close()
        yield url_of(copy)


def _copy_all(
    source: str,
    store: Writable,
    kind: Kind,
    metadata: MetaData,
    behind: Collection[str],
    *,
    without: Collection[str],
) -> dict[str, int]:
    reader = readable(source, kind, waits=READER_WAITS)
    try:
        with reader.reading() as snapshot, store.writing() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            _refuse_filled(connection, kind, metadata, behind)
            for name in behind:
                _number_behind(snapshot, connection, metadata.tables[name])
            wanted = [table for table in metadata.sorted_tables if table.name not in without]
            return {table.name: _copy_table(snapshot, connection, table) for table in wanted}
    finally:
        reader.close()


def _refuse_filled(connection: Connection, kind: Kind, metadata: MetaData, behind: Collection[str]) -> None:
    for table in metadata.sorted_tables:
        if table.name not in behind and connection.execute(table.select().limit(1)).first() is not None:
            raise ConflictError(
                f"the {kind.name} in PostgreSQL holds something already (in {table.name}): "
                "a copy would mix two pasts; drop its schema first if nothing there is needed"
            )


def _number_behind(snapshot: Snapshot, connection: Connection, table: Table) -> None:
    """Give the rows that are there numbers after those that come."""
    number = table.autoincrement_column
    assert number is not None
    coming = int(snapshot.scalar(f'SELECT max("{number.name}") FROM "{table.name}"') or 0)  # noqa: S608
    last = connection.execute(select(func.max(number))).scalar() or 0
    # Beyond both, so that no number is anybody else's in between.
    connection.execute(update(table).values({number: number + coming + last}))


def _copy_table(snapshot: Snapshot, connection: Connection, table: Table) -> int:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = connection.connection.driver_connection
    count = 0
    guards = table.info.get("unguarded", ())
    for guard in guards:
        connection.execute(text(f'ALTER TABLE "{table.name}" DISABLE TRIGGER "{guard}"'))
    with driver.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as writing:
        for row in _rows(snapshot, table, names):
            writing.write_row(row)
            count += 1
    for guard in guards:
        connection.execute(text(f'ALTER TABLE "{table.name}" ENABLE TRIGGER "{guard}"'))
    _go_on_counting(connection, table)
    return count


def _rows(snapshot: Snapshot, table: Table, names: str) -> Iterator[tuple[Any, ...]]:
    """Yield rows as the server takes them: a file keeps a truth as 0 or 1, and everything else alike."""
    flags = [isinstance(column.type, Boolean) for column in table.columns]
    # Names of ours alone make up the statement.
    for values in snapshot.values(f'SELECT {names} FROM "{table.name}"'):  # noqa: S608
        if any(flags):
            yield tuple(bool(v) if flag and v is not None else v for v, flag in zip(values, flags, strict=True))
        else:
            yield values


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Have new rows numbered after those that were copied."""
    numbered = table.autoincrement_column
    if numbered is None:
        return
    name = numbered.name
    sequence = connection.execute(
        text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": name}
    ).scalar()
    last = connection.execute(select(func.max(numbered))).scalar()
    if sequence is not None and last is not None:
        connection.execute(text("SELECT setval(:sequence, :last)"), {"sequence": sequence, "last": last})
