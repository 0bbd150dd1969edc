"""One row of a source: what can be used, what cannot and why, and what counts where it does not say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.wedding import CULTURES, OTHER
from wedtui.core.wedding_rows import FIELDS, MOST_GUESTS, Defaults, RawRow, Rejection, Row, read_row

GOOD: dict[str, Any] = {
    "place": "line 2",
    "reference": "w-1",
    "venue": "Hotel Bristol",
    "venue_kind": "hotel",
    "zone": "Europe/London",
    "start": "2026-06-06T14:00",
    "end": "2026-06-06T23:00",
    "culture": "indian",
    "guests": "600",
}
LONDON = ZoneInfo("Europe/London")


def raw(**changes: Any) -> RawRow:
    return RawRow(**{**GOOD, **changes})


def accepted(defaults: Defaults | None = None, **changes: Any) -> Row:
    read = read_row(raw(**changes), defaults or Defaults())
    assert isinstance(read, Row), read
    return read


def test_a_good_row_comes_back_whole() -> None:
    row = accepted()
    wedding = row.wedding
    assert (wedding.reference, wedding.venue, wedding.venue_kind) == ("w-1", "Hotel Bristol", "hotel")
    assert (wedding.zone, wedding.culture, wedding.guests) == ("Europe/London", "indian", 600)
    assert wedding.start == datetime(2026, 6, 6, 13, tzinfo=UTC)
    assert wedding.end == datetime(2026, 6, 6, 22, tzinfo=UTC)
    assert (row.unknown_culture, row.unknown_kind) == (False, False)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reference": ""}, "reference"),
        ({"reference": None}, "reference"),
        ({"reference": "x" * 201}, "reference"),
        ({"reference": "two\nlines"}, "reference"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"zone": "right/Europe/London"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"start": ""}, "start"),
        ({"start": "Anna & Tom"}, "start"),
        ({"start": "0001-01-01T00:00Z"}, "start"),
        ({"start": "9999-12-31T23:59-12:00"}, "start"),
        ({"start": 1780754400}, "start"),
        ({"end": "soon"}, "end"),
        ({"end": ""}, "end"),
        ({"end": "2026-06-06T14:00"}, "end"),
        ({"end": "2026-06-06T13:59"}, "end"),
        ({"end": "2026-06-20T14:01"}, "end"),
        ({"guests": "-1"}, "guests"),
        ({"guests": -1}, "guests"),
        ({"guests": "many"}, "guests"),
        ({"guests": "1e3"}, "guests"),
        ({"guests": "１００"}, "guests"),
        ({"guests": True}, "guests"),
        ({"guests": float("nan")}, "guests"),
        ({"guests": float("inf")}, "guests"),
        ({"guests": 1.5}, "guests"),
    ],
)
def test_a_row_that_cannot_be_used_names_the_field(changes: dict[str, Any], field: str) -> None:
    read = read_row(raw(**changes), Defaults())
    assert isinstance(read, Rejection)
    assert read.field == field
    assert read.expected.startswith("expected ")


@pytest.mark.parametrize("field", FIELDS)
def test_a_rejection_never_quotes_what_stood_there(field: str) -> None:
    read = read_row(raw(**{field: "Anna Karenina\x00" * 30}), Defaults())
    assert "Anna" not in str(read) or field == "venue"


@pytest.mark.parametrize(
    ("guests", "count"), [("0", 0), ("10000", 10_000), (" 150 ", 150), ("150.0", 150), (150.0, 150)]
)
def test_guests_that_are_a_number(guests: object, count: int) -> None:
    assert accepted(guests=guests).wedding.guests == count


@pytest.mark.parametrize("missing", [None, "", "  "])
def test_guests_that_are_not_said_are_typical_of_the_culture(missing: str | None) -> None:
    for culture, weight in CULTURES.items():
        assert accepted(guests=missing, culture=culture).wedding.guests == weight.guests
    assert accepted(guests=missing, culture="martian").wedding.guests == 150


def test_a_culture_and_a_kind_that_nobody_knows_are_other_and_counted() -> None:
    row = accepted(culture="Anna Karenina", venue_kind="Tom Smith")
    assert (row.wedding.culture, row.wedding.venue_kind) == (OTHER, "other")
    assert (row.unknown_culture, row.unknown_kind) == (True, True)
    plain = accepted(culture=" INDIAN ", venue_kind="")
    assert (plain.wedding.culture, plain.wedding.venue_kind) == ("indian", "")
    assert (plain.unknown_culture, plain.unknown_kind) == (False, False)
    assert not accepted(culture="other", venue_kind="other").unknown_culture


def test_what_a_row_does_not_say_is_the_sources_default() -> None:
    wedding = accepted(Defaults("Asia/Kolkata", "indian", {"tent"}), zone=None, culture="", venue_kind="Tent").wedding
    assert (wedding.zone, wedding.culture, wedding.venue_kind) == ("Asia/Kolkata", "indian", "tent")


def test_a_venue_is_cleaned() -> None:
    assert accepted(venue="  Hotel\u202e\x07 \n Bristol  ").wedding.venue == "Hotel Bristol"
    assert len(accepted(venue="ü" * 500).wedding.venue) == 80


@pytest.mark.parametrize(
    ("start", "end", "begins", "ends"),
    [
        # The clock jumps from 01:00 to 02:00 on 29 March 2026, and back from 02:00 to 01:00 on 25 October.
        ("2026-03-29T01:30", "2026-03-29T04:00", "2026-03-29T01:00Z", "2026-03-29T03:00Z"),
        ("2026-03-28T20:00", "2026-03-29T01:30", "2026-03-28T20:00Z", "2026-03-29T01:00Z"),
        ("2026-10-25T01:30", "2026-10-25T05:00", "2026-10-25T00:30Z", "2026-10-25T05:00Z"),
        ("2026-10-24T20:00", "2026-10-25T01:30", "2026-10-24T19:00Z", "2026-10-25T01:30Z"),
        # With an offset there is nothing to resolve.
        ("2026-10-25T01:30+00:00", "2026-10-25T01:45+00:00", "2026-10-25T01:30Z", "2026-10-25T01:45Z"),
        # Whole days, the last one included.
        ("2026-06-06", "2026-06-06", "2026-06-05T23:00Z", "2026-06-06T23:00Z"),
        ("2026-06-06", "", "2026-06-05T23:00Z", "2026-06-06T23:00Z"),
        ("2026-10-25", "2026-10-25", "2026-10-24T23:00Z", "2026-10-26T00:00Z"),
        ("2026-06-06", "2026-06-07", "2026-06-05T23:00Z", "2026-06-07T23:00Z"),
        ("2026-06-06T18:00", "2026-06-07", "2026-06-06T17:00Z", "2026-06-07T23:00Z"),
    ],
)
def test_times_are_those_of_the_venues_clock(start: str, end: str, begins: str, ends: str) -> None:
    wedding = accepted(start=start, end=end).wedding
    assert wedding.start == datetime.fromisoformat(begins)
    assert wedding.end == datetime.fromisoformat(ends)


@pytest.mark.parametrize(
    ("zone", "start", "end", "fields"),
    [
        # The first and the last minute of the hour that is not, and those beside it.
        ("Europe/London", "2026-03-29T01:00", "2026-03-29T04:00", ["start"]),
        ("Europe/London", "2026-03-29T01:59", "2026-03-29T04:00", ["start"]),
        ("Europe/London", "2026-03-29T00:59", "2026-03-29T04:00", []),
        ("Europe/London", "2026-03-29T02:00", "2026-03-29T04:00", []),
        ("Europe/London", "2026-03-28T20:00", "2026-03-29T01:30", ["end"]),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T08:00", ["start"]),
        ("Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-04T08:00", []),
        # What is shown twice is on the clock; an offset leaves nothing to move; no time was named.
        ("Europe/London", "2026-10-25T01:30", "2026-10-25T05:00", []),
        ("Europe/London", "2026-03-29T01:30+00:00", "2026-03-29T04:00", []),
        ("Africa/Cairo", "2026-04-24", "2026-04-24", []),
        ("Africa/Cairo", "2026-04-24T00:00", "2026-04-24T08:00", ["start"]),
    ],
)
def test_a_time_that_the_clock_jumps_over_is_noted(zone: str, start: str, end: str, fields: list[str]) -> None:
    row = accepted(zone=zone, start=start, end=end)
    assert [note.field for note in row.notes] == fields
    assert [each.of for each in row.wedding.assumed] == fields
    assert row.wedding.weight_doubt is None


def test_of_a_time_that_is_jumped_over_and_too_many_guests_both_are_noted() -> None:
    row = accepted(start="2026-03-29T01:30", end="2026-03-29T04:00", guests=MOST_GUESTS + 1)
    assert [note.field for note in row.notes] == ["guests", "start"]
    assert [each.of for each in row.wedding.assumed] == ["guests", "start"]


def test_a_venue_that_moves_to_another_zone_moves_its_times() -> None:
    london, delhi = accepted().wedding, accepted(zone="Asia/Kolkata").wedding
    assert london.start - delhi.start == timedelta(hours=4.5)


def test_typed_values_of_a_protocol_count_like_text() -> None:
    as_text = accepted(start="2026-06-06T14:00", end="2026-06-06T23:00")
    assert accepted(start=datetime(2026, 6, 6, 14), end=datetime(2026, 6, 6, 23)) == as_text  # noqa: DTZ001
    assert accepted(start=date(2026, 6, 6), end=None) == accepted(start="2026-06-06", end="2026-06-06")
    assert accepted(reference=4711).wedding.reference == "4711"


def test_fourteen_days_by_the_wall_clock_are_not_too_long() -> None:
    # An hour longer than 14 days, because the clock is set back.
    assert accepted(start="2026-10-12", end="2026-10-25").wedding.end - accepted(
        start="2026-10-12", end="2026-10-25"
    ).wedding.start == timedelta(days=14, hours=1)
    assert isinstance(read_row(raw(start="2026-10-12", end="2026-10-26"), Defaults()), Rejection)


SAID = st.one_of(st.none(), st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes())


@given(st.tuples(*[SAID] * len(FIELDS)))
def test_whatever_a_source_says_there_is_an_answer(values: tuple[Any, ...]) -> None:
    read = read_row(RawRow("line 1", *values), Defaults("Europe/London"))
    if isinstance(read, Row):
        wedding = read.wedding
        assert wedding.start < wedding.end
        assert 0 <= wedding.guests <= 10_000
        assert wedding.load >= 0
        assert wedding.venue.isprintable()


YEAR_2000, YEAR_2100 = datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2100-01-01")


@given(st.datetimes(YEAR_2000, YEAR_2100), st.timedeltas(timedelta(minutes=1), timedelta(days=13)))
def test_a_time_that_is_read_is_never_shorter_than_the_wall_clock_says(start: datetime, length: timedelta) -> None:
    end = start + length
    wedding = accepted(start=start.isoformat(), end=end.isoformat()).wedding
    early = start.replace(tzinfo=LONDON, fold=0).astimezone(UTC)
    late = end.replace(tzinfo=LONDON, fold=1).astimezone(UTC)
    # In a gap the first instant after it counts, which is up to an hour away.
    assert abs(wedding.start - early) <= timedelta(hours=1)
    assert wedding.end >= late - timedelta(hours=1)


@pytest.mark.parametrize("guests", ["10001", 100_000, "999999999"])
def test_more_guests_than_any_count_as_the_most_and_that_is_said(guests: object) -> None:
    read = read_row(raw(guests=guests), Defaults())
    assert isinstance(read, Row)
    assert read.wedding.guests == MOST_GUESTS
    assert [note.field for note in read.notes] == ["guests"]
    most = read_row(raw(guests=MOST_GUESTS), Defaults())
    assert isinstance(most, Row)
    assert most.notes == ()
