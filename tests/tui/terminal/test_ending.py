"""Signals that end the program: what is put back, in which order, and what ends a program that hangs."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from tests.terminals import AT_START, Terminal
from wedtui.tui.terminal.ending import PATIENCE_S, Ending

PROGRAM = """
import os, sys, threading
from textual.widgets import Label
from wedtui.tui.terminal import ending
from wedtui.tui.terminal.device import Device
from wedtui.tui.terminal.drawn import DrawnApp

ending.PATIENCE_S = 0.2


def hang(*_):
    os.write(2, b"HANGS")
    threading.Event().wait()


class App(DrawnApp):
    def compose(self):
        yield Label("ready")

    def on_key(self):
        hang()


assert App().stock_because is None
if sys.argv[1] == "farewell":
    Device.drain = hang
App().run()
"""


class Waited(threading.Event):
    """Does not wait: tells for how long it was to, and who was there for SIGTERM when it was set."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []
        self.found: list[object] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return self.is_set()

    def set(self) -> None:
        self.found.append(signal.getsignal(signal.SIGTERM))
        super().set()


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Waited:
    made = Waited()
    monkeypatch.setattr("wedtui.tui.terminal.ending.threading", SimpleNamespace(Event=lambda: made))
    return made


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    told: list[object] = []
    monkeypatch.setattr(os, "_exit", told.append)
    return told


def ending(restore: Callable[[], None] = lambda: None) -> Ending:
    """Return what nobody asks to end, so that the loop is not needed."""
    return Ending(cast("asyncio.AbstractEventLoop", None), lambda _code: None, restore)


@pytest.fixture
def hang_up() -> Iterator[signal.Signals]:
    """A hang-up that is not ignored, as it is under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield signal.SIGHUP
    signal.signal(signal.SIGHUP, before)


def test_what_was_found_is_put_back_before_anybody_hears_that_it_is_over(
    waited: Waited, hang_up: signal.Signals
) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, hang_up, signal.SIGWINCH)}
    made = ending()
    made.hold({signal.SIGWINCH: lambda: None})
    assert all(signal.getsignal(number) != handler for number, handler in before.items())
    # Twice, as by the app and by its driver; what is ours is not what was found.
    made.hold({signal.SIGWINCH: lambda: None})
    made.release()
    assert {number: signal.getsignal(number) for number in before} == before
    assert waited.found == [before[signal.SIGTERM]]


def test_a_program_that_ends_by_itself_is_not_ended(waited: Waited, done: list[object]) -> None:
    made = ending(lambda: done.append("restored"))
    made.hold({})
    made.release()
    made._insist(143)
    assert waited.seconds == [PATIENCE_S]
    assert done == []


def test_a_program_that_does_not_end_is_ended_behind_its_terminal(waited: Waited, done: list[object]) -> None:
    ending(lambda: done.append("restored"))._insist(143)
    assert waited.seconds == [PATIENCE_S]
    assert done == ["restored", 143]


@pytest.mark.usefixtures("waited")
def test_it_is_ended_even_where_nothing_can_be_restored(done: list[object]) -> None:
    def fails() -> None:
        raise OSError("the terminal is no more")

    with pytest.raises(OSError, match="is no more"):
        ending(fails)._insist(129)
    assert done == [129]


@pytest.mark.parametrize("place", ["key", "farewell"])
def test_what_hangs_is_ended_with_its_terminal_restored(place: str) -> None:
    """A shell stands between: a terminal whose first process ends begins anew by itself."""
    program = shlex.join([sys.executable, "-c", PROGRAM, place])
    command = f"{program}; echo code $?; stty -a | tr ';' '\\n' | grep -wo -e '[-]*echo' -e '[-]*icanon'; echo do''ne"
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
    }
    with Terminal(["sh", "-c", f"{command}; read -r _"], environ) as terminal:
        terminal.shows("ready")
        (app,) = psutil.Process(terminal.pid).children()
        if place == "key":
            terminal.type("x")
            terminal.shows("HANGS")
        app.send_signal(signal.SIGTERM)
        terminal.shows("code 143", "\necho", "\nicanon", "\ndone")
        assert terminal.modes == AT_START
        assert place == "key" or b"HANGS" in terminal.sent
