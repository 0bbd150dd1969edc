"""The pace, and what the cache says is watched: of several services only the one that keeps house may write that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import structlog

from wedtui.cache.writer import CacheWriter
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.evidence import fresh_for, judged_interval
from wedtui.core.observation import Claim
from wedtui.core.season import NORMAL_PACE, Pace, Protection, pace
from wedtui.poller.problems import Problems

log = structlog.get_logger(__name__)

# What was asked for under a pace that ceased longer ago is too old in any case.
_FORMER_KEPT_S = fresh_for(NORMAL_PACE.query).total_seconds()

NOT_WHAT_COUNTS = "it is configured to watch other things than what counts"
UNLIKE = "other configuration"
"""Whose problem it is that another one's configuration counts."""


class Configuring:
    """Keeps the rows of what is watched as the configuration and the level have them; in the thread that writes."""

    def __init__(
        self,
        configuration: Configuration,
        cache: CacheWriter,
        level: Callable[[], Protection],
        problems: Problems,
        clock: Clock,
    ) -> None:
        """Remember with what it is done.

        Args:
            configuration: what this service watches.
            cache: where it stands for readers and for other services.
            level: knows the present one; from any thread.
            problems: told where another one's configuration counts.
            clock: its monotonic time says how long ago the level changed.
        """
        self._configuration, self._cache = configuration, cache
        self._level_now, self._problems = level, problems
        self._clock = clock
        self._level: Protection | None = None
        self._former: list[tuple[float, Pace]] = []
        self._written: Pace | None = None

    def pace(self) -> Pace:
        """Return how often what names no interval is asked now; from any thread."""
        return pace(self._level_now())

    def write(self, house: Claim | None, *, anew: bool) -> None:
        """Write what is watched, if keeping house is this service's.

        The default intervals change with the level, and with them how long evidence stays fresh: what was asked for
        under a longer one is judged by that until it is followed.

        Args:
            house: the right to keep house; None: it is another's.
            anew: whether this service has it since now.
        """
        level = self._level_now()
        if self._level is not None and level is not self._level:
            log.info("protection", level=level.value, before=self._level.value)
            self._former.append((self._clock.monotonic(), pace(self._level)))
        self._level = level
        judged = self._judged(pace(level))
        if house is not None and (anew or judged != self._written):
            # Until it is stored it is not written: what fails here is tried again with the next heartbeat.
            self._written = None
            intervals = {"probe_interval": judged.probe, "query_interval": judged.query}
            self._cache.configure(self._configuration, claim=house, **intervals)
        self._written = judged
        self._cache.follow(pace(level).query)

    def _judged(self, asked: Pace) -> Pace:
        """Return by which default intervals evidence is judged now."""
        now = self._clock.monotonic()
        self._former = [each for each in self._former if now - each[0] <= _FORMER_KEPT_S]
        former = [(timedelta(seconds=now - ceased), each) for ceased, each in self._former]
        return Pace(
            probe=judged_interval(asked.probe, [(ago, each.probe) for ago, each in former]),
            query=judged_interval(asked.query, [(ago, each.query) for ago, each in former]),
        )

    def compare(self, house: Claim | None) -> None:
        """Say in what this service would watch other things than the one whose configuration counts."""
        found = None if house is not None else self._cache.unlike(self._configuration)
        self._problems.take(UNLIKE, f"{NOT_WHAT_COUNTS}: {found}" if found else None)
