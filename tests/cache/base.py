"""A small configuration and the observations that fit it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.places import PLACES
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.freeze import Origin, Period
from wedtui.core.observation import FeedObservation, ProbeObservation, SignalObservation
from wedtui.core.picture import ServiceFacts

NOW = datetime(2026, 6, 6, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def unrecorded(*_decided: object) -> None:
    """Stand for a ledger that takes whatever a person decided."""


SMALL: dict[str, Any] = {
    "providers": [{"name": "aws", "weight": 60, "capacity": 1200}, {"name": "gcp", "weight": 40}],
    "probes": [
        {
            "name": "rsvp-aws",
            "provider": "aws",
            "url": "https://rsvp.example.com/?token=secret",
            "interval": "3s",
        },
        {"name": "rsvp-gcp", "provider": "gcp", "url": "https://gcp.example.com/healthz"},
    ],
    "prometheus": [
        {
            "name": "main",
            "url": "http://127.0.0.1:9090",
            "queries": [
                {"provider": "aws", "signal": "latency_p95_ms", "query": "a"},
                {"provider": "aws", "signal": "cpu", "query": "b", "interval": "5s"},
            ],
        }
    ],
    "freeze": {"feeds": [{"name": "venues", "url": "https://calendar.example.com/secret.ics"}]},
}


def configuration(**changes: object) -> Configuration:
    return Configuration.model_validate({**SMALL, **changes})


def configure(writer: CacheWriter, wanted: Configuration | None = None) -> None:
    writer.configure(wanted or configuration(), probe_interval=10 * SECOND, query_interval=60 * SECOND)


@contextmanager
def writing(path: Path) -> Iterator[CacheWriter]:
    """Open a configured cache for writing and close it cleanly."""
    writer = CacheWriter(PLACES.url(path), waits=timedelta(milliseconds=200))
    try:
        configure(writer)
        yield writer
    finally:
        writer.close()


@contextmanager
def reading(path: Path) -> Iterator[CacheReader]:
    reader = CacheReader(PLACES.url(path), waits=timedelta(milliseconds=50))
    try:
        yield reader
    finally:
        reader.close()


def probe(at: datetime = NOW, *, name: str = "rsvp-aws", ms: float | None = 120.0, **more: Any) -> ProbeObservation:
    return ProbeObservation(name, at, more.pop("passed", True), total_ms=ms, **more)


def signal(at: datetime = NOW, value: float | None = 0.5, *, name: str = "cpu", **more: Any) -> SignalObservation:
    return SignalObservation("aws", name, "prometheus main", at, value, **more)


def feed(at: datetime, names: str | None, problem: str | None = None) -> FeedObservation:
    """Make a reading of the feed with one coming event for each letter; None: it could not be read."""
    return FeedObservation("venues", at, None if names is None else tuple(map(event, names)), problem)


def event(name: str, *, origin: Origin = Origin.FEED) -> Period:
    start = NOW + timedelta(days=30 + ord(name))
    return Period(
        name, start, start + timedelta(days=1), origin, frozenset({"production", "staging"}), frozenset({"rsvp"})
    )


def service(**more: Any) -> ServiceFacts:
    values: dict[str, Any] = {
        "instance": "one",
        "pid": 4711,
        "mode": "personal",
        "version": "0.1.0",
        "environment": "production",
        "started_at": NOW,
        "heartbeat_at": NOW,
    }
    return ServiceFacts(**{**values, **more})
