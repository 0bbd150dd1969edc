"""`wedtui`: open the dashboard, and in personal mode see to it that a service fills what it shows.

This module is on the way to the first paint, which is measured: what is heavy is imported by the reader's
thread, after that paint.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from wedtui import __version__
from wedtui.cli.failure import guarded, report
from wedtui.cli.looks import abilities_of, looks_of, peek
from wedtui.cli.opening import Opening
from wedtui.cli.terminal import look, wants_mouse
from wedtui.clock import Clock, SystemClock
from wedtui.paths import find_configuration, own_directory, state_paths, theme_folders

if TYPE_CHECKING:
    from wedtui.config import Configuration
    from wedtui.tui.app import WedtuiApp
    from wedtui.tui.source import Source

SESSION_NAME = "dashboard.json"
PICTURES_NAME = "pictures"
# So many objects more than were let go before garbage is looked for.
GARBAGE_AFTER = 10_000


def run(
    config_path: Path | None,
    *,
    clock: Clock | None = None,
    demo: bool = False,
    read_only: bool = False,
    pictures: Path | None = None,
) -> int:
    """Open the dashboard; on a pipe or a terminal without escapes print the picture as text instead.

    Args:
        config_path: the configuration that the command line names, or None.
        clock: the world's clock; by default the machine's.
        demo: whether the world is made up.
        read_only: whether no key changes anything in the world.

    Returns:
        The exit code.
    """
    ours = clock or SystemClock()
    if not look().interactive:
        return guarded(lambda: _text(config_path, ours))
    return guarded(lambda: show(config_path, ours, demo=demo, read_only=read_only, pictures=pictures))


def show(
    config_path: Path | None,
    clock: Clock,
    *,
    demo: bool = False,
    read_only: bool = False,
    pictures: Path | None = None,
) -> int:
    """Run the dashboard on this terminal until it is left; return the exit code."""
    # Thousands of classes are about to be made and none to be dropped: looking for garbage in between costs a
    # tenth of the start. It is switched on again when everything is loaded.
    gc.disable()
    from wedtui.tui.album import Album
    from wedtui.tui.app import WedtuiApp

    opening = Opening(config_path)

    def open_source() -> Source:
        try:
            return opening.open()
        finally:
            # What is loaded stays: to look through it for garbage again and again costs a tenth of the dashboard's CPU.
            gc.freeze()
            # A picture is some thousand objects that the next one replaces: none of them is garbage by then.
            gc.set_threshold(GARBAGE_AFTER)
            gc.enable()

    # A demo keeps nothing of itself; a picture that a person asked for outlives it.
    own = pictures or own_directory(state_paths())
    looks = looks_of(peek(config_path))
    abilities = abilities_of(looks)
    app = WedtuiApp(
        open_source,
        clock,
        theme=looks.theme,
        theme_fixed=looks.theme_fixed,
        demo=demo,
        session_file=None if demo else own / SESSION_NAME,
        album=Album(own / PICTURES_NAME, __version__, own_names),
        environ=os.environ,
        theme_folders=theme_folders(find_configuration(config_path)),
        abilities=abilities,
        read_only=read_only,
    )
    if not read_only:
        opening.use_configuration = lambda configuration: give_hand(app, configuration)
    opening.leave = lambda code: app.call_from_thread(app.exit, return_code=code)
    opening.use_keymap = app.use_keymap
    app.run(mouse=wants_mouse(looks.mouse, abilities))
    if opening.refused is not None:
        return report(opening.refused)
    return app.return_code or 0


def give_hand(app: WedtuiApp, configuration: Configuration) -> None:
    """Let the dashboard act through the service of this machine; called on the reader's thread."""
    from functools import partial

    from wedtui.cli.by_hand import commands
    from wedtui.control.client import ControlClient
    from wedtui.control.identity import uid_of
    from wedtui.errors import ServiceError
    from wedtui.tui.hands import Said

    section = configuration.service
    try:
        uid = uid_of(section.user) if section.mode == "shared" else os.getuid()
    except ServiceError as error:
        app.post_message(Said(str(error)))
        return
    socket = state_paths(service=section).control(configuration)
    app.use_hand(ControlClient(socket, service_uid=uid, looks_again=True), partial(commands, configuration))


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
