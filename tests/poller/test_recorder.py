"""What cannot be stored waits; what waits too long is counted, and nothing is stored twice or out of order."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.cache.writer import Stored
from wedtui.core.observation import ApiObservation, Claim, Claimed, Observation, ProbeObservation
from wedtui.core.resource import Reach, Resource
from wedtui.core.state import State
from wedtui.errors import DiskFullError, StoreError
from wedtui.poller import recorder as module
from wedtui.poller.recorder import Recorder

AT = datetime(2026, 6, 20, 12, tzinfo=UTC)


class FakeStore:
    """Keeps what it is given, or refuses while `full`."""

    def __init__(self) -> None:
        self.kept: list[Observation] = []
        self.full = False

    def record_claimed(self, batch: list[Claimed]) -> Stored:
        return Stored(self.record([claimed.observation for claimed in batch]))

    def record(self, observations: list[Observation]) -> int:
        if self.full:
            raise DiskFullError("the disk that holds cache.db is full: make room")
        self.kept.extend(observations)
        return 0


def observation(number: int) -> ProbeObservation:
    return ProbeObservation(f"p{number}", AT, passed=True)


def test_a_full_disk_loses_nothing_that_fits_the_queue() -> None:
    store = FakeStore()

    async def work() -> None:
        recorder = Recorder(store)
        store.full = True
        recorder.take((observation(1),))
        stored = [await recorder.flush()]
        problems = [recorder.problem]
        recorder.take((observation(2),))
        store.full = False
        stored.append(await recorder.flush())
        problems.append(recorder.problem)
        recorder.close()
        assert stored == [False, True]
        assert problems == ["the disk that holds cache.db is full: make room", None]

    asyncio.run(work())
    assert store.kept == [observation(1), observation(2)]


def test_the_oldest_go_when_the_queue_is_full_and_are_counted() -> None:
    store = FakeStore()
    store.full = True

    async def work() -> int:
        recorder = Recorder(store)
        for number in range(module.KEPT_AT_MOST + 5):
            recorder.take((observation(number),))
        await recorder.flush()
        store.full = False
        await recorder.flush()
        recorder.close()
        return recorder.dropped

    assert asyncio.run(work()) == 5
    assert store.kept[0] == observation(5)
    assert len(store.kept) == module.KEPT_AT_MOST


def test_a_value_that_no_table_takes_costs_itself_alone() -> None:
    class Picky(FakeStore):
        def record(self, observations: list[Observation]) -> int:
            if observation(2) in observations:
                raise ValueError("no table takes this")
            return super().record(observations)

    store = Picky()

    async def work() -> int:
        recorder = Recorder(store)
        recorder.take(tuple(observation(number) for number in range(4)))
        await recorder.flush()
        recorder.close()
        return recorder.dropped

    assert asyncio.run(work()) == 1
    assert store.kept == [observation(0), observation(1), observation(3)]


def test_a_stop_in_the_middle_of_a_batch_does_not_store_it_twice() -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(FakeStore):
        def record(self, observations: list[Observation]) -> int:
            begun.set()
            go_on.wait(120)
            return super().record(observations)

    store = Slow()

    async def work() -> None:
        recorder = Recorder(store)
        recorder.take((observation(1), observation(2)))
        flushing = asyncio.create_task(recorder.flush())
        await asyncio.to_thread(begun.wait)
        flushing.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(flushing, return_exceptions=True)
        await recorder.flush()
        recorder.close()

    asyncio.run(work())
    assert store.kept == [observation(1), observation(2)]


def test_what_belongs_to_no_target_is_counted() -> None:
    class Strange(FakeStore):
        def record(self, observations: list[Observation]) -> int:
            return len(observations)

    async def work() -> int:
        recorder = Recorder(Strange())
        recorder.take((observation(1),))
        await recorder.flush()
        recorder.close()
        return recorder.dropped

    assert asyncio.run(work()) == 1


def test_a_disk_that_fills_while_misfits_are_sorted_out_is_a_problem_and_no_end() -> None:
    class Both(FakeStore):
        def record(self, observations: list[Observation]) -> int:
            if observation(1) in observations and len(observations) > 1:
                raise ValueError("no table takes this")
            return super().record(observations)

    store = Both()
    store.full = True

    async def work() -> tuple[bool, str | None]:
        recorder = Recorder(store)
        recorder.take((observation(1), observation(2)))
        stored = await recorder.flush()
        problem = recorder.problem
        store.full = False
        await recorder.flush()
        recorder.close()
        return stored, problem

    stored, problem = asyncio.run(work())
    assert not stored
    assert "is full" in (problem or "")
    assert store.kept == [observation(1), observation(2)]


def test_one_transaction_holds_no_more_resources_than_heartbeats_can_wait_for() -> None:
    batches: list[int] = []

    class CountingStore(FakeStore):
        def record(self, observations: list[Observation]) -> int:
            batches.append(len(observations))
            return super().record(observations)

    thing = Resource("ec2.instance", "eu-west-1", "i-1", "web", "running", State.OK)

    def listing(region: str, count: int) -> ApiObservation:
        return ApiObservation("aws", region, "ec2", AT, Reach.ANSWERED, resources=(thing,) * count)

    most = module.RESOURCES_AT_MOST
    work: list[Observation] = [
        *map(observation, range(3)),
        listing("a", most // 2),
        listing("b", most // 2),
        listing("c", 1),
        listing("d", 3 * most),
        observation(4),
    ]

    async def store() -> FakeStore:
        store = CountingStore()
        recorder = Recorder(store)
        recorder.take(tuple(work))
        assert await recorder.flush()
        recorder.close()
        return store

    assert asyncio.run(store()).kept == work
    assert batches == [5, 1, 2]


def test_what_another_took_over_is_counted_apart_and_every_right_goes_along() -> None:
    rights: list[Claim | None] = []

    class Fenced(FakeStore):
        def record_claimed(self, batch: list[Claimed]) -> Stored:
            rights.extend(claimed.claim for claimed in batch)
            return Stored(refused=1)

    async def work() -> Recorder:
        recorder = Recorder(Fenced())
        recorder.take((observation(1), observation(2)), Claim("vantage london", 7))
        recorder.take((observation(3),))
        await recorder.flush()
        recorder.close()
        return recorder

    done = asyncio.run(work())
    assert (done.refused, done.dropped, done.waiting) == (1, 0, 0)
    assert rights == [Claim("vantage london", 7), Claim("vantage london", 7), None]


def test_every_observation_has_a_number_of_its_own_that_it_keeps_when_it_is_tried_again() -> None:
    numbers: list[list[int]] = []

    class Failing(FakeStore):
        def record_claimed(self, batch: list[Claimed]) -> Stored:
            numbers.append([claimed.number for claimed in batch])
            if len(numbers) == 1:
                raise StoreError("the answer was lost")
            return Stored()

    async def work() -> None:
        recorder = Recorder(Failing())
        recorder.take((observation(1), observation(2)))
        assert not await recorder.flush()
        recorder.take((observation(3),))
        assert await recorder.flush()
        recorder.close()

    asyncio.run(work())
    assert numbers == [[1, 2], [1, 2, 3]]


def test_of_what_is_asked_again_only_the_newest_list_waits() -> None:
    store = FakeStore()
    store.full = True

    def asked(second: int, region: str = "eu-west-2") -> ApiObservation:
        found = Resource("ec2.instance", region, f"i-{second}", "web", "running", State.OK)
        at = AT + timedelta(seconds=second)
        kinds = frozenset({"ec2.instance"})
        return ApiObservation("aws", region, "ec2", at, Reach.ANSWERED, kinds=kinds, resources=(found,))

    async def work() -> None:
        recorder = Recorder(store)
        for second in range(5):
            recorder.take((asked(second),))
            if second == 1:
                assert not await recorder.flush()
        recorder.take((asked(9, "us-east-1"),))
        store.full = False
        assert await recorder.flush()
        recorder.close()

    asyncio.run(work())
    kept = [seen for seen in store.kept if isinstance(seen, ApiObservation)]
    # That it was asked, and how that went, is known of each.
    assert [seen.at.second for seen in kept] == [0, 1, 2, 3, 4, 9]
    assert [len(seen.resources) for seen in kept] == [0, 0, 0, 0, 1, 1]
    assert [bool(seen.kinds) for seen in kept] == [False] * 4 + [True] * 2


def test_what_waits_is_held_until_it_is_stored_or_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wedtui.poller.recorder.KEPT_AT_MOST", 2)

    async def work() -> None:
        recorder = Recorder(FakeStore())
        recorder.take((observation(1),), Claim("query a", 7))
        recorder.take((observation(2),), Claim("query b", 8))
        assert [recorder.holds(f"query {name}") for name in "abc"] == [True, True, False]
        recorder.take((observation(3),), Claim("query c", 9))
        assert [recorder.holds(f"query {name}") for name in "abc"] == [False, True, True]
        await recorder.flush()
        assert not any(recorder.holds(f"query {name}") for name in "abc")
        recorder.close()

    asyncio.run(work())
