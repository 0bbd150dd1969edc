"""Which protection level the service works at, from what the cache knows of the calendar and of persons' decisions.

It reads with a reader and a thread of its own: a large calendar takes its time, and no heartbeat waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from wedtui.cache.known_calendar import known_calendar, unread_calendar
from wedtui.cache.reader import CacheReader
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.calendar import CalendarFacts
from wedtui.core.freeze_windows import shifted
from wedtui.core.protection import LOOK_AROUND, ProtectionVerdict, Raise, protection
from wedtui.core.season import Protection
from wedtui.errors import StoreError

T = TypeVar("T")


class _Facts(NamedTuple):
    """What is judged; replaced as one, because it is read in one thread and asked for in another."""

    calendar: CalendarFacts
    raises: tuple[Raise, ...] = ()


class _Judged(NamedTuple):
    """An answer, from what, since when and before which instant it holds."""

    facts: _Facts
    at: datetime
    ends: datetime
    level: Protection


def _ends(verdict: ProtectionVerdict, calendar: CalendarFacts, now: datetime) -> datetime:
    """Return before which instant a level holds for certain, if nothing is read meanwhile.

    An end that is told supposes that a source goes on being read; here it was not, until that is known.
    """
    if verdict.unknown:
        return now  # no end is promised: it is judged anew each time
    told = (verdict.until, verdict.known_to, shifted(now, LOOK_AROUND))
    stale = (s.stale_from for s in calendar.sources if s.stale_from is not None and s.stale_from > now)
    return min(*(each for each in told if each is not None), *stale)


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
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="calendar")
        unread = "nothing was read since the service began"
        self._facts = _Facts(replace(unread_calendar(configuration, unread), problem=unread))
        self._judged: _Judged | None = None

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do something in the thread in which it reads; from the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def read(self) -> None:
        """Read calendar and decisions again, always in one thread.

        Raises:
            StoreError: they cannot be read; what was known counts on, and what came since then nobody can tell.
        """
        try:
            calendar = known_calendar(self._configuration, self._cache, self._clock.now())
            raises, _ = self._cache.mirrored_raises()
        except StoreError as error:
            known = self._facts
            self._facts = known._replace(calendar=replace(known.calendar, problem=str(error)))
            raise
        facts = _Facts(calendar, raises)
        # What it takes once for each calendar is taken here, before the loop can ask for it.
        judged = self._judge(facts, self._clock.now())
        self._facts, self._judged = facts, judged

    @property
    def calendar(self) -> CalendarFacts:
        """The calendar as it was last read; from any thread."""
        return self._facts.calendar

    def verdict(self, now: datetime) -> ProtectionVerdict:
        """Return what holds at an aware instant and why; from any thread."""
        facts = self._facts
        return protection(facts.calendar, facts.raises, self._configuration.zones, now)

    def level(self) -> Protection:
        """Return the level now; from any thread."""
        now, facts, judged = self._clock.now(), self._facts, self._judged
        if judged is None or judged.facts is not facts or not judged.at <= now < judged.ends:
            judged = self._judged = self._judge(facts, now)
        return judged.level

    def _judge(self, facts: _Facts, now: datetime) -> _Judged:
        verdict = protection(facts.calendar, facts.raises, self._configuration.zones, now)
        return _Judged(facts, now, _ends(verdict, facts.calendar, now), verdict.level)

    async def end(self) -> None:
        """Let go of the cache, in the thread that read it, and of that."""
        try:
            await self.in_thread(self.close)
        finally:
            self._thread.shutdown()

    def close(self) -> None:
        """Let go of the cache, in the thread that read it."""
        self._cache.close()
