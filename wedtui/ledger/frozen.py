"""What is frozen, as it is stored for the database itself to go by; within a transaction of the ledger.

It goes by its own clock and the offset that is stored beside: so do we, where we decide what it is asked next.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from wedtui.core.deployments.stored_freeze import StoredFreeze, without_persons
from wedtui.core.freeze import FreezeFacts
from wedtui.ledger.reader import entry_of, override_entry_of
from wedtui.ledger.tables import METADATA
from wedtui.store.clock import own_now

_INTERVAL, _KNOWN = METADATA.tables["frozen_interval"], METADATA.tables["frozen_known"]
_CLOCK = METADATA.tables["database_clock"]
_PERIOD, _OVERRIDE = METADATA.tables["freeze_period"], METADATA.tables["freeze_override"]


def store_freeze(connection: Connection, where: tuple[str, str], stored: StoredFreeze) -> None:
    """Store the intervals of an environment and service in the place of those that are not over; what is over stays."""
    environment, service = where
    here = (_INTERVAL.c.environment == environment) & (_INTERVAL.c.service == service)
    # One that is over and goes on after all (a feed made it longer) begins where it did.
    again = _INTERVAL.c.starts_at.in_([each.start for each in stored.intervals])
    connection.execute(delete(_INTERVAL).where(here, (_INTERVAL.c.ends_at > stored.since) | again))
    connection.execute(delete(_KNOWN).where(_KNOWN.c.environment == environment, _KNOWN.c.service == service))
    named = {"environment": environment, "service": service}
    connection.execute(insert(_KNOWN).values({**named, "since": stored.since, "until": stored.until}))
    rows = [
        {**named, "starts_at": each.start, "ends_at": each.end, "reasons": list(each.reasons)}
        for each in stored.intervals
    ]
    if rows:
        connection.execute(insert(_INTERVAL), rows)


def as_decided(connection: Connection, facts: FreezeFacts, now: datetime) -> FreezeFacts:
    """Return facts with what persons froze and overrode as this transaction reads it: between nobody decided anything.

    Args:
        connection: in a transaction of the ledger's.
        facts: everything else that can freeze.
        now: the instant of the decision, by the database's clock.
    """
    entries = (entry_of(row) for row in connection.execute(select(_PERIOD).where(_PERIOD.c.end > now)))
    periods = tuple(period for entry in entries if (period := entry.period) is not None)
    later = connection.execute(select(_OVERRIDE).where(_OVERRIDE.c.expires_at > now).order_by(_OVERRIDE.c.id))
    lasting = without_persons(facts)
    return replace(
        lasting,
        periods=(*lasting.periods, *periods),
        overrides=tuple(override_entry_of(row).asked for row in later),
    )


def judged_now(connection: Connection) -> datetime:
    """Return the instant by which the database itself says whether a release may start."""
    return own_now(connection) + clock_offset(connection)


def clock_offset(connection: Connection) -> timedelta:
    """Return how far ahead of its own clock the database judges: nothing, outside of demos and tests."""
    microseconds: int | None = connection.execute(select(_CLOCK.c.offset_us).where(_CLOCK.c.id == 1)).scalar()
    return timedelta(microseconds=microseconds or 0)


def store_offset(connection: Connection, offset: timedelta) -> None:
    """Have the database judge by an instant so far ahead of its own clock: a demo's world has a time of its own."""
    connection.execute(delete(_CLOCK))
    if offset:
        connection.execute(insert(_CLOCK).values(id=1, offset_us=offset // timedelta(microseconds=1)))
