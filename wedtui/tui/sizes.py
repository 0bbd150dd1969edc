"""How large a screen is: as large as the terminal is now, whatever it was a moment ago.

Textual's screen posts to itself every size that it takes. Of two sizes that come at once, as from a window that is
dragged or a tmux that attaches, each then brings the other back, without end.
"""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App
from textual.screen import Screen


def is_past(event: events.Event, app: App[Any]) -> bool:
    """Whether an event tells a screen of a size that the terminal no longer has."""
    return isinstance(event, events.Resize) and event.size != app.size


class SizedScreen(Screen[None], inherit_bindings=False):
    """A screen that takes no size but the terminal's own."""

    async def on_event(self, event: events.Event) -> None:
        """Hear an event; the newest size is always still to come when an older one is left out."""
        if not is_past(event, self.app):
            await super().on_event(event)
