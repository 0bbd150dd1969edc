"""Every shape is its table's: the same columns, with the same kinds of values."""

from __future__ import annotations

import pytest
from sqlalchemy import JSON, Boolean, MetaData, TableClause

from wedtui.cache.shapes import SHAPES as CACHE_SHAPES
from wedtui.cache.tables import METADATA as CACHE_TABLES
from wedtui.ledger.shapes import SHAPES as LEDGER_SHAPES
from wedtui.ledger.tables import METADATA as LEDGER_TABLES
from wedtui.store.types import UtcMicroseconds

SPECIAL = (UtcMicroseconds, Boolean, JSON)


def kinds(table: TableClause) -> dict[str, str]:
    """Return column -> the kind of its values, `plain` where nothing has to be done to them."""
    return {
        column.name: next((kind.__name__ for kind in SPECIAL if isinstance(column.type, kind)), "plain")
        for column in table.columns
    }


@pytest.mark.parametrize(("shapes", "tables"), [(CACHE_SHAPES, CACHE_TABLES), (LEDGER_SHAPES, LEDGER_TABLES)])
def test_a_shape_is_its_tables(shapes: tuple[TableClause, ...], tables: MetaData) -> None:
    assert {shape.name: kinds(shape) for shape in shapes} == {
        name: kinds(table) for name, table in tables.tables.items()
    }
