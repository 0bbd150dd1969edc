"""A server puts nothing in the place of a row of a release, and empties none of its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.ledger.releasing import KAY, queueing, submit
from tests.places import PLACES, POSTGRESQL
from wedtui.ledger.kind import LEDGER

ONLY_ON = POSTGRESQL
_GUARDED = ("release", "release_transition", "release_approval")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def sql(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    return PLACES.execute(path, LEDGER, statement, *values)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO release_approval SELECT * FROM release_approval "
        "ON CONFLICT (release_id, stage) DO UPDATE SET person = 'mo'",
        "INSERT INTO release_transition SELECT * FROM release_transition ON CONFLICT (id) DO UPDATE SET actor = 'mo'",
        "INSERT INTO release SELECT * FROM release WHERE id = 1 ON CONFLICT (id) DO UPDATE SET version = '6.6.6'",
        "INSERT INTO release SELECT * FROM release WHERE id = 1 ON CONFLICT (id) DO UPDATE SET state = 'verifying'",
        "TRUNCATE release",
        "TRUNCATE release_transition",
        "TRUNCATE release_approval",
    ],
)
def test_no_way_to_replace_a_row_of_a_server_goes_round_the_guards(path: Path, statement: str) -> None:
    with queueing(path) as queue:
        submit(queue, stages=("security",))
        queue.approve(1, "security", by=KAY)
    before = [sql(path, f"SELECT * FROM {name}") for name in _GUARDED]
    with pytest.raises(psycopg.Error, match=r"append-only|never changes|no legal move"):
        sql(path, statement)
    assert [sql(path, f"SELECT * FROM {name}") for name in _GUARDED] == before
