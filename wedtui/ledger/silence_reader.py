"""Reading the silences of alerts: who asked that something is not told, why, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.alerts.rule import Where
from wedtui.core.alerts.silences import Silence
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import ALERT_SILENCE
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import READER_WAITS, readable
from wedtui.store.snapshot import Snapshot

MOST = 500
"""So many silences are read at once: the newest."""


@dataclass(frozen=True, slots=True)
class SilenceEntry:
    """A silence as it stands in the ledger."""

    id: int
    rules: tuple[str, ...]
    wanted: Mapping[str, tuple[str, ...]]
    """By label, the values of which one must be there."""
    reason: str
    by: str
    since: datetime
    until: datetime
    """When it ends by itself."""
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    @property
    def end(self) -> datetime:
        """When it ends, or did."""
        return self.until if self.ended_at is None else min(self.ended_at, self.until)

    @property
    def asked(self) -> Silence:
        """What is not to be told, as the rules ask for it."""
        return Silence(self.id, Where(self.wanted), self.rules, self.reason, self.by, self.since, self.end)


class SilenceReader:
    """Reads them, for those who may. Used by one thread."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=waits)

    def silences(self, until_after: datetime) -> tuple[SilenceEntry, ...]:
        """Return those that end after an instant, the newest first.

        Raises:
            StoreError: the ledger cannot be read.
        """
        with self._store.reading() as snapshot:
            return read_silences(snapshot, until_after)

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def read_silences(snapshot: Snapshot, until_after: datetime) -> tuple[SilenceEntry, ...]:
    """Return those that end after an instant, the newest first."""
    after = to_microseconds(until_after)
    which = "WHERE until > ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY id DESC LIMIT ?"
    return tuple(map(silence_of, snapshot.rows(ALERT_SILENCE, which, after, after, MOST)))


def silence_of(row: Any) -> SilenceEntry:
    """Return a row of the ledger's as what it says."""
    return SilenceEntry(
        row.id,
        tuple(row.rules),
        {name: tuple(values) for name, values in row.wanted.items()},
        row.reason,
        row.by,
        row.since,
        row.until,
        row.ended_at,
        row.ended_by,
        row.end_reason,
    )
