"""What was under way when the service fell silent, and what that means for whoever acts by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.core.emergency import NOW, SECOND, places
from wedtui.core.action_document import CopiedActions
from wedtui.core.actions import Action, ActionState, Outcome, Step, StepState
from wedtui.core.left_under_way import WARNING, left_words, shares_before

PLAN = json.dumps({"plan": {"before": {"aws": 60, "gcp": 40}, "after": {"aws": 0, "gcp": 100}}})
DONE, INTENDED, UNKNOWN, FAILED = StepState.DONE, StepState.INTENDED, StepState.UNKNOWN, StepState.FAILED


def step(name: str, state: StepState, *, changes: bool = False, undoes: bool = False) -> Step:
    ended = NOW + SECOND if state in {DONE, FAILED} else None
    return Step(name, state, NOW, ended, changes=changes, undoes=undoes)


def submit(state: StepState) -> Step:
    return step("submit", state, changes=True)


def undo(state: StepState) -> Step:
    return step("undo", state, undoes=True)


def action(*steps: Step, state: ActionState = ActionState.CLAIMED, **other: object) -> Action:
    made = Action("failover", "aws", "traffic", "ada", "down", NOW, state, plan=PLAN, steps=steps, id=7)
    return replace(made, deadline=NOW + 30 * SECOND, **other)  # type: ignore[arg-type]


def said(*actions: Action) -> str:
    return "\n".join(left_words(CopiedActions(actions, NOW + 3 * SECOND), NOW + 38 * SECOND))


@pytest.mark.parametrize(
    ("known", "at", "means"),
    [
        (action(state=ActionState.CONFIRMED), "confirmed, and nothing begun", "may begin it until 14:02:30 UTC"),
        (action(), "nothing begun", "it had changed nothing"),
        (action(submit(FAILED)), '"submit", begun 14:02:00 UTC, failed', "it had changed nothing"),
        (action(submit(INTENDED)), '"submit", begun 14:02:00 UTC, not', "UNKNOWN: look first; with aws 0 %, gcp 100 %"),
        (action(submit(UNKNOWN)), '"submit"', "with aws 60 %, gcp 40 % it was not"),
        (action(submit(DONE)), '"submit", begun 14:02:00 UTC, done 14:02:01 UTC', "do not make it again"),
        (action(submit(DONE), step("watch", INTENDED)), '"watch"', "the shares are aws 0 %, gcp 100 %"),
        (action(submit(DONE), step("watch", FAILED)), '"watch"', "the shares are aws 0 %, gcp 100 %"),
        (action(submit(DONE), undo(INTENDED)), '"undo"', "with aws 60 %, gcp 40 % it was, with aws 0 %, gcp 100 %"),
        (action(submit(DONE), undo(DONE)), '"undo"', "it was taken back: the shares are aws 60 %, gcp 40 %"),
        (action(submit(UNKNOWN), state=ActionState.HANDED_OVER), "handed over to a person", "UNKNOWN: look first"),
        (replace(action(submit(DONE)), plan=""), '"submit"', "the shares are UNKNOWN shares"),
    ],
)
def test_the_step_it_was_at_and_what_that_means(known: Action, at: str, means: str) -> None:
    words = said(known)
    assert "action 7 (failover aws, of ada) was under way when the service fell silent: " in words
    assert at in words
    assert means in words
    assert "as of 14:02:03 UTC, 35 s ago" in words
    assert all(line.startswith(WARNING) for line in words.splitlines())
    goes_on = "a service that comes back goes on with it" in words
    assert goes_on is (known.state is not ActionState.HANDED_OVER)


def test_nothing_under_way_is_said_with_its_age_and_never_where_it_is_not_known() -> None:
    waits = action(state=ActionState.AWAITING)
    ended = action(submit(DONE), state=ActionState.ENDED, outcome=Outcome.VERIFIED)
    frozen = replace(action(), kind="lockdown")
    quiet = "no change of shares was under way, as of 14:02:03 UTC, 35 s ago; of what was asked for since"
    assert said(waits, ended, frozen).startswith(quiet)
    [unknown] = left_words(None, NOW)
    assert unknown.startswith(f"{WARNING}whether an action was under way")
    assert "UNKNOWN" in unknown


def test_the_shares_before_are_those_of_the_newest_change_and_of_no_other() -> None:
    ended = action(submit(DONE), state=ActionState.ENDED, outcome=Outcome.VERIFIED, confirmed_at=NOW)
    assert shares_before(CopiedActions((ended,), NOW)) == places({"aws": 60, "gcp": 40})
    for other in (
        replace(ended, kind="failback"),
        replace(ended, outcome=Outcome.UNDONE),
        replace(ended, state=ActionState.CLAIMED, outcome=None),
        replace(ended, plan="{"),
        replace(ended, plan=""),
    ):
        assert shares_before(CopiedActions((other,), NOW)) is None
    newer = replace(ended, kind="failback", id=8)
    assert shares_before(CopiedActions((newer, ended), NOW)) is None, "it came back since"
    assert shares_before(None) is None
