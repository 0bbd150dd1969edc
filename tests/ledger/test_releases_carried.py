"""What an action of the journal does outside is what becomes of the release, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tests.core.deployments.made import HOUR, NOW, release
from tests.ledger.releasing import OPEN, queueing, state_of, submit
from tests.places import PLACES
from wedtui.core import actions
from wedtui.core.actions import MADE_WORSE, Action, ActionState, Outcome, Step, StepState
from wedtui.core.chain import canonical
from wedtui.core.deployments.carried import IN_PLACE, PREPARE, ROLLBACK
from wedtui.core.deployments.doing import START, TAKE_BACK, VERIFY, action_for, key_of
from wedtui.core.deployments.release import Release
from wedtui.errors import ConflictError
from wedtui.ledger import journal as kept
from wedtui.ledger.frozen import judged_now
from wedtui.ledger.journal import Journal, Move
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.releases import Releases

D, F = StepState.DONE, StepState.FAILED
ONE = "service one"


def begin(connection: Connection, each: Release, why: str, at: datetime) -> int:
    return kept.begin(connection, action_for(each, ONE, why, at), key_of(each), at)


class Carried:
    """A release of a service that had another version before, and the action that carries it out."""

    def __init__(self, path: Path, queue: Releases, journal: Journal) -> None:
        self.path, self.queue, self.journal = path, queue, journal
        submit(queue, version="1.4.1")
        self.start()
        self.steps((PREPARE, D), (START, D), (IN_PLACE, D), (VERIFY, D))
        self.move("verify", lambda each, at: actions.verify(each, 1, "all is well", at))
        submit(queue, "k2", version="1.4.2")
        self.start()

    def start(self) -> None:
        started = self.queue.start_next(OPEN, begin)
        assert started is not None
        claimed = self.journal.claim("one")
        assert claimed is not None
        self.number, self.action = started.id, claimed.id

    def move(self, name: str, move: Move) -> Action:
        return self.journal.move(self.action, name, move)

    def steps(self, *done: tuple[str, StepState]) -> None:
        for name, state in done:
            self.intend(name)
            detail = f"{MADE_WORSE}: errors" if state is F else "{}"
            self.move(f"{name} {state}", lambda a, at, s=state, d=detail: actions.conclude(a, 1, s, d, at))  # type: ignore[misc]

    def intend(self, name: str) -> None:
        step = Step(name, StepState.INTENDED, NOW, changes=name == START, undoes=name == TAKE_BACK)
        self.move(f"begin {name}", lambda each, at: actions.intend(each, 1, step, at))

    @property
    def state(self) -> str:
        return state_of(self.path, self.number)

    def went(self) -> list[str]:
        rows = PLACES.execute(
            self.path, LEDGER, "SELECT after FROM release_transition WHERE release_id = ? ORDER BY id", self.number
        )
        return [str(row[0]) for row in rows][3:]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Carried]:
    path = tmp_path / "ledger.db"
    with queueing(path) as queue:
        # The journal goes by the clock by which the database judges: what was started was started just now.
        journal = Journal(PLACES.url(path), clock=judged_now)
        yield Carried(path, queue, journal)
        journal.close()


def test_step_by_step_to_its_success(made: Carried) -> None:
    assert made.state == "running"
    made.steps((PREPARE, D), (START, D))
    assert made.state == "running"
    made.steps((IN_PLACE, D))
    assert made.state == "verifying"
    made.steps((VERIFY, D))
    ended = made.move("verify", lambda each, at: actions.verify(each, 1, "all is well", at))
    assert (ended.outcome, made.state) == (Outcome.VERIFIED, "succeeded")
    assert made.went() == ["running", "verifying", "succeeded"]


@pytest.mark.parametrize("placed", [False, True])
def test_what_made_things_worse_is_rolled_back(made: Carried, placed: bool) -> None:
    made.steps((PREPARE, D), (START, D), *([(IN_PLACE, D), (VERIFY, F)] if placed else [(IN_PLACE, F)]))
    made.intend(TAKE_BACK)
    assert made.state == "rolling back"
    made.move("done", lambda each, at: actions.conclude(each, 1, D, "{}", at))
    assert made.state == "rolling back"
    made.move("undo", lambda each, at: actions.undo(each, 1, "it was undone", at))
    assert made.went() == ["running", *(["verifying"] if placed else []), "failed", "rolling back", "rolled back"]


def test_a_rollback_that_fails_waits_for_a_person_and_keeps_its_service(made: Carried) -> None:
    made.steps((PREPARE, D), (START, D), (IN_PLACE, F))
    made.intend(TAKE_BACK)
    made.move("failed", lambda each, at: actions.conclude(each, 1, F, "no", at))
    made.move("hand over", lambda each, _at: actions.hand_over(each, 1, "undoing it failed"))
    assert made.state == "rolling back"
    submit(made.queue, "k3", version="1.5.0")
    assert made.queue.start_next(OPEN, begin) is None
    made.move("settle", lambda each, at: actions.settle(each, "kay", "1.4.1 is in place", at))
    assert made.state == "blocked"
    after = made.queue.start_next(OPEN, begin)
    assert after is not None
    assert (after.version, after.previous) == ("1.5.0", ""), "nobody but a person knows what is in place"


def test_what_is_not_known_waits_for_a_person(made: Carried) -> None:
    made.steps((PREPARE, D))
    made.intend(START)
    made.move("hand over", lambda each, _at: actions.hand_over(each, 1, "nobody knows"))
    assert made.state == "failed"
    made.move("settle", lambda each, at: actions.settle(each, "kay", "it is in place", at))
    assert made.went() == ["running", "failed", "blocked"]


@pytest.mark.parametrize("step", [PREPARE, START])
def test_what_could_not_be_begun_is_blocked_and_changed_nothing(made: Carried, step: str) -> None:
    if step == START:
        made.steps((PREPARE, D))
    made.intend(step)
    made.move("failed", lambda each, at: actions.conclude(each, 1, F, "there is no such version", at))
    made.move("fail", lambda each, at: actions.fail(each, 1, "there is no such version", at))
    assert made.went() == ["running", "failed", "blocked"]


def test_what_nobody_begins_in_time_is_blocked(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with queueing(path) as queue:
        submit(queue)
        assert queue.start_next(OPEN, begin) is not None
        late = closing(Journal(PLACES.url(path), clock=lambda _connection: NOW + HOUR))
        with late as journal:
            assert journal.claim("one") is None
    assert state_of(path, 1) == "blocked"


def test_a_success_is_rolled_back_by_an_action_of_its_own(made: Carried) -> None:
    made.steps((PREPARE, D), (START, D), (IN_PLACE, D), (VERIFY, D))
    made.move("verify", lambda each, at: actions.verify(each, 1, "all is well", at))
    plan = canonical({"change": {"release": made.number}})
    asked = Action(ROLLBACK, "rsvp", "production/rsvp", "ada", "it hurts", NOW, plan=plan)
    state: dict[str, Any] = {"state": ActionState.CONFIRMED, "confirmed_by": "ada", "confirmed_at": NOW}
    made.action = put(made, replace(asked, **state, deadline=NOW + HOUR), "k")
    assert made.state == "succeeded"
    assert made.journal.claim("one") is not None
    made.intend(START)
    assert made.state == "rolling back"
    made.move("done", lambda each, at: actions.conclude(each, 1, D, "{}", at))
    made.move("verify", lambda each, at: actions.verify(each, 1, "1.4.1 is in place", at))
    assert made.went() == ["running", "verifying", "succeeded", "rolling back", "rolled back"]
    with pytest.raises(ConflictError, match=r"1\.4\.1 of rsvp in production is in place already"):
        submit(made.queue, "k4", version="1.4.1")


def test_an_action_is_begun_once_for_a_release(made: Carried) -> None:
    again = action_for(release(made.number), ONE, "again", NOW)
    with pytest.raises(IntegrityError):
        put(made, again, key_of(release(made.number)))


def put(made: Carried, action: Action, key: str) -> int:
    with made.queue._store.writing() as connection:
        return kept.begin(connection, action, key, NOW)
