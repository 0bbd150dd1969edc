"""What is copied, and the escape sequence that carries it to the terminal's clipboard. Pure; nothing is written here.

The sequence is OSC 52 (xterm, "Operating System Commands"): the terminal, not this machine, has the clipboard, so it
works over SSH. A terminal never says whether it obeyed.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from wedtui.tui.spans import clean

LONGEST_BYTES = 4096
# GNU screen drops a device control string that is longer than its buffer; each piece is one of its own.
SCREEN_PIECE = 76

_ESC = "\x1b"
_END = f"{_ESC}\\"


class Subject(NamedTuple):
    """What a person asks to copy: its name for the remark, and the text that stands by itself."""

    name: str
    text: str


class Copy(NamedTuple):
    """A text as it leaves."""

    text: str
    cut: bool
    """Whether the end is missing because of `LONGEST_BYTES`."""


class Way(StrEnum):
    """What stands between this program and the terminal that has the clipboard."""

    DIRECT = "direct"
    TMUX = "tmux"
    """tmux on this machine, which can be asked by command."""
    OUTER_TMUX = "outer tmux"
    """tmux on the machine that one came from over SSH."""
    SCREEN = "screen"


def way_of(environ: Mapping[str, str]) -> Way:
    """Return what stands between, from the environment of the program."""
    kind = environ.get("TERM", "")
    if environ.get("TMUX"):
        return Way.TMUX
    if environ.get("STY"):
        return Way.SCREEN
    return Way.OUTER_TMUX if kind.startswith("tmux") else Way.DIRECT


def bounded(text: str, longest: int = LONGEST_BYTES) -> Copy:
    """Return a text on one line, without anything that a terminal would obey, in at most `longest` bytes of UTF-8."""
    whole = " ".join(clean(text).split())
    data = whole.encode()
    if len(data) <= longest:
        return Copy(whole, cut=False)
    # What is left of a character that was cut in two is dropped.
    return Copy(data[:longest].decode(errors="ignore"), cut=True)


def sequence(text: str, way: Way) -> str:
    """Return what has to be written to the terminal, so that it puts `text` into its clipboard."""
    plain = f"{_ESC}]52;c;{base64.b64encode(text.encode()).decode()}\a"
    match way:
        case Way.DIRECT:
            return plain
        case Way.TMUX:
            return through_tmux(plain)
        case Way.OUTER_TMUX:
            # Which of the two it takes depends on its settings; to take both is to take the same twice.
            return plain + through_tmux(plain)
        case Way.SCREEN:
            return through_screen(plain)


def remark(subject: Subject, copy: Copy, *, buffered: bool) -> str:
    """Say what was copied and which way it went.

    Args:
        subject: what was asked for.
        copy: what left.
        buffered: whether tmux took it into its own buffer.
    """
    cut = f", cut at {LONGEST_BYTES} bytes," if copy.cut else ""
    way = "to tmux's buffer and the terminal's clipboard" if buffered else "to the terminal's clipboard"
    return f"{subject.name}: {len(copy.text)} characters{cut} sent {way}"


def through_tmux(plain: str) -> str:
    """Wrap a sequence so that tmux passes it on to its own terminal (tmux(1), `allow-passthrough`)."""
    return f"{_ESC}Ptmux;{plain.replace(_ESC, _ESC + _ESC)}{_END}"


def through_screen(plain: str) -> str:
    """Wrap a sequence so that GNU screen passes it on to its own terminal."""
    pieces = [plain[i : i + SCREEN_PIECE] for i in range(0, len(plain), SCREEN_PIECE)]
    return "".join(f"{_ESC}P{piece}{_END}" for piece in pieces)
