"""Noise on the line: random bytes through the real driver neither end the dashboard nor spoil the terminal."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial

import psutil
import pytest
from textual import events

from tests.poller.service_process import Place, http_server, make_place
from tests.terminals import AT_START, LONGEST_S, Terminal
from wedtui.tui.terminal.framework import KeyParser

# Ctrl-C, Ctrl-Q and q leave, and Ctrl-Z stops: they come at the end, or have tests of their own.
_LEAVES = frozenset(b"\x03\x11\x1aqQ")
_PIECES = (
    *(b"\x1b[", b"\x1b[?", b"\x1bO", b"\x1b]", b"\x1bP", b"\x1b[<", b"\x1b[M", b"\x1b[200~", b"\x1b[201~", b"\x1b"),
    *(b"\x1b[0n", b"\x1b[0n\x1b[0n", b"\x1b[3n", b"\x1b[?2026;2$y", b"\x1b[?2048;0$y", b"\x1b[48;24;80;0;0t"),
    *(
        b"\x1b[<0;10;5M\x1b[<0;10;5m",
        b"\x1b[<0;999;999M",
        b"\x1b[<65;3;3M",
        b"\x1b[<;;M",
        b"\x1b[M !!",
        b"\x1b[I\x1b[O",
    ),
    *(b"\x1b[A", b"\x1b[1;5C", b"\x1b[99;99;99~", b"\x1b[97;5u", b"\x1bOP", b"\x1b[15~", b"\x1b[1;1R", b"\x1b[?62;22c"),
    *(
        b"\xff\xfe",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x98",
        b"\xed\xa0\x80",
        b"\x00",
        b"\x80\x9b1m",
        "é漢👩‍👩‍👧".encode(),
    ),
    *(b"\x1b[200~paste q\x03\xc3\x1b[31m\x1b[201~", b"\x1b[200~" + b"x" * 3000 + b"\x1b[201~"),
    *(
        b"\x1b]52;c;YQ==\x07",
        b"\x1b]11;rgb:ff/ff/ff\x1b\\",
        b"\x1bP>|term 1\x1b\\",
        b"\r",
        b"\t",
        b"w",
        b"f",
        b"?",
        b":",
        b"/",
    ),
)


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with http_server() as url:
        made = make_place(tmp_path_factory.mktemp("noise"), url, probes=3)
        made.config.write_text(made.config.read_text() + "[service]\nautostart = false\n")
        made.wedtui("poll", "--once")
        yield made


def noise(dice: random.Random) -> bytes:
    """Return a burst of pieces of sequences, whole ones and plain bytes, without the keys that leave."""
    bursts = [dice.choice(_PIECES) if dice.random() < 0.7 else dice.randbytes(3) for _ in range(dice.randint(1, 12))]
    return b"".join(
        piece if piece.startswith(b"\x1b[200~") else bytes(b for b in piece if b not in _LEAVES) for piece in bursts
    )


def _until_silent(terminal: Terminal) -> None:
    """Read for as long as anything comes; an Escape alone is one only after a while."""
    while terminal.read(0.3):
        pass


def _make_noise(terminal: Terminal, dice: random.Random, bursts: int) -> int:
    """Send bursts until they are used up, or one of them chose to leave; return how many were sent."""
    process = psutil.Process(terminal.pid)
    for number in range(bursts):
        os.write(terminal.descriptor, noise(dice))
        while terminal.read(0.02):
            pass
        if process.status() == psutil.STATUS_ZOMBIE:
            return number + 1
        if process.status() == psutil.STATUS_STOPPED:
            # The palette offers every key's action by name: this is the shell's `fg`.
            os.killpg(terminal.pid, signal.SIGCONT)
        if number % 10 == 0:
            terminal.resize(dice.randint(20, 200), dice.randint(6, 60))
    return bursts


def _ended(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_ZOMBIE)


def _leave(terminal: Terminal, process: psutil.Process) -> None:
    """End whatever was begun (a paste, a string, a filter, a palette, a screen), and then the dashboard.

    Where that is busy, what stands there may be older than the last key, and a `q` right behind an Escape is no `q`.
    So it is pressed for as long as it has not ended, and not a number of times: silence may be a dashboard that waits.
    """
    terminal.resize(80, 24)
    os.write(terminal.descriptor, b"\x1b[201~\x1b\\\x07")
    ends = time.monotonic() + LONGEST_S
    while time.monotonic() < ends:
        _until_silent(terminal)
        if _ended(process):
            break
        terminal.type("q" if "deployments" in terminal.text and "q quit" in terminal.text else "\x1b")


@pytest.mark.parametrize("seed", range(2))
def test_random_bytes_neither_end_it_nor_spoil_the_terminal(place: Place, seed: int) -> None:
    dice, left = random.Random(seed), 120
    path = os.pathsep.join(sys.path)
    environ = {**place.environ, "PYTHONPATH": path, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    while left > 0:
        with Terminal([sys.executable, "-m", "wedtui"], environ) as terminal:
            terminal.shows("here", "deployments", "q quit")
            process = psutil.Process(terminal.pid)
            left -= _make_noise(terminal, dice, left)
            if process.status() != psutil.STATUS_ZOMBIE:
                _leave(terminal, process)
            terminal.until(partial(_ended, process))
            _until_silent(terminal)
            _, status = os.waitpid(terminal.pid, 0)
            # Noise that chose "quit" in the palette has left as anybody does; nothing else ends it.
            assert os.waitstatus_to_exitcode(status) == 0, terminal.sent[-4000:].decode(errors="replace")
            assert terminal.modes == AT_START
            assert b"Traceback" not in terminal.sent


def test_a_report_of_the_windows_size_does_not_change_what_the_mouse_reports_mean() -> None:
    parser = KeyParser(lambda: None)
    moved = list(parser.feed("\x1b[48;24;80;0;0t\x1b[<0;10;5M\x1b[48;24;80;480;800t\x1b[<0;11;5M"))
    assert [(m.x, m.y) for m in moved if isinstance(m, events.MouseDown)] == [(9, 4), (10, 4)]


def test_a_report_of_the_focus_takes_no_letters_from_a_line(place: Place) -> None:
    environ = {**place.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    with Terminal([sys.executable, "-m", "wedtui"], environ) as terminal:
        terminal.shows("here", "deployments", "q quit")
        terminal.type("/")
        terminal.shows("Esc clear filter")
        os.write(terminal.descriptor, b"\x1b[O")
        terminal.type("zzw")
        terminal.shows("zzw", "Esc clear filter")
