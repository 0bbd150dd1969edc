"""The real service as a process, on a state directory and a little HTTP server of the test's own."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# For what never comes: a busy machine takes its time, and whoever gets what it waits for waits no longer.
LONGEST_S = 300.0


class _Answers(BaseHTTPRequestHandler):
    """Says 200 to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def http_server() -> Iterator[str]:
    """Serve on loopback; yield the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Place:
    """A state directory and its configuration."""

    state: Path
    config: Path
    before: tuple[str, ...] = ()
    """What the service is run by."""
    inside: tuple[str, ...] = ()
    """In what everything is run: the service and whoever asks."""
    ahead_s: float = 0.0
    """By how much the clock of its machine is wrong."""

    @property
    def cache(self) -> Path:
        return self.state / "cache.db"

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WEDTUI_")}
        return {**kept, "WEDTUI_STATE_DIR": str(self.state), "WEDTUI_CONFIG": str(self.config)}

    @property
    def program(self) -> list[str]:
        """How `wedtui` is called here."""
        wrong = ["tests.poller.wrong_clock", str(self.ahead_s)]
        return [*self.inside, sys.executable, "-m", *(wrong if self.ahead_s else ["wedtui"])]

    def wedtui(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [*self.program, *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, check=False, timeout=LONGEST_S)

    def service(self) -> subprocess.Popen[bytes]:
        """Run the service in the foreground of a process; return once it watches."""
        reading, writing = os.pipe()
        run = [*self.program, "service", "run", "--log-to-file", "--ready-fd", str(writing)]
        child = subprocess.Popen([*self.before, *run], env=self.environ, pass_fds=(writing,))
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            assert pipe.readline() == b"ready\n"
        return child

    def rounds(self) -> list[int]:
        """Return the numbers of all stored probe rounds."""
        with closing(sqlite3.connect(f"file:{self.cache}?mode=ro", uri=True, timeout=10)) as connection:
            return [number for (number,) in connection.execute("SELECT id FROM probe_round ORDER BY id")]


def make_place(folder: Path, url: str, *, probes: int = 5) -> Place:
    """Write a configuration with probes of one provider twice a second."""
    state = folder / "state"
    state.mkdir(mode=0o750)
    config = folder / "config.toml"
    text = '[[providers]]\nname = "here"\nweight = 100\n[freeze]\n'
    for number in range(probes):
        text += f'[[probes]]\nname = "p{number}"\nprovider = "here"\nurl = "{url}"\ninterval = "500ms"\n'
    config.write_text(text)
    return Place(state, config)


def eventually(condition: Callable[[], bool], *, tries: int = 2400) -> None:
    """Look again and again, with a short wait between, until something holds."""
    waiting = threading.Event()
    for _ in range(tries):
        if condition():
            return
        waiting.wait(0.05)
    raise AssertionError("it never came to hold")
