"""The line mode at its descriptors: lines from the input, sentences to the output, signals, and the way out.

One thread, which sleeps until something is typed, the reader rings, or a second is over. The output is written in
blocks that may block: while the line is stalled nothing piles up but the newest picture, and when it moves again what
changed in between is said. A signal ends the process even then.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from wedtui.tui.plain.session import PlainSession
from wedtui.tui.plain.words import printable
from wedtui.tui.reader import Mailbox, Reader

if TYPE_CHECKING:
    from wedtui.clock import Clock
    from wedtui.tui.source import Source

SIGNALLED = 128
"""A process that ends for signal n has this and n as its exit code."""
LONGEST_TYPED = 1000
_TICK_S = 1.0
_CHUNK = 4096


class Streams(NamedTuple):
    """The descriptors that a session speaks through."""

    reading: int | None
    """None where there is no input at all."""
    writing: int


class Ended(BaseException):
    """A signal asked the process to end, whatever it was doing."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = SIGNALLED + number


class _Bell:
    """Wakes the loop from another thread."""

    def __init__(self) -> None:
        self.reading, self._writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self._writing, False)
        self._lock = threading.Lock()
        self._closed = False

    def ring(self) -> None:
        """Wake the loop; nothing once it has ended."""
        with self._lock:
            if not self._closed:
                try:
                    os.write(self._writing, b"!")
                except BlockingIOError:
                    return  # it has rung often enough

    def quieten(self) -> None:
        """Take note of the ringing."""
        try:
            while os.read(self.reading, _CHUNK):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """Let go of both ends."""
        with self._lock:
            self._closed = True
            os.close(self.reading)
            os.close(self._writing)


class PlainLoop:
    """Runs a session until it is left.

    Args:
        open_source: makes the source of pictures; it may be slow and is called on the reader's thread.
        clock: tells the time.
        streams: where lines come from and go to.
        utf8: whether the output may hold more than ASCII.
        demo: whether the world is a demonstration.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        clock: Clock,
        streams: Streams,
        *,
        utf8: bool = True,
        demo: bool = False,
    ) -> None:
        self._streams = streams
        self._utf8 = utf8
        self._bell = _Bell()
        self._mailbox = Mailbox(self._bell.ring)
        self._reader = Reader(open_source, clock, self._mailbox)
        self._session = PlainSession(clock, self._write, self._reader.ask, demo=demo)
        self._typed = b""
        self._open = streams.reading is not None
        self._code = 0
        self._left = threading.Event()

    def leave(self, code: int) -> None:
        """End with that exit code; called from any thread."""
        self._code = code
        self._left.set()
        self._bell.ring()

    def run(self) -> int:
        """Run until a person leaves, the input ends, or a signal comes; return the exit code.

        Raises:
            BrokenPipeError: nobody reads the output any more.
        """
        try:
            with _signals():
                try:
                    self._session.begin()
                    self._reader.start()
                    if not self._open:
                        self._session.input_over()
                    return self._turns()
                finally:
                    self._reader.stop()
        except Ended as end:
            return end.code
        except OSError as error:
            # EIO is what a terminal answers that has hung up.
            if error.errno == errno.EIO:
                return SIGNALLED + signal.SIGHUP
            raise
        finally:
            self._bell.close()

    def _turns(self) -> int:
        session = self._session
        while not (self._left.is_set() or session.ended):
            waits = [self._bell.reading]
            if self._open and not session.busy and self._streams.reading is not None:
                waits.append(self._streams.reading)
            ready, _, _ = select.select(waits, [], [], _TICK_S)
            if self._bell.reading in ready:
                self._bell.quieten()
            session.tick()
            for news in () if self._left.is_set() else self._mailbox.take():
                session.hear(news)
            if self._streams.reading in ready:
                self._read(self._streams.reading)
        return self._code

    def _read(self, descriptor: int) -> None:
        chunk = os.read(descriptor, _CHUNK)
        *lines, self._typed = (self._typed + chunk).split(b"\n")
        for line in lines:
            self._take(line)
        if not chunk:
            self._open = False
            if self._typed:
                self._take(self._typed)
            self._session.input_over()
        elif len(self._typed) > LONGEST_TYPED:
            self._typed = self._typed[: LONGEST_TYPED + 1]

    def _take(self, line: bytes) -> None:
        if len(line) > LONGEST_TYPED:
            self._write((f"That line is longer than {LONGEST_TYPED} bytes and was thrown away.",))
            return
        self._session.typed(printable(line.decode("utf-8", "replace"), utf8=self._utf8))

    def _write(self, lines: Sequence[str]) -> None:
        text = "".join(f"{printable(line, utf8=self._utf8)}\n" for line in lines)
        left = memoryview(text.encode("utf-8"))
        while left:
            try:
                left = left[os.write(self._streams.writing, left) :]
            except BlockingIOError:
                # Whoever shares the terminal with us made it non-blocking.
                select.select([], [self._streams.writing], [], _TICK_S)


@contextmanager
def _signals() -> Iterator[None]:
    """Let SIGINT, SIGTERM and SIGHUP raise `Ended`; one that was ignored when we began stays so (nohup)."""

    def end(number: int, _frame: object) -> None:
        # The way out must not be interrupted by a second one.
        for taken in before:
            signal.signal(taken, signal.SIG_IGN)
        raise Ended(number)

    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {n: handler for n in wanted if (handler := signal.getsignal(n)) not in {signal.SIG_IGN, None}}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
