"""What is still looked at once a change ended well: whether its customers have moved.

The action holds nothing up meanwhile: it ended. What is seen is a step of it all the same, stored as intended before it
is looked for, so that a service that begins anew goes on with it; nothing outside is changed by it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from wedtui.core.actions import Action, ActionState, IllegalMoveError, Outcome, Step, StepState, expect
from wedtui.core.chain import canonical
from wedtui.core.checks import Check
from wedtui.core.customers import CUSTOMERS, LOOKED_FOR_AT_MOST, Moved

GIVEN_UP_AFTER = LOOKED_FOR_AT_MOST
"""So long after they are expected to have moved nobody looks for them any more."""


def is_followed(action: Action) -> bool:
    """Whether it may still have to be seen whether customers have moved."""
    if action.state is not ActionState.ENDED or action.outcome is not Outcome.VERIFIED:
        return False
    step = _look(action)
    return step is None or step.state is StepState.INTENDED


def is_due(times: Moved, now: datetime) -> bool:
    """Whether customers are expected to have moved, so that it is looked whether they have."""
    return times.until is not None and now >= times.until


def is_given_up(times: Moved, now: datetime) -> bool:
    """Whether they were looked for, or were to be, for so long that nobody does any more."""
    return times.until is None or now >= times.until + GIVEN_UP_AFTER


def begin(action: Action, at: datetime) -> Action:
    """Note that it is looked whether customers have moved."""
    _followed(action)
    if _look(action) is not None:
        raise IllegalMoveError("it is looked already whether customers have moved")
    return replace(action, steps=(*action.steps, Step(CUSTOMERS, StepState.INTENDED, at)))


def note(action: Action, detail: str) -> Action:
    """Note what was seen so far; the step stays open."""
    return replace(action, steps=(*action.steps[:-1], replace(_open(action), detail=detail)))


def conclude(action: Action, state: StepState, detail: str, at: datetime) -> Action:
    """Note that customers were seen to have moved (DONE), or not (FAILED)."""
    if state not in {StepState.DONE, StepState.FAILED}:
        raise IllegalMoveError("customers were seen to have moved, or they were not")
    return replace(action, steps=(*action.steps[:-1], replace(_open(action), state=state, detail=detail, ended_at=at)))


def cut_short(action: Action, by: int, at: datetime) -> Action:
    """Note of a change that another one supersedes that nobody will see its own customers move.

    Args:
        action: as it ended.
        by: the number of the other one.
        at: an aware instant.
    """
    expect(action, "left", ActionState.ENDED)
    why = document((), f"action {by} changes the shares again")
    return replace(action, steps=(*action.steps, Step(CUSTOMERS, StepState.FAILED, at, detail=why, ended_at=at)))


def document(checks: Sequence[Check], why: str = "") -> str:
    """Return what was seen as canonical JSON, with the instant of each.

    Args:
        checks: what `customers_seen` found.
        why: why it is looked at no longer, although they were not seen to have moved.
    """
    found = [
        {
            "rule": check.rule,
            "result": check.result.value,
            "sentence": check.sentence,
            "measured_at": None if check.measured_at is None else check.measured_at.isoformat(),
            "stops": check.stops.value,
        }
        for check in checks
    ]
    return canonical({"checks": found, "why": why})


def left(action: Action, why: str) -> str:
    """Return what was noted last of a look that is given up, with why; as canonical JSON."""
    step = _look(action)
    checks = json.loads(step.detail)["checks"] if step is not None and step.detail else []
    return canonical({"checks": checks, "why": why})


def _look(action: Action) -> Step | None:
    return next((step for step in action.steps if step.name == CUSTOMERS), None)


def _open(action: Action) -> Step:
    _followed(action)
    last = action.steps[-1] if action.steps else None
    if last is None or last.name != CUSTOMERS or last.state is not StepState.INTENDED:
        raise IllegalMoveError("it is not looked whether customers have moved")
    return last


def _followed(action: Action) -> None:
    expect(action, "followed", ActionState.ENDED)
    if action.outcome is not Outcome.VERIFIED:
        raise IllegalMoveError("its change was not verified: there is nobody to look for")
