"""What leaves for the terminal, and when: the newest picture, as soon as the line has room for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rich.segment import Segment

from wedtui.tui.terminal.abilities import Depth
from wedtui.tui.terminal.cells import Cutter
from wedtui.tui.terminal.device import STATUS_QUESTION, Device, TerminalGoneError
from wedtui.tui.terminal.frontbuffer import FrontBuffer, Repertoire
from wedtui.tui.terminal.link import PAIR_FROM_BYTES, Drawing, Link

# For this long (s) after a key, pictures are its answer: they do not wait for the next frame's turn.
_ANSWER_S = 1.0
# The least time between two frames that nobody asked for (s).
_PAUSES_S = {Drawing.FULL: 0.0, Drawing.LEAN: 2.0, Drawing.TEXT: 5.0}
_LOOK_AGAIN_S = 0.5
# A frame so short that a terminal draws it in one go.
_ATOMIC_BYTES = 256
_SYNC_ON, _SYNC_OFF = b"\x1b[?2026h", b"\x1b[?2026l"
_STATUS_QUESTION = STATUS_QUESTION.encode()


@dataclass(frozen=True, slots=True)
class Manner:
    """How one terminal is talked to."""

    cutter: Cutter = field(default_factory=lambda: Cutter(Depth.TRUE))
    encoding: str = "utf-8"
    repertoire: Repertoire = field(default_factory=Repertoire)
    alternate: bool = True
    """Whether it has a second screen, behind which what stood there before is kept."""
    modern: bool = True
    """Whether it swallows questions that it does not understand, instead of printing a part of them."""


class Sender:
    """Sends differing cells, never more than the line can hold.

    Args:
        device: the terminal.
        manner: how it is talked to.
        loop: the app's.
        clock: tells monotonic seconds.
        gone: called once, when nobody is there any more.
    """

    def __init__(
        self,
        device: Device,
        manner: Manner,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
        gone: Callable[[], None],
    ) -> None:
        self.buffer = FrontBuffer(manner.repertoire)
        self.link = Link(clock())
        self.synchronized = False
        self._device, self._manner, self._loop, self._clock, self._gone = device, manner, loop, clock, gone
        self._waiting = bytearray()
        self._open = False
        self._listening = False
        self._wake: asyncio.Handle | None = None
        self._key_at = self._frame_at = float("-inf")

    @property
    def waiting(self) -> int:
        """Bytes that the system has not taken yet."""
        return len(self._waiting)

    def open(self) -> None:
        """Begin to send, or begin anew after a pause, of which the line has no fault."""
        self._open = True
        late = self.link.late_keys
        self.link = Link(self._clock())
        self.link.late_keys = late

    def close(self) -> bool:
        """Send nothing more; return whether something was cut off in its middle."""
        cut = bool(self._waiting)
        self._open = False
        self._waiting.clear()
        self._listen(on=False)
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        return cut

    def draw(self, pieces: Iterable[tuple[int, int, Iterable[Segment]]]) -> None:
        """Want pieces of lines, each (column, line, segments)."""
        cells = self._manner.cutter.cells
        for x, y, segments in pieces:
            self.buffer.put(x, y, cells(segments))
        if self._answering:
            self._hurry()
        self.soon()

    @property
    def _answering(self) -> bool:
        """Whether pictures are what a key that was pressed just now brought about."""
        return self._clock() - self._key_at < _ANSWER_S

    def key(self) -> None:
        """A person pressed a key: what changes now is the answer to it."""
        self._key_at = self._clock()

    def answered(self) -> None:
        """The terminal confirmed something."""
        self.link.answered(self._clock())
        self._hurry()
        self.soon()

    def send(self, text: str) -> None:
        """Send something that is not a picture."""
        if self._open:
            self.buffer.lose_cursor()
            self._put(self._encoded(text))

    def ask(self) -> None:
        """Ask the terminal for a sign of life, unless one is awaited already or would come to somebody else."""
        if self._device.answers_to_us and not self.link.open_questions:
            self.link.asked(self._clock())
            self._put(_STATUS_QUESTION)

    def soon(self) -> None:
        """Send what differs, once whoever draws now has finished."""
        if self._open and self._wake is None and self.buffer.pending:
            self._wake = self._loop.call_soon(self._turn)

    def _hurry(self) -> None:
        """End a pause: what the next frame waits for may be here."""
        if isinstance(self._wake, asyncio.TimerHandle):
            self._wake.cancel()
            self._wake = None

    def _turn(self) -> None:
        self._wake = None
        if not self._open or self._waiting or not self.buffer.pending:
            return
        now = self._clock()
        answering = self._answering
        pause = 0.0 if answering else self._frame_at + _PAUSES_S[self.link.judge(now)] - now
        if pause <= 0 and not self.link.has_room(now):
            # A frame that left while another one was asked about was not asked about itself.
            self.ask()
            pause = _LOOK_AGAIN_S
        if pause > 0:
            self._wake = self._loop.call_later(min(pause, _LOOK_AGAIN_S), self._turn)
            return
        self._frame_at = now
        self._frame(self.buffer.changes(self.link.room(), newest_first=answering), now)
        self.soon()

    def _frame(self, text: str, now: float) -> None:
        if not text:
            return
        data = self._encoded(text)
        size = len(data)
        if self.synchronized and size > _ATOMIC_BYTES:
            data = _SYNC_ON + data + _SYNC_OFF
        if not self._device.answers_to_us or not self.link.should_ask(size, now):
            self._put(data)
        elif size < PAIR_FROM_BYTES:
            self._put(data)
            self.ask()
        else:
            self.ask()
            self._put(data)
            # The second of the pair: what lies between the two answers is the frame's own time.
            self.link.asked(now, size)
            self._put(_STATUS_QUESTION)

    def _encoded(self, text: str) -> bytes:
        return text.encode(self._manner.encoding, "replace")

    def _put(self, data: bytes) -> None:
        self.link.wrote(len(data), self._clock())
        self._waiting += data
        if not self._listening:
            self._write()

    def _write(self) -> None:
        """Give the system what it takes; come back when it takes more."""
        try:
            while self._waiting and (taken := self._device.write(bytes(self._waiting))):
                del self._waiting[:taken]
                self.link.flowing()
        except TerminalGoneError:
            self.close()
            self._gone()
            return
        if self._waiting:
            self.link.blocked(self._clock())
        else:
            self.link.flowing()
        self._listen(on=bool(self._waiting))
        if not self._waiting:
            self.soon()

    def _listen(self, *, on: bool) -> None:
        if on and not self._listening:
            self._loop.add_writer(self._device.output_fd, self._write)
        elif self._listening and not on:
            self._loop.remove_writer(self._device.output_fd)
        self._listening = on
