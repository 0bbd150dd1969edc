"""What is seen of customers is a step of an action that ended, and changes nothing else of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.core.emergency import NOW, SECOND
from wedtui.core import following
from wedtui.core.actions import Action, ActionState, IllegalMoveError, Outcome, Step, StepState
from wedtui.core.checks import Check, Result, Stops
from wedtui.core.customers import CUSTOMERS, Moved

SUBMIT = Step("submit", StepState.DONE, NOW, NOW, changes=True, detail="{}")
ENDED = Action(
    "failover", "aws", "traffic", "ada", "", NOW, ActionState.ENDED, Outcome.VERIFIED, steps=(SUBMIT,), ended_at=NOW
)
SEEN = following.document((Check("requests:aws", Result.UNKNOWN, "aws not observed", None, Stops.NOBODY),))


def test_only_a_change_that_was_verified_is_followed_and_once() -> None:
    for outcome in Outcome:
        other = replace(ENDED, outcome=outcome)
        assert following.is_followed(other) is (outcome is Outcome.VERIFIED)
        if outcome is not Outcome.VERIFIED:
            with pytest.raises(IllegalMoveError):
                following.begin(other, NOW)
    for state in set(ActionState) - {ActionState.ENDED}:
        assert not following.is_followed(replace(ENDED, state=state))
        with pytest.raises(IllegalMoveError):
            following.begin(replace(ENDED, state=state), NOW)
    with pytest.raises(IllegalMoveError):
        following.begin(following.begin(ENDED, NOW), NOW)


def test_it_is_begun_noted_and_concluded_and_nothing_else_changes() -> None:
    begun = following.begin(ENDED, NOW + SECOND)
    noted = following.note(begun, SEEN)
    done = following.conclude(noted, StepState.DONE, SEEN, NOW + 3 * SECOND)
    expected = Step(CUSTOMERS, StepState.DONE, NOW + SECOND, NOW + 3 * SECOND, detail=SEEN)
    assert done == replace(ENDED, steps=(SUBMIT, expected))
    assert (following.is_followed(begun), following.is_followed(done)) == (True, False)
    moves: tuple[Callable[[], Action], ...] = (
        lambda: following.note(ENDED, SEEN),
        lambda: following.note(done, SEEN),
        lambda: following.conclude(done, StepState.FAILED, SEEN, NOW),
        lambda: following.conclude(begun, StepState.UNKNOWN, SEEN, NOW),
        lambda: following.conclude(begun, StepState.INTENDED, SEEN, NOW),
    )
    for move in moves:
        with pytest.raises(IllegalMoveError):
            move()


def test_what_was_noted_stays_with_why_it_is_given_up() -> None:
    begun = following.begin(ENDED, NOW)
    assert json.loads(following.left(begun, "why")) == {"checks": [], "why": "why"}
    [check] = json.loads(following.left(following.note(begun, SEEN), "why"))["checks"]
    assert (check["rule"], check["result"], check["measured_at"]) == ("requests:aws", "UNKNOWN", None)


@pytest.mark.parametrize(
    ("after", "due", "given_up"),
    [(0, False, False), (59, False, False), (60, True, False), (959, True, False), (960, True, True)],
)
def test_it_is_looked_from_the_ttl_on_for_a_while(after: int, due: bool, given_up: bool) -> None:
    times, now = Moved(NOW, NOW, NOW, timedelta(seconds=60)), NOW + after * SECOND
    assert (following.is_due(times, now), following.is_given_up(times, now)) == (due, given_up)
    unknown = Moved(NOW, NOW, None, None)
    assert (following.is_due(unknown, now), following.is_given_up(unknown, now)) == (False, True)
