"""Every shape is its table's: the same columns, with the same kinds of values."""

from __future__ import annotations

import pytest
from sqlalchemy import JSON, Boolean, MetaData, Table

from wedtui.cache.shapes import SHAPES as CACHE_SHAPES
from wedtui.cache.tables import METADATA as CACHE_TABLES
from wedtui.ledger.shapes import SHAPES as LEDGER_SHAPES
from wedtui.ledger.tables import METADATA as LEDGER_TABLES
from wedtui.store.shape import DOCUMENT, FLAG, INSTANT, Shape
from wedtui.store.types import UtcMicroseconds

SPECIAL = {UtcMicroseconds: INSTANT, Boolean: FLAG, JSON: DOCUMENT}


def kinds(table: Table) -> dict[str, str]:
    """Return column -> the kind of its values, `plain` where nothing has to be done to them."""
    return {
        column.name: next((kind for of, kind in SPECIAL.items() if isinstance(column.type, of)), "plain")
        for column in table.columns
    }


@pytest.mark.parametrize(("shapes", "tables"), [(CACHE_SHAPES, CACHE_TABLES), (LEDGER_SHAPES, LEDGER_TABLES)])
def test_a_shape_is_its_tables(shapes: tuple[Shape, ...], tables: MetaData) -> None:
    assert {s.name: {column: s.kinds.get(column, "plain") for column in s.columns} for s in shapes} == {
        name: kinds(table) for name, table in tables.tables.items()
    }
