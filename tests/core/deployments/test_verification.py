"""How a release is judged: a table of what was measured, and what no measurement ever makes good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.deployments.made import HOUR, MINUTE, NOW
from wedtui.core.checks import Result
from wedtui.core.deployments.verification import Judgement, Measured, Soak, Watched, judge

J = Judgement
SOAK = Soak(NOW, 20 * MINUTE)
ERRORS = Watched("errors", above=5.0)
LATENCY = Watched("latency", times_before=2.0, at_least=100.0)


def samples(*values: float, last: datetime, usual: float = 1.0) -> Sequence[tuple[datetime, float]]:
    """Return values ten seconds apart, the last at an instant, after usual ones since the version was in place."""
    if not values:
        return []
    given = [(last - 10 * timedelta(seconds=len(values) - 1 - n), value) for n, value in enumerate(values)]
    count = (given[0][0] - NOW) // (MINUTE / 2)
    return [*((NOW + n * MINUTE / 2, usual) for n in range(count)), *given]


def errors(*values: float, at: datetime) -> Measured:
    return Measured("errors", (), samples(*values, last=at))


@pytest.mark.parametrize(
    ("values", "minutes", "found"),
    [
        ((1.0, 1.0), 10, J.NOT_YET),
        ((1.0, 1.0), 20, J.GOOD),
        ((5.0, 5.0), 20, J.GOOD),
        ((5.1, 5.1), 1, J.BAD),
        ((5.1, 5.1), 20, J.BAD),
        ((1.0, 5.1), 10, J.NOT_YET),
        ((1.0, 5.1), 20, J.NOT_YET),  # its last word is no good one, and may be a hiccup
        ((1.0, 5.1), 30, J.BAD),
        ((5.1, 1.0), 20, J.GOOD),
        ((9.0, 9.0, 1.0, 1.0), 20, J.BAD),  # it hurt, whoever looked meanwhile
        ((math.nan, math.nan), 1, J.BAD),
        ((math.inf, math.inf), 1, J.BAD),
        ((), 19, J.NOT_YET),
        ((), 29, J.NOT_YET),
        ((), 30, J.BAD),
    ],
)
def test_a_signal_is_judged_by_its_limit_and_what_is_missing_by_the_end(
    values: tuple[float, ...], minutes: int, found: Judgement
) -> None:
    now = NOW + minutes * MINUTE
    assert judge([ERRORS], [errors(*values, at=now)], SOAK, now).judgement is found


def test_what_is_said_names_signal_figure_and_limit() -> None:
    now = NOW + 5 * MINUTE
    said = judge([ERRORS], [errors(7.25, 7.25, at=now)], SOAK, now)
    assert said.sentence == "errors was 7.25, above 5"
    assert [(each.rule, each.result, each.measured_at) for each in said.checks] == [
        ("watched:errors", Result.FAIL, now)
    ]
    well = judge([ERRORS], [errors(1, 1, at=now)], SOAK, now)
    assert well.sentence == "15 m 00 s of its soak left"
    done = judge([ERRORS], [errors(1, 1, at=NOW + 20 * MINUTE)], SOAK, NOW + 20 * MINUTE)
    assert done.sentence == "watched for 20 m 00 s, and all is well"


@pytest.mark.parametrize(
    ("before", "since", "found"),
    [
        ((100.0,) * 3, (199.0, 199.0), J.GOOD),
        ((100.0,) * 3, (201.0, 201.0), J.BAD),
        ((10.0,) * 3, (90.0, 90.0), J.GOOD),  # twice next to nothing is next to nothing
        ((10.0,) * 3, (101.0, 101.0), J.BAD),
        ((100.0,) * 2, (100.0, 100.0), J.NOT_YET),  # it was not measured often enough to compare with
        ((), (100.0, 100.0), J.NOT_YET),
    ],
)
def test_it_is_compared_with_what_it_was_before(
    before: tuple[float, ...], since: tuple[float, ...], found: Judgement
) -> None:
    now = SOAK.ends_at
    assert judge([LATENCY], [Measured("latency", before, samples(*since, last=now))], SOAK, now).judgement is found


def test_of_two_limits_the_stricter_counts() -> None:
    both = Watched("latency", above=150.0, times_before=2.0)
    found = [Measured("latency", (100.0,) * 3, samples(160.0, 160.0, last=SOAK.ends_at))]
    assert judge([both], found, SOAK, SOAK.ends_at).sentence == "latency was 160, above 150"
    unknown = [Measured("latency", (), samples(160.0, 160.0, last=SOAK.ends_at))]
    assert judge([both], unknown, SOAK, NOW + MINUTE).judgement is J.NOT_YET
    assert judge([both], unknown, SOAK, SOAK.ends_at).judgement is J.BAD, "the limit that is known counts all the same"


def test_what_was_measured_before_its_version_was_in_place_says_nothing() -> None:
    early = Measured("errors", (), [(NOW - timedelta(microseconds=1), 1.0)])
    said = judge([ERRORS], [early], SOAK, NOW + MINUTE)
    assert said.sentence == "19 m 00 s of its soak left; errors was not measured since"


@pytest.mark.parametrize("late", [timedelta(seconds=90), timedelta(seconds=90, microseconds=1)])
def test_what_is_not_measured_any_more_is_waited_for_and_then_has_failed(late: timedelta) -> None:
    now = SOAK.ends_at
    fresh = late <= timedelta(seconds=90)
    there = errors(1.0, 1.0, at=now - late)
    assert judge([ERRORS], [there], SOAK, now).judgement is (J.GOOD if fresh else J.NOT_YET)
    assert judge([ERRORS], [there], SOAK, SOAK.given_up_at).judgement is J.BAD


def test_a_sample_of_the_future_is_not_believed() -> None:
    now = SOAK.ends_at
    future = Measured("errors", (), [(now + HOUR, 1.0)])
    assert judge([ERRORS], [future], SOAK, now).judgement is J.NOT_YET
    assert judge([ERRORS], [future], SOAK, SOAK.given_up_at).judgement is J.BAD


@pytest.mark.parametrize(
    ("gap", "after", "found"), [(1, 0, J.GOOD), (5, 0, J.NOT_YET), (5, 4, J.GOOD), (15, 10, J.BAD)]
)
def test_time_of_which_nothing_was_measured_is_watched_again(gap: int, after: int, found: Judgement) -> None:
    now = SOAK.ends_at + after * MINUTE
    there = [each for each in samples(1.0, last=now) if not NOW + 2 * MINUTE < each[0] < NOW + (2 + gap) * MINUTE]
    assert judge([ERRORS], [Measured("errors", (), there)], SOAK, now).judgement is found


def test_one_sample_at_the_end_is_no_soak() -> None:
    last = Measured("errors", (), [(SOAK.ends_at, 1.0)])
    said = judge([ERRORS], [last], SOAK, SOAK.ends_at)
    assert (said.judgement, "without a sample" in said.sentence) == (J.NOT_YET, True)


def test_without_anything_to_watch_nothing_is_ever_good() -> None:
    assert judge([], [], SOAK, SOAK.given_up_at).judgement is J.BAD
    assert judge([Watched("errors")], [errors(0.0, at=SOAK.ends_at)], SOAK, SOAK.given_up_at).judgement is J.BAD


def test_while_the_clock_is_behind_its_beginning_nothing_is_known() -> None:
    assert judge([ERRORS], [errors(1.0, 1.0, at=NOW)], SOAK, NOW - HOUR).judgement is J.NOT_YET


values = st.lists(st.floats(0, 10, allow_nan=False), max_size=6)
moments = st.timedeltas(timedelta(0), timedelta(minutes=40))


@given(values, moments)
def test_losing_samples_never_makes_a_release_good(taken: list[float], after: timedelta) -> None:
    now = NOW + after
    whole = judge([ERRORS], [errors(*taken, at=now)], SOAK, now).judgement
    for lost in range(len(taken)):
        rest = judge([ERRORS], [errors(*taken[: len(taken) - 1 - lost], at=now)], SOAK, now).judgement
        if lost + 1 == len(taken):
            assert rest is not J.GOOD
    assert judge([ERRORS], [], SOAK, now).judgement is not J.GOOD
    if whole is J.GOOD:
        assert now >= SOAK.ends_at
        assert not any(one > 5.0 and other > 5.0 for one, other in pairwise(taken))
