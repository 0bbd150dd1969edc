"""Instants, and a ledger that is closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.places import PLACES
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import FreezeEntry, LedgerReader
from wedtui.ledger.shapes import CONFIGURATION_CHANGE
from wedtui.store.opening import readable

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@contextmanager
def writing(path: Path) -> Iterator[Ledger]:
    ledger = Ledger(PLACES.url(path), waits=timedelta(milliseconds=50))
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def reading(path: Path) -> Iterator[LedgerReader]:
    reader = LedgerReader(PLACES.url(path), waits=timedelta(milliseconds=50))
    try:
        yield reader
    finally:
        reader.close()


def noted_configurations(url: str) -> list[Any]:
    """Return the rows of the configurations that were noted, newest first: a record that no screen reads."""
    with closing(readable(url, LEDGER, waits=timedelta(milliseconds=50))) as store, store.reading() as snapshot:
        return snapshot.rows(CONFIGURATION_CHANGE, "ORDER BY id DESC")


def freeze(ledger: Ledger, name: str = "royal wedding", *, start: int = 0, end: int = 48) -> FreezeEntry:
    """Freeze from `start` to `end` hours after NOW."""
    return ledger.add_freeze(
        name, NOW + start * HOUR, NOW + end * HOUR, reason="asked by the venue", added_by="ada", added_at=NOW
    )
