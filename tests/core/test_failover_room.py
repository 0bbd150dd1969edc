"""What the next hours will ask for, by the weddings that are known to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.core.weddings import DAY, HOUR, MINUTE, calendar_of, read, typical
from wedtui.core.calendar import NO_CALENDAR
from wedtui.core.checks import Result
from wedtui.core.failover_facts import Facts, Measured
from wedtui.core.failover_room import Demand, peak_of, planned_peak
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
