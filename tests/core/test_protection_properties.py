"""What holds for any calendar, any zone and any night: the level is what looking at every five minutes finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.weddings import (
    BEGINNINGS,
    DAY,
    GRID,
    HOUR,
    MICROSECOND,
    ZONES,
    Booked,
    around,
    bookings,
    calendar_of,
    grid,
    live,
    on_grid,
    read,
)
from tests.examples import examples
from wedtui.core.calendar import SKEW, CalendarFacts, SourceFacts
from wedtui.core.freeze_windows import FIRST, LAST
from wedtui.core.protection import AHEAD, ProtectionVerdict, Raise, ahead_words, protection
from wedtui.core.protection_words import until_words
from wedtui.core.season import Protection, protection_by_date
from wedtui.core.wedding import UNITS

NORMAL, HIGH, MAXIMUM = Protection
WATCHED = 3 * DAY


class World(NamedTuple):
    """Everything that protection is judged by."""

    at: datetime
    booked: list[Booked]
    sources: tuple[SourceFacts, ...]
    raises: tuple[Raise, ...]
    zones: tuple[str, ...]

    @property
    def calendar(self) -> CalendarFacts:
        return calendar_of(self.booked, *self.sources)

    def ask(self, at: datetime | None = None, *, known_at: datetime | None = None) -> ProtectionVerdict:
        return protection(self.calendar, self.raises, self.zones, at or self.at, known_at=known_at)


@st.composite
def worlds(draw: st.DrawFn, *, least: int = 0) -> World:
    begins = draw(st.sampled_from(BEGINNINGS))
    at = begins + draw(on_grid(4 * DAY))
    sources = []
    for name in draw(st.lists(st.sampled_from(("crm", "feed", "platform")), min_size=least, max_size=2, unique=True)):
        read_at = draw(st.none() | on_grid(3 * DAY, -2 * DAY).map(at.__sub__))
        interval = draw(st.sampled_from((None, 2 * GRID, HOUR, DAY)))
        sources.append(read(read_at, name=name, max_age=draw(on_grid(2 * DAY, HOUR)), interval=interval))
    raises = []
    for _ in range(draw(st.integers(0, 2))):
        raised_at = at - draw(on_grid(DAY, -6 * HOUR))
        ends = raised_at + draw(on_grid(DAY, GRID))
        raises.append(Raise(draw(st.sampled_from((HIGH, MAXIMUM))), "why", "anna", raised_at, ends))
    zones = draw(st.lists(st.sampled_from(ZONES), max_size=3, unique=True))
    return World(at, draw(bookings(begins, days=5)), tuple(sources), tuple(raises), tuple(zones))


def fresh(world: World, at: datetime, now: datetime) -> bool:
    """Whether the calendar is, if after `now` only goes on what is read by itself and was fresh and tried then."""
    return bool(world.sources) and all(
        s.read_at is not None
        and (
            s.read_at - SKEW <= at < s.read_at + s.max_age
            or (
                s.interval is not None
                and s.read_at - SKEW <= now < s.read_at + min(s.max_age, 3 * s.interval + MICROSECOND) <= at
                and s.interval < s.max_age
            )
        )
        for s in world.sources
    )


def model(world: World, at: datetime, loads: dict[datetime, int], known_at: datetime | None = None) -> Protection:
    """Return the level by looking at every five minutes of the next four hours."""
    peak = max(load for instant, load in loads.items() if at <= instant <= at + AHEAD)
    levels = [MAXIMUM if peak >= 25 * UNITS else HIGH if peak >= 8 * UNITS else NORMAL]
    levels += [r.level for r in world.raises if r.at <= at < r.expires_at]
    # What comes is judged by the calendar as it has aged by then, whenever it is asked.
    if not fresh(world, max(known_at or at, at), known_at or at):
        served = {*(world.zones or ("UTC",)), *(b.zone for b in world.booked)}
        levels.append(protection_by_date(at, served).level)
    return max(levels, key=lambda level: level.rank)


def loads_of(world: World, start: datetime, end: datetime) -> dict[datetime, int]:
    return {at: live(world.booked, at).load for at in grid(start, end + AHEAD)}


@examples(60)
@given(worlds(), st.booleans())
def test_the_level_and_its_next_change_are_what_looking_at_every_instant_finds(world: World, fixed: bool) -> None:
    known_at = world.at if fixed else None
    end = world.at + WATCHED
    loads = loads_of(world, world.at, end)
    found = world.ask(known_at=known_at)
    levels = {at: model(world, at, loads, world.at) for at in grid(world.at, end)}
    assert found.level is levels[world.at]
    change = next((at for at, level in levels.items() if level is not found.level), None)
    if change is None:
        assert found.until is None or found.until > end
    else:
        assert (found.until, found.next_level) == (change, levels[change])


@examples(60)
@given(worlds())
def test_until_is_really_the_next_change(world: World) -> None:
    found = world.ask()
    if found.until is None:
        return
    assert found.until > world.at
    change = found.until

    def level(at: datetime) -> Protection:
        """The rule's own, but without that the calendar may not reach so far."""
        return protection(replace(world.calendar, begins=FIRST, known_to=LAST), *world[3:], at, known_at=world.at).level

    assert level(change) is found.next_level
    assert found.next_level is not found.level
    for part in range(8):
        assert level(world.at + (change - world.at) * part / 8) is found.level
    assert level(change - MICROSECOND) is found.level


@examples(60)
@given(worlds())
def test_where_nobody_reads_it_again_the_level_of_an_instant_is_never_lower_than_was_supposed(world: World) -> None:
    """What is supposed is of the future alone: when the time is there, the age of what was read counts."""
    loads = loads_of(world, world.at, world.at + DAY)
    for at in list(grid(world.at, world.at + DAY))[::18]:
        silent = replace(world.calendar, sources=tuple(replace(s, interval=None) for s in world.sources))
        found = world.ask(at).level
        assert found is protection(silent, world.raises, world.zones, at).level
        assert found.rank >= model(world, at, loads, world.at).rank


@examples(60)
@given(worlds(least=1))
def test_since_is_when_it_began_by_what_is_known_now(world: World) -> None:
    """By the model: to ask the rule about another time is another question, for the calendar may not reach so far."""
    found = world.ask(known_at=world.at)
    if found.since is None:
        return
    assert found.since <= world.at

    def level(at: datetime) -> Protection:
        return model(world, at, loads_of(world, at, at), known_at=world.at)

    assert level(found.since - GRID) is not found.level
    steps = (world.at - found.since) // GRID
    for part in range(9):
        assert level(found.since + steps * part // 8 * GRID) is found.level


@given(worlds(least=1), st.integers(0, 1), on_grid(10 * DAY))
def test_losing_a_source_never_lowers_the_level(world: World, which: int, later: timedelta) -> None:
    """Whether it was never read, or not for ever so long."""
    lost = world.sources[which % len(world.sources)]
    others = tuple(source for source in world.sources if source is not lost)
    before = world.ask().level
    older = lost.read_at - later if lost.read_at is not None and lost.read_at <= world.at else None
    for state in (replace(lost, read_at=None), replace(lost, read_at=older)):
        assert world._replace(sources=(*others, state)).ask().level.rank >= before.rank
    assert world._replace(sources=()).ask().level.rank >= before.rank


@given(worlds(), st.data())
def test_what_is_added_never_lowers_the_level(world: World, data: st.DataObject) -> None:
    before = world.ask().level
    more = data.draw(bookings(world.at - DAY, days=2))
    assert world._replace(booked=[*world.booked, *more]).ask().level.rank >= before.rank
    raised = Raise(data.draw(st.sampled_from(Protection)), "why", "anna", world.at, world.at + HOUR)
    assert world._replace(raises=(*world.raises, raised)).ask().level.rank >= max(before.rank, raised.level.rank)
    zone = data.draw(st.sampled_from(ZONES))
    # Without any zone the date is that of UTC; a zone that is named takes its place.
    if world.zones:
        assert world._replace(zones=(*world.zones, zone)).ask().level.rank >= before.rank


@given(worlds())
def test_every_level_has_its_reasons_and_its_zone(world: World) -> None:
    found = world.ask()
    assert found.reasons
    assert found.zone is None or found.zone in {*world.zones, *(b.zone for b in world.booked), "UTC"}
    assert found.live == live(world.booked, world.at)


@pytest.mark.parametrize("begins", BEGINNINGS)
@pytest.mark.parametrize("zone", ZONES)
def test_by_the_date_every_weekend_begins_and_ends_when_its_saturday_does(begins: datetime, zone: str) -> None:
    world = World(begins, [], (), (), (zone,))
    at, changes = begins, []
    while at < begins + 9 * DAY:
        found = world.ask(at)
        assert found.until is not None
        changes.append(found.until)
        at = found.until
    levels = {instant: protection_by_date(instant, (zone,)).level for instant in grid(begins, begins + 9 * DAY)}
    expected = [
        b
        for (_, level), (b, after) in zip(levels.items(), list(levels.items())[1:], strict=False)
        if level is not after
    ]
    assert [change for change in changes if change <= begins + 9 * DAY] == expected


@given(worlds(least=1), on_grid(2 * DAY), on_grid(3 * DAY, AHEAD + GRID), st.booleans())
def test_a_calendar_around_the_time_asked_about_says_what_the_whole_one_says(
    world: World, back: timedelta, ahead: timedelta, fixed: bool
) -> None:
    """As far as it knows; and what it does not know it does not say."""
    known_at = world.at if fixed else None
    calendar = around(world.booked, world.at - back, world.at + ahead, *world.sources)
    part = protection(calendar, world.raises, world.zones, world.at, known_at=known_at)
    whole = world.ask(known_at=known_at)
    for each in ("level", "raises", "live", "peak", "calendar", "read_at"):
        assert getattr(part, each) == getattr(whole, each)
    # The clock of the words is that of the end, which a part may not know.
    assert len(part.reasons) == len(whole.reasons)
    if part.zone == whole.zone:
        assert part.reasons == whole.reasons
    assert part.since in {whole.since, None}
    if part.since is None and whole.since is not None:
        assert whole.since <= world.at - back
    if part.until is not None:
        assert (part.until, part.next_level, part.zone) == (whole.until, whole.next_level, whole.zone)
        assert part.known_to is None
    elif part.known_to is None:
        assert whole.until is None
    else:
        assert part.known_to > world.at
        assert whole.until is None or whole.until >= part.known_to


ENDS = st.one_of(
    st.sampled_from([timedelta(), MICROSECOND, AHEAD, 13 * HOUR, 23 * HOUR, DAY]), st.timedeltas(timedelta(), 420 * DAY)
)


@given(
    st.booleans(),
    ENDS,
    st.lists(st.sampled_from([*ZONES, "Pacific/Kiritimati", "America/Juneau", "Asia/Manila"]), max_size=3),
    st.sampled_from([(), (read(None),), (read(BEGINNINGS[0]),)]),
    st.sampled_from([None, BEGINNINGS[0]]),
)
@examples(100)
def test_there_is_an_answer_at_both_ends_of_time(
    first: bool, off: timedelta, zones: list[str], sources: tuple[SourceFacts, ...], known_at: datetime | None
) -> None:
    at = FIRST + off if first else LAST - off
    calendar = calendar_of([], *sources)
    found = protection(calendar, (), zones, at, known_at=known_at)
    assert found.since is None or found.since <= at
    if found.until is not None:
        assert found.until > at
        assert protection(calendar, (), zones, found.until, known_at=known_at).level is found.next_level
    for now in (at, BEGINNINGS[0]):
        assert until_words(found, now).removeprefix("at least ").startswith(found.level)
        ahead_words(calendar, (), zones, at, now)
