"""How a key is bound here: by its id alone; keys, word and sentence stand in `keymap.table`."""

from __future__ import annotations

from textual.binding import Binding

from wedtui.tui.keymap.table import row


def bind(name: str, action: str) -> Binding:
    """Make the binding of an action of the table.

    Args:
        name: its id.
        action: Textual's action string.

    Raises:
        KeyError: the table has no such id.
    """
    found = row(name)
    return Binding(",".join(found.keys), action, found.word, show=found.hint, tooltip=found.does, id=name)
