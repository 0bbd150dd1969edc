"""The configuration of traffic: which record of DNS shares it out, and who may change that."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from wedtui.config_base import Secret, Section
from wedtui.config_values import (
    AbsolutePath,
    DnsName,
    Duration,
    EndpointUrl,
    HostedZone,
    HttpUrl,
    Identifier,
    Name,
    Nameserver,
    RoleArn,
    between,
    dns_name,
    number,
)
from wedtui.core.traffic import MOST_TTL

_VERSIONS = {"A": 4, "AAAA": 6}


class TrafficPlaceSection(Section):
    """A provider, or a region of one, that the record can point to."""

    provider: Name
    region: Name | None = None
    """None: the whole provider."""
    target: Annotated[str, Field(min_length=1, max_length=255)]
    """What the record says for it: an address, or a name where the type is CNAME."""
    identifier: Identifier | None = None
    """Route 53's set identifier; by default the provider, with its region behind a slash."""
    health_check: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """The id of Route 53's own health check of the record."""

    @property
    def named(self) -> str:
        """The set identifier."""
        return self.identifier or "/".join(filter(None, (self.provider, self.region)))


class Route53Section(Section):
    """Weighted records of Amazon Route 53; its credentials are found by the SDK's own chain."""

    hosted_zone_id: HostedZone
    profile: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """A profile of the SDK's own files; by default as the SDK's environment variables say."""
    role_arn: RoleArn | None = None
    """A role to assume with these credentials."""
    endpoint_url: EndpointUrl | None = None
    """Where Route 53 is asked instead of at Amazon's own address."""


class PowerDnsSection(Section):
    """A LUA record of a PowerDNS Authoritative Server, by its HTTP API."""

    url: HttpUrl
    """Such as `https://dns.example.com:8081`, without `/api`."""
    server_id: Name = "localhost"
    zone: DnsName
    api_key: Secret
    ca_file: AbsolutePath | None = None


class TrafficSection(Section):
    """How traffic is shared out, and whether wedtui may change that by itself."""

    mode: Literal["off", "propose", "auto"] = "propose"
    """`off`: no plans; `propose`: a plan for a person; `auto`: a plan that runs by itself where all conditions hold."""
    planned_peak: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """The most requests a second, of everything together, that you expect in any four hours: a provider gets no more
    than it can serve of that, or of what was measured, whichever is more. Without it wedtui does not act by itself."""
    backend: Literal["route53", "powerdns"] | None = None
    """None: wedtui neither reads nor changes the shares."""
    name: DnsName | None = None
    """The record, such as `www.example.com`."""
    type: Literal["A", "AAAA", "CNAME"] = "A"
    ttl: Annotated[Duration, between(least=timedelta(seconds=1), most=MOST_TTL)] = timedelta(seconds=60)
    """What the records have and keep: whole seconds; customers stay for that long where they were."""
    places: tuple[TrafficPlaceSection, ...] = ()
    """One that has no record is off."""
    requests_per_wedding: Annotated[float, BeforeValidator(number), Field(gt=0, allow_inf_nan=False)] | None = None
    """Requests a second that one live standard wedding makes; by it the next 4 h are planned."""
    requests_base: Annotated[float, BeforeValidator(number), Field(ge=0, allow_inf_nan=False)] = 0.0
    """Requests a second at the busiest time of a day without a wedding."""
    nameservers: tuple[Nameserver, ...] = ()
    """The authoritative servers that are asked what customers are told; for Route 53 by default those of the zone."""
    route53: Route53Section | None = None
    powerdns: PowerDnsSection | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.ttl % timedelta(seconds=1):
            raise ValueError("expected a ttl of whole seconds")
        if self.requests_base and self.requests_per_wedding is None:
            raise ValueError("expected requests_per_wedding beside requests_base: else no peak can be planned")
        if self.backend is None:
            if self.mode == "auto":
                raise ValueError("expected a backend beside mode auto: else there is nothing to change")
            return self
        if self.name is None or len(self.places) < 2:
            raise ValueError("expected name and at least two places beside backend")
        if (self.route53 if self.backend == "route53" else self.powerdns) is None:
            raise ValueError(f"expected a table {self.backend} beside backend = {self.backend!r}")
        if self.powerdns is not None and self.backend == "powerdns":
            _check_powerdns(self.name, self.nameservers, self.powerdns)
        _check_places(self)
        return self


def _check_powerdns(name: str, nameservers: tuple[str, ...], section: PowerDnsSection) -> None:
    if not nameservers:
        raise ValueError("expected nameservers beside backend powerdns: they tell whether a change is in sync")
    if not f".{name}".endswith(f".{section.zone}"):
        raise ValueError(f"expected a name in the zone {section.zone}")


def _check_places(section: TrafficSection) -> None:
    """Refuse what would make two places one.

    Raises:
        ValueError: a place, an identifier or a target occurs twice, or a target is none of the type.
    """
    targets = [target_text(section.type, place.target) for place in section.places]
    pairs = [(place.provider, place.region or "") for place in section.places]
    for what, values in (
        ("place", [" in ".join(filter(None, pair)) for pair in pairs]),
        ("identifier", [place.named for place in section.places]),
        ("target", targets),
    ):
        if twice := {value for value in values if values.count(value) > 1}:
            raise ValueError(f"expected each {what} once; {sorted(twice)[0]} occurs twice")
    whole = {provider for provider, region in pairs if not region}
    if both := sorted(whole & {provider for provider, region in pairs if region}):
        raise ValueError(f"expected a region for every place of {both[0]}, or one place without")


def target_text(kind: str, target: str) -> str:
    """Return a target as servers write it.

    Raises:
        ValueError: it is none of that type.
    """
    version = _VERSIONS.get(kind)
    if version is None:
        return dns_name(target)
    try:
        address = ip_address(target)
    except ValueError:
        raise ValueError(f"expected an IPv{version} address as target for the type {kind}") from None
    if address.version != version:
        raise ValueError(f"expected an IPv{version} address as target for the type {kind}")
    return str(address)
