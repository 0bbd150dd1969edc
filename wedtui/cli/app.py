"""The root of the command line; every noun is a module that registers itself here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from wedtui import __version__
from wedtui.cli import (
    actions,
    alerts,
    audit,
    automation,
    broadcast,
    changes,
    config,
    control,
    db,
    demo,
    deploy,
    doctor,
    failover,
    freeze,
    gate,
    metrics,
    notify,
    oncall,
    poll,
    probes,
    protection,
    providers,
    resources,
    rules,
    service,
    status,
    token,
    traffic,
    wall,
    weddings,
)
from wedtui.cli.common import Session
from wedtui.cli.demo_words import saying
from wedtui.cli.failure import guarded
from wedtui.clock import SystemClock
from wedtui.paths import own_directory, state_paths

app = typer.Typer(
    name="wedtui",
    help="The operations console for wedding days. Without a command it opens the dashboard.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for room in (status, changes, broadcast, wall, gate, poll, doctor, control, demo):
    room.register(app)
for name, group in (
    ("freeze", freeze.app),
    ("weddings", weddings.app),
    ("protection", protection.app),
    ("traffic", traffic.app),
    ("failover", failover.app),
    ("failback", failover.back_app),
    ("actions", actions.app),
    ("deploy", deploy.app),
    ("token", token.app),
    ("alerts", alerts.app),
    ("notify", notify.app),
    ("oncall", oncall.app),
    ("automation", automation.app),
    ("providers", providers.app),
    ("probes", probes.app),
    ("resources", resources.app),
    ("metrics", metrics.app),
    ("rules", rules.app),
    ("service", service.app),
    ("config", config.app),
    ("db", db.app),
    ("audit", audit.app),
):
    app.add_typer(group, name=name)


_TYPES_ITS_OWN = frozenset({"service", "demo", "demo-world", "demo-service", "wall"})
_NOT_OF_A_DEMO = frozenset({"demo", "demo-world", "demo-service"})


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wedtui {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    config_path: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="The configuration file.")
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Tell it line by line, for screen readers and terrible lines.")
    ] = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Open a dashboard in which no key changes anything in the world.")
    ] = False,
    demo_world: Annotated[
        bool, typer.Option("--demo", help="Run it on the demo that is open in another terminal (`wedtui demo`).")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Prepare the session; without a command open the dashboard."""
    # A picture that a person asks for outlives a demo: where it goes is known before the demo's environment counts.
    pictures = own_directory(state_paths()) if demo_world and context.invoked_subcommand is None else None
    session = _of_demo(config_path, context.invoked_subcommand) if demo_world else Session(config_path)
    context.obj = session
    if plain:
        from wedtui.cli.plain import run as run_plain

        if context.invoked_subcommand is not None:
            raise typer.BadParameter("it stands alone (`wedtui --plain`) or behind `demo`", param_hint="--plain")
        raise typer.Exit(run_plain(session.config_path, clock=session.clock, demo=session.demo))
    if context.invoked_subcommand is None:
        from wedtui.cli.dashboard import run as run_dashboard

        raise typer.Exit(
            run_dashboard(
                session.config_path, clock=session.clock, demo=session.demo, read_only=read_only, pictures=pictures
            )
        )
    if read_only:
        raise typer.BadParameter("it stands alone (`wedtui --read-only`)", param_hint="--read-only")


def _of_demo(config: Path | None, command: str | None) -> Session:
    """Return the session of a command on the demo that runs.

    Raises:
        NotFoundError: there is none, or it is not said which.
    """
    if command in _NOT_OF_A_DEMO:
        raise typer.BadParameter(f"`wedtui {command}` is a demo of its own", param_hint="--demo")
    from wedtui.cli.demo_place import join

    found = join(config)
    if command is not None:
        # What it prints looks like the answer of a platform; on standard error it spoils no JSON.
        typer.echo("DEMO: a made-up world", err=True)
    return Session(found.place.config, SystemClock(found.offset), demo=True)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Args:
        arguments: without the program's name; by default those of this process.
    """
    command = typer.main.get_command(app)
    given = config_first(sys.argv[1:] if arguments is None else arguments)

    def work() -> int:
        try:
            command.main(args=given, prog_name="wedtui")
        except SystemExit as end:
            # Typer ends the process by itself; a mistake in the arguments has been said by then.
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        return 0

    demo = "--demo" in given[: given.index("--") if "--" in given else None]
    config = _named_config(given)
    if not demo and config is None:
        return guarded(work)
    with saying(demo=demo, config=config):
        return guarded(work)


def _named_config(given: Sequence[str]) -> str | None:
    """Return the configuration that was named, where a command follows that says how others are typed.

    None of a dashboard, whose stream is its terminal's, nor of what serves others: they type their own words.
    """
    named, left = None, list(given)
    while left and left[0].startswith("-") and left[0] != "--":
        word = left.pop(0)
        if word in {"--config", "-c"} and left:
            named = left.pop(0)
        elif word.startswith("--config="):
            named = word.partition("=")[2]
    return named if left and left[0] not in _TYPES_ITS_OWN else None


def config_first(arguments: Sequence[str]) -> list[str]:
    """Move `--config FILE` and `--demo` to the front, where the root understands them: people write them behind the
    command as well.
    """
    named: list[str] = []
    others: list[str] = []
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument == "--":
            return [*named, *others, argument, *left]
        if argument == "--demo" or argument.startswith("--config="):
            named.append(argument)
        elif argument == "--config" and left:
            named += [argument, left.pop(0)]
        else:
            others.append(argument)
    return [*named, *others]
