"""A service that begins anew, or takes over, goes on from what the cache knows: what was paid for, what had backups."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.providers.aws.base import AT, Asked, MovedClock, api, provider, signals
from tests.providers.aws.strict_server import StrictAws, body, error, running
from tests.providers.aws.strict_world import World
from wedtui.cache.reader import CacheReader
from wedtui.cache.remembered import Remembered
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.observation import Observation
from wedtui.core.resource import Reach
from wedtui.core.state import State
from wedtui.providers.aws.paid import Paying
from wedtui.store.opening import url_of

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
MONTH = {
    "TimePeriod": {"Start": "2026-06-01", "End": "2026-06-21"},
    "Total": {},
    "Groups": [{"Keys": ["EC2"], "Metrics": {"UnblendedCost": {"Amount": "7.5", "Unit": "USD"}}}],
}


@dataclass
class House:
    """A cache, a server, and services that come and go."""

    server: StrictAws
    folder: Path
    clock: MovedClock = field(default_factory=MovedClock)
    more: dict[str, Any] = field(default_factory=lambda: {"cost": True})

    @property
    def url(self) -> str:
        return url_of(self.folder / "cache.db")

    def life(self, service: str, *after: timedelta, paying: Paying = Paying.DUE) -> list[tuple[Observation, ...]]:
        """Begin, ask, and again after each pause; what is observed is stored."""
        section = provider(self.server.url, **self.more)
        writer = CacheWriter(self.url)
        writer.configure(Configuration(providers=(section,)), probe_interval=MINUTE, query_interval=MINUTE)

        async def live() -> list[tuple[Observation, ...]]:
            asked = Asked(section, self.clock, Remembered(self.url), paying)
            found = []
            try:
                for pause in (timedelta(), *after):
                    self.clock.move(pause)
                    found.append(await asked[service].observe())
                    writer.record(found[-1])
            finally:
                await asked.account.close()
            return found

        try:
            return asyncio.run(live())
        finally:
            writer.close(clean=True)

    @property
    def paid(self) -> int:
        return self.server.counted()["GetCostAndUsage"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with running(World(regions={"eu-west-1": "opt-in-not-required"})) as server:
        server.world.lists["us-east-1", "GetCostAndUsage"] = [MONTH]
        yield House(server, tmp_path)


def test_a_start_pays_only_once_the_hours_are_over(house: House) -> None:
    assert signals(house.life("cost")[0])["cost_month_usd"].value == 7.5
    for pause in (MINUTE, HOUR, 4 * HOUR + 58 * MINUTE):
        house.clock.move(pause)
        assert house.life("cost") == [()], "it stands in the cache"
    assert house.paid == 1
    house.clock.move(MINUTE)
    assert api(house.life("cost")[0]).reach is Reach.ANSWERED
    assert house.paid == 2


def test_what_is_shown_until_then_has_its_age(house: House) -> None:
    house.life("cost")
    house.clock.move(3 * HOUR)
    house.life("cost")
    reader = CacheReader(house.url)
    (signal,) = reader.facts(house.clock.now()).providers[0].signals
    reader.close()
    assert (signal.value, signal.measured_at) == (7.5, AT)


def test_one_that_was_overtaken_does_not_pay_again_when_it_is_its_turn(house: House) -> None:
    async def two() -> None:
        section = provider(house.server.url, **house.more)
        one, other = (Asked(section, house.clock, Remembered(house.url)) for _ in range(2))
        writer = CacheWriter(house.url)
        writer.configure(Configuration(providers=(section,)), probe_interval=MINUTE, query_interval=MINUTE)
        writer.record(await one["cost"].observe())
        house.clock.move(7 * HOUR)
        writer.record(await other["cost"].observe())
        house.clock.move(HOUR)
        assert await one["cost"].observe() == (), "its own answer is eight hours old, the other's one"
        writer.close()
        for each in (one, other):
            await each.account.close()

    asyncio.run(two())
    assert house.paid == 2


def test_a_start_soon_after_a_failure_that_was_paid_for_waits(house: House) -> None:
    house.server.fail("GetCostAndUsage", error("LimitExceededException"), None)
    house.life("cost")
    house.clock.move(5 * MINUTE)
    assert house.life("cost") == [()]
    house.clock.move(10 * MINUTE)
    assert api(house.life("cost")[0]).reach is Reach.ANSWERED
    assert house.paid == 2


def test_credentials_that_are_back_are_used_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.delenv("AWS_ACCESS_KEY_ID")
        without.delenv("AWS_SECRET_ACCESS_KEY")
        assert api(house.life("cost")[0]).reach is not Reach.ANSWERED
    assert api(house.life("cost")[0]).reach is Reach.ANSWERED, "nothing was sent before, so nothing was paid"


def test_an_answer_of_a_clock_that_was_ahead_does_not_hold_for_ever(house: House) -> None:
    house.clock.move(timedelta(days=400))
    house.life("cost")
    house.clock.move(timedelta(days=-400))
    assert api(house.life("cost")[0]).reach is Reach.ANSWERED


def test_a_person_who_says_so_pays_now(house: House) -> None:
    house.life("cost")
    assert api(house.life("cost", paying=Paying.NOW)[0]).reach is Reach.ANSWERED
    assert house.paid == 2
    with pytest.raises(KeyError):
        house.life("cost", paying=Paying.NEVER)


def test_who_cannot_look_up_what_was_paid_does_not_pay(house: House) -> None:
    house.life("cost")
    section = provider(house.server.url, **house.more)
    (house.folder / "other.db").write_bytes(b"not a database, but long enough to be looked at " * 100)

    async def ask() -> tuple[Observation, ...]:
        asked = Asked(section, house.clock, Remembered(url_of(house.folder / "other.db")))
        found = await asked["cost"].observe()
        await asked.account.close()
        return found

    found = asyncio.run(ask())
    assert (api(found).reach, house.paid) == (Reach.HELD, 1)
    assert "not asked, because each request costs money" in (signals(found)["cost_month_usd"].problem or "")


WITH_RESOURCES = "GetCostAndUsageWithResources"


@pytest.fixture
def billed(house: House) -> House:
    """Have an account that has a bill for one machine, and asks for it."""
    spent = {f"2026-06-{day:02}": 2.4 for day in range(1, 31)}
    house.server.world.bills = {"Amazon Elastic Compute Cloud - Compute": {"i-0a": spent}}
    house.more = {"resource_cost": True}
    return house


def asked_for_resources(house: House) -> int:
    return house.server.counted()[WITH_RESOURCES]


def test_a_start_pays_for_what_resources_cost_only_once_the_day_is_over(billed: House) -> None:
    (cost,) = api(billed.life("resource-cost")[0]).costs or ()
    assert (cost.id, round(cost.estimate.monthly_usd, 2)) == ("i-0a", 73.0)
    for pause in (MINUTE, HOUR, 22 * HOUR + 58 * MINUTE):
        billed.clock.move(pause)
        assert billed.life("resource-cost") == [()], "it stands in the cache"
    assert asked_for_resources(billed) == 1
    billed.clock.move(MINUTE)
    assert api(billed.life("resource-cost")[0]).reach is Reach.ANSWERED
    assert asked_for_resources(billed) == 2


def test_a_start_does_not_ask_again_what_is_not_enabled(billed: House) -> None:
    billed.server.world.bills = None
    assert api(billed.life("resource-cost")[0]).reach is Reach.NOT_ENABLED
    billed.clock.move(23 * HOUR)
    assert billed.life("resource-cost") == [()]
    assert asked_for_resources(billed) == 1
    assert api(billed.life("resource-cost", paying=Paying.NOW)[0]).reach is Reach.NOT_ENABLED, "unless a person asks"


def test_a_start_after_a_failure_waits_for_longer_the_more_was_paid_for_it(billed: House) -> None:
    billed.server.world.page = 4
    billed.server.fail(WITH_RESOURCES, None, None, error("LimitExceededException"), None)
    assert api(billed.life("resource-cost")[0]).reach is Reach.THROTTLED
    billed.clock.move(30 * MINUTE)
    assert billed.life("resource-cost") == [()]
    billed.clock.move(15 * MINUTE)
    assert api(billed.life("resource-cost")[0]).reach is Reach.ANSWERED
    assert asked_for_resources(billed) == 3 + 3


def test_the_two_kinds_of_costs_are_due_by_themselves(billed: House) -> None:
    billed.more = {"cost": True, "resource_cost": True}
    billed.life("cost")
    assert api(billed.life("resource-cost")[0]).reach is Reach.ANSWERED
    billed.clock.move(6 * HOUR)
    assert billed.life("resource-cost") == [()]
    assert api(billed.life("cost")[0]).reach is Reach.ANSWERED
    assert (billed.paid, asked_for_resources(billed)) == (2, 1)


NO_SNAPSHOTS = body(b"<DescribeSnapshotsResponse><snapshotSet/></DescribeSnapshotsResponse>", content_type="text/xml")


def disks(house: House) -> dict[str, tuple[State, str | None, bool | None]]:
    (found,) = house.life("ebs")
    return {r.id: (r.state, r.detail, r.backed_up) for r in api(found).resources}


@pytest.fixture
def backed_up(house: House) -> House:
    """Have two disks, one of which has a snapshot of yesterday."""
    house.server.world.lists["eu-west-1", "DescribeVolumes"] = [
        {"volumeId": name, "status": "in-use"} for name in ("vol-1", "vol-never")
    ]
    began = (AT - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    house.server.world.lists["eu-west-1", "DescribeSnapshots"] = [
        {"snapshotId": "s", "volumeId": "vol-1", "status": "completed", "startTime": began, "ownerId": "123456789012"}
    ]
    assert disks(house) == {"vol-1": (State.OK, None, True), "vol-never": (State.OK, None, None)}
    return house


def test_a_disk_whose_snapshots_went_while_nobody_looked_had_some(backed_up: House) -> None:
    backed_up.server.fail("DescribeSnapshots", NO_SNAPSHOTS)
    for _start in range(3):
        assert disks(backed_up) == {
            "vol-1": (State.CRITICAL, "it has no backup any more", True),
            "vol-never": (State.OK, None, None),
        }, "each start knows it from the one before"


def test_a_start_that_may_not_read_snapshots_goes_by_what_was_known(backed_up: House) -> None:
    backed_up.server.fail("DescribeSnapshots", error("UnauthorizedOperation", 403))
    unknown = (State.UNKNOWN, "its backups are not known", None)
    assert disks(backed_up) == {"vol-1": (State.OK, None, True), "vol-never": unknown}
    backed_up.clock.move(timedelta(days=3))
    assert disks(backed_up)["vol-1"] == (State.CRITICAL, "newest backup is 4 d old", True)
    backed_up.server.fail("DescribeSnapshots", NO_SNAPSHOTS)
    assert disks(backed_up)["vol-1"] == (State.CRITICAL, "it has no backup any more", True), "nor is that forgotten"


def test_disks_are_listed_where_the_cache_cannot_be_read(backed_up: House) -> None:
    (backed_up.folder / "other.db").write_bytes(b"not a database, but long enough to be looked at " * 100)

    async def ask() -> tuple[Observation, ...]:
        section = provider(backed_up.server.url)
        asked = Asked(section, backed_up.clock, Remembered(url_of(backed_up.folder / "other.db")))
        found = await asked["ebs"].observe()
        await asked.account.close()
        return found

    seen = api(asyncio.run(ask()))
    assert (seen.reach, len(seen.resources)) == (Reach.PARTIAL, 2)
    assert "which disks had backups cannot be looked up" in (seen.problem or "")
