"""`wedtui oncall`: who has it, when, and where nobody does. No service has to run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wedtui.cli.common import Session, parse_instant, print_json, session_of
from wedtui.core.wording import counted, dated, listed, local_time, utc_words

if TYPE_CHECKING:
    from wedtui.core.oncall.plan import OnCallPlan
    from wedtui.core.oncall.roster import Roster
    from wedtui.core.oncall.shifts import Stretch
    from wedtui.core.oncall.standing import OnCallNow

app = typer.Typer(no_args_is_help=True, help="Who has it, and who is told next.")
SOMEBODY, HOLE = 0, 1
_AS_JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_ROSTER = Annotated[str | None, typer.Option("--roster", help="Ask about one roster; by default about all.")]


@app.command("now")
def now_command(context: typer.Context, roster: _ROSTER = None, as_json: _AS_JSON = False) -> None:
    """Say who has it. Exit code: 0 each roster names somebody, 1 one of them nobody, 2 the configuration."""
    session = session_of(context)
    _say(session, session.clock.now(), roster, as_json=as_json)


@app.command("who")
def who_command(
    context: typer.Context,
    at: Annotated[str, typer.Option("--at", metavar="T", help="An instant with its offset, now, or +2d.")],
    roster: _ROSTER = None,
    as_json: _AS_JSON = False,
) -> None:
    """Say who has it at an instant. Exit code: 0 each roster names somebody, 1 one of them nobody, 2 configuration."""
    session = session_of(context)
    _say(session, parse_instant(at, session.clock.now()), roster, as_json=as_json)


@app.command("check")
def check_command(
    context: typer.Context,
    shifts: Annotated[int, typer.Option("--shifts", min=1, max=200, help="How many shifts of each roster.")] = 10,
    roster: _ROSTER = None,
    as_json: _AS_JSON = False,
) -> None:
    """List the next shifts, holes and overlaps, and what each ladder does.

    Exit code: 0 somebody has each, 1 a hole or a roster that cannot be read whole, 2 the configuration.
    """
    from wedtui.core.oncall.shifts import roster_problems

    session = session_of(context)
    now = session.clock.now()
    plan = _plan(session, now)
    chosen = _chosen(plan, roster)
    listed_shifts = {each.name: _shifts(each, now, shifts) for each in chosen}
    if as_json:
        print_json(_check_json(plan, chosen, listed_shifts))
    else:
        for each in chosen:
            _print_roster(plan, each, listed_shifts[each.name], now)
        _print_ladders(plan)
    holes = any(stretch.is_hole for found in listed_shifts.values() for stretch in found)
    raise typer.Exit(HOLE if not chosen or holes or any(roster_problems(each) for each in chosen) else SOMEBODY)


def _plan(session: Session, at: datetime) -> OnCallPlan:
    from wedtui.providers.oncall import load_plan

    return load_plan(session.loaded, at)


def _chosen(plan: OnCallPlan, name: str | None) -> tuple[Roster, ...]:
    """Return the rosters that are asked about.

    Raises:
        ConfigurationError: there is none of that name.
    """
    from wedtui.core.wording import choice_words
    from wedtui.errors import ConfigurationError

    if name is None:
        return plan.rosters
    found = plan.roster(name)
    if found is None:
        raise ConfigurationError(f'there is no roster "{name}": {choice_words(each.name for each in plan.rosters)}')
    return (found,)


def _say(session: Session, at: datetime, name: str | None, *, as_json: bool) -> None:
    from wedtui.core.oncall.standing import roster_now

    plan = _plan(session, at)
    found = tuple(roster_now(plan, each, at) for each in _chosen(plan, name))
    if as_json:
        print_json({"at": _iso(at), "rosters": [_now_json(plan, each) for each in found]})
    else:
        for each in found:
            typer.echo(_sentence(plan, each))
        if not found:
            typer.echo(f"nobody: no roster is configured, so {plan.instead_words} (docs/oncall.md)")
    raise typer.Exit(HOLE if not found or any(each.is_hole for each in found) else SOMEBODY)


def _sentence(plan: OnCallPlan, now: OnCallNow) -> str:
    """Say of a roster who has it, until when by whose clock, who is next, and what is wrong."""
    parts = [f"{now.roster}: {now.words}"]
    if now.overridden:
        parts[0] += " (standing in)"
    if now.until is not None:
        following = listed(now.next_contacts) if now.next_contacts else "nobody"
        parts.append(f"until {local_time(now.until, _zone(plan, now.contacts), now.at)}, then {following}")
    return "; ".join(filter(None, (" ".join(parts), now.problem)))


def _zone(plan: OnCallPlan, names: Iterable[str]) -> str:
    """Return the zone by whose clock a shift is said: of whoever has it."""
    first = next((found for name in names if (found := plan.contact(name)) is not None), None)
    return first.zone if first is not None else "UTC"


def _now_json(plan: OnCallPlan, now: OnCallNow) -> dict[str, Any]:
    from wedtui.core.oncall.ladder import Kind, Target

    reached = plan.reach(Target(Kind.ROSTER, now.roster), now.at)
    return {
        "roster": now.roster,
        "contacts": list(now.contacts),
        "until": None if now.until is None else _iso(now.until),
        "next": list(now.next_contacts),
        "standing_in": now.overridden,
        "told": list(now.told),
        "channels": list(reached.channels),
        "problem": now.problem or None,
    }


def _shifts(roster: Roster, now: datetime, most: int) -> tuple[Stretch, ...]:
    """Return the next shifts of a roster, the one that runs included; within 400 days."""
    from wedtui.core.freeze_windows import shifted
    from wedtui.core.oncall.shifts import AHEAD, stretches

    days = 14
    while True:
        reach = min(timedelta(days=days), AHEAD)
        found = stretches(roster, now, shifted(now, reach))
        # The last one may go on beyond where it was looked.
        if len(found) > most or reach >= AHEAD:
            return found[:most]
        days *= 4


def _print_roster(plan: OnCallPlan, roster: Roster, found: Iterable[Stretch], now: datetime) -> None:
    from wedtui.core.oncall.shifts import roster_problems

    typer.echo(f"{roster.name}:")
    for problem in roster_problems(roster):
        typer.echo(f"  problem: {problem}")
    for stretch in found:
        zone = _zone(plan, stretch.contacts)
        when = f"{dated(stretch.start, zone, now)} to {dated(stretch.end, zone, now)} {zone}"
        who = listed(stretch.contacts) if stretch.contacts else "NOBODY"
        mark = "  (at the same time)" if stretch.is_overlap else "  (standing in)" if stretch.overridden else ""
        typer.echo(f"  {when}  {who}{mark}")


def _print_ladders(plan: OnCallPlan) -> None:
    from wedtui.config_values import format_duration

    for ladder in plan.every_ladder:
        steps = ", ".join(
            f"{format_duration(step.after) if step.after else 'at once'} {step.target.words}" for step in ladder.steps
        )
        own = "" if ladder in plan.ladders else " (default)"
        typer.echo(f"ladder {ladder.name}{own}, {_for(ladder.severities)} at {_for(ladder.levels)}: {steps}")
    typer.echo(f"{counted(len(plan.rosters), 'roster')}, {counted(len(plan.contacts), 'contact')}")


def _for(values: Iterable[str]) -> str:
    return listed(tuple(sorted(str(each) for each in values)))


def _check_json(plan: OnCallPlan, chosen: Iterable[Roster], found: dict[str, tuple[Stretch, ...]]) -> dict[str, Any]:
    from wedtui.core.oncall.shifts import roster_problems

    return {
        "rosters": [
            {
                "roster": each.name,
                "problems": list(roster_problems(each)),
                "shifts": [
                    {
                        "start": _iso(stretch.start),
                        "end": _iso(stretch.end),
                        "contacts": list(stretch.contacts),
                        "standing_in": stretch.overridden,
                    }
                    for stretch in found[each.name]
                ],
            }
            for each in chosen
        ],
        "ladders": [
            {
                "name": ladder.name,
                "default": ladder not in plan.ladders,
                "severity": sorted(ladder.severities),
                "protection": sorted(ladder.levels),
                "steps": [{"after_s": step.after.total_seconds(), "tells": step.target.words} for step in ladder.steps],
            }
            for ladder in plan.every_ladder
        ],
    }


def _iso(at: datetime) -> str:
    return f"{utc_words(at)[:10]}T{utc_words(at)[11:19]}Z"
