"""Prometheus: queries as signals, and what a server says of itself, its targets and its alerts.

When and how it is asked; what its answers mean is in `prometheus_answers`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import TypeVar

import httpx

from wedtui.clock import Clock
from wedtui.config import PrometheusSection, QuerySection
from wedtui.core.evidence import FUTURE_TOLERANCE, LATENCY_SIGNAL, RATIO_SIGNALS, REQUESTS_SIGNAL
from wedtui.core.observation import PrometheusObservation, SignalObservation
from wedtui.core.picture import AlertFacts
from wedtui.core.wording import duration
from wedtui.errors import ProviderUnavailableError
from wedtui.providers import prometheus_answers as answers
from wedtui.providers.base import Cadence, Schedule
from wedtui.providers.prometheus_answers import NotOfferedError, Reading
from wedtui.providers.server import ServerClient

BODY_AT_MOST = 4_000_000
# An instant query is answered for the server's present; one much older comes from a wrong clock or a proxy's cache.
PAST_TOLERANCE = timedelta(seconds=60)
# What is left of binary fractions in a ratio such as 1 - sum(x) / sum(y).
RATIO_DUST = 1e-6

T = TypeVar("T")


class PrometheusClient:
    """One Prometheus server, or what speaks its API."""

    def __init__(self, section: PrometheusSection, clock: Clock) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            section: where it is and how long to wait.
            clock: tells how much of the time for retries is left, and whether the server's clock agrees.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self.section = section
        self._clock = clock
        owner = f"prometheus {section.name}"
        self._server = ServerClient(section, section.url, owner, clock, body_at_most=BODY_AT_MOST)
        self.deadline = self._server.deadline

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._server.close()

    async def query(self, promql: str) -> Reading:
        """Evaluate a query that gives one value, for the server's present.

        Raises:
            ProviderUnavailableError: there is no such value; the text says why in a few words.
        """
        # By POST: a query may be longer than what a proxy takes as a URL.
        milliseconds = max(1, round(self.section.timeout.total_seconds() * 1000))
        form = {"query": promql, "timeout": f"{milliseconds}ms"}
        found = answers.reading(await self._server.ask("POST", "api/v1/query", form))
        return Reading(found.value, self._believed(found.measured_at))

    async def query_range(self, promql: str, start: datetime, end: datetime, step: timedelta) -> tuple[Reading, ...]:
        """Evaluate a query that gives one value at `start` and every `step` from there, both ends included.

        Args:
            promql: the query.
            start: an aware instant.
            end: an aware instant, not before `start`.
            step: whole milliseconds; at most 11,000 of them, or the server refuses it.

        Raises:
            ProviderUnavailableError: there is no such series; the text says why in a few words.
        """
        milliseconds = max(1, round(self.section.timeout.total_seconds() * 1000))
        form = {
            "query": promql,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "step": f"{step // timedelta(milliseconds=1)}ms",
            "timeout": f"{milliseconds}ms",
        }
        return answers.readings(await self._server.ask("POST", "api/v1/query_range", form))

    async def ready(self) -> bool | None:
        """Ask whether it is ready to serve; None where it does not have that question.

        Raises:
            ProviderUnavailableError: it gave no answer.
        """
        answer = await self._server.ask("GET", "-/ready", again=frozenset())
        return None if answer.status == httpx.codes.NOT_FOUND else answer.status == httpx.codes.OK

    async def targets(self) -> tuple[int, tuple[str, ...]]:
        """Return how many scrape targets are up, and `job/instance: error` of each that is down.

        Raises:
            ProviderUnavailableError: it gave no list.
        """
        return answers.targets(await self._server.ask("GET", "api/v1/targets", parameters={"state": "active"}))

    async def alerts(self) -> tuple[AlertFacts, ...]:
        """Return its pending and firing alerts, firing ones first.

        Raises:
            ProviderUnavailableError: it gave no list.
        """
        return answers.alerts(await self._server.ask("GET", "api/v1/alerts"))

    def _believed(self, at: datetime) -> datetime:
        """Return when a value was measured, unless the server's clock and ours cannot both be right."""
        ahead = at - self._clock.now()
        if ahead > FUTURE_TOLERANCE:
            raise ProviderUnavailableError(f"the clocks differ: its present is {duration(ahead)} ahead of ours")
        if ahead < -PAST_TOLERANCE:
            raise ProviderUnavailableError(
                f"the clocks differ, or a cache answers: its present is {duration(ahead)} behind ours"
            )
        return at


class QueryTarget:
    """One query of one server, for one signal of one provider."""

    def __init__(self, client: PrometheusClient, section: QuerySection, clock: Clock) -> None:
        self._client = client
        self._section = section
        self._clock = clock

    @property
    def key(self) -> str:
        """`query SERVER PROVIDER SIGNAL`."""
        return f"query {self._client.section.name} {self._section.provider} {self._section.signal}"

    @property
    def schedule(self) -> Schedule:
        """Its own interval or the queries' default."""
        return Schedule(self._section.interval, self._client.deadline, Cadence.QUERY)

    async def observe(self) -> tuple[SignalObservation, ...]:
        """Ask for the value once."""
        try:
            reading = await self._client.query(self._section.query)
            value = signal_value(self._section, reading.value)
        except ProviderUnavailableError as error:
            return self.gave_up(str(error))
        return (self._observation(reading.measured_at, value, None),)

    def gave_up(self, why: str) -> tuple[SignalObservation, ...]:
        """Return that there is no value, and why."""
        return (self._observation(self._clock.now(), None, why),)

    def _observation(self, at: datetime, value: float | None, problem: str | None) -> SignalObservation:
        source = f"prometheus {self._client.section.name}"
        return SignalObservation(self._section.provider, self._section.signal, source, at, value, problem)


class ServerTarget:
    """One server itself: its readiness, its targets, its alerts."""

    def __init__(self, client: PrometheusClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    @property
    def key(self) -> str:
        """`prometheus NAME`."""
        return f"prometheus {self._client.section.name}"

    @property
    def schedule(self) -> Schedule:
        """Its own interval or the queries' default; its three questions are asked at the same time."""
        return Schedule(self._client.section.interval, self._client.deadline, Cadence.QUERY)

    async def observe(self) -> tuple[PrometheusObservation, ...]:
        """Look at it once."""
        name = self._client.section.name
        ready, targets, alerts = await asyncio.gather(
            _or_error(self._client.ready()), _or_error(self._client.targets()), _or_error(self._client.alerts())
        )
        if isinstance(ready, ProviderUnavailableError):
            return self.gave_up(str(ready))
        if ready is False:
            # It says so itself; that it has no targets and alerts to show yet is no news.
            return (PrometheusObservation(name, self._clock.now(), ready=False),)
        errors = [answer for answer in (targets, alerts) if isinstance(answer, ProviderUnavailableError)]
        if len(errors) == 1 and isinstance(errors[0], NotOfferedError):
            # It speaks the API and has no targets or no alerts of its own, as stores behind Prometheus do.
            errors = []
        up, down = (0, ()) if isinstance(targets, ProviderUnavailableError) else targets
        observation = PrometheusObservation(
            name=name,
            at=self._clock.now(),
            ready=ready,
            targets_up=up,
            targets_down=down,
            alerts=() if isinstance(alerts, ProviderUnavailableError) else alerts,
            problem="; ".join(dict.fromkeys(map(str, errors))) or None,
        )
        return (observation,)

    def gave_up(self, why: str) -> tuple[PrometheusObservation, ...]:
        """Return that nothing is known of it, and why."""
        return (PrometheusObservation(self._client.section.name, self._clock.now(), problem=why),)


def signal_value(section: QuerySection, value: float) -> float:
    """Return a value in its signal's unit: ratios as 0..1.

    Raises:
        ProviderUnavailableError: it cannot be a value of this signal; the text names the mistaken unit.
    """
    if section.signal in RATIO_SIGNALS:
        return _ratio(section, value)
    if section.signal in {LATENCY_SIGNAL, REQUESTS_SIGNAL} and value < 0:
        raise ProviderUnavailableError(f"the value {value:g} is below 0: correct the query")
    return value


def _ratio(section: QuerySection, value: float) -> float:
    ratio = value / 100 if section.unit == "percent" else value
    if -RATIO_DUST <= ratio <= 1 + RATIO_DUST:
        return min(1.0, max(0.0, ratio))
    if section.unit == "percent":
        raise ProviderUnavailableError(f"the value {value:g} is not a percentage 0..100: correct the query")
    remedy = 'set unit = "percent" if it is a percentage' if 0 <= value <= 100 else "correct the query"
    raise ProviderUnavailableError(f"the value {value:g} is not a ratio 0..1: {remedy}")


async def _or_error(asking: Awaitable[T]) -> T | ProviderUnavailableError:
    """Wait for an answer; so that one of several that fails does not leave the others behind."""
    try:
        return await asking
    except ProviderUnavailableError as error:
        return error
