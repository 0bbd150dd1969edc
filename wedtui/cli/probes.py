"""`wedtui probes`: what is probed, and one round of one probe."""

from __future__ import annotations

from typing import Annotated

import typer

from wedtui.cli.common import print_json, session_of
from wedtui.cli.status import read_picture

app = typer.Typer(no_args_is_help=True, help="HTTP probes.")
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List the configured probes with the newest result of each and its age."""
    from wedtui.cli.render import picture_json
    from wedtui.config_values import format_duration
    from wedtui.core.redact import redacted_url

    session = session_of(context)
    newest = {p["name"]: p for provider in picture_json(read_picture(session))["providers"] for p in provider["probes"]}
    rows = []
    for section in session.loaded.configuration.probes:
        seen = newest.get(section.name, {})
        rows.append(
            {
                "name": section.name,
                "provider": section.provider,
                "url": redacted_url(section.url),
                "interval": format_duration(section.interval) if section.interval else "by protection level",
                "passed": seen.get("passed"),
                "failure": seen.get("failure"),
                "latency_ms": seen.get("latency_ms"),
                "age_s": seen.get("age_s"),
            }
        )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        result = {True: "passed", False: f"FAILED ({row['failure']})", None: "never asked"}[row["passed"]]
        age = "" if row["age_s"] is None else f", {row['age_s']:g} s ago"
        typer.echo(f"{row['name']}  {row['provider']}  {row['url']}  every {row['interval']}  {result}{age}")
    if not rows:
        typer.echo("no probes are configured")


@app.command("test")
def test_command(
    context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME")], as_json: AS_JSON = False
) -> None:
    """Ask one probe once, now. Exit code: 0 it passed, 1 it failed."""
    from wedtui.cli.once import ask_once, say
    from wedtui.providers.registry import build_probe

    session = session_of(context)
    observations = ask_once(lambda: build_probe(session.loaded.configuration, name, session.clock))
    raise typer.Exit(say(observations, as_json=as_json))
