"""A whole small platform: a real service on its socket, a real PowerDNS, and providers that fail when told to."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs

from tests.cache.base import configure
from tests.places import PLACES
from tests.poller.service_process import Place, eventually
from tests.providers.traffic.pdns import KEY, PowerDns
from wedtui.cache.writer import CacheWriter
from wedtui.clock import SystemClock
from wedtui.config_file import load
from wedtui.control.answers import ActionIs
from wedtui.control.client import ControlClient
from wedtui.core.observation import SignalObservation
from wedtui.core.traffic import Place as TrafficPlace
from wedtui.errors import ServiceError
from wedtui.paths import StatePaths
from wedtui.providers.registry import traffic_backend

MINUTE = timedelta(minutes=1)
TTL_S = 60


class Platform:
    """What is probed; each provider answers well or not, and serves so many requests a second, as it is told.

    It is also who is paged, by a webhook at `/pages`.
    """

    def __init__(self) -> None:
        platform = self
        self.down: set[str] = set()
        self.silent: set[str] = set()
        """Who does not answer at all."""
        self.served: dict[str, float] = {}
        """Requests a second of who serves another number than 300."""
        self.closing = threading.Event()
        self.failed: list[datetime] = []
        """When something that is down was asked, oldest first."""
        self.pages: list[dict[str, object]] = []

        class Answers(BaseHTTPRequestHandler):
            asked = ""
            """The query that was posted."""

            def do_GET(self) -> None:
                name = self.path.strip("/")
                if name in platform.down | platform.silent:
                    platform.failed.append(datetime.now(UTC))
                if name in platform.silent:
                    platform.closing.wait()
                    self.close_connection = True
                    return
                is_query = self.path.startswith("/api/v1/query")
                value = {"metric": {}, "value": [time.time(), f"{platform.served.get(self.asked, 300.0):g}"]}
                found = {"status": "success", "data": {"resultType": "vector", "result": [value]}}
                body = json.dumps(found).encode() if is_query else b""
                self.send_response(503 if name in platform.down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if self.path == "/pages":
                    platform.pages.append(json.loads(body))
                else:
                    [self.asked] = parse_qs(body).get("query", [""])
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


class Provider(NamedTuple):
    """Somebody who has a share."""

    name: str
    weight: int
    target: str
    capacity: int = 1000
    timeout: str = "2s"
    """How long its probe waits."""


TWO = (Provider("aws", 60, "192.0.2.1"), Provider("gcp", 40, "192.0.2.2"))
AZURE = "192.0.2.3"
CONFIGURATION = """\
[[freeze.windows]]
name = "days away"
start = "{day} 03:00"
end = "{day} 03:01"
timezones = ["UTC"]
{providers}[[prometheus]]
name = "edge"
url = "{platform}"
{queries}[control]
requests_per_minute = 6000
actions_per_minute = 600
[traffic]
mode = "{mode}"
ttl = "{ttl}s"
name = "{name}"
nameservers = ["{nameserver}"]
{backend}
{places}"""
PROVIDER = """\
[[providers]]
name = "{0.name}"
weight = {0.weight}
capacity = {0.capacity}
[[probes]]
name = "rsvp-{0.name}"
provider = "{0.name}"
url = "{1}/{0.name}"
interval = "500ms"
timeout = "{0.timeout}"
"""
QUERY = """\
[[prometheus.queries]]
provider = "{0.name}"
signal = "requests"
query = "{0.name}"
interval = "1s"
"""
PLACE = """\
[[traffic.places]]
provider = "{0.name}"
target = "{0.target}"
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
_TARGETS = {**{each.target: each.name for each in TWO}, AZURE: "azure"}


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
    """A zone of a running PowerDNS in which each has the share that is configured: by default AWS 60 and GCP 40."""

    def __init__(self, dns: PowerDns, providers: Sequence[Provider] = TWO, ttl_s: int = TTL_S) -> None:
        self.dns, self.name = dns, dns.zone()
        shares = ",".join(f"{{{each.weight},'{each.target}'}}" for each in providers)
        lua = f"pickwrandom({{{shares}}})"
        record = {"content": f'A "{lua}"', "disabled": False}
        dns.put(self.name, {"name": self.record, "type": "LUA", "ttl": ttl_s, "records": [record]})

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
        self,
        folder: Path,
        zone: Records,
        platform: Platform,
        *,
        api: str = "",
        more: str = "",
        mode: str = "propose",
        providers: Sequence[Provider] = TWO,
        ttl_s: int = TTL_S,
    ) -> None:
        """Write a configuration.

        Args:
            folder: empty.
            zone: whose shares it changes.
            platform: what it probes.
            api: where it asks whoever has the zone; by default itself.
            more: tables that come first.
            mode: what it does by itself.
            providers: between whom it shares out.
            ttl_s: of the record.
        """
        state, config = folder / "state", folder / "config.toml"
        state.mkdir(mode=0o750)
        told = {"name": zone.record, "nameserver": zone.nameserver, "backend": zone.backend(folder, api), "mode": mode}
        # Without any window of its own each weekend is frozen, and a window is never near on the day of a test.
        told["ttl"] = str(ttl_s)
        told["day"] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now(UTC).weekday() + 3) % 7]
        tables = {
            "providers": "".join(PROVIDER.format(each, platform.url) for each in providers),
            "queries": "".join(map(QUERY.format, providers)),
            "places": "".join(map(PLACE.format, providers)),
        }
        config.write_text(more + CONFIGURATION.format(**told, **tables, platform=platform.url))
        config.chmod(0o600)
        self.place, self.loaded = Place(state, config), load(config, {})
        self._remember_a_day()
        self.service: subprocess.Popen[bytes] | None = None
        self.client = ControlClient(StatePaths(state).control(self.loaded.configuration), service_uid=os.getuid())

    def _remember_a_day(self) -> None:
        """Store the requests of the last 24 h, as a service that ran for so long did: less is no peak to go by."""
        configuration, now = self.loaded.configuration, datetime.now(UTC)
        with closing(CacheWriter(StatePaths(self.place.state).cache_url(configuration))) as cache:
            configure(cache, configuration)
            cache.record(
                [
                    SignalObservation(query.provider, query.signal, "prometheus edge", now - n * MINUTE, 300.0)
                    for n in range(24 * 60, 0, -5)
                    for query in configuration.prometheus[0].queries
                ]
            )

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

    def sampled(self, count: int = 200) -> dict[TrafficPlace, int]:
        """Ask the authoritative server so often."""

        async def sample() -> dict[TrafficPlace, int]:
            backend = traffic_backend(self.loaded.configuration, SystemClock())
            assert backend is not None
            try:
                return dict(await backend.answers(count))
            finally:
                await backend.close()

        return asyncio.run(sample())


class Site:
    """A platform, a zone and one service."""

    def __init__(
        self,
        folder: Path,
        dns: PowerDns | Records,
        *,
        api: str = "",
        more: str = "",
        mode: str = "propose",
        providers: Sequence[Provider] = TWO,
        ttl_s: int = TTL_S,
    ) -> None:
        self.platform, self.zone = Platform(), Zone(dns, providers, ttl_s) if isinstance(dns, PowerDns) else dns
        self.station = Station(
            folder, self.zone, self.platform, api=api, more=more, mode=mode, providers=providers, ttl_s=ttl_s
        )
        self.station.start()
        self.client, self.place = self.station.client, self.station.place

    def sampled(self, count: int = 200) -> dict[TrafficPlace, int]:
        return self.station.sampled(count)

    def close(self) -> None:
        self.station.end()
        self.platform.close()


def stores(path: Path) -> str:
    """Return the tables that name cache and ledger: none for files, which are in the state directory, or a database."""
    url = PLACES.url(path)
    return "" if url.startswith("sqlite") else f'[cache]\nurl = "{url}"\n[ledger]\nurl = "{url}"\n'
