"""Reading the outbox: what waits, what was sent, what nobody takes; and who acted alone and was not reviewed yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.notify import Detail, Stage
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import NOTIFICATION, NOTIFICATION_DELIVERY
from wedtui.store.instants import from_microseconds
from wedtui.store.opening import READER_WAITS, readable


@dataclass(frozen=True, slots=True)
class DeliveryEntry:
    """How far a notification is with one channel."""

    channel: str
    state: str
    tries: int
    since: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class NoticeEntry:
    """A notification, and how far it is."""

    id: int
    key: str
    event: str
    severity: str
    sentence: str
    details: Mapping[str, Detail]
    everybody: bool
    created_at: datetime
    stage: str
    ended_at: datetime | None
    ended_by: str | None
    deliveries: tuple[DeliveryEntry, ...]
    channels: tuple[tuple[str, ...], ...] = ()
    """For each of those whom it is for, the channels in their order; none: for whoever the configuration says."""


@dataclass(frozen=True, slots=True)
class Alone:
    """An action that was confirmed without the second person who was demanded, and that nobody has reviewed."""

    action: int
    what: str
    person: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How the outbox stands, in numbers."""

    waiting: int
    oldest: datetime | None
    """When the oldest that waits was written."""
    dead: int
    dead_problem: str
    """Of the newest dead letter, why it was not taken the last time."""
    alone: tuple[Alone, ...]
    """Oldest first."""


class OutboxReader:
    """Reads the outbox, for those who may. Used by one thread; every reading raises a StoreError when it cannot."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=waits)

    def waits(self) -> bool:
        """Whether anything waits to be sent."""
        with self._store.reading() as snapshot:
            found = "SELECT 1 FROM notification WHERE stage = ? LIMIT 1"
            return snapshot.scalar(found, Stage.WAITING.value) is not None

    def standing(self) -> Standing:
        """Return how the outbox stands."""
        with self._store.reading() as snapshot:
            counted = "SELECT count(*), min(created_at) FROM notification WHERE stage = ?"
            waiting, oldest = next(snapshot.values(counted, Stage.WAITING.value))
            dead = snapshot.scalar("SELECT count(*) FROM notification WHERE stage = ?", Stage.DEAD.value)
            why = snapshot.scalar(
                "SELECT d.problem FROM notification n JOIN notification_delivery d ON d.notification_id = n.id "
                "WHERE n.stage = ? AND d.problem <> '' ORDER BY n.id DESC, d.channel LIMIT 1",
                Stage.DEAD.value,
            )
            alone = snapshot.values(
                "SELECT id, kind, target, confirmed_by, broke_glass, confirmed_at FROM action "
                "WHERE broke_glass IS NOT NULL AND reviewed_by IS NULL ORDER BY id"
            )
            return Standing(
                waiting,
                None if oldest is None else from_microseconds(oldest),
                dead,
                why or "",
                tuple(Alone(n, f"{kind} {to}", who, why, from_microseconds(at)) for n, kind, to, who, why, at in alone),
            )

    def notifications(self, *, most: int = 50) -> tuple[NoticeEntry, ...]:
        """Return every notification that waits or is a dead letter, and the newest of the others; newest first."""
        with self._store.reading() as snapshot:
            # What has to be looked at is never pushed out of the list by what went well.
            open_too = "stage IN (?, ?) OR id IN (SELECT id FROM notification ORDER BY id DESC LIMIT ?)"
            stages = (Stage.WAITING.value, Stage.DEAD.value)
            rows = list(snapshot.rows(NOTIFICATION, f"WHERE {open_too} ORDER BY id DESC", *stages, most))
            told = defaultdict(list)
            for start in range(0, len(rows), most):
                numbers = [row.id for row in rows[start : start + most]]
                marks = ", ".join("?" * len(numbers))
                which = f"WHERE notification_id IN ({marks}) ORDER BY since, channel"
                for each in snapshot.rows(NOTIFICATION_DELIVERY, which, *numbers):
                    told[each.notification_id].append(each)
        return tuple(notice_of(row, told[row.id]) for row in rows)

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def notice_of(row: Any, told: list[Any]) -> NoticeEntry:
    """Return what a row of the table says, with those of its deliveries, whoever read them."""
    return NoticeEntry(
        row.id,
        row.key,
        row.event,
        row.severity,
        row.sentence,
        row.details,
        row.everybody,
        row.created_at,
        row.stage,
        row.ended_at,
        row.ended_by,
        tuple(DeliveryEntry(d.channel, d.state, d.tries, d.since, d.problem) for d in told),
        tuple(map(tuple, row.channels or ())),
    )
