"""When somebody outside is told that alerts are judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.heartbeat import BEATS_EVERY, ROUND_IS_FRESH, beats

NOW = datetime(2026, 6, 20, 14, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("judged", "sends", "since", "said"),
    [
        (timedelta(), True, None, True),
        (ROUND_IS_FRESH, True, BEATS_EVERY, True),
        (ROUND_IS_FRESH + SECOND, True, BEATS_EVERY, False),
        (-FUTURE_TOLERANCE, True, None, True),
        (-FUTURE_TOLERANCE - SECOND, True, None, False),
        (timedelta(), False, None, False),
        (timedelta(), True, BEATS_EVERY - SECOND, False),
        (None, True, None, False),
    ],
)
def test_it_beats_while_rounds_are_fresh(
    judged: timedelta | None, sends: bool, since: timedelta | None, said: bool
) -> None:
    assert beats(None if judged is None else NOW - judged, sends, since, NOW) is said


@given(st.lists(st.integers(1, 200), min_size=1, max_size=40), st.integers(0, 3000))
def test_once_rounds_stop_it_never_beats_again(steps: list[int], last: int) -> None:
    now, beat_at = NOW, None
    judged_at = NOW
    for step in steps:
        now += step * SECOND
        if now - NOW <= last * SECOND:
            judged_at = now
        if beats(judged_at, True, None if beat_at is None else now - beat_at, now):
            assert now - judged_at <= ROUND_IS_FRESH
            assert beat_at is None or now - beat_at >= BEATS_EVERY
            beat_at = now
