"""How much a source of weddings may lose before a person has to look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core import wedding_loss
from wedtui.core.wedding import UNITS
from wedtui.core.wedding_loss import (
    ALL_DAYS,
    DAY,
    Coming,
    Loss,
    Lost,
    OfDay,
    Placed,
    by_day,
    lost_between,
    lost_of,
    questionable,
    remembered,
    with_losses,
    with_moved,
)

HOUR = DAY // 24
HEAVY = OfDay(8 * UNITS, 64 * 3600 * UNITS)
HALF = OfDay(4 * UNITS, 32 * 3600 * UNITS)
LESS = OfDay(8 * UNITS, 32 * 3600 * UNITS - 1)
OF_DAY = "more than half of the load x hours of 1970-01-04 UTC (64 before, 31.9 after)"


def day(known: OfDay) -> Coming:
    return Coming(4, 99 * UNITS, {3: known})


@pytest.mark.parametrize(
    ("before", "after", "whole", "what"),
    [
        (Coming(4, 40), Coming(2, 20), None, None),
        (Coming(4, 40), Coming(1, 40), None, "more than half of its 4 coming weddings"),
        (Coming(1, 1), Coming(0, 1), None, "more than half of its 1 coming wedding"),
        (Coming(4, 8 * UNITS), Coming(4, 1), None, "more than half of the load of its coming weddings, which was 8"),
        (Coming(), Coming(), None, None),
        # What was lost before counts along, but only where something is lost now.
        (Coming(12), Coming(11), Coming(22), None),
        (Coming(12), Coming(10), Coming(22), "more than half of its 22 coming weddings within 24 h"),
        (Coming(2), Coming(2), Coming(22), None),
        # However many there are on others, a heavy day is judged by itself; of a light one all may be called off.
        (day(HEAVY), day(HALF), None, None),
        (day(HEAVY), day(LESS), None, OF_DAY),
        (day(HEAVY), Coming(4, 99 * UNITS), None, OF_DAY.replace("31.9", "0")),
        (day(HEAVY._replace(load=8 * UNITS - 1)), day(OfDay()), None, None),
        (day(HALF), day(LESS), day(HEAVY), f"{OF_DAY} within 24 h"),
    ],
)
def test_what_is_questioned(before: Coming, after: Coming, whole: Coming | None, what: str | None) -> None:
    assert questionable(before, after, whole or before) == what


LIGHT = {day: OfDay(UNITS, 8 * 3600 * UNITS) for day in range(15)}
FORTNIGHT = Coming(15, 99 * UNITS, {**LIGHT, ALL_DAYS: OfDay(15 * UNITS, 120 * 3600 * UNITS)})


def without(days: int) -> Coming:
    """Return that of the fortnight, after as many of its first days were moved to another year."""
    left = {day: OfDay() if day < days else weight for day, weight in LIGHT.items()}
    return FORTNIGHT._replace(days={**left, ALL_DAYS: OfDay((15 - days) * UNITS, (15 - days) * 8 * 3600 * UNITS)})


def test_many_light_days_are_judged_together_and_accepted_together() -> None:
    said = "more than half of the load x hours of all days up to 1970-01-15 UTC (120 before, 56 after)"
    assert questionable(FORTNIGHT, without(7), FORTNIGHT) is None
    assert questionable(FORTNIGHT, without(8), FORTNIGHT) == said
    assert questionable(without(4), without(8), FORTNIGHT) == f"{said} within 24 h"
    light = {ALL_DAYS: OfDay(8 * UNITS - 1, 64 * 3600 * UNITS)}
    assert questionable(Coming(15, 99 * UNITS, light), Coming(15, 99 * UNITS), Coming(15, 99 * UNITS, light)) is None
    looked_at = lost_between(FORTNIGHT, without(9), comes=True)
    assert questionable(FORTNIGHT, without(9), FORTNIGHT, looked_at) is None
    assert questionable(FORTNIGHT, without(10), FORTNIGHT, looked_at) is not None


@pytest.mark.parametrize("new", [0, 24])
def test_what_was_accepted_is_no_leave_to_empty_the_fortnight_once_it_is_a_day_later(new: int) -> None:
    looked_at = lost_between(FORTNIGHT, without(9), comes=True)
    # There is a day now that nobody could look at, whatever it loses.
    added = OfDay(new * UNITS, new * 3600 * UNITS)
    all_days = OfDay((15 + new) * UNITS, (120 + new) * 3600 * UNITS)
    tomorrow = FORTNIGHT._replace(days={**FORTNIGHT.days, 15: added, ALL_DAYS: all_days})
    # A former program judged each day, and not all of them together.
    former = looked_at._replace(days={day: work for day, work in looked_at.days.items() if day != ALL_DAYS})
    for accepted in (looked_at, former):
        assert questionable(tomorrow, without(9), tomorrow, accepted) is None
        said = questionable(tomorrow, without(15), tomorrow, accepted) or ""
        assert said.startswith("more than half of the load x hours of all days up to 1970-01-16 UTC")


@pytest.mark.parametrize(
    ("after", "accepted", "taken"),
    [
        (Coming(5), Lost(35, 0, comes=True, days={}), True),
        (Coming(4), Lost(35, 0, comes=True, days={}), False),
        (Coming(40), Lost(0, 0, comes=True, days={}), True),
        (Coming(40, 0, {3: LESS}), Lost(0, 0, comes=True, days={3: HEAVY.work - LESS.work}), True),
        (Coming(40, 0, {3: OfDay()}), Lost(0, 0, comes=True, days={3: HEAVY.work - LESS.work}), False),
        # A day that nobody could look at yet.
        (Coming(40, 0, {3: OfDay()}), Lost(0, 0, comes=True, days={2: 0}), True),
    ],
)
def test_no_more_is_lost_than_was_accepted(after: Coming, accepted: Lost, *, taken: bool) -> None:
    before = Coming(40, 0, {3: HEAVY})
    after = after if after.days else after._replace(days=before.days)
    assert lost_of(accepted.stored()) == accepted
    assert (questionable(before, after, before, accepted) is None) is taken


def test_what_was_left_and_is_over_by_now_is_no_greater_loss() -> None:
    """What is left of the day is live: by the hour less is, and all that was known of the evening is still to come."""
    looked_at = Lost(0, 0, comes=True, days={3: HEAVY.work - LESS.work})
    before, later = Coming(40, 0, {3: HEAVY}), Coming(40, 0, {3: LESS._replace(work=LESS.work - 3600)})
    assert questionable(before, later, before, looked_at) is not None
    assert questionable(before, later, before, looked_at, {3: 3600}) is None
    assert questionable(before, later, before, looked_at, {3: 3599}) is not None
    assert questionable(before, later, before, looked_at, {2: 3600}) is not None


def test_of_what_is_lost_both_are_named_the_weddings_and_their_hours() -> None:
    before = Coming(40, 40 * UNITS, {3: HEAVY})
    assert questionable(before, Coming(10, 40 * UNITS, {3: OfDay()}), before) == (
        "more than half of its 40 coming weddings and "
        "more than half of the load x hours of 1970-01-04 UTC (64 before, 0 after)"
    )


def test_what_was_looked_at_by_a_former_program_has_no_instant() -> None:
    looked_at = Lost(3, 4, comes=False, days={3: 7}, at=5)
    assert lost_of(looked_at.stored()) == looked_at
    assert lost_of([[3, 4, 0], [3, 7]]) == looked_at._replace(at=0)


def test_a_row_weighs_on_each_of_its_days_but_not_on_what_is_over() -> None:
    row = Placed("a", 2 * HOUR, DAY + 3 * HOUR, 7)
    found = by_day(row, 20 * HOUR)
    assert found.pop(ALL_DAYS) == OfDay(7, 7 * 7 * 3600)
    assert found == {0: OfDay(7, 7 * 4 * 3600), 1: OfDay(7, 7 * 3 * 3600)}
    assert by_day(Placed("a", 15 * DAY, 16 * DAY, 7), HOUR) == {}


def coming_on(weddings: int, day: int, weight: OfDay) -> Coming:
    """Return weddings of which all is on one day."""
    return Coming(weddings, weight.load, {day: weight, ALL_DAYS: weight})


def test_what_was_moved_or_became_lighter_is_not_counted_twice() -> None:
    known = coming_on(1, 1, OfDay(5, 5 * 3600))
    stored = [Placed("a", DAY, DAY + HOUR, 5)]
    lighter, moved = Loss(9 * DAY, "a", DAY, DAY + HOUR, 7), Loss(9 * DAY, "a", DAY + HOUR, DAY + 2 * HOUR, 5)
    gone, sums = Loss(9 * DAY, "b", DAY, DAY + HOUR, 3), Loss(9 * DAY, "", DAY, DAY + HOUR, 4, 2)
    assert with_losses(known, [lighter], stored, 0) == coming_on(1, 1, OfDay(7, 7 * 3600))
    assert with_losses(known, [moved], stored, 0) == known
    assert with_losses(known, [gone], stored, 0) == coming_on(2, 1, OfDay(8, 8 * 3600))
    assert with_losses(known, [sums, sums], stored, 0) == coming_on(5, 1, OfDay(13, 13 * 3600))


def test_only_the_same_wedding_at_the_same_time_is_found_again() -> None:
    a, b = Loss(9 * DAY, "a", DAY, 2 * DAY, 5), Loss(9 * DAY, "b", DAY, 2 * DAY, 5)
    assert remembered([a, b], [], {("a", DAY), ("b", DAY + 1)}, 0) == (b,)
    assert remembered([a, b._replace(until=1)], [], (), 1) == (a,)
    # Until it would be over, or for a day; as heavy as it ever was.
    assert remembered([a], [Placed("a", DAY, 3 * DAY, 4)], (), 0) == (Loss(DAY, "a", DAY, 3 * DAY, 5),)


def test_however_many_are_lost_a_bounded_number_is_remembered_and_nothing_of_their_sums_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wedding_loss, "MOST_NAMED", 10)
    kept: tuple[Loss, ...] = ()
    for turn in range(3):
        rows = [Placed(f"{turn}-{n}", (1 + n % 20) * DAY, (1 + n % 20) * DAY + HOUR, 5) for n in range(100)]
        kept = remembered(kept, rows, (), 0)
    assert len(kept) <= 10 + wedding_loss.DAYS + 1
    assert (sum(loss.weddings for loss in kept), sum(loss.load for loss in kept)) == (300, 1500)
    assert with_losses(Coming(), kept, [], 0).days[2] == OfDay(75, 75 * 3600)


TURNS = st.lists(st.sets(st.integers(0, 15)), max_size=8)


@given(turns=TURNS)
def test_however_small_the_steps_and_whatever_is_new_half_of_a_day_is_the_most_that_goes_unseen(
    turns: list[set[int]],
) -> None:
    """New weddings take the places of those that are lost, years ahead."""
    real = [Placed(f"r{n}", 2 * DAY, 2 * DAY + HOUR, UNITS) for n in range(16)]
    known, kept = set(range(16)), tuple[Loss, ...]()

    def coming(names: set[int]) -> Coming:
        work = len(names) * 3600 * UNITS
        return Coming(16, 16 * UNITS, {2: OfDay(len(names) * UNITS, work)})

    for now, named in enumerate(turns):
        back = {loss[1:3] for loss in kept if int(loss.reference[1:]) in named}
        whole = with_losses(coming(known), kept, [real[n] for n in known], now)
        if questionable(coming(known), coming(named), whole) is None:
            kept = remembered(kept, [real[n] for n in known - named], back, now)
            known = named
        assert 2 * len(known) >= 16
    assert lost_between(coming(known), coming(known), comes=True).days == {2: 0}


@given(turns=TURNS)
def test_whichever_light_weddings_move_to_another_year_half_of_the_fortnight_stays_unless_it_is_said(
    turns: list[set[int]],
) -> None:
    here = [Placed(f"r{n}", (1 + n % 14) * DAY, (1 + n % 14) * DAY + HOUR, UNITS) for n in range(16)]
    far = [row._replace(starts_at=row.starts_at + 365 * DAY, ends_at=row.ends_at + 365 * DAY) for row in here]

    def rows(near: set[int]) -> list[Placed]:
        return [here[n] if n in near else far[n] for n in range(16)]

    def coming(near: set[int]) -> Coming:
        days: dict[int, OfDay] = {}
        for row in rows(near):
            for day, each in by_day(row, 0).items():
                had = days.get(day, OfDay())
                days[day] = OfDay(had.load + each.load, had.work + each.work)
        return Coming(16, 16 * UNITS, days)

    known, kept = set(range(16)), tuple[Loss, ...]()
    for now, named in enumerate(turns):
        back = {loss[1:3] for loss in kept if int(loss.reference[1:]) in named}
        whole = with_losses(coming(known), kept, rows(known), 0)
        if questionable(coming(known), coming(named), whole) is None:
            kept = remembered(kept, [here[n] for n in known - named], back, now)
            known = named
        assert 2 * len(known) >= 16


@given(moved=st.integers(0, 64), new=st.integers(0, 64))
def test_a_heavy_day_that_keeps_its_hours_is_questioned_once_more_than_half_of_them_are_others(
    moved: int, new: int
) -> None:
    known, part = day(HEAVY), OfDay(UNITS, moved * 3600 * UNITS)
    left = day(OfDay(HEAVY.load, HEAVY.work + new * 3600 * UNITS))
    before, after = with_moved(known, left, {3: part})
    said = questionable(before, after, before)
    assert (said is not None) == (moved > 32)
    assert said is None or said.startswith("more than half of the load x hours of 1970-01-04 UTC to other hours (64 ")
    # Who looked at that did not look at a day without any.
    lost = lost_of(lost_between(before, after, comes=True).stored())
    assert questionable(before, after, before, lost) is None
    assert questionable(before, with_moved(known, day(OfDay()), {})[1], before, lost) is not None
