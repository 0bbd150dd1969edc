"""Changing the shares of traffic by the control socket: plans, actions, and who may confirm them.

Planning and carrying out is done elsewhere (`Changes`); here is who may ask for it, and how it is answered.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from wedtui.control.acting import move_once, outcome, refused
from wedtui.control.action_answers import action_is
from wedtui.control.answers import ActionIs, AutomationIs, EmergencyIs, PlanIs, Problem
from wedtui.control.bodies import PlanWanted, ToApprove, ToChange, ToConfirm, ToSettle
from wedtui.control.desk import DONE, written
from wedtui.control.mapping import needed_for
from wedtui.control.office import ACTING, Acting, At, Caller, Changes, Number, Office
from wedtui.control.standing import emergency_is
from wedtui.core.actions import Action
from wedtui.core.roles import NOTHING, Answer, Decided, Ending, Given, Permission, decide, to_end
from wedtui.errors import NotFoundError, NotPermittedError
from wedtui.ledger.requests import Once


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

    @app.get("/v1/recent-actions", summary="What has not ended, what was not reviewed, and the newest confirmed")
    def list_recent_actions(office: At) -> list[ActionIs]:
        # Where nothing can be asked for, nothing is under way: that is an answer, and not the service's failure.
        found = office.changes.actions(open_only=True, newest=True) if office.changes is not None else ()
        return [action_is(each) for each in found]

    @app.get("/v1/actions/{number}", summary="One action")
    def show_action(office: At, number: Number) -> ActionIs:
        return action_is(_changes(office).action(number))


def _add_asking(app: FastAPI) -> None:
    @app.post("/v1/plans", response_model=PlanIs, summary="Plan an action, and ask for nothing", **_POSTS)
    async def make_plan(caller: Acting, body: PlanWanted) -> Response:
        if body.without_ledger and (not_theirs := _barely(caller, Permission.FAIL_OVER).refused) is not None:
            # Who looks does not make a file, nor has the ledger tried: that is for whoever may act there.
            return await refused(caller, body, Permission.FAIL_OVER, NotPermittedError(not_theirs))
        made = await outcome(lambda: _changes(caller.office).plan(body))
        return _answered(
            PlanIs(plan={**made.shown(), "digest": made.digest}, digest=made.digest, refused=[*made.refused])
        )

    @app.post("/v1/actions", response_model=ActionIs, summary="Ask for an action", **_POSTS)
    async def ask(caller: Acting, body: ToChange) -> Response:
        by = _decided(caller, body.kind)
        return await move_once(
            caller, body, needed_for(body.kind), lambda once: _changes(caller.office).ask(by, body, once)
        )

    @app.post("/v1/actions/{number}/confirm", response_model=ActionIs, summary="Confirm exactly one plan", **_POSTS)
    async def confirm(caller: Acting, number: Number, body: ToConfirm) -> Response:
        def asking(once: Once) -> Future[Action]:
            changes = _changes(caller.office)
            by = _decided(caller, changes.action(number).kind, Given(break_glass=body.break_glass))
            return changes.confirm(by, number, body, once)

        return await move_once(caller, body, Permission.FAIL_OVER, asking)


def _add_words(app: FastAPI) -> None:
    @app.post("/v1/actions/{number}/approve", response_model=ActionIs, summary="Be the second person", **_POSTS)
    async def approve(caller: Acting, number: Number, body: ToApprove) -> Response:
        def asking(once: Once) -> Future[Action]:
            changes = _changes(caller.office)
            return changes.approve(_barely(caller, needed_for(changes.action(number).kind)), number, body, once)

        return await move_once(caller, body, Permission.FAIL_OVER, asking)

    @app.post("/v1/actions/{number}/review", response_model=ActionIs, summary="Review what was done alone", **_POSTS)
    async def review(caller: Acting, number: Number, body: ToSettle) -> Response:
        def asking(once: Once) -> Future[Action]:
            changes = _changes(caller.office)
            by = _barely(caller, needed_for(changes.action(number).kind))
            return changes.review(by, number, body.sentence, once)

        return await move_once(caller, body, Permission.FAIL_OVER, asking)

    @app.post("/v1/actions/{number}/cancel", response_model=ActionIs, summary="Begin no further step", **_POSTS)
    async def cancel(caller: Acting, number: Number) -> Response:
        def asking(once: Once) -> Future[Action]:
            changes = _changes(caller.office)
            permission = needed_for(changes.action(number).kind)
            by = _barely(caller, to_end(permission, Ending.CANCEL, made=False))
            once_made = _barely(caller, to_end(permission, Ending.CANCEL, made=True)).refused
            return changes.cancel(by._replace(refused_once_made=once_made), number, once)

        return await move_once(caller, None, Permission.FAIL_OVER, asking)

    @app.post("/v1/actions/{number}/settle", response_model=ActionIs, summary="Say how it stands", **_POSTS)
    async def settle(caller: Acting, number: Number, body: ToSettle) -> Response:
        def asking(once: Once) -> Future[Action]:
            changes = _changes(caller.office)
            permission = needed_for(changes.action(number).kind)
            by = _barely(caller, to_end(permission, Ending.SETTLE, made=True))
            return changes.settle(by, number, body.sentence, once)

        return await move_once(caller, body, Permission.FAIL_OVER, asking)

    @app.get("/v1/automation", summary="How automation stands")
    def automation(office: At) -> AutomationIs:
        mode, stop, action = _changes(office).standing()
        by, at, reason = stop or (None, None, None)
        return AutomationIs(mode, by, at, reason, None if action is None else action_is(action))

    @app.get("/v1/emergency", summary="Whether automation is stopped, and whether the ledger can be reached")
    def emergency(office: At) -> EmergencyIs:
        return emergency_is(office.changes)

    @app.post("/v1/automation/abort", response_model=ActionIs, summary="End the countdown that runs", **_POSTS)
    async def abort(caller: Acting) -> Response:
        by = _barely(caller, Permission.STOP_AUTOMATION)
        return await move_once(
            caller, None, Permission.STOP_AUTOMATION, lambda once: _changes(caller.office).abort(by, once)
        )


def _changes(office: Office) -> Changes:
    if office.changes is None:
        raise NotFoundError("no backend of traffic is configured: add backend and places to [traffic]")
    return office.changes


def _barely(caller: Caller, permission: Permission) -> Decided:
    """Decide by the role alone: what is demanded beside it is not demanded of this."""
    decision = decide(caller.who, permission)
    return Decided(caller.name, None if decision.allowed else decision.sentence, who=caller.who)


def _decided(caller: Caller, kind: str, given: Given = NOTHING) -> Decided:
    """Decide on what somebody asks for; what is demanded and not there yet is no refusal."""
    demands = caller.office.demands.get(kind, frozenset())
    decision = decide(caller.who, needed_for(kind), demands=demands, given=given)
    return Decided(caller.name, decision.sentence if decision.answer is Answer.REFUSED else None, demands, caller.who)


def _answered(answer: object) -> Response:
    return Response(written(answer), DONE, {"Cache-Control": "no-store"}, "application/json")
