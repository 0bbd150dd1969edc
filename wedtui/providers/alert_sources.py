"""Other systems that judge alerts of their own, asked what fires: an Alertmanager, or a Prometheus.

When and how they are asked; what their answers mean is in `alert_answers`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import httpx

from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.config_alerts import AlertSourceSection
from wedtui.core.observation import AlertsObservation
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.alert_answers import Told, parse
from wedtui.providers.base import Cadence, Schedule
from wedtui.providers.server import ServerClient

BODY_AT_MOST = 16_000_000
# An answer near the bounds takes a second; it is understood in a thread, so that probes go on meanwhile.
PARSING_AT_MOST = timedelta(seconds=10)
# Prometheus has no question for a part of its alerts; of the other all are asked for, whatever hides them there.
_PATHS = {"prometheus": "api/v1/alerts", "alertmanager": "api/v2/alerts"}
_PARAMETERS: dict[str, dict[str, str]] = {
    "prometheus": {},
    "alertmanager": {"active": "true", "silenced": "true", "inhibited": "true"},
}


def guest_facing_services(configuration: Configuration) -> frozenset[str]:
    """Return the services of the platform that guests see: one is that as soon as one probe or query says so."""
    probed = {probe.service for probe in configuration.probes if probe.guest_facing}
    queries = (query for server in configuration.prometheus for query in server.queries)
    queried = {query.service for query in queries if query.guest_facing}
    return frozenset(service for service in probed | queried if service is not None)


class AlertSourceTarget:
    """One system whose alerts are taken in: one server, or the members of a cluster of which any can tell of all."""

    def __init__(self, section: AlertSourceSection, guest_facing: frozenset[str], clock: Clock) -> None:
        """Prepare to ask it; nothing is sent yet.

        Args:
            section: where it is, and what its labels are here.
            guest_facing: the services that guests see.
            clock: for the instant of an answer.

        Raises:
            ConfigurationError: a URL, a header, a secret or the certificates cannot be used.
        """
        self._section, self._guest_facing, self._clock = section, guest_facing, clock
        servers = [
            ServerClient(section, url, f"alerts {section.name}", clock, body_at_most=BODY_AT_MOST)
            for url in section.addresses
        ]
        self._members = [*zip(_places(section.addresses), servers, strict=True)]
        self._questions = _questions(section)

    @property
    def key(self) -> str:
        """`alerts NAME`."""
        return f"alerts {self._section.name}"

    @property
    def schedule(self) -> Schedule:
        """Its own interval; all the asking and the understanding."""
        each = (server.deadline * len(self._questions) + PARSING_AT_MOST for _, server in self._members)
        return Schedule(self._section.interval, sum(each, timedelta()), Cadence.QUERY)

    async def observe(self) -> tuple[AlertsObservation, ...]:
        """Ask once for all that fires: one after another, until one answers well.

        Where none does, what the first one said that said anything counts as far as it goes.
        """
        wrong: list[str] = []
        usable: tuple[datetime, Told, int] | None = None
        for place, server in self._members:
            # As of when it was asked: what begins while the answer is on its way is not in it.
            at = self._clock.now()
            try:
                told = await self._told(server, at)
            except ProviderUnavailableError as error:
                wrong.append(_of(place, str(error)))
                continue
            if told.is_good:
                return self._observed(at, told, wrong)
            usable = usable or (at, told, len(wrong))
            wrong.append(_of(place, told.problem or f"{self._section.expected_words} does not fire there"))
        if usable is None:
            return self.gave_up("; ".join(wrong))
        at, told, number = usable
        return self._observed(at, told, [*wrong[:number], *wrong[number + 1 :]])

    async def _told(self, server: ServerClient, at: datetime) -> Told:
        """Return what one server tells.

        Raises:
            ProviderUnavailableError: nothing that can be used; the text says why in a few words.
        """
        path = _PATHS[self._section.kind]
        first, *always = [await server.ask("GET", path, parameters=each) for each in self._questions]
        try:
            async with asyncio.timeout(PARSING_AT_MOST.total_seconds()):
                return await asyncio.to_thread(parse, self._section, self._guest_facing, first, at, always)
        except TimeoutError:
            why = f"could not be understood within {PARSING_AT_MOST.seconds} s"
            raise ProviderUnavailableError(why) from None

    def _observed(self, at: datetime, told: Told, beside: Sequence[str]) -> tuple[AlertsObservation, ...]:
        observation = AlertsObservation(
            self._section.name,
            at,
            alerts=told.alerts,
            problem=told.problem,
            beside="; ".join(beside),
            address=self._section.asked,
            expected=told.expected,
            ignored=told.ignored,
        )
        return (observation,)

    def gave_up(self, why: str) -> tuple[AlertsObservation, ...]:
        """Return that nothing is known of what fires there, and why."""
        return (AlertsObservation(self._section.name, self._clock.now(), problem=why, address=self._section.asked),)

    async def close(self) -> None:
        """Close the connections that are kept."""
        for _, server in self._members:
            await server.close()


def _questions(section: AlertSourceSection) -> list[Mapping[str, str | Sequence[str]]]:
    """Return what a server is asked: for its alerts, and for what always fires where filters could hide that."""
    all_of_it = _PARAMETERS[section.kind]
    if not section.filters:
        return [all_of_it]
    always = [
        [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in each.items()] for each in section.expects
    ]
    return [{**all_of_it, "filter": each} for each in (section.filters, *always)]


def _places(urls: Sequence[str]) -> list[str]:
    """Return by which name each address is said; of a single one nothing has to be."""
    if len(urls) == 1:
        return [""]
    hosts = [httpx.URL(url).netloc.decode() for url in urls]
    return [f"{host} ({n})" if hosts.count(host) > 1 else host for n, host in enumerate(hosts, start=1)]


def _of(place: str, why: str) -> str:
    return f"{place}: {why}" if place else why
