"""What a Prometheus server's answers mean: bytes in, typed values out.

Source: the HTTP API of Prometheus, https://prometheus.io/docs/prometheus/latest/querying/api/. Unknown fields
are ignored. Whatever is not what was asked for is a `ProviderUnavailableError` that says so in a few words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import httpx
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from wedtui.core.picture import AlertFacts
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.web import Answer, plain

TARGETS_AT_MOST = 50
ALERTS_AT_MOST = 200

_LATEST = 253402300799  # the end of the year 9999
_NOT_ITS_JSON = "answered with JSON that is not a Prometheus server's"

_Point = tuple[Annotated[float, Field(ge=0, le=_LATEST, allow_inf_nan=False)], str]


class _Series(BaseModel):
    value: _Point | None = None
    histogram: object = None


class _Vector(BaseModel):
    resultType: Literal["vector"]  # noqa: N815 (the API's name, here and below)
    result: tuple[_Series, ...]


class _Line(BaseModel):
    values: tuple[_Point, ...] = ()
    histograms: object = None


class _Matrix(BaseModel):
    resultType: Literal["matrix"]  # noqa: N815
    result: tuple[_Line, ...]


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


class _MatrixData(BaseModel):
    data: _Matrix


class _TargetsData(BaseModel):
    data: _Targets


class _AlertsData(BaseModel):
    data: _Alerts


M = TypeVar("M", bound=BaseModel)


class NotOfferedError(ProviderUnavailableError):
    """There is nothing at the address: another server, or one that speaks a part of the API alone."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value and the instant for which the server evaluated it."""

    value: float
    measured_at: datetime


def reading(answer: Answer) -> Reading:
    """Return the one finite value of an instant query.

    Raises:
        ProviderUnavailableError: there is none, or more than one.
    """
    seconds, text = _one_point(_data(answer, _QueryData).data)
    try:
        value = float(text)
    except ValueError:
        raise ProviderUnavailableError(f'the value "{plain(text, 40)}" is not a number') from None
    if not math.isfinite(value):
        raise ProviderUnavailableError(f"the value is {'NaN' if math.isnan(value) else 'infinite'}")
    return Reading(value, datetime.fromtimestamp(seconds, UTC))


def readings(answer: Answer) -> tuple[Reading, ...]:
    """Return the finite values of a range query, oldest first; where it gave none there is no reading.

    Raises:
        ProviderUnavailableError: it is no one series.
    """
    lines = _data(answer, _MatrixData).data.result
    if len(lines) > 1:
        raise ProviderUnavailableError(f"the query gave {len(lines)} series, expected one: aggregate it")
    if lines and lines[0].histograms is not None:
        raise ProviderUnavailableError("the query gave histograms, expected values: use histogram_quantile")
    found = []
    for seconds, text in lines[0].values if lines else ():
        try:
            value = float(text)
        except ValueError:
            raise ProviderUnavailableError(f'the value "{plain(text, 40)}" is not a number') from None
        if math.isfinite(value):
            found.append(Reading(value, datetime.fromtimestamp(seconds, UTC)))
    return tuple(found)


def targets(answer: Answer) -> tuple[int, tuple[str, ...]]:
    """Return how many scrape targets are up, and `job/instance: error` of each that is down, sorted and bounded.

    Raises:
        ProviderUnavailableError: it is no list of targets.
    """
    found = _data(answer, _TargetsData).data.activeTargets
    down = sorted(
        plain(f"{t.labels.get('job', '?')}/{t.labels.get('instance', '?')}: {t.lastError or 'no reason given'}")
        for t in found
        if t.health == "down"
    )
    if len(down) > TARGETS_AT_MOST:
        down[TARGETS_AT_MOST:] = [f"and {len(down) - TARGETS_AT_MOST} more"]
    return sum(t.health == "up" for t in found), tuple(down)


def alerts(answer: Answer) -> tuple[AlertFacts, ...]:
    """Return pending and firing alerts, firing ones first; a storm is cut, and the last says how many more there are.

    Raises:
        ProviderUnavailableError: it is no list of alerts.
    """
    found = map(_alert_facts, _data(answer, _AlertsData).data.alerts)
    facts = sorted(found, key=lambda a: (a.state != "firing", a.severity != "critical", a.name))
    cut = facts[ALERTS_AT_MOST:]
    if cut:
        rest = AlertFacts(f"and {len(cut)} more", cut[0].state, cut[0].severity, None, None, None)
        facts[ALERTS_AT_MOST:] = [rest]
    return tuple(facts)


def _data(answer: Answer, model: type[M]) -> M:
    """Take what was asked for out of an answer.

    Raises:
        ProviderUnavailableError: it is an error, is partial, or is not what Prometheus answers.
    """
    try:
        envelope = _Envelope.model_validate_json(answer.body)
    except ValidationError as error:
        is_json = error.errors(include_input=False)[0]["type"] != "json_invalid"
        raise _unreadable(answer, _NOT_ITS_JSON if is_json else "answered with something that is not JSON") from None
    if envelope.status == "error":
        raise ProviderUnavailableError(plain(f"{envelope.errorType}: {envelope.error}"))
    # Some versions put remarks about the query itself among the warnings; they don't mean that data is missing.
    partial = [w for w in envelope.warnings or () if not w.startswith("PromQL info")]
    if partial:
        raise ProviderUnavailableError(plain(f"partial data: {partial[0]}"))
    try:
        return model.model_validate({"data": envelope.data})
    except ValidationError:
        raise ProviderUnavailableError(_NOT_ITS_JSON) from None


def _unreadable(answer: Answer, otherwise: str) -> ProviderUnavailableError:
    """Say what an answer without an envelope is: by its status, else by its body."""
    status = f"(status {answer.status})"
    known = {
        401: f"refused the credentials {status}: check bearer_token or headers",
        403: f"refused the credentials {status}: check bearer_token or headers",
        429: f"asks to be asked less often {status}",
        503: f"is not ready {status}",
    }
    if answer.status == httpx.codes.NOT_FOUND:
        return NotOfferedError(f"has no Prometheus API at this address {status}: check the path of its url")
    if 300 <= answer.status < 400:
        words = f"answered with a redirect {status}, which is not followed: configure the address that it leads to"
    else:
        words = known.get(answer.status, f"{otherwise} {status}")
    return ProviderUnavailableError(words)


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
    series = result.result[0]
    if series.histogram is not None:
        raise ProviderUnavailableError("the query gave a histogram, expected one value: use histogram_quantile")
    if series.value is None:
        raise ProviderUnavailableError(_NOT_ITS_JSON)
    return series.value


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
