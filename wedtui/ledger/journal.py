"""The journal: every move of an action in a transaction of its own, stored before anything outside follows from it.

Moves are those of `core.actions`; here they are made on what is stored, by the database's clock, with nobody else
writing, and each is put on record in the same transaction. What is refused is put on record too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from wedtui.core import actions, paging
from wedtui.core.action_document import asked_of
from wedtui.core.actions import Action, ActionState, IllegalMoveError, Outcome
from wedtui.core.chain import Entry
from wedtui.core.notify import Notice
from wedtui.errors import ConflictError, NotFoundError
from wedtui.ledger.actions import action_of, step_values, values_of
from wedtui.ledger.audit import append
from wedtui.ledger.automation import Record, record_of
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox import post
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.tables import METADATA
from wedtui.store.clock import database_now
from wedtui.store.opening import WRITER_WAITS, writable

_ACTION, _STEP = METADATA.tables["action"], METADATA.tables["action_step"]

SERVICE = "service"
"""Who makes a move that no person makes."""
PLAN = "plan"
"""The name of the move that puts a plan before a person."""
ACT = "confirm by itself"
"""The name of the move by which the service confirms what it asked for."""
KnowingMove = Callable[[Action, datetime, Record], Action]
"""As `Move`, with what is on record in the same transaction."""
Move = Callable[[Action, datetime], Action]
"""What is to become of an action, at an instant of the database's clock; raises `IllegalMoveError`."""
Tell = Callable[[Action, Action], Iterable[Notice]]
"""What is to be told of a move, from the action before and after it."""


class Journal:
    """Actions in the hands of one who may write them. Used by one thread at a time; several processes may.

    A method that returns has stored what it says, through a crash of the machine. Each raises a StoreError when it
    cannot.
    """

    def __init__(
        self,
        url: str,
        *,
        waits: timedelta = WRITER_WAITS,
        clock: Callable[[Connection], datetime] = database_now,
        first: int = 1,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the ledger.

        Args:
            url: where it is.
            waits: how long to wait for another process that holds it.
            clock: the time by the database.
            first: the number of its first action, where it has none yet.
            moved: told after each move that was stored; it may wait a moment, and never raises.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = writable(url, LEDGER, waits=waits)
        self._reader = LedgerReader(url, waits=waits)
        self._clock, self._first, self._moved = clock, first, moved

    def request(self, make: Callable[[datetime], Action], key: str) -> Action:
        """Store a request before anything is thought about it; the same key again is the same action.

        Args:
            make: the request, at an instant of the database's clock.
            key: of the request, unique to who asks.

        Raises:
            ConflictError: the key was used for something else; that it was tried is on record.
        """
        action = self._requested(make, key)
        self._moved()
        return action

    def _requested(self, make: Callable[[datetime], Action], key: str) -> Action:
        with self._store.writing() as connection:
            asked = make(at := self._clock(connection))
            number = connection.execute(select(_ACTION.c.id).where(_ACTION.c.request_key == key)).scalar()
            if number is None:
                values = {**values_of(asked), "request_key": key}
                if self._first > 1 and connection.execute(select(func.count()).select_from(_ACTION)).scalar() == 0:
                    values["id"] = self._first
                made = connection.execute(insert(_ACTION).values(values).returning(_ACTION.c.id)).scalar_one()
                action = _load(connection, made)
                _record(connection, "request", action, at, by=action.person, said=action.reason)
                return action
            known = _load(connection, number)
            if _same(known, asked):
                return known
            refused = (
                f"the key of this request was used for action {number} already, which asks for something else: "
                "name another"
            )
            _record(connection, "request refused", known, at, by=asked.person, said=refused)
        raise ConflictError(refused)

    def move(self, number: int, name: str, move: Move, *, by: str = SERVICE) -> Action:
        """Make one move, and write with it who is to be told of it.

        Args:
            number: of the action.
            name: of the move, for the record.
            move: what is to become of it.
            by: who makes it, for the record.

        Raises:
            NotFoundError: there is no such action.
            ConflictError: the move is not legal; nothing changed, and that it was tried is on record.
        """
        return self.move_telling(number, name, move, lambda _before, _after: (), by=by)

    def move_telling(self, number: int, name: str, move: Move, tell: Tell, *, by: str = SERVICE) -> Action:
        """Make one move as `move` does, and tell more than what follows from the move alone.

        Args:
            number: of the action.
            name: of the move, for the record.
            move: what is to become of it.
            tell: what more is to be told.
            by: who makes it, for the record.

        Raises:
            NotFoundError: there is no such action.
            ConflictError: the move is not legal; nothing changed, and that it was tried is on record.
        """
        return self._made(number, name, lambda _connection, action, at: move(action, at), tell, by)

    def act(self, number: int, move: KnowingMove, tell: Tell, *, by: str) -> Action:
        """Have the service confirm by itself what it asked for, by what is on record in the same transaction.

        Args:
            number: of the action.
            move: what is to become of it.
            tell: what is to be told of that.
            by: the service.

        Raises:
            NotFoundError: there is no such action.
            ConflictError: that may not be; nothing changed, and that it was tried is on record.
        """

        def knowing(connection: Connection, action: Action, at: datetime) -> Action:
            return move(action, at, record_of(connection, action.resource))

        return self._made(number, ACT, knowing, tell, by)

    def tell(self, notice: Notice) -> None:
        """Write what is to be told and belongs to no action; the same again is the same episode, until that is over."""
        with self._store.writing() as connection:
            post(connection, notice, self._clock(connection))

    def record(self, resource: str) -> Record:
        """Return what is on record for automation."""
        with self._store.writing() as connection:
            return record_of(connection, resource)

    def _made(
        self, number: int, name: str, move: Callable[[Connection, Action, datetime], Action], tell: Tell, by: str
    ) -> Action:
        with self._store.writing() as connection:
            before = _load(connection, number)
            at = self._clock(connection)
            try:
                after = move(connection, before, at)
                self._alone(connection, after)
            except IllegalMoveError as error:
                refused = str(error)
                _record(connection, f"{name} refused", before, at, by=by, said=refused)
            else:
                _store(connection, before, after)
                _record(connection, name, after, at, by=by, said=after.sentence)
                _tell(connection, before, after, at)
                for notice in tell(before, after):
                    post(connection, notice, at)
                refused = ""
        if refused:
            raise ConflictError(f"action {number}: {refused}")
        self._moved()
        return after

    def claim(self, holder: str) -> Action | None:
        """Take the oldest action that nobody works on; None where there is none.

        What was confirmed and not begun in time ends here. What an earlier life of the same service worked on when it
        died is taken at once; what anybody else works on is not before their claim has run out.
        """
        claimed, ended = self._claimed(holder)
        if claimed is not None or ended:
            self._moved()
        return claimed

    def _claimed(self, holder: str) -> tuple[Action | None, bool]:
        """Return what was taken, and whether anything ended for being late."""
        ended = False
        with self._store.writing() as connection:
            at = self._clock(connection)
            for number in connection.execute(_waiting()).scalars().all():
                before = _load(connection, number)
                if before.held(at, holder):
                    continue
                late = before.expired(at)
                name = "expire" if late else "claim"
                after = actions.expire(before, at) if late else actions.claim(before, holder, at)
                _store(connection, before, after)
                _record(connection, name, after, at, by=SERVICE, said=after.sentence)
                _tell(connection, before, after, at)
                if not late:
                    return after, ended
                ended = True
        return None, ended

    def renew(self, number: int, fence: int) -> None:
        """Go on holding an action; that is no move, and not on record.

        Raises:
            ConflictError: another has taken it over, or it ended.
        """
        with self._store.writing() as connection:
            before = _load(connection, number)
            try:
                after = actions.renew(before, fence, self._clock(connection))
            except IllegalMoveError as error:
                raise ConflictError(f"action {number}: {error}") from None
            _store(connection, before, after)

    def expire(self) -> int:
        """End every request that was not planned, and every plan that was not confirmed, in time; return how many."""
        open_ones = _ACTION.c.state.in_([ActionState.REQUESTED.value, ActionState.AWAITING.value])
        with self._store.writing() as connection:
            at = self._clock(connection)
            numbers = connection.execute(select(_ACTION.c.id).where(open_ones).order_by(_ACTION.c.id)).scalars().all()
            found = [action for action in (_load(connection, number) for number in numbers) if action.expired(at)]
            for before in found:
                after = actions.expire(before, at)
                _store(connection, before, after)
                _record(connection, "expire", after, at, by=SERVICE, said=after.sentence)
                _tell(connection, before, after, at)
        if found:
            self._moved()
        return len(found)

    def action(self, number: int) -> Action:
        """Return one action; whoever writes is not waited for.

        Raises:
            NotFoundError: there is none of that number.
        """
        return self._reader.action(number)

    def newest(self, kind: str, outcome: Outcome) -> Action | None:
        """Return the newest action of a kind that ended like this; None where there is none."""
        return self._reader.newest_action(kind, outcome)

    def close(self) -> None:
        """Let go of the ledger."""
        self._reader.close()
        self._store.close()

    def _alone(self, connection: Connection, after: Action) -> None:
        """Refuse a second action on what another is changing: neither would be judged by what then is."""
        if after.state is not ActionState.CONFIRMED:
            return
        busy = _ACTION.c.state.in_([ActionState.CONFIRMED.value, ActionState.CLAIMED.value])
        others = select(_ACTION.c.id, _ACTION.c.person).where(
            busy, _ACTION.c.resource == after.resource, _ACTION.c.id != after.id
        )
        other = connection.execute(others).first()
        if other is not None:
            raise IllegalMoveError(
                f"action {other.id} of {other.person} is changing {after.resource}: wait for its end"
            )


def _record(connection: Connection, move: str, action: Action, at: datetime, *, by: str, said: str) -> None:
    """Put a move, or that one was refused, on the audit chain: who, what, and how it stands then.

    A plan is there whole, with its evidence: it is what was shown.
    """
    body: dict[str, Any] = {
        "move": move,
        "kind": action.kind,
        "target": action.target,
        "state": action.state.value,
        "outcome": None if action.outcome is None else action.outcome.value,
        "digest": action.digest,
        "said": said,
    }
    if move in {PLAN, ACT} or action.outcome is Outcome.REFUSED:
        body["plan"] = json.loads(action.plan) if action.plan else None
    if action.steps:
        step = action.steps[-1]
        body["step"] = {"name": step.name, "state": step.state.value, "detail": step.detail}
    kind = f"action.{move.replace(' ', '-')}"
    append(connection, Entry(at, kind, by, body, str(action.id)))


def _tell(connection: Connection, before: Action, after: Action, at: datetime) -> None:
    for notice in paging.notices(before, after):
        post(connection, notice, at)


def _waiting() -> Any:
    states = [ActionState.CONFIRMED.value, ActionState.CLAIMED.value]
    return select(_ACTION.c.id).where(_ACTION.c.state.in_(states)).order_by(_ACTION.c.id)


def _same(known: Action, asked: Action) -> bool:
    """Whether the same was asked for, whatever became of it; an earlier version did not keep with which options."""
    if _question(known) != _question(asked):
        return False
    options = {json.dumps(each, sort_keys=True) for each in map(asked_of, (known.plan, asked.plan)) if each is not None}
    return len(options) <= 1


def _question(action: Action) -> tuple[str, ...]:
    return (action.kind, action.target, action.person, action.reason)


def _load(connection: Connection, number: int) -> Action:
    row = connection.execute(select(_ACTION).where(_ACTION.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no action {number}: `wedtui actions list` says which there are")
    steps = select(_STEP).where(_STEP.c.action_id == number).order_by(_STEP.c.number)
    return action_of(row, connection.execute(steps))


def _store(connection: Connection, before: Action, after: Action) -> None:
    """Store what changed: the action, and the steps that are new or not as they were."""
    connection.execute(update(_ACTION).where(_ACTION.c.id == before.id).values(values_of(after)))
    for number, step in enumerate(after.steps, start=1):
        if number > len(before.steps):
            connection.execute(insert(_STEP).values(step_values(after, number)))
        elif step != before.steps[number - 1]:
            here = (_STEP.c.action_id == before.id) & (_STEP.c.number == number)
            connection.execute(update(_STEP).where(here).values(step_values(after, number)))
