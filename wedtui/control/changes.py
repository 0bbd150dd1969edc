"""Changing the shares of traffic by the control socket: plans, actions, and who may confirm them.

Planning and carrying out is done elsewhere (`Changes`); here is who may ask for it, and how it is answered.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from wedtui.control.answers import ActionIs, AutomationIs, PlanIs, Problem, StepIs
from wedtui.control.bodies import PlanWanted, ToApprove, ToChange, ToConfirm, ToSettle
from wedtui.control.desk import DONE, written
from wedtui.control.mapping import PERMISSIONS
from wedtui.control.office import ACTING, Acting, At, Caller, Changes, Number, Office
from wedtui.core.actions import Action, ActionState
from wedtui.core.automation import COUNTDOWN
from wedtui.core.failover import plan_json
from wedtui.core.roles import NOTHING, Answer, Decided, Given, Permission, Person, decide
from wedtui.errors import ConflictError, NotFoundError


def add_changes(app: FastAPI) -> None:
    """Add the paths."""
    _add_readings(app)
    _add_asking(app)
    _add_words(app)


_POSTS: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}


def _add_readings(app: FastAPI) -> None:
    @app.get("/v1/actions", summary="The newest actions, newest first")
    def list_actions(office: At) -> list[ActionIs]:
        return [action_is(each) for each in _changes(office).actions(open_only=False)]

    @app.get("/v1/open-actions", summary="The actions that have not ended, newest first")
    def list_open_actions(office: At) -> list[ActionIs]:
        return [action_is(each) for each in _changes(office).actions(open_only=True)]

    @app.get("/v1/recent-actions", summary="The actions that have not ended, and the newest that was confirmed")
    def list_recent_actions(office: At) -> list[ActionIs]:
        # Where nothing can be asked for, nothing is under way: that is an answer, and not the service's failure.
        found = office.changes.actions(open_only=True, newest=True) if office.changes is not None else ()
        return [action_is(each) for each in found]

    @app.get("/v1/actions/{number}", summary="One action")
    def show_action(office: At, number: Number) -> ActionIs:
        return action_is(_changes(office).action(number))


def _add_asking(app: FastAPI) -> None:
    @app.post("/v1/plans", response_model=PlanIs, summary="Plan a change of shares, and ask for nothing", **_POSTS)
    async def make_plan(caller: Acting, body: PlanWanted) -> Response:
        made = await asyncio.wrap_future(_changes(caller.office).plan(body))
        return _answered(
            PlanIs(plan={**plan_json(made), "digest": made.digest}, digest=made.digest, refused=[*made.refused])
        )

    @app.post("/v1/actions", response_model=ActionIs, summary="Ask for a change of shares", **_POSTS)
    async def ask(caller: Acting, body: ToChange) -> Response:
        asked = _changes(caller.office).ask(_decided(caller, PERMISSIONS[body.kind]), body, caller.key)
        return _answered(action_is(await asyncio.wrap_future(asked)))

    @app.post("/v1/actions/{number}/confirm", response_model=ActionIs, summary="Confirm exactly one plan", **_POSTS)
    async def confirm(caller: Acting, number: Number, body: ToConfirm) -> Response:
        changes = _changes(caller.office)
        by = _decided(caller, PERMISSIONS[changes.action(number).kind], Given(break_glass=body.break_glass))
        return _answered(action_is(await asyncio.wrap_future(changes.confirm(by, number, body))))


def _add_words(app: FastAPI) -> None:
    @app.post("/v1/actions/{number}/approve", response_model=ActionIs, summary="Be the second person", **_POSTS)
    async def approve(caller: Acting, number: Number, body: ToApprove) -> Response:
        changes = _changes(caller.office)
        refused = _refused(caller.who, PERMISSIONS[changes.action(number).kind])
        return _answered(action_is(await asyncio.wrap_future(changes.approve(caller.name, refused, number, body))))

    @app.post("/v1/actions/{number}/review", response_model=ActionIs, summary="Review what was done alone", **_POSTS)
    async def review(caller: Acting, number: Number, body: ToSettle) -> Response:
        changes = _changes(caller.office)
        refused = _refused(caller.who, PERMISSIONS[changes.action(number).kind])
        looked = changes.review(caller.name, refused, number, body.sentence)
        return _answered(action_is(await asyncio.wrap_future(looked)))

    @app.post("/v1/actions/{number}/cancel", response_model=ActionIs, summary="Begin no further step", **_POSTS)
    async def cancel(caller: Acting, number: Number) -> Response:
        refused = _refused(caller.who, Permission.FAIL_OVER)
        ended = _changes(caller.office).cancel(caller.name, refused, number)
        return _answered(action_is(await asyncio.wrap_future(ended)))

    @app.post("/v1/actions/{number}/settle", response_model=ActionIs, summary="Say how it stands", **_POSTS)
    async def settle(caller: Acting, number: Number, body: ToSettle) -> Response:
        refused = _refused(caller.who, Permission.FAIL_OVER)
        ended = _changes(caller.office).settle(caller.name, refused, number, body.sentence)
        return _answered(action_is(await asyncio.wrap_future(ended)))

    @app.get("/v1/automation", summary="How automation stands")
    def automation(office: At) -> AutomationIs:
        mode, stop, action = _changes(office).standing()
        by, at, reason = stop or (None, None, None)
        return AutomationIs(mode, by, at, reason, None if action is None else action_is(action))

    @app.post("/v1/automation/abort", response_model=ActionIs, summary="End the countdown that runs", **_POSTS)
    async def abort(caller: Acting) -> Response:
        changes = _changes(caller.office)
        refused = _refused(caller.who, Permission.STOP_AUTOMATION)
        counted = changes.standing().action
        if counted is None or acts_at(counted) is None:
            raise ConflictError("no countdown runs: `wedtui automation status` says how it stands")
        return _answered(action_is(await asyncio.wrap_future(changes.cancel(caller.name, refused, counted.id))))


def _changes(office: Office) -> Changes:
    if office.changes is None:
        raise NotFoundError("no backend of traffic is configured: add backend and places to [traffic]")
    return office.changes


def _refused(who: Person, permission: Permission) -> str | None:
    decision = decide(who, permission)
    return None if decision.allowed else decision.sentence


def _decided(caller: Caller, permission: Permission, given: Given = NOTHING) -> Decided:
    """Decide on what somebody asks for; what is demanded and not there yet is no refusal."""
    demands = caller.office.demands.get(permission, frozenset())
    decision = decide(caller.who, permission, demands=demands, given=given)
    return Decided(caller.name, decision.sentence if decision.answer is Answer.REFUSED else None, demands)


def _answered(answer: object) -> Response:
    return Response(written(answer), DONE, {"Cache-Control": "no-store"}, "application/json")


def action_is(action: Action) -> ActionIs:
    """Return an action as it is answered; of its plan what was shown, not the records that it changes."""
    document = json.loads(action.plan) if action.plan else {}
    return ActionIs(
        id=action.id,
        kind=action.kind,
        target=action.target,
        resource=action.resource,
        person=action.person,
        reason=action.reason,
        requested_at=action.requested_at,
        state=action.state.value,
        outcome=None if action.outcome is None else action.outcome.value,
        plan=document.get("plan"),
        digest=action.digest,
        expires_at=action.expires_at,
        needs=sorted(each.value for each in action.needs),
        confirmed_by=action.confirmed_by,
        confirmed_at=action.confirmed_at,
        deadline=action.deadline,
        cancelled_by=action.cancelled_by,
        ended_at=action.ended_at,
        sentence=action.sentence,
        approved_by=action.approved_by,
        approved_at=action.approved_at,
        broke_glass=action.broke_glass,
        reviewed_by=action.reviewed_by,
        reviewed_at=action.reviewed_at,
        review=action.review,
        steps=[
            StepIs(s.name, s.state.value, s.intended_at, s.ended_at, s.changes, s.undoes, s.detail)
            for s in action.steps
        ],
        automatic=action.automatic,
        acts_at=acts_at(action),
    )


def acts_at(action: Action) -> datetime | None:
    """Return when the service confirms an action by itself; None where it does not."""
    if action.state is not ActionState.AWAITING or action.countdown_since is None:
        return None
    return action.countdown_since + COUNTDOWN
