"""What the terminal that wedtui runs in can do."""

from __future__ import annotations

import codecs
import locale
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

LEAST_COLUMNS, LEAST_ROWS = 80, 24


@dataclass(frozen=True, slots=True)
class Terminal:
    """The abilities that matter for drawing."""

    interactive: bool
    """Whether both input and output are a terminal that understands escapes."""
    kind: str
    columns: int
    rows: int
    colours: str
    utf8: bool
    multiplexed: bool
    """Whether tmux or screen stands between."""


def look(environ: Mapping[str, str] = os.environ) -> Terminal:
    """Find out what this process's terminal can do, without writing to it."""
    kind = environ.get("TERM", "")
    # Textual draws on standard error.
    attended = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    columns = rows = 0
    if attended:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    return Terminal(
        interactive=attended and kind not in {"", "dumb"},
        kind=kind or "unset",
        columns=columns,
        rows=rows,
        colours=_colours(kind, environ),
        utf8=codecs.lookup(locale.getpreferredencoding(do_setlocale=False)).name == "utf-8",
        multiplexed=bool(environ.get("TMUX")) or kind.startswith(("screen", "tmux")),
    )


def wants_mouse(setting: object, environ: Mapping[str, str] = os.environ) -> bool:
    """Say whether to listen to the mouse, which takes the terminal's own selection away.

    Args:
        setting: `on`, `off`, or anything else for `auto`: off where the terminal is at the other end of an SSH session.
        environ: the environment.
    """
    if setting in {"on", "off"}:
        return setting == "on"
    return not any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))


def _colours(kind: str, environ: Mapping[str, str]) -> str:
    if environ.get("NO_COLOR"):
        return "none"
    if environ.get("COLORTERM") in {"truecolor", "24bit"}:
        return "16 million"
    return "256" if "256color" in kind else "16"
