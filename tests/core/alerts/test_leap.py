"""A clock that leaps forward takes along what is remembered."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.alerts.world import START
from wedtui.core.alerts.leap import LEAP, Leap, Looked, leap_since, leapt, looked_on, state_over, telling_over
from wedtui.core.alerts.memory import AlertState, Episode, Memory, Phase, Reason
from wedtui.core.alerts.rule import Severity
from wedtui.core.alerts.telling import telling_document
from wedtui.core.alerts.told import Bundle, Telling
from wedtui.core.alerts.track import labels_of
from wedtui.core.oncall.climbing_document import CLIMBING, Ascent, Climbing, climbing_document, climbing_in
from wedtui.core.oncall.ladder import Climb

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
ONE = labels_of({"host": "1"})


def looked(at: datetime, tick: float, boot: str = "") -> Looked:
    return Looked(at, tick, tick, boot)


@pytest.mark.parametrize(
    ("moved", "ticked", "leap"),
    [
        (10 * SECOND, 10.0, 0 * SECOND),
        (HOUR, 3600.0, 0 * SECOND),
        (HOUR, 10.0, HOUR - 10 * SECOND),
        (10 * SECOND + LEAP, 10.0, 0 * SECOND),
        (11 * SECOND + LEAP, 10.0, LEAP + SECOND),
        (-HOUR, 10.0, 0 * SECOND),
    ],
)
def test_what_no_time_passed_for_is_a_leap(moved: timedelta, ticked: float, leap: timedelta) -> None:
    before, now = looked(START, 100.0), looked(START + moved, 100.0 + ticked)
    assert leapt(before, now) == leap
    assert leapt(None, now) == timedelta()


def test_an_answer_that_came_late_is_no_leap() -> None:
    # Asked at 100 s, answered at 130 s: when in between the other clock was read nobody knows.
    late = Looked(START, 100.0, 130.0)
    assert leapt(late, looked(START + 31 * SECOND, 131.0)) == timedelta()
    assert leapt(looked(START, 100.0), Looked(START + 30 * SECOND, 101.0, 130.0)) == timedelta()
    assert leapt(late, looked(START + HOUR, 131.0)) == HOUR - 31 * SECOND


def test_ticks_of_another_start_of_a_machine_say_nothing() -> None:
    before, now = looked(START, 100.0, "a"), looked(START + HOUR, 110.0, "b")
    assert leapt(before, now) == timedelta()
    assert leapt(before, now._replace(boot="a")) == HOUR - 10 * SECOND


@pytest.mark.parametrize(
    ("judged_s", "leaps"),
    [(-30, True), (0, True), (5, True), (60, False), (3605, False)],
    ids=["long before", "with it", "after it", "by the clock as it is now", "just now"],
)
def test_what_another_one_judged_after_the_leap_is_of_the_clock_as_it_is_now(judged_s: int, leaps: bool) -> None:
    before, now = looked(START, 100.0), looked(START + HOUR + 10 * SECOND, 110.0)
    seen = looked_on((), before, now)
    assert leap_since(seen, START + timedelta(seconds=judged_s)) == (HOUR if leaps else timedelta())
    assert leap_since(seen, None) == timedelta()


def test_leaps_are_remembered_however_often_it_is_looked_after_them_and_add_up() -> None:
    seen: tuple[Leap, ...] = ()
    before = looked(START, 100.0)
    for second in range(1, 30):
        leap = HOUR * ((second > 5) + (second > 20))
        now = looked(START + timedelta(seconds=second) + leap, 100.0 + second)
        seen, before = looked_on(seen, before, now), now
    assert leap_since(seen, START) == 2 * HOUR
    assert leap_since(seen, START + HOUR + 10 * SECOND) == HOUR
    assert leap_since(seen, before.at - SECOND) == timedelta()
    assert looked_on(seen, before, looked(START, 200.0)) == ()


@given(st.integers(6, 10**6), st.lists(st.integers(0, 10**5), min_size=6, max_size=6), st.integers(0, 60))
def test_all_that_lasted_has_lasted_as_long(leap_s: int, ages: list[int], passed_s: int) -> None:
    leap, passed = timedelta(seconds=leap_s), timedelta(seconds=passed_s)
    since, seen, support, over, taken, told = (START - timedelta(seconds=age) for age in ages)
    episode = Episode("k", since, Severity.CRITICAL, Reason.CONDITION, acknowledged_by="ada", acknowledged_at=taken)
    memory = Memory(Phase.FIRING, seen, since, 1, support, episode=episode, resolved_at=over, begun=(since,))
    now = START + passed + leap
    state = state_over(AlertState(START, {"down": {ONE: memory}}), leap, now)
    assert state.judged_at == START + leap
    assert state.of("down", ONE) == memory.moved(-leap)
    bundle = Bundle("k", "down", told, Severity.CRITICAL, {"k": Severity.CRITICAL}, 1)
    climbing = Climbing((Ascent("k", Climb(told, acknowledged_at=taken), taken=taken, still_since=over),))
    document = {**telling_document(Telling(START, (bundle,))), CLIMBING: climbing_document(climbing)}
    after = telling_over(document, leap)
    assert after["at"] == telling_document(Telling(START + leap))["at"]
    assert climbing_in(after) == climbing.moved(-leap)


def test_what_somebody_took_after_the_leap_they_took_just_now() -> None:
    episode = Episode("k", START, Severity.CRITICAL, Reason.CONDITION, None, "ada", START + HOUR)
    memory = Memory(Phase.FIRING, START, episode=episode)
    after = state_over(AlertState(START, {"down": {ONE: memory}}), HOUR, START + HOUR + SECOND).of("down", ONE)
    assert after.episode is not None
    assert after.episode.acknowledged_at == START + HOUR + SECOND
    assert after.episode.since == START + HOUR
