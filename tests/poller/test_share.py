"""What a service may ask: only what it holds, soon after it gained it, and by the right that it had when it asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tests.poller.test_schedule import FakeTarget
from tests.virtual_time import VirtualClock, run_virtually
from wedtui.clock import SystemClock
from wedtui.core.observation import Claim, Observation
from wedtui.core.season import NORMAL_PACE
from wedtui.core.sharing import HOUSE, vantage_lease
from wedtui.poller.schedule import FIRST_ROUND_WITHIN_S, Scheduler
from wedtui.poller.share import Share, asked_once
from wedtui.providers.base import Cadence

PROBE = vantage_lease("london")
# A virtual loop begins then.
BEGAN = 1000.0
QUERY = "probe query"  # the key that a FakeTarget of this name has


class Rig:
    """A scheduler whose share changes while it runs."""

    def __init__(self, *targets: FakeTarget, clock: VirtualClock) -> None:
        self.share = Share("london", clock)
        self.seen: list[tuple[float, Claim | None]] = []
        self._clock = clock
        self._scheduler = Scheduler(targets, clock, lambda: NORMAL_PACE, self._record, self.share)

    def _record(self, _found: tuple[Observation, ...], claim: Claim | None) -> None:
        self.seen.append((self._clock.monotonic(), claim))

    def run(self, *steps: tuple[Mapping[str, int], float]) -> None:
        """Hold each set of leases for so many seconds."""

        async def work() -> None:
            task = asyncio.create_task(self._scheduler.run())
            for held, seconds in steps:
                self.share.hold(held)
                await asyncio.sleep(seconds)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        run_virtually(work())


def query(clock: VirtualClock, *, every: float = 60.0, takes: float = 0.0) -> FakeTarget:
    return FakeTarget("query", clock, every=every, takes=takes, cadence=Cadence.QUERY)


def test_what_another_holds_is_not_asked_and_what_is_gained_is_asked_soon() -> None:
    clock = VirtualClock()
    target = query(clock)
    Rig(target, clock=clock).run(({PROBE: 1}, 100.0), ({PROBE: 1, QUERY: 2}, 100.0))
    assert 100.0 <= target.asked[0] - BEGAN <= 100.0 + FIRST_ROUND_WITHIN_S
    assert len(target.asked) in {2, 3}


def test_what_is_lost_while_its_slot_is_waited_for_is_not_asked() -> None:
    clock = VirtualClock()
    target = query(clock)
    Rig(target, clock=clock).run(({QUERY: 2}, 10.0), ({}, 300.0))
    assert len(target.asked) == 1


def test_probes_are_asked_by_the_right_of_the_vantage_and_only_while_it_is_held() -> None:
    clock = VirtualClock()
    probe = FakeTarget("p", clock, every=1.0)
    rig = Rig(probe, clock=clock)
    rig.run(({PROBE: 7}, 10.0), ({}, 10.0), ({PROBE: 9}, 10.0))
    assert {claim for _, claim in rig.seen} == {Claim(PROBE, 7), Claim(PROBE, 9)}
    assert not [at for at in probe.asked if 10.0 < at - BEGAN < 20.0]
    assert len(probe.asked) >= 18


def test_an_answer_comes_by_the_right_by_which_it_was_asked() -> None:
    clock = VirtualClock()
    target = query(clock, takes=1.5)
    rig = Rig(target, clock=clock)
    # Lost and regained while it was being asked: what is stored is refused by the old number.
    rig.run(({QUERY: 3}, FIRST_ROUND_WITHIN_S + 0.1), ({}, 0.1), ({QUERY: 5}, 3.0))
    assert rig.seen[0][1] == Claim(QUERY, 3)


def test_it_is_known_what_is_being_asked() -> None:
    clock = VirtualClock()
    target = query(clock, takes=1.5)
    rig = Rig(target, clock=clock)
    looks: list[bool] = []

    async def look() -> None:
        rig.share.hold({QUERY: 1})
        task = asyncio.create_task(rig._scheduler.run())
        for _ in range(40):
            looks.append(rig.share.is_asking(QUERY))
            await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(look())
    assert 14 <= sum(looks) <= 16
    assert not looks[0]
    assert not looks[-1]


def test_who_keeps_house_from_now_on_asks_everything_again_soon() -> None:
    clock = VirtualClock()
    target, probe = query(clock, every=600.0), FakeTarget("p", clock, every=600.0)

    async def work() -> None:
        share = Share("london", clock)
        scheduler = Scheduler([target, probe], clock, lambda: NORMAL_PACE, lambda _found, _claim: None, share)
        task = asyncio.create_task(scheduler.run())
        share.hold({PROBE: 1, QUERY: 2})
        await asyncio.sleep(200.0)
        before = len(target.asked), len(probe.asked)
        share.ask_anew()
        await asyncio.sleep(FIRST_ROUND_WITHIN_S)
        assert (len(target.asked), len(probe.asked)) == (before[0] + 1, before[1])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(work())


def test_who_could_not_renew_asks_no_more_what_others_may_ask_by_now_and_goes_on_when_it_could() -> None:
    clock = VirtualClock()
    target, probe = query(clock, every=10.0), FakeTarget("p", clock, every=10.0)

    async def work() -> None:
        share = Share("london", clock)
        scheduler = Scheduler([target, probe], clock, lambda: NORMAL_PACE, lambda _found, _claim: None, share)
        task = asyncio.create_task(scheduler.run())
        share.hold({PROBE: 1, QUERY: 2}, clock.monotonic() + 100.0)
        await asyncio.sleep(300.0)
        # What was held is held still, under the same number.
        share.hold({PROBE: 1, QUERY: 2}, clock.monotonic() + 100.0)
        await asyncio.sleep(50.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(work())
    asked = [at - BEGAN for at in target.asked]
    assert [at for at in asked if 100.0 < at < 300.0] == []
    assert len([at for at in asked if at <= 100.0]) in {9, 10, 11}
    assert len([at for at in asked if at >= 300.0]) in {4, 5, 6}
    # From where it watches it watches on.
    assert len(probe.asked) in {34, 35, 36}


def test_what_is_divided() -> None:
    clock = VirtualClock()
    assert asked_once([FakeTarget("p", clock), query(clock)]) == {HOUSE, QUERY}
    share = Share("london", SystemClock())
    share.hold({PROBE: 1, QUERY: 2})
    assert share.count == 1, "its vantage is not divided"
    share.hold({PROBE: 1})
    assert share.count == 0


def test_one_target_is_asked_soon_and_no_other() -> None:
    clock = VirtualClock()
    target, other = query(clock), FakeTarget("other", clock, every=60.0, cadence=Cadence.QUERY)
    rig = Rig(target, other, clock=clock)
    held = {QUERY: 1, other.key: 2}

    async def work() -> None:
        task = asyncio.create_task(rig._scheduler.run())
        rig.share.hold(held)
        await asyncio.sleep(FIRST_ROUND_WITHIN_S + 1)
        before = (len(target.asked), len(other.asked))
        rig.share.ask_soon(QUERY)
        await asyncio.sleep(FIRST_ROUND_WITHIN_S + 1)
        assert (len(target.asked), len(other.asked)) == (before[0] + 1, before[1])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(work())


def test_what_is_being_asked_is_asked_again_because_it_may_answer_from_before() -> None:
    clock = VirtualClock()
    target = query(clock, takes=10.0)
    rig = Rig(target, clock=clock)

    async def work() -> None:
        task = asyncio.create_task(rig._scheduler.run())
        rig.share.hold({QUERY: 1})
        await asyncio.sleep(FIRST_ROUND_WITHIN_S + 1)
        assert len(target.asked) == 1
        rig.share.ask_soon(QUERY)
        await asyncio.sleep(10.0 + FIRST_ROUND_WITHIN_S)
        assert len(target.asked) == 2
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(work())
