"""The far end of a line: a terminal that is reached slowly and late, that answers, and that is looked at cell by cell.

The kernel's buffer of the pseudo-terminal is the line's own: what has not been read from it has not left yet. It is
read in small pieces, each of which occupies the line for as long as its bytes take.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from pathlib import Path

from bench.terminal import Terminal

# What is read at once from a slow line: 5 ms of 56 kbit/s.
_PIECE = 32
# A reader that comes back within this time (s) finds what was already waiting when the line became free.
_LATE_S = 0.05
# Looking for a word takes longer than a piece does, so it is not done after each (s).
_LOOK_EVERY_S = 0.02
_ANSWERS = {b"\x1b[5n": b"\x1b[0n", b"\x1b[?2026$p": b"\x1b[?2026;2$y"}
_LONGEST_QUESTION = max(map(len, _ANSWERS))

Cells = list[tuple[tuple[object, ...], ...]]
"""What a person sees in each cell, line by line."""


class FarTerminal(Terminal):
    """A terminal at the end of a line.

    Args:
        command: what is run.
        environ: its environment.
        rate: bytes a second towards the terminal; None: as many as come.
        trip: seconds of the round trip, half of it each way.
    """

    def __init__(
        self, command: list[str], *, environ: dict[str, str], rate: float | None = None, trip: float = 0.0
    ) -> None:
        super().__init__(command, environ=environ)
        self._rate, self._way = rate, trip / 2
        self._free_at = 0.0
        self._tail = b""
        self._on_the_way: deque[tuple[float, bytes]] = deque()
        self._back: deque[tuple[float, bytes]] = deque()
        self.arrived = 0.0
        """When the newest bytes arrived at the far end."""

    def press(self, key: bytes) -> float:
        """Press a key there; return when."""
        now = time.perf_counter()
        self._back.append((now + self._way, key))
        self._deliver(now)
        return now

    def watch(self, seconds: float) -> None:
        """Let time pass, reading whatever comes."""
        ends = time.perf_counter() + seconds
        while (left := ends - time.perf_counter()) > 0:
            self._read(left)

    def until(self, *words: str, seconds: float = 30.0) -> float:
        """Read until all `words` stand on the far screen; return the seconds since the start of the program.

        Raises:
            TimeoutError: they did not come; with the screen as it is.
        """
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            text = self.text
            if all(word in text for word in words):
                return self.arrived - self.started
            self.watch(_LOOK_EVERY_S)
        raise TimeoutError(f"{words} did not appear:\n{self.text}")

    def step(self, seconds: float) -> bool:
        """Read once, waiting at most so long; return whether anything arrived."""
        before = self.arrived
        self._read(seconds)
        return self.arrived != before

    def look(self) -> Cells:
        """Return what stands in each cell; of a blank only its ground counts."""
        screen = self._screen
        return [
            tuple(
                (" ", c.bg, c.reverse, c.underscore) if c.data == " " else c
                for c in (screen.buffer[y][x] for x in range(screen.columns))
            )
            for y in range(screen.lines)
        ]

    def grounds(self) -> tuple[object, ...]:
        """Return the ground of each line at its beginning, where a cursor row is another than its neighbours."""
        cells = [self._screen.buffer[y][0] for y in range(self._screen.lines)]
        return tuple((cell.bg, cell.reverse) for cell in cells)

    @property
    def cpu(self) -> float:
        """Seconds of CPU that the process used so far, by the kernel's own clock (clock_getcpuclockid(3))."""
        return time.clock_gettime(~self.pid << 3 | 2)

    @property
    def memory(self) -> float:
        """Megabytes of the process's memory (RSS)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    def _read(self, timeout: float) -> bool:
        """Do what is due, and read the next piece if the line is free for it."""
        now = time.perf_counter()
        self._deliver(now)
        waits = [timeout, *(queue[0][0] - now for queue in (self._on_the_way, self._back) if queue)]
        if self._free_at > now:
            time.sleep(max(min(*waits, self._free_at - now), 0.0))
        else:
            ready, _, _ = select.select([self._descriptor], [], [], max(min(waits), 0.0))
            if ready and not self._take(time.perf_counter()):
                return False
        return self._deliver(time.perf_counter())

    def _take(self, now: float) -> bool:
        try:
            data = os.read(self._descriptor, _PIECE if self._rate else 65536)
        except OSError:
            return False
        self.bytes += len(data)
        if self._rate:
            begins = self._free_at if now - self._free_at < _LATE_S else now
            self._free_at = now = begins + len(data) / self._rate
        self._on_the_way.append((now + self._way, data))
        return bool(data)

    def _deliver(self, now: float) -> bool:
        """Show what has arrived, and hand in what was typed or answered."""
        arrived = False
        while self._on_the_way and self._on_the_way[0][0] <= now:
            self.arrived, data = self._on_the_way.popleft()
            self._answer(data)
            self._stream.feed(data)
            arrived = True
        while self._back and self._back[0][0] <= now:
            _, data = self._back.popleft()
            try:
                os.write(self._descriptor, data)
            except OSError:
                break
        return arrived

    def _answer(self, data: bytes) -> None:
        seen = self._tail + data
        for question, answer in _ANSWERS.items():
            for _ in range(seen.count(question) - self._tail.count(question)):
                self._back.append((self.arrived + self._way, answer))
        self._tail = seen[-_LONGEST_QUESTION + 1 :]


def differing(before: Cells, after: Cells) -> int:
    """Count the cells that look different."""
    return sum(a != b for old, new in zip(before, after, strict=True) for a, b in zip(old, new, strict=True))
