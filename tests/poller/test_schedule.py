"""Schedules are kept: each target at its pace, spread, never twice at once, never waiting for another."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual_time import VirtualClock, run_virtually
from wedtui.core.observation import Observation, ProbeObservation
from wedtui.core.season import NORMAL_PACE, WEDDING_DAY_PACE, Pace
from wedtui.poller.schedule import FIRST_ROUND_WITHIN_S, Scheduler, ask, interval_of, next_slot, slot_after, spread
from wedtui.providers.base import Cadence, Schedule

NOON = datetime(2026, 6, 20, 12, tzinfo=UTC)


@dataclass
class FakeTarget:
    """Answers after `takes` seconds of virtual time, and remembers when it was asked."""

    name: str
    clock: VirtualClock
    every: float | None = 1.0
    takes: float = 0.0
    fails: bool = False
    cadence: Cadence = Cadence.PROBE
    asked: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def key(self) -> str:
        return f"probe {self.name}"

    @property
    def schedule(self) -> Schedule:
        interval = None if self.every is None else timedelta(seconds=self.every)
        return Schedule(interval, timedelta(seconds=2), self.cadence)

    async def observe(self) -> tuple[Observation, ...]:
        self.asked.append(self.clock.monotonic())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.at_once -= 1
        if self.fails:
            raise RuntimeError("password=hunter2")
        return (ProbeObservation(self.name, self.clock.now(), passed=True),)

    def gave_up(self, why: str) -> tuple[Observation, ...]:
        return (ProbeObservation(self.name, self.clock.now(), passed=False, failure=why),)


def watch(
    *targets: FakeTarget, seconds: float, clock: VirtualClock, paces: list[Pace] | None = None
) -> tuple[Scheduler, list[Observation]]:
    seen: list[Observation] = []
    pace = paces if paces is not None else [NORMAL_PACE]
    scheduler = Scheduler(targets, clock, lambda: pace[0], lambda found, _claim: seen.extend(found))

    async def work() -> None:
        task = asyncio.create_task(scheduler.run())
        await asyncio.sleep(seconds)
        if paces is not None:
            pace[0] = WEDDING_DAY_PACE
            await asyncio.sleep(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(work())
    return scheduler, seen


def test_a_target_is_asked_once_in_every_slot() -> None:
    clock = VirtualClock()
    target = FakeTarget("a", clock)
    scheduler, seen = watch(target, seconds=60, clock=clock)
    steps = [b - a for a, b in pairwise(target.asked[1:])]
    assert 59 <= len(target.asked) <= 62
    assert steps == pytest.approx([1.0] * len(steps))
    assert scheduler.punctuality.skipped == 0
    assert len(seen) == len(target.asked)


@pytest.mark.parametrize("begun_later_s", [0.4, 1.5, 2.9, 4711.3])
def test_services_that_began_at_different_times_ask_a_target_at_the_same_time_of_day(begun_later_s: float) -> None:
    def seconds_of_day(later_s: float) -> set[float]:
        clock = VirtualClock(NOON + timedelta(seconds=later_s))
        target = FakeTarget("a", clock, every=3.0)
        watch(target, seconds=60, clock=clock)
        at = [(NOON.timestamp() + later_s + t - 1000.0) % 3.0 for t in target.asked[1:]]
        return {round(second, 3) % 3.0 for second in at}

    assert seconds_of_day(0) == seconds_of_day(begun_later_s)
    assert len(seconds_of_day(0)) == 1


@pytest.mark.parametrize("jump_s", [-3600, -0.7, -0.1, 0.1, 0.7, 3600.5])
def test_a_step_of_the_clock_neither_stops_nor_hurries_the_rounds(jump_s: float) -> None:
    clock = VirtualClock()
    target = FakeTarget("a", clock, every=3.0)

    async def step() -> None:
        await asyncio.sleep(30)
        clock.jump = timedelta(seconds=jump_s)

    scheduler = Scheduler((target,), clock, lambda: NORMAL_PACE, lambda _found, _claim: None)

    async def work() -> None:
        task = asyncio.gather(scheduler.run(), step())
        await asyncio.sleep(60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(work())
    gaps = [b - a for a, b in pairwise(target.asked)]
    assert min(gaps) >= 0.3
    assert max(gaps) <= 3.3


def test_without_any_target_it_goes_on() -> None:
    clock = VirtualClock()
    scheduler = Scheduler((), clock, lambda: NORMAL_PACE, lambda _found, _claim: None)

    async def work() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scheduler.run(), 60)

    run_virtually(work())


def test_targets_of_one_interval_are_spread_over_it() -> None:
    phases = sorted(spread(f"probe {i}", 10.0) for i in range(200))
    gaps = [b - a for a, b in pairwise(phases)]
    assert max(gaps) < 1.0
    assert phases[0] >= 0
    assert phases[-1] < 10


def test_one_that_hangs_delays_no_other_and_is_given_up() -> None:
    clock = VirtualClock()
    good, hanging = FakeTarget("good", clock), FakeTarget("hanging", clock, takes=1e6)
    _, seen = watch(good, hanging, seconds=60, clock=clock)
    assert len(good.asked) >= 59
    failures = [o for o in seen if isinstance(o, ProbeObservation) and o.probe == "hanging"]
    assert {o.failure for o in failures} == {"gave up after 3 s"}
    assert hanging.most_at_once == 1


def test_slots_that_pass_during_an_asking_are_counted_not_made_up() -> None:
    clock = VirtualClock()
    slow = FakeTarget("slow", clock, takes=2.5)
    scheduler, _ = watch(slow, seconds=60, clock=clock)
    assert slow.most_at_once == 1
    assert len(slow.asked) == pytest.approx(20, abs=1)
    assert scheduler.punctuality.skipped == pytest.approx(2 * len(slow.asked), abs=4)


def test_a_mistake_of_ours_is_an_observation_without_the_exceptions_text() -> None:
    clock = VirtualClock()

    async def work() -> tuple[Observation, ...]:
        return await ask(FakeTarget("a", clock, fails=True))

    (observation,) = run_virtually(work())
    assert isinstance(observation, ProbeObservation)
    assert observation.failure == "failed inside wedtui (RuntimeError); see the service's log"


def test_the_protection_level_changes_the_pace_of_those_that_name_none() -> None:
    clock = VirtualClock()
    by_level, fixed = FakeTarget("level", clock, every=None), FakeTarget("fixed", clock, every=5.0)
    watch(by_level, fixed, seconds=120, clock=clock, paces=[NORMAL_PACE])
    before = [t for t in by_level.asked if t < 1120]
    after = [t for t in by_level.asked if t >= 1130]
    assert len(before) == pytest.approx(12, abs=2)
    assert len(after) == pytest.approx(110 / 3, abs=2)
    assert len(fixed.asked) == pytest.approx(48, abs=2)


def test_every_target_is_asked_soon_after_the_start() -> None:
    clock = VirtualClock()
    targets = [FakeTarget(f"t{i}", clock, every=600.0) for i in range(50)]
    watch(*targets, seconds=FIRST_ROUND_WITHIN_S, clock=clock)
    assert all(len(t.asked) == 1 for t in targets)


@pytest.mark.parametrize(("cadence", "seconds"), [(Cadence.PROBE, 10), (Cadence.QUERY, 60)])
def test_defaults_differ_for_probes_and_queries(cadence: Cadence, seconds: int) -> None:
    schedule = Schedule(None, timedelta(seconds=2), cadence)
    assert interval_of(schedule, NORMAL_PACE) == timedelta(seconds=seconds)


@given(st.floats(0, 1e6), st.floats(0.5, 3600), st.floats(0, 1))
def test_the_next_slot_lies_within_one_interval(now: float, interval: float, share: float) -> None:
    slot = next_slot(now, interval, share * interval)
    assert now - 1e-6 <= slot <= now + interval + 1e-6


@given(st.floats(0, 1e6), st.floats(0.5, 3600), st.floats(0, 1), st.floats(-1e-3, 0))
def test_a_timer_that_fires_early_does_not_bring_the_same_slot_twice(
    start: float, interval: float, share: float, early: float
) -> None:
    slot = next_slot(start, interval, share * interval)
    following = slot_after(slot, slot + early, interval, share * interval)
    assert following - slot == pytest.approx(interval, rel=1e-6)
