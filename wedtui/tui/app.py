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
from wedtui.tui.alerts import Alerts
from wedtui.tui.bindings import bind
from wedtui.tui.board import SPANS, SeriesKey
from wedtui.tui.emergency import Answered, ByHandWords, Emergencies, HandArrived
from wedtui.tui.hands import LATE, Hands, Said
from wedtui.tui.keymap.table import Keymap, row
from wedtui.tui.listing import Listing
from wedtui.tui.memory import Memory
from wedtui.tui.paged_app import PagedApp
from wedtui.tui.screens.base import BoardScreen, own_bindings
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.surface import Surface
from wedtui.tui.terminal.abilities import Abilities
from wedtui.tui.terminal.framework import do_what_is_bound
from wedtui.tui.theme import theme_names

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

    from wedtui.clock import Clock
    from wedtui.core.inventory import ResourceQuery
    from wedtui.tui.album import Album
    from wedtui.tui.board import BeforeAlert, Lookback
    from wedtui.tui.hand import Hand
    from wedtui.tui.reader import WeddingQuestion
    from wedtui.tui.source import Source

# A picture brings the clock along, about once a second; a tick after it would draw the same second again.
CLOCK_DRAWN_WITHIN = timedelta(seconds=1.25)


class WedtuiApp(PagedApp):
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
        read_only: whether no key changes anything in the world.

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
        bind("app.alerts", "alerts"),
        bind("app.acknowledge", "acknowledge"),
        bind("app.theme", "next_theme"),
        bind("app.suspend", "suspend_process"),
        bind("app.copy", "copy"),
        bind("app.jump", "jump"),
        bind("app.picture", "picture"),
        bind("app.resources", "resources"),
        bind("app.changes", "changes"),
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
        read_only: bool = False,
    ) -> None:
        super().__init__(open_source, clock, theme=theme, demo=demo, theme_folders=theme_folders, abilities=abilities)
        self.hands = Hands(self, environ or {}, album)
        self.emergencies = Emergencies(self, read_only=read_only)
        self.alerts = Alerts(self, environ or {})
        self.memory = Memory(self, session_file)
        self.span = self.memory.begin.span
        self.keymap = Keymap()
        self._drawn_at = self.board.now
        self._left = False
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
        self._left = True
        super().exit(result, return_code, message)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key asks for; nothing for keys that came right behind the one that ends the dashboard."""
        return False if self._left else await super().run_action(action, default_namespace, namespaces)

    def on_unmount(self) -> None:
        """Stop writing."""
        self.memory.stop()
        self.hands.stop()
        self.emergencies.stop()

    async def on_event(self, event: events.Event) -> None:
        """Show every key to jump mode and to emergencies first: what is theirs must not do anything else."""
        if isinstance(event, events.Key | events.Paste) and self._goes_no_further(event):
            event.stop()
        elif isinstance(event, events.Key) and not event.is_forwarded and self._no_widget_hears:
            # At once as well: the round of the widgets is so long that a key behind it would act before it.
            event.stop()
            await do_what_is_bound(self, event.key)
        else:
            await super().on_event(event)

    def _goes_no_further(self, event: events.Key | events.Paste) -> bool:
        """Whether a key has done here what it does, or is not to do anything."""
        if self.emergencies.unheard(event):
            return True
        if event.is_forwarded or isinstance(event, events.Paste):
            return False
        if self._is_late_choice(event):
            self.say(LATE)
            return True
        if self.hands.take(event.key, event.character) or self.alerts.take(event) or self.emergencies.take(event):
            return True
        opens = self._opens_palette(event)
        if opens:
            # At once: the letters that were typed behind it are for its line.
            self.action_command_palette()
        return opens

    def _is_late_choice(self, event: events.Key) -> bool:
        """Whether a command would be chosen by a key that came while the line hung: it may change the world."""
        from wedtui.tui.terminal.driver import came_late  # noqa: PLC0415 - not needed for the first paint

        if event.key != "enter" or not came_late(event):
            return False
        from wedtui.tui.screens.commands import CalmPalette  # noqa: PLC0415 - when one came late

        return CalmPalette.lies_over(self)

    @property
    def _no_widget_hears(self) -> bool:
        """Whether no widget has keys of its own: nobody types, and whatever has the focus has bindings alone."""
        focused = self.focused
        if not isinstance(self.screen, BoardScreen):
            return False
        return focused is None or (isinstance(focused, Listing | Surface) and focused is not self.emergencies.panel)

    def _opens_palette(self, event: events.Key) -> bool:
        """Whether a key opens the palette, and is no letter of what is typed."""
        typed = self.focused is not None and self.focused.check_consume_key(event.key, event.character)
        return not typed and isinstance(self.screen, BoardScreen) and event.key in self.keymap.keys("app.palette")

    def use_hand(self, hand: Hand, by_hand: ByHandWords | None = None) -> None:
        """Act through this from now on; any thread may call it."""
        self.post_message(HandArrived(hand, by_hand))

    def on_hand_arrived(self, message: HandArrived) -> None:
        """Ask that service from now on."""
        self.emergencies.use(message.hand, message.by_hand)

    def on_answered(self, message: Answered) -> None:
        """Take an answer of the service; at the very end nobody waits for it any more."""
        if self.is_running:
            message.take()

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
            self.alerts.hear()
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
        self.emergencies.pass_second()
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

    def reader_looks_back(self, question: Lookback | BeforeAlert) -> None:
        """Say which changes are shown."""
        self._reader.want_changes(question)

    def reader_looks_no_more(self, question: Lookback | BeforeAlert) -> None:
        """Say that they are no longer shown, as far as no other screen asks for others by now."""
        self._reader.drop_changes(question)

    def choose_span(self, index: int) -> None:
        """Choose the range of the charts; beyond the ends nothing happens."""
        self.span = min(max(index, 0), len(SPANS) - 1)

    def action_acknowledge(self) -> None:
        """Acknowledge an alert, from the palette; a key begins it before any screen hears it."""
        self.alerts.acknowledge()

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

    def open_page(self, page: BoardScreen, above: BoardScreen | None = None) -> None:
        """Show a page above those that are open, and over no panel: what was asked for before it was comes too late."""
        if self.emergencies.panel is None:
            super().open_page(page, above)
        else:
            self.say("a panel is open, and no page opens over it: leave it first")

    def action_command_palette(self) -> None:
        """Open the command palette."""
        from wedtui.tui.screens.commands import CalmPalette  # noqa: PLC0415 - when opened

        if not CalmPalette.lies_over(self):
            self.push_screen(CalmPalette())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every provider, and every binding that stands among the key hints."""
        for provider in self.board.picture.providers if self.board.picture else ():
            name = provider.name
            words = f"{provider.health.state}, {self.board.share(provider).words(self.board.now)}"
            yield SystemCommand(f"go to {name}", words, lambda name=name: self.open_provider(name))
        owner = type(screen) if isinstance(screen, BoardScreen) else None
        bindings = [(screen, b) for b in (own_bindings(owner) if owner else ()) if b.show]
        for namespace, binding in [*bindings, *((self, b) for b in own_bindings(type(self)))]:
            if self.emergencies.hides(binding.id):
                continue
            if binding.action != "command_palette" and binding.id is not None:
                action, keys = binding.action, "  ".join(self.keymap.titles(binding.id))
                yield SystemCommand(
                    row(binding.id).word,
                    f"{row(binding.id).does} · {keys}" if keys else row(binding.id).does,
                    lambda action=action, namespace=namespace: self.run_action(action, namespace),
                )
