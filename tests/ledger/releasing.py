"""A queue on a system under test, whose database judges by an instant that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from tests.core.deployments.made import NOW, release
from tests.places import PLACES
from wedtui.core.calendar import NO_CALENDAR
from wedtui.core.deployments import moves
from wedtui.core.deployments.release import Release, ReleaseState
from wedtui.core.freeze import FreezeFacts
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.releases import Actor, Releases

OPEN = FreezeFacts(calendar=NO_CALENDAR)
ADA, KAY = Actor("ada"), Actor("kay")
_US = timedelta(microseconds=1)


def judged_at(path: Path, at: datetime) -> None:
    """Have the database judge by an instant from now on; a few moments pass in it while a test runs."""
    offset = (at - datetime.now(UTC)) // _US
    PLACES.execute(path, LEDGER, "DELETE FROM database_clock")
    PLACES.execute(path, LEDGER, "INSERT INTO database_clock (id, offset_us) VALUES (1, ?)", offset)


@contextmanager
def queueing(path: Path, at: datetime = NOW, *, at_once: int = 4) -> Iterator[Releases]:
    """Open a queue whose database judges by an instant."""
    with closing(Releases(PLACES.url(path), at_once=at_once, waits=timedelta(seconds=5))) as queue:
        judged_at(path, at)
        yield queue


def submit(queue: Releases, key: str = "k", **what: Any) -> Release:
    """Put a release in the queue, and bring it as far as where it waits."""
    made = release(0, state=ReleaseState.QUEUED, **what)
    number = queue.submit(lambda at: made, key, by=ADA).id
    queue.move(number, "validate", moves.validate)
    return queue.move(number, "line up", moves.line_up)


def begun(_connection: Connection, each: Release, _why: str, _at: datetime) -> int:
    """Stand in the place of what carries a release out; its number is that of the release."""
    return each.id


def state_of(path: Path, number: int) -> str:
    """Return what the database says of a release."""
    ((state,),) = PLACES.execute(path, LEDGER, "SELECT state FROM release WHERE id = ?", number)
    return str(state)


def columns_of(path: Path, table: str) -> list[str]:
    """Return the names of a table's columns as a statement writes them, `id` first."""
    if PLACES.on_server:
        found = PLACES.execute(
            path, LEDGER, "SELECT column_name FROM information_schema.columns WHERE table_name = ? ORDER BY 1", table
        )
    else:
        found = PLACES.execute(path, LEDGER, "SELECT name FROM pragma_table_info(?) ORDER BY 1", table)
    names = sorted((str(row[0]) for row in found), key=lambda name: name != "id")
    return [f'"{name}"' if name == "after" else name for name in names]
