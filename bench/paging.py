"""From the first failed sample to its acceptance by a pager: the real service as a process, real sockets, a file.

Each time another probe fails, at any moment between two looks; the rule is that of `down` with a short duration. What
is measured is what comes on top of that: the round that judges, the outbox, and the request.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from bench.figures import Figure, median
from tests.notify.base import secret
from tests.notify.strict import ROUTING_KEY, PagerDuty
from tests.poller.service_process import Place

LIMIT_S = 2.0
"""What is promised, beyond the duration of the rule."""
RUNS = 15
LASTING_S = 2.0
INTERVAL = "500ms"
POSTS = 50
RULES = f"""
[[rules]]
name = "down"
condition = "up < 1"
for = "{LASTING_S:g}s"
clear = {{ for = "1s" }}
severity = "critical"
"""
GIVEN_UP_S = 60.0
_LOOK_S = 0.005


def figures() -> Iterator[Figure]:
    """Have one thing after another fail, and be told of each."""
    with tempfile.TemporaryDirectory(prefix="wedtui-paging-") as folder, _guests() as guests, _Pager() as pager:
        took = _runs(Path(folder), guests, pager)
        bare = _bare_posts(pager)
    beside = (
        f"{len(took)} times, median {median(took):.2f} s, beyond the {LASTING_S:g} s of the rule; a probe every "
        f"{INTERVAL}; a bare POST to that server {median(bare) * 1000:.0f} ms"
    )
    yield Figure("paging: first failed sample to accepted, worst", max(took), LIMIT_S, "s", beside)


@dataclass
class _Pager(PagerDuty):
    """Keeps when it took what."""

    times: list[float] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    """What it was told of alerts, in that order, each once."""

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        answer = super().take(path, headers, body)
        event = json.loads(body)
        # It may hear that there is no calendar as well, and after two minutes the same end again.
        said = event.get("event_action"), str(event.get("dedup_key"))
        if "/alert/" in said[1] and said not in self.heard:
            self.heard.append(said)
            self.times.append(time.monotonic())
        return answer


@dataclass
class _Guests:
    """What is probed; of one path the answer is 503."""

    url: str = ""
    failing: str = ""
    first: float | None = None
    """When that was said first."""

    def fail(self, path: str) -> None:
        """Let it not be well from now on."""
        self.first, self.failing = None, path


@contextmanager
def _guests() -> Iterator[_Guests]:
    guests = _Guests()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fails = self.path == guests.failing
            if fails and guests.first is None:
                guests.first = time.monotonic()
            self.send_response(503 if fails else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    guests.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield guests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _runs(folder: Path, guests: _Guests, pager: _Pager) -> list[float]:
    """Return how long each took beyond the duration of the rule (s)."""
    dice, took = random.Random(7), []
    service = _place(folder, guests, pager).service()
    try:
        for number in range(RUNS):
            # Somewhere else between two looks each time.
            time.sleep(1 + dice.random())
            told = len(pager.times)
            guests.fail(f"/{number}")
            _until(lambda told=told: len(pager.times) > told)  # type: ignore[misc]
            assert guests.first is not None, "what was told had failed"
            took.append(pager.times[told] - guests.first - LASTING_S)
            guests.failing = ""
            _until(lambda told=told: len(pager.times) > told + 1)  # type: ignore[misc]
    finally:
        service.terminate()
        service.wait()
    assert [event for event, _ in pager.heard] == ["trigger", "resolve"] * RUNS, "each is told once, and its end"
    return took


def _place(folder: Path, guests: _Guests, pager: PagerDuty) -> Place:
    """Write a configuration with a probe for each run: what begins again and again is told as flapping."""
    state = folder / "state"
    state.mkdir(mode=0o750)
    key = secret(folder, "routing", ROUTING_KEY)["file"]
    text = f'[notify.oncall]\nkind = "pagerduty"\nurl = "{pager.url}"\nrouting_key = {{ file = "{key}" }}\n'
    text += '[[providers]]\nname = "here"\nweight = 100\n[freeze]\n'
    for number in range(RUNS):
        text += f'[[probes]]\nname = "p{number}"\nprovider = "here"\nurl = "{guests.url}/{number}"\n'
        text += f'interval = "{INTERVAL}"\n'
    config = folder / "config.toml"
    config.write_text(text)
    config.chmod(0o600)
    (folder / "rules").mkdir()
    (folder / "rules" / "own.toml").write_text(RULES)
    return Place(state, config)


def _bare_posts(pager: PagerDuty) -> list[float]:
    """Return how long it takes to put the same to that server with nothing in between (s)."""
    payload = {"summary": "s", "source": "s", "severity": "critical", "timestamp": "2026-06-20T12:00:00Z"}
    body = {"routing_key": ROUTING_KEY, "event_action": "trigger", "dedup_key": "bare", "client": "bench"}
    found = []
    for _ in range(POSTS):
        began = time.perf_counter()
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f"{pager.url}/v2/enqueue", json={**body, "payload": {**payload, "custom_details": {}}})
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        found.append(time.perf_counter() - began)
    return found


def _until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + GIVEN_UP_S
    while not condition():
        if time.monotonic() > ends:
            raise AssertionError(f"nobody was told within {GIVEN_UP_S:g} s")
        time.sleep(_LOOK_S)
