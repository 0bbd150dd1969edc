"""Requests that were answered: the same one again is answered the same, and done once, whichever service is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from wedtui.core.actions import Action
from wedtui.core.chain import Entry
from wedtui.errors import ConflictError, WedtuiError
from wedtui.ledger.audit import append
from wedtui.ledger.tables import METADATA

ANSWERS_KEPT = timedelta(days=7)
"""How long a request is known again."""

_REQUEST = METADATA.tables["control_request"]


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was asked, by its digest, and what was answered."""

    digest: str
    status: int
    answer: str
    """JSON."""


class KeyReusedError(ConflictError):
    """The key of a request that was answered came with another request."""

    def __init__(self, identity: str) -> None:
        """Say whose key it is."""
        super().__init__(f"the key of this request was {identity}'s key of another one: give each a key of its own")


class AnsweredBeforeError(Exception):
    """A request was answered already, and is answered the same: nothing is done again, and nothing refused."""

    def __init__(self, given: StoredAnswer) -> None:
        """Keep what was answered."""
        super().__init__("answered before")
        self.given = given


@dataclass(slots=True)
class Once:
    """A request that moves an action, and is answered once: the answer is kept in the transaction of the move."""

    identity: str
    """The name of who asks."""
    key: str
    """Their own, of this request."""
    what: str
    """Method and path."""
    digest: str
    """Of what is asked."""
    written: Callable[[Action | WedtuiError], tuple[int, str]]
    """Returns status and JSON of what is answered."""
    settled: bool = False
    """Whether what came of it is kept: whoever hears that it was refused has nothing left to keep."""


def heard_before(connection: Connection, once: Once, at: datetime) -> AnsweredBeforeError | KeyReusedError | None:
    """Return what has to be raised, once the transaction is stored, where the key was used before; None where not.

    That a key came with another request is put on record.
    """
    known = answered(connection, once.identity, once.key)
    if known is None:
        return None
    if known.digest == once.digest:
        return AnsweredBeforeError(known)
    reused = KeyReusedError(once.identity)
    said = {"asked": once.what, "said": once.written(reused)[1], "digest": once.digest}
    append(connection, Entry(at, "request.refused", once.identity, said))
    return reused


def keep_once(connection: Connection, once: Once, became: Action | WedtuiError, at: datetime) -> None:
    """Keep what a request came to, in the transaction in which it did."""
    keep_answer(connection, once.identity, once.key, StoredAnswer(once.digest, *once.written(became)), at)
    once.settled = True


def answered(connection: Connection, identity: str, key: str) -> StoredAnswer | None:
    """Return what was answered to a request, or None where there was none of that identity and key."""
    table = _REQUEST.c
    statement = select(table.digest, table.status, table.answer).where(table.identity == identity, table.key == key)
    row = connection.execute(statement).one_or_none()
    return None if row is None else StoredAnswer(row.digest, row.status, row.answer)


def keep_answer(connection: Connection, identity: str, key: str, given: StoredAnswer, at: datetime) -> None:
    """Keep what is answered to a request, in the transaction in which it is done; old answers go."""
    connection.execute(delete(_REQUEST).where(_REQUEST.c.at < at - ANSWERS_KEPT))
    values = {"digest": given.digest, "status": given.status, "answer": given.answer, "at": at}
    connection.execute(insert(_REQUEST).values(identity=identity, key=key, **values))
