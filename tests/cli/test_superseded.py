"""What is said of an action that a later failover superseded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from wedtui.cli.action_words import Ends, end_of, outcome_lines, state_words, step_line
from wedtui.control.action_answers import action_is
from wedtui.core import actions
from wedtui.core.actions import Action, ActionState, Step, StepState
from wedtui.core.step_words import interrupted

NOW = datetime(2026, 6, 20, 13, 2, tzinfo=UTC)
MADE = Step("submit", StepState.DONE, NOW, NOW + timedelta(seconds=1), changes=True, detail='{"id":"C7"}')
LOOKED_AT = Action(
    "failover",
    "aws",
    "traffic",
    "ada",
    "it is down",
    NOW,
    state=ActionState.CLAIMED,
    plan=json.dumps({"plan": {"ttl_seconds": 60.0}}),
    confirmed_at=NOW,
    steps=(MADE, Step("watch", StepState.INTENDED, NOW)),
    id=7,
)


def test_it_has_an_end_of_its_own_and_its_times() -> None:
    said = action_is(actions.supersede(LOOKED_AT, 8, NOW))
    assert (end_of(said), int(end_of(said)), state_words(said)) == (Ends.SUPERSEDED, 22, "superseded")
    lines = outcome_lines(said, NOW)
    assert lines[0].startswith("SUPERSEDED: it was accepted; action 8 began before it was seen")
    assert any("accepted" in line and "1.0 s" in line for line in lines[1:])


def test_the_look_that_was_given_up_is_no_failure() -> None:
    said = action_is(actions.supersede(LOOKED_AT, 8, NOW))
    assert interrupted(said.steps, 0) is None
    again = interrupted(said.steps, 1)
    assert again == "not seen to its end: action 8 began"
    assert step_line(said.steps[1], NOW, again).endswith("0.0 s  not seen to its end: action 8 began")
