"""What the demo's account answers: one function for each action that is understood, in the names of the wire.

All that there is fits on one page of each list, so no answer has a token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from wedtui.demo.aws.figures import BadSpanError, daily, monthly, series
from wedtui.demo.aws.inventory import (
    ACCOUNT,
    ALARMS,
    BUCKETS,
    CERTIFICATES,
    CLUSTER,
    COMPOSITE,
    DATABASE_CLUSTER,
    DATABASES,
    DISKS,
    MAIN,
    REGIONS,
    SWITCHED_OFF,
    USER,
    Alarm,
    Certificate,
    Database,
    Disk,
    Group,
    Machine,
    arn,
    groups_of,
    machines_of,
)
from wedtui.demo.aws.moment import ALARMS_LATE, TASKS_LATE, VENDOR_LATE, Moment

Parameters = Mapping[str, Any]
Answer = dict[str, Any]
_LONG_AGO = timedelta(days=400)
# Databases can be restored to any moment up to a few minutes ago.
_RESTORABLE = timedelta(minutes=4)
_DAY = timedelta(days=1)
_STATES = {"running": 16, "stopped": 80}
_EVENT = f"arn:aws:health:{MAIN}::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_DEMO"
_SAID = (
    "We are investigating increased error rates and impaired connectivity of instances in the EU-WEST-1 Region. "
    "Other services that depend on them are affected as well. (This is the demo's world: nothing of it is real.)"
)


class RefusedError(Exception):
    """A request that the account does not take."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def _identity(_moment: Moment, _region: str, _asked: Parameters) -> Answer:
    return {"Arn": f"arn:aws:iam::{ACCOUNT}:user/{USER}", "UserId": "AIDADEMO", "Account": ACCOUNT}


def _regions(_moment: Moment, _region: str, asked: Parameters) -> Answer:
    on = [{"regionName": name, "optInStatus": "opt-in-not-required"} for name in REGIONS]
    off = [{"regionName": name, "optInStatus": "not-opted-in"} for name in SWITCHED_OFF]
    return {"regionInfo": on + off if asked.get("AllRegions") == "true" else on}


def _tags(name: str, **more: str) -> list[Answer]:
    tags = {"Name": name, "environment": "production", **more}
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def _instances(moment: Moment, region: str, _asked: Parameters) -> Answer:
    return {"reservationSet": [_reservation(m, moment) for m in machines_of(region)]}


def _reservation(machine: Machine, moment: Moment) -> Answer:
    disks = [d for d in DISKS if (d.region, d.machine) == (machine.region, machine.name)]
    entry = {
        "instanceId": machine.id,
        "instanceType": machine.kind,
        "instanceState": _state(machine),
        "launchTime": _text(moment.began - machine.days * _DAY),
        "placement": {"availabilityZone": f"{machine.region}a"},
        "blockDeviceMapping": [{"deviceName": "/dev/sdf", "ebs": {"volumeId": d.id}} for d in disks],
        "tagSet": _tags(machine.name, role=machine.role),
    }
    return {"reservationId": machine.id.replace("i-", "r-"), "ownerId": ACCOUNT, "instancesSet": [entry]}


def _state(machine: Machine) -> Answer:
    return {"code": _STATES[machine.status], "name": machine.status}


def _statuses(moment: Moment, region: str, asked: Parameters) -> Answer:
    everything = asked.get("IncludeAllInstances") == "true"
    listed = [m for m in machines_of(region) if everything or m.status == "running"]
    return {"instanceStatusSet": [_status(m, impaired=moment.impaired(m)) for m in listed]}


def _status(machine: Machine, *, impaired: bool) -> Answer:
    running = machine.status == "running"
    return {
        "instanceId": machine.id,
        "instanceState": _state(machine),
        "systemStatus": {"status": "impaired" if impaired else "ok" if running else "not-applicable"},
        "instanceStatus": {"status": "ok" if running else "not-applicable"},
    }


def _volumes(moment: Moment, region: str, _asked: Parameters) -> Answer:
    made = _text(moment.began - _LONG_AGO)
    listed = (d for d in DISKS if d.region == region)
    return {
        "volumeSet": [
            {"volumeId": d.id, "status": "in-use", "createTime": made, "tagSet": _tags(d.name)} for d in listed
        ]
    }


def _snapshots(moment: Moment, region: str, _asked: Parameters) -> Answer:
    return {"snapshotSet": [_snapshot(d, moment) for d in DISKS if d.region == region]}


def _snapshot(disk: Disk, moment: Moment) -> Answer:
    made = moment.began - timedelta(hours=disk.backup_hours)
    if disk.backup_hours < 24:  # else it was missed once, and nobody has seen to it
        made += (moment.now - made) // _DAY * _DAY
    number = disk.id.replace("vol-", "snap-")
    return {
        "snapshotId": number,
        "volumeId": disk.id,
        "ownerId": ACCOUNT,
        "status": "completed",
        "startTime": _text(made),
    }


def _databases(moment: Moment, region: str, _asked: Parameters) -> Answer:
    return {"DBInstances": [_database(d, moment) for d in DATABASES if d.region == region]}


def _database(database: Database, moment: Moment) -> Answer:
    entry = {
        "DBInstanceIdentifier": database.name,
        "DBInstanceArn": database.arn,
        "DBInstanceStatus": "available",
        "Engine": database.kind,
        "InstanceCreateTime": _text(moment.began - _LONG_AGO),
        "BackupRetentionPeriod": 0 if database.follows else 7,
        "TagList": [{"Key": "environment", "Value": "production"}],
    }
    if database.cluster is not None:
        return {**entry, "DBClusterIdentifier": database.cluster}
    if database.follows is not None:
        return {**entry, "ReadReplicaSourceDBInstanceIdentifier": database.follows}
    return {**entry, "LatestRestorableTime": _text(moment.now - _RESTORABLE)}


def _clusters(moment: Moment, region: str, _asked: Parameters) -> Answer:
    if region != MAIN:
        return {"DBClusters": []}
    members = [d.name for d in DATABASES if d.cluster == DATABASE_CLUSTER]
    entry = {
        "DBClusterIdentifier": DATABASE_CLUSTER,
        "DBClusterArn": arn("rds", region, f"cluster:{DATABASE_CLUSTER}"),
        "Status": "failing-over" if moment.ill(TASKS_LATE) else "available",
        "ClusterCreateTime": _text(moment.began - _LONG_AGO),
        "LatestRestorableTime": _text(moment.now - _RESTORABLE),
        "DBClusterMembers": [{"DBInstanceIdentifier": name} for name in members],
        "TagList": [{"Key": "environment", "Value": "production"}],
    }
    return {"DBClusters": [entry]}


def _target_groups(_moment: Moment, region: str, _asked: Parameters) -> Answer:
    balancer = arn("elasticloadbalancing", region, "loadbalancer/app/guests/50dc6c495c0c9188")
    groups = [
        {"TargetGroupArn": g.arn, "TargetGroupName": g.name, "TargetType": "instance", "LoadBalancerArns": [balancer]}
        for g in groups_of(region)
    ]
    return {"TargetGroups": groups}


def _target_health(moment: Moment, region: str, asked: Parameters) -> Answer:
    group = next((g for g in groups_of(region) if g.arn == asked.get("TargetGroupArn")), None)
    if group is None:
        raise RefusedError("TargetGroupNotFound")
    unhealthy = moment.unhealthy(group)
    healths = [
        {
            "Target": {"Id": m.id, "Port": 443},
            "TargetHealth": {"State": "unhealthy" if m.id in unhealthy else "healthy"},
        }
        for m in machines_of(region, group.role)
    ]
    return {"TargetHealthDescriptions": healths}


def _scaling_groups(moment: Moment, region: str, _asked: Parameters) -> Answer:
    return {"AutoScalingGroups": [_scaling_group(g, moment) for g in groups_of(region) if g.scales]}


def _scaling_group(group: Group, moment: Moment) -> Answer:
    machines, unhealthy = machines_of(group.region, group.role), moment.unhealthy(group)
    listed = [
        {
            "InstanceId": m.id,
            "LifecycleState": "InService",
            "HealthStatus": "Unhealthy" if m.id in unhealthy else "Healthy",
        }
        for m in machines
    ]
    return {
        "AutoScalingGroupName": group.role,
        "MinSize": 2,
        "MaxSize": 3 * len(machines),
        "DesiredCapacity": len(machines),
        "Instances": listed,
        "SuspendedProcesses": [],
        "CreatedTime": _text(moment.began - _LONG_AGO),
        "Tags": [{"Key": "environment", "Value": "production"}],
    }


def _container_clusters(_moment: Moment, region: str, _asked: Parameters) -> Answer:
    return {"clusterArns": [arn("ecs", region, f"cluster/{CLUSTER}")]}


def _container_services(_moment: Moment, region: str, _asked: Parameters) -> Answer:
    return {"serviceArns": [g.service_arn for g in groups_of(region)]}


def _described_services(moment: Moment, region: str, asked: Parameters) -> Answer:
    known = {g.service_arn: g for g in groups_of(region)}
    wanted = list(asked.get("services", ()))
    failures = [{"arn": each, "reason": "MISSING"} for each in wanted if each not in known]
    found = [_container_service(known[each], moment) for each in wanted if each in known]
    return {"services": found, "failures": failures}


def _container_service(group: Group, moment: Moment) -> Answer:
    return {
        "serviceArn": group.service_arn,
        "serviceName": group.service,
        "status": "ACTIVE",
        "desiredCount": group.tasks,
        "runningCount": group.tasks - moment.failing(group.region, group.tasks, TASKS_LATE),
        "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED", "failedTasks": 0}],
        "loadBalancers": [{"targetGroupArn": group.arn}],
        "createdAt": (moment.began - _LONG_AGO).timestamp(),
        "tags": [{"key": "environment", "value": "production"}],
    }


def _alarms(moment: Moment, region: str, asked: Parameters) -> Answer:
    kinds = asked.get("AlarmTypes", ["MetricAlarm"])
    composite = [COMPOSITE] if region == COMPOSITE.region and "CompositeAlarm" in kinds else []
    metric = [a for a in ALARMS if a.region == region] if "MetricAlarm" in kinds else []
    return {
        "MetricAlarms": [_alarm(a, moment) for a in metric],
        "CompositeAlarms": [_alarm(a, moment) for a in composite],
    }


def _alarm(alarm: Alarm, moment: Moment) -> Answer:
    ringing = alarm.rings_in == MAIN and moment.ill(ALARMS_LATE)
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        "StateValue": "ALARM" if ringing else "OK",
        "StateReason": f"Threshold Crossed: {alarm.reason}" if ringing else "Threshold not crossed",
    }


def _metric_data(moment: Moment, _region: str, asked: Parameters) -> Answer:
    start, end = float(asked["StartTime"]), float(asked["EndTime"])
    found = [series(moment, query, start, end) for query in asked["MetricDataQueries"]]
    if asked.get("ScanBy") != "TimestampAscending":
        for each in found:
            each["Timestamps"].reverse()
            each["Values"].reverse()
    return {"MetricDataResults": found, "Messages": []}


def _events(moment: Moment, _region: str, asked: Parameters) -> Answer:
    wanted = (asked.get("filter") or {}).get("eventStatusCodes", ["open"])
    return {"events": [_event(moment)] if moment.ill(VENDOR_LATE) and "open" in wanted else []}


def _event(moment: Moment) -> Answer:
    begun = moment.ill_since().timestamp()
    return {
        "arn": _EVENT,
        "service": "EC2",
        "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "region": MAIN,
        "statusCode": "open",
        "eventScopeCode": "PUBLIC",
        "startTime": begun,
        "lastUpdatedTime": begun + VENDOR_LATE.total_seconds(),
    }


def _event_details(moment: Moment, _region: str, asked: Parameters) -> Answer:
    arns = list(asked.get("eventArns", ()))
    known = [_EVENT] if moment.ill(VENDOR_LATE) else []
    told = [{"event": _event(moment), "eventDescription": {"latestDescription": _SAID}} for a in arns if a in known]
    return {"successfulSet": told, "failedSet": [{"eventArn": a, "errorName": "x"} for a in arns if a not in known]}


def _certificates(moment: Moment, region: str, _asked: Parameters) -> Answer:
    return {"CertificateSummaryList": [_certificate(c, moment) for c in CERTIFICATES if c.region == region]}


def _certificate(certificate: Certificate, moment: Moment) -> Answer:
    return {
        "CertificateArn": certificate.arn,
        "DomainName": certificate.domain,
        "Status": "ISSUED",
        "Type": "IMPORTED" if certificate.imported else "AMAZON_ISSUED",
        "KeyAlgorithm": "RSA_2048",
        "InUse": True,
        "CreatedAt": (moment.began - _LONG_AGO).timestamp(),
        "NotAfter": (moment.began + certificate.days_left * _DAY).timestamp(),
    }


def _buckets(moment: Moment, _region: str, asked: Parameters) -> Answer:
    made = _text(moment.began - _LONG_AGO)
    # Where a bucket lies is only said to who asks for pages.
    paged = "max-buckets" in asked
    buckets = [
        {"Name": name, "CreationDate": made, **({"BucketRegion": region} if paged else {})} for name, region in BUCKETS
    ]
    return {"Owner": {"ID": ACCOUNT}, "Buckets": buckets}


def _costs(moment: Moment, _region: str, asked: Parameters) -> Answer:
    return {"ResultsByTime": monthly(moment.now, *_span(asked))}


def _resource_costs(_moment: Moment, _region: str, asked: Parameters) -> Answer:
    services = asked["Filter"]["Dimensions"]["Values"]
    return {"ResultsByTime": daily(*_span(asked), services)}


def _span(asked: Parameters) -> tuple[date, date]:
    period = asked["TimePeriod"]
    return date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


Function = Callable[[Moment, str, Parameters], Answer]

ACTIONS: Mapping[tuple[str, str], Function] = MappingProxyType(
    {
        ("sts", "GetCallerIdentity"): _identity,
        ("ec2", "DescribeRegions"): _regions,
        ("ec2", "DescribeInstances"): _instances,
        ("ec2", "DescribeInstanceStatus"): _statuses,
        ("ec2", "DescribeVolumes"): _volumes,
        ("ec2", "DescribeSnapshots"): _snapshots,
        ("rds", "DescribeDBInstances"): _databases,
        ("rds", "DescribeDBClusters"): _clusters,
        ("rds", "DescribeDBSnapshots"): lambda *_: {"DBSnapshots": []},
        ("rds", "DescribeDBClusterSnapshots"): lambda *_: {"DBClusterSnapshots": []},
        ("elasticloadbalancing", "DescribeTargetGroups"): _target_groups,
        ("elasticloadbalancing", "DescribeTargetHealth"): _target_health,
        ("autoscaling", "DescribeAutoScalingGroups"): _scaling_groups,
        ("ecs", "ListClusters"): _container_clusters,
        ("ecs", "ListServices"): _container_services,
        ("ecs", "DescribeServices"): _described_services,
        ("monitoring", "DescribeAlarms"): _alarms,
        ("monitoring", "GetMetricData"): _metric_data,
        ("health", "DescribeEvents"): _events,
        ("health", "DescribeEventDetails"): _event_details,
        ("acm", "ListCertificates"): _certificates,
        ("s3", "ListBuckets"): _buckets,
        ("ce", "GetCostAndUsage"): _costs,
        ("ce", "GetCostAndUsageWithResources"): _resource_costs,
    }
)
"""Service as signatures name it, and action."""


def answered(moment: Moment, region: str, service: str, action: str, asked: Parameters) -> Answer:
    """Return what the account says to a request that is signed well.

    Raises:
        RefusedError: the account does not have that region, or nobody understands what is asked.
    """
    if region not in REGIONS:
        raise RefusedError("OptInRequired", 403)
    function = ACTIONS.get((service, action))
    if function is None:
        raise RefusedError("InvalidAction")
    try:
        return function(moment, region, asked)
    except (KeyError, TypeError, ValueError, AttributeError, BadSpanError):
        raise RefusedError("ValidationError") from None
