"""The smallest Textual app that shows anything: the limit that a start is measured against."""

from __future__ import annotations

import time

from textual.app import App, ComposeResult
from textual.widgets import Static


class ClockApp(App[None]):
    """One line of text, new each second."""

    def compose(self) -> ComposeResult:
        """Show the time."""
        yield Static(f"CLOCK {time.strftime('%H:%M:%S')}")

    def on_mount(self) -> None:
        """Begin to tick."""
        self.set_interval(1.0, lambda: self.query_one(Static).update(f"CLOCK {time.strftime('%H:%M:%S')}"))


if __name__ == "__main__":
    ClockApp().run()
