"""`wedtui automation`: whether the service acts by itself; stopping that, and ending a countdown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.asking import client_of, deciding
from wedtui.cli.common import Session, person, print_json, session_of, writable_ledger
from wedtui.cli.failover import AS_JSON, said
from wedtui.core.wording import utc_words
from wedtui.errors import ServiceError, StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from wedtui.control.answers import AutomationIs
    from wedtui.control.client import ControlClient
    from wedtui.ledger.ledger import Ledger

app = typer.Typer(no_args_is_help=True, help="What the service does by itself: how it stands, stop, resume, abort.")

WHY = Annotated[str, typer.Option("--reason", metavar="R", help="Why; everybody will read it.")]


@app.command("status")
def status_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """Say whether the service may act by itself, and what it asks for. Exit code: 14 where it cannot be asked."""
    from wedtui.cli.actions import plain_json

    session = session_of(context)
    try:
        found = client_of(session).automation()
    except ServiceError:
        if not as_json:
            typer.echo(_kept(session))
        raise
    if as_json:
        print_json(plain_json(asdict(found)))
        return
    for line in lines_of(found):
        typer.echo(line)


@app.command("stop")
def stop_command(context: typer.Context, reason: WHY) -> None:
    """Stop all automation, at every service: countdowns end, and nothing is done that no person confirms."""
    why = said(reason)
    _decide(
        session_of(context),
        lambda client: client.stop_automation(reason=why),
        lambda ledger, by, at: ledger.stop_automation(by=by, at=at, reason=why),
    )
    typer.echo("all automation is stopped; `wedtui automation resume --reason WHY` (an owner) lets it go on")


@app.command("resume")
def resume_command(context: typer.Context, reason: WHY) -> None:
    """Let automation go on. Only an owner may."""
    why = said(reason)
    _decide(
        session_of(context),
        lambda client: client.resume_automation(reason=why),
        lambda ledger, by, at: ledger.resume_automation(by=by, at=at, reason=why),
    )
    typer.echo("automation goes on")


def _decide(
    session: Session, asks: Callable[[ControlClient], object], writes: Callable[[Ledger, str, datetime], object]
) -> None:
    """Have it done by the service; where none runs, by whoever may write the ledger."""
    client = deciding(session)
    if client is not None:
        asks(client)
        return
    ledger = writable_ledger(session)
    try:
        writes(ledger, person(), session.clock.now())
    finally:
        ledger.close()


@app.command("abort")
def abort_command(context: typer.Context) -> None:
    """End the countdown that runs: the service does nothing by itself for 10 minutes."""
    action = client_of(session_of(context)).abort()
    typer.echo(f"the countdown of action {action.id} ({action.kind} {action.target}) is aborted: nothing was done")


def _kept(session: Session) -> str:
    """Return what the ledger says while no service answers: who stopped automation, which stays so."""
    from contextlib import closing

    from wedtui.ledger.reader import LedgerReader

    try:
        with closing(LedgerReader(session.paths.ledger_url(session.loaded.configuration))) as ledger:
            stopped = ledger.stopped_automation()
    except StoreError as error:
        return f"whether automation is stopped is not known: {error}"
    if stopped is None:
        return "nobody has stopped automation; whether a service acts by itself at present is not known"
    return f"{_stopped_words(*stopped)}; that stays when a service runs again"


def _stopped_words(by: str, at: datetime, why: str) -> str:
    from wedtui.core.text import single_line

    return f"STOPPED by {single_line(by)} since {utc_words(at)}: {single_line(why)}"


def lines_of(found: AutomationIs) -> list[str]:
    """Return how automation stands in words."""
    from wedtui.cli.action_words import state_words
    from wedtui.core.text import single_line

    words = {
        "off": "off: the service asks for nothing",
        "propose": "propose: the service proposes, and a person confirms",
        "auto": "auto: the service acts by itself where every condition holds",
    }
    lines = [f"mode {words.get(found.mode, single_line(found.mode))}"]
    if found.stopped_by is not None and found.stopped_at is not None:
        lines.append(_stopped_words(found.stopped_by, found.stopped_at, found.reason or ""))
    action = found.action
    if action is None:
        return [*lines, "it asks for nothing at present"]
    what = f"action {action.id}: {single_line(action.kind)} {single_line(action.target)}"
    if action.acts_at is not None:
        lines.append(f"COUNTDOWN: {what} is done at {action.acts_at:%H:%M:%S} UTC; `wedtui automation abort` ends it")
    else:
        lines.append(f"{what}, {state_words(action)}")
    return lines
