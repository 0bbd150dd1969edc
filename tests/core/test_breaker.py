"""The circuit breaker: a table of rounds, and what holds for every row of rounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.breaker import CLOSED, RULES, Breaker, Phase, after, phase, trying
from wedtui.core.resource import Reach

T0 = datetime(2026, 6, 20, 12, tzinfo=UTC)
BAD = (Reach.UNREACHABLE, Reach.GARBLED, Reach.THROTTLED)
SILENT = (Reach.HELD, Reach.SWITCHED_OFF, Reach.NOT_ON_PLAN, Reach.NOT_ENABLED)
GOOD = tuple(r for r in Reach if r not in BAD + SILENT)


def after_all(*reaches: Reach, at: datetime = T0) -> Breaker:
    breaker = CLOSED
    for reach in reaches:
        breaker = after(breaker, reach, at)
    return breaker


@pytest.mark.parametrize("reach", BAD)
def test_three_failures_in_a_row_open_it(reach: Reach) -> None:
    assert phase(after_all(reach, reach), T0) is Phase.CLOSED
    opened = after_all(reach, reach, reach)
    assert (phase(opened, T0), opened.open_until) == (Phase.OPEN, T0 + timedelta(seconds=30))


@pytest.mark.parametrize("reach", GOOD)
def test_an_answer_closes_it_whatever_it_says(reach: Reach) -> None:
    assert after(after_all(*BAD), reach, T0) == CLOSED
    assert after_all(Reach.UNREACHABLE, Reach.UNREACHABLE, reach, Reach.UNREACHABLE).failures == 1


@pytest.mark.parametrize("reach", SILENT)
def test_what_is_not_asked_changes_nothing(reach: Reach) -> None:
    for breaker in (CLOSED, after_all(Reach.GARBLED), after_all(*BAD)):
        assert after(breaker, reach, T0) == breaker


def test_it_opens_for_twice_as_long_each_time_and_not_for_ever() -> None:
    breaker, now, spans = after_all(*BAD), T0, []
    for _ in range(6):
        assert breaker.open_until is not None
        spans.append((breaker.open_until - now).total_seconds())
        now = breaker.open_until
        assert phase(breaker, now) is Phase.HALF_OPEN
        breaker = after(trying(breaker, now), Reach.UNREACHABLE, now)
    assert spans == [30, 60, 120, 240, 300, 300]


def test_one_trial_holds_back_the_others_until_it_ends_or_is_lost() -> None:
    opened = after_all(*BAD)
    later = T0 + timedelta(minutes=1)
    on_trial = trying(opened, later)
    assert phase(on_trial, later) is Phase.OPEN
    assert phase(on_trial, later + RULES.first) is Phase.HALF_OPEN
    assert after(on_trial, Reach.ANSWERED, later) == CLOSED


def test_a_clock_that_jumped_back_does_not_keep_it_open() -> None:
    assert phase(after_all(*BAD), T0 - timedelta(days=1)) is Phase.HALF_OPEN


@given(st.lists(st.tuples(st.sampled_from(list(Reach)), st.integers(0, 600)), max_size=40))
def test_it_is_never_open_for_longer_than_the_longest_time(rounds: list[tuple[Reach, int]]) -> None:
    breaker, now = CLOSED, T0
    for reach, seconds in rounds:
        now += timedelta(seconds=seconds)
        if phase(breaker, now) is Phase.OPEN:
            continue
        breaker = after(trying(breaker, now), reach, now)
        assert phase(breaker, now + RULES.most) is not Phase.OPEN
        assert (breaker.open_until is None) or breaker.failures >= RULES.failures
        if reach in GOOD:
            assert breaker == CLOSED


@given(st.integers(1, 10**9))
def test_no_number_of_openings_overflows(openings: int) -> None:
    assert RULES.first <= RULES.span(openings) <= RULES.most
