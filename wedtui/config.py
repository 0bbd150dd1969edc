"""The configuration as one typed tree: every key, its unit, its default and what is refused.

Where the file is, how the environment is laid over it and how an error finds its line is in `config_file`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    model_validator,
)

from wedtui.core.evidence import RATIO_SIGNALS
from wedtui.core.freeze import WallTime

_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WRITTEN_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WALL_TIME = re.compile(
    r"(mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?\s+([01][0-9]|2[0-3]):([0-5][0-9])", re.IGNORECASE
)
# A century is longer than anything here can mean, and still fits every unit.
_LONGEST = timedelta(days=36525)


def parse_duration(value: object) -> timedelta:
    """Turn `"3s"`, `"500ms"`, `"1h 30m"` or `"7d"` into a length of time.

    Raises:
        ValueError: it is none, or not longer than nothing.
    """
    if isinstance(value, timedelta):
        return value
    text = value.replace(" ", "") if isinstance(value, str) else ""
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError('expected a duration such as "500ms", "3s", "15m", "24h" or "7d"')
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if not 0 < seconds <= _LONGEST.total_seconds() or not timedelta(seconds=seconds):
        raise ValueError("expected a duration longer than nothing and shorter than a century")
    return timedelta(seconds=seconds)


def format_duration(span: timedelta) -> str:
    """Turn a length of time back into what the configuration would say: `3s`, `500ms`, `7d`."""
    seconds = span.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{int(seconds // _SECONDS[unit])}{unit}"
    return f"{span // timedelta(microseconds=1) / 1000:.3f}".rstrip("0").rstrip(".") + "ms"


def parse_wall_time(value: object) -> WallTime:
    """Turn `"fri 18:00"` into a weekday and a time of day.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, WallTime):
        return value
    match = _WALL_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a weekday and a time of day such as "fri 18:00"')
    day, hour, minute = match.groups()
    return WallTime(_DAYS.index(day.lower()), time(int(hour), int(minute)))


def format_wall_time(wall: WallTime) -> str:
    """Turn a weekday and a time of day back into `fri 18:00`."""
    return f"{_DAYS[wall.weekday]} {wall.at:%H:%M}"


@cache
def _zones() -> frozenset[str]:
    """Return every zone of the package tzdata: a list, where the system's folder would have to be searched."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def _known_zone(name: str) -> str:
    if name not in _zones():
        near = get_close_matches(name, _zones(), n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f'expected an IANA zone such as "Europe/London"; "{name}" is not one{hint}')
    return name


def _http_url(value: str) -> str:
    if any(c.isspace() or not c.isprintable() for c in value):
        raise ValueError("expected a URL without spaces and control characters")
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname, parts.port
    except ValueError:
        # What the library says quotes the URL, and with it a password that was mistaken for a port.
        raise ValueError("expected an http or https URL; the host or the port of this one cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("expected a URL that begins with http:// or https://")
    if not host:
        raise ValueError("expected a URL with a host, such as https://rsvp.example.com/healthz")
    if parts.username or parts.password:
        raise ValueError("expected a URL without user and password; put them into a header that names a secret")
    return value


def _http_url_or_file(value: str) -> str:
    if "://" in value and not value.startswith("file://"):
        return _http_url(value)
    path = Path(value.removeprefix("file://"))
    if not path.is_absolute():
        raise ValueError("expected an http or https URL, or the absolute path of a file")
    return value


def _absolute(value: Path) -> Path:
    if not value.is_absolute():
        raise ValueError("expected an absolute path: the service does not run in your directory")
    return value


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {str(value).lower()}")
    return value


def _instant(value: object) -> object:
    """Refuse what would be taken for seconds since 1970, or for midnight."""
    if isinstance(value, datetime) or (isinstance(value, str) and _WRITTEN_INSTANT.match(value)):
        return value
    raise ValueError("expected an instant with its offset, such as 2026-07-23T00:00:00+01:00")


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"expected {what}")
        return value

    return check


def _between(*, least: timedelta = timedelta(), most: timedelta = _LONGEST) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if value < least:
            raise ValueError(f"expected at least {format_duration(least)}")
        if value > most:
            raise ValueError(f"expected at most {format_duration(most)}")
        return value

    return AfterValidator(check)


def _one_line(value: str) -> str:
    if not value.strip() or len(value) > 80 or not value.isprintable():
        raise ValueError("expected 1 to 80 characters on one line")
    return value


def _header_value(value: object) -> str:
    return "secret" if isinstance(value, dict | Secret) else "text"


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"expected a regular expression; this one fails: {error}") from None
    return value


def _keys(value: object) -> tuple[object, ...]:
    """Make a list of what may be one key; none at all unbinds. Which keys there are is not known here."""
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list | tuple) and all(isinstance(key, str) and key for key in value):
        return tuple(value)
    raise ValueError('expected a key such as "ctrl+f", a list of keys, or [] for none')


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("expected an instant with its offset, such as 2026-07-23T00:00:00+01:00")
    return value


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
Zone = Annotated[str, AfterValidator(_known_zone)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
FeedUrl = Annotated[str, AfterValidator(_http_url_or_file)]
Pattern = Annotated[str, AfterValidator(_pattern)]
Instant = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_aware)]
Wall = Annotated[WallTime, BeforeValidator(parse_wall_time), PlainSerializer(format_wall_time)]
KeyNames = Annotated[tuple[str, ...], BeforeValidator(_keys)]
AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Whole = Annotated[int, BeforeValidator(_number)]
_NAME = 'a name of at most 63 letters, digits, ".", "_" and "-" that begins with a letter or digit'
_ENVIRONMENT = 'an environment such as "production": at most 32 small letters, digits, ".", "_" and "-"'
_SIGNAL = 'a signal such as "error_rate": small letters, digits and "_"'
Name = Annotated[str, AfterValidator(_matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", _NAME))]
Environment = Annotated[str, AfterValidator(_matching(r"[a-z0-9][a-z0-9._-]{0,31}", _ENVIRONMENT))]
Signal = Annotated[str, AfterValidator(_matching(r"[a-z][a-z0-9_]{0,62}", _SIGNAL))]
Title = Annotated[str, AfterValidator(_one_line)]
Status = Annotated[Whole, Field(ge=100, le=599)]
HeaderName = Annotated[
    str, AfterValidator(_matching(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", "the name of an HTTP header"))
]
HeaderText = Annotated[
    str, AfterValidator(_matching(r"[\t\x20-\x7e]*", "the value of an HTTP header: ASCII without control characters"))
]


class Section(BaseModel):
    """A table of the file; unknown keys are errors."""

    # Built when the first configuration is checked: building each table by itself as well would take twice as long.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Secret(Section):
    """Where a secret is found; the secret itself never stands in the configuration."""

    env: str | None = None
    """The environment variable that holds it."""
    file: AbsolutePath | None = None
    """The file that holds it, on its first line."""
    keyring: str | None = None
    """`service/user` in the operating system's keyring."""

    @model_validator(mode="before")
    @classmethod
    def _is_a_reference(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError(
                "expected where the secret is found: "
                '{ env = "NAME" }, { file = "/path" } or { keyring = "service/user" }'
            )
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(v is not None for v in (self.env, self.file, self.keyring)) != 1:
            raise ValueError("expected exactly one of env, file and keyring")
        if self.keyring is not None and "/" not in self.keyring:
            raise ValueError('expected "service/user" for keyring')
        return self


Headers = dict[
    HeaderName,
    Annotated[
        Annotated[HeaderText, Tag("text")] | Annotated[Secret, Tag("secret")],
        Discriminator(_header_value),
    ],
]
"""HTTP headers; what must not be read by everyone who reads the file is a `Secret`."""


class CacheSection(Section):
    """What can be learnt again."""

    url: str | None = None
    """An SQLAlchemy URL; by default `cache.db` in the state directory."""
    keep_samples: Duration = timedelta(days=7)
    """How long samples and probe rounds are kept."""


class LedgerSection(Section):
    """What cannot be learnt again."""

    url: str | None = None
    """An SQLAlchemy URL; by default `ledger.db` in the state directory."""


class ProviderSection(Section):
    """A provider whose health is judged."""

    name: Name
    kind: Literal["probed"] = "probed"
    """`probed`: watched by probes and Prometheus alone."""
    weight: Whole = Field(default=0, ge=0, le=100)
    """Its share of traffic, 0..100."""
    capacity: Annotated[float, BeforeValidator(_number), Field(gt=0, allow_inf_nan=False)] | None = None
    """Requests per second that it can serve."""


class ProbeSection(Section):
    """An HTTP probe."""

    name: Name
    provider: Name
    url: HttpUrl
    method: Literal["GET", "HEAD"] = "GET"
    interval: Annotated[Duration, _between(least=timedelta(milliseconds=500))] | None = None
    """Between two rounds; by default by the protection level (10 s, in wedding-day mode 3 s)."""
    timeout: Annotated[Duration, _between(most=timedelta(seconds=60))] = timedelta(seconds=2)
    """For one attempt, from the look-up of the name to the last byte."""
    retries: Whole = Field(default=0, ge=0, le=3)
    """Further attempts before a round counts as failed; each hides a failed request, so there are none by default."""
    expect_status: tuple[Status, ...] = Field(default=(200,), min_length=1)
    expect_body: Pattern | None = None
    """A regular expression that the first 64 KiB of the body must match somewhere."""
    headers: Headers = Field(default_factory=dict)
    ca_file: AbsolutePath | None = None
    """Certificates to trust instead of the system's."""

    @model_validator(mode="after")
    def _body_needs_get(self) -> Self:
        if self.method == "HEAD" and self.expect_body is not None:
            raise ValueError("expected no expect_body: the answer to HEAD has no body")
        return self


class QuerySection(Section):
    """A PromQL query that gives one signal of one provider."""

    provider: Name
    signal: Signal
    query: Annotated[str, Field(min_length=1, max_length=8192)]
    """It must give one value; aggregate what has several series."""
    unit: Literal["ratio", "percent"] | None = None
    """For error_rate, cpu, memory and cache_hit_rate: `percent` values are divided by 100; by default a ratio 0..1."""
    interval: Annotated[Duration, _between(least=timedelta(seconds=1))] | None = None
    """By default by the protection level (60 s, in wedding-day mode 30 s)."""

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        if self.unit is not None and self.signal not in RATIO_SIGNALS:
            raise ValueError(f"expected unit only for {', '.join(sorted(RATIO_SIGNALS))}")
        return self


class PrometheusSection(Section):
    """A Prometheus server, or what speaks its API."""

    name: Name
    url: HttpUrl
    interval: Annotated[Duration, _between(least=timedelta(seconds=1))] | None = None
    """Between two looks at its readiness, targets and alerts; by default as for queries."""
    timeout: Annotated[Duration, _between(most=timedelta(seconds=60))] = timedelta(seconds=5)
    """For one attempt."""
    retries: Whole = Field(default=1, ge=0, le=3)
    bearer_token: Secret | None = None
    headers: Headers = Field(default_factory=dict)
    ca_file: AbsolutePath | None = None
    queries: tuple[QuerySection, ...] = ()


class ScopedSection(Section):
    """What a freeze applies to."""

    environments: tuple[Environment, ...] = ("production",)
    services: tuple[Name, ...] = ()
    """None means all."""


class WindowSection(ScopedSection):
    """A freeze that comes every week."""

    name: Title
    start: Wall
    end: Wall
    timezones: tuple[Zone, ...] = ()
    """None means every zone from UTC-12 to UTC+14."""
    months: tuple[Annotated[Whole, Field(ge=1, le=12)], ...] = ()
    """None means all."""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start == self.end:
            raise ValueError("expected an end that differs from the start: this window would be empty or a whole week")
        return self


class PeriodSection(ScopedSection):
    """A one-off freeze."""

    name: Title
    start: Instant
    end: Instant

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.end <= self.start:
            raise ValueError("expected an end after the start")
        return self


class FeedSection(ScopedSection):
    """An iCalendar feed whose events are freezes."""

    name: Name
    url: FeedUrl
    interval: Annotated[Duration, _between(least=timedelta(seconds=5), most=timedelta(hours=6))] = timedelta(minutes=15)
    timeout: Annotated[Duration, _between(most=timedelta(seconds=60))] = timedelta(seconds=10)
    headers: Headers = Field(default_factory=dict)
    ca_file: AbsolutePath | None = None


class FreezeSection(Section):
    """When production does not change."""

    windows: tuple[WindowSection, ...] = ()
    periods: tuple[PeriodSection, ...] = ()
    feeds: tuple[FeedSection, ...] = ()


class DashboardSection(Section):
    """How the dashboard looks and listens."""

    theme: Name = "midnight"
    """The name of a theme file, without its ending."""
    mouse: Literal["auto", "on", "off"] = "auto"
    """`auto`: off over SSH, where it would take the terminal's own selection away, and on elsewhere."""
    keys: dict[str, KeyNames] = Field(default_factory=dict)
    """Action -> its keys instead of the default ones; none unbinds it. `wedtui config keys` lists the actions."""


class ServiceSection(Section):
    """How the service runs."""

    mode: Literal["personal", "shared"] = "personal"
    """`personal`: one user, and `wedtui` starts the service where none runs; `shared`: an init system does."""
    autostart: bool = True
    """Whether `wedtui` starts the service in personal mode."""


class LogSection(Section):
    """The service's log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    max_bytes: Whole = Field(default=5_000_000, ge=10_000)
    """A full file is set aside; three are kept."""


class Configuration(Section):
    """Everything that can be configured."""

    environment: Environment = "production"
    cache: CacheSection = Field(default_factory=CacheSection)
    ledger: LedgerSection = Field(default_factory=LedgerSection)
    dashboard: DashboardSection = Field(default_factory=DashboardSection)
    service: ServiceSection = Field(default_factory=ServiceSection)
    log: LogSection = Field(default_factory=LogSection)
    freeze: FreezeSection = Field(default_factory=FreezeSection)
    providers: tuple[ProviderSection, ...] = ()
    probes: tuple[ProbeSection, ...] = ()
    prometheus: tuple[PrometheusSection, ...] = ()

    @property
    def zones(self) -> tuple[str, ...]:
        """Every zone that the configuration names, sorted."""
        return tuple(sorted({zone for window in self.freeze.windows for zone in window.timezones}))


def cross_check(configuration: Configuration) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what no single table can know: names that occur twice, and names that nothing has.

    Each is the path of the key and the sentence that says what was expected.
    """
    wrong: list[tuple[tuple[str | int, ...], str]] = []

    def unique(path: tuple[str | int, ...], names: list[str], key: str = "name") -> None:
        for i, name in enumerate(names):
            if name in names[:i]:
                wrong.append(((*path, i, key), f'expected a name of its own; "{name}" occurs twice'))

    providers = [p.name for p in configuration.providers]
    known = ", ".join(providers) or "none"
    unique(("providers",), providers)
    unique(("probes",), [p.name for p in configuration.probes])
    unique(("prometheus",), [p.name for p in configuration.prometheus])
    unique(("freeze", "feeds"), [f.name for f in configuration.freeze.feeds])
    for i, probe in enumerate(configuration.probes):
        if probe.provider not in providers:
            wrong.append(
                (("probes", i, "provider"), f'expected the name of a provider ({known}); "{probe.provider}" is none')
            )
    seen: set[tuple[str, str]] = set()
    for i, server in enumerate(configuration.prometheus):
        for j, query in enumerate(server.queries):
            path = ("prometheus", i, "queries", j)
            if query.provider not in providers:
                text = f'expected the name of a provider ({known}); "{query.provider}" is none'
                wrong.append(((*path, "provider"), text))
            if (query.provider, query.signal) in seen:
                text = f'expected one query for each signal; {query.signal} of "{query.provider}" has two'
                wrong.append(((*path, "signal"), text))
            seen.add((query.provider, query.signal))
    return wrong
