"""A real Alertmanager on loopback, in a directory of its own, and a Prometheus that tells it what fires."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from tests.needs import require_program
from tests.ports import HOST, free_ports

TRIES = 600
PAUSE_S = 0.1

_CONFIGURATION = """\
route:
  receiver: nobody
  group_wait: 1s
receivers:
  - name: nobody
inhibit_rules:
  - source_matchers: [alertname = "Down"]
    target_matchers: [severity = "warning"]
    equal: [cloud]
"""

_PROMETHEUS = """\
global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["{host}:{port}"]}}]
"""

_RULES = """\
groups:
  - name: test
    rules:
      - alert: Watchdog
        expr: vector(1)
        labels: {severity: none}
      - alert: Errors
        expr: vector(0.25) > 0
        labels: {severity: critical, cloud: amazon, app: rsvp}
        annotations: {summary: "{{ $value }} of all requests fail", runbook_url: "https://wiki.example.com/errors"}
      - alert: Slow
        expr: vector(3) > 2
        for: 1h
        labels: {severity: warning}
"""


@dataclass(frozen=True)
class RunningAlertmanager:
    """Where it answers."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def tell(self, *alerts: dict[str, Any]) -> None:
        """Tell it what fires, as a Prometheus does."""
        httpx.post(f"{self.url}/api/v2/alerts", json=list(alerts), trust_env=False, timeout=60).raise_for_status()

    def silence(self, label: str, value: str, start: datetime, end: datetime) -> None:
        """Have it tell nobody of the alerts with a label."""
        matcher = {"name": label, "value": value, "isRegex": False, "isEqual": True}
        body = {
            "matchers": [matcher],
            "startsAt": start.isoformat(),
            "endsAt": end.isoformat(),
            "createdBy": "ada",
            "comment": "it is being moved",
        }
        httpx.post(f"{self.url}/api/v2/silences", json=body, trust_env=False, timeout=60).raise_for_status()

    def names(self) -> set[str]:
        """Return the names of what fires there."""
        found = httpx.get(f"{self.url}/api/v2/alerts", trust_env=False, timeout=60).json()
        return {each["labels"].get("alertname", "") for each in found}


@contextmanager
def running_alertmanager(directory: Path, port: int | None = None) -> Iterator[RunningAlertmanager]:
    """Run one until the block ends; skips the test where the program is missing.

    Args:
        directory: for its files.
        port: of one that ran before; without it a free one.
    """
    program = require_program("prometheus-alertmanager", package="prometheus-alertmanager")
    with free_ports(1) as (free,):
        running = RunningAlertmanager(free if port is None else port)
    (directory / "alertmanager.yml").write_text(_CONFIGURATION)
    command = [
        program,
        f"--config.file={directory / 'alertmanager.yml'}",
        f"--storage.path={directory / 'alertmanager'}",
        f"--web.listen-address={HOST}:{running.port}",
        # It would gossip with others of its kind.
        "--cluster.listen-address=",
    ]
    with _running(command, directory, lambda: _is_ready(f"{running.url}/-/ready")):
        yield running


@contextmanager
def telling_prometheus(directory: Path, alertmanager: RunningAlertmanager) -> Iterator[str]:
    """Run a Prometheus whose rules fire, until the block ends; it begins when the Alertmanager knows of them."""
    program = require_program("prometheus", package="prometheus")
    with free_ports(1) as (port,):
        url = f"http://{HOST}:{port}"
    (directory / "prometheus.yml").write_text(_PROMETHEUS.format(host=HOST, port=alertmanager.port))
    (directory / "rules.yml").write_text(_RULES)
    command = [
        program,
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={HOST}:{port}",
    ]
    with _running(command, directory, lambda: alertmanager.names() >= {"Watchdog", "Errors"}):
        yield url


@contextmanager
def _running(command: list[str], directory: Path, ready: Callable[[], bool]) -> Iterator[None]:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    log = directory / f"{Path(command[0]).name}.log"
    with log.open("wb") as into:
        process = subprocess.Popen(command, stdout=into, stderr=into, cwd=directory, env=environment)
    try:
        for _ in range(TRIES):
            if ready():
                break
            if process.poll() is not None:
                raise AssertionError(f"{command[0]} ended:\n{log.read_text()[-4000:]}")
            time.sleep(PAUSE_S)
        else:
            raise AssertionError(f"{command[0]} did not come up:\n{log.read_text()[-4000:]}")
        yield
    finally:
        process.terminate()
        process.wait()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=60).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
