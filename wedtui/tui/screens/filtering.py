"""A list as a person narrows it: the filter, and its input line above the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wedtui.tui.keymap.table import Scope
from wedtui.tui.listing import Listing
from wedtui.tui.screens.base import BoardScreen

if TYPE_CHECKING:
    from textual.widgets import Input

    from wedtui.tui.filter_line import FilterLine


class FilteringScreen(BoardScreen):
    """A screen with a list of which only those rows are shown that match what a person types."""

    WITHIN: ClassVar[tuple[Scope, ...]] = (Scope.FILTER,)
    FILTERED_BY: ClassVar[str]
    """What is typed into an empty line, in words."""
    words: str = ""
    """Of the filter; empty: everything is shown."""

    @property
    def listing(self) -> Listing | None:
        """The list, once it is there."""
        raise NotImplementedError

    def is_shown(self, key: str | None) -> bool:
        """Whether a row matches the filter."""
        raise NotImplementedError

    @property
    def filtering(self) -> bool:
        """Whether the filter's input line is open; it lies right on the screen."""
        return any(child.id == "filter" for child in self.children)

    def hints(self) -> list[str]:
        """Return the hints: of the filter's line while it is open."""
        return ["filter.keep", "filter.clear"] if self.filtering else super().hints()

    async def action_filter(self) -> None:
        """Open the filter's input line."""
        from wedtui.tui.filter_line import FilterLine  # noqa: PLC0415 - not needed for the first paint

        line = next(iter(self.query("#filter").results(FilterLine)), None)
        if line is None:
            keys = self.query_one_optional("#keys")
            if keys is None or not self.is_attached:  # an app that ends mounts nothing
                return
            line = FilterLine(self.words, self.FILTERED_BY)
            await self.mount(line, before=keys)
        # At once: the letters that were typed behind the key are for this line, and some take an alert elsewhere.
        self.set_focus(line)
        self.show()

    async def action_clear(self) -> None:
        """Show everything again."""
        await self._close_filter()
        self.set_filter("")

    def action_back(self) -> None:
        """Show everything again; go back where everything is shown."""
        if self.words:
            self.set_filter("")
        else:
            super().action_back()

    async def on_filter_line_cleared(self, event: FilterLine.Cleared) -> None:
        """Show everything again."""
        event.stop()
        await self.action_clear()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while a person types."""
        event.stop()
        self.set_filter(event.value)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the list."""
        event.stop()
        await self._close_filter()
        self.show()

    async def _close_filter(self) -> None:
        await self.query("#filter").remove()
        if (listing := self.listing) is not None:
            listing.focus()

    def set_filter(self, words: str) -> None:
        """Show what matches; the cursor lets go of a row that does not."""
        if words == self.words:
            return
        self.words = words
        listing = self.listing
        if listing is not None and not self.is_shown(listing.cursor):
            listing.release()
        self.show()
