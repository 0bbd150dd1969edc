"""What an account becomes for the poller and `wedtui providers test`, and that nothing is loaded before its time."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.providers.aws.base import AT, provider
from tests.providers.aws.strict_server import dripping, error, running
from tests.providers.aws.strict_world import World, with_instances
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.cli.app import app
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.core.observation import ApiObservation, Observation, SignalObservation, VendorObservation
from wedtui.core.resource import Reach
from wedtui.providers.aws.paid import Paying
from wedtui.providers.aws.threads import Threads
from wedtui.providers.registry import build_provider, build_targets
from wedtui.store.opening import url_of

CPU = {"signal": "cpu", "namespace": "AWS/EC2", "metric": "CPUUtilization"}


def configuration(url: str, **more: object) -> Configuration:
    return Configuration(providers=(provider(url, **more),))


def test_one_target_a_service() -> None:
    async def keys() -> list[str]:
        section = configuration("http://127.0.0.1:1", cost=True, resource_cost=True, metrics=[CPU])
        targets = build_targets(section, SystemClock(), paying=Paying.DUE)
        alone = build_provider(section, "aws", SystemClock())
        for_nothing = [t.key for t in targets.all if t.key not in {"aws aws cost", "aws aws resource-cost"}]
        assert [t.key for t in alone.all] == for_nothing, "who does not say so pays nothing"
        assert [t.key for t in build_targets(section, SystemClock()).all] == for_nothing
        await targets.close()
        return [t.key for t in targets.all]

    services = "ecs elb sts regions ec2 rds autoscaling alarms health metrics ebs s3 acm cost resource-cost"
    assert asyncio.run(keys()) == [f"aws aws {service}" for service in services.split()]


def test_a_target_that_was_given_up_still_says_something() -> None:
    async def gave_up() -> list[object]:
        targets = build_provider(configuration("http://127.0.0.1:1", metrics=[CPU]), "aws", SystemClock())
        return [o for t in targets.all for o in t.gave_up("it took too long")]

    found = asyncio.run(gave_up())
    assert {o.reach for o in found if isinstance(o, ApiObservation)} == {Reach.UNREACHABLE}
    assert all(o.problem == "it took too long" for o in found if isinstance(o, ApiObservation | VendorObservation))


def test_the_sdk_is_not_loaded_before_the_first_asking() -> None:
    code = (
        "import sys; from wedtui.providers.registry import build_targets; from wedtui.config import *; "
        "from wedtui.clock import SystemClock; "
        "build_targets(Configuration(providers=(ProviderSection(name='a', kind='aws'),)), SystemClock()); "
        "print(sorted({'boto3', 'botocore'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "[]"


def test_the_cache_takes_what_it_knows_and_loses_nothing_else(tmp_path: Path) -> None:
    url = url_of(tmp_path / "cache.db")
    writer = CacheWriter(url)
    second = timedelta(seconds=1)
    writer.configure(configuration("http://127.0.0.1:1", metrics=[CPU]), probe_interval=second, query_interval=second)
    observed: list[Observation] = [
        ApiObservation("aws", "eu-west-1", "ec2", AT, Reach.ANSWERED),
        VendorObservation("aws", AT, "aws health"),
        SignalObservation("aws", "cpu", "cloudwatch", AT, 0.5),
    ]
    assert writer.record(observed) == 0
    reader = CacheReader(url)
    (signal,) = reader.facts(AT).providers[0].signals
    assert (signal.signal, signal.source, signal.value) == ("cpu", "cloudwatch", 0.5)
    assert signal.interval == timedelta(minutes=10), "asked each 5 m for a period of 5 m, which is published within 5 m"
    reader.close()
    writer.close(clean=True)


def test_providers_test_asks_the_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEDTUI_STATE_DIR", str(tmp_path / "state"))
    world = with_instances(World(regions={"eu-west-1": "opted-in", "me-south-1": "not-opted-in"}), "eu-west-1", 2)
    with running(world) as server:
        server.fail("DescribeEvents", error("SubscriptionRequiredException"))
        file = tmp_path / "config.toml"
        text = '[[providers]]\nname = "prod"\nkind = "aws"\n[providers.aws]\nregions = ["eu-west-1", "me-south-1"]\n'
        file.write_text(f'{text}endpoint_url = "{server.url}"\n')
        result = CliRunner().invoke(app, ["--config", str(file), "providers", "test", "prod"])
        assert "ok    prod eu-west-1 ec2: answered, 2 resources" in result.stdout
        assert "ok    prod global sts: answered, account 123456789012, user wedtui" in result.stdout
        assert "ok    prod me-south-1 ec2: the account has not switched me-south-1 on" in result.stdout
        assert "ok    prod global health: DescribeEvents in us-east-1 is not part of" in result.stdout
        assert result.exit_code == 0, result.stdout
        told = CliRunner().invoke(app, ["--config", str(file), "providers", "test", "prod", "--json"])
        known = {(each["account"], each["principal"]) for each in json.loads(told.stdout) if each["kind"] == "api"}
        assert known == {("123456789012", "user wedtui"), (None, None)}
        server.fail("DescribeAlarms", error("AccessDeniedException"))
        result = CliRunner().invoke(app, ["--config", str(file), "providers", "test", "prod"])
        assert result.exit_code == 1
        assert "FAIL  prod eu-west-1 alarms: DescribeAlarms in eu-west-1 was denied" in result.stdout


def test_a_call_that_drips_leaves_no_thread_behind_when_the_process_ends() -> None:
    with running(World()) as server:
        server.fail("ListBuckets", dripping(0.2))
        code = (
            "import asyncio; from tests.providers.aws.base import once; "
            f"print(once({server.url!r}, 's3', timeout='400ms').reach.value)"
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "unreachable"


def test_threads_run_in_a_bounded_number_and_outlive_no_caller() -> None:
    async def many() -> tuple[int, set[str]]:
        threads = Threads(3, "few")
        seen = await asyncio.gather(*(threads.run(lambda: threading.current_thread().name) for _ in range(50)))
        blocked = [asyncio.ensure_future(threads.run(lambda: time.sleep(0.2))) for _ in range(3)]
        await asyncio.sleep(0)
        full = threads.full
        for each in blocked:
            each.cancel()
        assert full
        assert await threads.run(lambda: "next") == "next", "after the abandoned ones are done"
        threads.close()
        return len(set(seen)), set(seen)

    count, names = asyncio.run(many())
    assert count <= 3, names


def test_what_a_thread_raises_reaches_the_caller() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    async def ask() -> None:
        threads = Threads(1, "one")
        with pytest.raises(ZeroDivisionError):
            await threads.run(fail)
        assert not threads.full
        threads.close()

    asyncio.run(ask())
