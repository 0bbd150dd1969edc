"""The dashboard as a program: it owns the board, starts the reader after the first paint, and routes keys to screens.

Nothing heavy is imported here: what is only needed later (charts, help, input lines) is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from wedtui.tui.bindings import bind
from wedtui.tui.board import SPANS, Board, SeriesKey
from wedtui.tui.hands import Hands, Said
from wedtui.tui.keymap.table import Keymap, row
from wedtui.tui.memory import Memory
from wedtui.tui.messages import HistoryArrived, News, PictureArrived, ReaderBroke, SourceFailed
from wedtui.tui.palette import Palette
from wedtui.tui.reader import Mailbox, Reader
from wedtui.tui.screens.base import BoardScreen, own_bindings
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.theme import ThemeFile, load_theme, theme_names

if TYPE_CHECKING:
    from rich.console import RenderableType

    from wedtui.clock import Clock
    from wedtui.tui.album import Album
    from wedtui.tui.source import Source


class WedtuiApp(App[None], inherit_bindings=False):
    """The dashboard.

    Args:
        open_source: makes the source of pictures; it may be slow and is called on the reader's thread.
        clock: tells the time.
        theme: the name of a theme file.
        demo: whether the world is a demonstration; it is marked so.
        theme_fixed: whether that theme counts whatever a person chose by key the last time.
        session_file: where what is open is kept and found again; None: nothing is kept.
        album: where pictures of the screen go; None: there is no place for them.
        environ: the program's environment, which says whether tmux or screen stands between; nothing by default.

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
        bind("app.copy", "copy"),
        bind("app.jump", "jump"),
        bind("app.picture", "picture"),
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
        theme_fixed: bool = False,
        session_file: Path | None = None,
        album: Album | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.clock = clock
        self.board = Board(clock.now(), demo=demo)
        self.hands = Hands(self, environ or {}, album)
        self.memory = Memory(self, session_file)
        self._configured_theme = theme
        self.palette = Palette(self._first_theme(theme if theme_fixed else self.memory.theme(theme)))
        self.span = self.memory.begin.span
        self.keymap = Keymap()
        self.register_theme(self.palette.theme.textual())
        self.theme = self.palette.theme.name
        self._mailbox = Mailbox(lambda: self.post_message(self.MailArrived()))
        self._reader = Reader(open_source, clock, self._mailbox)

    class MailArrived(Message):
        """Something lies in the mailbox."""

    class KeymapArrived(Message):
        """A configuration was read that may have keys of its own."""

        def __init__(self, keymap: Keymap) -> None:
            super().__init__()
            self.keymap = keymap

    def _first_theme(self, name: str) -> ThemeFile:
        """Return a theme; where one that was chosen by key is gone, the configured one."""
        if name != self._configured_theme and name not in theme_names():
            self.memory.choose_theme(self._configured_theme, self._configured_theme)
            return load_theme(self._configured_theme)
        return load_theme(name)

    def get_default_screen(self) -> Screen[None]:
        """Begin with the dashboard itself, so that the first paint is already it."""
        begin = self.memory.begin
        return MainScreen(cursor=begin.cursor, words=begin.words, signal=begin.signal)

    def on_ready(self) -> None:
        """Start what is slow, now that the first picture is on the terminal."""
        self._reader.start()
        self.set_interval(1.0, self._tick)
        if self.memory.remark is not None:
            self.say(self.memory.remark)

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave the dashboard, and keep what is open while it still is."""
        self.memory.remember()
        super().exit(result, return_code, message)

    def on_unmount(self) -> None:
        """Stop reading and writing."""
        self._reader.stop()
        self.memory.stop()
        self.hands.stop()

    async def on_event(self, event: events.Event) -> None:
        """Show every key to jump mode first: whichever it is, it must not do anything else there."""
        if isinstance(event, events.Key) and not event.is_forwarded and self.hands.take(event.key, event.character):
            event.stop()
            return
        await super().on_event(event)

    def on_said(self, message: Said) -> None:
        """Say what another thread has to say."""
        if self.is_running:
            self.say(message.sentence)

    def say(self, sentence: str) -> None:
        """Show a sentence on whatever screen is open, until the next key or for a few seconds."""
        self.hands.say(sentence)

    def write_to_terminal(self, sequence: str) -> None:
        """Write an escape sequence that draws nothing, between two frames."""
        if self._driver is not None:
            self._driver.write(sequence)

    def on_wedtui_app_mail_arrived(self) -> None:
        """Take what the reader left, and draw it; at the very end there is nothing to draw on any more."""
        if not self.is_running:
            return
        for news in self._mailbox.take():
            self._hear(news)
        if self.board.picture is not None:
            self.memory.reopen(self.board.picture)
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
        self.board = replace(self.board, now=self.clock.now())
        self.hands.grow_old()
        self.memory.remember()
        if self.board.lag:
            self._show()
        else:
            self.seen.show_clock()

    @property
    def seen(self) -> BoardScreen:
        """The screen that is drawn from the board and on top, or under the palette."""
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, BoardScreen))

    @property
    def dashboard(self) -> MainScreen:
        """The first screen, under all others."""
        return next(screen for screen in self.screen_stack if isinstance(screen, MainScreen))

    def _show(self) -> None:
        self.seen.show()

    def reader_wants(self, key: SeriesKey | None) -> None:
        """Say which history the visible chart shows."""
        self._reader.want(key)

    def choose_span(self, index: int) -> None:
        """Choose the range of the charts; beyond the ends nothing happens."""
        self.span = min(max(index, 0), len(SPANS) - 1)

    def open_provider(self, name: str) -> None:
        """Show one provider in full, above the dashboard."""
        from wedtui.tui.screens.provider import ProviderScreen  # noqa: PLC0415 - when opened

        self.back_to_dashboard()
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

    def action_copy(self) -> None:
        """Copy what is under the cursor."""
        self.hands.copy()

    def action_jump(self) -> None:
        """Wait for the digit of a pane."""
        self.hands.jump()

    def action_picture(self) -> None:
        """Save what is on the screen."""
        self.hands.take_picture()

    def action_next_theme(self) -> None:
        """Use the next theme."""
        names = theme_names()
        after = names[(names.index(self.palette.theme.name) + 1) % len(names)]
        self.palette = Palette(load_theme(after))
        self.register_theme(self.palette.theme.textual())
        self.theme = after
        self.memory.choose_theme(after, self._configured_theme)
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

    def back_to_dashboard(self) -> None:
        """Leave every screen above the dashboard."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
