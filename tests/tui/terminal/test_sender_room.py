"""The sender on a real event loop: what waits for room leaves as soon as there is some."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from rich.segment import Segment

from wedtui.tui.terminal.device import STATUS_QUESTION, Device
from wedtui.tui.terminal.sender import Manner, Sender

COLUMNS, ROWS = 100, 100


class Loop(asyncio.SelectorEventLoop):
    """A loop whose time the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        super().__init__()

    def time(self) -> float:
        return self.now

    def move(self, seconds: float = 0.0) -> None:
        """Let time pass, and do what is due then, and what follows from it."""
        self.now += seconds
        for _ in range(10):
            self.call_soon(self.stop)
            self.run_forever()


class Wire(Device):
    """A terminal that takes everything."""

    def __init__(self) -> None:
        super().__init__(0, 1)
        self.sent = ""

    @property
    def answers_to_us(self) -> bool:
        return True

    def write(self, data: bytes) -> int:
        self.sent += data.decode()
        return len(data)

    def take_sent(self) -> str:
        sent, self.sent = self.sent, ""
        return sent


class Line:
    """A sender on a line that carries 7000 bytes a second."""

    def __init__(self) -> None:
        self.loop, self.wire = Loop(), Wire()
        self.sender = Sender(self.wire, Manner(), self.loop, self.loop.time, lambda: None)
        self.sender.buffer.resize(COLUMNS, ROWS)
        self.sender.open()
        # What a known line looks like: a pair of questions around a frame, both answered.
        self.draw("a", rows=70)
        self.loop.move(0.02)
        self.sender.answered()
        self.loop.move(1.0)
        self.sender.answered()
        self.loop.move()
        assert self.sender.link.rate is not None
        self.wire.take_sent()

    def draw(self, letter: str, rows: int, first: int = 0) -> None:
        self.sender.draw((0, y, [Segment(letter * COLUMNS)]) for y in range(first, first + rows))
        self.loop.move()


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.loop.close()


def test_a_frame_that_waits_for_room_leaves_with_the_answer_that_makes_it(line: Line) -> None:
    line.draw("b", rows=40)
    line.draw("c", rows=1, first=90)
    assert "ccc" not in line.wire.take_sent()
    line.loop.move(0.01)
    line.sender.answered()
    line.loop.move()
    line.sender.answered()
    line.loop.move()
    assert "ccc" in line.wire.take_sent()


def test_what_nobody_asked_about_is_asked_about_before_it_stops_the_line(line: Line) -> None:
    line.sender.ask()
    line.draw("b", rows=40)
    line.sender.answered()
    line.wire.take_sent()
    line.draw("c", rows=1, first=90)
    assert line.wire.take_sent() == STATUS_QUESTION
    for _ in range(10):
        # As much as there is room for goes at once, and is asked about.
        line.loop.move(0.1)
        line.sender.answered()
        line.loop.move()
    assert "ccc" in line.wire.take_sent()


def test_the_answer_to_a_key_does_not_wait_for_the_turn_of_a_frame(line: Line) -> None:
    # An update takes longer than a second to be confirmed: there are few frames.
    line.sender.ask()
    line.loop.move(1.5)
    line.sender.answered()
    line.sender.ask()
    line.loop.move(1.5)
    line.sender.answered()
    line.draw("b", rows=1)
    line.draw("c", rows=1, first=1)
    line.wire.take_sent()
    line.sender.key()
    line.draw("d", rows=1, first=2)
    assert "ddd" in line.wire.take_sent()
