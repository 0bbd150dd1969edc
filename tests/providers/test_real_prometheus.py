"""The Prometheus adapter against the real one, with a real node-exporter behind it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.providers.prometheus_server import RunningPrometheus
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.core.observation import Observation, ProbeObservation, PrometheusObservation, SignalObservation
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.prometheus import PrometheusClient
from wedtui.providers.prometheus_answers import Reading
from wedtui.providers.registry import build_targets

QUERIES = {
    "memory": "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes",
    "cpu": '1 - avg(rate(node_cpu_seconds_total{mode="idle"}[10s]))',
    "latency_p95_ms": 'max(prometheus_target_interval_length_seconds{quantile="0.99"}) * 1000',
    "requests": "sum(rate(prometheus_http_requests_total[10s]))",
    "answer": "42",
    "nan": "vector(0) / 0",
    "many": "up",
    "absent": "no_such_metric",
    "range": "up[1m]",
    "text": '"wedding"',
    "broken": "sum(",
}


def configuration(server: RunningPrometheus) -> Configuration:
    queries = [{"provider": "aws", "signal": signal, "query": query} for signal, query in QUERIES.items()]
    return Configuration.model_validate(
        {
            "providers": [{"name": "aws"}],
            "probes": [
                {"name": "itself", "provider": "aws", "url": f"{server.url}/-/healthy", "expect_body": "Healthy"}
            ],
            "prometheus": [{"name": "main", "url": server.url, "timeout": "10s", "queries": queries}],
        }
    )


def ask_all(server: RunningPrometheus) -> list[Observation]:
    async def run() -> list[Observation]:
        targets = build_targets(configuration(server), SystemClock())
        try:
            answers = await asyncio.gather(*(target.observe() for target in targets.all))
        finally:
            await targets.close()
        return [observation for answer in answers for observation in answer]

    return asyncio.run(run())


@pytest.fixture(scope="module")
def observations(prometheus: RunningPrometheus) -> list[Observation]:
    return ask_all(prometheus)


def signals(observations: list[Observation]) -> dict[str, SignalObservation]:
    return {o.signal: o for o in observations if isinstance(o, SignalObservation)}


def test_queries_give_values_that_were_measured_now(observations: list[Observation]) -> None:
    seen = signals(observations)
    assert seen["answer"].value == 42
    for signal in ("memory", "cpu"):
        value = seen[signal].value
        assert value is not None, seen[signal].problem
        assert 0 <= value <= 1
    (probe,) = [o for o in observations if isinstance(o, ProbeObservation)]
    assert (probe.probe, probe.failure) == ("itself", None)
    for signal in ("latency_p95_ms", "requests"):
        value = seen[signal].value
        assert value is not None, seen[signal].problem
        assert value > 0
    assert abs(SystemClock().now() - seen["answer"].at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("signal", "problem"),
    [
        ("nan", "the value is NaN"),
        ("many", "the query gave 3 series, expected one: aggregate it"),
        ("absent", "the query gave no series"),
        ("range", "the query gave a matrix, expected one value"),
        ("text", "the query gave a string, expected one value"),
    ],
)
def test_queries_that_give_no_value_say_why(observations: list[Observation], signal: str, problem: str) -> None:
    seen = signals(observations)[signal]
    assert (seen.value, seen.problem) == (None, problem)


def test_a_query_that_cannot_be_parsed_is_quoted_from_the_server(observations: list[Observation]) -> None:
    problem = signals(observations)["broken"].problem or ""
    assert problem.startswith("bad_data: ")
    assert "parse error" in problem


def test_the_server_tells_its_targets_and_alerts(
    observations: list[Observation], prometheus: RunningPrometheus
) -> None:
    (seen,) = [o for o in observations if isinstance(o, PrometheusObservation)]
    assert (seen.ready, seen.problem, seen.targets_up) == (True, None, 2)
    (down,) = seen.targets_down
    assert down.startswith(f"gone/127.0.0.1:{prometheus.gone_port}: ")
    assert "connection refused" in down
    assert "tell-nobody" not in down
    (alert,) = seen.alerts
    assert (alert.name, alert.state, alert.severity, alert.provider) == ("TargetGone", "firing", "critical", "aws")
    assert alert.summary == f"127.0.0.1:{prometheus.gone_port} is gone"
    assert alert.active_at is not None
    assert alert.active_at <= seen.at


def test_a_range_is_evaluated_at_every_step(prometheus: RunningPrometheus) -> None:
    section = configuration(prometheus).prometheus[0]
    end = SystemClock().now().replace(microsecond=0)

    async def run(query: str) -> tuple[Reading, ...]:
        client = PrometheusClient(section, SystemClock())
        try:
            return await client.query_range(query, end - timedelta(minutes=10), end, timedelta(seconds=30))
        finally:
            await client.close()

    found = asyncio.run(run("42"))
    assert [reading.value for reading in found] == [42] * 21
    assert [reading.measured_at for reading in found] == [end - n * timedelta(seconds=30) for n in range(20, -1, -1)]
    assert asyncio.run(run("no_such_metric")) == ()
    assert asyncio.run(run("vector(0) / 0")) == ()
    # Made of vectors: what was scraped begins at some instant, and `end` may be before it.
    two = 'label_replace(vector(1), "n", "1", "", "") or label_replace(vector(1), "n", "2", "", "")'
    with pytest.raises(ProviderUnavailableError, match="2 series, expected one"):
        asyncio.run(run(two))
