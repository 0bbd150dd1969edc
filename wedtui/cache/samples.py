"""Reading what was measured, sample by sample and round by round, for whoever judges alerts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.cache.history import SERIES_NUMBER
from wedtui.cache.kind import CACHE
from wedtui.cache.shapes import SIGNAL
from wedtui.core.evidence import ProbeRound
from wedtui.core.rollup import STEP_NAMES
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.opening import READER_WAITS, readable

_BETWEEN = "SELECT at, value FROM sample WHERE series = ? AND at > ? AND at <= ? ORDER BY at"
_ROUNDS = "SELECT vantage, at, passed FROM probe_round WHERE probe = ? AND at >= ? AND at <= ? ORDER BY at, id"
_HOURS = "SELECT start, total, count FROM rollup WHERE series = ? AND step = ? AND start >= ? AND start < ?"
_HOUR = next(step for step, name in STEP_NAMES.items() if name == "1h")


class Newest(NamedTuple):
    """The newest value of a signal that is configured."""

    provider: str
    signal: str
    interval: timedelta
    value: float | None
    at: datetime | None


class SampleReader:
    """Reads samples. Used by one thread; every reading raises a StoreError when the cache cannot be read."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the cache is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, CACHE, waits=waits)

    def newest(self) -> tuple[Newest, ...]:
        """Return every configured signal with its newest value."""
        with self._store.reading() as snapshot:
            return tuple(
                Newest(row.provider, row.signal, timedelta(seconds=row.interval_s), row.value, row.measured_at)
                for row in snapshot.rows(SIGNAL, "ORDER BY position")
            )

    def between(self, provider: str, signal: str, after: datetime, until: datetime) -> list[tuple[datetime, float]]:
        """Return the samples of a series in (after, until], oldest first."""
        with self._store.reading() as snapshot:
            series = snapshot.scalar(SERIES_NUMBER, provider, signal)
            if series is None:
                return []
            found = snapshot.values(_BETWEEN, series, to_microseconds(after), to_microseconds(until))
            return [(from_microseconds(at), value) for at, value in found]

    def rounds(self, probe: str, since: datetime, until: datetime) -> list[tuple[str, ProbeRound]]:
        """Return the rounds of a probe in [since, until] with their vantage, oldest first."""
        with self._store.reading() as snapshot:
            found = snapshot.values(_ROUNDS, probe, to_microseconds(since), to_microseconds(until))
            return [(vantage, ProbeRound(from_microseconds(at), bool(passed))) for vantage, at, passed in found]

    def hours(self, provider: str, signal: str, start: datetime, end: datetime) -> list[tuple[datetime, float]]:
        """Return the mean of each hour of [start, end) that is rolled up."""
        with self._store.reading() as snapshot:
            series = snapshot.scalar(SERIES_NUMBER, provider, signal)
            if series is None:
                return []
            found = snapshot.values(_HOURS, series, _HOUR, to_microseconds(start), to_microseconds(end))
            return [(from_microseconds(at), total / count) for at, total, count in found if count]

    def close(self) -> None:
        """Let go of the cache."""
        self._store.close()
