"""iCalendar: one wedding an occurrence, in the venue's zone, and nobody's name is ever read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest

from tests.providers.faults import FaultServer, answer
from tests.providers.weddings.base import read, refused, rows_of, weddings

EVENT = """\
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260101T000000Z
SUMMARY:Anna Karenina and
 Tom Smith
ATTENDEE;CN=Anna Karenina:mailto:anna@example.com
ORGANIZER;CN=Tom Smith:mailto:tom@example.com
DESCRIPTION:Anna & Tom
LOCATION:Hotel Bristol
{more}
END:VEVENT
"""
SATURDAY = "DTSTART;TZID=Europe/London:20260606T140000\nDTEND;TZID=Europe/London:20260606T230000"


ZONE = """\
BEGIN:VTIMEZONE
TZID:Anna
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0100
TZOFFSETTO:+0100
RRULE:{}
END:STANDARD
END:VTIMEZONE
"""


def event(more: str = SATURDAY, uid: str = "a") -> str:
    return EVENT.format(uid=uid, more=more)


def calendar(*events: str, head: str = "") -> bytes:
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//venues//weddings//EN\n{head}{''.join(events)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def of(tmp_path: Path, data: bytes, **more: Any) -> Any:
    path = tmp_path / "w.ics"
    path.write_bytes(data)
    return read(str(path), kind="icalendar", **more)


def times(tmp_path: Path, data: bytes, **more: Any) -> list[tuple[str, str]]:
    return [(f"{w['start']:%m-%d %H:%M}", f"{w['end']:%m-%d %H:%M}") for w in weddings(of(tmp_path, data, **more))]


def test_an_event(tmp_path: Path) -> None:
    extra = f"{SATURDAY}\nX-CULTURE:Indian\nX-GUESTS:400\nX-VENUE-KIND:hotel"
    (found,) = weddings(of(tmp_path, calendar(event(extra)), zone="Asia/Tokyo"))
    assert (found["reference"], found["venue"], found["venue_kind"]) == ("a", "Hotel Bristol", "hotel")
    assert (found["zone"], found["culture"], found["guests"]) == ("Europe/London", "indian", 400)
    assert found["start"] == datetime(2026, 6, 6, 13, tzinfo=UTC)


def test_properties_of_other_names(tmp_path: Path) -> None:
    data = calendar(event(f"{SATURDAY}\nX-BOOKING:b-17\nCATEGORIES:greek"))
    columns = {"reference": "X-BOOKING", "guests": "X-PAX"}
    (found,) = weddings(of(tmp_path, data, columns=columns))
    assert (found["reference"], found["guests"]) == ("b-17", 150)


def test_no_name_is_read_also_where_everything_is_kept(tmp_path: Path) -> None:
    bad = event("DTSTART:Anna Karenina\nDTEND:Tom Smith", uid="b")
    data = calendar(event(), bad, event("DTSTART;TZID=Anna:20260606T100000\nDTEND;TZID=Anna:20260606T120000", uid="c"))
    seen = of(tmp_path, data)
    with rows_of(seen) as stage:
        assert stage.examples == [
            "event 2: event: expected one whose times, zones and recurrence can be read",
            "event 3: DTSTART: expected a zone that is known",
        ]
    assert "Anna" not in str(weddings(of(tmp_path, data)))


def test_names_are_taken_out_before_anything_reads_the_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    inner = icalendar.Calendar.from_ical

    def listening(text: str, **more: Any) -> Any:
        given.append(text)
        return inner(text, **more)

    monkeypatch.setattr(icalendar.Calendar, "from_ical", listening)
    folded = event(f"{SATURDAY}\nX-GUESTS:80").replace("ATTENDEE;CN=Anna", "attendee;CN=An\n na")
    (found,) = weddings(of(tmp_path, calendar(folded)))
    assert found["guests"] == 80
    assert "X-GUESTS:80" in given[0]
    for name in ("Anna", "Tom", "Karenina", "Smith", "na Karenina"):
        assert name not in given[0]


@pytest.mark.parametrize("name", ["SUMMARY", "ATTENDEE", "Organizer", "description"])
def test_properties_with_names_cannot_be_asked_for(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="names of persons"):
        of(tmp_path, calendar(event()), columns={"venue": name})


def test_all_day_and_several_days_in_the_venues_zone(tmp_path: Path) -> None:
    one = event("DTSTART;VALUE=DATE:20260606", uid="a")
    three = event("DTSTART;VALUE=DATE:20260612\nDTEND;VALUE=DATE:20260615", uid="b")
    night = event("DTSTART;VALUE=DATE:20261025\nDTEND;VALUE=DATE:20261026\nX-ZONE:Europe/London", uid="c")
    assert times(tmp_path, calendar(one, three, night), zone="Asia/Kolkata") == [
        ("06-05 18:30", "06-06 18:30"),
        ("06-11 18:30", "06-14 18:30"),
        ("10-24 23:00", "10-26 00:00"),
    ]


def test_times_without_a_zone_and_in_utc_are_at_the_venue(tmp_path: Path) -> None:
    floating = event("DTSTART:20260606T140000\nDTEND:20260606T230000", uid="a")
    utc = event("DTSTART:20260606T140000Z\nDTEND:20260606T230000Z", uid="b")
    first, second = weddings(of(tmp_path, calendar(floating, utc), zone="Asia/Kolkata"))
    assert first["start"] == datetime(2026, 6, 6, 8, 30, tzinfo=UTC)
    assert (second["start"], second["zone"]) == (datetime(2026, 6, 6, 14, tzinfo=UTC), "Asia/Kolkata")
    head = "X-WR-TIMEZONE:America/New_York\n"
    first, _ = weddings(of(tmp_path, calendar(floating, utc, head=head), zone="Asia/Kolkata"))
    assert (first["start"], first["zone"]) == (datetime(2026, 6, 6, 18, tzinfo=UTC), "America/New_York")


def test_an_event_that_recurs_is_a_wedding_each_time_within_the_horizon(tmp_path: Path) -> None:
    saturdays = event(f"{SATURDAY}\nRRULE:FREQ=WEEKLY", uid="series")
    moved = event(
        "RECURRENCE-ID;TZID=Europe/London:20260613T140000\n"
        "DTSTART;TZID=Europe/London:20260614T140000\nDTEND;TZID=Europe/London:20260614T230000",
        uid="series",
    )
    gone = event(f"STATUS:CANCELLED\n{SATURDAY}", uid="gone")
    found = weddings(of(tmp_path, calendar(saturdays, moved, gone)))
    assert {each["reference"] for each in found} == {"series"}
    assert 56 <= len(found) <= 60
    assert [f"{each['start']:%a %m-%d}" for each in found[:3]] == ["Sat 06-06", "Sun 06-14", "Sat 06-20"]
    # The wall clock of the venue, through both clock changes.
    assert {f"{each['end'] - each['start']}" for each in found} == {"9:00:00"}
    assert {each["start"].hour for each in found} == {13, 14}


def test_a_night_with_a_clock_change(tmp_path: Path) -> None:
    spring = event("DTSTART;TZID=Europe/London:20260329T013000\nDTEND;TZID=Europe/London:20260329T040000", uid="a")
    autumn = event("DTSTART;TZID=Europe/London:20261025T013000\nDTEND;TZID=Europe/London:20261025T014500", uid="b")
    late = calendar(spring.replace("20260329", "20270328"), autumn)
    assert times(tmp_path, late) == [("03-28 01:00", "03-28 03:00"), ("10-25 00:30", "10-25 01:45")]


def test_a_time_that_the_clock_of_the_venue_jumps_over_is_noted_with_its_event(tmp_path: Path) -> None:
    """In the venue's own zone, whichever way it is said; in another one the calendar has resolved it already."""
    local = "DTSTART:20270328T013000\nDTEND:20270328T040000"
    own = "DTSTART;TZID=Europe/London:20270328T013000\nDTEND;TZID=Europe/London:20270328T040000"
    data = calendar(event(local, uid="a"), event(own, uid="b"), event(uid="c"))
    with rows_of(of(tmp_path, data)) as stage:
        assert [note.partition(":")[0] for note in stage.notes] == ["event 1", "event 2"]
        assert all("jumps over" in note for note in stage.notes)


def test_events_that_share_a_uid_are_several_times_of_one_wedding(tmp_path: Path) -> None:
    second = event("DTSTART;VALUE=DATE:20260607")
    found = weddings(of(tmp_path, calendar(event(), second)))
    assert [each["reference"] for each in found] == ["a", "a"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("DTSTART:20260606T140000Z\nDTEND:20260606T130000Z", "event 1: DTEND: expected an end after the start"),
        ("DTSTART:20260606T140000Z", "event 1: end: expected an end after the start"),
        ("X-GUESTS:1", "event 1: DTSTART: expected when it starts"),
        (f"{SATURDAY}\nX-GUESTS:-1", "event 1: guests: expected a whole number, not negative"),
        (f"{SATURDAY}\nX-ZONE:Mars/Olympus", "event 1: zone: expected an IANA time zone"),
        (
            "DTSTART;VALUE=DATE:20260606\nDTEND;VALUE=DATE:20260801",
            "event 1: end: expected an end at most 14 days after the start",
        ),
    ],
)
def test_an_event_that_cannot_be_used_costs_itself_alone(tmp_path: Path, more: str, why: str) -> None:
    with rows_of(of(tmp_path, calendar(event(more, uid="bad"), event(uid="good")))) as stage:
        assert stage.examples == [why]
        assert stage.references("") == ["good"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"<html>Anna</html>", "it sent an HTML page instead of a calendar"),
        (b"nothing", "it sent something that is not an iCalendar file"),
        (calendar(event())[:-30], "its calendar is cut off"),
        (calendar(event(), head=ZONE.format("FREQ=SECONDLY")), "the rules of its zones cannot be used: export it"),
        (calendar(event(), head="END:ANNA\n"), "its calendar is damaged: END:a part closes nothing"),
        (calendar(head="X-WR-TIMEZONE:Anna/Karenina\n"), "X-WR-TIMEZONE: expected an IANA time zone"),
        (b"BEGIN:VCALENDAR\r\n" + b"X" * 6_000_000, "it is larger than 5 MB"),
    ],
    ids=["page", "nothing", "cut", "secondly", "part", "zone", "large"],
)
def test_a_calendar_that_cannot_be_read_whole(tmp_path: Path, data: bytes, problem: str) -> None:
    said = refused(of(tmp_path, data))
    assert said.startswith(problem)
    assert "Anna" not in said


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=HOURLY",
        "FREQ=Anna",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=DAILY;BYSETPOS=2",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31",
        "FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5",
        "FREQ=DAILY;BYHOUR=10,11,12,13",
        "FREQ=YEARLY;BYSETPOS=0",
        "FREQ=YEARLY;BYSETPOS=400;BYMONTH=6",
        "FREQ=WEEKLY;UNTIL=Anna",
        "FREQ=WEEKLY;BYDAY=Anna",
        "FREQ=DAILY;COUNT=99999999999999999999",
    ],
)
def test_a_rule_that_cannot_be_worked_out_costs_its_event_alone(tmp_path: Path, rule: str) -> None:
    data = calendar(event(), event(f"{SATURDAY}\nRRULE:{rule}", uid="bad"), event(uid="c"))
    with rows_of(of(tmp_path, data)) as stage:
        assert [example.partition(":")[0] for example in stage.examples] == ["event 2"]
        assert (stage.references(""), stage.nameless) == (["a", "c"], 0)
        assert "Anna" not in str(stage.examples)


def test_an_endless_rule_and_one_of_long_ago_are_followed_to_the_horizon(tmp_path: Path) -> None:
    endless = event(f"{SATURDAY}\nRRULE:FREQ=DAILY", uid="endless")
    old = event(f"{SATURDAY}\nRRULE:FREQ=YEARLY".replace("2026", "1999"), uid="old")
    too_old = event(f"{SATURDAY}\nRRULE:FREQ=DAILY".replace("2026", "0001"), uid="too old")
    with rows_of(of(tmp_path, calendar(endless, old, too_old))) as stage:
        assert (stage.references(""), len(stage.examples)) == (["endless", "old"], 1)
        assert 390 <= stage.rows <= 410


def test_recurrence_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wedtui.providers.weddings.calendar_source.MOST_OCCURRENCES", 100)
    daily = calendar(event(f"{SATURDAY}\nRRULE:FREQ=DAILY"))
    assert refused(of(tmp_path, daily)) == "it has more than 100 events within 400 days: split it"


def test_work_is_bounded_and_what_does_not_recur_is_never_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wedtui.providers.weddings.calendar_source.MAX_WORK_S", 0.0)
    weekly = event(f"{SATURDAY}\nRRULE:FREQ=WEEKLY", uid="weekly")
    with rows_of(of(tmp_path, calendar(weekly, event()))) as stage:
        assert stage.examples == ["event 1: RRULE: expected one by days, weeks, months or years that can be worked out"]
        assert stage.references("") == ["a"]


def test_from_a_server_and_unchanged() -> None:
    with FaultServer({"/w.ics": answer(calendar(event()), headers={"ETag": '"one"'})}) as server:
        seen = read(server.url("/w.ics"), kind="icalendar")
    assert seen.mark == 'etag "one"'
    (found,) = weddings(seen)
    assert found["end"] - found["start"] == timedelta(hours=9)
