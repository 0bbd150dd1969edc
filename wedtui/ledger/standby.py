"""The standby ledger: a local file that takes intent while the ledger cannot be reached, and is taken in afterwards.

It is a ledger as any other, with journal and audit chain of its own, so an action done with it is stored before each
step as ever. Taking it in appends each of its links, whole and with its hash, to the chain of the ledger, and adds its
actions to the journal, in one transaction: afterwards both are there once, whatever was killed in between. What is
known already is known by the hash of each link, and by which file an action was in: numbers may come again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from wedtui.core.actions import Action
from wedtui.core.chain import Entry, Written, verify
from wedtui.core.emergency import FIRST_ASIDE
from wedtui.core.notify import LONGEST_KEY, Event, Level, Notice, Stage
from wedtui.errors import StoreError
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
_KEPT = re.compile(r"[^.]+\.taken-in-(?P<number>[0-9]{1,9})\.[^.]+")
_ACTION, _STEP = METADATA.tables["action"], METADATA.tables["action_step"]
_LINK = METADATA.tables["audit_link"]


def first_number(now: datetime) -> int:
    """Return the number of the first action of a standby ledger that is made now; later ones get larger numbers."""
    return FIRST + max(0, (now - _EPOCH) // timedelta(minutes=1))


def next_number(file: Path, now: datetime) -> int:
    """Return the number of the first action of a standby ledger: larger than any of those that were put away.

    Args:
        file: the standby ledger, which is not there yet.
        now: the time of day, which may have been set back.
    """
    return max(first_number(now), _largest(file) + 1)


def _largest(file: Path) -> int:
    """Return the largest number of an action in what was put away last; 0 where nothing was, or it cannot be read."""
    kept = _kept(file)
    if not kept:
        return 0
    reader = LedgerReader(url_of(kept[max(kept)]))
    try:
        return max((action.id for action in reader.actions(most=1)), default=0)
    except StoreError:
        return 0
    finally:
        reader.close()


def _kept(file: Path) -> dict[int, Path]:
    """Return what was put away, by its number."""
    found = ((_KEPT.fullmatch(each.name), each) for each in file.parent.glob(f"{file.stem}.taken-in-*{file.suffix}"))
    return {int(match["number"]): each for match, each in found if match is not None}


def _notice_key(place: str, file: str, key: str) -> str:
    """Return by which key the outbox of the ledger knows what nobody was told of: whole where there is room for it."""
    whole = f"{KIND} {place} {file} {key}"
    return whole if len(whole) <= LONGEST_KEY else f"{KIND} {sha256(whole.encode()).hexdigest()} {key[-100:]}"


def _key_of(place: str, number: int, file: str) -> str:
    """Return by which key the ledger knows an action of a standby ledger.

    Args:
        place: machine and state directory whose standby ledger it was.
        number: that it had there.
        file: which of that place.
    """
    return f"{KIND} {place} {number} {file}"


def action_done_aside(url: str, place: str, number: int) -> Action:
    """Return an action that was taken in, as the ledger has it, by the number that it had before.

    Args:
        url: of the ledger.
        place: machine and state directory whose standby ledger it was.
        number: that it had there; the newest one, where more than one had it.

    Raises:
        NotFoundError: there is none.
        StoreError: the ledger cannot be read.
    """
    reader = LedgerReader(url)
    try:
        return reader.action_of_key(f"{KIND} {place} {number}")
    finally:
        reader.close()


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
    """Put on record in the ledger what a standby ledger holds, each action and each link of it once.

    Args:
        url: of the ledger.
        file: the standby ledger, of which every action has ended and which nobody writes.
        place: machine and state directory.

    Returns:
        How many actions were added; 0 where all that was done before.

    Raises:
        StoreError: one of both cannot be used; nothing was taken in.
    """
    held, untold = _held(file), _untold(file)
    if not held.links:
        return 0
    ledger = writable(url, LEDGER)
    try:
        with ledger.writing() as connection:
            known = _links_of(connection)
            links = [each for each in held.links if (each.number, each.hash) not in known]
            numbers = {action.id: _number_of(connection, held, place, action) for action in held.actions}
            added = [action for action in held.actions if numbers[action.id] is None]
            if not links and not added:
                return 0
            now = database_now(connection)
            said = {"place": place, "file": held.name, "links": len(links), "actions": [a.id for a in added]}
            append(connection, Entry(now, f"{KIND}.taken-in", SERVICE, {**said, "chain": held.verdict}))
            for action in held.actions:
                key = _key_of(place, action.id, held.name)
                number = numbers[action.id]
                numbers[action.id] = _added(connection, action, key) if number is None else number
                if number is not None:
                    _reviewed(connection, number, action)
            here = {str(was): str(number) for was, number in numbers.items()}
            for each in links:
                append(connection, _entry(each, now, {"place": place, "file": held.name}, here))
            for notice in untold:
                post(connection, replace(notice, key=_notice_key(place, held.name, notice.key)), now)
            return len(added)
    finally:
        ledger.close()


def put_away(url: str, file: Path) -> Path | None:
    """Rename a standby ledger that was taken in, so that the next one begins anew; it is kept.

    One without a link is removed: nothing was done with it.

    Args:
        url: of the ledger that took it in.
        file: the standby ledger, which nobody writes.

    Returns:
        Where it is kept; None where there was nothing to be kept.

    Raises:
        StoreError: it cannot be closed as one file, or not all of it is on record.
        OSError: it cannot be renamed.
    """
    store = writable(url_of(file), LEDGER)
    try:
        store.settle()
    finally:
        store.close()
    if left := _not_on_record(url, file):
        raise StoreError(f"{left} links of {file} are not on record yet: it stays, and is taken in again")
    if not _held(file).links:
        for each in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
            each.unlink(missing_ok=True)
        return None
    number = max(_kept(file), default=0) + 1
    return file.rename(file.with_name(f"{file.stem}.taken-in-{number}{file.suffix}"))


def _not_on_record(url: str, file: Path) -> int:
    """Return how many links of a standby ledger are not found in the ledger."""
    links = _held(file).links
    ledger = writable(url, LEDGER)
    try:
        with ledger.asking() as connection:
            known = _links_of(connection)
    finally:
        ledger.close()
    return sum((each.number, each.hash) not in known for each in links)


class _Held(NamedTuple):
    """What a standby ledger holds."""

    actions: tuple[Action, ...]
    """Oldest first."""
    links: Sequence[Written]
    verdict: str
    """Whether its chain is whole."""

    @property
    def name(self) -> str:
        """Of no other standby ledger: it begins with a link that says a number drawn by lot."""
        return self.links[0].hash[:16]


def _held(file: Path) -> _Held:
    reader, audit = LedgerReader(url_of(file)), AuditReader(url_of(file))
    try:
        written = [*audit.written()]
        bad = verify(written).bad
        return _Held(reader.actions(most=_ALL)[::-1], written, "whole" if bad is None else bad.text)
    finally:
        reader.close()
        audit.close()


def _links_of(connection: Connection) -> set[tuple[int, str]]:
    """Return number and hash of each link of any standby ledger that was taken in."""
    statement = select(_LINK.c.body).where(_LINK.c.kind.startswith(f"{KIND}.", autoescape=True))
    found = (json.loads(body).get("link") for body in connection.execute(statement).scalars())
    return {(each["number"], each["hash"]) for each in found if each is not None}


def _untold(file: Path) -> list[Notice]:
    """Return what no channel has accepted from there yet, oldest first."""
    reader = OutboxReader(url_of(file))
    try:
        waiting = [each for each in reader.notifications() if each.stage == Stage.WAITING.value]
    finally:
        reader.close()
    return [
        Notice(n.key, Level(n.severity), n.sentence, n.details, everybody=n.everybody, channels=n.channels)
        for n in waiting[::-1]
        if n.event == Event.TRIGGER.value
    ]


def _number_of(connection: Connection, held: _Held, place: str, action: Action) -> int | None:
    """Return under which number the ledger has an action; None where it has not.

    An earlier version named no file: then it is known by when it was asked for.
    """
    columns = _ACTION.c
    formerly = (columns.request_key == f"{KIND} {place} {action.id}") & (columns.requested_at == action.requested_at)
    here = (columns.request_key == _key_of(place, action.id, held.name)) | formerly
    found: int | None = connection.execute(select(columns.id).where(here)).scalar()
    return found


def _reviewed(connection: Connection, number: int, action: Action) -> None:
    """Add what somebody found of an action after it was taken in, unless somebody said so here."""
    found = {"reviewed_by": action.reviewed_by, "reviewed_at": action.reviewed_at, "review": action.review}
    here = (_ACTION.c.id == number) & _ACTION.c.reviewed_by.is_(None)
    if action.reviewed_by is not None:
        connection.execute(update(_ACTION).where(here).values(found))


def _added(connection: Connection, action: Action, key: str) -> int:
    """Add an action that has ended, with its steps, under the ledger's next number."""
    values = {**values_of(action), "request_key": key}
    number: int = connection.execute(insert(_ACTION).values(values).returning(_ACTION.c.id)).scalar_one()
    here = replace(action, id=number)
    for position in range(1, len(action.steps) + 1):
        connection.execute(insert(_STEP).values(step_values(here, position)))
    return number


def _entry(written: Written, now: datetime, of: Mapping[str, str], numbers: Mapping[str, str]) -> Entry:
    """Return how a link is put on record: whole and with its hash; as it was found, where somebody changed it."""
    link = link_of(written)
    if link is None:
        found = {"number": written.number, "content": written.content, "hash": written.hash}
        return Entry(now, f"{KIND}.unreadable", SERVICE, {**of, "link": found})
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
    return Entry(now, f"{KIND}.{link.kind}", link.person, {**of, "link": was}, action)
