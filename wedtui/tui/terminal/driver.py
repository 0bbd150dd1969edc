"""The driver: keys in, pictures out, signals, suspension, and an end that leaves the terminal as it was found.

Everything happens on the app's own loop: no thread reads, none writes, so a key is answered without a detour, and
a terminal that does not listen blocks nobody.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from textual import events
from textual.constants import ESCAPE_DELAY
from textual.driver import Driver
from textual.geometry import Size
from textual.message import Message

from wedtui.tui.terminal.device import (
    FIRST_ANSWERS_S,
    LAST_ANSWERS_S,
    LONGEST_LAST_ANSWERS_S,
    STATUS_QUESTION,
    Device,
    TerminalGoneError,
)
from wedtui.tui.terminal.ending import Ending
from wedtui.tui.terminal.framework import InBandWindowResize, KeyParser, TerminalSupportsSynchronizedOutput, fail
from wedtui.tui.terminal.link import LinkReport
from wedtui.tui.terminal.sender import Manner, Sender

if TYPE_CHECKING:
    from textual.app import App

_LATE = "wedtui_late"
_MOUSE_ON, _MOUSE_OFF = "\x1b[?1000h\x1b[?1006h", "\x1b[?1006l\x1b[?1000l"


def came_late(event: events.Event) -> bool:
    """Whether a key or a paste arrived while the line hung: whoever typed it did not see what it answered.

    For whatever changes the world: it must not begin with such a key.
    """
    return getattr(event, _LATE, False)


class TerminalDriver(Driver):
    """Textual's driver for a terminal that may be slow, far away, or gone.

    Args:
        app: the app.
        debug: as Textual has it.
        mouse: whether the mouse is listened to; without, the terminal's own selection works.
        size: a size instead of the terminal's own.
    """

    manner: ClassVar[Manner] = Manner()
    """How the terminal is talked to; whoever knows it makes a subclass."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._fixed_size = size
        assert sys.__stdin__ is not None and sys.__stderr__ is not None
        self._device = Device(sys.__stdin__.fileno(), sys.__stderr__.fileno())
        # What the app takes for its size: it must not find another one by itself.
        self._size = size or self._device.size()
        self._sender = Sender(self._device, self.manner, self._loop, time.monotonic, self._hang_up)
        self._parser = KeyParser(self._sender.answered)
        self._decoder = codecs.getincrementaldecoder(self.manner.encoding)("replace")
        self._tick: asyncio.TimerHandle | None = None
        self._active = False
        self._gone = False
        self._asked_for_frames = False
        self._ending = Ending(self._loop, self._end, self._abandon)

    @property
    def can_suspend(self) -> bool:
        """Whether the app may be suspended."""
        return True

    def link(self) -> LinkReport:
        """Return what is known of the line now."""
        return self._sender.link.report(time.monotonic(), self._sender.waiting)

    def draw(self, pieces: Iterable[tuple[int, int, Iterable[Segment]]]) -> None:
        """Show pieces of lines, each (column, line, segments)."""
        self._sender.draw(pieces)

    def write(self, data: str) -> None:
        """Send something that is not a picture: a bell, a text for the clipboard."""
        self._sender.send(data)

    def redraw(self) -> None:
        """Draw everything again: somebody else wrote to the terminal."""
        if self._active:
            self._enter()
            self._resize()

    def suspend(self) -> None:
        """Stop this job, as Ctrl-Z stops any other, and go on where a shell continues it."""
        self._leave()
        self._ending.release()
        # To the whole job, as the terminal itself would send it. Where no shell could continue it, the system
        # ignores it, and we are back at once.
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        self.start_application_mode()

    def start_application_mode(self) -> None:
        """Take the terminal over; from the background the system stops us here, as it does with any program."""
        self._ending.hold(
            {signal.SIGWINCH: self._resize, signal.SIGTSTP: self.suspend, signal.SIGCONT: self._continued}
        )
        try:
            self._device.take()
        except TerminalGoneError:
            self._hang_up()
            return
        self._active = True
        self._sender.open()
        self._loop.add_reader(self._device.keys_fd, self._readable)
        self._enter()
        self._resize()

    def disable_input(self) -> None:
        """Go on listening: the input is let go of when the terminal is given back, where its last answers are read."""

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        self._leave()

    def close(self) -> None:
        """Let go of the signals: the app is over, or another program has the terminal for a while."""
        self._ending.release()

    def send_message(self, message: Message) -> None:
        """Hand a message to the app; we are on its loop."""
        self._app.post_message(message)

    def _enter(self) -> None:
        """Say how we want the terminal; twice does no harm."""
        manner = self.manner
        words = "\x1b[?1049h" if manner.alternate else ""
        words += "\x1b[?25l\x1b[?7l"
        if manner.modern:
            # A paste must not be taken for keys.
            words += "\x1b[?2004h"
        if manner.modern and not self._asked_for_frames and self._device.answers_to_us:
            # Can it show a frame in one go?
            self._asked_for_frames = True
            words += "\x1b[?2026$p"
        self._sender.send(words + (_MOUSE_ON if self._mouse else ""))
        self._sender.ask()

    def _leave(self) -> None:
        """Give the terminal back as it was, if there still is one."""
        if not self._active:
            return
        self._active = False
        self._loop.remove_reader(self._device.keys_fd)
        if self._tick is not None:
            self._tick.cancel()
        cut = self._sender.close()
        # Keys may be at an end where pictures are not; where both are, this fails at once.
        self._farewell(cut=cut)
        self._device.give_back()

    def _farewell(self, *, cut: bool) -> None:
        words = "\x1b\\" if cut else ""  # ends whatever sequence was cut
        words += _MOUSE_OFF if self._mouse else ""
        words += "\x1b[?2004l" if self.manner.modern else ""
        words += "\x1b[m\x1b[?7h\x1b[?25h"
        words += "\x1b[?1049l" if self.manner.alternate else "\x1b[H\x1b[2J"
        link = self._sender.link
        asks = self._device.answers_to_us and not link.mute(time.monotonic())
        data = (words + (STATUS_QUESTION if asks else "")).encode()
        if not self._device.say(data):
            # It does not listen, so it has not seen the last frames either: they make room for the farewell.
            self._device.drop_output()
            self._device.say(data)
        elif asks:
            # What it still has to answer must not stand at the shell's prompt.
            known = LAST_ANSWERS_S + 4 * link.delay if link.delay is not None else FIRST_ANSWERS_S
            self._device.drain(link.open_questions + 1, min(known, LONGEST_LAST_ANSWERS_S))

    def _resize(self) -> None:
        """Take the terminal's size, and know nothing of what stands on it."""
        columns, rows = self._fixed_size or self._device.size()
        buffer = self._sender.buffer
        if (columns, rows) == buffer.size:
            buffer.forget()
            self._sender.soon()
            return
        buffer.resize(columns, rows)
        size = Size(columns, rows)
        self._size = (columns, rows)
        self.send_message(events.Resize(size, size))

    def _continued(self) -> None:
        """Somebody stopped us from outside, and a shell may have used the terminal since."""
        if self._active:
            try:
                self._device.take()
            except TerminalGoneError:
                self._hang_up()
                return
            # What the terminal answered meanwhile, the shell has read.
            self._sender.open()
            self.redraw()

    def _readable(self) -> None:
        try:
            text = self._decoder.decode(self._device.read())
        except TerminalGoneError:
            self._hang_up()
            return
        if text:
            self._feed(self._parser.feed(text))

    def _feed(self, messages: Iterable[Message]) -> None:
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        try:
            for message in messages:
                self._hear(message)
        except Exception as error:
            # On a loop's callback nobody would ever see it.
            fail(self._app, error)
        if self._parser.waits and self._active:
            self._tick = self._loop.call_later(ESCAPE_DELAY, lambda: self._feed(self._parser.tick()))

    def _hear(self, message: Message) -> None:
        if isinstance(message, TerminalSupportsSynchronizedOutput):
            self._sender.synchronized = True
            return
        if isinstance(message, (events.Resize, InBandWindowResize)):
            # Never asked for: how large the terminal is, the system says.
            return
        if isinstance(message, (events.AppFocus, events.AppBlur)):
            # Nor whether it has the focus: who types has it, and without it letters would belong to no line.
            return
        if isinstance(message, (events.Key, events.Paste)):
            self._sender.key()
            link = self._sender.link
            if link.hangs_for(time.monotonic()):
                setattr(message, _LATE, True)
                link.late_keys += 1
        self.process_message(message)

    def _hang_up(self) -> None:
        """End: nobody is there any more."""
        if not self._gone:
            self._gone = True
            self._sender.close()
            if self._active:
                self._loop.remove_reader(self._device.keys_fd)
            self._ending.begin(signal.SIGHUP)

    def _abandon(self) -> None:
        """Give the terminal back from another thread, wherever the app's own hangs, even within this."""
        self._leave()
        self._device.give_back()

    def _end(self, code: int) -> None:
        self._app.exit(return_code=code)
