"""From the configuration to what can be asked: the one place that knows every adapter."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wedtui.clock import Clock
from wedtui.config import Configuration, ProviderSection
from wedtui.core.wording import choice_words
from wedtui.errors import NotFoundError
from wedtui.providers.alert_sources import AlertSourceTarget, guest_facing_services
from wedtui.providers.aws.paid import Paying
from wedtui.providers.aws.targets import account_targets
from wedtui.providers.base import Target
from wedtui.providers.feed import FeedTarget
from wedtui.providers.http import ProbeTarget
from wedtui.providers.prometheus import PrometheusClient, QueryTarget, ServerTarget
from wedtui.providers.traffic.base import TrafficBackend
from wedtui.providers.traffic.powerdns import PowerDnsBackend
from wedtui.providers.traffic.route53 import Route53Backend
from wedtui.providers.traffic.target import TrafficTarget
from wedtui.providers.weddings.target import WeddingTarget

if TYPE_CHECKING:
    from wedtui.cache.remembered import Remembered


class Closable(Protocol):
    """Something that keeps connections."""

    async def close(self) -> None:
        """Close them."""
        ...


@dataclass(frozen=True, slots=True)
class Targets:
    """What can be asked, and the connections behind it."""

    all: tuple[Target, ...] = ()
    kept: tuple[Closable, ...] = ()

    async def close(self) -> None:
        """Close every connection that is kept; the targets cannot be asked afterwards."""
        await asyncio.gather(*(c.close() for c in self.kept))

    def __add__(self, other: Targets) -> Targets:
        """Return both together."""
        return Targets(self.all + other.all, self.kept + other.kept)


def build_targets(
    configuration: Configuration,
    clock: Clock,
    remembered: Remembered | None = None,
    *,
    paying: Paying = Paying.NEVER,
) -> Targets:
    """Return every target of a configuration: probes, Prometheus servers, their queries, accounts, sources of alerts,
    feeds, weddings, traffic.

    Args:
        configuration: what is watched.
        clock: tells the time.
        remembered: what the cache knows of accounts; None: nothing is known.
        paying: whether what costs money is asked.

    Raises:
        ConfigurationError: a secret, a header, a URL or certificates cannot be used; the sentence names the target.
    """
    targets = Targets(tuple(ProbeTarget(section, clock) for section in configuration.probes))
    for server in configuration.prometheus:
        client = PrometheusClient(server, clock)
        queries = tuple(QueryTarget(client, section, clock) for section in server.queries)
        targets += Targets((ServerTarget(client, clock), *queries), (client,))
    for section in configuration.providers:
        targets += _account(section, clock, remembered, paying)
    services = guest_facing_services(configuration)
    alerts = tuple(AlertSourceTarget(section, services, clock) for section in configuration.alert_sources)
    targets += Targets(alerts, alerts)
    feeds = tuple(FeedTarget(section, clock) for section in configuration.freeze.feeds)
    sources = wedding_targets(configuration, clock)
    backend, name = traffic_backend(configuration, clock), configuration.traffic.name
    traffic = () if backend is None or name is None else (TrafficTarget(name, backend, clock),)
    return targets + Targets(feeds, feeds) + Targets(sources, sources) + Targets(traffic, traffic)


def wedding_targets(configuration: Configuration, clock: Clock) -> tuple[WeddingTarget, ...]:
    """Return what reads the sources of weddings.

    Raises:
        ConfigurationError: one cannot be asked as configured; the sentence names it.
    """
    weddings = configuration.weddings
    return tuple(WeddingTarget(section, weddings, clock) for section in weddings.sources)


def traffic_backend(configuration: Configuration, clock: Clock) -> TrafficBackend | None:
    """Return what reads and changes the shares of traffic; None where none is configured.

    Raises:
        ConfigurationError: a secret, a URL or certificates cannot be used.
    """
    section = configuration.traffic
    if section.backend == "route53" and section.route53 is not None:
        return Route53Backend(section, section.route53, clock)
    if section.backend == "powerdns" and section.powerdns is not None:
        return PowerDnsBackend(section, section.powerdns, clock)
    return None


def build_probe(configuration: Configuration, name: str, clock: Clock) -> Targets:
    """Return one probe.

    Raises:
        NotFoundError: no probe has that name.
        ConfigurationError: it cannot be asked as configured.
    """
    sections = [p for p in configuration.probes if p.name == name]
    if not sections:
        raise NotFoundError(_unknown("probe", name, [p.name for p in configuration.probes]))
    return Targets(tuple(ProbeTarget(section, clock) for section in sections))


def build_provider(configuration: Configuration, name: str, clock: Clock) -> Targets:
    """Return the probes and queries of one provider, and what is asked of its own API without cost.

    Raises:
        NotFoundError: no provider has that name.
        ConfigurationError: one of them cannot be asked as configured.
    """
    if all(p.name != name for p in configuration.providers):
        raise NotFoundError(_unknown("provider", name, [p.name for p in configuration.providers]))
    targets = Targets(tuple(ProbeTarget(p, clock) for p in configuration.probes if p.provider == name))
    for server in configuration.prometheus:
        queries = [query for query in server.queries if query.provider == name]
        if queries:
            client = PrometheusClient(server, clock)
            targets += Targets(tuple(QueryTarget(client, query, clock) for query in queries), (client,))
    for section in configuration.providers:
        if section.name == name:
            targets += _account(section, clock)
    return targets


def build_apis(
    configuration: Configuration,
    name: str | None,
    clock: Clock,
    remembered: Remembered | None = None,
    *,
    paying: Paying = Paying.NEVER,
) -> Targets:
    """Return what asks the own API of one provider, or of all, without probes and queries.

    Args:
        configuration: what is watched.
        name: of a provider; None: all.
        clock: tells the time.
        remembered: as for `build_targets`.
        paying: as for `build_targets`.

    Raises:
        NotFoundError: no provider has that name.
        ConfigurationError: one of them cannot be asked as configured.
    """
    if name is not None and all(p.name != name for p in configuration.providers):
        raise NotFoundError(_unknown("provider", name, [p.name for p in configuration.providers]))
    wanted = (p for p in configuration.providers if name is None or p.name == name)
    return sum((_account(section, clock, remembered, paying) for section in wanted), Targets())


def _account(
    section: ProviderSection, clock: Clock, remembered: Remembered | None = None, paying: Paying = Paying.NEVER
) -> Targets:
    """Return what is asked of a provider's own API."""
    if section.kind != "aws":
        return Targets()
    targets, account = account_targets(section, clock, remembered, paying)
    return Targets(targets, (account,))


def _unknown(kind: str, name: str, known: list[str]) -> str:
    return f'the configuration has no {kind} "{name}": {choice_words(known)}'
