"""The terminal as the system sees it: its file, its line discipline, its size; taken over and given back whole.

Nothing here waits for a terminal that does not listen, or for a key that somebody else has read: a program that is
put to the foreground again finds what it was stopped at gone. It is read and written without blocking, through files
of our own: those that we were given are shared with the shell, which would find them non-blocking.
"""

from __future__ import annotations

import errno
import os
import select
import termios
import time
import tty
from typing import Any

# How long the last words to a terminal may take, and how long its last answers are waited for (s).
FAREWELL_S = 1.0
LAST_ANSWERS_S = 0.3
FIRST_ANSWERS_S = 1.0
"""The same, of a terminal that has not answered anything yet."""
LONGEST_LAST_ANSWERS_S = 2.0
_READ_BYTES = 4096
# A terminal that blocks takes this much without waiting, once it says that it takes anything.
_SAFE_BYTES = 256

STATUS_QUESTION = "\x1b[5n"
STATUS_ANSWER = "\x1b[0n"


class TerminalGoneError(Exception):
    """Nobody is there any more: the line was cut, or the window closed."""


class Device:
    """One terminal, by the descriptors of the process.

    Args:
        input_fd: what keys are read from.
        output_fd: what is drawn on.
    """

    def __init__(self, input_fd: int, output_fd: int) -> None:
        self.input_fd = input_fd
        self._given = output_fd
        self._own_input: int | None = None
        self._own_output: int | None = None
        self._one_terminal: bool | None = None
        self._before: list[Any] | None = None

    @property
    def keys_fd(self) -> int:
        """The descriptor to read from and to wait on."""
        return self.input_fd if self._own_input is None else self._own_input

    @property
    def output_fd(self) -> int:
        """The descriptor to write to and to wait on."""
        return self._given if self._own_output is None else self._own_output

    @property
    def answers_to_us(self) -> bool:
        """Whether what the terminal answers comes with our keys, and not to somebody else at another keyboard."""
        if self._one_terminal is None:
            try:
                self._one_terminal = os.ttyname(self.input_fd) == os.ttyname(self._given)
            except OSError:
                self._one_terminal = False
        return self._one_terminal

    def size(self) -> tuple[int, int]:
        """Return columns and rows; 80 by 24 where the terminal does not say."""
        for descriptor in (self._given, self.input_fd):
            try:
                columns, rows = os.get_terminal_size(descriptor)
            except OSError:
                continue
            if columns and rows:
                return columns, rows
        return 80, 24

    def take(self) -> None:
        """Switch to keys one by one, without echo; in the background this stops the process, as it should.

        Raises:
            TerminalGoneError: there is no terminal any more.
        """
        try:
            mode = termios.tcgetattr(self.input_fd)
            if self._before is None:
                # The control characters are a list of their own, and two of them are changed below.
                self._before = [*mode[: tty.CC], mode[tty.CC].copy()]
            mode[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
            mode[tty.IFLAG] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
            mode[tty.CC][termios.VMIN] = 1
            mode[tty.CC][termios.VTIME] = 0
            self._set(mode)
            if self._own_input is None:
                self._own_input = _opened(self.input_fd, os.O_RDONLY)
            if self._own_output is None:
                self._own_output = _opened(self._given, os.O_WRONLY)
        except termios.error as error:
            raise TerminalGoneError from error

    def _set(self, mode: list[Any]) -> None:
        """Set the line discipline; a signal that comes meanwhile (the shell's to go on) is no failure."""
        while True:
            try:
                termios.tcsetattr(self.input_fd, termios.TCSANOW, mode)
                return
            except termios.error as error:
                if error.args[0] != errno.EINTR:
                    raise

    def read(self) -> bytes:
        """Return what was typed or answered.

        Raises:
            TerminalGoneError: the terminal is gone, or its input has ended.
        """
        try:
            data = os.read(self.keys_fd, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise TerminalGoneError from error
        if not data:
            raise TerminalGoneError
        return data

    def write(self, data: bytes) -> int:
        """Write what the terminal takes without waiting; return how many bytes that were.

        Raises:
            TerminalGoneError: there is no terminal any more.
        """
        try:
            if self._own_output is not None:
                return os.write(self._own_output, data)
            _read, writable, _failed = select.select([], [self._given], [], 0)
            return os.write(self._given, data[:_SAFE_BYTES]) if writable else 0
        except BlockingIOError:
            return 0
        except (OSError, ValueError) as error:
            raise TerminalGoneError from error

    def say(self, words: bytes, seconds: float = FAREWELL_S) -> bool:
        """Write `words` whole, waiting as long as `seconds`; return whether that succeeded."""
        ends = time.monotonic() + seconds
        while words:
            try:
                written = self.write(words)
            except TerminalGoneError:
                return False
            words = words[written:]
            left = ends - time.monotonic()
            if not words or left <= 0:
                break
            if not written:
                select.select([], [self.output_fd], [], left)
        return not words

    def drop_output(self) -> None:
        """Throw away what the system still holds for a terminal that does not listen."""
        try:
            termios.tcflush(self.output_fd, termios.TCOFLUSH)
        except termios.error:
            return

    def drain(self, answers: int, seconds: float) -> None:
        """Read and throw away what still comes, until the terminal has said its status so often or the time is up."""
        ends = time.monotonic() + seconds
        seen = b""
        while (left := ends - time.monotonic()) > 0:
            try:
                readable, _write, _failed = select.select([self.keys_fd], [], [], left)
                seen += self.read() if readable else b""
            except (TerminalGoneError, OSError):
                return
            if seen.count(STATUS_ANSWER.encode()) >= answers:
                return

    def give_back(self) -> None:
        """Restore the line discipline that was found; what was typed and not read is thrown away."""
        if self._before is not None:
            try:
                termios.tcflush(self.input_fd, termios.TCIFLUSH)
                termios.tcsetattr(self.input_fd, termios.TCSANOW, self._before)
            except termios.error:
                # It is gone, and nobody is there to whom it could be given.
                pass
            self._before = None
        for own in (self._own_input, self._own_output):
            if own is not None:
                os.close(own)
        self._own_input = self._own_output = None


def _opened(given: int, way: int) -> int | None:
    """Open a terminal once more for ourselves; None where that is not allowed (after `su`)."""
    try:
        return os.open(os.ttyname(given), way | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
