"""Text from outside, made fit for a line on a screen or in a log."""

from __future__ import annotations

LONGEST = 500


def single_line(text: str, longest: int = LONGEST) -> str:
    """Return text without control characters, on one line, of at most `longest` characters.

    Escape sequences in a reason or a calendar must not reach anybody's terminal.
    """
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())[:longest]
