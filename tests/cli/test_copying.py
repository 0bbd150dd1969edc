"""The copy of actions in the cache: made at every move of the journal, whole, and with the shares written last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.emergency import places, reading
from tests.pictures import NOW, SECOND, MovableClock
from tests.places import PLACES
from wedtui.actions.traffic import Change
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cli.copying import Copying
from wedtui.core import actions, confirming
from wedtui.core.action_document import action_document, action_from
from wedtui.core.actions import Action, ActionState, Step, StepState
from wedtui.core.confirming import Confirmation
from wedtui.core.customers import IN_SYNC
from wedtui.core.roles import Demand
from wedtui.core.traffic_facts import Written
from wedtui.errors import ConflictError, StoreUnreachableError
from wedtui.ledger.journal import Journal
from wedtui.ledger.reader import LedgerReader
from wedtui.store.opening import writable

BEFORE, AFTER = {"aws": 60, "gcp": 40}, {"aws": 0, "gcp": 100}
PLAN = json.dumps(
    {
        "plan": {"ttl_seconds": 60, "before": BEFORE, "after": AFTER},
        "change": Change(reading(BEFORE), places(AFTER), 8).document(),
    }
)
SUBMIT = Step("submit", StepState.INTENDED, NOW, changes=True)
LOOK = Step(IN_SYNC, StepState.INTENDED, NOW)
SUBMITTED = json.dumps({"id": "C9"})
UNDO = Step("undo", StepState.INTENDED, NOW, undoes=True)


class Desk:
    """A ledger whose journal tells of each move, and a cache."""

    def __init__(self, folder: Path) -> None:
        self.urls = PLACES.url(folder / "cache.db"), PLACES.url(folder / "ledger.db")
        self.told = 0
        self.journal = Journal(self.urls[1], clock=lambda _connection: NOW, moved=self.moved)
        self.copying = Copying(*self.urls, MovableClock())
        self.ledger = LedgerReader(self.urls[1])
        self.copying.of(self.ledger)
        writable(self.urls[0], CACHE).close()

    def moved(self) -> None:
        self.told += 1

    def copied(self) -> tuple[Action, ...]:
        self.copying.copy()
        with closing(CacheReader(self.urls[0])) as reader:
            found = reader.facts(NOW).actions
        assert found is not None
        assert found.at == NOW
        return found.actions

    def close(self) -> None:
        self.journal.close()
        self.ledger.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.close()


def begin(desk: Desk) -> Action:
    number = desk.journal.request(lambda at: Action("failover", "aws", "traffic", "ada", "down", at), "key").id
    desk.journal.move(number, "plan", lambda a, at: actions.propose(a, PLAN, "d", at + 60 * SECOND, frozenset()))
    word = Confirmation("ada", "d", "aws", NOW)
    desk.journal.move(number, "confirm", lambda a, at: confirming.confirm(a, word, at + 30 * SECOND))
    claimed = desk.journal.claim("one")
    assert claimed is not None
    return claimed


def test_every_move_is_told_and_nothing_else(desk: Desk) -> None:
    action = begin(desk)
    assert desk.told == 4
    desk.journal.move(action.id, "begin", lambda a, at: actions.intend(a, a.fence, SUBMIT, at))
    desk.journal.renew(action.id, action.fence)
    with pytest.raises(ConflictError):
        desk.journal.move(action.id, "begin", lambda a, at: actions.intend(a, a.fence, SUBMIT, at))
    assert desk.told == 5
    assert desk.journal.claim("two") is None
    assert desk.told == 5


def test_what_expired_is_told(desk: Desk) -> None:
    desk.journal.request(lambda at: Action("failover", "aws", "traffic", "ada", "down", at), "key")
    late = Journal(desk.urls[1], clock=lambda _connection: NOW + 61 * SECOND, moved=desk.moved)
    with closing(late):
        assert late.expire() == 1
        assert late.expire() == 0
    assert desk.told == 2


def test_the_copy_holds_what_the_ledger_has_but_the_records(desk: Desk) -> None:
    action = begin(desk)
    desk.journal.move(action.id, "begin", lambda a, at: actions.intend(a, a.fence, SUBMIT, at))
    stored = desk.journal.action(action.id)
    (copied,) = desk.copied()
    assert json.loads(copied.plan) == {"plan": json.loads(PLAN)["plan"]}
    assert replace(copied, plan="") == replace(stored, plan="")


def test_an_action_comes_back_from_its_document() -> None:
    whole = Action(
        "failover",
        "aws",
        "traffic",
        "ada",
        "down",
        NOW,
        state=ActionState.AWAITING,
        needs=frozenset({Demand.SECOND_PERSON}),
        expires_at=NOW + SECOND,
        lease_until=NOW,
        countdown_since=NOW,
        deadline=NOW,
        steps=(replace(SUBMIT, ended_at=NOW, detail="{}"),),
        id=7,
    )
    assert action_from(json.loads(json.dumps(action_document(whole)))) == whole


def test_the_shares_written_last_are_known_once_they_were_accepted(desk: Desk) -> None:
    def written() -> Written | None:
        desk.copying.copy()
        with closing(CacheReader(desk.urls[0])) as reader, reader._store.reading() as snapshot:
            from wedtui.cache.copied import read_written

            return read_written(snapshot)

    action = begin(desk)
    assert written() is None
    desk.journal.move(action.id, "begin", lambda a, at: actions.intend(a, a.fence, SUBMIT, at))
    made = Written(places(AFTER), 8, None, action.id, "failover aws by ada", "")
    assert written() == made, "nobody knows yet whether it took"
    desk.journal.move(action.id, "done", lambda a, at: actions.conclude(a, a.fence, StepState.DONE, SUBMITTED, at))
    assert written() == replace(made, at=NOW, pending="C9")
    desk.journal.move(action.id, "look", lambda a, at: actions.intend(a, a.fence, LOOK, at))
    assert written() == replace(made, at=NOW, pending="C9")
    desk.journal.move(action.id, "done", lambda a, at: actions.conclude(a, a.fence, StepState.DONE, "{}", at))
    assert written() == replace(made, at=NOW, pending=None)
    desk.journal.move(action.id, "undo", lambda a, at: actions.intend(a, a.fence, UNDO, at))
    desk.journal.move(action.id, "done", lambda a, at: actions.conclude(a, a.fence, StepState.DONE, "{}", at))
    assert written() == replace(made, shares=places(BEFORE), generation=9, at=NOW), "nobody knows its id"


def test_a_move_is_copied_by_itself(desk: Desk) -> None:
    desk.copying.start()
    journal = Journal(desk.urls[1], clock=lambda _connection: NOW, moved=desk.copying.moved)
    with closing(journal), closing(CacheReader(desk.urls[0])) as reader:
        number = journal.request(lambda at: Action("failover", "aws", "traffic", "ada", "down", at), "key").id
        for state, move in (
            (ActionState.AWAITING, lambda a, at: actions.propose(a, PLAN, "d", at + 60 * SECOND, frozenset())),
            (ActionState.ENDED, lambda a, at: actions.refuse(a, "no", at)),
        ):
            assert journal.move(number, "move", move).state is state
            # Nobody was waited for but the move itself: a service that is killed here leaves this.
            found = reader.facts(NOW).actions
            assert found is not None
            assert [each.state for each in found.actions] == ([] if state is ActionState.ENDED else [state])
    desk.copying.close()


def test_a_cache_that_cannot_be_written_stops_no_move(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise StoreUnreachableError("no such host")

    monkeypatch.setattr(desk.copying, "copy", broken)
    desk.copying.start()
    journal = Journal(desk.urls[1], clock=lambda _connection: NOW, moved=desk.copying.moved)
    with closing(journal):
        made = journal.request(lambda at: Action("failover", "aws", "traffic", "ada", "down", at), "key")
    assert made.state is ActionState.REQUESTED
    desk.copying.close()
