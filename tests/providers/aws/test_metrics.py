"""CloudWatch's metrics as signals, against the strict server.

moto fails on percentiles and expressions, ignores MaxDatapoints and takes 501 queries, so it is not asked here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.providers.aws.base import AT, Asked, MovedClock, api, provider, rounds, signals
from tests.providers.aws.strict_server import StrictAws, body, changed, error, running
from tests.providers.aws.strict_world import World
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration, MetricSection
from wedtui.core.evidence import Freshness, freshness
from wedtui.core.observation import SignalObservation
from wedtui.core.resource import Reach
from wedtui.providers.aws.services.metrics import NoValueError, Reading, Series, converted, reading
from wedtui.store.opening import url_of

END = datetime(2026, 6, 20, 12, tzinfo=UTC).timestamp()
"""The end of the last whole period of five minutes."""
CPU = {"signal": "cpu", "namespace": "AWS/EC2", "metric": "CPUUtilization", "unit": "percent"}
ERRORS = {
    "signal": "error_rate",
    "namespace": "AWS/ApplicationELB",
    "metric": "Errors",
    "stat": "Sum",
    "per": "Requests",
    "sparse": True,
}


@pytest.fixture
def server() -> Iterator[StrictAws]:
    with running(World()) as server:
        yield server


def read(server: StrictAws, *metrics: dict[str, Any]) -> tuple[Reach, str | None, dict[str, SignalObservation]]:
    (found,) = rounds(server, "metrics", metrics=list(metrics))
    seen = api(found)
    return seen.reach, seen.problem, signals(found)


def test_the_newest_whole_period_counts(server: StrictAws) -> None:
    server.world.points = {"CPUUtilization": [(END - 600, 10), (END - 300, 20), (END, 99)]}
    reach, problem, found = read(server, CPU)
    assert (reach, problem) == (Reach.ANSWERED, None)
    assert (found["cpu"].value, found["cpu"].at) == (0.2, datetime.fromtimestamp(END, UTC))
    assert found["cpu"].source == "cloudwatch"
    (asked,) = [r.parameters for r in server.asked if r.action == "GetMetricData"]
    assert asked["ScanBy"] == "TimestampAscending"
    assert (asked["StartTime"], asked["EndTime"]) == (END - 900, END)
    assert "Unit" not in asked["MetricDataQueries"][0]["MetricStat"], "a wrong unit finds nothing"


def test_no_point_is_no_value_and_never_0(server: StrictAws) -> None:
    _, _, found = read(server, CPU)
    assert found["cpu"].value is None
    assert "no value in the last 15 m" in (found["cpu"].problem or "")
    assert found["cpu"].at == AT


def test_a_value_that_is_no_number_is_no_point(server: StrictAws) -> None:
    server.world.points = {"CPUUtilization": [(END - 600, 10), (END - 300, "NaN")]}
    assert read(server, CPU)[2]["cpu"].value == 0.1


def test_a_share_of_two_metrics(server: StrictAws) -> None:
    server.world.points = {"Errors": [(END - 600, 5)], "Requests": [(END - 600, 100), (END - 300, 100)]}
    settled = datetime.fromtimestamp(END, UTC)
    _, _, found = read(server, ERRORS)
    # Half a minute after the end of the period its errors may not be stored yet.
    assert (found["error_rate"].value, found["error_rate"].at) == (0.05, settled - timedelta(minutes=5))


def test_a_sparse_metric_is_0_where_its_divisor_has_a_point(server: StrictAws) -> None:
    server.world.points = {"Requests": [(END - 600, 100)]}
    assert read(server, ERRORS)[2]["error_rate"].value == 0.0
    assert read(server, {**ERRORS, "sparse": False})[2]["error_rate"].value is None


@pytest.mark.parametrize("requests", [[], [(END - 600, 0)]])
def test_without_requests_there_is_no_error_rate(server: StrictAws, requests: list[tuple[float, float]]) -> None:
    server.world.points = {"Requests": requests}
    assert read(server, ERRORS)[2]["error_rate"].value is None


def test_pages_are_put_together_by_query(server: StrictAws) -> None:
    pages = [
        [{"Id": "m0", "Timestamps": [END - 600], "Values": [10], "StatusCode": "PartialData"}],
        [{"Id": "m0", "Timestamps": [END - 300], "Values": [30], "StatusCode": "Complete"}],
    ]
    answers = [
        {"MetricDataResults": pages[0], "NextToken": "t-1", "Messages": []},
        {"MetricDataResults": pages[1], "Messages": []},
    ]
    as_json = [body(json.dumps(a).encode(), content_type="application/x-amz-json-1.0") for a in answers]
    server.fail("GetMetricData", *as_json)
    assert read(server, CPU)[2]["cpu"].value == 0.3


def test_six_hundred_metrics_take_two_calls_of_500_at_most(server: StrictAws) -> None:
    server.world.points = {f"m{n}": [(END - 300, n)] for n in range(600)}
    server.world.page = 100
    metrics = [{"signal": f"s_{n}", "namespace": "x", "metric": f"m{n}"} for n in range(600)]
    reach, _, found = read(server, *metrics)
    assert reach is Reach.ANSWERED
    assert {name: s.value for name, s in found.items()} == {f"s_{n}": float(n) for n in range(600)}
    asked = [len(r.parameters["MetricDataQueries"]) for r in server.asked if r.action == "GetMetricData"]
    assert sorted(asked) == [100, 500, 500, 500, 500, 500]


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_a_200_that_answers_one_metric_in_part_says_which(server: StrictAws, status: str) -> None:
    server.world.points = {"CPUUtilization": [(END - 300, 20)], "Queue": [(END - 300, 7)]}

    def spoil(document: bytes) -> bytes:
        answer = json.loads(document)
        answer["MetricDataResults"][0]["StatusCode"] = status
        return json.dumps(answer).encode()

    server.fail("GetMetricData", changed(spoil))
    reach, problem, found = read(server, CPU, {"signal": "queue", "namespace": "x", "metric": "Queue"})
    assert (reach, problem) == (Reach.PARTIAL, f"GetMetricData left out cpu ({status})")
    assert found["cpu"].value is None
    assert found["queue"].value == 7


def test_an_internal_error_of_one_metric_is_asked_again(server: StrictAws) -> None:
    server.world.points = {"CPUUtilization": [(END - 300, 20)], "Queue": [(END - 300, 7)]}

    def spoil(document: bytes) -> bytes:
        answer = json.loads(document)
        answer["MetricDataResults"][0] |= {"StatusCode": "InternalError", "Timestamps": [], "Values": []}
        return json.dumps(answer).encode()

    server.fail("GetMetricData", changed(spoil), None)
    reach, problem, found = read(server, CPU, {"signal": "queue", "namespace": "x", "metric": "Queue"})
    assert (reach, problem) == (Reach.ANSWERED, None)
    assert (found["cpu"].value, found["queue"].value) == (0.2, 7)
    asked = [[q["Id"] for q in r.parameters["MetricDataQueries"]] for r in server.asked if r.action == "GetMetricData"]
    assert asked == [["m0", "m1"], ["m0"]], "what was answered is not paid for again"


def test_a_throttled_batch_takes_no_other_with_it(server: StrictAws) -> None:
    server.world.points = {f"m{n}": [(END - 300, n)] for n in range(600)}

    def only_the_second(request: Any, answer: Any) -> Any:
        second = len(request.parameters["MetricDataQueries"]) == 100
        return error("AccessDeniedException")(request, answer) if second else answer

    server.fail("GetMetricData", only_the_second)
    metrics = [{"signal": f"s_{n}", "namespace": "x", "metric": f"m{n}"} for n in range(600)]
    reach, problem, found = read(server, *metrics)
    assert reach is Reach.PARTIAL
    assert {name for name, s in found.items() if s.value is None} == {f"s_{n}" for n in range(500, 600)}
    assert "was denied" in (found["s_599"].problem or "")
    assert (problem or "").startswith("s_500, s_501, s_502 and 97 more: GetMetricData in eu-west-1 was denied")


@pytest.mark.parametrize("period", [1, 5, 15, 60])
def test_a_value_is_fresh_for_as_long_as_the_vendor_works(tmp_path: Path, server: StrictAws, period: int) -> None:
    """A period is published minutes after its end, and the next one comes a period later: that is no fault."""
    step = timedelta(minutes=period)
    metric = {**CPU, "period": f"{period}m"}
    configuration = Configuration(providers=(provider(server.url, metrics=[metric]),))
    url = url_of(tmp_path / "cache.db")
    writer, reader = CacheWriter(url), CacheReader(url)
    second = timedelta(seconds=1)
    writer.configure(configuration, probe_interval=second, query_interval=second)

    async def ask() -> None:
        clock = MovedClock()
        asked = Asked(configuration.providers[0], clock)
        every = timedelta(minutes=5)
        for _ in range(6 + 120 // 5):
            published = clock.now() - timedelta(minutes=4)
            newest = published.timestamp() // step.total_seconds() * step.total_seconds()
            server.world.points = {"CPUUtilization": [(newest - n * step.total_seconds(), 20) for n in range(1, 9)]}
            writer.record(await asked["metrics"].observe())
            clock.move(every)
            now = clock.now()
            (signal,) = reader.facts(now).providers[0].signals
            assert (signal.value, signal.problem) == (0.2, None)
            assert freshness(signal.measured_at, signal.interval, now) is Freshness.FRESH, now
        clock.move(3 * every + 2 * step)
        assert freshness(signal.measured_at, signal.interval, clock.now()) is Freshness.STALE
        await asked.account.close()

    asyncio.run(ask())
    reader.close()
    writer.close(clean=True)


def test_what_is_said_of_an_answer_as_a_whole_makes_it_one_in_part(server: StrictAws) -> None:
    """The values that came count; the text beside the code is not quoted."""
    server.world.points = {"CPUUtilization": [(END - 300, 20)]}

    def say(document: bytes) -> bytes:
        message = {"Code": "MaxMetricsExceeded", "Value": "arn:aws:iam::123456789012:user/secret asked for too much"}
        return json.dumps({**json.loads(document), "Messages": [message, message]}).encode()

    server.fail("GetMetricData", changed(say))
    reach, problem, found = read(server, CPU)
    assert (reach, problem) == (Reach.PARTIAL, "GetMetricData may lack more: it says MaxMetricsExceeded")
    assert found["cpu"].value == 0.2


def test_a_query_that_is_not_answered_at_all(server: StrictAws) -> None:
    server.fail("GetMetricData", changed(lambda _: b'{"MetricDataResults": [], "Messages": []}'))
    reach, problem, found = read(server, CPU)
    assert (reach, problem) == (Reach.PARTIAL, "GetMetricData left out cpu (not answered)")
    assert found["cpu"].problem


def test_every_signal_hears_that_nothing_came(server: StrictAws) -> None:
    server.fail("GetMetricData", error("AccessDeniedException"))
    reach, problem, found = read(server, CPU, ERRORS)
    assert reach is Reach.DENIED
    assert {name: s.problem for name, s in found.items()} == {"cpu": problem, "error_rate": problem}


def test_each_metric_is_asked_in_its_region(server: StrictAws) -> None:
    server.world.regions["us-east-1"] = "opt-in-not-required"
    other = {"signal": "queue", "namespace": "x", "metric": "Queue", "region": "us-east-1"}
    (found,) = rounds(server, "metrics", metrics=[CPU, other])
    asked = {r.region: r.parameters for r in server.asked if r.action == "GetMetricData"}
    assert asked.keys() == {"eu-west-1", "us-east-1"}
    assert all(len(parameters["MetricDataQueries"]) == 1 for parameters in asked.values())
    assert len(signals(found)) == 2


def test_a_period_that_is_not_over_is_not_read() -> None:
    section = MetricSection.model_validate(CPU)
    before, now = datetime.fromtimestamp(END - 300, UTC), datetime.fromtimestamp(END, UTC)
    series = Series({before: 20, now: 99}, "Complete")
    assert reading(section, series, None, AT) == Reading(0.2, now)


@pytest.mark.parametrize(
    ("signal", "unit", "value", "expected"),
    [
        ("cpu", "percent", 50, 0.5),
        ("cpu", None, 0.5, 0.5),
        ("latency_p95_ms", "seconds", 0.25, 250),
        ("latency_p95_ms", "microseconds", 1500, 1.5),
        ("requests", "count", 600, 2),
        ("anything", None, -3, -3),
    ],
)
def test_units(signal: str, unit: str | None, value: float, expected: float) -> None:
    section = MetricSection.model_validate({"signal": signal, "namespace": "n", "metric": "m", "unit": unit})
    assert converted(section, value) == pytest.approx(expected)


@pytest.mark.parametrize(("signal", "value"), [("cpu", 50), ("error_rate", -0.1), ("latency_p95_ms", -1)])
def test_a_value_outside_its_unit_is_refused(signal: str, value: float) -> None:
    section = MetricSection.model_validate({"signal": signal, "namespace": "n", "metric": "m"})
    with pytest.raises(NoValueError, match="correct the"):
        converted(section, value)
