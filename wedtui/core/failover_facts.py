"""What a change of shares is asked to do, and what is known when it is planned.

Every fact carries the instant of its evidence. What is missing is None, and no rule takes that for room or for health.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from wedtui.core.checks import Check, Result, Stops
from wedtui.core.evidence import FUTURE_TOLERANCE, Freshness, ProbeEvidence, ProviderEvidence, freshness
from wedtui.core.freeze import Verdict
from wedtui.core.health import Health, quorum
from wedtui.core.override import Override
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.state import State
from wedtui.core.traffic import Place, TrafficReading

AT_ONCE = timedelta()
"""The interval of what is asked for a plan: it is fresh for the shortest time that evidence is, 10 s."""


class Kind(StrEnum):
    """What a change of shares is for."""

    FAILOVER = "failover"
    FAILBACK = "failback"


def target_of(kind: Kind, lost: Iterable[str]) -> str:
    """Return what a person types to confirm a change: the places that are left; of a failback the word `failback`."""
    return ",".join(sorted(lost)) if kind is Kind.FAILOVER else kind.value


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for."""

    kind: Kind
    lost: frozenset[Place] = frozenset()
    """Of a failover: the providers, or regions, that lose all they have."""
    to: Mapping[Place, int] | None = None
    """Of a failback: the shares to come back to, those of the configuration or those before the failover."""
    to_words: str = "the configured shares"
    """What `to` is called in a sentence."""
    accepts_overload: bool = False
    """Whether the person who asks takes shares over the caps knowingly."""
    automatic: bool = False
    """Whether the service asks by itself."""
    vouched: frozenset[str] = frozenset()
    """Providers of which nothing is known, and which the person who asks says are well: on the emergency path alone."""


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """One provider as far as its share is concerned."""

    name: str
    state: State
    round_passed: bool | None = None
    """Whether its newest probe round passed; None where that is not known."""
    round_at: datetime | None = None
    """The instant of that round: the age of the evidence."""
    capacity: float | None = None
    """Requests a second that it can serve; None where it is not configured."""
    vouched: bool = False
    """Whether the person who asks says that it is well, where wedtui does not know."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure that may be missing or old."""

    value: float | None = None
    measured_at: datetime | None = None
    interval: timedelta = timedelta(seconds=60)
    """How often it is asked for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a plan rests on."""

    reading: TrafficReading | None
    """The live shares; None with `reading_problem` saying why."""
    providers: tuple[ProviderFacts, ...] = ()
    reading_problem: str | None = None
    last_read_at: datetime | None = None
    """When the live shares were read last, before this could not be; None where that is not known."""
    observed: Measured = Measured()
    """The peak of the last 24 h, requests a second, of everything together."""
    known_for: Mapping[str, timedelta] = field(default_factory=dict)
    """For how much of those 24 h the requests of each provider are known; of one that is not named, for nothing."""
    planned: Measured = Measured()
    """The peak of the next 4 h, requests a second, of everything together."""
    freeze: Verdict | None = None
    """Of the traffic's scope; None where it could not be judged."""
    overrides: tuple[Override, ...] = ()
    """What persons override of a freeze; one of the traffic alone counts here."""
    protection: ProtectionVerdict | None = None
    """With the weddings that are live now and the peak of the next 4 h; None where it could not be judged."""

    def provider(self, name: str) -> ProviderFacts:
        """Return what is known of a provider; of one that is not watched, that nothing is."""
        return next((p for p in self.providers if p.name == name), ProviderFacts(name, State.UNKNOWN))


def provider_facts(evidence: ProviderEvidence, health: Health, now: datetime) -> ProviderFacts:
    """Return what matters for a provider's share of what is known of its health.

    Args:
        evidence: its probes from every vantage.
        health: as `core.health.judge` judged that evidence at `now`.
        now: an aware instant.
    """
    passed, at = newest_round(evidence.probes, now)
    return ProviderFacts(evidence.name, health.state, passed, at, evidence.capacity)


def vouched_for(facts: Facts, names: Collection[str]) -> Facts:
    """Return facts with a person's word for providers of which nothing is known; what is known to be bad stays bad.

    Source: there is none but need: where neither ledger nor cache can be reached nobody could gain, and the traffic
    would stay with who failed. It is taken on the emergency path alone.
    """
    named = set(names) | {provider.name for provider in facts.providers}
    known = {name: facts.provider(name) for name in sorted(named)}
    return replace(facts, providers=tuple(replace(each, vouched=each.name in names) for each in known.values()))


def newest_round(probes: Iterable[ProbeEvidence], now: datetime) -> tuple[bool | None, datetime | None]:
    """Return whether the newest round passed, and its instant.

    A round of one probe passed when a majority of the vantages whose newest is fresh (10 s) say so, and the round of a
    provider when that of each of its probes did. The instant is that of the probe that was seen longest ago. Where a
    probe has no fresh round it is not known.
    """
    passed: list[bool | None] = []
    instants: list[datetime | None] = []
    for _, seen in groupby(sorted(probes, key=lambda p: p.name), key=lambda p: p.name):
        # What is dated after now was stored before the clock jumped back.
        known = [[r for r in probe.rounds if r.at - now <= FUTURE_TOLERANCE] or probe.rounds for probe in seen]
        newest = [max(rounds, key=lambda r: r.at) for rounds in known if rounds]
        fresh = [r for r in newest if freshness(r.at, AT_ONCE, now) is Freshness.FRESH]
        passed.append(sum(r.passed for r in fresh) >= quorum(len(fresh)) if fresh else None)
        instants.append(max((r.at for r in fresh or newest), default=None))
    at = None if None in instants else min((i for i in instants if i is not None), default=None)
    if False in passed:
        return False, at
    return (None if None in passed or not passed else True), at


def eligible(provider: ProviderFacts, now: datetime) -> Check:
    """Say whether a provider may gain share: the one function that answers it.

    Source: DESIGN, "Traffic and failover": OK or DEGRADED, last probe round passed, probe evidence <= 10 s old.
    """

    def answer(result: Result, why: str) -> Check:
        return Check(f"eligible:{provider.name}", result, f"{provider.name} {why}", provider.round_at, Stops.NOBODY)

    if provider.state is State.CRITICAL:
        return answer(Result.FAIL, "is CRITICAL and may not gain share")
    if provider.state is State.UNKNOWN and provider.vouched:
        return answer(Result.PASS, "is UNKNOWN, and whoever asks says that it is well: it may gain share")
    if provider.state is State.UNKNOWN:
        return answer(Result.UNKNOWN, "is UNKNOWN: it keeps what it has and gains nothing")
    is_fresh = freshness(provider.round_at, AT_ONCE, now) is Freshness.FRESH
    if not is_fresh or provider.round_passed is None:
        why = "has no probe round of the last 10 s: it keeps what it has and gains nothing"
        return answer(Result.UNKNOWN, why)
    if not provider.round_passed:
        return answer(Result.FAIL, "failed its last probe round and may not gain share")
    return answer(Result.PASS, f"is {provider.state} and passed its last probe round: it may gain share")
