"""What is said of what waits, and of a step that ended without having been made and was made or looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from wedtui.core.actions import LEFT, ActionState, StepState
from wedtui.core.customers import CUSTOMERS
from wedtui.core.plan_words import clock
from wedtui.core.text import single_line

NOT_MADE = "it was not made"
"""How the detail begins of a step that was interrupted, and of which it was found that it did not take."""
NOT_NOW = "not taken for now"
"""How the detail begins of a step that was throttled, or could not be sent: nothing was changed, and it is tried again
until the deadline of its action."""


class Stepped(Protocol):
    """A step, as it is kept or answered."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def state(self) -> str:
        """How it stands."""
        ...

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        ...

    @property
    def undoes(self) -> bool:
        """Whether it takes anything back."""
        ...

    @property
    def detail(self) -> str:
        """What came of it."""
        ...


def waiting(state: str, deadline: datetime | None, why: str) -> str:
    """Say that a confirmed action waits, until when at most and for what; empty of any that does not.

    Args:
        state: of the action.
        deadline: until when it may be begun.
        why: its sentence; empty where nothing is in its way.
    """
    if state != ActionState.CONFIRMED:
        return ""
    until = "" if deadline is None else f" until {clock(deadline)}, and never later"
    return f"it waits to be begun{until}{f': {single_line(why)}' if why else ''}"


def interrupted(steps: Sequence[Stepped], number: int) -> str | None:
    """Return what to say of a step that was interrupted, put off, or given up; None of any other.

    That is no failure: nothing was done by it. Of the first two the next of its name says what came of it, and without
    one they are what they say of themselves; a look that was given up has none.
    """
    step = steps[number]
    if step.state == StepState.FAILED and step.detail.startswith(LEFT):
        return single_line(step.detail)
    again = any(each.name == step.name for each in steps[number + 1 :])
    if again and step.state == StepState.FAILED and step.detail.startswith(NOT_NOW):
        return f"{NOT_NOW}, tried again"
    if not again or step.state != StepState.FAILED or not step.detail.startswith(NOT_MADE):
        return None
    return "interrupted, made again" if step.changes or step.undoes else "interrupted, looked again"


def state_of(step: Stepped) -> str:
    """Return how a step stands, in a word: that customers were not seen to have moved is no failure of the change."""
    return "not seen" if step.name == CUSTOMERS and step.state == StepState.FAILED else step.state


def reason_of(step: Stepped) -> str:
    """Return why a step is as it is; what was seen of customers stands beside the times, and not here again."""
    return "" if step.name == CUSTOMERS else step.detail
