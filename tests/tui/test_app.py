"""The dashboard under a person's hands: every screen and back, and what it says when things go wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import Input

from tests.pictures import (
    NOW,
    SERVICE,
    TROUBLED,
    WELL,
    FakeSource,
    MovableClock,
    picture,
    provider,
    source_of,
)
from tests.tui.driving import cursor, driven, make_app, press, run, screen_text, settled, until
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.series import Series
from wedtui.errors import StoreLockedError
from wedtui.tui.app import WedtuiApp
from wedtui.tui.listing import Listing
from wedtui.tui.screens.base import BoardScreen, own_bindings
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.source import Source


def shows(app: WedtuiApp, words: str) -> Callable[[], bool]:
    return lambda: words in screen_text(app)


def test_every_screen_opens_and_escape_goes_back() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            for key, expected in (("w", "what is wrong · 3"), ("f", "freeze"), ("question_mark", "help › dashboard")):
                await pilot.press(key)
                await until(pilot, shows(app, f"─ {expected} "))
                await pilot.press("escape")
                await until(pilot, lambda: isinstance(app.screen, MainScreen))
            await pilot.press("enter")
            await until(pilot, lambda: "providers › aws ─" in screen_text(app) and cursor(app))
            await pilot.press("enter")
            await until(pilot, lambda: "providers › aws › rsvp-aws" in screen_text(app))
            await settled(pilot)
            await pilot.press("escape")
            await until(pilot, lambda: "COMPONENT" in screen_text(app))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))

    run(walk())


@pytest.mark.parametrize("keys", [("q",), ("enter", "q"), ("w", "q"), ("question_mark", "q"), ("ctrl+c",)])
def test_q_quits_from_everywhere_and_asks_nothing(keys: tuple[str, ...]) -> None:
    async def walk() -> None:
        source = source_of()
        app = make_app(source)
        async with driven(app) as pilot:
            await pilot.press(*keys)
            await until(pilot, lambda: app._exit)
        assert app.return_code == 0
        assert source.closed

    run(walk())


def test_keys_that_mean_nothing_do_nothing() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            before = screen_text(app)
            await pilot.press("x", "1", "delete", "ctrl+b", "F", "left", "tab", "escape", "space", "backspace")
            assert screen_text(app) == before

    run(walk())


def test_the_cursor_follows_its_object_when_rows_change_places() -> None:
    async def walk() -> None:
        source = source_of()
        app = make_app(source)
        async with driven(app) as pilot:
            await pilot.press("j", "j")
            assert cursor(app) == "azure"
            source.make = lambda now: picture((TROUBLED[2], *TROUBLED[:2], TROUBLED[3]), now=now)
            source.dirty = True
            await until(pilot, lambda: app.screen.query_one(Listing).keys[0] == "azure")
            assert cursor(app) == "azure"
            assert "metrics · azure" in screen_text(app)
            await pilot.press("k")
            assert cursor(app) == "azure"  # it is the first now
            await pilot.press("down")
            assert cursor(app) == "aws"

    run(walk())


def test_a_selected_provider_that_vanishes_leaves_nothing_selected() -> None:
    async def walk() -> None:
        source = source_of()
        app = make_app(source)
        async with driven(app) as pilot:
            await pilot.press("j")
            source.make = lambda now: picture((TROUBLED[0], *TROUBLED[2:]), now=now)
            source.dirty = True
            await until(pilot, lambda: "gcp is gone: nothing is selected" in screen_text(app))
            assert cursor(app) is None
            await pilot.press("enter")  # hits no neighbour
            assert isinstance(app.screen, MainScreen)
            await pilot.press("j")
            assert cursor(app) == "azure"
            await until(pilot, lambda: "is gone" not in screen_text(app))

    run(walk())


def test_a_provider_that_vanishes_while_it_is_open_is_said_to_be_gone() -> None:
    async def walk() -> None:
        source = source_of()
        app = make_app(source)
        async with driven(app) as pilot:
            await pilot.press("enter")
            await until(pilot, lambda: "COMPONENT" in screen_text(app))
            source.make = lambda now: picture(TROUBLED[1:], now=now)
            source.dirty = True
            await until(pilot, lambda: "aws is no longer configured" in screen_text(app))

    run(walk())


def test_the_filter_narrows_keeps_and_clears() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await pilot.press("slash", *"degr")
            await until(pilot, lambda: app.screen.query_one(Listing).keys == ("gcp",))
            assert cursor(app) == "gcp"
            assert "q" not in str(app.screen.query_one(Input).value)
            await pilot.press("enter")
            await until(pilot, lambda: not app.screen.query(Input))
            assert 'filter "degr": 1 of 4' in screen_text(app)
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen.query_one(Listing).keys) == 4)
            assert cursor(app) == "gcp"
            await pilot.press("slash", *"zzz")
            await until(pilot, lambda: 'nothing matches "zzz"' in screen_text(app))
            await pilot.press("escape")
            await until(pilot, lambda: not app.screen.query(Input) and len(app.screen.query_one(Listing).keys) == 4)

    run(walk())


def test_a_row_that_stops_matching_is_not_replaced_by_a_neighbour() -> None:
    async def walk() -> None:
        source = source_of()
        app = make_app(source)
        async with driven(app) as pilot:
            await pilot.press("slash", *"c", "enter")  # CRITICAL aws, gcp
            await pilot.press("home")
            assert cursor(app) == "aws"
            source.make = lambda now: picture((provider("aws", 60), *TROUBLED[1:]), now=now)
            source.dirty = True
            await until(pilot, lambda: "aws no longer matches: nothing is selected" in screen_text(app))
            assert cursor(app) is None

    run(walk())


def test_signals_and_ranges_switch_and_stop_at_their_ends() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            assert "latency p95" in screen_text(app)
            await pilot.press("right_square_bracket")
            await settled(pilot)
            assert "errors  12.0 %" in screen_text(app)
            await pilot.press("left_square_bracket", "left_square_bracket")
            await settled(pilot)
            assert "probe rsvp-aws" in screen_text(app)
            for _ in range(6):
                await pilot.press("minus")
            await settled(pilot)
            assert " 5 m " in screen_text(app)
            for _ in range(6):
                await pilot.press("plus")
            await settled(pilot)
            assert " 24 h " in screen_text(app)

    run(walk())


def test_what_is_charted_first_has_a_value() -> None:
    """A signal that nobody measures yet is no reason to begin with an empty chart; one that was chosen stays."""
    silent: ProviderEvidence = provider("aws", 60)
    silent = replace(silent, signals=(replace(silent.signals[0], value=None, measured_at=None), *silent.signals[1:]))

    async def walk() -> None:
        app = make_app(source_of((silent,)))
        async with driven(app) as pilot:
            assert "errors  0.12 %" in screen_text(app)
            await pilot.press("left_square_bracket")
            await settled(pilot)
            assert "no value yet" in screen_text(app)

    run(walk())


def test_a_provider_of_which_nothing_has_a_value_charts_its_first_signal() -> None:
    mute: ProviderEvidence = provider("aws", 60, ())
    mute = replace(mute, signals=tuple(replace(each, value=None, measured_at=None) for each in mute.signals))

    async def walk() -> None:
        app = make_app(source_of((mute,)))
        async with driven(app):
            assert "latency p95" in screen_text(app)
            assert "no value yet" in screen_text(app)

    run(walk())


def test_who_measured_what_is_not_cut_at_80_cells() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app, (80, 60)) as pilot:
            await pilot.press("enter")
            await until(pilot, lambda: "COMPONENT" in screen_text(app))
            lines = [line.rstrip() for line in screen_text(app).splitlines()]
            named = [line for line in lines if "prometheus" in line]
            assert len(named) == 3 + 4
            assert all(line.endswith("prometheus main") for line in named), "of the score and of each signal"
            assert [line.split()[-1] for line in lines if line.startswith(" availability")] == ["probes"]

    run(walk())


def test_the_palette_finds_a_provider() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await pilot.press("colon")
            await until(pilot, lambda: not isinstance(app.screen, BoardScreen))
            await pilot.press(*"hetz")
            await until(pilot, lambda: "go to hetzner" in screen_text(app))
            await pilot.pause(0.3)
            await pilot.press("enter")
            await until(pilot, lambda: "providers › hetzner" in screen_text(app))

    run(walk())


def test_a_finding_opens_its_provider() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await pilot.press("w")
            await until(pilot, lambda: "what is wrong" in screen_text(app))
            await press(pilot, "j")
            await pilot.press("enter")
            await until(pilot, lambda: "providers › hetzner" in screen_text(app))

    run(walk())


def test_the_theme_switches_without_losing_anything() -> None:
    async def walk() -> None:
        app = make_app(theme="midnight")
        async with driven(app) as pilot:
            before = screen_text(app)
            await pilot.press("t")
            await until(pilot, lambda: app.theme == "war-room")
            lines, said = screen_text(app).splitlines()[:-1], screen_text(app).splitlines()[-1]
            assert lines == before.splitlines()[:-1]
            assert said == " theme war-room"
            await pilot.press("t")
            await until(pilot, lambda: app.theme == "ansi-dark")

    run(walk())


def test_an_unreadable_cache_is_said_in_words_and_the_picture_stays_and_ages() -> None:
    async def walk() -> None:
        source, clock = source_of(), MovableClock()
        app = make_app(source, clock)
        async with driven(app) as pilot:
            source.problem = StoreLockedError("the cache is locked by another process: wait, or stop it")
            clock.advance(timedelta(seconds=100))
            await until(pilot, lambda: "CACHE UNREADABLE" in screen_text(app))
            text = screen_text(app)
            assert "the cache is locked by another process" in text
            assert "last heard 1 m 41 s ago" in text
            assert text.count("? UNKNOWN") >= 4
            assert "OK" not in text
            source.problem = None
            clock.advance(timedelta(seconds=2))
            await until(pilot, lambda: "CACHE UNREADABLE" not in screen_text(app))

    run(walk())


def test_a_cache_that_was_never_readable_says_so() -> None:
    async def walk() -> None:
        source = source_of()
        source.problem = StoreLockedError("the cache is locked by another process: wait, or stop it")
        app = make_app(source)
        async with driven(app):
            assert screen_text(app).count("the cache is locked by another process") == 2

    run(walk())


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (replace(SERVICE, heartbeat_at=NOW - timedelta(minutes=4)), "SERVICE DEAD, last heard 4 m 00 s ago"),
        (replace(SERVICE, stopped_at=NOW - timedelta(minutes=4)), "SERVICE STOPPED 4 m 00 s ago"),
        (None, "SERVICE NEVER STARTED"),
    ],
)
def test_a_service_that_does_not_run_is_said_to(service: object, words: str) -> None:
    async def walk() -> None:
        app = make_app(source_of(service=service))
        async with driven(app):
            assert words in screen_text(app)

    run(walk())


def test_personal_mode_is_marked_where_the_service_says_so() -> None:
    async def walk() -> None:
        app = make_app(source_of(service=replace(SERVICE, mode="personal")))
        async with driven(app):
            assert " PERSONAL " in screen_text(app)
            assert " DEMO " not in screen_text(app)

    run(walk())


def test_a_reader_that_hangs_makes_every_state_unknown() -> None:
    async def walk() -> None:
        clock = MovableClock()
        hangs, hung, released = threading.Event(), threading.Event(), threading.Event()

        class Hanging(FakeSource):
            def changed(self) -> bool:
                if hangs.is_set():
                    hung.set()
                    released.wait(120)
                return False

        app = make_app(Hanging(lambda now: picture(WELL, now=now)), clock)
        async with driven(app) as pilot:
            assert "● OK" in screen_text(app)
            hangs.set()
            await until(pilot, hung.is_set)
            clock.advance(timedelta(seconds=20))
            await until(pilot, lambda: "THIS PICTURE IS 20 s OLD" in screen_text(app))
            assert "● OK" not in screen_text(app)
            assert "its reader hangs" in screen_text(app)
            released.set()

    run(walk())


def test_nothing_configured_says_what_to_do() -> None:
    async def walk() -> None:
        app = make_app(source_of(()))
        async with driven(app):
            assert "no providers configured: edit the configuration" in screen_text(app)

    run(walk())


def test_the_first_paint_does_not_wait_for_the_source() -> None:
    async def walk() -> None:
        gate = threading.Event()
        opened_on: list[threading.Thread] = []

        def slow() -> Source:
            opened_on.append(threading.current_thread())
            gate.wait(120)
            return source_of()

        app = make_app(open_source=slow)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            text = screen_text(app)
            assert "reading the cache…" in text
            assert "─ providers ─" in text
            assert "emergency actions" in text
            gate.set()
            await settled(pilot)
            assert "CRITICAL" in screen_text(app)
        assert threading.main_thread() not in opened_on

    run(walk())


def test_a_chart_without_data_says_so() -> None:
    async def walk() -> None:
        source = source_of()
        source.history = Series
        app = make_app(source)
        async with driven(app) as pilot:
            await settled(pilot)
            assert "no data in the last 15 m" in screen_text(app)
            await pilot.press("enter")
            await until(pilot, lambda: "COMPONENT" in screen_text(app) and cursor(app))
            await pilot.press("enter")
            await until(pilot, lambda: "no data in the last 15 m" in screen_text(app))

    run(walk())


def test_many_providers_scroll_and_keep_the_heading() -> None:
    many = tuple(provider(f"p{i:02d}", 1) for i in range(40))

    async def walk() -> None:
        app = make_app(source_of(many))
        async with driven(app) as pilot:
            await pilot.press("end")
            await until(pilot, lambda: "p39" in screen_text(app))
            assert cursor(app) == "p39"
            assert "PROVIDER" in screen_text(app)
            await pilot.press("home")
            await until(pilot, lambda: "p00" in screen_text(app))

    run(walk())


def test_a_click_selects_and_a_second_one_opens() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app) as pilot:
            await pilot.click("#providers", offset=(20, 4))
            assert cursor(app) == "azure"
            await pilot.click("#providers", offset=(20, 4))
            await until(pilot, lambda: "providers › azure" in screen_text(app))

    run(walk())


def test_it_stands_in_a_very_small_terminal() -> None:
    async def walk() -> None:
        app = make_app()
        async with driven(app, (30, 10)) as pilot:
            await pilot.press("enter", "enter", "escape", "escape", "w", "escape", "question_mark")
            await pilot.resize_terminal(10, 3)
            await pilot.pause()
            await pilot.resize_terminal(80, 24)
            await until(pilot, lambda: "help › dashboard" in screen_text(app))

    run(walk())


def test_a_mistake_of_ours_ends_it_loudly_without_showing_values() -> None:
    printed: list[str] = []

    async def walk() -> None:
        source = source_of()
        app = make_app(source)
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(pilot)
            secret = "".join(("hunt", "er2"))
            source.make = lambda _now: len(secret) // 0  # type: ignore[assignment, return-value]
            source.dirty = True
            await until(pilot, lambda: app.return_code)
            with app.console.capture() as capture:
                app.console.print(*app._exit_renderables)
            printed.append(capture.get())

    with pytest.raises(ZeroDivisionError):
        run(walk())
    assert "ZeroDivisionError" in "".join(printed)
    assert "hunter2" not in "".join(printed)


def test_every_binding_has_an_id_of_its_own_and_a_sentence() -> None:
    app = make_app()
    for owner in (type(app), MainScreen, Listing):
        for binding in own_bindings(owner):
            assert binding.id
            assert binding.tooltip
            assert binding.description
    for owner in (MainScreen, Listing):
        bindings = [*own_bindings(type(app)), *own_bindings(owner)]
        assert len({b.id for b in bindings}) == len(bindings)


def test_an_escape_sequence_in_an_alert_reaches_no_terminal() -> None:
    evil: ProviderEvidence = provider("aws", 60)
    evil = replace(evil, signals=(replace(evil.signals[0], problem="\x1b]0;owned\x07\x1b[2J"),))

    async def walk() -> None:
        app = make_app(source_of((evil,)))
        async with driven(app) as pilot:
            assert "\x1b" not in screen_text(app)
            await pilot.press("enter")
            await until(pilot, lambda: "COMPONENT" in screen_text(app))
            assert "\x1b" not in screen_text(app)
            assert "owned" in screen_text(app)

    run(walk())
