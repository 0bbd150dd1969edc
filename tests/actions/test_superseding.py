"""A second provider is lost while the first change is only being looked at: nobody waits, and each is made once."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.actions.world import SECOND, BreakingJournal, Commits, Crash, World
from tests.places import PLACES
from wedtui.actions.executor import Executor, WorseError
from wedtui.actions.traffic import Change, MovingTraffic
from wedtui.core import actions, confirming
from wedtui.core.actions import LEASE, Action, ActionState, Outcome, StepState
from wedtui.core.confirming import Confirmation
from wedtui.core.customers import CUSTOMERS, moved
from wedtui.core.roles import Demand
from wedtui.core.traffic import Place
from wedtui.errors import ConflictError, StoreError
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.journal import Journal
from wedtui.ledger.reader import LedgerReader

NOW = datetime.fromisoformat("2026-06-20T13:02:00+00:00")
AWS, AZURE, GCP = Place("aws"), Place("azure"), Place("gcp")
BEFORE: Mapping[Place, int] = {AWS: 60, AZURE: 10, GCP: 30}
FIRST: Mapping[Place, int] = {AWS: 0, AZURE: 25, GCP: 75}
SECOND_ONE: Mapping[Place, int] = {AWS: 0, AZURE: 100, GCP: 0}
NO_TIME = timedelta(0)
SOON = timedelta(milliseconds=2)
KEYS = itertools.count()


@dataclass
class Desk:
    """A ledger, its database's clock, the records, and a change that is looked at for as long as the test wants."""

    url: str
    at: datetime = NOW
    watched: list[int] = field(default_factory=list)
    """Actions whose watch is under way, or was."""
    meanwhile: Any = None
    """What happens while the first is watched."""
    world: World = field(init=False)
    commits: Commits = field(default_factory=Commits)

    def __post_init__(self) -> None:
        self.world = World(dict(BEFORE), lambda: self.at)

    def journal(self) -> Journal:
        return BreakingJournal(self.url, lambda: self.at, self.commits)

    def stored(self, number: int) -> Action:
        with closing(LedgerReader(self.url)) as reader:
            return reader.action(number)

    def links(self, number: int) -> list[Any]:
        with closing(AuditReader(self.url)) as reader:
            found = [link_of(each) for each in reader.written()]
        return [link for link in found if link is not None and link.action == str(number)]

    def kinds(self, number: int) -> list[str]:
        return [link.kind for link in self.links(number)]

    async def asked(self, target: str, after: Mapping[Place, int], **other: Any) -> int:
        """Ask for a change on what is live."""
        read = await self.world.read()
        plan = json.dumps({"change": Change(read, after, read.generation + 1).document()})
        needs = other.pop("needs", frozenset())

        def make(at: datetime) -> Action:
            return replace(Action("failover", target, "traffic", "ada", "down", at), **other)

        with closing(Journal(self.url, clock=lambda _connection: self.at)) as journal:
            number = journal.request(make, f"ada {next(KEYS)}").id
            journal.move(number, "plan", lambda a, at: actions.propose(a, plan, "d", at + 60 * SECOND, needs))
        return number

    def confirm(self, number: int, commits: Commits | None = None, by: str = "ada") -> Action:
        target = self.stored(number).target
        word = Confirmation(by, "d", target, self.at)
        with closing(BreakingJournal(self.url, lambda: self.at, commits or Commits())) as journal:
            return journal.move(
                number, "confirm", lambda a, at: confirming.confirm(a, word, at + 30 * SECOND), by="ada"
            )

    async def watch(self, action: Action, change: Change) -> str:
        del change
        self.watched.append(action.id)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
            await asyncio.Event().wait()  # rounds do not come
        return '{"worse":false}'

    async def live(self, holder: str) -> None:
        """One life of a service: it works until there is nothing to do, or dies."""
        work = MovingTraffic(self.world, self.watch, look_every=NO_TIME, in_sync_within=NO_TIME, settles=NO_TIME)
        executor = Executor(self.journal, {"failover": work, "failback": work}, holder, renews_every=SOON)
        try:
            async with asyncio.timeout(30):
                while await executor.work_once():
                    pass
        except (Crash, StoreError):
            self.commits.faults = {}
        finally:
            await executor.close()

    def through(self, lives: int = 4) -> None:
        for life in range(lives):
            asyncio.run(self.live(f"life {life}"))
            self.at += LEASE


def test_the_second_begins_while_the_first_is_watched_and_each_is_made_once(ledger: str) -> None:
    desk = Desk(ledger)
    first = asyncio.run(desk.asked("aws", FIRST))
    desk.confirm(first)
    second = 0

    async def another() -> None:
        nonlocal second
        second = await desk.asked("gcp", SECOND_ONE)
        desk.confirm(second)

    desk.meanwhile = another
    asyncio.run(desk.live("one"))
    ended, done = desk.stored(first), desk.stored(second)
    assert (ended.outcome, done.outcome) == (Outcome.SUPERSEDED, Outcome.VERIFIED)
    assert ended.sentence == f"it was accepted; action {second} began before it was seen whether it helped"
    assert [(step.name, step.state) for step in ended.steps] == [
        ("submit", StepState.DONE),
        ("in sync", StepState.DONE),
        ("answers", StepState.DONE),
        ("watch", StepState.FAILED),
        (CUSTOMERS, StepState.FAILED),
    ]
    times = moved(ended.confirmed_at, ended.steps, SECOND)
    assert not times.is_open(desk.at)
    said = f"given up 1 m 00 s ago: action {second} changes the shares again"
    assert done.confirmed_at is not None
    assert times.moved_words(done.confirmed_at + timedelta(minutes=1)).endswith(said)
    assert [(each.generation, each.action) for each in desk.world.landed] == [(7, 0), (8, 0)]
    assert dict(desk.world.shares) == SECOND_ONE
    link = desk.links(first)[-1]
    assert (link.kind, link.person, link.body["said"]) == ("action.supersede", "ada", ended.sentence)
    assert (link.body["state"], link.body["outcome"]) == ("ended", "superseded")
    assert link.at == done.confirmed_at == ended.ended_at


@pytest.mark.parametrize("fault", ["before", "after", "gone before", "gone after"])
def test_both_or_neither_are_stored_whatever_dies_at_the_confirmation(ledger: str, fault: str) -> None:
    desk = Desk(ledger)
    first = asyncio.run(desk.asked("aws", FIRST))
    desk.confirm(first)
    second = 0

    async def another() -> None:
        nonlocal second
        second = await desk.asked("gcp", SECOND_ONE)
        with pytest.raises((Crash, StoreError)):
            desk.confirm(second, Commits({1: fault}))
        states = (desk.stored(first).outcome, desk.stored(second).state)
        superseded = (Outcome.SUPERSEDED, ActionState.CONFIRMED)
        assert states == (superseded if fault.endswith("after") else (None, ActionState.AWAITING))
        if fault.endswith("before"):
            desk.confirm(second)

    desk.meanwhile = another
    desk.through()
    assert (desk.stored(first).outcome, desk.stored(second).outcome) == (Outcome.SUPERSEDED, Outcome.VERIFIED)
    assert desk.world.applied == [7, 8]


@pytest.mark.parametrize("number", range(1, 20))
def test_each_is_made_once_whatever_dies_at_any_commit_of_the_service(ledger: str, number: int) -> None:
    # As each step begins, with its intent stored, or as it ends, with the outside call made.
    fault = "after" if number % 2 else "before"
    desk = Desk(ledger, commits=Commits({number: fault}))
    first = asyncio.run(desk.asked("aws", FIRST))
    desk.confirm(first)
    known: list[int] = []

    async def another() -> None:
        known.append(await desk.asked("gcp", SECOND_ONE))
        desk.confirm(known[0])

    desk.meanwhile = another
    desk.through()
    [second] = known
    assert (desk.stored(first).outcome, desk.stored(second).outcome) == (Outcome.SUPERSEDED, Outcome.VERIFIED)
    assert (desk.world.applied, dict(desk.world.shares)) == ([7, 8], SECOND_ONE)


OTHERS: dict[str, dict[str, Any]] = {
    "a failback": {"kind": "failback"},
    "what the service asked for": {"automatic": True},
}


@pytest.mark.parametrize("other", OTHERS)
def test_whatever_is_no_failover_of_a_person_waits_as_ever(ledger: str, other: str) -> None:
    desk = Desk(ledger)
    first = asyncio.run(desk.asked("aws", FIRST))
    desk.confirm(first)

    async def another() -> None:
        second = await desk.asked("gcp", SECOND_ONE, **OTHERS[other])
        with pytest.raises(ConflictError, match=f"action {first} of ada is changing traffic: wait for its end"):
            desk.confirm(second)
        assert desk.stored(first).state is ActionState.CLAIMED
        with closing(desk.journal()) as journal:
            journal.move(first, "cancel", lambda a, at: actions.cancel(a, "grace", at))

    desk.meanwhile = another
    asyncio.run(desk.live("one"))
    assert desk.stored(first).state is ActionState.HANDED_OVER
    assert "action.supersede" not in desk.kinds(first)


def test_a_plan_from_before_the_change_supersedes_nothing(ledger: str) -> None:
    desk = Desk(ledger)
    early = asyncio.run(desk.asked("gcp", SECOND_ONE))
    first = asyncio.run(desk.asked("aws", FIRST))
    desk.confirm(first)
    refused: list[str] = []

    async def another() -> None:
        with pytest.raises(ConflictError) as caught:
            desk.confirm(early)
        refused.append(str(caught.value))
        raise WorseError("fewer rounds pass than before")

    desk.meanwhile = another
    asyncio.run(desk.live("one"))
    assert f"action {first} of ada is changing traffic" in refused[0]
    assert desk.world.applied == [7]


def test_with_two_persons_it_is_superseded_by_the_last_word_alone(ledger: str) -> None:
    desk = Desk(ledger)
    first = asyncio.run(desk.asked("aws", FIRST))
    desk.confirm(first)
    second = 0

    async def another() -> None:
        nonlocal second
        second = await desk.asked("gcp", SECOND_ONE, needs=frozenset({Demand.SECOND_PERSON}))
        desk.confirm(second)
        assert desk.stored(first).state is ActionState.CLAIMED
        word = Confirmation("kay", "d", "gcp", desk.at)
        with closing(desk.journal()) as journal:
            journal.move(second, "approve", lambda a, at: confirming.approve(a, word, at + 30 * SECOND), by="kay")

    desk.meanwhile = another
    asyncio.run(desk.live("one"))
    assert (desk.stored(first).outcome, desk.stored(second).outcome) == (Outcome.SUPERSEDED, Outcome.VERIFIED)
    assert desk.links(first)[-1].person == "kay"


@pytest.mark.parametrize("when", ["submit", "undo"])
def test_while_anything_is_being_changed_the_second_waits(tmp_path: Path, when: str) -> None:
    desk = Desk(PLACES.url(tmp_path / "l.db"))
    first = asyncio.run(desk.asked("aws", FIRST))
    desk.confirm(first)
    refused: list[str] = []

    async def submitting(generation: int) -> int:
        if generation == (7 if when == "submit" else 8):
            second = await desk.asked("gcp", SECOND_ONE)
            with pytest.raises(ConflictError) as caught:
                desk.confirm(second)
            refused.append(str(caught.value))
            # Nor is it broken off, however often the claim is renewed: by the second time the first was heard of.
            with closing(desk.journal()) as journal:
                journal.move(first, "cancel", lambda a, at: actions.cancel(a, "grace", at))
            for _ in range(2):
                before = desk.stored(first).lease_until
                desk.at += SECOND
                while True:
                    await asyncio.sleep(0)
                    if desk.stored(first).lease_until != before:
                        break
        return first

    async def worse(_action: Action, _change: Change) -> str:
        raise WorseError("fewer rounds pass than before")

    async def nothing_forbids(_action: Action, _change: Change) -> None:
        return None

    desk.world.before_submit = submitting

    async def live() -> None:
        work = MovingTraffic(
            desk.world, worse, nothing_forbids, look_every=NO_TIME, in_sync_within=NO_TIME, settles=NO_TIME
        )
        executor = Executor(desk.journal, {"failover": work}, "one", renews_every=SOON)
        await executor.work_once()
        await executor.close()

    asyncio.run(live())
    assert f"action {first} of ada is changing traffic" in refused[0]
    ended = desk.stored(first)
    if when == "submit":
        assert (ended.state, ended.steps[-1].state) == (ActionState.HANDED_OVER, StepState.DONE)
    else:
        assert ended.outcome is Outcome.UNDONE
    assert desk.world.applied == ([7] if when == "submit" else [7, 8])


def test_what_is_cancelled_while_it_is_looked_at_is_handed_over_at_once(tmp_path: Path) -> None:
    desk = Desk(PLACES.url(tmp_path / "l.db"))
    first = asyncio.run(desk.asked("aws", FIRST))
    desk.confirm(first)

    async def cancel() -> None:
        with closing(desk.journal()) as journal:
            journal.move(first, "cancel", lambda a, at: actions.cancel(a, "grace", at), by="grace")

    desk.meanwhile = cancel
    asyncio.run(desk.live("one"))
    action = desk.stored(first)
    assert (action.state, action.sentence) == (ActionState.HANDED_OVER, "not seen to its end: grace cancelled it")
    assert (action.steps[-1].name, action.steps[-1].state) == ("watch", StepState.FAILED)
    assert (desk.world.applied, dict(desk.world.shares)) == ([7], FIRST)
