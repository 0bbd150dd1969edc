"""Writing the audit chain: links behind one another, and what is signed of them.

A link is appended in the transaction of what it records: both are stored, or neither. Whoever writes the ledger has it
to itself meanwhile (a file by its lock, a schema by the lock of its writers), so links never fork; that no two name the
same link before them is also a constraint of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from wedtui.core.chain import START, VERSION, Anchor, Entry, Head, Link, Written, canonical, link_after, understood
from wedtui.errors import AuditError
from wedtui.ledger.audit_reader import anchor_of, written_of
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.signing import Signer
from wedtui.ledger.tables import METADATA
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import WRITER_WAITS, writable

_LINK, _ANCHOR, _DELIVERY = (METADATA.tables[name] for name in ("audit_link", "audit_anchor", "audit_delivery"))
KEY_KIND = "audit.key"
"""The kind of the link that says by which key anchors are signed from there on."""

SERVICE = "the service"
"""Who makes a move that no person makes: with a space, as no user of an operating system has one in their name."""
NOTHING: Mapping[str, Any] = {}
"""That a transaction says nothing beside what its links say."""
_BESIDE = "wedtui_beside"


def say_beside(connection: Connection, beside: Mapping[str, Any]) -> None:
    """Have every link that is appended in a transaction from here on say more than its own entry does.

    Args:
        connection: of `Writable.writing`; the next transaction says nothing beside.
        beside: such as who asks, by their role; what an entry says itself counts before it.
    """
    connection.execution_options(**{_BESIDE: dict(beside)})


def append(connection: Connection, entry: Entry) -> Link:
    """Record an entry behind the newest link, with what the transaction says beside it.

    Args:
        connection: in a transaction of the ledger's, of `Writable.writing`, in which nobody else writes.
        entry: what is recorded.

    Raises:
        TypeError, ValueError: the entry cannot be recorded; a mistake of whoever made it.
    """
    beside = connection.get_execution_options().get(_BESIDE, {})
    link = link_after(head_of(connection), replace(entry, body={**beside, **entry.body}))
    connection.execute(
        insert(_LINK).values(
            number=link.number,
            version=VERSION,
            at=link.at,
            kind=link.kind,
            person=link.person,
            action=link.action,
            body=canonical(link.body),
            previous=link.previous,
            hash=link.hash,
        )
    )
    return link


def head_of(connection: Connection) -> Head:
    """Return where the chain ends."""
    newest = select(_LINK.c.number, _LINK.c.hash).order_by(_LINK.c.number.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return START if row is None else Head(row.number, row.hash)


def is_due(head: Head, last: Anchor | None, key: str, now: datetime, every: timedelta) -> bool:
    """Whether the newest link is to be signed: by this key it was not, or that is longer ago than `every`.

    Of an instant to come, by a clock that went back since, nobody can tell how long ago it is.
    """
    if last is None or last.key != key or (last.number, last.hash) != (head.number, head.hash):
        return True
    return not timedelta() <= now - last.at < every


class AuditLedger:
    """The audit chain in the hands of one who signs it. Used by one thread at a time; several processes may."""

    def __init__(self, url: str, *, waits: timedelta = WRITER_WAITS) -> None:
        """Open the ledger, make it where there is none, and bring it up to date.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = writable(url, LEDGER, waits=waits)

    def record(self, entry: Entry) -> Link:
        """Append what stands for itself.

        Raises:
            StoreError: it could not be stored.
        """
        with self._store.writing() as connection:
            return append(connection, entry)

    def anchor(self, signer: Signer, now: datetime, every: timedelta, *, person: str) -> Anchor | None:
        """Sign the newest link, if it was not signed by this key within the last `every`.

        A key that signs for the first time is recorded before.

        Args:
            signer: holds the key.
            now: an aware instant.
            every: how long a signature of the same link counts.
            person: who signs: the service's user.

        Returns:
            What was signed; None where nothing was to be signed, or there is no link yet.

        Raises:
            AuditError: the chain is not what was signed before; nothing is signed.
            StoreError: it could not be stored.
        """
        with self._store.writing() as connection:
            head = head_of(connection)
            if head == START:
                _refuse_emptied(connection)
                return None
            last = _newest_anchor(connection)
            _refuse_changed(connection, head, last)
            if not is_due(head, last, signer.fingerprint, now, every):
                return None
            if not connection.execute(select(_ANCHOR.c.id).where(_ANCHOR.c.key == signer.fingerprint).limit(1)).all():
                body = {"fingerprint": signer.fingerprint, "public_key": signer.public_key}
                head = append(connection, Entry(now, KEY_KIND, person, body)).head
            bare = Anchor(head.number, head.hash, now, signer.fingerprint)
            made = Anchor(bare.number, bare.hash, bare.at, bare.key, signer.sign(bare.signed))
            values = {"number": made.number, "hash": made.hash, "at": made.at, "key": made.key}
            connection.execute(insert(_ANCHOR).values(**values, signature=made.signature))
            return made

    def delivered(self, place: str, through: int, at: datetime) -> None:
        """Note that a place took every anchor up to one.

        Raises:
            StoreError: it could not be stored; the place will be told again.
        """
        here = _DELIVERY.c.place == place
        with self._store.writing() as connection:
            before = connection.execute(select(_DELIVERY.c.through).where(here)).scalar()
            if before is None:
                connection.execute(insert(_DELIVERY).values(place=place, through=through, at=at))
            elif before < through:
                connection.execute(update(_DELIVERY).where(here).values(through=through, at=at))

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def _newest_anchor(connection: Connection) -> Anchor | None:
    row = connection.execute(select(_ANCHOR).order_by(_ANCHOR.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else anchor_of(row)


def _refuse_emptied(connection: Connection) -> None:
    if _newest_anchor(connection) is not None:
        raise AuditError("the audit chain has no link any more, and had some: `wedtui audit verify` says more")


def _refuse_changed(connection: Connection, head: Head, last: Anchor | None) -> None:
    """Refuse to sign what is not what was signed before, or a newest link that is not what its hash is of."""
    row = connection.execute(select(_LINK).where(_LINK.c.number == head.number)).one()
    words = (row.version, to_microseconds(row.at), row.kind, row.person, row.action, row.body, row.previous, row.hash)
    _refuse_unless_whole(written_of((row.number, *words)))
    if last is None:
        return
    there = connection.execute(select(_LINK.c.hash).where(_LINK.c.number == last.number)).scalar()
    if there != last.hash:
        raise AuditError(
            f"link {last.number} of the audit chain is not the one that was signed: `wedtui audit verify` says more"
        )


def _refuse_unless_whole(written: Written) -> None:
    try:
        understood(written)
    except ValueError:
        raise AuditError(
            f"link {written.number} of the audit chain was changed: `wedtui audit verify` says more"
        ) from None
