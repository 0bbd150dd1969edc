"""`wedtui`: open the dashboard, and in personal mode see to it that a service fills what it shows.

This module is on the way to the first paint, which is measured: what is heavy is imported by the reader's
thread, after that paint.
"""

from __future__ import annotations

import gc
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from wedtui.cli.failure import guarded, report
from wedtui.cli.opening import Opening
from wedtui.cli.terminal import look
from wedtui.clock import Clock, SystemClock
from wedtui.paths import find_configuration

if TYPE_CHECKING:
    from wedtui.tui.source import Source

DEFAULT_THEME = "midnight"


def run(config_path: Path | None, *, clock: Clock | None = None, demo: bool = False) -> int:
    """Open the dashboard; on a pipe or a terminal without escapes print the picture as text instead.

    Args:
        config_path: the configuration that the command line names, or None.
        clock: the world's clock; by default the machine's.
        demo: whether the world is made up.

    Returns:
        The exit code.
    """
    ours = clock or SystemClock()
    if not look().interactive:
        return guarded(lambda: _text(config_path, ours))
    return guarded(lambda: show(config_path, ours, demo=demo))


def show(config_path: Path | None, clock: Clock, *, demo: bool = False) -> int:
    """Run the dashboard on this terminal until it is left; return the exit code."""
    # Thousands of classes are about to be made and none to be dropped: looking for garbage in between costs a
    # tenth of the start. It is switched on again when everything is loaded.
    gc.disable()
    from wedtui.tui.app import WedtuiApp

    opening = Opening(config_path)

    def open_source() -> Source:
        try:
            return opening.open()
        finally:
            gc.enable()

    app = WedtuiApp(open_source, clock, theme=peek_theme(config_path), demo=demo)
    opening.leave = lambda code: app.call_from_thread(app.exit, return_code=code)
    app.run()
    if opening.refused is not None:
        return report(opening.refused)
    return app.return_code or 0


def peek_theme(config_path: Path | None) -> str:
    """Return the configured theme without checking the rest; what is wrong with the file is said a moment later."""
    named = os.environ.get("WEDTUI_DASHBOARD__THEME")
    if named:
        return named
    file = find_configuration(config_path)
    try:
        section = tomllib.loads(file.read_text(encoding="utf-8")).get("dashboard", {}) if file else {}
    except (OSError, ValueError):
        return DEFAULT_THEME
    theme = section.get("theme", DEFAULT_THEME) if isinstance(section, dict) else DEFAULT_THEME
    return theme if isinstance(theme, str) else DEFAULT_THEME


def _text(config_path: Path | None, clock: Clock) -> int:
    from wedtui.cli.common import Session
    from wedtui.cli.status import print_status

    return print_status(Session(config_path, clock), as_json=False)
