"""What the strict server knows and the rules it keeps: sizes of pages, limits, tokens, keys.

Limits are those of the API references; where moto keeps none of them, this is what the adapter is tested against.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from xml.sax.saxutils import escape

EC2, QUERY, JSON, S3 = "ec2", "query", "json", "s3"
OWNER = "123456789012"
_STYLES = {"ec2": EC2, "s3": S3, "rds": QUERY, "elasticloadbalancing": QUERY, "autoscaling": QUERY, "sts": QUERY}


def style_of(service: str) -> str:
    """Return the protocol of a service."""
    return _STYLES.get(service, JSON)


class WorldError(Exception):
    """A request that is refused."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Rule:
    """How a list is answered."""

    key: str
    item: str = "item"
    token: tuple[str, str] = ("NextToken", "NextToken")
    """Its name in a request and in an answer."""
    size: tuple[str, int, int, int] | None = None
    """The parameter, the least and the most that it may be, and what it is by default."""


RULES: dict[tuple[str, str], Rule] = {
    ("ec2", "DescribeInstances"): Rule(
        "reservationSet", token=("NextToken", "nextToken"), size=("MaxResults", 5, 1000, 1000)
    ),
    ("ec2", "DescribeInstanceStatus"): Rule(
        "instanceStatusSet", token=("NextToken", "nextToken"), size=("MaxResults", 5, 1000, 1000)
    ),
    ("ec2", "DescribeVolumes"): Rule("volumeSet", token=("NextToken", "nextToken"), size=("MaxResults", 5, 500, 500)),
    ("ec2", "DescribeSnapshots"): Rule(
        "snapshotSet", token=("NextToken", "nextToken"), size=("MaxResults", 5, 1000, 1000)
    ),
    ("ec2", "DescribeRegions"): Rule("regionInfo"),
    ("rds", "DescribeDBInstances"): Rule(
        "DBInstances", "DBInstance", ("Marker", "Marker"), ("MaxRecords", 20, 100, 100)
    ),
    ("rds", "DescribeDBClusters"): Rule("DBClusters", "DBCluster", ("Marker", "Marker"), ("MaxRecords", 20, 100, 100)),
    ("rds", "DescribeDBSnapshots"): Rule(
        "DBSnapshots", "DBSnapshot", ("Marker", "Marker"), ("MaxRecords", 20, 100, 100)
    ),
    ("rds", "DescribeDBClusterSnapshots"): Rule(
        "DBClusterSnapshots", "DBClusterSnapshot", ("Marker", "Marker"), ("MaxRecords", 20, 100, 100)
    ),
    ("elasticloadbalancing", "DescribeTargetGroups"): Rule(
        "TargetGroups", "member", ("Marker", "NextMarker"), ("PageSize", 1, 400, 400)
    ),
    ("elasticloadbalancing", "DescribeTargetHealth"): Rule("TargetHealthDescriptions", "member"),
    ("autoscaling", "DescribeAutoScalingGroups"): Rule("AutoScalingGroups", "member", size=("MaxRecords", 1, 100, 50)),
    ("s3", "ListBuckets"): Rule(
        "Buckets", "Bucket", ("continuation-token", "ContinuationToken"), ("max-buckets", 1, 10000, 10000)
    ),
    ("ecs", "ListClusters"): Rule("clusterArns", token=("nextToken", "nextToken"), size=("maxResults", 1, 100, 100)),
    ("ecs", "ListServices"): Rule("serviceArns", token=("nextToken", "nextToken"), size=("maxResults", 1, 100, 10)),
    ("monitoring", "DescribeAlarms"): Rule("MetricAlarms", size=("MaxRecords", 1, 100, 50)),
    ("health", "DescribeEvents"): Rule("events", token=("nextToken", "nextToken"), size=("maxResults", 1, 100, 10)),
    ("acm", "ListCertificates"): Rule("CertificateSummaryList", size=("MaxItems", 1, 1000, 100)),
    ("ce", "GetCostAndUsage"): Rule("ResultsByTime", token=("NextPageToken", "NextPageToken")),
}


@dataclass
class World:
    """An account."""

    regions: dict[str, str] = field(default_factory=lambda: {"eu-west-1": "opt-in-not-required"})
    """Name -> whether it is switched on."""
    lists: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    """Region and action -> entries in the names of the wire; the region is `*` for what all have."""
    health: dict[str, list[Any]] = field(default_factory=dict)
    """ARN of a target group -> its targets."""
    services: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """ARN of a cluster -> its services."""
    points: dict[str, list[tuple[float, Any]]] = field(default_factory=dict)
    """Metric -> seconds since 1970 and value."""
    page: int | None = None
    """Longest page, where it is to be shorter than what is asked for."""
    keys: frozenset[str] | None = None
    """The access keys that are known; None for all."""
    bills: dict[str, dict[str, dict[str, float]]] | None = None
    """Service -> what a bill names -> day -> US dollars; None: the account has not enabled that."""

    def answer(self, region: str, service: str, action: str, parameters: Mapping[str, Any], key: str) -> bytes:
        """Return the body of a good answer.

        Raises:
            WorldError: the request breaks a rule, or the account does not have the region.
        """
        if self.keys is not None and key not in self.keys:
            raise WorldError(_refusal(service), 403)
        if self.regions.get(region) == "not-opted-in":
            raise WorldError(_refusal(service), 401 if service == "ec2" else 403)
        special = getattr(self, f"_{action}", None)
        if special is not None:
            answered: bytes = special(region, parameters)
            return answered
        entries = self.lists.get((region, action), self.lists.get(("*", action), []))
        return self._list(service, action, entries, parameters)

    def _list(
        self, service: str, action: str, entries: Sequence[Any], parameters: Mapping[str, Any], **more: Any
    ) -> bytes:
        rule = RULES[service, action]
        token = parameters.get(rule.token[0])
        start = _number(token) if token else 0
        size = _size(rule, parameters)
        if self.page is not None:
            size = min(size, self.page)
        part = entries[start : start + size]
        following = f"t-{start + size}" if start + size < len(entries) else None
        return _rendered(service, action, rule, part, token=following, more=more)

    def _ListBuckets(self, region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        entries = self.lists.get((region, "ListBuckets"), self.lists.get(("*", "ListBuckets"), []))
        if not parameters:
            # Where a bucket lies is only said to who asks with any parameter at all.
            entries = [{key: value for key, value in e.items() if key != "BucketRegion"} for e in entries]
        return self._list("s3", "ListBuckets", entries, parameters)

    def _DescribeRegions(self, _region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802 (the action's name)
        everything = parameters.get("AllRegions") == "true"
        entries = [
            {"regionName": name, "optInStatus": status}
            for name, status in self.regions.items()
            if everything or status != "not-opted-in"
        ]
        return self._list("ec2", "DescribeRegions", entries, {})

    def _DescribeInstanceStatus(self, region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        entries = self.lists.get((region, "DescribeInstanceStatus"), [])
        if parameters.get("IncludeAllInstances") != "true":
            entries = [e for e in entries if e["instanceState"]["name"] == "running"]
        return self._list("ec2", "DescribeInstanceStatus", entries, parameters)

    def _DescribeSnapshots(self, region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        entries = self.lists.get((region, "DescribeSnapshots"), [])
        if parameters.get("Owner.1") == "self":
            entries = [e for e in entries if e["ownerId"] == OWNER]
        return self._list("ec2", "DescribeSnapshots", entries, parameters)

    def _DescribeTargetHealth(self, _region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        arn = str(parameters.get("TargetGroupArn"))
        if arn not in self.health:
            raise WorldError("TargetGroupNotFound")
        return self._list("elasticloadbalancing", "DescribeTargetHealth", self.health[arn], {})

    def _GetCallerIdentity(self, _region: str, _parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        result = {"Account": OWNER, "Arn": f"arn:aws:iam::{OWNER}:user/wedtui", "UserId": "U"}
        return _query("GetCallerIdentity", result)

    def _AssumeRole(self, _region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", str(parameters.get("RoleSessionName"))):
            raise WorldError("ValidationError")
        secret = {"AccessKeyId": "ROLE", "SecretAccessKey": "s", "SessionToken": "t"}
        credentials = {**secret, "Expiration": "2099-01-01T00:00:00Z"}
        return _query("AssumeRole", {"Credentials": credentials})

    def _DescribeEventDetails(self, region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        asked = parameters["eventArns"]
        if not 1 <= len(asked) <= 10:
            raise WorldError("ValidationException")
        events = {event["arn"]: event for event in self.lists.get((region, "DescribeEvents"), [])}
        said = {arn: {"latestDescription": events[arn]["said"]} for arn in asked if "said" in events.get(arn, {})}
        answer = {
            "successfulSet": [{"event": events[arn], "eventDescription": text} for arn, text in said.items()],
            "failedSet": [{"eventArn": arn, "errorName": "x"} for arn in asked if arn not in said],
        }
        return json.dumps(answer).encode()

    def _ListServices(self, _region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        cluster = parameters.get("cluster", "default")
        if cluster not in self.services:
            raise WorldError("ClusterNotFoundException")
        arns = [service["serviceArn"] for service in self.services[cluster]]
        return self._list("ecs", "ListServices", arns, parameters)

    def _DescribeServices(self, _region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        asked = parameters["services"]
        if not 1 <= len(asked) <= 10:
            raise WorldError("InvalidParameterException")
        if parameters["cluster"] not in self.services:
            raise WorldError("ClusterNotFoundException")
        known = {service["serviceArn"]: service for service in self.services[parameters["cluster"]]}
        failures = [{"arn": arn, "reason": "MISSING"} for arn in asked if arn not in known]
        found = [known[arn] for arn in asked if arn in known]
        return json.dumps({"services": found, "failures": failures}).encode()

    def _DescribeAlarms(self, region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        composite = self.lists.get((region, "CompositeAlarms"), [])
        if "CompositeAlarm" not in parameters.get("AlarmTypes", []):
            composite = []
        entries = self.lists.get((region, "DescribeAlarms"), [])
        return self._list("monitoring", "DescribeAlarms", entries, parameters, CompositeAlarms=composite)

    def _ListCertificates(self, region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        kinds = parameters.get("Includes", {}).get("keyTypes", ["RSA_1024", "RSA_2048"])
        entries = [c for c in self.lists.get((region, "ListCertificates"), []) if c["KeyAlgorithm"] in kinds]
        return self._list("acm", "ListCertificates", entries, parameters)

    def _GetMetricData(self, _region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        queries = parameters["MetricDataQueries"]
        if not 1 <= len(queries) <= 500 or len({q["Id"] for q in queries}) != len(queries):
            raise WorldError("ValidationError")
        results = [self._series(query, parameters) for query in queries]
        size = self.page or len(results)
        start = _number(parameters["NextToken"]) if parameters.get("NextToken") else 0
        answer: dict[str, Any] = {"MetricDataResults": results[start : start + size], "Messages": []}
        if start + size < len(results):
            answer["NextToken"] = f"t-{start + size}"
        return json.dumps(answer).encode()

    def _GetCostAndUsageWithResources(self, _region: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: N802
        period, filters = parameters["TimePeriod"], parameters["Filter"]["Dimensions"]
        start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
        groups = [(by["Type"], by["Key"]) for by in parameters["GroupBy"]]
        if filters["Key"] != "SERVICE" or not filters["Values"] or ("DIMENSION", "RESOURCE_ID") not in groups:
            raise WorldError("ValidationException")
        if not start < end or end - start > timedelta(days=14) or parameters["Granularity"] not in {"DAILY", "HOURLY"}:
            raise WorldError("ValidationException")
        if self.bills is None:
            raise WorldError("DataUnavailableException")
        days = [start + timedelta(days=n) for n in range((end - start).days)]
        billed: Counter[tuple[date, str]] = Counter()
        for service in filters["Values"]:
            for name, spent in self.bills.get(service, {}).items():
                billed.update({(day, name): spent[day.isoformat()] for day in days if day.isoformat() in spent})
        lines = [(day, name, amount) for (day, name), amount in sorted(billed.items())]
        size, first = self.page or 10**9, _number(parameters["NextPageToken"]) if "NextPageToken" in parameters else 0
        part, whole = lines[first : first + size], first == 0 and len(lines) <= size
        shown = days if whole else sorted({day for day, _, _ in part})
        answer: dict[str, Any] = {
            "GroupDefinitions": parameters["GroupBy"],
            "ResultsByTime": [billed_day(day, {n: a for at, n, a in part if at == day}) for day in shown],
        }
        if first + size < len(lines):
            answer["NextPageToken"] = f"t-{first + size}"
        return json.dumps(answer).encode()

    def _series(self, query: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
        period = query["MetricStat"]["Period"]
        if not re.fullmatch(r"[a-z][A-Za-z0-9_]*", query["Id"]) or period % 60:
            raise WorldError("ValidationError")
        start, end = parameters["StartTime"], parameters["EndTime"]
        points = self.points.get(query["MetricStat"]["Metric"]["MetricName"], [])
        inside = sorted((at, v) for at, v in points if start <= at < end)
        if parameters.get("ScanBy") != "TimestampAscending":
            inside.reverse()
        times, values = [at for at, _ in inside], [v for _, v in inside]
        return {"Id": query["Id"], "Label": "x", "Timestamps": times, "Values": values, "StatusCode": "Complete"}


def billed_day(day: date, spent: Mapping[str, float | str], unit: str = "USD") -> dict[str, Any]:
    """Return what was billed on a day, in the names of the wire."""
    groups = [{"Keys": [n], "Metrics": {"UnblendedCost": {"Amount": str(a), "Unit": unit}}} for n, a in spent.items()]
    end = (day + timedelta(days=1)).isoformat()
    period = {"Start": day.isoformat(), "End": end}
    return {"TimePeriod": period, "Total": {}, "Groups": groups, "Estimated": True}


def _refusal(service: str) -> str:
    """Return what a service says to a key that it does not know, and in a region that is switched off."""
    return {"ec2": "AuthFailure", QUERY: "InvalidClientTokenId"}.get(
        service if service == "ec2" else style_of(service), "UnrecognizedClientException"
    )


def _number(token: object) -> int:
    match = re.fullmatch(r"t-([0-9]+)", str(token))
    if match is None:
        raise WorldError("InvalidNextToken")
    return int(match[1])


def _size(rule: Rule, parameters: Mapping[str, Any]) -> int:
    if rule.size is None:
        return 10**9
    name, least, most, default = rule.size
    size = int(parameters.get(name, default))
    if not least <= size <= most:
        raise WorldError("InvalidParameterValue")
    return size


def _rendered(
    service: str, action: str, rule: Rule, part: Sequence[Any], *, token: str | None, more: Mapping[str, Any]
) -> bytes:
    style = style_of(service)
    if style == JSON:
        answer = {rule.key: part, **more, **({rule.token[1]: token} if token else {})}
        return json.dumps(answer).encode()
    listed = "".join(f"<{rule.item}>{xml(entry, rule.item)}</{rule.item}>" for entry in part)
    inner = f"<{rule.key}>{listed}</{rule.key}>" + (f"<{rule.token[1]}>{token}</{rule.token[1]}>" if token else "")
    if style == S3:
        return f"<ListAllMyBucketsResult><Owner><ID>o</ID></Owner>{inner}</ListAllMyBucketsResult>".encode()
    if style == EC2:
        return f"<{action}Response><requestId>r</requestId>{inner}</{action}Response>".encode()
    return f"<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>".encode()


def _query(action: str, result: Mapping[str, Any]) -> bytes:
    return f"<{action}Response><{action}Result>{xml(result, 'member')}</{action}Result></{action}Response>".encode()


def xml(value: Any, item: str) -> str:
    """Write a value in XML; entries of lists within it are called `item`, or `member` in the query protocol."""
    if isinstance(value, Mapping):
        return "".join(f"<{key}>{xml(inner, item)}</{key}>" for key, inner in value.items())
    if isinstance(value, list | tuple):
        name = "item" if item == "item" else "member"
        return "".join(f"<{name}>{xml(inner, item)}</{name}>" for inner in value)
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value))


def instance(number: int, region: str = "eu-west-1", status: str = "running") -> dict[str, Any]:
    """Return a machine in the names of the wire."""
    return {
        "reservationId": f"r-{number}",
        "instancesSet": [
            {
                "instanceId": f"i-{number:08x}",
                "instanceState": {"code": 16, "name": status},
                "instanceType": "t3.micro",
                "launchTime": "2026-01-01T00:00:00.000Z",
                "placement": {"availabilityZone": f"{region}a"},
                "privateIpAddress": "10.0.0.1",
                "tagSet": [{"key": "Name", "value": f"web-{number}"}, {"key": "env", "value": "production"}],
            }
        ],
    }


def status(number: int, state: str = "running", check: str = "ok") -> dict[str, Any]:
    """Return the status of a machine."""
    return {
        "instanceId": f"i-{number:08x}",
        "instanceState": {"code": 16, "name": state},
        "systemStatus": {"status": check},
        "instanceStatus": {"status": "ok" if check == "impaired" else check},
    }


def service(cluster: str, name: str, **more: Any) -> dict[str, Any]:
    """Return a container service."""
    return {
        "serviceArn": f"arn:aws:ecs:eu-west-1:{OWNER}:service/{cluster}/{name}",
        "serviceName": name,
        "status": "ACTIVE",
        "desiredCount": 2,
        "runningCount": 2,
        "deployments": [{"status": "PRIMARY", "rolloutState": "COMPLETED", "failedTasks": 0}],
        **more,
    }


def cluster_arn(name: str, region: str = "eu-west-1") -> str:
    """Return the ARN of a cluster."""
    return f"arn:aws:ecs:{region}:{OWNER}:cluster/{name}"


def with_instances(world: World, region: str, count: int) -> World:
    """Add running machines to a region."""
    world.lists[region, "DescribeInstances"] = [instance(n, region) for n in range(count)]
    world.lists[region, "DescribeInstanceStatus"] = [status(n) for n in range(count)]
    return world
