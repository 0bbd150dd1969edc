"""What other systems answered of their alerts: how it is stored, by whoever writes the cache."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from wedtui.cache.rows import elsewhere, reported_to_json
from wedtui.cache.tables import METADATA
from wedtui.core.observation import AlertsObservation
from wedtui.store.upsert import upsert

_SOURCE, _LIST = METADATA.tables["alert_source"], METADATA.tables["alert_list"]
_LATE = timedelta(minutes=5)
"""No asking takes longer. What is older than that is of a clock that was set back, and is the newest there is."""


def record_alerts(connection: Connection, seen: AlertsObservation) -> bool:
    """Store an answer, or that there was none; return whether it is of a source that is configured.

    One that was asked for before the newest one that is stored, by whoever asked then, says nothing any more.
    One of another URL, by a service whose configuration is another, says nothing about the one that counts.
    """
    here = _SOURCE.c.name == seen.source
    before = connection.execute(
        select(_SOURCE.c.address, _SOURCE.c.digest, _SOURCE.c.measured_at).where(here)
    ).one_or_none()
    if before is None or elsewhere(seen.address, before.address):
        return False
    if before.measured_at is not None and timedelta() < before.measured_at - seen.at < _LATE:
        return True
    values: dict[str, Any] = {
        "attempted_at": seen.at,
        "problem": "; ".join(each for each in (seen.problem, seen.beside) if each) or None,
    }
    if seen.alerts is not None:
        rows = [reported_to_json(each) for each in seen.alerts]
        digest = hashlib.blake2b(json.dumps(rows).encode(), digest_size=16).hexdigest()
        if digest != before.digest:
            row = {"source": seen.source, "alerts": rows}
            connection.execute(
                upsert(connection, _LIST).values(row).on_conflict_do_update(index_elements=["source"], set_=row)
            )
        values |= {
            "measured_at": seen.at,
            "whole": seen.problem is None,
            "expected": seen.expected,
            "ignored": seen.ignored,
            "alerts": len(rows),
            "digest": digest,
        }
    connection.execute(update(_SOURCE).where(here).values(values))
    return True
