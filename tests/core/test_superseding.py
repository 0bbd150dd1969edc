"""Which action ends where a person's failover begins, and which one that has to wait for."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wedtui.core import actions
from wedtui.core.actions import Action, ActionState, IllegalMoveError, Outcome, Step, StepState
from wedtui.core.customers import CUSTOMERS
from wedtui.core.superseding import superseded

NOW = datetime(2026, 6, 20, 13, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MADE = Step("submit", StepState.DONE, NOW, NOW, changes=True, detail='{"id":"C7"}')


def planned(read_generation: int | None) -> str:
    made = (read_generation or 0) + 1
    return json.dumps({"change": {"read_generation": read_generation, "generation": made}})


OLDER = Action(
    "failover",
    "aws",
    "traffic",
    "ada",
    "it is down",
    NOW,
    state=ActionState.CLAIMED,
    plan=planned(6),
    fence=1,
    lease_until=NOW + 10 * SECOND,
    steps=(MADE,),
    id=7,
)
NEWER = replace(OLDER, target="gcp", state=ActionState.CONFIRMED, plan=planned(7), steps=(), fence=0, id=8)


def test_a_failover_of_a_person_supersedes_what_is_only_looked_at() -> None:
    ended = superseded(actions.intend(OLDER, 1, Step("watch", StepState.INTENDED, NOW), NOW), NEWER, NOW + SECOND)
    assert (ended.id, ended.outcome, ended.ended_at) == (7, Outcome.SUPERSEDED, NOW + SECOND)
    assert ended.sentence == "it was accepted; action 8 began before it was seen whether it helped"
    *_, watch, customers = ended.steps
    assert (watch.name, customers.name, customers.state) == ("watch", CUSTOMERS, StepState.FAILED)
    assert customers.intended_at == customers.ended_at == NOW + SECOND
    assert json.loads(customers.detail) == {"checks": [], "why": "action 8 changes the shares again"}
    assert superseded(replace(OLDER, kind="failback"), NEWER, NOW).outcome is Outcome.SUPERSEDED
    assert superseded(replace(OLDER, automatic=True), NEWER, NOW).outcome is Outcome.SUPERSEDED


@pytest.mark.parametrize(
    "other",
    [{"kind": "failback"}, {"automatic": True}, {"state": ActionState.AWAITING}],
    ids=lambda each: next(iter(each)),
)
def test_only_a_failover_that_a_person_confirmed_supersedes(other: dict[str, Any]) -> None:
    with pytest.raises(IllegalMoveError, match="only a failover that a person asked for"):
        superseded(OLDER, replace(NEWER, **other), NOW)


@pytest.mark.parametrize("plan", [planned(6), planned(0), planned(None), "{}", '{"change":null}', ""])
def test_a_plan_from_before_the_change_supersedes_nothing(plan: str) -> None:
    with pytest.raises(IllegalMoveError, match="was made before that change"):
        superseded(OLDER, replace(NEWER, plan=plan), NOW)
    assert superseded(OLDER, replace(NEWER, plan=planned(9)), NOW).outcome is Outcome.SUPERSEDED


def test_what_does_not_say_what_it_changed_is_not_superseded() -> None:
    with pytest.raises(IllegalMoveError, match="was made before that change"):
        superseded(replace(OLDER, plan="{}"), NEWER, NOW)
