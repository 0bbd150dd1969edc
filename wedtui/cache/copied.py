"""The copy of what the ledger has of actions, for readers who may not read it and while no service answers."""

from __future__ import annotations

from datetime import datetime

from wedtui.cache.shapes import ACTION_COPY
from wedtui.core.action_document import CopiedActions, action_from
from wedtui.core.traffic import parse_place
from wedtui.core.traffic_facts import Written
from wedtui.store.snapshot import Snapshot


def read_actions(snapshot: Snapshot) -> CopiedActions | None:
    """Return the copy; None where none was made, or one by another version."""
    row = next(iter(snapshot.rows(ACTION_COPY, "ORDER BY name")), None)
    if row is None:
        return None
    try:
        return CopiedActions(tuple(map(action_from, row.actions)), row.copied_at)
    except (KeyError, TypeError, ValueError):
        return None


def read_written(snapshot: Snapshot) -> Written | None:
    """Return the last change of shares that is on record; None where there is none, as far as was copied."""
    row = next(iter(snapshot.rows(ACTION_COPY, "ORDER BY name")), None)
    if row is None or row.written is None:
        return None
    said = row.written
    return Written(
        {parse_place(name): int(share) for name, share in said["shares"].items()},
        int(said["generation"]),
        None if said["at"] is None else datetime.fromisoformat(said["at"]),
        int(said["action"]),
        str(said["what"]),
        said.get("pending"),  # a copy by an older version does not say
    )
