"""One provider in full: components, ceilings, probes and signals."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from wedtui.tui.bindings import bind
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.detail import detail_rows
from wedtui.tui.draw.inventory import kind_of, kind_subject
from wedtui.tui.draw.sentences import provider_subject, signal_subject
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen
from wedtui.tui.session import View


class ProviderScreen(ListScreen):
    """The drill-down of the provider table."""

    TITLE_FOR_HELP = "provider"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("provider.chart", "open"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self.provider = name

    def crumbs(self) -> str:
        """Return where this is."""
        return f"providers › {self.provider}"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the provider's rows."""
        return detail_rows(self.board, self.provider, width)

    def subject(self) -> Subject | None:
        """Return the probe, signal or kind of resources under the cursor; without one, the provider."""
        provider = self.board.picture.provider(self.provider) if self.board.picture else None
        if provider is None:
            return None
        kind = kind_of(self.cursor)
        if kind is not None:
            return kind_subject(self.board, self.provider, kind)
        if self.cursor is not None:
            return signal_subject(self.board, self.provider, self.cursor)
        return provider_subject(self.board, provider)

    def view(self) -> View:
        """Return this provider and the row under the cursor."""
        return View("provider", (self.provider,), self.cursor)

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Open the chart, or the list of a kind of resources."""
        event.stop()
        kind = kind_of(event.key)
        if kind is not None:
            self.wedtui.open_resources(self.provider, kind)
            return
        self.wedtui.open_chart(self.provider, event.key)
