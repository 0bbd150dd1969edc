"""Two real services on one PostgreSQL, one of them on a machine whose clock is wrong by ten minutes, either way.

What they do by turns goes by the database's clock, whatever theirs say; what the one with the wrong clock sees makes
nothing look better; and both that and its age are told rightly.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.poller.service_process import Place, eventually
from tests.postgres import Postgres
from wedtui.cache.reader import CacheReader
from wedtui.clock import SystemClock
from wedtui.core.health import FAILED_ROUNDS_CRITICAL, Health, judge
from wedtui.core.sharing import LEASE
from wedtui.core.state import State
from wedtui.store.instants import from_microseconds

RIGHT, WRONG = "london", "oregon"
AHEAD_S = 600.0
SECOND = timedelta(seconds=1)
QUERIES = 4
FROM = "WEDDING_PROBE_FROM"


class _Answers(BaseHTTPRequestHandler):
    """A page that can fail for who comes from one vantage, and a Prometheus whose clock is right."""

    server: _Site

    def do_GET(self) -> None:
        if self.path.startswith("/api"):
            self._say(200, b'{"status": "success", "data": {}}')
            return
        self._say(500 if self.headers.get("X-From") in self.server.failing else 200, b"ok")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = {"resultType": "scalar", "result": [time.time(), "7"]}
        self._say(200, json.dumps({"status": "success", "data": data}).encode())

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class _Site(ThreadingHTTPServer):
    daemon_threads = True
    failing: frozenset[str] = frozenset()
    """From where it fails."""


@contextmanager
def serving() -> Iterator[_Site]:
    site = _Site(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


@dataclass
class Pair:
    """Two machines, their services, and what is told on each."""

    server: Postgres
    database: str
    site: _Site
    places: dict[str, Place]
    environ: pytest.MonkeyPatch
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, vantage: str) -> None:
        self.environ.setenv(FROM, vantage)
        self.processes[vantage] = self.places[vantage].service()

    def kill(self, vantage: str) -> None:
        process = self.processes.pop(vantage)
        process.kill()
        process.wait()

    def holders(self) -> dict[str, int]:
        """Return how much of what is divided each holds."""
        counts = self.server.query(
            self.database,
            "SELECT s.vantage, count(*) FROM lease l JOIN service s ON s.instance = l.holder "
            "WHERE l.name NOT LIKE 'vantage %%' GROUP BY 1",
        )
        return dict(counts)

    def divided(self) -> bool:
        held = self.holders()
        return set(held) == {RIGHT, WRONG} and sum(held.values()) == QUERIES + 2

    def now(self) -> datetime:
        """Return the instant by the database's clock."""
        ((now,),) = self.server.query(self.database, "SELECT clock_timestamp()")
        return datetime.fromisoformat(str(now))

    def known_for_a_lease(self) -> datetime:
        """Wait until they know each other for long enough to judge; return since when."""
        oldest = "SELECT max(since) FROM lease WHERE name LIKE 'vantage %%'"

        def lasted() -> bool:
            ((since,),) = self.server.query(self.database, oldest)
            return self.now() - from_microseconds(since) > LEASE + SECOND

        eventually(lasted)
        return self.now()

    def health(self) -> Health:
        """Return how the provider is by the right clock."""
        now = SystemClock().now()
        with closing(CacheReader(self.server.url(self.database))) as reader:
            return judge(reader.facts(now).providers[0], now)

    def problems(self, vantage: str) -> tuple[str, ...]:
        """Return what a service says of itself."""
        with closing(CacheReader(self.server.url(self.database))) as reader:
            return next(service.problems for service in reader.services() if service.vantage == vantage)

    def told(self, vantage: str = RIGHT) -> dict[str, Any]:
        """Return what `wedtui status` says on a machine."""
        said: dict[str, Any] = json.loads(self.places[vantage].wedtui("status", "--json").stdout)
        return said


@pytest.fixture(params=[AHEAD_S, -AHEAD_S], ids=["ahead", "behind"])
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pair]:
    database = postgres.migrated()
    with serving() as site:
        url = f"http://127.0.0.1:{site.server_address[1]}"
        places = {}
        for vantage in (RIGHT, WRONG):
            state, config = tmp_path / vantage, tmp_path / f"{vantage}.toml"
            state.mkdir(mode=0o750)
            stores = f'url = "{postgres.url(database)}"'
            text = f'[cache]\n{stores}\n[ledger]\n{stores}\n[service]\nvantage = "{vantage}"\n'
            text += '[[providers]]\nname = "here"\nweight = 100\n[freeze]\n'
            text += f'[[probes]]\nname = "p"\nprovider = "here"\nurl = "{url}/"\ninterval = "500ms"\n'
            text += f'headers = {{ X-From = {{ env = "{FROM}" }} }}\n'
            text += f'[[prometheus]]\nname = "main"\nurl = "{url}"\ninterval = "1s"\n'
            for number in range(QUERIES):
                text += f'[[prometheus.queries]]\nprovider = "here"\nsignal = "q{number}"\nquery = "{number}"\n'
                text += 'interval = "1s"\n'
            config.write_text(text)
            places[vantage] = Place(state, config, ahead_s=request.param if vantage == WRONG else 0.0)
        made = Pair(postgres, database, site, places, monkeypatch)
        try:
            yield made
        finally:
            for process in made.processes.values():
                process.kill()
                process.wait()


def on_the_right_machine(told: dict[str, Any], running: set[str]) -> None:
    """Check that who runs, and when each was last heard, is told by the right clock."""
    assert {s["vantage"] for s in told["services"] if s["state"] == "running"} == running
    for service in told["services"]:
        assert 0 <= service["heartbeat_age_s"] < AHEAD_S / 2


def said_of_the_clock(told: dict[str, Any], subject: str = f"service {WRONG}") -> list[str]:
    return [f["text"] for f in told["findings"] if f["subject"] == subject and " clock is " in f["text"]]


def state_of(told: dict[str, Any]) -> str:
    """Return what is said of the provider."""
    return str(told["providers"][0]["state"])


def test_what_a_service_with_a_wrong_clock_sees_makes_nothing_better_and_its_clock_is_told(pair: Pair) -> None:
    for vantage in (RIGHT, WRONG):
        pair.start(vantage)
    eventually(pair.divided)
    way = "ahead of" if pair.places[WRONG].ahead_s > 0 else "behind"
    eventually(lambda: pair.health().state is State.OK)
    told = pair.told()
    on_the_right_machine(told, {RIGHT, WRONG})
    (text,) = said_of_the_clock(told)
    assert re.match(rf"its clock is (600|599|601)\.\d s {way} the database's", text)
    doctor = pair.places[RIGHT].wedtui("doctor").stdout
    assert re.search(rf"(?m)^warning  service {WRONG}: its clock is \d+\.\d s {way} the database's", doctor)
    # They do not agree. What fails by the wrong clock counts against the provider;
    pair.site.failing = frozenset({WRONG})
    eventually(lambda: pair.health().state is State.DEGRADED)
    told = pair.told()
    assert state_of(told) == "DEGRADED"
    assert f"the last round failed: p from {WRONG}" in json.dumps(told["findings"])
    # what passes by it is nobody's word for the other one.
    pair.site.failing = frozenset({RIGHT})
    eventually(lambda: pair.health().failed_rounds >= FAILED_ROUNDS_CRITICAL)
    assert pair.health().state is State.CRITICAL
    # Who asks on the machine with the wrong clock sees nothing fresh, and why.
    there = pair.told(WRONG)
    assert {s["state"] for s in there["services"]} == {"running"}
    assert state_of(there) == "UNKNOWN"
    (text,) = said_of_the_clock(there)
    assert text.startswith("this machine's clock is ")
    assert f"{way} the database's: no age that is said here can be believed" in text
    asked = pair.places[WRONG].wedtui("service", "status").stdout.splitlines()
    lines = {vantage: line for line in asked for vantage in (RIGHT, WRONG) if line.startswith(f"{vantage}: running")}
    assert re.search(rf"; this machine's clock is \d+\.\d s {way} the database's: no age", lines[WRONG])
    assert "clock" not in lines[RIGHT]
    for line in lines.values():
        assert re.search(r"heartbeat \d+ s ago", line)
    there_too = pair.places[RIGHT].wedtui("service", "status").stdout
    assert re.search(rf"(?m)^{WRONG}: running.*; its clock is \d+\.\d s {way} the database's", there_too)
    # What is said beside it is not said twice.
    for command in ("status", "doctor"):
        assert pair.places[WRONG].wedtui(command).stdout.count(f"s {way} the database's") == 1


@pytest.mark.parametrize(("dies", "survives"), [(RIGHT, WRONG), (WRONG, RIGHT)])
def test_who_dies_is_taken_over_by_the_clock_of_the_database(pair: Pair, dies: str, survives: str) -> None:
    for vantage in (RIGHT, WRONG):
        pair.start(vantage)
    eventually(pair.divided)
    began = pair.known_for_a_lease()
    pair.kill(dies)
    eventually(lambda: pair.holders() == {survives: QUERIES + 2})
    eventually(lambda: any("died, last heard" in problem for problem in pair.problems(survives)))
    told = pair.told()
    on_the_right_machine(told, {survives})
    (text,) = [f["text"] for f in told["findings"] if f"{dies} died, last heard" in f["text"]]
    found = re.search(r"last heard (.*) UTC; it took over .* at (.*) UTC, unasked for", text)
    assert found is not None
    heard, taken = (datetime.fromisoformat(f"{found[n]}+00:00") for n in (1, 2))
    assert began - LEASE <= heard <= taken <= pair.now()
    assert taken - heard >= LEASE - SECOND
    if survives == RIGHT:
        eventually(lambda: pair.health().state is State.OK)
    else:
        # Nobody whose clock is right sees the provider: what was seen gets old, and nothing new is believed.
        eventually(lambda: pair.health().state is State.UNKNOWN)
