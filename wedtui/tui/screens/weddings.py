"""Who gets married, and what that means."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from wedtui.tui.bindings import bind
from wedtui.tui.board import Overview, WhoIsLive
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.weddings import (
    MORE_ZONES,
    SOURCE,
    chosen,
    overview_subject,
    source_rows,
    wedding_rows,
    weddings_note,
)
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen
from wedtui.tui.session import View
from wedtui.tui.spans import Line

_QUESTION = WhoIsLive()


class _Asking(ListScreen):
    """A screen that goes on asking who is live and how the sources are, while it is on top."""

    @property
    def overview(self) -> Overview | None:
        """The newest answer; None while there is none."""
        told = self.board.weddings
        if told is None or told.question != _QUESTION:
            return None
        if isinstance(told.answer, Overview):
            return told.answer
        return Overview(None, (), told.at, told.problem)

    def draw(self) -> None:
        """Ask, and draw what is there of the answer."""
        self.wedtui.reader_asks(_QUESTION)
        super().draw()

    def on_screen_suspend(self) -> None:
        """Ask for nothing while another screen is on top."""
        self.wedtui.reader_drops(_QUESTION)

    def on_unmount(self) -> None:
        """Ask for nothing any more."""
        self.wedtui.reader_drops(_QUESTION)


class WeddingsScreen(_Asking):
    """The calendar at a glance; what stands in a row opens as a list."""

    TITLE_FOR_HELP = "weddings"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("weddings.open", "open"),
        bind("weddings.list", "list"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._all_zones = False

    def crumbs(self) -> str:
        """Return where this is."""
        return "weddings"

    def note(self) -> Line:
        """Return how old the calendar is."""
        return weddings_note(self.board)

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return everything."""
        height = self.listing.size.height if self.listing is not None else 0
        return wedding_rows(self.board, self.overview, (width, height), all_zones=self._all_zones)

    def subject(self) -> Subject | None:
        """Return who is live, and the level."""
        return overview_subject(self.board)

    def view(self) -> View:
        """Return this screen and the row under the cursor."""
        return View("weddings", (), self.cursor)

    def action_list(self) -> None:
        """List the weddings of the days ahead."""
        from wedtui.tui.screens.wedding_list import WeddingListScreen, Window  # noqa: PLC0415 - when opened

        self.wedtui.open_page(WeddingListScreen(Window.AHEAD), self)

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Open what a row stands for: its weddings, its source, or the zones that had no room."""
        from wedtui.tui.screens.wedding_list import WeddingListScreen, Window  # noqa: PLC0415 - when opened

        event.stop()
        if event.key == MORE_ZONES:
            self._all_zones = True
            self.show()
        elif event.key.startswith(SOURCE):
            self.wedtui.open_page(SourceScreen(event.key.removeprefix(SOURCE)), self)
        elif (row := chosen(event.key)) is not None:
            window = Window.LIVE if row.live else Window.TODAY
            self.wedtui.open_page(WeddingListScreen(window, row.part, row.value), self)


class SourceScreen(_Asking):
    """One source of weddings in full."""

    TITLE_FOR_HELP = "source of weddings"

    def __init__(self, name: str) -> None:
        """Show a source.

        Args:
            name: its name.
        """
        super().__init__()
        self.of_source = name

    def crumbs(self) -> str:
        """Return where this is."""
        return f"weddings › source › {self.of_source}"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return its facts."""
        known = self.overview.sources if self.overview else ()
        details = next((each for each in known if each.facts.name == self.of_source), None)
        return source_rows(self.board, self.of_source, details, width)
