"""A change that nobody saw in sync is asked for by what is on record, whichever life of whichever service made it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from tests.actions.world import SECOND, World
from tests.core.emergency import NOW
from wedtui.actions.planning import Planner
from wedtui.actions.traffic import Change, on_its_way
from wedtui.core.actions import Action, Outcome, Step, StepState
from wedtui.core.failover_facts import Facts
from wedtui.core.traffic import Place, Submitted, TrafficReading
from wedtui.errors import ConflictError, ProviderUnavailableError

SHARES = {Place("aws"): 60, Place("gcp"): 40}
READ = TrafficReading("fake", "www.example.com.", SHARES, 60 * SECOND, NOW, 6, "[]")
PLAN = json.dumps({"change": Change(READ, {Place("aws"): 0, Place("gcp"): 100}, 7).document()})


def step(name: str, state: StepState = StepState.DONE, detail: str = "{}") -> Step:
    return Step(name, state, NOW, NOW, changes=name == "submit", undoes=name == "undo", detail=detail)


SUBMITTED = step("submit", detail='{"id":"C7"}')
THROTTLED = step("submit", StepState.FAILED, "not taken for now: it was throttled")
SYNCED = step("in sync")
UNDONE = step("undo", detail='{"id":"C8"}')


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((), None),
        ((THROTTLED,), None),
        ((step("submit", StepState.INTENDED, ""),), Submitted(7, "")),
        ((step("submit", StepState.UNKNOWN, "TimeoutError"),), Submitted(7, "")),
        ((SUBMITTED,), Submitted(7, "C7")),
        ((THROTTLED, SUBMITTED, step("in sync", StepState.FAILED, "it was not made")), Submitted(7, "C7")),
        ((SUBMITTED, step("in sync", StepState.INTENDED, "")), Submitted(7, "C7")),
        ((step("submit", detail='{"id":"","adopted":true}'),), Submitted(7, "")),
        ((SUBMITTED, SYNCED), None),
        ((SUBMITTED, SYNCED, UNDONE), Submitted(8, "C8")),
        ((SUBMITTED, SYNCED, step("undo", StepState.FAILED, "no")), None),
    ],
)
def test_what_is_on_its_way_follows_from_the_steps(steps: tuple[Step, ...], expected: Submitted | None) -> None:
    action = Action("failover", "aws", "traffic", "ada", "down", NOW, plan=PLAN, steps=steps)
    assert on_its_way(action) == expected


def test_what_a_person_looked_at_is_on_its_way_no_more() -> None:
    action = Action("failover", "aws", "traffic", "ada", "down", NOW, plan=PLAN, steps=(SUBMITTED,))
    settled = Action(
        "failover", "aws", "traffic", "ada", "down", NOW, plan=PLAN, steps=(SUBMITTED,), outcome=Outcome.SETTLED
    )
    assert (on_its_way(action), on_its_way(settled)) == (Submitted(7, "C7"), None)


@dataclass
class Asked(World):
    """Says of a change by its id, and of its generation, what the test says."""

    by_id: bool | Exception = False
    by_generation: bool | Exception = False
    asked: list[str] = field(default_factory=list)

    async def in_sync(self, submission: str) -> bool:
        return self._said(submission, self.by_id)

    async def told(self, generation: int) -> bool:
        return self._said(f"generation {generation}", self.by_generation)

    def _said(self, what: str, answer: bool | Exception) -> bool:
        self.asked.append(what)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def known(reading: TrafficReading | None, problem: str | None, _now: datetime) -> Facts:
    return Facts(reading, (), problem)


AWAY = ProviderUnavailableError("nobody answers")


@pytest.mark.parametrize(
    ("made", "by_id", "by_generation", "said", "asked"),
    [
        (None, False, False, None, []),
        (Submitted(6, "C6"), False, False, "C6", ["C6"]),
        (Submitted(6, "C6"), True, False, None, ["C6"]),
        (Submitted(6, ""), True, False, "of generation 6", ["generation 6"]),
        (Submitted(6, ""), False, True, None, ["generation 6"]),
        (Submitted(6, "C6"), AWAY, AWAY, "C6", ["C6", "generation 6"]),
        (Submitted(6, "C6"), AWAY, True, None, ["C6", "generation 6"]),
        (Submitted(6, "C6"), ConflictError("another came"), True, "C6", ["C6"]),
        (Submitted(5, "C5"), False, False, None, []),
    ],
    ids=str,
)
def test_a_plan_knows_whether_the_change_that_made_the_records_is_in_sync(
    made: Submitted | None,
    by_id: bool | Exception,
    by_generation: bool | Exception,
    said: str | None,
    asked: list[str],
) -> None:
    world = Asked(SHARES, lambda: NOW, by_id=by_id, by_generation=by_generation)
    planner = Planner(world, known, Clock(), lambda: made)
    reading = asyncio.run(planner.gather()).facts.reading
    assert reading is not None
    assert (reading.submission, world.asked) == (said, asked)


def test_what_was_seen_in_sync_is_asked_for_no_more() -> None:
    world = Asked(SHARES, lambda: NOW, by_id=True)
    planner = Planner(world, known, Clock(), lambda: Submitted(6, "C6"))
    for _ in range(3):
        asyncio.run(planner.gather())
    assert world.asked == ["C6"]
