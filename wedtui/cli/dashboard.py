"""`wedtui`: open the dashboard, and in personal mode see to it that a service fills what it shows.

This module is on the way to the first paint, which is measured: what is heavy is imported by the reader's
thread, after that paint.
"""

from __future__ import annotations

import gc
import os
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wedtui import __version__
from wedtui.cli.failure import guarded, report
from wedtui.cli.terminal import look, wants_mouse
from wedtui.clock import Clock, SystemClock
from wedtui.errors import AlreadyRunningError, ConfigurationError, WedtuiError
from wedtui.paths import StatePaths, find_configuration, own_directory, state_paths, user_directory

if TYPE_CHECKING:
    from wedtui.config import Configuration, ServiceSection
    from wedtui.tui.app import WedtuiApp
    from wedtui.tui.source import Source

DEFAULT_THEME = "midnight"
SESSION_NAME = "dashboard.json"
PICTURES_NAME = "pictures"
_SECTION = "WEDTUI_DASHBOARD__"


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
    from wedtui.tui.album import Album
    from wedtui.tui.app import WedtuiApp

    # A demo keeps nothing of itself; a picture that a person asked for outlives it.
    own = user_directory() if demo else own_directory(state_paths())
    opening = _Opening(config_path)
    section = peek_dashboard(config_path)
    app = WedtuiApp(
        opening.open,
        clock,
        theme=peek_theme(section),
        theme_fixed=bool(os.environ.get(f"{_SECTION}THEME")),
        demo=demo,
        session_file=None if demo else own / SESSION_NAME,
        album=Album(own / PICTURES_NAME, __version__, own_names),
        environ=os.environ,
    )
    opening.app = app
    app.run(mouse=wants_mouse(section.get("mouse")))
    if opening.refused is not None:
        return report(opening.refused)
    return app.return_code or 0


def peek_dashboard(config_path: Path | None) -> Mapping[str, object]:
    """Return what the configuration says of the dashboard, unchecked, for what the first paint needs of it.

    Whatever is wrong with the file is said a moment later, by those who check it.
    """
    own = {v.removeprefix(_SECTION).lower(): text for v, text in os.environ.items() if v.startswith(_SECTION) and text}
    file = find_configuration(config_path)
    try:
        section = tomllib.loads(file.read_text(encoding="utf-8")).get("dashboard", {}) if file else {}
    except (OSError, ValueError, RecursionError):
        return own
    return {**section, **own} if isinstance(section, dict) else own


def peek_theme(section: Mapping[str, object]) -> str:
    """Return the theme that `peek_dashboard` found."""
    theme = section.get("theme", DEFAULT_THEME)
    return theme if isinstance(theme, str) else DEFAULT_THEME


def own_names() -> frozenset[str]:
    """Return what no picture may tell: the names of this user and this machine, where they tell anything."""
    import pwd

    names = {os.uname().nodename, os.uname().nodename.partition(".")[0]}
    try:
        account = pwd.getpwuid(os.getuid())
    except KeyError:
        account = None  # a user without an entry has no name
    if account is not None:
        names |= {account.pw_name, Path(account.pw_dir).name}
    return frozenset(names - {"", "root", "home", "localhost", "wedtui"})


def _text(config_path: Path | None, clock: Clock) -> int:
    from wedtui.cli.common import Session
    from wedtui.cli.status import print_status

    return print_status(Session(config_path, clock), as_json=False)


class _Opening:
    """Makes the source on the reader's thread, and takes the app down where there can be none.

    The configuration's keys go to the app from here, at the beginning and whenever the file changes.
    """

    def __init__(self, config_path: Path | None) -> None:
        self._config_path = config_path
        self.app: WedtuiApp | None = None
        self.refused: WedtuiError | None = None

    def open(self) -> Source:
        """Load what is heavy, start the service where that is ours to do, and return the source."""
        from wedtui.cli.keys import key_problems, keymap_of
        from wedtui.cli.source import PictureSource
        from wedtui.config_file import load

        assert self.app is not None
        try:
            loaded = load(self._config_path, os.environ, [key_problems])
            paths = state_paths()
            source = PictureSource(loaded, self._config_path, paths, self._changed)
            self.app.use_keymap(keymap_of(loaded.configuration))
        except ConfigurationError as error:
            self.refused = error
            self.app.call_from_thread(self.app.exit, return_code=error.exit_code)
            raise
        finally:
            gc.enable()
        section = loaded.configuration.service
        if loaded.path is not None and wants_service(section, paths):
            # On a thread of its own: the last known picture must not wait for a service to begin.
            starter = threading.Thread(target=_start, args=(source, loaded.path, paths), daemon=True)
            starter.start()
        return source

    def _changed(self, configuration: Configuration) -> str | None:
        """Use the keys of a configuration that changed; return why they cannot be used."""
        from wedtui.cli.keys import key_problems, keymap_of

        assert self.app is not None
        for path, text in key_problems(configuration):
            return f"it keeps its old keys: {'.'.join(map(str, path))}: {text}"
        self.app.use_keymap(keymap_of(configuration))
        return None


def wants_service(section: ServiceSection, paths: StatePaths) -> bool:
    """Whether it is ours to start a service: personal mode, a state directory of our own, and none running."""
    from wedtui.poller.lock import holder

    if section.mode != "personal" or not section.autostart:
        return False
    try:
        paths.make()
        return paths.directory.stat().st_uid == os.getuid() and holder(paths.lock) is None
    except (OSError, WedtuiError):
        # A directory that is not ours to make or to look into is somebody else's service's.
        return False


def _start(source: object, config: Path, paths: StatePaths) -> None:
    from wedtui.cli.service import background_arguments, files_of
    from wedtui.cli.source import PictureSource
    from wedtui.core.picture import Finding, Severity
    from wedtui.poller.process import start

    assert isinstance(source, PictureSource)
    try:
        start(files_of(paths), background_arguments(config))
    except AlreadyRunningError:
        return
    except (WedtuiError, OSError) as error:
        # The text of the system's own errors is not a sentence; a traceback would land on the screen.
        why = str(error) if isinstance(error, WedtuiError) else f"the system refused it ({error.strerror})"
        source.problems = (Finding(Severity.CRITICAL, "service", f"it could not be started: {why}"),)
