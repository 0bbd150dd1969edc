"""How carefully the platform has to be handled, in figures for a Prometheus, as the service itself knows it.

Looked up when somebody asks, on that asker's thread. What was never known is left out: it is not nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from wedtui.clock import Clock
from wedtui.core.calendar import SourceFacts
from wedtui.core.protection import AHEAD
from wedtui.core.season import Protection
from wedtui.core.wedding import UNITS
from wedtui.poller.guarding import Guarding

HOURS = AHEAD.total_seconds() / 3600


class WeddingFigures(Collector):
    """Level, live weddings, their load and its peak; age and state of each source of weddings."""

    def __init__(self, guarding: Guarding, clock: Clock) -> None:
        """Take what is asked.

        Args:
            guarding: what the service knows.
            clock: the time of day.
        """
        self._guarding = guarding
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Judge what is known now."""
        now = self._clock.now()
        verdict = self._guarding.verdict(now)
        level = GaugeMetricFamily(
            "wedtui_protection_level", "1 for the protection level that holds, 0 for the others.", labels=["level"]
        )
        for each in Protection:
            level.add_metric([each.value], each is verdict.level)
        yield level
        if verdict.peak is not None:
            yield GaugeMetricFamily("wedtui_weddings_live", "Weddings that are live.", value=verdict.live.weddings)
            live = "Load of the weddings that are live, in standard weddings."
            yield GaugeMetricFamily("wedtui_wedding_load", live, value=verdict.live.load / UNITS)
            peak = f"Highest load of the next {HOURS:g} hours, in standard weddings."
            yield GaugeMetricFamily("wedtui_wedding_load_peak", peak, value=verdict.peak.load / UNITS)
        fresh = GaugeMetricFamily(
            "wedtui_wedding_source_fresh", "1 where the last good reading of a source still counts.", labels=["source"]
        )
        age = GaugeMetricFamily(
            "wedtui_wedding_source_age_seconds", "Time since the last good reading of a source.", labels=["source"]
        )
        for source in self._sources():
            fresh.add_metric([source.name], source.is_fresh(now))
            if source.read_at is not None:
                age.add_metric([source.name], (now - source.read_at).total_seconds())
        yield from (fresh, age)

    def _sources(self) -> tuple[SourceFacts, ...]:
        return self._guarding.calendar.sources
