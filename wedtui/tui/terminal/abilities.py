"""What a terminal can show, judged from the environment alone: nothing is written to it, nothing is asked of it.

Light at import: the dashboard asks before its first paint.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

AUTO = "auto"


class Depth(StrEnum):
    """How many colours there are. The values are those of `dashboard.colours`."""

    TRUE = "16m"
    INDEXED = "256"
    ANSI = "16"
    NONE = "none"


class Charset(StrEnum):
    """Which characters there are. The values are those of `dashboard.charset`."""

    UTF8 = "utf-8"
    LATIN1 = "latin-1"
    ASCII = "ascii"


class Terminfo(NamedTuple):
    """What the terminal database says of a kind of terminal."""

    colours: int
    """0: none."""
    italic: bool
    erases_with_background: bool = False
    """Whether erased cells get the background of the pen (bce)."""
    erases_characters: bool = False
    """Whether a number of cells can be erased (ech)."""
    addresses_columns: bool = False
    """Whether a column can be addressed without its line (hpa)."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What matters for drawing."""

    kind: str
    """`TERM`, or `unset`."""
    depth: Depth
    charset: Charset
    braille: bool
    """Whether dots may be expected in its font."""
    over_ssh: bool
    multiplexed: bool
    """Whether tmux or screen stands between."""
    italic: bool = True
    """Whether slanted text is slanted: the Linux console turns it green, GNU screen reverses it."""
    erases_with_background: bool = False
    """Whether erased cells get the background of the pen."""
    erases_characters: bool = False
    """Whether a number of cells can be erased, and not only the rest of a line."""
    addresses_columns: bool = False
    """Whether a column can be addressed without its line."""

    @property
    def modern(self) -> bool:
        """Whether it swallows sequences that it does not understand, has a second screen and may have a clipboard."""
        return not _simple(self.kind)

    def chosen(self, *, charset: str = AUTO, colours: str = AUTO) -> Abilities:
        """Return these abilities with what a person chose in the configuration; `auto` leaves what was found.

        A value that is none of the known ones counts as `auto`: checking the configuration is not done here.
        """
        chosen = self
        if charset in set(Charset):
            found = Charset(charset)
            chosen = replace(chosen, charset=found, braille=_has_braille(self.kind, found))
        if colours in set(Depth):
            chosen = replace(chosen, depth=Depth(colours))
        return chosen

    def words(self) -> str:
        """Say it for people, in one line."""
        colours = {Depth.TRUE: "16 million colours", Depth.NONE: "no colours"}
        told = [self.kind, colours.get(self.depth, f"{self.depth} colours"), CHARSET_WORDS[self.charset]]
        if self.charset is Charset.UTF8 and not self.braille:
            told.append("charts without braille")
        if self.over_ssh:
            told.append("over SSH")
        if self.multiplexed:
            told.append("through tmux or screen")
        return ", ".join(told)


EVERYTHING = Abilities("xterm", Depth.TRUE, Charset.UTF8, braille=True, over_ssh=False, multiplexed=False)
"""A terminal that can show everything."""

CHARSET_WORDS = {Charset.UTF8: "UTF-8", Charset.LATIN1: "Latin-1", Charset.ASCII: "ASCII only"}
# Where the terminal database has no entry: families that have never had a colour.
_COLOURLESS = ("vt1", "vt2", "vt3", "vt4", "vt5", "xterm-mono", "xterm-vt", "ansi-m", "ansi-mono", "wy", "adm", "tvi")
# Hardware of old, its imitations, and consoles: they print what is left of a question which they do not understand.
_SIMPLE = re.compile(r"linux|vt[0-9]|ansi|cons[0-9]|unset|wy|adm|tvi")
_WITHOUT_ESCAPES = frozenset({"", "dumb", "unknown", "unset"})
_DIRECT = 1 << 15
_TRUE_COLOUR = frozenset({"truecolor", "24bit"})
_SSH = ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")
_C = frozenset({"C", "POSIX"})
# Python names encodings in many ways; these are the ones of ISO 8859-1 and of its successor with the euro sign.
_LATIN1 = frozenset({"iso88591", "latin1", "iso885915", "latin9", "cp1252", "windows1252", "iso8859"})


def abilities(
    environ: Mapping[str, str],
    *,
    utf8_mode: bool = bool(sys.flags.utf8_mode),
    terminfo: Callable[[str], Terminfo | None] | None = None,
) -> Abilities:
    """Judge a terminal by its environment.

    Args:
        environ: the environment. Where Python coerced the C locale (PEP 538) it holds `LC_CTYPE=C.UTF-8`, which
            nobody asked for.
        utf8_mode: whether this interpreter found the C locale when it began and took to UTF-8 by itself (PEP 540).
        terminfo: the terminal database; by default that of this machine.
    """
    kind = environ.get("TERM") or "unset"
    entry = (terminfo or look_up)(kind)
    charset = _charset(environ, utf8_mode=utf8_mode)
    return Abilities(
        kind=kind,
        depth=_depth(kind, entry, environ),
        charset=charset,
        braille=_has_braille(kind, charset),
        over_ssh=any(environ.get(name) for name in _SSH),
        multiplexed=bool(environ.get("TMUX") or environ.get("STY")) or kind.startswith(("screen", "tmux")),
        italic=entry.italic if entry else kind.startswith(("xterm", "tmux")),
        erases_with_background=entry.erases_with_background if entry else kind.startswith("xterm"),
        erases_characters=entry.erases_characters if entry else kind.startswith("xterm"),
        addresses_columns=entry.addresses_columns if entry else kind.startswith("xterm"),
    )


def own_abilities() -> Abilities:
    """Judge the terminal that this process began with."""
    environ = dict(os.environ)
    try:
        began = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return abilities(environ)  # not Linux: Python's coercion is recognised by what it leaves
    # What Python changed since (PEP 538) is not there: the locale is the one that the user has.
    before = next((v for v in began if v.startswith(b"LC_CTYPE=")), None)
    environ.pop("LC_CTYPE", None)
    if before is not None:
        environ["LC_CTYPE"] = os.fsdecode(before.partition(b"=")[2])
    return abilities(environ, utf8_mode=False)


def _depth(kind: str, entry: Terminfo | None, environ: Mapping[str, str]) -> Depth:
    """Return how many colours there are; https://no-color.org for NO_COLOR.

    `TERM` can only be set by who knows the terminal, while COLORTERM is inherited by whatever is started: by a shell
    that says TERM=vt100, by a tmux server that is later attached from a console. So it does not count against a kind
    that is known to have fewer, nor within GNU screen (STY), which misreads the colours that it promises.
    """
    if environ.get("NO_COLOR") or kind in _WITHOUT_ESCAPES:
        return Depth.NONE
    found = _depth_of_kind(kind, entry)
    if found is Depth.NONE or kind.startswith("linux"):
        return found
    if environ.get("COLORTERM", "").lower() in _TRUE_COLOUR and not environ.get("STY"):
        return Depth.TRUE
    return found


def _depth_of_kind(kind: str, entry: Terminfo | None) -> Depth:
    if kind.endswith("-direct") or (entry and entry.colours >= _DIRECT):
        return Depth.TRUE
    if kind.endswith("-256color") or (entry and entry.colours >= 256):
        return Depth.INDEXED
    if entry is not None:
        return Depth.ANSI if entry.colours >= 8 else Depth.NONE
    return Depth.NONE if kind.startswith(_COLOURLESS) else Depth.ANSI


def _has_braille(kind: str, charset: Charset) -> bool:
    """Whether dots can be shown: no font of the Linux console and no DEC terminal has them."""
    return charset is Charset.UTF8 and not _simple(kind)


def _simple(kind: str) -> bool:
    return _SIMPLE.match(kind) is not None


def _charset(environ: Mapping[str, str], *, utf8_mode: bool) -> Charset:
    """Return the characters of the locale that counts (POSIX: LC_ALL, then LC_CTYPE, then LANG).

    The names are judged, not the installed locale: over SSH the user's locale is that of their terminal, whether this
    machine has it or not.
    """
    # Python wrote C.UTF-8 into LC_CTYPE where the locale was C, or one that is not installed (PEP 538).
    coerced = utf8_mode and environ.get("LC_CTYPE") in {"C.UTF-8", "C.utf8", "UTF-8"} and not environ.get("LC_ALL")
    names = ("LC_ALL", "LANG") if coerced else ("LC_ALL", "LC_CTYPE", "LANG")
    name = next((environ[n] for n in names if environ.get(n)), "C")
    return _charset_of(name)


def _charset_of(name: str) -> Charset:
    if name in _C:
        return Charset.ASCII
    codeset = name.partition(".")[2] or (name if name.upper() in {"UTF-8", "UTF8"} else "")
    if not codeset:
        import locale  # noqa: PLC0415 - only for a name such as de_DE or de_DE@euro, whose character set is a table's

        codeset = locale.normalize(name).partition(".")[2]
    plain = codeset.partition("@")[0].lower().replace("-", "").replace("_", "")
    if plain == "utf8":
        return Charset.UTF8
    return Charset.LATIN1 if plain in _LATIN1 else Charset.ASCII


@cache
def look_up(kind: str) -> Terminfo | None:
    """Look a kind of terminal up in this machine's terminal database; None where it has no such entry.

    The library reads one entry in a process's life, so a second kind is not known.
    """
    if kind in _WITHOUT_ESCAPES or _asked:
        return None
    try:
        import curses  # noqa: PLC0415 - some builds of Python lack it
    except ImportError:
        return None
    _asked.append(kind)
    with Path(os.devnull).open("rb") as nothing:
        try:
            # It asks for a file to look at the line speed of; the entry is what is wanted.
            curses.setupterm(kind, nothing.fileno())
        except curses.error:
            return None
    return Terminfo(
        colours=max(curses.tigetnum("colors"), 0),
        italic=bool(curses.tigetstr("sitm")),
        erases_with_background=curses.tigetflag("bce") == 1,
        erases_characters=bool(curses.tigetstr("ech")),
        addresses_columns=bool(curses.tigetstr("hpa")),
    )


_asked: list[str] = []
