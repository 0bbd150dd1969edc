"""A source of weddings as something that can be asked: read, checked row by row, and held until it is stored."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from wedtui.cache.wedding_stage import PAGE, Stage
from wedtui.clock import Clock
from wedtui.config_weddings import WeddingSourceSection, WeddingsSection
from wedtui.core.observation import WeddingsObservation
from wedtui.core.redact import address_of
from wedtui.core.wedding_rows import Defaults, RawRow, Unusable
from wedtui.providers.base import Cadence, Schedule
from wedtui.providers.weddings.base import MOST_ROWS, Came, Rows, RowSource, SourceError
from wedtui.providers.weddings.calendar_source import CalendarSource
from wedtui.providers.weddings.csv_source import CsvSource
from wedtui.providers.weddings.json_source import JsonSource
from wedtui.providers.weddings.postgres_source import PostgresSource

T = TypeVar("T")

# A disk that hangs is left to itself after this.
_PIECE_ENDS_WITHIN_S = 5.0
_CLOSING = timedelta(seconds=10)


class WeddingTarget:
    """One source of weddings."""

    def __init__(self, section: WeddingSourceSection, weddings: WeddingsSection, clock: Clock) -> None:
        """Prepare to read it.

        Args:
            section: where it is and how it is read.
            weddings: what all sources have in common.
            clock: for the instant of a reading, and how long ago the last whole one was.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self._section = section
        self._clock = clock
        self._address = address_of(section.name, section.url, section.query)
        self._defaults = Defaults(section.zone, section.culture, frozenset(weddings.venue_kinds))
        self._source = source_of(section, clock)
        self._mark: str | None = None
        self._whole_at: float | None = None

    @property
    def key(self) -> str:
        """`weddings NAME`."""
        return f"weddings {self._section.name}"

    @property
    def schedule(self) -> Schedule:
        """Its own interval; one whole reading, and letting go of it."""
        return Schedule(self._section.interval, self._section.deadline + _CLOSING, Cadence.QUERY)

    async def observe(self) -> tuple[WeddingsObservation, ...]:
        """Read it once; the rows wait in a file for whoever stores them."""
        began, at = self._clock.monotonic(), self._clock.now()
        stage = Stage(self._defaults)
        try:
            async with asyncio.timeout(self._section.deadline.total_seconds()):
                taking = _Taking(stage)
                came = await self._source.read(self._mark_to_begin_at(began), taking.take)
                await taking.settle()
        except SourceError as error:
            stage.close()
            return self.gave_up(str(error))
        except TimeoutError:
            stage.close()
            return self.gave_up(f"was not read within {self._section.deadline.total_seconds():g} s: raise its deadline")
        except sqlite3.Error as error:
            stage.close()
            return self.gave_up(
                f"its rows could not be kept while it was read ({error}): make room for temporary files"
            )
        except BaseException:
            stage.close()
            raise
        return (self._observed(came, stage, at, began),)

    def gave_up(self, why: str) -> tuple[WeddingsObservation, ...]:
        """Return that it could not be read, and why."""
        return (WeddingsObservation(self._section.name, self._clock.now(), problem=why, address=self._address),)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._source.close()

    def _mark_to_begin_at(self, now: float) -> str | None:
        """Return where to begin: now and then everything is read, whatever the source says."""
        old = self._whole_at is None or now - self._whole_at >= self._section.in_full.total_seconds()
        return None if old else self._mark

    def _observed(self, came: Came, stage: Stage, at: datetime, began: float) -> WeddingsObservation:
        def told(taken: bool) -> None:
            self._mark = came.mark if taken else None
            if taken and came.began_at is None:
                self._whole_at = began

        if came.unchanged:
            stage.close()
        return WeddingsObservation(
            self._section.name,
            at,
            rows=None if came.unchanged else stage,
            began_at=came.began_at,
            mark=came.mark,
            address=self._address,
            told=told,
        )


class _Taking:
    """Hands rows to a stage, a bounded number at a time and off the event loop."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def take(self, rows: Rows) -> None:
        """Check and keep rows.

        Raises:
            SourceError: they cannot be read to their end, or are too many.
        """
        iterator = iter(rows)
        more = True
        while more:
            more = await self._piece(iterator)
            if self._stage.rows > MOST_ROWS:
                raise SourceError(f"it has more than {MOST_ROWS:,} rows: leave out what is long over")

    async def settle(self) -> None:
        """Put them in order, once they are all there."""
        await self._in_thread(self._stage.settle)

    async def _piece(self, rows: Iterator[RawRow | Unusable]) -> bool:
        def work() -> bool:
            before = self._stage.rows
            self._stage.take(islice(rows, PAGE))
            return self._stage.rows - before == PAGE

        return await self._in_thread(work)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        piece = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(piece)
        except asyncio.CancelledError:
            # The thread goes on for a moment, and nobody may close what it works with.
            await asyncio.wait([piece], timeout=_PIECE_ENDS_WITHIN_S)
            raise


def source_of(section: WeddingSourceSection, clock: Clock) -> RowSource:
    """Return what reads a source.

    Raises:
        ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
    """
    if section.kind == "csv":
        return CsvSource(section)
    if section.kind == "icalendar":
        return CalendarSource(section, clock)
    if section.kind == "json":
        return JsonSource(section)
    return PostgresSource(section)
