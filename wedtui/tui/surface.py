"""A widget of fixed lines that redraws only the lines that differ."""

from __future__ import annotations

from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from wedtui.tui.palette import Palette
from wedtui.tui.spans import Line, rule


class Unadorned(Widget):
    """A widget of lines without border, padding or opacity, which Textual would look for in every line of every frame.

    That is a tenth of the time that the dashboard takes in all.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines of a part of the widget as `render_line` gives them."""
        width = self.outer_size.width
        _, background = self.background_colors
        ground = Style(bgcolor=background.rich_color)
        strips = [self.render_line(y).adjust_cell_length(width, ground) for y in crop.line_range]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, background) for strip in strips]
        if crop.column_span == (0, width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]


class Surface(Unadorned):
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
        width = self.outer_size.width
        for y in range(max(len(old), len(lines))):
            before = old[y] if y < len(old) else ()
            after = lines[y] if y < len(lines) else ()
            if before != after:
                self.refresh(Region(0, y, width, 1))

    def repaint(self, palette: Palette) -> None:
        """Redraw everything in another palette."""
        self._palette = palette
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        width = self.outer_size.width
        line = self._lines[y] if y < len(self._lines) else ()
        if not self._lines and y == 0 and self._title is not None:
            # The first paint comes before anyone knows a width, and a second one would cost as much again.
            line = rule(self._title, width)
        return self._palette.strip(line, width)
