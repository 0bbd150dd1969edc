"""The outbox of notifications: written with the decision that needs them, and kept until a channel has accepted each.

Of one key only the oldest that waits leaves. One service sends at a time: it holds a lease by the database's clock, and
what it stores under an older number than the newest is refused. A channel may be told twice, and knows that by the
episode. What follows upon a beginning is put again to a channel that may have lost what it accepted. When it is asked
again, and whom the end concerns, is `core.notify`'s to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, func, insert, select, type_coerce, update

from wedtui.core.chain import Entry
from wedtui.core.life import is_over
from wedtui.core.notify import (
    CALLS_FROM,
    GRAVITY,
    POSTED_WITHIN,
    ROUTE,
    Answer,
    Audience,
    Delivery,
    Detail,
    Event,
    Level,
    Message,
    Notice,
    Reach,
    Stage,
    Told,
    Verdict,
    is_repeated,
    more_channels,
    next_repeat,
    stage,
    wait,
)
from wedtui.errors import ConflictError, NotFoundError
from wedtui.ledger.audit import append
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox_reader import NoticeEntry, notice_of
from wedtui.ledger.tables import METADATA
from wedtui.store.clock import database_now
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import WRITER_WAITS, writable

_NOTICE, _DELIVERY, _SENDER = (
    METADATA.tables[name] for name in ("notification", "notification_delivery", "notification_sender")
)
LEASE = timedelta(seconds=10)
"""How long whoever sends holds that without renewing it; then another service may."""
SET_BACK = timedelta(seconds=5)
"""Less is what clocks are corrected by while they run."""
SAME_AGAIN = timedelta(minutes=10)
"""A trigger whose episode has just become a dead letter says nothing new."""
EVERYTHING = Reach()
Addressing = Callable[[Notice, datetime], Notice]
"""Returns what begins at an aware instant with whom it is for, where anybody says so: who is on call."""
_Concerned = Sequence[Audience]
"""Each of those who are to be told."""
AT_ONCE = 500
"""So many keys are looked at in one turn."""


def post(connection: Connection, notice: Notice, at: datetime) -> int | None:
    """Write a notification, in the transaction of what it tells.

    A trigger of an episode that is not over, and what follows upon one that is, say nothing new and are not written.

    Args:
        connection: in a transaction of the ledger's, of `Writable.writing`, in which nobody else writes.
        notice: what is to be told.
        at: by the database's clock.

    Returns:
        Its number; None where nothing was written.

    Raises:
        ValueError: its key cannot be used.
    """
    said = notice.bounded()
    newest = connection.execute(
        select(_NOTICE).where(_NOTICE.c.key == said.key).order_by(_NOTICE.c.id.desc()).limit(1)
    ).one_or_none()
    begun = newest is not None and newest.event != Event.RESOLVE.value
    if said.event is not Event.TRIGGER:
        if newest is None or not begun:
            return None
        episode = newest.episode
    elif newest is not None and begun and not _given_up(_trigger(connection, newest), at):
        return None
    else:
        episode = f"wedtui/{said.key}/{to_microseconds(at):x}"
    values = {
        "key": said.key,
        "episode": episode,
        "event": said.event.value,
        "severity": said.severity.value,
        "sentence": said.sentence,
        "details": dict(said.details),
        "everybody": said.everybody,
        "channels": [list(each) for each in said.channels] or None,
        "created_at": at,
        "stage": Stage.WAITING.value,
    }
    number: int = connection.execute(insert(_NOTICE).values(values).returning(_NOTICE.c.id)).scalar_one()
    return number


def _trigger(connection: Connection, newest: Any) -> Any:
    """Return the beginning of the episode that a notification belongs to."""
    if newest.event == Event.TRIGGER.value:
        return newest
    here = (_NOTICE.c.episode == newest.episode) & (_NOTICE.c.event == Event.TRIGGER.value)
    return connection.execute(select(_NOTICE).where(here)).one()


def _given_up(trigger: Any, at: datetime) -> bool:
    """Whether nobody was told of an episode: it begins anew."""
    if trigger.stage == Stage.DEAD.value:
        return bool(at - trigger.ended_at >= SAME_AGAIN)
    return bool(trigger.stage == Stage.DISMISSED.value)


def dismiss(connection: Connection, number: int, *, by: str, reason: str, at: datetime) -> NoticeEntry:
    """Note that a person looked at a dead letter, on the audit chain too; return it.

    Raises:
        NotFoundError: there is no such notification.
        ConflictError: it is no dead letter.
    """
    here = _NOTICE.c.id == number
    row = connection.execute(select(_NOTICE).where(here)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no notification {number}: `wedtui notify list` says which there are")
    if row.stage != Stage.DEAD.value:
        raise ConflictError(f"notification {number} is {row.stage}, and no dead letter: there is nothing to dismiss")
    values = {"stage": Stage.DISMISSED.value, "ended_by": by}
    connection.execute(update(_NOTICE).where(here).values(values))
    append(connection, Entry(at, "notification.dismiss", by, {"notification": number, "key": row.key, "said": reason}))
    told = select(_DELIVERY).where(_DELIVERY.c.notification_id == number).order_by(_DELIVERY.c.channel)
    return notice_of(connection.execute(select(_NOTICE).where(here)).one(), list(connection.execute(told)))


@dataclass(frozen=True, slots=True)
class Attempt:
    """A message that is to be put to a channel now."""

    channel: str
    message: Message
    fence: int
    """Under which what comes of it is stored."""
    again: bool = False
    """Whether the channel accepted it already, and may have lost it."""


class Outbox:
    """The outbox in the hands of one who writes it. Used by one thread at a time; several processes may.

    Each method raises a StoreError when it cannot do what it says.
    """

    def __init__(
        self,
        url: str,
        *,
        waits: timedelta = WRITER_WAITS,
        clock: Callable[[Connection], datetime] = database_now,
        reach: Reach = EVERYTHING,
        address: Addressing = lambda notice, _at: notice,
        may_lose: AbstractSet[str] = frozenset(),
    ) -> None:
        """Open the ledger.

        Args:
            url: where it is.
            waits: how long to wait for another process that holds it.
            clock: the time by the database.
            reach: which channels are for what, for who sends; by default each is for everything.
            address: says who is on call, for who sends; by default nobody in particular is.
            may_lose: channels that may lose what they accepted, for who sends; by default none does.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = writable(url, LEDGER, waits=waits)
        self._clock, self._reach, self._address = clock, reach, address
        self._may_lose = may_lose

    def post(self, notice: Notice) -> int | None:
        """Write a notification that stands for itself; return what `post` of this module does."""
        with self._store.writing() as connection:
            return post(connection, notice, self._clock(connection))

    def page(self, key: str, severity: str, sentence: str, details: Mapping[str, Detail]) -> None:
        """Tell whoever is on call; the same key again tells nobody anew until `over` was said of it.

        Args:
            key: of what it is about, such as `traffic/aws`.
            severity: `critical`, `error`, `warning` or `info`.
            sentence: what happened, and what to do.
            details: more of it, as names and plain values; no secrets.
        """
        self.post(Notice(key, Level(severity), sentence, details))

    def over(self, key: str, sentence: str) -> None:
        """Tell those who were told that it is over; nobody where nobody was."""
        self.post(Notice(key, Level.INFO, sentence, event=Event.RESOLVE))

    def take(
        self,
        holder: str,
        channels: Sequence[str],
        *,
        busy: frozenset[tuple[int, str]] = frozenset(),
        held: frozenset[str] = frozenset(),
    ) -> tuple[Attempt, ...] | None:
        """Say what is to be sent now, and go on holding the sending.

        Args:
            holder: the life of the service.
            channels: those that are configured, in their order.
            busy: numbers and channels of attempts that are under way.
            held: channels that take nothing at the moment.

        Returns:
            What is to be sent; None where another service sends.
        """
        with self._store.writing() as connection:
            at = self._clock(connection)
            fence = _lease(connection, holder, at)
            if fence is None:
                return None
            _not_of_the_future(connection, at)
            oldest = (
                select(func.min(_NOTICE.c.id).label("id"))
                .where(_NOTICE.c.stage == Stage.WAITING.value)
                .group_by(_NOTICE.c.key)
                .order_by("id")
                .limit(AT_ONCE)
            )
            found: list[Attempt] = []
            for row in connection.execute(select(_NOTICE).where(_NOTICE.c.id.in_(oldest)).order_by(_NOTICE.c.id)):
                for channel in _due(connection, row, self._concerned(connection, row, channels, at), at):
                    if channel not in held and (row.id, channel) not in busy:
                        found.append(Attempt(channel, _message(row), fence))
            lossy = self._may_lose & set(channels)
            _forget_repeats(connection, lossy, at)
            free = lossy - held - {each.channel for each in found}
            found += [Attempt(to, _message(row), fence, again=True) for to, row in _repeats(connection, free, busy, at)]
            return tuple(found)

    def conclude(self, attempt: Attempt, answer: Answer, channels: Sequence[str]) -> None:
        """Store what came of an attempt.

        Raises:
            ConflictError: another service sends by now; the channel may be told again.
        """
        number = attempt.message.number
        here = _this(number, attempt.channel)
        with self._store.writing() as connection:
            if connection.execute(select(_SENDER.c.fence)).scalar() != attempt.fence:
                raise ConflictError(f"notification {number}: another service sends by now")
            at = self._clock(connection)
            if attempt.again:
                _repeated(connection, attempt, answer, at)
                return
            tries: int = connection.execute(select(_DELIVERY.c.tries).where(here)).scalar_one() + 1
            values: dict[str, Any] = {"tries": tries, "problem": answer.words}
            if answer.verdict is Verdict.ACCEPTED:
                values["state"] = Delivery.ACCEPTED.value
                if attempt.channel in self._may_lose:
                    values["repeat_at"] = next_repeat(attempt.message.event, 0, at)
            elif answer.verdict is Verdict.REFUSED:
                values["state"] = Delivery.REFUSED.value
            else:
                values["next_at"] = at + wait(tries, answer)
            connection.execute(update(_DELIVERY).where(here).values(values))
            row = connection.execute(select(_NOTICE).where(_NOTICE.c.id == number)).one()
            if row.stage == Stage.WAITING.value:
                _settle(connection, row, self._concerned(connection, row, channels, at), at)

    def _concerned(self, connection: Connection, row: Any, channels: Sequence[str], at: datetime) -> _Concerned:
        """Return whom a notification concerns: of what follows a beginning, those that were told of it."""
        if row.event != Event.TRIGGER.value:
            return (Audience(_told_of(connection, row.episode, channels)),)
        severity = Level(row.severity)
        if row.everybody:
            return (self._reach.every(channels, severity),)
        if row.channels:
            return self._reach.of_each(channels, severity, row.channels)
        if GRAVITY[severity] >= GRAVITY[CALLS_FROM]:
            # Whoever wrote it knew nobody: it calls who is on call when it is sent.
            said = self._address(Notice(row.key, severity, row.sentence, row.details), at)
            named = tuple((name,) for name in channels) if said.everybody else said.channels
            if named:
                return self._reach.of_each(channels, severity, named)
        return (self._reach.audience(channels, severity, f"{row.details.get(ROUTE) or ''}"),)

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def _lease(connection: Connection, holder: str, at: datetime) -> int | None:
    """Hold the sending, or go on holding it; return the number of the claim, None where another holds it."""
    row = connection.execute(select(_SENDER)).one_or_none()
    if row is None:
        connection.execute(insert(_SENDER).values(id=1, holder=holder, fence=1, lease_until=at + LEASE))
        return 1
    back = row.lease_until - LEASE - at
    if back > SET_BACK:
        _set_back(connection, back)
        if row.holder != holder and not is_over(row.holder, holder):
            # It may live, and has not looked since: it is given as long as ever.
            connection.execute(update(_SENDER).values(lease_until=at + LEASE))
            return None
    if row.holder != holder and at < row.lease_until and not is_over(row.holder, holder):
        return None
    fence: int = row.fence if row.holder == holder else row.fence + 1
    connection.execute(update(_SENDER).values(holder=holder, fence=fence, lease_until=at + LEASE))
    return fence


def _set_back(connection: Connection, by: timedelta) -> None:
    """Move what waits with a clock that was set back by so much: what has waited has waited as long, and no longer."""
    c, microseconds = _DELIVERY.c, by // timedelta(microseconds=1)

    def moved(*names: str) -> dict[str, ColumnElement[Any]]:
        return {name: type_coerce(c[name], BigInteger) - microseconds for name in names}

    connection.execute(update(_DELIVERY).where(c.state == Delivery.WAITING.value).values(moved("since", "next_at")))
    connection.execute(update(_DELIVERY).where(c.repeat_at.is_not(None)).values(moved("repeat_at")))


def _not_of_the_future(connection: Connection, at: datetime) -> None:
    """Take what was written by a clock that was set back since for written now: what waits grows old all the same."""
    here = (_NOTICE.c.stage == Stage.WAITING.value) & (_NOTICE.c.created_at > at)
    connection.execute(update(_NOTICE).where(here).values(created_at=at))


def _due(connection: Connection, row: Any, concerned: _Concerned, at: datetime) -> Sequence[str]:
    """Put a notification to further channels where that is due, and return those that are to be asked now."""
    told = _told(connection, row.id)
    if row.event == Event.TRIGGER.value:
        more = [name for each in concerned for name in _more(told, each, at, everybody=row.everybody)]
    else:
        known = {each.channel for each in told}
        more = [name for each in concerned for name in each.channels if name not in known]
    for channel in dict.fromkeys(more):
        values = {"state": Delivery.WAITING.value, "tries": 0, "since": at, "next_at": at, "problem": "", "repeats": 0}
        connection.execute(insert(_DELIVERY).values(notification_id=row.id, channel=channel, **values))
    if _settle(connection, row, concerned, at) is not Stage.WAITING:
        return ()
    due = (_DELIVERY.c.notification_id == row.id, _DELIVERY.c.state == Delivery.WAITING.value)
    waiting = select(_DELIVERY.c.channel).where(*due, _DELIVERY.c.next_at <= at).order_by(_DELIVERY.c.channel)
    asked = {name for each in concerned for name in each.channels}
    return [channel for channel in connection.execute(waiting).scalars() if channel in asked]


def _forget_repeats(connection: Connection, lossy: AbstractSet[str], at: datetime) -> None:
    """Put nothing again to a channel that is not configured any more, or has become of another kind."""
    elsewhere = (_DELIVERY.c.repeat_at <= at) & _DELIVERY.c.channel.not_in(lossy)
    connection.execute(update(_DELIVERY).where(elsewhere).values(repeat_at=None))


def _repeats(
    connection: Connection, channels: AbstractSet[str], busy: AbstractSet[tuple[int, str]], at: datetime
) -> Iterator[tuple[str, Any]]:
    """Yield what is put to channels again now, the longest due one of each: what they were never told goes first."""
    due = select(_DELIVERY).where(_DELIVERY.c.repeat_at <= at, _DELIVERY.c.channel.in_(channels))
    left = set(channels)
    for told in connection.execute(due.order_by(_DELIVERY.c.repeat_at).limit(AT_ONCE)).all():
        if told.channel not in left or (told.notification_id, told.channel) in busy:
            continue
        row = connection.execute(select(_NOTICE).where(_NOTICE.c.id == told.notification_id)).one()
        if is_repeated(Event(row.event), told.repeat_at, at, newer=_has_newer(connection, row)):
            left.remove(told.channel)
            yield told.channel, row
        else:
            connection.execute(update(_DELIVERY).where(_this(row.id, told.channel)).values(repeat_at=None))


def _has_newer(connection: Connection, row: Any) -> bool:
    """Whether more was said of an episode: by this a channel knows what is one, and another one of its key is none."""
    later = (_NOTICE.c.episode == row.episode) & (_NOTICE.c.id > row.id)
    return connection.execute(select(_NOTICE.c.id).where(later).limit(1)).first() is not None


def _repeated(connection: Connection, attempt: Attempt, answer: Answer, at: datetime) -> None:
    """Store that something was put to a channel again: it was accepted before, whatever came of it now."""
    here = _this(attempt.message.number, attempt.channel)
    repeats: int = connection.execute(select(_DELIVERY.c.repeats).where(here)).scalar_one() + 1
    more = None if answer.verdict is Verdict.REFUSED else next_repeat(attempt.message.event, repeats, at)
    connection.execute(update(_DELIVERY).where(here).values(repeats=repeats, repeat_at=more))


def _this(number: int, channel: str) -> ColumnElement[bool]:
    return (_DELIVERY.c.notification_id == number) & (_DELIVERY.c.channel == channel)


def _more(told: Sequence[Told], whom: Audience, at: datetime, *, everybody: bool) -> Sequence[str]:
    """Return to which channels of one of those whom it concerns a beginning is to be put now."""
    accepted = any(each.state is Delivery.ACCEPTED and each.channel in whom.channels for each in told)
    if accepted and not everybody and not whom.calls:
        return ()
    return more_channels(told, whom.channels, at, everybody=everybody, calls=whom.calls, beside=whom.beside)


def _settle(connection: Connection, row: Any, concerned: _Concerned, at: datetime) -> Stage:
    """Store how far a notification is, where it waits no more."""
    follows = row.event != Event.TRIGGER.value
    if follows and not any(each.channels for each in concerned):
        found = Stage.SENT  # nobody was told of it, so nobody has to be told what became of it
    else:
        told = _told(connection, row.id)
        followed = not follows and _is_followed(connection, row, at)
        every = follows or (row.everybody and not followed)
        stages = {_stage(told, whom, row.created_at, at, everybody=every) for whom in concerned}
        # Whoever could not be told does not make it a dead letter where another one was, nor keeps from those who were
        # told that somebody has it, or that it is over.
        order = (Stage.SENT, Stage.WAITING, Stage.DEAD) if followed else (Stage.WAITING, Stage.SENT, Stage.DEAD)
        found = next(each for each in order if each in stages)
    if found is not Stage.WAITING:
        values = {"stage": found.value, "ended_at": at}
        connection.execute(update(_NOTICE).where(_NOTICE.c.id == row.id).values(values))
        here = (_DELIVERY.c.notification_id == row.id) & (_DELIVERY.c.state == Delivery.WAITING.value)
        connection.execute(update(_DELIVERY).where(here).values(state=Delivery.SPARED.value))
    return found


def _is_followed(connection: Connection, row: Any, at: datetime) -> bool:
    """Whether more is to be told of the same key, which waits for this: not for every channel, and not for long."""
    if at - row.created_at < POSTED_WITHIN:
        return False
    later = (_NOTICE.c.key == row.key) & (_NOTICE.c.id > row.id)
    return connection.execute(select(_NOTICE.c.id).where(later).limit(1)).first() is not None


def _stage(told: Sequence[Told], whom: Audience, created_at: datetime, at: datetime, *, everybody: bool) -> Stage:
    """Say how far a notification is with one of those whom it concerns."""
    theirs = [each for each in told if everybody or each.channel in whom.channels]
    return stage(theirs, whom.channels, created_at, at, everybody=everybody, calls=whom.calls, beside=whom.beside)


def _told_of(connection: Connection, episode: str, channels: Sequence[str]) -> tuple[str, ...]:
    """Return who was told that an episode began, or may have been: an answer that was lost says neither."""
    trigger = select(_NOTICE.c.id).where(_NOTICE.c.episode == episode, _NOTICE.c.event == Event.TRIGGER.value)
    maybe = (_DELIVERY.c.tries > 0) & (_DELIVERY.c.state != Delivery.REFUSED.value)
    asked = select(_DELIVERY.c.channel).where(_DELIVERY.c.notification_id.in_(trigger), maybe)
    known = set(connection.execute(asked).scalars())
    return tuple(channel for channel in channels if channel in known)


def _told(connection: Connection, number: int) -> list[Told]:
    rows = connection.execute(select(_DELIVERY).where(_DELIVERY.c.notification_id == number))
    return [Told(row.channel, Delivery(row.state), row.since, row.tries) for row in rows]


def _message(row: Any) -> Message:
    return Message(
        row.id,
        row.key,
        row.episode,
        Event(row.event),
        Level(row.severity),
        row.sentence,
        dict(row.details),
        row.created_at,
    )
