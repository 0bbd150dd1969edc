"""A stretch of history for a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Point:
    """One value and when it was measured."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one signal of one provider between two instants, oldest first."""

    provider: str
    signal: str
    since: datetime
    until: datetime
    points: tuple[Point, ...] = ()


def probe_signal(probe: str) -> str:
    """Return the name under which the latencies (ms) of a probe's passed rounds are asked for."""
    return f"probe {probe}"


def charted(signal: str) -> str:
    """Return the series that a signal is charted by: that of a probe is the same from wherever it is asked."""
    return signal.partition(" from ")[0] if probe_of(signal) else signal


def probe_of(signal: str) -> str | None:
    """Return the probe that `probe_signal` named, or None where `signal` is an ordinary signal."""
    return signal.removeprefix("probe ") if signal.startswith("probe ") else None
