from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select

from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.types import UtcMicroseconds

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(timezones=OFFSETS).filter(lambda at: 1 < at.year < 9999)
TABLE = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcMicroseconds))


@given(INSTANTS)
def test_an_instant_comes_back_from_a_database_as_the_same_instant_in_utc(at: datetime) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        TABLE.create(connection)
        connection.execute(insert(TABLE).values(at=at))
        found = connection.execute(select(TABLE.c.at)).scalar_one()
    engine.dispose()
    assert found == at
    assert found.tzinfo is UTC


@given(INSTANTS, INSTANTS)
def test_stored_instants_sort_as_instants_do(one: datetime, other: datetime) -> None:
    assert (to_microseconds(one) < to_microseconds(other)) == (one < other)
    assert from_microseconds(to_microseconds(one)) == one


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        to_microseconds(datetime(2026, 6, 6, tzinfo=UTC).replace(tzinfo=None))
