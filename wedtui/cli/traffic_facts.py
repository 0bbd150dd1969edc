"""What a plan of shares rests on beside the live records, from the same picture as everybody sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from wedtui.actions.automation import Situation
from wedtui.cache.reader import CacheReader
from wedtui.cli.source import PictureSource
from wedtui.config import Configuration
from wedtui.config_traffic import TrafficSection
from wedtui.core.evidence import REQUESTS_SIGNAL, Freshness, ProviderEvidence
from wedtui.core.failover_facts import Facts, Measured, ProviderFacts, provider_facts
from wedtui.core.failover_room import OBSERVED, Demand, known_for, planned_peak, served_together
from wedtui.core.picture import Picture
from wedtui.core.rollup import MINUTE
from wedtui.core.state import State
from wedtui.core.traffic import Place, TrafficReading
from wedtui.errors import StoreError

_OF_A_DAY = timedelta(minutes=1)
"""However much oftener requests are asked for, for two of these their peak of 24 h is as good as new."""


class TrafficFactsSource:
    """Gathers what is known at an instant. May be used by several threads: each reading is one's alone."""

    def __init__(
        self, source: PictureSource, cache: CacheReader, section: TrafficSection, wedding_day: Callable[[], bool]
    ) -> None:
        """Remember where everything comes from.

        Args:
            source: of pictures.
            cache: what probes saw is read there by itself, every second while something fails.
            section: how many requests are planned with.
            wedding_day: whether it is wedding-day mode.
        """
        self._source, self._cache, self._section, self._wedding_day = source, cache, section, wedding_day
        self._turn = threading.Lock()
        self._looking = threading.Lock()

    def facts(self, reading: TrafficReading | None, problem: str | None, now: datetime) -> Facts:
        """Return what a plan at an aware instant rests on.

        Args:
            reading: the live records.
            problem: why there is none.
            now: an aware instant.

        Raises:
            StoreError: the history cannot be read.
        """
        with self._turn:
            picture = self._source.picture(now)
            observed, known = self._observed(picture, now)
        return Facts(
            reading,
            tuple(provider_facts(p.evidence, p.health, now) for p in picture.providers),
            problem,
            last_read_at=_last_read(picture) if reading is None else None,
            observed=observed,
            known_for=known,
            planned=self._planned(picture, now),
            freeze=picture.freeze,
            overrides=picture.freeze.overrides,
            protection=picture.protection,
        )

    def situation(self, now: datetime) -> Situation:
        """Return what the newest probes say.

        Raises:
            StoreError: the cache cannot be read.
        """
        with self._looking:
            providers, traffic = self._cache.probing(now)
        known = traffic is not None and traffic.freshness(now) is Freshness.FRESH
        shares = dict(traffic.reading.shares) if known and traffic is not None and traffic.reading else {}
        return Situation(providers, shares, self._wedding_day())

    def observed(self, now: datetime) -> tuple[ProviderEvidence, ...]:
        """Return what is known of each provider, with its requests.

        Raises:
            StoreError: the cache cannot be read.
        """
        with self._turn:
            return tuple(provider.evidence for provider in self._source.picture(now).providers)

    def close(self) -> None:
        """Let go of every file."""
        self._source.close()
        self._cache.close()

    def _planned(self, picture: Picture, now: datetime) -> Measured:
        """Return the peak of the next 4 h by the calendar; where nobody says what a wedding asks for, as configured."""
        demand = configured_demand(self._section)
        if demand is None and self._section.planned_peak is not None:
            return Measured(self._section.planned_peak, now)
        return planned_peak(demand, picture.calendar, picture.protection)

    def _observed(self, picture: Picture, now: datetime) -> tuple[Measured, dict[str, timedelta]]:
        """Return the peak of the requests of all providers together.

        Beside it stands for how much of the time those of each provider are known.
        """
        minutes: dict[str, dict[int, float]] = {}
        intervals: dict[str, timedelta] = {}
        known: dict[str, timedelta] = {}
        peak, this = Measured(), int(now.timestamp()) // MINUTE
        for provider in picture.providers:
            span = (provider.name, REQUESTS_SIGNAL, now - OBSERVED, now)
            series, found = self._source.series(*span), self._source.by_minute(*span)
            # The minute that is not over is another one at each look, and a plan with it.
            minutes[provider.name] = {at: value for at, value in found.items() if at < this} or found
            signal = provider.evidence.signal(REQUESTS_SIGNAL)
            interval = intervals[provider.name] = _OF_A_DAY if signal is None else signal.interval
            known[provider.name] = known_for((point.at for point in series.points), interval, now)
            newest = series.points[-1].at if series.points else None
            if newest is not None and (peak.measured_at is None or newest > peak.measured_at):
                # A day's peak is not old because one of many values of a second is late.
                peak = Measured(None, newest, max(interval, _OF_A_DAY))
        return replace(peak, value=served_together(minutes, intervals)), known


def _last_read(picture: Picture) -> datetime | None:
    """Return when the live shares were read last, as far as the cache knows."""
    traffic = picture.traffic
    return traffic.reading.read_at if traffic is not None and traffic.reading is not None else None


def known_or_nothing(
    source: TrafficFactsSource,
    configuration: Configuration,
    reading: TrafficReading | None,
    problem: str | None,
    now: datetime,
) -> Facts:
    """Return what a plan rests on; where nothing can be read, the live records and the configured capacities alone.

    That makes every provider UNKNOWN, and no room known: whoever is to gain has to be vouched for by a person.
    """
    try:
        return source.facts(reading, problem, now)
    except StoreError:
        known = tuple(ProviderFacts(p.name, State.UNKNOWN, capacity=p.capacity) for p in configuration.providers)
        return Facts(reading, known, problem)


def configured_demand(section: TrafficSection) -> Demand | None:
    """Return what the configuration says of requests; None where it says nothing."""
    if section.requests_per_wedding is None:
        return None
    return Demand(section.requests_per_wedding, section.requests_base)


def configured_shares(configuration: Configuration, places: Iterable[Place] | None = None) -> Mapping[Place, int]:
    """Return the configured shares of places that are whole providers; of regions the configuration has none.

    Args:
        configuration: the providers with their shares.
        places: of which; None: of those that are configured.
    """
    weights = {provider.name: provider.weight for provider in configuration.providers}
    if places is None:
        places = [Place(place.provider, place.region or "") for place in configuration.traffic.places]
    return {place: weights.get(place.provider, 0) for place in places if not place.region}
