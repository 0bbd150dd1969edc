"""A clock that jumps is noticed, said for a while, and never takes history with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.clock import SystemClock
from wedtui.poller.clock_watch import SHOWN_FOR, ClockWatch


@dataclass
class TwoClocks:
    """A time of day and a time that never jumps, set by hand."""

    day: datetime = datetime(2026, 6, 20, 12, tzinfo=UTC)
    tick: float = 100.0

    def now(self) -> datetime:
        return self.day

    def monotonic(self) -> float:
        return self.tick

    def passes(self, seconds: float, *, jump: float = 0.0) -> None:
        self.tick += seconds
        self.day += timedelta(seconds=seconds + jump)


@pytest.mark.parametrize(
    ("jump", "words"),
    [
        (0, None),
        (4, None),
        (-4, None),
        (-3600, "jumped back by 1 h 00 m"),
        (3600 * 24 * 8, "jumped forward by 8 d 0 h"),
    ],
)
def test_a_jump_is_said(jump: float, words: str | None) -> None:
    clock = TwoClocks()
    watch = ClockWatch(clock)
    clock.passes(1)
    assert watch.look() is None
    clock.passes(1, jump=jump)
    said = watch.look()
    assert (said is None) is (words is None)
    assert words is None or words in (said or "")
    assert watch.jumped is (words is not None)


def test_it_is_said_for_a_while_and_remembered() -> None:
    clock = TwoClocks()
    watch = ClockWatch(clock)
    clock.passes(1, jump=-60)
    assert watch.look()
    clock.passes(SHOWN_FOR.total_seconds())
    assert watch.look()
    clock.passes(1)
    assert watch.look() is None
    assert watch.jumped


def test_the_time_that_never_jumps_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing puts a machine to sleep here: it is looked at by which of the system's clocks it goes."""
    monkeypatch.setattr(time, "clock_gettime", {time.CLOCK_BOOTTIME: 42.0}.__getitem__)
    assert SystemClock().monotonic() == 42.0
