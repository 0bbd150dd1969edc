"""Removing the oldest links of the audit chain, by a person's command alone; a link says what was removed.

What is left proves itself as before: that link has the hash of the newest one that is gone, and is signed as any. The
database refuses whatever is younger than seven years, or is said by no link; what was signed of it stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, select

from wedtui.core.chain import KEPT_AT_LEAST, PRUNE_KIND, Entry, Head, Link, Written, instant_words, verify
from wedtui.errors import AuditError, ConfigurationError, ConflictError
from wedtui.ledger.audit import append, head_of
from wedtui.ledger.audit_reader import PAGE, written_of
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.tables import METADATA
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import WRITER_WAITS, writable

_LINK, _ANCHOR = METADATA.tables["audit_link"], METADATA.tables["audit_anchor"]
_YEAR = timedelta(days=366)
"""The longest: never less is kept than was said."""
_MARGIN = timedelta(days=1)
"""Kept beside: whoever signs the link that says so, and whoever verifies it, may have a clock that is behind."""


def prune(url: str, keep_years: int, *, person: str, now: datetime, waits: timedelta = WRITER_WAITS) -> Link | None:
    """Remove the links that are older than so many years, up to the newest one that was signed at most.

    Args:
        url: of the ledger.
        keep_years: seven at least.
        person: who asks for it.
        now: an aware instant.
        waits: for others who write.

    Returns:
        The link that says what was removed; None where nothing is so old.

    Raises:
        ConfigurationError: fewer than seven years would be kept.
        AuditError: what would be removed is not what was written: it stays, for a person to look at.
        ConflictError: it is another than when it was read, because somebody else removes it.
        StoreError: it could not be done, and nothing was.
    """
    if keep_years * _YEAR < KEPT_AT_LEAST:
        raise ConfigurationError(f"expected at least 7 years to be kept, got {keep_years}")
    before = now - keep_years * _YEAR - _MARGIN
    store = writable(url, LEDGER, waits=waits)
    try:
        with store.asking() as connection:
            old = _old(connection, before)
        if old is None:
            return None
        with store.writing() as connection:
            _refuse_another(connection, old, before)
            return _remove(connection, old, Entry(now, PRUNE_KIND, person, {**old.said, "keep_years": keep_years}))
    finally:
        store.close()


class _Old(NamedTuple):
    """The links that may be removed, as they were verified."""

    first: int
    last: Head
    said: Mapping[str, Any]
    """Of them, by the link that says so."""


def _old(connection: Connection, before: datetime) -> _Old | None:
    """Read what may be removed, beside whoever writes: each of seven years' links is hashed.

    Raises:
        AuditError: it is not what was written.
    """
    first, through = _first(connection), _through(connection, before)
    if first is None or through < first:
        return None
    begins = connection.execute(select(_LINK.c.previous).where(_LINK.c.number == first)).scalar_one()
    found = verify(_links(connection, through), after=Head(first - 1, begins))
    if found.bad is not None:
        raise AuditError(f"nothing was removed: {found.bad.text}")
    until = connection.execute(select(_LINK.c.at).where(_LINK.c.number == through)).scalar_one()
    said = {
        "first": first,
        "through": through,
        "removed": found.links,
        "hash": found.head.hash,
        "until": instant_words(until),
    }
    return _Old(first, found.head, said)


def _refuse_another(connection: Connection, old: _Old, before: datetime) -> None:
    """Refuse to remove what is not what was verified a moment ago.

    Raises:
        ConflictError: it was removed meanwhile, or may not be any more.
    """
    last = connection.execute(select(_LINK.c.hash).where(_LINK.c.number == old.last.number)).scalar()
    if (_first(connection), last) != (old.first, old.last.hash) or _through(connection, before) < old.last.number:
        raise ConflictError("nothing was removed: the audit chain is another than it was a moment ago: try again")


def _remove(connection: Connection, old: _Old, entry: Entry) -> Link:
    link = append(connection, entry)
    connection.execute(delete(_LINK).where(_LINK.c.number <= old.last.number))
    return link


def _first(connection: Connection) -> int | None:
    return connection.execute(select(func.min(_LINK.c.number))).scalar()


def _through(connection: Connection, before: datetime) -> int:
    """Return the last number of the links that are so old one after another; never the newest, nor what is signed last.

    A link behind a younger one stays, whatever it says of its instant.
    """
    younger = connection.execute(select(func.min(_LINK.c.number)).where(_LINK.c.at >= before)).scalar()
    signed = connection.execute(select(func.max(_ANCHOR.c.number))).scalar()
    ends = [head_of(connection).number, younger, signed]
    return min(each for each in ends if each is not None) - 1


def _links(connection: Connection, through: int) -> Iterator[Written]:
    statement = select(_LINK).where(_LINK.c.number <= through).order_by(_LINK.c.number)
    for row in connection.execute(statement, execution_options={"yield_per": PAGE}):
        words = (row.version, to_microseconds(row.at), row.kind, row.person, row.action, row.body)
        yield written_of((row.number, *words, row.previous, row.hash))
