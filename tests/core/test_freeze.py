"""The freeze rules of DESIGN, case by case: windows, months, scope, feeds, what fails closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.freeze import (
    DEFAULT_WINDOW,
    LOOK_AROUND,
    PRODUCTION,
    UNTIL_LIFTED,
    Feed,
    FreezeFacts,
    Interval,
    Origin,
    Period,
    Reason,
    Scope,
    WallTime,
    WeeklyWindow,
    feed_notes,
    intervals,
    lost_too_much,
    verdict,
)
from wedtui.core.freeze_windows import spans
from wedtui.core.freeze_words import coming_words, holding_words, why_words

LONDON, NEW_YORK, SYDNEY = "Europe/London", "America/New_York", "Australia/Sydney"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRI, SAT, SUN, MON = 4, 5, 6, 0
WEDNESDAY = datetime(2026, 7, 22, 12, tzinfo=UTC)
SATURDAY = datetime(2026, 7, 25, 12, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekly(
    *zones: str,
    start: tuple[int, str] = (FRI, "18:00"),
    end: tuple[int, str] = (MON, "06:00"),
    name: str = "weekend",
    months: frozenset[int] = frozenset(),
    environments: frozenset[str] = frozenset({PRODUCTION}),
    services: frozenset[str] = frozenset(),
) -> WeeklyWindow:
    first = WallTime(start[0], time.fromisoformat(start[1]))
    last = WallTime(end[0], time.fromisoformat(end[1]))
    return WeeklyWindow(name, first, last, zones, months, environments, services)


def period(
    start: str,
    end: str,
    name: str = "royal wedding",
    environments: frozenset[str] = frozenset({PRODUCTION}),
    services: frozenset[str] = frozenset(),
) -> Period:
    return Period(name, utc(start), utc(end), Origin.CONFIGURATION, environments, services)


# A window that is never near the instants of a test, so that the default one does not answer for it.
ELSEWHEN = weekly(LONDON, start=(1, "03:00"), end=(1, "03:01"), name="elsewhen")


# --- windows


@pytest.mark.parametrize(
    ("zone", "around", "hours"),
    [
        (LONDON, "2026-07-25T12:00", 60),
        (LONDON, "2026-03-28T12:00", 59),
        (LONDON, "2026-10-24T12:00", 61),
        (NEW_YORK, "2026-03-07T12:00", 59),
        (NEW_YORK, "2026-10-31T12:00", 61),
        ("Australia/Lord_Howe", "2026-10-03T12:00", 59.5),
        ("Antarctica/Troll", "2026-03-28T12:00", 58),
    ],
)
def test_a_weekend_with_a_clock_change_lasts_as_long_as_its_wall_clock_says(
    zone: str, around: str, hours: float
) -> None:
    answer = verdict(FreezeFacts((weekly(zone),)), utc(around))
    assert answer.since is not None
    assert answer.until is not None
    assert answer.until - answer.since == hours * HOUR
    assert answer.zone == zone
    assert answer.reasons == ("weekend",)


@pytest.mark.parametrize(
    ("start", "end", "since", "until"),
    [
        # Spring in London: 01:00 to 02:00 does not exist on 29 March.
        ((SUN, "01:30"), (SUN, "12:00"), "2026-03-29T01:00", "2026-03-29T11:00"),
        ((SAT, "12:00"), (SUN, "01:30"), "2026-03-28T12:00", "2026-03-29T01:00"),
        # Autumn: 01:00 to 02:00 comes twice on 25 October.
        ((SUN, "01:30"), (SUN, "12:00"), "2026-10-25T00:30", "2026-10-25T12:00"),
        ((SAT, "12:00"), (SUN, "01:30"), "2026-10-24T11:00", "2026-10-25T01:30"),
        ((SUN, "01:10"), (SUN, "01:20"), "2026-10-25T00:10", "2026-10-25T01:20"),
    ],
)
def test_a_time_in_a_gap_is_its_end_and_a_repeated_one_is_never_the_shorter(
    start: tuple[int, str], end: tuple[int, str], since: str, until: str
) -> None:
    facts = FreezeFacts((weekly(LONDON, start=start, end=end),))
    answer = verdict(facts, utc(since))
    assert (answer.since, answer.until) == (utc(since), utc(until))


def test_a_window_that_the_clock_jumps_over_does_not_come() -> None:
    facts = FreezeFacts((weekly(LONDON, start=(SUN, "01:10"), end=(SUN, "01:20")),))
    assert intervals(facts, utc("2026-03-28T00:00"), utc("2026-03-31T00:00")) == ()


def test_a_window_is_half_open() -> None:
    facts = FreezeFacts((weekly(LONDON),))
    opens, closes = utc("2026-07-24T17:00"), utc("2026-07-27T05:00")
    tick = timedelta(microseconds=1)
    frozen = [verdict(facts, at).frozen for at in (opens - tick, opens, closes - tick, closes)]
    assert frozen == [False, True, True, False]
    assert verdict(facts, opens - tick).next_start == opens
    assert verdict(facts, closes).next_start == opens + 7 * DAY


@pytest.mark.parametrize(
    ("start", "end", "inside", "since", "until"),
    [
        ((SAT, "22:00"), (SUN, "04:00"), "2026-07-26T00:00", "2026-07-25T22:00", "2026-07-26T04:00"),
        ((SAT, "10:00"), (SAT, "10:30"), "2026-07-25T10:15", "2026-07-25T10:00", "2026-07-25T10:30"),
        ((SUN, "20:00"), (MON, "02:00"), "2026-07-27T01:00", "2026-07-26T20:00", "2026-07-27T02:00"),
        # The end lies before the start on the same weekday: nearly a whole week, across the week's end.
        ((FRI, "18:00"), (FRI, "06:00"), "2026-07-28T00:00", "2026-07-24T18:00", "2026-07-31T06:00"),
    ],
)
def test_windows_may_be_short_or_cross_the_end_of_the_week(
    start: tuple[int, str], end: tuple[int, str], inside: str, since: str, until: str
) -> None:
    answer = verdict(FreezeFacts((weekly("UTC", start=start, end=end),)), utc(inside))
    assert (answer.since, answer.until) == (utc(since), utc(until))


@pytest.mark.parametrize("offset", range(7))
def test_a_window_that_opened_last_week_is_found(offset: int) -> None:
    window = weekly("UTC", start=(SUN, "12:00"), end=(SUN, "11:00"))
    at = utc("2026-07-19T12:00") + offset * DAY
    assert [s.start for s in spans(window, "UTC", at, at)] == [utc("2026-07-19T12:00")]


def test_zones_are_united_and_the_last_one_is_named() -> None:
    answer = verdict(FreezeFacts((weekly(LONDON, NEW_YORK, SYDNEY),)), SATURDAY)
    assert (answer.since, answer.until) == (utc("2026-07-24T08:00"), utc("2026-07-27T10:00"))
    assert answer.zone == NEW_YORK


def test_no_zone_means_every_zone() -> None:
    answer = verdict(FreezeFacts((weekly(),)), SATURDAY)
    assert (answer.since, answer.until, answer.zone) == (utc("2026-07-24T04:00"), utc("2026-07-27T18:00"), None)


@pytest.mark.parametrize(
    ("around", "months", "frozen"),
    [
        ("2026-10-31T12:00", {10}, True),  # Fri 30 Oct to Mon 2 Nov touches both
        ("2026-11-01T12:00", {10}, True),
        ("2026-10-31T12:00", {11}, True),
        ("2026-10-31T12:00", {12}, False),
        ("2026-07-25T12:00", {7}, True),
        ("2026-07-25T12:00", {4, 5, 6, 8, 9, 10}, False),
    ],
)
def test_months_count_where_any_local_date_lies_in_one(around: str, months: set[int], frozen: bool) -> None:
    facts = FreezeFacts((weekly(LONDON, months=frozenset(months)),))
    assert verdict(facts, utc(around)).frozen is frozen


@pytest.mark.parametrize("zone", ["UTC", ""])
def test_an_end_at_midnight_does_not_touch_the_day_that_begins(zone: str) -> None:
    # Sat 31 October 2026 00:00 to Sun 1 November 00:00.
    zones = (zone,) if zone else ()
    november = weekly(*zones, start=(SAT, "00:00"), end=(SUN, "00:00"), months=frozenset({11}))
    october = weekly(*zones, start=(SAT, "00:00"), end=(SUN, "00:00"), months=frozenset({10}))
    assert not verdict(FreezeFacts((november,)), utc("2026-10-31T12:00")).frozen
    assert verdict(FreezeFacts((october,)), utc("2026-10-31T12:00")).frozen


def test_months_are_those_of_the_local_date_not_of_utc() -> None:
    # Sydney is ten hours ahead: Sat 1 August there begins on 31 July UTC.
    facts = FreezeFacts((weekly(SYDNEY, start=(SAT, "00:00"), end=(SAT, "08:00"), months=frozenset({8})),))
    assert verdict(facts, utc("2026-07-31T15:00")).frozen


# --- the default


def test_no_window_means_the_default_one_for_production() -> None:
    assert verdict(FreezeFacts(), SATURDAY).reasons == (DEFAULT_WINDOW.name,)
    assert verdict(FreezeFacts(), SATURDAY) == verdict(FreezeFacts((DEFAULT_WINDOW,)), SATURDAY)
    assert not verdict(FreezeFacts(), SATURDAY, Scope("staging")).frozen


def test_a_period_or_feed_does_not_stand_in_for_the_default_window() -> None:
    facts = FreezeFacts(periods=(period("2026-01-01T00:00", "2026-01-02T00:00"),))
    assert verdict(facts, SATURDAY).reasons == (DEFAULT_WINDOW.name,)


def test_a_window_of_another_environment_leaves_production_its_default() -> None:
    facts = FreezeFacts((weekly("UTC", name="staging nights", environments=frozenset({"staging"})),))
    assert verdict(facts, SATURDAY).reasons == (DEFAULT_WINDOW.name,)
    assert verdict(facts, SATURDAY, Scope("staging")).reasons == ("staging nights",)


def test_a_window_of_ones_own_replaces_the_default() -> None:
    assert not verdict(FreezeFacts((ELSEWHEN,)), SATURDAY).frozen


# --- scope


def test_a_window_applies_to_its_environments_and_services() -> None:
    window = weekly("UTC", environments=frozenset({"staging"}), services=frozenset({"rsvp"}))
    facts = FreezeFacts((window, ELSEWHEN))
    asked = {
        Scope("staging", "rsvp"): True,
        Scope("staging", "gallery"): False,
        Scope("staging"): True,  # about every service at once
        Scope("production", "rsvp"): False,
    }
    assert {scope: verdict(facts, SATURDAY, scope).frozen for scope in asked} == asked


def test_empty_lists_of_a_scope_mean_everything() -> None:
    facts = FreezeFacts((ELSEWHEN,), (period("2026-07-20T00:00", "2026-07-30T00:00", environments=frozenset()),))
    for scope in (Scope(), Scope("staging"), Scope("staging", "rsvp")):
        assert verdict(facts, WEDNESDAY, scope).frozen


def test_a_period_of_another_scope_does_not_count() -> None:
    services = frozenset({"rsvp"})
    facts = FreezeFacts((ELSEWHEN,), (period("2026-07-20T00:00", "2026-07-30T00:00", services=services),))
    assert verdict(facts, WEDNESDAY, Scope(service="rsvp")).frozen
    assert not verdict(facts, WEDNESDAY, Scope(service="gallery")).frozen
    assert not verdict(facts, WEDNESDAY, Scope("staging", "rsvp")).frozen


# --- merging


def test_what_overlaps_or_touches_merges_and_names_everything() -> None:
    facts = FreezeFacts(
        (weekly(LONDON),),
        (
            period("2026-07-27T05:00", "2026-07-28T00:00", "touching"),
            period("2026-07-24T00:00", "2026-07-24T20:00", "before"),
            period("2026-07-25T00:00", "2026-07-25T01:00", "inside"),
            period("2026-07-28T00:01", "2026-07-28T01:00", "apart"),
        ),
    )
    names = ("before", "inside", "touching", "weekend")
    assert intervals(facts, utc("2026-07-25T00:00"), utc("2026-07-29T00:00")) == (
        Interval(utc("2026-07-24T00:00"), utc("2026-07-28T00:00"), names),
        Interval(utc("2026-07-28T00:01"), utc("2026-07-28T01:00"), ("apart",)),
    )
    answer = verdict(facts, SATURDAY)
    assert (answer.since, answer.until) == (utc("2026-07-24T00:00"), utc("2026-07-28T00:00"))
    assert answer.zone is None  # a period decides the end
    assert answer.reasons == ("touching", "weekend")  # the others are over


def test_a_chain_longer_than_a_month_is_followed_to_its_end() -> None:
    days = [utc("2026-01-01T00:00") + n * DAY for n in range(200)]
    facts = FreezeFacts((ELSEWHEN,), tuple(Period("day", d, d + DAY, Origin.PERSON) for d in days))
    answer = verdict(facts, utc("2026-04-01T12:00"))
    assert (answer.since, answer.until) == (days[0], days[-1] + DAY)


def test_a_freeze_without_end_is_followed_for_as_long_as_is_promised() -> None:
    facts = FreezeFacts((weekly("UTC", start=(MON, "00:00"), end=(MON, "00:00")),))
    answer = verdict(facts, SATURDAY)
    assert answer.until is not None
    assert answer.until >= SATURDAY + LOOK_AROUND


def test_an_empty_period_freezes_nothing() -> None:
    facts = FreezeFacts((ELSEWHEN,), (period("2026-07-22T12:00", "2026-07-22T12:00"),))
    assert not verdict(facts, WEDNESDAY).frozen


def test_an_empty_range_holds_no_interval() -> None:
    assert intervals(FreezeFacts(), SATURDAY, SATURDAY) == ()


def test_the_next_freeze_is_found_months_ahead() -> None:
    facts = FreezeFacts((weekly("UTC", months=frozenset({5})),))
    assert verdict(facts, WEDNESDAY).next_start == utc("2027-04-30T18:00")
    far = FreezeFacts((ELSEWHEN,), (period("2026-07-23T00:00", "2026-07-24T00:00"),))
    assert verdict(far, WEDNESDAY).next_start == utc("2026-07-23T00:00")


def test_answers_are_in_utc_whatever_zone_the_question_came_in() -> None:
    east = timezone(timedelta(hours=9))
    answer = verdict(FreezeFacts((weekly(LONDON),)), SATURDAY.astimezone(east))
    assert answer == verdict(FreezeFacts((weekly(LONDON),)), SATURDAY)
    assert answer.at.tzinfo is UTC


def test_an_instant_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        verdict(FreezeFacts(), SATURDAY.replace(tzinfo=None))


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=timezone(-HOUR))])
def test_the_ends_of_time_give_an_answer(at: datetime) -> None:
    assert verdict(FreezeFacts(), at).at.tzinfo is UTC


# --- what cannot be read


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "Europe", "../etc/passwd", "", "\0"])
def test_a_zone_that_cannot_be_read_means_frozen(zone: str) -> None:
    facts = FreezeFacts((weekly(LONDON, zone),))
    answer = verdict(facts, WEDNESDAY)
    assert answer.frozen
    assert answer.until is None
    (sentence,) = answer.unreadable
    assert "weekend" in sentence
    assert zone in sentence
    assert verdict(facts, SATURDAY).reasons == tuple(sorted((sentence, "weekend")))


def test_a_zone_that_cannot_be_read_does_not_reach_beyond_its_windows_scope() -> None:
    facts = FreezeFacts((weekly("Europe/Atlantis", environments=frozenset({"staging"})), ELSEWHEN))
    assert not verdict(facts, WEDNESDAY).frozen
    assert verdict(facts, WEDNESDAY, Scope("staging")).frozen


def test_an_unreadable_source_means_frozen_everywhere_until_it_can_be_read() -> None:
    facts = FreezeFacts((ELSEWHEN,), unreadable=("the ledger cannot be read; run wedtui doctor",))
    for scope in (Scope(), Scope("staging"), Scope("staging", "rsvp")):
        answer = verdict(facts, WEDNESDAY, scope)
        assert answer.frozen
        assert (answer.since, answer.until, answer.unreadable) == (None, None, facts.unreadable)
        assert answer.reasons == facts.unreadable


def test_while_a_source_is_unreadable_one_interval_covers_the_whole_range() -> None:
    facts = FreezeFacts((weekly(LONDON),), unreadable=("the ledger cannot be read",))
    start, end = WEDNESDAY, WEDNESDAY + 5 * DAY
    reasons = ("the ledger cannot be read", "weekend")
    known = replace(Interval(start, end, reasons), is_end_known=False)
    assert intervals(facts, start, end - DAY) == (replace(known, end=utc("2026-07-27T05:00")),)
    assert intervals(facts, start, end) == (known,)


# --- feeds


def feed(last_good_at: datetime | None, problem: str | None = None, environments: frozenset[str] = frozenset()) -> Feed:
    events = (period("2026-07-22T00:00", "2026-07-22T01:00", "venue"),)
    return Feed("venues", events, last_good_at, problem, environments=environments)


@pytest.mark.parametrize(
    ("age", "frozen"),
    [
        (timedelta(0), False),
        (DAY, False),
        (DAY + timedelta(microseconds=1), True),
        (-HOUR, False),  # a clock that was set back a little
        (-DAY - HOUR, True),  # and one that was set back by more than a reading is good for
        (None, True),
    ],
)
@pytest.mark.parametrize("problem", [None, "HTTP 503"])
def test_a_feed_that_was_not_read_for_a_day_means_frozen(
    age: timedelta | None, frozen: bool, problem: str | None
) -> None:
    read_at = None if age is None else WEDNESDAY - age
    facts = FreezeFacts((ELSEWHEN,), feeds=(feed(read_at, problem),))
    answer = verdict(facts, WEDNESDAY)
    assert answer.frozen is frozen
    assert bool(answer.unreadable) is frozen
    if frozen:
        assert '"venues"' in answer.unreadable[0]
        assert problem is None or problem in answer.unreadable[0]


def test_the_age_of_a_feed_is_judged_at_the_instant_of_asking_not_of_the_question() -> None:
    facts = FreezeFacts((ELSEWHEN,), feeds=(feed(WEDNESDAY),))
    next_week = WEDNESDAY + 7 * DAY
    assert verdict(facts, next_week).frozen
    assert not verdict(facts, next_week, known_at=WEDNESDAY + HOUR).frozen
    assert intervals(facts, next_week, next_week + HOUR, known_at=WEDNESDAY + HOUR) == ()
    assert intervals(facts, next_week, next_week + HOUR, known_at=next_week)


def test_the_silence_of_a_feed_counts_where_the_feed_does() -> None:
    staging = feed(None, environments=frozenset({"staging"}))
    facts = FreezeFacts((ELSEWHEN,), feeds=(staging,))
    assert not verdict(facts, WEDNESDAY).frozen
    assert verdict(facts, WEDNESDAY, Scope("staging")).frozen
    assert verdict(FreezeFacts((ELSEWHEN,), feeds=(feed(None),)), WEDNESDAY, Scope("staging")).frozen


def test_a_feeds_last_good_events_count_while_it_is_in_trouble() -> None:
    facts = FreezeFacts((ELSEWHEN,), feeds=(feed(WEDNESDAY, "HTTP 503"),))
    answer = verdict(facts, utc("2026-07-22T00:30"), known_at=WEDNESDAY + HOUR)
    assert (answer.frozen, answer.unreadable, answer.reasons) == (True, (), ("venue",))


def test_a_feed_in_trouble_that_still_counts_is_told_with_its_deadline() -> None:
    facts = FreezeFacts(
        feeds=(
            feed(WEDNESDAY, "HTTP 503"),
            Feed("families", (), WEDNESDAY, None, questioned=True),
            Feed("fine", (), WEDNESDAY),
            Feed("gone", (), None, "HTTP 404"),
        )
    )
    venues, families = feed_notes(facts.feeds, WEDNESDAY + 3 * HOUR)
    assert '"venues"' in venues
    assert "HTTP 503" in venues
    assert "3 h" in venues
    assert "2026-07-23 12:00 UTC" in venues
    assert '"families"' in families
    assert "more than half" in families
    assert feed_notes(facts.feeds, WEDNESDAY + 2 * DAY) == ()


def events(*names: str, at: datetime = WEDNESDAY + DAY) -> tuple[Period, ...]:
    return tuple(Period(name, at, at + HOUR, Origin.FEED) for name in names)


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ((), (), False),
        ((), ("a",), False),
        (("a",), (), True),
        (("a", "b"), ("a",), False),
        (("a", "b", "c"), ("a",), True),
        (("a", "b"), ("c", "d"), True),
        (("a", "a", "a"), ("a",), True),
        (("a", "b", "c"), ("a", "b", "c", "d"), False),
    ],
)
def test_a_reading_that_lost_more_than_half_is_not_taken(
    before: tuple[str, ...], after: tuple[str, ...], lost: bool
) -> None:
    assert lost_too_much(events(*before), events(*after), WEDNESDAY) is lost


def test_only_events_that_end_in_the_future_can_be_lost() -> None:
    past = events("a", "b", "c", at=WEDNESDAY - 2 * HOUR)
    assert not lost_too_much(past, (), WEDNESDAY)
    running = events("a", at=WEDNESDAY - timedelta(minutes=59))
    assert lost_too_much((*past, *running), past, WEDNESDAY)
    assert not lost_too_much(running, events("a", at=WEDNESDAY + 30 * DAY), WEDNESDAY)


def test_what_is_over_is_no_reason_though_it_began_the_stretch() -> None:
    lifted = Period("royal wedding", SATURDAY - timedelta(hours=2), SATURDAY - timedelta(hours=1), Origin.PERSON)
    facts = FreezeFacts(periods=(lifted,))
    assert verdict(facts, SATURDAY).reasons == (DEFAULT_WINDOW.name,)
    before = verdict(facts, SATURDAY - timedelta(minutes=90))
    assert before.reasons == tuple(sorted((DEFAULT_WINDOW.name, "royal wedding")))


def test_a_window_of_one_service_leaves_no_other_without_one() -> None:
    window = WeeklyWindow(
        "rsvp only", WallTime(0, time(1)), WallTime(0, time(2)), ("UTC",), services=frozenset({"rsvp"})
    )
    facts = FreezeFacts(windows=(window,))
    assert verdict(facts, SATURDAY, Scope(service="gallery")).frozen
    assert verdict(facts, SATURDAY, Scope()).frozen
    assert not verdict(facts, SATURDAY, Scope(service="rsvp")).frozen


def test_a_freeze_without_an_end_of_its_own_has_none() -> None:
    facts = FreezeFacts((ELSEWHEN,), (Period("lockdown", WEDNESDAY, UNTIL_LIFTED, Origin.PERSON, frozenset()),))
    for scope in (Scope(), Scope("staging"), Scope("dev", "rsvp")):
        found = verdict(facts, WEDNESDAY, scope)
        assert (found.frozen, found.since, found.until, found.unreadable) == (True, WEDNESDAY, None, ())
    assert not verdict(facts, WEDNESDAY - HOUR).frozen


# --- each reason with its own times


def test_each_reason_holds_from_and_to_its_own_times_whatever_it_merges_with() -> None:
    facts = FreezeFacts(
        (weekly(LONDON, NEW_YORK),),
        (
            period("2026-07-25T08:00", "2026-07-25T20:00", "fair"),
            period("2026-07-27T09:00", "2026-07-28T00:00", "sale"),
        ),
        home=LONDON,
    )
    answer = verdict(facts, SATURDAY)
    weekend = Reason("weekend", utc("2026-07-24T17:00"), utc("2026-07-27T10:00"), NEW_YORK)
    fair = Reason("fair", utc("2026-07-25T08:00"), utc("2026-07-25T20:00"))
    sale = Reason("sale", utc("2026-07-27T09:00"), utc("2026-07-28T00:00"))
    assert (answer.holding, answer.coming) == ((weekend, fair), (sale,))
    (whole,) = intervals(facts, SATURDAY, SATURDAY + HOUR)
    assert whole.each == (weekend, fair, sale)
    # One clock for all of them; the place whose clock ends one says its own hour beside it.
    assert why_words(answer, SATURDAY) == (
        "weekend, until Mon 27 Jul 11:00 (06:00 EDT) (holds longest); fair, until Sat 25 Jul 21:00; "
        "then sale, from Mon 27 Jul 10:00 to Tue 28 Jul 01:00"
    )


def test_what_freezes_alone_up_to_the_end_is_only_named() -> None:
    answer = verdict(FreezeFacts((weekly(LONDON),), home=LONDON), SATURDAY)
    assert why_words(answer, SATURDAY) == "weekend"
    assert holding_words(answer, SATURDAY) == ["weekend, until Mon 27 Jul 06:00"]


def test_what_comes_within_what_holds_already_does_not_make_it_longer() -> None:
    facts = FreezeFacts((weekly(LONDON),), (period("2026-07-26T08:00", "2026-07-26T20:00", "fair"),))
    answer = verdict(facts, SATURDAY)
    assert [reason.name for reason in answer.coming] == ["fair"]
    assert why_words(answer, SATURDAY) == "weekend"
    assert coming_words(answer, SATURDAY) == []
    # Until it begins it is said with the others of what freezes next.
    friday = utc("2026-07-24T12:00")
    assert [each.partition(",")[0] for each in coming_words(verdict(facts, friday), friday)] == ["weekend", "fair"]


def test_the_same_name_again_after_a_gap_is_another_reason() -> None:
    facts = FreezeFacts((weekly(LONDON),), (period("2026-07-25T00:00", "2026-08-01T00:00", "long"),))
    answer = verdict(facts, SATURDAY)
    assert [(reason.name, reason.end) for reason in (*answer.holding, *answer.coming)] == [
        ("long", utc("2026-08-01T00:00")),
        ("weekend", utc("2026-07-27T05:00")),
        ("weekend", utc("2026-08-03T05:00")),
    ]
    assert answer.later == ()


def test_nothing_is_said_of_what_comes_while_a_person_has_to_lift_it() -> None:
    locked = Period("lockdown", SATURDAY - HOUR, UNTIL_LIFTED, Origin.PERSON, frozenset())
    answer = verdict(FreezeFacts((weekly(LONDON),), (locked,)), SATURDAY)
    assert [reason.name for reason in answer.holding] == ["lockdown", "weekend"]
    assert answer.coming == ()
    assert holding_words(answer, SATURDAY)[0] == "lockdown, until it is lifted (holds longest)"


@given(
    hours=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), min_size=1, max_size=8),
    at=st.integers(0, 90),
)
def test_what_holds_is_what_a_look_at_each_period_says(hours: list[tuple[int, int]], at: int) -> None:
    periods = tuple(
        Period(f"p{n}", SATURDAY + first * HOUR, SATURDAY + (first + length) * HOUR, Origin.CONFIGURATION)
        for n, (first, length) in enumerate(hours)
    )
    now = SATURDAY + at * HOUR
    answer = verdict(FreezeFacts((ELSEWHEN,), periods), now)
    assert {(r.name, r.start, r.end) for r in answer.holding} == {
        (p.name, p.start, p.end) for p in periods if p.start <= now < p.end
    }
    assert [reason.end for reason in answer.holding] == sorted((r.end for r in answer.holding), reverse=True)
    if answer.frozen:
        assert answer.until is not None
        assert answer.until == max(r.end for r in (*answer.holding, *answer.coming) if r.name != "elsewhen")
