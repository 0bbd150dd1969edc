"""A hosted zone of moto: what many take for Route 53. Where it is wrong, tests say so (`not_on_moto`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import boto3
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.providers.aws.base import MovedClock
from tests.providers.traffic.base import TARGETS, section
from wedtui.clock import Clock
from wedtui.core.traffic import Place
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.traffic.route53 import Route53Backend

F = TypeVar("F", bound=Callable[..., object])

WRONG = "wrong_on_moto"
"""The attribute of a test that has what is known of it."""


class Wrong(NamedTuple):
    """Why a promise is not kept on moto."""

    reason: str
    raises: type[BaseException]
    """What its test fails with."""


SILENT = Wrong("it has no nameservers, so nobody hears what it was told", ProviderUnavailableError)
OVERWRITES = Wrong("it deletes by the set identifier alone, whatever the record is by now", pytest.fail.Exception)


def not_on_moto(wrong: Wrong) -> Callable[[F], F]:
    """Expect that a promise is not kept on moto; where it is after all, its test fails."""

    def mark(test: F) -> F:
        setattr(test, WRONG, wrong)
        return test

    return mark


class OnMoto:
    """A hosted zone of its own."""

    name = "www.example.com."

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = boto3.client("route53", region_name="us-east-1", endpoint_url=url)
        made = self.client.create_hosted_zone(Name="example.com.", CallerReference="ours")
        self.zone = made["HostedZone"]["Id"].rpartition("/")[2]

    def backend(self, clock: Clock | None = None, **table: Any) -> Route53Backend:
        where = {"hosted_zone_id": self.zone, "endpoint_url": self.url}
        # At this port nobody listens.
        table = {"backend": "route53", "name": self.name, "route53": where, "nameservers": ["127.0.0.1:1"], **table}
        made = section(**table)
        assert made.route53 is not None
        return Route53Backend(made, made.route53, clock or MovedClock())

    def change(self, action: str, record: Mapping[str, Any]) -> None:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        self.client.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)

    def records(self, name: str, kind: str) -> list[dict[str, Any]]:
        listed = self.client.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return [each for each in listed if (each["Name"], each["Type"]) == (name, kind)]

    def put(self, shares: Mapping[Place, int], *, ttl: int = 60, target: str | None = None) -> None:
        for place, share in shares.items():
            values = [{"Value": TARGETS[place] if target is None else target}]
            target = None
            named = {"Name": self.name, "Type": "A", "SetIdentifier": place.provider, "ResourceRecords": values}
            self.change("UPSERT", {**named, "Weight": share, "TTL": ttl})

    def shares(self) -> dict[Place, int]:
        return {Place(each["SetIdentifier"]): each["Weight"] for each in self.records(self.name, "A")}

    def generation(self) -> str | None:
        records = self.records(f"_wedtui.{self.name}", "TXT")
        return str(records[0]["ResourceRecords"][0]["Value"]) if records else None

    def write_generation(self, text: str) -> None:
        values = [{"Value": text}]
        self.change("UPSERT", {"Name": f"_wedtui.{self.name}", "Type": "TXT", "TTL": 60, "ResourceRecords": values})

    def add_ipv6(self) -> None:
        values = [{"Value": "2001:db8::1"}]
        self.change("UPSERT", {"Name": self.name, "Type": "AAAA", "TTL": 60, "ResourceRecords": values})


@contextmanager
def running() -> Iterator[str]:
    """Run one and return its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
