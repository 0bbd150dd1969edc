"""What a reader has to know of a table: the names of its columns, and which are more than plain values.

The tables themselves are SQLModel's, and loading that costs a quarter of a second, which a dashboard that is being
opened does not have. A test holds each shape against its table.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, TableClause, column, table

from wedtui.store.types import UtcMicroseconds


def shape(name: str, plain: str = "", *, instants: str = "", flags: str = "", documents: str = "") -> TableClause:
    """Describe a table for reading.

    Args:
        name: the table's.
        plain: the names of columns that hold text and numbers, separated by spaces.
        instants: those of aware instants.
        flags: those of booleans.
        documents: those of JSON.
    """
    return table(
        name,
        *(column(c) for c in plain.split()),
        *(column(c, UtcMicroseconds()) for c in instants.split()),
        *(column(c, Boolean()) for c in flags.split()),
        *(column(c, JSON()) for c in documents.split()),
    )
