"""The command palette, without what moves by itself."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.command import SearchIcon
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from wedtui.tui.sizes import is_past
from wedtui.tui.terminal.framework import PatientPalette


class CalmPalette(PatientPalette):
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
        # Without an id of its own: one that is opened while the last is still being closed would be its double.
        super().__init__(placeholder="a provider or a command")

    async def on_event(self, event: events.Event) -> None:
        """Hear an event, but of no size that the terminal no longer has."""
        if not is_past(event, self.app):
            await super().on_event(event)

    @classmethod
    def lies_over(cls, app: App[None]) -> bool:
        """Whether it is open already."""
        return isinstance(app.screen, cls)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close; of two keys that came at once, the second must not close the screen under this one."""
        self.chosen = True
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()

    def run_worker(self, *arguments: Any, **options: Any) -> Worker[Any]:
        """Look for commands; a mistake that only comes from having been closed meanwhile does not end the app."""
        return super().run_worker(*arguments, **{**options, "exit_on_error": False})

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Be loud about any other mistake; one that the app's end makes is none: it mounts no widgets any more."""
        there = self.app.screen is self and self.is_attached
        if event.state is WorkerState.ERROR and event.worker.error is not None and there:
            raise event.worker.error

    def on_key(self, event: events.Key) -> None:
        """Write what was typed behind the key that opens it, before its line took the keys, into that line."""
        line = self.query_one_optional(Input)
        if line is not None and self.focused is not line and event.is_printable and event.character is not None:
            event.stop()
            line.insert_text_at_cursor(event.character)

    def on_mount(self) -> None:
        """Keep the cursor still."""
        # One that is closed by the very next key has lost both before it is mounted.
        for line in self.query(Input):
            line.cursor_blink = False
        for sign in self.query(SearchIcon):
            sign.icon = ">"  # the stock icon is two cells wide in some terminals, one in others
