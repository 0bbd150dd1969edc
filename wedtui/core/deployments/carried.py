"""What becomes of a release by what becomes of the action of the journal that carries it out, or rolls it back.

The action says what was done outside, step by step; the release says what that means for the version. Both are stored
in one transaction. Source: DESIGN, "Deployments" and law 6 ("Once").
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from wedtui.core.actions import Action, ActionState, IllegalMoveError, Outcome, Step, StepState
from wedtui.core.deployments import moves
from wedtui.core.deployments.release import Release, ReleaseState

RELEASE, ROLLBACK = "release", "rollback"
"""The kinds of the actions that carry a release out, and that take it back after it succeeded."""
KINDS = (RELEASE, ROLLBACK)
PREPARE = "prepare"
"""The name of the step that looks which version is in place."""
PREVIOUS = "previous"
"""Under this name that step keeps it."""
IN_PLACE = "in place"
"""The name of the step that looks until the version is everywhere."""

_Move = Callable[[Release], Release]


def carried(release: Release, action: Action, at: datetime) -> tuple[Release, ...]:
    """Return what a release becomes with an action as it is stored now: each state that it goes through, in order.

    What was handed over to a person stays as it is, and keeps its service to itself, until they say how it stands.

    Args:
        release: as it is stored.
        action: of one of `KINDS`, as it is stored with its last move.
        at: the instant of that move.
    """
    found: list[Release] = []

    def become(move: _Move) -> None:
        nonlocal release
        release = move(release)
        found.append(release)

    if action.kind == ROLLBACK:
        _taken_back(action, lambda: release, become, at)
    else:
        _carried_out(action, lambda: release, become, at)
    return tuple(found)


def number_in(action: Action) -> int | None:
    """Return the number of the release that the plan of an action is about; None where it has none yet."""
    if not action.plan:
        return None
    change = json.loads(action.plan).get("change")
    number = change.get("release") if isinstance(change, dict) else None
    return number if isinstance(number, int) else None


def previous_in(action: Action) -> str:
    """Return the version that was found in place before an action changed anything; empty where none was found yet."""
    for step in action.steps:
        if step.name == PREPARE and step.state is StepState.DONE and step.detail.startswith("{"):
            return str(json.loads(step.detail).get(PREVIOUS, ""))
    return ""


def _carried_out(action: Action, now: Callable[[], Release], become: Callable[[_Move], None], at: datetime) -> None:
    there = previous_in(action)
    if there and there != now().previous and now().state is ReleaseState.RUNNING:
        # What was found there counts, whatever the queue put there last: it is what a rollback goes back to.
        become(lambda each: replace(each, previous=there))
    placed = any(step.name == IN_PLACE and step.state is StepState.DONE for step in action.steps)
    if placed and now().state is ReleaseState.RUNNING:
        become(lambda each: moves.place(each, at))
    undoing = next((step for step in action.steps if step.undoes), None)
    doing = now().state in {ReleaseState.RUNNING, ReleaseState.VERIFYING}
    if undoing is not None and doing:
        why = _why(action, before=undoing)
        become(lambda each: moves.fail(each, why, at))
        become(lambda each: moves.roll_back(each, why, at))
    if action.state is ActionState.HANDED_OVER and now().state in {ReleaseState.RUNNING, ReleaseState.VERIFYING}:
        become(lambda each: moves.fail(each, action.sentence, at))
    if action.state is ActionState.ENDED:
        _ended(action, now, become, at)


def _ended(action: Action, now: Callable[[], Release], become: Callable[[_Move], None], at: datetime) -> None:
    state = now().state
    if action.outcome is Outcome.VERIFIED and state is ReleaseState.VERIFYING:
        become(lambda each: moves.succeed(each, action.sentence, at))
        return
    if action.outcome is Outcome.UNDONE and state is ReleaseState.ROLLING_BACK:
        become(lambda each: moves.end_rollback(each, action.sentence, at))
        return
    if state in {ReleaseState.RUNNING, ReleaseState.VERIFYING}:
        become(lambda each: moves.fail(each, action.sentence, at))
    if now().state in {ReleaseState.FAILED, ReleaseState.ROLLING_BACK}:
        become(lambda each: moves.block(each, action.sentence, at))


def _taken_back(action: Action, now: Callable[[], Release], become: Callable[[_Move], None], at: datetime) -> None:
    begun = any(step.changes and step.state is not StepState.FAILED for step in action.steps)
    if begun and now().state is ReleaseState.SUCCEEDED:
        become(lambda each: moves.roll_back(each, action.reason, at, action.id))
    if action.state is not ActionState.ENDED or now().state is not ReleaseState.ROLLING_BACK:
        return
    if action.outcome is Outcome.VERIFIED:
        become(lambda each: moves.end_rollback(each, action.sentence, at))
    else:
        become(lambda each: moves.block(each, action.sentence, at))


def _why(action: Action, *, before: Step) -> str:
    """Return what the last step said that failed before it was taken back."""
    for step in reversed(action.steps[: action.steps.index(before)]):
        if step.state is StepState.FAILED:
            return step.detail
    raise IllegalMoveError("it is taken back, and nothing failed")
