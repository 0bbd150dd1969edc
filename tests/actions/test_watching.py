"""What came of a change, by the next rounds of the probes; and when the service takes it back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from tests.core.emergency import NOW, SECOND, facts, places, provider, reading
from wedtui.actions.automation import Situation
from wedtui.actions.executor import WorseError
from wedtui.actions.planning import Planner
from wedtui.actions.traffic import Change
from wedtui.actions.watching import Watching
from wedtui.core.actions import Action, ActionState, Step, StepState
from wedtui.core.automation import AutomationFacts, Mode
from wedtui.core.evidence import ProbeEvidence, ProbeRound, ProviderEvidence
from wedtui.core.failover_facts import Facts
from wedtui.core.state import State
from wedtui.core.traffic import TrafficReading
from wedtui.errors import StoreError

BEFORE, AFTER = {"aws": 60, "gcp": 40}, {"aws": 0, "gcp": 100}
EVERY = timedelta(milliseconds=1)
ACCEPTED = NOW - SECOND
"""So the change was accepted a second before it is watched."""


@dataclass
class World:
    """Probes every three seconds, each look a second after the one before."""

    aws: str
    """How its rounds go, from the oldest on: `+`, `-`, or ` ` for none."""
    gcp: str
    at: datetime = NOW
    mode: Mode = Mode.AUTO
    stopped: str | None = None
    aws_state: State = State.OK
    shares: dict[str, int] = field(default_factory=lambda: dict(AFTER))
    generation: int = 8
    looks: int = 0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()

    def situation(self, now: datetime) -> Situation:
        self.looks += 1
        found = Situation(tuple(self.seen(name, went) for name, went in (("aws", self.aws), ("gcp", self.gcp))), {})
        self.at = now + SECOND
        return found

    def seen(self, name: str, went: str) -> ProviderEvidence:
        """The third round is the last before the change; the fourth comes a second after it is watched."""
        rounds: Iterator[tuple[datetime, str]] = (
            (ACCEPTED - 8 * SECOND + 3 * n * SECOND, passed) for n, passed in enumerate(went)
        )
        known = tuple(ProbeRound(at, passed == "+") for at, passed in rounds if at <= self.at and passed != " ")
        return ProviderEvidence(name, "probed", 0, probes=(ProbeEvidence(name, 3 * SECOND, known[::-1]),))

    async def read(self) -> TrafficReading:
        return reading(self.shares, at=self.at, generation=self.generation)

    def facts(self, read: TrafficReading | None, problem: str | None, now: datetime) -> Facts:
        del problem
        known = facts(provider("aws", state=self.aws_state, round_at=now), provider("gcp", round_at=now))
        return replace(known, reading=read)

    async def standing(self, found: Situation) -> AutomationFacts:
        return AutomationFacts(self.mode, True, True, found.providers, found.shares, stopped=self.stopped)

    def watching(self) -> Watching:
        planner = Planner(self, self.facts, self)  # type: ignore[arg-type]
        return Watching(planner, self.situation, self.standing, clock=self, look_every=EVERY)


def action() -> Action:
    submit = Step("submit", StepState.DONE, ACCEPTED - SECOND, ACCEPTED, changes=True)
    return Action("failover", "aws", "traffic", "ada", "", NOW, ActionState.CLAIMED, steps=(submit,), id=4)


CHANGE = Change(reading(BEFORE, generation=7), places(AFTER), 8)


def watched(world: World, watching: Watching | None = None) -> dict[str, object]:
    found: dict[str, object] = json.loads(asyncio.run((watching or world.watching()).watch(action(), CHANGE)))
    return found


def test_two_rounds_that_are_no_worse_are_waited_for() -> None:
    world = World("---", "+++++++")
    assert watched(world) == {"before": 40, "served": 100, "worse": False}
    assert world.looks == 4


@pytest.mark.parametrize(
    ("aws", "gcp"),
    [("+++", "+++--"), ("---", "+++--"), ("+++", "++++--")],
    ids=["it was well before", "what was left is no reason", "in a row"],
)
def test_two_rounds_in_a_row_that_are_worse_are_said(aws: str, gcp: str) -> None:
    world = World(aws, gcp)
    with pytest.raises(WorseError, match=r"0 % of customers are served, and (100|40) % were before it"):
        watched(world)


@pytest.mark.parametrize(("aws", "gcp"), [("+++", "+++-+++"), ("---", "----+++")])
def test_one_bad_round_is_no_verdict(aws: str, gcp: str) -> None:
    assert watched(World(aws, gcp))["worse"] is False


@pytest.mark.parametrize(
    ("aws", "gcp"),
    [("+++", "+++"), ("   ", "+++++++"), ("+++", "   ----")],
    ids=["no round came", "what was served before is not known", "nor of who gains"],
)
def test_what_is_not_known_is_neither_better_nor_worse_and_ends(aws: str, gcp: str) -> None:
    assert watched(World(aws, gcp))["worse"] is None


def not_undone(world: World) -> str | None:
    watching = world.watching()
    with pytest.raises(WorseError):
        watched(world, watching)
    return asyncio.run(watching.may_not_undo(action(), CHANGE))


def test_it_is_taken_back_where_whoever_gets_share_back_may_gain() -> None:
    assert not_undone(World("+++++", "+++--")) is None


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"aws_state": State.CRITICAL}, "aws is CRITICAL and may not gain share"),
        ({"mode": Mode.PROPOSE}, "the mode is propose"),
        ({"stopped": "by kay"}, "all automation is stopped: by kay"),
        ({"shares": {"aws": 10, "gcp": 90}}, "somebody changed the shares since"),
        ({"generation": 9}, "somebody changed the shares since"),
    ],
)
def test_else_it_is_held_for_a_reason(other: dict[str, object], says: str) -> None:
    world = World("+++++", "+++--")
    for name, value in other.items():
        setattr(world, name, value)
    assert says in (not_undone(world) or "")


def test_without_the_rounds_that_were_watched_nothing_is_taken_back() -> None:
    why = asyncio.run(World("+++++", "+++--").watching().may_not_undo(action(), CHANGE))
    assert why == "whether it made things worse is not known"


def glanced(world: World, times: int, goes_on: str) -> dict[str, object]:
    """Look so often while it is not in sync yet, then watch; later rounds of gcp go otherwise."""
    watching = world.watching()

    async def both() -> str:
        for _ in range(times):
            await watching.glance(action(), CHANGE)
        world.gcp += goes_on
        return await watching.watch(action(), CHANGE)

    found: dict[str, object] = json.loads(asyncio.run(both()))
    return found


def test_rounds_from_before_it_is_in_sync_may_say_that_it_is_worse() -> None:
    world = World("+++", "+++--")
    watching = world.watching()

    async def glances() -> None:
        for _ in range(20):
            await watching.glance(action(), CHANGE)

    with pytest.raises(WorseError, match="0 % of customers are served, and 100 % were before it"):
        asyncio.run(glances())
    assert world.looks < 20


def test_rounds_from_before_it_is_in_sync_do_not_say_that_it_is_no_worse() -> None:
    world = World("---", "+++++")
    with pytest.raises(WorseError, match="0 % of customers are served, and 40 % were before it"):
        glanced(world, 5, "--")
    assert glanced(World("---", "+++++"), 5, "++")["worse"] is False


def test_what_was_served_before_is_known_however_long_it_was_looked_at() -> None:
    world = World("+++++", "+++--")
    watching = world.watching()
    asyncio.run(watching.glance(action(), CHANGE))
    world.aws, world.gcp = "     ", "   --"
    with pytest.raises(WorseError):
        watched(world, watching)


def test_while_the_probes_cannot_be_read_the_other_look_goes_on() -> None:
    world = World("+++", "+++")

    def away(_now: datetime) -> Situation:
        raise StoreError("no cache")

    world.situation = away  # type: ignore[assignment,method-assign]
    asyncio.run(world.watching().glance(action(), CHANGE))
