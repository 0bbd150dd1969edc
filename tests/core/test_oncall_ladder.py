"""Whom an episode is told, and the next one when: monotone in the level, each step once, nobody left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.oncall_made import utc
from tests.examples import examples
from wedtui.core.alerts.rule import Severity
from wedtui.core.oncall.ladder import (
    EVERYBODY,
    LAPSE,
    Climb,
    Kind,
    Ladder,
    NextStep,
    Step,
    Target,
    default_ladders,
    next_step,
    rungs,
)
from wedtui.core.season import Protection

NOW = utc("2026-06-20 14:00")
MINUTE = timedelta(minutes=1)
NORMAL, HIGH, MAXIMUM = Protection
DEFAULT = default_ladders(["primary", "secondary"])


def minutes(*numbers: float) -> list[timedelta]:
    return [timedelta(minutes=each) for each in numbers]


def steps_at(level: Protection, ladders: Sequence[Ladder] = DEFAULT) -> tuple[Step, ...]:
    return rungs(ladders, Severity.CRITICAL, level)


def climbed(
    ladders: Sequence[Ladder],
    rounds: Sequence[tuple[datetime, Protection]],
    climb: Climb,
    acknowledgements: Sequence[datetime] = (),
) -> tuple[list[tuple[int, datetime, bool]], Climb]:
    """Go through rounds as whoever evaluates does; return each step that was told, when, and whether anew."""
    told: list[tuple[int, datetime, bool]] = []
    waiting = list(acknowledgements)
    for now, level in rounds:
        while waiting and waiting[0] <= now:
            climb = climb.acknowledged(waiting.pop(0))
        climb = climb.seen(level)
        due = next_step(steps_at(climb.level, ladders), climb, now)
        if due.again is not None:
            told.append((due.again, now, True))
        told += [(place, now, False) for place in due.steps]
        climb = climb.advanced(due)
    return told, climb


def each_minute(count: int, level: Protection = NORMAL) -> list[tuple[datetime, Protection]]:
    return [(NOW + n * MINUTE, level) for n in range(count)]


@pytest.mark.parametrize(("level", "delays"), [(NORMAL, (0, 5, 10, 15)), (HIGH, (0, 2, 4, 6)), (MAXIMUM, (0, 2, 4, 6))])
def test_the_default_ladder_is_that_of_the_design(level: Protection, delays: tuple[int, ...]) -> None:
    steps = steps_at(level)
    assert [step.after for step in steps] == minutes(*delays)
    assert [step.target.words for step in steps] == ["roster primary", "roster secondary", "everybody", "everybody"]
    told, _climb = climbed(DEFAULT, each_minute(40, level), Climb(NOW))
    assert [(at - NOW) / MINUTE for _place, at, _again in told] == list(delays)


def test_a_warning_is_told_once() -> None:
    assert rungs(DEFAULT, Severity.WARNING, MAXIMUM) == (Step(timedelta(), Target(Kind.ROSTER, "primary")),)


def test_without_a_roster_everybody_is_told() -> None:
    assert {step.target for step in rungs(default_ladders([]), Severity.CRITICAL, HIGH)} == {EVERYBODY}


def test_what_no_ladder_stands_for_is_told_everybody_at_once() -> None:
    assert rungs((), Severity.CRITICAL, NORMAL) == (Step(timedelta(), EVERYBODY),)


def test_a_level_that_rises_brings_nearer_what_is_to_come() -> None:
    rounds = [(NOW + n * MINUTE, HIGH if n >= 3 else NORMAL) for n in range(30)]
    told, _climb = climbed(DEFAULT, rounds, Climb(NOW))
    assert [(place, (at - NOW) / MINUTE) for place, at, _again in told] == [(0, 0), (1, 3), (2, 4), (3, 6)]


def test_a_level_that_falls_puts_nothing_off() -> None:
    rounds = [(NOW + n * MINUTE, HIGH if n < 3 else NORMAL) for n in range(30)]
    told, _climb = climbed(DEFAULT, rounds, Climb(NOW))
    assert [(place, (at - NOW) / MINUTE) for place, at, _again in told] == [(0, 0), (1, 2), (2, 4), (3, 6)]


def test_a_gap_of_the_rounds_leaves_nobody_out() -> None:
    told, _climb = climbed(
        DEFAULT, [(NOW, NORMAL), (NOW + 12 * MINUTE, NORMAL), (NOW + 13 * MINUTE, NORMAL)], Climb(NOW)
    )
    assert told == [(0, NOW, False), (1, NOW + 12 * MINUTE, False), (2, NOW + 12 * MINUTE, False)]


def test_an_acknowledgement_stops_it_and_its_lapse_goes_on_from_where_it_stopped() -> None:
    told, climb = climbed(DEFAULT, each_minute(60), Climb(NOW), [NOW + 7 * MINUTE])
    # The ladder stood still from 7 to 22; the step told last is told anew, and 8 minutes more were left of 15.
    assert [(place, (at - NOW) / MINUTE, again) for place, at, again in told] == [
        (0, 0, False),
        (1, 5, False),
        (1, 22, True),
        (2, 25, False),
        (3, 30, False),
    ]
    assert climb.told == 4


def test_while_somebody_has_it_the_next_one_is_told_when_that_lapses() -> None:
    climb = Climb(NOW, told=1, acknowledged_at=NOW + 2 * MINUTE)
    due = next_step(steps_at(NORMAL), climb, NOW + 8 * MINUTE)
    assert due == NextStep(at=NOW + 17 * MINUTE, held_until=NOW + 17 * MINUTE)


def test_a_lapse_at_the_end_of_a_ladder_tells_the_last_anew_once() -> None:
    told, _climb = climbed(DEFAULT, each_minute(90), Climb(NOW), [NOW + 20 * MINUTE])
    assert [(place, (at - NOW) / MINUTE) for place, at, again in told if again] == [(3, 35)]
    assert len(told) == 5


def test_what_was_acknowledged_before_anybody_was_told_begins_at_its_lapse() -> None:
    late = (Ladder("late", tuple(Step(after, EVERYBODY) for after in minutes(5, 10))),)
    told, _climb = climbed(late, each_minute(60), Climb(NOW), [NOW + 2 * MINUTE])
    assert [(place, (at - NOW) / MINUTE, again) for place, at, again in told] == [(0, 17, False), (1, 25, False)]


def test_an_acknowledgement_that_is_renewed_lapses_anew() -> None:
    told, _climb = climbed(DEFAULT, each_minute(90), Climb(NOW), [NOW + 3 * MINUTE, NOW + 13 * MINUTE])
    assert [(place, (at - NOW) / MINUTE, again) for place, at, again in told] == [
        (0, 0, False),
        (0, 28, True),
        (1, 30, False),
        (2, 35, False),
        (3, 40, False),
    ]


def test_a_clock_that_is_set_back_takes_the_ladder_with_it() -> None:
    climb = Climb(NOW, told=2, acknowledged_at=NOW + 6 * MINUTE, held=MINUTE)
    hour = timedelta(hours=1)
    for after in range(0, 60, 3):
        here = next_step(steps_at(NORMAL), climb, NOW + after * MINUTE)
        there = next_step(steps_at(NORMAL), climb.moved(hour), NOW + after * MINUTE - hour)
        assert (here.steps, here.again) == (there.steps, there.again)
        assert (here.at is None) == (there.at is None)
        assert here.at is None or there.at is None or here.at - hour == there.at


def test_a_graver_severity_climbs_its_own_ladder_from_then_on() -> None:
    climb = Climb(NOW, HIGH, told=1, acknowledged_at=NOW + MINUTE).graver(NOW + 30 * MINUTE)
    assert next_step(steps_at(HIGH), climb, NOW + 30 * MINUTE).steps == (0,)
    assert climb.level is HIGH


def test_a_ladder_that_got_shorter_meanwhile_tells_its_own_last_step_anew() -> None:
    climb = Climb(NOW, told=4, acknowledged_at=NOW)
    assert next_step(steps_at(NORMAL)[:2], climb, NOW + LAPSE).again == 1
    assert next_step((), climb, NOW + LAPSE) == NextStep()


delays = st.lists(st.integers(0, 40), min_size=1, max_size=5).map(sorted).map(lambda found: minutes(*found))
targets = st.sampled_from([EVERYBODY, Target(Kind.ROSTER, "primary"), Target(Kind.CONTACT, "ada")])


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Ladder, ...]:
    """Return ladders of each level or of some, whatever their delays."""
    made = []
    for number, level in enumerate(draw(st.lists(st.sampled_from(list(Protection)), unique=True))):
        steps = tuple(Step(after, draw(targets)) for after in draw(delays))
        made.append(Ladder(str(number), steps, levels=frozenset({level})))
    return tuple(made)


levels = st.sampled_from(list(Protection))
gaps = st.lists(st.tuples(st.integers(1, 900), levels), min_size=1, max_size=60)


@given(ladders())
@examples(200)
def test_a_higher_level_tells_each_step_no_later_and_no_fewer(made: tuple[Ladder, ...]) -> None:
    lower, higher = steps_at(NORMAL, made), steps_at(HIGH, made)
    for one, other in ((lower, higher), (higher, steps_at(MAXIMUM, made))):
        assert len(one) <= len(other)
        assert all(a.after >= b.after for a, b in zip(one, other, strict=False))
    for steps in (lower, higher):
        assert steps
        assert [step.after for step in steps] == sorted(step.after for step in steps)


@given(ladders(), gaps)
@examples(200)
def test_each_step_of_what_nobody_acknowledges_is_told_once_in_order_and_never_later_than_promised(
    made: tuple[Ladder, ...], rounds: list[tuple[int, Protection]]
) -> None:
    now, climb, told = NOW, Climb(NOW), list[int]()
    promised: datetime | None = NOW + steps_at(NORMAL, made)[0].after
    for seconds, level in [*rounds, (86_400, NORMAL)]:
        now += timedelta(seconds=seconds)
        climb = climb.seen(level)
        due = next_step(steps_at(climb.level, made), climb, now)
        assert due.again is None
        if promised is not None and promised <= now:
            assert due.steps, "what was promised came"
        assert due.at is None or due.at > now
        if promised is not None and promised > now and not due.steps:
            assert due.at is not None
            assert due.at <= promised
        told += due.steps
        climb = climb.advanced(due)
        # A restart reads the same from what was stored.
        assert not next_step(steps_at(climb.level, made), climb, now).steps
        promised = due.at
    assert told == list(range(len(steps_at(climb.level, made))))


@given(ladders(), gaps, st.lists(st.integers(0, 20_000), max_size=4).map(sorted))
@examples(200)
def test_whatever_is_acknowledged_every_step_is_told_once_and_each_lapse_tells_somebody(
    made: tuple[Ladder, ...], rounds: list[tuple[int, Protection]], acknowledged: list[int]
) -> None:
    instants = [NOW]
    for seconds, _level in rounds:
        instants.append(instants[-1] + timedelta(seconds=seconds))
    acks = [NOW + timedelta(seconds=each) for each in acknowledged]
    end = max(instants[-1], *acks, NOW) + timedelta(days=2)
    plan = [
        *zip(instants, [NORMAL, *(level for _s, level in rounds)], strict=True),
        (end, NORMAL),
        (end + LAPSE, NORMAL),
    ]
    told, climb = climbed(made, plan, Climb(NOW), acks)
    assert [place for place, _at, again in told if not again] == list(range(len(steps_at(climb.level, made))))
    for _place, at, _again in told:
        assert not any(ack <= at < ack + LAPSE for ack in acks)
    if acks:
        assert any(at >= acks[-1] + LAPSE for _place, at, _again in told)
