"""An action as a plain document, and back: what a copy of it for readers of the cache holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any

from wedtui.core.actions import Action, ActionState, Outcome, Step, StepState
from wedtui.core.roles import Demand

ASKED = "asked"
"""Beside the plan and the change that an action keeps: all that was asked for."""


@dataclass(frozen=True, slots=True)
class CopiedActions:
    """What the service would answer of what is under way, as it was copied at the newest move of any action."""

    actions: tuple[Action, ...]
    """What is open, and the newest confirmed one, newest first; of a plan what was shown."""
    at: datetime
    """Until when nothing else had happened."""


def action_document(action: Action) -> dict[str, Any]:
    """Return an action as JSON has it; of its plan what was shown, and not the records that it changes."""
    document = {each.name: _plain(getattr(action, each.name)) for each in fields(action) if each.name != "steps"}
    shown = json.loads(action.plan).get("plan") if action.plan else None
    document["plan"] = "" if shown is None else json.dumps({"plan": shown})
    document["steps"] = [
        {each.name: _plain(getattr(step, each.name)) for each in fields(step)} for step in action.steps
    ]
    return document


def asked_of(plan: str) -> object | None:
    """Return all that was asked for, as an action keeps it with its plan; None where an earlier version did not."""
    return json.loads(plan).get(ASKED) if plan else None


def action_from(document: Mapping[str, Any]) -> Action:
    """Return the action of a document.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    values = {name: _instant(name, value) for name, value in document.items()}
    steps = tuple(
        Step(**{**{n: _instant(n, v) for n, v in each.items()}, "state": StepState(each["state"])})
        for each in document["steps"]
    )
    values["state"] = ActionState(document["state"])
    values["outcome"] = None if document["outcome"] is None else Outcome(document["outcome"])
    values["needs"] = frozenset(map(Demand, document["needs"]))
    return Action(**{**values, "steps": steps})


_INSTANTS = ("_at", "_until", "_since", "deadline")


def _instant(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if value is not None and name.endswith(_INSTANTS) else value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(each.value for each in value)
    return value.value if isinstance(value, Enum) else value
