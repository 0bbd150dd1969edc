"""kill -9 in the middle of requests, many times: a key that comes again is done exactly once."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from tests.control.base import SetClock
from tests.control.test_once import asked, freezing
from tests.store.processes import kill_after
from wedtui.control.desk import Desk
from wedtui.core.roles import Mapped, Role

OWNER = Mapped(users={"kay": Role.OWNER})
KILLS = 20


def desk_of(path: str) -> Desk:
    # What happens to a file, its locks and its log; what a server does with a session that ends is tested by `store`.
    return Desk(f"sqlite:///{path}", SetClock(), OWNER, personal_uid=None)


def act_forever(pipe: Connection[int, int], path: str, first: int) -> None:
    """Freeze under one key after the other; a number is sent after each was answered."""
    desk = desk_of(path)
    number = first
    while True:
        desk.act(asked(desk, str(number)), freezing(str(number)))
        pipe.send(number)
        number += 1


def test_a_key_that_comes_again_after_kill_9_is_done_exactly_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    dice = random.Random(20260606)
    next_one = 1
    for _ in range(KILLS):
        last = kill_after(dice.randint(1, 12), act_forever, str(path), next_one)[-1]
        with closing(desk_of(str(path))) as desk:
            # Whoever lost an answer sends the request again: the one in whose middle it was killed as well.
            for number in (last, last + 1):
                answer, before = desk.act(asked(desk, str(number)), freezing(str(number)))
                assert before or number == last + 1
                assert json.loads(answer.answer) == {"id": number}
        next_one = last + 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found = [name for (name,) in connection.execute("SELECT name FROM freeze_period ORDER BY id")]
    assert found == [str(number) for number in range(1, next_one)]
