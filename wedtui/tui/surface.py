"""A widget of fixed lines that redraws only the lines that differ."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from wedtui.tui.palette import Palette
from wedtui.tui.spans import Line, rule


class Surface(Widget):
    """Shows lines; whoever owns it gives new ones whenever anything may have changed."""

    def __init__(
        self,
        palette: Palette,
        *,
        id: str,  # noqa: A002 - Textual's own name for it
        title: str | None = None,
        lines: tuple[Line, ...] = (),
        can_focus: bool = False,
    ) -> None:
        super().__init__(id=id)
        self.can_focus = can_focus
        self._palette = palette
        self._title = title
        self._lines = lines

    def show(self, lines: tuple[Line, ...]) -> None:
        """Take new lines and redraw those that differ from what stands there."""
        old, self._lines = self._lines, lines
        for y in range(max(len(old), len(lines))):
            before = old[y] if y < len(old) else ()
            after = lines[y] if y < len(lines) else ()
            if before != after:
                self.refresh(Region(0, y, self.size.width, 1))

    def repaint(self, palette: Palette) -> None:
        """Redraw everything in another palette."""
        self._palette = palette
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.size.width
        line = self._lines[y] if y < len(self._lines) else ()
        if not self._lines and y == 0 and self._title is not None:
            # The first paint comes before anyone knows a width, and a second one would cost as much again.
            line = rule(self._title, width)
        return self._palette.strip(line, width)
