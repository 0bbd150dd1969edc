"""Runs the dashboard without a terminal and waits for what it shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from tests.pictures import FakeSource, MovableClock, source_of
from wedtui.tui.app import WedtuiApp
from wedtui.tui.listing import Listing
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.source import Source
from wedtui.tui.terminal.abilities import Abilities

_TRIES = 6000


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test that drives the app."""
    asyncio.run(test)


def make_app(
    source: FakeSource | None = None,
    clock: MovableClock | None = None,
    *,
    theme: str = "midnight",
    open_source: Callable[[], Source] | None = None,
    demo: bool = False,
    abilities: Abilities | None = None,
) -> WedtuiApp:
    """Make a dashboard on a source from memory and a clock that stands."""
    source = source or source_of()
    opener = open_source or (lambda: source)
    return WedtuiApp(opener, clock or MovableClock(), theme=theme, demo=demo, abilities=abilities)


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Let the app work until something is so."""
    for _ in range(_TRIES):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("it did not become so")


async def settled(pilot: Pilot[None]) -> None:
    """Wait until something was read, and the chart that is asked for has its history."""
    app = pilot.app
    assert isinstance(app, WedtuiApp)
    await until(pilot, lambda: not app.board.opening)

    def charted() -> bool:
        wants = app.screen.wants if isinstance(app.screen, BoardScreen) else None
        history = app.board.history
        known = wants is None or not wants.signal or app.board.problem is not None
        return known or (history is not None and history.key == wants)

    await until(pilot, charted)


async def press(pilot: Pilot[None], key: str) -> None:
    """Press a key that does something, and wait until all that it does stands on the screen."""
    app = pilot.app
    assert isinstance(app, WedtuiApp)

    def seen() -> tuple[str, str | None]:
        lists = app.screen.query(Listing)
        return screen_text(app), lists.first().cursor if lists else None

    before = seen()
    await pilot.press(key)
    await until(pilot, lambda: seen() != before)
    await settled(pilot)
    last, same = seen(), 0
    while same < 5:
        await pilot.pause(0.03)
        now = seen()
        same = same + 1 if now == last else 0
        last = now


@asynccontextmanager
async def driven(app: WedtuiApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    """Run the app and wait for its first picture."""
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield pilot


def screen_text(app: WedtuiApp) -> str:
    """Return what stands on the screen, line by line."""
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text[:width].rstrip() for strip in strips[:height])


def cursor(app: WedtuiApp) -> str | None:
    """Return the object under the cursor of the list on the screen."""
    return app.screen.query_one(Listing).cursor
