"""The whole picture at one instant: what the dashboard draws and `wedtui status` prints.

Facts come from the cache, the ledger and the configuration; `assemble` judges them with the same evaluators
that every other caller uses. A picture is frozen: it can be handed to any thread and drawn at any later time,
because every value in it says when it was measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core import health
from wedtui.core.evidence import Freshness, ProbeEvidence, ProviderEvidence, SignalEvidence, freshness
from wedtui.core.finding import Finding, Severity
from wedtui.core.freeze import Verdict
from wedtui.core.health import Component, Health, judge
from wedtui.core.inventory import CERTIFICATE_CRITICAL, CERTIFICATE_WARNING, NO_INVENTORY, InventoryFacts
from wedtui.core.inventory_findings import inventory_findings
from wedtui.core.season import ProtectionVerdict
from wedtui.core.state import State, worst

__all__ = [
    "CERTIFICATE_CRITICAL",
    "CERTIFICATE_WARNING",
    "AlertFacts",
    "CacheFacts",
    "Finding",
    "Picture",
    "ProbeDetails",
    "PrometheusFacts",
    "ProviderPicture",
    "ServiceCondition",
    "ServiceFacts",
    "Severity",
    "assemble",
    "condition_of",
    "signal_freshness",
]

# A service writes its heartbeat every second or two; three missed ones and it is not believed.
HEARTBEAT_FRESH = timedelta(seconds=6)
# How many of the components that drag a score down are named in one sentence.
CAUSES_NAMED = 2


class ServiceCondition(StrEnum):
    """What the cache says of the service that fills it."""

    RUNNING = "running"
    STOPPED = "stopped"  # it said so before it ended
    DEAD = "dead"  # it did not say so, and its heartbeat is old
    STUCK = "stuck"  # its process is there, but it stores nothing
    NEVER = "never started"


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What the service last wrote about itself."""

    instance: str
    """Changes at every start."""
    pid: int
    mode: str
    """`personal` or `shared`."""
    version: str
    environment: str
    started_at: datetime
    heartbeat_at: datetime
    stopped_at: datetime | None = None
    configuration_digest: str = ""
    skipped: int = 0
    """Schedules that were dropped because the one before was still under way."""
    dropped: int = 0
    """Samples that could not be stored."""
    late_ms_p99: float | None = None
    """How late schedules fired in the last minute."""
    problems: tuple[str, ...] = ()
    """What it cannot do at present (disk full, a feed it cannot read), in sentences."""


@dataclass(frozen=True, slots=True)
class ProbeDetails:
    """What the newest round of a probe measured beside pass or fail."""

    name: str
    url: str
    """Redacted: without user, password or query values."""
    timeout: timedelta
    status: int | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    certificate_expires_at: datetime | None = None
    measured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """One alert that a Prometheus server reports."""

    name: str
    state: str
    """`pending` or `firing`."""
    severity: str | None
    active_at: datetime | None
    summary: str | None
    provider: str | None
    """The value of its `provider` label, where it has one."""


@dataclass(frozen=True, slots=True)
class PrometheusFacts:
    """What one Prometheus server says of itself and its targets."""

    name: str
    url: str
    interval: timedelta
    measured_at: datetime | None = None
    """When it last answered."""
    ready: bool | None = None
    targets_up: int = 0
    targets_down: tuple[str, ...] = ()
    """`job/instance: error` of each target that is down."""
    alerts: tuple[AlertFacts, ...] = ()
    problem: str | None = None
    """Why the newest attempt failed; None when it did not."""


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """One consistent reading of the cache."""

    providers: tuple[ProviderEvidence, ...] = ()
    """In the order of the configuration."""
    probes: tuple[ProbeDetails, ...] = ()
    prometheus: tuple[PrometheusFacts, ...] = ()
    service: ServiceFacts | None = None
    inventory: InventoryFacts = NO_INVENTORY


@dataclass(frozen=True, slots=True)
class ProviderPicture:
    """One provider, judged."""

    evidence: ProviderEvidence
    health: Health

    @property
    def name(self) -> str:
        """The provider's name, which is its identity."""
        return self.evidence.name


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything, at one instant."""

    at: datetime
    environment: str
    freeze: Verdict
    protection: ProtectionVerdict
    condition: ServiceCondition = ServiceCondition.NEVER
    service: ServiceFacts | None = None
    providers: tuple[ProviderPicture, ...] = ()
    probes: tuple[ProbeDetails, ...] = ()
    prometheus: tuple[PrometheusFacts, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    """Worst first."""
    inventory: InventoryFacts = NO_INVENTORY

    @property
    def state(self) -> State:
        """The worst state of any provider; UNKNOWN where there is none, or where no service fills the cache."""
        states = [p.health.state for p in self.providers]
        if self.condition is not ServiceCondition.RUNNING:
            states.append(State.UNKNOWN)
        return worst(states)

    def provider(self, name: str) -> ProviderPicture | None:
        """Return the provider of that name, or None where it is gone."""
        return next((p for p in self.providers if p.name == name), None)


def condition_of(service: ServiceFacts | None, now: datetime, *, process: int | None = None) -> ServiceCondition:
    """Say whether the service that fills the cache can be believed to run.

    Args:
        service: what it last wrote about itself.
        now: an aware instant.
        process: the process that holds the service's lock, where that is known and held.
    """
    if service is None:
        return ServiceCondition.NEVER
    if service.stopped_at is not None:
        return ServiceCondition.STOPPED
    fresh = -HEARTBEAT_FRESH <= now - service.heartbeat_at <= HEARTBEAT_FRESH
    if fresh:
        return ServiceCondition.RUNNING
    return ServiceCondition.DEAD if process is None else ServiceCondition.STUCK


def assemble(
    facts: CacheFacts,
    freeze: Verdict,
    protection: ProtectionVerdict,
    *,
    environment: str,
    now: datetime,
    problems: tuple[Finding, ...] = (),
    process: int | None = None,
) -> Picture:
    """Judge facts at `now`.

    Args:
        facts: one reading of the cache.
        freeze: the verdict of the freeze evaluator for `now`.
        protection: the protection level at `now`; it decides the weights of the score.
        environment: the configured environment.
        now: an aware instant; every age is counted up to it.
        problems: findings of the reader itself (a cache that cannot be read, a changed configuration).
        process: the process that holds the service's lock, where that is known and held.
    """
    wedding_day = protection.level.wedding_day
    providers = tuple(ProviderPicture(e, judge(e, now, wedding_day=wedding_day)) for e in facts.providers)
    condition = condition_of(facts.service, now, process=process)
    findings = [
        *problems,
        *_service_findings(facts.service, condition),
        *(f for p in providers for f in _provider_findings(p, now)),
        *(f for d in facts.probes for f in _certificate_findings(d, now)),
        *(f for p in facts.prometheus for f in _prometheus_findings(p, now)),
        *inventory_findings(facts.inventory, now),
        *_freeze_findings(freeze),
    ]
    order = {Severity.CRITICAL: 0, Severity.UNKNOWN: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    return Picture(
        at=now,
        environment=environment,
        freeze=freeze,
        protection=protection,
        condition=condition,
        service=facts.service,
        providers=providers,
        probes=facts.probes,
        prometheus=facts.prometheus,
        findings=tuple(sorted(findings, key=lambda f: order[f.severity])),
        inventory=facts.inventory,
    )


def _service_findings(service: ServiceFacts | None, condition: ServiceCondition) -> list[Finding]:
    if service is None or condition is ServiceCondition.NEVER:
        return [
            Finding(
                Severity.CRITICAL,
                "service",
                "no service has ever filled this cache: start one with `wedtui service start`",
            )
        ]
    if condition is ServiceCondition.STOPPED:
        text = "the service was stopped: nothing is being watched; start it with `wedtui service start`"
        return [Finding(Severity.CRITICAL, "service", text, service.stopped_at)]
    if condition is ServiceCondition.STUCK:
        text = "the service runs but stores nothing: look at its disk and its log (`wedtui service status`)"
        return [Finding(Severity.CRITICAL, "service", text, service.heartbeat_at)]
    if condition is ServiceCondition.DEAD:
        text = "the service is dead: nothing is being watched; start it with `wedtui service start`"
        return [Finding(Severity.CRITICAL, "service", text, service.heartbeat_at)]
    found = [Finding(Severity.WARNING, "service", text, service.heartbeat_at) for text in service.problems]
    if service.dropped:
        text = f"{service.dropped} observations were dropped since it started"
        found.append(Finding(Severity.WARNING, "service", text, service.heartbeat_at))
    if service.skipped:
        text = f"{service.skipped} askings were skipped since it started: the one before was still under way"
        found.append(Finding(Severity.NOTE, "service", text, service.heartbeat_at))
    return found


HEALTH_SEVERITIES = {
    State.DEGRADED: Severity.WARNING,
    State.CRITICAL: Severity.CRITICAL,
    State.UNKNOWN: Severity.UNKNOWN,
}
"""How much it matters that a provider is in a state."""


def health_prefix(state: State) -> str:
    """Return how the text of a provider's finding begins: with its state, unless the severity is the same word."""
    return f"{state}: " if state is State.DEGRADED else ""


def _provider_findings(provider: ProviderPicture, now: datetime) -> list[Finding]:
    found = provider.health
    if found.state is State.OK:
        return []
    text = f"{health_prefix(found.state)}{_why(provider, now)}"
    return [Finding(HEALTH_SEVERITIES[found.state], provider.name, text, found.measured_at)]


def _why(provider: ProviderPicture, now: datetime) -> str:
    """Say in a few words what drags a provider down: the newest failure, the ceilings, the worst components."""
    found = provider.health
    failures = _newest_failures(provider.evidence.probes, now)
    causes = [*([failures] if failures else []), *found.ceilings]
    low = [c for c in found.components if c.known and c.value is not None and c.value < 1]
    low.sort(key=lambda c: c.weight * (1 - (c.value or 0.0)), reverse=True)
    causes += [_measured(c) for c in low[:CAUSES_NAMED]]
    if not causes:
        causes = [f"{c.name} {c.problem or c.freshness}" for c in found.missing] or ["nothing is known of it"]
    return "; ".join(causes)


def _measured(component: Component) -> str:
    """Say what a component was made from, in its own unit."""
    measure = component.measure or 0.0
    match component.name:
        case health.LATENCY:
            return f"latency p95 {measure:.0f} ms"
        case health.AVAILABILITY:
            return f"{100 * measure:.0f} % of probe rounds passed in 5 min"
        case health.ERRORS:
            return f"{100 * measure:.1f} % errors" + (" in 5 min of probes" if component.source == "probes" else "")
        case health.SATURATION:
            return f"{100 * measure:.0f} % saturated"
        case _:
            return f"{component.name} counts {component.value or 0.0:g} of 1"


def _newest_failures(probes: tuple[ProbeEvidence, ...], now: datetime) -> str | None:
    """Return the newest failure of the first probe whose last round failed, while it is fresh."""
    for probe in probes:
        newest = probe.rounds[0] if probe.rounds else None
        if newest and not newest.passed and freshness(newest.at, probe.interval, now) is Freshness.FRESH:
            return f"{probe.name} {newest.failure or 'failed'}"
    return None


def _certificate_findings(details: ProbeDetails, now: datetime) -> list[Finding]:
    expires = details.certificate_expires_at
    if expires is None or expires - now > CERTIFICATE_WARNING:
        return []
    left = expires - now
    severity = Severity.CRITICAL if left <= CERTIFICATE_CRITICAL else Severity.WARNING
    words = f"its certificate expires in {left.days} d" if left > timedelta() else "its certificate has expired"
    return [Finding(severity, details.name, f"{words} ({expires:%Y-%m-%d %H:%M} UTC)", details.measured_at)]


def _prometheus_findings(server: PrometheusFacts, now: datetime) -> list[Finding]:
    age = freshness(server.measured_at, server.interval, now)
    if server.problem or age is not Freshness.FRESH:
        return [Finding(Severity.WARNING, server.name, server.problem or f"its answers are {age}", server.measured_at)]
    found = []
    if server.ready is False:
        found.append(Finding(Severity.WARNING, server.name, "it says that it is not ready", server.measured_at))
    found += [
        Finding(Severity.WARNING, server.name, f"target down: {t}", server.measured_at) for t in server.targets_down
    ]
    for alert in server.alerts:
        if alert.state == "firing":
            severity = Severity.CRITICAL if alert.severity == "critical" else Severity.WARNING
            words = f"{alert.name} is firing" + (f": {alert.summary}" if alert.summary else "")
            found.append(Finding(severity, alert.provider or server.name, words, server.measured_at))
    return found


def _freeze_findings(freeze: Verdict) -> list[Finding]:
    return [Finding(Severity.WARNING, "freeze", text, freeze.at) for text in freeze.unreadable]


def signal_freshness(signal: SignalEvidence, now: datetime) -> Freshness:
    """Say whether a signal's last value may still be used."""
    return freshness(signal.measured_at, signal.interval, now)
