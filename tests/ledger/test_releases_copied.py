"""A queue that is copied from a file into a server is there as it was, and as guarded."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.ledger.releasing import OPEN, begun, queueing, submit
from tests.places import PLACES, SQLITE
from tests.postgres import Postgres
from wedtui.core.deployments import moves
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.tables import METADATA
from wedtui.store.copying import copy_store

ONLY_ON = SQLITE


def test_what_is_under_way_and_over_is_copied_and_no_guard_is_left_open(tmp_path: Path, postgres: Postgres) -> None:
    path = tmp_path / "ledger.db"
    with queueing(path) as queue:
        submit(queue, stages=("security",))
        submit(queue, "k2", service="gallery")
        submit(queue, "k3", service="timeline")
        for _ in range(2):
            assert queue.start_next(OPEN, begun) is not None
        queue.move(3, "place", moves.place)
        queue.move(3, "succeed", lambda each, at: moves.succeed(each, "all is well", at))
    database = postgres.migrated()
    counts = copy_store(PLACES.url(path), postgres.url(database), LEDGER, METADATA)
    assert (counts["release"], counts["release_transition"]) == (3, 13)
    query = "SELECT id, state FROM release ORDER BY id"
    assert postgres.query(database, query, kind=LEDGER) == [(1, "waiting"), (2, "running"), (3, "succeeded")]
    with pytest.raises(psycopg.Error, match="no legal move"):
        postgres.query(
            database,
            'INSERT INTO release SELECT (jsonb_populate_record(release, \'{"id": 9, "request_key": "x"}\')).* '
            "FROM release WHERE id = 2",
            kind=LEDGER,
        )
