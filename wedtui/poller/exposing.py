"""Exposing the figures of the service: who counts what, and serving them where that is configured."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from wedtui.cache.kind import CACHE
from wedtui.cache.writer import CacheWriter
from wedtui.clock import Clock
from wedtui.errors import ServiceError
from wedtui.poller.alert_source_figures import AlertSourceFigures
from wedtui.poller.exposition import Exposition
from wedtui.poller.figures import Figures, service_figures, sizes_of
from wedtui.poller.guarding import Guarding
from wedtui.poller.problems import Problems
from wedtui.poller.recorder import Recorder
from wedtui.poller.schedule import Punctuality
from wedtui.poller.share import Share
from wedtui.poller.wedding_figures import WeddingFigures
from wedtui.providers.base import Guarded
from wedtui.store.opening import file_of

log = structlog.get_logger(__name__)

TRY_AGAIN_S = 10.0


class Exposing:
    """Has figures counted, measured and served."""

    def __init__(self, figures: Figures, problems: Problems, cache: CacheWriter, cache_url: str) -> None:
        """Remember of whom the figures are.

        Args:
            figures: what is served.
            problems: told where they cannot be.
            cache: whose size is one of them.
            cache_url: where it is.
        """
        self._figures, self._problems, self._cache = figures, problems, cache
        self._file = file_of(cache_url, CACHE)
        self._bytes: float | None = None

    def count(self, punctuality: Punctuality, recorder: Recorder, share: Share) -> None:
        """Have the figures count what the schedules and the recorder do."""
        punctuality.tell = self._figures.late
        self._figures.look_up(service_figures(punctuality, recorder, share, self._cache_bytes))

    def count_weddings(self, guarding: Guarding, clock: Clock) -> None:
        """Have the figures say what is known of the calendar."""
        self._figures.registry.register(WeddingFigures(guarding, clock))

    def count_alert_sources(self, figures: AlertSourceFigures) -> None:
        """Have the figures say how well other systems tell of their alerts, where any is configured."""
        if figures.wanted:
            self._figures.registry.register(figures)

    def show_breakers(self, targets: Iterable[Guarded]) -> None:
        """Show which places are left alone at present."""
        for target in targets:
            provider, service = target.guards
            for region, phase in target.breakers.items():
                self._figures.breaker(provider, region, service, phase)

    def weigh(self) -> None:
        """Ask a server how large the cache is; a file is looked at when somebody wants to know."""
        if self._file is None:
            self._bytes = self._cache.size()

    async def serve(self, address: str | None) -> None:
        """Serve the figures until it is cancelled; a port that is taken is a problem that people see, not the end.

        Args:
            address: where; None: nowhere.
        """
        while address is not None:
            try:
                exposition = Exposition(address, self._figures.registry)
            except ServiceError as error:
                if self._problems.take(address, str(error)):
                    log.error("figures are not served", problem=str(error))
                await asyncio.sleep(TRY_AGAIN_S)
                continue
            self._problems.take(address, None)
            log.info("figures are served", address=address)
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.to_thread(exposition.close)
        await asyncio.Event().wait()

    def _cache_bytes(self) -> float | None:
        return sizes_of(self._file) if self._file is not None else self._bytes
