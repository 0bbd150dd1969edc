"""Every screen at 80x24 and 120x40, as pictures: `make snapshots` draws them again, and a person looks at them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from textual.command import CommandList
from textual.pilot import Pilot

from tests.pictures import NOW, OPEN, SERVICE, WELL, FakeSource, from_two_places, source_of
from tests.tui.calendars import BOOKING, NEVER, QUESTIONED, REJECTED, SATURDAY, STALE, booked, day_of
from tests.tui.changes import changed
from tests.tui.driving import make_app, press, screen_text, settled, until
from tests.tui.inventories import ill_resources, stocked
from wedtui.errors import StoreLockedError
from wedtui.tui.app import WedtuiApp
from wedtui.tui.terminal.abilities import EVERYTHING, Depth
from wedtui.tui.theme import theme_names

SIZES = [(80, 24), (120, 40)]
Compare = Callable[..., bool]


def locked() -> FakeSource:
    source = source_of()
    source.problem = StoreLockedError("the cache cache.db is locked by another process: wait, or stop that process")
    return source


def after(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press keys one by one, each once the screen before it has all that it shows."""

    async def walk(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for key in keys:
            await press(pilot, key)
        await pilot.pause(0.1)

    return walk


def after_weddings(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press keys, each once what the screen before it asked the calendar has been answered."""

    async def walk(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        app = pilot.app
        assert isinstance(app, WedtuiApp)
        for key in keys:
            await press(pilot, key)
            await until(pilot, lambda: "reading the cache" not in screen_text(app))
        await pilot.pause(0.1)

    return walk


def after_changes(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press keys, each once what the screen before it asked the stores has been answered."""

    async def walk(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        app = pilot.app
        assert isinstance(app, WedtuiApp)
        for key in keys:
            await press(pilot, key)
            await until(pilot, lambda: "reading what changed" not in screen_text(app))
        await pilot.pause(0.1)

    return walk


CASES: dict[str, tuple[Callable[[], WedtuiApp], tuple[str, ...]]] = {
    "dashboard": (make_app, ()),
    "dashboard-well": (lambda: make_app(source_of(WELL, freeze=OPEN), demo=True), ()),
    "service-dead": (
        lambda: make_app(source_of(service=replace(SERVICE, heartbeat_at=NOW - timedelta(minutes=4)))),
        (),
    ),
    "cache-unreadable": (lambda: make_app(locked()), ()),
    "nothing-configured": (lambda: make_app(source_of(())), ()),
    "filter": (make_app, ("slash", "a", "w")),
    "provider": (make_app, ("enter",)),
    "provider-unknown": (make_app, ("end", "enter")),
    "chart-probe": (make_app, ("enter", "enter")),
    "chart-signal": (make_app, ("enter", "end", "enter", "plus")),
    "findings": (make_app, ("w",)),
    "freeze": (make_app, ("f",)),
    "help": (make_app, ("question_mark",)),
    "jump": (make_app, ("apostrophe",)),
    "jump-empty-pane": (make_app, ("apostrophe", "3")),
    "copied": (make_app, ("y",)),
    # Every provider is well; their resources are not, and one of two services was stopped.
    "resources-ill": (lambda: make_app(ill_resources()), ()),
    "provider-resources": (lambda: make_app(stocked()), ("enter", "end")),
    "resources": (lambda: make_app(stocked()), ("i",)),
    "resources-kind": (lambda: make_app(stocked()), ("enter", "end", "enter")),
    "resource": (lambda: make_app(stocked()), ("i", "enter")),
    "vantages": (lambda: make_app(from_two_places()), ()),
    "vantages-provider": (lambda: make_app(from_two_places()), ("enter", "end")),
    "vantages-findings": (lambda: make_app(from_two_places()), ("w",)),
    "resources-vanished": (lambda: make_app(stocked()), ("i", "v")),
}


WEDDINGS: dict[str, tuple[Callable[[], FakeSource], tuple[str, ...]]] = {
    "maximum": (booked, ("W",)),
    "fresh": (lambda: booked(day_of(SATURDAY, 4)), ("W",)),
    "stale": (lambda: booked(sources=(BOOKING, STALE)), ("W",)),
    "missing": (lambda: booked((), ()), ("W",)),
    "never-read": (lambda: booked((), (NEVER,)), ("W",)),
    "questioned": (lambda: booked(sources=(BOOKING, QUESTIONED)), ("W", "end")),
    "nothing-today": (lambda: booked(day_of(SATURDAY + timedelta(days=5), 7)), ("W",)),
    "live": (booked, ("W", "end")),
    "list": (booked, ("W", "l")),
    "one": (booked, ("W", "l", "enter")),
    "source": (lambda: booked(sources=(BOOKING, REJECTED)), ("W", "end", "enter")),
    "dashboard": (booked, ()),
    "dashboard-stale": (lambda: booked(sources=(BOOKING, STALE)), ()),
}
# Where weddings are drawn, a large screen has columns of its own.
WEDDING_SIZES = [*SIZES, (200, 50)]


@pytest.mark.parametrize("size", WEDDING_SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", WEDDINGS)
def test_weddings(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    make, keys = WEDDINGS[case]
    assert snap_compare(make_app(make()), terminal_size=size, run_before=after_weddings(*keys))


@pytest.mark.parametrize("depth", [Depth.ANSI, Depth.NONE])
@pytest.mark.parametrize("case", ["maximum", "stale"])
def test_weddings_in_fewer_colours(snap_compare: Compare, case: str, depth: Depth) -> None:
    app = make_app(WEDDINGS[case][0](), abilities=replace(EVERYTHING, depth=depth))
    assert snap_compare(app, terminal_size=(80, 24), run_before=after_weddings("W"))


CHANGES: dict[str, tuple[str, ...]] = {
    "list": ("c",),
    "one": ("c", "down", "enter"),
    "filter": ("c", "slash", "a", "d", "a"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", CHANGES)
def test_changes(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    assert snap_compare(make_app(changed()), terminal_size=size, run_before=after_changes(*CHANGES[case]))


@pytest.mark.parametrize("depth", [Depth.ANSI, Depth.NONE])
def test_changes_in_fewer_colours(snap_compare: Compare, depth: Depth) -> None:
    app = make_app(changed(), abilities=replace(EVERYTHING, depth=depth))
    assert snap_compare(app, terminal_size=(80, 24), run_before=after_changes("c"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", CASES)
def test_screen(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    make, keys = CASES[case]
    assert snap_compare(make(), terminal_size=size, run_before=after(*keys))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_palette(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("colon")
        await until(pilot, lambda: pilot.app.screen.query("CommandList"))
        await pilot.press(*"hetz")
        await until(pilot, lambda: pilot.app.screen.query_one(CommandList).option_count == 1)
        await pilot.pause(0.2)

    assert snap_compare(make_app(), terminal_size=size, run_before=opened)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", [name for name in theme_names() if name != "midnight"])
def test_theme(snap_compare: Compare, theme: str, size: tuple[int, int]) -> None:
    assert snap_compare(make_app(theme=theme), terminal_size=size, run_before=after())


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("depth", [Depth.ANSI, Depth.NONE])
def test_fewer_colours(snap_compare: Compare, depth: Depth, size: tuple[int, int]) -> None:
    app = make_app(abilities=replace(EVERYTHING, depth=depth))
    assert snap_compare(app, terminal_size=size, run_before=after())


@pytest.mark.parametrize("screen", ["provider", "jump", "chart-signal", "findings", "help", "freeze"])
def test_without_colours(snap_compare: Compare, screen: str) -> None:
    app = make_app(abilities=replace(EVERYTHING, depth=Depth.NONE))
    assert snap_compare(app, terminal_size=(80, 24), run_before=after(*CASES[screen][1]))


def test_dashboard_on_a_large_screen(snap_compare: Compare) -> None:
    assert snap_compare(make_app(), terminal_size=(200, 50), run_before=after())
