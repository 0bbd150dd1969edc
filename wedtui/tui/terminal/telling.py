"""The escape sequence by which a terminal shows a notification of the desktop. Pure; nothing is written here.

OSC 9 (iTerm2, kitty, WezTerm, Ghostty) or OSC 777 (urxvt, foot, VTE): never both, which some would show twice. A
terminal that knows neither swallows it, and none ever says whether it obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping

from wedtui.tui.clipboard import Way, bounded, through_screen, through_tmux, way_of

LONGEST_BYTES = 200
TITLE = "wedtui"
_ESC = "\x1b"
_SPEAKS_777 = ("rxvt", "foot")


def notification(text: str, environ: Mapping[str, str]) -> str:
    """Return what has to be written to the terminal, so that it shows `text` beside its window."""
    from wedtui.core.redact import masked  # noqa: PLC0415 - not needed for the first paint

    words = bounded(masked(text), LONGEST_BYTES).text
    rich = environ.get("TERM", "").startswith(_SPEAKS_777) or bool(environ.get("VTE_VERSION"))
    # OSC 9 that begins with a number is a progress bar to some; a semicolon would end the text of OSC 777.
    body = f"777;notify;{TITLE};{words.replace(';', ',')}" if rich else f"9;{TITLE}: {words}"
    plain = f"{_ESC}]{body}\a"
    match way_of(environ):
        case Way.DIRECT:
            return plain
        case Way.TMUX | Way.OUTER_TMUX:
            return through_tmux(plain)
        case Way.SCREEN:
            return through_screen(plain)
