"""What a reading of weddings that is not taken would make of the protection level, beside all that is stored.

It only reads: nobody waits for it, and nobody is told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, select, text

from wedtui.cache.tables import METADATA
from wedtui.cache.wedding_stage import FIRST, PAGE, Key, OfStored, Stage, Stays
from wedtui.core.calendar_rise import Minutes, Rise, rise
from wedtui.core.wedding_loss import DAY, DAYS
from wedtui.store.instants import from_microseconds, to_microseconds

Asking = Callable[[], AbstractContextManager[Connection]]

_SOURCE = METADATA.tables["wedding_source"]
_EVERY_PAGE = text(
    "SELECT source, reference, starts_at, ends_at, load FROM wedding "
    "WHERE (source, reference, starts_at) > (:source, :reference, :starts_at) "
    "ORDER BY source, reference, starts_at LIMIT :most"
)


def risen(asking: Asking, stage: Stage, source: str, at: datetime, own: Stays) -> Generator[None, None, Rise | None]:
    """Return the level that the calendar would ask for with a reading, where that is higher; None where it is not.

    Never too high: what a reading of changes moves counts at its new time alone. A page at a time, and only sums stay
    in memory.

    Args:
        asking: begins a transaction that only reads.
        stage: the rows of the reading; after `keep`.
        source: whose it is.
        at: when it was begun.
        own: which of the source's own rows it leaves.
    """
    now = to_microseconds(at)
    today = now // DAY * DAY
    until = today + DAYS * DAY
    # A day more, so that a load of the last one ends when it does.
    last = until + DAY
    before = _revisions(asking)
    yield from _count(asking, stage, (source, own), (now, last))
    without, with_it = Minutes(today, last, touched=True), Minutes(today, last, touched=False)
    for page in stage.counted():
        for starts_at, ends_at, had, has in page:
            without.add(starts_at, ends_at, had)
            with_it.add(starts_at, ends_at, has)
        yield
    if _revisions(asking) != before:
        # Of weddings that changed meanwhile a part is counted as it was: the next reading is judged again.
        return None
    return rise(without.steps(), with_it.steps(), at, from_microseconds(until))


def _count(asking: Asking, stage: Stage, own: tuple[str, Stays], within: tuple[int, int]) -> Iterator[None]:
    """Count what touches a time, a page at a time: without the reading, and with it."""
    name, stays = own
    source, after = "", FIRST
    while page := _every(asking, source, after):
        source, *key = page[-1][:3]
        after = (key[0], key[1])
        for of, rows in groupby(page, itemgetter(0)):
            here = (row[1:] for row in rows if _touches(row[1:], within))
            stage.count_stored(here, stays=stays if of == name else Stays.ALL)
        yield
    for named in stage.named():
        stage.count_named(row for row in named if _touches(row, within))
        yield


def _touches(row: OfStored, within: tuple[int, int]) -> bool:
    first, last = within
    return row[2] > first and row[1] < last


def _every(asking: Asking, source: str, after: Key) -> list[tuple[Any, ...]]:
    """Return the next page of what is stored, of whichever source."""
    parameters = {"source": source, "reference": after[0], "starts_at": after[1], "most": PAGE}
    with asking() as connection:
        return [tuple(row) for row in connection.execute(_EVERY_PAGE, parameters)]


def _revisions(asking: Asking) -> list[tuple[Any, ...]]:
    """Return by what readers, and we, can tell that weddings of any source changed."""
    here = select(_SOURCE.c.name, _SOURCE.c.revision).order_by(_SOURCE.c.name)
    with asking() as connection:
        return [tuple(row) for row in connection.execute(here)]
