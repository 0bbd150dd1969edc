"""The copy of what persons decided, for readers who may not read the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, insert

from wedtui.cache.tables import METADATA
from wedtui.core.freeze import Period
from wedtui.core.override import Override
from wedtui.core.protection import Raise
from wedtui.core.text import single_line
from wedtui.store.upsert import upsert

_PERIOD, _RAISE, _OVERRIDE, _MIRROR = (
    METADATA.tables[name] for name in ("freeze_period", "protection_raise", "freeze_override", "mirror")
)

LEDGER_MIRROR = "ledger"


def write_mirror(
    connection: Connection,
    periods: Iterable[Period],
    raises: Iterable[Raise],
    at: datetime,
    overrides: Iterable[Override] = (),
) -> None:
    """Replace the copy.

    Args:
        connection: to the cache, in a transaction of who keeps house.
        periods: what persons froze.
        raises: how far they raised the level.
        at: when all were read, aware.
        overrides: for what a freeze was overridden.
    """
    rows = [
        {
            "id": period.number or place,
            "name": period.name,
            "start": period.start,
            "end": period.end,
            "environments": sorted(period.environments),
            "services": sorted(period.services),
            "why": single_line(period.why),
        }
        for place, period in enumerate(periods, start=1)
    ]
    raised = [{**asdict(each), "level": each.level.value} for each in raises]
    for table, copied in ((_PERIOD, rows), (_RAISE, raised), (_OVERRIDE, [*map(asdict, overrides)])):
        connection.execute(delete(table))
        if copied:
            connection.execute(insert(table), copied)
    mirror = {"name": LEDGER_MIRROR, "copied_at": at}
    statement = upsert(connection, _MIRROR).values(mirror)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=mirror))
