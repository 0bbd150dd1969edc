"""A real PowerDNS on loopback, started once; each test has a zone of its own."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.needs import need, require_program
from tests.ports import HOST, free_ports

KEY = "pdns-hunter2"
STARTS_WITHIN_S = 60.0
_SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
_SETTINGS = """\
launch=gsqlite3
gsqlite3-database={folder}/zones.db
socket-dir={folder}
local-address={host}
local-port={dns}
api=yes
api-key={key}
webserver=yes
webserver-address={host}
webserver-port={http}
webserver-allow-from={host}
enable-lua-records=yes
zone-cache-refresh-interval=0
security-poll-suffix=
daemon=no
guardian=no
disable-syslog=yes
loglevel=4
"""


class PowerDns:
    """A running server."""

    def __init__(self, folder: Path, program: str) -> None:
        self._folder = folder
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self.http_port = self.dns_port = 0
        with sqlite3.connect(folder / "zones.db") as database:
            database.executescript(_SCHEMA.read_text())
        database.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    @property
    def nameserver(self) -> str:
        return f"{HOST}:{self.dns_port}"

    def start(self) -> None:
        """Start it; it wants to be told its ports, and another process may take one first."""
        for _attempt in range(3):
            with free_ports(2) as ports:
                self.http_port, self.dns_port = ports
            settings = _SETTINGS.format(folder=self._folder, host=HOST, key=KEY, dns=self.dns_port, http=self.http_port)
            (self._folder / "pdns.conf").write_text(settings)
            with (self._folder / "log").open("ab") as log:
                command = [self._program, f"--config-dir={self._folder}"]
                self._process = subprocess.Popen(command, stdout=log, stderr=log)
            if self._answers():
                return
            self.stop()
        raise RuntimeError((self._folder / "log").read_text())

    def _answers(self) -> bool:
        ends = time.monotonic() + STARTS_WITHIN_S
        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < ends:
            try:
                return self.ask("GET", "").status_code == 200
            except httpx.TransportError:
                time.sleep(0.01)
        return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask the API."""
        url = f"{self.url}/api/v1/servers/localhost{path}"
        return httpx.request(method, url, json=body, headers={"X-API-Key": KEY}, trust_env=False, timeout=60)

    def zone(self) -> str:
        """Make a zone and return its name."""
        name = f"zone{next(self._numbers)}.example.com."
        made = self.ask("POST", "/zones", {"name": name, "kind": "Native", "nameservers": [f"ns1.{name}"]})
        assert made.status_code == 201, made.text
        return name

    def put(self, zone: str, *sets: dict[str, Any]) -> None:
        """Replace sets of records of a zone; one without records is deleted."""
        body = {"rrsets": [{**each, "changetype": "REPLACE"} for each in sets]}
        done = self.ask("PATCH", f"/zones/{zone}", body)
        assert done.status_code == 204, done.text

    def sets(self, zone: str) -> dict[tuple[str, str], list[str]]:
        """Return the contents of every set of a zone."""
        found = self.ask("GET", f"/zones/{zone}").json()["rrsets"]
        return {(each["name"], each["type"]): [r["content"] for r in each["records"]] for each in found}


@contextmanager
def running() -> Iterator[PowerDns]:
    """Run one."""
    program = require_program("pdns_server", package="pdns-server")
    need(_SCHEMA.exists(), "needs the Debian package pdns-backend-sqlite3")
    folder = Path(tempfile.mkdtemp(prefix="wedtui-pdns-", dir="/tmp"))
    server = PowerDns(folder, program)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
