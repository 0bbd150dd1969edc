"""The journal: every move of an action in a transaction of its own, stored before anything outside follows from it.

Moves are those of `core.actions`; here they are made on what is stored, by the database's clock, with nobody else
writing, and each is put on record in the same transaction. What is refused is put on record too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from secrets import token_hex
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, select, update

from wedtui.core import actions, paging
from wedtui.core.action_document import asked_of
from wedtui.core.actions import Action, ActionState, IllegalMoveError, Outcome
from wedtui.core.chain import Entry
from wedtui.core.notify import Notice
from wedtui.core.panel_text import panel_text
from wedtui.core.superseding import superseded
from wedtui.errors import ConflictError, NotFoundError, WedtuiError
from wedtui.ledger import audit
from wedtui.ledger.actions import action_of, step_values, values_of
from wedtui.ledger.audit import NOTHING, append, say_beside
from wedtui.ledger.automation import Record, keep_stopped, record_of
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.outbox import post
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.release_moves import carry
from wedtui.ledger.requests import AnsweredBeforeError, Once, answered, heard_before, keep_once
from wedtui.ledger.tables import METADATA
from wedtui.store.clock import database_now
from wedtui.store.opening import WRITER_WAITS, writable

_ACTION, _STEP = METADATA.tables["action"], METADATA.tables["action_step"]

SERVICE = audit.SERVICE
PLAN = "plan"
"""The name of the move that puts a plan before a person."""
CONFIRM, APPROVE = "confirm", "approve"
"""The names of the moves by which a person gives their word for a plan that was shown."""
SUPERSEDE = "supersede"
"""The name of the move that ends an action because a person's failover begins."""
ACT = "confirm by itself"
"""The name of the move by which the service confirms what it asked for."""
KnowingMove = Callable[[Action, datetime, Record], Action]
"""As `Move`, with what is on record in the same transaction."""
Move = Callable[[Action, datetime], Action]
"""What is to become of an action, at an instant of the database's clock; raises `IllegalMoveError`."""
Tell = Callable[[Action, Action], Iterable[Notice]]
"""What is to be told of a move, from the action before and after it."""


class By(NamedTuple):
    """Who makes a move."""

    person: str
    beside: Mapping[str, Any] = NOTHING
    """What the link says of it beside their name, such as their role."""
    once: Once | None = None
    """The request that it answers."""
    instead: WedtuiError | None = None
    """What is answered whatever becomes of the move: that they may not, or that the plan is another by now."""


class _Making(NamedTuple):
    """A move that is being made."""

    name: str
    by: By
    at: datetime
    tell: Tell


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
        drill: bool = False,
    ) -> None:
        """Open the ledger.

        Args:
            url: where it is.
            waits: how long to wait for another process that holds it.
            clock: the time by the database.
            first: the number of its first action, where it has none yet.
            moved: told after each move that was stored; it may wait a moment, and never raises.
            drill: whether its world is a made-up one: what is done goes on record as the drill that it is.

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = writable(url, LEDGER, waits=waits)
        self._reader = LedgerReader(url, waits=waits)
        self._clock, self._first, self._moved = clock, first, moved
        self._record = partial(_record, drill=drill)

    def request(
        self,
        make: Callable[[datetime], Action],
        key: str,
        *,
        beside: Mapping[str, Any] = NOTHING,
        once: Once | None = None,
    ) -> Action:
        """Store a request before anything is thought about it; the same key again is the same action.

        Args:
            make: the request, at an instant of the database's clock.
            key: of the request, unique to who asks.
            beside: what the link says beside it, such as the role of who asks.
            once: the request as it came; what is answered to it is kept by a later move, which has to name it too.

        Raises:
            AnsweredBeforeError: it was answered already.
            ConflictError: the key was used for something else; that it was tried is on record.
        """
        with self._store.writing() as connection:
            say_beside(connection, beside)
            action = self._requested(connection, make, key, once)
        if isinstance(action, Exception):
            raise action
        self._moved()
        return action

    def _requested(
        self, connection: Connection, make: Callable[[datetime], Action], key: str, once: Once | None
    ) -> Action | Exception:
        asked = make(at := self._clock(connection))
        number = connection.execute(select(_ACTION.c.id).where(_ACTION.c.request_key == key)).scalar()
        if number is None:
            if once is not None and (before := heard_before(connection, once, at)) is not None:
                return before
            values = {**values_of(asked), "request_key": key}
            if self._first > 1 and connection.execute(select(func.count()).select_from(_ACTION)).scalar() == 0:
                values["id"] = self._first
                # By this the file is told from every other one, whatever the clock says.
                append(connection, Entry(at, "standby.opened", SERVICE, {"file": token_hex(16)}))
            made = connection.execute(insert(_ACTION).values(values).returning(_ACTION.c.id)).scalar_one()
            action = _load(connection, made)
            self._record(connection, "request", action, at, by=action.person, said=action.reason)
            return action
        known = _load(connection, number)
        if _same(known, asked):
            kept = None if once is None else answered(connection, once.identity, once.key)
            return known if once is None or kept is None or kept.digest != once.digest else AnsweredBeforeError(kept)
        refused = (
            f"the key of this request was used for action {number} already, which asks for something else: name another"
        )
        self._record(connection, "request refused", known, at, by=asked.person, said=refused)
        if once is not None:
            once.settled = True
        return ConflictError(refused)

    def look(self, once: Once) -> None:
        """Look whether a request was answered before anything is thought about it.

        Raises:
            AnsweredBeforeError: it was.
            KeyReusedError: its key is that of another one; that it was tried is on record.
        """
        with self._store.writing() as connection:
            before = heard_before(connection, once, self._clock(connection))
        if before is not None:
            raise before

    def answer(self, number: int, once: Once) -> Action:
        """Keep how an action stands as what is answered to a request that moves nothing; raises what `look` does."""
        with self._store.writing() as connection:
            at, action = self._clock(connection), _load(connection, number)
            before = heard_before(connection, once, at)
            if before is None:
                keep_once(connection, once, action, at)
        if before is not None:
            raise before
        return action

    def move(self, number: int, name: str, move: Move, *, by: str | By = SERVICE) -> Action:
        """Make one move, and write with it who is to be told of it.

        Args:
            number: of the action.
            name: of the move, for the record.
            move: what is to become of it.
            by: who makes it, for the record.

        Raises:
            AnsweredBeforeError: it answers a request that was answered before.
            NotFoundError: there is no such action.
            ConflictError: the move is not legal; nothing changed, and that it was tried is on record.
        """
        return self.move_telling(number, name, move, lambda _before, _after: (), by=by)

    def move_telling(
        self,
        number: int,
        name: str,
        move: Move,
        tell: Tell,
        *,
        by: str | By = SERVICE,
    ) -> Action:
        """Make one move as `move` does, and tell more than what follows from the move alone.

        Args:
            number: of the action.
            name: of the move, for the record.
            move: what is to become of it.
            tell: what more is to be told.
            by: who makes it, for the record.

        Raises:
            AnsweredBeforeError: it answers a request that was answered before.
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
        self,
        number: int,
        name: str,
        move: Callable[[Connection, Action, datetime], Action],
        tell: Tell,
        by: str | By,
    ) -> Action:
        maker = By(by) if isinstance(by, str) else by
        with self._store.writing() as connection:
            say_beside(connection, maker.beside)
            at = self._clock(connection)
            # Before anything is refused: a request that comes again asks for nothing that could be.
            became: Action | Exception | None = None
            if maker.once is not None:
                became = heard_before(connection, maker.once, at)
            if became is None:
                before = _load(connection, number)
                making = _Making(name, maker, at, tell)
                became = self._became(connection, before, lambda: move(connection, before, at), making)
        if isinstance(became, Action):
            self._moved()
            return became
        raise became

    def _became(
        self, connection: Connection, before: Action, move: Callable[[], Action], making: _Making
    ) -> Action | WedtuiError:
        """Make a move, or put on record that it is refused; with what is answered to the request that asked for it."""
        name, by, at = making.name, making.by, making.at
        became: Action | WedtuiError
        try:
            after = became = move()
            ending = self._alone(connection, before, after, at)
            keep_stopped(connection, before, after)
        except IllegalMoveError as error:
            self._record(connection, f"{name} refused", before, at, by=by.person, said=str(error))
            became = by.instead or ConflictError(f"action {before.id}: {error}")
        else:
            for older, ended in ending:
                _keep(connection, older, ended, at)
                self._record(connection, SUPERSEDE, ended, at, by=by.person, said=ended.sentence)
                _tell(connection, older, ended, at)
            _keep(connection, before, after, at)
            self._record(connection, name, after, at, by=by.person, said=after.sentence)
            _tell(connection, before, after, at)
            for notice in making.tell(before, after):
                post(connection, notice, at)
        if by.once is not None:
            keep_once(connection, by.once, by.instead or became, at)
        return became

    def claim(self, holder: str, takes: Callable[[str], bool] = lambda _kind: True) -> Action | None:
        """Take the oldest action that nobody works on; None where there is none.

        What was confirmed and not begun in time ends here. What an earlier life of the same service worked on when it
        died is taken at once; what anybody else works on is not before their claim has run out.

        Args:
            holder: the life of the service.
            takes: whether a kind of action is looked at; what is not is left to whoever else works beside.
        """
        claimed, ended = self._claimed(holder, takes)
        if claimed is not None or ended:
            self._moved()
        return claimed

    def _claimed(self, holder: str, takes: Callable[[str], bool]) -> tuple[Action | None, bool]:
        """Return what was taken, and whether anything ended for being late."""
        ended = False
        with self._store.writing() as connection:
            at = self._clock(connection)
            for number in connection.execute(_waiting()).scalars().all():
                before = _load(connection, number)
                if not takes(before.kind) or before.held(at, holder):
                    continue
                late = before.expired(at)
                name = "expire" if late else "claim"
                after = actions.expire(before, at) if late else actions.claim(before, holder, at)
                _keep(connection, before, after, at)
                self._record(connection, name, after, at, by=SERVICE, said=after.sentence)
                _tell(connection, before, after, at)
                if not late:
                    return after, ended
                ended = True
        return None, ended

    def renew(self, number: int, fence: int) -> Action:
        """Go on holding an action, and return how it stands; that is no move, and not on record.

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
        return after

    def expire(self) -> int:
        """End every request that was not planned, and every plan that was not confirmed, in time; return how many."""
        open_ones = _ACTION.c.state.in_([ActionState.REQUESTED.value, ActionState.AWAITING.value])
        with self._store.writing() as connection:
            at = self._clock(connection)
            numbers = connection.execute(select(_ACTION.c.id).where(open_ones).order_by(_ACTION.c.id)).scalars().all()
            found = [action for action in (_load(connection, number) for number in numbers) if action.expired(at)]
            for before in found:
                after = actions.expire(before, at)
                _keep(connection, before, after, at)
                self._record(connection, "expire", after, at, by=SERVICE, said=after.sentence)
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

    def newest(self, kind: str, outcomes: Sequence[Outcome]) -> Action | None:
        """Return the newest action of a kind that ended like one of these; None where there is none."""
        return self._reader.newest_action(kind, outcomes)

    def followed(self, since: datetime) -> tuple[Action, ...]:
        """Return what `LedgerReader.followed` does."""
        return self._reader.followed(since)

    def changed(self) -> bool:
        """Say whether anything was committed since the last call, as `LedgerReader.changed` does."""
        return self._reader.changed()

    def close(self) -> None:
        """Let go of the ledger."""
        self._reader.close()
        self._store.close()

    def _alone(
        self, connection: Connection, before: Action, after: Action, at: datetime
    ) -> Sequence[tuple[Action, Action]]:
        """Refuse a second action on what another is changing: neither would be judged by what then is.

        Returns:
            What ends with this move, as it was and as it is to be stored: one that is only being looked at, where a
            person's failover is confirmed.
        """
        if after.state is not ActionState.CONFIRMED:
            return ()
        busy = _ACTION.c.state.in_([ActionState.CONFIRMED.value, ActionState.CLAIMED.value])
        others = select(_ACTION.c.id).where(busy, _ACTION.c.resource == after.resource, _ACTION.c.id != after.id)
        ending = []
        for number in connection.execute(others).scalars().all():
            other = _load(connection, number)
            try:
                if before.state is not ActionState.AWAITING:
                    raise IllegalMoveError("it was confirmed before")
                ending.append((other, superseded(other, after, at)))
            except IllegalMoveError:
                raise IllegalMoveError(
                    f"action {other.id} of {other.person} is changing {after.resource}: wait for its end"
                ) from None
        return ending


def begin(connection: Connection, action: Action, key: str, at: datetime, *, drill: bool = False) -> int:
    """Store an action that the service itself confirms as it asks for it; return its number.

    Args:
        connection: in the transaction that decides it.
        action: one that is confirmed.
        key: unique to what it carries out: what is begun is begun once.
        at: the instant of that transaction.
        drill: as of `Journal`.
    """
    values = {**values_of(action), "request_key": key}
    number: int = connection.execute(insert(_ACTION).values(values).returning(_ACTION.c.id)).scalar_one()
    made = _load(connection, number)
    for move in ("request", ACT):
        _record(connection, move, made, at, by=action.person, said=action.reason, drill=drill)
    return number


_WORDS_OF_PERSONS = ("confirmed_by", "approved_by", "broke_glass", "reviewed_by", "review")
"""Of an action: who gave their word for it, why one of them stood alone, and what another found of that."""


def _record(
    connection: Connection, move: str, action: Action, at: datetime, *, by: str, said: str, drill: bool
) -> None:
    """Put a move, or that one was refused, on the audit chain: who, what, and how it stands then.

    A plan is there whole, with its evidence: it is what was shown; its text where somebody gave their word for it.
    """
    body: dict[str, Any] = {
        "move": move,
        "kind": action.kind,
        "target": action.target,
        "state": action.state.value,
        "outcome": None if action.outcome is None else action.outcome.value,
        "digest": action.digest,
        "said": said,
        "needs": sorted(action.needs),
        **({"drill": True} if drill else {}),
        **{name: given for name in _WORDS_OF_PERSONS if (given := getattr(action, name)) is not None},
    }
    if move in {PLAN, ACT} or action.outcome is Outcome.REFUSED:
        body["plan"] = json.loads(action.plan) if action.plan else None
    if move in {CONFIRM, APPROVE, ACT}:
        plan = json.loads(action.plan).get("plan") if action.plan else None
        body["panel"] = None if plan is None else panel_text(plan, at, drill=drill)
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


def _keep(connection: Connection, before: Action, after: Action, at: datetime) -> None:
    """Store a move, and what it means for the release that it carries out, if it does one."""
    _store(connection, before, after)
    carry(connection, after, at)


def _store(connection: Connection, before: Action, after: Action) -> None:
    """Store what changed: the action, and the steps that are new or not as they were."""
    connection.execute(update(_ACTION).where(_ACTION.c.id == before.id).values(values_of(after)))
    for number, step in enumerate(after.steps, start=1):
        if number > len(before.steps):
            connection.execute(insert(_STEP).values(step_values(after, number)))
        elif step != before.steps[number - 1]:
            here = (_STEP.c.action_id == before.id) & (_STEP.c.number == number)
            connection.execute(update(_STEP).where(here).values(step_values(after, number)))
