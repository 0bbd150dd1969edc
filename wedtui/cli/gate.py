"""`wedtui gate`: may a pipeline go on, now? There is no way to ask about another time.

The service is asked, which knows the queue as well. Where none runs on this machine, or it releases nothing, what is
frozen decides alone, by the same evaluator. Where one should answer and does not, nothing may go on.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from wedtui.cli.asking import client_of
from wedtui.cli.common import Session, print_json, scope_of, session_of
from wedtui.cli.failure import drop_output
from wedtui.cli.remote import URL, remote_client
from wedtui.cli.saying import say
from wedtui.core.freeze import Scope, Verdict
from wedtui.core.text import single_line
from wedtui.core.wording import utc_words
from wedtui.errors import ConfigurationError, NotFoundError
from wedtui.poller.lock import holder

if TYPE_CHECKING:
    from wedtui.control.release_answers import GateIs
    from wedtui.control.release_client import Asks

ALLOWED, REFUSED, UNDECIDED = 0, 1, 2
_LONGEST = 2_000
WORDS = {ALLOWED: "allowed", REFUSED: "refused", UNDECIDED: "could not be decided"}


def decide(session: Session, environment: str | None, service: str | None) -> tuple[Scope, Verdict]:
    """Ask the evaluator for now; return what was asked about, and its answer.

    Raises:
        WedtuiError: the configuration cannot be used.
    """
    from wedtui.cli.freeze import current_facts
    from wedtui.core.freeze import verdict

    now = session.clock.now()
    scope = scope_of(session, environment, service)
    return scope, verdict(current_facts(session, now), now, scope)


def code_of(answer: Verdict) -> int:
    """Return the exit code of an answer; frozen because something could not be read is undecided."""
    if answer.unreadable:
        return UNDECIDED
    return REFUSED if answer.frozen else ALLOWED


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("gate")
    def gate_command(
        context: typer.Context,
        service: Annotated[str | None, typer.Option("--service", help="The service that is to be released.")] = None,
        environment: Annotated[str | None, typer.Option("--environment", help="By default the configured one.")] = None,
        version: Annotated[
            str | None, typer.Option("--version", metavar="V", help="Which one; without it whichever is next.")
        ] = None,
        url: URL = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """May a pipeline change anything now? Exit code: 0 allowed, 1 refused, 2 could not be decided: do not go on.

        With --service the service is asked, here or where --url says, and the queue of releases counts too. Where it
        does not answer: 2. Without --service, or where no service runs here, only what is frozen counts.

        While a reading of weddings is in question the last good one decides, and a note says so (`doubts` in JSON).
        """
        try:
            code = _decided(context, _Asked(service, environment, version), url, as_json=as_json)
        except Exception as error:
            # Whatever went wrong, a pipeline must not read it as an answer: 1 would say that it is frozen until
            # some time, and 0 that it may go on.
            code = _no_answer(error, as_json=as_json)
        raise typer.Exit(code)


class _Asked(NamedTuple):
    service: str | None
    environment: str | None
    version: str | None


def _decided(context: typer.Context, asked: _Asked, url: str | None, *, as_json: bool) -> int:
    elsewhere = remote_client(url)
    if elsewhere is not None:
        if asked.service is None:
            raise ConfigurationError("expected --service beside --url: a service elsewhere is asked about a release")
        return _say(asked, _of_service(elsewhere, asked), as_json=as_json)
    session = session_of(context)
    if asked.service is not None:
        # A name that nothing can have is refused the same, whoever is asked.
        scope_of(session, asked.environment, asked.service)
        if holder(session.paths.lock) is not None:
            try:
                return _say(asked, _of_service(client_of(session), asked), as_json=as_json)
            except NotFoundError:
                pass  # it releases nothing, or is older than its queue: what is frozen is all that there is
        elif session.loaded.configuration.deployments.templates:
            say("note: no service runs here, so the queue of releases was not asked", err=True)
    return _answer(session, asked.environment, asked.service, as_json=as_json)


def _of_service(client: Asks, asked: _Asked) -> GateIs:
    from wedtui.control.release_client import ReleaseClient

    assert asked.service is not None
    return ReleaseClient(client).gate(asked.service, asked.environment, asked.version)


def _say(asked: _Asked, answer: GateIs, *, as_json: bool) -> int:
    """Print what the service answered; return the exit code."""
    from wedtui.cli.actions import plain_json

    code = ALLOWED if answer.allowed else UNDECIDED if answer.undecided else REFUSED
    if as_json:
        print_json(plain_json({"decision": WORDS[code], **asked._asdict(), **asdict(answer)}))
        return code
    where = f" in {asked.environment}" if asked.environment else ""
    about = f"{asked.service} {asked.version or ''}".strip() + where
    number = "" if answer.release is None else f" (release {answer.release})"
    line = "" if answer.position is None else f"; position {answer.position} in the queue"
    until = "" if answer.until is None else f"; no freeze stops it from {utc_words(answer.until)} on"
    reasons = f": {'; '.join(answer.reasons)}" if answer.reasons else ""
    typer.echo(single_line(f"{WORDS[code]}: {about}{number}{reasons}{until}{line}", _LONGEST))
    sys.stdout.flush()
    return code


def _answer(session: Session, environment: str | None, service: str | None, *, as_json: bool) -> int:
    from wedtui.cli.render import freeze_json, freeze_sentence
    from wedtui.core.override import override_words

    scope, answer = decide(session, environment, service)
    code = code_of(answer)
    if as_json:
        asked = {"environment": scope.environment, "service": scope.service}
        print_json({"decision": WORDS[code], **asked, **freeze_json(answer)})
    else:
        about = f"{scope.service} in {scope.environment}" if scope.service else scope.environment
        typer.echo(f"{WORDS[code]}: {about} is {freeze_sentence(answer)}")
        for each in answer.overrides:
            typer.echo(f"overridden for {override_words(each, answer.at)}")
        for note in answer.doubts:
            say(f"note: {note}", indent="  ")
    sys.stdout.flush()
    return code


def _no_answer(error: Exception, *, as_json: bool) -> int:
    said = _said(error)
    if isinstance(error, OSError) or sys.stdout is None:
        drop_output()
    elif as_json:
        print_json({"decision": WORDS[UNDECIDED], "unreadable": said.splitlines()})
    typer.echo(f"wedtui: could not be decided, treat it as refused: {said}", err=True)
    return UNDECIDED


def _said(error: Exception) -> str:
    from wedtui.errors import WedtuiError

    # The text of an exception from a library is nothing that we know to be without secrets.
    return str(error) if isinstance(error, WedtuiError) else f"unexpected {type(error).__name__}"
