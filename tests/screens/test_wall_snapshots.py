"""The wall at three sizes, as pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.pictures import NOW, OPEN, SERVICE, TROUBLED, WELL, FakeSource, MovableClock, source_of
from tests.tui.alerting import ADA, HOLE, MANY, OVER, alarmed
from tests.tui.calendars import BOOKING, SATURDAY, STALE, booked, day_of
from tests.tui.driving import until
from tests.tui.wall.worlds import DEAD, FROZEN, in_state
from wedtui.core.state import State
from wedtui.tui.wall.app import WallApp

SIZES = [(80, 24), (120, 40), (200, 50)]
# So long that the first page stands at any instant.
FIRST = 1e12
CRITICAL = (in_state("aws", State.CRITICAL, 60), *WELL[1:])
UNKNOWN = (*WELL[:3], in_state("hetzner", State.UNKNOWN, 0))


def wall(source: FakeSource, *, every: float = FIRST, demo: bool = False, at: timedelta = timedelta()) -> WallApp:
    return WallApp(lambda: source, MovableClock(NOW + at), theme="war-room", every=every, demo=demo)


CASES: dict[str, Callable[[], WallApp]] = {
    "well": lambda: wall(source_of(WELL, freeze=OPEN)),
    "critical": lambda: wall(source_of(CRITICAL, freeze=OPEN)),
    "unknown": lambda: wall(source_of(UNKNOWN, freeze=OPEN), demo=True),
    "troubled": lambda: wall(source_of(TROUBLED)),
    "dead": lambda: wall(source_of(TROUBLED, service=DEAD)),
    "frozen": lambda: wall(source_of(WELL, freeze=FROZEN)),
    "frozen-why": lambda: wall(
        source_of(CRITICAL, freeze=FROZEN, service=replace(SERVICE, heartbeat_at=NOW)),
        every=1,
        at=timedelta(seconds=page_of(1)),
    ),
}


def page_of(number: int) -> int:
    """Return after how many seconds the second of two pages stands, where they turn every second."""
    return (number - int(NOW.timestamp())) % 2


def turned(source: FakeSource, page: int, pages: int) -> WallApp:
    """Make a wall whose given page stands."""
    return wall(source, every=1, at=timedelta(seconds=(page - int(NOW.timestamp())) % pages))


CASES |= {
    "alerts": lambda: wall(alarmed(*MANY, oncall=(ADA,))),
    "alerts-hole": lambda: wall(alarmed(OVER, oncall=(ADA, HOLE))),
    "weddings": lambda: wall(booked(sources=(BOOKING,))),
    "weddings-page": lambda: turned(booked(sources=(BOOKING,)), 1, 2),
    "weddings-stale": lambda: wall(booked(sources=(BOOKING, STALE))),
    "weddings-calm": lambda: wall(booked(day_of(SATURDAY, 9), sources=(BOOKING,))),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", CASES)
def test_wall(snap_compare: Callable[..., bool], case: str, size: tuple[int, int]) -> None:
    async def settled(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, WallApp)
        await until(pilot, lambda: app.board.picture is not None)
        await pilot.pause(0.1)

    assert snap_compare(CASES[case](), terminal_size=size, run_before=settled)
