"""Alerts in each state, as pictures: `make snapshots` draws them again, and a person looks at them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from tests.tui.alerting import WORLDS
from tests.tui.driving import make_app, press, settled, until
from wedtui.tui.screens.alerts import AlertScreen
from wedtui.tui.terminal.abilities import EVERYTHING, Depth

SIZES = [(80, 24), (120, 40)]
Compare = Callable[..., bool]


def told(screen: Screen[Any]) -> bool:
    """Whether a screen has what it asks for: the page of an alert asks what changed before it."""
    return not isinstance(screen, AlertScreen) or screen.board.changes is not None


def after(*keys: str) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Press keys one by one, each once the screen before it has all that it shows."""

    async def walk(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for key in keys:
            await press(pilot, key)
        await until(pilot, lambda: told(pilot.app.screen))
        await pilot.pause(0.1)

    return walk


LIST, ONE = ("exclamation_mark",), ("exclamation_mark", "enter")
CASES: dict[str, tuple[str, tuple[str, ...]]] = {
    **{f"dashboard-{name}": (name, ()) for name in ("nothing", "one", "many", "old", "nobody", "unknown")},
    **{f"list-{name}": (name, LIST) for name in ("nothing", "many", "old", "nobody", "unknown", "not-set")},
    "one": ("one", ONE),
    "one-old": ("old", ONE),
    "one-changed": ("changed", ONE),
    "one-outside": ("outside", ONE),
    "one-page": ("page", ONE),
    **{f"dashboard-{name}": (name, ()) for name in ("on-call", "hole")},
    **{f"list-{name}": (name, LIST) for name in ("on-call", "hole", "outside", "page")},
}
LARGE = ("dashboard-on-call", "list-on-call", "one-changed")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", CASES)
def test_alerts(snap_compare: Compare, case: str, size: tuple[int, int]) -> None:
    world, keys = CASES[case]
    assert snap_compare(make_app(WORLDS[world]()), terminal_size=size, run_before=after(*keys))


@pytest.mark.parametrize("case", LARGE)
def test_alerts_on_a_large_screen(snap_compare: Compare, case: str) -> None:
    world, keys = CASES[case]
    assert snap_compare(make_app(WORLDS[world]()), terminal_size=(200, 50), run_before=after(*keys))


@pytest.mark.parametrize("depth", [Depth.ANSI, Depth.NONE])
@pytest.mark.parametrize("case", ["dashboard-many", "list-many", "list-old"])
def test_alerts_with_fewer_colours(snap_compare: Compare, case: str, depth: Depth) -> None:
    world, keys = CASES[case]
    app = make_app(WORLDS[world](), abilities=replace(EVERYTHING, depth=depth))
    assert snap_compare(app, terminal_size=SIZES[0], run_before=after(*keys))
