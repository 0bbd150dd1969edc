"""What the providers have, a page at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from wedtui.core.inventory import KnownResource, Order, ResourceQuery
from wedtui.tui.bindings import bind
from wedtui.tui.board import Listed
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.inventory import page_note, resource_key, resource_rows, resource_subject
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen
from wedtui.tui.session import View
from wedtui.tui.spans import Line

PAGE = 100


class ResourcesScreen(ListScreen):
    """A list of which only one page is ever loaded."""

    TITLE_FOR_HELP = "resources"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("resources.open", "open"),
        bind("resources.back", "page(-1)"),
        bind("resources.next", "page(1)"),
        bind("resources.worst", "order"),
        bind("resources.vanished", "vanished"),
    ]

    def __init__(self, provider: str | None = None, kind: str | None = None) -> None:
        """List resources.

        Args:
            provider: of this one only.
            kind: of this kind only.
        """
        super().__init__()
        self.scope = (provider, kind)
        self._asks = ResourceQuery(provider, kind, order=Order.WORST, limit=PAGE)
        self._before: list[str | None] = []
        """Where each page before this one began."""

    def crumbs(self) -> str:
        """Return where this is, and what of it is shown in which order."""
        provider, kind = self.scope
        where = f"providers › {provider} › {kind or 'resources'}" if provider else "resources"
        order = "worst first" if self._asks.order is Order.WORST else "by place"
        return f"{where} · {'vanished' if self._asks.vanished else order}"

    def note(self) -> Line:
        """Return which of how many are shown."""
        return page_note(self._listed, PAGE * len(self._before))

    @property
    def _listed(self) -> Listed | None:
        """The page that this screen asked for, where it has come."""
        listed = self.board.listed
        return listed if listed is not None and listed.query == self._asks else None

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the page."""
        return resource_rows(self.board, self._listed, width)

    def draw(self) -> None:
        """Ask for the page, and draw what is there of it."""
        self.wedtui.reader_lists(self._asks)
        super().draw()

    def on_screen_suspend(self) -> None:
        """Ask for nothing while another screen is on top."""
        self.wedtui.reader_lists(None)

    def on_unmount(self) -> None:
        """Ask for nothing any more."""
        self.wedtui.reader_lists(None)

    def subject(self) -> Subject | None:
        """Return the resource under the cursor."""
        found = self._found(self.cursor)
        return resource_subject(self.board, found) if found else None

    def view(self) -> View:
        """Return what is listed, and the row under the cursor."""
        of = tuple(name for name in self.scope if name)
        return View(("resources", "resources-of", "resources-of-kind")[len(of)], of, self.cursor)

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Show the resource in full."""
        from wedtui.tui.screens.resource import ResourceScreen  # noqa: PLC0415 - when opened

        event.stop()
        found = self._found(event.key)
        if found is not None:
            self.wedtui.open_page(ResourceScreen(self._asks, found), self)

    def _found(self, key: str | None) -> KnownResource | None:
        page = self._listed.page if self._listed else None
        return next((each for each in (page.rows if page else ()) if resource_key(each) == key), None)

    def action_page(self, by: int) -> None:
        """Show the next page, or the one before."""
        page = self._listed.page if self._listed else None
        if by > 0 and page is not None and page.next is not None:
            self._before.append(self._asks.after)
            self._ask(replace(self._asks, after=page.next))
        elif by < 0 and self._before:
            self._ask(replace(self._asks, after=self._before.pop()))
        elif page is not None:
            self.wedtui.say("this is the last page" if by > 0 else "this is the first page")

    def action_order(self) -> None:
        """Order the other way, from the first page on."""
        order = Order.PLACE if self._asks.order is Order.WORST else Order.WORST
        self._before = []
        self._ask(replace(self._asks, order=order, after=None))

    def action_vanished(self) -> None:
        """Show what vanished instead of what is there, or back."""
        self._before = []
        self._ask(replace(self._asks, vanished=not self._asks.vanished, after=None))

    def _ask(self, query: ResourceQuery) -> None:
        self._asks = query
        self.begin_anew()
