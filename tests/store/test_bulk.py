"""Many rows at once, on each system: whatever way they take, what is stored is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select

from tests.examples import examples
from tests.places import PLACES
from wedtui.cache.kind import CACHE
from wedtui.cache.tables import METADATA
from wedtui.store.bulk import store_rows, update_rows
from wedtui.store.opening import Writable, writable

pytestmark = pytest.mark.usefixtures("places")

SAMPLE, SIGNAL, SERIES = (METADATA.tables[name] for name in ("sample", "signal", "series"))
LARGE = 2_500
Sample = tuple[int, int, float]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Writable]:
    opened = writable(PLACES.url(tmp_path / "c.db"), CACHE)
    yield opened
    opened.close()


def samples(connection: Connection) -> dict[tuple[int, int], float]:
    """Return what is stored, as the database keeps it."""
    found = connection.exec_driver_sql("SELECT series, at, value FROM sample")
    return {(series, at): value for series, at, value in found}


def stored(batch: list[Sample]) -> dict[tuple[int, int], float]:
    """Return what a batch is in the end: the last of each key."""
    return {(series, at): value for series, at, value in batch}


def test_a_large_batch_is_stored_as_it_is(store: Writable) -> None:
    batch = [(number % 7, 2**52 + number, number / 3) for number in range(LARGE)]
    with store.writing() as connection:
        store_rows(connection, SAMPLE, batch)
    with store.writing() as connection:
        assert samples(connection) == stored(batch)


@pytest.mark.parametrize("series", [0, 2**31 - 1, -(2**31)])
def test_numbers_are_stored_to_their_ends(store: Writable, series: int) -> None:
    instants = [0, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, -(2**63)]
    values = [0.0, -0.0, 0.1, 5e-324, 1.7976931348623157e308, -1e-9, 3]
    batch = [(series, at, value) for at, value in zip(instants, values, strict=True)]
    for one in (*([row] for row in batch), batch):
        with store.writing() as connection:
            store_rows(connection, SAMPLE, one)
    with store.writing() as connection:
        assert samples(connection) == stored(batch)


@pytest.mark.parametrize("place", [0, LARGE // 2, LARGE - 1])
def test_a_row_that_is_there_already_is_replaced_and_the_others_are_stored(store: Writable, place: int) -> None:
    batch = [(1, number, float(number)) for number in range(LARGE)]
    with store.writing() as connection:
        store_rows(connection, SAMPLE, [(1, place, -1.0), (2, place, -2.0)])
    with store.writing() as connection:
        connection.execute(insert(SERIES), {"provider": "aws", "signal": "cpu"})
        store_rows(connection, SAMPLE, batch)
        store_rows(connection, SAMPLE, [(3, number, 0.5) for number in range(LARGE)])
    with store.writing() as connection:
        assert samples(connection) == stored([(2, place, -2.0), *batch, *((3, n, 0.5) for n in range(LARGE))])
        # What the same transaction did before is there as well.
        assert connection.execute(select(func.count()).select_from(SERIES)).scalar() == 1


def test_of_a_key_that_comes_twice_the_last_value_stays(store: Writable) -> None:
    batch = [(1, number % (LARGE - 1), float(number)) for number in range(LARGE)]
    with store.writing() as connection:
        store_rows(connection, SAMPLE, batch)
    with store.writing() as connection:
        assert samples(connection) == stored(batch)


_SAMPLES = st.tuples(st.integers(1, 3), st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False))


@examples(40)
@given(st.lists(st.lists(_SAMPLES, max_size=12), max_size=4))
def test_batches_of_any_size_store_what_single_rows_would(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Sample]]
) -> None:
    path = tmp_path_factory.mktemp("bulk") / "c.db"
    opened = writable(PLACES.url(path), CACHE)
    for batch in batches:
        with opened.writing() as connection:
            store_rows(connection, SAMPLE, batch)
    with opened.writing() as connection:
        assert samples(connection) == stored([row for batch in batches for row in batch])
    opened.close()


def test_rows_are_updated_and_those_that_are_not_there_passed_over(store: Writable) -> None:
    names = ["plain", 'quoted "', "braces {a,b}", "back\\slash", "it's 100% ?", "NULL", ""]
    rows = [
        {"provider": "aws", "signal": name, "position": place, "source": "old", "interval_s": 1.0, "value": 1.0}
        for place, name in enumerate(names)
    ]
    with store.writing() as connection:
        connection.execute(insert(SIGNAL), rows)
        new = [(f"says {name}", 2**52 + place, place / 3, "aws", name) for place, name in enumerate(names[:-1])]
        update_rows(connection, SIGNAL, ("problem", "measured_at", "value"), [*new, ("x", 1, 1.0, "aws", "gone")])
        update_rows(connection, SIGNAL, ("problem", "value"), [(None, None, "aws", "plain")])
        update_rows(connection, SIGNAL, ("problem", "value"), [])
    with store.writing() as connection:
        asked = "SELECT signal, problem, measured_at, value, source FROM signal ORDER BY position"
        found = [tuple(row) for row in connection.exec_driver_sql(asked)]
    assert found == [
        ("plain", None, 2**52, None, "old"),
        *((name, f"says {name}", 2**52 + place, place / 3, "old") for place, name in enumerate(names[:-1]) if place),
        ("", None, None, 1.0, "old"),
    ]
