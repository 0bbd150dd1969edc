"""From the configuration to targets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.providers.faults import FaultServer, answer, then_hang
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.core.observation import ProbeObservation
from wedtui.errors import ConfigurationError, NotFoundError
from wedtui.providers.base import Target
from wedtui.providers.registry import build_probe, build_provider, build_targets

CLOCK = SystemClock()


def configuration(**more: Any) -> Configuration:
    """Return two providers, three probes, two servers with three queries, and two feeds."""
    queries = [("aws", "cpu"), ("gcp", "cpu"), ("aws", "requests")]
    as_toml = [{"provider": provider, "signal": signal, "query": "up"} for provider, signal in queries]
    return Configuration.model_validate(
        {
            "providers": [{"name": "aws"}, {"name": "gcp"}],
            "probes": [
                {"name": "rsvp-aws", "provider": "aws", "url": "http://127.0.0.1/"},
                {"name": "rsvp-gcp", "provider": "gcp", "url": "http://127.0.0.1/"},
                {"name": "gallery-aws", "provider": "aws", "url": "http://127.0.0.1/"},
            ],
            "prometheus": [
                {"name": "main", "url": "http://127.0.0.1", "queries": as_toml},
                {"name": "spare", "url": "http://127.0.0.1"},
            ],
            "freeze": {
                "feeds": [
                    {"name": "venues", "url": "https://calendar.example.com/freeze.ics"},
                    {"name": "people", "url": "/var/lib/people.ics"},
                ]
            },
            **more,
        }
    )


def keys(targets: tuple[Target, ...]) -> list[str]:
    return [target.key for target in targets]


def test_everything_that_is_configured_becomes_a_target() -> None:
    targets = build_targets(configuration(), CLOCK)
    assert keys(targets.all) == [
        "probe rsvp-aws",
        "probe rsvp-gcp",
        "probe gallery-aws",
        "prometheus main",
        "query main aws cpu",
        "query main gcp cpu",
        "query main aws requests",
        "prometheus spare",
        "feed venues",
        "feed people",
    ]
    asyncio.run(targets.close())


def test_nothing_configured_is_nothing_to_ask() -> None:
    targets = build_targets(Configuration(), CLOCK)
    assert targets.all == ()
    asyncio.run(targets.close())


def test_one_probe_or_one_provider() -> None:
    assert keys(build_probe(configuration(), "gallery-aws", CLOCK).all) == ["probe gallery-aws"]
    assert keys(build_provider(configuration(), "aws", CLOCK).all) == [
        "probe rsvp-aws",
        "probe gallery-aws",
        "query main aws cpu",
        "query main aws requests",
    ]


def test_one_of_many_does_not_need_the_secrets_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    locked = {"name": "locked", "url": "http://127.0.0.1", "bearer_token": {"env": "NOT_SET"}}
    config = configuration(prometheus=[locked])
    assert keys(build_provider(config, "gcp", CLOCK).all) == ["probe rsvp-gcp"]
    with pytest.raises(ConfigurationError, match="prometheus locked: the environment variable NOT_SET"):
        build_targets(config, CLOCK)


def test_a_name_that_nothing_has() -> None:
    with pytest.raises(NotFoundError, match='no probe "rsvp": choose one of rsvp-aws, rsvp-gcp, gallery-aws'):
        build_probe(configuration(), "rsvp", CLOCK)
    with pytest.raises(NotFoundError, match='no provider "azure": choose one of aws, gcp'):
        build_provider(configuration(), "azure", CLOCK)
    with pytest.raises(NotFoundError, match="none is configured"):
        build_provider(Configuration(), "azure", CLOCK)


def test_one_target_that_hangs_delays_no_other() -> None:
    finished: list[str] = []

    async def run(server: FaultServer) -> None:
        probes = [
            {"name": f"hangs-{i}", "provider": "aws", "url": server.url("/hang"), "timeout": "1s"} for i in range(5)
        ]
        probes.append({"name": "works", "provider": "aws", "url": server.url("/ok"), "timeout": "5s"})
        slow = {"name": "slow", "url": server.url("/hang"), "timeout": "1s", "retries": 0}
        targets = build_targets(configuration(probes=probes, prometheus=[slow], freeze={}), CLOCK)

        async def ask(target: Target) -> None:
            (observation,) = await target.observe()
            passed = isinstance(observation, ProbeObservation) and observation.passed
            finished.append(f"{target.key} {'passed' if passed else 'failed'}")

        await asyncio.gather(*(ask(target) for target in targets.all))
        await targets.close()

    faults = {"/hang": then_hang(), "/ok": answer()}
    faults |= {f"/hang/{path}": then_hang() for path in ("-/ready", "api/v1/targets", "api/v1/alerts")}
    with FaultServer(faults) as server:
        asyncio.run(run(server))
    assert finished[0] == "probe works passed"
    assert sorted(finished[1:]) == [*(f"probe hangs-{i} failed" for i in range(5)), "prometheus slow failed"]
