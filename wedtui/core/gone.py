"""What judgements were built on and is not configured any more: where it was bad, that it is gone is no recovery.

It counts no more, because whoever took it out may have meant to; so what is said of the provider may be better at
once. For a day that is said beside it. Source: DESIGN, law 3 (losing a signal never improves a state).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from wedtui.core.calendar import DROPPED_KEPT
from wedtui.core.evidence import CPU_SIGNAL, ERRORS_SIGNAL, FUTURE_TOLERANCE, LATENCY_SIGNAL, MEMORY_SIGNAL, ProbeRound
from wedtui.core.finding import Finding, Severity
from wedtui.core.health import ERRORS_GOOD, LATENCY_GOOD_MS, SATURATION_GOOD

SAID_FOR = DROPPED_KEPT
"""So long after it was measured it is said."""

JUDGED = {
    LATENCY_SIGNAL: LATENCY_GOOD_MS,
    ERRORS_SIGNAL: ERRORS_GOOD,
    CPU_SIGNAL: SATURATION_GOOD,
    MEMORY_SIGNAL: SATURATION_GOOD,
}
"""The signals that a provider is judged by, and above which value each takes away from its score."""


@dataclass(frozen=True, slots=True)
class GoneProbe:
    """The newest round of a probe that is not configured any more, from one vantage."""

    name: str
    newest: ProbeRound
    vantage: str = ""


@dataclass(frozen=True, slots=True)
class GoneSignal:
    """The newest value of a signal that is not configured any more, in its own unit."""

    provider: str
    signal: str
    value: float
    measured_at: datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """Everything that was measured lately and is not configured any more."""

    probes: tuple[GoneProbe, ...] = ()
    signals: tuple[GoneSignal, ...] = ()


NOTHING_GONE = Gone()


def gone_findings(gone: Gone, now: datetime) -> Iterator[Finding]:
    """Yield a finding for each probe and each signal that was bad when it was last measured, at an aware instant."""
    said: dict[str, Finding] = {}
    vantages = Counter(probe.name for probe in gone.probes)
    for probe in sorted(gone.probes, key=lambda each: each.newest.at, reverse=True):
        bad = _bad_round(probe.newest)
        if bad is not None and _is_recent(probe.newest.at, now):
            # A newer round from elsewhere may have passed, and says nothing about what failed from here.
            where = f" from {probe.vantage}" if vantages[probe.name] > 1 else ""
            said.setdefault(probe.name, _finding(probe.name, f"this probe {_NO_MORE}{where}: {bad}", probe.newest.at))
    yield from said.values()
    for signal in gone.signals:
        if signal.value > JUDGED.get(signal.signal, signal.value) and _is_recent(signal.measured_at, now):
            text = f"{signal.signal} {_NO_MORE}: it was {_written(signal)}"
            yield _finding(signal.provider, text, signal.measured_at)


_NO_MORE = "is no longer configured and counts no more, but it was bad when it was last measured"


def _finding(subject: str, text: str, at: datetime) -> Finding:
    return Finding(Severity.WARNING, subject, f"{text}; name it again, or look at what it watched", at)


def _bad_round(newest: ProbeRound) -> str | None:
    if not newest.passed:
        return f"it {newest.failure or 'failed'}"
    slow = newest.latency_ms is not None and newest.latency_ms > LATENCY_GOOD_MS
    return f"it took {newest.latency_ms:.0f} ms" if slow else None


def _written(signal: GoneSignal) -> str:
    return f"{signal.value:.0f} ms" if signal.signal == LATENCY_SIGNAL else f"{100 * signal.value:.1f} %"


def _is_recent(at: datetime, now: datetime) -> bool:
    return -FUTURE_TOLERANCE <= now - at < SAID_FOR
