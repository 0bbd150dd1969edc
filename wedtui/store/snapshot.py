"""One state of a store, asked in SQL that both systems understand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from wedtui.store.shape import Asked, Shape


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
ExecuteAll = Callable[[Sequence[Asked]], Iterable[list[Any]]]
"""Runs several on one way to the store and back, and returns the rows of each."""


class Snapshot:
    """One state of a store; to be used inside the block that gave it."""

    def __init__(self, execute: Execute, execute_all: ExecuteAll | None = None) -> None:
        """Remember how it is asked.

        Args:
            execute: runs one statement.
            execute_all: runs several together, where the way to the store is long enough for that to matter.
        """
        self._execute = execute
        self._execute_all = execute_all
        self._known: dict[Asked, list[Any]] = {}

    def ahead(self, asked: Sequence[Asked]) -> None:
        """Say what is going to be asked in this block: a store that is a way off is then asked once for all of it.

        Whoever asks for one of it later, as often as they like, gets what there was; asking anything else is as
        before. In a store that is near nothing is asked now.
        """
        if self._execute_all is not None:
            self._known.update(zip(asked, self._execute_all(asked), strict=True))

    def rows(self, shape: Shape, rest: str = "", *parameters: object) -> list[Any]:
        """Return rows of a table, with an attribute for each column.

        Args:
            shape: the table.
            rest: what follows its name: WHERE, ORDER BY; with `?` for parameters.
            parameters: as many as it has.
        """
        return [shape.row(values) for values in self.all(shape.asked(rest, *parameters))]

    def all(self, asked: Asked) -> list[tuple[Any, ...]]:
        """Return plain tuples of a statement, all at once."""
        known = self._known.get(asked)
        return self._execute(*asked).fetchall() if known is None else known

    def values(self, statement: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        """Yield plain tuples, as far as they are asked for."""
        known = self._known.get(Asked(statement, parameters))
        if known is not None:
            yield from known
            return
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
        known = self._known.get(Asked(statement, parameters))
        row = self._execute(statement, parameters).fetchone() if known is None else next(iter(known), None)
        return row[0] if row else None
