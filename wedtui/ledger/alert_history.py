"""Reading what became of alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from wedtui.errors import StoreError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import ALERT_EVENT, ALERT_ROUND
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import READER_WAITS, readable

MOST = 1000
"""So many events are read at once: the newest."""


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """Something that became of an episode."""

    id: int
    at: datetime
    kind: str
    """`firing`, `raised`, `acknowledged`, `noted`, `lapsed`, `escalated`, `resolved` or `withdrawn`."""
    key: str
    rule: str
    labels: dict[str, str]
    severity: str
    reason: str
    """`condition` or `no data`."""
    value: float | None
    person: str
    """Who did it, or whose acknowledgement lapsed; empty where nobody did."""
    said: str
    """Why, in that person's words."""


class AlertHistory:
    """Reads the history of alerts, for those who may. Used by one thread."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=waits)

    def events(self, since: datetime, *, most: int = MOST) -> tuple[AlertEvent, ...]:
        """Return what happened from an instant on, newest first.

        Raises:
            StoreError: the ledger cannot be read.
        """
        with self._store.reading() as snapshot:
            which = "WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ?"
            rows = snapshot.rows(ALERT_EVENT, which, to_microseconds(since), most)
            return tuple(
                AlertEvent(
                    row.id,
                    row.at,
                    row.kind,
                    row.episode,
                    row.rule,
                    dict(row.labels),
                    row.severity,
                    row.reason,
                    row.value,
                    row.person,
                    row.said,
                )
                for row in rows
            )

    def judged_at(self) -> datetime | None:
        """Return the instant of the newest round that was stored; None where there was none.

        Raises:
            StoreError: the ledger cannot be read.
        """
        with self._store.reading() as snapshot:
            return next((row.judged_at for row in snapshot.rows(ALERT_ROUND, "LIMIT 1")), None)

    def files(self) -> tuple[tuple[str, str], ...]:
        """Return the last files of rules that could be used, by name.

        Raises:
            StoreError: the ledger cannot be read.
        """
        with self._store.reading() as snapshot:
            found = next((row.files for row in snapshot.rows(ALERT_ROUND, "LIMIT 1")), None)
            return tuple((name, text) for name, text in found or ())

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


class Judged:
    """Says when alerts were judged last, whichever service did. Used by one thread while the process lives."""

    def __init__(self, url: str) -> None:
        """Remember where the ledger is; it is opened at the first look."""
        self._url = url
        self._history: AlertHistory | None = None

    def at(self) -> datetime | None:
        """Return that instant; None where there was no round, or the ledger cannot be read."""
        if self._history is None:
            self._history = AlertHistory(self._url)
        try:
            return self._history.judged_at()
        except StoreError:
            return None
