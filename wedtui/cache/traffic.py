"""The row of the record that shares traffic out: as readers see it."""

from __future__ import annotations

from datetime import timedelta

from wedtui.cache.copied import read_written
from wedtui.cache.shapes import TRAFFIC
from wedtui.core.traffic import Place, TrafficReading
from wedtui.core.traffic_facts import TrafficFacts
from wedtui.store.snapshot import Snapshot


def read_traffic(snapshot: Snapshot) -> TrafficFacts | None:
    """Return what is known of the configured record; None where none is configured."""
    row = next(iter(snapshot.rows(TRAFFIC, "ORDER BY name")), None)
    if row is None:
        return None
    reading = None
    if row.read_at is not None:
        reading = TrafficReading(
            backend=row.backend,
            name=row.name,
            shares={Place(str(provider), str(region)): int(share) for provider, region, share in row.shares},
            ttl=timedelta(seconds=row.ttl_s),
            read_at=row.read_at,
            generation=row.generation,
            records=row.records,
            submission=row.submission,
        )
    return TrafficFacts(
        row.name,
        row.backend,
        timedelta(seconds=row.interval_s),
        reading,
        row.attempted_at,
        row.problem,
        row.shares_since,
        read_written(snapshot),
    )
