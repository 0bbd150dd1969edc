"""The table of providers as a person narrows it: the filter, its input line, and what is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wedtui.tui.listing import Listing
from wedtui.tui.screens.emergency import EmergencyScreen

if TYPE_CHECKING:
    from textual.widgets import Input

    from wedtui.tui.filter_line import FilterLine


class FilteredScreen(EmergencyScreen):
    """A screen with the table of providers, of which only those that match are shown."""

    def __init__(self, words: str = "") -> None:
        """Begin with a filter.

        Args:
            words: of the filter; empty: all providers are shown.
        """
        super().__init__()
        self.words = words
        self.notice: str | None = None
        """What became of the provider that was selected, until the cursor moves."""

    @property
    def filtering(self) -> bool:
        """Whether the filter's input line is open; it lies right on the screen."""
        return any(child.id == "filter" for child in self.children)

    @property
    def listing(self) -> Listing | None:
        """The table of the providers, once it is there."""
        return self.query_one_optional("#providers", Listing)

    @property
    def selected(self) -> str | None:
        """The name of the provider under the cursor."""
        listing = self.listing
        return listing.cursor if listing is not None else self.begin_at

    def matching(self) -> tuple[str, ...]:
        """Return the names of the providers that are shown."""
        from wedtui.tui.draw.everything import matching  # noqa: PLC0415 - not needed for the first paint

        return tuple(p.name for p in matching(self.board, self.words))

    async def action_filter(self) -> None:
        """Open the filter's input line."""
        from wedtui.tui.filter_line import FilterLine  # noqa: PLC0415 - not needed for the first paint

        found = self.query("#filter").results(FilterLine)
        line = next(iter(found), None)
        if line is None:
            keys = self.query_one_optional("#keys")
            if keys is None or not self.is_attached:  # an app that ends mounts nothing
                return
            line = FilterLine(self.words)
            await self.mount(line, before=keys)
        line.focus()
        self.show()

    async def action_clear(self) -> None:
        """Show all providers again."""
        await self._close_filter()
        self._set_filter("")

    async def on_filter_line_cleared(self, event: FilterLine.Cleared) -> None:
        """Show all providers again."""
        event.stop()
        await self.action_clear()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while a person types."""
        event.stop()
        self._set_filter(event.value)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the table."""
        event.stop()
        await self._close_filter()
        self.show()

    async def _close_filter(self) -> None:
        await self.query("#filter").remove()
        if (listing := self.listing) is not None:
            listing.focus()

    def _set_filter(self, words: str) -> None:
        if words == self.words:
            return
        self.words, self.notice = words, None
        listing = self.listing
        if listing is not None and listing.cursor not in self.matching():
            listing.release()
        self.show()
