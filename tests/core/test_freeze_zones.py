"""The freeze evaluator over every distinct zone behaviour and every weekend 2024-2035.

It is held against a model that knows nothing of how it works: the model watches a wall clock, minute of UTC by
minute of UTC, and says when a person in front of that clock would open and close the freeze. Weekends in which
the clock behaves alike (the same offsets, changing at the same minutes) are watched once; the evaluator is asked
about every single one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from wedtui.core.freeze import FreezeFacts, WallTime, WeeklyWindow, intervals

MINUTE = timedelta(minutes=1)
FIRST_THURSDAY = datetime(2024, 1, 4, tzinfo=UTC)
LAST = datetime(2036, 1, 1, tzinfo=UTC)
# From Thursday to Wednesday, UTC: every zone's Friday to Monday lies inside.
WATCHED = 6 * 24 * 60
ODD_ZONES = (
    "Africa/Cairo",  # changes on Fridays at midnight
    "Asia/Beirut",
    "America/Asuncion",
    "Africa/Casablanca",  # back for Ramadan
    "Australia/Lord_Howe",  # half an hour
    "Antarctica/Troll",  # two hours
    "Atlantic/Azores",  # shows Sunday 00:00 twice
    "America/Havana",
    "America/Nuuk",  # changes on Saturday evening
    "Asia/Jerusalem",
    "Pacific/Chatham",
)
THU, FRI, SAT, SUN, MON = 3, 4, 5, 6, 0


def window(start: tuple[int, str], end: tuple[int, str], zone: str) -> WeeklyWindow:
    return WeeklyWindow(
        "w", WallTime(start[0], time.fromisoformat(start[1])), WallTime(end[0], time.fromisoformat(end[1])), (zone,)
    )


Bounds = tuple[tuple[int, str], tuple[int, str]]
WEEKEND: Bounds = ((FRI, "18:00"), (MON, "06:00"))
# Boundaries where clocks change: inside gaps, inside repeated hours, on midnights, shorter than the change.
AWKWARD: tuple[Bounds, ...] = (
    ((FRI, "00:00"), (FRI, "00:30")),
    ((FRI, "00:30"), (SUN, "00:00")),
    ((SAT, "22:30"), (SAT, "23:30")),
    ((SAT, "23:59"), (SUN, "00:00")),
    ((SUN, "00:15"), (SUN, "00:45")),
    ((SUN, "01:00"), (SUN, "01:30")),
    ((SUN, "01:30"), (SUN, "02:00")),
    ((SUN, "02:10"), (SUN, "02:20")),
    ((SUN, "02:00"), (SUN, "03:00")),
    ((SUN, "02:30"), (MON, "00:00")),
)


@dataclass(frozen=True)
class Behaviour:
    """How a zone's clock goes: its offset at first, then every change in minutes since `FIRST_THURSDAY`."""

    offset: timedelta
    changes: tuple[tuple[int, timedelta], ...]

    def during(self, first: int, last: int) -> tuple[object, ...]:
        """Return what is alike for two stretches of time in which the clock behaves alike."""
        begin = bisect_right(self.changes, (first, timedelta.max))
        stop = bisect_right(self.changes, (last, timedelta.max))
        before = self.changes[begin - 1][1] if begin else self.offset
        return before, tuple((minute - first, offset) for minute, offset in self.changes[begin:stop])


def offset_at(zone: ZoneInfo, minute: int) -> timedelta:
    offset = (FIRST_THURSDAY + minute * MINUTE).astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def behaviour(name: str) -> Behaviour:
    zone = ZoneInfo(name)
    first = offset = offset_at(zone, 0)
    changes = []
    half_day, total = 12 * 60, int((LAST - FIRST_THURSDAY) / MINUTE)
    for minute in range(half_day, total, half_day):
        if offset_at(zone, minute) != offset:
            low, high = minute - half_day, minute
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(zone, middle) == offset else (low, middle)
            offset = offset_at(zone, high)
            changes.append((high, offset))
    return Behaviour(first, tuple(changes))


@cache
def representatives() -> dict[Behaviour, str]:
    """Return one zone for each way in which a clock goes from 2024 to 2035."""
    found: dict[Behaviour, str] = {}
    for name in sorted(available_timezones() - {"localtime"}):
        found.setdefault(behaviour(name), name)
    return found


def weekends() -> Iterator[tuple[int, date]]:
    """Yield the first watched minute of each weekend and its Monday before."""
    thursday = FIRST_THURSDAY
    while thursday + timedelta(days=6) < LAST:
        yield int((thursday - FIRST_THURSDAY) / MINUTE), thursday.date() - timedelta(days=3)
        thursday += timedelta(days=7)


def watch(name: str, first: int) -> list[datetime]:
    """Return what the wall clock shows at each watched minute."""
    zone, begin = ZoneInfo(name), FIRST_THURSDAY + first * MINUTE
    return [(begin + n * MINUTE).astimezone(zone).replace(tzinfo=None, fold=0) for n in range(WATCHED)]


def watched(walls: list[datetime], monday: date, bounds: Bounds) -> tuple[int, int] | None:
    """Say at which watched minutes a person who looks at the clock opens and closes the freeze.

    It opens when the clock first shows the time and closes when it shows it for the last time; where the clock
    jumps over it, as soon as the clock shows anything later.
    """
    targets = []
    for weekday, at in bounds:
        day = monday + timedelta(days=weekday if weekday >= THU else weekday + 7)
        targets.append(datetime.combine(day, time.fromisoformat(at)))
    opens, closes = targets
    shows_opening = [n for n, wall in enumerate(walls) if wall == opens]
    shows_closing = [n for n, wall in enumerate(walls) if wall == closes]
    start = shows_opening[0] if shows_opening else next(n for n, wall in enumerate(walls) if wall > opens)
    end = shows_closing[-1] if shows_closing else next(n for n, wall in enumerate(walls) if wall > closes)
    return (start, end) if start < end else None


def asked(
    name: str, bounds: Bounds, begin: datetime = FIRST_THURSDAY, stop: datetime = LAST
) -> dict[int, tuple[int, int]]:
    """Return the evaluator's answer: minutes since the weekend's first, by that first minute."""
    facts = FreezeFacts((window(*bounds, name),))
    week, answers = 7 * 24 * 60, {}
    for interval in intervals(facts, begin, stop):
        start, end = ((instant - FIRST_THURSDAY) / MINUTE for instant in (interval.start, interval.end))
        assert start == int(start)
        assert end == int(end)
        first = int(start) // week * week
        assert first not in answers
        answers[first] = (int(start) - first, int(end) - first)
    return answers


def test_the_grouping_finds_the_zones_that_are_known_to_differ() -> None:
    found = representatives()
    assert len(found) > 60
    for name in ODD_ZONES:
        assert behaviour(name) in found
    assert behaviour("Europe/London") != behaviour("Europe/Paris")


def test_every_weekend_of_every_zone_behaviour_is_what_a_person_at_the_clock_would_say() -> None:
    seen: dict[object, tuple[int, int] | None] = {}
    compared = 0
    for how, name in representatives().items():
        answers = asked(name, WEEKEND)
        for first, monday in weekends():
            situation = how.during(first, first + WATCHED)
            if situation not in seen:
                seen[situation] = watched(watch(name, first), monday, WEEKEND)
            assert answers.get(first) == seen[situation], (name, monday)
            compared += 1
    assert compared == len(representatives()) * 625
    assert any(end - start == 59 * 60 for start, end in filter(None, seen.values()))
    assert any(end - start == 61 * 60 for start, end in filter(None, seen.values()))
    assert {end - start for start, end in filter(None, seen.values())} >= {60 * 60, 60 * 60 + 30, 62 * 60}


def test_boundaries_inside_a_clock_change_are_what_a_person_at_the_clock_would_say() -> None:
    seen = set()
    for how, name in representatives().items():
        for first, monday in weekends():
            situation = how.during(first, first + WATCHED)
            if situation in seen:
                continue
            seen.add(situation)
            walls = watch(name, first)
            begin = FIRST_THURSDAY + first * MINUTE
            for bounds in AWKWARD:
                answers = asked(name, bounds, begin, begin + WATCHED * MINUTE)
                assert answers.get(first) == watched(walls, monday, bounds), (name, monday, bounds)


@pytest.mark.parametrize("name", ODD_ZONES)
def test_a_clock_change_moves_only_the_boundaries_it_touches(name: str) -> None:
    """Between two changes every weekend lasts exactly 60 hours."""
    how, answers = behaviour(name), asked(name, WEEKEND)
    plain = [answers[first] for first, _ in weekends() if not how.during(first, first + WATCHED)[1]]
    assert len(plain) > 500
    assert {end - start for start, end in plain} == {60 * 60}
