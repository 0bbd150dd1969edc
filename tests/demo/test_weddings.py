"""The demo's calendar is plausible, the same for the same dates, and such that a real source takes every row."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.weddings import microseconds
from tests.demo.base import BEGAN, running
from wedtui.core.calendar import CalendarFacts, SourceFacts
from wedtui.core.freeze import FreezeFacts, WeeklyWindow, verdict
from wedtui.core.freeze_windows import WallTime
from wedtui.core.load import sweep, weight_of
from wedtui.core.protection import protection
from wedtui.core.season import Protection
from wedtui.core.wedding import CULTURES, OTHER, UNITS, load_of
from wedtui.core.wedding_rows import Defaults, RawRow, Row, read_row
from wedtui.demo.scenario import SCENARIOS, state
from wedtui.demo.server import Request
from wedtui.demo.weddings import AHEAD, BEHIND, PLACES, Booking, calendar, weddings_on
from wedtui.demo.world import WEDDINGS_A_PAGE, wedding_page

SATURDAY, WEDNESDAY = date(2026, 6, 20), date(2026, 6, 17)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1))


def row_of(booking: Booking) -> Row:
    """Read what the platform lists as a real source would."""
    listed = booking.listed()
    found = read_row(RawRow("row 1", *(listed[f] for f in RawRow._fields[1:])), Defaults())
    assert isinstance(found, Row), found
    return found


def facts(name: str, at: datetime) -> CalendarFacts:
    """What a service knows that has just read a scenario's calendar."""
    scenario = SCENARIOS[name]
    assert scenario.began is not None
    listed = calendar(scenario.began, at, scenario.feasts)
    rows = (
        (b.zone, b.reference, microseconds(b.start), microseconds(b.end), weight_of(load_of(b.culture, b.guests)))
        for b in listed
    )
    return CalendarFacts((SourceFacts("platform", "json", at),), *sweep(rows))


@given(days)
def test_a_real_source_takes_every_row_as_it_is(day: date) -> None:
    for booking in weddings_on(day):
        row = row_of(booking)
        assert not row.unknown_culture
        assert row.unknown_kind is False
        wedding = row.wedding
        # By instants: Python takes no local time of an hour that comes twice for the same as one in UTC.
        assert [wedding.start.timestamp(), wedding.end.timestamp()] == [
            booking.start.timestamp(),
            booking.end.timestamp(),
        ]
        assert (wedding.reference, wedding.venue, wedding.zone) == (booking.reference, booking.venue, booking.zone)
        assert (wedding.culture, wedding.guests) == (booking.culture, booking.guests)


@given(days)
def test_a_date_is_always_the_same(day: date) -> None:
    first = weddings_on(day)
    weddings_on.cache_clear()
    assert weddings_on(day) == first


@given(days)
def test_weddings_begin_at_local_hours_and_end_by_the_morning(day: date) -> None:
    for booking in weddings_on(day):
        zone = ZoneInfo(booking.zone)
        start, end = booking.start.astimezone(zone), booking.end.astimezone(zone)
        assert 10 <= start.hour < 20, booking
        assert start.date() in {day, day - timedelta(days=1)}
        assert timedelta(hours=4) <= booking.end.astimezone(UTC) - booking.start.astimezone(UTC) <= timedelta(hours=11)
        assert end.date() == start.date() or end.hour < 6, booking


@given(days)
def test_a_venue_has_one_wedding_a_day_and_a_reference_one_venue(day: date) -> None:
    weddings = weddings_on(day)
    assert len({(b.zone, b.venue, b.start.date()) for b in weddings}) == len(weddings)
    venues = {b.reference: (b.zone, b.venue, b.culture) for b in weddings}
    assert all(venues[b.reference] == (b.zone, b.venue, b.culture) for b in weddings)


def test_references_of_a_year_are_all_different() -> None:
    seen: Counter[str] = Counter()
    for number in range(365):
        seen.update({b.reference for b in weddings_on(date(2026, 1, 1) + timedelta(days=number))})
    assert set(seen.values()) == {1}
    assert all(len(r) == len("W-2026-00421") and r.startswith("W-2026-") for r in seen)


def test_a_saturday_in_june_is_busy_everywhere_and_a_wednesday_is_not() -> None:
    busy = weddings_on(SATURDAY)
    assert 120 <= len({b.reference for b in busy}) <= 240
    assert {b.zone for b in busy} == {place.zone for place in PLACES}
    assert {b.culture for b in busy} == {*CULTURES, OTHER} - {"jewish"}
    assert 1 <= len(weddings_on(WEDNESDAY)) <= 20
    assert "jewish" in {b.culture for b in weddings_on(SATURDAY + timedelta(days=1))}


def test_winter_is_quiet_in_the_north_and_busy_in_the_south() -> None:
    def count(day: date, zone: str) -> int:
        return sum(b.zone == zone for b in weddings_on(day))

    january = date(2026, 1, 17)
    assert count(january, "Europe/London") < count(SATURDAY, "Europe/London")
    assert count(january, "Australia/Sydney") > count(SATURDAY, "Australia/Sydney")


@given(st.datetimes(min_value=datetime(2001, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - aware by the strategy
def test_the_calendar_goes_on_with_the_clock(now: datetime) -> None:
    listed = calendar(now, now)
    assert listed == sorted(listed, key=lambda b: (b.start, b.reference))
    assert all(now - BEHIND - timedelta(days=2) < b.start < now + AHEAD + timedelta(days=2) for b in listed)
    assert calendar(now, now + timedelta(days=7))[0].start > listed[0].start


class TestScenarios:
    def level(self, name: str, at: datetime) -> Protection:
        return protection(facts(name, at), (), ("Europe/London",), at).level

    def frozen_by_weddings(self, name: str, at: datetime) -> bool:
        # A window that is never open in these months: what freezes is the calendar alone.
        window = WeeklyWindow(
            "never", WallTime(0, time(0)), WallTime(0, time(1)), ("Europe/London",), months=frozenset({2})
        )
        return verdict(FreezeFacts(windows=(window,), calendar=facts(name, at)), at).frozen

    def test_a_saturday_in_june_is_maximum_and_frozen(self) -> None:
        began = SCENARIOS["june-saturday"].began
        assert began is not None
        assert began.date() == SATURDAY
        assert self.level("june-saturday", began) is Protection.MAXIMUM
        assert self.frozen_by_weddings("june-saturday", began)
        assert facts("june-saturday", began).steps.at(began).weddings >= 100

    def test_a_large_indian_wedding_is_maximum_on_a_wednesday_and_freezes_after_a_minute(self) -> None:
        scenario = SCENARIOS["large-wedding"]
        began = scenario.began
        assert began is not None
        assert began.weekday() == 2
        assert self.level("large-wedding", began) is Protection.MAXIMUM
        assert not self.frozen_by_weddings("large-wedding", began + timedelta(seconds=59))
        assert self.frozen_by_weddings("large-wedding", began + timedelta(minutes=1))
        (_, largest, _) = scenario.feasts[0].bookings(began, 0)
        assert load_of(largest.culture, largest.guests) == 26 * UNITS

    def test_each_of_its_days_has_its_own_level_and_one_reference(self) -> None:
        scenario = SCENARIOS["large-wedding"]
        began = scenario.began
        assert began is not None
        rows = [row_of(b) for b in scenario.feasts[0].bookings(began, 0)]
        (reference,) = {row.wedding.reference for row in rows}
        others = {b.reference for b in calendar(began, began)}
        assert reference not in others
        assert [row.wedding.load / UNITS for row in rows] == [9, 26, 12]
        assert [row.wedding.start.weekday() for row in rows] == [1, 2, 3]
        for day, level in ((-1, Protection.HIGH), (0, Protection.MAXIMUM), (1, Protection.HIGH)):
            assert self.level("large-wedding", began + timedelta(days=day, hours=3)) is level

    def test_it_comes_whatever_the_clock_says(self) -> None:
        at = datetime(2027, 3, 1, 3, tzinfo=UTC)
        guests = [b.guests for b in calendar(at, at, SCENARIOS["large-wedding"].feasts)]
        assert guests.count(7800) == 1

    @pytest.mark.parametrize(("second", "whole"), [(0, True), (29.9, True), (30, False), (179, False), (180, True)])
    def test_the_calendar_loses_most_and_finds_it_again(self, second: float, whole: bool) -> None:
        for cycle in (0, 300):
            assert state(SCENARIOS["lost-calendar"], timedelta(seconds=second + cycle)).calendar_is_whole is whole

    @pytest.mark.parametrize("name", sorted(SCENARIOS))
    def test_every_other_calendar_stays_whole(self, name: str) -> None:
        whole = {state(SCENARIOS[name], timedelta(seconds=s)).calendar_is_whole for s in range(0, 600, 7)}
        assert (False in whole) is (name == "lost-calendar")


class TestServed:
    def test_every_page_names_the_next_and_together_they_are_the_calendar(self) -> None:
        async def work() -> None:
            async with running("june-saturday") as world:
                url, found, pages = world.addresses.weddings, [], 0
                while url:
                    answer = await world.client.get(url)
                    assert answer.headers["content-type"] == "application/json"
                    page = answer.json()
                    found += page["weddings"]
                    pages += 1
                    url = page["next"] and str(answer.url.join(page["next"]))
                assert found == [b.listed() for b in calendar(BEGAN, BEGAN)]
                assert pages == -(-len(found) // WEDDINGS_A_PAGE) > 1

        asyncio.run(work())

    def test_a_calendar_that_lost_most_says_so_by_nothing(self) -> None:
        async def work() -> None:
            async with running("lost-calendar") as world:

                async def count(seconds: float) -> int:
                    await world.at(seconds)
                    answer = await world.client.get(world.addresses.weddings)
                    assert answer.status_code == 200
                    page = answer.json()
                    return len(page["weddings"]) if page["next"] is None else WEDDINGS_A_PAGE

                assert await count(29) == WEDDINGS_A_PAGE
                assert 2 * await count(30) < WEDDINGS_A_PAGE
                assert await count(180) == WEDDINGS_A_PAGE

        asyncio.run(work())

    @pytest.mark.parametrize("page", ["0", "2", "x", "-1", "1.0", "²"])
    def test_a_page_that_is_not_there(self, page: str) -> None:
        answer = wedding_page([], Request("GET", "/weddings", {"page": page}))
        assert (answer.status, answer.body) == (400, b'{"error":"there are pages 1 to 1"}')

    def test_no_weddings_are_an_empty_list(self) -> None:
        assert wedding_page([], Request("GET", "/weddings")).body == b'{"weddings":[],"next":null}'

    def test_what_is_not_there_and_what_is_not_allowed(self) -> None:
        async def work() -> None:
            async with running("calm") as world:
                assert (await world.client.get(f"{world.addresses.weddings}/x")).status_code == 404
                refused = await world.client.put(world.addresses.weddings)
                assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")

        asyncio.run(work())
