"""What every app that is drawn from the board has: the reader, the mailbox, the clock's tick and the colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.filter import LineFilter
from textual.message import Message

from wedtui.tui import colours
from wedtui.tui.board import Board
from wedtui.tui.messages import (
    ChangesArrived,
    HistoryArrived,
    News,
    PictureArrived,
    ReaderBroke,
    ResourcesArrived,
    SourceFailed,
    WeddingsArrived,
)
from wedtui.tui.palette import Palette
from wedtui.tui.reader import Mailbox, Reader
from wedtui.tui.terminal.abilities import EVERYTHING, Abilities, Depth
from wedtui.tui.terminal.drawn import DrawnApp
from wedtui.tui.terminal.link import Drawing
from wedtui.tui.terminal.manner import driver_for
from wedtui.tui.theme import load_theme

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.tui.source import Source


class BoardApp(DrawnApp):
    """An app that owns the board; what it shows is its subclass's.

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
    ALLOW_SELECT = False

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
        self.abilities = abilities or EVERYTHING
        super().__init__(driver_for(self.abilities))
        if abilities is not None:
            colours.obey(self, abilities)
        self.clock = clock
        self.board = Board(clock.now(), demo=demo, stock_because=self.stock_because)
        self.theme_folders = theme_folders
        self.wear(theme)
        self._mailbox = Mailbox(lambda: self.post_message(self.MailArrived()))
        self._reader = Reader(open_source, clock, self._mailbox)

    class MailArrived(Message):
        """Something lies in the mailbox."""

    def wear(self, name: str) -> None:
        """Use a theme, as far as the terminal can show it, and the line is fast enough for colours.

        Raises:
            ConfigurationError: there is no such theme, or its file is not one.
        """
        depth = Depth.NONE if self.board.drawing is Drawing.TEXT else self.abilities.depth
        theme = load_theme(name, self.theme_folders)
        self.palette = Palette(theme, depth, italic=self.abilities.italic)
        self.register_theme(self.palette.textual())
        self.theme = name

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line passes before it is drawn: on a terminal without colours, what takes them away."""
        return colours.filters(super().get_line_filters(), self.abilities, native=self.palette.native)

    def repaint(self) -> None:
        """Draw everything in the colours of now."""
        raise NotImplementedError

    def show_board(self) -> None:
        """Draw everything from the board; cheap where nothing differs."""
        raise NotImplementedError

    def show_clock(self) -> None:
        """Draw only what moves with every second."""
        raise NotImplementedError

    def on_ready(self) -> None:
        """Start what is slow, now that the first picture is on the terminal."""
        self._reader.start()
        self.set_interval(1.0, self.tick)

    def on_unmount(self) -> None:
        """Stop reading."""
        self._reader.stop()

    def on_board_app_mail_arrived(self) -> None:
        """Take what the reader left, and draw it; at the very end there is nothing to draw on any more."""
        if not self.is_running:
            return
        for news in self._mailbox.take():
            self._hear(news)
        self.show_board()

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
            case ResourcesArrived(listed):
                self.board = replace(self.board, now=now, listed=listed)
            case WeddingsArrived(told):
                self.board = replace(self.board, now=now, weddings=told)
            case ChangesArrived(timeline):
                self.board = replace(self.board, now=now, changes=timeline)
            case ReaderBroke(error):
                raise error

    def tick(self) -> None:
        """Let a second pass; not at the very end."""
        if self.is_running:
            self.pass_second()

    def pass_second(self) -> None:
        """Move the clock; where no picture comes any more, let everything grow old."""
        before = self.board.drawing
        self.board = replace(self.board, now=self.clock.now(), link=self.link)
        if self.board.drawing is not before:
            self.wear(self.palette.theme.name)
            self.repaint()
        elif self.board.lag:
            self.show_board()
        else:
            self.show_clock()

    def _fatal_error(self) -> None:
        """End after a mistake of ours, with a traceback that shows no values: Textual's own prints every local."""
        from rich.traceback import Traceback  # noqa: PLC0415 - only then

        self.panic(Traceback(show_locals=False))
