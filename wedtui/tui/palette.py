"""Roles become colours here, and nowhere else: lines of spans in, strips of segments out."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from wedtui.tui.spans import TILE_ROLES, Line, Look, Role, clean, crop, length
from wedtui.tui.theme import ThemeFile


class Palette:
    """The styles of one theme."""

    def __init__(self, theme: ThemeFile) -> None:
        self.theme = theme
        background, cursor = theme.surface["background"], theme.surface["cursor"]
        self._styles: dict[Look, Style] = {
            role: Style(color=c.fg, bgcolor=c.bg or background, bold=c.bold, italic=c.italic)
            for role, c in theme.roles.items()
        }
        self._cursor_styles: dict[Look, Style] = {
            role: Style(color=c.fg, bgcolor=c.bg or cursor, bold=c.bold, italic=c.italic)
            for role, c in theme.roles.items()
        }
        for styles in (self._styles, self._cursor_styles):
            # Reversed rather than with swapped colours: so it stays a tile where there are no colours.
            styles.update({tile: styles[role] + Style(reverse=True, bold=True) for tile, role in TILE_ROLES.items()})

    def strip(self, line: Line, width: int, *, cursor: bool = False) -> Strip:
        """Draw one line in exactly `width` cells, on the cursor's background where it stands there."""
        styles = self._cursor_styles if cursor else self._styles
        # The last gate before the terminal: whatever a server said, nothing in it is an escape any more.
        line = crop(tuple((clean(text), role) for text, role in line), width)
        segments = [Segment(text, styles[role]) for text, role in line if text]
        missing = width - length(line)
        if missing > 0:
            segments.append(Segment(" " * missing, styles[Role.TEXT]))
        return Strip(segments, width)
