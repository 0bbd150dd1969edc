"""What moto does not have: AWS Health, what things cost, certificates that expire, snapshots of others.

Against the strict server; the entries are those that Amazon publishes where there are any.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.providers.aws.base import AT, MovedClock, api, by_name, once, rounds, signals, vendors
from tests.providers.aws.strict_server import Fault, StrictAws, body, changed, error, late, running, where
from tests.providers.aws.strict_world import OWNER, World
from wedtui.core.evidence import VendorStatus
from wedtui.core.resource import Reach
from wedtui.core.state import State
from wedtui.core.vendor import event_words
from wedtui.providers.aws.services.ec2 import newest_snapshots
from wedtui.providers.aws.services.vendor import LONGEST, MOST_EVENTS, vendor_status

FIXTURES = Path(__file__).parent / "fixtures"


def example(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())["examples"][0]["output"]


@pytest.fixture
def server() -> Iterator[StrictAws]:
    with running(World()) as server:
        yield server


def event(**more: Any) -> dict[str, Any]:
    published: dict[str, Any] = example("health_describe_event_details")["successfulSet"][0]
    said = published["eventDescription"]["latestDescription"]
    return {**published["event"], "statusCode": "open", "eventScopeCode": "PUBLIC", "said": said, **more}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, VendorStatus.INCIDENT),
        ({"region": "global"}, VendorStatus.INCIDENT),
        ({"region": "sa-east-1"}, VendorStatus.NO_INCIDENT),
        ({"statusCode": "closed"}, VendorStatus.NO_INCIDENT),
        ({"eventTypeCategory": "scheduledChange"}, VendorStatus.NO_INCIDENT),
        ({"service": "WORKSPACES"}, VendorStatus.NO_INCIDENT),
        ({"service": "WORKSPACES", "eventScopeCode": "ACCOUNT_SPECIFIC"}, VendorStatus.INCIDENT),
    ],
)
def test_which_events_concern_us(more: dict[str, Any], status: VendorStatus) -> None:
    assert vendor_status([event(**more)], ["us-east-1"]) is status


def test_health_is_asked_by_pages_in_the_region_where_it_lives(server: StrictAws) -> None:
    server.world.lists["us-east-1", "DescribeEvents"] = [event(statusCode="closed")] * 150 + [event(region="eu-west-1")]
    (found,) = rounds(server, "health")
    assert (api(found).reach, api(found).region, api(found).requests) == (Reach.ANSWERED, "global", 3)
    assert [v.status for v in vendors(found)] == [VendorStatus.INCIDENT]
    assert server.counted() == {"DescribeRegions": 1, "DescribeEvents": 2, "DescribeEventDetails": 1}


def test_an_event_says_which_service_and_region_it_is_about_and_what_amazon_says(server: StrictAws) -> None:
    own = event(region="eu-west-1", service="RDS", arn="a-2", eventScopeCode="ACCOUNT_SPECIFIC", lastUpdatedTime=1e9)
    server.world.lists["us-east-1", "DescribeEvents"] = [own, event(region="eu-west-1"), event(region="sa-east-1")]
    (vendor,) = vendors(rounds(server, "health")[0])
    newest, second = vendor.events
    assert (newest.service, newest.region, newest.category) == ("EC2", "eu-west-1", "issue")
    assert second.id == "a-2", "by this it is known again, whatever else is told anew"
    assert newest.begun_at == datetime(2020, 4, 21, 9, 45, 25, 96000, tzinfo=UTC)
    assert newest.begun_at.tzinfo is UTC, "numbers come in the zone of the machine"
    assert newest.updated_at == datetime(2020, 4, 21, 10, 16, 44, 865000, tzinfo=UTC)
    assert (second.service, second.ours, newest.ours) == ("RDS", True, False)
    assert event_words(newest, 60) == (
        "EC2 in eu-west-1: issue since 2020-04-21 09:45 UTC, updated 2020-04-21 10:16 UTC: "
        "[RESOLVED] … the service is operating normally."
    )
    assert newest.text is not None
    assert newest.text.startswith("[RESOLVED] Increased API Error Rates and Latencies [02:45 AM PDT] We are")


def test_what_amazon_says_is_bounded_and_cannot_move_a_cursor(server: StrictAws) -> None:
    said = f"begin \x1b[2J\r\n\u202e{'x' * 5000}\x07 the end"
    events = [event(region="eu-west-1", arn=f"a-{n}", service="EC2\x1b[31m", said=said) for n in range(25)]
    for each in events:
        each["eventScopeCode"] = "ACCOUNT_SPECIFIC"
    server.world.lists["us-east-1", "DescribeEvents"] = events
    (found,) = rounds(server, "health")
    (vendor,) = vendors(found)
    assert (len(vendor.events), vendor.more) == (MOST_EVENTS, 5)
    assert server.counted()["DescribeEventDetails"] == 2, "ten events a call"
    for kept in vendor.events:
        assert kept.text is not None
        assert kept.text.isprintable()
        assert len(kept.text) <= LONGEST
        assert kept.text.startswith("begin [2J")
        assert kept.text.endswith("the end")
        assert kept.service == "EC231m"


@pytest.mark.parametrize("fault", [error("AccessDeniedException"), None], ids=["denied", "not told"])
def test_an_event_without_a_description_is_still_one(server: StrictAws, fault: Fault | None) -> None:
    silent = event(region="eu-west-1")
    del silent["said"]
    server.world.lists["us-east-1", "DescribeEvents"] = [silent]
    server.fail("DescribeEventDetails", fault)
    (found,) = rounds(server, "health")
    (vendor,) = vendors(found)
    assert (vendor.status, vendor.events[0].text) == (VendorStatus.INCIDENT, None)
    assert event_words(vendor.events[0]).endswith("AWS_EC2_OPERATIONAL_ISSUE, no description is known")
    assert api(found).reach is Reach.PARTIAL
    problem = api(found).problem or ""
    assert "descriptions of events are missing" in problem
    assert fault is None or "allow health:DescribeEventDetails" in problem


def test_where_the_usual_region_does_not_answer_its_standby_is_asked(server: StrictAws) -> None:
    server.world.lists["us-east-2", "DescribeEvents"] = [event(region="eu-west-1")]
    server.fail("DescribeEvents", where("us-east-1", error("ServiceUnavailable", 503)))
    (found,) = rounds(server, "health")
    (vendor,) = vendors(found)
    assert (api(found).reach, vendor.status) == (Reach.ANSWERED, VendorStatus.INCIDENT)
    assert vendor.source == "aws health in us-east-2"
    assert vendor.events[0].text, "its descriptions come from there too"
    assert {r.region for r in server.asked if r.action == "DescribeEventDetails"} == {"us-east-2"}


def test_where_the_usual_region_hangs_its_standby_is_asked_in_the_same_round(server: StrictAws) -> None:
    server.world.lists["us-east-2", "DescribeEvents"] = [event(region="eu-west-1")]
    server.fail("DescribeEvents", where("us-east-1", late(3600)))
    (found,) = rounds(server, "health", stuck=lambda: server.counted()["DescribeEvents"] > 0)
    (vendor,) = vendors(found)
    assert (api(found).reach, vendor.status) == (Reach.ANSWERED, VendorStatus.INCIDENT)
    assert vendor.source == "aws health in us-east-2"


def test_where_neither_answers_both_are_named(server: StrictAws) -> None:
    server.fail("DescribeEvents", error("ServiceUnavailable", 503))
    (found,) = rounds(server, "health")
    assert api(found).reach is Reach.UNREACHABLE
    assert "in us-east-1 failed" in (api(found).problem or "")
    assert "us-east-2, which stands in for us-east-1" in (api(found).problem or "")


def test_a_refusal_is_not_carried_to_another_region(server: StrictAws) -> None:
    server.fail("DescribeEvents", error("AccessDeniedException"))
    assert api(rounds(server, "health")[0]).reach is Reach.DENIED
    assert {r.region for r in server.asked if r.action == "DescribeEvents"} == {"us-east-1"}


def test_an_account_without_the_plan_has_no_vendor_status_and_no_outage(server: StrictAws) -> None:
    server.fail("DescribeEvents", error("SubscriptionRequiredException"))
    (found,) = rounds(server, "health")
    assert api(found).reach is Reach.NOT_ON_PLAN
    assert "support plan" in (api(found).problem or "")
    assert vendors(found) == []


def test_health_that_cannot_be_read_says_so(server: StrictAws) -> None:
    server.fail("DescribeEvents", error("AccessDeniedException"))
    (found,) = rounds(server, "health")
    assert [(v.status, bool(v.problem)) for v in vendors(found)] == [(None, True)]


def month(start: str, end: str, **services: str) -> dict[str, Any]:
    groups = [
        {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": a, "Unit": "USD"}}} for name, a in services.items()
    ]
    return {"TimePeriod": {"Start": start, "End": end}, "Total": {}, "Groups": groups, "Estimated": True}


MAY, JUNE = ("2026-05-01", "2026-06-01"), ("2026-06-01", "2026-06-21")


def test_what_the_account_costs(server: StrictAws) -> None:
    months = [month(*MAY, EC2="1000.504", RDS="200"), month(*JUNE, EC2="600.25", RDS="100.5")]
    server.world.lists["us-east-1", "GetCostAndUsage"] = months
    (found,) = rounds(server, "cost", cost=True)
    assert {r.name: r.monthly_cost for r in api(found).resources} == {"EC2": 1000.5, "RDS": 200}
    assert signals(found)["cost_month_usd"].value == 700.75
    (asked,) = [r.parameters for r in server.asked if r.action == "GetCostAndUsage"]
    assert asked["TimePeriod"] == {"Start": "2026-05-01", "End": "2026-06-21"}, "the end is not part of it"


def test_a_month_on_two_pages_is_one_month(server: StrictAws) -> None:
    pages = [
        {"ResultsByTime": [month(*JUNE, EC2="1")], "NextPageToken": "t-1"},
        {"ResultsByTime": [month(*JUNE, S3="2")]},
    ]
    server.fail("GetCostAndUsage", *(body(json.dumps(p).encode(), content_type="application/json") for p in pages))
    (found,) = rounds(server, "cost", cost=True)
    assert signals(found)["cost_month_usd"].value == 3


def test_costs_are_asked_once_in_hours_and_never_again_after_a_failure(server: StrictAws) -> None:
    server.fail("GetCostAndUsage", error("LimitExceededException"))
    found = rounds(server, "cost", 3, steps=[timedelta(minutes=5)] * 2, cost=True)
    assert server.counted()["GetCostAndUsage"] == 1
    assert {api(each).reach for each in found} == {Reach.THROTTLED}
    rounds(server, "cost", 2, steps=[timedelta(hours=6)], cost=True)
    assert server.counted()["GetCostAndUsage"] == 3


def test_costs_are_asked_again_soon_after_credentials_were_renewed(server: StrictAws) -> None:
    server.world.lists["us-east-1", "GetCostAndUsage"] = [month(*JUNE, EC2="1")]
    server.fail("GetCostAndUsage", error("ExpiredTokenException"), None)
    quarter = timedelta(minutes=15)
    found = rounds(server, "cost", 5, steps=[timedelta(minutes=5), quarter, quarter, timedelta(hours=5)], cost=True)
    assert [api(each).reach for each in found] == [Reach.EXPIRED] * 2 + [Reach.ANSWERED] * 3
    ages = [(signals(each)["cost_month_usd"].at - AT) // quarter for each in found]
    assert ages[2:4] == [1, 1], "an answer counts for hours, and says how old it is"
    assert {api(each).interval for each in found} == {timedelta(hours=6)}
    assert server.counted()["GetCostAndUsage"] == 2, "the last of five is 5 h and 15 min after the answer"


@pytest.mark.parametrize("pace", [None, "5m"])
def test_what_the_vendor_says_is_believed_for_as_long_as_it_is_asked_seldom(
    server: StrictAws, pace: str | None
) -> None:
    more: dict[str, Any] = {"interval": pace} if pace else {}
    interval = timedelta(minutes=5) if pace else None
    assert [v.interval for v in vendors(rounds(server, "health", **more)[0])] == [interval]
    server.fail("DescribeEvents", error("AccessDeniedException"))
    assert [v.interval for v in vendors(rounds(server, "health", **more)[0])] == [interval]


@pytest.mark.parametrize("what", ["another currency", "no month"])
def test_costs_that_are_none(server: StrictAws, what: str) -> None:
    published = example("ce_get_cost_and_usage")  # its groups hold usage beside dollars
    answer = {"ResultsByTime": []} if what == "no month" else published
    text = json.dumps(answer).replace('"USD"', '"CNY"')
    server.fail("GetCostAndUsage", body(text.encode(), content_type="application/x-amz-json-1.1"))
    assert once(server, "cost", cost=True).reach is Reach.GARBLED


def test_nothing_is_asked_that_costs_money_unless_it_is_wanted(server: StrictAws) -> None:
    with pytest.raises(KeyError):
        rounds(server, "cost")


def certificate(name: str, days: float, **more: Any) -> dict[str, Any]:
    return {
        "CertificateArn": f"arn:{name}",
        "DomainName": name,
        "Status": "ISSUED",
        "NotAfter": (AT + timedelta(days=days)).timestamp(),
        "InUse": True,
        "KeyAlgorithm": "EC_prime256v1",
        **more,
    }


def test_certificates_of_every_kind_of_key(server: StrictAws) -> None:
    server.world.lists["eu-west-1", "ListCertificates"] = [
        certificate("a.example.com", 90),
        certificate("b.example.com", 5, KeyAlgorithm="RSA_4096"),
        certificate("c.example.com", 14, KeyAlgorithm="RSA_2048"),
        certificate("d.example.com", 1, InUse=False),
    ]
    found = by_name(once(server, "acm"))
    assert {name: (r.state, r.detail) for name, r in found.items()} == {
        "a.example.com": (State.OK, None),
        "b.example.com": (State.CRITICAL, "expires in 5 d"),
        "c.example.com": (State.DEGRADED, "expires in 14 d"),
        "d.example.com": (State.OK, "not in use, valid until 2026-06-21"),
    }
    assert found["d.example.com"].expires_at is None, "nothing happens when it ends"
    assert found["a.example.com"].expires_at == AT + timedelta(days=90)


def test_a_bucket_lies_where_the_list_says_and_nowhere_where_it_does_not(server: StrictAws) -> None:
    born = "2026-01-01T00:00:00.000Z"
    server.world.lists["*", "ListBuckets"] = [
        {"Name": "near", "CreationDate": born, "BucketRegion": "eu-west-1"},
        {"Name": "far", "CreationDate": born, "BucketRegion": "ap-southeast-2"},
        {"Name": "old", "CreationDate": born},
        {"Name": "odd", "CreationDate": born, "BucketRegion": "no region"},
    ]
    seen = once(server, "s3")
    assert {name: r.region for name, r in by_name(seen).items()} == {
        "near": "eu-west-1",
        "far": "ap-southeast-2",
        "old": "global",
        "odd": "global",
    }
    assert (seen.region, set(seen.kinds)) == ("global", {"s3.bucket"}), "one list for the whole account"


def snapshot(volume: str, days: int, **more: Any) -> dict[str, Any]:
    began = (AT - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"snapshotId": "s", "volumeId": volume, "status": "completed", "startTime": began, "ownerId": OWNER, **more}


def test_the_newest_finished_snapshot_of_ours_counts(server: StrictAws) -> None:
    server.world.lists["eu-west-1", "DescribeVolumes"] = [
        {"volumeId": name, "status": "in-use"} for name in ("vol-new", "vol-old", "vol-none")
    ]
    server.world.lists["eu-west-1", "DescribeSnapshots"] = [
        snapshot("vol-new", 4),
        snapshot("vol-new", 1),
        snapshot("vol-old", 5),
        snapshot("vol-old", 0, status="pending"),
        snapshot("vol-old", 0, status="error"),
        snapshot("vol-none", 0, ownerId="999999999999"),
    ]
    found = {r.id: r for r in once(server, "ebs").resources}
    assert found["vol-new"].backed_up_at == AT - timedelta(days=1)
    assert (found["vol-old"].state, found["vol-old"].detail) == (State.CRITICAL, "newest backup is 5 d old")
    assert (found["vol-none"].backed_up, found["vol-none"].backed_up_at) == (None, None)


def test_snapshots_of_others_do_not_count_even_where_they_are_listed() -> None:
    ours = {"VolumeId": "v", "OwnerId": OWNER, "State": "completed", "StartTime": AT - timedelta(days=2)}
    theirs = {**ours, "OwnerId": "999999999999", "StartTime": AT}
    assert newest_snapshots([theirs, ours], OWNER) == {"v": AT - timedelta(days=2)}


def test_snapshots_that_cannot_be_read_are_not_missing(server: StrictAws) -> None:
    server.world.lists["eu-west-1", "DescribeVolumes"] = [{"volumeId": "vol-1", "status": "in-use"}]
    server.fail("DescribeSnapshots", error("UnauthorizedOperation", 403))
    seen = once(server, "ebs")
    (disk,) = seen.resources
    assert (seen.reach, disk.backed_up) == (Reach.PARTIAL, None)
    assert (disk.state, disk.detail) == (State.UNKNOWN, "its backups are not known")
    assert "snapshots are missing" in (seen.problem or "")


@pytest.mark.parametrize("denied", [True, False], ids=["snapshots denied", "snapshots deleted"])
def test_a_disk_never_looks_better_because_its_snapshots_are_not_there_any_more(
    server: StrictAws, denied: bool
) -> None:
    names = ("vol-old", "vol-new", "vol-none")
    server.world.lists["eu-west-1", "DescribeVolumes"] = [{"volumeId": name, "status": "in-use"} for name in names]
    server.world.lists["eu-west-1", "DescribeSnapshots"] = [snapshot("vol-old", 5), snapshot("vol-new", 0)]
    nothing = b"<DescribeSnapshotsResponse><snapshotSet/></DescribeSnapshotsResponse>"
    fault = error("UnauthorizedOperation", 403) if denied else body(nothing, content_type="text/xml")
    server.fail("DescribeSnapshots", None, fault)
    before, after, last = (
        {r.id: (r.state, r.backed_up) for r in api(each).resources}
        for each in rounds(server, "ebs", 3, steps=[timedelta(minutes=10)] * 2)
    )
    assert before == {"vol-old": (State.CRITICAL, True), "vol-new": (State.OK, True), "vol-none": (State.OK, None)}
    new = State.OK if denied else State.CRITICAL
    assert after == last == {**before, "vol-new": (new, True)}


def test_snapshots_that_take_too_long_take_no_disk_with_them(server: StrictAws) -> None:
    server.world.lists["eu-west-1", "DescribeVolumes"] = [{"volumeId": "vol-1", "status": "error"}]

    def one_more(document: bytes) -> bytes:
        number = server.counted()["DescribeSnapshots"]
        return document.replace(b"<snapshotSet>", f"<nextToken>t-{number}</nextToken><snapshotSet>".encode())

    server.world.lists["eu-west-1", "DescribeSnapshots"] = [snapshot("vol-1", 1)]

    clock = MovedClock()

    def slow(request: Any, answer: Any) -> Any:
        clock.move(timedelta(seconds=1))
        return changed(one_more)(request, answer)

    server.fail("DescribeSnapshots", slow)
    seen = once(server, "ebs", clock=clock)
    assert (seen.reach, set(seen.kinds)) == (Reach.PARTIAL, {"ec2.volume"})
    assert [r.state for r in seen.resources] == [State.CRITICAL]
    assert "snapshots are missing: describe_snapshots in eu-west-1 was not read to its end" in (seen.problem or "")


def test_backups_of_databases(server: StrictAws) -> None:
    def database(name: str, **more: Any) -> dict[str, Any]:
        return {"DBInstanceIdentifier": name, "DBInstanceStatus": "available", "BackupRetentionPeriod": 7, **more}

    def ago(days: float) -> str:
        return (AT - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")

    server.world.lists["eu-west-1", "DescribeDBInstances"] = [
        database("fresh", LatestRestorableTime=ago(0.01)),
        database("stale", LatestRestorableTime=ago(4)),
        database("by-hand", BackupRetentionPeriod=0),
        database("never", BackupRetentionPeriod=0),
        database("new", BackupRetentionPeriod=0, InstanceCreateTime=ago(0.1)),
        database("replica", BackupRetentionPeriod=0, ReadReplicaSourceDBInstanceIdentifier="fresh"),
    ]
    finished = {"DBInstanceIdentifier": "by-hand", "Status": "available", "SnapshotCreateTime": ago(0.5)}
    server.world.lists["eu-west-1", "DescribeDBSnapshots"] = [
        finished,
        {"DBInstanceIdentifier": "never", "Status": "creating"},
    ]
    found = by_name(once(server, "rds"))
    assert {name: (r.state, r.detail) for name, r in found.items()} == {
        "fresh": (State.OK, None),
        "stale": (State.CRITICAL, "newest backup is 4 d old"),
        "by-hand": (State.OK, None),
        "never": (State.DEGRADED, "it has no backup"),
        "new": (State.OK, None),
        "replica": (State.OK, None),
    }
    server.fail("DescribeDBSnapshots", error("AccessDenied", 403))
    assert by_name(once(server, "rds"))["never"].state is State.UNKNOWN


def arn(region: str, name: str, account: str = OWNER) -> str:
    return f"arn:aws:rds:{region}:{account}:db:{name}"


def test_what_a_replica_follows_is_named_as_the_inventory_knows_it(server: StrictAws) -> None:
    """A source in another region comes as its ARN; that of another account is none of ours, though it has our names."""
    away, foreign = arn("us-east-1", "orders"), arn("us-east-1", "orders", "210987654321")
    sources = {"near": "orders", "far": away, "own": arn("eu-west-1", "orders"), "foreign": foreign}
    server.world.lists["eu-west-1", "DescribeDBInstances"] = [
        {
            "DBInstanceIdentifier": name,
            "DBInstanceArn": arn("eu-west-1", name),
            "DBInstanceStatus": "available",
            "ReadReplicaSourceDBInstanceIdentifier": source,
        }
        for name, source in sources.items()
    ]
    assert {name: r.depends_on for name, r in by_name(once(server, "rds")).items()} == {
        "near": ("orders",),
        "far": ("us-east-1/orders",),
        "own": ("orders",),
        "foreign": (foreign,),
    }


def test_a_cluster_rests_on_its_members_and_on_the_cluster_in_another_region_that_it_follows(server: StrictAws) -> None:
    def cluster_arn(region: str, name: str) -> str:
        return f"arn:aws:rds:{region}:{OWNER}:cluster:{name}"

    server.world.lists["eu-west-1", "DescribeDBClusters"] = [
        {
            "DBClusterIdentifier": "orders",
            "DBClusterArn": cluster_arn("eu-west-1", "orders"),
            "Status": "available",
            "ReplicationSourceIdentifier": cluster_arn("us-east-1", "orders"),
        }
    ]
    assert by_name(once(server, "rds"))["orders"].depends_on == ("us-east-1/orders",)
