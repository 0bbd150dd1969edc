"""iCalendar feeds of freezes: fetching them. What they mean is in `calendar`.

A feed's URL is often its only protection, so no sentence here holds it.
"""

from __future__ import annotations

import asyncio
import stat
from datetime import timedelta
from pathlib import Path

from wedtui.clock import Clock
from wedtui.config import FeedSection
from wedtui.core.freeze import Period
from wedtui.core.observation import FeedObservation
from wedtui.core.redact import address_of
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.base import Cadence, Schedule
from wedtui.providers.calendar import MAX_BYTES, CalendarError, parse_calendar
from wedtui.providers.web import UnansweredError, client_of, path_of, status_problem

# Recurrences are expanded in a thread; a calendar near the bounds takes seconds.
PARSING_AT_MOST = timedelta(seconds=20)


class FeedTarget:
    """One iCalendar feed, from a web server or a file."""

    def __init__(self, section: FeedSection, clock: Clock) -> None:
        """Prepare to read it.

        Args:
            section: where it is and what its events freeze.
            clock: for the instant of the reading, and for what of a calendar is still to come.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self._section = section
        self._clock = clock
        self._address = address_of(section.name, section.url)
        self._asked = client_of(section, f"feed {section.name}", MAX_BYTES)

    @property
    def key(self) -> str:
        """`feed NAME`."""
        return f"feed {self._section.name}"

    @property
    def schedule(self) -> Schedule:
        """Its own interval; the fetching and the parsing."""
        return Schedule(self._section.interval, self._section.timeout + PARSING_AT_MOST, Cadence.QUERY)

    async def observe(self) -> tuple[FeedObservation, ...]:
        """Fetch and parse it once."""
        try:
            data = await self._fetch()
            async with asyncio.timeout(PARSING_AT_MOST.total_seconds()):
                periods = await asyncio.to_thread(self._parse, data)
        except CalendarError as error:
            return self.gave_up(error.problem)
        except ProviderUnavailableError as error:
            return self.gave_up(str(error))
        except TimeoutError:
            return self.gave_up(
                f"could not be understood within {PARSING_AT_MOST.seconds} s: make the calendar smaller"
            )
        return (FeedObservation(self._section.name, self._clock.now(), periods=periods, address=self._address),)

    def gave_up(self, why: str) -> tuple[FeedObservation, ...]:
        """Return that it could not be read, and why."""
        return (FeedObservation(self._section.name, self._clock.now(), problem=why, address=self._address),)

    async def close(self) -> None:
        """Close the connections that are kept."""
        if self._asked is not None:
            await self._asked[1].close()

    async def _fetch(self) -> bytes:
        if self._asked is None:
            return await self._read_file(path_of(self._section.url))
        url, web = self._asked
        try:
            answer = await web.ask("GET", url)
        except UnansweredError as error:
            raise ProviderUnavailableError(str(error)) from None
        problem = status_problem(answer)
        if problem is not None:
            raise ProviderUnavailableError(problem)
        return answer.body

    async def _read_file(self, path: Path) -> bytes:
        """Read a file in a thread: one on a network that hangs is given up like a server that does."""
        timeout = self._section.timeout.total_seconds()
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.to_thread(_read, path)
        except TimeoutError:
            raise ProviderUnavailableError(f"its file could not be read within {timeout:g} s") from None

    def _parse(self, data: bytes) -> tuple[Period, ...]:
        return parse_calendar(
            data,
            name=self._section.name,
            now=self._clock.now(),
            environments=frozenset(self._section.environments),
            services=frozenset(self._section.services),
        )


def _read(path: Path) -> bytes:
    try:
        # A pipe or a device would wait for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ProviderUnavailableError(f"{path} is not a regular file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise ProviderUnavailableError(f"its file {path} cannot be read: {why}") from None
    if len(data) > MAX_BYTES:
        raise ProviderUnavailableError(f"its file {path} is larger than {MAX_BYTES // 1_000_000} MB")
    return data
