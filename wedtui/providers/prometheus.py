"""Prometheus: queries as signals, and what a server says of itself, its targets and its alerts.

Source: the HTTP API of Prometheus, https://prometheus.io/docs/prometheus/latest/querying/api/. Answers are
parsed here into typed values; unknown fields are ignored.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

import httpx
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from wedtui.clock import Clock
from wedtui.config import PrometheusSection, QuerySection
from wedtui.core.evidence import FUTURE_TOLERANCE, LATENCY_SIGNAL, RATIO_SIGNALS, REQUESTS_SIGNAL
from wedtui.core.observation import PrometheusObservation, SignalObservation
from wedtui.core.picture import AlertFacts
from wedtui.core.wording import duration
from wedtui.errors import ConfigurationError, ProviderUnavailableError
from wedtui.providers.base import Cadence, Schedule
from wedtui.providers.web import (
    Answer,
    UnansweredError,
    WebClient,
    backoff_s,
    plain,
    resolved_headers,
    retrying_for,
    trust,
)

BODY_AT_MOST = 4 << 20
TARGETS_AT_MOST = 50
ALERTS_AT_MOST = 200
# An instant query is answered for the server's present; one much older comes from a wrong clock or a proxy's cache.
PAST_TOLERANCE = timedelta(seconds=60)
# What is left of binary fractions in a ratio such as 1 - sum(x) / sum(y).
RATIO_DUST = 1e-6

_AGAIN = frozenset({429, 500, 502, 503, 504})
_NOT_FOUND = 404
_LATEST = 253402300799  # the end of the year 9999
T = TypeVar("T")

_Point = tuple[Annotated[float, Field(ge=0, le=_LATEST, allow_inf_nan=False)], str]


class _Series(BaseModel):
    value: _Point | None = None
    histogram: object = None


class _Vector(BaseModel):
    resultType: Literal["vector"]  # noqa: N815 (the API's name, here and below)
    result: tuple[_Series, ...]


class _Scalar(BaseModel):
    resultType: Literal["scalar"]  # noqa: N815
    result: _Point


class _OtherResult(BaseModel):
    resultType: Literal["matrix", "string"]  # noqa: N815


class _ScrapeTarget(BaseModel):
    labels: dict[str, str] = {}
    health: str
    lastError: str = ""  # noqa: N815


class _Targets(BaseModel):
    activeTargets: tuple[_ScrapeTarget, ...]  # noqa: N815


class _Alert(BaseModel):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    state: str
    activeAt: AwareDatetime | None = None  # noqa: N815


class _Alerts(BaseModel):
    alerts: tuple[_Alert, ...]


class _Envelope(BaseModel):
    status: Literal["success", "error"]
    data: Any = None
    errorType: str = "error"  # noqa: N815
    error: str = ""
    warnings: tuple[str, ...] | None = None


class _QueryData(BaseModel):
    data: Annotated[_Vector | _Scalar | _OtherResult, Field(discriminator="resultType")]


class _TargetsData(BaseModel):
    data: _Targets


class _AlertsData(BaseModel):
    data: _Alerts


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value and the instant for which the server evaluated it."""

    value: float
    measured_at: datetime


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
        owner = f"prometheus {section.name}"
        try:
            self._base = httpx.URL(section.url)
        except httpx.InvalidURL:
            raise ConfigurationError(f"{owner}: its url is not one that can be asked: correct it") from None
        self.section = section
        self.deadline = retrying_for(section.timeout, section.retries)
        self._clock = clock
        self._web = WebClient(
            headers=resolved_headers(owner, section.headers, section.bearer_token),
            context=trust(section.ca_file),
            timeout=section.timeout,
            body_at_most=BODY_AT_MOST,
        )

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._web.close()

    async def query(self, promql: str) -> Reading:
        """Evaluate a query that gives one value, for the server's present.

        Raises:
            ProviderUnavailableError: there is no such value; the text says why in a few words.
        """
        # By POST: a query may be longer than what a proxy takes as a URL.
        milliseconds = max(1, round(self.section.timeout.total_seconds() * 1000))
        form = {"query": promql, "timeout": f"{milliseconds}ms"}
        result = _data(await self._ask("POST", "api/v1/query", form), _QueryData).data
        seconds, text = _one_point(result)
        try:
            value = float(text)
        except ValueError:
            raise ProviderUnavailableError(f'the value "{plain(text, 40)}" is not a number') from None
        if not math.isfinite(value):
            words = "NaN" if math.isnan(value) else "infinite"
            raise ProviderUnavailableError(f"the value is {words}")
        return Reading(value, self._believed(datetime.fromtimestamp(seconds, UTC)))

    async def ready(self) -> bool | None:
        """Ask whether it is ready to serve; None where it does not have that question.

        Raises:
            ProviderUnavailableError: it gave no answer.
        """
        answer = await self._ask("GET", "-/ready", again=frozenset())
        return None if answer.status == _NOT_FOUND else answer.status == httpx.codes.OK

    async def targets(self) -> tuple[int, tuple[str, ...]]:
        """Return how many scrape targets are up, and `job/instance: error` of each that is down, sorted.

        Raises:
            ProviderUnavailableError: it gave no list.
        """
        answer = await self._ask("GET", "api/v1/targets", parameters={"state": "active"})
        found = _data(answer, _TargetsData).data.activeTargets
        down = sorted(
            plain(f"{t.labels.get('job', '?')}/{t.labels.get('instance', '?')}: {t.lastError or 'no reason given'}")
            for t in found
            if t.health == "down"
        )
        if len(down) > TARGETS_AT_MOST:
            down[TARGETS_AT_MOST:] = [f"and {len(down) - TARGETS_AT_MOST} more"]
        return sum(t.health == "up" for t in found), tuple(down)

    async def alerts(self) -> tuple[AlertFacts, ...]:
        """Return its pending and firing alerts, firing ones first; a storm is cut and says how many more there are.

        Raises:
            ProviderUnavailableError: it gave no list.
        """
        found = _data(await self._ask("GET", "api/v1/alerts"), _AlertsData).data.alerts
        facts = sorted(map(_alert_facts, found), key=lambda a: (a.state != "firing", a.severity != "critical", a.name))
        cut = facts[ALERTS_AT_MOST:]
        if cut:
            state = cut[0].state
            facts[ALERTS_AT_MOST:] = [AlertFacts(f"and {len(cut)} more", state, cut[0].severity, None, None, None)]
        return tuple(facts)

    async def _ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        again: frozenset[int] = _AGAIN,
    ) -> Answer:
        """Ask, and ask again while that may help and the deadline allows it.

        Args:
            method: GET or POST.
            path: below the configured URL.
            form: the body of a POST.
            parameters: added to the URL's own.
            again: statuses after which it is asked again.
        """
        url = self._base.copy_with(path=f"{self._base.path.rstrip('/')}/{path}").copy_merge_params(parameters or {})
        end = self._clock.monotonic() + self.deadline.total_seconds()
        attempt = 0
        while True:
            left = end - self._clock.monotonic()
            try:
                answer = await self._web.ask(method, url, form=form, within=timedelta(seconds=left))
                wait = _retry_after(answer, self._clock.now()) if answer.status in again else None
            except UnansweredError as error:
                if not error.again or attempt == self.section.retries:
                    raise ProviderUnavailableError(str(error)) from None
                answer, wait = None, 0.0
            pause = max(wait or 0.0, backoff_s(attempt))
            out_of_time = pause >= end - self._clock.monotonic()
            if answer is not None and (wait is None or attempt == self.section.retries or out_of_time):
                return answer
            if out_of_time:
                raise ProviderUnavailableError("connection failed, and the time for another attempt is over")
            attempt += 1
            await asyncio.sleep(pause)

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
        ready, targets, alerts = await asyncio.gather(
            _or_error(self._client.ready()), _or_error(self._client.targets()), _or_error(self._client.alerts())
        )
        if isinstance(ready, ProviderUnavailableError):
            return self.gave_up(str(ready))
        if ready is False:
            # It says so itself; that it has no targets and alerts to show yet is no news.
            return (PrometheusObservation(self._client.section.name, self._clock.now(), ready=False),)
        problems = [str(error) for error in (targets, alerts) if isinstance(error, ProviderUnavailableError)]
        up, down = (0, ()) if isinstance(targets, ProviderUnavailableError) else targets
        observation = PrometheusObservation(
            name=self._client.section.name,
            at=self._clock.now(),
            ready=ready,
            targets_up=up,
            targets_down=down,
            alerts=() if isinstance(alerts, ProviderUnavailableError) else alerts,
            problem="; ".join(dict.fromkeys(problems)) or None,
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


def _data(answer: Answer, model: type[M]) -> M:
    """Take what was asked for out of an answer.

    Raises:
        ProviderUnavailableError: it is an error, is partial, or is not what Prometheus answers.
    """
    try:
        envelope = _Envelope.model_validate_json(answer.body)
    except ValidationError:
        raise ProviderUnavailableError(_words_for(answer)) from None
    if envelope.status == "error":
        raise ProviderUnavailableError(plain(f"{envelope.errorType}: {envelope.error}"))
    # Before 2.53 remarks about a query came as warnings as well; they don't mean that data is missing.
    partial = [w for w in envelope.warnings or () if not w.startswith("PromQL info")]
    if partial:
        raise ProviderUnavailableError(plain(f"partial data: {partial[0]}"))
    try:
        return model.model_validate({"data": envelope.data})
    except ValidationError:
        raise ProviderUnavailableError("answered with JSON that is not Prometheus's") from None


def _words_for(answer: Answer) -> str:
    """Say what an answer without an envelope is."""
    status = f"(status {answer.status})"
    if answer.status in {401, 403}:
        return f"refused the credentials {status}: check bearer_token or headers"
    if 300 <= answer.status < 400:
        return f"answered with a redirect {status}, which is not followed: configure the address that it leads to"
    if answer.status == _NOT_FOUND:
        return f"has no Prometheus API at this address {status}: check the path of its url"
    if answer.status == httpx.codes.SERVICE_UNAVAILABLE:
        return f"is not ready {status}"
    if answer.status == httpx.codes.TOO_MANY_REQUESTS:
        return f"asks to be asked less often {status}"
    return f"answered with something that is not Prometheus's JSON {status}"


def _one_point(result: _Vector | _Scalar | _OtherResult) -> _Point:
    """Return the one point of a result."""
    if isinstance(result, _OtherResult):
        raise ProviderUnavailableError(f"the query gave a {result.resultType}, expected one value")
    if isinstance(result, _Scalar):
        return result.result
    if not result.result:
        raise ProviderUnavailableError("the query gave no series")
    if len(result.result) > 1:
        raise ProviderUnavailableError(f"the query gave {len(result.result)} series, expected one: aggregate it")
    point = result.result[0].value
    if point is None:
        raise ProviderUnavailableError("the query gave a histogram, expected one value: use histogram_quantile")
    return point


def _alert_facts(alert: _Alert) -> AlertFacts:
    def label(name: str) -> str | None:
        value = alert.labels.get(name)
        return plain(value, 80) if value else None

    summary = alert.annotations.get("summary")
    return AlertFacts(
        name=label("alertname") or "without a name",
        state=plain(alert.state, 20),
        severity=label("severity"),
        active_at=alert.activeAt,
        summary=plain(summary) if summary else None,
        provider=label("provider"),
    )


def _retry_after(answer: Answer, now: datetime) -> float:
    """Return how many seconds the server asks to wait (RFC 9110, 10.2.3); 0 where it does not say."""
    from email.utils import parsedate_to_datetime

    header = answer.headers.get("retry-after", "").strip()
    if header.isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
