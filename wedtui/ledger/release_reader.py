"""Reading releases: the queue as it stands, one with its history, and what is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from wedtui.core.deployments.queue import Facts
from wedtui.core.deployments.release import BEFORE, UNDER_WAY, Release, Transition
from wedtui.core.freeze import FreezeFacts
from wedtui.errors import NotFoundError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.release_rows import release_of, transition_of
from wedtui.ledger.shapes import DATABASE_CLOCK, RELEASE, RELEASE_APPROVAL, RELEASE_TRANSITION
from wedtui.store.opening import READER_WAITS, readable
from wedtui.store.snapshot import Snapshot

MOST_OVER = 200
"""So many that are over are read at once: the newest."""
_OPEN = tuple(each.value for each in (*BEFORE, *UNDER_WAY))
_NEWEST = (
    "SELECT environment, service, MAX(id) FROM release WHERE action IS NOT NULL AND environment = ? AND service = ? "
    "GROUP BY environment, service"
)


class Line(NamedTuple):
    """The queue as it stands in the ledger."""

    open: tuple[Release, ...]
    named: dict[int, Release]
    newest: dict[tuple[str, str], int]
    ahead: timedelta
    """How far ahead of its own clock the database judges; nothing, outside of demos and tests."""

    def facts(self, freeze: FreezeFacts, at_once: int) -> Facts:
        """Return what decides who may start, with what freezes."""
        return Facts(self.open, self.named, freeze, self.newest, at_once)


class Told(NamedTuple):
    """One release, and what became of it."""

    release: Release
    moves: tuple[Transition, ...]
    """The oldest first."""


class ReleaseReader:
    """Reads them, for those who may. Used by one thread; every reading raises a StoreError when it cannot."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=waits)

    def line(self) -> Line:
        """Return the queue: what is not over, and what decides about it."""
        with self._store.reading() as snapshot:
            found = _releases(snapshot, f"WHERE state IN ({_marks(_OPEN)}) ORDER BY id", *_OPEN)
            wanted = sorted({number for each in found for number in each.after})
            named = _releases(snapshot, f"WHERE id IN ({_marks(wanted)})", *wanted) if wanted else ()
            newest: dict[tuple[str, str], int] = {}
            for where in {each.where for each in found}:
                for environment, service, number in snapshot.values(_NEWEST, *where):
                    newest[environment, service] = number
            clock = snapshot.rows(DATABASE_CLOCK, "WHERE id = 1")
            ahead = timedelta(microseconds=clock[0].offset_us) if clock else timedelta()
            return Line(found, {each.id: each for each in named}, newest, ahead)

    def over(self, most: int = MOST_OVER, *, since: datetime | None = None) -> tuple[Release, ...]:
        """Return those that are over, the newest first.

        Args:
            most: so many at most.
            since: only those that ended then or later.
        """
        with self._store.reading() as snapshot:
            states = f"state NOT IN ({_marks(_OPEN)})"
            found = _releases(snapshot, f"WHERE {states} ORDER BY id DESC LIMIT {int(most)}", *_OPEN)
            return tuple(each for each in found if since is None or (each.ended_at or each.entered) >= since)

    def one(self, number: int) -> Told:
        """Return a release and what became of it; raises a NotFoundError where there is none of that number."""
        with self._store.reading() as snapshot:
            found = _releases(snapshot, "WHERE id = ?", number)
            if not found:
                raise NotFoundError(f"there is no release {number}: `wedtui deploy list` says which there are")
            rows = snapshot.rows(RELEASE_TRANSITION, "WHERE release_id = ? ORDER BY id", number)
            return Told(found[0], tuple(map(transition_of, rows)))

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def _releases(snapshot: Snapshot, which: str, *given: object) -> tuple[Release, ...]:
    rows = snapshot.rows(RELEASE, which, *given)
    approvals: dict[int, list[object]] = {}
    numbers = [row.id for row in rows]
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        for each in snapshot.rows(RELEASE_APPROVAL, f"WHERE release_id IN ({_marks(some)})", *some):
            approvals.setdefault(each.release_id, []).append(each)
    return tuple(release_of(row, approvals.get(row.id, ())) for row in rows)


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
