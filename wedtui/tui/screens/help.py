"""Every key of the screen from which help was asked, made from the bindings."""

from __future__ import annotations

from wedtui.tui.draw.keys import help_rows
from wedtui.tui.keymap.table import KEYS
from wedtui.tui.listing import Listing
from wedtui.tui.rows import Row
from wedtui.tui.screens.base import BoardScreen, ListScreen, own_ids


class HelpScreen(ListScreen):
    """The page behind `?`."""

    TITLE_FOR_HELP = "help"

    def __init__(self, about: BoardScreen) -> None:
        super().__init__()
        self._about = type(about)

    def crumbs(self) -> str:
        """Return where this is."""
        return f"help › {self._about.TITLE_FOR_HELP}"

    def rows(self, width: int) -> tuple[Row, ...]:
        """Return the keys of the screen, of lists, and of everywhere."""
        groups = [
            (f"keys: {self._about.TITLE_FOR_HELP}", own_ids(self._about)),
            *((f"keys: {scope}", [row.id for row in KEYS if row.scope is scope]) for scope in self._about.WITHIN),
            ("keys: lists", own_ids(Listing)),
            ("keys: everywhere", own_ids(type(self.app))),
        ]
        return help_rows(groups, self.wedtui.keymap, width)
