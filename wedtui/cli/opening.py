"""What the dashboard and the line mode do alike before there is anything to show: they load the configuration, start
the service where that is theirs to do, and open the source of pictures.

It runs on the reader's thread, after the first paint; what is heavy is imported here only then.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from wedtui.errors import AlreadyRunningError, ConfigurationError, WedtuiError
from wedtui.paths import StatePaths, state_paths

if TYPE_CHECKING:
    from wedtui.config import Configuration, ServiceSection
    from wedtui.tui.keymap.table import Keymap
    from wedtui.tui.source import Source


class Opening:
    """Makes the source on the reader's thread, and has the program end where there can be none.

    Args:
        config_path: the configuration that the command line names, or None.
        starts_service: whether a service may be started where that is ours to do and none runs.
    """

    def __init__(self, config_path: Path | None, *, starts_service: bool = True) -> None:
        self._config_path = config_path
        self._starts_service = starts_service
        self.use_keymap: Callable[[Keymap], object] | None = None
        """Takes the configuration's keys, at the beginning and whenever the file changes; None: keys do not matter."""
        self.use_configuration: Callable[[Configuration], object] | None = None
        """Takes a configuration that can be used, at the beginning and whenever the file changes."""
        self.leave: Callable[[int], object] | None = None
        """Ends the program with an exit code; called on the reader's thread."""
        self.refused: WedtuiError | None = None

    def open(self) -> Source:
        """Load what is heavy, start the service where that is ours to do, and return the source.

        Raises:
            ConfigurationError: there can be no source; it is in `refused` as well, and the program is leaving.
        """
        from wedtui.cli.keys import key_problems
        from wedtui.cli.source import PictureSource
        from wedtui.config_file import load

        try:
            loaded = load(self._config_path, os.environ, [key_problems] if self.use_keymap else [])
            paths = state_paths(service=loaded.configuration.service)
            source = PictureSource(loaded, self._config_path, paths, self._changed)
        except ConfigurationError as error:
            self.refused = error
            assert self.leave is not None
            self.leave(error.exit_code)
            raise
        self._changed(loaded.configuration)
        section = loaded.configuration.service
        if self._starts_service and loaded.path is not None and wants_service(section, paths):
            # On a thread of its own: the last known picture must not wait for a service to begin.
            starter = threading.Thread(target=_start, args=(source, loaded.path, paths), daemon=True)
            starter.start()
        return source

    def _changed(self, configuration: Configuration) -> str | None:
        """Use the keys of a configuration that was read; return why they cannot be used."""
        from wedtui.cli.keys import key_problems, keymap_of

        if self.use_configuration is not None:
            self.use_configuration(configuration)
        if self.use_keymap is None:
            return None
        for path, text in key_problems(configuration):
            return f"it keeps its old keys: {'.'.join(map(str, path))}: {text}"
        self.use_keymap(keymap_of(configuration))
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
    from wedtui.clock import SystemClock
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
        text = f"it could not be started: {why}"
        source.problems = (Finding(Severity.CRITICAL, "service", text, SystemClock().now()),)
