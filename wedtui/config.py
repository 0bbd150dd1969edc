"""The configuration as one typed tree: every key, its unit, its default and what is refused.

Where the file is, how the environment is laid over it and how an error finds its line is in `config_file`.
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from wedtui.config_alerts import AlertSourceSection
from wedtui.config_audit import AuditSection
from wedtui.config_base import Headers, Secret, Section
from wedtui.config_control import ControlSection, RolesSection
from wedtui.config_deployments import DeploymentsSection, deployment_problems
from wedtui.config_notify import ChannelSection, HeartbeatSection
from wedtui.config_oncall import OnCallSection, oncall_problems
from wedtui.config_traffic import TrafficSection
from wedtui.config_values import (
    AbsolutePath,
    Account,
    AccountNumber,
    DimensionName,
    Duration,
    EndpointUrl,
    Environment,
    FeedUrl,
    HttpUrl,
    Instant,
    KeyNames,
    LoopbackAddress,
    Name,
    Pattern,
    Region,
    RoleArn,
    Signal,
    Status,
    Title,
    Wall,
    Whole,
    Zone,
    between,
    number,
)
from wedtui.config_weddings import WeddingsSection
from wedtui.core.evidence import COST_SIGNAL, RATIO_SIGNALS
from wedtui.core.rollup import KEPT, StepName


def _with_defaults(value: dict[Any, Any]) -> dict[Any, Any]:
    return {**{step: value.get(step, kept) for step, kept in KEPT.items()}, **value}


class CacheSection(Section):
    """What can be learnt again."""

    url: str | None = None
    """An SQLAlchemy URL; by default `cache.db` in the state directory."""
    keep_samples: Duration = timedelta(days=7)
    """How long samples and probe rounds are kept."""
    keep_vanished: Duration = timedelta(days=7)
    """How long resources are kept that are gone, and what was learnt from askings that are no longer made."""
    keep_rollups: dict[StepName, Duration] = Field(default_factory=lambda: _with_defaults({}), validate_default=True)
    """How long roll-ups of 1m, 5m, 15m, 1h and 1d are kept; a step that is not named keeps its default."""

    @field_validator("keep_rollups", mode="before")
    @classmethod
    def _all_steps(cls, value: Any) -> Any:
        return _with_defaults(value) if isinstance(value, dict) else value

    @field_validator("keep_rollups")
    @classmethod
    def _coarser_longer(cls, value: dict[StepName, timedelta]) -> dict[StepName, timedelta]:
        for finer, coarser in itertools.pairwise(value):
            if value[coarser] < value[finer]:
                raise ValueError(f"expected {coarser} to be kept at least as long as {finer}, which it is rolled from")
        return value


class LedgerSection(Section):
    """What cannot be learnt again."""

    url: str | None = None
    """An SQLAlchemy URL; by default `ledger.db` in the state directory."""


class MetricSection(Section):
    """A metric of CloudWatch that gives one signal of the provider."""

    signal: Signal
    namespace: Annotated[str, Field(min_length=1, max_length=255)]
    """Such as `AWS/ApplicationELB`."""
    metric: Annotated[str, Field(min_length=1, max_length=255)]
    """Such as `TargetResponseTime`."""
    stat: Annotated[str, Field(min_length=1, max_length=64)] = "Average"
    """`Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount`, or a percentile such as `p95`."""
    dimensions: dict[DimensionName, Annotated[str, Field(min_length=1, max_length=1024)]] = Field(default_factory=dict)
    """All that the metric has: CloudWatch finds nothing for a part of them."""
    region: Region | None = None
    """By default the first of `regions`, or the region that the profile names."""
    per: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """A metric of the same namespace and dimensions to divide by, for a share such as an error rate."""
    sparse: bool = False
    """With `per`: the metric is reported only where it is not 0, as counts of errors are."""
    unit: Literal["percent", "seconds", "microseconds", "count"] | None = None
    """What it is reported in: `percent` is divided by 100, `seconds` and `microseconds` become milliseconds, `count`
    is divided by the period, to give a rate a second; by default the value is taken as it is."""
    period: Annotated[Duration, between(least=timedelta(seconds=60), most=timedelta(days=1))] = timedelta(minutes=5)
    """What one value covers: whole minutes; most services report each minute or each five."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.period % timedelta(minutes=1):
            raise ValueError("expected a period of whole minutes")
        if self.sparse and self.per is None:
            raise ValueError("expected per beside sparse: else nothing tells 0 from no data")
        if self.per is not None and self.unit in {"seconds", "microseconds", "count"}:
            raise ValueError("expected no such unit beside per: a share has none")
        return self


class AwsSection(Section):
    """An account of Amazon Web Services; its credentials are found by the SDK's own chain."""

    profile: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """A profile of the SDK's own files; by default as the SDK's environment variables say."""
    role_arn: RoleArn | None = None
    """A role to assume with these credentials."""
    account: AccountNumber | None = None
    """The account whose credentials they must be; by default the one that they were first."""
    regions: tuple[Region, ...] = ()
    """None means all that the account has switched on."""
    endpoint_url: EndpointUrl | None = None
    """Where every service is asked instead of at Amazon's own addresses."""
    metrics: tuple[MetricSection, ...] = ()
    cost: bool = False
    """Whether Cost Explorer is asked: each request costs US$ 0.01."""
    resource_cost: bool = False
    """Whether Cost Explorer is asked for single resources too, which the account has to enable: US$ 0.01 a page."""
    resource_cost_services: tuple[Annotated[str, Field(min_length=1, max_length=1024)], ...] = Field(
        default=("Amazon Elastic Compute Cloud - Compute",), min_length=1, max_length=20
    )
    """The services as bills name them, of whose resources it is asked."""
    timeout: Annotated[Duration, between(least=timedelta(milliseconds=100), most=timedelta(seconds=60))] = timedelta(
        seconds=5
    )
    """For one request, in all."""
    interval: Annotated[Duration, between(least=timedelta(seconds=10))] | None = None
    """Between two looks at what changes fast; by default by the protection level (60 s, in wedding-day mode 30 s)."""
    inventory_interval: Annotated[Duration, between(least=timedelta(minutes=1), most=timedelta(days=1))] = timedelta(
        minutes=10
    )
    """Between two looks at what changes slowly: names, tags, buckets, certificates, disks and snapshots."""
    metrics_interval: Annotated[Duration, between(least=timedelta(minutes=1), most=timedelta(hours=1))] = timedelta(
        minutes=5
    )
    """Between two readings of the metrics: each metric costs US$ 0.01 per thousand readings."""
    cost_interval: Annotated[Duration, between(least=timedelta(hours=1), most=timedelta(days=7))] = timedelta(hours=6)
    resource_cost_interval: Annotated[Duration, between(least=timedelta(hours=1), most=timedelta(days=7))] = timedelta(
        days=1
    )
    """Between two readings of what resources cost: a day's bill is not complete before another day is over."""


class ProviderSection(Section):
    """A provider whose health is judged."""

    name: Name
    kind: Literal["probed", "aws"] = "probed"
    """`probed`: watched by probes and Prometheus alone; `aws`: an account whose own API is asked as well."""
    weight: Whole = Field(default=0, ge=0, le=100)
    """Its share of traffic, 0..100."""
    capacity: Annotated[float, BeforeValidator(number), Field(gt=0, allow_inf_nan=False)] | None = None
    """Requests per second that it can serve."""
    aws: AwsSection | None = None
    """Only for the kind `aws`, which does without it too."""


class ProbeSection(Section):
    """An HTTP probe."""

    name: Name
    provider: Name
    url: HttpUrl
    method: Literal["GET", "HEAD"] = "GET"
    interval: Annotated[Duration, between(least=timedelta(milliseconds=500))] | None = None
    """Between two rounds; by default by the protection level (10 s, in wedding-day mode 3 s)."""
    timeout: Annotated[Duration, between(most=timedelta(seconds=60))] = timedelta(seconds=2)
    """For one attempt, from the look-up of the name to the last byte."""
    retries: Whole = Field(default=0, ge=0, le=3)
    """Further attempts before a round counts as failed; each hides a failed request, so there are none by default."""
    expect_status: tuple[Status, ...] = Field(default=(200,), min_length=1)
    expect_body: Pattern | None = None
    """A regular expression that the first 64 KiB of the body must match somewhere."""
    headers: Headers = Field(default_factory=dict)
    ca_file: AbsolutePath | None = None
    """Certificates to trust instead of the system's."""
    service: Name | None = None
    """Of the platform, to which it belongs: a label of its alerts."""
    guest_facing: bool = False
    """Whether guests see that service (RSVP, gallery, timeline): its alerts are critical while weddings are live."""

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
    interval: Annotated[Duration, between(least=timedelta(seconds=1))] | None = None
    """By default by the protection level (60 s, in wedding-day mode 30 s)."""
    service: Name | None = None
    """Of the platform, to which it belongs: a label of its alerts."""
    guest_facing: bool = False
    """Whether guests see that service (RSVP, gallery, timeline): its alerts are critical while weddings are live."""

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        if self.unit is not None and self.signal not in RATIO_SIGNALS:
            raise ValueError(f"expected unit only for {', '.join(sorted(RATIO_SIGNALS))}")
        return self


class PrometheusSection(Section):
    """A Prometheus server, or what speaks its API."""

    name: Name
    url: HttpUrl
    interval: Annotated[Duration, between(least=timedelta(seconds=1))] | None = None
    """Between two looks at its readiness, targets and alerts; by default as for queries."""
    timeout: Annotated[Duration, between(most=timedelta(seconds=60))] = timedelta(seconds=5)
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
    interval: Annotated[Duration, between(least=timedelta(seconds=5), most=timedelta(hours=6))] = timedelta(minutes=15)
    timeout: Annotated[Duration, between(most=timedelta(seconds=60))] = timedelta(seconds=10)
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
    colours: Literal["auto", "16m", "256", "16", "none"] = "auto"
    """How many colours the terminal has; `auto`: as its environment says."""
    charset: Literal["auto", "utf-8", "latin-1", "ascii"] = "auto"
    """Which characters the terminal has; `auto`: those of the locale."""


class ServiceSection(Section):
    """How the service runs."""

    mode: Literal["personal", "shared"] = "personal"
    """`personal`: one user, and `wedtui` starts the service where none runs; `shared`: an init system does."""
    autostart: bool = True
    """Whether `wedtui` starts the service in personal mode."""
    user: Account = "wedtui"
    """In shared mode, the user that it runs as and that owns its files; its group of the same name reads the cache."""
    state_dir: AbsolutePath | None = None
    """Where its files are; by default the user's own directory, in shared mode `/var/lib/wedtui`."""
    vantage: Name | None = None
    """From where it watches: its name among several services on one PostgreSQL; by default the machine's."""
    metrics: LoopbackAddress | None = None
    """Where a Prometheus on this machine reads the service's own figures (`/metrics`); by default nowhere."""


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
    audit: AuditSection = Field(default_factory=AuditSection)
    dashboard: DashboardSection = Field(default_factory=DashboardSection)
    service: ServiceSection = Field(default_factory=ServiceSection)
    roles: RolesSection = Field(default_factory=RolesSection)
    control: ControlSection = Field(default_factory=ControlSection)
    notify: dict[Name, ChannelSection] = Field(default_factory=dict)
    oncall: OnCallSection = Field(default_factory=OnCallSection)
    routes: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    """By the route of a rule, the channels that are asked first, in their order."""
    heartbeat: HeartbeatSection = Field(default_factory=HeartbeatSection)
    log: LogSection = Field(default_factory=LogSection)
    freeze: FreezeSection = Field(default_factory=FreezeSection)
    weddings: WeddingsSection = Field(default_factory=WeddingsSection)
    traffic: TrafficSection = Field(default_factory=TrafficSection)
    providers: tuple[ProviderSection, ...] = ()
    probes: tuple[ProbeSection, ...] = ()
    prometheus: tuple[PrometheusSection, ...] = ()
    alert_sources: tuple[AlertSourceSection, ...] = ()
    deployments: DeploymentsSection = Field(default_factory=DeploymentsSection)

    @property
    def zones(self) -> tuple[str, ...]:
        """Every zone that the configuration names, in its order: a screen goes by the clock of the first."""
        return tuple(dict.fromkeys(zone for window in self.freeze.windows for zone in window.timezones))


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
    unique(("alert_sources",), [s.name for s in configuration.alert_sources])
    unique(("audit", "anchors"), [a.name for a in configuration.audit.anchors])
    unique(("freeze", "feeds"), [f.name for f in configuration.freeze.feeds])
    unique(("weddings", "sources"), [s.name for s in configuration.weddings.sources])
    wrong += _check_routes(configuration)
    for i, probe in enumerate(configuration.probes):
        if probe.provider not in providers:
            wrong.append(
                (("probes", i, "provider"), f'expected the name of a provider ({known}); "{probe.provider}" is none')
            )
    for i, place in enumerate(configuration.traffic.places):
        if place.provider not in providers:
            text = f'expected the name of a provider ({known}); "{place.provider}" is none'
            wrong.append((("traffic", "places", i, "provider"), text))
    wrong += _check_alert_sources(configuration, providers)
    wrong += oncall_problems(configuration.oncall, configuration.notify)
    wrong += deployment_problems(configuration.deployments, _signals_of(configuration))
    return wrong + _check_signals(configuration, providers)


def _signals_of(configuration: Configuration) -> set[tuple[str, str]]:
    """Return what is measured, by provider and name."""
    metrics = {
        (each.name, metric.signal) for each in configuration.providers if each.aws for metric in each.aws.metrics
    }
    return metrics | {(query.provider, query.signal) for each in configuration.prometheus for query in each.queries}


def _check_routes(configuration: Configuration) -> list[tuple[tuple[str | int, ...], str]]:
    """Return which routes lead to no channel."""
    known = ", ".join(configuration.notify) or "none"
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    for route, names in configuration.routes.items():
        missing = [f'; "{name}" is none' for name in names if name not in configuration.notify] or [""]
        if not names or missing[0]:
            wrong += [(("routes", route), f"expected the name of a channel ({known}){each}") for each in missing]
    return wrong


def _check_alert_sources(configuration: Configuration, providers: list[str]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return which of these name a provider or a route that there is not."""
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    known, routes = ", ".join(providers) or "none", ", ".join(configuration.routes) or "none"
    asked: dict[tuple[str, str], str] = {}
    for i, source in enumerate(configuration.alert_sources):
        for url in source.addresses:
            same = asked.setdefault((source.kind, url.rstrip("/")), source.name)
            if same != source.name:
                key = "url" if url == source.url else "urls"
                wrong.append((("alert_sources", i, key), f'expected an address of its own; "{same}" asks the same'))
        for theirs, provider in source.providers.items():
            if provider not in providers:
                text = f'expected the name of a provider ({known}); "{provider}" is none'
                wrong.append((("alert_sources", i, "providers", theirs), text))
        if source.route is not None and source.route not in configuration.routes:
            text = f'expected the name of a route ({routes}); "{source.route}" is none'
            wrong.append((("alert_sources", i, "route"), text))
    return wrong


def _check_signals(configuration: Configuration, providers: list[str]) -> list[tuple[tuple[str | int, ...], str]]:
    """Return what is wrong with what gives signals: of no provider, or of one that has that signal already."""
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    seen: set[tuple[str, str]] = set()

    def once(provider: str, signal: str, path: tuple[str | int, ...]) -> None:
        if (provider, signal) in seen:
            wrong.append(((*path, "signal"), f'expected one query for each signal; {signal} of "{provider}" has two'))
        seen.add((provider, signal))

    for i, section in enumerate(configuration.providers):
        if section.aws is None:
            continue
        if section.kind != "aws":
            wrong.append((("providers", i, "aws"), f'expected kind = "aws" beside it; "{section.name}" is of another'))
        if section.aws.cost:
            seen.add((section.name, COST_SIGNAL))
        for j, metric in enumerate(section.aws.metrics):
            once(section.name, metric.signal, ("providers", i, "aws", "metrics", j))
    for i, server in enumerate(configuration.prometheus):
        for j, query in enumerate(server.queries):
            path = ("prometheus", i, "queries", j)
            if query.provider not in providers:
                text = f'expected the name of a provider ({", ".join(providers) or "none"}); "{query.provider}" is none'
                wrong.append(((*path, "provider"), text))
            once(query.provider, query.signal, path)
    return wrong
