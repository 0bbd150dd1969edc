"""Two systems that share traffic out, behind one face for the promises that both keep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from tests.providers.aws.base import MovedClock
from tests.providers.traffic.pdns import PowerDns
from tests.providers.traffic.strict_route53 import ZONE, StrictRoute53
from wedtui.clock import Clock
from wedtui.config_traffic import TrafficSection
from wedtui.core.traffic import Place
from wedtui.providers.traffic.base import TrafficBackend
from wedtui.providers.traffic.powerdns import PowerDnsBackend, lua_code, lua_weights
from wedtui.providers.traffic.route53 import Route53Backend

T = TypeVar("T")

AWS, AZURE, GCP, OCEAN = (Place(name) for name in ("aws", "azure", "gcp", "ocean"))
TARGETS = {AWS: "192.0.2.1", AZURE: "192.0.2.2", GCP: "192.0.2.3", OCEAN: "192.0.2.4"}
USUAL = {AWS: 60, AZURE: 25, GCP: 15}
"""Ocean is off."""
AWAY = {AWS: 0, AZURE: 40, GCP: 30, OCEAN: 30}


def section(**table: Any) -> TrafficSection:
    places = [{"provider": place.provider, "target": target} for place, target in TARGETS.items()]
    return TrafficSection.model_validate({"ttl": "60s", "places": places, **table})


class System(Protocol):
    """What has the records."""

    name: str

    def backend(self, clock: Clock | None = None, **table: Any) -> TrafficBackend: ...

    def put(self, shares: Mapping[Place, int], *, ttl: int = 60, target: str | None = None) -> None:
        """Have these shares, made by somebody else; `target` is that of the first place instead of its own."""
        ...

    def shares(self) -> dict[Place, int]:
        """Return what is live."""
        ...

    def generation(self) -> str | None:
        """Return the text beside it."""
        ...

    def write_generation(self, text: str) -> None: ...

    def add_ipv6(self) -> None:
        """Have an AAAA record beside them."""
        ...


class OnRoute53:
    """The strict server."""

    name = "www.example.com."

    def __init__(self, server: StrictRoute53) -> None:
        self.server = server

    def backend(self, clock: Clock | None = None, **table: Any) -> Route53Backend:
        where = {"hosted_zone_id": ZONE, "endpoint_url": self.server.url}
        table = {"backend": "route53", "name": self.name, "route53": where, **table}
        table.setdefault("nameservers", [self.server.nameserver])
        made = section(**table)
        assert made.route53 is not None
        return Route53Backend(made, made.route53, clock or MovedClock())

    def record(self, place: Place, share: int, **more: Any) -> dict[str, Any]:
        record = {"Name": self.name, "Type": "A", "SetIdentifier": place.provider, "Weight": share, "TTL": 60}
        return {**record, "ResourceRecords": [{"Value": TARGETS[place]}], **more}

    def put(self, shares: Mapping[Place, int], *, ttl: int = 60, target: str | None = None) -> None:
        records = [self.record(place, share, TTL=ttl) for place, share in shares.items()]
        if target is not None:
            records[0]["ResourceRecords"] = [{"Value": target}]
        self.server.put(*records)

    def shares(self) -> dict[Place, int]:
        return {Place(r["SetIdentifier"]): r["Weight"] for r in self.server.records.values() if r["Type"] == "A"}

    def generation(self) -> str | None:
        record = self.server.records.get((f"_wedtui.{self.name}", "TXT", ""))
        return None if record is None else str(record["ResourceRecords"][0]["Value"])

    def write_generation(self, text: str) -> None:
        values = [{"Value": text}]
        self.server.change({"Name": f"_wedtui.{self.name}", "Type": "TXT", "TTL": 60, "ResourceRecords": values})

    def add_ipv6(self) -> None:
        values = [{"Value": "2001:db8::1"}]
        self.server.change({"Name": self.name, "Type": "AAAA", "TTL": 60, "ResourceRecords": values})


class OnPowerDns:
    """A zone of a real server."""

    def __init__(self, server: PowerDns) -> None:
        self.server = server
        self.zone = server.zone()
        self.name = f"www.{self.zone}"

    def backend(self, clock: Clock | None = None, *, url: str | None = None, **table: Any) -> PowerDnsBackend:
        where = {"url": url or self.server.url, "zone": self.zone, "api_key": {"env": "PDNS_KEY"}}
        table = {"backend": "powerdns", "name": self.name, "powerdns": where, **table}
        table.setdefault("nameservers", [self.server.nameserver])
        made = section(**table)
        assert made.powerdns is not None
        return PowerDnsBackend(made, made.powerdns, clock or MovedClock())

    def put(self, shares: Mapping[Place, int], *, ttl: int = 60, target: str | None = None) -> None:
        targets = [TARGETS[place] for place in shares]
        if target is not None:
            targets[0] = target
        code = lua_code(list(zip(shares.values(), targets, strict=True))) if shares else None
        self.write(self.name, "LUA", *([f"A {code}"] if code else []), ttl=ttl)

    def write(self, name: str, kind: str, *contents: str, ttl: int = 60) -> None:
        records = [{"content": content, "disabled": False} for content in contents]
        self.server.put(self.zone, {"name": name, "type": kind, "ttl": ttl, "records": records})

    def shares(self) -> dict[Place, int]:
        (content,) = self.server.sets(self.zone)[self.name, "LUA"]
        _kind, weights = lua_weights(content)
        places = {target: place for place, target in TARGETS.items()}
        return {places[target]: weight for weight, target in weights or ()}

    def generation(self) -> str | None:
        found = self.server.sets(self.zone).get((f"_wedtui.{self.name}", "TXT"))
        return found[0] if found else None

    def write_generation(self, text: str) -> None:
        self.write(f"_wedtui.{self.name}", "TXT", text)

    def add_ipv6(self) -> None:
        self.write(self.name, "AAAA", "2001:db8::1")


def using(backend: TrafficBackend, work: Callable[[TrafficBackend], Awaitable[T]]) -> T:
    """Do something with a backend and close it."""

    async def do() -> T:
        try:
            return await work(backend)
        finally:
            await backend.close()

    return asyncio.run(do())
