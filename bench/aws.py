"""A round over an account of 5 regions x 500 resources, each answer 50 ms away, beside the slowest chain of calls.

The server is the strict one of the tests, in a process of its own. A round asks every status in every region at once;
names and tags, which are asked each ten minutes, come in the first round, which is shown beside it. The slowest chain
is that of ECS where nothing is known yet: clusters, their services, and what is known of each; a round that follows
upon another asks the last beside the first two.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from typing import Any

import boto3

from bench.figures import Figure, median
from tests.providers.aws.strict_server import StrictAws
from tests.providers.aws.strict_world import OWNER, World, cluster_arn, service, with_instances
from wedtui.clock import SystemClock
from wedtui.config import ProviderSection
from wedtui.core.observation import ApiObservation, Observation
from wedtui.core.resource import Reach
from wedtui.providers.aws.targets import ServiceTarget, account_targets

REGIONS = ("eu-west-1", "eu-west-2", "us-east-1", "us-west-2", "ap-southeast-2")
MACHINES, DATABASES, GROUPS, SERVICES, SCALING, ALARMS = 300, 60, 5, 50, 20, 65
"""500 in each region."""
LATENCY_S = 0.05
ROUNDS = 9
STATUSES = ("ecs", "elb", "sts", "ec2", "rds", "autoscaling", "alarms")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "KEY",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}


def world() -> World:
    """Return the account."""
    made = World(regions=dict.fromkeys(REGIONS, "opt-in-not-required"))
    for region in REGIONS:
        with_instances(made, region, MACHINES)
        made.lists[region, "DescribeDBInstances"] = [
            {
                "DBInstanceIdentifier": f"db-{n}",
                "DBInstanceStatus": "available",
                "BackupRetentionPeriod": 7,
                "LatestRestorableTime": "2026-06-20T12:00:00Z",
            }
            for n in range(DATABASES)
        ]
        arns = [f"arn:aws:elasticloadbalancing:{region}:{OWNER}:targetgroup/g{n}/0" for n in range(GROUPS)]
        made.lists[region, "DescribeTargetGroups"] = [
            {"TargetGroupArn": arn, "TargetGroupName": f"g{n}", "LoadBalancerArns": ["lb"]}
            for n, arn in enumerate(arns)
        ]
        healthy = {"Target": {"Id": "i-00000001", "Port": 80}, "TargetHealth": {"State": "healthy"}}
        made.health |= {arn: [healthy] * 10 for arn in arns}
        cluster = cluster_arn("weddings", region)
        made.lists[region, "ListClusters"] = [cluster]
        made.services[cluster] = [service("weddings", f"s{n}") for n in range(SERVICES)]
        made.lists[region, "DescribeAutoScalingGroups"] = [
            {"AutoScalingGroupName": f"a{n}", "MinSize": 0, "MaxSize": 9, "DesiredCapacity": 0} for n in range(SCALING)
        ]
        made.lists[region, "DescribeAlarms"] = [{"AlarmName": f"a{n}", "StateValue": "OK"} for n in range(ALARMS)]
    return made


def serve(ready: Connection, core: int) -> None:
    """Answer until killed."""
    os.sched_setaffinity(0, {core})
    asyncio.run(StrictAws(world(), cached=True, latency_s=LATENCY_S).serve(ready.send))


async def measure(port: int) -> tuple[list[float], list[float], float, int, int]:
    """Return the seconds of each round and of each chain, those of the first round, its requests and resources."""
    table = {"endpoint_url": f"http://127.0.0.1:{port}", "regions": list(REGIONS)}
    section = ProviderSection.model_validate({"name": "aws", "kind": "aws", "aws": table})
    targets, account = account_targets(section, SystemClock())
    asked = [target for target in targets if target.key.rpartition(" ")[2] in STATUSES]
    await whole_round(asked)  # clients are made, connections are opened
    for target in asked:
        known: Any = getattr(target, "_service")  # noqa: B009 (the first round of an account that is in use)
        getattr(known, "_known", {}).clear()
    first, _, _ = await whole_round(asked)
    client = boto3.client("ecs", region_name=REGIONS[0], endpoint_url=f"http://127.0.0.1:{port}")
    chain(client)  # its connection is opened
    took, chains = [], []
    requests = resources = 0
    for _ in range(ROUNDS):
        seconds, requests, resources = await whole_round(asked)
        took.append(seconds)
        chains.append(await asyncio.to_thread(chain, client))
    await account.close()
    return took, chains, first, requests, resources


async def whole_round(targets: list[ServiceTarget]) -> tuple[float, int, int]:
    """Ask everything once; return seconds, requests and resources."""
    start = time.perf_counter()
    found = await asyncio.gather(*(target.observe() for target in targets))
    seconds = time.perf_counter() - start
    answers: list[Observation] = [o for each in found for o in each]
    api = [o for o in answers if isinstance(o, ApiObservation)]
    wrong = [o.problem for o in api if o.reach is not Reach.ANSWERED]
    assert not wrong, wrong
    return seconds, sum(o.requests for o in api), sum(len(o.resources) for o in api)


def chain(client: Any) -> float:
    """Make the three calls of ECS one after the other with the SDK alone."""
    start = time.perf_counter()
    cluster = client.list_clusters()["clusterArns"][0]
    arns = client.list_services(cluster=cluster, maxResults=10)["serviceArns"]
    client.describe_services(cluster=cluster, services=arns)
    return time.perf_counter() - start


def figures() -> list[Figure]:
    """Measure rounds and chains in turn."""
    os.environ.update(ENVIRONMENT)
    here, there = multiprocessing.Pipe()
    cores = sorted(os.sched_getaffinity(0))
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there, cores[-1]), daemon=True)
    server.start()
    try:
        took, chains, first, requests, resources = asyncio.run(measure(here.recv()))
    finally:
        server.kill()
        server.join()
    slowest = median(chains) * 1000
    beside = (
        f"limit is 1.5 x the chain of ECS, {slowest:.0f} ms; {requests} requests for {resources} resources; "
        f"with names and tags, each 10 min, {first * 1000:.0f} ms"
    )
    return [Figure("AWS: round of 5 regions x 500", median(took) * 1000, 1.5 * slowest, "ms", beside)]
