"""Other systems that judge alerts of their own, asked what fires: an Alertmanager, or a Prometheus.

When and how they are asked; what their answers mean is in `alert_answers`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.config_alerts import AlertSourceSection
from wedtui.core.observation import AlertsObservation
from wedtui.core.redact import address_of
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.alert_answers import parse
from wedtui.providers.base import Cadence, Schedule
from wedtui.providers.server import ServerClient

BODY_AT_MOST = 16_000_000
# An answer near the bounds takes a second; it is understood in a thread, so that probes go on meanwhile.
PARSING_AT_MOST = timedelta(seconds=10)
# Prometheus has no question for a part of its alerts; of the other all are asked for, whatever hides them there.
_QUESTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "prometheus": ("api/v1/alerts", {}),
    "alertmanager": ("api/v2/alerts", {"active": "true", "silenced": "true", "inhibited": "true"}),
}


def guest_facing_services(configuration: Configuration) -> frozenset[str]:
    """Return the services of the platform that guests see: one is that as soon as one probe or query says so."""
    probed = {probe.service for probe in configuration.probes if probe.guest_facing}
    queries = (query for server in configuration.prometheus for query in server.queries)
    queried = {query.service for query in queries if query.guest_facing}
    return frozenset(service for service in probed | queried if service is not None)


class AlertSourceTarget:
    """One system whose alerts are taken in."""

    def __init__(self, section: AlertSourceSection, guest_facing: frozenset[str], clock: Clock) -> None:
        """Prepare to ask it; nothing is sent yet.

        Args:
            section: where it is, and what its labels are here.
            guest_facing: the services that guests see.
            clock: for the instant of an answer.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self._section, self._guest_facing, self._clock = section, guest_facing, clock
        self._server = ServerClient(section, f"alerts {section.name}", clock, body_at_most=BODY_AT_MOST)
        self._address = address_of(section.name, section.url)

    @property
    def key(self) -> str:
        """`alerts NAME`."""
        return f"alerts {self._section.name}"

    @property
    def schedule(self) -> Schedule:
        """Its own interval; the asking and the understanding."""
        return Schedule(self._section.interval, self._server.deadline + PARSING_AT_MOST, Cadence.QUERY)

    async def observe(self) -> tuple[AlertsObservation, ...]:
        """Ask once for all that fires."""
        path, parameters = _QUESTIONS[self._section.kind]
        # As of when it was asked: what begins while the answer is on its way is not in it.
        at = self._clock.now()
        try:
            answer = await self._server.ask("GET", path, parameters=parameters)
            async with asyncio.timeout(PARSING_AT_MOST.total_seconds()):
                told = await asyncio.to_thread(parse, self._section, self._guest_facing, answer, at)
        except ProviderUnavailableError as error:
            return self.gave_up(str(error))
        except TimeoutError:
            return self.gave_up(f"could not be understood within {PARSING_AT_MOST.seconds} s")
        observation = AlertsObservation(
            self._section.name,
            at,
            alerts=told.alerts,
            problem=told.problem,
            address=self._address,
            expected=told.expected,
            ignored=told.ignored,
        )
        return (observation,)

    def gave_up(self, why: str) -> tuple[AlertsObservation, ...]:
        """Return that nothing is known of what fires there, and why."""
        return (AlertsObservation(self._section.name, self._clock.now(), problem=why, address=self._address),)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._server.close()
