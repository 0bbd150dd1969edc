"""Is production frozen, until when and why."""

from __future__ import annotations

from wedtui.tui.clipboard import Subject
from wedtui.tui.draw.freeze import freeze_rows
from wedtui.tui.draw.sentences import freeze_subject
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import ListScreen
from wedtui.tui.session import View


class FreezeScreen(ListScreen):
    """The verdict in full."""

    TITLE_FOR_HELP = "freeze"

    def crumbs(self) -> str:
        """Return where this is."""
        return "freeze"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the verdict."""
        return freeze_rows(self.board, width)

    def subject(self) -> Subject | None:
        """Return the verdict with its reasons."""
        return freeze_subject(self.board, self.board.picture) if self.board.picture else None

    def view(self) -> View:
        """Return this screen."""
        return View("freeze")
