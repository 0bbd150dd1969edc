"""The meter of the line: instants are given, so every table row is a line that somebody might sit at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.tui.terminal.link import (
    HANGS_AFTER_S,
    LOST_AFTER_S,
    MUTE_AFTER_S,
    PAIR_FROM_BYTES,
    RECOVERY_S,
    Drawing,
    Link,
)


class Wire:
    """A line of a certain delay and rate; frames and answers take their time on it."""

    def __init__(self, trip: float, rate: float) -> None:
        self.trip, self.rate = trip, rate
        self.now = 0.0
        self.link = Link(self.now)
        self.ask(60)

    def ask(self, size: int) -> None:
        """Send a small frame and its question; wait for the answer."""
        self.link.wrote(size, self.now)
        self.link.asked(self.now)
        self.now += self.trip + size / self.rate
        self.link.answered(self.now)

    def frame(self, size: int) -> None:
        """Send a frame as the sender does; wait for what confirms it."""
        if size < PAIR_FROM_BYTES:
            self.ask(size)
            return
        self.link.asked(self.now)
        self.link.wrote(size, self.now)
        self.link.asked(self.now, size)
        self.now += self.trip
        self.link.answered(self.now)
        self.now += size / self.rate
        self.link.answered(self.now)

    def second(self, size: int) -> Drawing:
        """Let a second pass in which a frame is sent."""
        begun = self.now
        self.frame(size)
        self.now = max(self.now, begun + 1.0)
        return self.link.judge(self.now)


@pytest.mark.parametrize(
    ("trip", "rate", "drawing"),
    [
        (0.001, 10e6, Drawing.FULL),  # this machine
        (0.140, 7000, Drawing.FULL),  # 56 kbit/s at the other side of the world
        (0.600, 1e6, Drawing.FULL),  # a satellite
        (0.140, 960, Drawing.FULL),  # 9600 baud
        (0.400, 600, Drawing.LEAN),
        (1.500, 7000, Drawing.LEAN),
        (0.300, 200, Drawing.TEXT),
        (4.000, 7000, Drawing.TEXT),
    ],
)
def test_how_much_is_drawn_follows_from_what_an_ordinary_update_takes(
    trip: float, rate: float, drawing: Drawing
) -> None:
    wire = Wire(trip, rate)
    for _ in range(6):
        wire.second(700)
    assert wire.link.judge(wire.now) is drawing


@given(
    trip=st.floats(0.001, 2.0),
    rate=st.floats(500, 1e6),
    sizes=st.lists(st.integers(600, 20_000), min_size=1, max_size=9),
)
def test_the_rate_is_found_whatever_the_delay(trip: float, rate: float, sizes: list[int]) -> None:
    wire = Wire(trip, rate)
    for size in sizes:
        wire.frame(size)
    assert wire.link.rate == pytest.approx(rate, rel=0.05)
    assert wire.link.trip == pytest.approx(trip, rel=0.2, abs=0.15)


@given(rate=st.floats(300, 1e5), trip=st.floats(0.001, 1.0))
def test_what_is_under_way_never_keeps_a_key_waiting_for_long(rate: float, trip: float) -> None:
    wire = Wire(trip, rate)
    wire.frame(4000)
    sent = 0
    while wire.link.has_room(wire.now):
        room = wire.link.room()
        assert room is not None
        wire.link.wrote(room, wire.now)
        sent += room
    # What the line itself holds, and a fifth of a second more (or as little as is ever sent at once).
    assert sent <= max(rate * (trip + 0.21) * 1.1 + 200, 512)


def test_a_line_that_hangs_is_said_to_and_falls_to_lean_and_text() -> None:
    wire = Wire(0.1, 7000)
    wire.second(300)
    link, begun = wire.link, wire.now
    link.wrote(300, begun)
    link.asked(begun)
    assert link.hangs_for(begun + HANGS_AFTER_S / 2) == 0
    report = link.report(begun + 2.5, waiting=0)
    assert (report.hangs_for, report.drawing, report.queued) == (2.5, Drawing.LEAN, 300)
    # Nobody can be told while it hangs; but the delay is never said to be shorter than it already is.
    assert report.delay == 2.5
    assert link.report(begun + 7, waiting=0).drawing is Drawing.TEXT


def test_a_terminal_that_does_not_take_its_bytes_hangs_too() -> None:
    link = Link(0.0)
    link.blocked(5.0)
    link.blocked(6.0)
    assert link.hangs_for(7.5) == 2.5
    assert not link.has_room(7.5)
    link.flowing()
    assert link.hangs_for(8.0) == 0


def test_it_recovers_step_by_step_and_waits_longer_after_a_relapse() -> None:
    wire = Wire(4.0, 7000)
    for _ in range(5):
        wire.second(100)
    assert wire.link.judge(wire.now) is Drawing.TEXT
    wire.trip = 0.1
    levels = [wire.second(100) for _ in range(40)]
    assert sorted(levels, reverse=True) == levels
    assert levels[-1] is Drawing.FULL
    assert levels.count(Drawing.LEAN) >= RECOVERY_S
    wire.trip = 2.0
    while wire.second(100) is Drawing.FULL:
        pass
    wire.trip = 0.1
    again = [wire.second(100) for _ in range(40)]
    assert again[-1] is Drawing.FULL
    assert again.count(Drawing.LEAN) >= 2 * RECOVERY_S


def test_a_single_slow_answer_changes_nothing() -> None:
    wire = Wire(0.05, 7000)
    for _ in range(5):
        wire.second(100)
    wire.trip = 0.9
    wire.second(100)
    wire.trip = 0.05
    assert wire.link.judge(wire.now) is Drawing.FULL


def test_a_terminal_that_never_answers_is_not_claimed_to_be_fast_or_slow() -> None:
    link = Link(0.0)
    assert link.should_ask(100, 0.0)
    link.asked(0.0)
    for second in range(1, 30):
        assert link.has_room(float(second))
        assert link.room() is None
        link.wrote(5000, float(second))
        assert link.hangs_for(float(second)) == 0
    report = link.report(30.0, waiting=0)
    assert (report.delay, report.rate, report.queued, report.drawing) == (None, None, 0, Drawing.FULL)
    assert not link.should_ask(5000, MUTE_AFTER_S + 1)


def test_an_answer_that_was_lost_does_not_stop_the_drawing_for_good() -> None:
    wire = Wire(0.1, 7000)
    wire.link.wrote(100_000, wire.now)
    wire.link.asked(wire.now)
    assert not wire.link.has_room(wire.now + LOST_AFTER_S - 1)
    later = wire.now + LOST_AFTER_S + 1
    assert wire.link.has_room(later)
    assert wire.link.should_ask(100, later)
    # It is still true that nothing has been heard since.
    assert wire.link.hangs_for(later) == LOST_AFTER_S + 1


def test_nothing_is_asked_while_an_answer_is_awaited_nor_for_every_few_bytes() -> None:
    wire = Wire(0.1, 7000)
    link = wire.link
    assert not link.should_ask(40, wire.now)
    assert link.should_ask(600, wire.now)
    assert link.should_ask(40, wire.now + 2)
    link.asked(wire.now + 2)
    assert not link.should_ask(600, wire.now + 2.1)
