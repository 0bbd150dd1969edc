"""Keys that come faster than screens: on a slow line several arrive in one piece, and none may end the dashboard."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta

import pytest
from textual import events
from textual.command import CommandList
from textual.css.query import NoMatches
from textual.geometry import Size
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from tests.pictures import NOW, OPEN, WELL, MovableClock, source_of
from tests.tui.calendars import SUMMER
from tests.tui.driving import driven, make_app, press, run, screen_text, settled, until
from tests.tui.inventories import many, stocked
from wedtui.core.emergency import EmergencyKind
from wedtui.core.inventory import ResourceQuery
from wedtui.tui.app import WedtuiApp
from wedtui.tui.hands import SAID_FOR_S
from wedtui.tui.messages import SourceFailed
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.screens.chart import ChartScreen
from wedtui.tui.screens.commands import CalmPalette
from wedtui.tui.screens.findings import FindingsScreen
from wedtui.tui.screens.freeze import FreezeScreen
from wedtui.tui.screens.help import HelpScreen
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.screens.provider import ProviderScreen
from wedtui.tui.screens.resource import ResourceScreen
from wedtui.tui.screens.resources import ResourcesScreen
from wedtui.tui.screens.wedding_list import WeddingListScreen, WeddingScreen, Window
from wedtui.tui.screens.weddings import SourceScreen, WeddingsScreen
from wedtui.tui.session import View
from wedtui.tui.surface import Surface
from wedtui.tui.terminal.driver import _LATE
from wedtui.tui.wall.app import WallApp


async def hurry(pilot: Pilot[None], *keys: tuple[str, str | None]) -> None:
    """Press keys without waiting for what any of them does."""
    app = pilot.app
    driver = app._driver
    assert driver is not None
    for key, character in keys:
        driver.process_message(events.Key(key, character))
    for _ in range(5):
        await pilot.pause(0.02)
    assert isinstance(app, WedtuiApp)
    assert app.is_running
    await settled(pilot)


async def palette_over(pilot: Pilot[None]) -> CalmPalette:
    """Open the palette over what is there, and wait until it has its list."""
    palette = CalmPalette()
    pilot.app.push_screen(palette)
    await until(pilot, lambda: palette.query(CommandList))
    return palette


def titles(app: WedtuiApp) -> list[str]:
    return [type(screen).__name__ for screen in app.screen_stack]


ENTER, ESCAPE = ("enter", "\r"), ("escape", "\x1b")


@pytest.mark.parametrize("opening", [ENTER, ("w", "w"), ("f", "f"), ("question_mark", "?")])
@pytest.mark.parametrize("yields", [0, 1, 3, 10, 30])
def test_a_screen_may_be_left_before_it_is_drawn(opening: tuple[str, str | None], yields: int) -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            driver = app._driver
            assert driver is not None
            driver.process_message(events.Key(*opening))
            for _ in range(yields):
                await asyncio.sleep(0)
            await hurry(pilot, ESCAPE, ESCAPE, ESCAPE)
            await hurry(pilot, ESCAPE)
            assert titles(app) == ["MainScreen"]

    run(walk())


def test_a_screen_that_was_left_draws_nothing() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await press(pilot, "enter")
            left = app.seen
            await press(pilot, "escape")
            left.show()
            left.show_clock()
            left.show_keys()

    run(walk())


def test_back_at_the_dashboard_there_is_no_further_back() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await press(pilot, "enter")
            left = app.seen
            left.action_back()
            left.action_back()
            await settled(pilot)
            assert titles(app) == ["MainScreen"]

    run(walk())


def test_a_second_that_news_brought_is_not_drawn_again_by_the_tick() -> None:
    async def walk() -> None:
        clock = MovableClock()
        app = make_app(clock=clock)
        async with driven(app):

            def time_after(tenths: int) -> str:
                # The reader's own clock stands: only the tick could draw.
                clock.at = NOW + timedelta(seconds=tenths / 10)
                app.tick()
                return screen_text(app)

            assert f"{NOW:%H:%M:%S}" in time_after(12)
            assert f"{NOW + timedelta(seconds=1):%H:%M:%S}" in time_after(13)
            assert f"{NOW - timedelta(seconds=2):%H:%M:%S}" in time_after(-13)

    run(walk())


def test_the_last_tick_finds_no_screen() -> None:
    async def walk() -> None:
        clock = MovableClock()
        app = make_app(clock=clock)
        async with driven(app) as pilot:
            await press(pilot, "enter")
            app.say("something that grows old")
        clock.seconds += SAID_FOR_S
        app.tick()
        # What it would have taken away, and drawn without, is still there.
        assert app.hands.sentence

    run(walk())


def test_the_walls_last_tick_and_last_mail_find_no_screen() -> None:
    async def walk() -> None:
        app = WallApp(source_of, MovableClock(), theme="war-room")
        async with app.run_test() as pilot:
            await until(pilot, lambda: app.board.picture)
        before = app.board
        app._mailbox.put(SourceFailed("the cache is locked", before.now, before.picture))
        app.tick()
        app.on_board_app_mail_arrived()
        assert app.board is before

    run(walk())


@pytest.mark.parametrize("direction", ["page_up", "page_down"])
def test_the_palette_bears_keys_before_its_list_has_lines(direction: str) -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            palette = await palette_over(pilot)
            commands = palette.query_one(CommandList)
            commands.display = False
            await until(pilot, lambda: not commands.size)
            commands.clear_options().add_options(["one", "two"])
            commands.highlighted = 1
            assert not commands._index_to_line
            await palette.run_action(f"command_list('{direction}')")
            assert app.is_running

    run(walk())


def test_a_palette_that_is_closed_twice_closes_nothing_else() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await press(pilot, "enter")
            palette = await palette_over(pilot)
            palette.dismiss()
            palette.dismiss()
            await settled(pilot)
            assert titles(app) == ["MainScreen", "ProviderScreen"]

    run(walk())


def test_what_a_closed_palette_still_looks_for_ends_nothing() -> None:
    async def fails() -> None:
        raise NoMatches("the list is gone")

    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            palette = await palette_over(pilot)
            palette.dismiss()
            worker = palette.run_worker(fails())
            await until(pilot, lambda: worker.is_finished)
            # Between its dismissal and its end it may still hear of that.
            palette.on_worker_state_changed(Worker.StateChanged(worker, worker.state))
            assert worker.state is WorkerState.ERROR
            assert app.is_running

    run(walk())


def test_a_mistake_in_an_open_palette_is_loud() -> None:
    async def fails() -> None:
        raise ValueError("a mistake of ours")

    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            palette = await palette_over(pilot)
            palette.run_worker(fails())
            await until(pilot, lambda: not app.is_running)

    with pytest.raises(ValueError, match="a mistake of ours"):
        run(walk())


def test_a_palette_that_lost_its_widgets_is_mounted_all_the_same() -> None:
    CalmPalette().on_mount()


def test_a_screen_says_from_the_start_what_is_known() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app):
            status = next(iter(FreezeScreen().compose()))
            assert isinstance(status, Surface)
            assert "PRODUCTION" in "".join(text for text, _ in status._lines[0])

    run(walk())


def test_pages_do_not_pile_up() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            for key in ("w", "f", "w", "f", "question_mark", "w", "question_mark", "f"):
                await press(pilot, key)
            assert titles(app) == ["MainScreen", "FindingsScreen", "FreezeScreen"]
            await press(pilot, "w")
            assert titles(app) == ["MainScreen", "FindingsScreen"]
            await press(pilot, "escape")
            assert titles(app) == ["MainScreen"]

    run(walk())


@pytest.mark.parametrize("width", range(20, 120, 5))
def test_what_must_not_be_cut_is_not_cut_for_the_clock(width: int) -> None:
    async def walk() -> None:
        app = make_app(source_of(WELL, freeze=OPEN))
        async with driven(app, (width, 24)):
            world, weddings, data, *_ = screen_text(app).splitlines()
            assert world.startswith(" PRODUCTION ")
            assert data.startswith(" ● service running" if width >= 26 else " ● service")
            if width >= 50:
                assert "open until Sat 16:10 Europe/London" in world
                assert "UTC" in data
            if width >= 60:
                assert "MAXIMUM" in weddings

    run(walk())


@pytest.mark.parametrize("above", ["", "w", "w?", "w?:"])
def test_two_sizes_at_once_do_not_bring_each_other_back_for_ever(above: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            for key in above:
                await press(pilot, key)
            heard = []
            taken = Screen._screen_resized

            def counted(screen: Screen[object], size: Size) -> None:
                heard.append(size)
                taken(screen, size)

            monkeypatch.setattr(Screen, "_screen_resized", counted)
            now = app.size
            for size in (Size(100, 30), now, Size(60, 20), now):
                for screen in app.screen_stack:
                    screen.post_message(events.Resize(size, size))
                    # Two sizes that follow each other in the queue are one; something else may come between.
                    screen.call_later(lambda: None)
            for _ in range(10):
                await pilot.pause(0.02)
            before = len(heard)
            for _ in range(10):
                await pilot.pause(0.02)
            assert len(heard) == before
            assert all(screen.size == now for screen in app.screen_stack)

    run(walk())


def test_a_palette_opens_again_while_the_last_one_still_closes() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            for _ in range(3):
                await hurry(pilot, ("colon", ":"), ESCAPE, ("colon", ":"), ESCAPE)
            app.push_screen(CalmPalette())
            app.pop_screen()
            app.push_screen(CalmPalette())
            await settled(pilot)
            assert titles(app) == ["MainScreen", "CalmPalette"]

    run(walk())


def late_screens() -> list[BoardScreen]:
    """Return one of every kind of screen, of which nothing is composed yet."""
    return [
        *(FindingsScreen(), FreezeScreen(), ProviderScreen("aws"), ChartScreen("aws", "latency_p95_ms")),
        *(ResourcesScreen("aws"), ResourceScreen(ResourceQuery("aws"), many(1)[0]), HelpScreen(FreezeScreen())),
        *(WeddingsScreen(), SourceScreen("platform"), WeddingListScreen(Window.ALL), WeddingScreen(SUMMER[0])),
        MainScreen(),
    ]


def test_no_screen_takes_a_widget_for_granted_that_is_not_there_yet() -> None:
    async def walk() -> None:
        app = make_app(stocked())
        async with driven(app):
            for screen in late_screens():
                app.push_screen(screen)
                assert not screen.is_mounted
                app.say("something")
                app.show_board()
                app.action_next_theme()
                app.memory.remember()
                app.action_copy()
                screen.view()
                # Even where it is taken for one that can be drawn on.
                screen._is_mounted = True
                screen._size = Size(80, 24)
                screen.show()
                for kind in type(screen).__mro__:
                    for binding in vars(kind).get("BINDINGS", ()) if kind.__module__.startswith("wedtui.") else ():
                        await app.run_action(binding.action, screen)
                if screen in app.screen_stack:
                    app._screen_stack.remove(screen)
            assert app.return_code is None

    run(walk())


@pytest.mark.parametrize("opening", ["i", "w", "f", "W", "enter", "question_mark", "slash", "colon"])
@pytest.mark.parametrize("last", [("t", "y", "enter"), ("escape", "t"), ("apostrophe", "1")])
@pytest.mark.parametrize("order", ["before", "behind"])
def test_keys_at_once_with_the_one_that_ends_it(opening: str, last: tuple[str, ...], order: str) -> None:
    async def walk() -> None:
        app = make_app(stocked())
        async with app.run_test() as pilot:
            await settled(pilot)
            driver = app._driver
            assert driver is not None
            driver.process_message(events.Resize(Size(100, 30), Size(100, 30)))
            first = ("ctrl+q", opening) if order == "behind" else (opening, "ctrl+q")
            for key in (*first, *last, "t", "escape", "ctrl+q"):
                driver.process_message(events.Key(key, key if len(key) == 1 else None))
            await until(pilot, lambda: not app.is_running)
        assert app.return_code == 0

    run(walk())


@pytest.mark.filterwarnings("default:coroutine .* was never awaited")
def test_a_copy_that_the_end_overtakes_leaves_nothing_begun(
    monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    asked: list[str] = []

    async def walk() -> None:
        app = make_app(stocked())
        async with driven(app) as pilot:
            # An app that ends takes work and never begins it.
            monkeypatch.setattr(app, "run_worker", lambda _work, *, group, **_more: asked.append(group))
            await pilot.press("y")

    run(walk())
    gc.collect()
    assert asked == ["copy"]
    assert not [str(each.message) for each in recwarn if "never awaited" in str(each.message)]


def test_two_enters_at_once_run_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    worn: list[str] = []
    monkeypatch.setattr(WedtuiApp, "action_next_theme", lambda _app: worn.append("next"))

    async def walk() -> None:
        async with driven(make_app()) as pilot:
            palette = await palette_over(pilot)
            await pilot.press(*"theme")
            await until(pilot, lambda: palette.query_one(CommandList).option_count == 1)
            await hurry(pilot, ENTER, ENTER, ENTER)
            await until(pilot, lambda: worn)
            await settled(pilot)
            assert worn == ["next"]

    run(walk())


def test_a_command_that_was_chosen_by_a_late_key_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    worn: list[str] = []
    monkeypatch.setattr(WedtuiApp, "action_next_theme", lambda _app: worn.append("next"))

    async def walk() -> None:
        async with driven(make_app()) as pilot:
            app, palette = pilot.app, await palette_over(pilot)
            assert isinstance(app, WedtuiApp)
            await pilot.press(*"theme")
            await until(pilot, lambda: palette.query_one(CommandList).option_count == 1)
            late = events.Key("enter", "\r")
            setattr(late, _LATE, True)
            app.post_message(late)
            await until(pilot, lambda: "came while the line hung" in str(app.hands.sentence))
            assert worn == []
            await hurry(pilot, ENTER, ENTER)
            await until(pilot, lambda: worn)

    run(walk())


def test_what_was_open_last_time_waits_for_the_panel() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            app.memory._waiting = (View("findings"),)
            app.dashboard.arm(EmergencyKind.LOCKDOWN)
            app.memory.reopen()
            assert titles(app) == ["MainScreen"]
            await until(pilot, lambda: app.dashboard.panel is not None and app.dashboard.panel.ready)
            await press(pilot, "escape")
            await until(pilot, lambda: app.dashboard.panel is None)
            app.memory.reopen()
            await until(pilot, lambda: titles(app) == ["MainScreen", "FindingsScreen"])

    run(walk())


def test_what_is_typed_behind_the_key_of_the_palette_is_for_its_line() -> None:
    async def scenario() -> None:
        async with driven(make_app()) as pilot:
            await hurry(pilot, ("colon", ":"), *((letter, letter) for letter in "hel"))
            await until(pilot, lambda: isinstance(pilot.app.screen, CalmPalette))
            await until(pilot, lambda: pilot.app.screen.query_one(Input).value == "hel")

    run(scenario())
