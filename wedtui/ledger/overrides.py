"""What managers override of a freeze, within a transaction of the ledger; who opens that is `Ledger`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from wedtui.core.chain import Entry, instant_words
from wedtui.core.deployments.release import BEFORE
from wedtui.core.override import NAMES, OVERRIDDEN_AT_MOST, object_words, release_of
from wedtui.core.text import single_line
from wedtui.core.wording import duration
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger.audit import append
from wedtui.ledger.reader import OverrideEntry as Kept
from wedtui.ledger.reader import override_entry_of
from wedtui.ledger.tables import METADATA

FREEZE_OVERRIDE = METADATA.tables["freeze_override"]
_RELEASE = METADATA.tables["release"]


def override(connection: Connection, name: str, *, reason: str, by: str, at: datetime, until: datetime) -> Kept:
    """Override a freeze for one object from an instant up to another; it ends by itself.

    Raises:
        ConfigurationError: nothing asks by that name, or it would not end in time.
    """
    if object_words(name) is None:
        raise ConfigurationError(f'a freeze is not overridden for "{single_line(name, 60)}": name one of {NAMES}')
    if (release := release_of(name)) is not None:
        _refuse_begun(connection, release)
    if not at < until <= at + OVERRIDDEN_AT_MOST:
        raise ConfigurationError(
            f"an override from {at.isoformat()} to {until.isoformat()} is not possible: "
            f"name an end within {duration(OVERRIDDEN_AT_MOST)}"
        )
    values = {"object": name, "reason": reason, "overridden_by": by, "overridden_at": at, "expires_at": until}
    number = connection.execute(insert(FREEZE_OVERRIDE).values(values).returning(FREEZE_OVERRIDE.c.id)).scalar_one()
    body = {"override": number, "object": name, "until": instant_words(until), "reason": reason}
    append(connection, Entry(at, "freeze.override", by, body))
    return override_entry_of(_row(connection, number))


def end_override(connection: Connection, number: int, *, by: str, at: datetime, reason: str) -> Kept:
    """End an override before it ends by itself; it stays on record.

    Raises:
        NotFoundError: there is none of that number.
        ConflictError: it is over.
    """
    entry = override_entry_of(_row(connection, number))
    if entry.end <= at or entry.ended_at is not None:
        who = f", ended by {entry.ended_by}" if entry.ended_by else ""
        ended = f"{entry.end.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        raise ConflictError(f"override {number} ended at {ended}{who}: there is nothing to end")
    _end(connection, number, by=by, at=at, reason=reason)
    return override_entry_of(_row(connection, number))


def end_all(connection: Connection, *, by: str, at: datetime, reason: str) -> tuple[str, ...]:
    """End every override that counts: who freezes everything means what was let through as well; return of what."""
    c = FREEZE_OVERRIDE.c
    holding = select(c.id, c.object).where(c.ended_at.is_(None), c.expires_at > at).order_by(c.id)
    found = connection.execute(holding).all()
    for row in found:
        _end(connection, row.id, by=by, at=at, reason=reason)
    return tuple(dict.fromkeys(row.object for row in found))


def _refuse_begun(connection: Connection, number: int) -> None:
    """Refuse to let through what there is not, or what no freeze stops any more.

    Raises:
        ConfigurationError: there is no release of that number.
        ConflictError: it has begun, or is over.
    """
    state = connection.execute(select(_RELEASE.c.state).where(_RELEASE.c.id == number)).scalar()
    if state is None:
        raise ConfigurationError(f"there is no release {number} to override a freeze for")
    if state not in {each.value for each in BEFORE}:
        raise ConflictError(f"release {number} is {state}: no freeze stops its start any more")


def _end(connection: Connection, number: int, *, by: str, at: datetime, reason: str) -> None:
    values = {"ended_at": at, "ended_by": by, "end_reason": reason}
    connection.execute(update(FREEZE_OVERRIDE).where(FREEZE_OVERRIDE.c.id == number).values(values))
    append(connection, Entry(at, "freeze.override-end", by, {"override": number, "reason": reason}))


def _row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(FREEZE_OVERRIDE).where(FREEZE_OVERRIDE.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no override {number}: `wedtui freeze list` says which there are")
    return row
