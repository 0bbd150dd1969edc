"""How well other systems tell of their alerts, in figures for a Prometheus, as it stands in the cache.

Read again now and then, whoever asks them; looked up when somebody wants to know, on that asker's thread. While the
cache cannot be read, what was read last grows old.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from wedtui.cache.told_elsewhere import AlertSourceReader
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.alerts.outside import Answered


class AlertSourceFigures(Collector):
    """Age of the newest good answer of each source, and whether it is known what fires there."""

    def __init__(self, configuration: Configuration, cache_url: str, clock: Clock) -> None:
        """Remember which there are; nothing is opened yet.

        Args:
            configuration: names the sources.
            cache_url: where their answers are.
            clock: the time of day.
        """
        self._names = tuple(source.name for source in configuration.alert_sources)
        self._cache, self._clock = AlertSourceReader(cache_url), clock
        self._answers: Mapping[str, Answered] = {}

    @property
    def wanted(self) -> bool:
        """Whether there is any source."""
        return bool(self._names)

    def read(self) -> None:
        """Read again how it stands, always in one thread.

        Raises:
            StoreError: the cache cannot be read.
        """
        self._answers = {each.name: each.answer for each in self._cache.read_heads()}

    def collect(self) -> Iterator[Metric]:
        """Judge what is known now; a source that never answered has no age."""
        now, answers = self._clock.now(), self._answers
        known = GaugeMetricFamily(
            "wedtui_alert_source_known", "1 where it is known what fires at a source of alerts.", labels=["source"]
        )
        age = GaugeMetricFamily(
            "wedtui_alert_source_age_seconds",
            "Time since the newest good answer of a source of alerts.",
            labels=["source"],
        )
        for name in self._names:
            answer = answers.get(name, Answered())
            known.add_metric([name], answer.is_fresh(now) and answer.denies)
            if answer.at is not None:
                age.add_metric([name], (now - answer.at).total_seconds())
        yield from (known, age)

    def close(self) -> None:
        """Let go of the cache, in the thread that read it."""
        self._cache.close()
