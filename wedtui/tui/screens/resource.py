"""One resource in full."""

from __future__ import annotations

from wedtui.core.inventory import KnownResource, ResourceQuery
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.inventory import resource_facts, resource_key, resource_subject
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen


class ResourceScreen(ListScreen):
    """A row of the list in full; it goes on reading the page that the row stands on."""

    TITLE_FOR_HELP = "resource"

    def __init__(self, query: ResourceQuery, known: KnownResource) -> None:
        """Show a resource.

        Args:
            query: the page that it stands on.
            known: what is known of it.
        """
        super().__init__()
        self._asks, self._known = query, known

    def crumbs(self) -> str:
        """Return where this is."""
        return f"resources › {self._known.provider} › {self._known.resource.name}"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return its facts; where it left the page, those that were last known of it."""
        listed = self.board.listed
        if listed is not None and listed.query == self._asks and listed.page is not None:
            key = resource_key(self._known)
            self._known = next((each for each in listed.page.rows if resource_key(each) == key), self._known)
        return resource_facts(self.board, self._known, width)

    def draw(self) -> None:
        """Ask for the page, and draw the resource."""
        self.wedtui.reader_lists(self._asks)
        super().draw()

    def on_screen_suspend(self) -> None:
        """Ask for nothing while another screen is on top."""
        self.wedtui.reader_lists(None)

    def subject(self) -> Subject:
        """Return the resource."""
        return resource_subject(self.board, self._known)
