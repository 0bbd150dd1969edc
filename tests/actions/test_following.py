"""Once a change ended well it is looked whether its customers moved: seen once, through crashes, holding nothing up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.actions.test_superseding import AWS, AZURE, FIRST, GCP, NOW, SECOND_ONE, Desk
from tests.actions.world import SECOND, Crash
from tests.places import PLACES
from wedtui.actions.following import Following
from wedtui.core import actions
from wedtui.core.actions import Action, ActionState, Outcome, Step, StepState
from wedtui.core.customers import CUSTOMERS, moved
from wedtui.core.evidence import REQUESTS_SIGNAL, ProbeEvidence, ProbeRound, ProviderEvidence, SignalEvidence
from wedtui.core.following import GIVEN_UP_AFTER
from wedtui.core.traffic import Place
from wedtui.errors import ForeignRecordsError, ProviderUnavailableError, StoreError
from wedtui.ledger.journal import Journal

COMMITS = ["before", "after", "gone before", "gone after"]


@dataclass
class Scene(Desk):
    """A change that was made, and what is seen of its customers; its TTL is a second."""

    served: dict[str, float | None] = field(default_factory=lambda: {"aws": 0.0, "azure": 25.0, "gcp": 75.0})
    """None: there is a signal, and no value."""
    counts: Mapping[Place, int] | None = None
    foreign: str = ""
    """What an answer names that is no place, as the backend says it."""
    asked_dns: int = 0
    holds: bool = True

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOW).total_seconds()

    async def answers(self, count: int) -> Mapping[Place, int]:
        self.asked_dns += 1
        if self.foreign:
            raise ForeignRecordsError(self.foreign)
        if self.counts is None:
            raise ProviderUnavailableError("no nameserver answers")
        assert sum(self.counts.values()) == count
        return self.counts

    def observed(self, now: datetime) -> tuple[ProviderEvidence, ...]:
        def one(name: str, value: float | None) -> ProviderEvidence:
            at = None if value is None else now
            probe = ProbeEvidence(name, SECOND, (ProbeRound(now, passed=True),))
            signal = SignalEvidence(REQUESTS_SIGNAL, "prometheus", SECOND, value, at)
            return ProviderEvidence(name, "probed", 0, probes=(probe,), signals=(signal,))

        return tuple(one(name, value) for name, value in self.served.items())

    def following(self) -> Following:
        return Following(self.journal, self, self.observed, lambda: self.holds, clock=self)

    def look(self, times: int = 1, following: Following | None = None) -> None:
        """Look so often, a second apart, in one life of a service; it may die of it."""

        async def live() -> None:
            looking = following or self.following()
            try:
                for _ in range(times):
                    await looking.look()
                    self.at += SECOND
            except (Crash, StoreError):
                self.commits.faults = {}
            finally:
                await looking.close()

        asyncio.run(live())

    def made(self) -> int:
        """Make a change, and have it verified."""
        number = asyncio.run(self.asked("aws", FIRST))
        self.confirm(number)
        asyncio.run(self.live("one"))
        assert self.stored(number).outcome is Outcome.VERIFIED
        return number

    def step(self, number: int) -> Step | None:
        found = [step for step in self.stored(number).steps if step.name == CUSTOMERS]
        assert len(found) <= 1
        return found[0] if found else None

    def checks(self, number: int, of: str = "result") -> dict[str, str]:
        step = self.step(number)
        assert step is not None
        return {each["rule"]: each[of] for each in json.loads(step.detail)["checks"]}

    def said(self, number: int) -> dict[str, str]:
        return self.checks(number, "sentence")


RIGHT = {AWS: 0, AZURE: 50, GCP: 150}


@pytest.fixture
def scene(ledger: str) -> Scene:
    return Scene(ledger, counts=RIGHT)


def test_nothing_is_begun_before_customers_are_expected_to_have_moved_and_then_they_are_seen(scene: Scene) -> None:
    number = scene.made()
    scene.look()
    assert (scene.step(number), scene.asked_dns) == (None, 0)
    scene.look()
    step, action = scene.step(number), scene.stored(number)
    assert step is not None
    assert (step.state, step.changes, step.undoes, action.outcome) == (StepState.DONE, False, False, Outcome.VERIFIED)
    assert moved(action.confirmed_at, action.steps, SECOND).seen_after == SECOND
    assert set(scene.checks(number).values()) == {"PASS"}
    assert scene.kinds(number)[-3:] == ["action.verify", "action.begin-customers", "action.customers-done"]
    assert scene.links(number)[-1].body["step"]["detail"] == step.detail, "the evidence is on the chain"
    scene.look(5)
    assert scene.step(number) == step, "once"


def test_what_is_missing_is_noted_once_each_time_it_is_another_and_they_moved_when_all_is_there(scene: Scene) -> None:
    scene.served["aws"], scene.counts = 60.0, None
    number = scene.made()
    scene.at += SECOND
    scene.look(5)
    step = scene.step(number)
    assert step is not None
    assert step.state is StepState.INTENDED
    assert (scene.checks(number)["requests:aws"], scene.checks(number)["answers"]) == ("FAIL", "UNKNOWN")
    assert scene.asked_dns == 1, "authoritative servers are not asked every second"
    assert scene.kinds(number).count("action.look-for-customers") == 1
    scene.counts = RIGHT
    scene.at += 10 * SECOND
    scene.look(2)
    assert scene.checks(number)["answers"] == "PASS"
    scene.served["aws"] = None
    scene.at += 10 * SECOND
    scene.look(2)
    assert scene.checks(number)["requests:aws"] == "UNKNOWN", "a signal that is lost is no customer who moved"
    scene.served["aws"] = 2.0
    at = scene.at
    scene.look()
    step = scene.step(number)
    assert step is not None
    assert (step.state, step.ended_at) == (StepState.DONE, at), "the first instant at which all was there"


def test_who_is_not_seen_to_move_is_said_to_be_not_and_is_looked_for_no_longer(scene: Scene) -> None:
    scene.served["aws"] = 60.0
    number = scene.made()
    scene.at += SECOND + GIVEN_UP_AFTER - 2 * SECOND
    scene.look()
    scene.at += 2 * SECOND
    scene.look()
    step = scene.step(number)
    assert step is not None
    assert step.state is StepState.FAILED
    assert json.loads(step.detail)["why"] == "not seen within 15 m 00 s"
    assert scene.checks(number)["requests:aws"] == "FAIL"
    assert scene.stored(number).outcome is Outcome.VERIFIED, "what was done was done"
    asked = scene.asked_dns
    scene.look(20)
    assert scene.asked_dns == asked


def test_answers_that_name_no_place_are_asked_for_and_given_up_as_silence_is(tmp_path: Path) -> None:
    scene = on_disk(tmp_path)
    scene.foreign = "an authoritative server answers 192.0.2.99, which is no target of traffic.places"
    number = scene.made()
    scene.at += SECOND
    scene.look(30)
    assert scene.asked_dns == 3, "once in ten seconds"
    assert scene.foreign in scene.said(number)["answers"]
    scene.at += GIVEN_UP_AFTER
    scene.look(3)
    step = scene.step(number)
    assert step is not None
    assert step.state is StepState.FAILED
    assert scene.foreign in scene.said(number)["answers"]
    assert json.loads(step.detail)["why"] == "not seen within 15 m 00 s"


def test_whatever_is_asked_for_meanwhile_it_is_still_looked_at(scene: Scene) -> None:
    scene.served["aws"] = 60.0
    number = scene.made()
    scene.at += SECOND
    scene.look()
    for _ in range(25):
        asyncio.run(scene.asked("gcp", SECOND_ONE))
    scene.served["aws"] = 0.0
    scene.look(2)
    step = scene.step(number)
    assert step is not None
    assert step.state is StepState.DONE


def test_what_was_begun_ends_however_long_no_service_was_there(scene: Scene) -> None:
    scene.served["aws"] = 60.0
    number = scene.made()
    scene.at += SECOND
    scene.look()
    scene.at += timedelta(days=30)
    scene.look()
    step = scene.step(number)
    assert step is not None
    assert step.state is StepState.FAILED


def test_what_is_missing_again_is_noted_again_and_nothing_more_often_than_every_ten_seconds(scene: Scene) -> None:
    scene.served["aws"] = 60.0
    number = scene.made()
    scene.at += SECOND

    async def live() -> None:
        looking = scene.following()
        for value, noted in ((60.0, 1), (None, 2), (60.0, 3)):
            scene.served["aws"] = value
            await looking.look()
            assert scene.kinds(number).count("action.look-for-customers") == noted
            for _ in range(9):
                scene.at += SECOND
                scene.served["aws"] = None if scene.served["aws"] else 60.0
                await looking.look()
            assert scene.kinds(number).count("action.look-for-customers") == noted
            scene.at += SECOND
        await looking.close()

    asyncio.run(live())


def test_of_one_that_nobody_looked_at_for_so_long_nothing_is_said(scene: Scene) -> None:
    number = scene.made()
    scene.at += timedelta(days=1)
    scene.look(3)
    assert (scene.step(number), scene.asked_dns) == (None, 0)


def test_one_service_of_several_looks(scene: Scene) -> None:
    number = scene.made()
    scene.at, scene.holds = scene.at + SECOND, False
    scene.look(3)
    assert scene.step(number) is None
    scene.holds = True
    scene.look()
    assert scene.step(number) is not None


def on_disk(folder: Path) -> Scene:
    """Return a scene that needs nothing of the tests' own fixtures: `tests.safety` gives none."""
    url = PLACES.url(folder / "l.db")
    Journal(url).close()
    return Scene(url, counts=RIGHT)


def test_a_later_change_ends_it(tmp_path: Path) -> None:
    scene = on_disk(tmp_path)
    scene.served["aws"] = 60.0
    number = scene.made()
    scene.at += SECOND
    scene.look()
    second = asyncio.run(scene.asked("gcp", SECOND_ONE))
    scene.look()
    assert scene.step(number).ended_at is None, "what only waits for its confirmation changes nothing"  # type: ignore[union-attr]
    scene.confirm(second)
    asyncio.run(scene.live("two"))
    scene.served["aws"] = 0.0
    scene.look()
    step = scene.step(number)
    assert step is not None
    assert step.state is StepState.FAILED
    assert json.loads(step.detail)["why"] == f"action {second} changed the shares again"
    assert scene.checks(number)["requests:aws"] == "FAIL", "as it was seen last"


def test_the_order_of_changes_counts_and_not_that_of_requests(scene: Scene) -> None:
    first = asyncio.run(scene.asked("gcp", SECOND_ONE))
    second = scene.made()
    plan = scene.stored(asyncio.run(scene.asked("gcp", SECOND_ONE))).plan
    with closing(Journal(scene.url, clock=lambda _connection: scene.at)) as journal:
        until = scene.at + 60 * SECOND
        journal.move(first, "plan", lambda a, _at: actions.propose(a, plan, "d", until, frozenset()))
    scene.confirm(first)
    asyncio.run(scene.live("two"))
    assert scene.stored(first).outcome is Outcome.VERIFIED
    scene.at, scene.counts = scene.at + SECOND, {AWS: 0, AZURE: 200, GCP: 0}
    scene.served = {"aws": 0.0, "azure": 100.0, "gcp": 0.0}
    scene.look(2)
    steps = scene.step(first), scene.step(second)
    assert [step.state for step in steps if step is not None] == [StepState.DONE, StepState.FAILED]


def test_a_plan_of_another_version_is_left_alone(scene: Scene) -> None:
    with closing(Journal(scene.url, clock=lambda _connection: scene.at)) as journal:
        number = journal.request(lambda at: Action("failover", "aws", "traffic", "ada", "down", at), "k").id

        def ended(action: Action, at: datetime) -> Action:
            step = Step("submit", StepState.DONE, at, at, changes=True, detail="{}")
            return replace(action, state=ActionState.ENDED, outcome=Outcome.VERIFIED, steps=(step,), plan="{}")

        journal.move(number, "verify", ended)
    scene.at += SECOND
    scene.look(2)
    assert scene.step(number) is None


@pytest.mark.parametrize("fault", COMMITS)
@pytest.mark.parametrize("commit", [1, 2, 3])
def test_whoever_dies_at_a_commit_another_goes_on_and_it_is_seen_once(ledger: str, commit: int, fault: str) -> None:
    scene = Scene(ledger, counts=RIGHT)
    scene.served["aws"] = 60.0
    number = scene.made()
    scene.at += SECOND
    scene.commits.count, scene.commits.faults = 0, {commit: fault}
    scene.look(2)
    scene.served["aws"] = 0.0
    scene.look(2)
    for _ in range(3):
        scene.look(3)
    step = scene.step(number)
    assert step is not None
    assert step.state is StepState.DONE
    assert scene.kinds(number).count("action.begin-customers") == 1
    assert scene.kinds(number).count("action.customers-done") == 1
