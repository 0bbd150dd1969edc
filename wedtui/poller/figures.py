"""What the service tells of itself in figures, for a Prometheus to read; `exposition` serves them.

Every label has few values: kinds and outcomes are ours, names of providers come from the configuration, regions and
services from the providers' own short lists, and whatever goes beyond a bound is counted as `other`. No label
holds a URL, a message or anything else that could quote a secret.

Counting happens on the service's loop and costs microseconds; what is only looked up (a queue's length, a file's size)
is looked up when somebody asks, on that asker's thread.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from wedtui import __version__
from wedtui.core.breaker import Phase
from wedtui.core.observation import (
    AlertsObservation,
    ApiObservation,
    FeedObservation,
    Observation,
    ProbeObservation,
    PrometheusObservation,
    SignalObservation,
    TrafficObservation,
    VendorObservation,
    WeddingsObservation,
)
from wedtui.core.resource import Reach
from wedtui.poller.recorder import KEPT_AT_MOST, Recorder
from wedtui.poller.schedule import Punctuality
from wedtui.poller.share import Share

LATENESS_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Regions times services of a few providers; what comes beyond is counted together.
LABEL_SETS_AT_MOST = 1_000
LABEL_AT_MOST = 64
OTHER = "other"

_KINDS: dict[type[object], str] = {
    ProbeObservation: "probe",
    SignalObservation: "query",
    PrometheusObservation: "prometheus",
    AlertsObservation: "alerts",
    FeedObservation: "feed",
    ApiObservation: "api",
    VendorObservation: "vendor",
    WeddingsObservation: "weddings",
    TrafficObservation: "traffic",
}
# What an API says of itself without anything being wrong: the account does not have that region, plan or data.
_AS_IT_SHOULD_BE = frozenset({Reach.ANSWERED, Reach.SWITCHED_OFF, Reach.NOT_ON_PLAN, Reach.NOT_ENABLED})


class Looked(NamedTuple):
    """A figure that is looked up when somebody asks for it."""

    name: str
    """In Prometheus' notation; what only grows ends in `_total`."""
    meaning: str
    value: Callable[[], float | None]
    """Called on the asker's thread; None leaves the figure out."""


def outcome_of(observation: Observation) -> str:
    """Return `ok`, `failed`, or `held` where a breaker kept it from being asked."""
    match observation:
        case ProbeObservation():
            good = observation.passed
        case ApiObservation(reach=Reach.HELD):
            return "held"
        case ApiObservation():
            good = observation.reach in _AS_IT_SHOULD_BE
        case _:
            good = observation.problem is None
    return "ok" if good else "failed"


def service_figures(
    punctuality: Punctuality, recorder: Recorder, share: Share, cache_bytes: Callable[[], float | None]
) -> tuple[Looked, ...]:
    """Return what is looked up in the parts of a running service.

    Args:
        punctuality: of its schedules.
        recorder: what stands between the askings and the cache.
        share: what of the work is its own.
        cache_bytes: the size of the cache; None where it is not known.
    """
    return (
        Looked(
            "wedtui_rounds_skipped_total", "Askings left out: the one before was not over.", lambda: punctuality.skipped
        ),
        Looked("wedtui_observations_dropped_total", "Observations that could not be stored.", lambda: recorder.dropped),
        Looked("wedtui_store_failures_total", "Times that a batch could not be stored.", lambda: recorder.failures),
        Looked("wedtui_recorder_queue_length", "Observations that wait to be stored.", lambda: recorder.waiting),
        Looked("wedtui_recorder_queue_limit", "Observations that may wait before the oldest go.", lambda: KEPT_AT_MOST),
        Looked(
            "wedtui_observations_refused_total", "Observations that another had taken over.", lambda: recorder.refused
        ),
        Looked("wedtui_leases_held", "What this service asks for all, and others do not.", lambda: share.count),
        Looked("wedtui_cache_size_bytes", "Size of the cache.", cache_bytes),
    )


def log_figures(lost: Callable[[], float]) -> tuple[Looked, ...]:
    """Return what is looked up of a log that is a file.

    Args:
        lost: how many of its lines found no room.
    """
    return (Looked("wedtui_log_lines_lost_total", "Lines of the log that could not be written.", lost),)


def outbox_figures(waiting: Callable[[], float | None], dead: Callable[[], float | None]) -> tuple[Looked, ...]:
    """Return what is looked up of the outbox of notifications.

    Args:
        waiting: how many no channel has accepted yet; None while it is not known.
        dead: how many no channel accepted, and nobody dismissed.
    """
    return (
        Looked("wedtui_notifications_waiting", "Notifications that no channel has accepted yet.", waiting),
        Looked("wedtui_notifications_dead", "Notifications that no channel accepted, and nobody dismissed.", dead),
    )


def sizes_of(file: Path) -> float | None:
    """Return the bytes of an SQLite database together with those of its log; None where there is none."""
    sizes = [size for name in (file, file.with_name(f"{file.name}-wal")) if (size := _size(name)) is not None]
    return float(sum(sizes)) if sizes else None


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None


class Figures:
    """The figures of one service. Every method may be called from any thread and never raises for what it is told."""

    def __init__(self, *, mode: str, environment: str) -> None:
        """Prepare every figure; there is one set of them a process, in a registry of its own.

        Args:
            mode: `personal` or `shared`.
            environment: what is watched.
        """
        # When each series began is of no use to anybody, and doubles what is sent.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own omission
        self.registry = CollectorRegistry()
        build = {"version": __version__, "python": platform.python_version(), "mode": mode, "environment": environment}
        Info("wedtui_build", "What runs here.", registry=self.registry).info(build)
        ProcessCollector(registry=self.registry)
        self._rounds = self._counter(
            "wedtui_rounds", "Askings of the outside by target kind and outcome.", "kind outcome"
        )
        for kind in _KINDS.values():
            for outcome in ("ok", "failed"):
                # From the start, so that the first one already is an increase.
                self._rounds.labels(kind, outcome)
        self._lateness = Histogram(
            "wedtui_round_lateness_seconds",
            "Time from the instant at which a target should have been asked to its asking.",
            buckets=LATENESS_BUCKETS_S,
            registry=self.registry,
        )
        of_api = "provider region service reach"
        self._api_rounds = self._counter(
            "wedtui_api_rounds", "Askings of providers' APIs by what came of them.", of_api
        )
        self._api_requests = self._counter(
            "wedtui_api_requests", "Requests that askings of providers' APIs took.", of_api
        )
        self._failures = self._counter("wedtui_housekeeping_failures", "Times that keeping house failed.", "")
        self._pruned = self._counter("wedtui_pruned_rows", "Rows deleted from the cache because of their age.", "")
        self._heartbeat = Gauge(
            "wedtui_heartbeat_timestamp_seconds", "When the service last stored that it lives.", registry=self.registry
        )
        self._problems = Gauge(
            "wedtui_problems", "Problems that the service has of its own at present.", registry=self.registry
        )
        self._breakers = Gauge(
            "wedtui_breaker_state",
            "1 for the state that a circuit breaker is in, 0 for the others.",
            ["provider", "region", "service", "state"],
            registry=self.registry,
        )
        self._known: set[tuple[str, ...]] = set()

    def observed(self, observations: Iterable[Observation]) -> None:
        """Count what came of asking."""
        for observation in observations:
            self._rounds.labels(_KINDS[type(observation)], outcome_of(observation)).inc()
            if isinstance(observation, ApiObservation):
                place = self._bounded(observation.provider, observation.region, observation.service)
                reach = observation.reach.name.lower()
                self._api_rounds.labels(*place, reach).inc()
                self._api_requests.labels(*place, reach).inc(max(0, observation.requests))

    def late(self, seconds: float) -> None:
        """Take by how much one asking was late."""
        self._lateness.observe(seconds)

    def heartbeat(self, timestamp: float) -> None:
        """Take when (Unix seconds) a heartbeat was stored."""
        self._heartbeat.set(timestamp)

    def problems(self, count: int) -> None:
        """Take how many problems there are now, whether or not they can be stored."""
        self._problems.set(count)

    def housekeeping_failed(self) -> None:
        """Count a failure of keeping house."""
        self._failures.inc()

    def pruned(self, rows: int) -> None:
        """Count rows that were deleted because of their age."""
        self._pruned.inc(rows)

    def breaker(self, provider: str, region: str, service: str, phase: Phase) -> None:
        """Take the phase of a circuit breaker."""
        place = self._bounded(provider, region, service)
        for each in Phase:
            self._breakers.labels(*place, each.value.replace("-", "_")).set(each is phase)

    def look_up(self, figures: Iterable[Looked]) -> None:
        """Add figures that are looked up when somebody asks."""
        self.registry.register(_LookedUp(tuple(figures)))

    def _counter(self, name: str, meaning: str, labels: str) -> Counter:
        return Counter(name, meaning, labels.split(), registry=self.registry)

    def _bounded(self, *place: str) -> tuple[str, ...]:
        """Return the labels of a place, or `other` for each once there are too many different ones."""
        cut = tuple(part[:LABEL_AT_MOST] for part in place)
        if cut not in self._known:
            if len(self._known) >= LABEL_SETS_AT_MOST:
                return (OTHER,) * len(place)
            self._known.add(cut)
        return cut


class _LookedUp:
    """Figures that have no memory of their own."""

    def __init__(self, figures: tuple[Looked, ...]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Look each of them up."""
        for name, meaning, look in self._figures:
            value = look()
            if value is None:
                continue
            total = name.endswith("_total")
            yield (CounterMetricFamily if total else GaugeMetricFamily)(
                name.removesuffix("_total"), meaning, value=value
            )
