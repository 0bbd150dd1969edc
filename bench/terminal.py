"""A program on a pseudo-terminal, and when a text first stood on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from types import TracebackType
from typing import Self

import pyte


class Terminal:
    """Runs a command on a terminal of its own and looks at the screen that it draws."""

    def __init__(self, command: list[str], *, columns: int = 120, rows: int = 40, environ: dict[str, str]) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.started = time.perf_counter()
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update(environ)
            os.execvp(command[0], command)
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        # A program that is told to end still wants to restore the terminal: somebody has to read that.
        deadline = time.perf_counter() + 5
        while time.perf_counter() < deadline:
            done, _ = os.waitpid(self.pid, os.WNOHANG)
            if done:
                break
            self._read(0.05)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)

    def _read(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:
            return False
        self.bytes += len(data)
        self._stream.feed(data)
        return bool(data)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._descriptor, keys.encode())

    def rest(self, seconds: float) -> None:
        """Read what comes in so long."""
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self._read(left)

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        return "\n".join(self._screen.display)

    def until(self, *words: str, seconds: float = 30.0) -> float:
        """Read until all `words` stand on the screen; return the seconds since the start of the program.

        Raises:
            TimeoutError: they did not come; with the screen as it is.
        """
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            if all(word in self.text for word in words):
                return time.perf_counter() - self.started
            self._read(0.005)
        raise TimeoutError(f"{words} did not appear:\n{self.text}")
