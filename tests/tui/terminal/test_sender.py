"""What leaves for the terminal and when: a terminal of the test's own, on a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from rich.segment import Segment

from wedtui.tui.terminal.device import STATUS_QUESTION, Device, TerminalGoneError
from wedtui.tui.terminal.sender import Manner, Sender

COLUMNS, ROWS = 40, 4


class Throttled(Device):
    """Takes so many bytes, and no more until the test makes room."""

    def __init__(self) -> None:
        super().__init__(0, 0)
        self.room = 1_000_000
        self.taken = b""
        self.gone = False

    @property
    def answers_to_us(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        if self.gone:
            raise TerminalGoneError
        part = data[: self.room]
        self.room -= len(part)
        self.taken += part
        return len(part)


class Handle:
    """A call that can be taken back."""

    def __init__(self, due: float, call: Callable[[], None]) -> None:
        self.due, self.call = due, call

    def cancel(self) -> None:
        self.call = lambda: None


class Stand:
    """A sender on a loop whose time the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[Handle] = []
        self.writer: Callable[[], None] | None = None
        self.device = Throttled()
        self.hung_up = 0
        loop = cast("asyncio.AbstractEventLoop", self)
        self.sender = Sender(self.device, Manner(), loop, lambda: self.now, self._hang_up)
        self.sender.open()
        self.sender.buffer.resize(COLUMNS, ROWS)
        self.sender.ask()
        self.answer()
        self.device.taken = b""

    def call_soon(self, call: Callable[[], None]) -> Handle:
        return self.call_later(0.0, call)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Handle:
        self.calls.append(Handle(self.now + seconds, call))
        return self.calls[-1]

    def add_writer(self, _descriptor: int, call: Callable[[], None]) -> None:
        self.writer = call

    def remove_writer(self, _descriptor: int) -> None:
        self.writer = None

    def _hang_up(self) -> None:
        self.hung_up += 1

    def run(self, until: float | None = None) -> None:
        """Let everything happen that is due by `until`."""
        ends = self.now if until is None else until
        while due := [handle for handle in self.calls if handle.due <= ends]:
            first = min(due, key=lambda handle: handle.due)
            self.calls.remove(first)
            self.now = max(self.now, first.due)
            first.call()
        self.now = ends

    def draw(self, text: str, y: int = 0) -> None:
        self.sender.draw([(0, y, [Segment(text.ljust(COLUMNS))])])

    def answer(self, after: float = 0.01) -> None:
        """Let the terminal answer everything that it was asked."""
        self.now += after
        while self.sender.link.open_questions:
            self.sender.answered()

    def heard(self) -> str:
        """Return what the terminal took since the last call."""
        text, self.device.taken = self.device.taken.decode(), b""
        return text


def test_what_is_drawn_in_one_go_leaves_in_one_frame() -> None:
    stand = Stand()
    stand.draw("one")
    stand.draw("two", 1)
    stand.draw("uno")
    assert stand.heard() == ""
    stand.run()
    heard = stand.heard()
    assert "uno" in heard
    assert "two" in heard
    assert "one" not in heard


def test_while_the_terminal_is_behind_only_the_newest_picture_waits() -> None:
    stand = Stand()
    stand.draw("first")
    stand.run()
    stand.sender.link.wrote(100_000, stand.now)
    stand.sender.ask()
    stand.heard()
    for number in range(50):
        stand.draw(f"picture {number}")
        stand.run(stand.now + 0.1)
    assert stand.heard() == ""
    stand.answer()
    stand.run()
    heard = stand.heard()
    assert heard.count("picture") == 1
    assert "49" in heard


def test_a_terminal_that_takes_a_part_gets_the_rest_first_and_then_the_newest() -> None:
    stand = Stand()
    stand.device.room = 10
    stand.draw("first")
    stand.run()
    stand.draw("second")
    stand.draw("third")
    stand.run()
    assert len(stand.device.taken) == 10
    assert stand.sender.waiting > 0
    assert stand.writer is not None
    stand.device.room = 1_000_000
    stand.writer()
    stand.run()
    heard = stand.heard()
    assert "first" in heard
    assert "third" in heard.replace("\x1b[K", "")
    assert "second" not in heard
    assert stand.writer is None


def slow(stand: Stand) -> None:
    """Make the line one on which an ordinary update takes two seconds."""
    for _ in range(5):
        stand.sender.ask()
        stand.answer(after=2.0)


def test_on_a_slow_line_frames_are_rare() -> None:
    stand = Stand()
    slow(stand)
    begun = stand.now
    frames = []
    for second in range(1, 21):
        stand.draw(f"at {second}")
        stand.run(begun + second)
        if stand.heard():
            frames.append(second)
        while stand.sender.link.open_questions:
            # The answers go on taking two seconds.
            stand.sender.link.answered(stand.now + 2.0)
    assert 6 <= len(frames) <= 11


def test_the_answer_to_a_key_does_not_wait_for_the_next_frame() -> None:
    stand = Stand()
    slow(stand)
    stand.draw("before")
    stand.run()
    stand.heard()
    stand.draw("data")
    stand.run()
    assert stand.heard() == ""
    stand.sender.key()
    stand.draw("answer", 2)
    stand.run(stand.now + 0.5)
    assert "answer" in stand.heard()


def test_a_large_frame_is_asked_about_before_and_behind() -> None:
    stand = Stand()
    stand.now += 5
    for y in range(ROWS):
        stand.draw("".join(chr(0x2800 + 7 * x) for x in range(COLUMNS)), y)
    stand.run()
    heard = stand.heard()
    assert heard.startswith(STATUS_QUESTION)
    assert heard.endswith(STATUS_QUESTION)
    assert heard.count(STATUS_QUESTION) == 2


def test_a_terminal_that_is_gone_is_said_once_and_nothing_is_tried_again() -> None:
    stand = Stand()
    stand.device.gone = True
    stand.draw("to nobody")
    stand.run()
    stand.draw("to nobody either")
    stand.run(stand.now + 10)
    assert stand.hung_up == 1
    assert stand.sender.waiting == 0


def test_after_it_is_closed_nothing_leaves() -> None:
    stand = Stand()
    stand.draw("late")
    assert not stand.sender.close()
    stand.run(stand.now + 10)
    stand.sender.send("\x07")
    assert stand.heard() == ""


def test_what_was_cut_in_its_middle_is_known() -> None:
    stand = Stand()
    stand.device.room = 3
    stand.draw("a line")
    stand.run()
    assert stand.sender.close()
