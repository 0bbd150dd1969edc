"""A real service whose state directory is on a disk without room: it lives, says so, and goes on when there is some."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.poller.service_process import LONGEST_S, Place, eventually, http_server, make_place
from tests.ports import HOST, free_ports
from tests.small_disk import small_disk
from tests.terminals import AT_START, Terminal
from wedtui.errors import DiskFullError, ServiceError

SIZE_MB = 6
ENDLESS = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
NO_ROOM = "there is no room to write"


@dataclass
class Watched:
    """A service, its figures, and the room that it has."""

    place: Place
    port: int
    limited: bool
    """Whether it is a limit on its files that leaves no room, as a quota does, and not the disk."""
    process: subprocess.Popen[bytes]

    def take_room(self) -> None:
        """Leave not a byte."""
        if self.limited:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        else:
            # In large pieces, and then in small ones what these left.
            fill = 'for size in 64k 4k 1; do dd if=/dev/zero bs=$size 2>/dev/null; done >> "$1"; true'
            self.run("sh", "-c", fill, "sh", str(self.ballast))

    def give_room(self) -> None:
        if self.limited:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, ENDLESS)
        else:
            self.run("rm", str(self.ballast))

    @property
    def ballast(self) -> Path:
        return self.place.state.parent / "ballast"

    def run(self, *command: str) -> str:
        """Run something where the disk is."""
        done = subprocess.run([*self.place.inside, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def figures(self) -> dict[str, float]:
        answer = httpx.get(f"http://{HOST}:{self.port}/metrics", trust_env=False, timeout=LONGEST_S).text
        lines = [line.rpartition(" ") for line in answer.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def asked(self) -> int:
        """Return how many rounds there were."""
        return int(sum(value for name, value in self.figures().items() if name.startswith("wedtui_rounds_total{")))

    def stored(self) -> int:
        """Return how many rounds are kept."""
        return int(self.sql("cache", "SELECT count(*) FROM probe_round"))

    def sql(self, store: str, statement: str) -> str:
        """Return the first value that a statement gives."""
        program = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])"
        return self.run(sys.executable, "-c", program, str(self.place.state / f"{store}.db"), statement).strip()

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.place.wedtui("status", "--json").stdout)
        return told

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log, each of which is whole."""
        return [json.loads(line) for line in self.run("cat", str(self.place.state / "service.log")).splitlines()]

    def whole(self, *, links: int) -> None:
        """Check that nothing is torn, and that so many links of the audit chain are kept."""
        verified = self.place.wedtui("audit", "verify")
        assert verified.returncode == 0
        assert verified.stdout.startswith(f"link{f's 1 to {links}' if links > 1 else ' 1'}: whole")
        for store in ("cache", "ledger"):
            assert self.sql(store, "PRAGMA integrity_check") == "ok"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Place, int]]:
    """A place on a small disk, and the port of its figures."""
    with free_ports(1) as (port,):
        pass
    folder = tmp_path / "disk"
    folder.mkdir()
    with http_server() as url, small_disk(folder, megabytes=SIZE_MB) as inside:
        made = make_place(tmp_path, url, probes=3)
        made.config.write_text(f"[service]\nmetrics = {port}\n{made.config.read_text()}")
        yield replace(made, state=folder / "state", inside=inside), port


@contextmanager
def watching(small: tuple[Place, int], *, limited: bool = False) -> Iterator[Watched]:
    place, port = small
    watched = Watched(place, port, limited, place.service())
    try:
        yield watched
    finally:
        watched.process.kill()
        watched.process.wait()


def freeze(place: Place, why: str) -> subprocess.CompletedProcess[str]:
    return place.wedtui("freeze", "add", "--from", "now", "--to", "+2h", "--reason", why)


def of_doctor(place: Place) -> list[str]:
    """Return the sentences of `wedtui doctor` that are about the service and its disk."""
    told = place.wedtui("doctor", "--json")
    assert told.returncode == 2
    checks = json.loads(told.stdout)
    return [f"{c['name']}: {c['text']}" for c in checks if c["level"] == "problem"]


@pytest.mark.parametrize("limited", [False, True], ids=["disk", "limit"])
def test_a_service_without_room_lives_and_says_so_and_goes_on(small: tuple[Place, int], limited: bool) -> None:
    with watching(small, limited=limited) as watched:
        place = watched.place
        assert freeze(place, "before").returncode == 0
        eventually(lambda: watched.stored() > 10)
        with Terminal(place.program, {**place.environ, "TERM": "xterm-256color"}) as seen:
            seen.shows("● OK        here", "service running")
            watched.take_room()
            # What is on the screen gets old, and nothing of it stays green.
            seen.shows("? UNKNOWN   here", "SERVICE STORES NOTHING")
            assert "OK" not in seen.text
            assert "●" not in seen.text
            silent_and_said(watched)
            kept_back = watched.asked()
            watched.give_room()
            seen.shows("● OK        here", "service running")
            seen.type("q")
            seen.until(lambda: seen.modes >= AT_START and "here" not in seen.text)
        assert watched.process.poll() is None
        # What is over is no finding any more.
        eventually(lambda: not any("room" in f["text"] for f in watched.status()["findings"]))
        # What was asked meanwhile is late, and not lost.
        eventually(lambda: watched.stored() >= kept_back)
        assert watched.figures()["wedtui_observations_dropped_total"] == 0
        assert freeze(place, "after").returncode == 0
        lost = watched.figures()["wedtui_log_lines_lost_total"]
        watched.process.send_signal(signal.SIGTERM)
        assert watched.process.wait(LONGEST_S) == 0
        log = watched.log()
        assert "storing works again" in {line["event"] for line in log}
        assert sum(line["lost"] for line in log if "lines of the log were lost" in line["event"]) == lost
        assert not limited or lost > 0
        # That a freeze was asked for, and could not be decided, is on record as well, once that has room.
        watched.whole(links=3)
        assert "request.unheard" in watched.place.wedtui("audit", "list").stdout


def silent_and_said(watched: Watched) -> None:
    """Check what people and programs are told while there is no room, and that nothing is half done."""
    place = watched.place
    figures = watched.figures()
    assert figures["wedtui_store_failures_total"] > 0
    assert figures["wedtui_recorder_queue_length"] > 0
    assert figures["wedtui_problems"] > 0
    # The dashboard goes by the service, and is UNKNOWN sooner.
    eventually(lambda: watched.status()["providers"][0]["state"] == "UNKNOWN")
    told = watched.status()
    assert told["service"]["state"] == "stuck"
    assert [f["severity"] for f in told["findings"] if f["subject"] == "service"] == ["critical"]
    assert place.wedtui("service", "status").returncode == 1
    problems = of_doctor(place)
    assert any(p.startswith("service: stuck") for p in problems)
    assert any(p.startswith(f"service: it says: {NO_ROOM}") for p in problems)
    assert watched.limited or any(p.startswith("disk: 0 MiB free") for p in problems)
    refused = freeze(place, "meanwhile")
    # By the service, which the command asked.
    assert refused.returncode == ServiceError.exit_code
    assert NO_ROOM in refused.stderr
    watched.whole(links=1)
    assert watched.process.poll() is None


def test_a_service_that_ends_and_begins_without_room_leaves_all_as_it_was(small: tuple[Place, int]) -> None:
    with watching(small) as watched:
        assert freeze(watched.place, "before").returncode == 0
        eventually(lambda: watched.stored() > 10)
        watched.take_room()
        eventually(lambda: watched.figures()["wedtui_store_failures_total"] > 0)
        watched.process.send_signal(signal.SIGTERM)
        assert watched.process.wait(LONGEST_S) == DiskFullError.exit_code
        before = watched.stored()
        (ended,) = [line for line in watched.log() if "stopped with observations" in line["event"]]
        assert ended["lost"] > 0
        begun = watched.place.wedtui("service", "run")
        assert begun.returncode == DiskFullError.exit_code
        assert begun.stderr.startswith("wedtui: ")
        assert "room" in begun.stderr
        watched.whole(links=1)
        watched.give_room()
    with watching(small) as watched:
        eventually(lambda: watched.stored() > before)
        watched.whole(links=1)
