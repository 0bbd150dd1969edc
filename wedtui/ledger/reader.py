"""Reading the ledger: freezes that persons added, and what changed in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wedtui.core.freeze import Origin, Period
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import CONFIGURATION_CHANGE, FREEZE_PERIOD
from wedtui.store.opening import READER_WAITS, readable


@dataclass(frozen=True, slots=True)
class FreezeEntry:
    """A freeze that a person added, [start, end), and who lifted it, if anyone did."""

    id: int
    name: str
    start: datetime
    end: datetime
    environments: frozenset[str]
    services: frozenset[str]
    """The services it applies to; none means all."""
    reason: str
    added_by: str
    added_at: datetime
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lift_reason: str | None = None

    @property
    def period(self) -> Period | None:
        """What it froze: up to the instant at which it was lifted; None where that was before it began."""
        end = self.end if self.lifted_at is None else min(self.end, self.lifted_at)
        if end <= self.start:
            return None
        return Period(self.name, self.start, end, Origin.PERSON, self.environments, self.services)


@dataclass(frozen=True, slots=True)
class ConfigurationChange:
    """One change of the configuration."""

    id: int
    at: datetime
    digest: str
    """Of the configuration as it was from then on."""
    seen_by: str
    changes: tuple[str, ...]
    """What changed, in redacted sentences."""


class LedgerReader:
    """Reads the ledger, for those who may. Used by one thread; every reading raises a StoreError when it cannot."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=waits)

    def changed(self) -> bool:
        """Say whether anything was committed since the last call, as `CacheReader.changed` does."""
        return self._store.changed()

    def freeze_entries(self, *, include_lifted: bool = False) -> tuple[FreezeEntry, ...]:
        """Return the freezes that persons added, oldest first."""
        which = "" if include_lifted else "WHERE lifted_at IS NULL"
        with self._store.reading() as snapshot:
            return tuple(map(entry_of, snapshot.rows(FREEZE_PERIOD, f"{which} ORDER BY id")))

    def freeze_periods(self) -> tuple[Period, ...]:
        """Return what was and will be frozen: a lifted freeze up to when it was lifted."""
        periods = (entry.period for entry in self.freeze_entries(include_lifted=True))
        return tuple(period for period in periods if period is not None)

    def configuration_changes(self, *, most: int = 50) -> tuple[ConfigurationChange, ...]:
        """Return the newest changes of the configuration, newest first."""
        with self._store.reading() as snapshot:
            return tuple(
                ConfigurationChange(row.id, row.at, row.digest, row.seen_by, tuple(row.changes))
                for row in snapshot.rows(CONFIGURATION_CHANGE, "ORDER BY id DESC LIMIT ?", most)
            )

    def close(self) -> None:
        """Let go of every file."""
        self._store.close()


def entry_of(row: Any) -> FreezeEntry:
    """Return what a row of the table says, whoever read it."""
    return FreezeEntry(
        id=row.id,
        name=row.name,
        start=row.start,
        end=row.end,
        environments=frozenset(row.environments),
        services=frozenset(row.services),
        reason=row.reason,
        added_by=row.added_by,
        added_at=row.added_at,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
    )
