"""The dashboard as a program: it owns the board, starts the reader after the first paint, and routes keys to screens.

Nothing heavy is imported here: what is only needed later (charts, help, input lines) is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen

from wedtui.errors import ConfigurationError
from wedtui.tui import colours
from wedtui.tui.bindings import bind
from wedtui.tui.board import DEFAULT_SPAN, SPANS, Board, SeriesKey
from wedtui.tui.keymap.table import Keymap, row
from wedtui.tui.messages import HistoryArrived, News, PictureArrived, ReaderBroke, SourceFailed
from wedtui.tui.palette import Palette
from wedtui.tui.reader import Mailbox, Reader
from wedtui.tui.screens.base import BoardScreen, own_bindings
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.terminal.abilities import EVERYTHING, Abilities
from wedtui.tui.terminal.drawn import DrawnApp
from wedtui.tui.theme import load_theme, theme_names

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.tui.source import Source


class WedtuiApp(DrawnApp):
    """The dashboard.

    Args:
        open_source: makes the source of pictures; it may be slow and is called on the reader's thread.
        clock: tells the time.
        theme: the name of a theme file.
        demo: whether the world is a demonstration; it is marked so.
        theme_folders: where the user's own themes are.
        abilities: what the terminal can show; by default everything.

    Raises:
        ConfigurationError: there is no such theme.
    """

    TITLE = "wedtui"
    CSS_PATH = Path(__file__).with_name("wedtui.tcss")
    ENABLE_COMMAND_PALETTE = True
    ALLOW_SELECT = False
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
        super().__init__()
        self.clock = clock
        self.board = Board(clock.now(), demo=demo)
        self.abilities = abilities or EVERYTHING
        if abilities is not None:
            colours.obey(self, abilities)
        self._theme_folders = theme_folders
        self.span = DEFAULT_SPAN
        self.keymap = Keymap()
        self._wear(theme)
        self._mailbox = Mailbox(lambda: self.post_message(self.MailArrived()))
        self._reader = Reader(open_source, clock, self._mailbox)

    class MailArrived(Message):
        """Something lies in the mailbox."""

    class KeymapArrived(Message):
        """A configuration was read that may have keys of its own."""

        def __init__(self, keymap: Keymap) -> None:
            super().__init__()
            self.keymap = keymap

    def _wear(self, name: str) -> None:
        """Use a theme, as far as the terminal can show it.

        Raises:
            ConfigurationError: there is no such theme, or its file is not one.
        """
        abilities = self.abilities
        theme = load_theme(name, self._theme_folders)
        self.palette = Palette(theme, abilities.depth, italic=abilities.italic)
        self.register_theme(self.palette.textual())
        self.theme = name

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line passes before it is drawn: on a terminal without colours, what takes them away."""
        return colours.filters(super().get_line_filters(), self.abilities, native=self.palette.native)

    def get_default_screen(self) -> Screen[None]:
        """Begin with the dashboard itself, so that the first paint is already it."""
        return MainScreen()

    def on_ready(self) -> None:
        """Start what is slow, now that the first picture is on the terminal."""
        self._reader.start()
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        """Stop reading."""
        self._reader.stop()

    def on_wedtui_app_mail_arrived(self) -> None:
        """Take what the reader left, and draw it."""
        for news in self._mailbox.take():
            self._hear(news)
        self._show()

    def use_keymap(self, keymap: Keymap) -> None:
        """Use these keys from now on; any thread may call it."""
        self.post_message(self.KeymapArrived(keymap))

    def on_wedtui_app_keymap_arrived(self, message: KeymapArrived) -> None:
        """Listen to other keys, and show them."""
        if message.keymap != self.keymap:
            self.keymap = message.keymap
            self.set_keymap(self.keymap.textual())
            self._show()

    def _hear(self, news: News) -> None:
        now = self.clock.now()
        match news:
            case PictureArrived(picture):
                self.board = replace(self.board, now=now, picture=picture, problem=None, problem_since=None)
            case SourceFailed(sentence, at, picture):
                since = self.board.problem_since or at
                self.board = replace(self.board, now=now, picture=picture, problem=sentence, problem_since=since)
            case HistoryArrived(history):
                self.board = replace(self.board, now=now, history=history)
            case ReaderBroke(error):
                raise error

    def _tick(self) -> None:
        """Move the clock; where no picture comes any more, let everything grow old."""
        before, link = self.board.drawing, self.link
        self.board = replace(self.board, now=self.clock.now(), link=link)
        if self.board.lag or self.board.drawing is not before:
            self._show()
        else:
            self._seen.show_clock()

    @property
    def _seen(self) -> BoardScreen:
        """The screen that is drawn from the board and on top, or under the palette."""
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, BoardScreen))

    def _show(self) -> None:
        self._seen.show()

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
        names, now = theme_names(self._theme_folders), self.palette.theme.name
        at = names.index(now) if now in names else -1
        for after in (*names[at + 1 :], *names[: at + 1]):
            try:
                self._wear(after)
                break
            except ConfigurationError as error:
                # A file that somebody is still writing is no reason to fall over: it is passed over, and said.
                self.notify(str(error).splitlines()[0], severity="warning", markup=False)
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

    def _fatal_error(self) -> None:
        """End after a mistake of ours, with a traceback that shows no values: Textual's own prints every local."""
        from rich.traceback import Traceback  # noqa: PLC0415 - only then

        self.panic(Traceback(show_locals=False))

    def _open_once(self, kind: Callable[[], BoardScreen]) -> None:
        if not (isinstance(kind, type) and isinstance(self.screen, kind)):
            self.push_screen(kind())

    def _back_to_dashboard(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()
