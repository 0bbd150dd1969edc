"""Roles become colours here, and nowhere else: lines of spans in, strips of segments out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from wedtui.tui.spans import TILE_ROLES, Line, Look, Role, Span, clean, crop, length
from wedtui.tui.terminal.abilities import Depth
from wedtui.tui.theme import ANSI_NAMES, DEFAULT, SURFACES, RoleColours, ThemeFile, load_theme

if TYPE_CHECKING:
    from textual.theme import Theme


class Palette:
    """The styles of one theme on one terminal.

    Args:
        theme: the theme that was chosen.
        depth: how many colours there are. With sixteen a theme of `#rrggbb` is drawn in those of `ansi-dark` or
            `ansi-light`: the nearest of sixteen are not its colours, and often not readable. Without any, what must
            stand out is bold, underlined or reversed.
        italic: whether slanted text is shown as such.
    """

    def __init__(self, theme: ThemeFile, depth: Depth = Depth.TRUE, *, italic: bool = True) -> None:
        self.theme = theme
        self._drawn = _drawn(theme, depth)
        if depth is Depth.NONE:
            self._patches: frozenset[Look] = _UNDERLINED
            plain = {role: _without_colour(role, italic=italic) for role in Role}
            self._styles = _with_tiles(plain)
            self._cursor_styles = _with_tiles({role: _reversed(style, role) for role, style in plain.items()})
            return
        self._patches = frozenset(role for role, c in self._drawn.roles.items() if c.bg and role not in _BADGES)
        background, cursor = self._drawn.surface["background"], self._drawn.surface["cursor"]
        roles = self._drawn.roles.items()
        self._styles = _with_tiles({r: _style(c, background, italic=italic) for r, c in roles}, self._patches)
        self._cursor_styles = _with_tiles({r: _style(c, cursor, italic=italic) for r, c in roles}, self._patches)

    def through(self, change: Callable[[Style], Style]) -> Palette:
        """Return a palette whose styles are changed."""
        other = copy(self)
        other._styles = {look: change(style) for look, style in self._styles.items()}
        other._cursor_styles = {look: change(style) for look, style in self._cursor_styles.items()}
        return other

    def strip(self, line: Line, width: int, *, cursor: bool = False) -> Strip:
        """Draw one line in exactly `width` cells, on the cursor's background where it stands there."""
        styles = self._cursor_styles if cursor else self._styles
        # The last gate before the terminal: whatever a server said, nothing in it is an escape any more.
        line = tuple([(clean(text), role) for text, role in line])
        taken = length(line)
        if taken > width:
            line = crop(line, width)
            taken = length(line)
        segments = [Segment(text, styles[role]) for text, role in self._without_padding(line) if text]
        missing = width - taken
        if missing > 0:
            segments.append(Segment(" " * missing, styles[Role.TEXT]))
        return Strip(segments, width)

    def _without_padding(self, line: Line) -> Iterator[Span]:
        """Yield the spans of a line, the blanks around a patch apart: a column's padding is no part of its value."""
        for text, role in line:
            body = text.strip(" ")
            if role not in self._patches or body == text:
                yield text, role
                continue
            lead = len(text) - len(text.lstrip(" "))
            yield text[:lead], Role.TEXT
            yield body, role
            yield text[lead + len(body) :], Role.TEXT

    def textual(self) -> Theme:
        """Return what Textual's own widgets are coloured from, under the name of the theme that was chosen."""
        return self._drawn.textual(self.theme.name)

    @property
    def native(self) -> bool:
        """Whether only the terminal's own colours are used."""
        return self._drawn.ansi

    @property
    def plot_colour(self) -> tuple[int, int, int] | int | str:
        """The colour of charts, as plotext takes it."""
        colour = self._drawn.roles[Role.CHART].fg
        if colour.startswith("#"):
            return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
        if colour == DEFAULT:
            return DEFAULT
        bright = 8 if colour.startswith("bright-") else 0
        return bright + ANSI_NAMES.index(colour.removeprefix("bright-"))


def _with_tiles(styles: dict[Role, Style], patches: Iterable[Look] = ()) -> dict[Look, Style]:
    """Add the tiles: a role reversed, so that it stays a tile where there are no colours; a patch is one already."""
    looks: dict[Look, Style] = dict(styles.items())
    for tile, role in TILE_ROLES.items():
        looks[tile] = styles[role] if role in patches else styles[role] + Style(reverse=True, bold=True)
    return looks


def _drawn(theme: ThemeFile, depth: Depth) -> ThemeFile:
    """Return the theme whose colours are used."""
    if depth is Depth.NONE:
        # White marks Textual's own cursors; the filter for terminals without colours turns grounds into reverse.
        surface = {**dict.fromkeys(SURFACES, DEFAULT), "cursor": "white"}
        return ThemeFile(theme.name, theme.title, theme.dark, surface, dict.fromkeys(Role, RoleColours(DEFAULT)))
    if depth is Depth.ANSI and not theme.ansi:
        return load_theme("ansi-dark" if theme.dark else "ansi-light")
    return theme


def _style(colours: RoleColours, ground: str, *, italic: bool) -> Style:
    return Style(
        color=colours.fg.replace("-", "_"),
        bgcolor=(colours.bg or ground).replace("-", "_"),
        bold=colours.bold,
        italic=colours.italic and italic,
    )


_BADGES = frozenset({Role.ALARM, Role.CAUTION, Role.MARK, Role.BADGE})
_BOLD = frozenset({Role.STRONG, Role.KEY, Role.DEGRADED, Role.CRITICAL, Role.UNKNOWN, Role.ALARM})
_UNDERLINED = frozenset({Role.CRITICAL})


def _without_colour(role: Role, *, italic: bool) -> Style:
    """Return how a role looks by what a terminal of 1978 can do (and by slanting, where it can)."""
    return Style(
        bold=role in _BOLD or None,
        underline=role in _UNDERLINED or None,
        reverse=role in _BADGES or None,
        italic=(role is Role.STALE and italic) or None,
    )


def _reversed(style: Style, role: Role) -> Style:
    """Return a style on the cursor's line: all of it reversed, and what is reversed elsewhere set apart from it."""
    return style + (Style(reverse=False, bold=True) if role in _BADGES else Style(reverse=True))
