"""Times in the few words that fit a column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.wording import asked_of_demo, begins_there, begins_there_briefly, lived

NOW = datetime(2026, 7, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (timedelta(0), MINUTE, "● 1m left"),
        (timedelta(minutes=-10), timedelta(hours=9, minutes=16), "● 9h16m left"),
        (timedelta(hours=-9, minutes=-5), timedelta(seconds=59), "● 0m left"),
        (timedelta(hours=-9, minutes=-5), timedelta(0), "over 0s ago"),
        (timedelta(hours=-14), timedelta(minutes=-10), "over 10m ago"),
        (timedelta(days=-402), timedelta(days=-400), "over 400d ago"),
        (timedelta(0), timedelta(days=13, hours=23), "● 13d23h left"),
        (timedelta(seconds=1), MINUTE, "in 0m"),
        (timedelta(hours=23, minutes=59), timedelta(days=2), "in 23h59m"),
        (timedelta(days=99, hours=23), timedelta(days=100), "in 99d23h"),
        (timedelta(days=100), timedelta(days=101), "in 100d"),
    ],
)
def test_where_a_stretch_of_time_is(start: timedelta, end: timedelta, words: str) -> None:
    assert lived(NOW + start, NOW + end, NOW, believed=True) == words
    assert lived(NOW + start, NOW + end, NOW, believed=False) == (
        f"({words.removeprefix('● ')})" if words.startswith("●") else words
    )


@given(start=st.integers(-1_000_000, 1_000_000), length=st.integers(1, 14 * 1440))
def test_it_fits_its_column_and_says_what_is_left_only_of_what_is_live(start: int, length: int) -> None:
    begin = NOW + start * MINUTE
    words = lived(begin, begin + length * MINUTE, NOW, believed=True)
    assert len(words) <= 13
    assert words.endswith(" left") == (start <= 0 < start + length)
    assert words.endswith(" ago") == (start + length <= 0)
    assert words.startswith("in ") == (start > 0)


SILVESTER = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "now", "words", "briefly"),
    [
        (NOW, "Europe/London", NOW, "Sat 07-25 13:00", "Sat 25 13:00"),
        (NOW + timedelta(days=21), "Europe/London", NOW, "Sat 08-15 13:00", "15 Aug 13:00"),
        (NOW + timedelta(days=364), "Europe/London", NOW, "2027-07-24 13:00", "24 Jul 2027"),
        (NOW - timedelta(days=364), "Europe/London", NOW, "2025-07-26 13:00", "26 Jul 2025"),
        # The year that begins is said, whoever is in which; what is near needs none where there is no room for it.
        (SILVESTER, "UTC", SILVESTER, "Thu 12-31 23:30", "Thu 31 23:30"),
        (SILVESTER + timedelta(hours=1), "UTC", SILVESTER, "2027-01-01 00:30", "Fri 01 00:30"),
        (SILVESTER, "Asia/Tokyo", SILVESTER, "2027-01-01 08:30", "Fri 01 08:30"),
        (SILVESTER, "America/Lima", SILVESTER + timedelta(hours=1), "2026-12-31 18:30", "Thu 31 18:30"),
    ],
)
def test_when_something_begins_there_says_its_year_unless_that_is_plain(
    at: datetime, zone: str, now: datetime, words: str, briefly: str
) -> None:
    assert begins_there(at, zone, now) == words
    assert begins_there_briefly(at, zone, now) == briefly
    assert len(words) <= 16
    assert len(briefly) <= 12


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("undo: `wedtui failback run --to before`", "undo: `wedtui --demo failback run --to before`"),
        ('start it with "wedtui service start"', 'start it with a new "wedtui demo"'),
        ("restart it with `wedtui service restart`", "restart it with a new `wedtui demo`"),
        ("`wedtui service status` says", "`wedtui --demo service status` says"),
        ("`wedtui --demo gate` or `wedtui demo --wall`", "`wedtui --demo gate` or `wedtui demo --wall`"),
        ("wedtui production: `wedtui`", "wedtui production: `wedtui`"),
        ("it is broken here: `wedtui", "it is broken here: `wedtui --demo"),
    ],
)
def test_a_command_of_a_demo_never_acts_elsewhere(text: str, said: str) -> None:
    assert asked_of_demo(text) == said
    assert asked_of_demo(said) == said or said.endswith("--demo")
