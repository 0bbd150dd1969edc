"""Lines of text with roles instead of colours: what panes are made of before any terminal is involved.

Pure data: a pane's drawing is a function of a board and a width, which tests, a plain-text mode and another
palette can use as it is. `palette` turns roles into colours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import chain

from rich.cells import cell_len, set_cell_size

from wedtui.core.state import State
from wedtui.core.wording import asked_of_demo


class Role(StrEnum):
    """What a stretch of text is, from which a theme decides how it looks."""

    TEXT = "text"
    STRONG = "strong"
    MUTED = "muted"
    """Labels, rules and what may be overlooked."""
    STALE = "stale"
    """A value too old to be relied on."""
    ACCENT = "accent"
    CHART = "chart"
    KEY = "key"
    OK = "ok"
    DEGRADED = "degraded"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    ALARM = "alarm"
    """A badge that must not be overlooked: production, a dead service."""
    CAUTION = "caution"
    """A badge that changes what one may do: frozen, protection MAXIMUM."""
    MARK = "mark"
    """A badge that says what kind of world this is: DEMO, PERSONAL."""
    BADGE = "badge"
    """A badge without alarm."""


class Tile(StrEnum):
    """A surface filled with the colour of a state; no theme names these, they are the state's role reversed."""

    OK = "tile-ok"
    DEGRADED = "tile-degraded"
    UNKNOWN = "tile-unknown"


Look = Role | Tile
Span = tuple[str, Look]
Line = tuple[Span, ...]

_STATE_ROLES = {
    State.OK: Role.OK,
    State.DEGRADED: Role.DEGRADED,
    State.CRITICAL: Role.CRITICAL,
    State.UNKNOWN: Role.UNKNOWN,
}
TILE_ROLES = {Tile.OK: Role.OK, Tile.DEGRADED: Role.DEGRADED, Tile.UNKNOWN: Role.UNKNOWN}
"""The role that each tile reverses."""
# Control, format (bidirectional overrides, zero-width), surrogate, line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def state_role(state: State) -> Role:
    """Return the role that a state is drawn in."""
    return _STATE_ROLES[state]


def clean(text: str) -> str:
    """Return `text` without anything that a terminal would obey: escapes, controls, direction overrides."""
    if text.isascii() and text.isprintable():
        return text
    return _cleaned(text)


# The same words with a glyph or a rule in them are drawn again and again.
@lru_cache(maxsize=2048)
def _cleaned(text: str) -> str:
    return "".join(" " if c in "\t\r\n" else c for c in text if c in "\t\r\n" or _shown(c))


def _shown(char: str) -> bool:
    return unicodedata.category(char) not in _UNPRINTABLE


# So is nearly every cell of a table, second after second.
@lru_cache(maxsize=4096)
def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return `text` in exactly `width` cells, cut with `…` where it is longer."""
    text = clean(text)
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * (width - length) + text if right else text + " " * (width - length)


def length(line: Iterable[Span]) -> int:
    """Return how many cells a line takes."""
    # Nearly everything is ASCII, of which each sign takes one cell; this is asked thousands of times a second.
    return sum([len(text) if text.isascii() and text.isprintable() else cell_len(text) for text, _ in line])


def crop(line: Line, width: int) -> Line:
    """Return a line of at most `width` cells, ending in `…` where something was cut."""
    if length(line) <= width:
        return line
    kept: list[Span] = []
    room = width
    for text, role in line:
        if cell_len(text) >= room:
            kept.append((fit(text + "…", room), role))
            break
        kept.append((text, role))
        room -= cell_len(text)
    return tuple(kept)


def spread(left: Line, right: Line, width: int) -> Line:
    """Return one line with `left` at its beginning and `right` at its end; `left` is cut first."""
    right = crop(right, width)
    room = width - length(right)
    left = crop(left, max(room - 1, 0))
    return (*left, (" " * (room - length(left)), Role.TEXT), *right)


def rule(title: str, width: int, note: Line = ()) -> Line:
    """Return a pane's title line: `─ title ──────── note `."""
    head: Line = (("─ ", Role.MUTED), (title, Role.STRONG), (" ", Role.MUTED))
    tail: Line = ((" ", Role.MUTED), *note, (" ", Role.MUTED)) if note else ()
    room = width - length(head) - length(tail)
    if room < 1:
        tail = crop(tail, max(width - length(head) - 2, 0))
        room = max(width - length(head) - length(tail), 0)
    return crop((*head, ("─" * room, Role.MUTED), *tail), width)


def marked(line: Line, sign: str, width: int) -> Line:
    """Return a pane's title line with a badge before its title; the line under the title gives up the room."""
    badge: Span = (f" {sign} ", Role.MARK)
    need = cell_len(badge[0])
    fill = max(range(len(line)), key=lambda i: line[i][0].count("─"), default=None)
    if fill is not None and line[fill][0].count("─") > need:
        text, role = line[fill]
        line = (*line[:fill], (text.replace("─", "", need), role), *line[fill + 1 :])
    return crop((badge, *line), width)


def plain(line: Iterable[Span]) -> str:
    """Return a line's bare text."""
    return "".join(text for text, _ in line)


def wrap(text: str, width: int, role: Look = Role.TEXT, *, indent: str = "") -> list[Line]:
    """Return a sentence broken into lines at its spaces; each begins with `indent`.

    A word that is longer than a line goes on in the next one: cut off it could be any other.
    """
    lines: list[Line] = []
    room = max(width - cell_len(indent), 1)
    held = ""
    for word in chain.from_iterable(_parts(each, room) for each in clean(text).split()):
        if held and cell_len(held) + 1 + cell_len(word) > room:
            lines.append(((indent + held, role),))
            held = word
        else:
            held = f"{held} {word}" if held else word
    if held:
        lines.append(((indent + held, role),))
    return lines


def _parts(word: str, room: int) -> Iterator[str]:
    """Yield a word in parts of at most so many cells; a sign that is wider than that stays whole."""
    while cell_len(word) > room:
        part = set_cell_size(word, room).rstrip() if room > 1 else word[:1]
        # A wide sign that has no room in the last cell leaves a space there.
        part = part if part and word.startswith(part) else word[:1]
        yield part
        word = word[len(part) :]
    if word:
        yield word


def of_demo(line: Line, width: int) -> list[Line]:
    """Return a line of a demo with its commands as they are typed there, on as many lines as it takes with them."""
    said = tuple((asked_of_demo(text), role) for text, role in line)
    if said == line or length(said) <= width:
        return [said]
    *head, (text, role) = said
    before = length(head)
    parts = wrap(text, width, role, indent=" " * (before + len(text) - len(text.lstrip(" "))))
    first = plain(parts[0])[before:]
    return [(*head, (first, role)), *parts[1:]]
