"""Single values: durations, wall times, URLs."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from wedtui.config_values import HttpUrl, Zone, format_duration, format_wall_time, parse_duration, parse_wall_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("3s", 3), ("15m", 900), ("24h", 86400), ("7d", 604800), ("2w", 1209600), ("1h 30m", 5400)],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value", ["", "3", "s", "-3s", "3 parsecs", "0s", "0.0000001ms", "99999999999d", 3, None, "٣s"]
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        parse_duration(value)


@given(st.timedeltas(timedelta(microseconds=1), timedelta(days=36524)))
def test_a_duration_is_written_as_it_is_read(span: timedelta) -> None:
    again = parse_duration(format_duration(span))
    # Microseconds go through a decimal fraction of milliseconds.
    assert abs(again - span) <= timedelta(microseconds=1)


@pytest.mark.parametrize("day", ["mon", "Tuesday", "wednesday", "THU", "friday", "Saturday", "sunday"])
def test_a_wall_time_is_written_as_it_is_read(day: str) -> None:
    wall = parse_wall_time(f"{day} 06:30")
    assert format_wall_time(wall) == f"{day[:3].lower()} 06:30"


@pytest.mark.parametrize("text", ["fri", "18:00", "fri 24:00", "fri 18:60", "frisbee 18:00", "fri 6:00", 5])
def test_what_is_no_wall_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="expected a weekday"):
        parse_wall_time(text)


@pytest.mark.parametrize(
    "url",
    [
        "rsvp.example.com",
        "ftp://a.example/",
        "https:///healthz",
        "https://a.example:99999/",
        "https://a.example:x/",
        "https://me:hunter2@a.example/",
        "https://a.example/\n",
        "https://a exam.ple/",
        "https://[::1/",
    ],
)
def test_what_is_no_url_is_refused_without_saying_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter[str](HttpUrl).validate_python(url)
    message = caught.value.errors()[0]["msg"]
    assert "expected a" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "name", ["Europe/Pariss", "localtime", "posixrules", "", "../passwd", "Europe", "europe/paris"]
)
def test_a_zone_is_one_of_the_package_s_whatever_the_machine_has(name: str) -> None:
    with pytest.raises(ValidationError, match="expected an IANA zone"):
        TypeAdapter[str](Zone).validate_python(name)


def test_every_zone_that_is_taken_can_be_read() -> None:
    for name in ("Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"):
        assert ZoneInfo(TypeAdapter[str](Zone).validate_python(name))
