"""`/metrics`: served on loopback by a thread of its own, and read by a real Prometheus."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from tests.poller.service_process import Place, eventually, http_server, make_place
from tests.ports import free_ports
from tests.providers.faults import FaultServer
from tests.providers.prometheus_server import scraping
from tests.providers.test_prometheus import as_json
from wedtui.errors import ServiceError
from wedtui.poller.exposition import Exposition

HOST = "127.0.0.1"


@pytest.fixture
def served() -> Iterator[str]:
    registry = CollectorRegistry()
    Counter("wedtui_test", "A figure.", registry=registry).inc(3)
    exposition = Exposition(f"{HOST}:0", registry)
    try:
        yield f"http://{HOST}:{exposition.port}"
    finally:
        exposition.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A service whose figures are at a port that was free."""
    with http_server() as url, free_ports(1) as ports:
        made = make_place(tmp_path, url)
        made.config.write_text(f"[service]\nmetrics = {ports[0]}\n{made.config.read_text()}")
    with http_server() as url:
        made.config.write_text(re.sub(r'url = ".*"', f'url = "{url}"', made.config.read_text()))
        yield made


def port_of(place: Place) -> int:
    found = re.search(r"metrics = (\d+)", place.config.read_text())
    assert found is not None
    return int(found[1])


def get(url: str, method: str = "GET") -> httpx.Response:
    return httpx.request(method, url, trust_env=False, timeout=120)


def test_one_path_and_one_way_to_ask(served: str) -> None:
    answer = get(f"{served}/metrics")
    assert answer.status_code == 200
    assert "wedtui_test_total 3.0" in answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert get(f"{served}/").status_code == 404
    assert get(f"{served}/metrics/..").status_code == 404
    assert get(f"{served}/metrics", "POST").status_code == 405
    assert get(f"{served}/metrics", "HEAD").content == b""


def test_an_asker_that_says_nothing_is_left_alone_after_a_while(served: str) -> None:
    port = int(served.rpartition(":")[2])
    with socket.create_connection((HOST, port)) as silent:
        assert get(f"{served}/metrics").status_code == 200
        silent.settimeout(120)
        assert silent.recv(100) == b""


def test_a_port_that_is_taken_says_what_to_do() -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceError, match=rf"{HOST}:{port} .*service\.metrics"):
            Exposition(f"{HOST}:{port}", CollectorRegistry())


def test_the_services_figures_in_a_real_prometheus(place: Place, tmp_path: Path) -> None:
    source = '[[alert_sources]]\nname = "{}"\nkind = "prometheus"\nurl = "{}"\ninterval = "1s"\n'
    with FaultServer({"/api/v1/alerts": as_json({"status": "success", "data": {"alerts": []}})}) as central:
        with free_ports(1) as (free,):
            sources = source.format("central", central.url()) + source.format("away", f"http://{HOST}:{free}")
        place.config.write_text(place.config.read_text() + sources)
        _figures_are_told(place, tmp_path)


def _figures_are_told(place: Place, tmp_path: Path) -> None:
    service = place.service()
    try:
        (folder := tmp_path / "prometheus").mkdir()
        with scraping(folder, port_of(place)) as running:
            rounds = 'sum(wedtui_rounds_total{kind="probe", outcome="ok"}) > 0'
            eventually(lambda: bool(running.query(rounds)))
            for told in (
                "up == 1",
                "time() - wedtui_heartbeat_timestamp_seconds < 60",
                "histogram_quantile(0.99, wedtui_round_lateness_seconds_bucket) >= 0",
                "wedtui_cache_size_bytes > 0",
                "process_start_time_seconds > 0",
                'wedtui_alert_source_known{source="central"} == 1',
                'wedtui_alert_source_age_seconds{source="central"} < 60',
                'wedtui_alert_source_known{source="away"} == 0',
                "wedtui_notifications_waiting == 0 and wedtui_notifications_dead == 0",
            ):
                eventually(lambda told=told: bool(running.query(told)))  # type: ignore[misc]
            (build,) = running.query("wedtui_build_info")
            assert json.loads(json.dumps(build["metric"]))["mode"] == "personal"
    finally:
        service.terminate()
        service.wait(120)


def test_a_taken_port_is_a_problem_that_people_see_until_it_is_free(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = port_of(place)
    with socket.create_server((HOST, port)):
        service = place.service()
        eventually(lambda: f"cannot be served on {HOST}:{port}" in place.wedtui("service", "status").stdout)
        assert json.loads(place.wedtui("service", "status", "--json").stdout)["state"] == "running"
    try:
        eventually(lambda: answers(port))
        eventually(lambda: not json.loads(place.wedtui("service", "status", "--json").stdout)["problems"])
    finally:
        service.terminate()
        assert service.wait(120) == 0
    assert not answers(port)


def test_without_the_key_nothing_listens(place: Place) -> None:
    port = port_of(place)
    place.config.write_text(place.config.read_text().replace(f"metrics = {port}\n", ""))
    service = place.service()
    try:
        assert not answers(port)
    finally:
        service.terminate()
        service.wait(120)


def answers(port: int) -> bool:
    try:
        return get(f"http://{HOST}:{port}/metrics").status_code == 200
    except httpx.HTTPError:
        return False
