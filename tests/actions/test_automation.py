"""The service by itself, with time that is moved: what it asks for, renews, withdraws, confirms, and what it leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.core.emergency import NOW, PEAK, SECOND, SHARES, facts, places, provider, reading, rounds, watched
from wedtui.actions.automation import (
    COUNTS_EVERY_S,
    LOOKS_EVERY_S,
    LOOKS_SOON_S,
    Automation,
    Setting,
    Situation,
)
from wedtui.actions.planning import Planner
from wedtui.core import actions, confirming
from wedtui.core.actions import Action, ActionState, Outcome
from wedtui.core.automation import CALM, COUNTDOWN, Mode, timeouts
from wedtui.core.confirming import Confirmation
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.failover import PLAN_GOOD_FOR
from wedtui.core.failover_facts import Facts, Measured
from wedtui.core.roles import Demand
from wedtui.core.state import State
from wedtui.core.traffic import TrafficReading
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.journal import Journal
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.outbox_reader import OutboxReader
from wedtui.ledger.reader import LedgerReader

CAPS = {"azure": 60, "gcp": 60, "digitalocean": 60}


@dataclass
class World:
    """A ledger, records, probes and a clock, all of them the test's."""

    url: str
    mode: Mode = Mode.AUTO
    at: datetime = NOW
    down: set[str] = field(default_factory=set)
    vantages: tuple[str, ...] = ("here", "there")
    caps: dict[str, int | None] = field(default_factory=lambda: dict(CAPS))
    shares: dict[str, int] = field(default_factory=lambda: dict(SHARES))
    reads: int = 0
    acts: bool = True
    needs: frozenset[Demand] = frozenset()
    said: list[str | None] = field(default_factory=list)
    begun: int = 0
    unrecorded: str | None = None

    # the clock
    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()

    # the backend, as far as it is read
    async def read(self) -> TrafficReading:
        self.reads += 1
        return reading(self.shares, at=self.at)

    # what is known
    def facts(self, read: TrafficReading | None, problem: str | None, now: datetime) -> Facts:
        peak = Measured(PEAK, now)
        known = [
            provider(
                name,
                self.caps.get(name, 100),
                State.CRITICAL if name in self.down else State.OK,
                round_passed=name not in self.down,
                round_at=now,
            )
            for name in SHARES
        ]
        return replace(facts(*known), reading=read, reading_problem=problem, observed=peak, planned=peak)

    def situation(self, now: datetime) -> Situation:
        def seen(name: str) -> ProviderEvidence:
            went = rounds([name not in self.down] * 3, newest=now, interval=SECOND)
            return watched(name, vantages=dict.fromkeys(self.vantages, went))

        return Situation(tuple(map(seen, SHARES)), places(self.shares))

    # the service
    def holds(self) -> bool:
        return self.acts

    def paging(self) -> bool:
        return True

    @property
    def told(self) -> list[str]:
        """What leaves, oldest first."""
        with closing(OutboxReader(self.url)) as reader:
            return [f"{each.event} {each.key}" for each in reversed(reader.notifications())]

    @property
    def paged(self) -> list[str]:
        """What people were called for, oldest first."""
        with closing(OutboxReader(self.url)) as reader:
            return [each.sentence for each in reversed(reader.notifications()) if each.event == "trigger"]

    def say(self, sentence: str | None) -> None:
        if self.said[-1:] != [sentence]:
            self.said.append(sentence)

    def confirmed(self) -> None:
        self.begun += 1

    def aside(self) -> str | None:
        return self.unrecorded

    def journal(self) -> Journal:
        return Journal(self.url, clock=lambda _connection: self.at)

    def automation(self, vantage: str = "london") -> Automation:
        planner = Planner(self, self.facts, self)  # type: ignore[arg-type]
        setting = Setting(self.mode, True, vantage, timeouts(wedding_day=True), self.needs)
        return Automation(self.journal, planner, self.situation, setting, self, clock=self)

    def move(self, number: int, move: Callable[[Action, datetime], Action], by: str = "ada") -> Action:
        with closing(self.journal()) as journal:
            return journal.move(number, "a person", move, by=by)

    @property
    def kept(self) -> tuple[Action, ...]:
        with closing(LedgerReader(self.url)) as reader:
            return reader.actions()

    @property
    def only(self) -> Action:
        (action,) = self.kept
        return action


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(f"sqlite:///{tmp_path / 'ledger.db'}")
    Ledger(made.url).close()
    return made


def looking(world: World, automation: Automation, *, times: int = 1, every: timedelta = SECOND) -> float:
    """Look so often, after so long each."""
    waits = 0.0
    for _ in range(times):
        world.at += every
        waits = asyncio.run(automation.look())
    return waits


def calm(world: World) -> Automation:
    """Return an automation that saw that nothing fails."""
    automation = world.automation()
    looking(world, automation)
    return automation


def test_while_nothing_fails_nothing_is_asked_and_nothing_read(world: World) -> None:
    looking(world, calm(world), times=30)
    assert (world.kept, world.reads, world.paged) == ((), 0, [])


def confirm_as(world: World, person: str) -> Action:
    only, at = world.only, world.at
    word = Confirmation(person, only.digest, only.target, at)
    return world.move(only.id, lambda action, _at: confirming.confirm(action, word, at + 30 * SECOND), by=person)


def test_what_it_proposes_waits_for_the_second_person_who_is_demanded(world: World) -> None:
    world.mode, world.needs = Mode.PROPOSE, frozenset({Demand.SECOND_PERSON})
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    assert confirm_as(world, "ada").state is ActionState.AWAITING
    # There is time for the second to see it: the plan is not renewed under their hands.
    looking(world, automation, times=120)
    only, at = world.only, world.at
    word = Confirmation("ben", only.digest, only.target, at)
    done = world.move(only.id, lambda action, _at: confirming.approve(action, word, at + 30 * SECOND), by="ben")
    assert (done.state, done.confirmed_by, done.approved_by) == (ActionState.CONFIRMED, "ada", "ben")


def test_what_it_counts_down_to_it_does_alone_and_what_is_left_of_it_needs_two(world: World) -> None:
    world.needs = frozenset({Demand.SECOND_PERSON})
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    assert (world.only.needs, world.only.countdown_since is None) == (frozenset(), False)
    world.down = set()
    looking(world, automation)
    assert (world.only.needs, world.only.countdown_since) == (world.needs, None)


def test_it_proposes_once_and_renews_its_plan_before_that_expires(world: World) -> None:
    world.mode = Mode.PROPOSE
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    first = world.only
    assert (first.state, first.person, first.automatic) == (ActionState.AWAITING, "service london", True)
    assert (first.target, first.countdown_since) == ("aws", None)
    assert json.loads(first.plan)["plan"]["automatic"] is False
    looking(world, automation, times=53)
    assert world.only == first
    # Between two readings of the live records there are five seconds.
    assert world.reads <= 12
    looking(world, automation, times=3)
    newer = world.only
    assert json.loads(newer.plan)["plan"]["at"] != json.loads(first.plan)["plan"]["at"]
    assert newer.digest == first.digest, "it says the same: what a person typed for it stays"
    assert newer.expires_at is not None
    assert newer.expires_at - world.at > 50 * SECOND
    assert len(world.paged) == 1


def test_another_division_is_another_plan_at_once(world: World) -> None:
    world.mode = Mode.PROPOSE
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    before = json.loads(world.only.plan)["plan"]["after"]
    world.caps["azure"] = 40
    looking(world, automation, times=6)
    assert json.loads(world.only.plan)["plan"]["after"]["azure"] == 40 != before["azure"]


def test_what_is_over_is_withdrawn_after_a_while_and_the_next_failure_is_another(world: World) -> None:
    world.mode = Mode.PROPOSE
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    world.down = set()
    looking(world, automation, times=5)
    assert world.only.state is ActionState.AWAITING
    world.down = {"aws"}
    looking(world, automation)
    assert len(world.kept) == 1
    world.down = set()
    looking(world, automation, times=CALM // SECOND + 1)
    assert (world.only.outcome, world.only.sentence) == (Outcome.WITHDRAWN, "aws does not fail any more")
    assert world.said[-1] is None
    world.down = {"aws"}
    looking(world, automation)
    assert [action.state for action in world.kept] == [ActionState.AWAITING, ActionState.ENDED]


def test_what_a_person_took_back_is_not_proposed_again(world: World) -> None:
    world.mode = Mode.PROPOSE
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    world.move(1, lambda action, at: actions.cancel(action, "ada", at))
    looking(world, automation, times=120)
    assert world.only.outcome is Outcome.CANCELLED
    assert world.said[-1] == (
        "aws failed, and nothing is proposed: ada cancelled action 1; "
        "`wedtui failover run --from aws --reason WHY` asks for it again"
    )
    # Neither by a service that begins anew.
    looking(world, world.automation(), times=5)
    assert len(world.kept) == 1


def test_without_room_a_person_may_accept_the_overload_and_is_paged(world: World) -> None:
    world.mode, world.caps = Mode.AUTO, dict.fromkeys(CAPS, 20)
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    said = json.loads(world.only.plan)["plan"]
    assert (said["accepts_overload"], said["automatic"], world.only.countdown_since) == (True, False, None)
    assert any("find no room" in page for page in world.paged)


def test_each_failure_is_told_anew_and_its_end_too(world: World) -> None:
    world.mode = Mode.PROPOSE
    automation = calm(world)
    for _ in range(2):
        world.down = {"aws"}
        looking(world, automation)
        world.down = set()
        looking(world, automation, times=CALM // SECOND + 1)
    ends = [f"{event} action/{number}/proposal" for number in (1, 2) for event in ("trigger", "resolve")]
    assert world.told == ends


def test_a_proposal_that_expires_is_over_for_those_who_were_told(world: World) -> None:
    world.mode = Mode.PROPOSE
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    world.at += PLAN_GOOD_FOR
    with closing(world.journal()) as journal:
        assert journal.expire() == 1
    assert world.told == ["trigger action/1/proposal", "resolve action/1/proposal"]


def test_what_is_held_is_told_anew_where_something_else_fails_and_over_once_nothing_does(world: World) -> None:
    automation = calm(world)
    world.down = set(SHARES)
    looking(world, automation, times=3)
    assert world.told == ["trigger automation/held"]
    # A service that begins anew while it fails tells nobody anew, and knows of it when it is over.
    automation = world.automation()
    looking(world, automation, times=3)
    assert world.told == ["trigger automation/held"]
    world.down = set()
    looking(world, automation, times=CALM // SECOND + 1)
    assert world.told == ["trigger automation/held", "resolve automation/held"]
    world.down = set(SHARES)
    looking(world, automation)
    world.shares = {**dict.fromkeys(SHARES, 0), "aws": 60, "azure": 40}
    looking(world, automation, times=6)
    assert world.told[2:] == ["trigger automation/held", "resolve automation/held", "trigger automation/held"]


def test_what_it_does_by_itself_is_over_for_those_who_were_told_once_it_ended(world: World) -> None:
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation, times=6)
    begun = ["trigger action/1/countdown", "trigger action/1/by-itself"]
    assert (world.only.state, world.told) == (ActionState.CONFIRMED, begun)
    world.move(1, lambda action, at: actions.cancel(action, "ada", at))
    assert world.told == [*begun, "resolve action/1/countdown", "resolve action/1/by-itself"]


def test_whom_it_calls_is_stored_with_what_it_does_and_no_crash_comes_between(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    automation = calm(world)
    world.down = {"aws"}

    def die(*_said: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(World, "say", die)
        with pytest.raises(KeyboardInterrupt):
            looking(world, automation)
    assert world.told == ["trigger action/1/countdown"]
    automation = world.automation()
    looking(world, automation, times=4)
    monkeypatch.setattr(World, "confirmed", die)
    with pytest.raises(KeyboardInterrupt):
        looking(world, automation)
    assert world.only.state is ActionState.CONFIRMED
    assert world.told == ["trigger action/1/countdown", "trigger action/1/by-itself"]


def test_where_all_is_bad_nothing_is_proposed(world: World) -> None:
    automation = calm(world)
    world.down = set(SHARES)
    looking(world, automation, times=3)
    assert (world.kept, len(world.paged)) == ((), 1)
    assert "hold the shares" in world.paged[0]


def test_it_counts_down_where_everybody_sees_it_and_then_confirms_with_its_evidence(world: World) -> None:
    automation = calm(world)
    world.down = {"aws"}
    assert looking(world, automation) < 1
    began = world.at
    assert (world.only.countdown_since, world.only.state) == (began, ActionState.AWAITING)
    assert f"{began + COUNTDOWN:%H:%M:%S} UTC" in (world.said[-1] or "")
    looking(world, automation, times=4)
    assert (world.only.countdown_since, world.only.state, world.begun) == (began, ActionState.AWAITING, 0)
    looking(world, automation)
    action = world.only
    assert (action.state, action.confirmed_by, world.begun) == (ActionState.CONFIRMED, "service london", 1)
    with closing(AuditReader(world.url)) as reader:
        link = json.loads(reader.newest(1)[0].content or "")
    assert (link["kind"], link["person"]) == ("action.confirm-by-itself", "service london")
    found = {check["rule"]: check["sentence"] for check in link["body"]["plan"]["automation"]}
    assert found["vantages:aws"].startswith("2 of 2 vantages saw three failed rounds of aws in a row")
    assert link["body"]["plan"]["plan"]["after"]["aws"] == 0
    # While that is changed nothing else is asked for.
    looking(world, automation, times=5)
    assert len(world.kept) == 1
    assert "is changing the traffic" in (world.said[-1] or "")


def test_it_looks_again_soon_once_a_round_failed_and_exactly_when_the_countdown_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    automation = calm(world)
    assert looking(world, automation) == LOOKS_EVERY_S

    def one_round_failed(now: datetime) -> Situation:
        went = rounds([False, True, True], newest=now, interval=SECOND)
        seen = watched("aws", vantages=dict.fromkeys(world.vantages, went))
        return Situation((seen,), places(world.shares))

    monkeypatch.setattr(automation, "_situation", one_round_failed)
    assert looking(world, automation) == LOOKS_SOON_S
    monkeypatch.undo()
    world.down.add("aws")
    assert looking(world, automation) == COUNTS_EVERY_S
    assert looking(world, automation, every=COUNTDOWN - timedelta(seconds=0.3)) == pytest.approx(0.3)
    assert world.begun == 0
    looking(world, automation, every=timedelta(seconds=0.3))
    assert world.begun == 1


def test_a_countdown_outlives_the_service_that_began_it(world: World) -> None:
    world.down = {"aws"}
    looking(world, world.automation("london"))
    looking(world, world.automation("oregon"), times=5)
    assert (world.only.state, world.only.person) == (ActionState.CONFIRMED, "service london")
    assert world.only.confirmed_by == "service oregon"


def test_one_passing_round_ends_the_countdown(world: World) -> None:
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    world.down = set()
    looking(world, automation)
    assert (world.only.state, world.only.countdown_since) == (ActionState.AWAITING, None)
    world.down = {"aws"}
    looking(world, automation)
    assert world.only.countdown_since == world.at


def test_a_stop_within_the_countdown_ends_it_and_a_person_may_still_confirm(world: World) -> None:
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    with closing(Ledger(world.url)) as ledger:
        ledger.stop_automation(by="kay", at=world.at, reason="let me look")
    looking(world, automation, times=10)
    action = world.only
    assert (action.state, action.countdown_since, world.begun) == (ActionState.AWAITING, None, 0)
    assert "all automation is stopped: by kay" in (world.said[-1] or "")
    word = Confirmation("ada", action.digest, "aws", world.at)
    done = world.move(1, lambda a, at: confirming.confirm(a, word, at + SECOND))
    assert done.confirmed_by == "ada"


def test_while_something_was_done_without_the_ledger_nothing_is_done_by_itself(world: World) -> None:
    automation = calm(world)
    world.down, world.unrecorded = {"aws"}, "what was done without the ledger is not on record in it yet"
    looking(world, automation, times=10)
    assert (world.only.state, world.only.countdown_since, world.begun) == (ActionState.AWAITING, None, 0)
    assert f"not by itself: {world.unrecorded}" in (world.said[-1] or "")
    world.unrecorded = None
    looking(world, automation)
    assert world.only.countdown_since == world.at


@pytest.mark.parametrize("comes", ["stop", "change", "aside"])
def test_what_comes_between_the_last_look_and_the_confirmation_prevents_it(
    world: World, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation, times=5)
    real = Journal.act

    def late(journal: Journal, number: int, move: object, tell: object, *, by: str) -> Action:
        if comes == "stop":
            with closing(Ledger(world.url)) as ledger:
                ledger.stop_automation(by="kay", at=world.at, reason="let me look")
        elif comes == "aside":
            world.unrecorded = "what was done without the ledger is not on record"
        else:
            with closing(world.journal()) as other:
                asked = Action("failover", "gcp", "traffic", "ada", "why", world.at)
                mine = other.request(lambda _at: asked, "k").id
                expires = world.at + 60 * SECOND
                other.move(mine, "plan", lambda a, _at: actions.propose(a, "", "d", expires, frozenset()))
                word = Confirmation("ada", "d", "gcp", world.at)
                other.move(mine, "confirm", lambda a, _at: confirming.confirm(a, word, expires), by="ada")
        return real(journal, number, move, tell, by=by)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "act", late)
    looking(world, automation)
    own = next(action for action in world.kept if action.automatic)
    assert (own.state, own.confirmed_by, world.begun) == (ActionState.AWAITING, None, 0)
    with closing(AuditReader(world.url)) as reader:
        assert json.loads(reader.newest(1)[0].content or "")["kind"] == "action.confirm-by-itself-refused"


def test_after_an_abort_it_proposes_nothing_and_counts_down_again_after_the_cooldown(world: World) -> None:
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    world.move(1, lambda action, at: actions.cancel(action, "ada", at))
    aborted = world.at
    looking(world, automation, times=9, every=60 * SECOND)
    assert world.only.outcome is Outcome.CANCELLED
    while world.at - aborted < timedelta(minutes=10) - SECOND:
        looking(world, automation)
    assert world.only.outcome is Outcome.CANCELLED
    looking(world, automation, times=8)
    newer, _aborted = world.kept
    assert newer.countdown_since is not None
    assert newer.countdown_since - aborted >= timedelta(minutes=10)


def test_of_several_only_the_one_that_acts_asks(world: World) -> None:
    world.acts, world.down = False, {"aws"}
    looking(world, world.automation(), times=10)
    assert (world.kept, world.reads) == ((), 0)


def test_two_that_ask_at_once_ask_once(world: World) -> None:
    world.down = {"aws"}
    one, two = world.automation("london"), world.automation("oregon")
    looking(world, one)
    looking(world, two, every=timedelta(0))
    assert len(world.kept) == 1


def test_one_vantage_alone_proposes_and_does_not_act(world: World) -> None:
    world.vantages = ("here",)
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation, times=10)
    assert (world.only.countdown_since, world.begun) == (None, 0)
    assert "(not by itself: 1 of 1 vantages" in (world.said[-1] or "")


def test_what_fails_by_now_is_another_question(world: World) -> None:
    automation = calm(world)
    world.down = {"aws"}
    looking(world, automation)
    world.down = {"aws", "azure"}
    looking(world, automation, times=6)
    newer, older = world.kept
    assert (older.outcome, older.sentence) == (Outcome.WITHDRAWN, "by now it is aws and azure that fails")
    assert (newer.target, newer.countdown_since) == ("aws,azure", None)
