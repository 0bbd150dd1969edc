"""The wall as a program: no keyboard, no mouse, nothing that could change anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import BindingType
from textual.screen import Screen
from textual.widget import Widget

from wedtui.tui.bindings import bind
from wedtui.tui.board_app import BoardApp
from wedtui.tui.sizes import SizedScreen
from wedtui.tui.surface import Surface
from wedtui.tui.terminal.abilities import Abilities
from wedtui.tui.wall.pages import EVERY_S, wall_lines

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.tui.source import Source
    from wedtui.tui.wall.watchdog import Watchdog


class WallScreen(SizedScreen, inherit_bindings=False):
    """One surface as large as the terminal."""

    def compose(self) -> Iterable[Widget]:
        """Make the surface."""
        yield Surface(self.wall.palette, id="wall", title="wedtui wall")

    @property
    def wall(self) -> WallApp:
        """The app, by its own type."""
        return cast("WallApp", self.app)

    def show(self) -> None:
        """Draw what is known now; only lines that differ are sent."""
        width, height = self.size
        if not width or not self.is_mounted or not self.app.is_running:
            return
        wall = self.wall
        lines = wall_lines(wall.board, width, height, started=wall.started, every=wall.every)
        if (surface := self.query_one_optional("#wall", Surface)) is not None:
            surface.show(lines)

    def on_resize(self, _event: events.Resize) -> None:
        """Draw for another size, once the surface has it."""
        self.call_after_refresh(self.show)


class WallApp(BoardApp):
    """The wall.

    Args:
        open_source: makes the source of pictures; it may be slow and is called on the reader's thread.
        clock: tells the time, and with it which page is shown.
        theme: the name of a theme file.
        demo: whether the world is a demonstration; it is marked so.
        every: seconds after which the page turns.
        watchdog: hears of everything that is drawn, and speaks when nothing is.
        theme_folders: where the user's own themes are.
        abilities: what the terminal can show; by default everything.

    Raises:
        ConfigurationError: there is no such theme.
    """

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.quit", "quit"),
    ]

    def __init__(
        self,
        open_source: Callable[[], Source],
        clock: Clock,
        *,
        theme: str,
        demo: bool = False,
        every: float = EVERY_S,
        watchdog: Watchdog | None = None,
        theme_folders: Sequence[Path] = (),
        abilities: Abilities | None = None,
    ) -> None:
        super().__init__(open_source, clock, theme=theme, demo=demo, theme_folders=theme_folders, abilities=abilities)
        self.every = every
        self.started = clock.now()
        self._watchdog = watchdog

    def get_default_screen(self) -> Screen[None]:
        """Begin with the wall itself."""
        return WallScreen()

    def on_ready(self) -> None:
        """Begin to be watched; the reader is started beside this."""
        if self._watchdog is not None:
            self._watchdog.drawn(self.board.now, self.board.zone)
            self._watchdog.start()

    def on_unmount(self) -> None:
        """No longer be watched."""
        if self._watchdog is not None:
            self._watchdog.stop()

    def show_board(self) -> None:
        """Draw everything, and say so once it is drawn."""
        if isinstance(self.screen, WallScreen):
            self.screen.show()
        self.call_after_refresh(self._drawn)

    def show_clock(self) -> None:
        """Draw everything: pages turn with the clock, and lines that are as before cost nothing."""
        self.show_board()

    def repaint(self) -> None:
        """Draw everything in the colours of now."""
        for surface in self.screen.query(Surface):
            surface.repaint(self.palette)
        self.show_board()

    def _drawn(self) -> None:
        if self._watchdog is not None and self._watchdog.drawn(self.board.now, self.board.zone):
            self.action_redraw()
