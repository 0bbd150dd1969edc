"""Credentials that belong to another account all at once: nothing of it is taken, and nothing of the former is lost.

Against the strict server, which knows whose each key is; what is stored goes through a real cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.providers.aws.base import AT, Asked, MovedClock, api, provider
from tests.providers.aws.strict_server import Answer, Request, StrictAws, error, running
from tests.providers.aws.strict_world import OWNER, World, with_instances
from wedtui.cache.reader import CacheReader
from wedtui.cache.remembered import Remembered
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.finding import Severity
from wedtui.core.inventory import InventoryFacts, ResourceQuery
from wedtui.core.inventory_findings import inventory_findings
from wedtui.core.observation import ApiObservation
from wedtui.core.resource import Reach
from wedtui.providers.aws.whose import Whose
from wedtui.store.opening import url_of

OTHER = "210987654321"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def server() -> Iterator[StrictAws]:
    with running(with_instances(World(), "eu-west-1", 2)) as server:
        yield server


def belongs_to(server: StrictAws, account: str) -> None:
    """Have every key be of an account from now on; one that is called like it always is."""

    def answered(request: Request, answer: Answer) -> Answer:
        owner = request.key if request.key == OTHER else account
        return replace(answer, body=answer.body.replace(OWNER.encode(), owner.encode()))

    server.fail("GetCallerIdentity", answered)


@dataclass
class House:
    """A cache, and processes that come and go."""

    server: StrictAws
    folder: Path
    clock: MovedClock = field(default_factory=MovedClock)

    @property
    def url(self) -> str:
        return url_of(self.folder / "cache.db")

    def life(self, *services: str, **more: Any) -> list[ApiObservation]:
        """Begin, ask some services one after the other, and store what came of it."""
        section = provider(self.server.url, **more)

        async def live() -> list[ApiObservation]:
            asked = Asked(section, self.clock, Remembered(self.url))
            try:
                return [api(await asked[service].observe()) for service in services]
            finally:
                await asked.account.close()

        with closing(CacheWriter(self.url)) as writer:
            writer.configure(Configuration(providers=(section,)), probe_interval=MINUTE, query_interval=MINUTE)
            found = asyncio.run(live())
            writer.record(found)
        self.clock.move(MINUTE)
        return found

    def known(self) -> tuple[list[str], InventoryFacts]:
        """Return what is there, and the facts."""
        with closing(CacheReader(self.url)) as reader:
            now = self.clock.now()
            rows = reader.resources(ResourceQuery(), now).rows
            return sorted(each.resource.id for each in rows), reader.facts(now).inventory


@pytest.fixture
def house(server: StrictAws, tmp_path: Path) -> House:
    return House(server, tmp_path)


def test_keys_of_another_account_in_the_same_file(
    server: StrictAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that runs on: its old key is refused, the one that stands in the file now is another account's."""
    file = tmp_path / "credentials"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    belongs_to(server, OWNER)

    def write(key: str) -> None:
        file.write_text(f"[default]\naws_access_key_id = {key}\naws_secret_access_key = not-a-secret\n")
        server.world.keys = frozenset({key})

    async def ask() -> list[ApiObservation]:
        clock = MovedClock()
        asked = Asked(provider(server.url), clock)
        found = []
        write("OURS")
        for service in ("sts", "ec2"):
            found.append(api(await asked[service].observe()))
        write(OTHER)
        for _ in range(4):
            clock.move(MINUTE)
            found.append(api(await asked["ec2"].observe()))
        await asked.account.close()
        return found

    _, before, refused, *after = asyncio.run(ask())
    assert (before.reach, len(before.resources), before.account) == (Reach.ANSWERED, 2, OWNER)
    assert refused.reach is Reach.REJECTED
    assert {(o.reach, o.resources, o.kinds, o.account) for o in after} == {(Reach.OTHER_ACCOUNT, (), frozenset(), None)}
    said = after[0].problem or ""
    assert f"now belong to account {OTHER}; until 2026-06-20 12:0" in said
    assert f"they belonged to {OWNER}" in said
    assert f'set account = "{OTHER}"' in said


def test_what_is_known_of_the_account_before_does_not_vanish(server: StrictAws, house: House) -> None:
    house.life("sts", "ec2")
    belongs_to(server, OTHER)
    server.world.lists["eu-west-1", "DescribeInstances"] = []
    assert {o.reach for o in house.life("ec2", "sts", "ec2")} == {Reach.OTHER_ACCOUNT}
    there, facts = house.known()
    assert there == ["i-00000000", "i-00000001"]
    assert not any(group.vanished for group in facts.groups)
    account = facts.account_of("aws")
    assert account is not None
    assert (account.account, account.name, account.former) == (OWNER, "user wedtui", None)
    (finding,) = (f for f in inventory_findings(facts, house.clock.now()) if "another account" in f.text)
    assert finding.severity is Severity.CRITICAL
    assert f"until 2026-06-20 12:00 UTC they belonged to {OWNER}" in finding.text


def test_the_configuration_takes_over_another_account_without_any_death(server: StrictAws, house: House) -> None:
    house.life("sts", "ec2")
    belongs_to(server, OTHER)
    with_instances(server.world, "eu-west-1", 1)
    assert {o.reach for o in house.life("ec2", "sts", account=OTHER)} == {Reach.ANSWERED}
    there, facts = house.known()
    assert there == ["i-00000000"]
    assert not any(group.vanished for group in facts.groups), "what the other account had did not vanish"
    account = facts.account_of("aws")
    assert account is not None
    assert (account.account, account.former, account.former_until) == (OTHER, OWNER, AT)
    assert {o.reach for o in house.life("ec2")} == {Reach.ANSWERED}, "the key is not needed any more"


def test_another_account_than_configured_is_refused_from_the_first_day_and_not_paid_for(
    server: StrictAws, house: House
) -> None:
    seen = house.life("cost", "ec2", account=OTHER, cost=True)
    assert {o.reach for o in seen} == {Reach.OTHER_ACCOUNT}
    assert f"belong to account {OWNER}, and the key account says {OTHER}" in (seen[0].problem or "")
    assert server.counted()["GetCostAndUsage"] == 0


def test_where_it_cannot_be_asked_whose_they_are_nothing_vanishes(server: StrictAws, house: House) -> None:
    house.life("sts", "ec2")
    server.fail("GetCallerIdentity", error("ServiceUnavailable", 503))
    server.world.lists["eu-west-1", "DescribeInstances"] = []
    seen, regions = house.life("ec2", "regions")
    assert regions.regions_on is None
    assert (seen.reach, seen.kinds) == (Reach.PARTIAL, frozenset())
    assert "whose account this is cannot be told, so nothing counts as vanished" in (seen.problem or "")
    assert house.known()[0] == ["i-00000000", "i-00000001"]


def test_nothing_more_is_asked_while_nothing_changes(server: StrictAws, house: House) -> None:
    house.life("ec2")
    assert server.counted()["GetCallerIdentity"] == 0, "there is nothing yet that it could be mistaken for"
    house.life("sts", "ec2", "rds", "ec2")
    assert server.counted()["GetCallerIdentity"] == 1
    house.life("ec2", "rds", "ec2")
    assert server.counted()["GetCallerIdentity"] == 2, "a process that begins asks once"


def test_what_is_read_with_other_keys_by_whomever_is_not_stored(house: House) -> None:
    house.life("sts", "ec2")
    with closing(CacheWriter(house.url)) as writer:
        seen = ApiObservation(
            "aws", "eu-west-1", "ec2", house.clock.now(), Reach.ANSWERED, kinds=frozenset({"ec2.instance"})
        )
        assert writer.record([replace(seen, account=OTHER)]) == 1, "it is counted as ignored"
    assert house.known()[0] == ["i-00000000", "i-00000001"]


def test_that_another_account_has_no_such_plan_is_not_said_of_ours(server: StrictAws, house: House) -> None:
    house.life("sts", "health")
    server.fail("DescribeEvents", error("SubscriptionRequiredException"))
    assert [o.reach for o in house.life("health")] == [Reach.NOT_ON_PLAN]
    server.fail("GetCallerIdentity", error("ServiceUnavailable", 503))
    assert [o.reach for o in house.life("health")] == [Reach.HELD]
    belongs_to(server, OTHER)
    assert [o.reach for o in house.life("health")] == [Reach.OTHER_ACCOUNT]


@pytest.mark.parametrize("service", ["cost", "resource-cost"])
def test_nothing_is_paid_for_while_it_cannot_be_asked_whose_costs_they_are(
    server: StrictAws, house: House, service: str
) -> None:
    house.life("sts")
    server.fail("GetCallerIdentity", error("ServiceUnavailable", 503))
    (seen,) = house.life(service, cost=True, resource_cost=True)
    assert (seen.reach, seen.requests, seen.costs) == (Reach.HELD, 0, None)
    assert "whose account this is cannot be told" in (seen.problem or "")
    assert not {"GetCostAndUsage", "GetCostAndUsageWithResources"} & {r.action for r in server.asked}
    server.fail("GetCallerIdentity")
    assert [o.requests > 0 for o in house.life(service, cost=True, resource_cost=True)] == [True], "as soon as it can"


def test_costs_of_nobody_knows_whom_take_the_place_of_none(
    server: StrictAws, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that are renewed by themselves may be other ones after the last page than before the first."""
    server.world.bills = {}
    (before,) = house.life("resource-cost", resource_cost=True)
    assert (before.reach, before.costs) == (Reach.ANSWERED, ())
    house.clock.move(timedelta(days=1))
    outcomes = iter([None, "whose account this is cannot be told"])

    async def check(*_: object) -> str | None:
        return next(outcomes)

    monkeypatch.setattr(Whose, "check", check)
    (seen,) = house.life("resource-cost", resource_cost=True)
    assert (seen.reach, seen.costs) == (Reach.HELD, None)
    assert seen.requests > 0, "which were paid for, so it is not asked again at once"
