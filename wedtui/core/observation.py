"""What an asking of the outside gives: the poller's input to the cache.

A failure is an observation like any other; it says in a few words why there is no value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wedtui.core.freeze import Period
from wedtui.core.picture import AlertFacts


@dataclass(frozen=True, slots=True)
class ProbeObservation:
    """One round of one probe."""

    probe: str
    at: datetime
    passed: bool
    failure: str | None = None
    status: int | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    certificate_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignalObservation:
    """One attempt to read one signal of one provider."""

    provider: str
    signal: str
    source: str
    at: datetime
    value: float | None = None
    """None with `problem` saying why."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PrometheusObservation:
    """One look at a Prometheus server itself: its readiness, targets and alerts."""

    name: str
    at: datetime
    ready: bool | None = None
    targets_up: int = 0
    targets_down: tuple[str, ...] = ()
    alerts: tuple[AlertFacts, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class FeedObservation:
    """One attempt to read one iCalendar feed."""

    name: str
    at: datetime
    periods: tuple[Period, ...] | None = None
    """None with `problem` saying why."""
    problem: str | None = None


Observation = ProbeObservation | SignalObservation | PrometheusObservation | FeedObservation
