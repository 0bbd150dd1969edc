"""Entries of the ledger as they are answered."""

from __future__ import annotations

from wedtui.control.answers import DeliveryIs, HiddenIs, HidesIs, NotificationIs, SilenceIs
from wedtui.core.alerts.silences import Preview, foreseen_words
from wedtui.core.alerts.standing import AlertIs
from wedtui.ledger.outbox_reader import NoticeEntry
from wedtui.ledger.silence_reader import SilenceEntry


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


def silence_is(entry: SilenceEntry, hides: Preview | None) -> SilenceIs:
    """Return a silence as it is answered."""
    return SilenceIs(
        id=entry.id,
        rules=[*entry.rules],
        labels={name: [*values] for name, values in entry.wanted.items()},
        reason=entry.reason,
        by=entry.by,
        since=entry.since,
        until=entry.until,
        ended_at=entry.ended_at,
        ended_by=entry.ended_by,
        end_reason=entry.end_reason,
        hides=hides_is(hides),
    )


def hides_is(hides: Preview | None) -> HidesIs:
    """Return what a silence hides as it is answered."""
    sentence = foreseen_words(hides)
    if hides is None:
        return HidesIs(sentence, known=False, firing=[], pending=[], told=0)
    firing, pending = ([_hidden_is(each) for each in some] for some in (hides.firing, hides.pending))
    return HidesIs(sentence, known=True, firing=firing, pending=pending, told=hides.told, behind=hides.behind)


def _hidden_is(alert: AlertIs) -> HiddenIs:
    return HiddenIs(alert.rule, dict(alert.labels), alert.severity.value, alert.key)
