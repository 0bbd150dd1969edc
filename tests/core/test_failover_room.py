"""What the next hours will ask for, by the weddings that are known to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.core import emergency
from tests.core.weddings import DAY, HOUR, MINUTE, calendar_of, read, typical
from wedtui.core.calendar import NO_CALENDAR
from wedtui.core.checks import Result
from wedtui.core.failover import plan
from wedtui.core.failover_facts import Facts, Measured
from wedtui.core.failover_room import STEP, Demand, known_for, peak_of, planned_peak, served_together
from wedtui.core.protection import protection

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
READ = NOW - 20 * MINUTE
DEMAND = Demand(per_wedding=30.0, base=400.0)


def planned(load: int = 10, *, at: datetime = NOW, begins: datetime = NOW + HOUR) -> Measured:
    calendar = calendar_of(typical("british", 150, load, begins), read(READ, max_age=2 * HOUR))
    return planned_peak(DEMAND, calendar, protection(calendar, (), ("Europe/London",), at))


@pytest.mark.parametrize(
    ("load", "begins", "requests"),
    [
        (10, NOW + HOUR, 700.0),
        (10, NOW - HOUR, 700.0),
        (10, NOW + 4 * HOUR, 700.0),
        (10, NOW + 4 * HOUR + MINUTE, 400.0),
        (0, NOW, 400.0),
    ],
)
def test_what_the_next_hours_ask_for(load: int, begins: datetime, requests: float) -> None:
    assert planned(load, begins=begins).value == requests


@pytest.mark.parametrize(
    ("later", "result"),
    [
        (timedelta(), Result.PASS),
        (100 * MINUTE, Result.PASS),
        (100 * MINUTE + timedelta(seconds=1), Result.UNKNOWN),
        (DAY, Result.UNKNOWN),
    ],
)
def test_a_planned_peak_is_as_good_as_the_calendar(later: timedelta, result: Result) -> None:
    """It was read 20 minutes ago and counts for two hours."""
    found = planned()
    assert found.measured_at == READ
    _observed, check = peak_of(Facts(None, planned=found), NOW + later).checks
    assert check.result is result


def test_of_an_old_calendar_the_figure_still_counts() -> None:
    found = peak_of(Facts(None, observed=Measured(500.0, NOW + DAY), planned=planned()), NOW + DAY)
    assert found.value == 700.0


def test_a_source_that_was_never_read_makes_it_unknown_and_no_smaller() -> None:
    booked = typical("british", 150, 10, NOW)
    calendar = calendar_of(booked, read(READ), read(None, name="crm"))
    found = planned_peak(DEMAND, calendar, protection(calendar, (), (), NOW))
    assert (found.value, found.measured_at) == (700.0, None)


def test_a_calendar_that_cannot_be_read_plans_nothing_that_is_fresh() -> None:
    known = calendar_of(typical("british", 150, 10, NOW), read(READ))
    calendar = replace(known, problem="the disk is full")
    found = planned_peak(DEMAND, calendar, protection(calendar, (), (), NOW))
    _observed, check = peak_of(Facts(None, planned=found), NOW).checks
    assert check.result is Result.UNKNOWN


def test_nothing_is_planned_where_nobody_said_what_a_wedding_asks_for_or_no_calendar_is_known() -> None:
    calendar = calendar_of((), read(READ))
    assert planned_peak(None, calendar, protection(calendar, (), (), NOW)) == Measured()
    assert planned_peak(DEMAND, NO_CALENDAR, protection(NO_CALENDAR, (), (), NOW)) == Measured()


ENOUGH, TOO_LITTLE = timedelta(hours=21, minutes=40), timedelta(hours=21, minutes=30)
BY_ITSELF = emergency.leave(automatic=True)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({}, None),
        ({"aws": ENOUGH, "azure": ENOUGH, "gcp": ENOUGH}, None),
        ({"digitalocean": timedelta()}, None),
        ({"gcp": TOO_LITTLE}, "measured are 21h30m of gcp"),
        ({"gcp": 20 * MINUTE}, "measured are 20m of gcp"),
        ({"gcp": timedelta()}, "measured are nothing of gcp"),
        ({"aws": timedelta()}, "measured are nothing of aws"),
        (
            {"aws": HOUR, "azure": timedelta(), "gcp": timedelta()},
            "measured are 1h00m of aws, nothing of azure and nothing of gcp",
        ),
    ],
)
def test_a_peak_of_some_hours_or_some_providers_is_not_known(known: dict[str, timedelta], why: str | None) -> None:
    facts = emergency.facts(known_for={**dict.fromkeys(emergency.NAMES, DAY), **known})
    made = plan(BY_ITSELF, facts, emergency.NOW)
    check = made.check("peak-observed")
    if why is None:
        assert (check.result, made.refused) == (Result.PASS, ())
        return
    assert check.result is Result.UNKNOWN
    assert check.sentence == f"the peak of the last 24 h is at least 1000 requests/s, and not known: {why}"
    assert made.refused == (check.sentence,)
    assert plan(emergency.leave(), facts, emergency.NOW).refused == ()


def test_what_was_measured_for_too_little_of_the_time_makes_no_room_alone_and_still_counts_where_it_is_larger() -> None:
    facts = emergency.facts(known_for={}, planned=Measured())
    assert plan(emergency.leave(), facts, emergency.NOW).peak is None
    assert plan(emergency.leave(), replace(facts, planned=Measured(10, emergency.NOW)), emergency.NOW).peak == 1000


def test_who_is_to_have_its_share_back_has_to_be_known_too() -> None:
    reading = emergency.reading({"aws": 0, "azure": 60, "gcp": 40, "digitalocean": 0})
    known = {name: DAY for name in emergency.NAMES if name != "aws"}
    well = emergency.facts(emergency.provider("aws"), reading=reading, known_for=known)
    back = plan(emergency.come_back(), well, emergency.NOW)
    assert back.check("peak-observed").result is Result.UNKNOWN
    assert plan(emergency.leave("azure"), well, emergency.NOW).check("peak-observed").passed


@pytest.mark.parametrize(
    ("ages", "interval", "known"),
    [
        ([], MINUTE, timedelta()),
        ([MINUTE * n for n in range(12)], MINUTE, 20 * MINUTE),
        ([5 * MINUTE * n for n in range(288)], MINUTE, DAY),
        ([5 * MINUTE * n for n in range(144, 288)], MINUTE, DAY / 2),
        ([STEP * n for n in range(144)], STEP / 2, DAY),
        ([HOUR * n for n in range(24)], MINUTE, 4 * HOUR),
        ([HOUR * n for n in range(24)], HOUR / 2, DAY),
        ([DAY, -MINUTE], MINUTE, timedelta()),
    ],
)
def test_for_how_much_of_a_day_something_is_known(ages: list[timedelta], interval: timedelta, known: timedelta) -> None:
    assert known_for((NOW - age for age in ages), interval, NOW) == known


EACH, SELDOM = timedelta(minutes=1), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("minutes", "interval", "most"),
    [
        ({}, EACH, None),
        ({"aws": {}, "gcp": {}}, EACH, None),
        ({"aws": {7: 500.0}, "gcp": {}}, EACH, 500.0),
        ({"aws": {7: 500.0, 8: 480.0}, "gcp": {7: 300.0, 8: 330.0}}, EACH, 800.0),
        # What moved is one, though each of both served it.
        ({"aws": {0: 500.0, 1: 500.0, 2: 0.0, 3: 0.0}, "gcp": {0: 300.0, 1: 300.0, 2: 800.0, 3: 800.0}}, EACH, 800.0),
        # Also where one was asked before the move and the other after it.
        ({"aws": {0: 500.0, 1: 500.0, 2: 0.0, 3: 0.0}, "gcp": {0: 300.0, 1: 800.0, 2: 800.0, 3: 800.0}}, EACH, 800.0),
        # What was not asked in a minute is what it was, and no longer than until it is asked again.
        ({"aws": {0: 500.0, 5: 500.0}, "gcp": {2: 300.0, 7: 300.0}}, SELDOM, 800.0),
        ({"aws": {0: 500.0}, "gcp": {0: 300.0, 9: 900.0, 10: 900.0}}, EACH, 900.0),
        ({"aws": {0: 500.0}, "gcp": {9: 300.0, 10: 300.0}}, EACH, 300.0),
    ],
)
def test_what_all_served_together(
    minutes: dict[str, dict[int, float]], interval: timedelta, most: float | None
) -> None:
    assert served_together(minutes, dict.fromkeys(minutes, interval)) == most
