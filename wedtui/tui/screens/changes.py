"""What changed, a page at a time, and one change in full."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from textual.binding import BindingType

from wedtui.core.changes import Change
from wedtui.tui.bindings import bind
from wedtui.tui.board import ChangesTold, Lookback
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.changes import change_facts, change_key, change_rows, change_subject, shown
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen
from wedtui.tui.screens.filtering import FilteringScreen
from wedtui.tui.session import View
from wedtui.tui.spans import Line, Role

SPANS = (
    ("1 h", timedelta(hours=1)),
    ("24 h", timedelta(hours=24)),
    ("7 days", timedelta(days=7)),
    ("30 days", timedelta(days=30)),
)
_FIRST_SPAN = 1


class ChangesScreen(ListScreen, FilteringScreen):
    """The timeline, the newest first; it is read only while it is open."""

    TITLE_FOR_HELP = "what changed"
    FILTERED_BY = "words of a change: aws, weights, a name"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("changes.open", "open"),
        bind("changes.filter", "filter"),
        bind("changes.back", "page(-1)"),
        bind("changes.next", "page(1)"),
        bind("changes.range-less", "range(-1)"),
        bind("changes.range-more", "range(1)"),
    ]

    def __init__(self) -> None:
        """Look back a day."""
        super().__init__()
        self._span = _FIRST_SPAN
        self._pages: list[tuple[datetime, str, str]] = []
        """Where each page but the first begins."""
        self._told: ChangesTold | None = None

    @property
    def _asks(self) -> Lookback:
        return Lookback(SPANS[self._span][1], self._pages[-1] if self._pages else None)

    def crumbs(self) -> str:
        """Return where this is, how far it looks back, and by what it is filtered."""
        page = f" · page {len(self._pages) + 1}" if self._pages else ""
        return f"what changed · {SPANS[self._span][0]}{page}" + (f' · "{self.words}"' if self.words else "")

    def note(self) -> Line:
        """Return by which clock they stand, and how many there are on the page."""
        told = self._listed()
        if told is None or told.timeline is None:
            return ()
        total, found = len(told.timeline.changes), len(shown(told, self.words))
        more = "+" if told.timeline.earlier else ""
        count = f"{found} of {total}{more}" if self.words else f"{total}{more}"
        return ((f"{self.board.zone}  ", Role.MUTED), (count, Role.ACCENT))

    def _listed(self) -> ChangesTold | None:
        """Return the newest answer to what is asked; until another question's has come, nothing."""
        told = self.board.changes
        if told is not None and told.question == self._asks:
            self._told = told
        return self._told if self._told is not None and self._told.question == self._asks else None

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the page."""
        return change_rows(self.board, self._listed(), self.words, width)

    def draw(self) -> None:
        """Ask for the page, and draw what is there of it."""
        self.wedtui.reader_looks_back(self._asks)
        super().draw()

    def on_screen_suspend(self) -> None:
        """Ask for nothing while another screen is on top."""
        self.wedtui.reader_looks_no_more(self._asks)

    def on_unmount(self) -> None:
        """Ask for nothing any more."""
        self.wedtui.reader_looks_no_more(self._asks)

    def subject(self) -> Subject | None:
        """Return the change under the cursor."""
        found = self._found(self.cursor)
        return change_subject(self.board, found) if found else None

    def view(self) -> View:
        """Return this screen; the row under the cursor is another one tomorrow."""
        return View("changes")

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Show the change in full."""
        event.stop()
        found = self._found(event.key)
        if found is not None:
            self.wedtui.open_page(ChangeScreen(found), self)

    def _found(self, key: str | None) -> Change | None:
        return next((each for each in shown(self._listed(), self.words) if change_key(each) == key), None)

    def action_page(self, by: int) -> None:
        """Show what is older, or newer again."""
        told = self._listed()
        following = told.timeline.next if told is not None and told.timeline is not None else None
        if by > 0 and following is not None:
            self._turn([*self._pages, following])
        elif by < 0 and self._pages:
            self._turn(self._pages[:-1])
        elif told is not None:
            self.wedtui.say("this is the last page" if by > 0 else "this is the first page")

    def action_range(self, by: int) -> None:
        """Look back another time; beyond the ends nothing happens."""
        span = min(max(self._span + by, 0), len(SPANS) - 1)
        if span != self._span:
            self.wedtui.reader_looks_no_more(self._asks)
            self._span = span
            self._turn([])

    def _turn(self, pages: list[tuple[datetime, str, str]]) -> None:
        self.wedtui.reader_looks_no_more(self._asks)
        self._pages = pages
        self.begin_anew()

    def is_shown(self, key: str | None) -> bool:
        """Whether a change matches the filter."""
        return self._found(key) is not None


class ChangeScreen(ListScreen):
    """One change: when exactly as far as is known, who, and from where it is known."""

    TITLE_FOR_HELP = "change"

    def __init__(self, change: Change) -> None:
        """Show a change.

        Args:
            change: its row in the list; what changed once stays as it was.
        """
        super().__init__()
        self._change = change

    def crumbs(self) -> str:
        """Return where this is."""
        return f"what changed › {self._change.kind} {self._change.object}"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return its facts."""
        return change_facts(self.board, self._change, width)

    def subject(self) -> Subject:
        """Return the change."""
        return change_subject(self.board, self._change)
