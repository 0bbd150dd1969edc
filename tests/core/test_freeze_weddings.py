"""What the calendar of weddings freezes: the hours around many guests, and weekends where its venues are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.weddings import (
    BEGINNINGS,
    DAY,
    GRID,
    HOUR,
    ZONES,
    Booked,
    around,
    bookings,
    calendar_of,
    grid,
    live,
    on_grid,
    read,
)
from tests.examples import examples
from wedtui.cli.render import freeze_json, freeze_sentence
from wedtui.core.calendar import CalendarFacts, SourceFacts, horizon
from wedtui.core.freeze import (
    LONGEST_WINDOW,
    FreezeFacts,
    Interval,
    Origin,
    Period,
    Scope,
    WallTime,
    WeeklyWindow,
    intervals,
    verdict,
)
from wedtui.core.freeze_weddings import takes_part, wedding_spans
from wedtui.core.freeze_windows import FIRST, LAST, mondays, occurrence
from wedtui.core.wedding import UNITS

LONDON, TOKYO, HONOLULU, AUCKLAND = "Europe/London", "Asia/Tokyo", "Pacific/Honolulu", "Pacific/Auckland"
WEDNESDAY = datetime(2026, 6, 17, 12, tzinfo=UTC)
SATURDAY = datetime(2026, 6, 20, 12, tzinfo=UTC)
WEEKEND = WeeklyWindow("weekend", WallTime(4, time(18)), WallTime(0, time(6)), (LONDON,))
QUARTER = HOUR / 4
BY_HAND = (
    'the weddings in source "platform" were imported by hand and count as fresh until Thu 2026-06-18 12:00 UTC: '
    "unless they are imported again by then, production is frozen from then on"
)
STAGING, GALLERY = Scope("staging"), Scope(service="gallery")
SECOND = timedelta(seconds=1)


def facts_of(
    *booked: Booked,
    window: WeeklyWindow = WEEKEND,
    sources: tuple[SourceFacts, ...] = (read(WEDNESDAY, interval=QUARTER),),
) -> FreezeFacts:
    return FreezeFacts((window,), calendar=calendar_of(booked, *sources))


def ask(facts: FreezeFacts, start: datetime, end: datetime) -> tuple[Interval, ...]:
    return intervals(facts, start, end, known_at=WEDNESDAY)


@pytest.mark.parametrize(
    ("end", "interval", "runs_out"),
    [
        (WEDNESDAY + 23 * HOUR, None, ()),
        (WEDNESDAY + 24 * HOUR, None, (BY_HAND,)),
        (WEDNESDAY + 40 * HOUR, None, (BY_HAND,)),
        (WEDNESDAY + 40 * HOUR, QUARTER, ()),
    ],
)
def test_an_end_that_is_promised_says_that_what_was_imported_runs_out_before(
    end: datetime, interval: timedelta | None, runs_out: tuple[str, ...]
) -> None:
    audit = Period("audit", WEDNESDAY - HOUR, end, Origin.CONFIGURATION)
    facts = replace(facts_of(sources=(read(WEDNESDAY, interval=interval),)), periods=(audit,))
    found = verdict(facts, WEDNESDAY)
    assert (found.until, found.runs_out, found.lasts_longer) == (end, runs_out, bool(runs_out))
    assert freeze_sentence(found) == "; ".join(
        (f"FROZEN {'at least ' if runs_out else ''}until {end:%a %Y-%m-%d %H:%M} UTC: audit", *runs_out)
    )
    assert freeze_json(found)["runs_out"] == list(runs_out)
    assert verdict(facts, WEDNESDAY, STAGING).runs_out == ()


def test_the_next_freeze_begins_when_what_was_imported_runs_out_where_that_is_before() -> None:
    runs_out = WEDNESDAY + DAY
    facts = facts_of(sources=(read(WEDNESDAY),))
    everywhere = replace(facts, windows=(replace(WEEKEND, environments=frozenset()),))
    for asked, scope in ((facts, Scope()), (facts, GALLERY), (everywhere, STAGING)):
        found = verdict(asked, WEDNESDAY, scope)
        assert (found.frozen, found.next_start, found.next_reasons) == (False, runs_out, (BY_HAND,))
        assert (found.runs_out, found.runs_out_besides) == ((BY_HAND,), ())
    assert freeze_sentence(found) == f"open until {runs_out:%a %Y-%m-%d %H:%M} UTC, then frozen: {BY_HAND}"
    assert freeze_json(found)["runs_out"] == [BY_HAND]
    by_itself = verdict(facts_of(sources=(read(WEDNESDAY, interval=QUARTER),)), WEDNESDAY)
    assert (by_itself.next_reasons, by_itself.runs_out) == (("weekend",), ())
    audit = Period("audit", runs_out, runs_out + HOUR, Origin.CONFIGURATION)
    both = verdict(replace(facts, periods=(audit,)), WEDNESDAY)
    assert (both.next_start, both.next_reasons) == (runs_out, ("audit", BY_HAND))
    sooner = verdict(replace(facts, periods=(replace(audit, start=runs_out - SECOND),)), WEDNESDAY)
    assert (sooner.next_start, sooner.next_reasons, sooner.runs_out) == (runs_out - SECOND, ("audit",), ())
    # Where no weddings count, none run out.
    assert verdict(facts, WEDNESDAY, STAGING).next_start is None
    # Where nothing is promised, nothing is taken back.
    assert verdict(facts_of(sources=(read(None), read(WEDNESDAY, name="crm"))), WEDNESDAY).runs_out == ()


def test_what_will_have_run_out_by_then_freezes_a_time_that_is_asked_about() -> None:
    facts, ends = facts_of(sources=(read(WEDNESDAY),)), WEDNESDAY + DAY
    before = verdict(facts, ends - SECOND, known_at=WEDNESDAY)
    assert (before.frozen, before.runs_out) == (False, (BY_HAND,))
    found = verdict(facts, ends, known_at=WEDNESDAY)
    assert (found.frozen, found.until, found.unreadable, found.runs_out) == (True, None, (BY_HAND,), ())
    # When it comes to that, it is what was said.
    assert verdict(facts, ends).frozen
    assert not verdict(facts_of(sources=(read(WEDNESDAY, interval=QUARTER),)), ends, known_at=WEDNESDAY).frozen
    assert not verdict(facts, WEDNESDAY - HOUR, known_at=WEDNESDAY).frozen


def test_what_an_end_comes_from_is_told_from_what_ends_before() -> None:
    audit = Period("audit", WEDNESDAY - HOUR, SATURDAY, Origin.CONFIGURATION)
    short = Period("short", WEDNESDAY - HOUR, WEDNESDAY + HOUR, Origin.CONFIGURATION)
    found = verdict(replace(facts_of(), periods=(audit, short)), WEDNESDAY)
    assert (found.reasons, found.later, found.ended_by) == (("audit", "short", "weekend"), ("weekend",), ("weekend",))
    alone = verdict(replace(facts_of(), periods=(short, replace(audit, end=WEDNESDAY + 2 * HOUR))), WEDNESDAY)
    assert (alone.reasons, alone.ended_by) == (("audit", "short"), ("audit",))


def test_a_weekday_is_frozen_two_hours_around_a_load_of_twenty_five() -> None:
    facts = facts_of(Booked("a", WEDNESDAY, WEDNESDAY + 6 * HOUR, 25 * UNITS, TOKYO))
    reason = "weddings: load 25 at 2026-06-17 12:00 UTC"
    assert ask(facts, WEDNESDAY, WEDNESDAY + HOUR) == (Interval(WEDNESDAY - 2 * HOUR, WEDNESDAY + 8 * HOUR, (reason,)),)
    found = verdict(facts, WEDNESDAY)
    assert (found.frozen, found.until, found.zone, found.reasons) == (True, WEDNESDAY + 8 * HOUR, TOKYO, (reason,))
    assert not verdict(facts, WEDNESDAY - 2 * HOUR - SECOND, known_at=WEDNESDAY).frozen
    assert not verdict(facts, WEDNESDAY + 8 * HOUR).frozen


def test_less_than_twenty_five_freezes_no_weekday() -> None:
    facts = facts_of(Booked("a", WEDNESDAY, WEDNESDAY + 6 * HOUR, 25 * UNITS - 1))
    assert ask(facts, WEDNESDAY - DAY, WEDNESDAY + DAY) == ()


@pytest.mark.parametrize(
    ("begins", "hours", "part"),
    [(0, 1, True), (-3, 4, True), (-3, 3, False), (-2, 1, False), (1, 2, False), (-9, 12, True)],
)
def test_who_is_married_beside_a_time_of_high_load_does_not_freeze_it(begins: int, hours: int, part: bool) -> None:
    """An hour of load 25, with two hours frozen before and after it."""
    calendar = calendar_of([Booked("a", WEDNESDAY, WEDNESDAY + HOUR, 25 * UNITS)])
    (span,) = wedding_spans(calendar, WEDNESDAY, WEDNESDAY + HOUR)
    start = WEDNESDAY + begins * HOUR
    assert takes_part(calendar, span, start, start + hours * HOUR) is part


def test_loads_whose_freezes_touch_are_one_with_one_peak() -> None:
    facts = facts_of(
        Booked("a", WEDNESDAY, WEDNESDAY + HOUR, 25 * UNITS),
        Booked("b", WEDNESDAY + 5 * HOUR, WEDNESDAY + 6 * HOUR, 31 * UNITS),
        Booked("c", WEDNESDAY + 10 * HOUR + SECOND, WEDNESDAY + 11 * HOUR, 26 * UNITS),
    )
    first, second = ask(facts, WEDNESDAY, WEDNESDAY + DAY)
    assert (first.start, first.end) == (WEDNESDAY - 2 * HOUR, WEDNESDAY + 8 * HOUR)
    assert first.reasons == ("weddings: load 31 at 2026-06-17 17:00 UTC",)
    assert second.start == WEDNESDAY + 8 * HOUR + SECOND


@pytest.mark.parametrize(("scope", "frozen"), [(Scope(), True), (GALLERY, True), (STAGING, False)])
def test_weddings_freeze_all_of_production_and_nothing_else(scope: Scope, frozen: bool) -> None:
    facts = facts_of(Booked("a", WEDNESDAY, WEDNESDAY + HOUR, 25 * UNITS))
    assert verdict(facts, WEDNESDAY, scope).frozen is frozen


def test_a_weekend_counts_where_its_weddings_are() -> None:
    """London alone: Friday 17:00 to Monday 05:00 UTC. Honolulu's Monday 06:00 is 16:00 UTC."""
    facts = facts_of(Booked("a", SATURDAY, SATURDAY + HOUR, UNITS, HONOLULU))
    (found,) = ask(facts, SATURDAY, SATURDAY + HOUR)
    assert (found.start, found.end) == (datetime(2026, 6, 19, 17, tzinfo=UTC), datetime(2026, 6, 22, 16, tzinfo=UTC))
    assert found.reasons == ("weekend", f"weekend (weddings in {HONOLULU})")
    (next_week,) = ask(facts, SATURDAY + 7 * DAY, SATURDAY + 7 * DAY + HOUR)
    assert next_week.end == datetime(2026, 6, 29, 5, tzinfo=UTC)
    assert next_week.reasons == ("weekend",)
    assert verdict(facts, SATURDAY, known_at=WEDNESDAY).zone == HONOLULU


def test_a_wedding_of_the_week_does_not_move_its_zones_weekend() -> None:
    facts = facts_of(Booked("a", WEDNESDAY, WEDNESDAY + HOUR, UNITS, HONOLULU))
    assert [i.reasons for i in ask(facts, SATURDAY, SATURDAY + HOUR)] == [("weekend",)]


def test_a_wedding_that_ends_as_the_weekend_begins_does_not_count() -> None:
    opens = datetime(2026, 6, 20, 4, tzinfo=UTC)  # Friday 18:00 in Honolulu
    for end, count in ((opens, 1), (opens + GRID, 2)):
        facts = facts_of(Booked("a", opens - HOUR, end, 0, HONOLULU))
        assert len(ask(facts, SATURDAY, SATURDAY + HOUR)[0].reasons) == count


def test_a_span_comes_also_where_only_the_hours_around_it_touch() -> None:
    calendar = calendar_of([Booked("a", WEDNESDAY, WEDNESDAY + HOUR, 25 * UNITS)])
    for start in (WEDNESDAY - 3 * HOUR, WEDNESDAY + 2 * HOUR):
        assert len(list(wedding_spans(calendar, start, start + HOUR))) == 1
        assert not list(wedding_spans(calendar, start - 9 * HOUR, start - 8 * HOUR))


def test_only_zones_that_make_the_weekend_longer_are_named() -> None:
    zones = (HONOLULU, "America/New_York", "Europe/Paris", TOKYO, AUCKLAND)
    booked = [Booked(zone, SATURDAY, SATURDAY + HOUR, UNITS, zone) for zone in zones]
    (found,) = ask(facts_of(*booked), SATURDAY, SATURDAY + HOUR)
    assert (found.start, found.end) == (datetime(2026, 6, 19, 6, tzinfo=UTC), datetime(2026, 6, 22, 16, tzinfo=UTC))
    assert found.reasons == ("weekend", f"weekend (weddings in {AUCKLAND})", f"weekend (weddings in {HONOLULU})")


def test_a_window_for_every_zone_needs_no_venue() -> None:
    booked = Booked("a", SATURDAY, SATURDAY + HOUR, UNITS, HONOLULU)
    everywhere = WeeklyWindow("weekend", WallTime(4, time(18)), WallTime(0, time(6)))
    assert [i.reasons for i in ask(facts_of(booked, window=everywhere), SATURDAY, SATURDAY + HOUR)] == [("weekend",)]


def test_months_hold_for_venues_too() -> None:
    booked = Booked("a", SATURDAY, SATURDAY + HOUR, UNITS, HONOLULU)
    winter = WeeklyWindow("weekend", WallTime(4, time(18)), WallTime(0, time(6)), (LONDON,), frozenset({1}))
    assert ask(facts_of(booked, window=winter), SATURDAY, SATURDAY + HOUR) == ()


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (read(None), 'the wedding source "platform" has never been read, which means frozen; repair it'),
        (
            SourceFacts("platform", "csv", read_at=WEDNESDAY - 30 * HOUR, problem="HTTP 503"),
            'the wedding source "platform" was last read 1 d 6 h ago (HTTP 503), which means frozen; repair it',
        ),
        (
            SourceFacts("platform", "csv", read_at=WEDNESDAY - 30 * HOUR, questioned=True),
            'the wedding source "platform" was last read 1 d 6 h ago, which means frozen; '
            "`wedtui weddings sources` says which; repair the source, or if it is right "
            "`wedtui weddings accept platform`",
        ),
        (
            read(WEDNESDAY + 30 * HOUR),
            'the wedding source "platform" was last read in the future, which means frozen; check the clock',
        ),
    ],
)
def test_a_calendar_that_is_not_fresh_means_frozen(source: SourceFacts, sentence: str) -> None:
    facts = facts_of(sources=(source, read(WEDNESDAY, name="crm")))
    found = verdict(facts, WEDNESDAY)
    assert (found.frozen, found.until, found.unreadable) == (True, None, (sentence,))
    assert not verdict(facts, WEDNESDAY, STAGING).frozen


def test_where_a_window_may_want_its_zones_an_unknown_calendar_freezes_too() -> None:
    staging = WeeklyWindow(
        "night", WallTime(0, time(22)), WallTime(1, time(2)), (LONDON,), environments=frozenset({"staging"})
    )
    assert verdict(facts_of(window=staging, sources=(read(None),)), WEDNESDAY, STAGING).frozen


def test_without_any_source_nothing_is_unreadable() -> None:
    assert not verdict(facts_of(sources=()), WEDNESDAY).frozen


def test_a_calendar_that_cannot_be_read_means_frozen_without_any_source() -> None:
    found = verdict(replace(facts_of(sources=()), calendar=CalendarFacts(problem="the disk is gone")), WEDNESDAY)
    said = "the calendar of weddings cannot be read (the disk is gone), which means frozen"
    assert (found.frozen, found.until, found.unreadable) == (True, None, (said,))


def test_a_venue_whose_zone_is_not_known_means_frozen() -> None:
    found = verdict(facts_of(Booked("a", SATURDAY, SATURDAY + HOUR, 25 * UNITS, "Mars/Olympus")), WEDNESDAY)
    assert found.frozen
    assert '"Mars/Olympus"' in found.unreadable[0]


def test_a_window_with_a_zone_that_is_not_known_is_said_once() -> None:
    mars = WeeklyWindow("weekend", WallTime(4, time(18)), WallTime(0, time(6)), ("Mars/Olympus",))
    found = verdict(
        facts_of(Booked("a", SATURDAY, SATURDAY + HOUR, UNITS, TOKYO), window=mars), SATURDAY, known_at=WEDNESDAY
    )
    assert len(found.unreadable) == 1


def test_a_last_known_calendar_still_freezes() -> None:
    stale = facts_of(Booked("a", SATURDAY, SATURDAY + HOUR, 30 * UNITS, HONOLULU), sources=(read(None),))
    assert len(verdict(stale, SATURDAY).reasons) == 4


windows = st.builds(
    WeeklyWindow,
    st.sampled_from(("weekend", "night")),
    st.builds(WallTime, st.sampled_from((3, 4, 5)), st.sampled_from((time(18), time(0), time(1, 30)))),
    st.builds(WallTime, st.sampled_from((6, 0)), st.sampled_from((time(6), time(0), time(2, 5)))),
    st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True).map(tuple),
)


@examples(60)
@given(st.sampled_from(BEGINNINGS), st.data())
def test_freezes_are_what_looking_at_every_instant_finds(begins: datetime, data: st.DataObject) -> None:
    booked = data.draw(bookings(begins, days=6))
    given_windows = tuple(data.draw(st.lists(windows, min_size=1, max_size=2)))
    facts = FreezeFacts(given_windows, calendar=calendar_of(booked, read(begins, interval=QUARTER)))
    start, end = begins - DAY, begins + 6 * DAY
    high = [at for at in grid(start - DAY, end + DAY) if live(booked, at).load >= 25 * UNITS]
    by_load = {at for instant in high for at in grid(instant - 2 * HOUR, instant + 2 * HOUR)}
    spans = [s for w in given_windows for z in w.zones for m in mondays(start, end) if (s := occurrence(w, z, m))]
    for window in given_windows:
        for monday in mondays(start, end):
            for zone in {b.zone for b in booked}:
                span = occurrence(window, zone, monday)
                if span and any(b.zone == zone and b.start < span.end and span.start < b.end for b in booked):
                    spans.append(span)
    expected: list[list[datetime]] = []
    for at in grid(start, end):
        if at in by_load or any(span.start <= at < span.end for span in spans):
            if expected and expected[-1][1] == at:
                expected[-1][1] = at + GRID
            else:
                expected.append([at, at + GRID])
    found = intervals(facts, start, end + GRID, known_at=begins)
    assert [[max(i.start, start), min(i.end, end + GRID)] for i in found] == expected
    for interval in found:
        assert all(reason for reason in interval.reasons)
        at = data.draw(st.sampled_from([interval.start, interval.end - SECOND]))
        answer = verdict(facts, at, known_at=begins)
        assert (answer.since, answer.until) == (interval.start, interval.end)
        assert answer.reasons
        assert set(answer.reasons) <= set(interval.reasons)


@given(st.sampled_from(BEGINNINGS), st.data())
def test_no_freeze_that_is_known_to_come_is_before_the_next_one(begins: datetime, data: st.DataObject) -> None:
    at = begins + data.draw(on_grid(7 * DAY))
    intervals_of = {"platform": None, "crm": data.draw(st.sampled_from((None, QUARTER)))}
    sources = tuple(
        read(at, name=name, max_age=data.draw(on_grid(4 * DAY, GRID)), interval=interval)
        for name, interval in intervals_of.items()
    )
    booked, whole = data.draw(bookings(begins, days=40, most=4)), data.draw(st.booleans())
    calendar = calendar_of(booked, *sources) if whole else around(booked, *horizon(at, at), *sources)
    begin = at + data.draw(on_grid(5 * DAY, -HOUR))
    environments = data.draw(st.sampled_from((frozenset[str](), frozenset({"production"}))))
    window = replace(WEEKEND, environments=environments)
    facts = FreezeFacts((window,), (Period("audit", begin, begin + HOUR, Origin.PERSON),), calendar=calendar)
    scope = data.draw(st.sampled_from((Scope(), STAGING, GALLERY)))
    found = verdict(facts, at, scope)
    if found.frozen:
        return
    turns = [each.stale_from for each in sources if each.stale_from is not None]
    later = data.draw(st.lists(st.sampled_from([*turns, begin, begin + HOUR]) | on_grid(5 * DAY).map(at.__add__)))
    promised = found.next_start or found.known_to or LAST
    for instant in (each for each in {*later, *turns, begin} if at < each < promised):
        assert not verdict(facts, instant, scope, known_at=at).frozen
    if found.next_start is not None:
        there = verdict(facts, found.next_start, scope, known_at=at)
        assert (there.frozen, there.reasons) == (True, found.next_reasons)


@given(st.sampled_from(BEGINNINGS), st.data())
def test_weddings_never_open_what_is_frozen(begins: datetime, data: st.DataObject) -> None:
    booked, more = data.draw(bookings(begins)), data.draw(bookings(begins))
    at = begins + data.draw(st.integers(-288, 1500)) * GRID
    period = Period("a", begins, begins + DAY, Origin.PERSON)

    def frozen(calendar: CalendarFacts) -> bool:
        return verdict(FreezeFacts((WEEKEND,), (period,), calendar=calendar), at, known_at=begins).frozen

    if frozen(calendar_of(booked, read(begins, interval=QUARTER))):
        assert frozen(calendar_of([*booked, *more], read(begins, interval=QUARTER)))
        assert frozen(calendar_of(booked, read(None)))


@examples(60)
@given(st.sampled_from(BEGINNINGS), st.data())
def test_a_calendar_around_the_time_asked_about_freezes_as_the_whole_one_does(
    begins: datetime, data: st.DataObject
) -> None:
    booked = data.draw(bookings(begins, days=45, most=12))
    at = begins + data.draw(on_grid(30 * DAY))
    until = at + data.draw(on_grid(5 * DAY, GRID))
    window = WeeklyWindow("w", WallTime(4, time(18)), WallTime(data.draw(st.sampled_from((0, 3))), time(6)), ZONES[:1])
    whole = FreezeFacts((window,), calendar=calendar_of(booked, read(at, interval=QUARTER)))
    part = FreezeFacts((window,), calendar=around(booked, *horizon(at, until), read(at, interval=QUARTER)))
    found, expected = verdict(part, at), verdict(whole, at)
    assert (found.frozen, found.since, found.reasons) == (expected.frozen, expected.since, expected.reasons)
    if found.known_to is None:
        assert found == expected
    else:
        assert max(expected.until or LAST, expected.next_start or FIRST) >= found.known_to
    assert intervals(part, at, until) == intervals(whole, at, until)


def test_it_is_said_where_later_weddings_may_freeze_more() -> None:
    """One begins in every fourth week; those beyond the time that was read are not looked at."""
    window = WeeklyWindow("w", WallTime(4, time(18)), WallTime(0, time(6)), ("Europe/London",), frozenset({1}))
    start = datetime(2026, 6, 3, 12, tzinfo=UTC)
    booked = [Booked(f"r{n}", start + 28 * n * DAY, start + 28 * n * DAY + HOUR, 25 * UNITS) for n in range(1, 9)]
    at = start - 4 * DAY
    facts = FreezeFacts((window,), calendar=around(booked, *horizon(at, at), read(at, interval=QUARTER)))
    found = verdict(facts, at)
    assert (found.frozen, found.known_to) == (False, start + 28 * DAY - LONGEST_WINDOW)
    assert freeze_sentence(found) == "open at least until Tue 2026-06-23 12:00 UTC; later weddings are not looked at"


def test_the_end_of_a_stretch_is_not_known_beyond_the_weddings_looked_at() -> None:
    begins = datetime(2026, 6, 2, 12, tzinfo=UTC)
    period = Period("moratorium", begins - DAY, begins + 27 * DAY, Origin.PERSON, frozenset({"staging"}))
    later = Booked("r", begins + 30 * DAY, begins + 30 * DAY + HOUR, UNITS)

    def known(booked: list[Booked]) -> bool:
        calendar = around(booked, *horizon(begins, begins), read(begins, interval=QUARTER))
        [found] = intervals(FreezeFacts(periods=(period,), calendar=calendar), begins, begins + HOUR, STAGING)
        return found.is_end_known

    assert known([])
    assert not known([later])


LEFT = (
    ({"questioned": True, "problem": "it lost half"}, "is in question"),
    ({"problem": "answered with status 404"}, "was not read well the last time"),
    ({"dropped_at": WEDNESDAY}, "is no longer configured"),
    ({"attempted_at": WEDNESDAY - 2 * HOUR}, "is not read again in time"),
    ({"interval": 2 * DAY}, "is not read again in time"),
)


@pytest.mark.parametrize(("changed", "why"), LEFT)
def test_what_does_not_stay_fresh_by_itself_freezes_when_it_runs_out(changed: dict[str, Any], why: str) -> None:
    """As `protection` has it: of what fails or is in question nobody may suppose that it goes on being read."""
    well = read(WEDNESDAY, interval=QUARTER)
    open_window = replace(WEEKEND, start=WallTime(5, time(18)))
    assert verdict(facts_of(window=open_window, sources=(well,)), WEDNESDAY, known_at=WEDNESDAY).runs_out == ()
    facts = facts_of(window=open_window, sources=(replace(well, **changed),))
    sentence = (
        f'the wedding source "platform" {why}; its weddings count as fresh until Thu 2026-06-18 12:00 UTC: '
        "unless they are read well by then, production is frozen from then on"
    )
    found = verdict(facts, WEDNESDAY, known_at=WEDNESDAY)
    assert (found.frozen, found.next_start, found.next_reasons) == (False, WEDNESDAY + DAY, (sentence,))
    later = verdict(facts, WEDNESDAY + DAY, known_at=WEDNESDAY)
    assert (later.frozen, later.until, later.unreadable) == (True, None, (sentence,))
    assert ask(facts, WEDNESDAY, WEDNESDAY + 2 * DAY)[-1].start == WEDNESDAY + DAY


def test_the_calendar_of_freezes_ends_where_what_was_imported_is_no_longer_known() -> None:
    ends = WEDNESDAY + DAY
    facts = facts_of(sources=(read(WEDNESDAY, interval=None),))
    audit = Period("audit", WEDNESDAY + HOUR, WEDNESDAY + 2 * HOUR, Origin.CONFIGURATION)
    facts = replace(facts, periods=(audit,))
    first, last = ask(facts, WEDNESDAY, WEDNESDAY + 20 * DAY)
    assert (first.reasons, first.end, first.is_end_known) == (("audit",), WEDNESDAY + 2 * HOUR, True)
    assert (last.start, last.is_end_known) == (ends, False)
    assert last.end >= WEDNESDAY + 20 * DAY
    assert {BY_HAND, "weekend"} <= set(last.reasons)
    for at in (WEDNESDAY, first.end, ends, ends + 3 * DAY, WEDNESDAY + 19 * DAY):
        # The same as whoever asks for that instant is told.
        frozen = any(each.start <= at < each.end for each in (first, last))
        assert verdict(facts, at, known_at=WEDNESDAY).frozen is frozen
    # What is asked about before that, and what is read by itself, is as it was.
    assert [each.reasons for each in ask(facts, WEDNESDAY, ends)] == [("audit",)]
    by_itself = replace(facts, calendar=replace(facts.calendar, sources=(read(WEDNESDAY, interval=QUARTER),)))
    assert all(each.is_end_known for each in ask(by_itself, WEDNESDAY, WEDNESDAY + 20 * DAY))
