"""`wedtui broadcast`: tell everybody something, by every channel."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.actions import plain_json
from wedtui.cli.asking import deciding
from wedtui.cli.common import Session, person, print_json, session_of, writable_ledger
from wedtui.cli.failover import AS_JSON, said
from wedtui.cli.judged import UNSERVED, start_words, unserved
from wedtui.cli.saying import say
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.control.answers import NotificationIs

WORD = "broadcast"
NOT_CONFIRMED = 3


class Severity(StrEnum):
    """How much it matters, as channels are told; the words of `core.notify.Level`."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("broadcast")(broadcast_command)


def broadcast_command(
    context: typer.Context,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What everybody is told.")],
    severity: Annotated[Severity, typer.Option("--severity", help="How much it matters.")] = Severity.INFO,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """Tell everybody something, by every channel: whoever is called by one at night is called.

    Exit code: 0 it is told; 3 it was not confirmed and nobody is told; 5 it is stored, and nobody is told it yet,
    because no service runs.
    """
    words, session = said(message, "MESSAGE"), session_of(context)
    channels = tuple(session.loaded.configuration.notify)
    if not channels:
        raise ConfigurationError("no channel is configured, so nobody would be told: add a [notify.NAME]")
    if not yes and not _confirmed(words, severity, channels, err=as_json):
        typer.echo("not confirmed: nobody is told", err=True)
        raise typer.Exit(NOT_CONFIRMED)
    told = _told(session, words, severity, channels)
    why = unserved(session, session.clock.now(), judging=False) if deciding(session) is None else None
    if as_json:
        print_json({**plain_json(asdict(told)), "served": why is None})
    if why is not None:
        say(
            f"NOBODY IS TOLD: {why}; notification {told.id} is stored, and goes to {', '.join(channels)} if one runs "
            f"within a day: {start_words(session)}",
            err=as_json,
        )
        raise typer.Exit(UNSERVED)
    if as_json:
        return
    say(f"notification {told.id} waits for {', '.join(channels)}: `wedtui notify list` says who accepted it")


def _confirmed(words: str, severity: Severity, channels: tuple[str, ...], *, err: bool) -> bool:
    """Show what would be told to whom, and have the word typed; without a terminal nobody confirms."""
    from wedtui.cli.typing_in import attended, typed

    typer.echo(f"{person()} tells everybody: {words}", err=err)
    typer.echo(f"as {severity}, by {', '.join(channels)}", err=err)
    return attended() and typed(WORD)


def _told(session: Session, words: str, severity: Severity, channels: tuple[str, ...]) -> NotificationIs:
    """Have it told, by the service or through the ledger."""
    client = deciding(session)
    if client is not None:
        return client.broadcast(words, severity=severity.value)
    from wedtui.control.entries import notification_is
    from wedtui.core.notify import Level

    ledger, at = writable_ledger(session), session.clock.now()
    try:
        return notification_is(ledger.broadcast(words, Level(severity), by=person(), at=at, channels=channels))
    finally:
        ledger.close()
