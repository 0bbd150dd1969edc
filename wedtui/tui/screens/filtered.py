"""The table of providers as a person narrows it, and what is under its cursor."""

from __future__ import annotations

from wedtui.tui.listing import Listing
from wedtui.tui.screens.emergency import EmergencyScreen
from wedtui.tui.screens.filtering import FilteringScreen


class FilteredScreen(EmergencyScreen, FilteringScreen):
    """A screen with the table of providers, of which only those that match are shown."""

    FILTERED_BY = "name, kind or state"

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

    def is_shown(self, key: str | None) -> bool:
        """Whether a provider matches the filter."""
        return key in self.matching()

    def set_filter(self, words: str) -> None:
        """Show the providers that match."""
        if words != self.words:
            self.notice = None
        super().set_filter(words)
