"""`wedtui notify`: what people were told, what waits, what nobody takes; and whether a channel works."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.actions import plain_json
from wedtui.cli.asking import deciding
from wedtui.cli.common import Session, person, print_json, session_of
from wedtui.cli.failover import AS_JSON, REASON, said
from wedtui.errors import NotFoundError, StoreMissingError

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.config import Configuration
    from wedtui.control.answers import NotificationIs
    from wedtui.core.notify import Answer

app = typer.Typer(no_args_is_help=True, help="Notifications: what was told, what waits, and a test of each channel.")

NUMBER = Annotated[int, typer.Argument(metavar="ID", min=1, help="Its number, as `wedtui notify list` says it.")]


@app.command("list")
def list_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List what waits, what nobody takes (dead letters), and the newest of what was sent, newest first."""
    session = session_of(context)
    found = notifications(session)
    if as_json:
        print_json([plain_json(asdict(each)) for each in found])
        return
    for each in found:
        for line in _lines(each, session.clock.now(), drill=session.demo):
            typer.echo(line)
    if not found:
        typer.echo("nobody was ever to be told anything")


@app.command("dismiss")
def dismiss_command(context: typer.Context, number: NUMBER, reason: REASON, as_json: AS_JSON = False) -> None:
    """Say that you looked at a dead letter: it is shown to nobody any more, and your reason stays on record."""
    why = said(reason)
    session = session_of(context)
    client = deciding(session)
    if client is not None:
        client.dismiss(number, reason=why)
    else:
        from wedtui.ledger.ledger import Ledger

        ledger = Ledger(session.ledger_url, drill=session.demo)
        try:
            ledger.dismiss_notification(number, by=person(), at=session.clock.now(), reason=why)
        finally:
            ledger.close()
    if as_json:
        print_json({"id": number, "dismissed": True, "by": person(), "reason": why})
    else:
        typer.echo(f"notification {number}: dismissed")


@app.command("test")
def test_command(
    context: typer.Context,
    channel: Annotated[str | None, typer.Argument(metavar="CHANNEL", help="Its name; by default all.")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Tell each channel something, and that it is over: by this process, with the secrets that it may read.

    Exit code: 0 where each accepted both, 1 where one did not.
    """
    from wedtui.core.notify import Verdict
    from wedtui.core.text import single_line

    session = session_of(context)
    configured = session.loaded.configuration.notify
    names = list(configured) if channel is None else [channel]
    if not configured or any(name not in configured for name in names):
        known = f"known here: {', '.join(configured)}" if configured else "none is configured: add a [notify.NAME]"
        raise NotFoundError(f'there is no channel "{single_line(channel or "", 80)}": {known}')
    answers = asyncio.run(_tested(session.loaded.configuration, session.clock, names, drill=session.demo))
    took = [
        (name, answer.verdict is Verdict.ACCEPTED, answer.words) for name, answer in zip(names, answers, strict=True)
    ]
    if as_json:
        print_json([{"channel": name, "accepted": did, "problem": None if did else words} for name, did, words in took])
    for name, did, words in () if as_json else took:
        typer.echo(f"{name}: {'accepted' if did else f'NOT ACCEPTED: {words}'}")
    raise typer.Exit(0 if all(answer.verdict is Verdict.ACCEPTED for answer in answers) else 1)


async def _tested(configuration: Configuration, clock: Clock, names: list[str], *, drill: bool) -> list[Answer]:
    """Return what became of a test of each channel: of its end, if its beginning was accepted."""
    from wedtui.core.notify import Event, Level, Message, Verdict, of_drill
    from wedtui.notify.channels import channel_of

    async def test(name: str) -> Answer:
        made = channel_of(name, configuration.notify[name], environment=configuration.environment, clock=clock)
        episode, sentence = f"wedtui/test/{uuid.uuid4().hex}", f"a test of the channel {name} by {person()}"
        answer = None
        for event in (Event.TRIGGER, Event.RESOLVE):
            message = Message(0, f"test/{name}", episode, event, Level.INFO, sentence, {}, clock.now())
            answer = await made.send(of_drill(message) if drill else message)
            if answer.verdict is not Verdict.ACCEPTED:
                break
        assert answer is not None
        return answer

    return list(await asyncio.gather(*map(test, names)))


def notifications(session: Session) -> list[NotificationIs]:
    """Return them from the service where it is shared and runs, else from the ledger."""
    client = deciding(session)
    if client is not None:
        return client.notifications()
    from wedtui.control.entries import notification_is
    from wedtui.ledger.outbox_reader import OutboxReader

    reader = OutboxReader(session.ledger_url)
    try:
        return [notification_is(each) for each in reader.notifications()]
    except StoreMissingError:
        return []
    finally:
        reader.close()


def _lines(notice: NotificationIs, now: datetime, *, drill: bool) -> list[str]:
    from wedtui.core.notify import drill_words
    from wedtui.core.text import single_line
    from wedtui.core.wording import age, duration
    from wedtui.notify.running import LATE

    stage = "DEAD LETTER" if notice.stage == "dead" else single_line(notice.stage, 20)
    what = {"resolve": "over", "acknowledge": "taken"}.get(notice.event, single_line(notice.severity, 20))
    who = f" by {single_line(notice.ended_by, 80)}" if notice.ended_by else ""
    when = f"{age(notice.ended_at or notice.created_at, now)} ago"
    # As it was told: what is stored of it knows no demo.
    said = drill_words(notice.sentence) if drill else single_line(notice.sentence)
    lines = [f"{notice.id:>4}  {stage + who:<12}  {when:<12}  {what}: {said}"]
    if notice.ended_at is not None and notice.ended_at - notice.created_at >= LATE:
        lines.append(f"      it had waited for {duration(notice.ended_at - notice.created_at)} by then")
    for each in notice.deliveries:
        why = f": {single_line(each.problem)}" if each.problem else ""
        tried = f"asked {each.tries} time{'' if each.tries == 1 else 's'}"
        lines.append(f"      {single_line(each.channel, 80)} {single_line(each.state, 20)}, {tried}{why}")
    return lines
