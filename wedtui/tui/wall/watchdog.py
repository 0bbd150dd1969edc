"""Says on the terminal, by itself, that the wall's own program hangs: a picture that stands still looks well.

A thread of its own, which needs nothing of the app: it is told whenever something was drawn, and writes when that
stops. It writes spaces and reversed spaces alone, so that it needs neither colours nor an encoding.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from wedtui.tui.wall.letters import pixels

SILENT_FOR_S = 10.0
"""So long may nothing be drawn."""
SAY_EVERY_S = 5.0
STOPPED_FROM_S = 5.0
"""A pause of a second that took so long was one of the whole process."""
_LOOK_EVERY_S = 1.0
_STOP_WAIT_S = 1.0
_FONTS = ("clb8x8", "3x5")
_REVERSED, _NORMAL = "\x1b[0;7m", "\x1b[0m"


def must_speak(silent_s: float, since_spoken_s: float | None) -> bool:
    """Decide whether the alarm has to be written now.

    Args:
        silent_s: seconds since something was last drawn.
        since_spoken_s: seconds since the alarm was last written in this silence; None where it was not.
    """
    return silent_s > SILENT_FOR_S and (since_spoken_s is None or since_spoken_s >= SAY_EVERY_S)


class Watchdog:
    """Watches over an app that says whenever it has drawn.

    Args:
        write: writes to the terminal at once, past the app.
        size: the terminal's columns and lines now.
        monotonic: seconds that only grow.
    """

    def __init__(
        self, write: Callable[[str], object], size: Callable[[], tuple[int, int]], monotonic: Callable[[], float]
    ) -> None:
        self._write, self._size, self._monotonic = write, size, monotonic
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._drawn: tuple[float, datetime, str] | None = None
        self._spoken: float | None = None
        self._thread = threading.Thread(target=self._run, name="wedtui-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        # Fonts are read now: where the app hangs, nothing may have to be loaded any more.
        for font in _FONTS:
            pixels("SCREEN FROZEN 0123456789:", font)
        self._thread.start()

    def stop(self) -> None:
        """End; nothing is written after this has returned, unless the terminal takes nothing any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_WAIT_S)

    def drawn(self, at: datetime, zone: str) -> bool:
        """Hear that something was drawn; return whether all has to be drawn again, because the alarm stands there.

        Args:
            at: the instant that the drawn clock shows.
            zone: the zone in which people read it.
        """
        with self._lock:
            covered, self._spoken = self._spoken is not None, None
            self._drawn = (self._monotonic(), at, zone)
        return covered

    def look(self) -> None:
        """Look once, and write the alarm where it is due."""
        with self._lock:
            if self._drawn is None or self._stopped.is_set():
                return
            last, at, zone = self._drawn
            now = self._monotonic()
            if not must_speak(now - last, None if self._spoken is None else now - self._spoken):
                return
            self._spoken = now
        # Without the lock: a terminal that takes nothing must not hold up the app, which draws again by now.
        self._write(alarm_text(*self._size(), at, zone, now - last))

    def resumed(self) -> None:
        """Hear that the whole process was stopped, and goes on: the app has its time again to draw."""
        with self._lock:
            if self._drawn is not None:
                self._drawn = (self._monotonic(), *self._drawn[1:])

    def _run(self) -> None:
        try:
            begun = time.monotonic()
            while not self._stopped.wait(_LOOK_EVERY_S):
                # The thread's own pause, by the system's clock: whatever time it is told, it was to be short.
                if time.monotonic() - begun > STOPPED_FROM_S:
                    self.resumed()
                self.look()
                begun = time.monotonic()
        except OSError:
            # The terminal has gone, and with it everybody to whom anything could be said.
            return


def alarm_text(columns: int, lines: int, at: datetime, zone: str, silent_s: float) -> str:
    """Return what fills a terminal: `THIS SCREEN IS FROZEN since hh:mm:ss` in reverse, with huge words above it."""
    local = at.astimezone(ZoneInfo(zone))
    since = f"{local:%H:%M:%S}"
    utc = "" if zone == "UTC" else f" ({at.astimezone(UTC):%H:%M:%S} UTC)"
    sentence = [
        f"THIS SCREEN IS FROZEN since {since} {zone}{utc}",
        f"nothing was drawn for {silent_s:.0f} s: the program hangs; nothing here can be believed",
    ]
    rows = [*_huge(("SCREEN", "FROZEN", since), columns, lines - len(sentence)), *sentence]
    rows = ["", *rows] if len(rows) < lines else rows[-max(lines, 1) :]
    above = max((lines - len(rows)) // 2, 0)
    rows = [*[""] * above, *rows, *[""] * (lines - len(rows) - above)][:lines]
    drawn = (f"\x1b[{y};1H{_REVERSED}{_painted(row, columns)}" for y, row in enumerate(rows, 1))
    return "".join(drawn) + _NORMAL


def _painted(row: str, columns: int) -> str:
    """Return a row in the middle, `#` as a cell that is not reversed."""
    text = row[:columns].center(columns)
    return text.replace("#", f"{_NORMAL} {_REVERSED}")


def _huge(words: tuple[str, ...], columns: int, lines: int) -> list[str]:
    """Return as many of the words as find room, as large as possible, with a free row under each."""
    for count in range(len(words), 1, -1):
        for scale in range(8, 0, -1):
            for font in _FONTS:
                made = [row for word in words[:count] for row in (*_scaled(word, font, scale), "")]
                if len(made) <= lines and max(map(len, made)) <= columns:
                    return made
    return []


def _scaled(word: str, font: str, scale: int) -> list[str]:
    # A cell is about twice as high as it is wide; the wider font makes up for that by itself.
    across = scale if font == _FONTS[0] else 2 * scale
    rows = [(across * " ").join("".join(c * across for c in part) for part in row) for row in pixels(word, font)]
    return [row for row in rows for _ in range(scale)]


def write_to_terminal(text: str) -> None:
    """Write to the terminal that the app draws on, past everything that buffers."""
    data = text.encode("ascii")
    while data:
        data = data[os.write(_terminal(), data) :]


def terminal_size() -> tuple[int, int]:
    """Return columns and lines of the terminal; those of old where it does not know its size."""
    columns, lines = os.get_terminal_size(_terminal())
    return columns or 80, lines or 24


def _terminal() -> int:
    # Textual draws on the standard error that the process began with.
    stream = sys.__stderr__
    if stream is None:
        raise OSError("there is no standard error")
    return stream.fileno()
