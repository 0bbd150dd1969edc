"""The load of weddings: the golden cases, and a sweep that says what looking at every instant would say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.weddings import (
    BEGINNINGS,
    DAY,
    GRID,
    HOUR,
    MINUTE,
    Booked,
    anywhen,
    bookings,
    grid,
    live,
    microseconds,
    swept,
    typical,
)
from tests.examples import examples
from wedtui.core.load import NO_STEPS, Live, Peak, Step, Steps, sweep
from wedtui.core.wedding import UNITS, load_of, rounded, standard, standard_number

SATURDAY = datetime(2026, 6, 20, 12, tzinfo=UTC)
BEGINS = BEGINNINGS[0]
bookings_here = bookings(BEGINS)


def test_typical_weddings_of_a_saturday_weigh_what_design_says() -> None:
    booked = [
        *typical("indian", 600, 10, SATURDAY),
        *typical("chinese", 350, 15, SATURDAY),
        *typical("nigerian", 400, 8, SATURDAY),
        *typical("british", 150, 20, SATURDAY),
    ]
    found = swept(booked).at(SATURDAY)
    assert found == Live(769 * UNITS // 10, 53)
    assert standard(found.load) == "76.9"


def test_fifty_large_indian_weddings_weigh_a_hundred() -> None:
    assert swept(typical("indian", 600, 50, SATURDAY)).at(SATURDAY) == Live(100 * UNITS, 50)


@pytest.mark.parametrize(
    ("culture", "guests", "load"),
    [
        ("british", 150, UNITS),
        ("british", 1, UNITS // 150),
        ("jewish", 250, 13 * UNITS // 10),
        ("greek", 100_000, 14 * UNITS * 100_000 // 3000),
        ("other", 150, UNITS),
        ("other", 100_000, 2 * UNITS),
        ("klingon", 75, UNITS // 2),
        ("indian", 0, 0),
    ],
)
def test_a_wedding_weighs_by_its_culture_and_its_guests(culture: str, guests: int, load: int) -> None:
    assert load_of(culture, guests) == load


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (0, "0"),
        (1, "<0.1"),
        (25 * UNITS, "25"),
        (25 * UNITS - 1, "24.9"),
        (8 * UNITS - 1, "7.9"),
        (24_960 * UNITS // 1000, "24.9"),
        (80 * UNITS // 3, "26.7"),
        (769 * UNITS // 10, "76.9"),
        (1_234_567 * UNITS, "1234567"),
    ],
)
def test_a_load_is_shown_as_the_nearest_that_reaches_no_level_before_it_does(load: int, words: str) -> None:
    assert standard(load) == words


@given(st.sampled_from((8 * UNITS, 25 * UNITS)), st.integers(-UNITS, UNITS), st.sampled_from((21, UNITS // 10, UNITS)))
def test_no_way_of_writing_a_load_moves_it_over_a_level(bound: int, beside: int, step: int) -> None:
    load = bound + beside
    shown = rounded(load, step) * step
    assert (shown >= bound) == (load >= bound)
    assert abs(shown - load) < step
    assert (standard_number(load) >= bound / UNITS) == (load >= bound)


@examples(50)
@given(anywhen(BEGINS))
def test_a_sweep_says_what_looking_at_every_minute_says(booked: list[Booked]) -> None:
    """Whatever the instants are at which weddings begin and end; and it has a step wherever something changes."""
    steps, zones = sweep(each.row for each in booked)
    for minute in range(-60, 3 * 1440):
        at = BEGINS + minute * MINUTE
        assert steps.at(at) == live(booked, at)
    for at in {each.start for each in booked} | {each.end for each in booked}:
        for near in (at - timedelta(microseconds=1), at, at + timedelta(microseconds=1)):
            assert steps.at(near) == live(booked, near)
            for zone, own in zones.items():
                assert own.at(near) == live([each for each in booked if each.zone == zone], near)


@given(bookings_here, st.integers(0, 1000), st.integers(0, 100))
def test_a_peak_is_the_highest_of_every_instant(booked: list[Booked], first: int, length: int) -> None:
    start = BEGINS + first * GRID
    end = start + length * GRID
    loads = {at: live(booked, at).load for at in grid(start, end)}
    highest = max(loads.values())
    assert swept(booked).peak(start, end) == Peak(highest, min(at for at, load in loads.items() if load == highest))


@given(bookings_here, st.sampled_from((1, 8 * UNITS, 25 * UNITS)), st.integers(0, 60))
def test_stretches_are_where_every_instant_is_high_enough(booked: list[Booked], threshold: int, apart: int) -> None:
    steps = swept(booked)
    end = BEGINS + 6 * DAY
    high = [at for at in grid(BEGINS, end) if live(booked, at).load >= threshold]
    expected: list[list[datetime]] = []
    for at in high:
        if expected and at - expected[-1][1] <= apart * GRID:
            expected[-1][1] = at + GRID
        else:
            expected.append([at, at + GRID])
    found = steps.stretches(threshold, BEGINS, end, apart=apart * GRID)
    assert [[s.start, s.end] for s in found] == expected
    for stretch in found:
        assert stretch.peak == steps.peak(stretch.start, stretch.end)
    for at in (BEGINS + n * 7 * HOUR for n in range(20)):
        reached = any(at <= instant <= at + 4 * HOUR for instant in high)
        assert steps.reaches(threshold, at, at + 4 * HOUR) is reached


@given(bookings_here, st.integers(0, 1000), st.integers(1, 100))
def test_a_time_is_busy_with_any_wedding_whatever_it_weighs(booked: list[Booked], first: int, length: int) -> None:
    start = BEGINS + first * GRID
    end = start + length * GRID
    assert swept(booked).is_busy(start, end) is any(b.start < end and b.end > start for b in booked)
    _, zones = sweep(b.row for b in booked)
    for zone, steps in zones.items():
        busy = any(b.start < end and b.end > start for b in booked if b.zone == zone)
        assert steps.is_busy(start, end) is busy
        steps.at(start)  # from now on it is added up
        assert steps.is_busy(start, end) is busy


@given(bookings_here, bookings_here, st.integers(0, 1500))
def test_a_load_is_the_sum_of_its_parts(one: list[Booked], other: list[Booked], number: int) -> None:
    other = [each._replace(reference=each.reference.upper()) for each in other]
    at = BEGINS + number * GRID
    parts, whole = (swept(one).at(at), swept(other).at(at)), swept([*one, *other]).at(at)
    assert whole == Live(parts[0].load + parts[1].load, parts[0].weddings + parts[1].weddings)


@given(bookings_here, bookings_here, st.integers(0, 1500))
def test_what_is_added_never_lowers_a_load(one: list[Booked], more: list[Booked], number: int) -> None:
    at = BEGINS + number * GRID
    before, after = swept(one).at(at), swept([*one, *more]).at(at)
    assert after.load >= before.load
    assert after.weddings >= before.weddings


def listed(steps: Steps) -> list[Step]:
    return list(steps.steps(BEGINS - HOUR, BEGINS + 6 * DAY))


@given(st.randoms(use_true_random=False), bookings_here)
def test_the_order_of_rows_does_not_matter(chance: object, booked: list[Booked]) -> None:
    steps = swept(booked)
    chance.shuffle(booked)  # type: ignore[attr-defined]
    assert listed(swept(booked)) == listed(steps)


@given(bookings_here)
def test_a_sweep_by_zone_says_what_a_sweep_of_each_zone_says(booked: list[Booked]) -> None:
    whole, zones = sweep(each.row for each in booked)
    expected = {zone: swept(each for each in booked if each.zone == zone) for zone in {b.zone for b in booked}}
    # The whole does not depend on how it is parted.
    alike = swept(each._replace(zone="everywhere") for each in booked)
    assert listed(whole) == listed(alike)
    assert {zone: listed(steps) for zone, steps in zones.items()} == {
        zone: listed(steps) for zone, steps in expected.items()
    }


@given(bookings_here, st.integers(0, 1500))
def test_a_change_of_load_is_what_it_is_more_than_just_before(booked: list[Booked], number: int) -> None:
    at = BEGINS + number * GRID
    before = live(booked, at - timedelta(microseconds=1)).load
    assert swept(booked).load_change(at) == live(booked, at).load - before
    _, zones = sweep(b.row for b in booked)
    for zone, steps in zones.items():
        there = [b for b in booked if b.zone == zone]
        change = live(there, at).load - live(there, at - timedelta(microseconds=1)).load
        # By what was not added up yet, again from memory, and added up.
        assert (steps.load_change(at), steps.load_change(at), steps.at(at) == live(there, at)) == (change, change, True)


def test_what_begins_and_ends_at_one_instant_changes_the_load_by_the_difference() -> None:
    (steps,) = sweep(
        [
            Booked("a", SATURDAY, SATURDAY + HOUR, 5 * UNITS).row,
            Booked("b", SATURDAY, SATURDAY + HOUR, 2 * UNITS).row,
            Booked("c", SATURDAY + HOUR, SATURDAY + 2 * HOUR, 3 * UNITS).row,
        ]
    )[1].values()
    changes = [steps.load_change(SATURDAY + n * HOUR) for n in range(4)]
    assert changes == [7 * UNITS, -4 * UNITS, -3 * UNITS, 0]


@pytest.mark.parametrize("loads", [(3, 5), (5, 3)])
def test_one_reference_in_two_sources_is_one_wedding_and_weighs_the_heavier(loads: tuple[int, int]) -> None:
    end = SATURDAY + HOUR
    assert swept([Booked("a", SATURDAY, end, load * UNITS) for load in loads]).at(SATURDAY) == Live(5 * UNITS, 1)


def test_one_reference_at_two_times_counts_twice_in_load_and_once_in_number() -> None:
    booked = [
        Booked("a", SATURDAY, SATURDAY + 2 * HOUR, UNITS),
        Booked("a", SATURDAY + HOUR, SATURDAY + 3 * HOUR, UNITS),
    ]
    steps = swept(booked)
    assert [steps.at(SATURDAY + n * HOUR) for n in range(4)] == [(UNITS, 1), (2 * UNITS, 1), (UNITS, 1), (0, 0)]


def test_weddings_that_change_places_make_no_step() -> None:
    booked = [Booked("a", SATURDAY, SATURDAY + HOUR, UNITS), Booked("b", SATURDAY + HOUR, SATURDAY + 2 * HOUR, UNITS)]
    assert list(swept(booked).instants) == [microseconds(SATURDAY), microseconds(SATURDAY + 2 * HOUR)]


def test_steps_begin_with_what_is_live_already() -> None:
    steps = swept([Booked("a", SATURDAY, SATURDAY + HOUR, UNITS)])
    listed = list(steps.steps(SATURDAY + HOUR / 2, SATURDAY + 2 * HOUR))
    assert listed == [(SATURDAY + HOUR / 2, UNITS, 1), (SATURDAY + HOUR, 0, 0)]


@given(bookings_here, st.integers(0, 1000), st.integers(0, 100))
def test_most_is_the_highest_number_of_every_instant(booked: list[Booked], first: int, length: int) -> None:
    start = BEGINS + first * GRID
    end = start + length * GRID
    assert swept(booked).most(start, end) == max(live(booked, at).weddings for at in grid(start, end))


def test_a_peak_counts_what_begins_as_its_time_ends() -> None:
    steps = swept([Booked("a", SATURDAY, SATURDAY + HOUR, UNITS)])
    assert steps.peak(SATURDAY - 4 * HOUR, SATURDAY) == Peak(UNITS, SATURDAY)
    assert steps.reaches(UNITS, SATURDAY - 4 * HOUR, SATURDAY)
    assert steps.peak(SATURDAY + HOUR, SATURDAY + 2 * HOUR).load == 0


def test_a_time_is_not_busy_with_what_begins_as_it_ends_or_ends_as_it_begins() -> None:
    steps = swept([Booked("a", SATURDAY, SATURDAY + HOUR, UNITS)])
    assert not steps.is_busy(SATURDAY - HOUR, SATURDAY)
    assert not steps.is_busy(SATURDAY + HOUR, SATURDAY + 2 * HOUR)
    assert steps.is_busy(SATURDAY - HOUR, SATURDAY + timedelta(seconds=1))


def test_no_wedding_is_no_load() -> None:
    assert NO_STEPS.at(SATURDAY) == Live(0, 0)
    assert NO_STEPS.peak(SATURDAY, SATURDAY + HOUR) == Peak(0, SATURDAY)
    assert NO_STEPS.stretches(1, SATURDAY, SATURDAY + HOUR) == ()
    assert not NO_STEPS.is_busy(SATURDAY, SATURDAY + HOUR)


@pytest.mark.parametrize("backwards", [False, True])
def test_whether_many_weddings_leave_a_time_free_is_what_looking_at_each_says(backwards: bool) -> None:
    # More than are looked at together; long ones hide those that begin after them, and some hours nobody uses.
    booked = [
        Booked(str(n), SATURDAY + n * HOUR, SATURDAY + n * HOUR + (40 * HOUR if n in {63, 130} else HOUR / 2), n % 7)
        for n in range(300)
        if n % 97 < 90
    ]
    _, zones = sweep(each.row for each in (booked[::-1] if backwards else booked))
    (steps,) = zones.values()
    for half in range(-4, 620):
        start = SATURDAY + half * HOUR / 2
        for end in (start + MINUTE, start + 3 * HOUR):
            assert steps.is_busy(start, end) == any(each.start < end and each.end > start for each in booked)
