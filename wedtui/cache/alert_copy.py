"""The copy of how it stands with alerts, as it is written by who judges them; `copied` reads it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from wedtui.cache.kind import CACHE
from wedtui.cache.tables import METADATA
from wedtui.core.alerts.standing import AlertsNow
from wedtui.core.alerts.standing_document import alert_document, looked_at_document
from wedtui.core.observation import Claim
from wedtui.store.opening import WRITER_WAITS, writable
from wedtui.store.upsert import upsert

_COPY, _LEASE = METADATA.tables["alert_copy"], METADATA.tables["lease"]
_LEDGER = "ledger"


class AlertCopy:
    """Writes the copy. Used by one thread."""

    def __init__(self, url: str, *, waits: timedelta = WRITER_WAITS) -> None:
        """Open the cache.

        Args:
            url: where it is.
            waits: how long to wait for another process that holds it.

        Raises:
            StoreError: it cannot be opened.
        """
        self._store = writable(url, CACHE, waits=waits)
        self._written: tuple[AlertsNow, Claim] | None = None

    def write(self, now: AlertsNow, claim: Claim) -> None:
        """Replace the copy; by a right that is lost nothing is stored.

        Args:
            now: how it stands.
            claim: by which it was judged.

        Raises:
            StoreError: it cannot be written.
        """
        before, self._written = self._written, None
        same = before is not None and before[1] == claim and _text(before[0]) == _text(now)
        with self._store.writing() as connection:
            held = connection.execute(select(_LEASE.c.fence).where(_LEASE.c.name == claim.lease)).scalar()
            if held != claim.fence:
                return
            if same and connection.execute(update(_COPY).values(judged_at=now.judged_at)).rowcount:
                self._written = now, claim
                return
            row = {
                "name": _LEDGER,
                "judged_at": now.judged_at,
                "rules": now.rules,
                "alerts": [alert_document(each) for each in now.alerts],
                "not_set": looked_at_document(now),
            }
            statement = upsert(connection, _COPY).values(row)
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
        self._written = now, claim

    def close(self) -> None:
        """Let go of the cache."""
        self._store.close()


def _text(now: AlertsNow) -> tuple[object, ...]:
    """Return what of it is more than an instant."""
    return now.alerts, now.rules, looked_at_document(now)
