"""What is read of the SDK's descriptions of services.

The SDK looks in each entry of an answer for every member that its description names: a hundred for a machine, of
which five are read here. Without the others a page is parsed in a half to a fifth of the time, which counts when
10,000 machines are listed while probes have to be on time.

And it makes a handful of objects for each operation of a client, 750 of them for EC2, of which five are called here.
Without the others the clients of five regions are a third of the objects, through which the collector of garbage looks
again and again while everything else waits.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.etree import ElementTree

from wedtui.providers.aws.guard import READ_ALREADY, NotWholeError, check_body

# The members of entries that `services` reads. A member that is read there and not named here is never there.
READ: Mapping[str, Mapping[str, frozenset[str]]] = {
    "ec2": {
        "Instance": frozenset({"InstanceId", "State", "Tags", "LaunchTime", "BlockDeviceMappings"}),
        "InstanceBlockDeviceMapping": frozenset({"Ebs"}),
        "EbsInstanceBlockDevice": frozenset({"VolumeId"}),
        "InstanceStatus": frozenset(
            {"InstanceId", "InstanceState", "SystemStatus", "InstanceStatus", "AttachedEbsStatus", "Events"}
        ),
        "InstanceStatusSummary": frozenset({"Status"}),
        "EbsStatusSummary": frozenset({"Status"}),
        "InstanceState": frozenset({"Name"}),
        "Volume": frozenset({"VolumeId", "State", "Tags", "CreateTime"}),
        "Snapshot": frozenset({"OwnerId", "VolumeId", "StartTime", "State"}),
    },
    "rds": {
        "DBInstance": frozenset(
            {
                "DBInstanceArn",
                "DBInstanceIdentifier",
                "DBInstanceStatus",
                "BackupRetentionPeriod",
                "DBClusterIdentifier",
                "InstanceCreateTime",
                "LatestRestorableTime",
                "ReadReplicaSourceDBInstanceIdentifier",
                "TagList",
            }
        ),
        "DBCluster": frozenset(
            {
                "DBClusterArn",
                "DBClusterIdentifier",
                "ReplicationSourceIdentifier",
                "Status",
                "DBClusterMembers",
                "ClusterCreateTime",
                "LatestRestorableTime",
                "TagList",
            }
        ),
        "DBClusterMember": frozenset({"DBInstanceIdentifier"}),
        "DBSnapshot": frozenset({"DBInstanceIdentifier", "SnapshotCreateTime", "Status"}),
        "DBClusterSnapshot": frozenset({"DBClusterIdentifier", "SnapshotCreateTime", "Status"}),
    },
    "elbv2": {
        "TargetGroup": frozenset({"TargetGroupArn", "TargetGroupName", "LoadBalancerArns"}),
        "TargetHealthDescription": frozenset({"Target", "TargetHealth"}),
        "TargetDescription": frozenset({"Id"}),
        "TargetHealth": frozenset({"State"}),
    },
    "ecs": {
        "Service": frozenset(
            {
                "serviceArn",
                "serviceName",
                "status",
                "deployments",
                "desiredCount",
                "runningCount",
                "loadBalancers",
                "taskDefinition",
                "tags",
                "createdAt",
                "deploymentController",
            }
        ),
        "Deployment": frozenset(
            {
                "id",
                "status",
                "taskDefinition",
                "desiredCount",
                "runningCount",
                "rolloutState",
                "rolloutStateReason",
                "failedTasks",
            }
        ),
        "LoadBalancer": frozenset({"targetGroupArn"}),
    },
    "autoscaling": {
        "AutoScalingGroup": frozenset(
            {
                "AutoScalingGroupName",
                "MinSize",
                "DesiredCapacity",
                "Instances",
                "SuspendedProcesses",
                "Status",
                "Tags",
                "CreatedTime",
            }
        ),
        "Instance": frozenset({"InstanceId", "LifecycleState", "HealthStatus"}),
        "SuspendedProcess": frozenset({"ProcessName"}),
        "TagDescription": frozenset({"Key", "Value"}),
    },
    "cloudwatch": {
        "MetricAlarm": frozenset({"AlarmName", "AlarmArn", "StateValue", "StateReason"}),
        "CompositeAlarm": frozenset({"AlarmName", "AlarmArn", "StateValue", "StateReason"}),
    },
}


RELEASED_BY_ECS = frozenset(
    {
        "DescribeTaskDefinition",
        "ListTaskDefinitions",
        "RegisterTaskDefinition",
        "TagResource",
        "UpdateService",
        "ListServiceDeployments",
        "DescribeServiceRevisions",
        "StopServiceDeployment",
    }
)
"""What only whoever releases calls: an account that is only watched need not understand it."""
# The operations that are called. STS keeps all: the SDK's own chain calls it too.
CALLED: Mapping[str, frozenset[str]] = {
    "ecs": frozenset({"ListClusters", "ListServices", "DescribeServices"}) | RELEASED_BY_ECS,
    "elbv2": frozenset({"DescribeTargetGroups", "DescribeTargetHealth"}),
    "ec2": frozenset(
        {"DescribeInstances", "DescribeInstanceStatus", "DescribeRegions", "DescribeSnapshots", "DescribeVolumes"}
    ),
    "rds": frozenset(
        {"DescribeDBInstances", "DescribeDBClusters", "DescribeDBSnapshots", "DescribeDBClusterSnapshots"}
    ),
    "autoscaling": frozenset({"DescribeAutoScalingGroups"}),
    "cloudwatch": frozenset({"DescribeAlarms", "GetMetricData"}),
    "health": frozenset({"DescribeEvents", "DescribeEventDetails"}),
    "s3": frozenset({"ListBuckets"}),
    "acm": frozenset({"ListCertificates"}),
    "ce": frozenset({"GetCostAndUsage", "GetCostAndUsageWithResources"}),
}
# What is asked of every account.
_ASKED = ("ecs", "elbv2", "sts", "ec2", "rds", "autoscaling", "cloudwatch", "health", "s3", "acm")
# So many objects more than were let go before garbage is looked for: a page is thousands, all of them in use.
GARBAGE_AFTER = 10_000
# What the SDK makes every client of.
_COMMON = ("endpoints", "partitions", "sdk-default-configuration")
_DESCRIBING = threading.Lock()


def described() -> None:
    """Read the SDK's descriptions once, before anything of an account is there, and free the collector of them.

    They are megabytes of dictionaries that stay to the end; the collector would look through them again and again,
    for a fifth of the time that a round takes, and a tenth goes to pages that are still being read. What is made later
    it has to find: sessions and clients are circles, and would hold their connections for ever.
    """
    with _DESCRIBING:  # each account has a thread of its own for this
        _describe()


@cache
def _describe() -> None:
    import boto3

    assert boto3  # its modules stay to the end, too
    loader = shared_loader()
    for service in _ASKED:
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    for name in _COMMON:
        loader.load_data(name)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)


@cache
def shared_loader() -> Any:
    """Return the one loader of the SDK's descriptions: to read them takes a third of a second and 40 MB."""
    from botocore.loaders import Loader

    class LeanLoader(Loader):
        """Leaves out what is not read."""

        def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> Any:
            """Return a description, without the members that nobody reads and the operations that nobody calls."""
            described = super().load_service_model(service_name, type_name, api_version)
            if type_name == "service-2":
                for shape, members in READ.get(service_name, {}).items():
                    whole = described["shapes"][shape]["members"]
                    for name in whole.keys() - members:
                        del whole[name]
                if service_name in CALLED:
                    for name in described["operations"].keys() - CALLED[service_name]:
                        del described["operations"][name]
            return described

    return LeanLoader()


def read_instant(value: Any) -> datetime:
    """Return the instant that a text of an answer stands for, in place of the SDK's reader of timestamps.

    That one is for every notation there is and takes ten times as long as one for the notation of nearly all answers
    (RFC 3339); what is not in it goes to the SDK's. Without an offset it is UTC, as everything that AWS says.

    Raises:
        ValueError: it is no instant.
    """
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        from botocore.utils import parse_timestamp

        found = parse_timestamp(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def read_statuses(
    response_dict: dict[str, Any], operation_model: Any, customized_response_dict: dict[str, Any], **_more: object
) -> None:
    """Read the body of DescribeInstanceStatus in place of the SDK: the event `before-parse`.

    It is asked each round for every machine, and takes the SDK's general parser three times as long.

    Raises:
        NotWholeError: it is cut off, or none.
    """
    check_body(response_dict, operation_model)
    if response_dict["status_code"] != 200:
        return
    try:
        # The SDK reads every answer with the same parser.
        root = ElementTree.fromstring(response_dict["body"])  # noqa: S314
    except ElementTree.ParseError:
        raise NotWholeError("it is no whole XML") from None
    space = root.tag[: root.tag.rfind("}") + 1]
    entries, token = root.find(f"{space}instanceStatusSet"), root.find(f"{space}nextToken")
    if entries is not None:
        customized_response_dict["InstanceStatuses"] = _statuses(entries, space)
    if token is not None:
        customized_response_dict["NextToken"] = token.text
    response_dict["body"] = READ_ALREADY


_CHECKS = (
    ("systemStatus", "SystemStatus"),
    ("instanceStatus", "InstanceStatus"),
    ("attachedEbsStatus", "AttachedEbsStatus"),
)


def _statuses(entries: ElementTree.Element, space: str) -> list[dict[str, Any]]:
    """Return entries in the SDK's names.

    Args:
        entries: the element that holds them.
        space: the name space of every element, as it stands before their names.
    """
    identifier, state, name = f"{space}instanceId", f"{space}instanceState", f"{space}name"
    status, planned = f"{space}status", f"{space}eventsSet"
    checks = [(space + wire, name) for wire, name in _CHECKS]
    found = []
    for item in entries:
        entry: dict[str, Any] = {"InstanceId": item.findtext(identifier, "")}
        if (child := item.find(state)) is not None:
            entry["InstanceState"] = {"Name": child.findtext(name, "")}
        for wire, key in checks:
            if (child := item.find(wire)) is not None:
                entry[key] = {"Status": child.findtext(status, "")}
        if (child := item.find(planned)) is not None:
            texts = ((event.findtext(f"{space}code", ""), event.findtext(f"{space}description", "")) for event in child)
            entry["Events"] = [{"Code": code, "Description": description} for code, description in texts]
        found.append(entry)
    return found
