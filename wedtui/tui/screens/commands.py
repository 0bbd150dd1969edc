"""The command palette, without what moves by itself."""

from __future__ import annotations

from textual.app import App
from textual.command import CommandPalette, SearchIcon
from textual.widgets import Input


class CalmPalette(CommandPalette):
    """Textual's palette with a cursor that does not blink, over a dashboard that stays readable."""

    CSS = """
    CalmPalette { background: transparent; }
    SearchIcon { color: $foreground; }
    /* Textual's own lines are half transparent black, which no palette of sixteen has, or a green that is not seen. */
    CalmPalette #--input { border: hkey $border-blurred; }
    CalmPalette #--input.--list-visible { border-bottom: none; }
    CalmPalette CommandInput, CalmPalette CommandInput:focus { border: blank $border-blurred; }
    CalmPalette > .command-palette--help-text { color: $muted; text-style: not bold; }
    CalmPalette CommandList { border-top: blank $border-blurred; border-bottom: hkey $border-blurred; }
    """

    def __init__(self) -> None:
        super().__init__(placeholder="a provider or a command", id="--command-palette")

    @classmethod
    def lies_over(cls, app: App[None]) -> bool:
        """Whether it is open already."""
        return isinstance(app.screen, cls)

    def on_mount(self) -> None:
        """Keep the cursor still."""
        for line in self.query(Input):
            line.cursor_blink = False
        self.query_one(SearchIcon).icon = ">"  # the stock icon is two cells wide in some terminals, one in others
