"""The line in which a person types what the rows of a screen are filtered by."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Input

from wedtui.tui.bindings import bind


class FilterLine(Input):
    """Textual's input, one row high, with a cursor that does not blink and the keys of the table."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("filter.keep", "submit"),
        bind("filter.clear", "clear_filter"),
    ]

    class Cleared(Message):
        """A person wants to see everything again."""

    def __init__(self, words: str, placeholder: str) -> None:
        super().__init__(words, placeholder=placeholder, id="filter", compact=True, select_on_focus=False)
        self.cursor_blink = False
        self.styles.height = 1

    def action_clear_filter(self) -> None:
        """Ask for everything."""
        self.post_message(self.Cleared())
