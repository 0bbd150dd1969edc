"""A person's failover does not wait until it was seen whether an earlier change helped.

What is only being looked at ends with the confirmation of the newer one, in the same transaction; so does the look for
its customers, who move on before anybody could see them.
"""

from __future__ import annotations

import json
from datetime import datetime

from wedtui.core import actions, following
from wedtui.core.actions import Action, ActionState, IllegalMoveError
from wedtui.core.failover_facts import Kind


def superseded(older: Action, newer: Action, at: datetime) -> Action:
    """Return an action as it ends where another begins on the same thing.

    Args:
        older: one that is under way.
        newer: one as it is stored with its last confirmation.
        at: an aware instant.

    Raises:
        IllegalMoveError: the newer one has to wait for the end of the older.
    """
    if newer.state is not ActionState.CONFIRMED or newer.kind != Kind.FAILOVER or newer.automatic:
        raise IllegalMoveError("only a failover that a person asked for supersedes another action")
    if not _includes(newer, older):
        raise IllegalMoveError("its plan was made before that change")
    return following.cut_short(actions.supersede(older, newer.id, at), newer.id, at)


def _includes(newer: Action, older: Action) -> bool:
    """Whether a plan was made on live records in which the change of another is, by their generations."""
    read, made = _change(newer).get("read_generation"), _change(older).get("generation")
    return isinstance(read, int) and isinstance(made, int) and read >= made


def _change(action: Action) -> dict[str, object]:
    """Return what an action submits; nothing where its plan does not say."""
    said = json.loads(action.plan) if action.plan else {}
    return said.get("change") or {}
