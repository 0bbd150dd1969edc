"""What every app that is drawn from the board has: the reader, the mailbox, the clock's tick and the colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from wedtui.tui.board import Board
from wedtui.tui.messages import HistoryArrived, News, PictureArrived, ReaderBroke, SourceFailed
from wedtui.tui.palette import Palette
from wedtui.tui.reader import Mailbox, Reader
from wedtui.tui.theme import load_theme

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.tui.source import Source


class BoardApp(App[None], inherit_bindings=False):
    """An app that owns the board; what it shows is its subclass's.

    Args:
        open_source: makes the source of pictures; it may be slow and is called on the reader's thread.
        clock: tells the time.
        theme: the name of a theme file.
        demo: whether the world is a demonstration; it is marked so.

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
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.clock = clock
        self.board = Board(clock.now(), demo=demo)
        self.palette = Palette(load_theme(theme))
        self.register_theme(self.palette.theme.textual())
        self.theme = theme
        self._mailbox = Mailbox(lambda: self.post_message(self.MailArrived()))
        self._reader = Reader(open_source, clock, self._mailbox)

    class MailArrived(Message):
        """Something lies in the mailbox."""

    def show_board(self) -> None:
        """Draw everything from the board; cheap where nothing differs."""
        raise NotImplementedError

    def show_clock(self) -> None:
        """Draw only what moves with every second."""
        raise NotImplementedError

    def on_ready(self) -> None:
        """Start what is slow, now that the first picture is on the terminal."""
        self._reader.start()
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        """Stop reading."""
        self._reader.stop()

    def on_board_app_mail_arrived(self) -> None:
        """Take what the reader left, and draw it."""
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
            case ReaderBroke(error):
                raise error

    def _tick(self) -> None:
        """Move the clock; where no picture comes any more, let everything grow old."""
        self.board = replace(self.board, now=self.clock.now())
        if self.board.lag:
            self.show_board()
        else:
            self.show_clock()

    def _fatal_error(self) -> None:
        """End after a mistake of ours, with a traceback that shows no values: Textual's own prints every local."""
        from rich.traceback import Traceback  # noqa: PLC0415 - only then

        self.panic(Traceback(show_locals=False))
