"""The Prometheus-style API has the shapes of the real one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.base import BEGAN, running
from wedtui.demo.prometheus import BadQueryError, Selector, parse_selector, parse_time, sample_value


@pytest.mark.parametrize(
    ("text", "selector"),
    [
        ("up", Selector("up")),
        (" up { } ", Selector("up")),
        ('demo_cpu{provider="aws"}', Selector("demo_cpu", "provider", "aws")),
        ("demo_cpu{ provider = 'aws' , }", Selector("demo_cpu", "provider", "aws")),
        ('demo_cpu{provider!="aws"}', Selector("demo_cpu", "provider", "aws", equal=False)),
        (r'job:x{l="a\"b\\c\n"}', Selector("job:x", "l", 'a"b\\c\n')),
        ('up{l="}"}', Selector("up", "l", "}")),
    ],
)
def test_selectors_are_understood(text: str, selector: Selector) -> None:
    assert parse_selector(text) == selector


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "1:1"),
        ("  ", "1:1"),
        ("{}", "1:1"),
        ("1", "1:1"),
        ("up)", "1:3"),
        ("up{job", "1:7"),
        ("up{job=}", "1:8"),
        ('up{job="a', "1:8"),
        ('up{job=~"a.*"}', "1:7"),
        ('up{job!~"a.*"}', "1:7"),
        ('up{job="a",instance="b"}', "1:12"),
        ("rate(up[5m])", "1:5"),
        ("sum(up)", "1:4"),
        ("up[5m]", "1:3"),
        ("up + up", "1:4"),
        (r'up{job="\q"}', "1:12"),
    ],
)
def test_what_is_not_understood_is_an_error_that_names_the_place(text: str, place: str) -> None:
    with pytest.raises(BadQueryError, match=rf'^invalid parameter "query": {place}: parse error: '):
        parse_selector(text)


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(BadQueryError):
        assert parse_selector(text).metric in text


@given(st.text(alphabet=st.characters(exclude_characters='"\\\n', codec="utf-8"), max_size=20))
def test_a_quoted_value_is_taken_as_it_is(value: str) -> None:
    assert parse_selector(f'm{{l="{value}"}}') == Selector("m", "l", value)


@pytest.mark.parametrize(
    ("labels", "text", "selected"),
    [
        ({"__name__": "up", "job": "a"}, "up", True),
        ({"__name__": "up", "job": "a"}, "down", False),
        ({"__name__": "up", "job": "a"}, 'up{job="a"}', True),
        ({"__name__": "up", "job": "a"}, 'up{job="b"}', False),
        ({"__name__": "up", "job": "a"}, 'up{job!="b"}', True),
        ({"__name__": "up", "job": "a"}, 'up{job!="a"}', False),
        ({"__name__": "up", "job": "a"}, 'up{none=""}', True),
        ({"__name__": "up", "job": "a"}, 'up{none!=""}', False),
    ],
)
def test_matchers_select(labels: dict[str, str], text: str, selected: bool) -> None:
    assert parse_selector(text).matches(labels) is selected


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1435781451.781", datetime(2015, 7, 1, 20, 10, 51, 781000, tzinfo=UTC)),
        ("2015-07-01T20:10:51.781Z", datetime(2015, 7, 1, 20, 10, 51, 781000, tzinfo=UTC)),
        ("2015-07-01T22:10:51+02:00", datetime(2015, 7, 1, 20, 10, 51, tzinfo=UTC)),
    ],
)
def test_times_are_understood(text: str, at: datetime) -> None:
    assert parse_time(text) == at


@pytest.mark.parametrize("text", ["x", "", "nan", "inf", "1e300", "2015-07-01T20:10:51", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_bad_data(text: str) -> None:
    with pytest.raises(BadQueryError, match='invalid parameter "time"'):
        parse_time(text)


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1"), (0.0, "0"), (100.0, "100"), (0.0021, "0.0021"), (140.5, "140.5")]
)
def test_values_are_plain_decimals(value: float, text: str) -> None:
    assert sample_value(value) == text


def test_a_query_gives_a_vector_of_strings_at_the_worlds_time() -> None:
    async def work() -> None:
        async with running("calm") as world:
            await world.at(12.5)
            answer = await world.query('demo_latency_p95_ms{provider="aws"}')
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/json"
            value = world.world.state().provider("aws").signals["latency_p95_ms"]
            metric = {
                "__name__": "demo_latency_p95_ms",
                "instance": world.addresses.providers["aws"].removeprefix("http://"),
                "job": "demo",
                "provider": "aws",
            }
            sample = [BEGAN.timestamp() + 12.5, repr(value)]
            assert answer.json() == {
                "status": "success",
                "data": {"resultType": "vector", "result": [{"metric": metric, "value": sample}]},
            }
            url = f"{world.addresses.prometheus}/api/v1/query"
            posted = await world.client.post(url, data={"query": 'demo_latency_p95_ms{provider="aws"}'})
            assert posted.json() == answer.json()
            everyone = (await world.query("demo_cpu")).json()["data"]["result"]
            assert [s["metric"]["provider"] for s in everyone] == ["aws", "azure", "gcp", "digitalocean"]
            assert (await world.query("demo_nothing")).json()["data"] == {"resultType": "vector", "result": []}

    asyncio.run(work())


@pytest.mark.parametrize(
    "parameters", [{}, {"query": ""}, {"query": 'up{job=~"a"}'}, {"query": "sum(up)"}, {"query": "up", "time": "x"}]
)
def test_a_bad_query_gets_the_error_envelope(parameters: dict[str, str]) -> None:
    async def work() -> None:
        async with running("calm") as world:
            answer = await world.client.get(f"{world.addresses.prometheus}/api/v1/query", params=parameters)
            assert answer.status_code == 400
            body = answer.json()
            assert set(body) == {"status", "errorType", "error"}
            assert (body["status"], body["errorType"]) == ("error", "bad_data")
            assert body["error"].startswith('invalid parameter "')

    asyncio.run(work())


def test_a_query_can_name_its_time() -> None:
    async def work() -> None:
        async with running("sick-azure") as world:
            await world.at(100)
            query = 'demo_error_rate{provider="azure"}'

            async def at(seconds: float) -> list[tuple[float, str]]:
                time = (BEGAN + timedelta(seconds=seconds)).isoformat()
                return [
                    (s["value"][0], s["value"][1])
                    for s in (await world.query(query, time=time)).json()["data"]["result"]
                ]

            past = await at(10)
            assert past[0][0] == BEGAN.timestamp() + 10
            assert float(past[0][1]) < 0.01
            assert await at(-1) == []
            # The newest sample answers for the five minutes after it, under the time that was asked for.
            assert await at(100 + 299) == [(BEGAN.timestamp() + 399, "1")]
            assert await at(100 + 301) == []

    asyncio.run(work())


def test_a_time_of_day_that_jumps_does_not_move_the_scenario() -> None:
    async def work() -> None:
        async with running("sick-azure") as world:
            await world.at(100)
            world.clock.jump = timedelta(hours=-1)
            assert await world.value('demo_error_rate{provider="azure"}') == "1"

    asyncio.run(work())


def test_the_machines_of_a_dead_provider_have_no_series() -> None:
    async def work() -> None:
        async with running("dead-aws") as world:
            assert await world.value('up{provider="aws"}') == "1"
            await world.at(40)
            assert await world.value('up{provider="aws"}') == "0"
            assert await world.value('demo_cpu{provider="aws"}') is None
            assert await world.value('demo_error_rate{provider="aws"}') == "1"

    asyncio.run(work())


def test_targets_say_who_can_be_scraped() -> None:
    async def work() -> None:
        async with running("dead-aws") as world:
            await world.at(40)
            url = f"{world.addresses.prometheus}/api/v1/targets"
            answer = (await world.client.get(url, params={"state": "active"})).json()
            assert answer["status"] == "success"
            assert answer["data"]["droppedTargets"] == []
            targets = {t["labels"]["provider"]: t for t in answer["data"]["activeTargets"]}
            assert {name: t["health"] for name, t in targets.items()} == {
                "aws": "down",
                "azure": "up",
                "gcp": "up",
                "digitalocean": "up",
            }
            assert targets["aws"]["lastError"].endswith("connect: connection refused")
            assert targets["azure"]["lastError"] == ""
            assert datetime.fromisoformat(targets["azure"]["lastScrape"]) == BEGAN + timedelta(seconds=40)
            assert targets["azure"]["scrapeUrl"] == world.addresses.providers["azure"] + "/metrics"
            dropped = (await world.client.get(url, params={"state": "dropped"})).json()
            assert dropped["data"] == {"activeTargets": [], "droppedTargets": []}

    asyncio.run(work())


def test_alerts_are_pending_then_fire_then_go() -> None:
    async def work() -> None:
        async with running("sick-azure") as world:

            async def alerts(seconds: float) -> dict[str, dict[str, object]]:
                await world.at(seconds)
                answer = (await world.client.get(f"{world.addresses.prometheus}/api/v1/alerts")).json()
                assert answer["status"] == "success"
                return {alert["labels"]["alertname"]: alert for alert in answer["data"]["alerts"]}

            assert await alerts(8) == {}
            assert (await alerts(31))["HighErrorRate"]["state"] == "pending"
            firing = (await alerts(42))["HighErrorRate"]
            assert firing["state"] == "firing"
            assert firing["labels"] == {
                "alertname": "HighErrorRate",
                "job": "demo",
                "provider": "azure",
                "severity": "critical",
            }
            assert datetime.fromisoformat(str(firing["activeAt"])) == BEGAN + timedelta(seconds=31)
            assert firing["value"] == "1e+00"
            await alerts(76)
            assert (await alerts(82))["ProviderDown"]["state"] == "firing"
            assert await alerts(200) == {}

    asyncio.run(work())


def test_readiness_health_and_what_is_not_there() -> None:
    async def work() -> None:
        async with running("calm") as world:

            async def get(path: str) -> httpx.Response:
                return await world.client.get(world.addresses.prometheus + path)

            assert (await get("/-/ready")).text == "Prometheus Server is Ready.\n"
            assert (await get("/-/healthy")).text == "Prometheus Server is Healthy.\n"
            assert (await get("/api/v1/nothing")).status_code == 404
            refused = await world.client.delete(f"{world.addresses.prometheus}/api/v1/query")
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")

    asyncio.run(work())


def test_a_blind_prometheus_hangs_while_the_providers_answer() -> None:
    async def work() -> None:
        async with running("blind-prometheus", patience=0.1) as world:
            await world.at(60)
            for path in ("/api/v1/query?query=up", "/-/ready", "/api/v1/alerts"):
                with pytest.raises(httpx.ReadTimeout):
                    await world.client.get(world.addresses.prometheus + path)
            assert (await world.probe("aws")).status_code == 200
            await world.at(121)
            assert await world.value('up{provider="aws"}') == "1"

    asyncio.run(work())


def test_a_range_begins_with_the_world() -> None:
    """What it did not live through it has no value of; that is no error, and no wrong address."""

    async def work() -> None:
        async with running("calm") as world:
            world.clock.elapsed = 90.0
            url = f"{world.addresses.prometheus}/api/v1/query_range"
            start = (BEGAN - timedelta(hours=1)).isoformat()
            form = {"query": 'demo_cpu{provider="aws"}', "start": start, "end": "2030-01-01T00:00:00Z", "step": "8h"}
            assert (await world.client.post(url, data=form)).json()["data"] == {"resultType": "matrix", "result": []}
            form |= {"end": (BEGAN + timedelta(seconds=60)).isoformat(), "step": "30000ms"}
            (series,) = (await world.client.post(url, data=form)).json()["data"]["result"]
            assert [at for at, _ in series["values"]] == [BEGAN.timestamp() + step for step in (0, 30, 60)]
            for at, value in series["values"]:
                (now,) = (await world.query('demo_cpu{provider="aws"}', time=str(at))).json()["data"]["result"]
                assert now["value"][1] == value
            for wrong in (
                {"step": "0"},
                {"step": "x"},
                {"end": "2000-01-01T00:00:00Z"},
                {"step": "1ms"},
                {"start": "x"},
            ):
                answer = await world.client.post(url, data=form | wrong)
                assert (answer.status_code, answer.json()["errorType"]) == (400, "bad_data")

    asyncio.run(work())
