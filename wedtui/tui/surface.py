"""A widget of fixed lines that redraws only the lines that differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.containers import Container
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from wedtui.tui.palette import Palette
from wedtui.tui.spans import Line, rule

_CLEAR = Color(0, 0, 0, 0)


class Wanted(NamedTuple):
    """What is to stand in a line of a widget."""

    line: Line
    width: int
    """The cells that it takes; beyond them is ground."""
    cursor: bool = False


class Unadorned(Widget):
    """A widget of lines without border, padding or opacity, which Textual would look for in every line of every frame.

    The compositor asks for every line of every widget whenever any of them differs: one that is wanted as before is not
    drawn again. Both together are a fifth of the time that the dashboard takes in all.
    """

    _palette: Palette
    _filtered: Palette

    def __init__(self, *children: Widget, **others: Any) -> None:
        super().__init__(*children, **others)
        self._within: tuple[object, ...] = ()
        self._ground = Style.null()
        self._drawn: dict[int, tuple[Wanted, Strip]] = {}

    def wanted(self, y: int) -> Wanted:
        """Return what is to stand in a line."""
        raise NotImplementedError

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the lines of a part of the widget as `wanted` gives them."""
        width = self.outer_size.width
        background = _background(self)
        filters = self.get_line_filters()
        within = (width, self._palette, background, *filters)
        if within != self._within:
            self._within, self._drawn = within, {}
            self._filtered = self._palette.through(lambda style: _passed(style, filters, background))
            self._ground = _passed(Style(bgcolor=background.rich_color), filters, background)
        strips = [self.render_line(y) for y in crop.line_range]
        if crop.column_span == (0, width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def redraw(self, lines: Iterable[int]) -> None:
        """Have some lines drawn anew, given from the top down: those that touch in one piece, which costs as one."""
        pieces: list[Region] = []
        for y in lines:
            if pieces and pieces[-1].bottom == y:
                pieces[-1] = pieces[-1].grow((0, 0, 1, 0))
            else:
                pieces.append(Region(0, y, self.outer_size.width, 1))
        if pieces:
            self.refresh(*pieces)

    def render_line(self, y: int) -> Strip:
        """Draw one line, where it differs from what stands there."""
        wanted = self.wanted(y)
        before = self._drawn.get(y)
        if before is not None and before[0] == wanted:
            return before[1]
        strip = self._filtered.strip(wanted.line, wanted.width, cursor=wanted.cursor)
        strip = strip.adjust_cell_length(self.outer_size.width, self._ground)
        self._drawn[y] = wanted, strip
        return strip


class Ground(Widget):
    """A widget of which nothing is seen but its ground, between the widgets that lie on it."""

    def __init__(self, *children: Widget, **others: Any) -> None:
        super().__init__(*children, **others)
        self._blank: tuple[tuple[object, ...], Strip] = (), Strip([])

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw blank lines, which Textual would look for border, padding and opacity."""
        style, filters = self.visual_style.rich_style, self.get_line_filters()
        background = _background(self)
        within = (crop.width, style, background, *filters)
        if within != self._blank[0]:
            self._blank = within, Strip.blank(crop.width, _passed(style, filters, background))
        return [self._blank[1]] * crop.height


class Room(Container, Ground):
    """A container without border or padding."""


def _background(widget: Widget) -> Color:
    """Return the ground of a widget, which Textual keeps until a style changes.

    `background_colors` puts the same together from all around each time.
    """
    return widget.visual_style.background or _CLEAR


def _passed(style: Style, filters: Sequence[LineFilter], background: Color) -> Style:
    """Return what filters make of a style: they change nothing else of a line, so it need not pass them itself."""
    segments = [Segment(" ", style)]
    for each in filters:
        segments = each.apply(segments, background)
    return segments[0].style or Style.null()


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
        self.redraw([y for y, (one, other) in enumerate(zip_longest(old, lines, fillvalue=())) if one != other])

    def repaint(self, palette: Palette) -> None:
        """Redraw everything in another palette."""
        self._palette = palette
        self.refresh()

    def wanted(self, y: int) -> Wanted:
        """Return what is to stand in a line."""
        width = self.outer_size.width
        line = self._lines[y] if y < len(self._lines) else ()
        if not self._lines and y == 0 and self._title is not None:
            # The first paint comes before anyone knows a width, and a second one would cost as much again.
            line = rule(self._title, width)
        return Wanted(line, width)
