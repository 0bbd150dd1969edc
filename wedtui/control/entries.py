"""Entries of the ledger as they are answered."""

from __future__ import annotations

from wedtui.control.answers import DeliveryIs, NotificationIs
from wedtui.ledger.outbox_reader import NoticeEntry


def notification_is(entry: NoticeEntry) -> NotificationIs:
    """Return a notification as it is answered."""
    return NotificationIs(
        id=entry.id,
        key=entry.key,
        event=entry.event,
        severity=entry.severity,
        sentence=entry.sentence,
        details=dict(entry.details),
        everybody=entry.everybody,
        created_at=entry.created_at,
        stage=entry.stage,
        ended_at=entry.ended_at,
        ended_by=entry.ended_by,
        deliveries=[DeliveryIs(d.channel, d.state, d.tries, d.since, d.problem) for d in entry.deliveries],
    )
