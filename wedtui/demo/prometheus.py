"""What a Prometheus server would say of the demo's world: instant and range queries, targets, alerts, readiness.

Answers have the shapes of the real HTTP API: values are strings, a query that is not understood is a
`bad_data` error with status 400. Understood are a metric's name and at most one label matcher (`=` or `!=`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from wedtui.core.evidence import ERRORS_SIGNAL, LATENCY_SIGNAL
from wedtui.demo.scenario import Behaviour, ProviderState, WorldState
from wedtui.demo.server import Request, Response, json_response, method_not_allowed, text_response

JOB = "demo"
# Prometheus answers for an instant with the newest sample of the five minutes before it.
LOOK_BACK = timedelta(minutes=5)
MOST_POINTS = 11_000
"""So many instants a range query may have, as those of a real server."""

_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r"!=|=(?!~)")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r"\\(.)")
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)?")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_ESCAPED = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "r": "\r"}


class BadQueryError(ValueError):
    """A parameter that cannot be understood; the text is what Prometheus would say of it."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name and perhaps one condition on a label."""

    metric: str
    label: str | None = None
    value: str = ""
    equal: bool = True

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a series with these labels (its name among them) is selected; a missing label is an empty one."""
        if labels.get("__name__") != self.metric:
            return False
        return self.label is None or (labels.get(self.label, "") == self.value) is self.equal


def metric_name(signal: str) -> str:
    """Return the metric under which the demo's Prometheus has a signal."""
    return f"demo_{signal}"


def parse_selector(text: str) -> Selector:
    """Parse `name`, `name{label="value"}` or `name{label!="value"}`.

    Raises:
        BadQueryError: it is anything else.
    """
    scanner = _Scanner(text)
    if not text.strip():
        raise scanner.error("no expression found in input")
    metric = scanner.expect(_NAME, "a metric's name")
    label, operator, value = None, "=", ""
    if scanner.accept(re.compile(r"\{")) is not None:
        label = scanner.accept(_LABEL)
        if label is not None:
            operator = scanner.expect(_OPERATOR, "= or != after the label")
            value = _unquoted(scanner.expect(_STRING, "a quoted string in label matching"), scanner)
            scanner.accept(re.compile(","))
        scanner.expect(re.compile(r"\}"), "the end of at most one label matcher")
    if not scanner.at_end:
        raise scanner.error("unexpected text after a selector, and only selectors are understood here")
    return Selector(metric, label, value, operator == "=")


class _Scanner:
    """Walks through a query, token by token, and knows where it is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Whether nothing but space is left."""
        self._skip_space()
        return self._at == len(self._text)

    def accept(self, token: re.Pattern[str]) -> str | None:
        """Take a token if it comes next."""
        self._skip_space()
        match = token.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match.group()

    def expect(self, token: re.Pattern[str], what: str) -> str:
        """Take a token that must come next."""
        found = self.accept(token)
        if found is None:
            seen = "end of input" if self.at_end else f'"{self._text[self._at]}"'
            raise self.error(f"unexpected {seen}, expected {what}")
        return found

    def error(self, what: str) -> BadQueryError:
        """Make the error that names this place, counted from 1."""
        return BadQueryError(f'invalid parameter "query": 1:{self._at + 1}: parse error: {what}')

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        assert match is not None
        self._at = match.end()


def _unquoted(literal: str, scanner: _Scanner) -> str:
    def replace(match: re.Match[str]) -> str:
        try:
            return _ESCAPED[match.group(1)]
        except KeyError:
            raise scanner.error(f"unknown escape sequence {match.group()} in a string") from None

    return _ESCAPE.sub(replace, literal[1:-1])


def parse_time(text: str, parameter: str = "time") -> datetime:
    """Parse Unix seconds or RFC 3339, as the parameters `time`, `start` and `end` have them.

    Raises:
        BadQueryError: it is neither.
    """
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        pass  # not a number that is a time: it may be RFC 3339
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # nor that
    raise BadQueryError(
        f"invalid parameter \"{parameter}\": Invalid time value for '{parameter}': "
        f'cannot parse "{text}" to a valid timestamp'
    )


def parse_step(text: str) -> timedelta:
    """Parse seconds, or a duration in one unit, as the parameter `step` has them.

    Raises:
        BadQueryError: it is neither, or none at all.
    """
    found = _DURATION.fullmatch(text)
    if found is None or not (step := float(found[1]) * _UNITS[found[2] or "s"]):
        raise BadQueryError(f'invalid parameter "step": cannot parse "{text}" to a valid duration above zero')
    return step


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When an alert becomes active, and for how long it is pending before it fires."""

    name: str
    severity: str
    summary: str
    hold: timedelta
    """Its `for`."""
    value: Callable[[ProviderState], float | None]
    """The value for which it is active, or None while it is not."""


def _above(signal: str, threshold: float) -> Callable[[ProviderState], float | None]:
    def value(provider: ProviderState) -> float | None:
        measured = provider.signals.get(signal)
        return measured if measured is not None and measured > threshold else None

    return value


ALERT_RULES = (
    AlertRule(
        "ProviderDown",
        "critical",
        "its target cannot be scraped",
        timedelta(seconds=5),
        lambda provider: None if provider.reachable else 0.0,
    ),
    AlertRule("HighErrorRate", "critical", "more than 5 % errors", timedelta(seconds=10), _above(ERRORS_SIGNAL, 0.05)),
    AlertRule("HighLatency", "warning", "p95 above 1 s", timedelta(seconds=10), _above(LATENCY_SIGNAL, 1000.0)),
)


@dataclass(slots=True)
class AlertBoard:
    """The alerts that are active, as a rule evaluation after another left them."""

    _active: dict[tuple[str, str], tuple[datetime, float]] = field(default_factory=dict)

    def evaluate(self, world: WorldState, at: datetime) -> None:
        """Evaluate every rule for every provider once."""
        found: dict[tuple[str, str], tuple[datetime, float]] = {}
        for rule in ALERT_RULES:
            for provider in world.providers:
                value = rule.value(provider)
                if value is not None:
                    key = (rule.name, provider.name)
                    found[key] = (self._active.get(key, (at, value))[0], value)
        self._active = found

    def listed(self, at: datetime) -> list[dict[str, object]]:
        """Return the active alerts as `/api/v1/alerts` shows them."""
        rules = {rule.name: rule for rule in ALERT_RULES}
        return [
            {
                "labels": {"alertname": name, "job": JOB, "provider": provider, "severity": rules[name].severity},
                "annotations": {"summary": f"{provider}: {rules[name].summary}"},
                "state": "firing" if at - since >= rules[name].hold else "pending",
                "activeAt": rfc3339(since),
                "value": _scientific(value),
            }
            for (name, provider), (since, value) in self._active.items()
        ]


def rfc3339(at: datetime) -> str:
    """Write an instant as Prometheus does."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sample_value(value: float) -> str:
    """Write a sample's value: plain decimals, without noughts that say nothing."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _scientific(value: float) -> str:
    mantissa, exponent = f"{value:e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"


class PrometheusApi:
    """Answers the requests that a Prometheus server would get."""

    def __init__(
        self,
        state_at: Callable[[datetime], WorldState | None],
        now: Callable[[], datetime],
        alerts: AlertBoard,
        targets: Mapping[str, str],
    ) -> None:
        """Make the API of a world.

        Args:
            state_at: the world at an instant; None before it began.
            now: the world's clock.
            alerts: evaluated by the world.
            targets: provider -> the URL of its server.
        """
        self._state_at = state_at
        self._now = now
        self._alerts = alerts
        self._targets = targets
        # Path -> (methods, what answers)
        self._routes: Mapping[str, tuple[tuple[str, ...], Callable[[Request], Response]]] = {
            "/api/v1/query": (("GET", "POST"), self._query),
            "/api/v1/query_range": (("GET", "POST"), self._query_range),
            "/api/v1/targets": (("GET",), self._list_targets),
            "/api/v1/alerts": (("GET",), lambda _: _success({"alerts": self._alerts.listed(self._now())})),
            "/-/ready": (("GET", "HEAD"), lambda _: text_response("Prometheus Server is Ready.\n")),
            "/-/healthy": (("GET", "HEAD"), lambda _: text_response("Prometheus Server is Healthy.\n")),
        }

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        route = self._routes.get(request.path)
        if route is None:
            return text_response("404 page not found\n", HTTPStatus.NOT_FOUND)
        methods, handler = route
        if request.method not in methods:
            return method_not_allowed(*methods)
        try:
            return handler(request)
        except BadQueryError as error:
            return _bad_data(str(error))

    def _query(self, request: Request) -> Response:
        now = self._now()
        at = parse_time(request.parameters["time"]) if request.parameters.get("time") else now
        selector = parse_selector(request.parameters.get("query", ""))
        found = [] if at > now + LOOK_BACK else self._selected(selector, min(at, now))
        # To the millisecond, as Prometheus keeps time.
        stamp = round(at.timestamp(), 3)
        result = [{"metric": labels, "value": [stamp, sample_value(value)]} for labels, value in found]
        return _success({"resultType": "vector", "result": result})

    def _query_range(self, request: Request) -> Response:
        given = request.parameters
        start, end = (parse_time(given.get(name, ""), name) for name in ("start", "end"))
        step = parse_step(given.get("step", ""))
        selector = parse_selector(given.get("query", ""))
        if end < start:
            raise BadQueryError('invalid parameter "end": end timestamp must not be before start time')
        if (end - start) // step > MOST_POINTS:
            raise BadQueryError(
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution "
                "(?step=XX)"
            )
        found: dict[tuple[tuple[str, str], ...], list[tuple[float, str]]] = {}
        for at in _instants(start, min(end, self._now()), step):
            for labels, value in self._selected(selector, at):
                series = found.setdefault(tuple(labels.items()), [])
                series.append((round(at.timestamp(), 3), sample_value(value)))
        result = [{"metric": dict(labels), "values": values} for labels, values in found.items()]
        return _success({"resultType": "matrix", "result": result})

    def _selected(self, selector: Selector, at: datetime) -> list[tuple[dict[str, str], float]]:
        world = self._state_at(at)
        return [] if world is None else [s for s in self._series(world) if selector.matches(s[0])]

    def _series(self, world: WorldState) -> Iterator[tuple[dict[str, str], float]]:
        for provider in world.providers:
            labels = self._labels(provider.name)
            yield {"__name__": "up", **labels}, float(provider.reachable)
            for signal, value in provider.signals.items():
                yield {"__name__": metric_name(signal), **labels}, value

    def _labels(self, provider: str) -> dict[str, str]:
        instance = self._targets[provider].removeprefix("http://")
        return {"instance": instance, "job": JOB, "provider": provider}

    def _list_targets(self, request: Request) -> Response:
        world = self._state_at(self._now())
        wanted = request.parameters.get("state", "any")
        active = [] if world is None or wanted == "dropped" else [self._target(p) for p in world.providers]
        return _success({"activeTargets": active, "droppedTargets": []})

    def _target(self, provider: ProviderState) -> dict[str, object]:
        url = f"{self._targets[provider.name]}/metrics"
        labels = self._labels(provider.name)
        discovered = {
            "__address__": labels["instance"],
            "__metrics_path__": "/metrics",
            "__scheme__": "http",
            "job": JOB,
            "provider": provider.name,
        }
        return {
            "discoveredLabels": discovered,
            "labels": labels,
            "scrapePool": JOB,
            "scrapeUrl": url,
            "globalUrl": url,
            "lastError": "" if provider.reachable else _scrape_error(provider, url),
            "lastScrape": rfc3339(self._now()),
            "lastScrapeDuration": provider.conduct.delay_s,
            "health": "up" if provider.reachable else "down",
            "scrapeInterval": "1s",
            "scrapeTimeout": "1s",
        }


def _instants(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield every so manieth instant, both ends included."""
    while start <= end:
        yield start
        start += step


def _scrape_error(provider: ProviderState, url: str) -> str:
    reasons = {
        Behaviour.HANGING: "context deadline exceeded",
        Behaviour.RESETTING: "read: connection reset by peer",
        Behaviour.REFUSING: "connect: connection refused",
    }
    return f'Get "{url}": {reasons[provider.conduct.behaviour]}'


def _success(data: object) -> Response:
    return json_response({"status": "success", "data": data})


def _bad_data(error: str) -> Response:
    return json_response({"status": "error", "errorType": "bad_data", "error": error}, HTTPStatus.BAD_REQUEST)
