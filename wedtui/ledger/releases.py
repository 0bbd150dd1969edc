"""The queue of releases: every move of one in a transaction of its own, with a row and a link of the chain that say so.

Moves are those of `core.deployments.moves`, and who starts is for `core.deployments.queue` to say; here they are made
on what is stored, by the database's clock, with nobody else writing. The database refuses by itself what none of them
allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from wedtui.core.actions import IllegalMoveError
from wedtui.core.deployments import moves, queue
from wedtui.core.deployments.release import BEFORE, UNDER_WAY, Approval, Release, ReleaseState
from wedtui.core.deployments.stored_freeze import stored_freeze
from wedtui.core.freeze import FreezeFacts, Scope
from wedtui.errors import ConflictError
from wedtui.ledger.audit import NOTHING, SERVICE, say_beside
from wedtui.ledger.frozen import as_decided, judged_now, store_freeze
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.release_moves import Noted, load, loaded, note, put, record
from wedtui.ledger.release_rows import release_values
from wedtui.ledger.tables import METADATA
from wedtui.store.opening import WRITER_WAITS, writable

_RELEASE, _TRANSITION = METADATA.tables["release"], METADATA.tables["release_transition"]
_APPROVAL = METADATA.tables["release_approval"]
_ACTION = METADATA.tables["action"]
_OPEN = [each.value for each in (*BEFORE, *UNDER_WAY)]

Begin = Callable[[Connection, Release, str, datetime], int]
"""Stores the action that carries a release out, by what it may start, in the transaction that starts it; returns its
number."""
Move = Callable[[Release, datetime], Release]
"""What is to become of a release, at an instant of the database's clock; raises `IllegalMoveError`."""


class Actor(NamedTuple):
    """Who makes a move."""

    person: str = SERVICE
    beside: Mapping[str, Any] = NOTHING
    """What the link says of it beside their name, such as their role."""


THE_SERVICE = Actor()


class Releases:
    """The queue in the hands of one who may write it. Used by one thread at a time; several processes may.

    A method that returns has stored what it says, through a crash of the machine. Each raises a StoreError when it
    cannot.
    """

    def __init__(
        self,
        url: str,
        *,
        at_once: int = 1,
        waits: timedelta = WRITER_WAITS,
        clock: Callable[[Connection], datetime] = judged_now,
    ) -> None:
        """Open the ledger.

        Args:
            url: where it is.
            at_once: how many releases may be under way at once.
            waits: how long to wait for another process that holds it.
            clock: the time by the database.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = writable(url, LEDGER, waits=waits)
        self._at_once, self._clock = at_once, clock

    def submit(self, make: Callable[[datetime], Release], key: str, *, by: Actor) -> Release:
        """Put a release in the queue; the same key of the same person again is the same release.

        Args:
            make: the release, at an instant of the database's clock.
            key: of the request, unique to who asks.
            by: who submits it.

        Raises:
            ConflictError: its version is in place already, or on its way there; or the key was used for another one.
        """
        with self._store.writing() as connection:
            say_beside(connection, by.beside)
            return submitted(connection, make(self._clock(connection)), key, by.person)

    def move(self, number: int, name: str, move: Move, *, by: Actor = THE_SERVICE, reason: str = "") -> Release:
        """Make one move.

        Args:
            number: of the release.
            name: of the move, for the record.
            move: what is to become of it.
            by: who makes it.
            reason: why, where the release does not say so itself.

        Raises:
            NotFoundError: there is no such release.
            ConflictError: the move is not legal; nothing changed, and that it was tried is on record.
        """
        with self._store.writing() as connection:
            say_beside(connection, by.beside)
            at = self._clock(connection)
            try:
                return moved(connection, number, move, Noted(at, by.person, reason, name))
            except ConflictError as error:
                refused = error
                record(connection, load(connection, number), Noted(at, by.person, str(error), f"{name} refused"))
        raise refused

    def approve(self, number: int, stage: str, *, by: Actor, reason: str = "") -> Release:
        """Give a person's word for a stage of a release; raises what `move` does."""

        def given(release: Release, at: datetime) -> Release:
            return moves.approve(release, Approval(stage, by.person, at, reason))

        return self.move(number, "approve", given, by=by, reason=reason)

    def start_next(self, facts: FreezeFacts, begin: Begin) -> Release | None:
        """Start the release that is to start now, if one may; those that cannot any more are blocked.

        Everything that decides is asked again in this transaction: what persons froze and overrode is read in it, and
        the evaluator is asked with that for the instant of the database's clock. What the database itself goes by is
        stored before it is asked.

        Args:
            facts: what else can freeze, as it was read just now.
            begin: stores the action that carries it out.

        Raises:
            ConflictError: the database itself says that it is frozen: nothing was started.
        """
        with self._store.writing() as connection:
            at = self._clock(connection)
            known = as_decided(connection, facts, at)
            line = _line(connection, known, self._at_once)
            for lost in queue.hopeless(line, at):
                put(connection, lost.release, moves.block(lost.release, lost.never, at), Noted(at, SERVICE, lost.never))
            chosen = queue.next_to_start(line, at)
            if chosen is None:
                return None
            release = chosen.release
            store_freeze(connection, release.where, stored_freeze(known, Scope(*release.where), at))
            why = chosen.freeze.sentence or "nothing stops it"
            ready = replace(release, previous=_in_place(connection, release))
            started = moves.start(ready, begin(connection, ready, why, at), at)
            try:
                put(connection, release, started, Noted(at, SERVICE, why))
            except IntegrityError as error:
                # What was stored in this transaction is taken back with it, the action too.
                raise ConflictError(
                    f"release {release.id}: the database itself refuses to start it: {_said(error)}"
                ) from None
            return started

    def renew(self, facts: FreezeFacts) -> int:
        """Store anew what is frozen for every service of the queue; return of how many.

        Args:
            facts: all that can freeze, as it was read just now.
        """
        with self._store.writing() as connection:
            at = self._clock(connection)
            places = sorted({each.where for each in _open(connection)})
            for where in places:
                store_freeze(connection, where, stored_freeze(facts, Scope(*where), at))
        return len(places)

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def submitted(connection: Connection, asked: Release, key: str, by: str) -> Release:
    """Store a release that is submitted, in a transaction of the ledger; raises what `Releases.submit` does."""
    unique = f"{by} {key}"
    number = connection.execute(select(_RELEASE.c.id).where(_RELEASE.c.request_key == unique)).scalar()
    if number is not None:
        known = load(connection, number)
        if (known.where, known.version) != (asked.where, asked.version):
            raise ConflictError(f"the key of this request was used for release {number} already: name another")
        return known
    _refuse_again(connection, asked)
    values = {**release_values(asked), "request_key": unique}
    made: int = connection.execute(insert(_RELEASE).values(values).returning(_RELEASE.c.id)).scalar_one()
    release = load(connection, made)
    note(connection, None, release, Noted(asked.submitted_at, by, "submitted"))
    return release


def moved(connection: Connection, number: int, move: Move, noted: Noted) -> Release:
    """Store a move of a release, in a transaction of the ledger, at the instant of its record.

    Raises:
        NotFoundError: there is no such release.
        ConflictError: the move is not legal; nothing was written.
    """
    before = load(connection, number)
    try:
        after = move(before, noted.at)
    except IllegalMoveError as error:
        raise ConflictError(f"release {number}: {error}") from None
    put(connection, before, after, noted._replace(reason=noted.reason or after.sentence))
    return after


def _refuse_again(connection: Connection, asked: Release) -> None:
    """Refuse a version that is in place, or on its way there.

    Raises:
        ConflictError: it is.
    """
    here = (_RELEASE.c.environment == asked.environment) & (_RELEASE.c.service == asked.service)
    same = here & (_RELEASE.c.version == asked.version) & _RELEASE.c.state.in_(_OPEN)
    number = connection.execute(select(_RELEASE.c.id).where(same).order_by(_RELEASE.c.id).limit(1)).scalar()
    where = f"{asked.service} in {asked.environment}"
    if number is not None:
        raise ConflictError(f"{asked.version} of {where} is on its way already: release {number}")
    if _in_place(connection, asked) == asked.version:
        raise ConflictError(f"{asked.version} of {where} is in place already: there is nothing to release")


def _in_place(connection: Connection, release: Release) -> str:
    """Return the version that is in place where a release is to go, as far as the queue knows; else nothing.

    What a release left behind that was blocked, or that failed, is not known.
    """
    here = (_RELEASE.c.environment == release.environment) & (_RELEASE.c.service == release.service)
    begun = select(_RELEASE.c.version, _RELEASE.c.previous, _RELEASE.c.state).where(
        here, _RELEASE.c.action.is_not(None)
    )
    newest = connection.execute(begun.order_by(_RELEASE.c.id.desc()).limit(1)).one_or_none()
    if newest is None:
        return ""
    versions = {ReleaseState.SUCCEEDED: newest.version, ReleaseState.ROLLED_BACK: newest.previous}
    return str(versions.get(ReleaseState(newest.state), ""))


def _line(connection: Connection, facts: FreezeFacts, at_once: int) -> queue.Facts:
    """Return all that decides who may start."""
    open_ones = _open(connection)
    named = {number for each in open_ones for number in each.after}
    begun = select(_RELEASE.c.environment, _RELEASE.c.service, func.max(_RELEASE.c.id)).where(
        _RELEASE.c.action.is_not(None)
    )
    newest: dict[tuple[str, str], int] = {}
    for where in {each.where for each in open_ones}:
        here = (_RELEASE.c.environment == where[0]) & (_RELEASE.c.service == where[1])
        found = connection.execute(begun.where(here).group_by(_RELEASE.c.environment, _RELEASE.c.service)).one_or_none()
        if found is not None:
            newest[where] = found[2]
    return queue.Facts(
        open=open_ones,
        named={each.id: each for each in loaded(connection, _RELEASE.c.id.in_(sorted(named)))} if named else {},
        freeze=facts,
        newest=newest,
        at_once=at_once,
    )


def _open(connection: Connection) -> tuple[Release, ...]:
    return loaded(connection, _RELEASE.c.state.in_(_OPEN))


def _said(error: IntegrityError) -> str:
    """Return what the database itself says, without the statement."""
    words: Sequence[str] = str(error.orig).splitlines()
    return words[0] if words else "it refuses"
