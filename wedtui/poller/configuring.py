"""The pace, and what the cache says is watched: of several services only the one that keeps house may write that."""

from __future__ import annotations

import structlog

from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.observation import Claim
from wedtui.core.season import Pace, Protection, pace
from wedtui.poller.guarding import Guarding
from wedtui.poller.problems import Problems

log = structlog.get_logger(__name__)

NOT_WHAT_COUNTS = "it is configured to watch other things than what counts"
UNLIKE = "other configuration"
"""Whose problem it is that another one's configuration counts."""


class Configuring:
    """Keeps the rows of what is watched as the configuration and the level have them; in the thread that writes."""

    def __init__(
        self, configuration: Configuration, cache: CacheWriter, guarding: Guarding, problems: Problems
    ) -> None:
        """Remember with what it is done.

        Args:
            configuration: what this service watches.
            cache: where it stands for readers and for other services.
            guarding: knows the level.
            problems: told where another one's configuration counts.
        """
        self._configuration, self._cache = configuration, cache
        self._guarding, self._problems = guarding, problems
        self._level: Protection | None = None

    def pace(self) -> Pace:
        """Return how often what names no interval is asked now; from any thread."""
        return pace(self._guarding.level())

    def write(self, house: Claim | None, *, anew: bool) -> None:
        """Write what is watched, if keeping house is this service's.

        The default intervals change with the level, and with them how long evidence stays fresh.

        Args:
            house: the right to keep house; None: it is another's.
            anew: whether this service has it since now.
        """
        level = self._guarding.level()
        defaults = pace(level)
        if self._level is not None and level is not self._level:
            log.info("protection", level=level.value, before=self._level.value)
        if house is not None and (anew or level is not self._level):
            intervals = {"probe_interval": defaults.probe, "query_interval": defaults.query}
            self._cache.configure(self._configuration, claim=house, **intervals)
        else:
            self._cache.follow(defaults.query)
        self._level = level

    def compare(self, house: Claim | None) -> None:
        """Say in what this service would watch other things than the one whose configuration counts."""
        found = None if house is not None else self._cache.unlike(self._configuration)
        self._problems.take(UNLIKE, f"{NOT_WHAT_COUNTS}: {found}" if found else None)
