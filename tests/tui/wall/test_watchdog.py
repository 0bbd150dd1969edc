"""The watchdog: when it speaks, what it writes, and that a hanging loop on a real terminal is seen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import NOW, MovableClock
from wedtui.tui.wall import watchdog as watching
from wedtui.tui.wall.watchdog import Watchdog, alarm_text, must_speak

ZONE = "Europe/London"
PATIENCE_S = 60


@pytest.mark.parametrize(
    ("silent", "since_spoken", "speaks"),
    [(0, None, False), (10, None, False), (10.1, None, True), (11, 0.5, False), (15.2, 5, True), (9, 9, False)],
)
def test_when_it_speaks(silent: float, since_spoken: float | None, speaks: bool) -> None:
    assert must_speak(silent, since_spoken) is speaks


def test_it_speaks_after_ten_silent_seconds_again_every_five_and_is_quiet_once_something_is_drawn() -> None:
    clock, written = MovableClock(), list[str]()
    watchdog = Watchdog(written.append, lambda: (80, 24), clock.monotonic)
    watchdog.look()  # nothing was ever drawn: the app has not begun
    assert not watchdog.drawn(NOW, ZONE)
    for second in range(1, 31):
        clock.seconds = second
        watchdog.look()
        assert len(written) == (0 if second <= 10 else 1 + (second - 11) // 5)
    assert watchdog.drawn(NOW, ZONE)
    assert not watchdog.drawn(NOW, ZONE)
    clock.seconds += 9
    watchdog.look()
    assert len(written) == 4


def test_after_its_end_it_says_nothing() -> None:
    clock, written = MovableClock(), list[str]()
    watchdog = Watchdog(written.append, lambda: (80, 24), clock.monotonic)
    watchdog.drawn(NOW, ZONE)
    watchdog.stop()
    clock.seconds = 60
    watchdog.look()
    assert written == []


def test_after_a_stop_of_the_whole_process_the_app_has_its_time_again() -> None:
    clock, written = MovableClock(), list[str]()
    watchdog = Watchdog(written.append, lambda: (80, 24), clock.monotonic)
    watchdog.resumed()
    clock.seconds = 60
    watchdog.look()
    assert written == []  # nothing was ever drawn, before as behind
    watchdog.drawn(NOW, ZONE)
    clock.seconds += 60
    watchdog.resumed()
    watchdog.look()
    clock.seconds += 10
    watchdog.look()
    assert written == []
    clock.seconds += 1
    watchdog.look()
    assert len(written) == 1
    # The clock that stands there is still the one that was drawn.
    assert "since 13:00:05" in written[0]


class Pauses:
    """Stands for the thread's pauses: each moves both clocks by the test's seconds; behind the last one is the end."""

    def __init__(self, clock: MovableClock, *seconds: float) -> None:
        self._clock, self._left = clock, list(seconds)

    def wait(self, _wished: float) -> bool:
        if self._left:
            self._clock.seconds += self._left.pop(0)
            return False
        return True

    def is_set(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("pauses", "alarms"),
    [((1.0,) * 10, 0), ((1.0,) * 11, 1), ((60.0,), 0), ((1.0,) * 9 + (60.0,), 0), ((60.0,) + (1.0,) * 11, 1)],
)
def test_a_pause_that_took_too_long_was_a_stop(
    pauses: tuple[float, ...], alarms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, written = MovableClock(), list[str]()
    watchdog = Watchdog(written.append, lambda: (80, 24), clock.monotonic)
    watchdog.drawn(NOW, ZONE)
    monkeypatch.setattr(watching, "time", clock)
    monkeypatch.setattr(watchdog, "_stopped", Pauses(clock, *pauses))
    watchdog._run()
    assert len(written) == alarms


@given(columns=st.integers(1, 300), lines=st.integers(1, 100))
def test_it_fills_a_terminal_of_any_size_with_reverse(columns: int, lines: int) -> None:
    text = alarm_text(columns, lines, NOW, ZONE, 12)
    assert text.isascii()
    assert text.endswith("\x1b[0m")
    rows = re.split(r"\x1b\[\d+;1H", text)[1:]
    assert len(rows) == lines
    for row in rows:
        assert len(re.sub(r"\x1b\[[0-9;]*m", "", row)) == columns


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
def test_what_stands_there(size: tuple[int, int]) -> None:
    screen = pyte.Screen(*size)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[32mold and green\r\n" * size[1])
    stream.feed(alarm_text(*size, NOW, ZONE, 12))
    text = "\n".join(screen.display)
    assert "THIS SCREEN IS FROZEN since 13:00:05 Europe/London (12:00:05 UTC)" in text
    assert "old and green" not in text
    cells = [cell for row in screen.buffer.values() for cell in row.values()]
    assert all(cell.fg == "default" for cell in cells)
    reverse = sum(cell.reverse for cell in cells) / len(cells)
    assert 0.6 < reverse < 0.95  # the rest are the strokes of the huge words


PROGRAM = """
import sys, threading
from tests.pictures import WELL, OPEN, MovableClock, source_of
from wedtui.tui.wall.app import WallApp
from wedtui.tui.wall.watchdog import Watchdog, terminal_size, write_to_terminal

clock, lives = MovableClock(), threading.Event()
watchdog = Watchdog(write_to_terminal, terminal_size, clock.monotonic)
app = WallApp(lambda: source_of(WELL, freeze=OPEN), clock, theme="war-room", watchdog=watchdog)

def block():
    clock.seconds += 11
    lives.wait()  # the event loop itself waits here

def hang():
    for line in open(int(sys.argv[1])):
        if line == "hang\\n":
            app.call_later(block)
        if line == "live\\n":
            lives.set()

threading.Thread(target=hang, daemon=True).start()
app.run(mouse=False)
"""


class Terminal:
    """A pseudo-terminal with a program in it, and what an emulator shows of what it writes."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        order_reader, self._orders = os.pipe()
        os.set_inheritable(order_reader, True)
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        environ = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        environ["PYTHONPATH"] = str(Path(__file__).parents[3])
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(order_reader)],
            stdin=slave, stdout=slave, stderr=slave, pass_fds=[order_reader], env=environ, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        os.close(order_reader)

    def order(self, word: str) -> None:
        os.write(self._orders, f"{word}\n".encode())

    def shows(self, words: str) -> None:
        """Read until something stands on the screen."""
        while words not in "\n".join(self.screen.display):
            self._read(f"{words!r} did not appear")

    def loses(self, words: str) -> None:
        """Read until something stands on the screen no more."""
        while words in "\n".join(self.screen.display):
            self._read(f"{words!r} did not go")

    def _read(self, why: str) -> None:
        ready, _, _ = select.select([self.master], [], [], PATIENCE_S)
        assert ready, f"{why}:\n" + "\n".join(self.screen.display)
        # Private modes of newer terminals are not pyte's business.
        self._stream.feed(re.sub(rb"\x1b\[[<>=][^a-zA-Z]*[a-zA-Z]", b"", os.read(self.master, 65536)))

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self.master)
        os.close(self._orders)


def test_a_loop_that_hangs_on_a_real_terminal_is_seen_and_when_it_lives_again_so_is_the_wall() -> None:
    terminal = Terminal()
    try:
        terminal.shows("nothing is wrong")
        terminal.order("hang")
        terminal.shows("THIS SCREEN IS FROZEN since 13:00:05 Europe/London")
        assert "nothing is wrong" not in "\n".join(terminal.screen.display)
        terminal.order("live")
        terminal.shows("nothing is wrong")
        terminal.shows("● hetzner")
        terminal.loses("FROZEN")
    finally:
        terminal.end()
