"""Reading what was seen to have changed, and since when and of what nobody looked; `changing` records it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from wedtui.cache.changing_names import RECORD, RELEASED
from wedtui.cache.shapes import CHANGE, CHANGE_MARK, GROUP, PROVIDER, SERVICE, TRAFFIC, VENDOR
from wedtui.core.changes import READ_AT_MOST, Change, ChangeKind, ChangeQuery, Gap, SeenShares, Told
from wedtui.core.evidence import Freshness, freshness
from wedtui.core.seen_changes import (
    OBSERVED,
    STARTED,
    SeenRow,
    seen_change,
    seen_shares,
    unwatched,
    unwatched_gap,
)
from wedtui.core.services import right_time
from wedtui.core.wording import counted, listed
from wedtui.store.instants import to_microseconds
from wedtui.store.snapshot import Snapshot

_NEWEST = f"ORDER BY at DESC, id DESC LIMIT {READ_AT_MOST}"
_UNREADABLE = "recorded by another version: not understood here"


def read_seen(snapshot: Snapshot, query: ChangeQuery, now: datetime) -> Told:
    """Return what was seen to have changed, and what of that time was not seen.

    Args:
        snapshot: of the cache.
        query: what is asked.
        now: an aware instant: up to it nobody watched where no service is heard any more.
    """
    kinds = sorted(query.kinds & OBSERVED)
    if not kinds:
        return Told()
    marks = ", ".join("?" * len(kinds))
    window = (to_microseconds(query.since), to_microseconds(query.newest))
    rest = f"WHERE at BETWEEN ? AND ? AND kind IN ({marks}) {_NEWEST}"
    rows = [_row(row) for row in snapshot.rows(CHANGE, rest, *window, *kinds)]
    changes, shares, unread = _understood(rows)
    gaps = [*_record_gaps(snapshot), *_unwatched(snapshot, query, now), *_unseen(snapshot, now)]
    if unread:
        gaps.append(Gap(frozenset(map(ChangeKind, kinds)), f"{counted(unread, 'change')} {_UNREADABLE}"))
    cut = rows[-1].at if len(rows) == READ_AT_MOST else None
    return Told(tuple(changes), tuple(gaps), shares=tuple(shares), complete_after=cut)


def _row(row: Any) -> SeenRow:
    return SeenRow(row.id, row.at, row.not_before, row.kind, row.object, row.what, row.source, row.details)


def _understood(rows: Iterable[SeenRow]) -> tuple[list[Change], list[SeenShares], int]:
    changes, shares, unread = [], [], 0
    for row in rows:
        try:
            if row.kind == ChangeKind.WEIGHTS:
                shares.append(seen_shares(row))
            else:
                changes.append(seen_change(row))
        except (KeyError, TypeError, ValueError, AttributeError):
            unread += 1
    return changes, shares, unread


def _record_gaps(snapshot: Snapshot) -> Iterator[Gap]:
    """Yield up to when nothing was recorded, or was recorded longer ago than it is kept."""
    mark = next(iter(snapshot.rows(CHANGE_MARK, "WHERE name = ?", RECORD)), None)
    if mark is None:
        yield Gap(OBSERVED, "no service has recorded what it saw change yet")
    else:
        yield Gap(OBSERVED, "nothing is kept of what was seen to change", until=mark.since)


def _unwatched(snapshot: Snapshot, query: ChangeQuery, now: datetime) -> Iterator[Gap]:
    """Yield the times in which no service watched."""
    rest = f"WHERE kind = ? AND what = ? AND at >= ? {_NEWEST}"
    for row in snapshot.rows(CHANGE, rest, ChangeKind.SERVICE.value, STARTED, to_microseconds(query.since)):
        gap = unwatched(_row(row))
        if gap is not None:
            yield gap
    services = snapshot.rows(SERVICE, "ORDER BY vantage")
    heard = max((right_time(s.stopped_at or s.heartbeat_at, s.clock_ahead_s) for s in services), default=None)
    gap = None if heard is None else unwatched_gap(heard, now, now=True)
    if gap is not None:
        yield gap


def _unseen(snapshot: Snapshot, now: datetime) -> Iterator[Gap]:
    """Yield what nobody looks at, or looked at last so long ago that what changed since is not known."""
    names = [row.name for row in snapshot.rows(PROVIDER, "ORDER BY position")]
    vendors = {row.provider: (row.measured_at, row.interval_s) for row in snapshot.rows(VENDOR)}
    yield from _silent(ChangeKind.VENDOR, "vendor", names, vendors, now)
    marks = ", ".join("?" * len(RELEASED))
    groups: dict[str, tuple[datetime | None, float]] = {}
    for row in snapshot.rows(GROUP, f"WHERE kind IN ({marks})", *sorted(RELEASED)):
        known = groups.get(row.provider)
        # What was listed last is not what is listed worst: of several regions the oldest counts.
        if known is None or row.listed_at is None or (known[0] is not None and row.listed_at < known[0]):
            groups[row.provider] = (row.listed_at, row.interval_s)
    yield from _silent(ChangeKind.RELEASE, "container service", names, groups, now)
    record = next(iter(snapshot.rows(TRAFFIC, "ORDER BY name")), None)
    if record is None:
        yield Gap(frozenset({ChangeKind.WEIGHTS}), "no backend of traffic is configured: nobody reads live shares")
    else:
        yield from _stale(ChangeKind.WEIGHTS, f"the record {record.name}", record.read_at, record.interval_s, now)


def _silent(
    kind: ChangeKind, thing: str, names: list[str], known: dict[str, tuple[datetime | None, float]], now: datetime
) -> Iterator[Gap]:
    never = tuple(name for name in names if known.get(name, (None, 0.0))[0] is None)
    if never:
        yield Gap(frozenset({kind}), f"no {thing} of {listed(never)} was ever read")
    for name in (name for name in names if name not in never):
        yield from _stale(kind, f"the {thing} of {name}", *known[name], now)


def _stale(kind: ChangeKind, thing: str, at: datetime | None, interval_s: float, now: datetime) -> Iterator[Gap]:
    if at is None:
        yield Gap(frozenset({kind}), f"{thing} was never read")
    elif freshness(at, timedelta(seconds=interval_s), now) is not Freshness.FRESH:
        yield Gap(frozenset({kind}), f"{thing} was not read since", since=at)
