"""Weddings, a page at a time, and one of them in full."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from textual.binding import BindingType

from wedtui.core.calendar_query import ListedWedding, WeddingPage, WeddingQuery
from wedtui.tui.bindings import bind
from wedtui.tui.board import OneWedding, WeddingsTold
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.wedding_day import DAYS, local_days
from wedtui.tui.draw.wedding_list import one_rows, page_note, page_rows, page_titles, wedding_key, wedding_subject
from wedtui.tui.draw.weddings import NOT_SAID, PARTS
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import BoardScreen, ListScreen
from wedtui.tui.session import View
from wedtui.tui.spans import Line

PAGE = 100
_INSTANT = timedelta(microseconds=1)


class Window(StrEnum):
    """Which time is listed; the value is the word for people."""

    LIVE = "live now"
    TODAY = "today"
    AHEAD = f"next {DAYS} days"
    ALL = "all"

    def bounds(self, now: datetime, zone: str) -> tuple[datetime | None, datetime | None]:
        """Return the instants after which a wedding ends and before which it begins.

        They stay the same for a minute: a question that differs with every second would never be answered.
        """
        minute = now.replace(second=0, microsecond=0)
        match self:
            case Window.LIVE:
                return minute, minute + _INSTANT
            case Window.TODAY:
                ((_, start, end),) = local_days(now, zone, 1)
                return start, end
            case Window.AHEAD:
                *_, (_, _, end) = local_days(now, zone, DAYS)
                return minute, end
        return None, None


_WINDOWS = tuple(Window)


class WeddingListScreen(ListScreen):
    """A list of which only one page is ever loaded."""

    TITLE_FOR_HELP = "list of weddings"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("bookings.open", "open"),
        bind("bookings.back", "page(-1)"),
        bind("bookings.next", "page(1)"),
        bind("bookings.window", "window"),
    ]

    def __init__(self, window: Window, part: str = "", value: str = "") -> None:
        """List weddings.

        Args:
            window: of which time.
            part: one of `PARTS`, which narrows; empty: none does.
            value: of that part.
        """
        super().__init__()
        self.window, self.part, self.value = window, part, value
        self._after: str | None = None
        self._before: str | None = None
        self._reaching: datetime | None = None
        """The minute in which it was opened: its first page is that of what was not over then."""
        self._is_first = False
        """Whether the page that is being read is known to be the first."""
        self._told: WeddingsTold | None = None
        self._asked = WeddingQuery()

    def crumbs(self) -> str:
        """Return where this is, and what of it is shown."""
        narrowed = f" · {self.part} {self.value or NOT_SAID}" if self.part else ""
        return f"weddings › {self.window}{narrowed}"

    def note(self) -> Line:
        """Return which of how many are shown, and how old the calendar is."""
        return page_note(self.board, self._listed())

    def _query(self) -> WeddingQuery:
        start, end = self.window.bounds(self.board.now, self.board.home)
        if self._reaching is None:
            self._reaching = self.board.now.replace(second=0, microsecond=0)
        query = WeddingQuery(
            overlaps_from=start,
            overlaps_to=end,
            limit=PAGE,
            after=self._after,
            before=self._before,
            reaching=self._reaching,
        )
        match self.part:
            case "zone":
                return replace(query, zone=self.value)
            case "culture":
                return replace(query, culture=self.value)
            case "venue kind":
                return replace(query, venue_kind=self.value)
        return query

    def _listed(self) -> WeddingsTold | None:
        """Return the page that is asked for; until a new minute's has come, that of the minute before."""
        told = self.board.weddings
        if told is not None and told.question == self._query():
            self._told = told
        return self._told

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the page."""
        return page_rows(self.board, self._listed(), width)

    def draw(self) -> None:
        """Ask for the page, and draw what is there of it."""
        self._asked = self._query()
        self.wedtui.reader_asks(self._asked)
        if (listing := self.listing) is not None and self._after is None and self._before is None:
            listing.begin(self._first_not_over())
        super().draw()

    def _first_not_over(self) -> str | None:
        """Return where a list begins that is opened: at what is live, else at what comes next, else at the last."""
        rows = self._page.rows if self._page else ()
        found = next((each for each in rows if each.wedding.end > self.board.now), rows[-1] if rows else None)
        return wedding_key(found) if found else None

    def titles(self, width: int) -> tuple[Line, ...]:
        """Return the titles of the columns, which stay while rows scroll."""
        return page_titles(self._listed(), width)

    def on_screen_suspend(self) -> None:
        """Ask for nothing while another screen is on top."""
        self.wedtui.reader_drops(self._asked)

    def on_unmount(self) -> None:
        """Ask for nothing any more."""
        self.wedtui.reader_drops(self._asked)

    def subject(self) -> Subject | None:
        """Return the wedding under the cursor."""
        found = self._found(self.cursor)
        return wedding_subject(self.board, found) if found else None

    def view(self) -> View:
        """Return what is listed; not the row under the cursor, for a reference that is forgotten must stand nowhere."""
        if not self.part:
            return View("weddings-list", (self.window.name,))
        # A place in a file that is empty would not be one.
        return View("weddings-part", (self.window.name, self.part, self.value or NOT_SAID))

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Show the wedding in full."""
        event.stop()
        found = self._found(event.key)
        if found is not None:
            self.wedtui.open_page(WeddingScreen(found), self)

    @property
    def _page(self) -> WeddingPage | None:
        told = self._listed()
        return told.answer if told is not None and isinstance(told.answer, WeddingPage) else None

    def _found(self, key: str | None) -> ListedWedding | None:
        return next((each for each in (self._page.rows if self._page else ()) if wedding_key(each) == key), None)

    def action_page(self, by: int) -> None:
        """Show the next page, or the one before."""
        page = self._page
        if page is None:
            first = by < 0 and self._is_first
            self.wedtui.say("this is the first page" if first else "the page is still being read")
        elif by > 0 and page.next is not None:
            self._turn(after=page.next)
        elif by < 0 and page.previous is not None:
            self._is_first = page.skipped <= PAGE
            self._turn(before=page.previous)
        else:
            self.wedtui.say("this is the first page" if by < 0 else "this is the last page")

    def action_window(self) -> None:
        """List another time, from what is not over on."""
        self.window = _WINDOWS[(_WINDOWS.index(self.window) + 1) % len(_WINDOWS)]
        self._reaching = None
        self._turn()

    def _turn(self, after: str | None = None, before: str | None = None) -> None:
        self._after, self._before, self._told = after, before, None
        self._is_first = self._is_first and before is not None
        self.begin_anew()


class WeddingScreen(ListScreen):
    """One wedding: each of its days, and each source that names it."""

    TITLE_FOR_HELP = "wedding"

    def __init__(self, listed: ListedWedding) -> None:
        """Show a wedding.

        Args:
            listed: its row in the list.
        """
        super().__init__()
        self._question = OneWedding(listed.wedding.reference)
        self._known: tuple[ListedWedding, ...] = (listed,)

    def crumbs(self) -> str:
        """Return where this is."""
        return f"weddings › {self._question.reference}"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return its facts; where no source names it any more, those that were last known."""
        told = self.board.weddings
        if told is None or told.question != self._question:
            told = None
        elif isinstance(told.answer, tuple) and told.answer:
            self._known = tuple(each for each in told.answer if isinstance(each, ListedWedding))
        return one_rows(self.board, told, self._known, width)

    def draw(self) -> None:
        """Ask for it, and draw it."""
        self.wedtui.reader_asks(self._question)
        super().draw()

    def on_screen_suspend(self) -> None:
        """Ask for nothing while another screen is on top."""
        self.wedtui.reader_drops(self._question)

    def on_unmount(self) -> None:
        """Ask for nothing any more."""
        self.wedtui.reader_drops(self._question)

    def subject(self) -> Subject:
        """Return the wedding."""
        return wedding_subject(self.board, self._known[0])


def reopened(view: View) -> BoardScreen | None:
    """Make a screen of weddings anew from what a session says; None where there is no such list."""
    if view.kind == "weddings":
        from wedtui.tui.screens.weddings import WeddingsScreen  # noqa: PLC0415 - when opened

        return WeddingsScreen()
    name, part, value = (*view.of, "", "")[:3]
    if name not in Window.__members__ or (part and part not in PARTS):
        return None
    return WeddingListScreen(Window[name], part, "" if value == NOT_SAID else value)
