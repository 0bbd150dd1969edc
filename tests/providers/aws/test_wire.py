"""What Amazon publishes as examples, through everything: over a connection, by the SDK as it is cut down here, judged.

Against the strict server, which answers with the examples in the form of the wire.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.providers.aws.base import api, by_name, once, rounds, vendors
from tests.providers.aws.strict_server import StrictAws, error, running
from tests.providers.aws.strict_world import World
from tests.providers.aws.wire import fixture, published, published_error
from wedtui.core.observation import Principal
from wedtui.core.resource import Reach
from wedtui.core.state import State


@pytest.fixture
def server() -> Iterator[StrictAws]:
    with running(World()) as server:
        yield server


def answering(server: StrictAws, service: str, **examples: str) -> None:
    """Answer operations of a service with published examples."""
    for operation, name in examples.items():
        server.fail(operation, published(service, operation, name))


def test_a_machine_that_runs_and_passes_its_checks(server: StrictAws) -> None:
    examples = {"DescribeInstances": "ec2_describe_instances"}
    answering(server, "ec2", **examples, DescribeInstanceStatus="botocore_ec2_DescribeInstanceStatus")
    (machine,) = once(server, "ec2").resources
    assert (machine.id, machine.status, machine.state) == ("i-1234567890abcdef0", "running", State.OK)
    assert machine.created_at == datetime(2022, 11, 15, 10, 48, 59, tzinfo=UTC)
    assert machine.depends_on == ("vol-02e6ccdca7de29cf2",)
    (named,) = fixture("ec2_describe_instances")["Reservations"][0]["Instances"]
    assert dict(machine.tags) == {tag["Key"]: tag["Value"] for tag in named["Tags"]}


def test_machines_by_their_statuses_and_without_them(server: StrictAws) -> None:
    examples = {"DescribeInstances": "wire_ec2-describe-instances.parsed"}
    answering(server, "ec2", **examples, DescribeInstanceStatus="wire_ec2-describe-instance-status.parsed")
    (running_one,) = once(server, "ec2").resources
    assert (running_one.id, running_one.status, running_one.state) == ("i-78f1b94a", "running", State.OK)
    server.fail("DescribeInstanceStatus", error("UnauthorizedOperation", 403))
    found = {r.id: (r.status, r.state) for r in once(server, "ec2").resources}
    assert found == {"i-78f1b94a": ("running", State.UNKNOWN), "i-fde9cece": ("stopped", State.OK)}


def test_a_database_whose_backups_are_old(server: StrictAws) -> None:
    answering(server, "rds", DescribeDBInstances="wire_rds-describe-db-instances.parsed")
    (found,) = once(server, "rds").resources
    assert (found.name, found.status, found.state) == ("simcoprod01", "available", State.CRITICAL)
    assert found.backed_up_at == datetime(2011, 5, 23, 6, 50, tzinfo=UTC)


def test_a_target_group_with_its_targets(server: StrictAws) -> None:
    groups = {"DescribeTargetGroups": "botocore_elbv2_DescribeTargetGroups"}
    answering(server, "elbv2", **groups, DescribeTargetHealth="elbv2_describe_target_health")
    (found,) = once(server, "elb").resources
    assert (found.name, found.status, found.state) == ("my-targets", "healthy", State.OK)
    assert found.depends_on == ("i-0f76fade", "i-ceddcd4d")


def test_a_container_service_that_finds_no_place(server: StrictAws) -> None:
    described = fixture("botocore_ecs_DescribeServices")["services"][0]
    server.world.lists["eu-west-1", "ListClusters"] = [described["clusterArn"]]
    server.world.services[described["clusterArn"]] = []
    answering(server, "ecs", ListServices="botocore_ecs_ListServices", DescribeServices="botocore_ecs_DescribeServices")
    seen = once(server, "ecs")
    (found,) = seen.resources
    assert (found.name, found.state, found.detail) == ("ecs-simple-service", State.CRITICAL, "0 of 1 tasks run")
    assert found.depends_on == ("arn:aws:ecs:us-east-1:012345678910:task-definition/hello_world:6",), "its release"
    assert (seen.reach, seen.kinds) == (Reach.PARTIAL, frozenset()), "the two examples are of two services"
    assert "my-http-service" in (seen.problem or "")


def test_an_alarm(server: StrictAws) -> None:
    answering(server, "cloudwatch", DescribeAlarms="cloudwatch_describe_alarms")
    found = by_name(once(server, "alarms"))["myalarm"]
    assert (found.status, found.state) == ("OK", State.OK)


def test_no_group_at_all(server: StrictAws) -> None:
    answering(server, "autoscaling", DescribeAutoScalingGroups="wire_autoscaling-describe-auto-scaling-groups.parsed")
    seen = once(server, "autoscaling")
    assert (seen.reach, set(seen.kinds), len(seen.resources)) == (Reach.ANSWERED, {"autoscaling.group"}, 0)


def test_whose_credentials_they_are(server: StrictAws) -> None:
    answering(server, "sts", GetCallerIdentity="sts_get_caller_identity")
    arn = "arn:aws:iam::123456789012:user/DevAdmin"
    assert once(server, "sts").principal == Principal("123456789012", "user DevAdmin", arn)


def test_the_regions_of_an_account(server: StrictAws) -> None:
    answering(server, "ec2", DescribeRegions="ec2_describe_regions")
    found = once(server, "regions").regions_on
    assert found is not None
    assert set(found) == {each["RegionName"] for each in fixture("ec2_describe_regions")["Regions"]}


def test_what_amazon_says_of_an_event(server: StrictAws) -> None:
    details = fixture("health_describe_event_details")["successfulSet"][0]
    listed = {**details["event"], "statusCode": "open", "region": "eu-west-1", "eventScopeCode": "PUBLIC"}
    server.world.lists["us-east-1", "DescribeEvents"] = [listed]
    answering(server, "health", DescribeEventDetails="health_describe_event_details")
    (vendor,) = vendors(rounds(server, "health")[0])
    (event,) = vendor.events
    assert event.text == " ".join(details["eventDescription"]["latestDescription"].split())


@pytest.mark.parametrize(
    ("service", "operation", "name", "code"),
    [
        ("ec2", "DescribeInstances", "wire_error_ec2-describe-instances.parsed", "InvalidInstanceID.Malformed"),
        ("rds", "DescribeDBInstances", "wire_error_rds-describe-db-instances.parsed", "DBInstanceNotFound"),
        ("autoscaling", "DescribeAutoScalingGroups", "wire_error_autoscaling-delete-policy.parsed", "ValidationError"),
    ],
)
def test_a_refusal_is_told_by_its_code_and_empties_nothing(
    server: StrictAws, service: str, operation: str, name: str, code: str
) -> None:
    server.fail(operation, published_error(name))
    (found,) = rounds(server, service)
    seen = api(found)
    assert seen.reach in {Reach.GARBLED, Reach.PARTIAL}
    assert f"{operation} in eu-west-1 was answered with an error that is not expected ({code})" in (seen.problem or "")
    assert "foobar" not in (seen.problem or ""), "a message of a service is not quoted"
    listed = {"rds": "rds.instance", "autoscaling": "autoscaling.group"}  # machines are listed by their statuses too
    assert listed.get(service) not in seen.kinds
