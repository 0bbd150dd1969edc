"""Actions as they are answered, by the service and from the copy of them while it is silent."""

from __future__ import annotations

import json
from datetime import datetime

from wedtui.control.answers import ActionIs, StepIs
from wedtui.core.actions import Action, ActionState
from wedtui.core.automation import COUNTDOWN
from wedtui.core.emergency import FIRST_ASIDE


def action_is(action: Action) -> ActionIs:
    """Return an action as it is answered; of its plan what was shown, not the records that it changes."""
    document = json.loads(action.plan) if action.plan else {}
    return ActionIs(
        id=action.id,
        kind=action.kind,
        target=action.target,
        resource=action.resource,
        person=action.person,
        reason=action.reason,
        requested_at=action.requested_at,
        state=action.state.value,
        outcome=None if action.outcome is None else action.outcome.value,
        plan=document.get("plan"),
        digest=action.digest,
        expires_at=action.expires_at,
        needs=sorted(each.value for each in action.needs),
        confirmed_by=action.confirmed_by,
        confirmed_at=action.confirmed_at,
        deadline=action.deadline,
        cancelled_by=action.cancelled_by,
        ended_at=action.ended_at,
        sentence=action.sentence,
        approved_by=action.approved_by,
        approved_at=action.approved_at,
        broke_glass=action.broke_glass,
        reviewed_by=action.reviewed_by,
        reviewed_at=action.reviewed_at,
        review=action.review,
        steps=[
            StepIs(s.name, s.state.value, s.intended_at, s.ended_at, s.changes, s.undoes, s.detail)
            for s in action.steps
        ],
        automatic=action.automatic,
        acts_at=acts_at(action),
        aside=action.id >= FIRST_ASIDE,
    )


def acts_at(action: Action) -> datetime | None:
    """Return when the service confirms an action by itself; None where it does not."""
    if action.state is not ActionState.AWAITING or action.countdown_since is None:
        return None
    return action.countdown_since + COUNTDOWN
