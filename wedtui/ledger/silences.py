"""Silences of alerts in the ledger: each has a reason and an end, and stands on the audit chain with what it hid.

They hold by the clock by which alerts are judged: on a server that of the server, so that one that was asked for at a
machine whose clock is wrong holds from then on, and for no longer than it may.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from wedtui.core.alerts.rule import RuleBook
from wedtui.core.alerts.silences import Preview, Silence, checked, within_longest
from wedtui.core.chain import Entry, instant_words
from wedtui.core.wording import utc_words
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger.audit import append
from wedtui.ledger.silence_reader import MOST, SilenceEntry, silence_of
from wedtui.ledger.tables import METADATA
from wedtui.store.clock import database_now

_SILENCE = METADATA.tables["alert_silence"]


def silence(connection: Connection, asked: Silence, book: RuleBook, hides: Preview | None) -> SilenceEntry:
    """Have what it says not be told from its beginning on, on the audit chain too.

    Args:
        connection: in a transaction of the ledger's.
        asked: as somebody asks for it; its number does not count.
        book: the rules that count.
        hides: what it hides of the alerts that there are; None: how it stands with them is not known.

    Raises:
        ConfigurationError: it may not be; one sentence that says what is missing.
        ConflictError: there are so many already that nobody could be shown all of them.
    """
    now = _judged_by(connection, asked.since)
    try:
        said = checked(within_longest(replace(asked, since=now), now), book, now)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    c = _SILENCE.c
    holds = select(func.count()).where(c.until > now, c.ended_at.is_(None))
    if connection.execute(holds).scalar_one() >= MOST:
        raise ConflictError(f"{MOST} silences hold already: end some, `wedtui alerts silences` says which there are")
    wanted = {name: [*values] for name, values in said.where.wanted.items()}
    about = {"rules": [*said.rules], "labels": wanted}
    values = {"wanted": wanted, "rules": [*said.rules], "reason": said.reason, "by": said.by}
    times = {"since": said.since, "until": said.until}
    statement = insert(_SILENCE).values({**values, **times}).returning(c.id)
    number: int = connection.execute(statement).scalar_one()
    hid = None if hides is None else {"firing": len(hides.firing), "pending": len(hides.pending)}
    body = {"silence": number, **about, "until": instant_words(said.until), "reason": said.reason, "hides": hid}
    append(connection, Entry(said.since, "alert.silence", said.by, body))
    return _entry(connection, number)


def end_silence(connection: Connection, number: int, *, by: str, at: datetime, reason: str) -> SilenceEntry:
    """End a silence before it ends by itself, on the audit chain too; it stays on record.

    Raises:
        NotFoundError: there is no silence of that number.
        ConflictError: it is over.
    """
    entry, at = _entry(connection, number), _judged_by(connection, at)
    if entry.end <= at or entry.ended_at is not None:
        who = f", ended by {entry.ended_by}" if entry.ended_by else ""
        raise ConflictError(f"silence {number} ended at {utc_words(entry.end)}{who}: there is nothing to end")
    values = {"ended_at": at, "ended_by": by, "end_reason": reason}
    connection.execute(update(_SILENCE).where(_SILENCE.c.id == number).values(values))
    append(connection, Entry(at, "alert.unsilence", by, {"silence": number, "reason": reason}))
    return _entry(connection, number)


def _judged_by(connection: Connection, at: datetime) -> datetime:
    """Return the instant by which alerts are judged, where it is a given one by the clock of this machine."""
    return database_now(connection) if connection.dialect.name == "postgresql" else at


def _entry(connection: Connection, number: int) -> SilenceEntry:
    row = connection.execute(select(_SILENCE).where(_SILENCE.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no silence {number}: `wedtui alerts silences` says which there are")
    return silence_of(row)
