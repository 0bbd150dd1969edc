"""The dashboard as a program: it routes keys to screens, which are drawn from the board.

Nothing heavy is imported here: what is only needed later (charts, help, input lines) is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from wedtui.tui.bindings import bind
from wedtui.tui.board import DEFAULT_SPAN, SPANS, SeriesKey
from wedtui.tui.board_app import BoardApp
from wedtui.tui.palette import Palette
from wedtui.tui.screens.base import BoardScreen, own_bindings
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.theme import load_theme, theme_names

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.tui.source import Source


class WedtuiApp(BoardApp, inherit_bindings=False):
    """The dashboard."""

    ENABLE_COMMAND_PALETTE = True
    # Textual does not declare these two as class variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (170, "-huge")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.freeze", "f", "freeze", "freeze", "Is production frozen, until when and why"),
        bind("app.palette", "colon", "command_palette", "find", "Find a provider or a command by typing"),
        bind("app.findings", "w", "findings", "findings", "What is wrong: list every finding, worst first"),
        bind("app.theme", "t", "next_theme", "theme", "Use the next colour theme"),
        bind("app.help", "question_mark", "help", "help", "List every key of this screen"),
        bind("app.quit", "q,ctrl+q,ctrl+c", "quit", "quit", "Leave the dashboard; the service goes on"),
    ]

    def __init__(
        self,
        open_source: Callable[[], Source],
        clock: Clock,
        *,
        theme: str,
        demo: bool = False,
    ) -> None:
        super().__init__(open_source, clock, theme=theme, demo=demo)
        self.span = DEFAULT_SPAN

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
        names = theme_names()
        after = names[(names.index(self.palette.theme.name) + 1) % len(names)]
        self.palette = Palette(load_theme(after))
        self.register_theme(self.palette.theme.textual())
        self.theme = after
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
            if binding.action != "command_palette":
                action = binding.action
                yield SystemCommand(
                    binding.description,
                    binding.tooltip,
                    lambda action=action, namespace=namespace: self.run_action(action, namespace),
                )

    def _open_once(self, kind: Callable[[], BoardScreen]) -> None:
        if not (isinstance(kind, type) and isinstance(self.screen, kind)):
            self.push_screen(kind())

    def _back_to_dashboard(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()
