"""What Amazon publishes as examples of its answers, as resources; a server is needed only for what is empty."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.providers.aws.base import AT, Asked, MovedClock, api, provider
from tests.providers.aws.strict_server import body, running
from tests.providers.aws.strict_world import World
from wedtui.core.observation import ApiObservation
from wedtui.core.resource import Reach
from wedtui.core.state import State
from wedtui.providers.aws.lean import CALLED, READ, shared_loader
from wedtui.providers.aws.services.alarms import alarm
from wedtui.providers.aws.services.certificates import KEY_TYPES
from wedtui.providers.aws.services.ec2 import checks, instances
from wedtui.providers.aws.services.ecs import service
from wedtui.providers.aws.services.elb import target_group
from wedtui.providers.aws.services.rds import database

FIXTURES = Path(__file__).parent / "fixtures"


def parsed(name: str) -> Any:
    """Return an example with its times as the SDK gives them."""
    return _timed(json.loads((FIXTURES / f"{name}.json").read_text()))


def _timed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_timed(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value):
        return datetime.fromisoformat(value)
    return value


def output(name: str) -> Any:
    return parsed(name)["examples"][0]["output"]


def test_a_machine_that_was_stopped() -> None:
    found = list(instances(parsed("wire_ec2-describe-instances.parsed"), "us-west-2"))
    stopped = found[0]
    assert (stopped.id, stopped.status, stopped.state) == ("i-fde9cece", "stopped", State.OK)
    assert stopped.created_at == datetime(2012, 10, 16, 20, 0, 13, tzinfo=UTC)
    assert stopped.depends_on


def test_status_checks() -> None:
    entry = parsed("wire_ec2-describe-instance-status.parsed")["InstanceStatuses"][0]
    assert checks(entry) == [("system", "ok"), ("instance", "ok")]


def test_a_database_whose_backups_are_old() -> None:
    found = database(parsed("wire_rds-describe-db-instances.parsed")["DBInstances"][0], {}, "us-east-1", AT)
    assert (found.name, found.status, found.state) == ("simcoprod01", "available", State.CRITICAL)
    assert found.backed_up_at == datetime(2011, 5, 23, 6, 50, tzinfo=UTC)


def test_a_container_service_that_finds_no_place() -> None:
    found = service(output("botocore_ecs_DescribeServices")["services"][0], "us-east-1")
    assert (found.name, found.state, found.detail) == ("ecs-simple-service", State.CRITICAL, "0 of 1 tasks run")


def test_a_target_group_and_its_targets() -> None:
    group = output("botocore_elbv2_DescribeTargetGroups")["TargetGroups"][0]
    health = output("elbv2_describe_target_health")["TargetHealthDescriptions"]
    found = target_group(group, health, "us-west-2")
    assert (found.name, found.status, found.state) == ("my-targets", "healthy", State.OK)
    assert found.depends_on == ("i-0f76fade", "i-ceddcd4d")
    assert target_group(group, None, "us-west-2").state is State.UNKNOWN


def test_an_account_without_groups_has_none_and_says_so_of_the_whole_list() -> None:
    page = parsed("wire_autoscaling-describe-auto-scaling-groups.parsed")
    # As it stood on the wire of that example: an empty element, in a name space.
    wire = (
        '<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">\n'
        "  <DescribeAutoScalingGroupsResult>\n    <AutoScalingGroups/>\n  </DescribeAutoScalingGroupsResult>\n"
        f"  <ResponseMetadata>\n    <RequestId>{page['ResponseMetadata']['RequestId']}</RequestId>\n"
        "  </ResponseMetadata>\n</DescribeAutoScalingGroupsResponse>\n"
    )
    seen: list[Any] = []

    async def ask(url: str) -> ApiObservation:
        asked = Asked(provider(url), MovedClock())
        answered = asked.account.ask

        async def noted(*words: Any, **parameters: Any) -> Any:
            seen.append(await answered(*words, **parameters))
            return seen[-1]

        asked.account.ask = noted  # type: ignore[method-assign]
        try:
            return api(await asked["autoscaling"].observe())
        finally:
            await asked.account.close()

    with running(World()) as server:
        server.fail("DescribeAutoScalingGroups", body(wire.encode(), content_type="text/xml"))
        found = asyncio.run(ask(server.url))
    assert seen[-1]["AutoScalingGroups"] == page["AutoScalingGroups"] == []
    assert seen[-1]["ResponseMetadata"]["RequestId"] == page["ResponseMetadata"]["RequestId"]
    assert found.reach is Reach.ANSWERED
    assert found.kinds == frozenset({"autoscaling.group"})
    assert not found.resources


def test_an_alarm() -> None:
    found = alarm(output("cloudwatch_describe_alarms")["MetricAlarms"][0], "us-east-1")
    assert (found.name, found.status, found.state) == ("myalarm", "OK", State.OK)


def test_every_kind_of_key_that_the_sdk_knows_is_asked_for() -> None:
    described = shared_loader().load_service_model("acm", "service-2")
    assert set(KEY_TYPES) <= set(described["shapes"]["KeyAlgorithm"]["enum"])


@pytest.mark.parametrize("name", READ)
def test_what_is_read_exists(name: str) -> None:
    described = shared_loader().load_service_model(name, "service-2")
    for shape, members in READ[name].items():
        assert described["shapes"][shape]["members"].keys() == members


@pytest.mark.parametrize("name", CALLED)
def test_what_is_called_exists_and_nothing_else_is_kept(name: str) -> None:
    described = shared_loader().load_service_model(name, "service-2")
    assert described["operations"].keys() == CALLED[name]
