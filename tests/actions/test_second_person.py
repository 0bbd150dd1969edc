"""What is asked for and refused is told; a second person, or the glass: by the journal, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.control.changing import Records
from tests.core.emergency import NOW, facts, places
from tests.places import PLACES
from wedtui.actions.planning import Planner
from wedtui.actions.requests import Requests, Wish
from wedtui.core.actions import Action, ActionState
from wedtui.core.failover_facts import Facts, Kind
from wedtui.core.roles import Decided, Demand
from wedtui.core.traffic import TrafficReading
from wedtui.errors import ConflictError, NotPermittedError
from wedtui.ledger.journal import Journal
from wedtui.ledger.outbox_reader import NoticeEntry, OutboxReader

SECOND_PERSON = frozenset({Demand.SECOND_PERSON})
ADA, KAY = Decided("ada", needs=SECOND_PERSON), Decided("kay")
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _on_each_system(places: None) -> None:
    """Use the places of the system under test."""


class Desk:
    """Requests by a clock that stands, on facts that the test chooses."""

    def __init__(self, url: str) -> None:
        self.url, self.facts = url, facts()
        self.at = NOW
        planner = Planner(Records(), self.known, self)
        self.requests = Requests(lambda: Journal(url, clock=lambda _connection: self.at), planner, places({}))

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def known(self, read: TrafficReading | None, problem: str | None, now: datetime) -> Facts:
        del read, problem, now
        return self.facts

    def ask(self, by: Decided = ADA, key: str = "k") -> Action:
        return asyncio.run(self.requests.ask(by, Wish(Kind.FAILOVER, ("aws",)), "it is down", key))

    def confirm(self, action: Action, by: Decided = ADA, break_glass: str | None = None) -> Action:
        return asyncio.run(self.requests.confirm(by, action.id, action.digest, "aws", break_glass))

    def approve(self, action: Action, by: Decided = KAY) -> Action:
        return asyncio.run(self.requests.approve(by, action.id, action.digest, "aws"))

    def kept(self, number: int) -> Action:
        journal = Journal(self.url)
        try:
            return journal.action(number)
        finally:
            journal.close()

    def told(self) -> list[NoticeEntry]:
        reader = OutboxReader(self.url)
        try:
            return [*reversed(reader.notifications())]
        finally:
            reader.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(PLACES.url(tmp_path / "l.db"))
    yield made
    made.requests.close()


def test_where_there_is_no_room_somebody_is_paged(desk: Desk) -> None:
    desk.facts = facts(caps={"azure": 25, "gcp": 15, "digitalocean": 0})
    action = desk.ask(Decided("ada"))
    assert action.state is ActionState.ENDED
    (told,) = desk.told()
    assert (told.key, told.severity) == (f"action/{action.id}/refused", "critical")
    assert "was refused, and traffic stays as it is" in told.sentence


def test_who_may_not_ask_pages_nobody(desk: Desk) -> None:
    with pytest.raises(NotPermittedError):
        desk.ask(Decided("eve", "eve is viewer"))
    assert desk.told() == []


def test_with_a_second_person_it_is_confirmed_and_nobody_is_told(desk: Desk) -> None:
    action = desk.ask()
    assert action.needs == SECOND_PERSON
    assert action.expires_at == NOW + 300 * SECOND
    with pytest.raises(ConflictError, match="it takes another person"):
        desk.approve(action, Decided("ada"))
    with pytest.raises(NotPermittedError, match="eve is viewer"):
        desk.approve(action, Decided("eve", "eve is viewer"))
    assert desk.approve(action).approved_by == "kay"
    assert desk.confirm(action).state is ActionState.CONFIRMED
    assert desk.told() == []


def test_who_asked_may_give_her_word_first_and_then_it_waits(desk: Desk) -> None:
    action = desk.ask()
    waits = desk.confirm(action)
    assert (waits.state, waits.confirmed_by, waits.needs) == (ActionState.AWAITING, "ada", SECOND_PERSON)
    assert desk.confirm(action) == waits
    with pytest.raises(ConflictError, match="it takes another person"):
        desk.approve(action, Decided("ada"))
    approved = desk.approve(action)
    assert (approved.state, approved.approved_by, approved.deadline) == (
        ActionState.CONFIRMED,
        "kay",
        NOW + 30 * SECOND,
    )


def test_what_waits_for_a_second_person_is_planned_again_with_their_word(desk: Desk) -> None:
    action = desk.ask()
    desk.confirm(action)
    desk.facts = facts(caps={"azure": 60, "gcp": 100, "digitalocean": 100})
    with pytest.raises(ConflictError, match="the plan has changed"):
        desk.approve(action)
    newer = desk.kept(action.id)
    assert (newer.state, newer.needs, newer.confirmed_by) == (ActionState.AWAITING, SECOND_PERSON, None)


def test_the_glass_is_broken_by_who_waited(desk: Desk) -> None:
    action = desk.ask()
    desk.confirm(action)
    alone = desk.confirm(action, break_glass="nobody answers")
    assert (alone.state, alone.broke_glass) == (ActionState.CONFIRMED, "nobody answers")
    assert [each.everybody for each in desk.told()] == [True]


def test_a_plan_that_changed_needs_the_second_person_again(desk: Desk) -> None:
    action = desk.ask()
    desk.approve(action)
    desk.facts = facts(caps={"azure": 60, "gcp": 100, "digitalocean": 100})
    with pytest.raises(ConflictError, match="the plan has changed"):
        desk.confirm(action)
    newer = desk.kept(action.id)
    assert (newer.needs, newer.approved_by, newer.digest != action.digest) == (SECOND_PERSON, None, True)


def test_broken_glass_is_told_to_everybody_and_stays_open_until_reviewed(desk: Desk) -> None:
    action = desk.ask()
    assert desk.confirm(action, break_glass="nobody answers").broke_glass == "nobody answers"
    (told,) = desk.told()
    assert (told.key, told.everybody) == (f"action/{action.id}/break-glass", True)
    reader = OutboxReader(desk.url)
    (alone,) = reader.standing().alone
    assert (alone.action, alone.person, alone.reason, alone.what) == (
        action.id,
        "ada",
        "nobody answers",
        "failover aws",
    )
    with pytest.raises(ConflictError, match="another person reviews it"):
        asyncio.run(desk.requests.review(ADA, action.id, "it was right"))
    assert len(reader.standing().alone) == 1
    asyncio.run(desk.requests.review(KAY, action.id, "it was right"))
    assert reader.standing().alone == ()
    reader.close()
    assert [each.event for each in desk.told()] == ["trigger", "resolve"]
