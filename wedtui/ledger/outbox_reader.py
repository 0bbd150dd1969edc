"""Reading the outbox: what waits, what was sent, what nobody takes; and who acted alone and was not reviewed yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.notify import CALLS_FROM, GRAVITY, Delivery, Detail, Event, Stage
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import NOTIFICATION, NOTIFICATION_DELIVERY
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.opening import READER_WAITS, readable
from wedtui.store.snapshot import Snapshot


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
    uncalled: datetime | None = None
    """When the oldest beginning was written that calls somebody and that nobody was called by; None without one."""
    given_up: tuple[tuple[str, int], ...] = ()
    """By channel, how many it was asked to take lately and never took, which people were told by others."""


_LOOKED_AT = 2_000
"""At so many of the newest notifications it is looked for what a channel did not take."""


def _given_up(snapshot: Snapshot, since: datetime) -> tuple[tuple[str, int], ...]:
    asked = (
        "SELECT d.channel, count(*) FROM notification n JOIN notification_delivery d ON d.notification_id = n.id "
        "WHERE n.id > (SELECT coalesce(max(id), 0) FROM notification) - ? AND n.stage = ? AND n.ended_at >= ? "
        "AND d.state IN (?, ?) AND (d.tries > 0 OR d.problem <> '') GROUP BY d.channel ORDER BY d.channel"
    )
    over = (Delivery.SPARED.value, Delivery.REFUSED.value)
    found = snapshot.values(asked, _LOOKED_AT, Stage.SENT.value, to_microseconds(since), *over)
    return tuple((channel, count) for channel, count in found)


class OutboxReader:
    """Reads the outbox, for those who may. Used by one thread; every reading raises a StoreError when it cannot."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=waits)

    def waits(self, now: datetime) -> bool:
        """Whether anything waits to be sent, or may have to be sent again.

        Args:
            now: by the service's clock; what is sent is decided by the database's.
        """
        first = "EXISTS (SELECT 1 FROM notification WHERE stage = ?)"
        again = "EXISTS (SELECT 1 FROM notification_delivery WHERE repeat_at <= ?)"
        with self._store.reading() as snapshot:
            asked = f"SELECT 1 WHERE {first} OR {again}"
            return snapshot.scalar(asked, Stage.WAITING.value, to_microseconds(now)) is not None

    def standing(self, calls: AbstractSet[str] = frozenset(), since: datetime | None = None) -> Standing:
        """Return how the outbox stands.

        Args:
            calls: the channels that call people; by none of them each does.
            since: from when on what a channel did not take is counted where others did; without it nothing of it is.
        """
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
                _uncalled(snapshot, calls),
                () if since is None else _given_up(snapshot, since),
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
                which = f"WHERE notification_id IN ({_marks(numbers)}) ORDER BY since, channel"
                for each in snapshot.rows(NOTIFICATION_DELIVERY, which, *numbers):
                    told[each.notification_id].append(each)
        return tuple(notice_of(row, told[row.id]) for row in rows)

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def _uncalled(snapshot: Snapshot, calls: AbstractSet[str]) -> datetime | None:
    """Return when the oldest beginning that calls was written which none that calls has accepted."""
    grave = [level.value for level, gravity in GRAVITY.items() if gravity >= GRAVITY[CALLS_FROM]]
    by = f"AND d.channel IN ({_marks(calls)})" if calls else ""
    told = f"d.notification_id = notification.id AND d.state = ? {by}"
    which = f"WHERE stage IN (?, ?) AND event = ? AND severity IN ({_marks(grave)}) AND NOT EXISTS "
    which += f"(SELECT 1 FROM notification_delivery d WHERE {told}) ORDER BY created_at LIMIT 1"  # noqa: S608 - marks
    stages = (Stage.WAITING.value, Stage.DEAD.value)
    accepted = Delivery.ACCEPTED.value
    found = snapshot.rows(NOTIFICATION, which, *stages, Event.TRIGGER.value, *grave, accepted, *sorted(calls))
    return next((row.created_at for row in found), None)


def _marks(some: Collection[object]) -> str:
    return ", ".join("?" * len(some))


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
