"""The Prometheus adapter against recorded answers and faults."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.certificates import authority, certificate
from tests.providers.faults import (
    Exchange,
    Fault,
    FaultServer,
    answer,
    close,
    flood,
    in_turn,
    raw,
    refusing_port,
    then_hang,
)
from tests.providers.test_http import open_connections
from wedtui.clock import SystemClock
from wedtui.config import PrometheusSection, QuerySection
from wedtui.core.observation import PrometheusObservation, SignalObservation
from wedtui.errors import ConfigurationError, ProviderUnavailableError
from wedtui.providers.prometheus import PrometheusClient, QueryTarget, ServerTarget, signal_value

PAYLOADS = Path(__file__).parent / "payloads" / "prometheus"
AT = 1767436620
"""The instant of the recorded answers."""
QUERY = "/api/v1/query"


class StillClock(SystemClock):
    """The time of day stands still just after the recorded answers; waiting is real."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(AT + 0.25, UTC)


def recorded(name: str, example: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text())[example]
    return payload


def as_json(payload: object, **more: Any) -> Fault:
    return answer(json.dumps(payload).encode(), headers={"Content-Type": "application/json"}, **more)


def vector(*values: str, at: float = AT, **envelope: object) -> Fault:
    series = [{"metric": {"instance": str(i)}, "value": [at, value]} for i, value in enumerate(values)]
    return as_json({"status": "success", "data": {"resultType": "vector", "result": series}, **envelope})


def section(url: str, **more: Any) -> PrometheusSection:
    return PrometheusSection.model_validate({"name": "main", "url": url, "timeout": "5s", "retries": 0, **more})


def observe(
    url: str, *, signal: str = "queue_length", unit: str | None = None, clock: SystemClock | None = None, **more: Any
) -> SignalObservation:
    clock = clock or StillClock()
    query = QuerySection.model_validate({"provider": "aws", "signal": signal, "query": "sum(up)", "unit": unit})

    async def once() -> SignalObservation:
        client = PrometheusClient(section(url, **more), clock)
        try:
            (observation,) = await QueryTarget(client, query, clock).observe()
        finally:
            await client.close()
        return observation

    return asyncio.run(once())


def answered(fault: Fault, **more: Any) -> SignalObservation:
    with FaultServer({QUERY: fault}) as server:
        return observe(server.url(), **more)


def look(url: str, **more: Any) -> PrometheusObservation:
    clock = StillClock()

    async def once() -> PrometheusObservation:
        client = PrometheusClient(section(url, **more), clock)
        try:
            (observation,) = await ServerTarget(client, clock).observe()
        finally:
            await client.close()
        return observation

    return asyncio.run(once())


def test_one_series_is_the_value_with_the_instant_of_the_server() -> None:
    seen = answered(vector("12.5"))
    assert seen == SignalObservation(
        "aws", "queue_length", "prometheus main", datetime.fromtimestamp(AT, UTC), value=12.5
    )


def test_a_scalar_is_a_value() -> None:
    assert answered(as_json(recorded("openapi_query", "200 scalarResult"))).value == 42.0


def test_the_query_goes_by_post_with_a_timeout_of_its_own() -> None:
    with FaultServer({"/deep/path" + QUERY: vector("1")}) as server:
        assert observe(server.url("/deep/path/?tenant=x"), timeout="20500ms").value == 1
        (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/deep/path/api/v1/query?tenant=x")
    assert parse_qs(request.body.decode()) == {"query": ["sum(up)"], "timeout": ["20500ms"]}


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (
            recorded("openapi_query", "200 vectorResult"),
            "the query gave 2 series, expected one: aggregate it",
        ),
        (recorded("openapi_query", "200 matrixResult"), "the query gave a matrix, expected one value"),
        (
            recorded("openapi_query", "200 histogramResult"),
            "the query gave a histogram, expected one value: use histogram_quantile",
        ),
        (recorded("openapi_query", "default tsdbNotReady"), "internal: TSDB not ready"),
        (
            {"status": "success", "data": {"resultType": "string", "result": [AT, "x"]}},
            "the query gave a string, expected one value",
        ),
        (
            {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}}]}},
            "answered with JSON that is not a Prometheus server's",
        ),
        (
            {"status": "success", "data": {"resultType": "scalar", "result": [1e300, "1"]}},
            "answered with JSON that is not a Prometheus server's",
        ),
        ({"status": "success"}, "answered with JSON that is not a Prometheus server's"),
        ({"hello": "world"}, "answered with JSON that is not a Prometheus server's (status 200)"),
    ],
)
def test_what_is_not_one_value_is_a_problem(payload: dict[str, Any], problem: str) -> None:
    seen = answered(as_json(payload))
    assert (seen.value, seen.problem) == (None, problem)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (vector(), "the query gave no series"),
        (vector("NaN"), "the value is NaN"),
        (vector("+Inf"), "the value is infinite"),
        (vector("-Inf"), "the value is infinite"),
        (vector("much"), 'the value "much" is not a number'),
        (vector("1", warnings=["remote read: no answer"]), "partial data: remote read: no answer"),
        (vector("1", at=AT + 60), "the clocks differ: its present is 59 s ahead of ours"),
        (vector("1", at=AT - 90), "the clocks differ, or a cache answers: its present is 1 m 30 s behind ours"),
        (
            answer(b"<html>Bad Gateway", status="502 Bad Gateway"),
            "answered with something that is not JSON (status 502)",
        ),
        (answer(b"[1, 2"), "answered with something that is not JSON (status 200)"),
        (answer(b"\xff\xfe\x00"), "answered with something that is not JSON (status 200)"),
        (answer(b"Service Unavailable", status="503 Service Unavailable"), "is not ready (status 503)"),
        (answer(b"", status="401 Unauthorized"), "refused the credentials (status 401): check bearer_token or headers"),
        (
            answer(b"", status="404 Not Found"),
            "has no Prometheus API at this address (status 404): check the path of its url",
        ),
        (
            answer(b"", status="302 Found", headers={"Location": "/login"}),
            "answered with a redirect (status 302), which is not followed: configure the address that it leads to",
        ),
        (flood, "answered with more than 4 MB"),
        (close, "connection closed before its answer was complete"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "answer was not HTTP"),
        (answer(b"{", length=9), "connection closed before its answer was complete"),
        (answer(b"no gzip", headers={"Content-Encoding": "gzip"}), "answered with what cannot be read (DecodingError)"),
    ],
)
def test_what_is_no_answer_is_a_problem(fault: Fault, problem: str) -> None:
    seen = answered(fault)
    assert (seen.value, seen.problem) == (None, problem)
    assert seen.at == StillClock().now()


def test_remarks_about_the_query_are_no_missing_data() -> None:
    assert answered(vector("1", warnings=["PromQL info: metric might not be a counter"])).value == 1
    assert answered(vector("1", infos=["PromQL info: metric might not be a counter"])).value == 1


def test_an_error_of_the_server_is_quoted_bounded_printable_and_without_secrets() -> None:
    text = 'parse error at char 7:\n\x1b[31m "https://me:secret@example.com/?token=secret" ' + "x" * 500
    error = as_json({"status": "error", "errorType": "bad_data", "error": text}, status="400 Bad Request")
    problem = answered(error).problem or ""
    assert problem.startswith("bad_data: parse error at char 7: �[31m")
    assert "secret" not in problem
    assert len(problem) == 200
    assert problem.isprintable()


def test_one_that_hangs_is_given_up() -> None:
    assert answered(then_hang(), timeout="150ms").problem == "timed out after 0.15 s"
    half = then_hang(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    assert answered(half, timeout="150ms").problem == "timed out after 0.15 s"


def test_one_that_refuses() -> None:
    with refusing_port() as port:
        assert observe(f"http://127.0.0.1:{port}").problem == "connection refused"


def test_a_name_that_does_not_resolve() -> None:
    problem = observe("http://prometheus.invalid", timeout="20s").problem or ""
    assert problem.startswith("name does not resolve")


def test_a_certificate_that_does_not_verify_and_one_that_does(tmp_path: Path) -> None:
    ca = authority()
    with FaultServer({QUERY: vector("1")}, context=certificate(ca).server_context(tmp_path)) as server:
        untrusted = observe(server.url()).problem
        trusted = observe(server.url(), ca_file=ca.write(tmp_path, "ca")).value
    assert untrusted == "certificate does not verify: unable to get local issuer certificate"
    assert trusted == 1


def test_a_hanging_handshake_leaves_no_connection_behind() -> None:
    clock = StillClock()

    async def left_open() -> int:
        with FaultServer({}, hangs_at_once=True) as silent:
            client = PrometheusClient(section(silent.url(scheme="https"), timeout="150ms"), clock)
            with pytest.raises(ProviderUnavailableError, match="timed out"):
                await client.query("up")
            await asyncio.sleep(0)
            return open_connections(silent.port)

    assert asyncio.run(left_open()) == 0


def test_queries_that_hang_delay_no_other_of_their_server() -> None:
    clock = StillClock()
    order: list[str] = []
    respond, answered = vector("1"), threading.Event()

    def by_query(exchange: Exchange) -> None:
        if b"query=slow" in exchange.request.body:
            assert answered.wait(60)
        respond(exchange)

    async def all_of_them(url: str) -> None:
        client = PrometheusClient(section(url, timeout="60s"), clock)

        async def ask(promql: str) -> None:
            await client.query(promql)
            order.append(promql)
            answered.set()

        # More than a pool of connections usually has.
        await asyncio.gather(*(ask("slow") for _ in range(120)), ask("fast"))
        await client.close()

    with FaultServer({QUERY: by_query}) as server:
        asyncio.run(all_of_them(server.url()))
    assert order == ["fast", *["slow"] * 120]


def test_one_that_hangs_is_not_asked_again() -> None:
    with FaultServer({QUERY: then_hang()}) as server:
        assert observe(server.url(), timeout="2s", retries=2).problem == "timed out after 2 s"
        assert len(server.requests) == 1


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert answered(vector("1")).value == 1


def test_connections_are_kept() -> None:
    clock = StillClock()

    async def twice() -> None:
        client = PrometheusClient(section(server.url()), clock)
        await client.query("up")
        await client.query("up")
        await client.close()

    with FaultServer({QUERY: vector("1")}, keeps_alive=True) as server:
        asyncio.run(twice())
        assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize(
    "first",
    [
        close,
        answer(status="503 Service Unavailable"),
        answer(status="502 Bad Gateway"),
        answer(status="429 Too Many Requests", headers={"Retry-After": "0"}),
        answer(status="429 Too Many Requests", headers={"Retry-After": "soon"}),
    ],
)
def test_what_may_pass_is_asked_again(first: Fault) -> None:
    with FaultServer({QUERY: in_turn(first, vector("7"))}) as server:
        assert observe(server.url(), retries=1).value == 7
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        (answer(status="503 Service Unavailable"), 3),
        (close, 3),
        (answer(status="400 Bad Request"), 1),
        (answer(status="401 Unauthorized"), 1),
        (answer(status="422 Unprocessable Entity"), 1),
        (vector("NaN"), 1),
        (answer(status="429 Too Many Requests", headers={"Retry-After": "60"}), 1),
        (answer(status="429 Too Many Requests", headers={"Retry-After": "Sat, 03 Jan 2026 10:38:40 GMT"}), 1),
    ],
)
def test_what_is_asked_again_and_how_often(fault: Fault, asked: int) -> None:
    with FaultServer({QUERY: fault}) as server:
        assert observe(server.url(), retries=2).value is None
        assert len(server.requests) == asked


def test_the_credentials_are_sent_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "tell-nobody")
    with FaultServer({QUERY: vector("1")}) as server:
        token = {"env": "METRICS_TOKEN"}
        assert observe(server.url(), bearer_token=token, headers={"X-Scope-OrgID": "weddings"}).value == 1
        (request,) = server.requests
    assert request.headers["authorization"] == "Bearer tell-nobody"
    assert request.headers["x-scope-orgid"] == "weddings"
    monkeypatch.setenv("METRICS_TOKEN", "tell\nnobody")
    with pytest.raises(ConfigurationError) as raised:
        PrometheusClient(section("http://127.0.0.1", bearer_token=token), SystemClock())
    assert "prometheus main" in str(raised.value)
    assert "nobody" not in str(raised.value)


@pytest.mark.parametrize(
    ("signal", "unit", "given", "expected"),
    [
        ("cpu", None, 0.5, 0.5),
        ("cpu", "ratio", 1.0, 1.0),
        ("cpu", "percent", 50.0, 0.5),
        ("memory", None, 1.0000000002, 1.0),
        ("cache_hit_rate", None, -1e-12, 0.0),
        ("error_rate", "percent", 100.00000001, 1.0),
        ("latency_p95_ms", None, 0.0, 0.0),
        ("latency_p95_ms", None, 2500.0, 2500.0),
        ("requests", None, 1e6, 1e6),
        ("queue_length", None, -3.0, -3.0),
    ],
)
def test_values_in_the_units_of_their_signals(signal: str, unit: str | None, given: float, expected: float) -> None:
    assert signal_value(query_of(signal, unit), given) == expected


@pytest.mark.parametrize(
    ("signal", "unit", "given", "problem"),
    [
        ("cpu", None, 53.0, 'the value 53 is not a ratio 0..1: set unit = "percent" if it is a percentage'),
        ("error_rate", "ratio", 1.01, 'the value 1.01 is not a ratio 0..1: set unit = "percent" if it is a percentage'),
        ("memory", None, 8e9, "the value 8e+09 is not a ratio 0..1: correct the query"),
        ("memory", None, -0.2, "the value -0.2 is not a ratio 0..1: correct the query"),
        ("cpu", "percent", 130.0, "the value 130 is not a percentage 0..100: correct the query"),
        ("latency_p95_ms", None, -1.0, "the value -1 is below 0: correct the query"),
        ("requests", None, -1.0, "the value -1 is below 0: correct the query"),
    ],
)
def test_a_mistaken_unit_is_refused(signal: str, unit: str | None, given: float, problem: str) -> None:
    with pytest.raises(ProviderUnavailableError) as raised:
        signal_value(query_of(signal, unit), given)
    assert str(raised.value) == problem


@given(st.sampled_from(["ratio", "percent", None]), st.floats(allow_nan=False, allow_infinity=False))
def test_a_ratio_is_within_0_and_1_or_refused(unit: str | None, given_value: float) -> None:
    try:
        ratio = signal_value(query_of("cpu", unit), given_value)
    except ProviderUnavailableError:
        return
    assert 0 <= ratio <= 1
    assert ratio == pytest.approx(given_value / (100 if unit == "percent" else 1), abs=2e-6)


def query_of(signal: str, unit: str | None) -> QuerySection:
    return QuerySection.model_validate({"provider": "aws", "signal": signal, "query": "up", "unit": unit})


def example_targets() -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((PAYLOADS / "targets.json").read_text())["examples"][0]["response"]
    return payload


def server_faults(**more: Fault) -> dict[str, Fault]:
    faults = {
        "ready": answer(b"Prometheus Server is Ready.\n"),
        "targets": as_json(example_targets()),
        "alerts": as_json(recorded("openapi_alerts", "200 activeAlerts")),
        **more,
    }
    paths = {"ready": "/-/ready", "targets": "/api/v1/targets", "alerts": "/api/v1/alerts"}
    return {paths[name]: fault for name, fault in faults.items()}


def test_what_a_server_says_of_itself() -> None:
    with FaultServer(server_faults()) as server:
        seen = look(server.url())
        assert sorted(r.target for r in server.requests) == [
            "/-/ready",
            "/api/v1/alerts",
            "/api/v1/targets?state=active",
        ]
    assert (seen.name, seen.ready, seen.problem) == ("main", True, None)
    assert (seen.targets_up, seen.targets_down) == (1, ())
    (alert,) = seen.alerts
    assert (alert.name, alert.state, alert.severity) == ("Watchdog", "firing", "warning")
    assert alert.active_at == datetime(2026, 1, 2, 13, 30, tzinfo=UTC)
    assert alert.summary == "Ensure entire alerting pipeline is functional"
    assert alert.provider is None


def down(count: int) -> Fault:
    targets = [
        {
            "labels": {"job": "node", "instance": f"host{i:03}"},
            "health": "down",
            "lastError": 'Get "http://host/metrics?token=secret": refused',
        }
        for i in range(count)
    ]
    return as_json({"status": "success", "data": {"activeTargets": targets}})


def test_targets_that_are_down_are_told_without_the_secrets_of_their_urls() -> None:
    with FaultServer(server_faults(targets=down(1))) as server:
        seen = look(server.url())
    assert seen.targets_down == ('node/host000: Get "http://host/metrics?token=***": refused',)
    assert seen.targets_up == 0


def test_a_list_of_targets_is_bounded_and_says_so() -> None:
    with FaultServer(server_faults(targets=down(60))) as server:
        seen = look(server.url())
    assert len(seen.targets_down) == 51
    assert seen.targets_down[-1] == "and 10 more"


def test_a_storm_of_alerts_is_bounded_and_says_so() -> None:
    alerts = [
        {"labels": {"alertname": f"A{i:03}"}, "state": "firing" if i % 2 else "pending", "activeAt": None}
        for i in range(300)
    ]
    storm = as_json({"status": "success", "data": {"alerts": alerts}})
    with FaultServer(server_faults(alerts=storm)) as server:
        seen = look(server.url())
    assert [a.state for a in seen.alerts[:150]] == ["firing"] * 150
    assert len(seen.alerts) == 201
    assert (seen.alerts[-1].name, seen.alerts[-1].state) == ("and 100 more", "pending")


UNAVAILABLE = answer(b"Service Unavailable", status="503 Service Unavailable")
MISSING = answer(b"404 page not found", status="404 Not Found")


@pytest.mark.parametrize(
    ("faults", "ready", "problem"),
    [
        ({"ready": UNAVAILABLE, "targets": UNAVAILABLE, "alerts": UNAVAILABLE}, False, None),
        ({"targets": UNAVAILABLE}, True, "is not ready (status 503)"),
        ({"alerts": answer(b"<html>")}, True, "answered with something that is not JSON (status 200)"),
        ({"ready": MISSING}, None, None),
        ({"ready": MISSING, "targets": MISSING}, None, None),
        (
            {"ready": MISSING, "targets": MISSING, "alerts": MISSING},
            None,
            "has no Prometheus API at this address (status 404): check the path of its url",
        ),
        ({"ready": close}, None, "connection closed before its answer was complete"),
    ],
)
def test_what_a_server_cannot_say(faults: dict[str, Fault], ready: bool | None, problem: str | None) -> None:
    with FaultServer(server_faults(**faults)) as server:
        seen = look(server.url())
    assert (seen.ready, seen.problem) == (ready, problem)


def test_keys_and_schedules() -> None:
    clock = StillClock()
    configured = section("http://127.0.0.1", timeout="2s", retries=1, interval="20s")
    query = QuerySection(provider="aws", signal="cpu", query="up", interval=timedelta(seconds=7))
    client = PrometheusClient(configured, clock)
    target, server = QueryTarget(client, query, clock), ServerTarget(client, clock)
    assert (target.key, server.key) == ("query main aws cpu", "prometheus main")
    assert (target.schedule.interval, server.schedule.interval) == (timedelta(seconds=7), timedelta(seconds=20))
    assert target.schedule.deadline == server.schedule.deadline == timedelta(seconds=4.2)
    assert target.gave_up("why")[0].problem == server.gave_up("why")[0].problem == "why"
