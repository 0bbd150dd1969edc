"""Where the program starts. The dashboard is opened without loading what only the commands need."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command line and end the process with its exit code."""
    arguments = sys.argv[1:]
    plain = "--plain" in arguments
    dashboard = _only_a_dashboard([a for a in arguments if a != "--plain"])
    if dashboard is not None and plain:
        from wedtui.cli.plain import run as run_plain  # noqa: PLC0415 - start-up time is measured

        sys.exit(run_plain(dashboard[0]))
    if dashboard is not None:
        from wedtui.cli.dashboard import run as run_dashboard  # noqa: PLC0415 - as above

        sys.exit(run_dashboard(dashboard[0]))
    from wedtui.cli.app import run  # noqa: PLC0415 - as above

    sys.exit(run())


def _only_a_dashboard(arguments: list[str]) -> tuple[Path | None] | None:
    """Return the configuration that is named where the arguments ask for the dashboard alone, else None."""
    match arguments:
        case []:
            return (None,)
        case ["--config" | "-c", path] if not path.startswith("-"):
            return (Path(path),)
        case [one] if one.startswith("--config="):
            return (Path(one.removeprefix("--config=")),)
        case _:
            return None


if __name__ == "__main__":
    main()
