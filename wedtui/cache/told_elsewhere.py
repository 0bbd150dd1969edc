"""Reading what other systems answered of their alerts, for whoever judges."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from wedtui.cache.kind import CACHE
from wedtui.cache.rows import reported_from_json
from wedtui.cache.shapes import ALERT_LIST, ALERT_SOURCE
from wedtui.core.alerts.outside import Answered, Reported
from wedtui.store.opening import READER_WAITS, readable
from wedtui.store.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Asked:
    """One source."""

    name: str
    kind: str
    answer: Answered
    problem: str = ""
    """What is wrong with the newest asking; empty where nothing is."""
    ignored: int = 0
    """How many alerts of that answer are none, by how severe they are."""


@dataclass(slots=True)
class _Kept:
    digest: str
    alerts: tuple[Reported, ...]


class AlertSourceReader:
    """Reads them. Used by one thread; a list of alerts is read again only where it changed."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the cache is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, CACHE, waits=waits)
        self._kept: dict[str, _Kept] = {}

    def read(self) -> tuple[Asked, ...]:
        """Return every configured source, in the order of the configuration.

        Raises:
            StoreError: the cache cannot be read.
        """
        with self._store.reading() as snapshot:
            return tuple(self._asked(snapshot, row) for row in snapshot.rows(ALERT_SOURCE, "ORDER BY position"))

    def read_heads(self) -> tuple[Asked, ...]:
        """Return the same without the alerts that they told of.

        Raises:
            StoreError: the cache cannot be read.
        """
        with self._store.reading() as snapshot:
            return tuple(_head(row) for row in snapshot.rows(ALERT_SOURCE, "ORDER BY position"))

    def _asked(self, snapshot: Snapshot, row: Any) -> Asked:
        kept = self._kept.get(row.name)
        if row.measured_at is not None and (kept is None or kept.digest != row.digest):
            told = next(iter(snapshot.rows(ALERT_LIST, "WHERE source = ?", row.name)), None)
            kept = None if told is None else _Kept(row.digest, reported_from_json(told.alerts))
        head = _head(row)
        if row.measured_at is None or kept is None:
            return replace(head, answer=Answered(interval=head.answer.interval), ignored=0)
        self._kept[row.name] = kept
        return replace(head, answer=replace(head.answer, alerts=kept.alerts))

    def close(self) -> None:
        """Let go of the cache."""
        self._store.close()


def _head(row: Any) -> Asked:
    interval = timedelta(seconds=row.interval_s)
    answer = Answered(row.measured_at, interval, (), row.whole, row.expected)
    return Asked(row.name, row.kind, answer, row.problem or "", row.ignored)
