"""Text from outside, made fit for a line on a screen or in a log."""

from __future__ import annotations

LONGEST = 500


def single_line(text: str, longest: int = LONGEST) -> str:
    """Return text without control characters, on one line, of at most `longest` characters.

    Escape sequences in a reason or a calendar must not reach anybody's terminal.
    """
    kept = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())[:longest]


def shortened(text: str, longest: int) -> str:
    """Return text as `single_line` does; one that is longer ends in `…`, which says that something is missing."""
    whole = single_line(text, longest + 1)
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"


def abridged(text: str, longest: int) -> str:
    """Return the beginning and the end of a text that is too long: in a running report the newest stands last."""
    if len(text) <= longest:
        return text
    begin = text[: longest // 3]
    end = text[len(text) - (longest - len(begin) - 3) :]
    # At whole words, where there are any.
    return f"{begin.rpartition(' ')[0] or begin} … {end.partition(' ')[2] or end}"
