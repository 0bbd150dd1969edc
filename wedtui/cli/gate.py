"""`wedtui gate`: may a pipeline go on, now? There is no way to ask about another time."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from wedtui.cli.common import Session, print_json, scope_of, session_of
from wedtui.cli.failure import drop_output
from wedtui.core.freeze import Scope, Verdict

ALLOWED, REFUSED, UNDECIDED = 0, 1, 2
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
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """May a pipeline change anything now? Exit code: 0 allowed, 1 refused, 2 could not be decided: do not go on.

        While a reading of weddings is in question the last good one decides, and a note says so (`doubts` in JSON).
        """
        try:
            code = _answer(session_of(context), environment, service, as_json=as_json)
        except Exception as error:
            # Whatever went wrong, a pipeline must not read it as an answer: 1 would say that it is frozen until
            # some time, and 0 that it may go on.
            code = _no_answer(error, as_json=as_json)
        raise typer.Exit(code)


def _answer(session: Session, environment: str | None, service: str | None, *, as_json: bool) -> int:
    from wedtui.cli.render import freeze_json, freeze_sentence
    from wedtui.cli.saying import say
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
