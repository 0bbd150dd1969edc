"""The screens of weddings by their keys, and what the reader asks for them."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from tests.pictures import NOW, SECOND, FakeSource, MovableClock
from tests.tui.calendars import (
    BOOKING,
    HOUR,
    QUESTIONED,
    REJECTED,
    SATURDAY,
    booked,
    wedding,
)
from tests.tui.driving import cursor, driven, make_app, press, run, screen_text, until
from wedtui.core.calendar_query import ListedWedding, WeddingQuery
from wedtui.core.wedding import Wedding
from wedtui.errors import StoreLockedError
from wedtui.tui.app import WedtuiApp
from wedtui.tui.board import OneWedding, Overview, WeddingsTold, WhoIsLive
from wedtui.tui.messages import WeddingsArrived
from wedtui.tui.reader import Mailbox, Reader
from wedtui.tui.screens.main import MainScreen
from wedtui.tui.screens.wedding_list import PAGE, WeddingListScreen, WeddingScreen
from wedtui.tui.screens.weddings import WeddingsScreen
from wedtui.tui.session import View


def test_keys_lead_from_the_screen_to_one_wedding_and_back() -> None:
    async def walk() -> None:
        source = booked()
        app = make_app(source)
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("W")
            await until(pilot, lambda: "asked < 10 s ago" in screen_text(app))
            assert cursor(app) == "everyone"
            await press(pilot, "down")
            assert cursor(app) == "zone Asia/Kolkata"
            await pilot.press("enter")
            await until(pilot, lambda: "weddings › today · zone Asia/Kolkata" in screen_text(app))
            await until(pilot, lambda: "1–10 of 10" in screen_text(app))
            assert source.asked[-1].zone == "Asia/Kolkata"
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, WeddingScreen))
            words = screen_text(app)
            for part in ("● LIVE", "Asia/Kolkata, now Sat 17:30", "10:00 Kolkata (04:30 UTC)", "2 x 600 / 600 guests"):
                assert part in words, part
            await pilot.press("escape", "escape")
            await until(pilot, lambda: isinstance(app.screen, WeddingsScreen) and cursor(app) == "zone Asia/Kolkata")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))

    run(walk())


def test_wrong_keys_do_nothing_and_the_same_screen_never_lies_twice() -> None:
    async def walk() -> None:
        app = make_app(booked())
        async with driven(app) as pilot:
            await pilot.press(
                "W", "W", "x", "Z", "tab", "f12", "ctrl+x", "0", "right_square_bracket", "o", "enter", "W"
            )
            await until(pilot, lambda: isinstance(app.screen, WeddingsScreen))
            assert len([s for s in app.screen_stack if isinstance(s, WeddingsScreen)]) == 1
            await pilot.press("question_mark")
            await until(pilot, lambda: "List every wedding of the next 14 days" in screen_text(app))
            await pilot.press("W")
            await until(pilot, lambda: isinstance(app.screen, WeddingsScreen))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, MainScreen))

    run(walk())


def test_only_a_page_is_asked_for_and_the_time_is_one_key_away() -> None:
    async def walk() -> None:
        source = booked()
        app = make_app(source)
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("W", "l")
            await until(pilot, lambda: "1–100 of 151" in screen_text(app))
            assert source.asked[-1].limit == PAGE
            first = cursor(app)
            await pilot.press("right_square_bracket")
            await until(pilot, lambda: "101–151 of 151" in screen_text(app) and cursor(app))
            assert cursor(app) != first
            await pilot.press("right_square_bracket")
            await until(pilot, lambda: "this is the last page" in screen_text(app))
            await pilot.press("left_square_bracket", "left_square_bracket")
            await until(pilot, lambda: "this is the first page" in screen_text(app))
            await until(pilot, lambda: cursor(app) == first)
            for words in ("weddings › all", "weddings › live now", "weddings › today"):
                await pilot.press("o")
                await until(pilot, lambda words=words: words in screen_text(app))  # type: ignore[misc]
            await until(pilot, lambda: "of 59" in screen_text(app))

    run(walk())


def top_row(app: WedtuiApp) -> str:
    """Return the first row of a list of weddings."""
    shown = screen_text(app).splitlines()
    (first,) = [number for number, line in enumerate(shown) if line.strip().startswith("● LIVE / WHEN")]
    return shown[first + 1]


@pytest.mark.parametrize(
    ("moved", "begins_at", "page"),
    [
        # What is live now, and nothing that is over, though these come first in the order of their starts.
        (timedelta(), "live-000", "101–200 of 230"),
        # Where none is live, the next.
        (timedelta(minutes=45), "next-000", "101–200 of 230"),
        # Where all are over, the last.
        (3 * HOUR, "next-109", "201–230 of 230"),
    ],
)
def test_a_list_opens_at_what_is_live_or_comes_next(moved: timedelta, begins_at: str, page: str) -> None:
    parts = (("over", -2 * HOUR, 105), ("live", timedelta(minutes=-30), 15), ("next", HOUR, 110))
    rows = [
        ListedWedding("booking", Wedding(f"{name}-{n:03}", "", "", "UTC", start, start + HOUR, "british", 150))
        for name, ahead, count in parts
        for n in range(count)
        for start in [NOW + ahead]
    ]

    async def walk() -> None:
        app = make_app(booked(rows), MovableClock(NOW + moved))
        async with driven(app) as pilot:
            await pilot.press("W")
            await until(pilot, lambda: cursor(app) == "everyone")
            await pilot.press("enter")
            await until(pilot, lambda: page in screen_text(app))
            await until(pilot, lambda: f"\t{begins_at}\t" in (cursor(app) or ""))
            # The cursor is there before the page is drawn around it.
            await until(pilot, lambda: begins_at in top_row(app) or begins_at == "next-109")

    run(walk())


def test_the_cursor_follows_the_wedding_when_a_minute_passes() -> None:
    async def walk() -> None:
        clock, source = MovableClock(), booked()
        app = make_app(source, clock)
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("W", "l")
            await until(pilot, lambda: cursor(app))
            await press(pilot, "down")
            stands = cursor(app)
            earlier = wedding("NEW-1", "Asia/Tokyo", "british", datetime.combine(SATURDAY, time(9)), 20)
            source.booked.rows.append(ListedWedding("booking", earlier))
            asked = len(source.asked)
            clock.advance(timedelta(seconds=61))
            await until(pilot, lambda: len(source.asked) > asked and "NEW-1" in screen_text(app))
            assert cursor(app) == stands

    run(walk())


def test_one_that_is_gone_or_forgotten_says_so() -> None:
    async def walk() -> None:
        clock, source = MovableClock(), booked()
        app = make_app(source, clock)
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("W", "l")
            await until(pilot, lambda: cursor(app))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, WeddingScreen))
            source.booked.rows.clear()
            clock.advance(4 * SECOND)
            await until(pilot, lambda: "no source names it any more" in screen_text(app))

    run(walk())


def test_a_source_in_full_says_what_to_decide() -> None:
    async def walk() -> None:
        app = make_app(booked(sources=(BOOKING, QUESTIONED)))
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("W")
            await until(pilot, lambda: "QUESTIONED venues" in screen_text(app) or cursor(app))
            await press(pilot, "end")
            assert cursor(app) == "source venues"
            await pilot.press("enter")
            await until(pilot, lambda: "wedtui weddings accept venues" in screen_text(app))
        app = make_app(booked(sources=(REJECTED,)))
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("W", "end", "enter")
            await until(pilot, lambda: "line 17: zone: expected an IANA time zone" in screen_text(app))
            assert "2 of 4" in screen_text(app)

    run(walk())


def test_a_cache_that_cannot_be_read_is_said_in_place_of_what_it_knew() -> None:
    async def walk() -> None:
        source = booked()
        app = make_app(source)
        async with driven(app, (120, 40)) as pilot:
            await pilot.press("W")
            await until(pilot, lambda: "asked < 10 s ago" in screen_text(app))
            locked = StoreLockedError("the cache cache.db is locked: wait, or stop that process")

            def refuse(_now: datetime) -> None:
                raise locked

            source.booked.live = refuse  # type: ignore[assignment, method-assign]
            await pilot.press("l")
            await until(pilot, lambda: cursor(app))
            await pilot.press("escape")
            await until(pilot, lambda: "the cache cache.db is locked" in screen_text(app))

    run(walk())


def test_nothing_is_asked_for_once_it_is_left() -> None:
    async def walk() -> None:
        clock, source = MovableClock(), booked()
        app = make_app(source, clock)
        async with driven(app) as pilot:
            await pilot.press("W", "l")
            await until(pilot, lambda: len(source.asked) == 1)
            for key in ("escape", "escape"):
                await pilot.press(key)
                await pilot.pause(0.3)
            clock.advance(10 * SECOND)
            await pilot.pause(0.5)
            assert len(source.asked) == 1

    run(walk())


def test_what_is_under_the_cursor_can_be_copied() -> None:
    async def walk() -> None:
        app = make_app(booked(), demo=True)
        async with driven(app) as pilot:
            await pilot.press("W")
            await until(pilot, lambda: isinstance(app.screen, WeddingsScreen))
            subject = app.seen.subject()
            assert subject is not None
            assert subject.text.startswith(
                "41 weddings live, load 57.4 now, 4 h peak 62.8 at 14:00 BST, MAXIMUM until 23:00 BST"
            )
            assert subject.text.endswith("production, DEMO, a made-up world")
            await pilot.press("l")
            await until(pilot, lambda: cursor(app))
            found = app.seen.subject()
            assert found is not None
            assert "wedding SIN-0620-000, live now, from Sat 2026-06-20 11:00 Singapore (03:00 UTC)" in found.text

    run(walk())


def test_a_list_comes_back_the_next_time_without_naming_a_wedding() -> None:
    async def walk() -> None:
        app = make_app(booked())
        async with driven(app) as pilot:
            await pilot.press("W", "down", "enter")
            await until(pilot, lambda: isinstance(app.screen, WeddingListScreen) and cursor(app))
            views = [screen.view() for screen in app.screen_stack[1:]]  # type: ignore[attr-defined]
            assert views[1] == View("weddings-part", ("TODAY", "zone", "Asia/Kolkata"), None)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, WeddingScreen))
            assert app.seen.view() is None
            app.back_to_dashboard()
            await pilot.press("W", "l")
            await until(pilot, lambda: isinstance(app.screen, WeddingListScreen) and cursor(app))
            assert app.seen.view() == View("weddings-list", ("AHEAD",), None)
            app.back_to_dashboard()
            app.memory.open(tuple(views), "open before")
            await until(pilot, lambda: "weddings › today · zone Asia/Kolkata" in screen_text(app))

    run(walk())


def test_jump_mode_leads_to_the_weddings() -> None:
    async def walk() -> None:
        app = make_app(booked())
        async with driven(app) as pilot:
            await pilot.press("apostrophe")
            await until(pilot, lambda: " 7 weddings" in screen_text(app))
            await pilot.press("7")
            await until(pilot, lambda: isinstance(app.screen, WeddingsScreen))

    run(walk())


def test_many_zones_are_one_key_away() -> None:
    async def walk() -> None:
        app = make_app(booked())
        async with driven(app) as pilot:
            await pilot.press("W")
            await until(pilot, lambda: "+4 more zones" in screen_text(app))
            await press(pilot, "down")
            for _ in range(3):
                await press(pilot, "down")
            assert cursor(app) == "more zones"
            await pilot.press("enter")
            await until(pilot, lambda: "Los Angeles" in screen_text(app))

    run(walk())


class TestReader:
    def rig(self) -> tuple[FakeSource, MovableClock, Mailbox, Reader]:
        source, clock, mailbox = booked(), MovableClock(), Mailbox(lambda: None)
        return source, clock, mailbox, Reader(lambda: source, clock, mailbox)

    def told(self, mailbox: Mailbox) -> list[WeddingsTold]:
        return [news.told for news in mailbox.take() if isinstance(news, WeddingsArrived)]

    def test_a_question_is_asked_again_after_a_while_and_another_at_once(self) -> None:
        _source, clock, mailbox, reader = self.rig()
        reader.want_weddings(WhoIsLive())
        reader.step()
        (first,) = self.told(mailbox)
        assert isinstance(first.answer, Overview)
        reader.step()
        assert self.told(mailbox) == []
        clock.advance(3 * SECOND)
        reader.step()
        assert len(self.told(mailbox)) == 1
        reader.want_weddings(OneWedding("LON-0620-000"))
        reader.step()
        (one,) = self.told(mailbox)
        assert isinstance(one.answer, tuple)
        assert len(one.answer) == 1

    def test_only_the_own_question_is_dropped(self) -> None:
        _source, clock, mailbox, reader = self.rig()
        reader.want_weddings(OneWedding("a"))
        reader.want_weddings(WhoIsLive())
        reader.drop_weddings(OneWedding("a"))
        reader.step()
        assert [each.question for each in self.told(mailbox)] == [WhoIsLive()]
        reader.drop_weddings(WhoIsLive())
        clock.advance(9 * SECOND)
        reader.step()
        assert self.told(mailbox) == []

    def test_a_refusal_is_an_answer(self) -> None:
        source, _clock, mailbox, reader = self.rig()
        reader.step()
        source.booked.page = lambda _query: (_ for _ in ()).throw(StoreLockedError("locked: wait"))  # type: ignore[assignment, method-assign]
        reader.want_weddings(WeddingQuery())
        reader.step()
        (told,) = self.told(mailbox)
        assert (told.answer, told.problem) == (None, "locked: wait")
