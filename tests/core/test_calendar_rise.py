"""What a reading that is not taken would make of the level: never less than a level that it would bring, nor more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.weddings import DAY, HOUR, Booked
from tests.examples import examples
from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.calendar_rise import Minutes, Rise, rise
from wedtui.core.load import Steps, sweep, weight_of
from wedtui.core.protection import protection
from wedtui.core.season import Protection
from wedtui.core.wedding import UNITS

NOW = datetime(2026, 7, 22, 12, tzinfo=UTC)
UNTIL = NOW + 14 * DAY


def of(*weddings: tuple[float, float, int]) -> Steps:
    """Make the load of weddings: hours from now, hours that each lasts, standard weddings."""
    rows = [
        Booked(f"w{n}", NOW + start * HOUR, NOW + (start + lasts) * HOUR, load * UNITS).row
        for n, (start, lasts, load) in enumerate(weddings)
    ]
    return sweep(rows)[0]


@pytest.mark.parametrize(
    ("without", "with_it", "level", "start", "end"),
    [
        (of(), of((24, 6, 8)), Protection.HIGH, 20, 30),
        (of(), of((24, 6, 25)), Protection.MAXIMUM, 20, 30),
        (of((24, 6, 8)), of((24, 6, 25)), Protection.MAXIMUM, 20, 30),
        (of((24, 6, 25)), of((24, 8, 25)), Protection.MAXIMUM, 30, 32),
        (of((24, 6, 25)), of((23, 7, 25)), Protection.MAXIMUM, 19, 20),
        (of(), of((-2, 5, 8)), Protection.HIGH, 0, 3),
        (of(), of((24, 2, 8), (29, 2, 8)), Protection.HIGH, 20, 31),
        # The highest, though another comes first.
        (of(), of((24, 2, 8), (72, 2, 25)), Protection.MAXIMUM, 68, 74),
    ],
)
def test_a_level_that_a_reading_would_bring_is_said_with_its_hours(
    without: Steps, with_it: Steps, level: Protection, start: float, end: float
) -> None:
    assert rise(without, with_it, NOW, UNTIL) == Rise(level, NOW + start * HOUR, NOW + end * HOUR)


@pytest.mark.parametrize(
    ("without", "with_it"),
    [
        (of(), of((24, 6, 7))),
        (of((24, 6, 25)), of((24, 6, 40))),
        (of((24, 6, 25)), of((25, 5, 25))),
        (of(), of((-6, 5, 25))),
        (of((24, 6, 8)), of()),
    ],
)
def test_a_reading_that_brings_no_higher_level_is_not_said_to(without: Steps, with_it: Steps) -> None:
    assert rise(without, with_it, NOW, UNTIL) is None


def test_its_words_name_the_day_on_which_it_ends_where_that_is_another() -> None:
    assert Rise(Protection.HIGH, NOW, NOW + 2 * HOUR).words == (
        "with it the level would be HIGH from 2026-07-22 12:00 to 14:00 UTC, by the calendar"
    )
    assert "from 2026-07-22 12:00 to 2026-07-23 12:00 UTC" in Rise(Protection.HIGH, NOW, NOW + DAY).words


_LOADS = st.lists(st.tuples(st.integers(-10, 100), st.integers(1, 12), st.sampled_from([4, 8, 20, 25])), max_size=4)


@given(_LOADS, _LOADS)
@examples(60)
def test_it_says_what_the_one_evaluator_says(
    before: list[tuple[float, float, int]], after: list[tuple[float, float, int]]
) -> None:
    """As protection does, hour by hour, with the one calendar and with the other."""
    sources = (SourceFacts("main", "csv", read_at=NOW, max_age=timedelta(days=400)),)
    without, with_it = of(*before), of(*after)
    found = rise(without, with_it, NOW, UNTIL)
    higher = []
    for hours in range(120):
        at = NOW + hours * HOUR
        levels = [protection(CalendarFacts(sources, steps), (), (), at).level for steps in (without, with_it)]
        if levels[1].rank > levels[0].rank:
            higher.append((levels[1], at))
    if found is None:
        assert not higher
    else:
        assert found.level is max((level for level, _ in higher), key=lambda level: level.rank)
        assert found.start == min(at for level, at in higher if level is found.level)


_MINUTE = 60_000_000


@given(st.lists(st.tuples(st.integers(-5, 30), st.integers(1, 20), st.integers(1, 50)), max_size=8))
@examples(60)
def test_what_is_added_up_by_the_minute_is_what_a_sweep_says(weddings: list[tuple[int, int, int]]) -> None:
    since, until = 0, 40 * _MINUTE
    swept, _ = sweep(
        ("", f"w{n}", start * _MINUTE, (start + lasts) * _MINUTE, weight_of(load))
        for n, (start, lasts, load) in enumerate(weddings)
    )
    for touched in (False, True):
        minutes = Minutes(since, until, touched=touched)
        for start, lasts, load in weddings:
            minutes.add(start * _MINUTE, (start + lasts) * _MINUTE, load)
        steps = minutes.steps()
        for minute in range(40):
            at = datetime(1970, 1, 1, 0, minute, tzinfo=UTC)
            assert steps.at(at).load == swept.at(at).load


def test_a_part_of_a_minute_counts_as_a_whole_one_only_where_it_is_touched() -> None:
    at = [datetime(1970, 1, 1, 0, minute, tzinfo=UTC) for minute in range(5)]
    for touched, expected in ((True, [0, 7, 7, 7, 0]), (False, [0, 0, 7, 0, 0])):
        minutes = Minutes(0, 5 * _MINUTE, touched=touched)
        minutes.add(_MINUTE + 1, 3 * _MINUTE + 1, 7)
        assert [minutes.steps().at(each).load for each in at] == expected
    minutes = Minutes(0, 5 * _MINUTE, touched=False)
    minutes.add(_MINUTE + 1, 2 * _MINUTE - 1, 7)
    minutes.add(6 * _MINUTE, 7 * _MINUTE, 7)
    minutes.add(-2 * _MINUTE, -_MINUTE, 7)
    assert not minutes.steps().instants
