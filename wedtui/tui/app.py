"""The dashboard as a program: it routes keys to screens, which are drawn from the board.

Nothing heavy is imported here: what is only needed later (charts, help, input lines) is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from wedtui.errors import ConfigurationError
from wedtui.tui.bindings import bind
from wedtui.tui.board import DEFAULT_SPAN, SPANS, SeriesKey
from wedtui.tui.board_app import BoardApp
from wedtui.tui.keymap.table import Keymap, row
from wedtui.tui.screens.base import BoardScreen, own_bindings
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.terminal.abilities import Abilities
from wedtui.tui.theme import theme_names

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.tui.source import Source


class WedtuiApp(BoardApp):
    """The dashboard."""

    ENABLE_COMMAND_PALETTE = True
    # Textual does not declare these two as class variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (170, "-huge")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.freeze", "freeze"),
        bind("app.palette", "command_palette"),
        bind("app.findings", "findings"),
        bind("app.theme", "next_theme"),
        bind("app.help", "help"),
        bind("app.quit", "quit"),
    ]

    def __init__(
        self,
        open_source: Callable[[], Source],
        clock: Clock,
        *,
        theme: str,
        demo: bool = False,
        theme_folders: Sequence[Path] = (),
        abilities: Abilities | None = None,
    ) -> None:
        super().__init__(open_source, clock, theme=theme, demo=demo, theme_folders=theme_folders, abilities=abilities)
        self.span = DEFAULT_SPAN
        self.keymap = Keymap()

    class KeymapArrived(Message):
        """A configuration was read that may have keys of its own."""

        def __init__(self, keymap: Keymap) -> None:
            super().__init__()
            self.keymap = keymap

    def use_keymap(self, keymap: Keymap) -> None:
        """Use these keys from now on; any thread may call it."""
        self.post_message(self.KeymapArrived(keymap))

    def on_wedtui_app_keymap_arrived(self, message: KeymapArrived) -> None:
        """Listen to other keys, and show them."""
        if message.keymap != self.keymap:
            self.keymap = message.keymap
            self.set_keymap(self.keymap.textual())
            self.show_board()

    def get_default_screen(self) -> Screen[None]:
        """Begin with the dashboard itself, so that the first paint is already it."""
        return MainScreen()

    @property
    def _seen(self) -> BoardScreen:
        """The screen that is drawn from the board and on top, or under the palette."""
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, BoardScreen))

    def show_board(self) -> None:
        """Draw the screen on top."""
        self._seen.show()

    def show_clock(self) -> None:
        """Draw its clock."""
        self._seen.show_clock()

    def reader_wants(self, key: SeriesKey | None) -> None:
        """Say which history the visible chart shows."""
        self._reader.want(key)

    def choose_span(self, index: int) -> None:
        """Choose the range of the charts; beyond the ends nothing happens."""
        self.span = min(max(index, 0), len(SPANS) - 1)

    def open_provider(self, name: str) -> None:
        """Show one provider in full, above the dashboard."""
        from wedtui.tui.screens.provider import ProviderScreen  # noqa: PLC0415 - when opened

        self._back_to_dashboard()
        self.push_screen(ProviderScreen(name))

    def open_chart(self, provider: str, signal: str) -> None:
        """Show the full-screen chart of a signal or probe."""
        from wedtui.tui.screens.chart import ChartScreen  # noqa: PLC0415 - plotext costs a tenth of a second

        self.push_screen(ChartScreen(provider, signal))

    def action_findings(self) -> None:
        """List the findings."""
        from wedtui.tui.screens.findings import FindingsScreen  # noqa: PLC0415 - when opened

        self._open_once(FindingsScreen)

    def action_freeze(self) -> None:
        """Show the freeze."""
        from wedtui.tui.screens.freeze import FreezeScreen  # noqa: PLC0415 - when opened

        self._open_once(FreezeScreen)

    def action_help(self) -> None:
        """List the keys of the screen that is shown."""
        from wedtui.tui.screens.help import HelpScreen  # noqa: PLC0415 - when opened

        if isinstance(self.screen, BoardScreen) and not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_next_theme(self) -> None:
        """Use the next theme."""
        names, now = theme_names(self.theme_folders), self.palette.theme.name
        at = names.index(now) if now in names else -1
        for after in (*names[at + 1 :], *names[: at + 1]):
            try:
                self.wear(after)
                break
            except ConfigurationError as error:
                # A file that somebody is still writing is no reason to fall over: it is passed over, and said.
                self.notify(str(error).splitlines()[0], severity="warning", markup=False)
        self.repaint()

    def repaint(self) -> None:
        """Draw every screen in the colours of now."""
        for screen in self.screen_stack:
            if isinstance(screen, BoardScreen):
                screen.repaint()

    def action_command_palette(self) -> None:
        """Open the command palette."""
        from wedtui.tui.screens.commands import CalmPalette  # noqa: PLC0415 - when opened

        if not CalmPalette.lies_over(self):
            self.push_screen(CalmPalette())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every provider, and every binding that stands among the key hints."""
        for provider in self.board.picture.providers if self.board.picture else ():
            name = provider.name
            words = f"{provider.health.state}, weight {provider.evidence.weight} %"
            yield SystemCommand(f"go to {name}", words, lambda name=name: self.open_provider(name))
        owner = type(screen) if isinstance(screen, BoardScreen) else None
        bindings = [(screen, b) for b in (own_bindings(owner) if owner else ()) if b.show]
        for namespace, binding in [*bindings, *((self, b) for b in own_bindings(type(self)))]:
            if binding.action != "command_palette" and binding.id is not None:
                action, keys = binding.action, "  ".join(self.keymap.titles(binding.id))
                yield SystemCommand(
                    row(binding.id).word,
                    f"{row(binding.id).does} · {keys}" if keys else row(binding.id).does,
                    lambda action=action, namespace=namespace: self.run_action(action, namespace),
                )

    def _open_once(self, kind: Callable[[], BoardScreen]) -> None:
        if not (isinstance(kind, type) and isinstance(self.screen, kind)):
            self.push_screen(kind())

    def _back_to_dashboard(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()
