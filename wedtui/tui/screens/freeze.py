"""Is production frozen, until when and why."""

from __future__ import annotations

from wedtui.tui.draw.freeze import freeze_rows
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen


class FreezeScreen(ListScreen):
    """The verdict in full."""

    TITLE_FOR_HELP = "freeze"

    def crumbs(self) -> str:
        """Return where this is."""
        return "freeze"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the verdict."""
        return freeze_rows(self.board, width)
