"""Is this provider healthy? The one function that answers it, for every caller.

Source: DESIGN, "Health". The score is 100 times the weighted mean of the known components, each 0..1.
Two sentences of the laws are built in on top of the formula, because a pure mean would break them:

- A component that had a value and lost it is left out of the score, but the state is then never better
  than it would be with the last known value ("losing a signal never improves a state").
- A provider whose probes are configured but not fresh is UNKNOWN unless what is still known is CRITICAL
  ("old data is UNKNOWN, never green").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.evidence import (
    CPU_SIGNAL,
    ERRORS_SIGNAL,
    FUTURE_TOLERANCE,
    LATENCY_SIGNAL,
    MEMORY_SIGNAL,
    Freshness,
    ProbeEvidence,
    ProbeRound,
    ProviderEvidence,
    SignalEvidence,
    VendorStatus,
    freshness,
)
from wedtui.core.state import State, badness
from wedtui.core.wording import listed

AVAILABILITY_WINDOW = timedelta(minutes=5)
FAILED_ROUNDS_CRITICAL = 3
KNOWN_WEIGHT_FOR_OK = 0.6
OK_FROM = 90.0
DEGRADED_FROM = 70.0

LATENCY_GOOD_MS, LATENCY_BAD_MS = 500.0, 2000.0
ERRORS_GOOD, ERRORS_BAD = 0.01, 0.10
SATURATION_GOOD, SATURATION_BAD = 0.70, 1.00

AVAILABILITY, LATENCY, ERRORS, SATURATION, VENDOR = "availability", "latency", "errors", "saturation", "vendor"

WEIGHTS = {AVAILABILITY: 0.35, LATENCY: 0.20, ERRORS: 0.20, SATURATION: 0.15, VENDOR: 0.10}
WEDDING_DAY_WEIGHTS = {AVAILABILITY: 0.45, LATENCY: 0.25, ERRORS: 0.20, SATURATION: 0.05, VENDOR: 0.05}

_VENDOR_VALUES = {VendorStatus.NO_INCIDENT: 1.0, VendorStatus.INCIDENT: 0.5, VendorStatus.OUTAGE: 0.0}


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a score."""

    name: str
    weight: float
    freshness: Freshness
    value: float | None = None
    """0 (bad) to 1 (good): the present value while fresh, the last known one while stale."""
    measure: float | None = None
    """What `value` was made from, in its own unit: a ratio, or milliseconds for latency."""
    measured_at: datetime | None = None
    source: str | None = None
    held: float | None = None
    """The value that the state is held at, where a part that was lost was worse than what is left."""
    expected: bool = True
    """Whether anything is configured to measure it."""
    problem: str | None = None
    """Why it is not fresh, or what is wrong with the newest attempt."""

    @property
    def known(self) -> bool:
        """Whether it may count in the score."""
        return self.freshness is Freshness.FRESH and self.value is not None


@dataclass(frozen=True, slots=True)
class Health:
    """The answer, with everything that it rests on."""

    state: State
    score: float | None
    """Of what is known: 0..100, one decimal, rounded down; None when nothing is. What is shown is `said`."""
    components: tuple[Component, ...]
    ceilings: tuple[str, ...] = ()
    """Why the state is worse than the score alone would say."""
    failed_rounds: int = 0
    """How many of the newest rounds in a row the quorum of probes failed."""
    measured_at: datetime | None = None
    """When the oldest value that counts was measured; with nothing known, the newest that is remembered."""

    @property
    def missing(self) -> tuple[Component, ...]:
        """The expected components that do not count, because they are old, in the future, or were never measured."""
        return tuple(c for c in self.components if c.expected and not c.known)

    @property
    def said(self) -> float | None:
        """The score as it is shown: what was lost counts at its last value where that makes it worse.

        Without that a score would rise when something bad falls silent. It is the lowest mean of what is known together
        with any of what is remembered, so that it never rises as more is lost. None when nothing is known.
        """
        if self.score is None:
            return None
        return _floored(_score((*_at_worst(c for c in self.components if c.known), *self._held_down)))

    @property
    def _held_down(self) -> tuple[Component, ...]:
        """The components that were lost and would, at their last value, make the score worse; the worst first."""
        counted = _at_worst(c for c in self.components if c.known)
        lost = _at_worst(c for c in self.missing if c.value is not None)
        below: list[Component] = []
        for component in sorted(lost, key=lambda c: c.value or 0.0):
            if 100 * (component.value or 0.0) >= _score((*counted, *below)):
                break
            below.append(component)
        return tuple(below)

    @property
    def basis(self) -> str | None:
        """Of what the shown score is, and without what; None where nothing is missing that is configured."""
        if self.score is None or not self.missing:
            return None
        known = listed(tuple(c.name for c in self.components if c.known))
        held = {c.name for c in self._held_down}
        without = tuple(c.name for c in self.missing if c.name not in held)
        if not held:
            return f"of {known} alone, without {listed(without)}"
        remembered = listed(tuple(c.name for c in self.missing if c.name in held))
        return f"of {known}, and of the last known {remembered}{f', without {listed(without)}' if without else ''}"

    @property
    def known_weight(self) -> float:
        """The weight of what counts in the score, 0..1."""
        return round(sum(c.weight for c in self.components if c.known), 2)

    def component(self, name: str) -> Component:
        """Return the component of that name."""
        return next(c for c in self.components if c.name == name)


def linear(measure: float, good: float, bad: float) -> float:
    """Return 1 at or below `good`, 0 at or above `bad`, and the straight line between them."""
    return min(1.0, max(0.0, (bad - measure) / (bad - good)))


def p95(values: Iterable[float]) -> float | None:
    """Return the 95th percentile by nearest rank, or None of no values."""
    ordered = sorted(values)
    return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else None


def quorum(probes: int) -> int:
    """Return how many of `probes` make a majority."""
    return probes // 2 + 1


def state_of_score(score: float) -> State:
    """Return the state that a score 0..100 stands for, before any ceiling."""
    if score >= OK_FROM:
        return State.OK
    return State.DEGRADED if score >= DEGRADED_FROM else State.CRITICAL


def judge(evidence: ProviderEvidence, now: datetime, *, wedding_day: bool = False) -> Health:
    """Judge one provider at an aware instant.

    Args:
        evidence: what is known of it.
        now: the instant of the question; ages are counted up to it.
        wedding_day: whether wedding-day weights apply (protection HIGH or MAXIMUM).
    """
    weights = WEDDING_DAY_WEIGHTS if wedding_day else WEIGHTS
    probes = _looked_through(evidence.probes, now)
    watched = [w for seen in probes for w in seen]
    components = (
        _availability(weights[AVAILABILITY], watched, now),
        _latency(weights[LATENCY], evidence, watched, now),
        _errors(weights[ERRORS], evidence, watched, now),
        _saturation(weights[SATURATION], evidence, now),
        _vendor(weights[VENDOR], evidence, now),
    )
    streaks = [_streaks(seen, now) for seen in probes]
    failed = _failed_rounds(streaks)
    known = [c for c in components if c.known]
    if not known:
        remembered = [c.measured_at for c in components if c.measured_at is not None]
        return Health(State.UNKNOWN, None, components, failed_rounds=failed, measured_at=max(remembered, default=None))
    score = _score(known)
    state, ceilings = _state(_vantages(evidence.probes, now), streaks, components, score, failed)
    oldest = min(c.measured_at for c in known if c.measured_at is not None)
    return Health(state, _floored(score), components, ceilings, failed, oldest)


def _by_probe(probes: Iterable[ProbeEvidence]) -> list[list[ProbeEvidence]]:
    found: dict[str, list[ProbeEvidence]] = {}
    for probe in probes:
        found.setdefault(probe.name, []).append(probe)
    return list(found.values())


def _looked_through(probes: Iterable[ProbeEvidence], now: datetime) -> list[list[_Watched]]:
    """Look through what was seen of each probe, from each vantage.

    A vantage is lost where its newest round is not fresh, or its clock is wrong, and that of another is fresh. What it
    saw counts for as long as it belongs to the last five minutes, and only where it makes things worse: one that is
    lost must neither vouch for a probe nor improve the state by being lost.
    """
    found = []
    for group in _by_probe(probes):
        remembered = [replace(p, rounds=p.doubted) if p.doubted else p for p in group]
        watched = [_watched(p, p.rounds, now) for p in remembered]
        if len(group) > 1:
            fresh = [_age(w, now) is Freshness.FRESH for w in watched]
            if any(fresh):
                watched = [w._replace(lost=not f) for w, f in zip(watched, fresh, strict=True)]
                watched = [w for w in watched if not w.lost or _is_recent(w, now)]
        found.append(watched)
    return found


def _is_recent(watched: _Watched, now: datetime) -> bool:
    return watched.newest is not None and now - AVAILABILITY_WINDOW <= watched.newest <= now + FUTURE_TOLERANCE


def _vantages(probes: Sequence[ProbeEvidence], now: datetime) -> tuple[int, int] | None:
    """Return from how many vantages anything is seen that is fresh, and how many there are; None of a single one."""
    if len({probe.vantage for probe in probes}) < 2:
        return None
    fresh: dict[str, bool] = {}
    for probe in probes:
        known = freshness(_newest(probe.rounds, now), probe.interval, now) is Freshness.FRESH
        fresh[probe.vantage] = fresh.get(probe.vantage, False) or known
    return sum(fresh.values()), len(fresh)


def _streaks(watched: Iterable[_Watched], now: datetime) -> list[tuple[ProbeEvidence, int]]:
    """Return the streak of failed rounds from each vantage that has a say: a lost one only while it says so."""
    streaks = [(w, _streak(w.probe, now)) for w in watched]
    return [(w.probe, streak) for w, streak in streaks if streak or not w.lost]


def failed_rounds(probes: Iterable[ProbeEvidence], now: datetime) -> int:
    """Return how many of the newest rounds in a row a quorum of the probes failed.

    With n probes and streaks of failed rounds sorted downwards, it is the streak at the place of the quorum. The streak
    of one probe that is asked from several vantages is the one at the place of their quorum.
    """
    return _failed_rounds([_streaks(watched, now) for watched in _looked_through(probes, now)])


def _failed_rounds(probes: list[list[tuple[ProbeEvidence, int]]]) -> int:
    return _at_quorum([_at_quorum([streak for _, streak in seen]) for seen in probes])


def _at_quorum(streaks: list[int]) -> int:
    return sorted(streaks, reverse=True)[quorum(len(streaks)) - 1] if streaks else 0


def _state(
    seen_from: tuple[int, int] | None,
    streaks: list[list[tuple[ProbeEvidence, int]]],
    components: tuple[Component, ...],
    score: float,
    failed: int,
) -> tuple[State, tuple[str, ...]]:
    """Apply the ceilings to the state that the score alone would give."""
    state = state_of_score(score)
    ceilings: list[str] = []

    def at_best(limit: State, why: str) -> None:
        nonlocal state
        if badness(limit) > badness(state):
            state = limit
            ceilings.append(why)

    availability = next(c for c in components if c.name == AVAILABILITY)
    if availability.known and failed >= FAILED_ROUNDS_CRITICAL:
        at_best(State.CRITICAL, f"the quorum of probes failed the last {failed} rounds")
    if availability.expected and not availability.known:
        at_best(State.UNKNOWN, f"availability is {availability.freshness}")
    held = [c if c.held is None else replace(c, value=c.held) for c in components if c.value is not None and c.expected]
    lost = [c.name for c in held if (not c.known or c.held is not None) and c.name != AVAILABILITY]
    if lost:
        at_best(state_of_score(_score(held)), f"held at the last known {', '.join(lost)}")
    failing = [probe.label for seen in streaks for probe, streak in seen if streak >= 1]
    if failing:
        at_best(State.DEGRADED, f"the last round failed: {', '.join(failing)}")
    if seen_from is not None and 2 * seen_from[0] < seen_from[1]:
        at_best(State.DEGRADED, f"it is seen from {seen_from[0]} of {seen_from[1]} vantages")
    weight = sum(c.weight for c in components if c.known)
    if weight < KNOWN_WEIGHT_FOR_OK - 1e-9:
        at_best(State.DEGRADED, f"the known components weigh {weight:.2f}, under {KNOWN_WEIGHT_FOR_OK}")
    return state, tuple(ceilings)


def _score(components: Iterable[Component]) -> float:
    """Return 100 x the weighted mean, with the dust of binary fractions removed."""
    total = weighted = 0.0
    for component in components:
        assert component.value is not None
        total += component.weight
        weighted += component.weight * component.value
    return round(100 * weighted / total, 6)


def _floored(score: float) -> float:
    return math.floor(score * 10) / 10


def _at_worst(components: Iterable[Component]) -> tuple[Component, ...]:
    """Return components at the values that the state is held at."""
    return tuple(c if c.held is None else replace(c, value=c.held) for c in components)


class _Watched(NamedTuple):
    """One probe, looked through once for every part of the score."""

    probe: ProbeEvidence
    newest: datetime | None
    window: tuple[ProbeRound, ...]
    """The rounds of the five minutes that end with the probe's newest round."""
    lost: bool = False
    """Whether it is not fresh while another vantage's word about the same probe is."""


def _watched(probe: ProbeEvidence, rounds: tuple[ProbeRound, ...], now: datetime) -> _Watched:
    newest = _newest(rounds, now)
    if newest is None:
        return _Watched(probe, None, ())
    begins = newest - AVAILABILITY_WINDOW
    return _Watched(probe, newest, tuple([r for r in rounds if begins < r.at <= newest]))


def _age(watched: _Watched, now: datetime) -> Freshness:
    """Say how old what was seen is; what a wrong clock stamped is old, whatever it says."""
    age = freshness(watched.newest, watched.probe.interval, now)
    return Freshness.STALE if watched.probe.doubted and age is Freshness.FRESH else age


def _newest(rounds: tuple[ProbeRound, ...], now: datetime) -> datetime | None:
    """Return when the newest round ended; one in the future only where there is no other."""
    latest = now + FUTURE_TOLERANCE
    instants = [r.at for r in rounds]
    newest = max(instants, default=None)
    if newest is None or newest <= latest:
        return newest
    return max([at for at in instants if at <= latest] or instants)


def _answered(watched: _Watched, now: datetime) -> _Watched:
    """Leave out what had no answer: such a round says nothing about latency, and so is no evidence of its age."""
    rounds = watched.probe.rounds
    answered = tuple([r for r in rounds if r.latency_ms is not None])
    if len(answered) == len(rounds):
        return watched
    return _watched(watched.probe, answered, now)._replace(lost=watched.lost)


def _streak(probe: ProbeEvidence, now: datetime) -> int:
    """Return how many of the newest rounds of one probe failed in a row.

    Rounds that happened after `now` do not count, nor those that are too long ago to be evidence.
    """
    oldest = now - max(AVAILABILITY_WINDOW, 2 * FAILED_ROUNDS_CRITICAL * probe.interval)
    latest = now + FUTURE_TOLERANCE
    count = 0
    for past in probe.rounds:
        if not oldest <= past.at <= latest:
            continue
        if past.passed:
            break
        count += 1
    return count


def _of_probes(
    name: str,
    weight: float,
    watched: list[_Watched],
    now: datetime,
    *,
    measure: Callable[[list[tuple[ProbeRound, ...]]], float | None],
    value: Callable[[float], float],
) -> Component:
    """Make a component from the probes' windows.

    It is fresh while a quorum of the probes is, each from one vantage at least, and as old as the oldest of what is.
    """
    if not watched:
        return Component(name, weight, Freshness.MISSING, expected=False, problem="no probe is configured")
    everybody, watched = watched, [w for w in watched if not w.lost]
    ages = [_age(w, now) for w in watched]
    fresh = [w.newest for w, age in zip(watched, ages, strict=True) if w.newest and age is Freshness.FRESH]
    unfit = [f"{w.probe.label} is {age}" for w, age in zip(watched, ages, strict=True) if age is not Freshness.FRESH]
    problem = ", ".join(unfit) or None
    measured = _by_quorum(watched, measure, value)
    if len(everybody) > len(watched):
        with_lost = _by_quorum(everybody, measure, value)
        measured = min(measured, with_lost, key=lambda m: math.inf if m is None else value(m))
    seen = {w.probe.name for w, age in zip(watched, ages, strict=True) if age is Freshness.FRESH}
    if len(seen) >= quorum(len({w.probe.name for w in watched})):
        at: datetime | None = min(fresh)
        state = Freshness.FRESH
    else:
        at = max((w.newest for w in watched if w.newest is not None), default=None)
        state = next((a for a in (Freshness.FUTURE, Freshness.STALE) if a in ages), Freshness.MISSING)
    if measured is None and state is Freshness.FRESH:
        state, problem = Freshness.MISSING, "no probe was answered"
    valued = None if measured is None else value(measured)
    return Component(name, weight, state, valued, measured, at, "probes", problem=problem)


def _by_quorum(
    watched: Iterable[_Watched],
    measure: Callable[[list[tuple[ProbeRound, ...]]], float | None],
    value: Callable[[float], float],
) -> float | None:
    """Return the measure than which a quorum of the vantages see none better."""
    windows: dict[str, list[tuple[ProbeRound, ...]]] = {}
    for each in watched:
        if each.window:
            windows.setdefault(each.probe.vantage, []).append(each.window)
    measures = [found for of_one in windows.values() if (found := measure(of_one)) is not None]
    return sorted(measures, key=value)[quorum(len(measures)) - 1] if measures else None


def _availability(weight: float, watched: list[_Watched], now: datetime) -> Component:
    def share(windows: list[tuple[ProbeRound, ...]]) -> float | None:
        shares = [sum([r.passed for r in rounds]) / len(rounds) for rounds in windows]
        return sum(shares) / len(shares) if shares else None

    return _of_probes(AVAILABILITY, weight, watched, now, measure=share, value=float)


def _latency(weight: float, evidence: ProviderEvidence, watched: list[_Watched], now: datetime) -> Component:
    def value(measure: float) -> float:
        return linear(measure, LATENCY_GOOD_MS, LATENCY_BAD_MS)

    def measure(windows: list[tuple[ProbeRound, ...]]) -> float | None:
        return p95([r.latency_ms for rounds in windows for r in rounds if r.latency_ms is not None])

    signal = evidence.signal(LATENCY_SIGNAL)
    if signal is not None:
        return _of_signal(LATENCY, weight, signal, now, value)
    return _of_probes(LATENCY, weight, [_answered(w, now) for w in watched], now, measure=measure, value=value)


def _errors(weight: float, evidence: ProviderEvidence, watched: list[_Watched], now: datetime) -> Component:
    def value(measure: float) -> float:
        return linear(measure, ERRORS_GOOD, ERRORS_BAD)

    def share(windows: list[tuple[ProbeRound, ...]]) -> float | None:
        passed = [r.passed for rounds in windows for r in rounds]
        return (len(passed) - sum(passed)) / len(passed) if passed else None

    signal = evidence.signal(ERRORS_SIGNAL)
    if signal is not None:
        return _of_signal(ERRORS, weight, signal, now, value)
    return _of_probes(ERRORS, weight, watched, now, measure=share, value=value)


def _saturation(weight: float, evidence: ProviderEvidence, now: datetime) -> Component:
    def value(measure: float) -> float:
        return linear(measure, SATURATION_GOOD, SATURATION_BAD)

    signals = [s for s in map(evidence.signal, (CPU_SIGNAL, MEMORY_SIGNAL)) if s is not None]
    if not signals:
        nothing = "no cpu or memory is configured"
        return Component(SATURATION, weight, Freshness.MISSING, expected=False, problem=nothing)
    components = [_of_signal(SATURATION, weight, s, now, value) for s in signals]
    remembered = [c for c in components if c.measure is not None and c.measured_at is not None]
    if not remembered:
        return components[0]
    fresh = [c for c in remembered if c.freshness is Freshness.FRESH]
    present = max(fresh or remembered, key=lambda c: c.measure or 0.0)
    worst = max(c.measure or 0.0 for c in remembered)
    if len(components) == 1 and present.known:
        # Nothing to weigh against another; making anew what is as it was takes as long as all else here.
        return present
    unfit = [f"{c.source} is {c.freshness}" for c in components if c.freshness is not Freshness.FRESH]
    return replace(
        present,
        measured_at=min(c.measured_at for c in fresh or remembered if c.measured_at is not None),
        problem=", ".join(unfit) or present.problem,
        # A gauge that vanished at 99 % is not a gauge at 20 %.
        held=value(worst) if fresh and worst > (present.measure or 0.0) else None,
    )


def _vendor(weight: float, evidence: ProviderEvidence, now: datetime) -> Component:
    vendor = evidence.vendor
    if vendor is None:
        return Component(VENDOR, weight, Freshness.MISSING, expected=False, problem="no vendor status is configured")
    age = freshness(vendor.measured_at, vendor.interval, now)
    value = _VENDOR_VALUES[vendor.status]
    return Component(VENDOR, weight, age, value, value, vendor.measured_at, vendor.source)


def _of_signal(
    name: str, weight: float, signal: SignalEvidence, now: datetime, value: Callable[[float], float]
) -> Component:
    return Component(
        name,
        weight,
        freshness(signal.measured_at, signal.interval, now),
        None if signal.value is None else value(signal.value),
        signal.value,
        signal.measured_at,
        f"{signal.signal} from {signal.source}",
        problem=signal.problem,
    )
