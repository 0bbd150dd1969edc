"""How a key is bound here: always with an id, by which it can be rebound, and a sentence that says what it does."""

from __future__ import annotations

from textual.binding import Binding


def bind(
    name: str, keys: str, action: str, word: str, tooltip: str, *, show: bool = True, keys_shown: str | None = None
) -> Binding:
    """Make a binding.

    Args:
        name: its id: unique and stable, `room.verb`.
        keys: comma-separated names of keys.
        action: Textual's action string.
        word: one or two words for the key hints.
        tooltip: a sentence for the help page.
        show: whether it stands among the key hints.
        keys_shown: what stands there as its key, where two bindings share a hint (`[ ]`).
    """
    return Binding(keys, action, word, show=show, key_display=keys_shown, tooltip=tooltip, id=name)
