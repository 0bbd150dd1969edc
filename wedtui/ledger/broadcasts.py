"""What a person tells everybody: written to the outbox with the link of the audit chain that says so."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from wedtui.core.chain import Entry
from wedtui.core.notify import Level, Notice
from wedtui.core.text import single_line
from wedtui.errors import ConfigurationError
from wedtui.ledger.audit import append
from wedtui.ledger.outbox import post
from wedtui.ledger.outbox_reader import NoticeEntry, notice_of
from wedtui.ledger.tables import METADATA
from wedtui.store.clock import database_now

_NOTICE = METADATA.tables["notification"]
LONGEST_MESSAGE = 500


def broadcast(
    connection: Connection, message: str, severity: Level, *, by: str, at: datetime, channels: Sequence[str]
) -> NoticeEntry:
    """Have every channel told what a person says, on the audit chain too; return what is told.

    Each is an episode of its own: the same words said again are told again.

    Args:
        connection: in a transaction of the ledger's.
        message: what is told.
        severity: how much it matters.
        by: who says it.
        at: when.
        channels: those that are configured.

    Raises:
        ConfigurationError: it says nothing, is too long, or nobody would be told.
    """
    said = single_line(message, LONGEST_MESSAGE + 1)
    if not said:
        raise ConfigurationError("expected a message that says something: everybody will read it")
    if len(said) > LONGEST_MESSAGE:
        raise ConfigurationError(f"expected a message of at most {LONGEST_MESSAGE} characters")
    if not channels:
        raise ConfigurationError("no channel is configured, so nobody would be told: add a [notify.NAME]")
    key = f"broadcast/{uuid.uuid4().hex}"
    notice = Notice(key, severity, f"{by} tells everybody: {said}", {"by": by}, everybody=True)
    # Instants of the outbox are the database's own.
    number = post(connection, notice, database_now(connection))
    body = {"notification": number, "severity": severity.value, "message": said, "channels": [*channels]}
    append(connection, Entry(at, "broadcast", by, body))
    return notice_of(connection.execute(select(_NOTICE).where(_NOTICE.c.id == number)).one(), [])
