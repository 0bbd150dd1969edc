"""The HTTP API of the control socket: its paths, what each needs, and its description (`/openapi.json`).

Who asks is in the scope, put there by `guard` from the kernel's word. What changes something needs an
`Idempotency-Key`, and is done by `desk`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.responses import Response

from wedtui import __version__
from wedtui.clock import Clock
from wedtui.config_problems import expectation
from wedtui.control.acting import act
from wedtui.control.alerts import add_alerts
from wedtui.control.answers import Problem, RaiseIs, ServiceIs, StopIs, WhoAmI
from wedtui.control.bodies import RaiseToAdd, ToEnd
from wedtui.control.changes import add_changes
from wedtui.control.desk import DONE
from wedtui.control.freezes import add_freezes
from wedtui.control.guard import Guard, of_error, of_http, problem, unforeseen
from wedtui.control.identity import Peer, account_of
from wedtui.control.limits import Limits
from wedtui.control.notices import add_notices
from wedtui.control.office import ACTING, ALWAYS, Acting, Asking, At, Number, Office
from wedtui.control.presence import Presence, add_presence
from wedtui.control.releases import add_releases
from wedtui.control.silences import add_silences
from wedtui.control.standing import add_standing, who_is
from wedtui.control.tokens import add_tokens
from wedtui.control.unheard import Unheard
from wedtui.core.roles import Permission
from wedtui.core.season import Protection
from wedtui.core.text import single_line
from wedtui.errors import WedtuiError
from wedtui.ledger.automation import Stop
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import RaiseEntry


def build(office: Office, limits: Limits, clock: Clock) -> Guard:
    """Return the whole application: the paths, and the guard before them."""

    def tell(peer: Peer, kind: str, body: Mapping[str, Any]) -> None:
        office.desk.note(office.desk.person(account_of(peer)), kind, body)

    app = FastAPI(
        title="wedtui control",
        version=__version__,
        description="Who asks is known from the kernel (SO_PEERCRED). The same Idempotency-Key of the same user is one "
        "action, for seven days.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={status: {"model": Problem} for status in ALWAYS},
    )
    app.state.office = office
    _add_readings(app)
    _add_actions(app)
    add_freezes(app)
    _add_automation(app)
    add_changes(app)
    add_notices(app, act)
    add_alerts(app)
    add_silences(app)
    add_releases(app)
    add_tokens(app)
    presence = Presence(clock)
    add_presence(app, presence)
    add_standing(app, presence)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(WedtuiError, on_error)
    app.add_exception_handler(Exception, on_anything)
    return Guard(app, limits, clock, Unheard(tell, clock))


def _add_readings(app: FastAPI) -> None:
    @app.get("/v1/whoami", summary="Who asks, and what she may do")
    def whoami(who: Asking, office: At) -> WhoAmI:
        return who_is(office, who)

    @app.get("/v1/service", summary="The service that answers")
    def service(office: At) -> ServiceIs:
        facts = office.facts()
        return ServiceIs(
            version=facts.version,
            mode=facts.mode,
            environment=facts.environment,
            vantage=facts.vantage,
            place=facts.place,
            pid=facts.pid,
            started_at=facts.started_at,
            heartbeat_at=facts.heartbeat_at,
            problems=list(facts.problems),
        )


def _add_actions(app: FastAPI) -> None:
    posts: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}

    @app.post("/v1/protection/raises", response_model=RaiseIs, summary="Ask for a protection level", **posts)
    def raise_protection(caller: Acting, body: RaiseToAdd) -> Response:
        def ask(ledger: Ledger, now: datetime) -> RaiseIs:
            level = Protection(body.level)
            asked = {"reason": body.reason, "by": caller.name}
            return raise_is(ledger.raise_protection(level, **asked, at=now, expires_at=body.until))

        return act(caller, body, Permission.RAISE_PROTECTION, ask)

    @app.post("/v1/protection/raises/{number}/lower", response_model=RaiseIs, summary="End a raise", **posts)
    def lower_protection(caller: Acting, number: Number, body: ToEnd) -> Response:
        def lower(ledger: Ledger, now: datetime) -> RaiseIs:
            return raise_is(ledger.lower_protection(number, by=caller.name, at=now, reason=body.reason))

        return act(caller, body, Permission.LOWER_PROTECTION, lower)


def _add_automation(app: FastAPI) -> None:
    posts: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}

    @app.post("/v1/automation/stop", response_model=StopIs, summary="Stop all automation", **posts)
    def stop_automation(caller: Acting, body: ToEnd) -> Response:
        def stop(ledger: Ledger, now: datetime) -> StopIs:
            return stop_is(ledger.stop_automation(by=caller.name, at=now, reason=body.reason))

        return act(caller, body, Permission.STOP_AUTOMATION, stop)

    @app.post("/v1/automation/resume", response_model=StopIs, summary="Let automation go on", **posts)
    def resume_automation(caller: Acting, body: ToEnd) -> Response:
        def resume(ledger: Ledger, now: datetime) -> StopIs:
            return stop_is(ledger.resume_automation(by=caller.name, at=now, reason=body.reason))

        return act(caller, body, Permission.RESUME_AUTOMATION, resume)


def stop_is(stop: Stop) -> StopIs:
    """Return a stop of automation as it is answered."""
    return StopIs(stop.by, stop.at, single_line(stop.reason))


def raise_is(entry: RaiseEntry) -> RaiseIs:
    """Return a raise as it is answered."""
    return RaiseIs(
        id=entry.id,
        level=entry.level.value,
        reason=entry.reason,
        raised_by=entry.raised_by,
        raised_at=entry.raised_at,
        expires_at=entry.expires_at,
        lowered_at=entry.lowered_at,
        lowered_by=entry.lowered_by,
        lower_reason=entry.lower_reason,
    )


async def on_invalid(_request: Request, error: Exception) -> Response:
    """Answer what cannot be read."""
    assert isinstance(error, RequestValidationError)
    return problem(422, "invalid", sentence_of(error.errors()))


async def on_http(_request: Request, error: Exception) -> Response:
    """Answer a path or a method that there is not."""
    assert isinstance(error, HTTPException)
    return of_http(error)


async def on_error(_request: Request, error: Exception) -> Response:
    """Answer what is refused or cannot be done."""
    assert isinstance(error, WedtuiError)
    return of_error(error)


async def on_anything(_request: Request, error: Exception) -> Response:
    """Answer a mistake of ours."""
    return unforeseen(error)


def sentence_of(errors: Sequence[Any]) -> str:
    """Say what is wrong with a request, in one sentence: the first thing, and how many there are."""
    details: ErrorDetails = errors[0]
    path = [str(part) for part in details["loc"] if part not in {"body", "path", "header"}]
    where = single_line(".".join(path), 80) or "the body"
    match details["type"]:
        case "json_invalid":
            return "the body is not JSON: send an object in UTF-8, with Content-Type: application/json"
        case "missing":
            said = f"expected {where}, which has no default"
        case "extra_forbidden":
            said = f"{where}: expected no such field: GET /openapi.json says which there are"
        case "model_attributes_type" | "model_type" | "dict_type":
            return "expected an object of JSON, with Content-Type: application/json"
        case _:
            said = f"{where}: {expectation(details)}"
    others = len(errors) - 1
    return f"{said} (and {others} more)" if others else said
