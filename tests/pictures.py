"""Pictures for tests: a small world at a fixed instant, and a source and a clock that a test moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from wedtui.core.calendar import NO_CALENDAR, CalendarFacts
from wedtui.core.calendar_query import (
    Conflicts,
    ListedWedding,
    LiveBreakdown,
    LivePart,
    SourceDetails,
    WeddingPage,
    WeddingQuery,
)
from wedtui.core.changes import ChangeQuery, Timeline, Told, merge
from wedtui.core.evidence import ProbeEvidence, ProbeRound, ProviderEvidence, SignalEvidence
from wedtui.core.freeze import Reason, Verdict
from wedtui.core.inventory import NO_INVENTORY, InventoryFacts, ResourcePage, ResourceQuery
from wedtui.core.picture import CacheFacts, Finding, Picture, ProbeDetails, PrometheusFacts, ServiceFacts, assemble
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.season import Protection
from wedtui.core.series import Point, Series
from wedtui.errors import WedtuiError

NOW = datetime(2026, 6, 20, 12, 0, 5, tzinfo=UTC)
"""A Saturday in June, at noon."""
SECOND = timedelta(seconds=1)

FROZEN = Verdict(
    frozen=True,
    at=NOW,
    since=datetime(2026, 6, 19, 17, tzinfo=UTC),
    until=datetime(2026, 6, 22, 10, tzinfo=UTC),
    zone="America/New_York",
    reasons=("wedding weekend",),
    holding=(
        Reason(
            "wedding weekend",
            datetime(2026, 6, 19, 17, tzinfo=UTC),
            datetime(2026, 6, 22, 10, tzinfo=UTC),
            "America/New_York",
        ),
    ),
)
OPEN = Verdict(
    frozen=False,
    at=NOW,
    zone="Europe/London",
    next_start=NOW + timedelta(hours=3, minutes=10),
    next_reasons=("wedding weekend",),
)
SATURDAY = ProtectionVerdict(
    Protection.MAXIMUM, ("by the date, without a wedding calendar: Saturday in Europe/London, season peak",)
)
SERVICE = ServiceFacts(
    instance="1",
    pid=4711,
    mode="shared",
    version="0",
    environment="production",
    started_at=NOW - timedelta(hours=5),
    heartbeat_at=NOW - SECOND,
)


def probe(
    name: str, pattern: str = "." * 20, *, age: float = 1, interval: float = 3, latency: float = 120.0
) -> ProbeEvidence:
    """Make a probe from its rounds, newest first: `.` passed, `x` failed with 503."""
    rounds = tuple(
        ProbeRound(
            NOW - age * SECOND - i * interval * SECOND,
            sign == ".",
            None if sign == "." else "status 503, expected 200",
            latency + 7 * (i % 3) if sign == "." else None,
        )
        for i, sign in enumerate(pattern)
    )
    return ProbeEvidence(name, interval * SECOND, rounds)


def signal(
    name: str, value: float | None, *, age: float = 12, interval: float = 30, problem: str | None = None
) -> SignalEvidence:
    """Make a signal whose last value is `age` seconds old."""
    at = None if value is None else NOW - age * SECOND
    return SignalEvidence(name, "prometheus main", interval * SECOND, value, at, problem)


def provider(
    name: str,
    weight: int,
    probes: tuple[ProbeEvidence, ...] | None = None,
    *,
    p95: float = 240,
    errors: float = 0.0012,
    cpu: float = 0.41,
    age: float = 12,
) -> ProviderEvidence:
    """Make a provider that is well unless told otherwise."""
    signals = (
        signal("latency_p95_ms", p95, age=age),
        signal("error_rate", errors, age=age),
        signal("cpu", cpu, age=age),
        signal("requests", 412.0, age=age),
    )
    return ProviderEvidence(
        name, "probed", weight, 1200.0, probes=(probe(f"rsvp-{name}"),) if probes is None else probes, signals=signals
    )


WELL = (provider("aws", 60), provider("gcp", 25, p95=180), provider("azure", 15), provider("hetzner", 0, p95=95))
TROUBLED = (
    provider("aws", 60, (probe("rsvp-aws", "xxx.................", latency=900),), p95=2400, errors=0.12),
    provider("gcp", 25, p95=1240, errors=0.021),
    provider("azure", 15),
    provider("hetzner", 0, (probe("rsvp-hetzner", age=95),), age=140),
)


def details(name: str, *, passed: bool = True) -> ProbeDetails:
    """Make what the newest round of a probe measured."""
    return ProbeDetails(
        name,
        f"https://{name}.example.com/healthz",
        timeout=2 * SECOND,
        status=200 if passed else 503,
        connect_ms=12.4,
        tls_ms=31.8,
        first_byte_ms=104.0,
        total_ms=120.6,
        certificate_expires_at=NOW + timedelta(days=61, hours=3),
        measured_at=NOW - SECOND,
    )


def picture(
    providers: tuple[ProviderEvidence, ...] = TROUBLED,
    *,
    service: ServiceFacts | None = SERVICE,
    services: tuple[ServiceFacts, ...] = (),
    freeze: Verdict = FROZEN,
    protection: ProtectionVerdict = SATURDAY,
    prometheus: tuple[PrometheusFacts, ...] = (),
    environment: str = "production",
    now: datetime = NOW,
    problems: tuple[Finding, ...] = (),
    inventory: InventoryFacts = NO_INVENTORY,
    calendar: CalendarFacts = NO_CALENDAR,
    unread: bool = False,
) -> Picture:
    """Judge a world at `now` with the rules that every caller uses."""
    probes = tuple(
        replace(details(p.name, passed=p.rounds[0].passed), vantage=p.vantage) for e in providers for p in e.probes
    )
    known = services or ((service,) if service is not None else ())
    facts = CacheFacts(providers, probes, prometheus, known, inventory)
    return assemble(
        facts, freeze, protection, environment=environment, now=now, problems=problems, calendar=calendar, unread=unread
    )


def from_two_places() -> FakeSource:
    """Make a world that two services watch: one line is cut, and one service is dead."""
    sick = (
        replace(probe("rsvp-aws", "xxx" + "." * 17), vantage="london"),
        replace(probe("rsvp-aws", age=2.5, latency=310), vantage="oregon"),
        replace(probe("rsvp-aws", age=70, latency=900), vantage="tokyo"),
    )
    both = tuple(
        replace(p, probes=tuple(replace(each, vantage=v) for each in p.probes for v in ("london", "oregon")))
        for p in WELL[1:]
    )
    services = (
        replace(SERVICE, vantage="london"),
        replace(SERVICE, vantage="oregon"),
        replace(SERVICE, vantage="tokyo", heartbeat_at=NOW - timedelta(seconds=70)),
    )
    return source_of((replace(WELL[0], probes=sick), *both), services=services)


def wave(provider: str, name: str, since: datetime, until: datetime, *, holes: bool = True) -> Series:
    """Make a history that breathes, with a hole in it."""
    points = []
    length = until - since
    for i in range(240):
        share = i / 240
        if holes and 0.55 < share < 0.65:
            continue
        points.append(Point(since + length * share, 240 + 120 * math.sin(9 * share) + 400 * (share > 0.8)))
    return Series(provider, name, since, until, tuple(points))


@dataclass
class MovableClock:
    """A clock that stands until a test moves it."""

    at: datetime = NOW
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, span: timedelta) -> None:
        self.at += span
        self.seconds += span.total_seconds()


def nothing_listed(_query: ResourceQuery, _now: datetime) -> ResourcePage:
    """Answer as a cache does in which there is no resource."""
    return ResourcePage((), None, 0)


@dataclass
class Bookings:
    """Answers the calendar's questions as the cache does, from memory."""

    rows: list[ListedWedding] = field(default_factory=list)
    sources: tuple[SourceDetails, ...] = ()
    conflicts: dict[str, Conflicts] = field(default_factory=dict)

    def page(self, query: WeddingQuery) -> WeddingPage:
        def fits(each: ListedWedding) -> bool:
            found = each.wedding
            same = all(
                getattr(query, name) in {None, getattr(found, name)} for name in ("zone", "culture", "venue_kind")
            )
            ends = query.overlaps_from is None or found.end > query.overlaps_from
            return same and ends and (query.overlaps_to is None or found.start < query.overlaps_to)

        rows = sorted((each for each in self.rows if fits(each)), key=lambda each: each.wedding.start)
        first = int(query.after or 0)
        if query.before is not None:
            first = max(int(query.before) - query.limit, 0)
        elif query.after is None and query.reaching is not None:
            until = query.reaching
            going = (number for number, each in enumerate(rows) if each.wedding.end > until)
            first = next(going, max(len(rows) - 1, 0)) // query.limit * query.limit
        last = first + query.limit
        following = str(last) if last < len(rows) else None
        return WeddingPage(tuple(rows[first:last]), following, len(rows), first, str(first) if first else None)

    def live(self, now: datetime) -> LiveBreakdown:
        going = [each.wedding for each in self.rows if each.wedding.start <= now < each.wedding.end]

        def parts(name: str) -> tuple[LivePart, ...]:
            values = {getattr(each, name) for each in going}
            found = [[each for each in going if getattr(each, name) == value] for value in values]
            made = [LivePart(getattr(some[0], name), len(some), sum(each.load for each in some)) for some in found]
            return tuple(sorted(made, key=lambda part: (-part.load, part.name)))

        return LiveBreakdown(parts("culture"), parts("venue_kind"), parts("zone"))


@dataclass
class FakeSource:
    """A source that a test fills; it behaves as the real one does, from memory."""

    make: Callable[[datetime], Picture]
    problem: WedtuiError | None = None
    dirty: bool = False
    history: Callable[[str, str, datetime, datetime], Series] = wave
    inventory: Callable[[ResourceQuery, datetime], ResourcePage] = nothing_listed
    queries: list[ResourceQuery] = field(default_factory=list)
    booked: Bookings = field(default_factory=Bookings)
    asked: list[WeddingQuery] = field(default_factory=list)
    changed_lately: Callable[[datetime], Told] = lambda _now: Told()
    looked: list[ChangeQuery] = field(default_factory=list)
    reads: int = 0
    closed: bool = False

    def changed(self) -> bool:
        if self.problem is not None:
            raise self.problem
        was, self.dirty = self.dirty, False
        return was

    def picture(self, now: datetime) -> Picture:
        if self.problem is not None:
            raise self.problem
        self.reads += 1
        return self.make(now)

    def rejudge(self, last: Picture, now: datetime) -> Picture:
        evidence = tuple(p.evidence for p in last.providers)
        services = tuple(seen.facts for seen in last.services)
        facts = CacheFacts(evidence, last.probes, last.prometheus, services, last.inventory)
        facts = replace(facts, traffic=last.traffic, actions=last.actions)
        judged = assemble(
            facts, last.freeze, last.protection, environment=last.environment, now=now, calendar=last.calendar
        )
        judged = replace(judged, oncall=last.oncall, oncall_at=last.oncall_at, oncall_problem=last.oncall_problem)
        return replace(judged, alerts=last.alerts)

    def series(self, provider: str, signal: str, since: datetime, until: datetime) -> Series:
        if self.problem is not None:
            raise self.problem
        return self.history(provider, signal, since, until)

    def resources(self, query: ResourceQuery, now: datetime) -> ResourcePage:
        if self.problem is not None:
            raise self.problem
        self.queries.append(query)
        return self.inventory(query, now)

    def weddings(self, query: WeddingQuery) -> WeddingPage:
        if self.problem is not None:
            raise self.problem
        self.asked.append(query)
        return self.booked.page(query)

    def wedding(self, reference: str) -> tuple[ListedWedding, ...]:
        if self.problem is not None:
            raise self.problem
        return tuple(each for each in self.booked.rows if each.wedding.reference == reference)

    def live(self, now: datetime) -> LiveBreakdown:
        if self.problem is not None:
            raise self.problem
        return self.booked.live(now)

    def wedding_sources(self) -> tuple[SourceDetails, ...]:
        return self.booked.sources

    def wedding_conflicts(self, now: datetime) -> dict[str, Conflicts]:
        return self.booked.conflicts

    def changes(self, query: ChangeQuery, now: datetime) -> Timeline:
        if self.problem is not None:
            raise self.problem
        self.looked.append(query)
        return merge([self.changed_lately(now)], query)

    def close(self) -> None:
        self.closed = True


def source_of(providers: tuple[ProviderEvidence, ...] = TROUBLED, **more: object) -> FakeSource:
    """Make a source of one world, judged at whatever instant it is asked."""
    return FakeSource(lambda now: picture(providers, now=now, **more))  # type: ignore[arg-type]
