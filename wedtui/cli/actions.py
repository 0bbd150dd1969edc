"""`wedtui actions`: what was asked for, how it stands, and what a person may still do about it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.asking import client_of
from wedtui.cli.common import Session, print_json, session_of
from wedtui.cli.failover import AS_JSON, CODES, CONFIRM, REASON, WAIT, said
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wedtui.control.answers import ActionIs
    from wedtui.control.client import ControlClient
    from wedtui.core.actions import Action
    from wedtui.ledger.reader import LedgerReader

app = typer.Typer(no_args_is_help=True, help="Emergency actions: which there are, how they stand, and their end.")

NUMBER = Annotated[int, typer.Argument(metavar="ID", min=1, help="Its number, as `wedtui actions list` says it.")]


@app.command("run", epilog=CODES)
def run_command(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Which action, that has no command of its own.")],
    subject: Annotated[str, typer.Argument(metavar="ON", help="On what it is done.")],
    reason: REASON,
    confirm: CONFIRM = None,
    wait: WAIT = True,
) -> None:
    """Do what is registered and has no command of its own: shows the plan, has the name typed, follows the steps."""
    from wedtui.cli.carrying_out import Given, Wish, follow, goes_on, only_planned
    from wedtui.cli.carrying_out import confirm as confirmed
    from wedtui.cli.typing_in import attended
    from wedtui.core.emergency import EMERGENCIES, Way

    others = EMERGENCIES.of(Way.STEPS)
    if kind not in others:
        which = f"one of {', '.join(others)}" if others else "a command of its own: this version has no other action"
        raise ConfigurationError(f'expected {which}, got "{kind}"')
    session, why = session_of(context), said(reason)
    client, wish = client_of(session), Wish(kind, subject=subject)
    if confirm is None and not attended():
        raise typer.Exit(only_planned(session, client, wish))
    ended = confirmed(session, client, wish.ask(client, why), Given(confirm), lambda: wish.ask(client, why))
    if isinstance(ended, int):
        raise typer.Exit(ended)
    if wait:
        raise typer.Exit(follow(session, client, ended))
    goes_on(ended)
    raise typer.Exit(5)


@app.command("list")
def list_command(
    context: typer.Context,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that have not ended.")] = False,
    as_json: AS_JSON = False,
) -> None:
    """List the newest actions, newest first."""
    from wedtui.cli.action_words import action_row

    session = session_of(context)
    found = _known(
        session,
        lambda client: client.actions(open_only=open_only),
        lambda ledger: ledger.actions(open_only=open_only),
        as_json=as_json,
    )
    if as_json:
        print_json([action_json(action) for action in found])
        return
    for action in found:
        typer.echo(action_row(action, session.clock.now()))
    if not found:
        typer.echo("no action is open" if open_only else "nobody has asked for any action")


@app.command("show", epilog=CODES.replace("Exit codes:", "Exit codes with --follow; without it 0:"))
def show_command(
    context: typer.Context,
    number: NUMBER,
    as_json: AS_JSON = False,
    follow: Annotated[bool, typer.Option("--follow", help="Follow its steps to their end.")] = False,
) -> None:
    """Say an action in full: its plan, its steps with durations, and how it ended."""
    from wedtui.cli.action_words import action_lines

    if as_json and follow:
        raise typer.BadParameter("it follows in words, and JSON is printed once", param_hint="--follow")
    session = session_of(context)
    if follow:
        from wedtui.cli.carrying_out import follow as follow_action

        client = client_of(session)
        raise typer.Exit(follow_action(session, client, client.action(number)))
    [action] = _known(
        session, lambda client: [client.action(number)], lambda ledger: (ledger.action(number),), as_json=as_json
    )
    if as_json:
        print_json(action_json(action))
    else:
        for line in action_lines(action, session.clock.now(), drill=session.demo):
            typer.echo(line)


def _known(
    session: Session,
    ask: Callable[[ControlClient], list[ActionIs]],
    read: Callable[[LedgerReader], tuple[Action, ...]],
    *,
    as_json: bool,
) -> list[ActionIs]:
    """Ask the service; where it does not say, read the ledger where that is open to this user, and say so.

    What is under way is asked most where something is wrong.

    Raises:
        ServiceError: it does not answer, and the ledger cannot be read either.
        NotServedError: it answers and does not say, and the ledger cannot be read either.
        NotFoundError: there is no such action.
    """
    from wedtui.control.action_answers import action_is
    from wedtui.errors import NotServedError, ServiceError, StoreError
    from wedtui.ledger.reader import LedgerReader

    silence: ServiceError | NotServedError
    try:
        return ask(client_of(session))
    except (ServiceError, NotServedError) as error:
        silence = error
    reader = LedgerReader(session.ledger_url)
    try:
        found = [action_is(each) for each in read(reader)]
    except StoreError as error:
        raise type(silence)(f"{silence}; and its ledger cannot be read instead: {error}") from None
    finally:
        reader.close()
    at = f"{session.clock.now().astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    stands = "" if isinstance(silence, NotServedError) else "; no step is begun meanwhile"
    typer.echo(f"{silence}: this is what its ledger says, read {at}{stands}", err=as_json)
    return found


@app.command("confirm", epilog=CODES)
def confirm_command(context: typer.Context, number: NUMBER, confirm: CONFIRM = None, wait: WAIT = True) -> None:
    """Confirm what the service proposes: shows its plan, has the name typed, and follows the steps."""
    from wedtui.cli.carrying_out import Given, goes_on
    from wedtui.cli.carrying_out import confirm as confirm_action
    from wedtui.cli.carrying_out import follow as follow_action

    session = session_of(context)
    client = client_of(session)
    ended = confirm_action(session, client, client.action(number), Given(confirm), lambda: client.action(number))
    if isinstance(ended, int):
        raise typer.Exit(ended)
    if wait:
        raise typer.Exit(follow_action(session, client, ended))
    goes_on(ended)
    raise typer.Exit(5)


@app.command("cancel")
def cancel_command(context: typer.Context, number: NUMBER) -> None:
    """End what was not begun; of what was, no further step is begun, and what was done stays to be looked at."""
    session = session_of(context)
    _say_state(session, client_of(session).cancel(number))


@app.command("approve")
def approve_command(context: typer.Context, number: NUMBER, confirm: CONFIRM = None) -> None:
    """Be the second person: see the plan that another awaits to confirm, and type its name."""
    from wedtui.cli.action_words import action_lines
    from wedtui.cli.typing_in import attended, typed

    session = session_of(context)
    client = client_of(session)
    action = client.action(number)
    for line in action_lines(action, session.clock.now(), drill=session.demo):
        typer.echo(line)
    if confirm is None and attended():
        confirm = action.target if typed(action.target) else ""
    if not confirm:
        typer.echo("NOT APPROVED: its name was not typed, and no --confirm NAME was given")
        raise typer.Exit(3)
    _say_state(session, client.approve(number, digest=action.digest, typed=confirm))


@app.command("review")
def review_command(
    context: typer.Context,
    number: NUMBER,
    sentence: Annotated[str, typer.Option("--sentence", metavar="S", help="What was found; it stays on record.")],
) -> None:
    """Review what another did without the second person who is demanded; until then it is shown to everybody."""
    words = said(sentence, "--sentence")
    session = session_of(context)
    _say_state(session, client_of(session).review(number, sentence=words))


@app.command("settle")
def settle_command(
    context: typer.Context,
    number: NUMBER,
    sentence: Annotated[str, typer.Option("--sentence", metavar="S", help="How it stands; it stays on record.")],
) -> None:
    """End what was handed over, by the word of a person who looked."""
    words = said(sentence, "--sentence")
    session = session_of(context)
    _say_state(session, client_of(session).settle(number, sentence=words))


def _say_state(session: Session, action: ActionIs) -> None:
    from wedtui.cli.action_words import outcome_lines, state_words

    typer.echo(f"action {action.id}: {action.kind} {action.target}, {state_words(action)}")
    for line in outcome_lines(action, session.clock.now()):
        typer.echo(line)


def action_json(action: ActionIs) -> dict[str, Any]:
    """Return an action for a program: the fields of `ActionIs` and its times, instants in UTC to the millisecond."""
    from wedtui.cli.action_words import times_of

    found = plain_json(asdict(action))
    assert isinstance(found, dict)
    times = times_of(action)
    after, until = times.accepted_after, times.until
    found["accepted_after_s"] = None if after is None else round(after.total_seconds(), 3)
    found["customers_move_until"] = plain_json(until)
    seen = times.seen_after
    found["customers_moved_at"] = plain_json(times.seen_at)
    found["customers_moved_after_s"] = None if seen is None else round(seen.total_seconds(), 3)
    return found


def plain_json(value: object) -> Any:
    """Return plain data as JSON has it, instants in UTC to the millisecond."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dict):
        return {name: plain_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain_json(each) for each in value]
    return value
