"""A person's terminal: a pseudo-terminal, an emulator that answers questions, and a hand that can let go of it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from types import TracebackType
from typing import Self

import pyte
from pyte.screens import Cursor

_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_QUESTION = b"\x1b[5n"
_ANSWER = b"\x1b[0n"
_ALTERNATE = re.compile(rb"(\x1b\[\?1049[hl])")
_MODE_QUESTION = re.compile(rb"\x1b\[\?(\d+)\$p")
_CUT = re.compile(rb"\x1b(\[[?\d;]*\$?)?\Z")
# For what never comes: a busy machine takes its time.
LONGEST_S = 120.0
# What a terminal begins with: lines wrap, the cursor is seen.
AT_START = frozenset({7, 25})


class Terminal:
    """Runs a command on a terminal of its own; it is read only while somebody waits for something.

    Args:
        command: the program and its arguments.
        environ: its environment.
        columns: the width.
        rows: the height.
        answers_after: seconds after which the terminal answers what it is asked; None: never.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        columns: int = 80,
        rows: int = 24,
        answers_after: float | None = 0.0,
    ) -> None:
        self._emulator = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._emulator)
        self.answers_after = answers_after
        self._answers: list[tuple[float, bytes]] = []
        self._rest = b""
        self._main: tuple[list[str], Cursor] | None = None
        """What stands on the main screen while the alternate one is shown."""
        self.modes: set[int] = set(AT_START)
        self.sent = bytearray()
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            try:
                # As a shell that somebody sits at: in the background of another or under nohup they are ignored.
                for number in (signal.SIGINT, signal.SIGHUP):
                    signal.signal(number, signal.SIG_DFL)
                os.execvpe(command[0], list(command), dict(environ))
            finally:
                os._exit(127)
        self._size(columns, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.vanish()
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._emulator.display)

    def line(self, number: int) -> str:
        """Return one line of the screen; negative numbers count from below."""
        return self._emulator.display[number].rstrip()

    def type(self, keys: str) -> None:
        """Press keys, behind what the terminal has answered by now."""
        self._answer()
        os.write(self.descriptor, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller."""
        self._emulator.resize(rows, columns)
        self._size(columns, rows)

    def shrink(self, columns: int, rows: int) -> None:
        """Tell another size than the emulator has: nonsense, as serial lines do."""
        self._size(columns, rows)

    def write_over(self, words: str) -> None:
        """Let another program write to the screen."""
        self._stream.feed(words.encode())

    def vanish(self) -> None:
        """Close the window."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def until(self, condition: Callable[[], object]) -> None:
        """Read until `condition` holds.

        Raises:
            AssertionError: it does not, with what stands on the screen.
        """
        ends = time.monotonic() + LONGEST_S
        while not condition():
            assert time.monotonic() < ends, f"it did not come to that; {sorted(self.modes)}\n{self.text}"
            self.read(0.02)

    def shows(self, *words: str) -> None:
        """Read until all `words` stand on the screen."""
        try:
            self.until(lambda: all(word in self.text for word in words))
        except AssertionError as error:
            raise AssertionError(f"{words} did not appear: {error}") from None

    def read(self, seconds: float) -> bool:
        """Read what comes within some seconds; return whether anything did."""
        self._answer()
        if not select.select([self.descriptor], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:
            return False
        self._hear(data)
        return True

    def _answer(self) -> None:
        while self._answers and self._answers[0][0] <= time.monotonic():
            os.write(self.descriptor, self._answers.pop(0)[1])

    def _hear(self, data: bytes) -> None:
        self.sent += data
        # A sequence that was cut at the end of a read is completed by the next one.
        text = self._rest + data
        cut = text.rfind(b"\x1b")
        whole = (
            len(text) if cut < 0 or len(text) - cut > 16 or re.match(rb"\x1b\[[?\d;]*\$?[a-zA-Z]", text[cut:]) else cut
        )
        text, self._rest = text[:whole], text[whole:]
        for numbers, switch in _MODE.findall(text):
            for number in numbers.split(b";"):
                (self.modes.add if switch == b"h" else self.modes.discard)(int(number))
        if self.answers_after is not None:
            due = time.monotonic() + self.answers_after
            self._answers += [(due, _ANSWER)] * text.count(_QUESTION)
        for piece in _ALTERNATE.split(_MODE_QUESTION.sub(b"", text)):
            if _ALTERNATE.fullmatch(piece):
                self._alternate(on=piece.endswith(b"h"))
            else:
                self._stream.feed(piece)

    def _alternate(self, *, on: bool) -> None:
        """Change to the alternate screen, or back to what stood before it, where the cursor was."""
        screen = self._emulator
        if on and self._main is None:
            self._main = screen.display, copy(screen.cursor)
            screen.erase_in_display(2)
        elif not on and self._main is not None:
            (lines, cursor), self._main = self._main, None
            screen.reset()
            for number, line in enumerate(lines[: screen.lines], 1):
                screen.cursor_position(number, 1)
                screen.draw(line.rstrip()[: screen.columns])
            screen.cursor_position(cursor.y + 1, cursor.x + 1)

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
