"""A real Prometheus that scrapes a real node-exporter and itself, on loopback, in a directory of its own."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from tests.needs import require_program
from tests.ports import HOST, free_ports

TRIES = 1200
PAUSE_S = 0.1

_CONFIGURATION = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
rule_files: [rules.yml]
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ["{host}:{exporter}"]}}]
  - job_name: prometheus
    static_configs: [{{targets: ["{host}:{prometheus}"]}}]
  - job_name: gone
    params: {{token: [tell-nobody]}}
    static_configs: [{{targets: ["{host}:{gone}"]}}]
"""

_RULES = """\
groups:
  - name: test
    rules:
      - alert: TargetGone
        expr: up{job="gone"} == 0
        labels: {severity: critical, provider: aws}
        annotations: {summary: "{{ $labels.instance }} is gone"}
"""


@dataclass(frozen=True)
class RunningPrometheus:
    """Where it answers."""

    port: int
    exporter_port: int
    gone_port: int
    """A target where nobody listens."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def query(self, promql: str) -> list[dict[str, object]]:
        """Return the series of an instant query, as the server wrote them."""
        answer = httpx.post(f"{self.url}/api/v1/query", data={"query": promql}, trust_env=False, timeout=60).json()
        series: list[dict[str, object]] = answer["data"]["result"]
        return series

    def ranged(self, promql: str, start: datetime, end: datetime, step: timedelta) -> dict[str, set[float]]:
        """Return at which instants of a range (seconds since 1970) a query has an answer, by the label `provider`."""
        asked = {"query": promql, "start": start.timestamp(), "end": end.timestamp(), "step": step.total_seconds()}
        answer = httpx.post(f"{self.url}/api/v1/query_range", data=asked, trust_env=False, timeout=60).json()
        found: dict[str, set[float]] = {}
        for series in answer["data"]["result"]:
            found.setdefault(series["metric"]["provider"], set()).update(float(at) for at, _value in series["values"])
        return found


@contextmanager
def running_prometheus(directory: Path) -> Iterator[RunningPrometheus]:
    """Run both until the block ends; it begins when every target was scraped twice and the alert fires.

    Skips the test where one of the programs is missing.
    """
    prometheus = require_program("prometheus", package="prometheus")
    exporter = require_program("prometheus-node-exporter", package="prometheus-node-exporter")
    with free_ports(3) as ports:
        running = RunningPrometheus(*ports)
    places = {"host": HOST, "prometheus": running.port, "exporter": running.exporter_port, "gone": running.gone_port}
    (directory / "prometheus.yml").write_text(_CONFIGURATION.format(**places))
    (directory / "rules.yml").write_text(_RULES)
    commands = [
        [exporter, f"--web.listen-address={HOST}:{running.exporter_port}"],
        [
            prometheus,
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address={HOST}:{running.port}",
        ],
    ]
    with (directory / "log").open("wb") as log:
        processes = [subprocess.Popen(c, stdout=log, stderr=log, cwd=directory, env=_environment()) for c in commands]
    try:
        _wait_until(lambda: _scraped(running), processes, directory / "log")
        yield running
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


@contextmanager
def scraping(directory: Path, target: int) -> Iterator[RunningPrometheus]:
    """Run a Prometheus that scrapes one port of loopback every second; it begins when that was scraped."""
    prometheus = require_program("prometheus", package="prometheus")
    with free_ports(1) as ports:
        running = RunningPrometheus(ports[0], target, 0)
    text = "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n  - job_name: target\n"
    text += '    static_configs: [{{targets: ["{host}:{port}"]}}]\n'
    (directory / "prometheus.yml").write_text(text.format(host=HOST, port=target))
    with _answering(prometheus, running, directory / "data", "up == 1"):
        yield running


@contextmanager
def serving(data: Path) -> Iterator[RunningPrometheus]:
    """Run a Prometheus on data that is there, however old, until the block ends; it scrapes nothing."""
    prometheus = require_program("prometheus", package="prometheus")
    with free_ports(1) as ports:
        running = RunningPrometheus(ports[0], 0, 0)
    (data.parent / "prometheus.yml").write_text("scrape_configs: []\n")
    with _answering(prometheus, running, data, "vector(1)", "--storage.tsdb.retention.time=100y"):
        yield running


@contextmanager
def _answering(program: str, running: RunningPrometheus, data: Path, ready: str, *more: str) -> Iterator[None]:
    """Run a Prometheus by the configuration that stands beside its data, from when a query has an answer."""
    directory = data.parent
    places = [f"--config.file={directory / 'prometheus.yml'}", f"--storage.tsdb.path={data}"]
    command = [program, *places, f"--web.listen-address={HOST}:{running.port}", *more]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory, env=_environment())
    try:
        _wait_until(lambda: _answers(running, ready), [process], directory / "log")
        yield
    finally:
        process.terminate()
        process.wait()


def _answers(running: RunningPrometheus, promql: str) -> bool:
    try:
        return bool(running.query(promql))
    except (httpx.HTTPError, ValueError, KeyError):
        return False


def _environment() -> dict[str, str]:
    """Return the environment without proxies, which the programs would obey."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def _scraped(running: RunningPrometheus) -> bool:
    try:
        twice = running.query("count_over_time(up[1m]) >= 2")
        return len(twice) == 3 and bool(running.query('ALERTS{alertstate="firing"}'))
    except (httpx.HTTPError, ValueError, KeyError):
        return False


def _wait_until(done: Callable[[], bool], processes: list[subprocess.Popen[bytes]], log: Path) -> None:
    for _ in range(TRIES):
        if done():
            return
        if any(process.poll() is not None for process in processes):
            break
        time.sleep(PAUSE_S)
    raise AssertionError(f"Prometheus did not come up; its log:\n{log.read_text()[-4000:]}")
