"""Numbers with their units, and instants on a wall clock."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.series import probe_of, probe_signal
from wedtui.core.wording import local_time, wall_clock
from wedtui.tui.values import MISSING, milliseconds, number, percent, reading


@pytest.mark.parametrize(
    ("signal", "value", "words"),
    [
        ("latency_p95_ms", 240.4, "240 ms"),
        ("latency_p95_ms", 3.14, "3.1 ms"),
        ("error_rate", 0.0012, "0.12 %"),
        ("error_rate", 0.0, "0 %"),
        ("cpu", 0.413, "41.3 %"),
        ("cache_hit_rate", 1.0, "100 %"),
        ("cache_hit_rate", 0.9999, "100.0 %"),
        ("requests", 412.0, "412 /s"),
        ("queue_depth", 12345.6, "12346"),
        (probe_signal("rsvp-aws"), 120.6, "121 ms"),
        ("cpu", None, MISSING),
        ("cpu", math.nan, MISSING),
        ("queue_depth", math.inf, MISSING),
    ],
)
def test_a_signal_is_read_with_its_unit(signal: str, value: float | None, words: str) -> None:
    assert reading(signal, value) == words


@given(st.floats())
def test_no_number_is_ever_shown_as_nan(value: float) -> None:
    for words in (percent(value), milliseconds(value), number(value)):
        assert "nan" not in words
        assert "inf" not in words


def test_a_probe_is_found_again_in_the_name_of_its_series() -> None:
    assert probe_of(probe_signal("rsvp aws")) == "rsvp aws"
    assert probe_of("cpu") is None


NOON = datetime(2026, 6, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "now", "words"),
    [
        (datetime(2026, 6, 22, 5, tzinfo=UTC), "Europe/London", NOON, "Mon 06:00 Europe/London"),
        (datetime(2026, 6, 29, 5, tzinfo=UTC), "Europe/London", NOON, "Mon 29 Jun 2026 06:00 Europe/London"),
        (datetime(2026, 6, 22, 5, tzinfo=UTC), "UTC", NOON, "Mon 05:00 UTC"),
        # 01:30 occurs twice on the night on which summer time ends.
        (
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            "Europe/London",
            datetime(2026, 10, 24, tzinfo=UTC),
            "Sun 01:30 Europe/London (00:30 UTC)",
        ),
        (
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            "Europe/London",
            datetime(2026, 10, 24, tzinfo=UTC),
            "Sun 01:30 Europe/London (01:30 UTC)",
        ),
    ],
)
def test_an_instant_on_a_wall_clock(at: datetime, zone: str, now: datetime, words: str) -> None:
    assert local_time(at, zone, now) == words


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (datetime(2026, 6, 20, 17, 30, tzinfo=UTC), "Sun 23:00 Kolkata"),
        # It is Sunday there, and Saturday for nearly everybody else.
        (datetime(2026, 6, 20, 20, tzinfo=UTC), "Sun 23:00 Kolkata"),
        (datetime(2026, 6, 21, 0, 30, tzinfo=UTC), "23:00 Kolkata"),
        (datetime(2026, 6, 21, 19, tzinfo=UTC), "Sun 23:00 Kolkata"),
    ],
)
def test_a_clock_says_its_day_where_it_may_be_taken_for_another(now: datetime, words: str) -> None:
    assert wall_clock(datetime(2026, 6, 21, 17, 30, tzinfo=UTC), "Asia/Kolkata", now) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Europe/London", "13:00 BST"),
        ("America/New_York", "08:00 EDT"),
        ("UTC", "12:00 UTC"),
        # Letters that say more than one place, and none at all.
        ("Asia/Kolkata", "17:30 Kolkata"),
        ("Asia/Jerusalem", "15:00 IDT"),
        ("Europe/Dublin", "13:00 Dublin"),
        ("Asia/Shanghai", "20:00 Shanghai"),
        ("America/Mexico_City", "06:00 Mexico City"),
        ("Asia/Kathmandu", "17:45 Kathmandu"),
        ("Etc/GMT+5", "07:00 UTC-05"),
    ],
)
def test_a_clock_is_named_by_letters_only_where_no_other_has_them(zone: str, words: str) -> None:
    assert wall_clock(NOON, zone, NOON) == words
