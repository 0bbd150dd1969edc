"""The screen of what changed: read only while it is open, one change in full, filter, pages, what is not known."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.pictures import source_of
from tests.tui.changes import MINUTE, changed, some
from tests.tui.driving import driven, make_app, press, run, screen_text, until
from wedtui.core.changes import EVERY_KIND, LISTED, Change, ChangeKind, Gap, Told, unread
from wedtui.tui.screens.changes import ChangeScreen, ChangesScreen


def test_it_is_read_only_while_it_is_open() -> None:
    async def check() -> None:
        source = changed()
        app = make_app(source)
        async with driven(app) as pilot:
            assert source.looked == []
            await press(pilot, "c")
            await until(pilot, lambda: "failover aws" in screen_text(app))
            text = " ".join(screen_text(app).split())
            places = [text.index(words) for words in ("failover aws", "an incident began", "late fixes", "london")]
            assert places == sorted(places), "the newest first"
            assert "by ada" in text
            assert "by grace" in text
            assert "alert: no history of alerts is kept here" in text
            await press(pilot, "escape")
            reads = len(source.looked)
            await pilot.pause(0.5)
            assert len(source.looked) == reads
            assert app._reader._lookback is None

    run(check())


def test_enter_shows_one_in_full() -> None:
    async def check() -> None:
        app = make_app(changed())
        async with driven(app) as pilot:
            await press(pilot, "c")
            await until(pilot, lambda: "failover aws" in screen_text(app))
            await press(pilot, "down")
            await press(pilot, "enter")
            assert isinstance(app.screen, ChangeScreen)
            text = " ".join(screen_text(app).split())
            assert "machines do not start" in text
            assert "not known here" in text
            assert "last seen as before" in text
            await press(pilot, "escape")
            assert isinstance(app.screen, ChangesScreen)

    run(check())


def test_a_filter_leaves_what_has_its_words() -> None:
    async def check() -> None:
        app = make_app(changed())
        async with driven(app) as pilot:
            await press(pilot, "c")
            await until(pilot, lambda: "failover aws" in screen_text(app))
            await press(pilot, "slash")
            assert "Esc clear filter" in screen_text(app)
            for key in "grace":
                await press(pilot, key)
            text = screen_text(app)
            assert "late fixes" in text
            assert "failover aws" not in text
            assert "1 of 5" in text
            await press(pilot, "escape")
            assert "failover aws" in screen_text(app)

    run(check())


def test_the_cursor_stays_on_its_change_when_newer_ones_come() -> None:
    async def check() -> None:
        source = changed()
        app = make_app(source)
        async with driven(app) as pilot:
            await press(pilot, "c")
            await until(pilot, lambda: "failover aws" in screen_text(app))
            screen = app.screen
            assert isinstance(screen, ChangesScreen)
            await press(pilot, "down")
            on = screen.cursor
            assert on == "vendor\t12"

            def more(now: datetime) -> Told:
                newest = Change(now - MINUTE, ChangeKind.FREEZE, "lockdown", "lockdown (4) added", "ledger", "freeze 4")
                told = some(now)
                return Told((*told.changes, newest), told.gaps)

            source.changed_lately = more
            app.clock.advance(timedelta(seconds=5))  # type: ignore[attr-defined]
            await until(pilot, lambda: "lockdown (4)" in screen_text(app))
            assert screen.cursor == on

    run(check())


def test_a_ledger_that_cannot_be_read_stands_above_everything() -> None:
    async def check() -> None:
        source = source_of()
        closed = unread(frozenset({ChangeKind.FREEZE}), "the ledger", "it belongs to wedtui")
        source.changed_lately = lambda now: Told(some(now).changes, (*closed.gaps, Gap(EVERY_KIND, "nothing else")))
        app = make_app(source)
        async with driven(app) as pilot:
            await press(pilot, "c")
            await until(pilot, lambda: "failover aws" in screen_text(app))
            text = screen_text(app)
            assert text.index("freeze: the ledger cannot be read") < text.index("failover aws")

    run(check())


def test_a_store_that_cannot_be_read_is_said() -> None:
    async def check() -> None:
        from wedtui.errors import StoreLockedError

        source = changed()
        app = make_app(source)
        async with driven(app) as pilot:

            def locked(_now: datetime) -> Told:
                raise StoreLockedError("the cache is locked: wait")

            source.changed_lately = locked
            await press(pilot, "c")
            await until(pilot, lambda: "the cache is locked" in screen_text(app))

    run(check())


def test_older_ones_are_on_the_next_page() -> None:
    async def check() -> None:
        source = source_of()
        many = LISTED + 5
        source.changed_lately = lambda now: Told(
            tuple(
                Change(now - n * MINUTE / 10, ChangeKind.FREEZE, "f", f"number {n:03d}", "ledger", f"{many - n:04d}")
                for n in range(1, many + 1)
            )
        )
        app = make_app(source)
        async with driven(app) as pilot:
            await press(pilot, "c")
            await until(pilot, lambda: "number 001" in screen_text(app))
            await press(pilot, "right_square_bracket")
            await until(pilot, lambda: f"number {LISTED + 1:03d}" in screen_text(app))
            assert "page 2" in screen_text(app)
            await press(pilot, "right_square_bracket")
            assert "this is the last page" in screen_text(app)
            await press(pilot, "left_square_bracket")
            await until(pilot, lambda: "number 001" in screen_text(app))

    run(check())


def test_another_range_asks_anew() -> None:
    async def check() -> None:
        source = changed()
        app = make_app(source)
        async with driven(app) as pilot:
            await press(pilot, "c")
            await until(pilot, lambda: "london" in screen_text(app))
            await press(pilot, "minus")
            await until(pilot, lambda: "protection" in screen_text(app) and "london" not in screen_text(app))
            last = source.looked[-1]
            assert last.until - last.since <= timedelta(hours=1, seconds=1)

    run(check())
