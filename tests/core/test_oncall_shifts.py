"""Who has it when: hand-overs on the nights of clock changes, hours, overrides, holes and overlaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.oncall_made import daily, plan, shift, there, utc, weekly
from tests.examples import examples
from wedtui.core.freeze_windows import FIRST, LAST
from wedtui.core.oncall.roster import Hours, Layer, Roster, Shift
from wedtui.core.oncall.shifts import layer_shifts, on_call, roster_problems, stretch_at, stretches
from wedtui.core.oncall.standing import gap_words, gaps, on_call_now, roster_now

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_a_shift_is_half_open() -> None:
    hand_over = utc("2026-06-08 08:00")
    assert on_call(weekly(), hand_over - timedelta(microseconds=1)) == ("ada",)
    assert on_call(weekly(), hand_over) == ("grace",)
    assert on_call(weekly(), utc("2026-06-01 08:00")) == ("ada",)
    assert on_call(weekly(), utc("2026-06-01 07:59")) == ()


def test_each_participant_has_it_in_turn() -> None:
    found = stretches(weekly(), utc("2026-06-01 08:00"), utc("2026-06-29 08:00"))
    assert [each.contacts[0] for each in found] == ["ada", "grace", "ada", "grace"]
    assert {each.end - each.start for each in found} == {7 * DAY}


@pytest.mark.parametrize(
    ("zone", "at", "day", "hours"),
    [
        # The north: forward in March, back in October or November.
        ("Europe/London", "09:00", "2026-03-28", 23),
        ("Europe/London", "09:00", "2026-10-24", 25),
        ("Europe/London", "09:00", "2026-10-25", 24),
        ("America/New_York", "09:00", "2026-03-07", 23),
        ("America/New_York", "09:00", "2026-10-31", 25),
        # The south: forward in September or October, back in April.
        ("Australia/Sydney", "09:00", "2026-10-03", 23),
        ("Australia/Sydney", "09:00", "2026-04-04", 25),
        ("America/Santiago", "09:00", "2026-09-05", 23),
        ("America/Santiago", "09:00", "2026-04-04", 25),
        # Half an hour of it.
        ("Australia/Lord_Howe", "09:00", "2026-10-03", 23.5),
        ("Australia/Lord_Howe", "09:00", "2026-04-04", 24.5),
        # No such clock change.
        ("Asia/Kathmandu", "09:00", "2026-03-28", 24),
    ],
)
def test_a_shift_over_a_clock_change_is_longer_or_shorter(zone: str, at: str, day: str, hours: float) -> None:
    start = there(f"{day} {at}", zone)
    here = stretch_at(daily(zone, at), start)
    assert here.start == start
    assert here.end - here.start == hours * HOUR


@pytest.mark.parametrize(
    ("zone", "at", "night", "expected"),
    [
        # It does not exist: the first instant after the gap.
        ("Europe/London", "01:30", "2026-03-29", "2026-03-29 01:00"),
        ("America/New_York", "02:30", "2026-03-08", "2026-03-08 07:00"),
        ("Australia/Sydney", "02:30", "2026-10-04", "2026-10-03 16:00"),
        ("America/Santiago", "00:30", "2026-09-06", "2026-09-06 04:00"),
        # It is there twice: the first of the two.
        ("Europe/London", "01:30", "2026-10-25", "2026-10-25 00:30"),
        ("America/New_York", "01:30", "2026-11-01", "2026-11-01 05:30"),
        ("Australia/Sydney", "02:30", "2026-04-05", "2026-04-04 15:30"),
        ("America/Santiago", "23:30", "2026-04-04", "2026-04-05 02:30"),
    ],
)
def test_a_hand_over_in_the_night_of_a_clock_change_is_one_instant(
    zone: str, at: str, night: str, expected: str
) -> None:
    roster, instant = daily(zone, at), utc(expected)
    before, after = on_call(roster, instant - timedelta(seconds=1)), on_call(roster, instant)
    assert len(before) == len(after) == 1
    assert before != after
    # An hour later, when the clock may show the same again, it is not handed over anew.
    assert on_call(roster, instant + HOUR) == after
    assert not gaps(roster, instant - 2 * DAY, instant + 2 * DAY)


def test_hours_by_day_and_by_night_have_no_hole() -> None:
    day, night = Hours(time(8), time(20)), Hours(time(20), time(8))
    layer = Layer(("ada",), "Europe/London", date(2026, 1, 1), time(0), 1, hours=(day,))
    roster = Roster("sun", (layer, replace(layer, participants=("grace",), hours=(night,))))
    assert on_call(roster, there("2026-07-01 08:00", "Europe/London")) == ("ada",)
    assert on_call(roster, there("2026-07-01 19:59", "Europe/London")) == ("ada",)
    assert on_call(roster, there("2026-07-01 20:00", "Europe/London")) == ("grace",)
    assert on_call(roster, there("2026-07-02 03:00", "Europe/London")) == ("grace",)
    assert gaps(roster, utc("2026-02-01 00:00"), utc("2026-12-01 00:00")) == ()


def test_hours_of_some_days_leave_holes_that_are_said() -> None:
    hours = Hours(time(9), time(17), frozenset(range(5)))
    roster = Roster("office", (Layer(("ada",), "Europe/London", date(2026, 6, 1), time(0), 7, hours=(hours,)),))
    found = gaps(roster, utc("2026-06-05 12:00"), utc("2026-06-08 12:00"))
    assert [gap_words("office", each) for each in found] == [
        "nobody has office from 2026-06-05 16:00:00 UTC to 2026-06-08 08:00:00 UTC"
    ]


def test_an_hour_that_comes_twice_goes_to_both() -> None:
    """Hours are as long as the wall clock says at least, so at their meeting both have it rather than nobody."""
    layer = Layer(("ada",), "Europe/London", date(2026, 1, 1), time(12), 1, hours=(Hours(time(12), time(1, 30)),))
    other = replace(layer, participants=("grace",), hours=(Hours(time(1, 30), time(12)),))
    roster = Roster("sun", (layer, other))
    found = gaps(roster, utc("2026-10-24 12:00"), utc("2026-10-26 12:00"))
    assert [(each.contacts, each.start, each.end) for each in found] == [
        (("ada", "grace"), utc("2026-10-25 00:30"), utc("2026-10-25 01:30"))
    ]


def test_an_override_stands_in_for_everybody_else() -> None:
    roster = replace(weekly(), overrides=(shift("mute", "2026-06-02 18:00", "2026-06-03 06:00"),))
    found = stretches(roster, utc("2026-06-01 08:00"), utc("2026-06-08 08:00"))
    assert [(each.contacts, each.overridden) for each in found] == [
        (("ada",), False),
        (("mute",), True),
        (("ada",), False),
    ]
    assert (found[1].start, found[1].end) == (utc("2026-06-02 18:00"), utc("2026-06-03 06:00"))


def test_what_overlaps_goes_to_both_and_is_said() -> None:
    shifts = (
        shift("ada", "2026-06-01 00:00", "2026-06-02 00:00"),
        shift("grace", "2026-06-01 22:00", "2026-06-03 00:00"),
    )
    roster = Roster("primary", shifts=shifts)
    assert on_call(roster, utc("2026-06-01 23:00")) == ("ada", "grace")
    now = roster_now(plan(roster), roster, utc("2026-06-01 23:00"))
    assert now.told == ("ada", "grace")
    assert now.problem == "ada and grace have it at the same time, so each is told"
    assert now.until == utc("2026-06-02 00:00")
    assert now.next_contacts == ("grace",)


def test_nobody_has_it_before_the_first_and_after_the_last_hand_over() -> None:
    layer = Layer(("ada", "grace"), "Europe/London", date(2026, 6, 1), time(9), 7, until=date(2026, 6, 11))
    found = stretches(Roster("primary", (layer,)), utc("2026-05-31 00:00"), utc("2026-06-20 00:00"))
    assert [each.contacts for each in found] == [(), ("ada",), ("grace",), ()]
    assert found[2].end == utc("2026-06-11 08:00")


def test_what_goes_on_without_an_end_has_none() -> None:
    roster = daily("UTC", "09:00", "2026-01-01", "ada")
    now = roster_now(plan(roster), roster, utc("2026-06-01 12:00"))
    assert now.contacts == ("ada",)
    assert now.until is None
    assert now.next_contacts == ()


def test_who_stands_in_and_has_it_next_has_it_until_after_that() -> None:
    roster = replace(weekly(), overrides=(shift("grace", "2026-06-05 18:00", "2026-06-08 08:00"),))
    now = roster_now(plan(roster), roster, utc("2026-06-06 12:00"))
    assert (now.contacts, now.overridden) == (("grace",), True)
    assert now.until == utc("2026-06-15 08:00")
    assert now.next_contacts == ("ada",)


def test_a_zone_that_this_machine_does_not_know_is_said_and_leaves_a_hole() -> None:
    roster = Roster("primary", (Layer(("ada",), "Europe/Nowhere", date(2026, 6, 1), time(9)),))
    assert on_call(roster, utc("2026-06-02 12:00")) == ()
    assert roster_problems(roster) == ("this machine does not know the zone Europe/Nowhere of a layer",)
    (now,) = on_call_now(plan(roster), utc("2026-06-02 12:00"))
    assert "nobody has it, so every channel is told" in now.problem


@pytest.mark.parametrize("at", [FIRST, LAST, FIRST + DAY, LAST - DAY])
def test_the_ends_of_time_are_answered(at: datetime) -> None:
    roster = daily("Pacific/Kiritimati", "23:30", "2026-01-01")
    assert roster_now(plan(roster), roster, at).at == at


ZONES = ("UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia")
instants = st.timedeltas(timedelta(0), timedelta(days=730)).map(datetime(2026, 1, 1, tzinfo=UTC).__add__)
names = st.sampled_from(["ada", "grace", "mute"])
walls = st.times().map(lambda at: at.replace(second=0, microsecond=0))
hours = st.builds(Hours, walls, walls, st.frozensets(st.integers(0, 6), min_size=1))
layers = st.builds(
    Layer,
    st.lists(names, min_size=1, max_size=4).map(tuple),
    st.sampled_from(ZONES),
    st.dates(date(2025, 12, 1), date(2027, 6, 1)),
    walls,
    st.integers(1, 15),
    st.none(),
    st.lists(hours, max_size=2).map(tuple),
)
whole_layers = layers.map(lambda layer: replace(layer, hours=()))
shifts = st.builds(
    lambda name, start, length: Shift(name, start, start + length),
    names,
    instants,
    st.timedeltas(timedelta(minutes=1), timedelta(days=20)),
)
rosters = st.builds(
    Roster,
    st.just("primary"),
    st.lists(layers, max_size=2).map(tuple),
    st.lists(shifts, max_size=3).map(tuple),
    st.lists(shifts, max_size=2).map(tuple),
)


@given(rosters, instants, st.timedeltas(timedelta(minutes=1), timedelta(days=40)))
@examples(60)
def test_stretches_cover_every_instant_once_and_agree_with_each_question(
    roster: Roster, start: datetime, span: timedelta
) -> None:
    found = stretches(roster, start, start + span)
    assert found[0].start == start
    assert found[-1].end == start + span
    for first, second in pairwise(found):
        assert first.end == second.start
        assert (first.contacts, first.overridden) != (second.contacts, second.overridden)
    for each in found:
        assert on_call(roster, each.start) == each.contacts
        assert on_call(roster, each.start + (each.end - each.start) / 2) == each.contacts
        assert on_call(roster, each.end - timedelta(microseconds=1)) == each.contacts


@given(whole_layers, instants)
@examples(60)
def test_a_rotation_without_hours_has_neither_hole_nor_overlap_from_its_beginning_on(
    layer: Layer, start: datetime
) -> None:
    begins = datetime.combine(layer.since, layer.hand_over, ZoneInfo(layer.zone)).astimezone(UTC) + DAY
    first = max(start, begins)
    assert gaps(Roster("primary", (layer,)), first, first + timedelta(days=60)) == ()
    found = list(layer_shifts(layer, first, first + timedelta(days=60)))
    for one, other in pairwise(found):
        assert one.end == other.start
        assert abs(one.end - one.start - layer.days * DAY) <= DAY  # Apia once left a day out


@given(rosters, instants, st.sampled_from(["", "ada", "mute"]))
@examples(60)
def test_no_hole_makes_nobody(roster: Roster, at: datetime, default: str) -> None:
    from wedtui.core.oncall.ladder import EVERYBODY, Kind, Target

    made = plan(roster, default=default)
    for target in (
        EVERYBODY,
        Target(Kind.ROSTER, "primary"),
        Target(Kind.ROSTER, "gone"),
        Target(Kind.CONTACT, "mute"),
    ):
        reached = made.reach(target, at)
        assert reached.channels
        assert reached.contacts or reached.channels == made.channels
        assert all(set(made.of(name)) <= set(reached.channels) and made.of(name) for name in reached.contacts)
    named = on_call(roster, at)
    told = made.reach(Target(Kind.ROSTER, "primary"), at).contacts
    if any(made.of(name) for name in named):
        assert set(told) == {name for name in named if made.of(name)}
    elif default == "ada":
        assert told == ("ada",)
    else:
        assert told == ()
