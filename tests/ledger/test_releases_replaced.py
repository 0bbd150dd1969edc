"""A file replaces no row of a release: what REPLACE would delete, no trigger on DELETE would hear of."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.releasing import KAY, OPEN, begun, columns_of, queueing, submit
from tests.places import PLACES, SQLITE
from wedtui.ledger.kind import LEDGER

ONLY_ON = SQLITE
_GUARDED = ("release", "release_transition", "release_approval")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def sql(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    return PLACES.execute(path, LEDGER, statement, *values)


_WITH = "INSERT {how} INTO {table} ({names}) SELECT {values} FROM {table} {where}"


@pytest.mark.parametrize(
    ("table", "changed", "where"),
    [
        # By its number, by the key of its request; and one that is under way, in the place of which another would be.
        ("release", {"version": "'6.6.6'", "state": "'queued'"}, "WHERE id = 1"),
        ("release", {"id": "77", "state": "'queued'"}, "WHERE id = 1"),
        ("release_transition", {"actor": "'mo'"}, "WHERE id = 1"),
        ("release_approval", {"person": "'mo'"}, ""),
    ],
)
@pytest.mark.parametrize("how", ["", "OR REPLACE", "OR IGNORE", "OR FAIL"])
def test_nothing_takes_the_place_of_what_is_there(
    path: Path, how: str, table: str, changed: dict[str, str], where: str
) -> None:
    with queueing(path) as queue:
        submit(queue, stages=("security",))
        queue.approve(1, "security", by=KAY)
    before = sql(path, f"SELECT * FROM {table}")
    columns = columns_of(path, table)
    names, values = ", ".join(columns), ", ".join(changed.get(name, name) for name in columns)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        sql(path, _WITH.format(how=how, table=table, names=names, values=values, where=where))
    assert sql(path, f"SELECT * FROM {table}") == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE OR REPLACE release SET state = 'running' WHERE id = 2",
        "UPDATE OR IGNORE release SET state = 'running' WHERE id = 2",
        "UPDATE OR REPLACE release SET id = 1 WHERE id = 2",
        "UPDATE OR REPLACE release SET request_key = (SELECT request_key FROM release WHERE id = 1) WHERE id = 2",
        "UPDATE OR REPLACE release_transition SET id = 1 WHERE id = 2",
        "UPDATE OR REPLACE release_approval SET rowid = 1 WHERE rowid = 2",
        "REPLACE INTO release_approval (rowid, release_id, stage, person, at, reason) VALUES (1, 2, 'x', 'mo', 0, '')",
        "INSERT INTO release_approval (rowid, release_id, stage, person, at, reason) VALUES (-1, 2, 'x', 'mo', 0, '')",
        "INSERT INTO release_transition (id, release_id, at, after, actor, reason) VALUES (-1, 2, 0, 'x', 'mo', '')",
        "INSERT INTO release_approval SELECT * FROM release_approval WHERE 1 ON CONFLICT DO UPDATE SET person = 'mo'",
    ],
)
def test_no_way_to_replace_a_row_of_a_file_goes_round_the_guards(path: Path, statement: str) -> None:
    with queueing(path) as queue:
        submit(queue, stages=("security",))
        submit(queue, "k2", version="1.5.0")
        for number, person in enumerate(("security", "performance"), start=1):
            sql(path, "INSERT INTO release_approval VALUES (?, ?, 'kay', 0, '')", number, person)
        assert queue.start_next(OPEN, begun) is not None
    tables = [sql(path, f"SELECT rowid, * FROM {name}") for name in _GUARDED]
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only|never changes|is under way"):
        sql(path, statement)
    assert [sql(path, f"SELECT rowid, * FROM {name}") for name in _GUARDED] == tables
