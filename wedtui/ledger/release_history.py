"""Reading what the figures of releasing are made of: every release that was started, and what was frozen then."""

from __future__ import annotations

from datetime import datetime

from wedtui.core.deployments.release import ReleaseState, object_of
from wedtui.core.deployments.stats import Frozen, History, Overridden, Ran, Where
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.reader import entry_of, override_entry_of
from wedtui.ledger.shapes import FREEZE_OVERRIDE, FREEZE_PERIOD, FROZEN_INTERVAL, FROZEN_KNOWN
from wedtui.store.instants import from_microseconds
from wedtui.store.opening import READER_WAITS, readable
from wedtui.store.snapshot import Snapshot

# Years of releases: only what counts of each is read.
_RAN = (
    "SELECT id, environment, service, state, submitted_at, started_at, placed_at FROM release "
    "WHERE started_at IS NOT NULL ORDER BY id"
)
_FIRST = "SELECT release_id, MIN(at) FROM release_transition WHERE {} GROUP BY release_id"
_FAILED = _FIRST.format("after = 'failed' OR after = 'rolling back'")
_RESTORED = _FIRST.format("after = 'rolled back'")
_OF_RELEASES = object_of(0)[:-1]
_Spans = list[tuple[datetime, datetime]]


class ReleaseHistoryReader:
    """Reads it. Used by one thread; every reading raises a StoreError when it cannot."""

    def __init__(self, url: str) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=READER_WAITS)

    def read(self) -> History:
        """Return everything."""
        with self._store.reading() as snapshot:
            ran = _ran(snapshot)
            return History(ran, _overrides(snapshot), _frozen(snapshot, {each.where for each in ran}))

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def _ran(snapshot: Snapshot) -> tuple[Ran, ...]:
    failed, restored = (dict(_instants(snapshot, each)) for each in (_FAILED, _RESTORED))
    return tuple(
        Ran(
            number,
            (environment, service),
            ReleaseState(state),
            from_microseconds(submitted),
            from_microseconds(started),
            None if placed is None else from_microseconds(placed),
            failed.get(number),
            restored.get(number),
        )
        for number, environment, service, state, submitted, started, placed in snapshot.values(_RAN)
    )


def _instants(snapshot: Snapshot, statement: str) -> list[tuple[int, datetime]]:
    return [(number, from_microseconds(at)) for number, at in snapshot.values(statement)]


def _overrides(snapshot: Snapshot) -> tuple[Overridden, ...]:
    entries = (override_entry_of(row) for row in snapshot.rows(FREEZE_OVERRIDE, "ORDER BY id"))
    return tuple(
        Overridden(int(entry.object.removeprefix(_OF_RELEASES)), entry.overridden_at, entry.end)
        for entry in entries
        if entry.object.startswith(_OF_RELEASES) and entry.object.removeprefix(_OF_RELEASES).isdecimal()
    )


def _frozen(snapshot: Snapshot, places: set[Where]) -> dict[Where, Frozen]:
    spans: dict[Where, _Spans] = {where: [] for where in places}
    for row in snapshot.rows(FROZEN_INTERVAL):
        if (row.environment, row.service) in spans:
            spans[row.environment, row.service].append((row.starts_at, row.ends_at))
    for row in snapshot.rows(FREEZE_PERIOD):
        period = entry_of(row).period
        if period is None:
            continue
        for (environment, service), some in spans.items():
            named = not period.environments or environment in period.environments
            if named and (not period.services or service in period.services):
                some.append((period.start, period.end))
    known = {(row.environment, row.service): (row.since, row.until) for row in snapshot.rows(FROZEN_KNOWN)}
    return {where: Frozen(tuple(some), known.get(where)) for where, some in spans.items()}
