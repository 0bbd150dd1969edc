"""Moves of releases as they are stored: each with its row and its link, within a transaction of the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from wedtui.core.actions import Action
from wedtui.core.chain import Entry, instant_words
from wedtui.core.deployments.carried import KINDS, carried, number_in
from wedtui.core.deployments.release import Release
from wedtui.errors import NotFoundError
from wedtui.ledger.audit import SERVICE, append
from wedtui.ledger.release_rows import release_of, release_values
from wedtui.ledger.tables import METADATA

_RELEASE, _TRANSITION = METADATA.tables["release"], METADATA.tables["release_transition"]
_APPROVAL = METADATA.tables["release_approval"]


class Noted(NamedTuple):
    """What is put on record of a move."""

    at: datetime
    actor: str
    reason: str
    name: str = ""
    """Of the move; empty: that of the state into which it leads."""


def carry(connection: Connection, action: Action, at: datetime) -> None:
    """Store what an action of the journal means for the release that it carries out, or takes back, if it does one.

    Args:
        connection: in the transaction in which the action is stored.
        action: as it is stored.
        at: the instant of that transaction.
    """
    if action.kind not in KINDS:
        return
    number = number_in(action)
    if number is None:
        return
    release = load(connection, number)
    for after in carried(release, action, at):
        name = "prepared" if after.state is release.state else ""
        put(connection, release, after, Noted(at, SERVICE, after.sentence, name))
        release = after


def loaded(connection: Connection, which: Any) -> tuple[Release, ...]:
    """Return the releases that a condition names, in the order of their numbers."""
    rows = connection.execute(select(_RELEASE).where(which).order_by(_RELEASE.c.id)).all()
    given: dict[int, list[Any]] = {}
    approvals = select(_APPROVAL).join(_RELEASE, _RELEASE.c.id == _APPROVAL.c.release_id).where(which)
    for each in connection.execute(approvals):
        given.setdefault(each.release_id, []).append(each)
    return tuple(release_of(row, given.get(row.id, ())) for row in rows)


def load(connection: Connection, number: int) -> Release:
    """Return one release; raises a NotFoundError where there is none of that number."""
    found = loaded(connection, _RELEASE.c.id == number)
    if not found:
        raise NotFoundError(f"there is no release {number}: `wedtui deploy list` says which there are")
    return found[0]


def put(connection: Connection, before: Release, after: Release, noted: Noted) -> None:
    """Store a move, with what is put on record of it."""
    _store(connection, before, after)
    note(connection, before, after, noted)


def _store(connection: Connection, before: Release, after: Release) -> None:
    connection.execute(update(_RELEASE).where(_RELEASE.c.id == before.id).values(release_values(after)))
    for each in after.approvals[len(before.approvals) :]:
        values = {"release_id": before.id, "stage": each.stage, "person": each.person}
        connection.execute(insert(_APPROVAL).values({**values, "at": each.at, "reason": each.reason}))


def note(connection: Connection, before: Release | None, after: Release, noted: Noted) -> None:
    """Write a row of a move that leads into another state, and a link of every one."""
    if before is None or before.state is not after.state:
        values = {
            "release_id": after.id,
            "at": noted.at,
            "before": None if before is None else before.state.value,
            "after": after.state.value,
            "actor": noted.actor,
            "reason": noted.reason,
        }
        connection.execute(insert(_TRANSITION).values(values))
    record(connection, after, noted)


def record(connection: Connection, release: Release, noted: Noted) -> None:
    """Append a link that says what was done with a release, or refused."""
    move = noted.name or release.state.value
    body: dict[str, Any] = {
        "release": release.id,
        "move": move,
        "service": release.service,
        "environment": release.environment,
        "version": release.version,
        "state": release.state.value,
        "said": noted.reason,
    }
    if release.action is not None:
        body["action"] = release.action
    if release.hold is not None:
        body["held_since"] = instant_words(release.hold.at)
    append(connection, Entry(noted.at, f"release.{move.replace(' ', '-')}", noted.actor, body))
