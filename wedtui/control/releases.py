"""Releases by the control socket: what is submitted, approved, held and cancelled, and the gate that a pipeline asks.

Each move is one transaction of the ledger with the answer that is kept of it. Whether one starts nobody decides here:
whoever starts it asks for itself, at that moment.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from wedtui.control.acting import act
from wedtui.control.answers import Problem
from wedtui.control.bodies import CheckToReport, GateAsked, ReleaseToApprove, ReleaseToSubmit, ToEnd
from wedtui.control.desk import DONE
from wedtui.control.office import ACTING, Acting, Asking, At, Caller, Line, Number, Office, Releasing
from wedtui.control.release_answers import GateIs, LineIs, LogIs, ReleaseIs, ReleaseToldIs, move_is, release_is
from wedtui.core.deployments import moves
from wedtui.core.deployments.queue import Standing, WaitsFor
from wedtui.core.deployments.release import BEFORE, Approval, Release, Source, SourceKind
from wedtui.core.deployments.submission import Submission, Template, release_from
from wedtui.core.roles import Permission, Person
from wedtui.errors import ConfigurationError, NotFoundError, NotPermittedError
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.releases import Move

LATELY = timedelta(hours=24)
"""What ended so long ago is answered beside what has not."""
_NOBODYS = Template("gate", timedelta(), timedelta())
"""Of what is asked about a service that no template is for: only what is frozen now counts."""
POSTS: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}


def add_releases(app: FastAPI) -> None:
    """Add the paths."""
    add_for_pipelines(app)
    _add_moves(app)


def add_for_pipelines(app: FastAPI) -> None:
    """Add the paths that a pipeline has: who approves, holds and cancels is a person at the socket."""
    _add_readings(app)
    _add_checks(app)

    @app.post("/v1/releases", response_model=ReleaseIs, summary="Submit a release", **POSTS)
    def submit_release(caller: Acting, body: ReleaseToSubmit) -> Response:
        _refuse_beyond(caller.who, body.service, body.environment or caller.office.facts().environment)
        template, asked = _wanted(caller, body)

        def submit(ledger: Ledger, _now: datetime) -> ReleaseIs:
            def made(at: datetime) -> Release:
                try:
                    return release_from(asked, template, caller.name, at)
                except ValueError as error:
                    raise ConfigurationError(str(error)) from None

            return release_is(ledger.submit_release(made, caller.key, by=caller.name))

        return act(caller, body, Permission.SUBMIT, submit)


def _add_readings(app: FastAPI) -> None:
    @app.get("/v1/releases", summary="The queue, what is under way, and what ended within the last 24 h")
    def list_releases(who: Asking, office: At) -> LineIs:
        now, desk = office.desk.now(), _releasing(office)
        line = desk.line(now)
        return LineIs(
            at=now,
            waiting=[release_is(each.release, each, now) for each in line.waiting if _sees(who, each.release)],
            under_way=[release_is(each) for each in line.under_way if _sees(who, each)],
            over=[release_is(each) for each in desk.over(now - LATELY) if _sees(who, each)],
        )

    @app.get("/v1/releases/{number}", summary="One release, and what became of it")
    def show_release(who: Asking, office: At, number: Number) -> ReleaseToldIs:
        now, desk = office.desk.now(), _releasing(office)
        found = desk.one(number)
        _refuse_beyond(who, found.release.service, found.release.environment)
        standing = _standing(desk.line(now), number) if found.release.state in BEFORE else None
        return ReleaseToldIs(release_is(found.release, standing, now), [move_is(each) for each in found.moves])

    @app.get("/v1/releases/{number}/log", summary="What was printed while it was put in place")
    def show_log(who: Asking, office: At, number: Number) -> LogIs:
        desk = _releasing(office)
        release = desk.one(number).release
        _refuse_beyond(who, release.service, release.environment)
        return desk.log(number)

    @app.post("/v1/gate", summary="Whether a pipeline may go on now; asks for nothing", **POSTS)
    def ask_gate(who: Asking, office: At, body: GateAsked) -> GateIs:
        _refuse_beyond(who, body.service, body.environment or office.facts().environment)
        return _gate(office, body)


def _add_moves(app: FastAPI) -> None:
    @app.post("/v1/releases/{number}/approve", response_model=ReleaseIs, summary="Approve a stage", **POSTS)
    def approve_release(caller: Acting, number: Number, body: ReleaseToApprove) -> Response:
        def move(release: Release, at: datetime) -> Release:
            return moves.approve(release, Approval(body.stage, caller.name, at, body.reason))

        return _move(caller, number, body, Permission.APPROVE, ("approve", move, body.reason))

    @app.post("/v1/releases/{number}/hold", response_model=ReleaseIs, summary="Have it wait", **POSTS)
    def hold_release(caller: Acting, number: Number, body: ToEnd) -> Response:
        def move(release: Release, at: datetime) -> Release:
            return moves.hold(release, caller.name, body.reason, at)

        return _move(caller, number, body, Permission.SUBMIT, ("hold", move, body.reason))

    @app.post("/v1/releases/{number}/resume", response_model=ReleaseIs, summary="Let it go on", **POSTS)
    def resume_release(caller: Acting, number: Number, body: ToEnd) -> Response:
        def move(release: Release, _at: datetime) -> Release:
            return moves.resume(release)

        return _move(caller, number, body, Permission.SUBMIT, ("resume", move, body.reason))

    @app.post("/v1/releases/{number}/cancel", response_model=ReleaseIs, summary="Take it out of the queue", **POSTS)
    def cancel_release(caller: Acting, number: Number, body: ToEnd) -> Response:
        def move(release: Release, at: datetime) -> Release:
            return moves.cancel(release, caller.name, body.reason, at)

        return _move(caller, number, body, Permission.SUBMIT, ("cancel", move, body.reason))


def _add_checks(app: FastAPI) -> None:
    @app.post("/v1/releases/{number}/checks", response_model=ReleaseIs, summary="Report how a check ended", **POSTS)
    def report_check(caller: Acting, number: Number, body: CheckToReport) -> Response:
        def move(release: Release, at: datetime) -> Release:
            _refuse_beyond(caller.who, release.service, release.environment)
            return moves.check(release, body.check, passed=body.passed, at=at)

        said = f"{body.check} {'passed' if body.passed else 'failed'}"
        return _move(caller, number, body, Permission.SUBMIT, ("check", move, said))


def _sees(who: Person, release: Release) -> bool:
    return who.reach.holds(release.service, release.environment)


def _refuse_beyond(who: Person, service: str, environment: str) -> None:
    """Refuse what is beyond what somebody may ask for.

    Raises:
        NotPermittedError: it is.
    """
    if not who.reach.holds(service, environment):
        sentence = f"{who.account.name} is not good for {service} in {environment}: make one that is"
        raise NotPermittedError(sentence)


def _move(caller: Caller, number: int, body: Any, permission: Permission, what: tuple[str, Move, str]) -> Response:
    name, move, reason = what

    def work(ledger: Ledger, _now: datetime) -> ReleaseIs:
        return release_is(ledger.move_release(number, name, move, by=caller.name, reason=reason))

    return act(caller, body, permission, work)


def _wanted(caller: Caller, body: ReleaseToSubmit) -> tuple[Template, Submission]:
    environment = body.environment or caller.office.facts().environment
    template = _releasing(caller.office).template(body.service, environment, body.template)
    kind = SourceKind.PERSON if body.pipeline is None else SourceKind.PIPELINE
    asked = Submission(
        body.service,
        environment,
        body.version,
        Source(kind, body.pipeline or caller.name, body.link or ""),
        body.priority,
        body.links,
        body.after,
        None if body.soak_s is None else timedelta(seconds=body.soak_s),
    )
    return template, asked


def _gate(office: Office, body: GateAsked) -> GateIs:
    now, desk = office.desk.now(), _releasing(office)
    environment = body.environment or office.facts().environment
    line = desk.line(now)
    mine = (environment, body.service)
    for each in line.under_way:
        if each.where == mine and body.version in {None, each.version}:
            said = f"release {each.id} of {each.service} {each.version} is {each.state}"
            return GateIs(False, False, None, [said], None, each.id)
    for known in line.waiting:
        if known.release.where == mine and body.version in {None, known.release.version}:
            return _of(known, known.release.id)
    asked = Submission(body.service, environment, body.version or "next", Source(SourceKind.PERSON, "gate"))
    try:
        template = desk.template(body.service, environment)
    except ConfigurationError:
        template = _NOBODYS
    try:
        release = release_from(asked, template, "gate", now)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    return _of(desk.would(release, now), None)


def _of(standing: Standing, number: int | None) -> GateIs:
    """Return the answer for one that has not started; what was not submitted rests on nothing that is asked later."""
    later = {WaitsFor.CHECKS, WaitsFor.APPROVAL} if number is None else set()
    waits = [each for each in standing.waits if each.what not in later]
    reasons = [each.sentence for each in waits] + ([standing.never] if standing.never else [])
    allowed = not reasons
    if allowed and standing.freeze.sentence:
        reasons = [standing.freeze.sentence]
    unreadable = standing.freeze.unreadable and not allowed
    until = None if allowed else standing.freeze.first
    return GateIs(allowed, unreadable, until, reasons, None if number is None else standing.position, number)


def _standing(line: Line, number: int) -> Standing | None:
    return next((each for each in line.waiting if each.release.id == number), None)


def _releasing(office: Office) -> Releasing:
    if office.releases is None:
        raise NotFoundError("this service releases nothing: no [[deployments.templates]] are configured")
    return office.releases
