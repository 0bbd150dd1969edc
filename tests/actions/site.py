"""A whole small platform: a real service on its socket, a real PowerDNS, and providers that fail when told to."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

from tests.places import PLACES
from tests.poller.service_process import Place, eventually
from tests.providers.traffic.pdns import KEY, PowerDns
from wedtui.clock import SystemClock
from wedtui.config_file import load
from wedtui.control.answers import ActionIs
from wedtui.control.client import ControlClient
from wedtui.core.traffic import Place as TrafficPlace
from wedtui.errors import ServiceError
from wedtui.paths import StatePaths
from wedtui.providers.registry import traffic_backend


class Platform:
    """What is probed; each provider answers well or not, as it is told, and serves 300 requests a second.

    It is also who is paged, by a webhook at `/pages`.
    """

    def __init__(self) -> None:
        platform = self
        self.down: set[str] = set()
        self.silent: set[str] = set()
        """Who does not answer at all."""
        self.closing = threading.Event()
        self.failed: list[datetime] = []
        """When something that is down was asked, oldest first."""
        self.pages: list[dict[str, object]] = []

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.strip("/")
                if name in platform.down | platform.silent:
                    platform.failed.append(datetime.now(UTC))
                if name in platform.silent:
                    platform.closing.wait()
                    self.close_connection = True
                    return
                is_query = self.path.startswith("/api/v1/query")
                value = {"metric": {}, "value": [time.time(), "300"]}
                found = {"status": "success", "data": {"resultType": "vector", "result": [value]}}
                body = json.dumps(found).encode() if is_query else b""
                self.send_response(503 if name in platform.down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                if self.path == "/pages":
                    platform.pages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_arguments: object) -> None:
                """Say nothing: who asked may be gone."""

        self.server = Server(("127.0.0.1", 0), Answers)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


CONFIGURATION = """\
[[freeze.windows]]
name = "days away"
start = "{day} 03:00"
end = "{day} 03:01"
timezones = ["UTC"]
[[providers]]
name = "aws"
weight = 60
capacity = 1000
[[providers]]
name = "gcp"
weight = 40
capacity = 1000
[[probes]]
name = "rsvp-aws"
provider = "aws"
url = "{platform}/aws"
interval = "500ms"
[[probes]]
name = "rsvp-gcp"
provider = "gcp"
url = "{platform}/gcp"
interval = "500ms"
[[prometheus]]
name = "edge"
url = "{platform}"
[[prometheus.queries]]
provider = "aws"
signal = "requests"
query = "aws"
interval = "1s"
[[prometheus.queries]]
provider = "gcp"
signal = "requests"
query = "gcp"
interval = "1s"
[control]
requests_per_minute = 6000
actions_per_minute = 600
[traffic]
mode = "{mode}"
ttl = "60s"
name = "{name}"
nameservers = ["{nameserver}"]
{backend}
[[traffic.places]]
provider = "aws"
target = "192.0.2.1"
[[traffic.places]]
provider = "gcp"
target = "192.0.2.2"
"""
BY_POWERDNS = """\
backend = "powerdns"
[traffic.powerdns]
url = "{url}"
zone = "{zone}"
api_key = {{ file = "{key}" }}
"""


_WEIGHT = re.compile(r"\{(\d+),'([0-9.]+)'\}")
_GENERATION = re.compile(r"generation=(\d+)")
_TARGETS = {"192.0.2.1": "aws", "192.0.2.2": "gcp"}


def shares_in(content: str) -> dict[str, int]:
    """Return the shares that a LUA record gives."""
    return {_TARGETS[target]: int(weight) for weight, target in _WEIGHT.findall(content)}


def generation_in(content: str) -> int:
    """Return the generation that a TXT record gives."""
    found = _GENERATION.search(content)
    assert found is not None, content
    return int(found[1])


class Records(Protocol):
    """A record that shares traffic out, somewhere."""

    @property
    def record(self) -> str:
        """Its name."""
        ...

    @property
    def nameserver(self) -> str:
        """Where customers are told of it."""
        ...

    def backend(self, folder: Path, api: str) -> str:
        """Return the rest of [traffic], whose files are put into a folder; `api` is asked instead, if it is named."""
        ...

    def live(self) -> tuple[int, dict[str, int]]:
        """Return generation and shares as they are."""
        ...


class Zone:
    """A zone of a running PowerDNS in which AWS has 60 and GCP 40 percent."""

    def __init__(self, dns: PowerDns) -> None:
        self.dns, self.name = dns, dns.zone()
        lua = "pickwrandom({{60,'192.0.2.1'},{40,'192.0.2.2'}})"
        record = {"content": f'A "{lua}"', "disabled": False}
        dns.put(self.name, {"name": self.record, "type": "LUA", "ttl": 60, "records": [record]})

    @property
    def record(self) -> str:
        """Its name."""
        return f"www.{self.name}"

    @property
    def nameserver(self) -> str:
        """Where customers are told of it."""
        return self.dns.nameserver

    def backend(self, folder: Path, api: str) -> str:
        """Return the rest of [traffic]."""
        key = folder / "key"
        key.write_text(KEY)
        key.chmod(0o600)
        return BY_POWERDNS.format(url=api or self.dns.url, zone=self.name, key=key)

    def live(self) -> tuple[int, dict[str, int]]:
        """Return generation and shares as they are."""
        sets = self.dns.sets(self.name)
        (lua,) = sets[self.record, "LUA"]
        texts = sets.get((f"_wedtui.{self.record}", "TXT"), ["generation=0"])
        return generation_in(texts[0]), shares_in(lua)


class Station:
    """One service: its state directory, its configuration, its process when it runs, and a client."""

    def __init__(
        self, folder: Path, zone: Records, platform: Platform, *, api: str = "", more: str = "", mode: str = "propose"
    ) -> None:
        """Write a configuration.

        Args:
            folder: empty.
            zone: whose shares it changes.
            platform: what it probes.
            api: where it asks whoever has the zone; by default itself.
            more: tables that come first.
            mode: what it does by itself.
        """
        state, config = folder / "state", folder / "config.toml"
        state.mkdir(mode=0o750)
        told = {"name": zone.record, "nameserver": zone.nameserver, "backend": zone.backend(folder, api), "mode": mode}
        # Without any window of its own each weekend is frozen, and a window is never near on the day of a test.
        told["day"] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now(UTC).weekday() + 3) % 7]
        config.write_text(more + CONFIGURATION.format(**told, platform=platform.url))
        config.chmod(0o600)
        self.place, self.loaded = Place(state, config), load(config, {})
        self.service: subprocess.Popen[bytes] | None = None
        self.client = ControlClient(StatePaths(state).control(self.loaded.configuration), service_uid=os.getuid())

    def start(self) -> None:
        """Return once it can be asked: on a machine that is busy its socket may come after it watches."""
        self.service = self.place.service()
        eventually(self.answers)

    def answers(self) -> bool:
        try:
            return bool(self.client.whoami().user)
        except ServiceError:
            return False

    def die(self) -> None:
        """As by kill -9."""
        if self.service is not None:
            self.service.kill()
            self.service.wait(120)
            self.service = None

    def end(self) -> None:
        if self.service is not None:
            self.service.terminate()
            self.service.wait(120)
            self.service = None

    def seen(self, provider: str, state: str) -> bool:
        """Whether it is known whether a provider may gain, and how much is asked of all."""
        # Of the one that is left a plan does not say whether it may gain; of anybody, while the records cannot be read.
        plan = self.client.plan("failover", ["gcp" if provider == "aws" else "aws"]).plan
        results = {check["rule"]: check["result"] for check in plan["checks"]}
        return (results.get(f"eligible:{provider}"), results.get("peak-observed")) == (state, "PASS")

    def ended(self, number: int, *, tries: int = 2400) -> ActionIs:
        """Return an action once nothing more is done of it."""
        eventually(lambda: self.client.action(number).state in {"ended", "handed over"}, tries=tries)
        return self.client.action(number)

    def sampled(self) -> dict[TrafficPlace, int]:
        """Ask the authoritative server 200 times."""

        async def sample() -> dict[TrafficPlace, int]:
            backend = traffic_backend(self.loaded.configuration, SystemClock())
            assert backend is not None
            try:
                return dict(await backend.answers(200))
            finally:
                await backend.close()

        return asyncio.run(sample())


class Site:
    """A platform, a zone and one service."""

    def __init__(
        self, folder: Path, dns: PowerDns | Records, *, api: str = "", more: str = "", mode: str = "propose"
    ) -> None:
        self.platform, self.zone = Platform(), Zone(dns) if isinstance(dns, PowerDns) else dns
        self.station = Station(folder, self.zone, self.platform, api=api, more=more, mode=mode)
        self.station.start()
        self.client, self.place = self.station.client, self.station.place

    def sampled(self) -> dict[TrafficPlace, int]:
        return self.station.sampled()

    def close(self) -> None:
        self.station.end()
        self.platform.close()


def stores(path: Path) -> str:
    """Return the tables that name cache and ledger: none for files, which are in the state directory, or a database."""
    url = PLACES.url(path)
    return "" if url.startswith("sqlite") else f'[cache]\nurl = "{url}"\n[ledger]\nurl = "{url}"\n'
