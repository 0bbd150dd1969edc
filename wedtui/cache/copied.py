"""Copies of what the ledger has of actions and alerts: for who may not read it, or while no service runs."""

from __future__ import annotations

from datetime import datetime

from wedtui.cache.shapes import ACTION_COPY, ALERT_COPY
from wedtui.core.action_document import CopiedActions, action_from
from wedtui.core.alerts.standing import AlertsNow
from wedtui.core.alerts.standing_document import alert_of, looked_at_of
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


def read_alerts(snapshot: Snapshot) -> AlertsNow | None:
    """Return how it stood with alerts at the last round; None where none was judged, or by another version."""
    row = next(iter(snapshot.rows(ALERT_COPY, "ORDER BY name")), None)
    if row is None:
        return None
    try:
        return AlertsNow(row.judged_at, tuple(map(alert_of, row.alerts)), row.rules, **looked_at_of(row.not_set))
    except (KeyError, TypeError, ValueError):
        return None
