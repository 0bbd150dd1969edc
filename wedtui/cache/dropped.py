"""What freezes or protects and is not configured any more: kept for a while, because it may be a mistake.

Of several services the one that began last says what is configured. One start with a wrong configuration must not
take away what the others watch.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, delete, select, update

from wedtui.cache.tables import METADATA
from wedtui.cache.wedding_import import touch
from wedtui.core.calendar import DROPPED_KEPT
from wedtui.core.gone import SAID_FOR
from wedtui.errors import ConflictError, NotFoundError

_T = METADATA.tables
_KEPT = (_T["feed"], _T["wedding_source"])
_PROBE, _SEEN = _T["probe"], _T["probe_seen"]


def mark_dropped(connection: Connection, table: Table, here: ColumnElement[bool], now: datetime) -> None:
    """Say since when a row is not configured any more; one that is marked already stays as it is."""
    connection.execute(update(table).where(here, table.c.dropped_at.is_(None)).values(dropped_at=now))


def forget_dropped(connection: Connection, now: datetime) -> int:
    """Delete what has been dropped for `DROPPED_KEPT` at an instant of the database's clock; return how many.

    Of probes that are not configured any more what was seen last goes as well, where nobody is told of it any more.
    """
    unknown = _SEEN.c.probe.not_in(select(_PROBE.c.name))
    connection.execute(delete(_SEEN).where(unknown, _SEEN.c.measured_at <= now - SAID_FOR))
    gone = [
        connection.execute(delete(table).where(table.c.dropped_at <= now - DROPPED_KEPT)).rowcount for table in _KEPT
    ]
    if gone[1]:
        touch(connection)
    return sum(gone)


def drop(connection: Connection, table: Table, what: str, name: str) -> None:
    """Delete what is dropped now.

    Args:
        connection: in a transaction.
        table: one of those that are kept.
        what: its name in words.
        name: its name.

    Raises:
        NotFoundError: there is none of that name.
        ConflictError: it is configured.
    """
    row = connection.execute(select(table.c.dropped_at).where(table.c.name == name)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no {what}: nothing of that name counts")
    if row.dropped_at is None:
        raise ConflictError(f"the {what} is configured: take it out of the services' configuration first")
    connection.execute(delete(table).where(table.c.name == name))
