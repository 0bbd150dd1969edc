"""A list whose cursor follows an object, drawn line by line: only rows that differ are sent to the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wedtui.tui.bindings import bind
from wedtui.tui.palette import Palette
from wedtui.tui.rows import Row
from wedtui.tui.spans import Line, rule
from wedtui.tui.surface import Unadorned, Wanted


# In this order: Textual takes a widget's own style sheet from its first base.
class Listing(ScrollView, Unadorned, can_focus=True, inherit_bindings=False):
    """Rows under a heading that does not scroll.

    The cursor is the key of a row, not its place: it moves with the object. Where the object vanishes, nothing is
    selected until a person chooses again, so that no key ever hits a neighbour.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("list.up", "move(-1)"),
        bind("list.down", "move(1)"),
        bind("list.page-up", "page(-1)"),
        bind("list.page-down", "page(1)"),
        bind("list.top", "edge(-1)"),
        bind("list.bottom", "edge(1)"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands on another object, or on none."""

        listing: Listing
        key: str | None

    @dataclass
    class Vanished(Message):
        """The object under the cursor is gone; nothing is selected now."""

        listing: Listing
        key: str

    @dataclass
    class Chosen(Message):
        """A person asked to open an object."""

        listing: Listing
        key: str

    def __init__(
        self,
        palette: Palette,
        *,
        id: str,  # noqa: A002 - Textual's own name for it
        title: str = "",
        remark: Line = (),
        begin_at: str | None = None,
    ) -> None:
        """Make a list without rows.

        Args:
            palette: the colours.
            id: the widget's id.
            title: its title until there are rows.
            remark: what stands under that.
            begin_at: the object on which the cursor begins, where the first rows have it.
        """
        super().__init__(id=id)
        self._begin_at = begin_at
        self._line_width = self._top = 0
        self._palette = palette
        self._title, self._remark = title, remark
        self._heading: tuple[Line, ...] = ()
        self._rows: tuple[Row, ...] = ()
        self._places: dict[str, int] = {}
        self._last_place = 0
        self._fresh = True
        self.cursor: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The objects that can be selected, in their order."""
        return tuple(self._places)

    @property
    def inner_width(self) -> int:
        """The cells of a row, beside the scrollbar."""
        return self.scrollable_content_region.width

    def show(self, heading: tuple[Line, ...], rows: tuple[Row, ...]) -> None:
        """Take new rows; the cursor stays with its object."""
        old_heading, old_rows = self._heading, self._rows
        old_cursor = self.cursor
        self._heading, self._rows = heading, rows
        self._places = {row.key: i for i, row in enumerate(rows) if row.key is not None}
        self._follow()
        width = self.outer_size.width
        size = Size(width, len(heading) + len(rows))
        if len(old_heading) != len(heading) or size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
            return
        differing = [y for y, (before, after) in enumerate(zip(old_heading, heading, strict=True)) if before != after]
        for i, (old, new) in enumerate(zip(old_rows, rows, strict=True)):
            was, stands = old.key is not None and old.key == old_cursor, new.key is not None and new.key == self.cursor
            if old.line != new.line or was != stands:
                differing += self._line_of(i)
        self.redraw(differing)

    def select(self, key: str | None) -> None:
        """Put the cursor on an object, or on none."""
        if key is not None and key not in self._places:
            return
        old, self.cursor = self.cursor, key
        self._fresh = False
        if old == key:
            return
        for changed in (old, key):
            if changed is not None and changed in self._places:
                self.redraw(self._line_of(self._places[changed]))
        if key is not None:
            self._last_place = self._places[key]
            self._reveal(self._last_place)
        self.post_message(self.Moved(self, key))

    def release(self) -> None:
        """Let the next rows put the cursor on the first of them."""
        self.cursor, self._fresh = None, True

    def begin(self, key: str | None) -> None:
        """Let the first rows that there are put the cursor there, at the top of what is seen."""
        if self._fresh and self.cursor is None:
            self._begin_at = key

    def repaint(self, palette: Palette) -> None:
        """Redraw everything in another palette."""
        self._palette = palette
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines, for which the width and what is scrolled away are looked up once."""
        self._line_width, self._top = self.inner_width, self.scroll_offset.y
        return super().render_lines(crop)

    def wanted(self, y: int) -> Wanted:
        """Return what is to stand in a line."""
        width = self._line_width
        if not self._heading:  # the first paint, before anyone knows a width
            return Wanted(rule(self._title, width) if y == 0 else self._remark if y == 1 else (), width)
        if y < len(self._heading):
            return Wanted(self._heading[y], width)
        i = y - len(self._heading) + self._top
        if i >= len(self._rows):
            return Wanted((), width)
        row = self._rows[i]
        return Wanted(row.line, width, cursor=row.key is not None and row.key == self.cursor)

    def action_move(self, by: int) -> None:
        """Move to the next or previous object; without any that can be selected, scroll."""
        keys = self.keys
        if not keys:
            self._scroll_by(by)
        elif self.cursor in self._places:
            at = keys.index(self.cursor) + by
            if 0 <= at < len(keys):
                self.select(keys[at])
            else:
                self._scroll_by(by)
        else:
            self.select(self._nearest())

    def action_page(self, by: int) -> None:
        """Move by one screen."""
        room = max(self.size.height - len(self._heading) - 1, 1)
        if not self.keys:
            self._scroll_by(by * room)
            return
        here = self._places.get(self.cursor or "", self._last_place)
        wanted = here + by * room
        self.select(min(self._places, key=lambda key: abs(self._places[key] - wanted)))

    def action_edge(self, side: int) -> None:
        """Move to the first or the last object."""
        if self.keys:
            self.select(self.keys[0] if side < 0 else self.keys[-1])
        if not self.keys or side < 0:
            self._scroll_by(side * len(self._rows))

    def action_choose(self) -> None:
        """Open the object under the cursor; without one, nothing happens."""
        if self.cursor is not None and self.cursor in self._places:
            self.post_message(self.Chosen(self, self.cursor))

    def on_click(self, event: events.Click) -> None:
        """Select the row that was clicked; a click on the selected one opens it."""
        i = event.y - len(self._heading) + self.scroll_offset.y
        key = self._rows[i].key if event.y >= len(self._heading) and i < len(self._rows) else None
        if key is None:
            return
        if key == self.cursor:
            self.action_choose()
        else:
            self.select(key)

    def _follow(self) -> None:
        """Keep the cursor on its object; say so where it vanished."""
        if self.cursor is not None and self.cursor not in self._places:
            gone, self.cursor = self.cursor, None
            self.post_message(self.Vanished(self, gone))
        elif self.cursor is None and self._fresh and self._places:
            self._fresh = False
            wanted, self._begin_at = self._begin_at, None
            self.cursor = wanted if wanted in self._places else next(iter(self._places))
            self._show_cursor()
            self.post_message(self.Moved(self, self.cursor))
        if self.cursor is not None:
            self._last_place = self._places[self.cursor]

    def _show_cursor(self) -> None:
        """Scroll to a cursor that does not begin at the top, once the widget knows its size.

        What stands above it was passed over, so it is the first that is seen, where that many follow.
        """
        key = self.cursor

        def scroll() -> None:
            if key is not None and key == self.cursor and key in self._places:
                self.scroll_to(y=self._places[key], animate=False)

        if key is not None and key != next(iter(self._places)):
            self.call_after_refresh(scroll)

    def _nearest(self) -> str:
        """Return the object nearest to where the cursor last was."""
        return min(self._places, key=lambda key: abs(self._places[key] - self._last_place))

    def _line_of(self, i: int) -> tuple[int, ...]:
        """Return the line in which a row stands, where it does."""
        y = i + len(self._heading) - self.scroll_offset.y
        return (y,) if len(self._heading) <= y < self.outer_size.height else ()

    def _reveal(self, i: int) -> None:
        """Scroll so that row `i` is seen, and with the first object also what stands above it."""
        room = self.size.height - len(self._heading)
        top = self.scroll_offset.y
        first = i == min(self._places.values())
        if first and i < room:
            self.scroll_to(y=0, animate=False)
        elif i < top:
            self.scroll_to(y=i, animate=False)
        elif room > 0 and i >= top + room:
            self.scroll_to(y=i - room + 1, animate=False)

    def _scroll_by(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False)
