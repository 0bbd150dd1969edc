"""`wedtui status`: the whole picture once, with the exit code of a monitoring plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from wedtui.cli.common import Session, print_json, session_of
from wedtui.cli.saying import say
from wedtui.core.state import exit_code

if TYPE_CHECKING:
    from wedtui.core.picture import Picture


def read_picture(session: Session) -> Picture:
    """Return the picture as it is now.

    Raises:
        ConfigurationError: there is nothing to show a picture of.
    """
    from wedtui.cli.source import PictureSource

    source = PictureSource(session.loaded, session.config_path, session.paths)
    try:
        return source.picture(session.clock.now())
    finally:
        source.close()


def print_status(session: Session, *, as_json: bool) -> int:
    """Print the picture and return 0 OK, 1 degraded, 2 critical or 3 unknown.

    Raises:
        ConfigurationError: there is nothing to show a picture of.
    """
    from wedtui.cli.render import picture_json, picture_text

    picture = read_picture(session)
    if as_json:
        print_json(picture_json(picture))
    else:
        say(picture_text(picture), indent=" " * 4)
    return exit_code(picture.state)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("status")
    def status_command(
        context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    ) -> None:
        """Print the whole picture once. Exit code: 0 OK, 1 degraded, 2 critical, 3 unknown.

        That is the worst health of a provider; findings about resources, and what fires (`wedtui alerts list` has its
        own exit code), are counted beside it.
        """
        from wedtui.cli.failure import report
        from wedtui.errors import WedtuiError

        try:
            code = print_status(session_of(context), as_json=as_json)
        except WedtuiError as error:
            # A monitoring system reads 2 as critical; what cannot be told is unknown.
            report(error)
            code = 3
        except BrokenPipeError:
            raise  # whoever reads has seen enough: that ends every command alike, in one place
        except Exception as error:
            report(WedtuiError(f"the status cannot be told: unexpected {type(error).__name__}"))
            code = 3
        raise typer.Exit(code)
