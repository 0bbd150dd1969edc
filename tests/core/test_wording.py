"""Times in the few words that fit a column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.wording import lived

NOW = datetime(2026, 7, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (timedelta(0), MINUTE, "● live 0m"),
        (timedelta(hours=-9, minutes=-5), MINUTE, "● live 9h05m"),
        (timedelta(hours=-9, minutes=-5), timedelta(0), "over 0m"),
        (timedelta(hours=-14), timedelta(minutes=-10), "over 10m"),
        (timedelta(days=-13, hours=-23), MINUTE, "● live 13d23h"),
        (timedelta(seconds=1), MINUTE, "in 0m"),
        (timedelta(hours=23, minutes=59), timedelta(days=2), "in 23h59m"),
        (timedelta(days=99, hours=23), timedelta(days=100), "in 99d23h"),
        (timedelta(days=100), timedelta(days=101), "in 100d"),
    ],
)
def test_where_a_stretch_of_time_is(start: timedelta, end: timedelta, words: str) -> None:
    assert lived(NOW + start, NOW + end, NOW, believed=True) == words
    assert lived(NOW + start, NOW + end, NOW, believed=False) == words.replace("● live", "(live)")


@given(start=st.integers(-1_000_000, 1_000_000), length=st.integers(1, 14 * 1440))
def test_it_fits_its_column_and_says_live_only_of_what_is(start: int, length: int) -> None:
    begin = NOW + start * MINUTE
    words = lived(begin, begin + length * MINUTE, NOW, believed=True)
    assert len(words) <= 13
    assert ("live" in words) == (start <= 0 < start + length)
