"""A change is of exactly what was read, whoever else changes it meanwhile: on nothing but what this file starts.

`tests/safety.py` runs these without the rule, and without anything of `conftest.py`.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.providers.aws.base import MovedClock
from tests.providers.aws.conftest import nobody
from tests.providers.traffic import strict_route53
from tests.providers.traffic.base import AWAY, AWS, AZURE, GCP, TARGETS, USUAL, OnRoute53, section, using
from wedtui.core.traffic import Place
from wedtui.errors import ConflictError
from wedtui.providers.traffic.base import TrafficBackend
from wedtui.providers.traffic.powerdns import PowerDnsBackend, lua_code

__all__ = ["nobody"]

NAME = "www.example.com."
THEIRS = {AWS: 30, AZURE: 55, GCP: 15}


class Api:
    """As much of the API of PowerDNS as has one zone."""

    def __init__(self) -> None:
        self.sets: dict[tuple[str, str], dict[str, Any]] = {}

    def put(self, shares: dict[Place, int]) -> None:
        code = lua_code([(share, TARGETS[place]) for place, share in shares.items()])
        records = [{"content": f"A {code}", "disabled": False}]
        self.sets[NAME, "LUA"] = {"name": NAME, "type": "LUA", "ttl": 60, "records": records}

    def named(self, name: str) -> bytes:
        return json.dumps({"rrsets": [each for key, each in self.sets.items() if key[0] == name]}).encode()

    def replace(self, body: bytes) -> None:
        for each in json.loads(body)["rrsets"]:
            self.sets[each["name"], each["type"]] = each


@contextmanager
def serving(api: Api) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (name,) = parse_qs(urlsplit(self.path).query)["rrset_name"]
            self.answer(200, api.named(name))

        def do_PATCH(self) -> None:
            api.replace(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(204, b"")

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_powerdns_replaces_nothing_that_was_changed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDNS_KEY", "not-a-secret")
    api = Api()
    api.put(USUAL)

    async def work(backend: TrafficBackend) -> None:
        read = await backend.read()
        api.put(THEIRS)
        with pytest.raises(ConflictError, match="not those that were read any more"):
            await backend.submit(read, AWAY, 7)

    with serving(api) as url:
        where = {"url": url, "zone": "example.com.", "api_key": {"env": "PDNS_KEY"}}
        made = section(backend="powerdns", name=NAME, powerdns=where, nameservers=["127.0.0.1:1"])
        assert made.powerdns is not None
        using(PowerDnsBackend(made, made.powerdns, MovedClock()), work)
        left, api.sets = api.sets, {}
        api.put(THEIRS)
        assert left == api.sets


def test_route53_deletes_exactly_what_was_read_and_else_nothing() -> None:
    with strict_route53.running() as server:
        route53 = OnRoute53(server)
        route53.put(USUAL)

        async def work(backend: TrafficBackend) -> tuple[str | BaseException]:
            read = await backend.read()
            route53.put(THEIRS)
            return await asyncio.gather(backend.submit(read, AWAY, 7), return_exceptions=True)

        (refused,) = using(route53.backend(), work)
        assert isinstance(refused, ConflictError), refused
        assert (route53.shares(), route53.generation()) == (THEIRS, None)
        (batch,) = server.batches
        deleted = {record["SetIdentifier"]: record["Weight"] for action, record in batch if action == "DELETE"}
        assert deleted == {place.provider: share for place, share in USUAL.items()}


@pytest.mark.parametrize("shares", [{AWS: 50, GCP: 49}, {AWS: 150, GCP: -50}, {}])
def test_no_backend_is_given_shares_that_may_not_be(shares: dict[Place, int]) -> None:
    with strict_route53.running() as server:
        route53 = OnRoute53(server)
        route53.put(USUAL)

        async def work(backend: TrafficBackend) -> None:
            with pytest.raises(ConflictError):
                await backend.submit(await backend.read(), shares, 7)

        using(route53.backend(), work)
        assert (route53.shares(), server.batches) == (USUAL, [])
