"""`wedtui providers`: who is watched, and one round of everything that is known of one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli import provider_api
from wedtui.cli.common import print_json, session_of
from wedtui.cli.status import read_picture

if TYPE_CHECKING:
    from wedtui.config import Configuration
    from wedtui.core.picture import Picture

app = typer.Typer(no_args_is_help=True, help="Providers.")
provider_api.register(app)
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List the configured providers with their state, score and the age of what it rests on."""
    from wedtui.cli.inventory_words import account_json
    from wedtui.cli.render import picture_json
    from wedtui.core.state import State

    session = session_of(context)
    picture = read_picture(session)
    judged = {p["name"]: p for p in picture_json(picture)["providers"]}
    rows = []
    for section in session.loaded.configuration.providers:
        seen = judged.get(section.name, {})
        rows.append(
            {
                "name": section.name,
                "kind": section.kind,
                "weight": section.weight,
                "traffic": seen.get("traffic"),
                "capacity": section.capacity,
                "state": seen.get("state", State.UNKNOWN.value),
                "score": seen.get("score"),
                "age_s": seen.get("age_s"),
                "identity": account_json(picture.inventory.account_of(section.name), picture.at),
            }
        )
    if as_json:
        print_json(rows)
        return
    if not rows:
        typer.echo("no providers are configured")
        return
    for line in _lines(session.loaded.configuration, picture):
        typer.echo(line)


def _lines(configuration: Configuration, picture: Picture) -> Iterator[str]:
    """Yield a heading, and a line for each configured provider."""
    from wedtui.cli.inventory_words import cells
    from wedtui.core.live_share import Share, share_of
    from wedtui.core.state import State, glyph
    from wedtui.core.wording import short_age

    sections = configuration.providers
    name = max(map(len, ("PROVIDER", *(section.name for section in sections))))
    widths = (10, name, 6, -6, -5)
    yield f"{cells(*zip(('STATE', 'PROVIDER', 'KIND', 'SCORE', 'AGE'), widths, strict=True))}  TRAFFIC"
    for section in sections:
        seen = picture.provider(section.name)
        state = seen.health.state if seen else State.UNKNOWN
        score = seen.score_words if seen else None
        old = short_age(seen.health.measured_at if seen else None, picture.at)
        share = share_of(picture.traffic, seen.evidence, picture.at) if seen else Share(section.weight)
        row = (f"{glyph(state)} {state}", section.name, section.kind, score or "-", old)
        yield f"{cells(*zip(row, widths, strict=True))}  {share.words(picture.at)}"


@app.command("test")
def test_command(
    context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME")], as_json: AS_JSON = False
) -> None:
    """Ask every probe and query of one provider once, now. Exit code: 0 all gave what was asked, 1 not all.

    What costs money is not asked: what was read of it last is shown.
    """
    from wedtui.cli.costs import cost_json, cost_lines, known_costs, resource_cost_lines
    from wedtui.cli.once import ask_once, say
    from wedtui.providers.registry import build_provider

    session = session_of(context)
    observations = ask_once(lambda: build_provider(session.loaded.configuration, name, session.clock))
    if not observations and not as_json:
        typer.echo(f"nothing watches {name}: it has no probe and no query")
    costs, now = known_costs(session, name), session.clock.now()
    code = say(observations, as_json=as_json, more=[cost_json(each, now) for each in costs])
    if not as_json:
        for line in (*cost_lines(costs, now), *(words for words, _well in resource_cost_lines(session, name))):
            typer.echo(f"note: {line}")
    raise typer.Exit(code)
