"""The wall as a program: it follows its source, turns its pages, and no key changes anything."""

from __future__ import annotations

import string
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot
from textual.strip import Strip

from tests.pictures import OPEN, SERVICE, WELL, FakeSource, MovableClock, source_of
from tests.tui.driving import run, until
from tests.tui.wall.worlds import DEAD, FROZEN
from wedtui.errors import StoreLockedError
from wedtui.tui.source import Source
from wedtui.tui.surface import Surface
from wedtui.tui.wall.app import WallApp
from wedtui.tui.wall.pages import page_at
from wedtui.tui.wall.watchdog import Watchdog

SECOND = timedelta(seconds=1)


def make_wall(
    source: FakeSource, clock: MovableClock | None = None, *, every: float = 10, watchdog: Watchdog | None = None
) -> WallApp:
    return WallApp(lambda: source, clock or MovableClock(), theme="war-room", every=every, watchdog=watchdog)


def text_of(app: WallApp) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def watch_lines(app: WallApp) -> list[int]:
    """Return a list to which every line that is drawn from now on is added."""
    surface, drawn = app.screen.query_one("#wall", Surface), list[int]()
    draw = surface.render_line

    def render_line(y: int) -> Strip:
        drawn.append(y)
        return draw(y)

    surface.render_line = render_line  # type: ignore[method-assign]
    return drawn


async def shown(pilot: Pilot[None], words: str) -> None:
    app = pilot.app
    assert isinstance(app, WallApp)
    await until(pilot, lambda: words in text_of(app))


def test_it_follows_what_is_known_and_turns_its_pages_with_the_clock() -> None:
    async def walk() -> None:
        clock = MovableClock()
        source = source_of(WELL, freeze=FROZEN)
        app = make_wall(source, clock, every=1)
        async with app.run_test(size=(80, 24)) as pilot:
            for first, words in ((0, "score 100.0  < 20 s"), (1, "because of wedding weekend"), (0, "1/2")):
                while page_at(clock.now(), app.every, 2) != first:
                    clock.advance(SECOND)
                source.dirty = True
                await shown(pilot, words)

    run(walk())


def test_a_dead_service_and_an_unreadable_cache_take_the_whole_screen_and_give_it_back() -> None:
    async def walk() -> None:
        source = source_of(WELL, service=DEAD)
        app = make_wall(source)
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(pilot, "OLD, last known")
            source.make = source_of(WELL, service=SERVICE, freeze=OPEN).make
            source.dirty = True
            await shown(pilot, "● aws")
            source.problem = StoreLockedError("the cache cache.db is locked by another process: wait")
            await shown(pilot, "locked by another process")

    run(walk())


def test_a_source_that_never_answers_is_said() -> None:
    async def walk() -> None:
        hanging = threading.Event()
        clock = MovableClock()

        def never() -> Source:
            hanging.wait()
            return source_of()

        app = WallApp(never, clock, theme="war-room")
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(pilot, "reading the cache")
            clock.advance(7 * SECOND)
            await shown(pilot, "nothing could be read since this screen was opened")
            hanging.set()

    run(walk())


def test_no_key_changes_anything() -> None:
    async def walk() -> None:
        app = make_wall(source_of(WELL, freeze=OPEN))
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(pilot, "● aws")
            before = text_of(app)
            keys = [*string.ascii_lowercase.replace("q", ""), "enter", "escape", "tab", "colon", "question_mark"]
            await pilot.press(*keys, "ctrl+p", "ctrl+z", "f1", "up", "space", "slash")
            assert text_of(app) == before
            assert not app._exit
            assert len(app.screen_stack) == 1

    run(walk())


def test_its_only_bindings_are_to_draw_again_and_to_quit() -> None:
    async def walk() -> None:
        app = make_wall(source_of(WELL))
        async with app.run_test(size=(80, 24)):
            actions = {active.binding.action for active in app.screen.active_bindings.values()}
            assert actions == {"quit", "redraw"}

    run(walk())


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_it_can_be_left(key: str) -> None:
    async def walk() -> None:
        source = source_of(WELL)
        app = make_wall(source)
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(pilot, "aws")
            await pilot.press(key)
            await until(pilot, lambda: app._exit)
        assert source.closed

    run(walk())


def test_it_draws_for_another_size() -> None:
    async def walk() -> None:
        app = make_wall(source_of(WELL, freeze=OPEN))
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(pilot, "● aws")
            await pilot.resize_terminal(30, 10)
            await shown(pilot, "too small for the wall")
            await pilot.resize_terminal(200, 50)
            await shown(pilot, "● aws")

    run(walk())


def test_every_drawing_is_heard_by_the_watchdog_and_after_its_alarm_all_is_drawn_again() -> None:
    async def walk() -> None:
        clock = MovableClock()
        written: list[str] = []
        watchdog = Watchdog(written.append, lambda: (80, 24), clock.monotonic)
        app = make_wall(source_of(WELL, service=replace(SERVICE)), clock, watchdog=watchdog)
        async with app.run_test(size=(80, 24)) as pilot:
            await shown(pilot, "aws")
            drawn = watch_lines(app)
            watchdog._spoken = clock.monotonic()  # as if the alarm stood on the terminal
            await until(pilot, lambda: watchdog._spoken is None)
            await until(pilot, lambda: set(drawn) == set(range(24)))

    run(walk())
