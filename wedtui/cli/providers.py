"""`wedtui providers`: who is watched, and one round of everything that is known of one."""

from __future__ import annotations

from typing import Annotated

import typer

from wedtui.cli import provider_api
from wedtui.cli.common import print_json, session_of
from wedtui.cli.status import read_picture

app = typer.Typer(no_args_is_help=True, help="Providers.")
provider_api.register(app)
AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_command(context: typer.Context, as_json: AS_JSON = False) -> None:
    """List the configured providers with their state, score and the age of what it rests on."""
    from wedtui.cli.render import picture_json
    from wedtui.core.live_share import Share, share_of
    from wedtui.core.state import State, glyph

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
            }
        )
    if as_json:
        print_json(rows)
        return
    shares = {p.name: share_of(picture.traffic, p.evidence, picture.at) for p in picture.providers}
    for row in rows:
        score = "no score" if row["score"] is None else f"score {row['score']:g}"
        age = "never measured" if row["age_s"] is None else f"{row['age_s']:g} s old"
        sign = glyph(State(row["state"]))
        share = shares.get(row["name"], Share(row["weight"])).words(picture.at)
        typer.echo(f"{sign} {row['name']}  {row['kind']}  {share}  {row['state']}  {score}  {age}")
    if not rows:
        typer.echo("no providers are configured")


@app.command("test")
def test_command(
    context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME")], as_json: AS_JSON = False
) -> None:
    """Ask every probe and query of one provider once, now. Exit code: 0 all gave what was asked, 1 not all.

    What costs money is not asked: what was read of it last is shown.
    """
    from wedtui.cli.costs import cost_json, cost_lines, known_costs
    from wedtui.cli.once import ask_once, say
    from wedtui.providers.registry import build_provider

    session = session_of(context)
    observations = ask_once(lambda: build_provider(session.loaded.configuration, name, session.clock))
    if not observations and not as_json:
        typer.echo(f"nothing watches {name}: it has no probe and no query")
    costs, now = known_costs(session, name), session.clock.now()
    code = say(observations, as_json=as_json, more=[cost_json(each, now) for each in costs])
    if not as_json:
        for line in cost_lines(costs, now):
            typer.echo(f"note: {line}")
    raise typer.Exit(code)
