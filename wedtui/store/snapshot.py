"""One state of a store, asked in SQL that both systems understand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from wedtui.store.shape import Shape


class Cursor(Protocol):
    """What both drivers' cursors have in common."""

    def __iter__(self) -> Iterator[Any]:
        """Yield rows."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """Return all rows."""
        ...

    def close(self) -> None:
        """Let go of what was not fetched."""
        ...


Execute = Callable[[str, Sequence[object] | Mapping[str, object]], Cursor]
"""Runs a statement whose parameters are written `?` or `:name`."""


class Snapshot:
    """One state of a store; to be used inside the block that gave it."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def rows(self, shape: Shape, rest: str = "", *parameters: object) -> list[Any]:
        """Return rows of a table, with an attribute for each column.

        Args:
            shape: the table.
            rest: what follows its name: WHERE, ORDER BY; with `?` for parameters.
            parameters: as many as it has.
        """
        # Every word of the statement is a constant of ours; what varies is a parameter.
        statement = f"SELECT {shape.quoted} FROM {shape.name} {rest}"  # noqa: S608
        return [shape.row(values) for values in self._execute(statement, parameters)]

    def values(self, statement: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        """Yield plain tuples, as far as they are asked for."""
        cursor = self._execute(statement, parameters)
        try:
            yield from cursor
        finally:
            cursor.close()

    def named(self, statement: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Return plain tuples of a statement whose parameters have names."""
        return self._execute(statement, parameters).fetchall()

    def scalar(self, statement: str, *parameters: object) -> Any:
        """Return the first column of the first row, or None without one."""
        row = self._execute(statement, parameters).fetchone()
        return row[0] if row else None
