"""The socket within the real service: served beside the watching, and never in its way."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.control.base import ask, listens
from tests.needs import need
from tests.places import PLACES
from tests.poller.service_process import Place, eventually, http_server, make_place
from tests.store.processes import OTHER_USER
from wedtui.cache.kind import CACHE
from wedtui.control.identity import user_name
from wedtui.ledger.kind import LEDGER

ME = user_name(os.geteuid())
SHARED = f'[service]\nmode = "shared"\nuser = "{ME}"\n[roles.users]\n{ME} = "manager"\n'
WHY = {"reason": "fire"}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with http_server() as url:
        made = make_place(tmp_path, url, probes=1)
        made.config.write_text(made.config.read_text() + SHARED)
        yield made


# A service that waits for as long as a test may take, where it would give up or come round by itself within seconds.
PATIENT = """
import sys
from datetime import timedelta
import wedtui.control.desk as desk, wedtui.poller.service as service
import wedtui.control.server as server
desk.LEDGER_WAITS, desk.TURN_WITHIN_S, service.MIRROR_S = timedelta(minutes=5), 300.0, 3600.0
server.OPENS_WITHIN_S = 300.0
from wedtui.cli.app import run
sys.exit(run())
"""


def patient(place: Place) -> subprocess.Popen[bytes]:
    reading, writing = os.pipe()
    command = [sys.executable, "-c", PATIENT, "service", "run", "--log-to-file", "--ready-fd", str(writing)]
    child = subprocess.Popen(command, env=place.environ, pass_fds=(writing,))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.readline() == b"ready\n"
    return child


@contextmanager
def killed_after(service: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield service
    finally:
        service.kill()
        service.wait()


@contextmanager
def running(
    place: Place, start: Callable[[Place], subprocess.Popen[bytes]] = Place.service, *, at: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service that can be asked: on a machine that is busy its socket may come after it watches."""
    with killed_after(start(place)) as service:
        eventually(lambda: listens(at or socket_of(place)))
        yield service


def socket_of(place: Place) -> Path:
    return place.state / "control.sock"


def status(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(place.wedtui("status", "--json").stdout)
    return found


def heartbeat(place: Place) -> datetime:
    return datetime.fromisoformat(ask(socket_of(place), "GET", "/v1/service").json()["heartbeat_at"])


def names(place: Place) -> list[str]:
    return [name for (name,) in PLACES.execute(place.state / "ledger.db", LEDGER, "SELECT name FROM freeze_period")]


def test_it_is_there_when_the_service_watches_and_gone_when_it_stopped(place: Place) -> None:
    with killed_after(patient(place)) as service:
        found = ask(socket_of(place), "GET", "/v1/service").json()
        assert (found["pid"], found["mode"]) == (service.pid, "shared")
        service.send_signal(signal.SIGTERM)
        assert service.wait(120) == 0
    assert not socket_of(place).exists()


def test_kill_9_leaves_a_socket_that_the_next_one_replaces_and_a_key_that_it_knows(place: Place) -> None:
    with running(place) as service:
        first = ask(socket_of(place), "POST", "/v1/lockdown", WHY, key="k")
        assert first.status_code == 200
        service.kill()
    assert socket_of(place).exists()
    answer = place.wedtui("whoami")
    assert (answer.returncode, "does not listen" in answer.stderr) == (14, True)
    with running(place):
        again = ask(socket_of(place), "POST", "/v1/lockdown", WHY, key="k")
        assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert names(place) == ["lockdown"]


def test_killed_in_the_middle_a_request_that_comes_again_is_done_once(place: Place) -> None:
    """Another process holds the ledger when the request comes, so that it dies with the request half done."""
    with running(place, patient) as service:
        assert ask(socket_of(place), "POST", "/v1/lockdown", WHY, key="0").status_code == 200
        lost: list[Exception] = []

        def lose() -> None:
            try:
                ask(socket_of(place), "POST", "/v1/lockdown", WHY, key="k")
            except httpx.HTTPError as error:
                lost.append(error)

        PLACES.use(None)
        with PLACES.held(place.state / "ledger.db", LEDGER):
            thread = threading.Thread(target=lose)
            thread.start()
            heard = heartbeat(place)
            eventually(lambda: heartbeat(place) > heard)
            service.kill()
            thread.join()
        assert len(lost) == 1
    with running(place):
        for _ in range(2):
            assert ask(socket_of(place), "POST", "/v1/lockdown", WHY, key="k").status_code == 200
    assert names(place) == ["lockdown"] * 2


def test_whoever_waits_for_the_ledger_delays_no_heartbeat(place: Place) -> None:
    with running(place, patient):
        assert ask(socket_of(place), "POST", "/v1/lockdown", WHY, key="0").status_code == 200
        with PLACES.held(place.state / "ledger.db", LEDGER):
            answers: list[int] = []

            def act(key: str) -> None:
                answers.append(ask(socket_of(place), "POST", "/v1/lockdown", WHY, key=key).status_code)

            threads = [threading.Thread(target=act, args=(str(n),)) for n in range(1, 6)]
            for thread in threads:
                thread.start()
            first = heartbeat(place)
            eventually(lambda: (heartbeat(place) - first).total_seconds() >= 2)
            assert answers == [], "all of them wait"
        for thread in threads:
            thread.join()
        assert set(answers) == {200}
    assert len(names(place)) == 6


def test_what_was_decided_is_seen_by_those_who_may_not_read_the_ledger(place: Place) -> None:
    with running(place, patient):
        assert status(place)["freeze"]["reasons"].count("lockdown") == 0
        ask(socket_of(place), "POST", "/v1/lockdown", WHY, key="k")
        mirrored = "SELECT count(*) FROM freeze_period WHERE name = 'lockdown'"

        def seen() -> bool:
            return PLACES.execute(place.cache, CACHE, mirrored) == [(1,)]

        eventually(seen)


def test_a_squatted_socket_is_a_problem_that_people_see_and_watching_goes_on(place: Place) -> None:
    need(os.geteuid() == 0, "needs root, to give a socket to another user")
    with socket.socket(socket.AF_UNIX) as squatting:
        squatting.bind(str(socket_of(place)))
        squatting.listen()
        os.chown(socket_of(place), OTHER_USER, -1)
        with running(place):
            eventually(lambda: len(place.rounds()) > 2)
            eventually(lambda: "belongs to nobody and is not replaced" in json.dumps(status(place)["service"]))
            refused = place.wedtui("lockdown", "--reason", "fire")
            assert refused.returncode == 14
            assert "belongs to nobody" in refused.stderr
            assert names(place) == []
        links = json.loads(place.wedtui("audit", "list", "--json").stdout)
        said = [link for link in links if link["kind"] == "control.unserved"]
        assert len(said) == 1, "once, however often it is tried"


def test_a_configuration_that_others_may_write_makes_nobody_anything(place: Place) -> None:
    place.config.chmod(0o666)
    with running(place):
        known = json.loads(place.wedtui("whoami", "--json").stdout)
        assert (known["role"], known["may"]) == ("viewer", ["read"])
        assert "others may write" in known["because"]
        assert place.wedtui("lockdown", "--reason", "fire").returncode == 20
        eventually(lambda: "others may write" in json.dumps(status(place)["service"]))


def test_two_services_on_one_socket(place: Place, tmp_path: Path) -> None:
    shared = tmp_path / "run"
    shared.mkdir(mode=0o750)
    text = place.config.read_text() + f'[control]\nsocket = "{shared}/s"\n'
    place.config.write_text(text)
    (tmp_path / "other").mkdir()
    other = Place(tmp_path / "other" / "state", place.config)
    with running(place, at=shared / "s") as first, running(other, at=shared / "s"):
        assert ask(shared / "s", "GET", "/v1/service").json()["pid"] == first.pid
        eventually(lambda: "another service listens on" in json.dumps(status(other)["service"]))


class TestCommands:
    def test_who_may_acts_through_the_service(self, place: Place) -> None:
        with running(place):
            assert place.wedtui("whoami").stdout.startswith(f"{ME} (")
            said = place.wedtui("whoami").stdout
            assert f": manager (roles.users.{ME})\nmay read, acknowledge, silence, deploy" in said
            locked = place.wedtui("lockdown", "--reason", "fire")
            assert locked.stdout == (
                f"LOCKDOWN by {ME}: fire\neverything is frozen, in every environment, until it is lifted\n"
                "`wedtui freeze lift 1 --reason WHY` ends it\n"
            )
            assert place.wedtui("gate", "--environment", "staging").returncode == 1
            assert place.wedtui("freeze", "status").stdout.startswith(
                f"FROZEN until it is lifted: LOCKDOWN by {ME}: fire"
            )
            assert (
                place.wedtui("freeze", "lift", "1", "--reason", "out").stdout == f"freeze 1 lifted by {ME}: lockdown\n"
            )
            assert place.wedtui("freeze", "lift", "1", "--reason", "out").returncode == 18
            until = ("--to", "2099-01-01T00:00Z", "--reason", "x", "--service", "rsvp")
            assert place.wedtui("freeze", "add", "--from", "now", *until).stdout.startswith(f"freeze 2 added by {ME}: ")
            assert "raise 1 to HIGH by" in place.wedtui("protection", "raise", "high", "--reason", "x").stdout
            assert place.wedtui("protection", "lower", "1", "--reason", "x").returncode == 0
        log = (place.state / "service.log").read_text()
        assert log.count('"event": "asked"') == 6, "each went through the socket"

    def test_without_a_service_whoever_may_writes_the_ledger(self, place: Place) -> None:
        assert place.wedtui("lockdown", "--reason", "fire").returncode == 0
        assert names(place) == ["lockdown"]
        assert place.wedtui("gate", "--environment", "staging").returncode == 1
        answer = place.wedtui("whoami")
        assert (answer.returncode, "there is no service to ask" in answer.stderr) == (14, True)

    def test_a_personal_service_s_user_is_its_owner_and_acts_through_it_too(self, place: Place) -> None:
        place.config.write_text(place.config.read_text().replace(SHARED, ""))
        with running(place):
            known = json.loads(place.wedtui("whoami", "--json").stdout)
            assert (known["role"], known["mode"]) == ("owner", "personal")
            assert place.wedtui("lockdown", "--reason", "fire", "--until", "2099-01-01T00:00Z").returncode == 0
            assert place.wedtui("freeze", "override", "traffic", "--reason", "x").returncode == 0
        assert names(place) == ["lockdown"]
        assert (place.state / "service.log").read_text().count('"event": "asked"') == 2

    def test_an_override_is_given_seen_everywhere_and_ended(self, place: Place) -> None:
        with running(place):
            given = place.wedtui("freeze", "override", "traffic", "--until", "+4h", "--reason", "the vendor asked")
            assert given.stdout.startswith("a freeze does not stop a failback until "), given.stderr
            assert "overridden for traffic by " in place.wedtui("freeze", "status").stdout
            assert "override 1  " in place.wedtui("freeze", "list").stdout
            found = status(place)
            assert [each["object"] for each in found["freeze"]["overrides"]] == ["traffic"]
            assert "a freeze is overridden for traffic" in json.dumps(found["findings"])
            assert place.wedtui("freeze", "override-end", "1", "--reason", "done").returncode == 0
            assert status(place)["freeze"]["overrides"] == []
            assert place.wedtui("freeze", "override-end", "1", "--reason", "done").returncode == 18

    def test_an_override_of_anything_else_or_for_longer_is_refused(self, place: Place) -> None:
        for arguments in (("everything",), ("traffic", "--until", "+5h"), ("traffic", "--until", "2001-01-01T00:00Z")):
            assert place.wedtui("freeze", "override", *arguments, "--reason", "x").returncode == 2

    def test_those_who_may_not_read_the_ledger_see_an_override_too(self, place: Place) -> None:
        with running(place):
            assert place.wedtui("freeze", "override", "traffic", "--reason", "x").returncode == 0

            def seen() -> bool:
                return PLACES.execute(place.cache, CACHE, "SELECT object FROM freeze_override") == [("traffic",)]

            eventually(seen)

    @pytest.mark.parametrize(
        "arguments",
        [("--reason", " "), ("--reason", "x", "--until", "2001-01-01T00:00Z"), ("--reason", "x", "--until", "2")],
    )
    def test_a_lockdown_that_says_nothing(self, place: Place, arguments: tuple[str, ...]) -> None:
        assert place.wedtui("lockdown", *arguments).returncode == 2
        assert not (place.state / "ledger.db").exists()


def test_who_only_watches_loads_neither_server_nor_framework() -> None:
    code = (
        "import sys, wedtui.cli.app, wedtui.poller.service, wedtui.cli.service; "
        "print(*sorted({'fastapi', 'uvicorn', 'starlette'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
