"""Actions as the ledger's tables hold them: from rows, and to rows; the same for who reads and for who writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wedtui.core.actions import Action, ActionState, Outcome, Step, StepState
from wedtui.core.roles import Demand

_PLAIN = (
    "kind",
    "target",
    "resource",
    "person",
    "reason",
    "requested_at",
    "plan",
    "digest",
    "expires_at",
    "confirmed_by",
    "confirmed_at",
    "deadline",
    "holder",
    "fence",
    "lease_until",
    "cancelled_by",
    "ended_at",
    "sentence",
    "approved_by",
    "approved_at",
    "broke_glass",
    "reviewed_by",
    "reviewed_at",
    "review",
    "automatic",
    "countdown_since",
)


def action_of(row: Any, steps: Iterable[Any]) -> Action:
    """Return the action of a row and of the rows of its steps, in their order.

    Raises:
        ValueError: a word in it is none of ours.
    """
    return Action(
        **{name: getattr(row, name) for name in _PLAIN},
        id=row.id,
        state=ActionState(row.state),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        needs=frozenset(map(Demand, row.needs)),
        steps=tuple(map(_step_of, steps)),
    )


def values_of(action: Action) -> dict[str, Any]:
    """Return the columns of an action, but its number and the key of its request."""
    return {
        **{name: getattr(action, name) for name in _PLAIN},
        "state": action.state.value,
        "outcome": None if action.outcome is None else action.outcome.value,
        "needs": sorted(each.value for each in action.needs),
    }


def step_values(action: Action, number: int) -> dict[str, Any]:
    """Return the columns of one step, counted from 1."""
    step = action.steps[number - 1]
    return {
        "action_id": action.id,
        "number": number,
        "name": step.name,
        "state": step.state.value,
        "intended_at": step.intended_at,
        "ended_at": step.ended_at,
        "changes": step.changes,
        "undoes": step.undoes,
        "detail": step.detail,
    }


def _step_of(row: Any) -> Step:
    return Step(
        row.name,
        StepState(row.state),
        row.intended_at,
        row.ended_at,
        changes=row.changes,
        undoes=row.undoes,
        detail=row.detail,
    )
