"""The journal keeps what is legal, once, in one transaction with its record; on a file and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.ledger.base import NOW
from tests.places import PLACES
from wedtui.core import actions, confirming
from wedtui.core.actions import LEASE, Action, ActionState, Outcome, Step, StepState
from wedtui.core.chain import Entry, verify
from wedtui.core.confirming import Confirmation
from wedtui.core.roles import Demand
from wedtui.errors import ConflictError, NotFoundError, WedtuiError
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.journal import SERVICE, By, Journal
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.requests import AnsweredBeforeError, KeyReusedError, Once, StoredAnswer
from wedtui.store.opening import writable

SECOND = timedelta(seconds=1)
SUBMIT = Step("submit", StepState.INTENDED, NOW, changes=True)


@dataclass
class Desk:
    """A journal on a place, its database's clock, and what was put on record."""

    path: Path
    at: datetime = NOW
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = self.another()

    def another(self) -> Journal:
        return Journal(PLACES.url(self.path), clock=lambda _connection: self.at)

    @property
    def record(self) -> list[tuple[str, str, str, str]]:
        """Action, move, who and what was said, of every link of the audit chain."""
        with closing(AuditReader(PLACES.url(self.path))) as reader:
            return [
                (str(link.action), link.kind.removeprefix("action."), link.person, str(link.body["said"]))
                for link in map(link_of, reader.written())
                if link is not None and link.kind.startswith("action.")
            ]

    def request(self, key: str = "ada 1", **other: object) -> Action:
        def make(at: datetime) -> Action:
            return replace(Action("failover", "aws", "traffic", "ada", "it is down", at), **other)  # type: ignore[arg-type]

        return self.journal.request(make, key)

    def confirmed(self, key: str = "ada 1") -> Action:
        number = self.request(key).id
        self.journal.move(number, "plan", lambda a, at: actions.propose(a, "{}", "d", at + 60 * SECOND, frozenset()))
        return self.confirm(number)

    def confirm(self, number: int) -> Action:
        def move(action: Action, at: datetime) -> Action:
            return confirming.confirm(action, Confirmation("ada", "d", "aws", at), at + 30 * SECOND)

        return self.journal.move(number, "confirm", move)

    def listed(self) -> tuple[Action, ...]:
        with closing(LedgerReader(PLACES.url(self.path))) as reader:
            return reader.actions()

    def stored(self, number: int) -> Action:
        with closing(LedgerReader(PLACES.url(self.path))) as reader:
            return reader.action(number)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path / "l.db")
    yield made
    made.journal.close()


def test_it_comes_back_as_it_was_stored_step_by_step(desk: Desk) -> None:
    action = desk.confirmed()
    assert desk.stored(action.id) == action
    work = desk.journal.claim("one")
    assert work is not None
    fence = work.fence
    desk.journal.move(work.id, "intend", lambda a, at: actions.intend(a, fence, SUBMIT, at))
    desk.at += SECOND
    after = desk.journal.move(
        work.id, "done", lambda a, at: actions.conclude(a, fence, StepState.DONE, '{"id":"C1"}', at)
    )
    assert desk.stored(action.id) == after
    assert after.steps == (Step("submit", StepState.DONE, NOW, NOW + SECOND, changes=True, detail='{"id":"C1"}'),)
    ended = desk.journal.move(work.id, "verify", lambda a, at: actions.verify(a, fence, "accepted", at))
    assert (desk.stored(action.id), ended.outcome) == (ended, Outcome.VERIFIED)
    moves = ["request", "plan", "confirm", "claim", "intend", "done", "verify"]
    assert [(number, move) for number, move, _, _ in desk.record] == [("1", move) for move in moves]
    assert [who for _, _, who, _ in desk.record] == ["ada", *[SERVICE] * 6]


def test_the_same_key_twice_is_one_action(desk: Desk) -> None:
    first = desk.request()
    desk.at += SECOND
    assert desk.request() == first
    assert len(desk.record) == 1
    with pytest.raises(ConflictError, match="used for action 1 already"):
        desk.request(target="gcp")
    (number, move, who, said) = desk.record[-1]
    assert (number, move, who, "name another" in said) == ("1", "request-refused", "ada", True)
    assert desk.request("eve 1", person="eve").id == 2


def test_the_same_key_with_other_options_is_refused_whatever_stands_beside_them(desk: Desk) -> None:
    first = desk.request(plan='{"asked":{"to":"before"}}')
    assert desk.request(plan='{"asked": {"to": "before"}}') == first
    assert desk.request() == first, "an earlier version did not say with which options"
    put = desk.journal.move(
        first.id,
        "plan",
        lambda a, at: actions.propose(a, '{"asked":{"to":"before"},"plan":{}}', "d", at + 60 * SECOND, frozenset()),
    )
    assert desk.request(plan='{"asked":{"to":"before"}}') == put
    with pytest.raises(ConflictError, match="used for action 1 already"):
        desk.request(plan='{"asked":{"to":"configured"}}')
    assert desk.record[-1][1] == "request-refused"
    assert desk.stored(first.id) == put


def asked(digest: str = "d", key: str = "k") -> Once:
    def written(became: Action | WedtuiError) -> tuple[int, str]:
        return (200, f"{became.id} {became.state}") if isinstance(became, Action) else (409, str(became))

    return Once("ada", key, "POST /v1/actions/1/cancel", digest, written)


def test_a_request_that_was_answered_is_answered_the_same_and_moves_nothing(desk: Desk) -> None:
    number = desk.confirmed().id

    def cancel(once: Once) -> Action:
        by = By("ada", {"role": "engineer"}, once)
        return desk.journal.move(number, "cancel", lambda a, at: actions.cancel(a, "ada", at), by=by)

    ended = cancel(asked())
    links = len(desk.record)
    for again in (lambda: cancel(asked()), lambda: desk.journal.look(asked())):
        with pytest.raises(AnsweredBeforeError) as before:
            again()
        assert before.value.given == StoredAnswer("d", 200, f"{number} ended")
    assert (desk.stored(number), len(desk.record)) == (ended, links)
    # Another request, of the same: refused once, however often it comes.
    with pytest.raises(ConflictError, match="cannot be cancelled"):
        cancel(asked(key="k2"))
    assert len(desk.record) == links + 1
    with pytest.raises(AnsweredBeforeError) as refused:
        cancel(asked(key="k2"))
    assert refused.value.given.status == 409
    with pytest.raises(KeyReusedError):
        cancel(asked("another"))
    assert (desk.stored(number), len(desk.record)) == (ended, links + 1)


def test_an_answer_is_kept_with_its_move_or_neither_is(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    action = desk.confirmed()

    def broken(*_: object) -> None:
        raise RuntimeError("the answer cannot be kept")

    monkeypatch.setattr("wedtui.ledger.requests.keep_answer", broken)
    with pytest.raises(RuntimeError):
        desk.journal.move(action.id, "cancel", lambda a, at: actions.cancel(a, "ada", at), by=By("ada", once=asked()))
    monkeypatch.undo()
    assert desk.stored(action.id) == action
    desk.journal.look(asked())


def test_a_word_is_on_record_with_what_stood_there(desk: Desk) -> None:
    number, needs = desk.request().id, frozenset({Demand.SECOND_PERSON})
    plan = '{"plan":{"kind":"failover","lost":["aws"]}}'
    desk.journal.move(number, "plan", lambda a, at: actions.propose(a, plan, "d", at + 60 * SECOND, needs))
    desk.confirm(number)

    def approve(action: Action, at: datetime) -> Action:
        return confirming.approve(action, Confirmation("kay", "d", "aws", at), at + 30 * SECOND)

    desk.journal.move(number, "approve", approve, by=By("kay", {"role": "manager", "typed": "aws"}))
    with closing(AuditReader(PLACES.url(desk.path))) as reader:
        said = {link.kind: link.body for link in map(link_of, reader.written()) if link is not None}
        assert verify(reader.written()).bad is None
    for move in ("action.confirm", "action.approve"):
        assert said[move]["panel"][0] == "REAL FAILOVER: aws loses all of its traffic"
    assert (said["action.confirm"]["needs"], said["action.approve"]["needs"]) == (["second-person"], [])
    words = {"confirmed_by": "ada", "approved_by": "kay", "role": "manager", "typed": "aws"}
    assert said["action.approve"].items() >= words.items()
    assert "role" not in said["action.confirm"], "it is of its own transaction alone"


@pytest.mark.parametrize("drill", [True, False])
def test_what_is_done_in_a_made_up_world_is_on_record_as_a_drill(desk: Desk, drill: bool) -> None:
    desk.journal.close()
    desk.journal = Journal(PLACES.url(desk.path), clock=lambda _connection: desk.at, drill=drill)
    number, plan = desk.request().id, '{"plan":{"kind":"failover","lost":["aws"]}}'
    desk.journal.move(number, "plan", lambda a, at: actions.propose(a, plan, "d", at + 60 * SECOND, frozenset()))
    desk.confirm(number)
    with pytest.raises(ConflictError):
        desk.confirm(number)
    with closing(AuditReader(PLACES.url(desk.path))) as reader:
        said = {link.kind: link.body for link in map(link_of, reader.written()) if link is not None}
    assert len(said) == 4
    assert {body.get("drill", False) for body in said.values()} == {drill}
    first = said["action.confirm"]["panel"][0]
    assert (
        first == ("DRILL FAILOVER in a made-up world" if drill else "REAL FAILOVER") + ": aws loses all of its traffic"
    )


def test_a_user_who_is_called_service_is_told_from_who_is_no_person(desk: Desk) -> None:
    number = desk.request(person="service").id
    desk.at += 61 * SECOND
    desk.journal.expire()
    asked, ended = [person for action, _move, person, _said in desk.record if action == str(number)]
    assert asked == "service"
    assert ended == "the service"


def test_what_is_refused_changes_nothing_and_is_on_record(desk: Desk) -> None:
    action = desk.request()
    with pytest.raises(ConflictError, match="action 1: it is requested, and cannot be confirmed"):
        desk.confirm(action.id)
    assert desk.stored(action.id) == action
    assert desk.record[-1] == ("1", "confirm-refused", SERVICE, "it is requested, and cannot be confirmed")
    with pytest.raises(NotFoundError, match="no action 7"):
        desk.confirm(7)


def test_what_cannot_be_put_on_record_does_not_happen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    action = desk.confirmed()

    def broken(connection: Connection, entry: Entry) -> None:
        raise RuntimeError("the record cannot be written")

    monkeypatch.setattr("wedtui.ledger.journal.append", broken)
    with pytest.raises(RuntimeError):
        desk.journal.claim("one")
    with pytest.raises(RuntimeError):
        desk.request("ada 2")
    monkeypatch.undo()
    assert desk.stored(action.id) == action
    assert [a for a in desk.listed() if a.id != action.id] == []


def test_two_services_never_work_on_one_action(desk: Desk) -> None:
    action = desk.confirmed()
    other = desk.another()
    try:
        assert desk.journal.claim("one") is not None
        assert other.claim("two") is None
        desk.at += LEASE
        taken = other.claim("two")
        assert taken is not None
        assert (taken.id, taken.fence) == (action.id, 2)
        with pytest.raises(ConflictError, match="another service has taken it over"):
            desk.journal.move(action.id, "intend", lambda a, at: actions.intend(a, 1, SUBMIT, at))
        assert desk.stored(action.id).steps == ()
    finally:
        other.close()


def test_one_action_at_a_time_changes_one_thing(desk: Desk) -> None:
    first = desk.confirmed()
    second = desk.request("ada 2")
    desk.journal.move(second.id, "plan", lambda a, at: actions.propose(a, "{}", "d", at + 60 * SECOND, frozenset()))
    with pytest.raises(ConflictError, match=f"action {first.id} of ada is changing traffic"):
        desk.confirm(second.id)
    desk.journal.move(first.id, "cancel", lambda a, at: actions.cancel(a, "ada", at))
    assert desk.confirm(second.id).state is ActionState.CONFIRMED


def test_what_was_not_begun_in_time_ends_when_it_would_be_claimed(desk: Desk) -> None:
    action = desk.confirmed()
    desk.at += 30 * SECOND
    assert desk.journal.claim("one") is None
    assert desk.stored(action.id).outcome is Outcome.EXPIRED
    assert desk.record[-1][1] == "expire"


def test_plans_that_nobody_confirms_end(desk: Desk) -> None:
    number = desk.request().id
    desk.journal.move(number, "plan", lambda a, at: actions.propose(a, "{}", "d", at + 60 * SECOND, frozenset()))
    assert desk.journal.expire() == 0
    desk.at += 60 * SECOND
    assert desk.journal.expire() == 1
    assert desk.journal.expire() == 0
    assert desk.stored(number).outcome is Outcome.EXPIRED


def test_who_only_looks_at_actions_waits_for_nobody_who_writes(desk: Desk) -> None:
    first, second = desk.confirmed(), desk.request("ada 2")
    desk.journal.move(first.id, "cancel", lambda a, at: actions.cancel(a, "ada", at))
    other = writable(PLACES.url(desk.path), LEDGER)
    with other.writing():
        assert desk.journal.action(second.id) == second
        found = desk.journal.newest("failover", [Outcome.VERIFIED, Outcome.CANCELLED])
        assert found is not None
        assert found.id == first.id
        assert desk.journal.newest("failover", [Outcome.VERIFIED]) is None
        assert desk.journal.newest("failback", [Outcome.CANCELLED]) is None
    other.close()


def test_the_newest_are_listed_first_and_those_that_are_open_by_themselves(desk: Desk) -> None:
    first = desk.confirmed()
    second = desk.request("ada 2")
    given_up = desk.request("ada 3")
    desk.journal.move(given_up.id, "cancel", lambda a, at: actions.cancel(a, "ada", at))
    desk.journal.move(first.id, "cancel", lambda a, at: actions.cancel(a, "ada", at))
    with closing(LedgerReader(PLACES.url(desk.path))) as reader:
        assert [a.id for a in reader.actions()] == [given_up.id, second.id, first.id]
        assert [a.id for a in reader.actions(open_only=True)] == [second.id]
        assert [a.id for a in reader.actions(open_only=True, newest=True)] == [second.id, first.id]
        assert [a.id for a in reader.actions(most=1)] == [given_up.id]
        with pytest.raises(NotFoundError, match="no action 9"):
            reader.action(9)
