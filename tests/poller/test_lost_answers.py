"""A commit that was done and whose answer never came: what waited is sent again, and stored exactly once."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from tests.poller.test_several import Pair, pair, until

__all__ = ["pair"]

LOST = 40
SOCKET = ".s.PGSQL.5432"
COMMIT = b"COMMIT\x00"
"""In the question, and in the tag of the answer."""


class Relay:
    """Stands between a service and its database; of every so many commits it loses the answer and the connection."""

    def __init__(self, listener: socket.socket, behind: Path) -> None:
        self.every = 0
        """0: none."""
        self.lost = 0
        self._commits = 0
        self._lock = threading.Lock()
        self._listener = listener
        self._behind = str(behind / SOCKET)

    def accept(self) -> None:
        """Serve until the listener is closed."""
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._behind)
                losing = threading.Event()
                for way in (self._ask, self._answer):
                    threading.Thread(target=way, args=(near, far, losing), daemon=True).start()

    def _due(self) -> bool:
        with self._lock:
            self._commits += 1
            return self.every > 0 and self._commits % self.every == 0

    def _ask(self, near: socket.socket, far: socket.socket, losing: threading.Event) -> None:
        with suppress(OSError):
            while data := near.recv(65536):
                if COMMIT in data and self._due():
                    losing.set()
                far.sendall(data)
        _end(near, far)

    def _answer(self, near: socket.socket, far: socket.socket, losing: threading.Event) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                if losing.is_set() and COMMIT in data:
                    with self._lock:
                        self.lost += 1
                    break
                near.sendall(data)
        _end(near, far)


def _end(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(behind: Path) -> Iterator[tuple[Relay, str]]:
    """Run one; with the folder of its socket, whose path may not be long."""
    with tempfile.TemporaryDirectory(prefix="relay-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/{SOCKET}")
        listener.listen(64)
        made = Relay(listener, behind)
        threading.Thread(target=made.accept, daemon=True).start()
        yield made, folder


def test_an_answer_that_is_lost_after_its_commit_costs_nothing_and_stores_nothing_twice(pair: Pair) -> None:
    place = pair.places["london"]
    with relay(pair.server.folder) as (between, folder):
        text = place.config.read_text()
        place.config.write_text(text.replace(quote(str(pair.server.folder)), quote(folder)))
        pair.start("london")
        until(lambda: pair.all_with("london"))
        first, stored = pair.asked.last, len(pair.rounds())
        between.every = 3
        until(lambda: between.lost >= LOST)
        between.every = 0
        pair.answered_once(first)
        # Some of them were of what was observed; nothing of it was left out, and of a round there is one.
        assert "cannot store" in (place.state / "service.log").read_text()
        until(lambda: pair.lost("dropped + refused") == {"london": 0})
        ((rounds, different),) = pair.ask("SELECT count(*), count(DISTINCT (probe, vantage, at)) FROM probe_round")
        assert rounds == different > stored
        process = pair.processes.pop("london")
        process.terminate()
        assert process.wait(120) == 0
