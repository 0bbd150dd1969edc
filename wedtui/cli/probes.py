"""`wedtui probes`: what is probed, and one round of one probe."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.common import print_json, session_of
from wedtui.cli.status import read_picture
from wedtui.core.evidence import Freshness

if TYPE_CHECKING:
    from wedtui.config import Configuration
    from wedtui.core.picture import Picture

app = typer.Typer(no_args_is_help=True, help="HTTP probes.")
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List the configured probes with the newest result of each, from each vantage, and its age."""
    session = session_of(context)
    rows = _rows(session.loaded.configuration, read_picture(session))
    if as_json:
        print_json(rows)
        return
    for row in rows:
        name = f"{row['name']} from {row['vantage']}" if row["vantage"] else row["name"]
        typer.echo(f"{name}  {row['provider']}  {row['url']}  every {row['interval']}  {_result(row)}")
    if not rows:
        typer.echo("no probes are configured")


def _rows(configuration: Configuration, picture: Picture) -> list[dict[str, Any]]:
    """Return a row for each configured probe, or for each vantage that asks it where there are several."""
    from wedtui.cli.render import probe_json
    from wedtui.config_values import format_duration
    from wedtui.core.evidence import ProbeEvidence
    from wedtui.core.redact import redacted_url

    seen: dict[str, list[ProbeEvidence]] = {}
    for probe in (p for provider in picture.providers for p in provider.evidence.probes):
        seen.setdefault(probe.name, []).append(probe)
    rows = []
    for section in configuration.probes:
        about = {
            "provider": section.provider,
            "url": redacted_url(section.url),
            "interval": format_duration(section.interval) if section.interval else "by protection level",
        }
        never = [ProbeEvidence(section.name, timedelta())]
        rows += [{**probe_json(each, picture.at), **about} for each in seen.get(section.name, never)]
    return rows


def _result(row: dict[str, Any]) -> str:
    """Say how the newest round ended, and how long ago; of one that says nothing of now only that it was the last."""
    ahead = row["clock_ahead_s"]
    wrong = "" if ahead is None else f"not believed, its clock is wrong by {abs(ahead):.1f} s"
    if row["passed"] is None:
        return wrong or "never asked"
    doubt = "" if row["freshness"] == Freshness.FRESH else f"UNKNOWN, {wrong or row['freshness']}: last "
    word = "passed" if row["passed"] else f"FAILED ({row['failure']})"
    return f"{doubt}{word}, {row['age_s']:g} s ago"


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
