"""The standby ledger: a local file that takes intent while the ledger cannot be reached, and is taken in afterwards.

It is a ledger as any other, with journal and audit chain of its own, so an action done with it is stored before each
step as ever. Taking it in appends each of its links, whole and with its hash, to the chain of the ledger, and adds its
actions to the journal, in one transaction: afterwards both are there once, whatever was killed in between.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert, select

from wedtui.core.actions import Action
from wedtui.core.chain import Entry, Link, verify
from wedtui.core.emergency import FIRST_ASIDE
from wedtui.core.notify import Event, Level, Notice, Stage
from wedtui.ledger.actions import step_values, values_of
from wedtui.ledger.audit import append
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.journal import SERVICE
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox import post
from wedtui.ledger.outbox_reader import OutboxReader
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.tables import METADATA
from wedtui.store.clock import database_now
from wedtui.store.opening import url_of, writable

FIRST = FIRST_ASIDE
"""Actions of a standby ledger are numbered from here on: no number of the ledger's own is so large."""
KIND = "standby"
"""Of the links that are taken in: `standby.action.request`; and `standby.taken-in` before them."""
_ALL = 1_000_000
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_ACTION, _STEP = METADATA.tables["action"], METADATA.tables["action_step"]


def first_number(now: datetime) -> int:
    """Return the number of the first action of a standby ledger that is made now; later ones get larger numbers."""
    return FIRST + max(0, (now - _EPOCH) // timedelta(minutes=1))


def key_of(place: str, number: int) -> str:
    """Return by which key the ledger knows an action of a standby ledger.

    Args:
        place: machine and state directory whose standby ledger it was.
        number: that it had there.
    """
    return f"standby {place} {number}"


def is_settled(file: Path) -> bool:
    """Whether every action of a standby ledger has ended.

    Raises:
        StoreError: it cannot be read.
    """
    reader = LedgerReader(url_of(file))
    try:
        return not reader.actions(open_only=True)
    finally:
        reader.close()


def take_in(url: str, file: Path, place: str) -> int:
    """Put on record in the ledger what a standby ledger holds, once.

    Args:
        url: of the ledger.
        file: the standby ledger, of which every action has ended and which nobody writes.
        place: machine and state directory.

    Returns:
        How many actions were added; 0 where that was done before.

    Raises:
        StoreError: one of both cannot be used; nothing was taken in.
    """
    actions, links, verdict = _held(file)
    untold = _untold(file)
    ledger = writable(url, LEDGER)
    try:
        with ledger.writing() as connection:
            known = {action.id: _number_of(connection, key_of(place, action.id)) for action in actions}
            if links and any(number is not None for number in known.values()):
                return 0
            now = database_now(connection)
            said = {"place": place, "links": len(links), "actions": [a.id for a in actions], "chain": verdict}
            append(connection, Entry(now, f"{KIND}.taken-in", SERVICE, said))
            numbers = {str(each.id): str(_added(connection, each, key_of(place, each.id))) for each in actions}
            for link in links:
                append(connection, _entry(link, now, place, numbers))
            for notice in untold:
                post(connection, replace(notice, key=f"{KIND} {place} {notice.key}"), now)
            return len(actions)
    finally:
        ledger.close()


def put_away(file: Path) -> Path:
    """Rename a standby ledger that was taken in, so that the next one begins anew; it is kept.

    Raises:
        StoreError: it cannot be closed as one file.
        OSError: it cannot be renamed.
    """
    store = writable(url_of(file), LEDGER)
    try:
        store.settle()
    finally:
        store.close()
    number = 1
    while (kept := file.with_name(f"{file.stem}.taken-in-{number}{file.suffix}")).exists():
        number += 1
    return file.rename(kept)


def _held(file: Path) -> tuple[tuple[Action, ...], list[Link], str]:
    """Return the actions and the links of a standby ledger, and whether its chain is whole."""
    reader, audit = LedgerReader(url_of(file)), AuditReader(url_of(file))
    try:
        written = [*audit.written()]
        bad = verify(written).bad
        links = [link for link in map(link_of, written) if link is not None]
        return reader.actions(most=_ALL)[::-1], links, "whole" if bad is None else bad.text
    finally:
        reader.close()
        audit.close()


def _untold(file: Path) -> list[Notice]:
    """Return what no channel has accepted from there yet, oldest first."""
    reader = OutboxReader(url_of(file))
    try:
        waiting = [each for each in reader.notifications() if each.stage == Stage.WAITING.value]
    finally:
        reader.close()
    return [
        Notice(n.key, Level(n.severity), n.sentence, n.details, everybody=n.everybody)
        for n in waiting[::-1]
        if n.event == Event.TRIGGER.value
    ]


def _number_of(connection: Connection, key: str) -> int | None:
    found: int | None = connection.execute(select(_ACTION.c.id).where(_ACTION.c.request_key == key)).scalar()
    return found


def _added(connection: Connection, action: Action, key: str) -> int:
    """Add an action that has ended, with its steps, under the ledger's next number."""
    values = {**values_of(action), "request_key": key}
    number: int = connection.execute(insert(_ACTION).values(values).returning(_ACTION.c.id)).scalar_one()
    here = replace(action, id=number)
    for position in range(1, len(action.steps) + 1):
        connection.execute(insert(_STEP).values(step_values(here, position)))
    return number


def _entry(link: Link, now: datetime, place: str, numbers: dict[str, str]) -> Entry:
    was = {
        "number": link.number,
        "at": link.at.isoformat(),
        "kind": link.kind,
        "action": link.action,
        "body": link.body,
        "previous": link.previous,
        "hash": link.hash,
    }
    action = None if link.action is None else numbers.get(link.action)
    return Entry(now, f"{KIND}.{link.kind}", link.person, {"place": place, "link": was}, action)
