"""The dashboard as a program: it routes keys to screens, which are drawn from the board.

Nothing heavy is imported here: what is only needed later (charts, help, input lines) is imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen

from wedtui.errors import ConfigurationError
from wedtui.tui.bindings import bind
from wedtui.tui.board import SPANS, SeriesKey
from wedtui.tui.board_app import BoardApp
from wedtui.tui.hands import Hands, Said
from wedtui.tui.keymap.table import Keymap, row
from wedtui.tui.memory import Memory
from wedtui.tui.screens.base import BoardScreen, own_bindings
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.terminal.abilities import Abilities
from wedtui.tui.theme import theme_names

if TYPE_CHECKING:
    from rich.console import RenderableType

    from wedtui.clock import Clock
    from wedtui.core.inventory import ResourceQuery
    from wedtui.tui.album import Album
    from wedtui.tui.reader import WeddingQuestion
    from wedtui.tui.screens.findings import FindingsScreen
    from wedtui.tui.screens.freeze import FreezeScreen
    from wedtui.tui.screens.weddings import WeddingsScreen
    from wedtui.tui.source import Source

# A picture brings the clock along, about once a second; a tick after it would draw the same second again.
CLOCK_DRAWN_WITHIN = timedelta(seconds=1.25)


class WedtuiApp(BoardApp):
    """The dashboard.

    Args:
        open_source: makes the source of pictures; it may be slow and is called on the reader's thread.
        clock: tells the time.
        theme: the name of a theme file.
        demo: whether the world is a demonstration; it is marked so.
        theme_folders: where the user's own themes are.
        abilities: what the terminal can show; by default everything.
        theme_fixed: whether that theme counts whatever a person chose by key the last time.
        session_file: where what is open is kept and found again; None: nothing is kept.
        album: where pictures of the screen go; None: there is no place for them.
        environ: the program's environment, which says whether tmux or screen stands between; nothing by default.

    Raises:
        ConfigurationError: there is no such theme.
    """

    ENABLE_COMMAND_PALETTE = True
    # Textual does not declare these two as class variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (170, "-huge")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("app.freeze", "freeze"),
        bind("app.weddings", "weddings"),
        bind("app.palette", "command_palette"),
        bind("app.findings", "findings"),
        bind("app.theme", "next_theme"),
        bind("app.suspend", "suspend_process"),
        bind("app.copy", "copy"),
        bind("app.jump", "jump"),
        bind("app.picture", "picture"),
        bind("app.resources", "resources"),
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
        theme_fixed: bool = False,
        session_file: Path | None = None,
        album: Album | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(open_source, clock, theme=theme, demo=demo, theme_folders=theme_folders, abilities=abilities)
        self.hands = Hands(self, environ or {}, album)
        self.memory = Memory(self, session_file)
        self.span = self.memory.begin.span
        self.keymap = Keymap()
        self._drawn_at = self.board.now
        self._configured_theme = theme
        if not theme_fixed:
            self._wear_remembered(self.memory.theme(theme))

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

    def _wear_remembered(self, name: str) -> None:
        """Use the theme that was chosen by key the last time, if it still can be."""
        if name == self._configured_theme:
            return
        try:
            self.wear(name)
        except ConfigurationError:
            self.memory.choose_theme(self._configured_theme, self._configured_theme)

    def get_default_screen(self) -> Screen[None]:
        """Begin with the dashboard itself, so that the first paint is already it."""
        begin = self.memory.begin
        return MainScreen(cursor=begin.cursor, words=begin.words, signal=begin.signal)

    def on_ready(self) -> None:
        """Say what is to be said about the last time."""
        if self.memory.remark is not None:
            self.say(self.memory.remark)

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave the dashboard, and keep what is open while it still is."""
        self.memory.remember()
        super().exit(result, return_code, message)

    def on_unmount(self) -> None:
        """Stop writing."""
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

    @property
    def seen(self) -> BoardScreen:
        """The screen that is drawn from the board and on top, or under the palette."""
        return next(screen for screen in reversed(self.screen_stack) if isinstance(screen, BoardScreen))

    @property
    def dashboard(self) -> MainScreen:
        """The first screen, under all others."""
        return next(screen for screen in self.screen_stack if isinstance(screen, MainScreen))

    def show_board(self) -> None:
        """Draw the screen on top."""
        if self.board.picture is not None:
            self.memory.reopen()
        self._drawn_at = self.board.now
        self.seen.show()

    def show_clock(self) -> None:
        """Draw its clock, unless it was drawn with all else a moment ago."""
        if abs(self.board.now - self._drawn_at) > CLOCK_DRAWN_WITHIN:
            self.seen.show_clock()

    def pass_second(self) -> None:
        """Let what was said grow old, and keep what is open."""
        before = self.board.link
        self.hands.grow_old()
        self.memory.remember()
        super().pass_second()
        late = (self.board.link.late_keys if self.board.link else 0) - (before.late_keys if before else 0)
        if late > 0:
            self.say(f"{late} key{'s' if late > 1 else ''} came while the line hung: look at what they did")

    def reader_wants(self, key: SeriesKey | None) -> None:
        """Say which history the visible chart shows."""
        self._reader.want(key)

    def reader_lists(self, query: ResourceQuery | None) -> None:
        """Say which page of resources is shown."""
        self._reader.want_resources(query)

    def reader_asks(self, question: WeddingQuestion) -> None:
        """Say what of the calendar of weddings is shown."""
        self._reader.want_weddings(question)

    def reader_drops(self, question: WeddingQuestion) -> None:
        """Say that it is no longer shown, as far as no other screen asks something else by now."""
        self._reader.drop_weddings(question)

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

    def open_resources(self, provider: str | None = None, kind: str | None = None) -> None:
        """List resources: all of them, those of a provider, or those of one of its kinds."""
        from wedtui.tui.screens.resources import ResourcesScreen  # noqa: PLC0415 - when opened

        def same(screen: Screen[object]) -> bool:
            return isinstance(screen, ResourcesScreen) and screen.scope == (provider, kind)

        if not any(same(screen) for screen in self.screen_stack):
            self.push_screen(ResourcesScreen(provider, kind))
            return
        while not same(self.screen):
            self.pop_screen()

    def action_resources(self) -> None:
        """List what the provider on the screen has; elsewhere what all have."""
        from wedtui.tui.screens.help import HelpScreen  # noqa: PLC0415 - beside others that are not loaded yet
        from wedtui.tui.screens.provider import ProviderScreen  # noqa: PLC0415 - as above
        from wedtui.tui.screens.resources import ResourcesScreen  # noqa: PLC0415 - as above

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        if not isinstance(self.screen, ResourcesScreen):
            self.open_resources(self.screen.provider if isinstance(self.screen, ProviderScreen) else None)

    def action_findings(self) -> None:
        """List the findings."""
        from wedtui.tui.screens.findings import FindingsScreen  # noqa: PLC0415 - when opened

        self._open_once(FindingsScreen)

    def action_freeze(self) -> None:
        """Show the freeze."""
        from wedtui.tui.screens.freeze import FreezeScreen  # noqa: PLC0415 - when opened

        self._open_once(FreezeScreen)

    def action_weddings(self) -> None:
        """Show the weddings."""
        from wedtui.tui.screens.weddings import WeddingsScreen  # noqa: PLC0415 - when opened

        self._open_once(WeddingsScreen)

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
        names, now = theme_names(self.theme_folders), self.palette.theme.name
        at = names.index(now) if now in names else -1
        passed: str | None = None
        for after in (*names[at + 1 :], *names[: at + 1]):
            try:
                self.wear(after)
                self.memory.choose_theme(after, self._configured_theme)
                self.say(f"theme {after}" if passed is None else f"theme {after}; {passed}")
                break
            except ConfigurationError as error:
                # A file that somebody is still writing is no reason to fall over: it is passed over, and said.
                passed = str(error).splitlines()[0]
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

    def _open_once(self, kind: type[FindingsScreen | FreezeScreen | WeddingsScreen]) -> None:
        """Show a page, or go back to it where it lies under others: Escape never leads through the same page twice."""
        from wedtui.tui.screens.help import HelpScreen  # noqa: PLC0415 - beside others that are not loaded yet

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        if not any(isinstance(screen, kind) for screen in self.screen_stack):
            self.push_screen(kind())
            return
        while not isinstance(self.screen, kind):
            self.pop_screen()

    def back_to_dashboard(self) -> None:
        """Leave every screen above the dashboard."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
