"""Protection from the calendar, from the date, and by a person: DESIGN's cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.core.weddings import DAY, HOUR, Booked, calendar_of, read, typical
from wedtui.core.calendar import NO_CALENDAR, CalendarFacts, Freshness, Outsized, SourceFacts
from wedtui.core.calendar_findings import calendar_findings
from wedtui.core.load import Live, Peak
from wedtui.core.protection import Raise, ahead_words, protection
from wedtui.core.protection_words import live_words, until_words
from wedtui.core.season import Protection
from wedtui.core.wedding import UNITS, load_of

LONDON, SYDNEY, NEW_YORK = "Europe/London", "Australia/Sydney", "America/New_York"
JUNE = datetime(2026, 6, 20, 12, tzinfo=UTC)  # a Saturday
JANUARY = datetime(2026, 1, 10, 12, tzinfo=UTC)  # a Saturday
WEEKDAY = datetime(2026, 6, 17, 12, tzinfo=UTC)
NORMAL, HIGH, MAXIMUM = Protection
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def heavy(start: datetime, load: int, *, hours: float = 6, zone: str = LONDON, reference: str = "w") -> Booked:
    return Booked(reference, start, start + hours * HOUR, load, zone)


def test_a_saturday_of_typical_weddings_is_maximum() -> None:
    booked = [
        *typical("indian", 600, 10, JUNE),
        *typical("chinese", 350, 15, JUNE),
        *typical("nigerian", 400, 8, JUNE),
        *typical("british", 150, 20, JUNE, hours=10.5),
    ]
    found = protection(calendar_of(booked, read(JUNE)), (), (LONDON,), JUNE)
    assert (found.level, found.live, found.peak) == (
        MAXIMUM,
        Live(769 * UNITS // 10, 53),
        Peak(769 * UNITS // 10, JUNE),
    )
    assert (found.until, found.next_level, found.zone) == (JUNE + 6 * HOUR, HIGH, LONDON)
    assert found.calendar is Freshness.FRESH
    assert found.reason == "by the calendar the load is 76.9, and no higher in the next 4 h (MAXIMUM from 25)"


def test_fifty_large_indian_weddings_on_a_weekday_are_maximum() -> None:
    found = protection(calendar_of(typical("indian", 600, 50, WEEKDAY), read(WEEKDAY)), (), (LONDON,), WEEKDAY)
    assert (found.level, found.live) == (MAXIMUM, Live(100 * UNITS, 50))


@pytest.mark.parametrize(
    ("sources", "level", "freshness"),
    [
        ((), HIGH, Freshness.MISSING),
        ((read(None),), HIGH, Freshness.STALE),
        ((read(JANUARY - 25 * HOUR),), HIGH, Freshness.STALE),
        ((read(JANUARY - 23 * HOUR),), NORMAL, Freshness.FRESH),
        ((read(JANUARY - 23 * HOUR), read(JANUARY - 25 * HOUR, name="crm")), HIGH, Freshness.STALE),
        ((read(JANUARY + 5 * MINUTE),), NORMAL, Freshness.FRESH),
        ((read(JANUARY + 5 * MINUTE + SECOND),), HIGH, Freshness.STALE),
        ((read(JANUARY - 25 * HOUR, max_age=2 * DAY),), NORMAL, Freshness.FRESH),
    ],
)
def test_london_in_january_is_high_by_the_date_and_normal_by_an_empty_calendar(
    sources: tuple[SourceFacts, ...], level: Protection, freshness: Freshness
) -> None:
    found = protection(calendar_of([], *sources), (), (LONDON,), JANUARY)
    assert (found.level, found.calendar) == (level, freshness)


@pytest.mark.parametrize(
    ("load", "level"),
    [(25 * UNITS, MAXIMUM), (25 * UNITS - 1, HIGH), (8 * UNITS, HIGH), (8 * UNITS - 1, NORMAL), (0, NORMAL)],
)
def test_a_level_is_reached_exactly_at_its_load(load: int, level: Protection) -> None:
    calendar = calendar_of([heavy(WEEKDAY, load)], read(WEEKDAY))
    assert protection(calendar, (), (LONDON,), WEEKDAY).level is level


@pytest.mark.parametrize(
    ("at", "level", "until"),
    [
        (WEEKDAY - 4 * HOUR - SECOND, NORMAL, WEEKDAY - 4 * HOUR),
        (WEEKDAY - 4 * HOUR, MAXIMUM, WEEKDAY + 6 * HOUR),
        (WEEKDAY + 6 * HOUR - SECOND, MAXIMUM, WEEKDAY + 6 * HOUR),
    ],
)
def test_it_rises_four_hours_before_a_load_and_falls_with_it(at: datetime, level: Protection, until: datetime) -> None:
    calendar = calendar_of([heavy(WEEKDAY, 25 * UNITS, zone=NEW_YORK)], read(WEEKDAY))
    found = protection(calendar, (), (LONDON,), at)
    assert (found.level, found.until, found.decides, found.zone) == (level, until, NEW_YORK, LONDON)


def test_two_short_loads_within_four_hours_are_one_level() -> None:
    """The second begins three hours after the first ended: all that time it is within the next four."""
    booked = [heavy(WEEKDAY, 9 * UNITS, hours=1), heavy(WEEKDAY + 4 * HOUR, 9 * UNITS, hours=1, reference="x")]
    found = protection(calendar_of(booked, read(WEEKDAY)), (), (LONDON,), WEEKDAY)
    assert (found.since, found.until, found.next_level) == (WEEKDAY - 4 * HOUR, WEEKDAY + 5 * HOUR, NORMAL)


def test_a_stale_calendar_still_says_what_it_knows() -> None:
    """A weekday by the date, and 30 by what was known: losing the source does not lower it."""
    calendar = calendar_of([heavy(WEEKDAY, 30 * UNITS)], read(WEEKDAY - 2 * DAY))
    found = protection(calendar, (), (LONDON,), WEEKDAY)
    assert (found.level, found.calendar) == (MAXIMUM, Freshness.STALE)
    assert found.reasons == (
        "by the calendar the load is 30, and no higher in the next 4 h (MAXIMUM from 25)",
        'the wedding source "platform" was last read 2 d 0 h ago',
    )


NEVER_READ = read(None, name="crm")


@pytest.mark.parametrize("at", [WEEKDAY, JANUARY, JUNE])
@pytest.mark.parametrize("known_at", [None, WEEKDAY])
def test_what_was_never_read_is_no_evidence(at: datetime, known_at: datetime | None) -> None:
    """The level is the date's, and its reasons say so: not that by a calendar nobody has read there is no load."""
    found = protection(calendar_of([], NEVER_READ), (), (LONDON,), at, known_at=known_at)
    assert found.peak is None
    assert not [reason for reason in found.reasons if "by the calendar" in reason or "load" in reason]
    assert found.reasons[0].startswith("by the date, because the calendar was never read: ")
    assert found.reasons[1] == 'the wedding source "crm" has never been read'


def test_of_two_sources_only_what_was_read_is_evidence_and_that_is_said() -> None:
    calendar = calendar_of([heavy(WEEKDAY, 9 * UNITS)], read(WEEKDAY), NEVER_READ)
    found = protection(calendar, (), (LONDON,), WEEKDAY)
    load = "the load is 9, and no higher in the next 4 h (HIGH from 8)"
    assert found.reasons[0] == f"by the calendar, as far as it was ever read, {load}"


def test_a_peak_says_of_which_hours_it_is() -> None:
    calendar = calendar_of([heavy(WEEKDAY + HOUR, 9 * UNITS), heavy(WEEKDAY + 6 * HOUR, 30 * UNITS)], read(WEEKDAY))
    found = protection(calendar, (), (LONDON,), WEEKDAY)
    assert found.reasons[0] == ("by the calendar the load of the next 4 h gets to 9 at 14:00 BST (HIGH from 8)")


QUARTER = 15 * MINUTE
AUCKLAND = "Pacific/Auckland"
NINE = [heavy(datetime(2026, 6, 20, 13, tzinfo=UTC), 9 * UNITS)]


@pytest.mark.parametrize(
    ("interval", "words"),
    [(QUARTER, "NORMAL until Sat 10:00 BST, then HIGH"), (None, "NORMAL until Fri 13:00 BST, then HIGH")],
    ids=["read every 15 min", "imported by hand"],
)
def test_a_calendar_that_is_read_by_itself_is_supposed_to_go_on_being_read(
    interval: timedelta | None, words: str
) -> None:
    """On the Wednesday before a Saturday with nine weddings: it would be stale by then if nobody read it again."""
    calendar = calendar_of(NINE, read(WEEKDAY, interval=interval))
    found = protection(calendar, (), (LONDON, AUCKLAND), WEEKDAY)
    assert until_words(found, WEEKDAY) == words
    # One truth, whichever way it is asked.
    assert found.until is not None
    then = protection(calendar, (), (LONDON, AUCKLAND), found.until, known_at=WEEKDAY)
    assert then.level is found.next_level


def test_of_a_time_to_come_it_is_said_what_is_supposed_and_not_how_old_the_calendar_will_be() -> None:
    calendar = calendar_of(NINE, read(WEEKDAY, interval=QUARTER))
    found = protection(calendar, (), (LONDON,), JUNE, known_at=WEEKDAY)
    assert (found.level, found.calendar) == (HIGH, Freshness.FRESH)
    assert found.reasons == ("by the calendar the load of the next 4 h gets to 9 at 14:00 BST (HIGH from 8)",)
    assert ahead_words(calendar, (), (LONDON,), JUNE, WEEKDAY) == (
        "this is supposing that the calendar goes on being read, and says the same: if nobody reads it again, "
        "it is stale from 2026-06-18 12:00 UTC on, and then this is MAXIMUM"
    )
    by_hand = calendar_of(NINE, read(WEEKDAY))
    found = protection(by_hand, (), (LONDON,), JUNE, known_at=WEEKDAY)
    assert (found.level, found.calendar) == (MAXIMUM, Freshness.STALE)
    assert found.reasons == (
        "by the date, because the calendar will not be fresh by then: Saturday in Europe/London, season peak",
        'the wedding source "platform" counts as fresh until Thu 2026-06-18 12:00 UTC, unless it is imported again',
    )


def test_when_the_time_is_there_and_nobody_has_read_it_the_level_is_the_higher_one() -> None:
    calendar = calendar_of(NINE, read(WEEKDAY, interval=QUARTER))
    saturday = protection(calendar, (), (LONDON,), JUNE)
    assert (saturday.level, saturday.calendar) == (MAXIMUM, Freshness.STALE)
    assert 'the wedding source "platform" was last read 3 d 0 h ago' in saturday.reasons


KEPT = read(WEEKDAY, interval=QUARTER)


@pytest.mark.parametrize(
    ("source", "goes_on"),
    [
        (KEPT, True),
        (replace(KEPT, attempted_at=WEEKDAY - 3 * QUARTER), True),
        (replace(KEPT, attempted_at=WEEKDAY - 3 * QUARTER - SECOND), False),
        (replace(KEPT, attempted_at=None), False),
        (replace(KEPT, interval=None), False),
        (replace(KEPT, problem="HTTP 503"), False),
        (replace(KEPT, questioned=True), False),
        (replace(KEPT, dropped_at=WEEKDAY), False),
        (replace(KEPT, max_age=QUARTER), False),
        (replace(KEPT, read_at=WEEKDAY - DAY), False),
        (replace(KEPT, read_at=None), False),
    ],
)
def test_only_what_is_read_by_itself_goes_on_being_fresh(source: SourceFacts, goes_on: bool) -> None:
    assert source.goes_on(WEEKDAY) is goes_on


def test_one_source_that_runs_out_is_the_next_change_whatever_the_others() -> None:
    calendar = calendar_of(NINE, read(WEEKDAY, name="crm", interval=QUARTER), read(JUNE - 20 * HOUR, max_age=30 * HOUR))
    found = protection(calendar, (), (LONDON,), JUNE)
    assert (found.level, found.until, found.next_level) == (MAXIMUM, datetime(2026, 6, 20, 23, tzinfo=UTC), NORMAL)
    both = replace(calendar, sources=(replace(KEPT, read_at=JUNE, attempted_at=JUNE), calendar.sources[1]))
    found = protection(both, (), (LONDON,), JUNE)
    assert (found.level, found.until, found.next_level) == (HIGH, JUNE + 7 * HOUR, NORMAL)
    short = replace(both, sources=(both.sources[0], replace(both.sources[1], max_age=22 * HOUR)))
    found = protection(short, (), (LONDON,), JUNE)
    assert (found.level, found.until, found.next_level) == (HIGH, JUNE + 2 * HOUR, MAXIMUM)


def test_a_calendar_that_gets_stale_on_a_saturday_is_the_next_change() -> None:
    read_at = JUNE - 20 * HOUR
    found = protection(calendar_of([], read(read_at)), (), (LONDON,), JUNE)
    assert (found.level, found.until, found.next_level) == (NORMAL, read_at + DAY, MAXIMUM)


def test_a_calendar_that_gets_stale_before_a_saturday_changes_at_its_midnight() -> None:
    friday = JUNE - DAY
    found = protection(calendar_of([], read(friday - 20 * HOUR)), (), (LONDON,), friday)
    assert (found.level, found.until, found.next_level) == (NORMAL, datetime(2026, 6, 19, 23, tzinfo=UTC), MAXIMUM)


def test_a_calendar_that_was_read_in_the_future_counts_when_that_is_near() -> None:
    read_at = JUNE + 2 * HOUR
    found = protection(calendar_of([], read(read_at)), (), (LONDON,), JUNE)
    assert (found.level, found.until, found.next_level) == (MAXIMUM, read_at - 5 * MINUTE, NORMAL)


def test_a_question_about_a_time_to_come_says_what_the_answer_about_now_says_comes() -> None:
    """What a person imported will be old by then: one truth, whichever way it is asked."""
    calendar = calendar_of([heavy(JUNE, 9 * UNITS)], read(WEEKDAY))
    now = protection(calendar, (), (LONDON,), WEEKDAY)
    assert now.until is not None
    for at in (now.until, JUNE):
        found = protection(calendar, (), (LONDON,), at, known_at=WEEKDAY)
        assert (found.level, found.calendar) == (MAXIMUM, Freshness.STALE)
        assert found.level is protection(calendar, (), (LONDON,), at).level
    assert (now.level, now.next_level) == (NORMAL, MAXIMUM)


def test_a_question_about_the_past_takes_the_calendar_as_it_is_known_now() -> None:
    calendar = calendar_of([heavy(JUNE, 9 * UNITS)], read(JUNE + 30 * HOUR))
    calendar = replace(calendar, begins=JUNE - 72 * HOUR)
    found = protection(calendar, (), (LONDON,), JUNE, known_at=JUNE + 30 * HOUR)
    assert (found.level, found.calendar) == (HIGH, Freshness.FRESH)


@pytest.mark.parametrize(
    "calendar",
    [CalendarFacts(problem="the disk is gone"), CalendarFacts((SourceFacts("import", "csv", lost=True),))],
    ids=["unreadable", "lost"],
)
def test_a_calendar_of_which_nothing_is_known_is_high_at_least(calendar: CalendarFacts) -> None:
    weekday = protection(calendar, (), (LONDON,), WEEKDAY)
    assert (weekday.level, weekday.calendar, live_words(weekday)) == (HIGH, Freshness.STALE, "live weddings unknown")
    assert "at least HIGH" in weekday.reason
    assert "without a wedding calendar" not in weekday.reason
    # The date may ask for more.
    assert protection(calendar, (), (LONDON,), JUNE).level is MAXIMUM
    assert protection(calendar, (), (LONDON,), WEEKDAY - HOUR, known_at=WEEKDAY).level is HIGH


def test_a_calendar_of_which_nothing_is_known_promises_no_end() -> None:
    """Not what was last known of it, and not the date: a higher level that is near is said, and how long one lasts."""
    booked, unknown = [heavy(WEEKDAY + 9 * HOUR, 25 * UNITS)], CalendarFacts(problem="the disk is gone")
    remembered = replace(calendar_of(booked, read(WEEKDAY)), problem="the disk is gone")
    for calendar in (unknown, remembered):
        found = protection(calendar, (), (LONDON,), WEEKDAY)
        assert (found.until, found.next_level) == (None, None)
        assert until_words(found, WEEKDAY) == "HIGH until the calendar is known"
    assert "; MAXIMUM from 18:00 BST on at the latest" in protection(remembered, (), (LONDON,), WEEKDAY).reason
    assert "; MAXIMUM from Sat 00:00 BST on at the latest" in protection(unknown, (), (LONDON,), WEEKDAY).reason
    assert "at the latest" not in protection(unknown, (), (LONDON,), JANUARY + DAY).reason
    saturday = protection(unknown, (), (LONDON,), JUNE)
    assert until_words(saturday, JUNE) == "MAXIMUM at least until Sun 00:00 BST"


def test_every_zone_with_venues_is_served() -> None:
    booked = [heavy(JANUARY + 30 * DAY, UNITS, zone=SYDNEY)]
    saturday_there = JANUARY - 4 * HOUR
    assert protection(calendar_of([], read(None)), (), (LONDON,), saturday_there).level is HIGH
    found = protection(calendar_of(booked, read(None)), (), (LONDON,), saturday_there)
    assert (found.level, found.decides, found.zone) == (MAXIMUM, SYDNEY, LONDON)


def test_by_the_date_it_ends_at_midnight_of_the_zone_that_decides() -> None:
    found = protection(NO_CALENDAR, (), (NEW_YORK, LONDON), JUNE)
    assert (found.since, found.until, found.zone) == (
        datetime(2026, 6, 19, 23, tzinfo=UTC),
        datetime(2026, 6, 21, 4, tzinfo=UTC),
        NEW_YORK,
    )
    assert found.reasons == (f"by the date, without a wedding calendar: Saturday in {NEW_YORK}, season peak",)
    assert found.peak is None


def test_a_night_in_which_midnight_comes_twice_belongs_to_both_days() -> None:
    """In Havana the clock goes from 01:00 back to 00:00 on Sunday 1 November 2026: the day has begun by then."""
    saturday = datetime(2026, 10, 31, 12, tzinfo=UTC)
    assert protection(NO_CALENDAR, (), ("America/Havana",), saturday).until == datetime(2026, 11, 1, 4, tzinfo=UTC)


def test_a_person_raises_and_it_ends_by_itself() -> None:
    calendar = calendar_of([], read(WEEKDAY))
    raised = Raise(HIGH, "a celebrity wedding", "anna", WEEKDAY - HOUR, WEEKDAY + HOUR, 7)
    found = protection(calendar, (raised,), (LONDON,), WEEKDAY)
    assert (found.level, found.since, found.until) == (HIGH, WEEKDAY - HOUR, WEEKDAY + HOUR)
    assert found.reasons == ("raise 7 to HIGH by anna until 14:00 BST: a celebrity wedding",)
    assert found.zone == LONDON
    assert protection(calendar, (raised,), (LONDON,), WEEKDAY + HOUR).level is NORMAL
    assert protection(calendar, (raised,), (LONDON,), WEEKDAY - HOUR - SECOND).level is NORMAL


def test_a_raise_never_lowers() -> None:
    calendar = calendar_of([heavy(WEEKDAY, 25 * UNITS)], read(WEEKDAY))
    raised = Raise(HIGH, "why", "anna", WEEKDAY - HOUR, WEEKDAY + 20 * HOUR)
    found = protection(calendar, (raised,), (LONDON,), WEEKDAY)
    assert (found.level, found.until, found.next_level) == (MAXIMUM, WEEKDAY + 6 * HOUR, HIGH)


def test_a_calendar_without_an_end_of_a_level_says_none() -> None:
    lasting = replace(read(WEEKDAY), max_age=timedelta(days=900))
    found = protection(calendar_of([], lasting), (), (LONDON,), WEEKDAY, known_at=WEEKDAY)
    assert (found.level, found.since, found.until, found.next_level, found.zone) == (NORMAL, None, None, None, LONDON)


def test_rows_that_cannot_be_used_are_said_also_while_the_calendar_is_fresh() -> None:
    source = replace(read(WEEKDAY), rejected=2)
    found = protection(calendar_of([], source, read(WEEKDAY, name="crm")), (), (LONDON,), WEEKDAY)
    assert (found.level, found.calendar) == (NORMAL, Freshness.FRESH)
    assert found.reasons[1:] == ('2 rows of the wedding source "platform" cannot be used: they may weigh nothing',)


def test_a_wedding_with_more_guests_than_are_counted_is_named_where_it_makes_the_load() -> None:
    weighs = load_of("british", 10_000)
    absurd = [Outsized(name, WEEKDAY + HOUR, WEEKDAY + 7 * HOUR, weighs) for name in ("W-1", "W-2", "W-3", "W-4")]
    booked = [heavy(WEEKDAY, 6 * UNITS), *(Booked(o.reference, o.start, o.end, o.load) for o in absurd[:1])]
    calendar = replace(calendar_of(booked, read(WEEKDAY)), outsized=tuple(absurd[:1]))
    found = protection(calendar, (), (LONDON,), WEEKDAY)
    assert found.reasons == (
        "by the calendar the load of the next 4 h gets to 72.7 at 14:00 BST (MAXIMUM from 25)",
        "1 wedding of over 10,000 guests (W-1) counts as 10,000 guests: 66.7 of the load",
    )
    [finding] = calendar_findings(calendar, (), WEEKDAY)
    assert finding.text == f"{found.reasons[1]}; look at its source"
    # Before it matters, and once it is over, it is no reason; the mistake is found as long as it can be mended.
    for at in (WEEKDAY - 4 * HOUR, WEEKDAY + 8 * HOUR):
        assert not [r for r in protection(calendar, (), (LONDON,), at).reasons if "10,000" in r]
    assert len(list(calendar_findings(calendar, (), WEEKDAY + 7 * HOUR - SECOND))) == 1
    assert not list(calendar_findings(calendar, (), WEEKDAY + 7 * HOUR))
    several = replace(calendar, outsized=tuple(absurd))
    assert protection(several, (), (LONDON,), WEEKDAY).reasons[1] == (
        "4 weddings of over 10,000 guests (W-1, W-2, W-3 and 1 more) count as 10,000 guests each: 266.7 of the load"
    )


def test_which_sources_are_not_fresh_is_said() -> None:
    sources = (
        read(None, name="crm"),
        read(JUNE + 3 * DAY, name="ahead"),
        SourceFacts("feed", "icalendar", read_at=JUNE - 3 * DAY, problem="HTTP 503"),
        read(JUNE, name="platform"),
    )
    found = protection(calendar_of([], *sources), (), (LONDON,), JUNE)
    assert found.reasons == (
        "by the date, because the calendar is not fresh: Saturday in Europe/London, season peak",
        'the wedding source "crm" has never been read',
        'the wedding source "ahead" was last read in the future',
        'the wedding source "feed" was last read 3 d 0 h ago (HTTP 503)',
    )
    assert found.read_at is None


def test_a_zone_that_this_machine_does_not_know_stops_nothing() -> None:
    calendar = calendar_of([heavy(JUNE, 25 * UNITS, zone="Mars/Olympus")], read(None))
    found = protection(calendar, (), (LONDON,), JUNE)
    assert (found.level, found.zone) == (MAXIMUM, LONDON)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        protection(NO_CALENDAR, (), (LONDON,), JUNE.replace(tzinfo=None))
