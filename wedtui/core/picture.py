"""The whole picture at one instant: what the dashboard draws and `wedtui status` prints.

Facts come from the cache, the ledger and the configuration; `assemble` judges them with the same evaluators
that every other caller uses. A picture is frozen: it can be handed to any thread and drawn at any later time,
because every value in it says when it was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from wedtui.core import health
from wedtui.core.action_document import CopiedActions
from wedtui.core.alerts.standing import AlertsNow, unjudged
from wedtui.core.calendar import NO_CALENDAR, CalendarFacts
from wedtui.core.calendar_findings import calendar_findings
from wedtui.core.evidence import Freshness, ProbeEvidence, ProviderEvidence, SignalEvidence, freshness
from wedtui.core.finding import Finding, Severity
from wedtui.core.freeze import Verdict
from wedtui.core.freeze_words import lockdown_words
from wedtui.core.gone import NOTHING_GONE, Gone, gone_findings
from wedtui.core.health import Component, Health, judge
from wedtui.core.inventory import CERTIFICATE_CRITICAL, CERTIFICATE_WARNING, NO_INVENTORY, InventoryFacts
from wedtui.core.inventory_findings import Troubles, inventory_findings, troubles, unreached
from wedtui.core.oncall.standing import OnCallNow
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.services import (
    SeenService,
    ServiceCondition,
    ServiceFacts,
    condition_of,
    leading,
    see_services,
    service_findings,
)
from wedtui.core.share_findings import share_findings
from wedtui.core.state import State, worst
from wedtui.core.text import single_line
from wedtui.core.traffic_facts import TrafficFacts, traffic_findings
from wedtui.core.vantages import vantage_words
from wedtui.core.vendor import vendor_findings
from wedtui.core.wording import listed

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
    "SeenService",
    "ServiceCondition",
    "ServiceFacts",
    "Severity",
    "Troubles",
    "assemble",
    "condition_of",
    "leading",
    "see_services",
    "signal_findings",
    "signal_freshness",
]

# How many of the components that drag a score down are named in one sentence.
CAUSES_NAMED = 2
NOT_JUDGED = "no probe and no signal of health is configured: its health is not judged"
"""Why a provider is UNKNOWN of which nothing is measured that tells its health; its resources may well be known."""


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
    vantage: str = ""
    """Where it was asked from; empty where there is but one."""


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
    attempted_at: datetime | None = None
    """When that was."""


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """One consistent reading of the cache."""

    providers: tuple[ProviderEvidence, ...] = ()
    """In the order of the configuration."""
    probes: tuple[ProbeDetails, ...] = ()
    prometheus: tuple[PrometheusFacts, ...] = ()
    services: tuple[ServiceFacts, ...] = ()
    """By vantage."""
    inventory: InventoryFacts = NO_INVENTORY
    keeper: str = ""
    """The vantage of the service by whose configuration everything here is; empty where that is not known."""
    gone: Gone = NOTHING_GONE
    """What was measured lately and is not configured any more."""
    traffic: TrafficFacts | None = None
    """The record that shares traffic out; None where none is configured."""
    actions: CopiedActions | None = None
    """What was under way by the ledger; None where it was never copied."""
    alerts: AlertsNow | None = None
    """What the rules of alerts found; None where no service has judged them."""


@dataclass(frozen=True, slots=True)
class ProviderPicture:
    """One provider, judged."""

    evidence: ProviderEvidence
    health: Health
    account: str | None = None
    """Why nothing is heard of its account, of which the health says nothing; None where it answers, or has none."""

    @property
    def lacks(self) -> tuple[str, ...]:
        """What its score does not know, in sentences; nothing where it has no score."""
        if self.health.score is None:
            return ()
        basis = self.health.basis
        return (*([f"its score is {basis}"] if basis else []), *([self.account] if self.account else []))

    @property
    def score_words(self) -> str | None:
        """Its score; with a question mark where it lacks something: it may be worse, were that known."""
        return None if self.health.said is None else f"{self.health.said:.1f}{'?' if self.lacks else ''}"

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
    """Of the service that is heard best."""
    service: ServiceFacts | None = None
    services: tuple[SeenService, ...] = ()
    """Every one, by vantage."""
    providers: tuple[ProviderPicture, ...] = ()
    probes: tuple[ProbeDetails, ...] = ()
    prometheus: tuple[PrometheusFacts, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    """Worst first."""
    inventory: InventoryFacts = NO_INVENTORY
    calendar: CalendarFacts = NO_CALENDAR
    """The weddings by which freeze and protection were judged."""
    traffic: TrafficFacts | None = None
    """The record that shares traffic out; None where none is configured."""
    actions: CopiedActions | None = None
    """What was under way by the ledger; None where it was never copied."""
    resources: Troubles | None = None
    """How many of the findings are about resources, which are no part of `state`; None where nobody lists any."""
    alerts: AlertsNow | None = None
    """What the rules of alerts found; None where no service has judged them."""
    oncall: tuple[OnCallNow, ...] = ()
    """Who has each roster, in the order of the configuration; none where no roster is configured."""
    oncall_at: datetime | None = None
    """When the rosters were last looked at and could be used; None: never."""
    oncall_problem: str = ""
    """Why they cannot be used since then: who has it now is not known, only who had it by what could be."""

    @property
    def state(self) -> State:
        """The worst health of any provider; UNKNOWN where there is none, or where no service fills the cache."""
        states = [p.health.state for p in self.providers]
        if self.condition is not ServiceCondition.RUNNING:
            states.append(State.UNKNOWN)
        return worst(states)

    def provider(self, name: str) -> ProviderPicture | None:
        """Return the provider of that name, or None where it is gone."""
        return next((p for p in self.providers if p.name == name), None)


def assemble(
    facts: CacheFacts,
    freeze: Verdict,
    protection: ProtectionVerdict,
    *,
    environment: str,
    now: datetime,
    calendar: CalendarFacts = NO_CALENDAR,
    problems: tuple[Finding, ...] = (),
    process: int | None = None,
    place: str = "",
    unread: bool = False,
) -> Picture:
    """Judge facts at `now`.

    Args:
        facts: one reading of the cache.
        freeze: the verdict of the freeze evaluator for `now`.
        protection: the protection level at `now`; it decides the weights of the score.
        environment: the configured environment.
        now: an aware instant; every age is counted up to it.
        calendar: the weddings by which both were judged.
        problems: findings of the reader itself (a cache that cannot be read, a changed configuration).
        process: the process that holds the lock of this machine's service, where that is known and held.
        place: this machine and state directory.
        unread: whether the cache cannot be read at present: the facts are the last ones that could.
    """
    wedding_day = protection.level.wedding_day
    providers = tuple(
        ProviderPicture(e, judge(e, now, wedding_day=wedding_day), unreached(facts.inventory, e.name, now))
        for e in facts.providers
    )
    services = see_services(facts.services, now, process=process, place=place, unread=unread)
    first = leading(services)
    about_resources = inventory_findings(facts.inventory, now)
    found = [
        *problems,
        *service_findings(services, now, unread=unread, keeper=facts.keeper),
        *_findings_of(facts, providers, about_resources, now),
        *_freeze_findings(freeze),
        *calendar_findings(calendar, freeze.unreadable, now),
        *([] if not any(seen.runs for seen in services) else unjudged(facts.alerts, now)),
    ]
    return Picture(
        at=now,
        environment=environment,
        freeze=freeze,
        protection=protection,
        condition=first.condition if first else ServiceCondition.UNSEEN if unread else ServiceCondition.NEVER,
        service=None if first is None else first.facts,
        services=services,
        providers=providers,
        probes=facts.probes,
        prometheus=facts.prometheus,
        findings=tuple(sorted(found, key=lambda f: _ORDER[f.severity])),
        inventory=facts.inventory,
        calendar=calendar,
        traffic=facts.traffic,
        actions=facts.actions,
        alerts=facts.alerts,
        resources=troubles(facts.inventory, about_resources, now),
    )


# What is known to be down comes before what may be: of a narrow screen only the first line is seen.
_ORDER = {Severity.CRITICAL: 0, Severity.UNKNOWN: 1, Severity.WARNING: 2, Severity.NOTE: 3}


def _findings_of(
    facts: CacheFacts, providers: Sequence[ProviderPicture], about_resources: Iterable[Finding], now: datetime
) -> Iterator[Finding]:
    """Yield what is wrong with what is watched; that of the resources stands among it."""
    for provider in providers:
        yield from _provider_findings(provider, now)
    for provider in providers:
        yield from signal_findings(provider, now)
    for provider in providers:
        yield from vendor_findings(provider.evidence, now)
    yield from gone_findings(facts.gone, now)
    yield from _certificate_findings(facts.probes, now)
    for server in facts.prometheus:
        yield from _prometheus_findings(server, now)
    yield from traffic_findings(facts.traffic, now)
    yield from share_findings(facts.traffic, {p.name: p.weight for p in facts.providers}, now)
    yield from about_resources


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


def signal_findings(provider: ProviderPicture, now: datetime) -> list[Finding]:
    """Say which configured signals have no value that may be used, once for each source; they may hide anything.

    Where nothing at all is known of the provider, that it is UNKNOWN says as much.
    """
    if provider.health.score is None:
        return []
    lost: dict[tuple[str, Freshness], list[SignalEvidence]] = {}
    for signal in provider.evidence.signals:
        fresh = signal_freshness(signal, now)
        if fresh is not Freshness.FRESH:
            lost.setdefault((signal.source, fresh), []).append(signal)
    found = []
    for (source, fresh), signals in lost.items():
        names = listed(tuple(s.signal for s in signals))
        problem = next((s.problem for s in signals if s.problem), None)
        known = [s.measured_at for s in signals if s.measured_at is not None]
        why = problem or _LOST[fresh]
        if problem and not known:
            why += f"; {_LOST[Freshness.MISSING]}"
        text = f"{names} from {source} {'is' if len(signals) == 1 else 'are'} UNKNOWN: {why}"
        tried = max((s.attempted_at for s in signals if s.attempted_at is not None), default=None)
        found.append(Finding(Severity.WARNING, provider.name, text, min(known, default=tried)))
    return found


_LOST = {
    Freshness.STALE: "no new value came, the last one is too old",
    Freshness.FUTURE: "its last value is of a time that is yet to come",
    Freshness.MISSING: "no value ever came",
}


def _why(provider: ProviderPicture, now: datetime) -> str:
    """Say in a few words what drags a provider down: the newest failure, the ceilings, the worst components."""
    found = provider.health
    failures = _newest_failures(provider.evidence.probes, now)
    split = vantage_words(provider.evidence.probes, now)
    causes = [*([split] if split else []), *([failures] if failures else [])]
    causes += provider.lacks
    causes += found.ceilings
    low = [c for c in found.components if c.known and c.value is not None and c.value < 1]
    low.sort(key=lambda c: c.weight * (1 - (c.value or 0.0)), reverse=True)
    causes += [_measured(c) for c in low[:CAUSES_NAMED]]
    if not causes:
        causes = [f"{c.name} {c.problem or c.freshness}" for c in found.missing]
    if not causes:
        watched = any(c.expected for c in found.components)
        causes = ["nothing is known of it" if watched else NOT_JUDGED]
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
            return f"{probe.label} {newest.failure or 'failed'}"
    return None


def _certificate_findings(probes: Iterable[ProbeDetails], now: datetime) -> list[Finding]:
    found: dict[tuple[str, str], Finding] = {}
    newest: dict[str, datetime] = {}
    for details in probes:
        if details.measured_at is not None:
            newest[details.name] = max(details.measured_at, newest.get(details.name, details.measured_at))
    for details in probes:
        expires, at = details.certificate_expires_at, details.measured_at
        if expires is None or expires - now > CERTIFICATE_WARNING:
            continue
        if at is not None and newest[details.name] - at > health.AVAILABILITY_WINDOW:
            # From where it was not seen for a while it may have been another.
            continue
        left = expires - now
        severity = Severity.CRITICAL if left <= CERTIFICATE_CRITICAL else Severity.WARNING
        words = f"its certificate expires in {left.days} d" if left > timedelta() else "its certificate has expired"
        text = f"{words} ({expires:%Y-%m-%d %H:%M} UTC)"
        # From several vantages it is the same one, unless it is not.
        found.setdefault((details.name, text), Finding(severity, details.name, text, details.measured_at))
    return list(found.values())


def _prometheus_findings(server: PrometheusFacts, now: datetime) -> list[Finding]:
    age = freshness(server.measured_at, server.interval, now)
    if server.problem or age is not Freshness.FRESH:
        text = server.problem or (f"its answers are {age}" if server.measured_at else "")
        text = text if server.measured_at else "; ".join(filter(None, (text, "it never answered")))
        return [Finding(Severity.WARNING, server.name, text, server.measured_at or server.attempted_at)]
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
    found = [Finding(Severity.WARNING, "freeze", text, freeze.at) for text in freeze.unreadable]
    if (locked := freeze.lockdown) is not None:
        ends = f"; `wedtui freeze lift {locked.number} --reason WHY` ends it" if locked.number else ""
        since = f"{locked.start.astimezone(UTC):%a %d %b %H:%M} UTC"
        text = f"{lockdown_words(freeze)} since {since}: {locked.reason or 'everything is frozen'}{ends}"
        found.append(Finding(Severity.WARNING, "freeze", text, locked.start))
    for each in freeze.overrides:
        # No span that is left: a finding that says another thing every second is another one every second.
        until = f"{each.expires_at.astimezone(UTC):%H:%M} UTC"
        text = f"a freeze is overridden for {each.object} until {until} by {each.person}: {single_line(each.reason)}"
        found.append(Finding(Severity.WARNING, "freeze", text, each.at))
    return found


def signal_freshness(signal: SignalEvidence, now: datetime) -> Freshness:
    """Say whether a signal's last value may still be used."""
    return freshness(signal.measured_at, signal.interval, now)
