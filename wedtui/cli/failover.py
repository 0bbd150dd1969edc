"""`wedtui failover` and `wedtui failback`: plan a change of shares, and carry it out once its name was typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, TypeVar

import typer

from wedtui.cli.carrying_out import Wish
from wedtui.cli.common import Session, print_json, session_of
from wedtui.errors import ConfigurationError, ServiceError

CODES = """\b
Exit codes:
  0  verified: in sync, answers compared, and watched
  1  refused, and nothing was done
  3  not confirmed, and nothing was done
  4  the plan changed or expired before it was confirmed, and nothing was done
  5  it goes on, and nobody watches it here (Ctrl-C, --no-wait)
  6  handed over: a person has to look, or has looked and settled it
  7  failed, and nothing that it did is left
  8  undone: the shares are those from before
  9  cancelled or expired before anything was done
 14  the service cannot be asked: the commands by hand are printed, not run
 18  the confirmation was refused: another action is changing the traffic
 20  whoever asks may not do that
 22  superseded: made, and a later failover began before it was seen whether it helped
"""
FROM = Annotated[str, typer.Option("--from", metavar="P", help="The provider that loses its traffic.")]
REGION = Annotated[str | None, typer.Option("--region", metavar="R", help="Only this region of it.")]
OVERLOAD = Annotated[
    bool, typer.Option("--accept-overload", help="Take shares over the caps knowingly, where there is no room.")
]
REASON = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; everybody will read it.")]
CONFIRM = Annotated[
    str | None,
    typer.Option("--confirm", metavar="NAME", help="Confirm without a terminal: the name that would be typed."),
]
BACK_CONFIRM = Annotated[
    str | None,
    typer.Option(
        "--confirm", metavar="failback", help="Confirm without a terminal: the word that would be typed, failback."
    ),
]
BREAK_GLASS = Annotated[
    str | None,
    typer.Option(
        "--break-glass", metavar="WHY", help="Act without the second person who is demanded; everybody is told why."
    ),
]
WAIT = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow its steps to their end, or not.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
VOUCH = Annotated[
    list[str] | None,
    typer.Option("--vouch", metavar="P", help="A provider of which nothing is known, and that you say is well."),
]
TO = Annotated[
    str,
    typer.Option("--to", metavar="SHARES", help="configured: those of the configuration; before: before the failover."),
]

app = typer.Typer(no_args_is_help=True, help="Take traffic away from a provider: plan it, or do it.")
back_app = typer.Typer(no_args_is_help=True, help="Bring traffic back: plan it, or do it.")

_Found = TypeVar("_Found")


@app.command("plan")
def plan_command(
    context: typer.Context,
    lost: FROM,
    region: REGION = None,
    accept_overload: OVERLOAD = False,
    as_json: AS_JSON = False,
) -> None:
    """Say what a failover would do, and whether it may be done; nothing is done.

    Exit code: 0 where it may be submitted, 1 where it is refused, 14 where the service cannot be asked.
    """
    _plan(session_of(context), _leaving(lost, region, accept_overload), as_json=as_json)


@app.command("run", epilog=CODES)
def run_command(
    context: typer.Context,
    lost: FROM,
    reason: REASON,
    region: REGION = None,
    confirm: CONFIRM = None,
    accept_overload: OVERLOAD = False,
    wait: WAIT = True,
    break_glass: BREAK_GLASS = None,
) -> None:
    """Fail over: shows the plan, has the name typed, and follows the steps. Ctrl-C then stops the watching alone."""
    wish = replace(_leaving(lost, region, accept_overload), break_glass=_why_alone(break_glass))
    _run(session_of(context), wish, reason, confirm, wait=wait)


@app.command("emergency", epilog=CODES)
def emergency_command(
    context: typer.Context,
    lost: FROM,
    reason: REASON,
    region: REGION = None,
    confirm: CONFIRM = None,
    accept_overload: OVERLOAD = False,
    vouch: VOUCH = None,
    wait: WAIT = True,
) -> None:
    """Fail over while the ledger cannot be reached, and only then; it is put on record once it can be.

    The service writes what is intended to a file of its own machine first. Where the cache cannot be read either,
    nothing is known of health: say with --vouch who is well, and with --accept-overload that room is not known.
    """
    from wedtui.control.client import Aside

    typer.echo("EMERGENCY: without the ledger. It is written to a file of the service first, and put on record after.")
    wish = replace(_leaving(lost, region, accept_overload), aside=Aside(tuple(vouch or ())))
    _run(session_of(context), wish, reason, confirm, wait=wait)


@back_app.command("plan")
def back_plan_command(context: typer.Context, to: TO = "configured", as_json: AS_JSON = False) -> None:
    """Say what a failback would do, and whether it may be done; nothing is done.

    Exit code: 0 where it may be submitted, 1 where it is refused, 14 where the service cannot be asked.
    """
    _plan(session_of(context), _coming_back(to), as_json=as_json)


@back_app.command("run", epilog=CODES)
def back_run_command(
    context: typer.Context,
    reason: REASON,
    to: TO = "configured",
    confirm: BACK_CONFIRM = None,
    wait: WAIT = True,
    break_glass: BREAK_GLASS = None,
) -> None:
    """Fail back: shows the plan, has the word failback typed, and follows the steps.

    Ctrl-C then stops the watching alone.
    """
    wish = replace(_coming_back(to), break_glass=_why_alone(break_glass))
    _run(session_of(context), wish, reason, confirm, wait=wait)


def _leaving(lost: str, region: str | None, accept_overload: bool) -> Wish:
    """Return a failover.

    Raises:
        ConfigurationError: what is lost cannot be a place.
    """
    for option, value in (("--from", lost), ("--region", region)):
        if value is not None and (not value.strip() or not value.isprintable() or value != value.strip()):
            raise ConfigurationError(f'{option}: expected a name, got "{value}"')
    if "/" in lost:
        raise ConfigurationError(f'--from: expected a provider alone, got "{lost}": name its region with --region')
    return Wish("failover", (lost if region is None else f"{lost}/{region}",), accept_overload)


def _coming_back(to: str) -> Wish:
    if to not in {"configured", "before"}:
        raise ConfigurationError(f'--to: expected configured or before, got "{to}"')
    return Wish("failback", to=to)


def said(reason: str, option: str = "--reason") -> str:
    """Return a reason on one line.

    Raises:
        ConfigurationError: it says nothing.
    """
    from wedtui.core.text import single_line

    why = single_line(reason)
    if not why:
        raise ConfigurationError(f"{option}: expected words that say something: everybody will read them")
    return why


def _why_alone(reason: str | None) -> str | None:
    return None if reason is None else said(reason, "--break-glass")


def _plan(session: Session, wish: Wish, *, as_json: bool) -> None:
    from wedtui.cli.asking import client_of
    from wedtui.core.plan_lines import plan_lines

    found = _or_by_hand(session, wish, lambda: wish.plan(client_of(session)), as_json=as_json)
    if as_json:
        print_json(asdict(found))
    else:
        for line in plan_lines(found.plan, session.clock.now(), refused=found.refused, drill=session.demo):
            typer.echo(line)
    if found.refused:
        raise typer.Exit(1)


def _run(session: Session, wish: Wish, reason: str, given: str | None, *, wait: bool) -> None:
    from wedtui.cli.asking import client_of
    from wedtui.cli.carrying_out import Given, confirm, follow, goes_on, only_planned
    from wedtui.cli.typing_in import attended

    why = said(reason)
    client = _or_by_hand(session, wish, lambda: client_of(session))
    if given is None and not attended():
        raise typer.Exit(_or_by_hand(session, wish, lambda: only_planned(session, client, wish)))
    action = _or_by_hand(session, wish, lambda: wish.ask(client, why))
    ended = confirm(session, client, action, Given(given, wish.break_glass), lambda: wish.ask(client, why))
    if isinstance(ended, int):
        raise typer.Exit(ended)
    if wait:
        raise typer.Exit(follow(session, client, ended))
    goes_on(ended)
    raise typer.Exit(5)


def _or_by_hand(session: Session, wish: Wish, work: Callable[[], _Found], *, as_json: bool = False) -> _Found:
    """Ask the service; where it cannot be asked, print what a person runs by hand.

    Raises:
        ServiceError: it cannot be asked; nothing was confirmed, and nothing is done.
    """
    try:
        return work()
    except ServiceError as error:
        from wedtui.cli.by_hand import guide

        found = guide(session, wish.lost or None, before=wish.to == "before")
        if as_json:
            print_json({"error": str(error), "by_hand": found.json()})
        else:
            for line in found.lines():
                typer.echo(line)
        raise
