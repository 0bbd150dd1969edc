"""The small chart: a gap stays a gap, a value that is no number is left out, nothing leaves the frame."""

from __future__ import annotations

import math
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import NOW
from wedtui.core.series import Point
from wedtui.tui.braille import Scale, chart, finite, runs, scale_of

SINCE, SPAN = NOW - timedelta(minutes=15), timedelta(minutes=15)


def at(share: float, value: float) -> Point:
    return Point(SINCE + SPAN * share, value)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-1e9, 1e9)), min_size=1, max_size=50), st.integers(1, 40))
def test_any_series_fits_its_frame(pairs: list[tuple[float, float]], width: int) -> None:
    points = finite([at(s, v) for s, v in pairs], SINCE, NOW)
    scale = scale_of(points)
    assert scale is not None
    assert scale.low < scale.high
    lines = chart(points, SINCE, NOW, (width, 3), scale=scale, gap=timedelta(seconds=60))
    assert [len(line) for line in lines] == [width] * 3
    assert any(line.strip() for line in lines)


def test_what_is_no_number_is_left_out() -> None:
    points = [at(0.1, math.nan), at(0.2, math.inf), at(0.3, 5.0)]
    assert finite(points, SINCE, NOW) == [points[2]]


def test_a_gap_is_empty_and_its_shores_are_joined_to_themselves_only() -> None:
    points = [at(i / 100, 1.0) for i in range(101) if not 40 < i < 60]
    line = chart(points, SINCE, NOW, (50, 1), scale=Scale(0, 2), gap=timedelta(seconds=20))[0]
    assert line[:20].strip() == line[:20]
    assert line[21:29].strip() == ""
    assert line[31:].strip() == line[31:]
    assert [len(run) for run in runs(points, timedelta(seconds=20))] == [41, 41]


def test_the_scale_begins_at_zero_where_nothing_is_negative() -> None:
    assert scale_of([at(0, 10), at(1, 100)]) == Scale(0, 100)
    assert scale_of([at(0, 0.93), at(1, 0.95)]) == Scale(0, 0.95)
    assert scale_of([at(0, -2), at(1, 3)]) == Scale(-2, 3)
    assert scale_of([at(0, 0), at(1, 0)]) == Scale(0, 1)
    assert scale_of([]) is None
