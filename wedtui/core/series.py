"""A stretch of history for a chart."""

from __future__ import annotations

from collections.abc import Iterable
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


def probe_signal(probe: str, vantage: str = "") -> str:
    """Return the name under which the latencies (ms) of a probe's passed rounds are asked for.

    Args:
        probe: its name, or its label, which names the vantage too.
        vantage: from where it is asked, where several services ask it: the way from each is another.
    """
    return f"probe {probe} from {vantage}" if vantage else f"probe {probe}"


def probe_of(signal: str) -> str | None:
    """Return the probe that `probe_signal` named, with its vantage, or None where `signal` is an ordinary signal."""
    return signal.removeprefix("probe ") if signal.startswith("probe ") else None


def vantages_of(signal: str, known: Iterable[str]) -> list[str]:
    """Return those of the known series that are a probe's by vantage, where `signal` names the probe alone."""
    return sorted(name for name in known if probe_of(signal) and name.startswith(f"{signal} from "))


def seen_elsewhere(signal: str, probe: str, known: Iterable[str]) -> list[str]:
    """Return those of the known series that are of a probe, beside the one of these that `signal` is; else none."""
    alone = probe_signal(probe)
    series = [name for name in known if name == alone or name.startswith(f"{alone} from ")]
    return sorted(name for name in series if name != signal) if signal in series else []
