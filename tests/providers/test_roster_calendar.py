"""Calendars that name who has it, in the shapes in which PagerDuty, Google, Outlook and people write them."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from tests.core.oncall_made import utc
from wedtui.core.oncall.roster import Contact
from wedtui.providers.calendar import CalendarError
from wedtui.providers.roster_calendar import CalendarShifts, read_shifts

CONTACTS = (
    Contact("ada", known_as=("ada@example.com", "Ada Lovelace")),
    Contact("grace", known_as=("Grace.Hopper@example.com", "Grace Hopper")),
)
NOW = utc("2026-06-03 12:00")
# As PagerDuty's feed of a schedule: an address without a scheme, times by UTC with their own VALUE.
PAGERDUTY = """\
BEGIN:VCALENDAR
PRODID;X-RICAL-TZSOURCE=TZINFO:-//com.denhaven2/NONSGML ri_cal gem//EN
CALSCALE:GREGORIAN
VERSION:2.0
X-WR-CALNAME:On Call Schedule
BEGIN:VEVENT
DTEND;VALUE=DATE-TIME:20260608T080000Z
DTSTART;VALUE=DATE-TIME:20260601T080000Z
ATTENDEE:ada@example.com
UID:Q1WEDDINGPLATF
URL:https://example.pagerduty.com/schedules#PWEDDIN
SUMMARY:On Call - Ada Lovelace - Wedding Platform
END:VEVENT
BEGIN:VEVENT
DTEND;VALUE=DATE-TIME:20260615T080000Z
DTSTART;VALUE=DATE-TIME:20260608T080000Z
ATTENDEE:grace.hopper@example.com
UID:Q2WEDDINGPLATF
URL:https://example.pagerduty.com/schedules#PWEDDIN
SUMMARY:On Call - Grace Hopper - Wedding
  Platform
END:VEVENT
END:VCALENDAR
"""
# As Google Calendar exports one: a zone of its own, a recurrence of which one week is somebody else's.
GOOGLE = """\
BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:PUBLISH
X-WR-CALNAME:On call
X-WR-TIMEZONE:Europe/London
BEGIN:VTIMEZONE
TZID:Europe/London
X-LIC-LOCATION:Europe/London
BEGIN:DAYLIGHT
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
TZNAME:BST
DTSTART:19700329T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
TZNAME:GMT
DTSTART:19701025T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
DTSTART;TZID=Europe/London:20260601T090000
DTEND;TZID=Europe/London:20260608T090000
RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=12
DTSTAMP:20260501T120000Z
UID:0weddings0@google.com
SUMMARY:Ada
TRANSP:OPAQUE
STATUS:CONFIRMED
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Europe/London:20260615T090000
DTEND;TZID=Europe/London:20260622T090000
DTSTAMP:20260501T120000Z
UID:0weddings0@google.com
RECURRENCE-ID;TZID=Europe/London:20260615T090000
SUMMARY:Grace (for Ada)
STATUS:CONFIRMED
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=Europe/London:20260608T090000
DTEND;TZID=Europe/London:20260615T090000
RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=12
DTSTAMP:20260501T120000Z
UID:1weddings1@google.com
SUMMARY:grace
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""
# As Outlook invites: whole days, a room, somebody who declined.
OUTLOOK = """\
BEGIN:VCALENDAR
PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VEVENT
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=DECLINED;CN="Ada Lovelace":mailto:ada@example.com
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN="Grace Hopper":MAILTO:g.h@example.net
ATTENDEE;CUTYPE=ROOM;ROLE=NON-PARTICIPANT;CN="War room":mailto:war-room@example.com
DTSTART;VALUE=DATE:20260606
DTEND;VALUE=DATE:20260608
DTSTAMP:20260501T120000Z
UID:040000008200E00074C5B7101A82E008
SUMMARY:Weekend duty
END:VEVENT
END:VCALENDAR
"""


def read(text: str, zone: str = "UTC", at: str = "2026-06-03 12:00") -> CalendarShifts:
    return read_shifts(
        text.replace("\n", "\r\n").encode(), name="primary", contacts=CONTACTS, at=utc(at), zone=ZoneInfo(zone)
    )


def event(*lines: str, calendar: str = "") -> str:
    body = "\n".join(["UID:one", "DTSTAMP:20260501T120000Z", *lines])
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{calendar}BEGIN:VEVENT\n{body}\nEND:VEVENT\nEND:VCALENDAR\n"


def rows(found: CalendarShifts) -> list[tuple[str, str, str]]:
    return [
        (s.contact, f"{s.start.astimezone(UTC):%m-%d %H:%M}", f"{s.end.astimezone(UTC):%m-%d %H:%M}")
        for s in found.shifts
    ]


def test_a_schedule_of_pagerduty() -> None:
    found = read(PAGERDUTY)
    assert rows(found) == [("ada", "06-01 08:00", "06-08 08:00"), ("grace", "06-08 08:00", "06-15 08:00")]
    assert found.problems == ()


def test_a_calendar_of_google_with_an_exception() -> None:
    found = read(GOOGLE)
    assert rows(found)[:4] == [
        ("ada", "06-01 08:00", "06-08 08:00"),
        ("grace", "06-08 08:00", "06-15 08:00"),
        ("grace", "06-15 08:00", "06-22 08:00"),
        ("grace", "06-22 08:00", "06-29 08:00"),
    ]
    # Over the end of summer time a week is an hour longer.
    autumn = next(shift for shift in found.shifts if shift.start == utc("2026-10-19 08:00"))
    assert autumn.end == utc("2026-10-26 09:00")
    assert found.problems == ()


def test_an_invitation_of_outlook_by_whole_days() -> None:
    assert rows(read(OUTLOOK, "Europe/London")) == [("grace", "06-05 23:00", "06-07 23:00")]


@pytest.mark.parametrize(
    ("summary", "named"),
    [
        ("ada", {"ada"}),
        ("ADA LOVELACE", {"ada"}),
        ("On call: Ada", {"ada"}),
        ("Ada on-call", {"ada"}),
        ("Oncall - Grace Hopper", {"grace"}),
        ("Ada / Grace", {"ada", "grace"}),
        ("Ada and Grace Hopper", {"ada", "grace"}),
        ("grace.hopper@example.com", {"grace"}),
        # Part of a word is no name.
        ("Adaptation", set()),
        ("Canada", set()),
        ("", set()),
    ],
)
def test_whom_a_summary_names(summary: str, named: set[str]) -> None:
    found = read(event("DTSTART:20260601T080000Z", "DTEND:20260608T080000Z", f"SUMMARY:{summary}"))
    assert {shift.contact for shift in found.shifts} == named
    assert bool(found.problems) is not bool(named)


def test_an_event_that_names_nobody_is_said() -> None:
    found = read(event("DTSTART:20260604T080000Z", "DTEND:20260605T080000Z", "SUMMARY:On call: Alan"))
    assert found.problems == (
        'nobody who is a contact is named by "On call: Alan" (2026-06-04) of its calendar; write known_as for whom '
        "that is",
    )


def test_what_is_over_is_not_complained_of() -> None:
    found = read(event("DTSTART:20260501T080000Z", "DTEND:20260502T080000Z", "SUMMARY:Alan"))
    assert found == CalendarShifts(())


def test_a_cancelled_shift_is_none() -> None:
    text = event("DTSTART:20260604T080000Z", "DTEND:20260605T080000Z", "SUMMARY:Ada", "STATUS:CANCELLED")
    assert read(text) == CalendarShifts(())


@pytest.mark.parametrize(
    ("calendar", "zone", "start"),
    [
        ("", "UTC", "06-04 08:00"),
        ("", "Australia/Sydney", "06-03 22:00"),
        ("X-WR-TIMEZONE:Asia/Dubai\n", "UTC", "06-04 04:00"),
    ],
)
def test_a_time_without_a_zone_is_by_the_calendar_s_or_else_by_the_roster_s(
    calendar: str, zone: str, start: str
) -> None:
    found = read(event("DTSTART:20260604T080000", "DTEND:20260605T080000", "SUMMARY:Ada", calendar=calendar), zone)
    assert rows(found)[0][1] == start


def test_a_whole_day_is_one_of_the_calendar_s_zone() -> None:
    text = event("DTSTART;VALUE=DATE:20260604", "SUMMARY:Ada", calendar="X-WR-TIMEZONE:Asia/Dubai\n")
    assert rows(read(text, "Australia/Sydney")) == [("ada", "06-03 20:00", "06-04 20:00")]


def test_shifts_that_meet_in_the_hour_that_comes_twice_neither_overlap_nor_leave_a_hole() -> None:
    text = event(
        "DTSTART;TZID=Europe/London:20261024T013000", "DTEND;TZID=Europe/London:20261025T013000", "SUMMARY:Ada"
    )
    other = event(
        "DTSTART;TZID=Europe/London:20261025T013000", "DTEND;TZID=Europe/London:20261026T013000", "SUMMARY:Grace"
    )
    (one,), (two,) = read(text).shifts, read(other).shifts
    assert one.end == two.start == utc("2026-10-25 00:30")
    assert (two.end - two.start).total_seconds() == 25 * 3600


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html><body>Sign in</body></html>", "it sent an HTML page instead of a calendar"),
        ("hello", "not an iCalendar file"),
        (PAGERDUTY[:400], "is cut off"),
        (event("DTSTART:20260604T080000Z", "DTEND:20260603T080000Z", "SUMMARY:Ada"), "ends before it starts"),
        (
            event("DTSTART:20260604T080000Z", "RRULE:FREQ=SECONDLY", "SUMMARY:Ada"),
            "recurs by FREQ=SECONDLY; expected daily",
        ),
        (
            event(
                "DTSTART:20250101T000000Z",
                "DTEND:20250101T010000Z",
                "RRULE:FREQ=DAILY;BYHOUR=0,4,8,12,16,20",
                "SUMMARY:Ada",
            ),
            "it holds more than 2000 shifts",
        ),
    ],
)
def test_what_is_no_calendar_is_refused_whole(text: str, said: str) -> None:
    with pytest.raises(CalendarError) as caught:
        read(text)
    assert said in caught.value.problem
