"""Everything that is wrong, worst first."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from wedtui.tui.bindings import bind
from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.findings import finding_rows, keyed_findings
from wedtui.tui.draw.sentences import finding_subject
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen
from wedtui.tui.session import View


class FindingsScreen(ListScreen):
    """The list behind the line of the worst finding."""

    TITLE_FOR_HELP = "what is wrong"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("findings.open", "open"),
    ]

    def crumbs(self) -> str:
        """Return where this is."""
        return f"what is wrong · {len(self.board.findings)}"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the findings."""
        return finding_rows(self.board, width)

    def subject(self) -> Subject | None:
        """Return the finding under the cursor, its whole sentence."""
        found = next((f for key, f in keyed_findings(self.board) if key == self.cursor), None)
        return finding_subject(self.board, found) if found else None

    def view(self) -> View:
        """Return the list and the row under the cursor."""
        return View("findings", (), self.cursor)

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        """Open the provider, or the provider of the probe, that the finding is about."""
        event.stop()
        subject = event.key.partition(" ")[2]
        for provider in self.board.picture.providers if self.board.picture else ():
            if subject == provider.name or subject in {p.name for p in provider.evidence.probes}:
                self.wedtui.open_provider(provider.name)
                return
