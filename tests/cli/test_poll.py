"""`wedtui poll --once --json` against a real Prometheus with node-exporter, and a server that does everything wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.poller.service_process import Place
from tests.providers.certificates import certificate
from tests.providers.faults import FaultServer, answer, drip, reset, then_hang
from tests.providers.prometheus_server import RunningPrometheus

FAULTS = {
    "/ok": answer(b'{"status": "ok"}'),
    "/503": answer(status="503 Service Unavailable"),
    "/hang": then_hang(),
    "/slow": drip,
    "/reset": reset,
}
EXPECTED = {
    "ok": None,
    "503": "status 503, expected 200",
    "hang": "timed out after 2 s waiting for the first byte",
    "slow": "timed out after 2 s reading the body",
    "reset": "connection reset",
    "tls": "certificate does not verify",
}
CPU = '100 - avg(rate(node_cpu_seconds_total{mode="idle"}[10s])) * 100'


@dataclass(frozen=True)
class World:
    """A real Prometheus, and two HTTP servers full of faults."""

    place: Place
    prometheus: RunningPrometheus


@pytest.fixture
def world(tmp_path: Path, prometheus: RunningPrometheus) -> Iterator[World]:
    bad = certificate(None)
    with FaultServer(FAULTS) as plain, FaultServer(FAULTS, context=bad.server_context(tmp_path)) as secure:
        text = '[[providers]]\nname = "aws"\nweight = 60\n[[providers]]\nname = "gcp"\nweight = 40\n'
        for name in EXPECTED:
            url = secure.url("/ok") if name == "tls" else plain.url(f"/{name}")
            provider = "gcp" if name == "ok" else "aws"
            text += f'[[probes]]\nname = "{name}"\nprovider = "{provider}"\nurl = "{url}"\n'
            text += f'timeout = "{"2s" if name in {"hang", "slow"} else "30s"}"\n'
        text += f'[[prometheus]]\nname = "main"\nurl = "{prometheus.url}"\n'
        for signal, query, unit in (
            ("cpu", CPU, 'unit = "percent"'),
            ("memory", "1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", ""),
            ("requests", "vector(NaN)", ""),
            ("latency_p95_ms", "up", ""),
        ):
            text += f'[[prometheus.queries]]\nprovider = "gcp"\nsignal = "{signal}"\nquery = \'{query}\'\n{unit}\n'
        config = tmp_path / "config.toml"
        config.write_text(text)
        yield World(Place(tmp_path / "state", config), prometheus)


def polled(world: World) -> dict[str, Any]:
    done = world.place.wedtui("poll", "--once", "--json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_one_round_sees_every_fault_and_every_real_value(world: World) -> None:
    picture = polled(world)
    assert picture["stored"] is True
    probes = {o["name"]: o for o in picture["observations"] if o["kind"] == "probe"}
    for name, failure in EXPECTED.items():
        assert probes[name]["ok"] is (failure is None)
        assert failure is None or failure in probes[name]["failure"], probes[name]
    signals = {o["signal"]: o for o in picture["observations"] if o["kind"] == "signal"}
    assert 0 <= signals["cpu"]["value"] <= 1
    assert 0 < signals["memory"]["value"] < 1
    assert "NaN" in signals["requests"]["problem"]
    assert "3 series" in signals["latency_p95_ms"]["problem"]
    (server,) = (o for o in picture["observations"] if o["kind"] == "prometheus")
    assert server["ready"] is True
    assert server["targets_up"] == 2
    assert [a["name"] for a in server["alerts"]] == ["TargetGone"]


def test_three_rounds_make_a_dead_provider_critical_and_the_good_one_is_not_touched(world: World) -> None:
    states = [{p["name"]: p for p in polled(world)["providers"]} for _ in range(3)]
    assert states[2]["aws"]["state"] == "CRITICAL"
    assert states[2]["aws"]["failed_rounds"] == 3
    gcp = states[2]["gcp"]
    # Its latency is a query that gives three series: known to be missing, and not made up from the probe.
    assert {c["name"]: c["freshness"] for c in gcp["components"]}["latency"] == "missing"
    assert gcp["state"] in {"OK", "DEGRADED"}


def test_beside_a_running_service_a_round_is_not_stored(world: World) -> None:
    service = world.place.service()
    try:
        assert polled(world)["stored"] is False
    finally:
        service.terminate()
        service.wait(120)


def test_a_feed_that_lost_its_events_is_not_passed_over(tmp_path: Path) -> None:
    feed, config = tmp_path / "freeze.ics", tmp_path / "config.toml"
    config.write_text(f'[[freeze.feeds]]\nname = "venues"\nurl = "{feed}"\n')
    place = Place(tmp_path / "state", config)
    whole = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{}END:VCALENDAR\r\n"
    event = "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20200101T000000Z\r\nDTSTART:20200101T120000Z\r\nDURATION:PT2H\r\n"
    feed.write_text(whole.format(f"{event}RRULE:FREQ=DAILY\r\nSUMMARY:daily check\r\nEND:VEVENT\r\n"))
    assert json.loads(place.wedtui("poll", "--once", "--json").stdout)["findings"] == []
    feed.write_text(whole.format(""))
    found = json.loads(place.wedtui("poll", "--once", "--json").stdout)["findings"]
    assert ["wedtui freeze accept venues" in finding["text"] for finding in found] == [True]
    assert "note: " in place.wedtui("poll", "--once").stdout
