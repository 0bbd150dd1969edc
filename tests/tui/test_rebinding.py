"""Keys of one's own: the new key works, the old one does nothing, and everything on the screen names the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.command import CommandList
from textual.pilot import Pilot

from tests.pictures import source_of
from tests.tui.driving import cursor, driven, make_app, press, run, screen_text, until
from wedtui.tui.app import WedtuiApp
from wedtui.tui.filter_line import FilterLine
from wedtui.tui.keymap.check import choose
from wedtui.tui.screens.freeze import FreezeScreen
from wedtui.tui.screens.main import MainScreen


async def rebind(pilot: Pilot[None], app: WedtuiApp, configured: Mapping[str, Sequence[str]]) -> None:
    """Use other keys, as the reader's thread does once it has read the configuration."""
    keymap, problems = choose(configured)
    assert not problems
    app.use_keymap(keymap)
    await until(pilot, lambda: app.keymap == keymap)


def words(app: WedtuiApp) -> str:
    return " ".join(screen_text(app).split())


def hints(app: WedtuiApp) -> str:
    return screen_text(app).splitlines()[-1]


def test_a_key_of_one_s_own_works_and_the_old_one_does_nothing() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await rebind(pilot, app, {"app.freeze": ["V", "f2"], "list.down": ["n"], "screen.back": ["b"]})
            assert " V freeze" in hints(app)
            assert " f freeze" not in hints(app)
            assert " w: +" in screen_text(app)
            await rebind(
                pilot, app, {"app.freeze": ["V", "f2"], "list.down": ["n"], "screen.back": ["b"], "app.findings": ["K"]}
            )
            assert " K: +" in screen_text(app)
            before = screen_text(app)
            await pilot.press("f", "down", "j")
            assert screen_text(app) == before
            await press(pilot, "n")
            assert cursor(app) == "gcp"
            for key in ("V", "f2"):
                await pilot.press(key)
                await until(pilot, lambda: isinstance(app.screen, FreezeScreen) and " b back" in hints(app))
                await pilot.press("escape", "backspace")
                assert isinstance(app.screen, FreezeScreen)
                await pilot.press("b")
                await until(pilot, lambda: isinstance(app.screen, MainScreen))

    run(walk())


def test_two_actions_change_places_within_one_screen() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app, size=(120, 40)) as pilot:
            await rebind(pilot, app, {"main.range-more": ["-"], "main.range-less": ["+"], "main.signal-next": []})
            assert " +- range" in hints(app)
            assert " [ signal" in hints(app)
            await press(pilot, "minus")
            assert " 1 h " in screen_text(app)
            await press(pilot, "plus")
            assert " 15 m " in screen_text(app)
            before = screen_text(app)
            await pilot.press("equals_sign", "right_square_bracket")
            assert screen_text(app) == before

    run(walk())


def test_help_shows_the_keys_in_force_and_what_has_none() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app, (80, 80)) as pilot:
            await rebind(pilot, app, {"app.help": ["f1"], "main.filter": ["ctrl+f", "x"], "app.theme": []})
            assert " F1 help" in hints(app)
            assert " theme" not in hints(app)
            await press(pilot, "f1")
            assert "Ctrl-f x filter Show only providers" in words(app)
            assert "– theme Use the next colour theme" in words(app)
            assert "─ keys: filter line ─" in screen_text(app)
            # What changes while it is read is redrawn.
            await rebind(pilot, app, {})
            await until(pilot, lambda: " / filter Show only providers" in words(app))

    run(walk())


def test_the_palette_names_the_key_and_finds_what_has_none() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await rebind(pilot, app, {"app.palette": ["f3"], "app.freeze": [], "app.findings": ["V"]})
            await pilot.press("f3")
            await until(pilot, lambda: app.screen.query(CommandList))
            await pilot.press(*"findings")
            await until(pilot, lambda: "worst first · V" in screen_text(app))
            for _ in "findings":
                await pilot.press("backspace")
            await pilot.press(*"freeze")
            await until(pilot, lambda: "until when and why" in screen_text(app))
            assert "until when and why ·" not in screen_text(app)
            await pilot.pause(0.3)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, FreezeScreen))

    run(walk())


def test_the_filter_line_has_keys_of_its_own() -> None:
    async def walk() -> None:
        app = make_app()
        own = {"filter.keep": ["tab"], "filter.clear": ["ctrl+g"], "main.clear": ["z"], "main.open": ["ctrl+o"]}
        async with driven(app) as pilot:
            await rebind(pilot, app, own)
            await pilot.press("slash", *"gcq")
            await until(pilot, lambda: 'nothing matches "gcq"; Ctrl-g shows all' in screen_text(app))
            assert hints(app).split() == ["Tab", "keep", "filter", "Ctrl-g", "clear", "filter"]
            await pilot.press("backspace", "p")
            await until(pilot, lambda: 'filter "gcp": 1 of 4' in screen_text(app))
            await pilot.press("enter", "escape", "ctrl+o")  # keys of before, and one of the panes: nothing
            assert isinstance(app.screen, MainScreen)
            assert app.screen.query(FilterLine)
            await pilot.press("tab")
            await until(pilot, lambda: not app.screen.query(FilterLine))
            assert 'filter "gcp": 1 of 4  z: all' in screen_text(app)
            assert hints(app).startswith(" z clear filter")
            await press(pilot, "z")
            assert "filter" not in screen_text(app).splitlines()[2]
            await press(pilot, "slash")
            await press(pilot, "z")
            await pilot.press("ctrl+g")
            await until(pilot, lambda: not app.screen.query(FilterLine))
            assert "filter " not in screen_text(app).splitlines()[2]

    run(walk())


def test_quit_can_be_moved_and_q_is_free_then() -> None:
    async def walk() -> None:
        app = make_app(source_of())
        async with driven(app) as pilot:
            await rebind(pilot, app, {"app.quit": ["ctrl+x"]})
            await pilot.press("q", "ctrl+q", "ctrl+c")
            assert not app._exit
            await pilot.press("ctrl+x")
            await until(pilot, lambda: app._exit)

    run(walk())
