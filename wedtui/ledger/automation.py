"""What the journal says to automation: who stopped it, when shares last changed, and what the service asked for.

Read in the transaction in which the service confirms something by itself, so that nothing comes between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from wedtui.core.actions import Action, ActionState, IllegalMoveError, Outcome, StepState
from wedtui.core.chain import Entry
from wedtui.core.text import single_line
from wedtui.errors import ConflictError
from wedtui.ledger.actions import action_of
from wedtui.ledger.audit import append
from wedtui.ledger.tables import METADATA

_ACTION, _STEP = METADATA.tables["action"], METADATA.tables["action_step"]
_STOP = METADATA.tables["automation_stop"]
_BUSY = [ActionState.CONFIRMED.value, ActionState.CLAIMED.value, ActionState.HANDED_OVER.value]
AUTOMATON = "service "
"""Begins the name of whoever is no person: no user of an operating system has a space in theirs."""
ACTED_KEPT = 16
"""So many of the newest changes of the service are looked at: more than any limit counts."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A person stopped all automation, and nobody has let it go on."""

    id: int
    by: str
    at: datetime
    reason: str

    @property
    def sentence(self) -> str:
        """Who, when and why."""
        return f"by {self.by} at {self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: {single_line(self.reason)}"


@dataclass(frozen=True, slots=True)
class Record:
    """All that automation has to know of the ledger, at one instant."""

    stopped: Stop | None = None
    acted: tuple[datetime, ...] = ()
    """When the service confirmed a change by itself, or undid one."""
    changed_at: datetime | None = None
    """The newest change by anybody."""
    aborted_at: datetime | None = None
    """When a person last ended a countdown."""
    busy: str | None = None
    """Which action is changing the traffic, or waits for a person to look; None where none is."""
    newest: Action | None = None
    """What the service asked for last."""
    last: int = 0
    """The number of the newest action."""


def record_of(connection: Connection, resource: str) -> Record:
    """Return what is on record of changes of a resource."""
    here = _ACTION.c.resource == resource
    own = here & _ACTION.c.automatic
    changes = _STEP.join(_ACTION, _STEP.c.action_id == _ACTION.c.id)
    made = here & (_STEP.c.changes | _STEP.c.undoes) & (_STEP.c.state != StepState.FAILED.value)
    newest = connection.execute(select(func.max(_ACTION.c.id)).where(own)).scalar()
    begun = connection.execute(select(func.max(_STEP.c.intended_at)).select_from(changes).where(made)).scalar()
    ended = connection.execute(select(func.max(_STEP.c.ended_at)).select_from(changes).where(made)).scalar()
    confirmed = own & _ACTION.c.confirmed_by.startswith(AUTOMATON, autoescape=True)
    aborted = own & _ACTION.c.countdown_since.is_not(None) & (_ACTION.c.outcome == Outcome.CANCELLED.value)
    return Record(
        stopped=stop_of(connection),
        acted=(
            *_newest(connection, select(_ACTION.c.confirmed_at).where(confirmed), _ACTION.c.confirmed_at),
            *_newest(
                connection,
                select(_STEP.c.intended_at).select_from(changes).where(made & _STEP.c.undoes),
                _STEP.c.intended_at,
            ),
        ),
        changed_at=max(filter(None, (begun, ended)), default=None),
        aborted_at=connection.execute(select(func.max(_ACTION.c.ended_at)).where(aborted)).scalar(),
        busy=_busy(connection, here),
        newest=None if newest is None else _load(connection, newest),
        last=connection.execute(select(func.max(_ACTION.c.id))).scalar() or 0,
    )


def _newest(connection: Connection, instants: Any, column: Any) -> list[datetime]:
    return list(connection.execute(instants.order_by(column.desc()).limit(ACTED_KEPT)).scalars())


def _busy(connection: Connection, here: Any) -> str | None:
    columns = (_ACTION.c.id, _ACTION.c.person, _ACTION.c.state)
    row = connection.execute(select(*columns).where(here & _ACTION.c.state.in_(_BUSY)).order_by(_ACTION.c.id)).first()
    if row is None:
        return None
    if row.state == ActionState.HANDED_OVER.value:
        return f"action {row.id} of {row.person} waits for a person to look at what it left"
    return f"action {row.id} of {row.person} is changing the traffic"


def _load(connection: Connection, number: int) -> Action:
    row = connection.execute(select(_ACTION).where(_ACTION.c.id == number)).one()
    steps = select(_STEP).where(_STEP.c.action_id == number).order_by(_STEP.c.number)
    return action_of(row, connection.execute(steps))


def stop_of(connection: Connection) -> Stop | None:
    """Return the stop that is in force; None where automation is not stopped."""
    columns = (_STOP.c.id, _STOP.c.stopped_by, _STOP.c.stopped_at, _STOP.c.reason)
    row = connection.execute(select(*columns).where(_STOP.c.resumed_at.is_(None)).order_by(_STOP.c.id)).first()
    return None if row is None else Stop(*row)


def keep_stopped(connection: Connection, before: Action, after: Action) -> None:
    """Refuse to begin a step that no person confirmed, while automation is stopped.

    What a plan or a look at it said is older than this transaction, and the stop may have come since.

    Raises:
        IllegalMoveError: a step begins by which the service changes anything by itself, or takes it back.
    """
    begins = after.steps[len(before.steps) :]
    alone = after.automatic and not after.by_a_person
    if not any(step.undoes or (step.changes and alone) for step in begins):
        return
    if (known := stop_of(connection)) is not None:
        raise IllegalMoveError(f"all automation is stopped, {known.sentence}")


def stop(connection: Connection, *, by: str, at: datetime, reason: str) -> Stop:
    """Stop all automation.

    Raises:
        ConflictError: it is stopped already.
    """
    if (known := stop_of(connection)) is not None:
        raise ConflictError(f"all automation is stopped already, {known.sentence}")
    values = {"stopped_by": by, "stopped_at": at, "reason": reason}
    number = connection.execute(insert(_STOP).values(values).returning(_STOP.c.id)).scalar_one()
    append(connection, Entry(at, "automation.stop", by, {"stop": number, "reason": reason}))
    return Stop(number, by, at, reason)


def resume(connection: Connection, *, by: str, at: datetime, reason: str) -> Stop:
    """Let automation go on; return what had stopped it.

    Raises:
        ConflictError: it is not stopped.
    """
    known = stop_of(connection)
    if known is None:
        raise ConflictError("automation is not stopped: there is nothing to resume")
    values = {"resumed_by": by, "resumed_at": at, "resume_reason": reason}
    connection.execute(update(_STOP).where(_STOP.c.id == known.id).values(values))
    append(connection, Entry(at, "automation.resume", by, {"stop": known.id, "reason": reason}))
    return known
