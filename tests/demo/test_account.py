"""The demo's account of AWS, read by the adapter that reads a real one."""

from __future__ import annotations

import asyncio
import os
import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.demo.base import BEGAN, Running, running
from wedtui.cli.demo_place import DemoPlace, with_credentials
from wedtui.config import Configuration
from wedtui.core.evidence import VendorStatus
from wedtui.core.observation import ApiObservation, Observation, SignalObservation, VendorObservation
from wedtui.core.resource import Reach, Resource
from wedtui.core.state import State
from wedtui.demo.aws.answers import ACTIONS, answered
from wedtui.demo.aws.inventory import ACCOUNT, ALARMS, GROUPS, MACHINES, MAIN, SECOND
from wedtui.demo.aws.moment import Moment
from wedtui.demo.aws.protocols import account_answer
from wedtui.demo.configuration import demo_configuration, demo_credentials
from wedtui.demo.scenario import SCENARIOS, ProviderState, state
from wedtui.demo.server import Request
from wedtui.providers.aws.lean import CALLED, RELEASED_BY_ECS
from wedtui.providers.aws.paid import Paying
from wedtui.providers.aws.targets import account_targets

KINDS = {
    "acm.certificate",
    "autoscaling.group",
    "cloudwatch.alarm",
    "cost.service",
    "ec2.instance",
    "ec2.volume",
    "ecs.service",
    "elb.target-group",
    "rds.cluster",
    "rds.instance",
    "s3.bucket",
}


@pytest.fixture(autouse=True)
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the demo's service."""
    place = DemoPlace(tmp_path)
    place.credentials.write_text(demo_credentials())
    monkeypatch.setattr(os, "environ", with_credentials(place, {**os.environ, "AWS_ACCESS_KEY_ID": "AKIATHEIRS"}))


async def asked(world: Running) -> tuple[Observation, ...]:
    """Ask the account once for everything, as the service does that the demo configures."""
    text = demo_configuration(world.addresses, Path("/nowhere"))
    section = Configuration.model_validate(tomllib.loads(text)).providers[0]
    targets, account = account_targets(section, world.clock, None, Paying.NOW)
    try:
        found = await asyncio.gather(*(target.observe() for target in targets))
    finally:
        await account.close()
    return tuple(observation for each in found for observation in each)


def read(scenario: str, *seconds: float) -> list[tuple[Observation, ...]]:
    """Ask the account of a scenario at some seconds of its world."""

    async def work() -> list[tuple[Observation, ...]]:
        async with running(scenario) as world:
            found = []
            for at in seconds:
                await world.at(at)
                found.append(await asked(world))
            return found

    return asyncio.run(work())


def apis(found: Sequence[Observation]) -> list[ApiObservation]:
    return [o for o in found if isinstance(o, ApiObservation)]


def resources(found: Sequence[Observation], kind: str | None = None, region: str | None = None) -> list[Resource]:
    everything = (resource for each in apis(found) for resource in each.resources)
    return [r for r in everything if kind in {None, r.kind} and region in {None, r.region}]


def states(found: Sequence[Observation], kind: str, region: str | None = None) -> Counter[State]:
    return Counter(r.state for r in resources(found, kind, region))


def test_the_adapter_reads_all_of_it_without_an_error() -> None:
    (found,) = read("calm", 120)
    assert {(each.reach, each.problem) for each in apis(found)} == {(Reach.ANSWERED, None)}
    assert {r.kind for r in resources(found)} == KINDS
    assert 40 <= len(resources(found)) <= 60
    principal = next(each.principal for each in apis(found) if each.principal is not None)
    assert (principal.account, principal.name) == (ACCOUNT, "user wedtui-demo")
    costs = {(c.kind, c.id) for each in apis(found) for c in each.costs or ()}
    assert ("ec2.instance", MACHINES[0].id) in costs
    assert {kind for kind, _ in costs} == {"ec2.instance", "ec2.volume", "rds.instance"}


def test_what_is_wrong_with_it_on_a_calm_day_is_small_and_stays() -> None:
    for found in read("calm", 0, 4000):
        wrong = {r.name: r.detail for r in resources(found) if r.state is not State.OK}
        assert set(wrong) == {"gallery.example.com", "exports"}
        assert str(wrong["gallery.example.com"]).startswith("expires in 1")
        assert str(wrong["exports"]).startswith("newest backup is 4")


def test_what_one_thing_rests_on_is_there() -> None:
    (found,) = read("calm", 0)
    ids = {(r.region, r.id) for r in resources(found)}
    rests = [(r, on) for r in resources(found) for on in r.depends_on]
    assert {r.kind for r, _ in rests} >= {"ec2.instance", "elb.target-group", "ecs.service", "rds.cluster"}
    assert {on for r, on in rests if (r.region, on) not in ids} == {"eu-west-1/guests"}  # a replica's, elsewhere


def test_every_metric_has_a_value_that_moves_with_the_world() -> None:
    early, late = read("calm", 0, 400)

    def values(found: Sequence[Observation]) -> dict[str, float | None]:
        return {o.signal: o.value for o in found if isinstance(o, SignalObservation)}

    assert None not in {*values(early).values(), *values(late).values()}
    moved = {name for name, value in values(late).items() if value != values(early)[name]}
    assert {"alb_requests", "alb_error_rate", "alb_p95_ms", "web_cpu", "database_cpu"} <= moved


def test_when_aws_dies_its_account_shows_it_one_after_another() -> None:
    """Targets first, then tasks, checks and alarms, at last AWS Health: as a real account does."""
    before, soon, later, told = read("dead-aws", 19, 31, 55, 90)
    assert states(before, "elb.target-group") == {State.OK: len(GROUPS)}
    assert states(soon, "elb.target-group", MAIN) == {State.CRITICAL: 3}
    assert states(soon, "elb.target-group", SECOND) == {State.DEGRADED: 2}
    assert states(soon, "ec2.instance") == {State.OK: len(MACHINES)}
    assert states(later, "ec2.instance", MAIN) == {State.CRITICAL: 9, State.OK: 1}
    assert states(later, "ec2.instance", SECOND) == {State.OK: 5}
    assert states(later, "ecs.service", MAIN) == {State.CRITICAL: 3}
    assert states(later, "rds.cluster") == {State.DEGRADED: 1}
    ringing = [r for r in resources(later, "cloudwatch.alarm") if r.status == "ALARM"]
    assert len(ringing) == len(ALARMS)  # one stays silent, and one is of several together
    vendors = [next(o for o in found if isinstance(o, VendorObservation)) for found in (later, told)]
    assert [v.status for v in vendors] == [VendorStatus.NO_INCIDENT, VendorStatus.INCIDENT]
    (event,) = vendors[1].events
    assert (event.service, event.region) == ("EC2", MAIN)
    assert event.begun_at is not None
    assert 19 <= (event.begun_at - BEGAN).total_seconds() <= 22
    assert "nothing of it is real" in str(event.text)
    assert {each.reach for each in apis(told)} == {Reach.ANSWERED}


def test_what_is_open_at_aws_health_is_told_of_the_same_beginning_however_often_it_is_asked() -> None:
    def was(at: datetime) -> ProviderState:
        return state(SCENARIOS["dead-aws"], at - BEGAN, began=BEGAN).provider("aws")

    began = BEGAN + timedelta(microseconds=700_001)
    moments = [Moment(began + timedelta(seconds=85 + 0.37 * n), began, was) for n in range(1000)]
    told = [answered(each, MAIN, "health", "DescribeEvents", {})["events"] for each in moments]
    assert len({(event["arn"], event["startTime"]) for (event,) in told}) == 1


def test_every_action_by_which_an_account_is_watched_is_understood() -> None:
    names = {"elbv2": "elasticloadbalancing", "cloudwatch": "monitoring"}
    called = {(names.get(service, service), action) for service, actions in CALLED.items() for action in actions}
    # Nothing is released in the demo's account.
    assert called - {("ecs", action) for action in RELEASED_BY_ECS} <= set(ACTIONS)


@pytest.mark.parametrize("service", ["ec2", "sts", "s3", "ecs"])
def test_nobody_elses_key_is_taken(service: str) -> None:
    scope = f"AWS4-HMAC-SHA256 Credential=AKIATHEIRS/20260620/eu-west-1/{service}/aws4_request, SignedHeaders=host"
    headers = {"authorization": scope, **({"x-amz-target": "X.ListClusters"} if service == "ecs" else {})}

    def never() -> object:
        raise AssertionError("the account was looked at")

    answer = account_answer(Request("POST", "/", {"Action": "X"}, headers, b"{}"), never)  # type: ignore[arg-type]
    assert answer.status == 403
    assert b"AuthFailure" in answer.body or b"InvalidClientTokenId" in answer.body


def test_what_is_no_request_of_aws_is_refused_in_a_line() -> None:
    async def work() -> None:
        async with running("calm") as world:
            url = world.addresses.account
            assert (await world.client.get(url)).status_code == 403
            scope = "AWS4-HMAC-SHA256 Credential=DEMO/20260620/{}/{}/aws4_request"
            for region, service, action, code in (
                ("eu-west-1", "ec2", "TerminateInstances", 400),
                ("eu-north-1", "ec2", "DescribeInstances", 403),
                ("eu-west-1", "elasticloadbalancing", "DescribeTargetHealth", 400),
            ):
                form = {"Action": action, "Version": "2016-11-15"}
                headers = {"Authorization": scope.format(region, service)}
                answer = await world.client.post(url, data=form, headers=headers)
                assert answer.status_code == code, answer.text
            headers = {"Authorization": scope.format("eu-west-1", "monitoring"), "X-Amz-Target": "G.GetMetricData"}
            for body in (b"{", b"[]", b"{}", b'{"StartTime": 0, "EndTime": 9e9, "MetricDataQueries": [{}]}'):
                answer = await world.client.post(url, content=body, headers=headers)
                assert answer.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.FORBIDDEN}

    asyncio.run(work())
