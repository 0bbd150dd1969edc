"""Requests that were answered: the same one again is answered the same, and done once, whichever service is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

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
