"""Whether customers are seen to have moved: answers, probes and requests after a change, each with its age.

In sync and TTL say when customers are expected to have moved. That they have is seen where, after that instant, the
authoritative servers answer as the shares say, whoever gains passes its probes, and whoever loses share is observed to
serve no more than is left to it. Where nobody measures the requests of a provider its share is not observed: that is
said, and is never taken for good. Source: DESIGN, "Traffic and failover" ("two times, both shown").
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from wedtui.core.checks import Check, Result, Stops
from wedtui.core.evidence import REQUESTS_SIGNAL, Freshness, ProviderEvidence, SignalEvidence, freshness
from wedtui.core.failover_facts import newest_round
from wedtui.core.shares import WHOLE
from wedtui.core.traffic import Place, by_provider
from wedtui.core.wording import figure, listed

LEFT_AT_MOST = 5.0
"""Percent of the requests that whoever lost all its share may still serve: resolvers that keep answers for too long."""
OVER_AT_MOST = 10.0
"""Percentage points by which whoever lost a part of its share may serve more than that: a resolver is many people."""
FALSE_ALARMS = 1e-6
"""So often at most the answers for one place are taken for wrong that are right, in one sampling."""
NO_SIGNAL = "not observed: no request signal"


@dataclass(frozen=True, slots=True)
class Shift:
    """A change that was accepted, and is in sync."""

    before: Mapping[Place, int]
    after: Mapping[Place, int]
    accepted_at: datetime
    until: datetime
    """In sync and TTL: customers are expected to have moved by then."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the authoritative servers answered, in one sampling."""

    at: datetime | None = None
    counts: Mapping[Place, int] | None = None
    """How often each place was named; None where they could not be asked."""
    problem: str = "they were not asked"
    """Why there are none."""


def customers_seen(
    shift: Shift, answers: Answers, providers: Sequence[ProviderEvidence], now: datetime
) -> tuple[Check, ...]:
    """Return what is seen of the customers of a change at an aware instant.

    They have moved where `have_moved` says so of it.

    Args:
        shift: the change.
        answers: the newest sampling of the authoritative servers.
        providers: with their probes and signals.
        now: the instant of the question.
    """
    known = {provider.name: provider for provider in providers}
    before, after = by_provider(shift.before), by_provider(shift.after)
    gaining = sorted(name for name, share in after.items() if share > before.get(name, 0))
    return (
        _ttl(shift, now),
        _answered(shift, answers),
        *(_probed(name, known.get(name), shift, now) for name in gaining),
        *_requests(before, after, known, shift, now),
    )


def have_moved(checks: Iterable[Check]) -> bool:
    """Whether customers are seen to have moved: nothing that can be looked at says otherwise, or is not known."""
    return not waits_for(checks)


def waits_for(checks: Iterable[Check]) -> tuple[Check, ...]:
    """Return what has not passed, of what can be looked at."""
    return tuple(check for check in checks if check.refuses(automatic=False))


def plausible(count: int, of: int, share: int) -> bool:
    """Whether so many of independent answers may name a place that has a share (percent).

    By Chernoff's bound, of n answers the part that names a place of share p is q or further off with a probability of
    at most exp(-n KL(q, p)) on either side. What has no share is never named, and what has all of it always.
    """
    if of <= 0:
        return False
    part, expected = count / of, share / WHOLE
    if share in {0, WHOLE}:
        return part == expected
    divergence = sum(
        seen * math.log(seen / wanted) for seen, wanted in ((part, expected), (1 - part, 1 - expected)) if seen > 0
    )
    return of * divergence <= math.log(2 / FALSE_ALARMS)


def left_at_most(share: int) -> float:
    """Return the percent of the requests that a provider may serve which lost share, and has so much left (percent)."""
    return LEFT_AT_MOST if share == 0 else share + OVER_AT_MOST


def _ttl(shift: Shift, now: datetime) -> Check:
    passed = now >= shift.until
    said = "in sync everywhere, and the TTL has passed" if passed else "the TTL has not passed"
    return Check("ttl", Result.PASS if passed else Result.FAIL, said, shift.until)


def _answered(shift: Shift, answers: Answers) -> Check:
    """Answer whether the authoritative servers answer as the shares say, within what chance explains."""
    if answers.counts is None or answers.at is None or answers.at < shift.accepted_at:
        return Check("answers", Result.UNKNOWN, f"authoritative answers: {answers.problem}", answers.at)
    places, total = sorted({*shift.after, *answers.counts}), sum(answers.counts.values())
    counts = {place: answers.counts.get(place, 0) for place in places}
    wrong = [place for place in places if not plausible(counts[place], total, shift.after.get(place, 0))]
    named = listed(tuple(f"{place} {counts[place]}" for place in places))
    said = f"of {total} authoritative answers name {named}"
    if wrong:
        expected = listed(tuple(f"{place} {shift.after.get(place, 0)} %" for place in wrong))
        return Check("answers", Result.FAIL, f"{said}, which chance does not explain of {expected}", answers.at)
    return Check("answers", Result.PASS, f"{said}, as the shares say", answers.at)


def _probed(name: str, provider: ProviderEvidence | None, shift: Shift, now: datetime) -> Check:
    passed, at = newest_round(provider.probes, now) if provider is not None else (None, None)
    rule = f"probes:{name}"
    if passed is None or at is None or at < shift.accepted_at:
        return Check(rule, Result.UNKNOWN, f"{name} has no probe round of the last 10 s", at)
    said = "passes its probes" if passed else "fails its probes"
    return Check(rule, Result.PASS if passed else Result.FAIL, f"{name} {said}", at)


def _requests(
    before: Mapping[str, int],
    after: Mapping[str, int],
    known: Mapping[str, ProviderEvidence],
    shift: Shift,
    now: datetime,
) -> list[Check]:
    """Answer which share of the requests each serves that had, or has, a share."""
    names = sorted(name for name in {*before, *after} if before.get(name, 0) or after.get(name, 0))
    signals = {name: known[name].signal(REQUESTS_SIGNAL) if name in known else None for name in names}
    served = {name: value for name, s in signals.items() if (value := _value(s, shift, now)) is not None}
    unmeasured = [name for name, signal in signals.items() if signal is None]
    silent = [name for name, signal in signals.items() if signal is not None and name not in served]
    found = []
    for name in names:
        signal, loses = signals[name], after.get(name, 0) < before.get(name, 0)
        rule, at = f"requests:{name}", None if signal is None else signal.measured_at
        stops = Stops.EVERYBODY if loses else Stops.NOBODY
        if signal is None:
            found.append(Check(rule, Result.UNKNOWN, f"{name} {NO_SIGNAL}", stops=Stops.NOBODY))
        elif silent or not sum(served.values()):
            # A signal that is lost improves nothing: what it was to tell is waited for.
            why = f"no new value of {listed(tuple(silent))}" if silent else "nobody serves any"
            found.append(Check(rule, Result.UNKNOWN, f"{name} share of the requests is not known: {why}", at, stops))
        else:
            part = WHOLE * served[name] / sum(served.values())
            share = _Observed(name, part, served[name], at, unmeasured)
            found.append(_loser(share, left_at_most(after.get(name, 0))) if loses else _other(share))
    return found


class _Observed(NamedTuple):
    """The part of the requests that a provider was observed to serve."""

    name: str
    part: float
    """Percent."""
    value: float
    """Requests a second."""
    at: datetime | None
    unmeasured: Sequence[str]
    """Who else may serve some: then it is at most so much."""

    @property
    def rule(self) -> str:
        return f"requests:{self.name}"

    @property
    def words(self) -> str:
        most = "at most " if self.unmeasured else ""
        return f"serves {most}{figure(self.part)} % of the requests, {figure(self.value)}/s"


def _other(share: _Observed) -> Check:
    return Check(share.rule, Result.PASS, f"{share.name} {share.words}", share.at, Stops.NOBODY)


def _loser(share: _Observed, most: float) -> Check:
    """Answer whether whoever lost share serves no more than may be left to it."""
    allowed = f"{figure(most)} % may be left"
    if share.part <= most:
        return Check(share.rule, Result.PASS, f"{share.name} {share.words}; {allowed}", share.at)
    if share.unmeasured:
        others = listed(tuple(share.unmeasured))
        said = f"{share.name} {share.words}: how much that is of all is {NO_SIGNAL} of {others}"
        return Check(share.rule, Result.UNKNOWN, said, share.at, Stops.NOBODY)
    return Check(share.rule, Result.FAIL, f"{share.name} still {share.words}; {allowed}", share.at)


def _value(signal: SignalEvidence | None, shift: Shift, now: datetime) -> float | None:
    """Return the requests of a provider that were measured since the change was accepted, and not too long ago."""
    if signal is None or signal.value is None or signal.measured_at is None:
        return None
    if signal.measured_at < shift.accepted_at or not math.isfinite(signal.value) or signal.value < 0:
        return None
    fresh = freshness(signal.measured_at, signal.interval, now) is Freshness.FRESH
    return signal.value if fresh else None
