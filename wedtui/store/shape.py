"""What a reader has to know of a table: the names of its columns, and which are more than plain values.

The tables themselves are SQLModel's. Loading that, with what it rests on, takes longer than a dashboard that is being
opened has, so readers ask SQLite themselves. A test holds each shape against its table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

from wedtui.store.instants import from_microseconds

INSTANT, FLAG, DOCUMENT = "instant", "flag", "document"

_FLAGS = {0: False, 1: True}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    INSTANT: from_microseconds,
    # Anything but 0 and 1 is none of ours, and a KeyError is how a reading says so.
    FLAG: lambda value: _FLAGS[value],
    DOCUMENT: json.loads,
}


class Asked(NamedTuple):
    """A statement with its parameters."""

    statement: str
    """With `?` for each."""
    parameters: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """One table as it is read."""

    name: str
    columns: tuple[str, ...]
    kinds: dict[str, str]
    """Column -> `instant`, `flag` or `document`, where it is more than a plain value."""
    quoted: str
    """The columns as a statement lists them: `end` is a word of SQL's own."""

    def asked(self, rest: str = "", *parameters: object) -> Asked:
        """Return the statement that reads rows.

        Args:
            rest: what follows the table's name: WHERE, ORDER BY; with `?` for parameters.
            parameters: as many as it has.
        """
        # Every word of the statement is a constant of ours; what varies is a parameter.
        return Asked(f"SELECT {self.quoted} FROM {self.name} {rest}", parameters)  # noqa: S608

    def row(self, values: Sequence[Any]) -> Any:
        """Return a row with an attribute for each column.

        Raises:
            ValueError, TypeError, KeyError, OverflowError: a value is none of ours.
        """
        row = SimpleNamespace(**dict(zip(self.columns, values, strict=True)))
        for column, kind in self.kinds.items():
            value = getattr(row, column)
            if value is not None:
                setattr(row, column, _DECODERS[kind](value))
        return row


def shape(name: str, plain: str = "", *, instants: str = "", flags: str = "", documents: str = "") -> Shape:
    """Describe a table for reading.

    Args:
        name: the table's.
        plain: the names of columns that hold text and numbers, separated by spaces.
        instants: those of aware instants.
        flags: those of booleans.
        documents: those of JSON.
    """
    special = ((INSTANT, instants), (FLAG, flags), (DOCUMENT, documents))
    kinds = {column: kind for kind, names in special for column in names.split()}
    columns = (*plain.split(), *kinds)
    return Shape(name, columns, kinds, ", ".join(f'"{column}"' for column in columns))
