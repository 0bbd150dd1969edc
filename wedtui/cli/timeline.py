"""The timeline of changes from wherever they are known; the same for the command and for the dashboard."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from wedtui.cache.reader import CacheReader
from wedtui.cli.facts import must_exist
from wedtui.config import Configuration
from wedtui.core.changes import ChangeQuery, Timeline, Told, merge, unread
from wedtui.core.seen_changes import OBSERVED
from wedtui.errors import StoreError, StoreMissingError
from wedtui.ledger.changes import DECIDED
from wedtui.ledger.reader import LedgerReader


def timeline(
    configuration: Configuration,
    cache: CacheReader,
    ledger: LedgerReader,
    query: ChangeQuery,
    now: datetime,
) -> Timeline:
    """Return what changed; a source that cannot be read is a gap, and what the others know stays.

    Args:
        configuration: says whether there has to be a ledger.
        cache: what was observed.
        ledger: what was decided and done.
        query: what is asked.
        now: an aware instant.
    """
    return merge(_told(configuration, cache, ledger, query, now), query)


def _told(
    configuration: Configuration,
    cache: CacheReader,
    ledger: LedgerReader,
    query: ChangeQuery,
    now: datetime,
) -> Iterator[Told]:
    try:
        yield ledger.changes(query)
    except StoreError as error:
        if isinstance(error, StoreMissingError) and not must_exist(configuration):
            yield Told(writes=())  # nobody has decided anything yet
        else:
            yield unread(DECIDED, "the ledger, which knows what persons decided,", str(error))
    try:
        yield cache.changes(query, now)
    except StoreError as error:
        yield unread(OBSERVED, "the cache, which knows what was observed,", str(error))
