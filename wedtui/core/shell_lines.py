"""A command for a POSIX shell on lines of a given width, which a person can copy as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

NARROWEST = 20
"""On no narrower lines is anything broken: they would be longer than the terminal, and still right."""


class _Break(NamedTuple):
    """Where a line may end."""

    at: int
    """So many characters of the command stand on it."""
    ends: str
    """What is added to it."""
    begins: str
    """What the next line begins with."""
    skips: int
    """So many characters of the command are left out there."""
    rank: int
    """The higher, the better it is read."""


def folded(command: str, width: int) -> list[str]:
    r"""Return a command on lines of at most so many columns; a shell that is given them all runs the same.

    A line that goes on ends in a backslash, between two words wherever there is such a place. What is one word stays
    one: where it is in single quotes they are closed before the backslash and opened again behind it. No line may be
    indented, nor anything follow its backslash.

    Args:
        command: one line, in which whatever is quoted is in single quotes, or short.
        width: columns.
    """
    room = max(width, NARROWEST)
    lines: list[str] = []
    while len(command) > room:
        best = max(_breaks(command, room), key=lambda each: (each.rank, each.at), default=None)
        if best is None:
            break
        lines.append(f"{command[: best.at]}{best.ends}")
        command = f"{best.begins}{command[best.at + best.skips :]}"
    return [*lines, command]


def _breaks(command: str, room: int) -> Iterator[_Break]:
    """Yield where the first line of a command may end."""
    quote = ""
    for at, here in enumerate(command[:room]):
        before = command[at - 1] if at else ""
        if quote == "'" and at > 1 and before != "'" and here != "'" and at + 2 <= room:
            yield _Break(at, "'\\", "'", 0, 1 if before == "," else 0)
        if not quote and here == " " and at and before not in " \\" and at + 2 <= room:
            # Between words, but for a line that would be next to empty.
            yield _Break(at, " \\", "", 1, 2 if at >= room // 4 else 0)
        if not quote and at and here not in " \\" and before not in " \\" and at + 1 <= room:
            yield _Break(at, "\\", "", 0, -1)
        if here in "'\"" and not quote and before != "\\":
            quote = here
        elif here == quote and not (quote == '"' and before == "\\"):
            quote = ""
