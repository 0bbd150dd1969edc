"""CloudWatch metrics as signals.

Of each metric the newest whole period is taken: the present one is still being filled, and would show half of the
requests. Points that are missing are missing; only a metric that says so (`sparse`) is 0 where its divisor has a point.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from wedtui.config import AwsSection, MetricSection
from wedtui.core.evidence import LATENCY_SIGNAL, METRICS_SOURCE, PUBLISHED_WITHIN, RATIO_SIGNALS, REQUESTS_SIGNAL
from wedtui.core.inventory_findings import named
from wedtui.core.observation import Observation, SignalObservation
from wedtui.core.resource import METRICS, Reach
from wedtui.core.wording import duration
from wedtui.providers.aws.calls import Calls, Found, Listing, outcomes
from wedtui.providers.aws.faults import CallError, tidy
from wedtui.providers.aws.guard import Page
from wedtui.providers.aws.services.base import Pace, Scope, Service, instant

DATA = Listing("get_metric_data", ("MetricDataResults",))
QUERIES_AT_ONCE = 500
"""The most that GetMetricData takes (CloudWatch API reference)."""
PERIODS_READ = 3
"""At least; more where several short periods may not be published yet."""
# Counts of errors may be stored a little later than the requests beside them; until then nobody can tell 0.
SETTLED = timedelta(minutes=1)
# What is left of binary fractions.
RATIO_DUST = 1e-6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Series:
    """What one query was answered, over all pages."""

    points: dict[datetime, float] = field(default_factory=dict)
    status: str | None = None
    """Of its last page: Complete, PartialData, InternalError or Forbidden."""


@dataclass(slots=True)
class Answer:
    """What the queries of one period were answered."""

    series: dict[str, Series] = field(default_factory=dict)
    lost: dict[str, CallError] = field(default_factory=dict)
    """Why there is no answer to a query at all."""
    messages: list[str] = field(default_factory=list)
    """The codes of what CloudWatch says of an answer as a whole: then some of it may be missing."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value and the end of the period that it covers."""

    value: float
    at: datetime


class NoValueError(Exception):
    """A metric has no value now; the text says why."""


class Metrics(Service):
    """The configured metrics."""

    name: ClassVar[str] = METRICS
    client: ClassVar[str] = "cloudwatch"
    scope: ClassVar[Scope] = Scope.CHOSEN
    pace: ClassVar[Pace] = Pace.METRICS

    def __init__(self, section: AwsSection) -> None:
        self._metrics = section.metrics
        self._first = next(iter(section.regions), None)

    @property
    def chosen(self) -> tuple[str | None, ...]:
        """The regions that the metrics are in; None for the profile's."""
        return tuple(dict.fromkeys(m.region or self._first for m in self._metrics))

    async def read(self, calls: Calls) -> Found:
        """Read every metric of a region."""
        metrics, now = self._of(calls.region, await calls.account.home()), calls.now()
        periods = sorted({m.period for m in metrics})
        asked = [[m for m in metrics if m.period == period] for period in periods]
        answers = await outcomes([_read(calls, group, now) for group in asked])
        errors = [a for a in answers if isinstance(a, CallError)]
        if errors and len(errors) == len(answers):
            raise errors[0]
        found = Found()
        for group, answer in zip(asked, answers, strict=True):
            for number, metric in enumerate(group):
                found.more.append(_observed(calls.account.provider, metric, number, answer, now))
            found.missing += _lost(group, answer)
            if not isinstance(answer, CallError):
                found.missing += _left_out(group, answer)
        return found

    def lost(self, provider: str, region: str, home: str | None, why: str, at: datetime) -> list[Observation]:
        """Return that no metric of a region has a value."""
        metrics = self._of(region, home)
        return [SignalObservation(provider, m.signal, METRICS_SOURCE, at, None, why) for m in metrics]

    def _of(self, region: str, home: str | None) -> list[MetricSection]:
        return [m for m in self._metrics if (m.region or self._first or home or region) == region]


def periods_read(period: timedelta) -> int:
    """Return how many periods are read, so that the newest that is published by now is among them."""
    return max(PERIODS_READ, math.ceil(PUBLISHED_WITHIN / period) + 2)


async def _read(calls: Calls, metrics: Sequence[MetricSection], now: datetime) -> Answer:
    """Ask for metrics of one period.

    Raises:
        CallError: none of them was answered.
    """
    period = metrics[0].period
    # Whole periods, as CloudWatch counts them; it rounds a start that is none to what it likes.
    end = now - (now - _EPOCH) % period
    start = end - periods_read(period) * period
    queries = [query for number, metric in enumerate(metrics) for query in queries_of(metric, number)]
    batches = [queries[i : i + QUERIES_AT_ONCE] for i in range(0, len(queries), QUERIES_AT_ONCE)]
    answers = await outcomes([_batch(calls, batch, start, end) for batch in batches])
    found = Answer()
    for batch, answer in zip(batches, answers, strict=True):
        if isinstance(answer, CallError):
            found.lost |= dict.fromkeys((query["Id"] for query in batch), answer)
        else:
            found.series |= answer.series
            found.messages += answer.messages
    if len(found.lost) == len(queries):
        raise next(iter(found.lost.values()))
    return found


async def _batch(calls: Calls, queries: list[dict[str, Any]], start: datetime, end: datetime) -> Answer:
    """Ask for as many queries as one call takes, and again for those that failed inside CloudWatch.

    Raises:
        CallError: there is no answer.
    """
    answer = Answer()
    found = answer.series
    asked, attempt = queries, 0
    while True:
        span: dict[str, Any] = {"StartTime": start, "EndTime": end, "ScanBy": "TimestampAscending"}
        try:
            pages = await calls.pages(DATA, MetricDataQueries=asked, **span)
        except CallError:
            if not attempt:
                raise
            return answer  # with what was said the first time
        for query in asked:
            found.pop(query["Id"], None)
        merge(pages, found)
        answer.messages += messages(pages)
        asked = [q for q in asked if q["Id"] in found and found[q["Id"]].status == "InternalError"]
        if not asked or not await calls.again(attempt):
            return answer
        attempt += 1


def queries_of(metric: MetricSection, number: int) -> list[dict[str, Any]]:
    """Return the queries of one metric: its own as `mN`, that of its divisor as `dN`.

    No unit is sent: of a unit that the metric has not CloudWatch silently finds nothing.
    """
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(metric.dimensions.items())]

    def query(identifier: str, name: str) -> dict[str, Any]:
        named = {"Namespace": metric.namespace, "MetricName": name, "Dimensions": dimensions}
        period = int(metric.period.total_seconds())
        return {"Id": identifier, "MetricStat": {"Metric": named, "Period": period, "Stat": metric.stat}}

    divisor = [query(f"d{number}", metric.per)] if metric.per else []
    return [query(f"m{number}", metric.metric), *divisor]


def merge(pages: Iterable[Page], into: dict[str, Series]) -> None:
    """Add pages to series: the same query comes again on later pages, with further points.

    Raises:
        CallError: times and values do not go together.
    """
    for page in pages:
        for result in page["MetricDataResults"]:
            series = into.setdefault(str(result.get("Id", "")), Series())
            times, values = result.get("Timestamps") or [], result.get("Values") or []
            if len(times) != len(values):
                raise CallError(Reach.GARBLED, "GetMetricData answered with more times than values, or fewer")
            for time, value in zip(times, values, strict=True):
                at, number = instant(time), _finite(value)
                if at is not None and number is not None:
                    series.points[at] = number
            series.status = str(result.get("StatusCode") or "Complete")


def messages(pages: Iterable[Page]) -> list[str]:
    """Return the codes of what is said of an answer as a whole; their texts may quote what was asked."""
    said = (message for page in pages for message in page.get("Messages") or ())
    return [tidy(str(message.get("Code") or "none")) for message in said]


def _finite(value: object) -> float | None:
    """Return a number; NaN comes as text."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def reading(metric: MetricSection, own: Series | None, divisor: Series | None, now: datetime) -> Reading:
    """Return the value of the newest whole period, in the signal's unit.

    Raises:
        NoValueError: there is none.
    """
    for series, name in ((own, metric.metric), (divisor, metric.per)):
        if name is not None and (series is None or series.status != "Complete"):
            status = "nothing" if series is None else series.status
            raise NoValueError(
                f"CloudWatch answered {status} for {name}: {_REMEDY.get(str(status), 'ask again later')}"
            )
    assert own is not None
    points = own.points if divisor is None else _shares(metric, own, divisor, now)
    whole = [at for at in points if at + metric.period <= now]
    if not whole:
        span = duration(periods_read(metric.period) * metric.period)
        raise NoValueError(f"{metric.metric} has no value in the last {span}: check namespace, dimensions and region")
    at = max(whole)
    return Reading(converted(metric, points[at]), at + metric.period)


_REMEDY = {"Forbidden": "allow cloudwatch:GetMetricData for it"}


def _shares(metric: MetricSection, own: Series, divisor: Series, now: datetime) -> Mapping[datetime, float]:
    shares = {}
    for at, whole in divisor.points.items():
        settled = at + metric.period + SETTLED <= now
        part = own.points.get(at, 0.0 if metric.sparse and settled else None)
        if part is not None and whole > 0:
            shares[at] = part / whole
    return shares


def converted(metric: MetricSection, value: float) -> float:
    """Return a value in its signal's unit.

    Raises:
        NoValueError: it cannot be a value of this signal.
    """
    match metric.unit:
        case "percent":
            value /= 100
        case "seconds":
            value *= 1000
        case "microseconds":
            value /= 1000
        case "count":
            value /= metric.period.total_seconds()
    if metric.signal in RATIO_SIGNALS:
        if not -RATIO_DUST <= value <= 1 + RATIO_DUST:
            raise NoValueError(f"the value {value:g} is not a ratio 0..1: correct the unit of {metric.metric}")
        return min(1.0, max(0.0, value))
    if metric.signal in {LATENCY_SIGNAL, REQUESTS_SIGNAL} and value < 0:
        raise NoValueError(f"the value {value:g} is below 0: correct the metric")
    return value


def _observed(
    provider: str, metric: MetricSection, number: int, answer: Answer | CallError, now: datetime
) -> SignalObservation:
    try:
        error = _error(number, answer)
        if error is not None or isinstance(answer, CallError):
            raise NoValueError(str(error))
        divisor = answer.series.get(f"d{number}", Series()) if metric.per else None
        found = reading(metric, answer.series.get(f"m{number}"), divisor, now)
    except NoValueError as error:
        return SignalObservation(provider, metric.signal, METRICS_SOURCE, now, None, str(error))
    return SignalObservation(provider, metric.signal, METRICS_SOURCE, found.at, found.value)


def _error(number: int, answer: Answer | CallError) -> CallError | None:
    """Return why a metric has no answer; None where it has one."""
    if isinstance(answer, CallError):
        return answer
    return answer.lost.get(f"m{number}") or answer.lost.get(f"d{number}")


def _lost(metrics: Sequence[MetricSection], answer: Answer | CallError) -> list[str]:
    """Say of which metrics there is no answer, and why."""
    without: dict[str, list[str]] = {}
    for number, metric in enumerate(metrics):
        error = _error(number, answer)
        if error is not None:
            without.setdefault(str(error), []).append(metric.signal)
    return [f"{named(signals)}: {why}" for why, signals in without.items()]


def _left_out(metrics: Sequence[MetricSection], answer: Answer) -> list[str]:
    """Name the metrics that a 200 does not answer in full, and what it says of itself."""
    wrong = []
    for number, metric in enumerate(metrics):
        if _error(number, answer) is not None:
            continue
        for identifier in (f"m{number}", *((f"d{number}",) if metric.per else ())):
            series = answer.series.get(identifier)
            if series is None or series.status != "Complete":
                wrong.append(f"{metric.signal} ({series.status if series else 'not answered'})")
                break
    left_out = [f"GetMetricData left out {', '.join(wrong)}"] if wrong else []
    said = [f"GetMetricData may lack more: it says {named(list(dict.fromkeys(answer.messages)))}"]
    return left_out + (said if answer.messages else [])
