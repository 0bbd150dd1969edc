"""An app that draws through our driver: only what differs, only when the line has room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import BindingType

from wedtui.tui.bindings import bind
from wedtui.tui.terminal.driver import TerminalDriver
from wedtui.tui.terminal.framework import pieces, running, trouble
from wedtui.tui.terminal.link import LinkReport

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.screen import Screen


class DrawnApp(App[None], inherit_bindings=False):
    """The base of what wedtui shows on a whole terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.redraw", "redraw"),
    ]

    def __init__(self, manner: type[TerminalDriver] = TerminalDriver, **others: Any) -> None:
        self.stock_because = trouble()
        """Why Textual's own driver and drawing are used; None where ours are."""
        super().__init__(driver_class=None if self.stock_because else manner, **others)
        self.animation_level = "none"

    @property
    def link(self) -> LinkReport | None:
        """What is known of the line to the terminal; None with a driver that is not ours."""
        driver: Driver | None = self._driver
        return driver.link() if isinstance(driver, TerminalDriver) else None

    def write_to_terminal(self, sequence: str) -> None:
        """Write an escape sequence that draws nothing, between two frames."""
        driver: Driver | None = self._driver
        if driver is not None:
            driver.write(sequence)

    def action_redraw(self) -> None:
        """Draw everything again."""
        driver: Driver | None = self._driver
        if isinstance(driver, TerminalDriver):
            driver.redraw()
        else:
            self.screen.refresh(layout=True)
            for widget in self.screen.query("*"):
                widget.refresh()

    def action_suspend_process(self) -> None:
        """Stop as a job of the shell."""
        driver: Driver | None = self._driver
        if isinstance(driver, TerminalDriver):
            driver.suspend()
        else:
            super().action_suspend_process()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Hand what the compositor wants shown to the front buffer."""
        driver: Driver | None = self._driver
        if not isinstance(driver, TerminalDriver) or (drawn := pieces(renderable)) is None:
            super()._display(screen, renderable)
            return
        try:
            if running(self):
                driver.draw(drawn)
        finally:
            self.post_display_hook()

    def _set_pointer_shape(self, shape: str) -> None:
        """Ask for no shape of the mouse pointer: terminals that do not know the question print a part of it."""
