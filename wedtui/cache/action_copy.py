"""The copy of what the ledger has of actions, as it is written; `copied` reads it."""

from __future__ import annotations

from datetime import datetime, timedelta

from wedtui.cache.kind import CACHE
from wedtui.cache.tables import METADATA
from wedtui.core.action_document import action_document
from wedtui.core.actions import Action
from wedtui.core.traffic_facts import Written
from wedtui.store.opening import writable
from wedtui.store.upsert import upsert

_COPY = METADATA.tables["action_copy"]
_LEDGER = "ledger"


class ActionCopy:
    """Writes the copy. Used by one thread."""

    def __init__(self, url: str, *, waits: timedelta) -> None:
        """Open the cache.

        Args:
            url: where it is.
            waits: how long to wait for another process that holds it.

        Raises:
            StoreError: it cannot be opened.
        """
        self._store = writable(url, CACHE, waits=waits)

    def write(self, actions: tuple[Action, ...], written: Written | None, at: datetime) -> None:
        """Replace the copy by what was read at an instant.

        Raises:
            StoreError: it cannot be written.
        """
        row = {
            "name": _LEDGER,
            "actions": [action_document(each) for each in actions],
            "written": None if written is None else _document(written),
            "copied_at": at,
        }
        with self._store.writing() as connection:
            statement = upsert(connection, _COPY).values(row)
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))

    def close(self) -> None:
        """Let go of the cache."""
        self._store.close()


def _document(written: Written) -> dict[str, object]:
    return {
        "shares": {str(place): share for place, share in sorted(written.shares.items())},
        "generation": written.generation,
        "at": None if written.at is None else written.at.isoformat(),
        "action": written.action,
        "what": written.what,
        "pending": written.pending,
    }
