"""The real service: nothing that was committed is lost, one runs at a time, and it ends cleanly."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.poller.service_process import Place, eventually, http_server, make_place
from tests.providers.faults import FaultServer, answer
from wedtui.cache.writer import CacheWriter
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.config_file import load
from wedtui.core.observation import ProbeObservation
from wedtui.errors import DiskFullError, StoodStillError, StoreError, StoreUnreachableError
from wedtui.ledger.ledger import Ledger
from wedtui.poller.house import House
from wedtui.poller.service import Service
from wedtui.poller.surroundings import Identity, Stores, Told
from wedtui.poller.turns import TRIES, seen_through

KILLS = 10


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with http_server() as url:
        made = make_place(tmp_path, url)
        yield made
        made.wedtui("service", "stop")


def test_kill_9_in_the_middle_of_writes_loses_nothing_that_was_committed(place: Place) -> None:
    seen: set[int] = set()
    for _ in range(KILLS):
        service = place.service()
        wanted = len(seen) + 8

        def enough(wanted: int = wanted) -> bool:
            seen.update(place.rounds())
            return len(seen) >= wanted

        eventually(enough)
        service.kill()
        service.wait()
        assert seen <= set(place.rounds())
    with closing(sqlite3.connect(place.cache)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_clean_stop_says_so_and_leaves_one_readable_file(place: Place) -> None:
    service = place.service()
    eventually(lambda: len(place.rounds()) > 3)
    service.send_signal(signal.SIGTERM)
    assert service.wait(120) == 0
    assert not place.cache.with_name("cache.db-wal").exists()
    picture = json.loads(place.wedtui("status", "--json").stdout)
    assert picture["service"]["state"] == "stopped"
    assert picture["state"] == "UNKNOWN"


def test_what_config_init_writes_is_run_and_said_to_watch_nothing(place: Place) -> None:
    place.config.unlink()
    assert place.wedtui("config", "init").returncode == 0
    said = f"nothing is watched: {place.config} has no probe"
    assert f"note: {said}" in place.wedtui("config", "check").stdout
    started = place.wedtui("service", "start")
    assert started.returncode == 0
    assert f"the service runs, but {said}" in started.stdout
    eventually(lambda: said in place.wedtui("service", "status").stdout)
    for arguments in (("service", "status"), ("freeze", "list"), ("service", "status")):
        assert place.wedtui(*arguments).returncode == 0
    assert said in place.wedtui("status").stdout


def test_a_dead_service_is_never_green(place: Place) -> None:
    service = place.service()
    eventually(lambda: json.loads(place.wedtui("status", "--json").stdout)["state"] == "OK")
    service.kill()
    service.wait()
    answers = []

    def not_green() -> bool:
        answers.append(place.wedtui("status", "--json"))
        return bool(json.loads(answers[-1].stdout)["service"]["state"] == "dead")

    eventually(not_green)
    assert answers[-1].returncode == 3


def test_what_was_measured_is_rolled_up_and_what_is_too_old_goes(place: Place) -> None:
    now = SystemClock().now()
    with closing(CacheWriter(f"sqlite:///{place.cache}")) as writer:
        minute = timedelta(minutes=1)
        configuration = load(place.config, {}).configuration
        writer.configure(configuration, probe_interval=minute, query_interval=minute)
        instants = [now - n * minute for n in range(5, 180)]
        writer.record([ProbeObservation("p0", at, passed=True, total_ms=1.0) for at in instants])
    with closing(sqlite3.connect(place.cache)) as connection, connection:
        ancient = "INSERT INTO rollup VALUES (1, ?, ?, 1, 1.0, 1.0, ?, 1.0, ?, NULL)"
        for step in (60, 86400):
            at = round((now - timedelta(days=30)).timestamp()) // 86400 * 86400 * 10**6
            connection.execute(ancient, (step, at, at, at))
    service = place.service()

    def steps() -> dict[int, tuple[int, int]]:
        # Beside what the service itself has measured since: that too is rolled up, once its minute is over.
        text = "SELECT step, count(*), sum(count) FROM rollup WHERE start <= ? GROUP BY step"
        newest = round(instants[0].timestamp() * 10**6)
        with closing(sqlite3.connect(f"file:{place.cache}?mode=ro", uri=True, timeout=10)) as connection:
            return {step: (buckets, samples) for step, buckets, samples in connection.execute(text, (newest,))}

    try:
        eventually(lambda: steps().get(60, (0, 0))[0] >= 175 and 3600 in steps())
        eventually(lambda: steps()[60] == (175, 175))
        assert steps()[86400][0] >= 1
        assert json.loads(place.wedtui("status", "--json").stdout)["service"]["state"] == "running"
    finally:
        service.terminate()
        service.wait(120)


def test_a_second_service_is_kept_off(place: Place) -> None:
    service = place.service()
    second = place.wedtui("service", "run")
    assert second.returncode == 15
    assert f"process {service.pid}" in second.stderr
    service.send_signal(signal.SIGINT)
    assert service.wait(120) == 0


def test_start_status_and_stop_in_the_background(place: Place) -> None:
    assert place.wedtui("service", "status").returncode == 1
    started = place.wedtui("service", "start")
    assert started.returncode == 0, started.stderr
    assert place.wedtui("service", "start").returncode == 15
    status = place.wedtui("service", "status", "--json")
    assert status.returncode == 0
    pid = json.loads(status.stdout)["pid"]
    assert os.getsid(pid) == pid
    assert place.wedtui("service", "stop").returncode == 0
    assert place.wedtui("service", "stop").stdout == "no service runs\n"


def test_a_service_that_cannot_begin_says_why_and_ends_with_its_code(place: Place) -> None:
    place.cache.write_bytes(b"this is no database" * 100)
    started = place.wedtui("service", "start")
    assert started.returncode == 10
    assert "cache.db" in started.stderr
    assert place.cache.read_bytes().startswith(b"this is no database")


def test_the_log_is_json_and_holds_no_secret(place: Place) -> None:
    place.config.write_text(
        place.config.read_text()
        + '[[probes]]\nname = "secret"\nprovider = "here"\nurl = "http://127.0.0.1:1/?token=hunter2"\n'
        + 'headers = { Authorization = { env = "PROBE_TOKEN" } }\n'
    )
    os.environ["PROBE_TOKEN"] = "Bearer hunter2"
    try:
        service = place.service()
        eventually(lambda: len(place.rounds()) > 12)
        service.terminate()
        service.wait(120)
    finally:
        del os.environ["PROBE_TOKEN"]
    lines = (place.state / "service.log").read_text().splitlines()
    assert "watching" in {json.loads(line)["event"] for line in lines}
    for file in place.state.iterdir():
        assert b"hunter2" not in file.read_bytes(), file


def test_what_changed_in_the_configuration_is_on_record(place: Place) -> None:
    for weight in (100, 90):
        place.config.write_text(place.config.read_text().replace("weight = 100", f"weight = {weight}"))
        service = place.service()
        service.terminate()
        service.wait(120)
    with closing(sqlite3.connect(place.state / "ledger.db")) as connection:
        changes = [json.loads(c) for (c,) in connection.execute("SELECT changes FROM configuration_change ORDER BY id")]
    assert changes[1] == ["providers.here.weight: 100 -> 90"]


def test_a_service_that_is_there_but_stores_nothing_is_called_stuck_everywhere(place: Place) -> None:
    service = place.service()
    service.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: bool("stuck" in place.wedtui("service", "status").stdout))
        status = place.wedtui("service", "status", "--json")
        assert status.returncode == 1
        assert json.loads(status.stdout)["lock_held_by"] == service.pid
        picture = json.loads(place.wedtui("status", "--json").stdout)
        assert picture["service"]["state"] == "stuck"
        assert "stores nothing" in picture["findings"][0]["text"]
        (check,) = (c for c in json.loads(place.wedtui("doctor", "--json").stdout) if c["name"] == "service")
        assert check["level"] == "problem"
        assert "service start" not in check["remedy"]
    finally:
        service.send_signal(signal.SIGCONT)
        service.terminate()
        service.wait(120)


def test_what_persons_decide_is_signed_and_kept_elsewhere(place: Place) -> None:
    with FaultServer({"/anchors": answer()}) as elsewhere:
        key = place.state / "audit.key"
        section = f'[audit]\nkey_file = "{key}"\n[[audit.anchors]]\nname = "away"\nkind = "webhook"\n'
        place.config.write_text(f'{section}url = "{elsewhere.url("/anchors")}"\n' + place.config.read_text())
        assert place.wedtui("protection", "raise", "HIGH", "--reason", "a royal wedding").returncode == 0
        service = place.service()

        def problems() -> str:
            return str(json.loads(place.wedtui("status", "--json").stdout)["service"]["problems"])

        eventually(lambda: f"there is no key at {key}" in problems())
        public = place.state.parent / "public.pem"
        public.write_text(place.wedtui("audit", "key").stdout)
        service.send_signal(signal.SIGTERM)
        assert service.wait(120) == 0
        place.service()
        eventually(lambda: len(elsewhere.requests) > 0)
        assert "audit" not in problems()
    kept = place.state.parent / "kept"
    kept.write_text(json.loads(elsewhere.requests[-1].body)["line"])
    verified = place.wedtui("audit", "verify", "--anchor", str(kept), "--public-key", str(public))
    assert verified.returncode == 0
    assert "confirmed up to link 2" in verified.stdout
    assert '"person": "service ' in place.wedtui("audit", "show", "2", "--json").stdout


@pytest.mark.parametrize(
    "error", [StoreUnreachableError("the server does not answer"), DiskFullError("there is no room to write")]
)
def test_what_is_over_is_not_said_until_the_next_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: StoreError
) -> None:
    """Whatever pruning, which comes seldom, found: it is over with the next heartbeat that was stored."""
    monkeypatch.setattr("wedtui.poller.service.PRUNE_S", 3_600.0)
    calls: list[float] = []
    clock = SystemClock()

    def away_once(_house: House, *_arguments: object) -> bool:
        calls.append(clock.monotonic())
        if len(calls) == 1:
            raise error
        return False

    monkeypatch.setattr(House, "prune", away_once)
    stores = Stores(f"sqlite:///{tmp_path}/cache.db", f"sqlite:///{tmp_path}/ledger.db")
    Ledger(stores.ledger_url).close()
    identity = Identity("here", "place", "boot", "digest")
    service = Service(Configuration(), stores, clock, mode="personal", identity=identity)

    async def watched() -> None:
        running = asyncio.create_task(service.run())
        try:
            await asyncio.to_thread(eventually, lambda: len(calls) > 1 and not service._problems.told())
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await running

    asyncio.run(watched())


@pytest.mark.parametrize("part", ["begin", "heartbeat", "configure", "mirror_decisions"])
def test_a_machine_that_stands_still_while_the_service_begins_is_no_end_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    calls: list[str] = []
    real = getattr(CacheWriter, part)

    def stood_still_once(*arguments: Any, **named: Any) -> Any:
        calls.append(part)
        if len(calls) == 1:
            raise StoodStillError("the server ended it")
        return real(*arguments, **named)

    monkeypatch.setattr(CacheWriter, part, stood_still_once)
    stores = Stores(f"sqlite:///{tmp_path}/cache.db", f"sqlite:///{tmp_path}/ledger.db")
    Ledger(stores.ledger_url).close()
    identity = Identity("here", "place", "boot", "digest")
    service = Service(Configuration(), stores, SystemClock(), mode="personal", identity=identity)
    ready: list[int] = []

    def told() -> None:
        ready.append(len(calls))
        os.kill(os.getpid(), signal.SIGTERM)

    asyncio.run(service.run(Told(told)))
    assert ready == [2]


def test_a_machine_that_always_stands_still_does_not_begin() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        raise StoodStillError("the server ended it")

    with pytest.raises(StoodStillError):
        seen_through(work)
    assert len(calls) == TRIES
