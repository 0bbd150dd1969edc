"""Reading iCalendar feeds: what is frozen, what is refused, and that reading always ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.freeze import LOOK_AROUND, Origin, Period
from wedtui.providers.calendar import MAX_BYTES, MAX_NAME, MAX_OCCURRENCES, CalendarError, parse_calendar

NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LONDON = "X-WR-TIMEZONE:Europe/London"
# A zone of the calendar's own: Berlin's rules under a name that nobody knows.
VENUE_TIME = """BEGIN:VTIMEZONE
TZID:Venue Time
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE"""


def calendar(*parts: str) -> bytes:
    lines = "\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *parts, "END:VCALENDAR", ""))
    return lines.replace("\n", "\r\n").encode()


_numbers = count()


def event(*lines: str) -> str:
    return "\n".join(("BEGIN:VEVENT", f"UID:{next(_numbers)}@test", *lines, "END:VEVENT"))


def parse(*parts: str, now: datetime = NOW) -> tuple[Period, ...]:
    return parse_calendar(calendar(*parts), name="venues", now=now)


def spans(*parts: str) -> list[tuple[str, str]]:
    return [(f"{p.start:%Y-%m-%dT%H:%M}", f"{p.end:%Y-%m-%dT%H:%M}") for p in parse(*parts)]


def refusal(data: bytes) -> str:
    with pytest.raises(CalendarError) as caught:
        parse_calendar(data, name="venues", now=NOW)
    assert str(caught.value) == f'feed "venues": {caught.value.problem}'
    assert "\n" not in str(caught.value)
    return caught.value.problem


def test_an_event_becomes_a_period_with_the_feeds_scope() -> None:
    data = calendar(event("SUMMARY:Royal wedding", "DTSTART:20260801T100000Z", "DTEND:20260801T180000Z"))
    staging, rsvp = frozenset({"staging"}), frozenset({"rsvp"})
    (period,) = parse_calendar(data, name="venues", now=NOW, environments=staging, services=rsvp)
    start = datetime(2026, 8, 1, 10, tzinfo=UTC)
    assert period == Period("Royal wedding", start, start + timedelta(hours=8), Origin.FEED, staging, rsvp)
    assert period.start.tzinfo is UTC


AUGUST = ("2026-08-01T00:00", "2026-08-02T00:00")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(
            [event("DTSTART;VALUE=DATE:20260801", "DTEND;VALUE=DATE:20260803")],
            [("2026-07-31T10:00", "2026-08-03T12:00")],
            id="all day, every zone",
        ),
        pytest.param(
            [LONDON, event("DTSTART;VALUE=DATE:20260801", "DTEND;VALUE=DATE:20260803")],
            [("2026-07-31T23:00", "2026-08-02T23:00")],
            id="all day, the calendar's zone",
        ),
        pytest.param(
            [LONDON, event("DTSTART;VALUE=DATE:20261025")],
            [("2026-10-24T23:00", "2026-10-26T00:00")],
            id="all day without an end, 25 hours long",
        ),
        pytest.param(
            [LONDON, event("DTSTART;VALUE=DATE:20260801", "DTEND;VALUE=DATE:20260801")],
            [("2026-07-31T23:00", "2026-08-01T23:00")],
            id="all day that ends on its own date",
        ),
        pytest.param(
            [event("DTSTART:20260801T100000", "DTEND:20260801T110000")],
            [("2026-07-31T20:00", "2026-08-01T23:00")],
            id="floating, every zone",
        ),
        pytest.param(
            [LONDON, event("DTSTART:20260801T100000", "DTEND:20260801T110000")],
            [("2026-08-01T09:00", "2026-08-01T10:00")],
            id="floating, the calendar's zone",
        ),
        pytest.param(
            [event("DTSTART;TZID=America/New_York:20260801T100000", "DURATION:PT90M")],
            [("2026-08-01T14:00", "2026-08-01T15:30")],
            id="zone and duration",
        ),
        pytest.param(
            [VENUE_TIME, event("DTSTART;TZID=Venue Time:20260801T100000", "DTEND;TZID=Venue Time:20261225T100000")],
            [("2026-08-01T08:00", "2026-12-25T09:00")],
            id="a zone that the calendar defines",
        ),
        pytest.param(
            [event("DTSTART;TZID=Europe/London:20261025T013000", "DTEND;TZID=Europe/London:20261025T014500")],
            [("2026-10-25T00:30", "2026-10-25T01:45")],
            id="a repeated hour counts twice",
        ),
        pytest.param(
            [LONDON, event("DTSTART:20261025T013000Z", "DTEND:20261025T023000Z")],
            [("2026-10-25T00:30", "2026-10-25T02:30")],
            id="UTC in a calendar with a zone, within a repeated hour: never the shorter",
        ),
        pytest.param(
            [event("DTSTART:20260801T100000Z", "DTEND:20260801T110000Z", "TRANSP:TRANSPARENT")],
            [("2026-08-01T10:00", "2026-08-01T11:00")],
            id="marked as free",
        ),
        pytest.param(
            [event("DTSTART:20260801T100000Z", "DTEND:20260801T110000Z", "STATUS:CANCELLED")], [], id="cancelled"
        ),
        pytest.param([event("DTSTART:20260801T100000Z")], [], id="without length"),
        pytest.param([event("DTSTART:20260801T000000Z", "DTEND:20260802T000000Z")] * 2, [AUGUST], id="twice the same"),
        pytest.param(["BEGIN:VTODO\nUID:1\nDUE:20260801T000000Z\nEND:VTODO"], [], id="a task is no event"),
        pytest.param([], [], id="empty"),
    ],
)
def test_when_an_event_is(parts: list[str], expected: list[tuple[str, str]]) -> None:
    assert spans(*parts) == expected


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["RRULE:FREQ=WEEKLY;COUNT=3"], ["08-01", "08-08", "08-15"]),
        (["RRULE:FREQ=WEEKLY;UNTIL=20260808T100000Z"], ["08-01", "08-08"]),
        (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260808T100000Z"], ["08-01", "08-15"]),
        (["RDATE:20260803T100000Z,20260805T100000Z"], ["08-01", "08-03", "08-05"]),
        (["RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20260803T100000Z", "EXDATE:20260801T100000Z"], ["08-03", "08-08"]),
    ],
)
def test_recurrences(lines: list[str], days: list[str]) -> None:
    found = parse(event("DTSTART:20260801T100000Z", "DTEND:20260801T110000Z", *lines))
    assert [f"{p.start:%m-%d}" for p in found] == days
    assert all(p.end - p.start == timedelta(hours=1) for p in found)


def test_a_period_among_the_extra_dates_has_its_own_length() -> None:
    extra = "RDATE;VALUE=PERIOD:20260805T100000Z/PT5H"
    found = parse(event("DTSTART:20260801T100000Z", "DTEND:20260801T110000Z", extra))
    assert [p.end - p.start for p in found] == [timedelta(hours=1), timedelta(hours=5)]


def test_a_recurring_event_keeps_its_wall_clock_over_a_clock_change() -> None:
    lines = ("DTSTART;TZID=Europe/London:20261017T180000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
    assert [f"{p.start:%m-%d %H:%M}" for p in parse(event(*lines))] == ["10-17 17:00", "10-24 17:00", "10-31 18:00"]


def test_one_occurrence_can_be_moved_and_another_cancelled() -> None:
    series = (
        "BEGIN:VEVENT\nUID:series\nRRULE:FREQ=DAILY;COUNT=3\n"
        "DTSTART:20260801T100000Z\nDTEND:20260801T110000Z\nEND:VEVENT"
    )
    moved = (
        "BEGIN:VEVENT\nUID:series\nRECURRENCE-ID:20260802T100000Z\n"
        "DTSTART:20260802T200000Z\nDTEND:20260802T210000Z\nEND:VEVENT"
    )
    cancelled = (
        "BEGIN:VEVENT\nUID:series\nRECURRENCE-ID:20260803T100000Z\nSTATUS:CANCELLED\n"
        "DTSTART:20260803T100000Z\nDTEND:20260803T110000Z\nEND:VEVENT"
    )
    assert [start for start, _ in spans(series, moved, cancelled)] == ["2026-08-01T10:00", "2026-08-02T20:00"]


def test_a_recurrence_without_end_is_worked_out_within_the_horizon() -> None:
    found = parse(event("DTSTART:20200101T100000Z", "DTEND:20200101T110000Z", "RRULE:FREQ=DAILY"))
    assert len(found) == 31 + LOOK_AROUND.days
    assert found[0].end > NOW - 31 * DAY
    assert found[-1].start < NOW + LOOK_AROUND
    assert found[-1].start >= NOW + LOOK_AROUND - DAY


def test_an_event_that_began_long_ago_and_still_goes_on_is_found() -> None:
    assert spans(event("DTSTART:20200101T000000Z", "DTEND:20300101T000000Z")) == [
        ("2020-01-01T00:00", "2030-01-01T00:00")
    ]


def test_events_beyond_the_horizon_are_left_out() -> None:
    assert spans(event("DTSTART:20300101T000000Z", "DTEND:20300102T000000Z")) == []
    assert spans(event("DTSTART:20260101T000000Z", "DTEND:20260102T000000Z")) == []


def test_events_that_wrongly_share_a_uid_all_count() -> None:
    first = "BEGIN:VEVENT\nUID:same\nDTSTART:20260801T100000Z\nDTEND:20260801T110000Z\nEND:VEVENT"
    assert len(parse(first, first.replace("0801", "0802"), first.replace("0801", "0803"))) == 3


def test_a_newer_version_of_an_event_replaces_the_older() -> None:
    old = "BEGIN:VEVENT\nUID:same\nSEQUENCE:1\nDTSTART:20260801T100000Z\nDTEND:20260801T110000Z\nEND:VEVENT"
    new = old.replace("SEQUENCE:1", "SEQUENCE:2").replace("0801", "0805")
    assert [start for start, _ in spans(new, old)] == ["2026-08-05T10:00"]


def test_several_calendars_in_one_feed_all_count() -> None:
    one = calendar(event("DTSTART:20260801T100000Z", "DTEND:20260801T110000Z"))
    other = calendar(LONDON, event("DTSTART:20260901T100000", "DTEND:20260901T110000"))
    found = parse_calendar(one + other, name="venues", now=NOW)
    assert [p.start.hour for p in found] == [10, 9]


def test_a_zone_that_one_calendar_defines_is_not_used_for_another() -> None:
    happening = event("DTSTART;TZID=Venue Time:20260801T100000", "DURATION:PT1H")
    elsewhere = VENUE_TIME.replace("+0100", "+1100").replace("+0200", "+1200")
    assert [spans(zone, happening)[0][0] for zone in (VENUE_TIME, elsewhere)] == [
        "2026-08-01T08:00",
        "2026-07-31T22:00",
    ]
    assert "Venue Time" in refusal(calendar(happening))


@pytest.mark.parametrize(
    ("summary", "name"),
    [
        ("SUMMARY:Smith\\, Jones", "Smith, Jones"),
        ("SUMMARY:one\\ntwo\x1b[2J\u202ethree\tfour", "one two [2J three four"),
        ("SUMMARY:" + "x" * 500, "x" * MAX_NAME),
        ("SUMMARY:\x07", "venues"),
        ("X-NOTHING:1", "venues"),
    ],
)
def test_names_are_fit_for_a_screen(summary: str, name: str) -> None:
    (period,) = parse(event(summary, "DTSTART:20260801T100000Z", "DURATION:PT1H"))
    assert period.name == name


GOOD = event("SUMMARY:Smith", "DTSTART:20260801T100000Z", "DTEND:20260801T110000Z")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not an iCalendar file"),
        (b"\xff\xfe\x00binary", "not an iCalendar file"),
        (b'{"error": "unauthorized"}', "not an iCalendar file"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><html><title>Sign in</title></html>", "HTML page"),
        (b"<?xml version='1.0'?><Error/>", "markup"),
        (b" " * (MAX_BYTES + 1), "5 MB"),
        (calendar(GOOD)[:-17], "cut off"),
        (calendar(GOOD)[:120], "cut off"),
        (calendar(GOOD).replace(b"END:VEVENT\r\n", b""), "damaged"),
        (calendar("X-WR-TIMEZONE:Europe/Atlantis", GOOD), "Europe/Atlantis"),
        (calendar(event("SUMMARY:Smith", "DTSTART:soon")), '"Smith"'),
        (calendar(event("SUMMARY:Smith")), "no DTSTART"),
        (calendar(event("DTSTART:20260801T100000Z", "DTEND:later")), "DTEND"),
        (calendar(event("DTSTART:20260801T100000Z", "DTEND:20260801T090000Z")), "ends before"),
        (calendar(event("DTSTART:20260801T100000", "DTEND:20260801T090000")), "ends before"),
        (calendar(event("DTSTART:20260801T100000Z", "DURATION:-PT1H")), "ends before"),
        (calendar(event("DTSTART:20260801T100000Z", "DURATION:P99999999999D")), "cannot be read"),
        (calendar(event("DTSTART:20260801T100000Z", "DTSTART:20260802T100000Z")), "DTSTART"),
        (calendar(event("DTSTART;TZID=Nowhere/Land:20260801T100000", "DURATION:PT1H")), "Nowhere/Land"),
        (calendar(event("DTSTART:20260801T100000Z", "EXDATE;TZID=Nowhere/Land:20260801T100000")), "Nowhere/Land"),
        (calendar(event("DTSTART:20260801T100000Z", "a line that says nothing")), "a line"),
        (calendar(event("DTSTART:20260801T100000Z", "RRULE:FREQ=SOMETIMES")), "SOMETIMES"),
        (calendar(event("DTSTART:20260801T100000Z", "RRULE:FREQ=WEEKLY;BYDAY=XX")), "RRULE"),
    ],
)
def test_what_is_no_whole_calendar_is_refused_with_a_sentence(data: bytes, words: str) -> None:
    assert words in refusal(data)


def test_damage_to_what_does_not_decide_when_an_event_is_is_no_reason_to_refuse() -> None:
    assert len(parse(event("DTSTART:20260801T100000Z", "DURATION:PT1H", "GEO:nowhere", "CREATED:once"))) == 1


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=MINUTELY;COUNT=5",
        "RRULE:FREQ=HOURLY;INTERVAL=8",
        "rrule;X-A=b:interval=1;freq=secondly",
        "RRU\n LE:FREQ=SEC\n ONDLY",
        "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=DAILY;INTERVAL=-1",
        "RRULE:FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,30",
        "RRULE:INTERVAL=1",
    ],
)
@pytest.mark.parametrize("where", ["event", "zone"])
def test_a_recurrence_that_would_flood_is_refused_before_it_is_worked_out(rule: str, where: str) -> None:
    if where == "event":
        data = calendar(event("DTSTART:19700101T000000Z", "DURATION:PT1S", rule))
    else:
        zone = VENUE_TIME.replace("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", rule)
        data = calendar(zone, event("DTSTART;TZID=Venue Time:20260801T100000", "DURATION:PT1H"))
    assert "recurs" in refusal(data)


def test_more_occurrences_than_the_bound_are_refused_not_cut() -> None:
    hours = "BYHOUR=" + ",".join(map(str, range(24)))
    lines = ("DTSTART:20260101T000000Z", "DURATION:PT1M", f"RRULE:FREQ=DAILY;{hours}")
    assert str(MAX_OCCURRENCES) in refusal(calendar(event(*lines)))


def test_many_zones_rules_are_refused() -> None:
    assert "zones" in refusal(calendar(*[VENUE_TIME] * 200, GOOD))


def test_recurrences_that_never_come_end_when_their_work_is_used_up() -> None:
    """The 30th of February is looked for up to the year 9999; a calendar full of it would take hours."""
    never = [event("DTSTART:20260101T000000Z", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30") for _ in range(500)]
    used: Iterator[float] = count(0.0, 1.0)
    with pytest.raises(CalendarError, match="5 s"):
        parse_calendar(calendar(*never), name="venues", now=NOW, work=lambda: next(used))
    assert next(used) < 10


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 72)), max_size=20), st.sampled_from(["Z", ""]))
def test_every_event_within_the_horizon_is_covered(events: list[tuple[int, int]], suffix: str) -> None:
    """Whatever a time without a zone meant, the period covers it."""
    parts = []
    for day, hours in events:
        start = NOW + day * DAY
        parts.append(event(f"DTSTART:{start:%Y%m%dT%H%M%S}{suffix}", f"DURATION:PT{hours}H"))
    found = parse(*parts)
    for day, hours in events:
        start = NOW + day * DAY
        slack = [timedelta(0)] if suffix else [timedelta(hours=h) for h in (-14, 0, 12)]
        for shift in slack:
            begin, end = start + shift, start + shift + timedelta(hours=hours)
            assert any(p.start <= begin and end <= p.end for p in found)


@given(st.binary(max_size=60), st.integers(0, 2000))
def test_damage_gives_periods_or_a_sentence_and_nothing_else(noise: bytes, where: int) -> None:
    data = calendar(LONDON, VENUE_TIME, GOOD, event("DTSTART;TZID=Venue Time:20260801T100000", "RRULE:FREQ=WEEKLY"))
    at = where % len(data)
    told = '"venues"'
    try:
        parse_calendar(data[:at] + noise + data[at:], name="venues", now=NOW)
    except CalendarError as error:
        told = str(error)
    assert '"venues"' in told
    assert told.isprintable()
