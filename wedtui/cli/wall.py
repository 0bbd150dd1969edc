"""`wedtui wall`: the state of everything for a screen without a keyboard. It reads, and does nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wedtui.cli.common import session_of
from wedtui.cli.failure import report
from wedtui.cli.terminal import look
from wedtui.clock import Clock
from wedtui.errors import ConfigurationError
from wedtui.paths import find_configuration, theme_folders

DEFAULT_THEME = "war-room"
DEFAULT_EVERY_S = 10.0
LEAST_EVERY_S = 2.0
Every = Annotated[
    float, typer.Option("--every", metavar="SECONDS", min=LEAST_EVERY_S, help="Turn the page after so many seconds.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("wall")
    def wall_command(
        context: typer.Context,
        every: Every = DEFAULT_EVERY_S,
        theme: Annotated[str, typer.Option("--theme", metavar="NAME", help="The colour theme.")] = DEFAULT_THEME,
    ) -> None:
        """Show the state of everything on a screen without a keyboard; pages turn by themselves."""
        session = session_of(context)
        raise typer.Exit(show_wall(session.config_path, session.clock, theme=theme, every=every, demo=session.demo))


def show_wall(
    config_path: Path | None,
    clock: Clock,
    *,
    theme: str = DEFAULT_THEME,
    every: float = DEFAULT_EVERY_S,
    demo: bool = False,
) -> int:
    """Run the wall on this terminal until it is left; return the exit code.

    Args:
        config_path: the configuration that the command line names, or None.
        clock: the world's clock.
        theme: the name of a theme file.
        every: seconds after which the page turns.
        demo: whether the world is made up.

    Raises:
        ConfigurationError: this is no terminal, or there is no such theme.
    """
    require_terminal()
    from wedtui.cli.looks import abilities_of, looks_of, peek
    from wedtui.cli.opening import Opening
    from wedtui.tui.wall.app import WallApp
    from wedtui.tui.wall.watchdog import Watchdog, terminal_size, write_to_terminal

    opening = Opening(config_path, starts_service=False)
    watchdog = Watchdog(write_to_terminal, terminal_size, clock.monotonic)
    app = WallApp(
        opening.open,
        clock,
        theme=theme,
        demo=demo,
        every=every,
        watchdog=watchdog,
        theme_folders=theme_folders(find_configuration(config_path)),
        abilities=abilities_of(looks_of(peek(config_path))),
    )
    opening.leave = lambda code: app.call_from_thread(app.exit, return_code=code)
    try:
        app.run(mouse=False)
    finally:
        watchdog.stop()
    if opening.refused is not None:
        return report(opening.refused)
    return app.return_code or 0


def require_terminal() -> None:
    """Refuse where the wall cannot be drawn.

    Raises:
        ConfigurationError: a pipe, or a terminal that knows no escapes.
    """
    if not look().interactive:
        raise ConfigurationError("the wall needs a terminal that understands escapes: use `wedtui status` here")
