"""Writing and reading the ledger: freezes that persons added, and what changed in the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from wedtui.core.freeze import PRODUCTION, Origin, Period
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import CONFIGURATION_CHANGE, FREEZE_PERIOD
from wedtui.store.engine import READER_WAITS, WRITER_WAITS
from wedtui.store.opened import ReadableStore, WritableStore


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


class Ledger:
    """The ledger in the hands of one who may write it. Used by one thread at a time; several processes may.

    A method that returns has stored what it says, through a crash of the machine. Each raises a StoreError when it
    cannot.
    """

    def __init__(self, url: str, *, waits: timedelta = WRITER_WAITS) -> None:
        """Open the ledger, make it where there is none, and bring it up to date (a copy is kept).

        Raises:
            ConfigurationError: the URL is not supported.
            StoreError: it cannot be opened.
        """
        self._store = WritableStore(url, LEDGER, waits=waits)

    def add_freeze(
        self,
        name: str,
        start: datetime,
        end: datetime,
        *,
        reason: str,
        added_by: str,
        added_at: datetime,
        environments: Iterable[str] = (PRODUCTION,),
        services: Iterable[str] = (),
    ) -> FreezeEntry:
        """Freeze an interval [start, end) of aware instants.

        Raises:
            ConfigurationError: it would end before it begins.
        """
        if end <= start:
            raise ConfigurationError(
                f'the freeze "{name}" would end at {end.isoformat()}, not after its start: name a later end'
            )
        values = {
            "name": name,
            "start": start,
            "end": end,
            "environments": sorted(environments),
            "services": sorted(services),
            "reason": reason,
            "added_by": added_by,
            "added_at": added_at,
        }
        with self._store.writing() as connection:
            number = connection.execute(insert(FREEZE_PERIOD).values(values).returning(FREEZE_PERIOD.c.id)).scalar_one()
            return _entry(_freeze_row(connection, number))

    def lift_freeze(self, number: int, *, by: str, at: datetime, reason: str) -> FreezeEntry:
        """End a freeze at an instant; what was frozen until then stays on record.

        Raises:
            NotFoundError: there is no freeze of that number.
            ConflictError: it was lifted already, or is over.
        """
        with self._store.writing() as connection:
            row = _freeze_row(connection, number)
            if row.lifted_at is not None:
                raise ConflictError(
                    f"freeze {number} was lifted already, by {row.lifted_by} at {row.lifted_at.isoformat()}: "
                    "see `wedtui freeze status`"
                )
            if row.end <= at:
                raise ConflictError(f"freeze {number} ended at {row.end.isoformat()}: there is nothing to lift")
            values = {"lifted_at": at, "lifted_by": by, "lift_reason": reason}
            connection.execute(update(FREEZE_PERIOD).where(FREEZE_PERIOD.c.id == number).values(values))
            return _entry(_freeze_row(connection, number))

    def note_configuration(self, digest: str, *, at: datetime, seen_by: str, changes: Sequence[str]) -> bool:
        """Note that the configuration changed, unless it is the one that was noted last.

        Args:
            digest: of the whole configuration.
            at: when it was seen.
            seen_by: who runs with it.
            changes: what changed, in redacted sentences.

        Returns:
            Whether it was noted.
        """
        with self._store.writing() as connection:
            last = connection.execute(
                select(CONFIGURATION_CHANGE.c.digest).order_by(CONFIGURATION_CHANGE.c.id.desc()).limit(1)
            ).scalar()
            if last == digest:
                return False
            values = {"at": at, "digest": digest, "seen_by": seen_by, "changes": list(changes)}
            connection.execute(insert(CONFIGURATION_CHANGE).values(values))
            return True

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()


class LedgerReader:
    """Reads the ledger, for those who may. Used by one thread; every reading raises a StoreError when it cannot."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = ReadableStore(url, LEDGER, waits=waits)

    def changed(self) -> bool:
        """Say whether anything was committed since the last call, as `CacheReader.changed` does."""
        return self._store.changed()

    def freeze_entries(self, *, include_lifted: bool = False) -> tuple[FreezeEntry, ...]:
        """Return the freezes that persons added, oldest first."""
        statement = select(FREEZE_PERIOD).order_by(FREEZE_PERIOD.c.id)
        if not include_lifted:
            statement = statement.where(FREEZE_PERIOD.c.lifted_at.is_(None))
        with self._store.reading() as connection:
            return tuple(map(_entry, connection.execute(statement)))

    def freeze_periods(self) -> tuple[Period, ...]:
        """Return what was and will be frozen: a lifted freeze up to when it was lifted."""
        periods = (entry.period for entry in self.freeze_entries(include_lifted=True))
        return tuple(period for period in periods if period is not None)

    def configuration_changes(self, *, most: int = 50) -> tuple[ConfigurationChange, ...]:
        """Return the newest changes of the configuration, newest first."""
        statement = select(CONFIGURATION_CHANGE).order_by(CONFIGURATION_CHANGE.c.id.desc()).limit(most)
        with self._store.reading() as connection:
            return tuple(
                ConfigurationChange(row.id, row.at, row.digest, row.seen_by, tuple(row.changes))
                for row in connection.execute(statement)
            )

    def close(self) -> None:
        """Let go of every file."""
        self._store.close()


def _freeze_row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(FREEZE_PERIOD).where(FREEZE_PERIOD.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no freeze {number}: `wedtui freeze status` lists those there are")
    return row


def _entry(row: Row[Any]) -> FreezeEntry:
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
