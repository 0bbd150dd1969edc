"""The terminal that wedtui runs in: whether there is one, how large it is, and what it can show."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from wedtui.tui.terminal.abilities import Abilities, own_abilities

LEAST_COLUMNS, LEAST_ROWS = 80, 24


@dataclass(frozen=True, slots=True)
class Terminal:
    """What this process is attached to."""

    interactive: bool
    """Whether both input and output are a terminal that understands escapes."""
    columns: int
    rows: int
    abilities: Abilities


def look() -> Terminal:
    """Find out what this process's terminal can do, without writing to it."""
    # Textual draws on standard error.
    attended = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    columns = rows = 0
    if attended:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
    understands = os.environ.get("TERM", "") not in {"", "dumb"}
    return Terminal(attended and understands, columns, rows, own_abilities())


def wants_mouse(setting: str, abilities: Abilities) -> bool:
    """Say whether to listen to the mouse, which takes the terminal's own selection away.

    Args:
        setting: `on`, `off`, or anything else for `auto`: off where the terminal is at the other end of an SSH session.
        abilities: of this terminal.
    """
    return setting == "on" if setting in {"on", "off"} else not abilities.over_ssh
