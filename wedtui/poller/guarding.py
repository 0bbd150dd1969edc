"""Which protection level the service works at, from what the cache knows of the calendar and of persons' decisions."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from wedtui.cache.known_calendar import known_calendar, unread_calendar
from wedtui.cache.reader import CacheReader
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.calendar import CalendarFacts
from wedtui.core.protection import ProtectionVerdict, Raise, protection
from wedtui.core.season import Protection


class _Facts(NamedTuple):
    """What is judged; replaced as one, because it is read in one thread and asked for in another."""

    calendar: CalendarFacts
    raises: tuple[Raise, ...] = ()


class _Judged(NamedTuple):
    """An answer, from what and since when it holds."""

    facts: _Facts
    at: datetime
    verdict: ProtectionVerdict


class Guarding:
    """Knows the level at any time, without asking the cache each time; what it knows grows stale, and that counts."""

    def __init__(self, configuration: Configuration, cache_url: str, clock: Clock) -> None:
        """Remember where to look; nothing is opened yet.

        Args:
            configuration: the served zones, and the sources of weddings.
            cache_url: where the calendar is kept.
            clock: the time of day.
        """
        self._configuration = configuration
        self._clock = clock
        self._cache = CacheReader(cache_url)
        self._facts = _Facts(unread_calendar(configuration, "nothing was read since the service began"))
        self._judged: _Judged | None = None

    def read(self) -> None:
        """Read calendar and decisions again, in the one thread that writes.

        Raises:
            StoreError: they cannot be read; what was known counts on.
        """
        calendar = known_calendar(self._configuration, self._cache, self._clock.now())
        raises, _ = self._cache.mirrored_raises()
        self._facts = _Facts(calendar, raises)

    def level(self) -> Protection:
        """Return the level now; from any thread."""
        now, facts, judged = self._clock.now(), self._facts, self._judged
        if judged is not None and judged.facts is facts and judged.at <= now:
            until = judged.verdict.until
            if until is None or now < until:
                return judged.verdict.level
        verdict = protection(facts.calendar, facts.raises, self._configuration.zones, now)
        self._judged = _Judged(facts, now, verdict)
        return verdict.level

    def close(self) -> None:
        """Let go of the cache, in the thread that read it."""
        self._cache.close()
