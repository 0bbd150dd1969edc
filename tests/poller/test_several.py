"""Two real services on one PostgreSQL: what is asked once is asked by one, through deaths and standstills."""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.poller.service_process import Place
from tests.postgres import Postgres
from tests.soaking import away_s, of_two
from wedtui.core.sharing import LEASE

DEATHS = STANDSTILLS = of_two(5)
LATE_S = (0.2, 0.4)
"""Of the second between two rounds of a query so much passes until its answer."""
VANTAGES = ("london", "oregon")
QUERIES = 6
AWAY_S = away_s(12)


class _Numbers(BaseHTTPRequestHandler):
    """Answers every query with a number of its own: what is stored tells which answer it was."""

    server: _Server

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if "/query" not in self.path:
            self._say(0)
            return
        with self.server.under_way(form["query"][0]) as number:
            if number is None:
                self.send_error(503)
            elif self._hung_up():
                self.server.in_vain.append(number)
            else:
                self._say(number)

    def do_GET(self) -> None:
        self._say(0)

    def _say(self, number: int) -> None:
        body = json.dumps(
            {
                "status": "success",
                "data": {"resultType": "scalar", "result": [time.time(), str(number)]},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hung_up(self) -> bool:
        """Whether nobody is there any more to hear the answer."""
        try:
            peeked: bytes = self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        return peeked == b""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    last = 0
    """How many queries were answered."""
    silent = False
    """Whether no query is answered any more."""
    late_s = (0.0, 0.0)
    """How long an answer takes, at least and at most."""
    _lock = threading.Lock()

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Numbers)
        self.waiting: Counter[str] = Counter()
        """Which queries are asked and not answered yet, and how often."""
        self.in_vain: list[int] = []
        """Answers that found nobody any more."""

    @contextmanager
    def under_way(self, query: str) -> Iterator[int | None]:
        """Give the number that answers a query once it is time; None where it is not answered."""
        with self._lock:
            self.last += not self.silent
            number = None if self.silent else self.last
            self.waiting[query] += 1
        try:
            time.sleep(random.uniform(*self.late_s))
            yield number
        finally:
            with self._lock:
                self.waiting[query] -= 1


@contextmanager
def _numbers() -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Pair:
    """Two services on machines of their own, as far as a test on one machine can have that."""

    server: Postgres
    database: str
    asked: _Server
    places: dict[str, Place]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, vantage: str) -> subprocess.Popen[bytes]:
        self.processes[vantage] = self.places[vantage].service()
        return self.processes[vantage]

    def ask(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.server.query(self.database, statement, *parameters)

    def holders(self) -> Counter[str]:
        """Return how many leases each vantage holds; its own is one of them."""
        held = self.ask(
            "SELECT s.vantage FROM lease l JOIN service s ON s.instance = l.holder WHERE l.name NOT LIKE 'vantage %%'"
        )
        return Counter(vantage for (vantage,) in held)

    def divided(self) -> bool:
        """Whether both hold something, and together everything."""
        held = self.holders()
        return all(held[v] for v in VANTAGES) and sum(held.values()) == QUERIES + 2

    def all_with(self, vantage: str) -> bool:
        return self.holders() == {vantage: QUERIES + 2}

    def asking(self, vantage: str) -> bool:
        """Whether a query that is a vantage's to ask is under way."""
        held = "SELECT l.name FROM lease l JOIN service s ON s.instance = l.holder WHERE s.vantage = %s"
        names = {name for (name,) in self.ask(held, vantage)}
        waiting = +self.asked.waiting.copy()
        return any(f"query main here q{query}" in names for query in waiting)

    def beaten(self, times: int) -> None:
        """Wait until each service has stored its figures so many times more."""
        beats: dict[str, set[object]] = {vantage: set() for vantage in VANTAGES}

        def enough() -> bool:
            for vantage, at in self.ask("SELECT vantage, heartbeat_at FROM service"):
                beats[vantage].add(at)
            # The first is from before.
            return all(len(seen) > times for seen in beats.values())

        until(enough)

    def answered_once(self, after: int) -> None:
        """Answer nothing more, and check that each answer since is stored, and once; the first was the next after."""
        self.asked.silent = True
        wanted = set(range(after + 1, self.asked.last + 1))
        until(lambda: wanted <= {int(number) for number in self.numbers()})
        numbers = self.numbers()
        assert len(set(numbers)) == len(numbers)

    def lost(self, kind: str) -> dict[str, int]:
        """Return how many observations each service says it has lost in a way, `dropped` or `refused`."""
        return dict(self.ask(f"SELECT vantage, {kind} FROM service"))

    def rounds(self) -> set[tuple[int, str]]:
        return {(number, vantage) for number, vantage in self.ask("SELECT id, vantage FROM probe_round")}

    def numbers(self) -> list[float]:
        """Return every answer of a query that was stored."""
        statement = "SELECT value FROM sample JOIN series ON series.id = series WHERE signal LIKE 'q%%'"
        return [value for (value,) in self.ask(statement)]


def until(condition: Callable[[], bool], *, within: float = 120.0) -> float:
    """Wait for something; return how long it took (s)."""
    began, waiting = time.monotonic(), threading.Event()
    while not condition():
        assert time.monotonic() - began < within, "it never came to hold"
        waiting.wait(0.05)
    return time.monotonic() - began


@pytest.fixture
def pair(tmp_path: Path, postgres: Postgres) -> Iterator[Pair]:
    database = postgres.migrated()
    with _numbers() as asked:
        url = f"http://127.0.0.1:{asked.server_address[1]}"
        places = {}
        for vantage in VANTAGES:
            state = tmp_path / vantage
            state.mkdir(mode=0o750)
            config = tmp_path / f"{vantage}.toml"
            stores = f'url = "{postgres.url(database)}"'
            text = f'[cache]\n{stores}\n[ledger]\n{stores}\n[service]\nvantage = "{vantage}"\n'
            text += '[[providers]]\nname = "here"\nweight = 100\n[freeze]\n'
            for number in range(3):
                text += f'[[probes]]\nname = "p{number}"\nprovider = "here"\nurl = "{url}/"\ninterval = "500ms"\n'
            text += f'[[prometheus]]\nname = "main"\nurl = "{url}"\ninterval = "1s"\n'
            for number in range(QUERIES):
                text += f'[[prometheus.queries]]\nprovider = "here"\nsignal = "q{number}"\nquery = "{number}"\n'
                text += 'interval = "1s"\n'
            config.write_text(text)
            places[vantage] = Place(state, config)
        made = Pair(postgres, database, asked, places)
        try:
            yield made
        finally:
            for process in made.processes.values():
                process.kill()
                process.wait()


def test_kill_9_and_standstills_lose_nothing_and_store_nothing_twice(pair: Pair) -> None:
    """Each in the middle of a round: five times each in `make test`, in `make soak` a tenth of its kills, 100."""
    pair.asked.late_s = LATE_S
    for vantage in VANTAGES:
        pair.start(vantage)
    until(pair.divided)
    committed: set[tuple[int, str]] = set()
    answers: set[float] = set()

    def note() -> None:
        """What was there once has to be there for ever, and each answer once."""
        found, numbers = pair.rounds(), pair.numbers()
        assert committed <= found
        assert answers <= set(numbers)
        assert len(set(numbers)) == len(numbers)
        committed.update(found)
        answers.update(numbers)

    for number in range(DEATHS + STANDSTILLS):
        victim, other = VANTAGES[number % 2], VANTAGES[1 - number % 2]
        process = pair.processes[victim]
        note()
        until(lambda victim=victim: pair.asking(victim))  # type: ignore[misc]
        if number < DEATHS:
            process.kill()
            process.wait()
        else:
            process.send_signal(signal.SIGSTOP)
        # How long it takes is a figure of `make bench`.
        until(lambda other=other: pair.all_with(other))  # type: ignore[misc]
        note()
        before = len(pair.numbers())
        until(lambda before=before: len(pair.numbers()) > before + QUERIES)  # type: ignore[misc]
        if number < DEATHS:
            pair.start(victim)
        else:
            process.send_signal(signal.SIGCONT)
        until(pair.divided)
        note()
    vantages = Counter(vantage for _, vantage in pair.rounds())
    assert all(vantages[v] > 10 for v in VANTAGES)
    refused = dict(pair.ask("SELECT vantage, refused FROM service"))
    assert sum(refused.values()) > 0, "nobody who stood still had anything to store: the test shows nothing"
    assert len(pair.asked.in_vain) >= DEATHS // 2, "hardly anybody died in the middle of a round: the test shows little"
    for process in pair.processes.values():
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    # Of what was answered only that is lost which the dead one had in its hands, and what the late one was refused.
    lost = {*range(1, pair.asked.last + 1)} - {int(number) for number in pair.numbers()}
    assert len(lost) <= 2 * QUERIES * (DEATHS + STANDSTILLS) < pair.asked.last / 2


def test_a_clean_stop_hands_over_at_once_and_status_tells(pair: Pair) -> None:
    for vantage in VANTAGES:
        pair.start(vantage)
    until(pair.divided)
    told = json.loads(pair.places["london"].wedtui("status", "--json").stdout)
    assert [(s["vantage"], s["state"]) for s in told["services"]] == [("london", "running"), ("oregon", "running")]
    assert {p["vantage"] for p in told["providers"][0]["probes"]} == set(VANTAGES)
    stopping = pair.processes["oregon"]
    stopping.send_signal(signal.SIGTERM)
    assert stopping.wait(120) == 0
    # Nothing is left that has to run out first.
    assert pair.holders()["oregon"] == 0
    until(lambda: pair.all_with("london"))
    said = pair.places["london"].wedtui("service", "status")
    assert said.returncode == 0
    assert "oregon: stopped" in said.stdout
    assert "london: running" in said.stdout


def test_the_survivor_of_a_death_says_whom_it_took_over_and_for_how_long_nobody_asked(pair: Pair) -> None:
    for vantage in VANTAGES:
        pair.start(vantage)
    until(pair.divided)
    # They know each other for long enough to judge.
    pair.beaten(int(LEASE.total_seconds()) + 2)
    pair.processes["oregon"].kill()
    pair.processes["oregon"].wait()
    until(lambda: pair.all_with("london"))

    def told() -> list[str]:
        findings = json.loads(pair.places["london"].wedtui("status", "--json").stdout)["findings"]
        return [f["text"] for f in findings if f["subject"] == "service london" and "oregon died" in f["text"]]

    until(lambda: bool(told()))
    (text,) = told()
    assert re.fullmatch(
        r"oregon died, last heard .* UTC; it took over \d+ targets? of it at .* UTC, unasked for \d+ s", text
    )
    log = (pair.places["london"].state / "service.log").read_text()
    (line,) = [line for line in log.splitlines() if "took over from a service that died" in line]
    assert all(word in line for word in ("oregon", "london", "unwatched_s"))


def test_services_that_watch_different_things_are_named_with_what_differs(pair: Pair) -> None:
    pair.start("london")
    until(lambda: pair.all_with("london"))
    config = pair.places["oregon"].config
    config.write_text(config.read_text().replace('name = "p2"', 'name = "gallery"'))
    pair.start("oregon")

    def findings() -> list[str]:
        told = json.loads(pair.places["london"].wedtui("status", "--json").stdout)
        return [f"{f['subject']}: {f['text']}" for f in told["findings"]]

    # Who began last counts: what is new is watched from its first round on.
    differs = (
        "service london: it is configured to watch other things than what counts: it alone has probe p2, it lacks "
        "probe gallery"
    )
    counts = (
        "service: oregon is configured to watch other things than london; what counts and is shown is the "
        "configuration of oregon: give them one configuration"
    )
    until(lambda: {differs, counts} <= set(findings()))


def test_two_with_one_name_is_a_mistake_that_is_said(pair: Pair, tmp_path: Path) -> None:
    pair.start("london")
    config = tmp_path / "twin.toml"
    config.write_text(pair.places["london"].config.read_text())
    (tmp_path / "twin").mkdir()
    twin = Place(tmp_path / "twin", config).wedtui("service", "run")
    assert twin.returncode == 15
    assert 'watches as "london" already: give each its own service.vantage' in twin.stderr
    assert pair.processes["london"].poll() is None


def test_a_database_that_goes_away_for_a_while_costs_nothing(pair: Pair) -> None:
    """It is away for 12 s in `make test`, longer than a lease is held, and for a minute in `make soak`."""
    for vantage in VANTAGES:
        pair.start(vantage)
    until(pair.divided)
    before = pair.rounds()
    # Dividing what is asked may cost a round that is under way, and a service says so with a later heartbeat.
    pair.beaten(3)
    shares, refused = pair.holders(), pair.lost("refused")
    first = pair.asked.last
    # Not by a crash: of the cache a server's crash may cost the last half second, which is learnt again.
    pair.server.stop(signal.SIGINT)
    try:
        # Real time, because everything here is: the server, the services, and what they ask.
        away = threading.Event()
        away.wait(AWAY_S / 2)
        for vantage in VANTAGES:
            said = pair.places[vantage].wedtui("status")
            assert said.returncode == 3
            assert "UNKNOWN" in said.stdout.splitlines()[0]
            assert "does not answer" in said.stdout
            assert pair.processes[vantage].poll() is None
        away.wait(AWAY_S / 2)
    finally:
        pair.server.start()
    until(lambda: len(pair.rounds()) > len(before) + 2 * 3 * AWAY_S)
    assert before <= pair.rounds()
    until(pair.divided)
    assert pair.holders() == shares
    pair.beaten(3)
    pair.answered_once(first)
    assert "does not answer" not in pair.places["london"].wedtui("status").stdout
    assert pair.lost("dropped") == dict.fromkeys(VANTAGES, 0)
    assert pair.lost("refused") == refused
