"""Alerts in the ledger: what is remembered of each, what became of it, and who judges them.

One service judges at a time: it holds a lease by the clock by which it judges, which on a server is that of the server.
What it would store under an older number than the newest, or beside a change that it has not seen, is not stored.
State, history and notifications of a round are one transaction. Of what is well only the instant of the newest sample
moves: that is written now and then, because samples that are judged again say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from wedtui.core.alerts.evaluation import Event, Kind
from wedtui.core.alerts.leap import Looked
from wedtui.core.alerts.memory import AlertState, Memory, Phase, memory_document, memory_of
from wedtui.core.alerts.pages import Page, as_posted, page_of
from wedtui.core.alerts.rule import Where
from wedtui.core.alerts.silences import Silence
from wedtui.core.alerts.telling import acknowledgements, remembered
from wedtui.core.alerts.track import Labels, labels_of, labels_words
from wedtui.core.chain import Entry, instant_words
from wedtui.core.life import is_over
from wedtui.core.notify import Event as Told
from wedtui.core.notify import Notice, Stage
from wedtui.core.oncall.climbing_document import climbing_in
from wedtui.errors import ConflictError, NotFoundError
from wedtui.ledger.audit import append
from wedtui.ledger.changes import ROSTERS, RULES
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.noted_files import note_files
from wedtui.ledger.outbox import post
from wedtui.ledger.pages import PagesThatWait
from wedtui.ledger.tables import METADATA
from wedtui.store.clock import database_now
from wedtui.store.opening import WRITER_WAITS, writable
from wedtui.store.upsert import upsert

_ROUND, _MEMORY, _EVENT, _SILENCE, _NOTICE = (
    METADATA.tables[name] for name in ("alert_round", "alert_memory", "alert_event", "alert_silence", "notification")
)
LEASE = timedelta(seconds=30)
"""How long whoever judges holds that without writing; then another service may."""
WRITTEN_EVERY = timedelta(seconds=10)
"""A round of which nothing came is written so often: by it the next service knows since when nobody listened."""
QUIET_EVERY = timedelta(minutes=5)
"""So often the newest sample of what is well is written."""
TRIES = 3
_AT_ONCE = 400
ACKNOWLEDGED, LAPSED, ESCALATED, NOTED = "acknowledged", "lapsed", "escalated", "noted"
"""What becomes of an episode beside what the evaluation finds."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that became of an episode."""

    at: datetime
    kind: str
    episode: str
    rule: str
    labels: Labels
    severity: str
    reason: str
    value: float | None = None
    person: str = ""
    said: str = ""


def happened(event: Event) -> Happened | None:
    """Return an event for the history; None where there is no episode yet."""
    if event.kind in {Kind.PENDING, Kind.PASSED}:
        return None
    what = (event.kind.value, event.key, event.rule, event.labels, event.severity.value, event.reason.value)
    return Happened(event.at, *what, event.value)


class Known(NamedTuple):
    """What a round begins with."""

    now: datetime
    state: AlertState
    telling: Mapping[str, Any]
    silences: tuple[Silence, ...]
    pages: tuple[Page, ...] = ()
    """What somebody was called for, and is not over."""
    looked: Looked | None = None
    """The look at both clocks of the round that was stored last, where that is known."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a round came to."""

    state: AlertState
    telling: Mapping[str, Any]
    history: Sequence[Happened] = ()
    notices: Sequence[Notice] = ()
    files: Sequence[tuple[str, str]] | None = None
    """The files of rules that counted, by name, where they are to be kept."""
    rosters: Sequence[tuple[str, str]] | None = None
    """Likewise the files of rosters, and their calendars, where they may be others than those that were noted."""
    looked: Looked | None = None
    """The look at both clocks with which it began."""


@dataclass(slots=True)
class _Kept:
    """What this one knows of the ledger, and what it has not written yet."""

    version: int
    fence: int
    state: AlertState
    telling: Mapping[str, Any]
    stored: dict[tuple[str, Labels], Memory] = field(default_factory=dict)
    written_at: datetime | None = None
    looked: Looked | None = None


class AlertKeeper:
    """The alerts in the hands of one who judges them. Used by one thread.

    Every method raises a StoreError when it cannot do what it says.
    """

    def __init__(
        self,
        url: str,
        holder: str,
        *,
        waits: timedelta = WRITER_WAITS,
        clock: Callable[[Connection], datetime] = database_now,
    ) -> None:
        """Open the ledger.

        Args:
            url: where it is.
            holder: the life of the service that judges.
            waits: how long to wait for another process that holds it.
            clock: the time by which it is judged.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = writable(url, LEDGER, waits=waits)
        self._holder, self._clock = holder, clock
        self._kept: _Kept | None = None
        self._tried: tuple[datetime | None, float] | None = None
        """By both clocks, the round that was to be stored last: where its answer was lost it may be all the same."""
        self._pages = PagesThatWait()

    def turn(self, work: Callable[[Known], Turn]) -> Turn | None:
        """Have a round judged by what is remembered, and store what came of it.

        Args:
            work: judges. It may be called again, where somebody acknowledged something meanwhile.

        Returns:
            What it came to; None where another service judges.

        Raises:
            ConflictError: others change what is remembered all the time.
        """
        for _ in range(TRIES):
            known = self._known()
            if known is None:
                return None
            done = work(known)
            if self._stored(known.now, done):
                return done
        raise ConflictError("what is remembered of alerts was changed by others during each of several rounds")

    def look(self) -> None:
        """Look at the clock by which it is judged, and at nothing else: whoever waits for its turn knows of a leap."""
        with self._store.asking() as connection:
            self._clock(connection)

    def files(self) -> tuple[tuple[str, str], ...]:
        """Return the last files of rules that could be used, by name."""
        with self._store.asking() as connection:
            found = connection.execute(select(_ROUND.c.files)).scalar()
        return tuple((name, text) for name, text in found or ())

    def told(self, keys: Sequence[str]) -> dict[str, datetime]:
        """Return when a channel accepted the newest notification of each key that one accepted."""
        pages = {page[1]: key for key in keys if (page := page_of(key)) is not None}
        with self._store.asking() as connection:
            found = {pages[number]: at for number, at in _accepted(connection, _NOTICE.c.id, [*pages])}
            return found | dict(_accepted(connection, _NOTICE.c.key, keys))

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()

    def _known(self) -> Known | None:
        with self._store.asking() as connection:
            now = self._clock(connection)
            row = connection.execute(select(_ROUND)).one_or_none()
            if not _may_judge(row, self._holder, now):
                self._kept = None
                return None
            kept = self._kept
            if kept is None or (0 if row is None else row.version) != kept.version:
                kept = self._kept = self._going_on(kept, _load(connection, row))
            silences, pages = silences_at(connection, now), self._pages.read(connection)
            return Known(now, kept.state, kept.telling, silences, pages, kept.looked)

    def _going_on(self, kept: _Kept | None, loaded: _Kept) -> _Kept:
        looked = loaded.looked
        if looked is not None and self._tried == (looked.at, looked.tick):
            # It was stored, and only its answer was lost: there is nothing newer here.
            return loaded
        return _going_on(kept, loaded)

    def _stored(self, now: datetime, done: Turn) -> bool:
        """Store what came of a round; return whether it still was this one's to store."""
        kept = self._kept
        assert kept is not None
        changed, gone = _changes(kept, done.state, now)
        due = kept.written_at is None or not timedelta() <= now - kept.written_at < WRITTEN_EVERY
        edited = done.files is not None or done.rosters is not None
        news = done.history or done.notices or edited or _says(done.telling) != _says(kept.telling)
        if not (changed or gone or news or due):
            kept.state, kept.telling = done.state, done.telling
            return True
        with self._store.writing() as connection:
            at = self._clock(connection)
            row = connection.execute(select(_ROUND)).one_or_none()
            if not _may_judge(row, self._holder, at) or (0 if row is None else row.version) != kept.version:
                return False
            fence = _fence(row, self._holder)
            self._tried = None if done.looked is None else (done.state.judged_at, done.looked.tick)
            _write_round(
                connection,
                row,
                {
                    "holder": self._holder,
                    "fence": fence,
                    "lease_until": at + LEASE,
                    "version": kept.version + 1,
                    "judged_at": done.state.judged_at,
                    **_by_both_clocks(done),
                    "telling": dict(done.telling),
                    **({} if done.files is None else {"files": [list(each) for each in done.files], "files_at": now}),
                },
            )
            for which, files in ((RULES, done.files), (ROSTERS, done.rosters)):
                if files is not None:
                    note_files(connection, which, files, now)
            _write_memories(connection, changed, gone)
            write_history(connection, done.history)
            for notice in done.notices:
                post(connection, notice, database_now(connection))
        stored = {key: memory for key, memory in kept.stored.items() if key not in gone} | changed
        self._kept = _Kept(kept.version + 1, fence, done.state, done.telling, stored, now)
        return True


def _by_both_clocks(done: Turn) -> dict[str, Any]:
    looked = done.looked
    if looked is None or looked.at != done.state.judged_at or not looked.boot:
        return {"tick": None, "boot": ""}
    return {"tick": looked.tick, "boot": looked.boot}


def _accepted(connection: Connection, by: ColumnElement[Any], wanted: Sequence[Any]) -> Iterator[tuple[Any, datetime]]:
    """Yield when a channel accepted the newest of some notifications, by what they are looked for by."""
    for start in range(0, len(wanted), _AT_ONCE):
        sent = (_NOTICE.c.event == Told.TRIGGER.value) & (_NOTICE.c.stage == Stage.SENT.value)
        some = by.in_(wanted[start : start + _AT_ONCE])
        rows = connection.execute(select(by, func.max(_NOTICE.c.ended_at)).where(some & sent).group_by(by))
        yield from ((which, at) for which, at in rows if at is not None)


def _says(telling: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was told; of which instant that is no news by itself."""
    return {name: value for name, value in telling.items() if name != "at"}


def _may_judge(row: Any, holder: str, at: datetime) -> bool:
    if row is None or row.holder == holder or is_over(row.holder, holder):
        return True
    # Nobody holds it for longer than a lease: the clock was set back since, and who is not heard of must not go on.
    return bool(at >= row.lease_until or row.lease_until - at > LEASE)


def _fence(row: Any, holder: str) -> int:
    if row is None:
        return 1
    return int(row.fence) if row.holder == holder else int(row.fence) + 1


def _load(connection: Connection, row: Any) -> _Kept:
    stored = {(each.rule, _labels(each.labels)): memory_of(each.memory) for each in connection.execute(select(_MEMORY))}
    memories: dict[str, dict[Labels, Memory]] = {}
    for (rule, labels), memory in stored.items():
        memories.setdefault(rule, {})[labels] = memory
    if row is None:
        return _Kept(0, 0, AlertState(None, memories), {}, stored)
    looked = None if row.tick is None or row.judged_at is None else Looked(row.judged_at, row.tick, row.tick, row.boot)
    return _Kept(row.version, row.fence, AlertState(row.judged_at, memories), row.telling, stored, looked=looked)


def _going_on(kept: _Kept | None, loaded: _Kept) -> _Kept:
    """Return what was loaded, with what this one has judged since wherever only others' words were added."""
    if kept is None or kept.fence != loaded.fence or kept.written_at is None:
        return loaded
    state = loaded.state
    memories = {
        rule: {
            labels: kept.state.of(rule, labels) if kept.stored.get((rule, labels)) == memory else memory
            for labels, memory in series.items()
        }
        for rule, series in state.memories.items()
    }
    loaded.state = AlertState(kept.state.judged_at, memories)
    loaded.written_at = kept.written_at
    return loaded


def _labels(document: Iterable[Sequence[str]]) -> Labels:
    return tuple((name, value) for name, value in document)


def _changes(
    kept: _Kept, state: AlertState, now: datetime
) -> tuple[dict[tuple[str, Labels], Memory], set[tuple[str, Labels]]]:
    """Return what has to be written of a state, and what is remembered no more."""
    changed: dict[tuple[str, Labels], Memory] = {}
    there: set[tuple[str, Labels]] = set()
    due = kept.written_at is None or not timedelta() <= now - kept.written_at < WRITTEN_EVERY
    for rule, series in state.memories.items():
        for labels, memory in series.items():
            key = rule, labels
            there.add(key)
            before = kept.stored.get(key)
            if memory is not before and (before is None or _is_news(before, memory, due=due)):
                changed[key] = memory
    return changed, kept.stored.keys() - there


def _is_news(before: Memory, memory: Memory, *, due: bool) -> bool:
    if memory._replace(seen=before.seen) != before:
        return True
    if memory.seen is None or before.seen is None or memory.seen < before.seen:
        return memory.seen != before.seen
    quiet = memory.phase in {Phase.OK, Phase.RESOLVED}
    return due and memory.seen != before.seen and (not quiet or memory.seen - before.seen >= QUIET_EVERY)


def _write_round(connection: Connection, row: Any, values: Mapping[str, Any]) -> None:
    if row is None:
        connection.execute(insert(_ROUND).values(id=1, **values))
    else:
        connection.execute(update(_ROUND).values(**values))


def _write_memories(
    connection: Connection, changed: Mapping[tuple[str, Labels], Memory], gone: Iterable[tuple[str, Labels]]
) -> None:
    rows = [_row(rule, labels, memory) for (rule, labels), memory in changed.items()]
    if rows:
        statement = upsert(connection, _MEMORY)
        new = {name: statement.excluded[name] for name in ("labels", "phase", "episode", "memory")}
        connection.execute(statement.on_conflict_do_update(index_elements=["rule", "series"], set_=new), rows)
    for rule, labels in gone:
        here = (_MEMORY.c.rule == rule) & (_MEMORY.c.series == _series(labels))
        connection.execute(delete(_MEMORY).where(here))


def _row(rule: str, labels: Labels, memory: Memory) -> dict[str, Any]:
    firing = memory.phase is Phase.FIRING and memory.episode is not None
    return {
        "rule": rule,
        "series": _series(labels),
        "labels": [list(pair) for pair in labels],
        "phase": memory.phase.value,
        "episode": memory.episode.key if firing and memory.episode is not None else "",
        "memory": memory_document(memory),
    }


def _series(labels: Labels) -> str:
    return json.dumps(labels, separators=(",", ":"))


def write_history(connection: Connection, history: Iterable[Happened]) -> None:
    """Add to the history, in the transaction of what happened."""
    rows = [
        {
            "at": each.at,
            "kind": each.kind,
            "episode": each.episode,
            "rule": each.rule,
            "labels": [list(pair) for pair in each.labels],
            "severity": each.severity,
            "reason": each.reason,
            "value": each.value,
            "person": each.person,
            "said": each.said,
        }
        for each in history
    ]
    if rows:
        connection.execute(insert(_EVENT), rows)


def silences_at(connection: Connection, now: datetime) -> tuple[Silence, ...]:
    """Return the silences that hold at an instant, oldest first."""
    holds = (_SILENCE.c.since <= now) & (_SILENCE.c.until > now) & _SILENCE.c.ended_at.is_(None)
    rows = connection.execute(select(_SILENCE).where(holds).order_by(_SILENCE.c.id))
    return tuple(
        Silence(
            row.id,
            Where({name: tuple(values) for name, values in row.wanted.items()}),
            tuple(row.rules),
            row.reason,
            row.by,
            row.since,
            row.until,
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An episode that somebody looks at."""

    key: str
    rule: str
    labels: Labels
    by: str
    at: datetime
    """Since when; it lapses so long after that."""
    again: bool = False
    """Whether the same person had it already: that it is said again gives no more time."""


def _acknowledgements(
    connection: Connection, kept: Mapping[str, Any], episode: str, by: str, about: str
) -> tuple[Notice, ...]:
    """Return what those are told who were told of an episode, at first or later.

    A later message is about several notifications: as long as one of these is in nobody's hands, it has still to call.
    """
    telling, climbing = remembered(kept), climbing_in(kept)
    keys = set(telling.keys_of(episode))
    later = [call for call in climbing.calls if keys.intersection(call.of)]
    members = telling.members_of(keys.union(*(call.of for call in later)))
    alone = _alone(connection, {each for some in members.values() for each in some} - {episode})
    open_keys = {key for key, some in members.items() if alone.intersection(some)}
    first = acknowledgements(telling, episode, by, about, alone)
    taken = (call.key for call in later if open_keys.isdisjoint(call.of))
    return (*first, *(replace(notice, key=key) for notice in first[:1] for key in taken))


def acknowledge(connection: Connection, key: str, *, by: str, at: datetime, reason: str) -> Acknowledged:
    """Note that a person looks at an episode that fires, in the history and on the audit chain too; return it.

    Who has it already goes on having it, from when they took it: nothing is written again but other words of theirs.

    Raises:
        NotFoundError: no such episode fires.
    """
    row = connection.execute(select(_MEMORY).where(_MEMORY.c.episode == key)).first() if key else None
    memory = None if row is None else memory_of(row.memory)
    if row is None or memory is None or memory.episode is None:
        raise NotFoundError(f'no alert "{key}" fires: `wedtui alerts list` says what does')
    labels, episode = _labels(row.labels), memory.episode
    what = (key, row.rule, labels, episode.severity.value, episode.reason.value)
    body = {"alert": key, "rule": row.rule, "labels": dict(labels_of(dict(labels))), "reason": reason}
    if episode.acknowledged_by == by and episode.acknowledged_at is not None:
        if reason and reason != _said_last(connection, key, by):
            write_history(connection, [Happened(at, NOTED, *what, person=by, said=reason)])
            body["since"] = instant_words(episode.acknowledged_at)
            append(connection, Entry(at, "alert.acknowledge", by, body))
        return Acknowledged(key, row.rule, labels, by, episode.acknowledged_at, again=True)
    had = memory._replace(episode=episode._replace(acknowledged_by=by, acknowledged_at=at))
    _write_memories(connection, {(row.rule, labels): had}, ())
    connection.execute(update(_ROUND).values(version=_ROUND.c.version + 1))
    write_history(connection, [Happened(at, ACKNOWLEDGED, *what, person=by, said=reason)])
    append(connection, Entry(at, "alert.acknowledge", by, body))
    kept = connection.execute(select(_ROUND.c.telling)).scalar_one_or_none()
    about = f"{row.rule} ({labels_words(labels)})"
    for notice in as_posted(_acknowledgements(connection, kept or {}, key, by, about)):
        # Instants of the outbox are the database's own.
        post(connection, notice, database_now(connection))
    return Acknowledged(key, row.rule, labels, by, at)


def _said_last(connection: Connection, key: str, by: str) -> str:
    """Return the words with which a person took an episode, or the newest after them."""
    c = _EVENT.c
    here = (c.episode == key) & (c.person == by) & c.kind.in_((ACKNOWLEDGED, NOTED))
    return connection.execute(select(c.said).where(here).order_by(c.id.desc()).limit(1)).scalar() or ""


def _alone(connection: Connection, keys: Collection[str]) -> frozenset[str]:
    """Return which of some episodes fire and are nobody's."""
    found: set[str] = set()
    some = sorted(keys)
    for start in range(0, len(some), _AT_ONCE):
        here = _MEMORY.c.episode.in_(some[start : start + _AT_ONCE])
        for row in connection.execute(select(_MEMORY.c.episode, _MEMORY.c.memory).where(here)):
            episode = memory_of(row.memory).episode
            if episode is not None and episode.acknowledged_at is None:
                found.add(row.episode)
    return frozenset(found)
