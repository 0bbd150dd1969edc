"""Reading the ledger: what persons froze and how far they raised protection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from wedtui.core.actions import Action, Outcome, StepState
from wedtui.core.alerts.silences import Silence
from wedtui.core.calendar import ImportedByHand
from wedtui.core.changes import ChangeQuery, Told
from wedtui.core.customers import CUSTOMERS
from wedtui.core.erasure import Forgotten
from wedtui.core.freeze import Origin, Period
from wedtui.core.notify import Stage
from wedtui.core.override import Override
from wedtui.core.protection import Raise
from wedtui.core.season import Protection
from wedtui.core.text import single_line
from wedtui.core.unsent import Unsent
from wedtui.errors import NotFoundError
from wedtui.ledger.actions import action_of
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import (
    ACTION,
    ACTION_STEP,
    AUTOMATION_STOP,
    FORGOTTEN_WEDDING,
    FREEZE_OVERRIDE,
    FREEZE_PERIOD,
    PROTECTION_RAISE,
    WEDDING_IMPORT,
)
from wedtui.ledger.silence_reader import read_silences
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.kind import Kind
from wedtui.store.opening import READER_WAITS, Readable, readable
from wedtui.store.snapshot import Snapshot


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
    overrides_ended: tuple[str, ...] = ()
    """Of a lockdown that was just begun the objects whose override it ended; it is not stored with it."""

    @property
    def period(self) -> Period | None:
        """What it froze: up to the instant at which it was lifted; None where that was before it began."""
        end = self.end if self.lifted_at is None else min(self.end, self.lifted_at)
        if end <= self.start:
            return None
        why = f"by {self.added_by}" + ("" if self.name == self.reason else f": {single_line(self.reason)}")
        return Period(self.name, self.start, end, Origin.PERSON, self.environments, self.services, why, self.id)


@dataclass(frozen=True, slots=True)
class RaiseEntry:
    """A protection level that a person asked for over [raised_at, expires_at), and who ended it early, if anyone."""

    id: int
    level: Protection
    reason: str
    raised_by: str
    raised_at: datetime
    expires_at: datetime
    lowered_at: datetime | None = None
    lowered_by: str | None = None
    lower_reason: str | None = None

    @property
    def end(self) -> datetime:
        """When it ended, or will."""
        return self.expires_at if self.lowered_at is None else min(self.expires_at, self.lowered_at)

    @property
    def asked(self) -> Raise:
        """What the rule takes: up to the instant at which it was lowered."""
        return Raise(self.level, self.reason, self.raised_by, self.raised_at, self.end, self.id)


@dataclass(frozen=True, slots=True)
class OverrideEntry:
    """A freeze that a manager overrode for one object over [overridden_at, expires_at), and who ended it, if anyone."""

    id: int
    object: str
    reason: str
    overridden_by: str
    overridden_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    @property
    def end(self) -> datetime:
        """When it ended, or will."""
        return self.expires_at if self.ended_at is None else min(self.expires_at, self.ended_at)

    @property
    def asked(self) -> Override:
        """What the rule takes: up to the instant at which it was ended."""
        return Override(self.object, self.overridden_by, self.reason, self.overridden_at, self.end, self.id)


class LedgerReader:
    """Reads the ledger, for those who may. Used by one thread; every reading raises a StoreError when it cannot."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS, kind: Kind = LEDGER) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Args:
            url: where it is.
            waits: how long to wait for another process that holds it.
            kind: as of which revision it is read; the present one, unless it is a former ledger.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, kind, waits=waits)

    @classmethod
    def of(cls, store: Readable) -> Self:
        """Return the reader of a ledger that is there already, or is not to be asked."""
        made = cls.__new__(cls)
        made._store = store
        return made

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

    def raise_entries(self) -> tuple[RaiseEntry, ...]:
        """Return every protection level that persons asked for, oldest first."""
        with self._store.reading() as snapshot:
            return tuple(map(raise_of, snapshot.rows(PROTECTION_RAISE, "ORDER BY id")))

    def raises(self, *, until_after: datetime) -> tuple[Raise, ...]:
        """Return how far persons raised protection where that was to end after an instant."""
        with self._store.reading() as snapshot:
            later = snapshot.rows(PROTECTION_RAISE, "WHERE expires_at > ? ORDER BY id", to_microseconds(until_after))
            return tuple(raise_of(row).asked for row in later)

    def override_entries(self, *, until_after: datetime | None = None) -> tuple[OverrideEntry, ...]:
        """Return what managers overrode of a freeze, oldest first; where an instant is given, what was to end later."""
        which = "ORDER BY id" if until_after is None else "WHERE expires_at > ? ORDER BY id"
        given = () if until_after is None else (to_microseconds(until_after),)
        with self._store.reading() as snapshot:
            return tuple(map(override_entry_of, snapshot.rows(FREEZE_OVERRIDE, which, *given)))

    def overrides(self, *, until_after: datetime) -> tuple[Override, ...]:
        """Return what managers override of a freeze where that was to end after an instant."""
        return tuple(entry.asked for entry in self.override_entries(until_after=until_after))

    def forgotten_weddings(self) -> Forgotten:
        """Return every wedding that was forgotten, as later readings of the calendar recognise them."""
        with self._store.reading() as snapshot:
            return read_forgotten(snapshot)

    def imports(self) -> tuple[ImportedByHand, ...]:
        """Return what persons imported by hand and nobody dropped: of each source the newest."""
        with self._store.reading() as snapshot:
            rows = snapshot.rows(WEDDING_IMPORT, "WHERE dropped_at IS NULL ORDER BY id")
        newest = {row.source: ImportedByHand(row.source, row.kind, row.imported_at, row.imported_by) for row in rows}
        return tuple(newest.values())

    def action(self, number: int) -> Action:
        """Return one action.

        Raises:
            NotFoundError: there is none of that number.
        """
        with self._store.reading() as snapshot:
            found = _actions(snapshot, "WHERE id = ?", number)
        if not found:
            raise NotFoundError(f"there is no action {number}: `wedtui actions list` says which there are")
        return found[0]

    def action_of_key(self, key: str) -> Action:
        """Return the newest action of a request's key, which may go on behind a space.

        Raises:
            NotFoundError: there is none.
        """
        begins = "request_key = ? OR substr(request_key, 1, ?) = ?"
        with self._store.reading() as snapshot:
            found = _actions(snapshot, f"WHERE {begins} ORDER BY id DESC LIMIT 1", key, len(key) + 1, f"{key} ")
        if not found:
            raise NotFoundError("there is no such action: `wedtui actions list` says which there are")
        return found[0]

    def actions(self, *, open_only: bool = False, newest: bool = False, most: int = 50) -> tuple[Action, ...]:
        """Return the newest actions, newest first.

        Args:
            open_only: only those that have not ended.
            newest: and the newest that was confirmed, whatever became of it, and those that were done without the
                second person who is demanded and were not reviewed.
            most: how many.
        """
        alone = "(broke_glass IS NOT NULL AND reviewed_by IS NULL)"
        newest_one = "id = (SELECT max(id) FROM action WHERE confirmed_at IS NOT NULL)"
        also = f"OR {newest_one} OR {alone} " if newest else ""
        which = f"WHERE state <> 'ended' {also}" if open_only else ""
        with self._store.reading() as snapshot:
            return _actions(snapshot, f"{which}ORDER BY id DESC LIMIT ?", most)

    def newest_action(self, kind: str, outcomes: Sequence[Outcome]) -> Action | None:
        """Return the newest action of a kind that ended like one of these; None where there is none."""
        marks = ", ".join("?" * len(outcomes))
        with self._store.reading() as snapshot:
            which = f"WHERE kind = ? AND outcome IN ({marks}) ORDER BY id DESC LIMIT 1"
            return next(iter(_actions(snapshot, which, kind, *(each.value for each in outcomes))), None)

    def followed(self, since: datetime) -> tuple[Action, ...]:
        """Return changes of the shares whose customers may be looked for, and all that were made since, newest first.

        Args:
            since: a change that ended before is looked for only where that was begun and has not ended.
        """
        # A day earlier: by a clock that was set back since, a later change may have ended before.
        which = (
            "WHERE resource = 'traffic' AND id IN (SELECT action_id FROM action_step WHERE changes OR undoes) "
            "AND (ended_at IS NULL OR ended_at >= (SELECT min(ended_at) - 86400000000 FROM action WHERE outcome = ? "
            "AND (ended_at >= ? OR id IN (SELECT action_id FROM action_step WHERE name = ? AND state = ?)))) "
            "ORDER BY id DESC"
        )
        values = (Outcome.VERIFIED.value, to_microseconds(since), CUSTOMERS, StepState.INTENDED.value)
        with self._store.reading() as snapshot:
            return _actions(snapshot, which, *values)

    def last_change(self) -> Action | None:
        """Return the newest action that changed, or may have changed, shares; None where there is none."""
        writes = (
            "SELECT max(action_id) FROM action_step WHERE (changes OR undoes) AND state <> 'failed' "
            "AND action_id IN (SELECT id FROM action WHERE resource = 'traffic')"
        )
        with self._store.reading() as snapshot:
            return next(iter(_actions(snapshot, f"WHERE id = ({writes})")), None)

    def stopped_automation(self) -> tuple[str, datetime, str] | None:
        """Return who stopped all automation, when and why; None where it is not stopped."""
        with self._store.reading() as snapshot:
            rows = snapshot.rows(AUTOMATION_STOP, "WHERE resumed_at IS NULL ORDER BY id LIMIT 1")
            return next(((row.stopped_by, row.stopped_at, row.reason) for row in rows), None)

    def silences(self, *, until_after: datetime) -> tuple[Silence, ...]:
        """Return which alerts persons have silenced where that ends after an instant, the newest first."""
        with self._store.reading() as snapshot:
            return tuple(entry.asked for entry in read_silences(snapshot, until_after))

    def unsent(self) -> Unsent:
        """Return what waits to be told."""
        with self._store.reading() as snapshot:
            counted = "SELECT count(*), min(created_at) FROM notification WHERE stage = ?"
            waiting, oldest = next(snapshot.values(counted, Stage.WAITING.value))
            return Unsent(waiting, None if oldest is None else from_microseconds(oldest))

    def changes(self, query: ChangeQuery) -> Told:
        """Return what was decided and done in a time, as changes, with who did it."""
        from wedtui.ledger.changes import read_decided  # noqa: PLC0415 - it takes its rows from here

        with self._store.reading() as snapshot:
            return read_decided(snapshot, query)

    def close(self) -> None:
        """Let go of every file."""
        self._store.close()


def _actions(snapshot: Snapshot, which: str, *parameters: object) -> tuple[Action, ...]:
    rows = list(snapshot.rows(ACTION, which, *parameters))
    marks = ", ".join("?" * len(rows))
    steps = defaultdict(list)
    if rows:
        wanted = f"WHERE action_id IN ({marks}) ORDER BY action_id, number"
        for step in snapshot.rows(ACTION_STEP, wanted, *(row.id for row in rows)):
            steps[step.action_id].append(step)
    return tuple(action_of(row, steps[row.id]) for row in rows)


def read_forgotten(snapshot: Snapshot) -> Forgotten:
    """Return every wedding that is forgotten."""
    key = snapshot.scalar("SELECT secret FROM wedding_key")
    rows = snapshot.rows(FORGOTTEN_WEDDING)
    return Forgotten(bytes.fromhex(key or ""), {row.digest: row.alias for row in rows})


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


def raise_of(row: Any) -> RaiseEntry:
    """Return what a row of the table says, whoever read it."""
    return RaiseEntry(
        id=row.id,
        level=Protection(row.level),
        reason=row.reason,
        raised_by=row.raised_by,
        raised_at=row.raised_at,
        expires_at=row.expires_at,
        lowered_at=row.lowered_at,
        lowered_by=row.lowered_by,
        lower_reason=row.lower_reason,
    )


def override_entry_of(row: Any) -> OverrideEntry:
    """Return what a row of the table says, whoever read it."""
    return OverrideEntry(
        id=row.id,
        object=row.object,
        reason=row.reason,
        overridden_by=row.overridden_by,
        overridden_at=row.overridden_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_reason=row.end_reason,
    )
