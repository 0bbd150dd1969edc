"""The root of the command line; every noun is a module that registers itself here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import click
import typer

from wedtui import __version__
from wedtui.cli import config, demo, doctor, freeze, gate, poll, probes, providers, service, status
from wedtui.cli.common import Session
from wedtui.cli.failure import guarded

app = typer.Typer(
    name="wedtui",
    help="The operations console for wedding days. Without a command it opens the dashboard.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for room in (status, gate, poll, doctor, demo):
    room.register(app)
for name, group in (
    ("freeze", freeze.app),
    ("providers", providers.app),
    ("probes", probes.app),
    ("service", service.app),
    ("config", config.app),
):
    app.add_typer(group, name=name)


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
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Prepare the session; without a command open the dashboard."""
    context.obj = Session(config_path)
    if context.invoked_subcommand is None:
        from wedtui.cli.dashboard import run as run_dashboard

        raise typer.Exit(run_dashboard(config_path))


def run() -> int:
    """Run the command line; return the exit code."""
    command = typer.main.get_command(app)

    def work() -> int:
        try:
            code = command.main(prog_name="wedtui", standalone_mode=False)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except click.Abort:
            return 130
        return code if isinstance(code, int) else 0

    return guarded(work)
