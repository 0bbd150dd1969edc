"""What is said of a step that ended without having been made, and was made or looked at again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from wedtui.core.actions import StepState

NOT_MADE = "it was not made"
"""How the detail begins of a step that was interrupted, and of which it was found that it did not take."""


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


def interrupted(steps: Sequence[Stepped], number: int) -> str | None:
    """Return what to say of a step that was interrupted and followed by another try; None where it was not.

    That is no failure: nothing was done by it, and the next of its name says what came of it.
    """
    step = steps[number]
    again = any(each.name == step.name for each in steps[number + 1 :])
    if not again or step.state != StepState.FAILED or not step.detail.startswith(NOT_MADE):
        return None
    return "interrupted, made again" if step.changes or step.undoes else "interrupted, looked again"
