"""`wedtui deploy`: what is to be released, what each release waits for, and how it went."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.actions import plain_json
from wedtui.cli.asking import client_of
from wedtui.cli.common import print_json, session_of
from wedtui.cli.failover import AS_JSON, REASON, said
from wedtui.cli.release_words import history_lines, line_of, release_lines, table_lines
from wedtui.cli.remote import URL, remote_client
from wedtui.cli.saying import say
from wedtui.errors import ConfigurationError, NotServedError, ServiceError

if TYPE_CHECKING:
    from wedtui.control.release_answers import ReleaseIs
    from wedtui.control.release_client import ReleaseClient

app = typer.Typer(no_args_is_help=True, help="Releases: submit them, approve them, and see what each waits for.")

NUMBER = Annotated[int, typer.Argument(metavar="ID", min=1, help="Its number, as `wedtui deploy list` says it.")]
SERVICE = Annotated[str, typer.Option("--service", metavar="S", help="The service that is to be released.")]
VERSION = Annotated[str, typer.Option("--version", metavar="V", help="A tag, a digest, or an image with either.")]
ENVIRONMENT = Annotated[str | None, typer.Option("--environment", metavar="E", help="By default the service's own.")]
WAIT = Annotated[bool, typer.Option("--wait", help="Follow it to its end; the exit code says how that was.")]

LOOKS_EVERY_S = 1.0
SILENT_AT_MOST_S = 60.0
"""So long a service that does not answer is asked again by whoever waits."""
GOES_ON = 5
ENDS = {"succeeded": 0, "failed": 7, "blocked": 6, "rolled back": 8, "cancelled": 9}
"""How it ended -> the exit code, those of actions; one that failed and stays so needs a person."""
CODES = (
    "Exit code: 0 it succeeded; 5 the service could not be asked for a minute, and it goes on; 6 it is blocked: a "
    "person has to look; 7 it failed; 8 it was rolled back; 9 it was cancelled."
)


@app.command("submit", epilog=CODES)
def submit_command(
    context: typer.Context,
    service: SERVICE,
    version: VERSION,
    environment: ENVIRONMENT = None,
    template: Annotated[str | None, typer.Option("--template", metavar="T", help="How it is done.")] = None,
    priority: Annotated[int, typer.Option("--priority", min=0, max=9, help="0 to 9: the higher goes first.")] = 5,
    after: Annotated[list[int] | None, typer.Option("--after", metavar="ID", help="Once that one succeeded.")] = None,
    soak: Annotated[str | None, typer.Option("--soak", metavar="DURATION", help="Watched longer than asked.")] = None,
    pipeline: Annotated[str | None, typer.Option("--pipeline", metavar="NAME", help="Where it comes from.")] = None,
    link: Annotated[str | None, typer.Option("--link", metavar="URL", help="The run of that pipeline.")] = None,
    links: Annotated[list[str] | None, typer.Option("--see", metavar="URL", help="What else there is to see.")] = None,
    wait: WAIT = False,
    url: URL = None,
    as_json: AS_JSON = False,
) -> None:
    """Put a release in the queue: it starts by itself once nothing stops it."""
    asked = {
        "service": service,
        "version": version,
        "environment": environment,
        "template": template,
        "priority": priority,
        "after": after or [],
        "soak_s": None if soak is None else int(_seconds(soak)),
        "pipeline": pipeline,
        "link": link,
        "links": links or [],
    }
    client = _client(context, url)
    made = client.submit({name: value for name, value in asked.items() if value is not None})
    known = client.one(made.id)
    if as_json and not wait:
        print_json(plain_json(asdict(known)))
        return
    say(line_of(known.release), err=as_json)
    if wait:
        raise typer.Exit(_follow(client, made.id, line_of(known.release), as_json=as_json))


@app.command("list")
def list_command(context: typer.Context, url: URL = None, as_json: AS_JSON = False) -> None:
    """List what waits and why, what is under way, and what ended within the last 24 h."""
    line = _client(context, url).line()
    if as_json:
        print_json(plain_json(asdict(line)))
        return
    for each in table_lines(line):
        typer.echo(each)


@app.command("show")
def show_command(context: typer.Context, number: NUMBER, url: URL = None, as_json: AS_JSON = False) -> None:
    """Say everything about one release: how it stands, what it waits for, who approved it, what became of it."""
    known = _client(context, url).one(number)
    if as_json:
        print_json(plain_json(asdict(known)))
        return
    for each in (*release_lines(known.release), *history_lines(known)):
        say(each, indent="  ")


@app.command("approve")
def approve_command(
    context: typer.Context,
    number: NUMBER,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="NAME", help="By default the one that is asked for now.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why, if there is something to say.")] = "",
    as_json: AS_JSON = False,
) -> None:
    """Give your word for a stage of a release that another person submitted."""
    client = _person(context)
    asked = stage or client.one(number).release.next_stage
    if asked is None:
        raise ConfigurationError(f"release {number} needs no approval: `wedtui deploy show {number}` says what it does")
    _moved(client, client.approve(number, asked, reason), as_json=as_json)


@app.command("hold")
def hold_command(context: typer.Context, number: NUMBER, reason: REASON, as_json: AS_JSON = False) -> None:
    """Have a release wait that has not started, until somebody lets it go on."""
    client = _person(context)
    _moved(client, client.hold(number, said(reason)), as_json=as_json)


@app.command("resume")
def resume_command(context: typer.Context, number: NUMBER, reason: REASON, as_json: AS_JSON = False) -> None:
    """Let a release go on that somebody holds."""
    client = _person(context)
    _moved(client, client.resume(number, said(reason)), as_json=as_json)


@app.command("cancel")
def cancel_command(context: typer.Context, number: NUMBER, reason: REASON, as_json: AS_JSON = False) -> None:
    """Take a release out of the queue that has not started."""
    client = _person(context)
    _moved(client, client.cancel(number, said(reason)), as_json=as_json)


@app.command("check")
def check_command(
    context: typer.Context,
    number: NUMBER,
    name: Annotated[str, typer.Argument(metavar="CHECK", help="Which of those that its template asks for.")],
    passed: Annotated[bool, typer.Option("--passed/--failed", help="How it ended.")],
    url: URL = None,
    as_json: AS_JSON = False,
) -> None:
    """Report how a check of a release ended: one that failed blocks it."""
    client = _client(context, url)
    _moved(client, client.check(number, name, passed=passed), as_json=as_json)


@app.command("wait", epilog=CODES)
def wait_command(context: typer.Context, number: NUMBER, url: URL = None, as_json: AS_JSON = False) -> None:
    """Follow a release to its end."""
    raise typer.Exit(_follow(_client(context, url), number, as_json=as_json))


@app.command("logs")
def logs_command(
    context: typer.Context,
    number: NUMBER,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until it is over.")] = False,
    url: URL = None,
    as_json: AS_JSON = False,
) -> None:
    """Print what was printed while a release was put in place, and taken back: the newest, as far as it is kept."""
    client = _client(context, url)
    shown = 0
    while True:
        found = client.log(number)
        if as_json and not follow:
            print_json(plain_json(asdict(found)))
            return
        lines = found.output.splitlines() + (["-- taken back:", *found.rollback.splitlines()] if found.rollback else [])
        for each in lines[shown:]:
            typer.echo(each)
        # What is kept is bounded: where its beginning is gone, all that is kept is new.
        shown = len(lines)
        if not follow or found.state in ENDS:
            break
        time.sleep(LOOKS_EVERY_S)
    if not found.known:
        say(found.sentence, err=True)


@app.command("stats")
def stats_command(
    context: typer.Context,
    service: Annotated[str | None, typer.Option("--service", metavar="S", help="Of this service alone.")] = None,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="Of this month of UTC alone.")] = None,
    as_json: AS_JSON = False,
) -> None:
    """Say how releasing went, per service and month: how often, how fast, what hurt and for how long, what was frozen.

    It is read from the ledger itself: no service has to run, and in shared mode only its own user may.
    """
    from wedtui.cli import release_stats

    months = release_stats.months_of(session_of(context), service, month)
    if as_json:
        print_json([release_stats.as_json(each) for each in months])
        return
    for line in release_stats.table_lines(months):
        typer.echo(line)


def _person(context: typer.Context) -> ReleaseClient:
    """Return who asks: approving, holding and cancelling is a person's, at the socket of the service's machine."""
    from wedtui.control.release_client import ReleaseClient

    return ReleaseClient(client_of(session_of(context)))


def _client(context: typer.Context, url: str | None) -> ReleaseClient:
    """Return who asks: at the socket of this machine, or on another one by a token."""
    from wedtui.control.release_client import ReleaseClient

    return ReleaseClient(remote_client(url) or client_of(session_of(context)))


def _seconds(text: str) -> float:
    from wedtui.config_values import parse_duration

    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise ConfigurationError(f"--soak: {error}") from None


def _moved(client: ReleaseClient, became: ReleaseIs, *, as_json: bool) -> None:
    known = client.one(became.id)
    if as_json:
        print_json(plain_json(asdict(known)))
        return
    say(line_of(known.release))


def _follow(client: ReleaseClient, number: int, before: str = "", *, as_json: bool) -> int:
    """Say each change of how a release stands until it is over; return the exit code of how that was.

    Args:
        client: asks.
        number: of the release.
        before: what was said of it last.
        as_json: whether only its end is printed, as JSON.
    """
    silent_since = None
    while True:
        try:
            known = client.one(number)
        except (ServiceError, NotServedError) as error:
            now = time.monotonic()
            silent_since = silent_since or now
            if now - silent_since > SILENT_AT_MOST_S:
                say(f"{error}: release {number} goes on", err=True)
                return GOES_ON
            time.sleep(LOOKS_EVERY_S)
            continue
        silent_since = None
        present = line_of(known.release)
        if present != before:
            say(present, err=as_json)
            sys.stdout.flush()
            before = present
        if known.release.state in ENDS:
            break
        time.sleep(LOOKS_EVERY_S)
    if as_json:
        print_json(plain_json(asdict(known)))
    return ENDS[known.release.state]
