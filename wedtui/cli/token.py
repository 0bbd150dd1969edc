"""`wedtui token`: tokens by which pipelines ask from other machines. A secret is printed once, and kept nowhere."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.actions import plain_json
from wedtui.cli.asking import client_of
from wedtui.cli.common import print_json, session_of
from wedtui.cli.failover import AS_JSON, REASON, said
from wedtui.cli.saying import say
from wedtui.core.tokens import Scope
from wedtui.core.wording import utc_words
from wedtui.errors import ConfigurationError

if TYPE_CHECKING:
    from wedtui.control.token_answers import TokenIs
    from wedtui.control.token_client import Secret, TokenClient

app = typer.Typer(no_args_is_help=True, help="Tokens by which pipelines ask the service from other machines.")

NUMBER = Annotated[int, typer.Argument(metavar="ID", min=1, help="Its number, as `wedtui token list` says it.")]
LASTS = Annotated[str, typer.Option("--for", metavar="DURATION", help="How long it counts, at most 366d.")]


@app.command("create")
def create_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Under which it goes on record.")],
    scope: Annotated[
        list[Scope],
        typer.Option("--scope", help="What it is good for: gate asks, read also looks, submit does both and submits."),
    ],
    lasts: LASTS = "90d",
    service: Annotated[
        list[str] | None, typer.Option("--service", metavar="S", help="Only for this one; may be given several times.")
    ] = None,
    environment: Annotated[
        list[str] | None, typer.Option("--environment", metavar="E", help="Only in this one; likewise.")
    ] = None,
    as_json: AS_JSON = False,
) -> None:
    """Make a token. Its secret is the only line on standard output, and is shown this once."""
    made = _client(context).make(
        name, list(dict.fromkeys(scope)), _span("--for", lasts), services=service or [], environments=environment or []
    )
    _show(made, as_json=as_json)


@app.command("list")
def list_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List tokens: what each is good for, until when, who made it, and when it was used last."""
    tokens = _client(context).tokens()
    if as_json:
        print_json(plain_json([asdict(each) for each in tokens]))
        return
    for each in tokens:
        say(_line(each), indent="  ")
    if not tokens:
        typer.echo("there is no token: `wedtui token create` makes one")


@app.command("revoke")
def revoke_command(context: typer.Context, number: NUMBER, reason: REASON, as_json: AS_JSON = False) -> None:
    """End a token at once, with each of its secrets."""
    token = _client(context).revoke(number, said(reason))
    if as_json:
        print_json(plain_json(asdict(token)))
        return
    say(_line(token), indent="  ")


@app.command("rotate")
def rotate_command(
    context: typer.Context,
    number: NUMBER,
    overlap: Annotated[
        str, typer.Option("--overlap", metavar="DURATION", help="So long the secret before counts too, at most 7d.")
    ] = "24h",
    at_once: Annotated[bool, typer.Option("--at-once", help="The secret before ends at once.")] = False,
    lasts: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="When it ends, from now on; else as before.")
    ] = None,
    as_json: AS_JSON = False,
) -> None:
    """Give a token another secret, the only line on standard output. The one before counts for a while, unless told.

    The one before that ends in any case.
    """
    spans = timedelta() if at_once else _span("--overlap", overlap), None if lasts is None else _span("--for", lasts)
    _show(_client(context).rotate(number, *spans), as_json=as_json)


def _client(context: typer.Context) -> TokenClient:
    from wedtui.control.token_client import TokenClient

    return TokenClient(client_of(session_of(context)))


def _span(option: str, text: str) -> timedelta:
    from wedtui.config_values import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from None


def _show(made: Secret, *, as_json: bool) -> None:
    if as_json:
        print_json(plain_json({**asdict(made.token), "secret": made.secret}))
        return
    say(_line(made.token), err=True, indent="  ")
    say("its secret is shown this once, and kept nowhere: put it where the pipeline keeps its secrets", err=True)
    typer.echo(made.secret)


def _line(token: TokenIs) -> str:
    scopes = ", ".join(token.scopes)
    where = [
        f"{what} {', '.join(names)}" for what, names in (("of", token.services), ("in", token.environments)) if names
    ]
    used = "never used" if token.last_used_at is None else f"last used {utc_words(token.last_used_at)}"
    parts = [
        f"{token.id} {token.name}: {' '.join([scopes, *where])}",
        _until(token),
        f"made by {token.made_by} {utc_words(token.made_at)}",
        used,
    ]
    if token.former_until is not None:
        parts.append(f"the secret before counts until {utc_words(token.former_until)}")
    return "; ".join(parts)


def _until(token: TokenIs) -> str:
    if token.revoked_at is not None:
        return f"REVOKED {utc_words(token.revoked_at)} by {token.revoked_by}: {token.revoke_reason}"
    return f"{'until' if token.counts else 'ENDED'} {utc_words(token.expires_at)}"
