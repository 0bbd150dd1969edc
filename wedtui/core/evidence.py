"""What was measured, by whom and when: the facts that rules judge.

Every value carries the instant at which it was measured. Instants are aware datetimes; durations are
timedeltas; a ratio is 0..1 (0.01 is 1 %).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

# Clocks of machines that keep time by NTP differ by less; anything further ahead is a clock that jumped back.
FUTURE_TOLERANCE = timedelta(seconds=2)

# The shortest time for which evidence stays fresh (DESIGN, "Health").
FRESH_AT_LEAST = timedelta(seconds=10)

LATENCY_SIGNAL = "latency_p95_ms"
ERRORS_SIGNAL = "error_rate"
CPU_SIGNAL = "cpu"
MEMORY_SIGNAL = "memory"
CACHE_HIT_SIGNAL = "cache_hit_rate"
REQUESTS_SIGNAL = "requests"
COST_SIGNAL = "cost_month_usd"
"""What a provider has cost since the first of the month, in US dollars."""

# Who measures what an account's own API gives.
METRICS_SOURCE = "cloudwatch"
COST_SOURCE = "cost explorer"

# How long after the end of a period a vendor may take to publish its value: CloudWatch does within a few minutes.
PUBLISHED_WITHIN = timedelta(minutes=5)

# Signals whose value is a ratio 0..1; any other value of theirs is refused as a mistaken unit.
RATIO_SIGNALS = frozenset({ERRORS_SIGNAL, CPU_SIGNAL, MEMORY_SIGNAL, CACHE_HIT_SIGNAL})


class Freshness(StrEnum):
    """Whether evidence may still be used."""

    FRESH = "fresh"
    STALE = "stale"
    FUTURE = "future"  # measured after now: the clock jumped back
    MISSING = "missing"


def fresh_for(interval: timedelta) -> timedelta:
    """Return how long evidence asked for every `interval` stays fresh: 10 s or two intervals, whichever is longer."""
    return max(FRESH_AT_LEAST, 2 * interval)


def judged_interval(interval: timedelta, former: Iterable[tuple[timedelta, timedelta]]) -> timedelta:
    """Return by which interval evidence is judged where it was asked for in another rhythm a while ago.

    What was measured under a longer interval is followed by the next one only after that, whatever holds meanwhile. So
    that interval counts for as long as what was measured last under it does: nothing is believed for longer than it
    was before, and nothing grows too old just because it is asked for more often from now on.

    Args:
        interval: how often it is asked for now.
        former: how long ago an interval ceased to hold, and that interval.
    """
    return max([interval, *(each for ago, each in former if ago <= fresh_for(each))])


def published_interval(asked_every: timedelta, period: timedelta) -> timedelta:
    """Return by which interval a value is judged that a vendor publishes for whole periods, after each of them.

    The value stands for the end of its period. When it is read it is as old as a whole period and the time until it
    was published, where all goes well; so two of these intervals are two askings and that.
    """
    return asked_every + (period + PUBLISHED_WITHIN) / 2


def freshness(measured_at: datetime | None, interval: timedelta, now: datetime) -> Freshness:
    """Say whether a value measured at `measured_at`, asked for every `interval`, may be used at `now`."""
    if measured_at is None:
        return Freshness.MISSING
    age = now - measured_at
    if age < -FUTURE_TOLERANCE:
        return Freshness.FUTURE
    return Freshness.FRESH if age <= fresh_for(interval) else Freshness.STALE


@dataclass(frozen=True, slots=True)
class ProbeRound:
    """One round of one probe."""

    at: datetime
    """When the round ended."""
    passed: bool
    failure: str | None = None
    """Why it did not pass, in a few words (`timed out after 2 s while connecting`)."""
    latency_ms: float | None = None
    """From the start of the connection to the last byte; None when no answer came."""


def righted(rounds: Iterable[ProbeRound], ahead: timedelta, now: datetime) -> tuple[ProbeRound, ...]:
    """Return rounds by the right time, as far as it can be told.

    The newest were stamped by a wrong clock, and nobody knows since when it was wrong. Each round was when its stamp
    says or when that says without the error: the later of these that is not after the round that followed.

    Args:
        rounds: newest first, in the order in which they were stored.
        ahead: by how much the clock that stamped them is ahead now.
        now: an aware instant.
    """
    followed = now + FUTURE_TOLERANCE
    found = []
    for each in rounds:
        either = (each.at, each.at - ahead)
        at = max((at for at in either if at <= followed), default=min(either))
        followed = min(followed, at)
        found.append(replace(each, at=at))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ProbeEvidence:
    """What one probe of a provider saw, from one vantage."""

    name: str
    interval: timedelta
    rounds: tuple[ProbeRound, ...] = ()
    """Newest first: every round of the last five minutes, and at least the three newest."""
    vantage: str = ""
    """Where it was asked from; empty where there is but one."""
    doubted: tuple[ProbeRound, ...] = ()
    """The rounds of a vantage whose clock is wrong, as `righted`; then there are no others.

    They say nothing of now, and count only where they make things worse.
    """
    clock_ahead: timedelta | None = None
    """By how much the clock of the vantage is ahead, or behind where it is less than nothing; None: it is right."""

    @property
    def label(self) -> str:
        """What it is called in a sentence."""
        return f"{self.name} from {self.vantage}" if self.vantage else self.name


@dataclass(frozen=True, slots=True)
class SignalEvidence:
    """The newest value of one configured signal of a provider."""

    signal: str
    source: str
    """Who measured it (`prometheus main`)."""
    interval: timedelta
    value: float | None = None
    """The last good value, in the signal's unit; None when there has never been one."""
    measured_at: datetime | None = None
    """When the last good value was measured."""
    problem: str | None = None
    """Why the newest attempt gave no value; None when it gave one."""
    attempted_at: datetime | None = None
    """When that was."""


class VendorStatus(StrEnum):
    """What the vendor says of itself."""

    NO_INCIDENT = "no incident"
    INCIDENT = "incident"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class VendorEvent:
    """Something that the vendor says is wrong, in its own words."""

    service: str
    """The vendor's name for it: `EC2`."""
    region: str
    """The provider's own name for it, or `global`."""
    category: str
    """`issue`, `investigation`."""
    code: str
    """`AWS_EC2_OPERATIONAL_ISSUE`."""
    begun_at: datetime | None = None
    updated_at: datetime | None = None
    text: str | None = None
    """Its description on one line, bounded; None where it could not be read."""
    ours: bool = False
    """Whether it is about this account alone."""
    id: str = ""
    """The vendor's own name for this very event, which stays while it is told anew; empty where it has none."""


@dataclass(frozen=True, slots=True)
class VendorEvidence:
    """The vendor's own status and when it was read."""

    status: VendorStatus
    source: str
    interval: timedelta
    measured_at: datetime
    events: tuple[VendorEvent, ...] = ()
    """Because of which it is that, the newest first."""
    more: int = 0
    """How many further ones there are."""


@dataclass(frozen=True, slots=True)
class ProviderEvidence:
    """Everything that is known of one provider."""

    name: str
    kind: str
    weight: int
    """Its configured share of traffic, 0..100."""
    capacity: float | None = None
    """Requests per second, where configured."""
    probes: tuple[ProbeEvidence, ...] = ()
    """Of each probe as many as there are vantages that ask it."""
    signals: tuple[SignalEvidence, ...] = field(default=())
    vendor: VendorEvidence | None = None

    def signal(self, name: str) -> SignalEvidence | None:
        """Return the evidence of one signal, or None where none is configured."""
        return next((s for s in self.signals if s.signal == name), None)
