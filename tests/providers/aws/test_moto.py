"""What moto answers as Amazon does: identity and roles, regions, machines, databases, groups, buckets, disks.

Not asked of it, because it is wrong or silent there (see `test_faults`, `test_metrics`, `test_vendor`): paging, limits,
credentials, regions that are switched off, health of targets, tasks that start, AWS Health, Cost Explorer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.providers.aws.base import by_name, once
from wedtui.core.observation import Principal
from wedtui.core.resource import Reach
from wedtui.core.state import State
from wedtui.providers.aws.whose import principal_name

Client = Callable[..., Any]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def client(moto: str) -> Client:
    make: Client = boto3.client
    return lambda service, region="eu-west-1": make(service, region_name=region, endpoint_url=moto)


def test_whose_credentials_they_are(moto: str) -> None:
    seen = once(moto, "sts")
    assert (seen.reach, seen.region, seen.credentials_expire_at) == (Reach.ANSWERED, "global", None)
    assert seen.principal == Principal("123456789012", "user moto", "arn:aws:sts::123456789012:user/moto")
    assumed = once(moto, "sts", role_arn="arn:aws:iam::222222222222:role/watcher")
    session = "arn:aws:sts::222222222222:assumed-role/watcher/wedtui"
    assert assumed.principal == Principal("222222222222", "role watcher", session)
    assert (seen.account, assumed.account) == ("123456789012", "222222222222")


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:sts::123456789012:assumed-role/wedtui/i-0abc/x", "role wedtui"),
        ("arn:aws-cn:iam::123456789012:user/people/ops/ada", "user ada"),
        ("arn:aws:iam::123456789012:root", "root"),
        ("arn:aws:sts::123456789012:federated-user/ada", "federated-user ada"),
        ("", ""),
    ],
)
def test_what_an_arn_says_of_who_it_is(arn: str, name: str) -> None:
    assert principal_name(arn) == name


def test_a_role_is_assumed_and_its_credentials_expire(moto: str, client: Client) -> None:
    client("ec2", "eu-west-2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    role = "arn:aws:iam::222222222222:role/watcher"
    ours = once(moto, "ec2", regions=["eu-west-2"])
    theirs = once(moto, "ec2", regions=["eu-west-2"], role_arn=role)
    assert (len(ours.resources), len(theirs.resources)) == (1, 0), "the role belongs to another account"
    assert ours.credentials_expire_at is None
    assert theirs.credentials_expire_at is not None
    assert theirs.credentials_expire_at.tzinfo is not None


def test_a_profile_of_the_sdk(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    config = tmp_path / "config"
    config.write_text("[profile weddings]\nregion=eu-west-3\naws_access_key_id=a\naws_secret_access_key=b\n")
    assert once(moto, "sts").reach is Reach.NO_CREDENTIALS
    assert (once(moto, "ec2").reach, once(moto, "ec2").region) == (Reach.NO_CREDENTIALS, "eu-west-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert once(moto, "sts", profile="weddings").reach is Reach.ANSWERED
    wrong = once(moto, "sts", profile="funerals")
    assert (wrong.reach, wrong.problem) == (
        Reach.NO_CREDENTIALS,
        "AWS: the SDK's files have no such profile: correct the key profile",
    )


def test_regions(moto: str) -> None:
    assert once(moto, "regions").reach is Reach.ANSWERED


def test_machines_and_disks_in_a_region_of_their_own(moto: str, client: Client) -> None:
    ec2 = client("ec2", "ca-central-1")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "rsvp"}, {"Key": "env", "Value": "live"}]}]
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=tags)["Instances"][0]
    stopped = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[stopped])
    ended = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[ended])
    seen = by_name(once(moto, "ec2", regions=["ca-central-1"]))
    assert {name: (r.status, r.state) for name, r in seen.items()} == {
        "rsvp": ("running", State.OK),
        stopped: ("stopped", State.OK),
    }
    assert seen["rsvp"].tags == (("Name", "rsvp"), ("env", "live"))
    (disk,) = seen["rsvp"].depends_on
    snapshot = ec2.create_snapshot(VolumeId=disk)
    disks = {r.id: r for r in once(moto, "ebs", regions=["ca-central-1"]).resources}
    assert disks[disk].backed_up is True
    assert disks[disk].backed_up_at is not None
    assert abs((disks[disk].backed_up_at - snapshot["StartTime"]).total_seconds()) < 2
    assert made["InstanceId"] == seen["rsvp"].id
    assert {d.backed_up for key, d in disks.items() if key != disk} <= {None}


def test_databases_by_pages(moto: str, client: Client) -> None:
    rds = client("rds")
    for number in range(103):
        size: dict[str, Any] = {"DBInstanceClass": "db.t3.micro", "Engine": "postgres", "AllocatedStorage": 20}
        backups = {"BackupRetentionPeriod": 0} if number == 1 else {}
        rds.create_db_instance(DBInstanceIdentifier=f"db-{number}", **size, **backups)
    seen = once(moto, "rds")
    found = by_name(seen)
    assert (seen.reach, len(found)) == (Reach.ANSWERED, 103)
    assert seen.requests == 4  # two pages of databases, clusters, and snapshots for the one without automatic backups
    assert (found["db-0"].status, found["db-0"].backed_up) == ("available", True)


def test_groups_that_scale(moto: str, client: Client) -> None:
    scaling = client("autoscaling")
    scaling.create_launch_configuration(LaunchConfigurationName="c", ImageId="ami-12c6146b", InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchConfigurationName="c", MinSize=2, MaxSize=4, AvailabilityZones=["eu-west-1a"]
    )
    group = by_name(once(moto, "autoscaling"))["web"]
    assert (group.state, len(group.depends_on)) == (State.OK, 2)


def test_buckets_alarms_and_certificates(moto: str, client: Client) -> None:
    client("s3", "us-east-1").create_bucket(Bucket="gallery-photos")
    client("cloudwatch").put_metric_alarm(
        AlarmName="cpu", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average", Period=60,
        EvaluationPeriods=1, Threshold=80, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    client("cloudwatch").set_alarm_state(AlarmName="cpu", StateValue="ALARM", StateReason="hot")
    client("acm").request_certificate(DomainName="rsvp.example.com")
    assert by_name(once(moto, "s3"))["gallery-photos"].region == "global"
    alarm = by_name(once(moto, "alarms"))["cpu"]
    assert (alarm.status, alarm.state, alarm.detail) == ("ALARM", State.CRITICAL, "hot")
    certificate = by_name(once(moto, "acm"))["rsvp.example.com"]
    # moto gives it an end before it is issued; it has none.
    assert (certificate.status, certificate.expires_at) == ("PENDING_VALIDATION", None)


def test_a_service_that_exists_nowhere_is_a_failure(moto: str, client: Client) -> None:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="weddings")
    ecs.register_task_definition(family="rsvp", containerDefinitions=[{"name": "c", "image": "i", "memory": 64}])
    ecs.create_service(cluster="weddings", serviceName="rsvp", taskDefinition="rsvp", desiredCount=2)
    service = by_name(once(moto, "ecs"))["rsvp"]
    # moto never starts a task: this is a service of which nothing runs.
    detail = "0 of 2 tasks run; its newest deployment is under way"
    assert (service.status, service.state, service.detail) == ("ACTIVE", State.CRITICAL, detail)
