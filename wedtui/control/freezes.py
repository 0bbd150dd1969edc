"""Freezing, lifting, overriding and locking down by the control socket; paths and roles are those of the registry.

Each is one transaction of the ledger, in which the answer and the audit's link are kept as well: nothing outside
follows from it, so that no step could be left half done. A panel asks for a plan first, and then confirms exactly that;
commands and programs ask at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from wedtui.control.acting import act
from wedtui.control.answers import FreezeIs, OverrideIs, PlanIs, Problem
from wedtui.control.bodies import FreezeToAdd, FreezeToConfirm, FreezeWord, Lockdown, Subject, ToEnd, ToOverride
from wedtui.control.desk import DONE
from wedtui.control.office import ACTING, Acting, Asking, At, Caller, Freezes, Number, Office
from wedtui.core.chain import instant_words
from wedtui.core.emergency import EmergencyKind, emergency
from wedtui.core.failover import PLAN_GOOD_FOR
from wedtui.core.freeze_plan import FreezePlan, Wanted, ended_by, freeze_plan_json, wanted_of
from wedtui.core.override import OVERRIDDEN_AT_MOST
from wedtui.core.panel_text import panel_text
from wedtui.core.roles import Person, decide
from wedtui.core.wording import utc_words
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import FreezeEntry, OverrideEntry

LOCK, ADD, LIFT, OVERRIDE = map(
    emergency,
    (
        EmergencyKind.LOCKDOWN,
        EmergencyKind.FREEZE_ADD,
        EmergencyKind.FREEZE_LIFT,
        EmergencyKind.FREEZE_OVERRIDE,
    ),
)
CONFIRMED = "freeze.confirm"
"""The kind of the link that says which plan was confirmed, and what stood there."""
_CLOCKS_DIFFER = timedelta(seconds=5)
POSTS: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}


def add_freezes(app: FastAPI) -> None:
    """Add the paths."""
    _add_lists(app)
    _add_plans(app)

    @app.post(ADD.path, response_model=FreezeIs, summary=ADD.does, **POSTS)
    def add_freeze(caller: Acting, body: FreezeToAdd) -> Response:
        return act(caller, body, ADD.permission, partial(_add_freeze, caller, body))

    @app.post(LIFT.path, response_model=FreezeIs, summary=LIFT.does, **POSTS)
    def lift_freeze(caller: Acting, number: Number, body: ToEnd) -> Response:
        return act(caller, body, LIFT.permission, partial(_lift, caller, number, body.reason))

    @app.post(LOCK.path, response_model=FreezeIs, summary=LOCK.does, **POSTS)
    def lock_down(caller: Acting, body: Lockdown) -> Response:
        return act(caller, body, LOCK.permission, partial(_lock_down, caller, body))

    @app.post(OVERRIDE.path, response_model=OverrideIs, summary=OVERRIDE.does, **POSTS)
    def override_freeze(caller: Acting, body: ToOverride) -> Response:
        return act(caller, body, OVERRIDE.permission, partial(_override, caller, body))

    @app.post(f"{OVERRIDE.path}/{{number}}/end", response_model=OverrideIs, summary="End an override early", **POSTS)
    def end_override(caller: Acting, number: Number, body: ToEnd) -> Response:
        def work(ledger: Ledger, now: datetime) -> OverrideIs:
            return override_is(ledger.end_override(number, by=caller.name, at=now, reason=body.reason))

        return act(caller, body, LIFT.permission, work)


def _add_lists(app: FastAPI) -> None:
    @app.get("/v1/freezes", summary="The freezes by persons that are not over, oldest first")
    def list_freezes(office: At) -> list[FreezeIs]:
        return [freeze_is(each) for each in _freezes(office).entries(office.desk.now())]

    @app.get("/v1/freeze-overrides", summary="The overrides that are not over, oldest first")
    def list_overrides(office: At) -> list[OverrideIs]:
        return [override_is(each) for each in _freezes(office).overrides(office.desk.now())]


def _add_plans(app: FastAPI) -> None:
    @app.get("/v1/freeze-plans/{kind}/{subject}", summary="Plan it, and ask for nothing")
    def plan_freeze(who: Asking, office: At, kind: FreezeWord, subject: Subject) -> PlanIs:
        made = _planned(office, who, _wanted(kind, subject), office.desk.now())
        return PlanIs(plan=freeze_plan_json(made), digest=made.digest, refused=[*made.refused])

    @app.post(
        "/v1/freeze-confirmations",
        response_model=FreezeIs | OverrideIs,
        summary="Do exactly what a plan says",
        **POSTS,
    )
    def confirm_freeze(caller: Acting, body: FreezeToConfirm) -> Response:
        return act(caller, body, emergency(body.kind).permission, partial(_confirmed, caller, body))


def _confirmed(caller: Caller, body: FreezeToConfirm, ledger: Ledger, now: datetime) -> FreezeIs | OverrideIs:
    """Do what a plan says that still is the one that was seen; what was typed is the name that it asked for."""
    wanted = _wanted(body.kind, body.subject)
    made = _planned(caller.office, caller.who, wanted, now)
    if not body.at <= now < body.at + PLAN_GOOD_FOR:
        raise ConflictError("the plan that was seen is too old to be confirmed: look again")
    if made.refused:
        raise ConflictError(f"it may not be done: {'; '.join(made.refused)}")
    if made.digest != body.digest:
        raise ConflictError(
            "what would be frozen, or a check, is another one than in the plan that was seen: look again"
        )
    if emergency(body.kind).dangerous and body.typed != made.target:
        raise ConflictError(f"what was typed is not what has to be typed, which is {made.target}: nothing was done")
    # First what may be refused: what is refused confirms nothing.
    done = _carried_out(caller, wanted, body.reason, ledger, now)
    plan = freeze_plan_json(made)
    said = {
        "kind": body.kind,
        "subject": body.subject,
        "number": done.id,
        "typed": body.typed,
        "reason": body.reason,
        "digest": made.digest,
        "seen_at": instant_words(body.at),
        "plan": plan,
        "panel": panel_text(plan, now, drill=caller.office.desk.drill),
    }
    ledger.record(CONFIRMED, caller.name, said, now)
    return done


def _carried_out(caller: Caller, wanted: Wanted, reason: str, ledger: Ledger, now: datetime) -> FreezeIs | OverrideIs:
    match wanted.kind:
        case EmergencyKind.LOCKDOWN:
            return freeze_is(ledger.lock_down(reason=reason, by=caller.name, at=now))
        case EmergencyKind.FREEZE_ADD:
            until = now + (wanted.lasts or timedelta(0))
            return _add_freeze(caller, FreezeToAdd(end=until, reason=reason), ledger, now)
        case EmergencyKind.FREEZE_LIFT:
            if (number := ended_by(wanted)) is not None:
                return override_is(ledger.end_override(number, by=caller.name, at=now, reason=reason))
            return _lift(caller, int(wanted.name), reason, ledger, now)
        case _:
            until = now + (wanted.lasts or timedelta(0))
            return _override(caller, ToOverride(object=wanted.name, reason=reason, until=until), ledger, now)


def _planned(office: Office, who: Person, wanted: Wanted, now: datetime) -> FreezePlan:
    return _freezes(office).plan(wanted, decide(who, emergency(wanted.kind).permission), now)


def _wanted(kind: str, subject: str) -> Wanted:
    try:
        return wanted_of(kind, subject)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _freezes(office: Office) -> Freezes:
    if office.freezes is None:
        raise NotFoundError("this service makes no plans of freezes: ask for it at once, as docs/control.md says")
    return office.freezes


def _add_freeze(caller: Caller, body: FreezeToAdd, ledger: Ledger, now: datetime) -> FreezeIs:
    start = (body.start or now).replace(microsecond=0)
    end = body.end.replace(microsecond=0)
    if end <= max(start, now):
        raise ConfigurationError(f"expected an end after the start and after now, got {utc_words(end)}")
    entry = ledger.add_freeze(
        body.name or body.reason[:80],
        start,
        end,
        reason=body.reason,
        added_by=caller.name,
        added_at=now,
        environments=set(body.environments or (caller.office.facts().environment,)),
        services=set(body.services),
    )
    return freeze_is(entry)


def _lift(caller: Caller, number: int, reason: str, ledger: Ledger, now: datetime) -> FreezeIs:
    return freeze_is(ledger.lift_freeze(number, by=caller.name, at=now, reason=reason))


def _lock_down(caller: Caller, body: Lockdown, ledger: Ledger, now: datetime) -> FreezeIs:
    if body.until is not None and body.until <= now:
        raise ConfigurationError(f"expected an end after now, got {utc_words(body.until)}")
    return freeze_is(ledger.lock_down(reason=body.reason, by=caller.name, at=now, until=body.until))


def _override(caller: Caller, body: ToOverride, ledger: Ledger, now: datetime) -> OverrideIs:
    until = body.until
    if timedelta(0) < until - now - OVERRIDDEN_AT_MOST < _CLOCKS_DIFFER:
        # A command names the end by its own clock.
        until = now + OVERRIDDEN_AT_MOST
    entry = ledger.override_freeze(body.object, reason=body.reason, by=caller.name, at=now, until=until)
    return override_is(entry)


def freeze_is(entry: FreezeEntry) -> FreezeIs:
    """Return a freeze as it is answered."""
    return FreezeIs(
        id=entry.id,
        name=entry.name,
        start=entry.start,
        end=entry.end,
        environments=sorted(entry.environments),
        services=sorted(entry.services),
        reason=entry.reason,
        added_by=entry.added_by,
        added_at=entry.added_at,
        lifted_at=entry.lifted_at,
        lifted_by=entry.lifted_by,
        lift_reason=entry.lift_reason,
        overrides_ended=list(entry.overrides_ended),
    )


def override_is(entry: OverrideEntry) -> OverrideIs:
    """Return an override as it is answered."""
    return OverrideIs(
        id=entry.id,
        object=entry.object,
        reason=entry.reason,
        overridden_by=entry.overridden_by,
        overridden_at=entry.overridden_at,
        expires_at=entry.expires_at,
        ended_at=entry.ended_at,
        ended_by=entry.ended_by,
        end_reason=entry.end_reason,
    )
