"""Copying, jumping and what was open last time, under a person's hands."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from tests.pictures import TROUBLED, FakeSource, MovableClock, picture, provider, source_of
from tests.tui.driving import cursor, driven, make_app, run, screen_text, settled, until
from wedtui.errors import StoreLockedError
from wedtui.tui.app import WedtuiApp
from wedtui.tui.clipboard import Subject
from wedtui.tui.keymap.table import Keymap
from wedtui.tui.listing import Listing
from wedtui.tui.screens.base import BoardScreen
from wedtui.tui.screens.chart import ChartScreen
from wedtui.tui.screens.findings import FindingsScreen
from wedtui.tui.screens.freeze import FreezeScreen
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.screens.provider import ProviderScreen
from wedtui.tui.screens.weddings import WeddingsScreen
from wedtui.tui.session import MOST_BYTES, Session, ThemeChoice, View, dump, parse
from wedtui.tui.terminal.abilities import EVERYTHING, Abilities

DIGITS = "123456"


class RecordingApp(WedtuiApp):
    """Keeps what it would write between frames."""

    def __init__(self, abilities: Abilities | None = None, *, demo: bool = False) -> None:
        super().__init__(source_of, MovableClock(), theme="midnight", abilities=abilities, demo=demo)
        self.written: list[str] = []

    def write_to_terminal(self, sequence: str) -> None:
        self.written.append(sequence)

    @property
    def clipboard_of_terminal(self) -> str:
        assert self.written
        return base64.b64decode(self.written[-1].removeprefix("\x1b]52;c;").removesuffix("\a")).decode()


async def tap(pilot: Pilot[None], key: str) -> None:
    """Press a key that may show nothing, and wait until nothing moves any more."""
    app = pilot.app
    assert isinstance(app, WedtuiApp)
    await pilot.press(key)
    last, same = ("", "", ""), 0
    while same < 5:
        await settled(pilot)
        await pilot.pause(0.03)
        lists = app.screen.query(Listing)
        # A list chooses its first object with its first rows.
        now = (screen_text(app), str(lists.first().cursor if lists else ""), app.screen.__class__.__name__)
        same = same + 1 if now == last else 0
        last = now


def last_line(app: WedtuiApp) -> str:
    return screen_text(app).splitlines()[-1]


def shows(app: WedtuiApp, words: str) -> Callable[[], bool]:
    return lambda: words in screen_text(app)


@pytest.mark.parametrize(
    ("keys", "name", "begins"),
    [
        (("down",), "gcp", "gcp DEGRADED score "),
        (("enter",), "aws probe rsvp-aws", "aws probe rsvp-aws FAILED: status 503"),
        (("enter", "end"), "aws requests", "aws requests 412 /s, 2026-06-20 11:59:53 UTC"),
        (("enter", "end", "enter"), "aws requests", "aws requests 412 /s, 2026-06-20 11:59:53 UTC"),
        (("w",), "finding about aws", "CRITICAL aws: rsvp-aws status 503"),
        (("f",), "freeze", "production: FROZEN until Mon 06:00"),
    ],
)
def test_y_copies_what_is_under_the_cursor(keys: tuple[str, ...], name: str, begins: str) -> None:
    async def walk() -> None:
        app = RecordingApp()
        async with driven(app) as pilot:
            for key in keys:
                await tap(pilot, key)
            await pilot.press("y")
            await until(pilot, lambda: app.written)
            text = app.clipboard_of_terminal
            assert text.startswith(begins)
            assert text.endswith(", production")
            assert last_line(app) == f" {name}: {len(text)} characters sent to the terminal's clipboard"

    run(walk())


@pytest.mark.parametrize("demo", [True, False])
def test_a_command_that_is_copied_from_a_demo_acts_on_the_demo(demo: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def walk() -> None:
        app = RecordingApp(demo=demo)
        async with driven(app) as pilot:
            subject = Subject("a page", "to leave aws waits for a person: `wedtui actions confirm 2`")
            monkeypatch.setattr(app.seen, "subject", lambda: subject)
            await pilot.press("y")
            await until(pilot, lambda: app.written)
            assert f"`wedtui{' --demo' if demo else ''} actions confirm 2`" in app.clipboard_of_terminal

    run(walk())


@pytest.mark.parametrize("keys", [("question_mark",), ("apostrophe", "3")])
def test_where_nothing_is_selected_nothing_is_copied(keys: tuple[str, ...]) -> None:
    async def walk() -> None:
        app = RecordingApp()
        async with driven(app) as pilot:
            for key in keys:
                await tap(pilot, key)
            await pilot.press("y")
            await until(pilot, shows(app, "nothing is selected here that could be copied"))
            assert not app.written

    run(walk())


@pytest.mark.parametrize("kind", ["vt100", "linux"])
def test_a_terminal_without_a_clipboard_is_sent_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TERM", kind), ("TMUX", ""), ("STY", "")):
        monkeypatch.setenv(name, value)

    async def walk() -> None:
        app = RecordingApp(replace(EVERYTHING, kind=kind))
        async with driven(app) as pilot:
            await pilot.press("down", "y")
            await until(pilot, shows(app, "gcp: this terminal has no clipboard that could be reached"))
            await settled(pilot)
            assert not app.written

    run(walk())


def test_no_secret_is_copied() -> None:
    secret = "".join(("hunt", "er2"))

    async def walk() -> None:
        app = RecordingApp()
        async with driven(app) as pilot:
            found = app.dashboard.subject()
            assert found
            told = found._replace(text=f"{found.text} password={secret}")
            app.dashboard.subject = lambda: told  # type: ignore[method-assign]
            await pilot.press("y")
            await until(pilot, lambda: app.written)
            assert app.clipboard_of_terminal.endswith(" password=*******")

    run(walk())


def test_what_was_said_goes_away_with_the_next_key_or_by_itself() -> None:
    async def walk() -> None:
        clock = MovableClock()
        app = make_app(clock=clock)
        async with driven(app) as pilot:
            keys = last_line(app)
            app.say("a remark")
            await until(pilot, lambda: last_line(app) == " a remark")
            await pilot.press("x")
            await until(pilot, lambda: last_line(app) == keys)
            app.say("a remark")
            clock.advance(timedelta(seconds=5))
            await pilot.pause(1.2)
            assert last_line(app) == " a remark"
            clock.advance(timedelta(seconds=1))
            await until(pilot, lambda: last_line(app) == keys)

    run(walk())


def test_what_is_said_is_said_on_every_screen() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            for key in ("w", "f", "question_mark"):
                await pilot.press(key)
                await pilot.pause(0.1)
                app.say(f"a remark \x1b[2J that is longer than the line {'x' * 80}")
                await until(pilot, lambda: last_line(app).startswith(" a remark [2J that"))
                assert last_line(app).endswith("…")

    run(walk())


def test_in_a_demo_what_is_said_can_be_typed_as_it_stands() -> None:
    async def walk() -> None:
        app = make_app(demo=True)
        async with driven(app) as pilot:
            app.say("see `wedtui actions list`")
            await until(pilot, lambda: last_line(app) == " see `wedtui --demo actions list`")

    run(walk())


def badges(app: WedtuiApp) -> str:
    """Return the digits that stand where jump mode puts them."""
    text = screen_text(app)
    marks = {
        "1": " 1 ─ providers",
        "2": " 2 ─ metrics",
        "3": " 3 ─ deployments",
        "4": " 4 ─ emergency",
        "5": "\n 5  ■",
        "6": "PRODUCTION  6  ◆",
    }
    return "".join(digit for digit, mark in marks.items() if mark in text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_every_place_has_its_digit_and_nothing_moves(size: tuple[int, int]) -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app, size) as pilot:
            before = screen_text(app)
            await pilot.press("apostrophe")
            await until(pilot, lambda: badges(app) == DIGITS)
            words = "1 providers 2 metrics 3 deployments 4 emergency 5 findings 6 freeze 7 weddings"
            assert words in " ".join(last_line(app).split())
            await pilot.press("escape")
            await until(pilot, lambda: screen_text(app) == before)

    run(walk())


@pytest.mark.parametrize(
    ("digit", "screen"),
    [("2", ChartScreen), ("5", FindingsScreen), ("6", FreezeScreen), ("7", WeddingsScreen), ("1", MainScreen)],
)
@pytest.mark.parametrize("first", [(), ("enter",), ("enter", "enter"), ("w",), ("question_mark",)])
def test_a_digit_jumps_from_everywhere(first: tuple[str, ...], digit: str, screen: type[BoardScreen]) -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            for key in first:
                await tap(pilot, key)
            await pilot.press("apostrophe")
            await until(pilot, lambda: badges(app) == DIGITS)
            assert isinstance(app.screen, MainScreen)
            await pilot.press(digit)
            await until(pilot, lambda: type(app.screen) is screen and not badges(app))
            await settled(pilot)
            if screen is ChartScreen:
                assert app.screen.query_one("#plot")
                assert "providers › aws › latency_p95_ms" in screen_text(app)
            assert len(app.screen_stack) == (1 if screen is MainScreen else 2)

    run(walk())


@pytest.mark.parametrize("first", [(), ("w",), ("enter",)])
def test_keys_that_come_all_at_once_are_heard_in_their_order(first: tuple[str, ...]) -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            for key in first:
                await tap(pilot, key)
            app.post_message(events.Key("apostrophe", "'"))
            app.post_message(events.Key("6", "6"))
            await until(pilot, lambda: isinstance(app.screen, FreezeScreen) and not app.hands.jumping)
            assert len(app.screen_stack) == 2

    run(walk())


def test_jump_mode_listens_to_the_key_that_was_configured() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            app.use_keymap(Keymap({"app.jump": ("ctrl+g",)}))
            await until(pilot, lambda: app.keymap.own)
            await pilot.press("apostrophe")
            assert not app.hands.jumping
            await pilot.press("ctrl+g")
            await until(pilot, lambda: badges(app) == DIGITS)

    run(walk())


@pytest.mark.parametrize(("digit", "title"), [("3", "deployments"), ("4", "emergency actions")])
def test_a_pane_without_anything_gets_the_mark_and_pretends_nothing(digit: str, title: str) -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            before = screen_text(app)
            await pilot.press("apostrophe", digit)
            await until(pilot, shows(app, f" › ─ {title}"))
            assert f"{title}: nothing to select there yet" in last_line(app)
            await pilot.press("enter")
            await until(pilot, shows(app, f"{title}: nothing to open there yet"))
            assert isinstance(app.screen, MainScreen)
            await pilot.press("j")
            assert app.dashboard.selected == "aws"
            await pilot.press("escape")
            await until(pilot, lambda: screen_text(app) == before)
            await pilot.press("j")
            assert app.dashboard.selected == "gcp"

    run(walk())


@pytest.mark.parametrize("key", ["q", "ctrl+c", "8", "0", "enter", "y", "S", "t", "apostrophe", "slash", "f", "colon"])
def test_a_wrong_key_leaves_jump_mode_and_does_nothing_else(key: str) -> None:
    async def walk() -> None:
        app = RecordingApp()
        async with driven(app) as pilot:
            before = screen_text(app)
            await pilot.press("apostrophe")
            await until(pilot, lambda: badges(app) == DIGITS)
            await pilot.press(key)
            await until(pilot, lambda: screen_text(app) == before)
            assert not app._exit
            assert not app.written
            assert app.theme == "midnight"
            assert len(app.screen_stack) == 1

    run(walk())


@pytest.mark.parametrize(
    ("first", "stack", "at"),
    [
        (("j", "enter", "end"), ["MainScreen", "ProviderScreen"], "requests"),
        (("enter", "end", "enter"), ["MainScreen", "ProviderScreen", "ChartScreen"], None),
        (("w", "end"), ["MainScreen", "FindingsScreen"], "1 gcp"),
        (("w", "end", "question_mark"), ["MainScreen", "FindingsScreen", "HelpScreen"], None),
        (("question_mark",), ["MainScreen", "HelpScreen"], None),
    ],
)
def test_who_leaves_jump_mode_is_where_they_were(first: tuple[str, ...], stack: list[str], at: str | None) -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            for key in first:
                await tap(pilot, key)
            before, main = screen_text(app), app.dashboard.selected
            await pilot.press("apostrophe")
            await until(pilot, lambda: badges(app) == DIGITS)
            await pilot.press("escape")
            await until(pilot, lambda: screen_text(app) == before)
            assert [screen.__class__.__name__ for screen in app.screen_stack] == stack
            assert at is None or cursor(app) == at
            if stack[-1] == "HelpScreen":
                await pilot.press("escape")
                await until(pilot, lambda: cursor(app) == ("1 gcp" if "w" in first else main))
            assert app.dashboard.selected == main

    run(walk())


def test_who_leaves_jump_mode_hears_what_is_gone_meanwhile() -> None:
    async def walk() -> None:
        world = list(TROUBLED)
        source = FakeSource(lambda now: picture(tuple(world), now=now))
        app = make_app(source)
        async with driven(app) as pilot:
            await tap(pilot, "j")
            await tap(pilot, "enter")
            await pilot.press("apostrophe")
            await until(pilot, lambda: badges(app) == DIGITS)
            del world[1]
            source.dirty = True
            await until(pilot, lambda: app.board.picture and app.board.picture.provider("gcp") is None)
            await pilot.press("escape")
            await until(pilot, lambda: last_line(app) == " open before, but gone: gcp")
            assert len(app.screen_stack) == 1

    run(walk())


@pytest.mark.parametrize("key", ["w", "f", "question_mark"])
def test_jump_mode_leads_back_before_there_is_a_picture(key: str) -> None:
    async def walk() -> None:
        source = source_of()
        source.problem = StoreLockedError("the cache is locked: wait")
        app = make_app(source)
        async with driven(app) as pilot:
            await tap(pilot, key)
            open_before, before = app.screen.__class__, screen_text(app)
            assert open_before is not MainScreen
            await pilot.press("apostrophe")
            await until(pilot, lambda: app.hands.jumping and isinstance(app.screen, MainScreen))
            await pilot.press("escape")
            await until(pilot, lambda: app.screen.__class__ is open_before and screen_text(app) == before)
            assert app.board.picture is None

    run(walk())


def test_in_an_input_line_these_keys_are_letters() -> None:
    async def walk() -> None:
        app = RecordingApp()
        async with driven(app) as pilot:
            await pilot.press("slash", "y", "apostrophe", "S")
            await until(pilot, lambda: app.screen.query_one(Input).value == "y'S")
            assert not app.hands.jumping
            assert not app.written

    run(walk())


def keeping(
    file: Path, source: FakeSource | None = None, *, theme: str = "midnight", theme_fixed: bool = False
) -> WedtuiApp:
    made = source or source_of()
    return WedtuiApp(lambda: made, MovableClock(), theme=theme, theme_fixed=theme_fixed, session_file=file)


def leave(file: Path, *keys: str) -> Session:
    """Press keys in a dashboard, leave it, and return what it kept."""

    async def walk() -> None:
        app = keeping(file)
        async with driven(app) as pilot:
            for key in keys:
                await tap(pilot, key)
            await pilot.press("q")
            await until(pilot, lambda: app._exit)

    run(walk())
    return parse(file.read_bytes())


def test_what_was_open_is_kept_and_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    kept = leave(file, "j", "right_square_bracket", "plus", "t", "enter", "end", "enter")
    assert kept == Session(
        (View("provider", ("gcp",), "requests"), View("chart", ("gcp", "requests"))),
        "gcp",
        "",
        "error_rate",
        2,
        ThemeChoice("war-room", "midnight"),
    )

    async def walk() -> None:
        app = keeping(file)
        async with app.run_test(size=(80, 24)) as pilot:
            assert app.theme == "war-room"
            await until(pilot, lambda: isinstance(app.screen, ChartScreen))
            await settled(pilot)
            assert "providers › gcp › requests" in screen_text(app)
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, ProviderScreen) and cursor(app) == "requests")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
            await settled(pilot)
            assert cursor(app) == "gcp"
            assert "metrics · gcp" in screen_text(app)
            assert "errors  2.1 %" in screen_text(app)
            assert " 1 h " in screen_text(app)

    run(walk())


def test_the_filter_comes_back_and_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    assert leave(file, "slash", "d", "e", "enter").words == "de"

    async def walk() -> None:
        async with driven(keeping(file)) as pilot:
            assert isinstance(pilot.app, WedtuiApp)
            assert 'filter "de": 1 of 4' in screen_text(pilot.app)

    run(walk())


def test_help_does_not_come_back(tmp_path: Path) -> None:
    kept = leave(tmp_path / "dashboard.json", "f", "question_mark")
    assert kept.views == (View("freeze"),)


def test_what_is_gone_is_left_out_and_said_and_the_rest_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    views = (View("provider", ("gone",)), View("chart", ("aws", "gone")), View("findings", (), "1 gcp"), View("freeze"))
    file.write_bytes(dump(Session(views, "gone")))

    async def walk() -> None:
        app = keeping(file)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, FreezeScreen))
            await until(pilot, shows(app, "open last time, but gone: gone, aws gone"))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, FindingsScreen) and cursor(app) == "1 gcp")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen) and cursor(app) == "aws")

    run(walk())


def test_a_person_who_is_quicker_is_not_taken_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    file.write_bytes(dump(Session((View("freeze"),))))

    async def walk() -> None:
        gate, source = threading.Event(), source_of()

        def slow() -> FakeSource:
            gate.wait(120)
            return source

        app = WedtuiApp(slow, MovableClock(), theme="midnight", session_file=file)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("w")
            await until(pilot, lambda: isinstance(app.screen, FindingsScreen))
            gate.set()
            await settled(pilot)
            assert [screen.__class__.__name__ for screen in app.screen_stack] == ["MainScreen", "FindingsScreen"]

    run(walk())


def test_who_leaves_before_the_first_picture_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    before = Session((View("freeze"),), "gcp")
    file.write_bytes(dump(before))

    async def walk() -> None:
        gate = threading.Event()

        def slow() -> FakeSource:
            gate.wait(120)
            return source_of()

        app = WedtuiApp(slow, MovableClock(), theme="midnight", session_file=file)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("q")
            await until(pilot, lambda: app._exit)
            gate.set()

    run(walk())
    assert parse(file.read_bytes()) == before


def test_it_is_kept_while_it_is_open_and_not_only_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"

    async def walk() -> None:
        async with driven(keeping(file)) as pilot:
            await pilot.press("f")
            await until(pilot, lambda: file.exists() and parse(file.read_bytes()).views == (View("freeze"),))

    run(walk())


@pytest.mark.parametrize("data", [b"garbage", b'{"wedtui-dashboard": 99}', b" " * (MOST_BYTES + 1)])
def test_a_file_that_says_nothing_is_ignored_with_a_remark(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "dashboard.json"
    file.write_bytes(data)

    async def walk() -> None:
        app = keeping(file)
        async with driven(app) as pilot:
            await until(pilot, shows(app, "what was open last time is not known ("))
            await pilot.press("w")
            await until(pilot, shows(app, "what is wrong"))

    run(walk())


@pytest.mark.parametrize(
    ("configured", "fixed", "shown"),
    [("midnight", False, "war-room"), ("midnight", True, "midnight"), ("war-room", False, "war-room")],
)
def test_a_theme_that_was_chosen_by_key_counts_unless_the_environment_names_one(
    tmp_path: Path, configured: str, fixed: bool, shown: str
) -> None:
    file = tmp_path / "dashboard.json"
    assert leave(file, "t").theme == ThemeChoice("war-room", "midnight")
    assert keeping(file, theme=configured, theme_fixed=fixed).theme == shown


def test_a_chosen_theme_that_is_gone_gives_way(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    file.write_bytes(dump(Session(theme=ThemeChoice("gone", "midnight"))))
    assert keeping(file).theme == "midnight"


def test_a_provider_that_is_scrolled_to_is_seen_again(tmp_path: Path) -> None:
    file = tmp_path / "dashboard.json"
    file.write_bytes(dump(Session(cursor="p39")))
    many = tuple(provider(f"p{i:02d}", 1) for i in range(40))

    async def walk() -> None:
        app = keeping(file, source_of(many))
        async with driven(app) as pilot:
            await until(pilot, shows(app, "OK        p39"))
            assert cursor(app) == "p39"
            assert "PROVIDER" in screen_text(app)

    run(walk())


def test_nothing_is_kept_where_nobody_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def walk() -> None:
        async with driven(make_app(source_of(TROUBLED))) as pilot:
            await pilot.press("f", "q")

    run(walk())
    assert not list(tmp_path.iterdir())
