"""What every backend promises: against a strict Route 53, a real PowerDNS that is asked by DNS, and moto.

What moto does otherwise than Route 53 is marked, with the reason; the one change that it can show is in `test_moto`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.providers.aws.base import AT
from tests.providers.traffic.base import AWAY, AWS, AZURE, GCP, OCEAN, USUAL, OnRoute53, System, using
from tests.providers.traffic.moto import OVERWRITES, SILENT, not_on_moto
from wedtui.core.traffic import Place
from wedtui.errors import ConflictError, ForeignRecordsError, OutcomeUnknownError
from wedtui.providers.traffic.base import TrafficBackend


async def settled(backend: TrafficBackend, submission: str) -> int:
    """Ask until a change is in sync and return how often."""
    for number in range(1, 10):
        if await backend.in_sync(submission):
            return number
    raise AssertionError("never in sync")


def test_what_is_live_is_read(traffic: System) -> None:
    traffic.put({**USUAL, AWS: 0, AZURE: 85})
    read = using(traffic.backend(), lambda backend: backend.read())
    assert read.shares == {AWS: 0, AZURE: 85, GCP: 15}, "a place of weight 0 is there; one that is off is not"
    assert (read.name, read.ttl, read.generation) == (traffic.name, timedelta(seconds=60), 0)
    assert read.read_at == AT
    assert read.submission is None
    assert json.dumps(json.loads(read.records), separators=(",", ":"), sort_keys=True) == read.records


@not_on_moto(SILENT)
def test_a_change_is_accepted_then_in_sync_and_then_heard(traffic: System) -> None:
    traffic.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        read = await backend.read()
        before = await backend.answers(200)
        assert sum(before.values()) == 200
        assert set(before) == set(USUAL)
        assert before[AWS] > before[AZURE] > 0
        submission = await backend.submit(read, AWAY, 7)
        assert (await backend.read()).submission == submission, "it is not known to be in sync"
        await settled(backend, submission)
        after = await backend.answers(200)
        assert set(after) == {AZURE, GCP, OCEAN}, "aws has no share any more, ocean has one again"
        again = await backend.read()
        assert (again.shares, again.generation, again.submission) == (AWAY, 7, None)
        # And back, with ocean off again.
        await settled(backend, await backend.submit(again, USUAL, 8))
        assert set(await backend.answers(200)) == set(USUAL)

    using(traffic.backend(), work)
    assert traffic.shares() == USUAL
    assert "generation=8" in str(traffic.generation())


@not_on_moto(SILENT)
def test_a_change_whose_id_was_lost_is_recognised_by_what_the_authoritative_servers_tell(traffic: System) -> None:
    traffic.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        submission = await backend.submit(await backend.read(), AWAY, 7)
        if isinstance(traffic, OnRoute53):
            assert not await backend.told(7), "it is pending"
        await settled(backend, submission)
        assert await backend.told(7)
        assert not await backend.told(8)
        with pytest.raises(ConflictError, match=r"another change of .* came in place of this one"):
            await backend.told(6)

    using(traffic.backend(), work)


@not_on_moto(SILENT)
def test_all_of_it_in_one_place(traffic: System) -> None:
    traffic.put({AWS: 100})

    async def work(backend: TrafficBackend) -> Mapping[Place, int]:
        await settled(backend, await backend.submit(await backend.read(), {GCP: 100, AWS: 0}, 1))
        return await backend.answers(50)

    assert using(traffic.backend(), work) == {GCP: 50}
    assert traffic.shares() == {AWS: 0, GCP: 100}


@not_on_moto(OVERWRITES)
@pytest.mark.parametrize("change", ["weights", "generation"])
def test_a_change_that_was_planned_on_other_records_changes_nothing(traffic: System, change: str) -> None:
    traffic.put(USUAL)
    theirs = {**USUAL, AWS: 59, GCP: 16} if change == "weights" else USUAL

    async def work(backend: TrafficBackend) -> None:
        read = await backend.read()
        if change == "weights":
            traffic.put(theirs)
        else:
            traffic.write_generation('"wedtui generation=3"')
        with pytest.raises(ConflictError, match="not those that were read any more: read and plan again"):
            await backend.submit(read, AWAY, 9)

    using(traffic.backend(), work)
    assert traffic.shares() == theirs
    assert "generation=9" not in str(traffic.generation())


def test_of_two_changes_of_one_reading_one_comes_true(traffic: System) -> None:
    traffic.put(USUAL)

    async def work(backend: TrafficBackend) -> tuple[str | BaseException, ...]:
        read = await backend.read()
        both = (backend.submit(read, AWAY, 4), backend.submit(read, {AWS: 50, GCP: 50}, 4))
        return await asyncio.gather(*both, return_exceptions=True)

    results = using(traffic.backend(), work)
    assert [type(result) for result in results if not isinstance(result, str)] == [ConflictError]
    won = [isinstance(result, str) for result in results]
    assert traffic.shares() == (AWAY if won[0] else {AWS: 50, GCP: 50})


WRONG = [
    ({AWS: 50, Place("nobody"): 50}, 5, "cannot be sent to nobody, which traffic.places does not name"),
    ({AWS: 50, Place("gcp", "europe"): 50}, 5, "cannot be sent to gcp/europe"),
    ({AWS: 50, GCP: 49}, 5, "sum to 99 and not to 100"),
    ({AWS: 150, GCP: -50}, 5, "not within 0..100: aws, gcp"),
    ({}, 5, "sum to 0 and not to 100"),
    (AWAY, 0, "generation of www.* is not after 0"),
]


@pytest.mark.parametrize(("shares", "generation", "words"), WRONG)
def test_what_no_plan_can_mean_is_not_sent(
    traffic: System, shares: dict[Place, int], generation: int, words: str
) -> None:
    traffic.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        read = await backend.read()
        with pytest.raises(ConflictError, match=words):
            await backend.submit(read, shares, generation)

    using(traffic.backend(), work)
    assert (traffic.shares(), traffic.generation()) == (USUAL, None)


def foreign(traffic: System) -> str:
    with pytest.raises(ForeignRecordsError) as caught:
        using(traffic.backend(), lambda backend: backend.read())
    text = str(caught.value)
    assert text.startswith(f"the records of {traffic.name} are not the set that is configured: ")
    assert text.endswith(": correct them or [traffic]")
    return text


def test_weights_that_do_not_sum_to_100(traffic: System) -> None:
    traffic.put({AWS: 60, GCP: 30})
    assert "the shares sum to 90 and not to 100" in foreign(traffic)


def test_another_ttl(traffic: System) -> None:
    traffic.put(USUAL, ttl=300)
    assert "has a TTL of 300 s, not of 60 s" in foreign(traffic)


def test_another_target(traffic: System) -> None:
    traffic.put(USUAL, target="203.0.113.9")
    assert "target" in foreign(traffic)


def test_records_of_another_type_would_not_move(traffic: System) -> None:
    traffic.put(USUAL)
    traffic.add_ipv6()
    assert "AAAA record" in foreign(traffic)


def test_no_records_at_all(traffic: System) -> None:
    traffic.put({})
    assert "there " in foreign(traffic)


@pytest.mark.parametrize("text", ['"v=spf1 -all"', '"wedtui generation=-1"', '"wedtui generation=1 id=xyz"'])
def test_something_else_where_the_generation_belongs(traffic: System, text: str) -> None:
    traffic.put(USUAL)
    traffic.write_generation(text)
    assert f"_wedtui.{traffic.name} holds something else than one generation" in foreign(traffic)


@not_on_moto(SILENT)
def test_an_answer_that_is_no_place_is_said(traffic: System) -> None:
    traffic.put(USUAL)
    others = [{"provider": "aws", "target": "192.0.2.1"}, {"provider": "gcp", "target": "192.0.2.3"}]
    with pytest.raises(ForeignRecordsError, match=r"answers 192\.0\.2\.2 for www\..*, which is no target"):
        using(traffic.backend(places=others), lambda backend: backend.answers(100))


@not_on_moto(SILENT)
def test_regions_are_places(traffic: System) -> None:
    traffic.put(USUAL)
    ours = [
        {"provider": "aws", "region": "eu-west-1", "target": "192.0.2.1", "identifier": "aws"},
        {"provider": "aws", "region": "us-east-1", "target": "192.0.2.2", "identifier": "azure"},
        {"provider": "gcp", "target": "192.0.2.3"},
    ]
    ireland, virginia = Place("aws", "eu-west-1"), Place("aws", "us-east-1")

    async def work(backend: TrafficBackend) -> None:
        read = await backend.read()
        assert read.shares == {ireland: 60, virginia: 25, GCP: 15}
        await settled(backend, await backend.submit(read, {ireland: 0, virginia: 60, GCP: 40}, 1))
        assert set(await backend.answers(60)) == {virginia, GCP}

    using(traffic.backend(places=ours), work)


def test_outcomes_that_are_unknown_are_no_conflicts() -> None:
    assert not issubclass(OutcomeUnknownError, ConflictError)
    assert not issubclass(ConflictError, OutcomeUnknownError)
