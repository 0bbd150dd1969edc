"""Windows by running sums are what a walk over the samples says; what is usual; a clock that went back."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.alerts.track import HOURS_OF_WEEK, Track, hour_of_week, usual_of

START = datetime(2026, 6, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TICK = 10 * SECOND


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 50) | st.just(math.nan)), min_size=1, max_size=40),
    st.integers(1, 300),
    st.data(),
)
def test_a_window_holds_what_a_walk_over_its_samples_finds(
    steps: list[tuple[int, float]], span: int, data: st.DataObject
) -> None:
    at, samples = 0, []
    for step, value in steps:
        at += step
        samples.append((at, value))
    track = Track(TICK, [(START + at * SECOND, value) for at, value in samples])
    place = data.draw(st.integers(0, len(samples) - 1))
    covered = area = rise = 0.0
    for (before, old), (then, new) in pairwise(samples):
        inside = samples[place][0] - span < then <= samples[place][0]
        if inside and then - before <= 20 and not math.isnan(old) and not math.isnan(new):
            covered += then - before
            area += (then - before) * new
            rise += new - old if new >= old else new
    found = track.window(place, span * SECOND)
    assert found == pytest.approx((covered, area, rise))


def test_what_is_stamped_later_than_something_newer_goes() -> None:
    track = Track(TICK, [(START + number * TICK, number) for number in range(10)])
    track.append(START + 3 * TICK + SECOND, 42)
    assert track.instants(START - TICK, START + 100 * TICK) == [
        *(START + number * TICK for number in range(4)),
        START + 3 * TICK + SECOND,
    ]
    assert track.value(track.place(START + 100 * TICK)) == 42


def test_what_is_known_of_a_stretch_stays_known_in_a_faster_rhythm() -> None:
    track = Track(TICK, [(START + number * 1.1 * TICK, 1) for number in range(30)])
    track.interval, track.fresh = 3 * SECOND, TICK
    before = track.window(29, 5 * TICK)
    track.forget(START + 10 * TICK)
    assert track.window(track.place(START + 99 * TICK), 5 * TICK) == pytest.approx(before)


def test_what_is_forgotten_leaves_the_same_windows_of_the_rest() -> None:
    track = Track(TICK, [(START + number * TICK, number**2) for number in range(30)])
    before = track.window(29, 5 * TICK)
    track.forget(START + 20 * TICK)
    assert track.window(track.place(START + 99 * TICK), 5 * TICK) == pytest.approx(before)
    assert track.place(START + 19 * TICK) == -1


def test_what_is_usual_is_the_median_of_three_weeks_or_more() -> None:
    weeks = [(START + timedelta(weeks=week), value) for week, value in enumerate((100, 900, 120))]
    assert usual_of(weeks[:2]).at(START) is None
    usual = usual_of([*weeks, (START, math.nan)])
    assert usual.at(START + timedelta(weeks=9, minutes=59)) == 120
    assert usual.at(START + timedelta(hours=1)) is None


def test_one_week_with_many_samples_is_one_week() -> None:
    many = [(START + timedelta(seconds=second), 5.0) for second in range(600)]
    assert usual_of(many).at(START) is None


def test_no_clock_change_repeats_an_hour_of_the_week() -> None:
    hours = [hour_of_week(datetime(2026, 10, 19, tzinfo=UTC) + timedelta(hours=hour)) for hour in range(HOURS_OF_WEEK)]
    assert hours == list(range(HOURS_OF_WEEK))
