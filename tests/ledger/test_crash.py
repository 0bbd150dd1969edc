"""kill -9 in the middle of writes, many times: what was acknowledged is there."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from tests.ledger.base import HOUR, NOW, freeze, noted_configurations, reading
from tests.places import SQLITE
from tests.store.processes import kill_after
from wedtui.ledger.ledger import Ledger

# What happens to a file, its locks and its log.
ONLY_ON = SQLITE

KILLS = 25


def write_forever(pipe: Connection[int, int], url: str, first: int) -> None:
    """Add a freeze, lift every third, and note a configuration; a number is sent after each of its commits."""
    ledger = Ledger(url)
    number = first
    while True:
        added = freeze(ledger, str(number))
        pipe.send(number)
        if number % 3 == 0:
            ledger.lift_freeze(added.id, by="grace", at=NOW + HOUR, reason=str(number))
            pipe.send(-number)
        ledger.note_configuration(str(number), at=NOW, seen_by="ada", changes=[str(number)] * 50)
        number += 1


def test_no_decision_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    dice = random.Random(20260606)
    promised: set[int] = set()
    for kill in range(KILLS):
        promised |= set(kill_after(dice.randint(1, 30), write_forever, f"sqlite:///{path}", 1 + 1000 * kill))
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        with reading(path) as reader:
            entries = reader.freeze_entries(include_lifted=True)
        changes = noted_configurations(f"sqlite:///{path}")
        assert {n for n in promised if n > 0} <= {int(e.name) for e in entries}
        assert {-n for n in promised if n < 0} <= {int(e.name) for e in entries if e.lifted_at is not None}
        assert [e.id for e in entries] == list(range(1, len(entries) + 1))
        assert all(e.lift_reason == e.name for e in entries if e.lifted_at is not None)
        assert all(c.changes == [c.digest] * 50 for c in changes)
    assert len(promised) > KILLS
