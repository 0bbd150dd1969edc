"""The calendar in the cache: what a reading changes, what it never may, and what readers are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.cache.base import NOW, SECOND, configuration, configure, reading, service, unrecorded
from tests.cache.weddings import (
    EVERYTHING,
    HOUR,
    SOURCES,
    TOMORROW,
    calendar_of,
    generation,
    names,
    prepared,
    read,
    row,
    rows,
    source,
    stored,
    taken,
    writing_weddings,
)
from tests.examples import examples
from tests.places import PLACES
from wedtui.cache import wedding_import, wedding_rise, wedding_stage
from wedtui.cache import weddings as cached_weddings
from wedtui.cache.kind import CACHE
from wedtui.cache.wedding_import import Outcome
from wedtui.cache.wedding_stage import OfStored, Stage
from wedtui.cache.writer import CacheWriter
from wedtui.core.calendar import CalendarFacts, staleness
from wedtui.core.calendar_findings import calendar_findings, doubt
from wedtui.core.calendar_query import Conflicts, WeddingPage, WeddingQuery, conflicting
from wedtui.core.calendar_rise import Rise
from wedtui.core.erasure import Forgotten, digest_of
from wedtui.core.observation import Claim
from wedtui.core.redact import address_of
from wedtui.core.season import Protection
from wedtui.core.wedding import UNITS, Assumed
from wedtui.core.wedding_rows import RawRow, Rejection, Unusable
from wedtui.errors import ConflictError, NotFoundError
from wedtui.store.instants import to_microseconds


def test_a_reading_comes_back_whole_and_dates_its_source(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        work = taken(writer, [*rows("ba"), row("c", culture="indian", guests=None)])
        assert (work.written, work.deleted) == (3, 0)
        first = stored(path)[0].wedding
        assert (first.reference, first.venue, first.zone) == ("a", "Hotel Bristol", "Europe/London")
        assert (first.start, first.end, first.load) == (TOMORROW, TOMORROW + 8 * HOUR, UNITS)
        assert stored(path)[2].wedding.load == 2 * UNITS
        facts = source(path).facts
        assert (facts.read_at, facts.attempted_at, facts.problem, facts.weddings) == (NOW, NOW, None, 3)


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"))
        before = generation(path)
        work = taken(writer, rows("abcd"), at=NOW + SECOND)
        assert (work.written, work.deleted, generation(path)) == (0, 0, before)
        assert source(path).facts.read_at == NOW + SECOND
        work = taken(writer, [*rows("abc"), row("d", guests=151), row("e")], at=NOW + 2 * SECOND)
        assert (work.written, work.deleted) == (2, 0)
        assert generation(path) > before
        work = taken(writer, rows("abde"), at=NOW + 3 * SECOND)
        assert (work.written, work.deleted) == (1, 1)
        assert names(path) == "a b d e"


@pytest.mark.parametrize("page", [1, 2, 3, 5])
def test_many_pages_come_to_the_same_as_one(tmp_path: Path, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (wedding_stage, wedding_import):
        monkeypatch.setattr(module, "PAGE", page)
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("bdfhjl"))
        work = taken(writer, [*rows("abcdef"), row("h", guests=1), row("j", TOMORROW + 24 * HOUR), row("z")])
        assert (work.written, work.deleted) == (6, 2)
        assert names(path) == "a b c d e f h z j"


READING = st.lists(st.tuples(st.sampled_from("abcdeé𝒳Z_"), st.integers(0, 3), st.integers(1, 3)))


@examples(25, unminded=[HealthCheck.function_scoped_fixture])
@given(readings=st.lists(READING, max_size=4))
def test_whatever_came_before_the_cache_has_what_the_newest_reading_has(
    tmp_path: Path, system: str, readings: list[list[tuple[str, int, int]]]
) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer, pytest.MonkeyPatch.context() as patch:
        for module in (wedding_stage, wedding_import):
            patch.setattr(module, "PAGE", 2)
        for each in readings:
            given = [row(name, TOMORROW + start * HOUR, hours) for name, start, hours in each]
            if read(writer, given).outcome is Outcome.QUESTIONED:
                writer.weddings.accept("main", unrecorded)
                taken(writer, given)
            wanted: dict[tuple[str, int], int] = {}
            for name, start, hours in each:
                wanted[name, start] = max(hours, wanted.get((name, start), 0))
            found = {(w.wedding.reference, w.wedding.start): w.wedding.end for w in stored(path)}
            assert found == {
                (name, TOMORROW + start * HOUR): TOMORROW + (start + hours) * HOUR
                for (name, start), hours in wanted.items()
            }
            # In every database references come in the same order, or pages would not meet.
            again = taken(writer, given)
            assert (again.written, again.deleted) == (0, 0)
        configure(writer, calendar_of("main"))


def test_new_ones_are_written_before_old_ones_go_and_the_source_is_dated_last(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"))
        work = prepared(writer, [*rows("abc"), row("x")], at=NOW + HOUR)
        seen = []
        for _ in work.pieces():
            seen.append((names(path), source(path).facts.read_at))
        assert [stage for stage, _ in seen if stage not in {"a b c d", "a b c d x", "a b c x"}] == []
        assert "a b c d x" in [stage for stage, _ in seen]
        assert {read_at for _, read_at in seen} == {NOW}
        assert (names(path), source(path).facts.read_at) == ("a b c x", NOW + HOUR)


def test_a_reading_that_stops_anywhere_never_has_too_few_and_the_next_mends_it(tmp_path: Path) -> None:
    for stop in range(8):
        path = tmp_path / f"{stop}.db"
        with writing_weddings(path) as writer:
            taken(writer, rows("abcd"))
            pieces = prepared(writer, [*rows("abc"), row("d", TOMORROW + HOUR)], at=NOW + HOUR).pieces()
            for _ in zip(range(stop), pieces, strict=False):
                pass
            assert set("abcd") <= set(names(path).split())
            work = taken(writer, rows("abcd"), at=NOW + 2 * HOUR)
            assert names(path) == "a b c d"
            assert work.outcome is Outcome.TAKEN


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ("abcd", "ab", Outcome.TAKEN),
        ("abcd", "a", Outcome.QUESTIONED),
        ("abcd", "", Outcome.QUESTIONED),
        ("abcd", "wxyz", Outcome.QUESTIONED),
        ("a", "", Outcome.QUESTIONED),
    ],
)
def test_a_source_that_lost_more_than_half_is_questioned(
    tmp_path: Path, before: str, after: str, outcome: Outcome
) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows(before))
        assert read(writer, rows(after), at=NOW + HOUR).outcome is outcome
        facts = source(path).facts
        assert facts.questioned is (outcome is Outcome.QUESTIONED)
        assert facts.attempted_at == NOW + HOUR
        if facts.questioned:
            assert names(path) == " ".join(before)
            assert facts.read_at == NOW
            assert "`wedtui weddings accept main`" in (doubt(facts, NOW) or "")


def test_a_source_that_lost_more_than_half_of_its_load_is_questioned(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"))
        assert read(writer, rows("abcd", guests=74)).outcome is Outcome.QUESTIONED
        assert "lost more than half of the load of its coming weddings" in (source(path).facts.problem or "")
        with reading(path) as reader:
            assert reader.calendar(NOW).steps.at(TOMORROW).load == 4 * UNITS
        taken(writer, rows("abcd", guests=75))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "it is empty"),
        (rows("ab", start=NOW - 48 * HOUR), "it names no wedding that is still to come"),
    ],
    ids=["empty", "over"],
)
def test_a_first_reading_without_anything_to_come_is_questioned_until_a_person_accepts(
    tmp_path: Path, given: list[RawRow], said: str
) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        assert read(writer, given).outcome is Outcome.QUESTIONED
        facts = source(path).facts
        assert (facts.read_at, facts.questioned, facts.is_fresh(NOW)) == (None, True, False)
        assert facts.problem == said
        writer.weddings.accept("main", unrecorded)
        taken(writer, given)
        assert source(path).facts.is_fresh(NOW)
        # Once accepted it stays so, until something is to come again.
        taken(writer, given, at=NOW + HOUR)
        taken(writer, rows("x"), at=NOW + 2 * HOUR)
        assert read(writer, [], at=NOW + 3 * HOUR).outcome is Outcome.QUESTIONED


def test_a_source_whose_last_wedding_is_over_is_questioned(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"), mark="one")
        later = NOW + 48 * HOUR
        taken(writer, None, began_at="one", mark="one", at=later)
        assert read(writer, rows("ab"), at=later + HOUR).outcome is Outcome.QUESTIONED
        assert source(path).facts.read_at == later


def test_a_source_does_not_waste_away_by_halves(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        given = rows("abcdefgh", start=NOW + 240 * HOUR)
        taken(writer, given)
        taken(writer, given[:4], at=NOW + HOUR)
        # The same again is no further loss, and neither is one that was found again.
        taken(writer, given[:4], at=NOW + 2 * HOUR)
        assert read(writer, given[:3], at=NOW + 3 * HOUR).outcome is Outcome.QUESTIONED
        said = source(path).facts.problem or ""
        assert "more than half of its 8 coming weddings and more than half of the load x hours of 2026-06-16" in said
        assert "(64 before, 24 after) within 24 h; " in said
        taken(writer, given[:6], at=NOW + 4 * HOUR)
        taken(writer, given[:4], at=NOW + 5 * HOUR)
        # A day later nobody remembers; what a person accepted is forgotten at once.
        taken(writer, given[:2], at=NOW + 30 * HOUR)
        assert read(writer, given[:1], at=NOW + 31 * HOUR).outcome is Outcome.QUESTIONED
        writer.weddings.accept("main", unrecorded)
        taken(writer, given[:2], at=NOW + 31 * HOUR)
        taken(writer, given[:1], at=NOW + 32 * HOUR)


def test_a_loss_does_not_count_along_once_its_wedding_would_be_over(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        tonight, next_month = rows("abcd", start=NOW + HOUR), rows("wxyz", start=NOW + 720 * HOUR)
        taken(writer, [*tonight, *next_month])
        taken(writer, next_month, at=NOW + SECOND)
        taken(writer, next_month[:2], at=NOW + 10 * HOUR)


def test_a_questioned_reading_says_which_weddings_it_would_lose_move_or_make_lighter(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcdef", start=NOW + HOUR))
        moved = row("b", NOW + 30 * HOUR, zone="Europe/Paris")
        lighter = row("c", NOW + HOUR, guests=15)
        for seconds in (1, 2):
            work = read(writer, [*rows("a", start=NOW + HOUR), moved, lighter], at=NOW + seconds * SECOND)
            assert work.outcome is Outcome.QUESTIONED
        found = source(path)
        # Since the first of them, and of each what it is, and what is named instead.
        assert found.facts.questioned_at == NOW + SECOND
        assert found.missing_in_all == 5
        instead = {each.reference: each[5:] for each in found.missing}
        assert list(instead) == ["b", "c", "d", "e", "f"]
        assert {instead[name] for name in "def"} == {(None, None, None, None)}
        at = to_microseconds(NOW + 30 * HOUR)
        assert instead["b"][:2] == ("Europe/Paris", at)
        assert instead["c"][1] == to_microseconds(NOW + HOUR) == found.missing[1].starts_at
        assert instead["c"][3] == UNITS // 10 < found.missing[1].load == UNITS
        assert {each.zone for each in found.missing} == {"Europe/London"}
        # What is forgotten is forgotten there too.
        writer.weddings.forget("d", "forgotten-1")
        assert "d" not in [each.reference for each in source(path).missing]
        assert "forgotten-1" in [each.reference for each in source(path).missing]
        # And what is taken leaves nothing in question.
        taken(writer, rows("abcde", start=NOW + HOUR), at=NOW + 3 * SECOND)
        found = source(path)
        assert (found.facts.questioned_at, found.missing, found.missing_in_all) == (None, (), 0)


def test_a_calendar_that_is_empty_tonight_is_questioned(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        tonight = rows("abcdefgh", start=NOW + HOUR)
        year = [row(f"later-{n}", NOW + 720 * HOUR) for n in range(40)]
        taken(writer, [*tonight, *year])
        assert read(writer, [*tonight[:3], *year], at=NOW + SECOND).outcome is Outcome.QUESTIONED
        assert source(path).facts.problem == (
            "it lost more than half of the load x hours of 2026-06-06 UTC (64 before, 24 after); it names 43 weddings "
            "to come of load 43, from 2026-06-06 to 2026-07-06 (UTC)"
        )
        taken(writer, [*tonight[:4], *year], at=NOW + SECOND)
        assert read(writer, [*tonight[:2], *year], at=NOW + 2 * SECOND).outcome is Outcome.QUESTIONED


SIXTY = [row(f"w{n}", NOW + HOUR + n % 6 * 72 * HOUR) for n in range(60)]
"""Ten on each of six days, the first tonight."""
TONIGHT = {f"w{n}" for n in range(0, 60, 6)}
THIRD_DAY = {f"w{n}" for n in range(1, 60, 6)}


def some(chosen: set[str], by: timedelta = timedelta(), hours: float = 8, **more: Any) -> list[RawRow]:
    """Change some of the sixty; the others stay."""
    return [
        each
        if each.reference not in chosen
        else row(str(each.reference), NOW + HOUR + int(str(each.reference)[1:]) % 6 * 72 * HOUR + by, hours, **more)
        for each in SIXTY
    ]


@pytest.mark.parametrize(
    "given",
    [
        some(TONIGHT, hours=1 / 60),
        some(TONIGHT, by=17 * HOUR),
        some(THIRD_DAY, by=365 * 24 * HOUR),
        [*some(TONIGHT, guests=0), row("huge", NOW + 5 * 365 * 24 * HOUR, guests=10_000)],
        [*some({f"w{n}" for n in range(60)}, guests=0), row("huge", NOW + 5 * 365 * 24 * HOUR, guests=10_000)],
    ],
    ids=["ends", "hours", "year", "tonight-weightless", "weightless"],
)
def test_a_day_that_grows_light_is_questioned_however_heavy_the_calendar_stays(
    tmp_path: Path, given: list[RawRow]
) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, SIXTY, mark="one")
        assert read(writer, given).outcome is Outcome.QUESTIONED
        # A few may change.
        taken(writer, some({"w0", "w6", "w12", "w7"}, by=17 * HOUR))


def test_a_day_whose_weddings_all_move_to_other_hours_of_it_is_questioned(tmp_path: Path) -> None:
    """As they do where a source loses its zones: the day keeps its weddings, their load and their hours."""
    path = tmp_path / "c.db"

    def tomorrow(moved: int, by: timedelta, new: int = 0) -> list[RawRow]:
        first = TOMORROW - 10 * HOUR
        others = [row(f"new{n}", first, hours=6) for n in range(new)]
        return [*others, *(row(f"w{n}", first + (n < moved) * by, hours=6) for n in range(8))]

    with writing_weddings(path) as writer:
        taken(writer, tomorrow(0, HOUR))
        # What is new there says nothing about what is not there any more.
        assert read(writer, tomorrow(8, 5 * HOUR, new=8)).outcome is Outcome.QUESTIONED
        problem = source(path).facts.problem or ""
        assert problem.startswith(
            "it lost more than half of the load x hours of 2026-06-07 UTC to other hours (48 before"
        )
        # What was looked at is no leave to empty the day.
        writer.weddings.accept("main", unrecorded)
        gone = [row(f"w{n}", TOMORROW + 240 * HOUR, hours=6) for n in range(8)]
        assert read(writer, gone, at=NOW + SECOND).outcome is Outcome.QUESTIONED
        # Half may move, or all by half of their time.
        taken(writer, tomorrow(4, 5 * HOUR), at=NOW + 2 * SECOND)
        taken(writer, tomorrow(0, HOUR), at=NOW + 3 * SECOND)
        taken(writer, tomorrow(8, 3 * HOUR), at=NOW + 4 * SECOND)
        assert read(writer, tomorrow(8, -2 * HOUR), at=NOW + 5 * SECOND).outcome is Outcome.QUESTIONED
        writer.weddings.accept("main", unrecorded)
        taken(writer, tomorrow(8, -2 * HOUR), at=NOW + 6 * SECOND)


def test_one_wedding_named_at_its_hours_over_and_over_does_not_stand_for_others_that_move(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    minute = HOUR / 60
    again = [row("w0", TOMORROW + n * minute) for n in range(1, 6)]
    with writing_weddings(path) as writer:
        taken(writer, [row(f"w{n}") for n in range(9)])
        moved = [row(f"w{n}", TOMORROW - 12 * HOUR) for n in range(1, 9)]
        assert read(writer, [*again, *moved]).outcome is Outcome.QUESTIONED
        assert "of 2026-06-07 UTC to other hours (72 before, 8 after)" in (source(path).facts.problem or "")


def test_light_days_that_all_move_to_another_year_are_questioned(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    year = [row(f"later-{n}", NOW + 720 * HOUR) for n in range(40)]

    def ahead(moved: int) -> list[RawRow]:
        by = 365 * 24 * HOUR
        return [*year, *(row(f"w{n}", NOW + (1 + 24 * n) * HOUR + (n < moved) * by) for n in range(12))]

    with writing_weddings(path) as writer:
        taken(writer, ahead(0))
        assert read(writer, ahead(12)).outcome is Outcome.QUESTIONED
        said = "it lost more than half of the load x hours of all days up to 2026-06-20 UTC (96 before, 0 after);"
        assert (source(path).facts.problem or "").startswith(said)
        # One after the other is moved as people do; more than half within a day is not.
        taken(writer, ahead(1))
        taken(writer, ahead(6), at=NOW + SECOND)
        assert read(writer, ahead(7), at=NOW + 2 * SECOND).outcome is Outcome.QUESTIONED
        writer.weddings.accept("main", unrecorded)
        taken(writer, ahead(7), at=NOW + 3 * SECOND)


def test_what_was_accepted_is_no_leave_to_lose_all_of_the_fortnight_once_it_is_another_day(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    year = [row(f"later-{n}", NOW + 720 * HOUR) for n in range(40)]
    near = [row(f"w{n}", NOW + (24 + 24 * n) * HOUR) for n in range(12)]
    moved = [row(f"w{n}", NOW + 365 * 24 * HOUR) for n in range(12)]
    with writing_weddings(path) as writer:
        taken(writer, [*year, *near])
        assert read(writer, [*year, *near[:5], *moved[5:]]).outcome is Outcome.QUESTIONED
        writer.weddings.accept("main", unrecorded)
        assert read(writer, [*year, *moved], at=NOW + 13 * HOUR).outcome is Outcome.QUESTIONED
        assert read(writer, [*year, *near[:5], *moved[5:]]).outcome is Outcome.QUESTIONED
        writer.weddings.accept("main", unrecorded)
        taken(writer, [*year, *near[:5], *moved[5:]], at=NOW + 13 * HOUR)


def test_a_reading_of_changes_that_shortens_tonight_is_questioned(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, SIXTY, mark="one")
        short = [each for each in some(TONIGHT, hours=1) if each.reference in TONIGHT]
        assert read(writer, short, began_at="one", mark="two").outcome is Outcome.QUESTIONED
        assert "load x hours of 2026-06-06 UTC (80 before, 10 after)" in (source(path).facts.problem or "")
        # By halves it is the same.
        taken(writer, short[:5], began_at="one", mark="two")
        assert read(writer, short[5:], began_at="two", mark="three").outcome is Outcome.QUESTIONED


def test_new_weddings_far_ahead_do_not_make_up_for_those_that_are_lost(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        far = [row(f"far-{n}", NOW + 5 * 365 * 24 * HOUR) for n in range(60)]
        real = [row(f"w{n}", NOW + 60 * 24 * HOUR) for n in range(60)]
        taken(writer, real)
        taken(writer, [*real[:30], *far[:30]], at=NOW + HOUR)
        assert read(writer, far, at=NOW + 2 * HOUR).outcome is Outcome.QUESTIONED
        taken(writer, [*real, *far], at=NOW + 3 * HOUR)


def test_a_loss_is_forgotten_under_its_name_too(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"))
        taken(writer, rows("bcd"), at=NOW + HOUR)
        writer.weddings.forget("a", "forgotten-1")
        (losses,) = PLACES.execute(path, CACHE, "SELECT losses FROM wedding_source")
        assert ("forgotten-1" in str(losses), '"a"' in str(losses)) == (True, False)


def test_of_a_light_evening_all_may_be_called_off(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        year = [row(f"later-{n}", NOW + 720 * HOUR) for n in range(40)]
        taken(writer, [*rows("abcdefg", start=NOW + HOUR), *year])
        taken(writer, year, at=NOW + SECOND)


def test_what_is_live_and_not_listed_any_more_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [*rows("abcdefghij", start=NOW + HOUR), *rows("xyz")])
        for minutes in (1, 2, 3):
            taken(writer, rows("xyz"), at=NOW + HOUR + minutes * 60 * SECOND)
        assert source(path).kept == 10
        with reading(path) as reader:
            assert reader.calendar(NOW).steps.at(NOW + 2 * HOUR) == (10 * UNITS, 10)
        # However many are live: of those that are listed two of three are lost.
        assert read(writer, rows("x"), at=NOW + 2 * HOUR).outcome is Outcome.QUESTIONED


def test_a_reading_of_changes_that_takes_more_than_half_of_the_load_is_questioned(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"), mark="one")
        light = rows("abc", guests=1)
        assert read(writer, light, began_at="one", mark="two").outcome is Outcome.QUESTIONED
        taken(writer, light[:2], began_at="one", mark="two")
        assert read(writer, light, began_at="two", mark="three").outcome is Outcome.QUESTIONED


def test_a_reading_of_changes_of_which_most_cannot_be_used_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"), mark="one")
        bad = [row(name, zone="Mars/Olympus") for name in "cd"]
        work = read(writer, [*bad, row("a", guests=1)], began_at="one", mark="two", at=NOW + HOUR)
        assert work.outcome is Outcome.REFUSED
        facts = source(path).facts
        assert (facts.read_at, facts.rejected) == (NOW, 0)
        assert "2 of its 3 rows cannot be used (line 1: zone: expected" in (facts.problem or "")


@pytest.mark.parametrize("after", [[row(name, zone="Mars/Olympus") for name in "cd"], [row("a"), row("z", zone="x")]])
def test_what_is_said_of_the_good_reading_stays_together_where_another_is_not_taken(
    tmp_path: Path, after: list[RawRow]
) -> None:
    path = tmp_path / "c.db"
    good = [*rows("abcdef"), row("elf", culture="elvish"), row("bad", zone="Mars/Olympus")]
    with writing_weddings(path) as writer:
        taken(writer, good)
        before = source(path)
        assert (before.facts.rejected, before.unknown_cultures) == (1, 1)
        assert read(writer, after, at=NOW + HOUR).outcome in {Outcome.REFUSED, Outcome.QUESTIONED}
        found = source(path)
        assert (found.facts.rejected, found.facts.examples) == (1, before.facts.examples)
        assert (found.notes, found.unknown_cultures) == (before.notes, 1)
        assert "cannot be used (line 1: zone: expected" in (found.facts.problem or "")


def test_what_an_unusable_row_is_about_stays_also_where_it_cannot_be_told(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [*rows("abc"), row("o", NOW - 30 * HOUR)])
        broken = Unusable("line 3", Rejection("row", "expected quotes around whole cells only"), None)
        taken(writer, [*rows("ab"), broken])
        # Of what is over nobody has to be careful any more.
        assert names(path) == "a b c"
        assert source(path).kept == 1
        taken(writer, rows("ab"))
        assert names(path) == "a b"


def test_readers_are_told_once_a_reading_and_also_of_one_that_somebody_else_ended(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abc"))
        before = generation(path)
        work = prepared(writer, rows("abcdef")).pieces()
        while "f" not in names(path):
            next(work)
        assert generation(path) == before
        # It dies here: the next reading finds nothing to do but to tell.
        taken(writer, rows("abcdef"))
        assert generation(path) == before + 1
        taken(writer, rows("abcdef"))
        assert generation(path) == before + 1


def test_weddings_that_moved_or_are_over_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [*rows("ab"), *rows("wxyz", start=NOW - 48 * HOUR)])
        taken(writer, rows("ab", start=TOMORROW + HOUR), at=NOW + HOUR)
        assert names(path) == "a b"


def test_a_person_accepts_the_next_good_reading_and_only_that(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"))
        with pytest.raises(ConflictError, match="not questioned"):
            writer.weddings.accept("main", unrecorded)
        read(writer, [])
        writer.weddings.accept("main", unrecorded)
        assert source(path).accept_next
        writer.weddings.note_failure("main", NOW + HOUR, "timed out")
        taken(writer, rows("wxyz"), at=NOW + 2 * HOUR)
        assert names(path) == "w x y z"
        assert not source(path).accept_next
        assert read(writer, [], at=NOW + 3 * HOUR).outcome is Outcome.QUESTIONED
        with pytest.raises(NotFoundError, match="known are main"):
            writer.weddings.accept("gone", unrecorded)


def test_a_person_accepts_what_was_looked_at_and_no_greater_loss(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        given = [row(f"w{n}", NOW + 40 * 24 * HOUR) for n in range(60)]
        taken(writer, given)
        assert read(writer, given[:25]).outcome is Outcome.QUESTIONED
        said = source(path).facts.problem or ""
        assert "more than half of its 60 coming weddings; it names 25 weddings to come of load 25, from 2026-07" in said
        for loses_more in ([], given[:24], [*given[:24], row("new")]):
            writer.weddings.accept("main", unrecorded)
            assert read(writer, loses_more, at=NOW + HOUR).outcome is Outcome.QUESTIONED
            facts = source(path).facts
            assert (facts.problem or "").startswith("it is not what was accepted: it lost")
            assert (facts.questioned, source(path).accept_next, facts.weddings) == (True, False, 60)
            assert read(writer, given[:25]).outcome is Outcome.QUESTIONED
        writer.weddings.accept("main", unrecorded)
        taken(writer, given[:26], at=NOW + 2 * HOUR)


def test_what_was_accepted_does_not_become_another_thing_while_weddings_are_live(tmp_path: Path) -> None:
    """Twelve of tonight are live since noon by the new reading: less of these is left by the hour, tonight's all is."""
    path = tmp_path / "c.db"

    def day(begins: datetime, count: int = 12) -> list[RawRow]:
        return [row(f"w{n}", begins, hours=4) for n in range(count)]

    tonight, noon = NOW + 6 * HOUR, NOW - HOUR
    year = [row(f"later-{n}", NOW + 720 * HOUR) for n in range(40)]
    for later in (HOUR / 60, 2 * HOUR, 3 * HOUR - SECOND, 3 * HOUR, 5 * HOUR):
        with writing_weddings(path) as writer:
            taken(writer, [*year, *day(tonight)])
            assert read(writer, [*year, *day(noon)]).outcome is Outcome.QUESTIONED
            assert "to other hours (48 before, 0 after)" in (source(path).facts.problem or "")
            writer.weddings.accept("main", unrecorded)
            # A greater loss than that is none that somebody looked at.
            assert read(writer, [*year[:5], *day(noon)], at=NOW + later).outcome is Outcome.QUESTIONED
            assert read(writer, [*year, *day(noon)]).outcome is Outcome.QUESTIONED
            writer.weddings.accept("main", unrecorded)
            assert read(writer, [*year, *day(noon, 3)], at=NOW + later).outcome is Outcome.QUESTIONED
            assert read(writer, [*year, *day(noon)]).outcome is Outcome.QUESTIONED
            writer.weddings.accept("main", unrecorded)
            taken(writer, [*year, *day(noon)], at=NOW + later)
        path = tmp_path / f"{later.total_seconds()}.db"


def test_a_failure_keeps_the_last_good_state_and_its_age(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"))
        assert writer.weddings.note_failure("main", NOW + HOUR, "connection refused")
        facts = source(path).facts
        assert (facts.read_at, facts.attempted_at, facts.problem) == (NOW, NOW + HOUR, "connection refused")
        assert names(path) == "a b"
        assert not writer.weddings.note_failure("gone", NOW, "x")


def test_a_wedding_that_has_begun_stays_to_its_end_though_the_source_lists_what_is_to_come(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        live = row("live", NOW - HOUR, 8)
        taken(writer, [live, *rows("abc")])
        taken(writer, rows("abc"), at=NOW + HOUR)
        assert names(path) == "live a b c"
        assert source(path).kept == 1
        taken(writer, rows("abc"), at=NOW + 7 * HOUR)
        assert names(path) == "a b c"


def test_a_live_wedding_stays_to_its_end_also_where_a_person_accepts_an_empty_reading(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [row("live", NOW - HOUR), *rows("abc")])
        assert read(writer, []).outcome is Outcome.QUESTIONED
        writer.weddings.accept("main", unrecorded)
        taken(writer, [])
        assert names(path) == "live"
        taken(writer, [], at=NOW + 7 * HOUR)
        assert names(path) == ""


def test_a_live_wedding_that_was_moved_does_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [row("live", NOW - HOUR, 8)])
        taken(writer, [row("live", TOMORROW, 8)])
        assert [each.wedding.start for each in stored(path)] == [TOMORROW]


def test_a_row_that_cannot_be_used_keeps_what_is_known_of_its_wedding(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"))
        taken(writer, [*rows("abc"), row("d", zone="Mars/Olympus", place="line 5")])
        assert names(path) == "a b c d"
        found = source(path)
        assert (found.facts.rejected, found.kept) == (1, 1)
        assert found.facts.examples == ("line 5: zone: expected an IANA time zone",)
        taken(writer, rows("abcd"))
        assert (source(path).facts.rejected, source(path).facts.examples) == (0, ())


def test_changes_say_nothing_about_what_the_last_whole_reading_could_not_use(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        unusable = row("c", zone="Mars/Olympus", place="line 5")
        taken(writer, [*rows("ab"), unusable], mark="one")
        whole = source(path)
        assert (whole.facts.rejected, len(whole.facts.examples), whole.notes) == (1, 1, ())
        # A culture that is not known is only noted, and so is what changed without any of that.
        taken(writer, [row("d", culture="klingon")], began_at="one", mark="two")
        noted = source(path)
        assert (noted.facts.rejected, noted.facts.examples) == (1, whole.facts.examples)
        assert len(noted.notes) == 1
        taken(writer, rows("e"), began_at="two", mark="three")
        assert (source(path).facts.rejected, source(path).notes) == (1, noted.notes)
        taken(writer, [row("f", zone="Mars/Olympus", place="line 1"), *rows("gh")], began_at="three", mark="four")
        assert source(path).facts.examples == ("line 1: zone: expected an IANA time zone",)
        assert source(path).notes == noted.notes


def test_examples_are_few_and_quote_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        bad = [row(f"r{n}", zone="Anna Karenina", place=f"line {n}") for n in range(50)]
        taken(writer, [*bad, *[row(f"g{n}") for n in range(50)]])
        facts = source(path).facts
        assert (facts.rejected, len(facts.examples)) == (50, 20)
        assert "Anna" not in str(facts)


def test_a_reading_of_which_most_cannot_be_used_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"))
        bad = [Unusable(f"line {n}", Rejection("row", "expected 8 columns"), f"r{n}") for n in range(3)]
        assert read(writer, [*rows("ab"), *bad], at=NOW + HOUR).outcome is Outcome.REFUSED
        facts = source(path).facts
        assert (facts.read_at, facts.rejected, facts.questioned) == (NOW, 0, False)
        assert "3 of its 5 rows" in (facts.problem or "")
        assert names(path) == "a b"


def test_unknown_cultures_and_repeated_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [row("a", culture="elvish"), row("a", culture="elvish"), row("b", venue_kind="mordor"), row("c")])
        found = source(path)
        assert (found.unknown_cultures, found.unknown_kinds, found.repeated) == (2, 1, 1)
        assert found.facts.weddings == 3


def test_rows_that_repeat_others_are_named_with_these_and_few(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    lines = [
        ("b", TOMORROW),
        ("a", TOMORROW),
        ("a", TOMORROW + 24 * HOUR),
        ("b", TOMORROW),
        ("a", TOMORROW),
        ("b", TOMORROW),
    ]
    some = [row(name, start, place=f"line {n}") for n, (name, start) in enumerate(lines, 2)]
    with writing_weddings(path) as writer:
        taken(writer, some)
        said = "start included, and both count as one with the longer time and the heavier load"
        pairs = ((5, 2), (6, 3), (7, 2))
        assert source(path).notes == tuple(f"line {n}: reference: repeats line {m}, {said}" for n, m in pairs)
        taken(writer, [row("a", place=f"line {n}") for n in range(50)], at=NOW + HOUR)
        assert len(source(path).notes) == 20


def test_twice_with_one_start_is_as_long_as_the_longest_and_as_heavy_as_the_heaviest(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    for number, twice in enumerate(([0, 1], [1, 0])):
        both = [row("a", hours=9, guests=10), row("a", hours=2, culture="indian", guests=600)]
        with writing_weddings(path) as writer:
            taken(writer, [both[n] for n in twice], at=NOW + number * HOUR)
        (found,) = stored(path)
        assert (found.wedding.end, found.wedding.load) == (TOMORROW + 9 * HOUR, 2 * UNITS)
        assert (found.wedding.culture, found.wedding.guests) == ("indian", 600)
        with reading(path) as reader:
            assert reader.calendar(NOW).steps.at(TOMORROW + 8.5 * HOUR) == (2 * UNITS, 1)


@pytest.mark.parametrize(
    ("said", "assumed"),
    [
        ({}, ()),
        ({"culture": None}, (Assumed.CULTURE_NOT_SAID,)),
        ({"culture": "elvish", "guests": " "}, (Assumed.CULTURE_UNKNOWN, Assumed.GUESTS_NOT_SAID)),
        ({"culture": "other", "guests": 20_000}, (Assumed.GUESTS_TOO_MANY,)),
    ],
)
def test_what_was_assumed_is_kept_and_the_word_of_the_source_is_not(
    tmp_path: Path, said: dict[str, Any], assumed: tuple[Assumed, ...]
) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [row("a"), row("b")])
        taken(writer, [row("a", **said), row("b")])
        assert [each.wedding.assumed for each in stored(path)] == [assumed, ()]
        # Where the source says it in the end nothing of that is left.
        taken(writer, [row("a", culture="british", guests=150), row("b")])
        assert [each.wedding.assumed for each in stored(path)] == [(), ()]


def test_of_two_rows_that_are_one_what_was_assumed_is_that_of_the_one_that_counts(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [row("a", guests=None), row("a", guests=300), row("b", guests=300), row("b", guests=None)])
        assert [(each.wedding.guests, each.wedding.assumed) for each in stored(path)] == [(300, ()), (300, ())]


def test_a_list_begins_with_the_page_of_what_is_not_over_and_goes_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [row(name, NOW + number * HOUR, 1) for number, name in enumerate("abcdefg", -4)])
    with reading(path) as reader:

        def page(**more: Any) -> WeddingPage:
            return reader.weddings(WeddingQuery(limit=2, **more))

        def named(found: WeddingPage) -> tuple[str, int]:
            return "".join(each.wedding.reference for each in found.rows), found.skipped

        here = page(reaching=NOW)
        assert (named(here), here.total) == (("ef", 4), 7)
        before = page(reaching=NOW, before=here.previous)
        assert named(before) == ("cd", 2)
        first = page(reaching=NOW, before=before.previous)
        assert (named(first), first.previous) == (("ab", 0), None)
        assert named(page(reaching=NOW, after=first.next)) == ("cd", 2)
        last = page(reaching=NOW, after=here.next)
        assert (named(last), last.next) == (("g", 6), None)
        # Where all are over it is the page of the last one.
        assert named(page(reaching=NOW + 9 * HOUR)) == ("g", 6)
        assert named(page(reaching=NOW, overlaps_to=NOW - 9 * HOUR)) == ("", 0)


def test_two_ends_in_two_sources_count_in_load_each_and_once_in_number(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        days = [row("days", TOMORROW), row("days", TOMORROW + 24 * HOUR)]
        later = TOMORROW + 240 * HOUR
        twice = [row("twice", later), row("twice", later + HOUR)]
        taken(writer, [row("a", hours=8), row("same"), days[0], *twice])
        taken(writer, [row("a", hours=10), row("same"), days[1]], source="other")
        with reading(path) as reader:
            steps = reader.calendar(NOW).steps
            assert steps.at(TOMORROW) == (4 * UNITS, 3)
            assert steps.at(TOMORROW + 9 * HOUR) == (UNITS, 1)
            # Several days of one wedding are none, and neither is what both say alike.
            assert reader.wedding_conflicts() == {"main": Conflicts(2, ("a", "twice")), "other": Conflicts(1, ("a",))}
            # Where only what is near is asked for, that alone is; and another calendar is looked at anew.
            assert reader.near_conflicts(NOW)["main"] == Conflicts(2, ("a", "twice"))
            assert reader.near_conflicts(TOMORROW + 20 * HOUR) == {"main": Conflicts(1, ("twice",))}
            assert conflicting(reader.wedding("a")) == ("main", "other")
            # One source that says two times of one wedding contradicts itself.
            assert conflicting(reader.wedding("twice")) == ("main",)
            for reference in ("same", "days"):
                assert conflicting(reader.wedding(reference)) == ()
            shown = [
                (each.wedding.reference, each.source, each.conflict)
                for each in reader.weddings(EVERYTHING).rows
                if each.conflict
            ]
            both, itself = ("main", "other"), ("main",)
            assert sorted(shown) == [
                *(("a", source, both) for source in both),
                *(("twice", "main", itself) for _ in range(2)),
            ]
            assert [each.conflict for each in reader.wedding("twice")] == [itself, itself]
            taken(writer, [row("same"), days[1]], source="other")
            assert not any(each.conflict for each in reader.wedding("a"))
            assert reader.near_conflicts(NOW) == {"main": Conflicts(1, ("twice",))}


def test_a_reading_that_tells_what_changed_deletes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abc"), mark="one")
        work = taken(writer, [row("b", guests=9), row("d"), row("a")], began_at="one", mark="two", at=NOW + HOUR)
        assert (work.written, work.deleted) == (2, 0)
        assert names(path) == "a b c d"
        assert source(path).facts.weddings == 4
        assert source(path).facts.read_at == NOW + HOUR


def test_a_wedding_that_a_reading_of_changes_moves_is_at_its_new_time_alone(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abc"), mark="one")
        work = taken(writer, [row("b", start=TOMORROW + 3 * HOUR)], began_at="one", mark="two", at=NOW + HOUR)
        assert (work.written, work.deleted) == (1, 1)
        at = {(each.wedding.reference, each.wedding.start) for each in stored(path)}
        assert at == {("a", TOMORROW), ("b", TOMORROW + 3 * HOUR), ("c", TOMORROW)}
        # Further away it may be a second day: both count, until a reading in full says that it is none.
        later = row("c", start=TOMORROW + 48 * HOUR)
        work = taken(writer, [later], began_at="two", mark="three", at=NOW + HOUR)
        assert (work.written, work.deleted, source(path).facts.weddings) == (1, 0, 4)
        taken(writer, [row("a"), row("b", start=TOMORROW + 3 * HOUR), later], at=NOW + HOUR)
        assert source(path).facts.weddings == 3


@pytest.mark.parametrize(("hours", "stay"), [(9, 1), (12, 1), (12.5, 2), (24, 2)])
def test_a_second_day_that_a_reading_of_changes_adds_deletes_nothing(tmp_path: Path, hours: float, stay: int) -> None:
    """A wedding begins at another time of its day; what begins further away is a day of its own."""
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"), mark="one")
        work = taken(writer, [row("a", start=TOMORROW + hours * HOUR)], began_at="one", mark="two", at=NOW + HOUR)
        assert (work.written, work.deleted) == (1, 2 - stay)
        assert names(path).split().count("a") == stay


def test_of_two_times_on_a_day_one_that_a_reading_of_changes_does_not_name_stays(tmp_path: Path) -> None:
    path, evening = tmp_path / "c.db", TOMORROW + 9 * HOUR
    with writing_weddings(path) as writer:
        taken(writer, [row("a", hours=3), row("a", start=evening), row("b")], mark="one")
        work = taken(writer, [row("a", start=evening + HOUR)], began_at="one", mark="two", at=NOW + HOUR)
        assert (work.written, work.deleted) == (1, 1)
        assert [e.wedding.start for e in stored(path) if e.wedding.reference == "a"] == [TOMORROW, evening + HOUR]


def test_a_day_of_a_wedding_that_a_reading_of_changes_does_not_name_stays(tmp_path: Path) -> None:
    path, second = tmp_path / "c.db", TOMORROW + 24 * HOUR
    with writing_weddings(path) as writer:
        taken(writer, [row("a"), row("a", start=second), row("b")], mark="one")
        # Its second day begins later: the first stays, and what lies across the new time is gone.
        moved = row("a", start=second + HOUR)
        work = taken(writer, [moved], began_at="one", mark="two", at=NOW + HOUR)
        assert (work.written, work.deleted) == (1, 1)
        assert [e.wedding.start for e in stored(path) if e.wedding.reference == "a"] == [TOMORROW, second + HOUR]


def test_what_a_reading_of_changes_names_unusably_stays_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"), mark="one")
        named = [row("a", start=TOMORROW + 3 * HOUR), row("a", zone="Nowhere"), row("b", guests=9)]
        assert taken(writer, named, began_at="one", mark="two", at=NOW + HOUR).deleted == 0
        assert names(path).split().count("a") == 2


def test_a_reading_of_changes_that_moves_most_of_a_day_is_questioned(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, SIXTY, mark="one")
        away = [each for each in some(TONIGHT, 10 * HOUR) if each.reference in TONIGHT]
        assert read(writer, away, began_at="one", mark="two").outcome is Outcome.QUESTIONED
        assert len(stored(path)) == 60


def test_a_reading_of_changes_that_moves_most_off_all_days_together_is_questioned(tmp_path: Path) -> None:
    """No day of it is heavy by itself; a reading in full says the same."""
    path, horizon = tmp_path / "c.db", (NOW + 15 * 24 * HOUR).replace(hour=0)
    with writing_weddings(path) as writer:
        evening = rows("abcdefg", start=horizon - 8 * HOUR)
        near = rows("xy")
        taken(writer, [*evening, *near], mark="one")
        off = rows("abcdefg", start=horizon)
        assert read(writer, off, began_at="one", mark="two").outcome is Outcome.QUESTIONED
        changed = source(path).facts.problem or ""
        assert "more than half of the load x hours of all days up to" in changed
        assert read(writer, [*off, *near]).outcome is Outcome.QUESTIONED
        assert changed.split(" UTC")[0] == (source(path).facts.problem or "").split(" UTC")[0]
        # Within these days they may move.
        taken(writer, rows("abcdefg", start=horizon - 12 * HOUR), began_at="one", mark="two")


def test_looking_at_what_a_reading_would_bring_tells_readers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers on a server are woken by each transaction that writes, and writers wait for each other."""
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcdefghijklmn", start=NOW + 48 * HOUR))
        wrote = 0
        store = writer._store

        @contextmanager
        def counted() -> Iterator[Any]:
            nonlocal wrote
            wrote += 1
            with store.writing() as connection:
                yield connection

        monkeypatch.setattr(writer.weddings, "_writing", counted)
        work = read(writer, rows("opqrstuvwxyzABCDEFGHIJKLMNOPQ", start=NOW + HOUR))
        assert (work.outcome, work.rise is not None) == (Outcome.QUESTIONED, True)
        # It begins, and says what became of it.
        assert wrote == 2


def test_a_reading_of_changes_leaves_what_the_last_whole_one_could_not_use(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    odd = row("d", culture="elvish", place="line 9")
    with writing_weddings(path) as writer:
        taken(writer, [*rows("abc"), row("x", zone="Nowhere/At_All"), row("e", culture="dwarvish")], mark="one")
        before = source(path)
        taken(writer, [odd], began_at="one", mark="two", at=NOW + HOUR)
        after = source(path)
        assert (before.facts.rejected, after.facts.rejected) == (1, 1)
        assert after.facts.examples == before.facts.examples != ()
        assert [note.split(":")[0] for note in after.notes] == ["line 9"]
        # And the other way round.
        taken(writer, [*rows("ab"), row("y", guests=-1, place="line 3")], began_at="two", mark="three", at=NOW + HOUR)
        assert source(path).facts.examples != before.facts.examples
        assert source(path).notes == after.notes


def test_a_reading_that_began_somewhere_else_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abc"), mark="one")
        for given in (rows("d"), None):
            assert read(writer, given, began_at="zero", mark="two").outcome is Outcome.OVERTAKEN
        taken(writer, None, began_at="one", mark="one", at=NOW + HOUR)
        assert (names(path), source(path).facts.read_at) == ("a b c", NOW + HOUR)


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        slow = prepared(writer, rows("ab"))
        pieces = slow.pieces()
        next(pieces)
        taken(writer, rows("cd"), at=NOW + HOUR)
        for _ in pieces:
            pass
        assert slow.outcome is Outcome.OVERTAKEN
        assert (names(path), source(path).facts.read_at) == ("c d", NOW + HOUR)


def test_a_reading_by_a_right_that_is_lost_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        writer.begin(service())
        beat = writer.heartbeat(service(), {"weddings main": False})
        claim = Claim("weddings main", (beat.held or {})["weddings main"])
        taken(writer, rows("a"), claim=claim)
        lost = Claim("weddings main", claim.fence + 1)
        assert read(writer, rows("ab"), claim=lost).outcome is Outcome.NOT_OURS
        assert not writer.weddings.note_failure("main", NOW, "x", lost)
        assert names(path) == "a"
        assert read(writer, rows("ab"), source="gone").outcome is Outcome.NOT_OURS


def test_a_right_that_is_lost_in_the_middle_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"))
        held: Iterator[bool] = iter([True, True, False])
        work = prepared(writer, [*rows("abc"), row("e")])
        monkeypatch.setattr(work, "_holds", lambda _connection: next(held))
        for _ in work.pieces():
            pass
        assert work.outcome is Outcome.NOT_OURS
        assert names(path) == "a b c d e"
        assert source(path).facts.read_at == NOW


def test_what_was_forgotten_stays_so_and_its_guests_still_come(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    key = b"k" * 32
    with writing_weddings(path, "main", "other") as writer:
        taken(writer, rows("abc"))
        taken(writer, rows("a"), source="other")
        assert writer.weddings.forget("a", "forgotten-1") == (2, 2)
        forgotten = Forgotten(key, {digest_of(key, "a"): "forgotten-1"})
        with reading(path) as reader:
            before = reader.calendar(NOW).steps.at(TOMORROW)
            assert reader.wedding("a") == ()
            for each in reader.wedding("forgotten-1"):
                assert (each.wedding.venue, each.wedding.venue_kind) == ("", "")
                assert (each.wedding.start, each.wedding.zone) == (TOMORROW, "Europe/London")
        assert before == (3 * UNITS, 3)
        work = taken(writer, rows("abc"), at=NOW + HOUR, forgotten=forgotten)
        assert (work.written, work.deleted) == (0, 0)
        with reading(path) as reader:
            assert reader.wedding("a") == ()
            assert reader.calendar(NOW).steps.at(TOMORROW) == before
        assert writer.weddings.still_named(["forgotten-1", "forgotten-2"]) == {"forgotten-1"}


def test_what_is_forgotten_while_a_reading_is_under_way_is_not_named_again(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abc"))
        work = prepared(writer, [*rows("bc"), row("a", guests=149)], at=NOW + HOUR)
        pieces = work.pieces()
        next(pieces)
        writer.weddings.forget("a", "forgotten-1")
        for _ in pieces:
            pass
        assert work.outcome is Outcome.OVERTAKEN
        with reading(path) as reader:
            assert reader.wedding("a") == ()


def test_what_is_forgotten_is_not_named_by_another_source_that_is_being_read(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        taken(writer, rows("ab"))
        under_way = prepared(writer, rows("a"), source="other")
        pieces = under_way.pieces()
        next(pieces)
        assert writer.weddings.forget("a", "forgotten-1") == (1, 1)
        list(pieces)
        assert under_way.outcome is Outcome.OVERTAKEN
        assert "a" not in names(path).split()


def test_what_is_forgotten_twice_or_by_a_reading_before_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    key = b"k" * 32
    forgotten = Forgotten(key, {digest_of(key, "a"): "forgotten-1"})
    with writing_weddings(path) as writer:
        live = rows("ab", start=NOW - HOUR)
        taken(writer, live)
        # The ledger knows, and the cache was not told: the reading says so.
        taken(writer, live, forgotten=forgotten)
        assert names(path) == "b forgotten-1"
        # Both at once, as a cut in the middle leaves it.
        writer.weddings.forget("forgotten-1", "a")
        taken(writer, [*live, row("forgotten-1", NOW - HOUR)])
        assert writer.weddings.forget("a", "forgotten-1") == (1, 1)
        assert names(path) == "b forgotten-1"
        assert writer.weddings.forget("a", "forgotten-1") == (0, 1)


def test_a_source_that_moved_is_old_until_it_is_read_there(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"), mark="one")
        moved = {"sources": [{"name": "main", "kind": "csv", "url": "https://elsewhere.example.com/w.csv?key=secret"}]}
        configure(writer, configuration(weddings=moved))
        found = source(path)
        assert (found.facts.read_at, found.place) == (None, "https://elsewhere.example.com/***")
        assert "has never been read where it is now, what it named before counts" in staleness(found.facts, NOW)
        assert names(path) == "a b c d"
        # What it has lost there is asked about as anywhere.
        assert read(writer, rows("x")).outcome is Outcome.QUESTIONED
        assert names(path) == "a b c d"
        assert source(path).facts.read_at is None
        writer.weddings.accept("main", unrecorded)
        taken(writer, rows("x"))
        assert names(path) == "x"


@pytest.mark.parametrize(
    "moved",
    [
        {"url": "https://a.example.com/two.csv?key=1"},
        {"url": "https://a.example.com/one.csv?key=2"},
        {"kind": "json"},
    ],
)
def test_another_path_or_query_at_one_host_is_another_source(tmp_path: Path, moved: dict[str, str]) -> None:
    path = tmp_path / "c.db"
    first = {"name": "main", "kind": "csv", "url": "https://a.example.com/one.csv?key=1"}
    with writing_weddings(path) as writer:
        configure(writer, configuration(weddings={"sources": [first]}))
        taken(writer, rows("abcd"))
        configure(writer, configuration(weddings={"sources": [first | moved]}))
        assert source(path).facts.read_at is None
        assert read(writer, rows("a")).outcome is Outcome.QUESTIONED
        assert names(path) == "a b c d"


def test_another_query_of_a_database_is_another_source_and_another_role_is_not(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    first = {"name": "main", "kind": "postgres", "url": "postgresql://a@db.example.com/p", "query": "SELECT 1"}
    with writing_weddings(path) as writer:
        configure(writer, configuration(weddings={"sources": [first]}))
        taken(writer, rows("abcd"))
        same = first | {"url": "postgresql://b@db.example.com/p?sslmode=verify-full"}
        configure(writer, configuration(weddings={"sources": [same]}))
        assert source(path).facts.read_at == NOW
        configure(writer, configuration(weddings={"sources": [first | {"query": "SELECT 2"}]}))
        assert source(path).facts.read_at is None


def test_a_reading_of_the_place_where_a_source_was_is_not_taken_where_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    moved = configuration(weddings={"sources": [{**SOURCES[0], "url": "/elsewhere.csv"}]})
    here, there = address_of("main", "/main.csv"), address_of("main", "/elsewhere.csv")
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"), address=here)
        before, under_way = (prepared(writer, rows("abc"), address=here) for _ in range(2))
        pieces = under_way.pieces()
        next(pieces)
        configure(writer, moved)
        for _ in (*before.pieces(), *pieces):
            pass
        assert (before.outcome, under_way.outcome) == (Outcome.OVERTAKEN, Outcome.OVERTAKEN)
        assert not writer.weddings.note_failure("main", NOW, "timed out", address=here)
        assert (names(path), source(path).facts.read_at, source(path).facts.problem) == ("a b", None, None)
        assert writer.weddings.note_failure("main", NOW, "timed out", address=there)
        taken(writer, rows("abc"), address=there)
        assert names(path) == "a b c"


def test_a_source_of_a_cache_that_knew_no_addresses_is_not_taken_for_another(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"))
        PLACES.execute(path, CACHE, "UPDATE wedding_source SET address = ''")
        configure(writer, calendar_of("main"))
        assert source(path).facts.read_at == NOW


def test_a_source_that_is_gone_takes_its_weddings_with_it_but_not_what_was_imported(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        writer.weddings.ensure_imported("csv")
        taken(writer, rows("abc"), source="other")
        taken(writer, rows("ij"), source="import")
        configure(writer, calendar_of("main"))
        assert writer.forget_dropped() == 0
        assert writer.weddings.prune(2) == 0
        PLACES.execute(path, CACHE, "UPDATE wedding_source SET dropped_at = dropped_at - 86400000000")
        assert writer.forget_dropped() == 1
        assert writer.weddings.prune(2) == 2
        assert writer.weddings.prune(2) == 1
        assert writer.weddings.prune(2) == 0
        assert names(path) == "i j"
        with reading(path) as reader:
            imported, _ = reader.calendar(NOW).sources
            assert (imported.name, imported.interval, imported.weddings) == ("import", None, 2)
        writer.weddings.drop_imported(unrecorded)
        assert names(path) == ""
        with pytest.raises(NotFoundError, match="nobody imported"):
            writer.weddings.drop_imported(unrecorded)


def test_a_configured_source_keeps_what_it_knows_through_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abc"))
    with writing_weddings(path):
        assert source(path).facts.read_at == NOW
        assert names(path) == "a b c"


def test_a_calendar_of_the_revision_before_stays(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"))
    later = {
        "wedding_source": (
            "none_to_come",
            "losses",
            "address",
            "asked",
            "notes",
            "dropped_at",
            "questioned_at",
            "missing",
        ),
        "feed": ("environments", "services", "dropped_at", "address"),
        "resource_group": ("stopped",),
        "service": ("began_at",),
        "freeze_period": ("why",),
        "wedding": ("assumed",),
        "vendor": ("events", "more"),
    }
    for table, columns in later.items():
        for column in columns:
            PLACES.execute(path, CACHE, f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in (
        "traffic",
        "freeze_override",
        "action_copy",
        "resource_cost",
        "account",
        "change",
        "change_mark",
        "alert_copy",
        "alert_source",
        "alert_list",
    ):
        PLACES.execute(path, CACHE, f"DROP TABLE {table}")
    PLACES.execute(path, CACHE, "UPDATE alembic_version SET version_num = 'cache_0007'")
    with writing_weddings(path) as writer:
        assert (names(path), source(path).facts.read_at) == ("a b", NOW)
        taken(writer, rows("abc"))
        assert names(path) == "a b c"


def test_a_source_that_a_wrong_configuration_lacks_counts_and_comes_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        taken(writer, rows("abcd"), source="other")
        PLACES.execute(path, CACHE, "UPDATE wedding_source SET questioned = TRUE, problem = 'it lost'")
        at = int(NOW.timestamp() * 1_000_000) + 3_600_000_000
        PLACES.execute(path, CACHE, f"UPDATE wedding_source SET losses = '[[{at}, \"\", {at}, {at}, 0, 1]]'")
        losses = PLACES.execute(path, CACHE, "SELECT losses FROM wedding_source WHERE name = 'other'")
        with reading(path) as reader:
            before = reader.calendar(NOW)
        configure(writer, calendar_of("main"))
        writer.weddings.prune()
        with reading(path) as reader:
            kept = reader.calendar(NOW)
        dropped = kept.sources[1].dropped_at
        assert dropped is not None
        assert kept.sources == (before.sources[0], replace(before.sources[1], dropped_at=dropped))
        day = (TOMORROW, TOMORROW + 24 * HOUR)
        assert list(kept.steps.steps(*day)) == list(before.steps.steps(*day)) != []
        (said,) = [f.text for f in calendar_findings(kept, (), NOW) if "is no longer configured" in f.text]
        assert f"is forgotten at {dropped + timedelta(hours=24):%Y-%m-%d %H:%M} UTC" in said
        assert "`wedtui weddings drop other`" in said
        # A second start with it begins no second day.
        configure(writer, calendar_of("main"))
        with reading(path) as reader:
            assert reader.calendar(NOW).sources == kept.sources
        assert PLACES.execute(path, CACHE, "SELECT losses FROM wedding_source WHERE name = 'other'") == losses
        # Whoever still names it goes on reading it.
        assert taken(writer, rows("abcde"), source="other").outcome is Outcome.TAKEN
        configure(writer, calendar_of("main", "other"))
        with reading(path) as reader:
            assert reader.calendar(NOW).sources[1].dropped_at is None
        assert names(path) == "a b c d e"


def test_a_person_forgets_a_source_that_is_no_longer_configured(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        taken(writer, rows("ab"), source="other")
        with pytest.raises(ConflictError, match="is configured"):
            writer.weddings.drop("other", unrecorded)
        with pytest.raises(NotFoundError, match="no wedding source"):
            writer.weddings.drop("none", unrecorded)
        configure(writer, calendar_of("main"))
        writer.weddings.drop("other", unrecorded)
        assert names(path) == ""
        with reading(path) as reader:
            assert [each.name for each in reader.calendar(NOW).sources] == ["main"]


INDIAN = {"culture": "indian", "guests": 600}
"""Of 2 each."""


def test_a_questioned_reading_with_which_the_level_would_be_higher_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("abcd"))
        work = read(writer, rows("vwxyz", start=NOW + 2 * HOUR, **INDIAN), at=NOW + HOUR)
        assert work.outcome is Outcome.QUESTIONED
        facts = source(path).facts
        # Ten of load in the place of four; by the clock of the reading it began four hours before they do.
        assert "; with it the level would be HIGH from 2026-" in (facts.problem or "")
        assert "`wedtui weddings accept main`" in (doubt(facts, NOW) or "")
        (found,) = list(calendar_findings(CalendarFacts((facts,)), (), NOW + HOUR))
        assert "with it the level would be HIGH" in found.text
        read(writer, rows("vwxy", start=NOW + 2 * HOUR, guests=1), at=NOW + 2 * HOUR)
        assert "with it the level" not in (source(path).facts.problem or "")


def test_what_other_sources_name_counts_along_in_the_level_that_a_reading_would_bring(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        taken(writer, rows("abcd"))
        taken(writer, rows("efg", start=NOW + 2 * HOUR, **INDIAN), source="other")
        assert read(writer, rows("vw", start=NOW + 2 * HOUR), at=NOW).outcome is Outcome.QUESTIONED
        assert "would be HIGH" in (source(path).facts.problem or "")
        # The same of whom the calendar has already: nothing is higher by that.
        taken(writer, rows("abcdhijk", start=NOW + 2 * HOUR))
        again = read(writer, rows("h", start=NOW + 2 * HOUR), at=NOW)
        assert again.outcome is Outcome.QUESTIONED
        assert again.rise is None


def test_a_refused_reading_with_which_the_level_would_be_higher_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, rows("ab"))
        bad = [row(f"bad{n}", zone="Nowhere") for n in range(40)]
        work = read(writer, [*bad, *rows("abcdefghijklm", **INDIAN)], at=NOW)
        assert work.outcome is Outcome.REFUSED
        assert "with it the level would be MAXIMUM from" in (source(path).facts.problem or "")


def test_a_reading_of_changes_that_is_questioned_counts_in_the_place_of_what_it_names(tmp_path: Path) -> None:
    path, soon = tmp_path / "c.db", NOW + 2 * HOUR
    with writing_weddings(path) as writer:
        taken(writer, rows("abcdefg", start=soon, **INDIAN), mark="1")
        shorter = rows("abcdefg", start=soon, hours=3, **INDIAN)
        work = read(writer, shorter, began_at="1", mark="2")
        assert (work.outcome, work.rise) == (Outcome.QUESTIONED, None)
        work = read(writer, [*shorter, *rows("hijklm", start=soon, **INDIAN)], began_at="1", mark="2")
        assert work.outcome is Outcome.QUESTIONED
        assert work.rise is not None
        assert work.rise.level is Protection.MAXIMUM


def test_what_stays_of_a_refused_reading_counts_in_the_level_that_it_would_bring(tmp_path: Path) -> None:
    with writing_weddings(tmp_path / "c.db") as writer:
        taken(writer, rows("abcdefghijklmnop"))
        # Twelve of which the rows cannot be used stay, and fourteen can be used: together 26.
        bad = [*rows("abcdefghijkl", guests="x"), *(row(f"bad{n}", zone="Nowhere") for n in range(20))]
        work = read(writer, [*bad, *rows("mnopqrstuvwxyz")])
        assert work.outcome is Outcome.REFUSED
        assert work.rise is not None
        assert work.rise.level is Protection.MAXIMUM
        assert len(stored(tmp_path / "c.db")) == 16


def test_what_has_begun_and_stays_counts_in_the_level_that_a_reading_would_bring(tmp_path: Path) -> None:
    with writing_weddings(tmp_path / "c.db") as writer:
        taken(writer, [*rows("abcdefgh", start=NOW - HOUR), *rows("ijkl", start=NOW + 2 * HOUR)], at=NOW - 3 * HOUR)
        work = read(writer, rows("mnopqrstuvwxyzABCD", start=NOW + HOUR))
        assert work.outcome is Outcome.QUESTIONED
        assert work.rise == Rise(Protection.MAXIMUM, NOW, NOW + 7 * HOUR)


def test_a_wedding_that_a_reading_of_changes_moves_does_not_count_twice(tmp_path: Path) -> None:
    with writing_weddings(tmp_path / "c.db") as writer:
        taken(writer, rows("abcdefgh", start=NOW + 2 * HOUR, **INDIAN), mark="1")
        moved = rows("abcdefgh", start=NOW + 2.5 * HOUR, **INDIAN)
        bad = [row(f"bad{n}", zone="Nowhere") for n in range(20)]
        work = read(writer, [*moved, *bad], began_at="1", mark="2")
        assert (work.outcome, work.rise) == (Outcome.REFUSED, Rise(Protection.HIGH, NOW + 10 * HOUR, NOW + 10.5 * HOUR))


def test_what_two_sources_name_counts_once_and_as_the_heavier_in_the_level_that_a_reading_would_bring(
    tmp_path: Path,
) -> None:
    with writing_weddings(tmp_path / "c.db", "main", "other") as writer:
        taken(writer, rows("abcdefghijklmn", start=NOW + 48 * HOUR))
        taken(writer, rows("uvwxyz", start=NOW + 2 * HOUR, guests=75), source="other")
        same = read(writer, rows("uvwxyz", start=NOW + 2 * HOUR))
        assert (same.outcome, same.rise) == (Outcome.QUESTIONED, None)


@pytest.mark.parametrize("refused", [False, True])
def test_a_large_reading_that_is_not_taken_is_judged_a_page_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """Nobody who writes waits for all of it, and no more than a page of it is ever held."""
    page, held, had, new = 50, Held(), 400, 900
    with writing_weddings(tmp_path / "c.db", "main", "other") as writer:
        taken(writer, [row(f"a{n}") for n in range(had)])
        taken(writer, [row(f"o{n}") for n in range(had)], source="other")
        for module in (wedding_import, wedding_rise, wedding_stage):
            monkeypatch.setattr(module, "PAGE", page)
        bad = [row(f"bad{n}", zone="Nowhere") for n in range(2 * new if refused else 0)]
        work = prepared(writer, [*bad, *(row(f"b{n}", NOW + 48 * HOUR, guests=600) for n in range(new))])
        for name in ("count_stored", "count_named"):
            held.watch(monkeypatch, name)
        held.watch_pages(monkeypatch)
        pieces = []
        for _ in work.pieces():
            pieces.append(held.rows)
            held.rows = 0
            # Another writes between two pieces.
            writer.weddings.note_failure("other", NOW, "it does not answer")
        assert work.outcome is (Outcome.REFUSED if refused else Outcome.QUESTIONED)
        assert work.rise is not None
        assert sum(pieces) >= 2 * (2 * had + new)
        assert max(pieces) <= page


class Held:
    """How many rows a piece of work hands on."""

    def __init__(self) -> None:
        self.rows = 0

    def watch(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        handed = getattr(Stage, name)

        def counted(stage: Stage, rows: Iterable[OfStored], **more: Any) -> None:
            given = list(rows)
            self.rows += len(given)
            handed(stage, given, **more)

        monkeypatch.setattr(Stage, name, counted)

    def watch_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pages = Stage.counted

        def counted(stage: Stage) -> Iterator[list[tuple[int, int, int, int]]]:
            for page in pages(stage):
                self.rows += len(page)
                yield page

        monkeypatch.setattr(Stage, "counted", counted)


def test_weddings_that_another_changes_meanwhile_bring_no_level_that_was_never_so(tmp_path: Path) -> None:
    with writing_weddings(tmp_path / "c.db", "main", "other") as writer:
        taken(writer, rows("abcd"))
        work = prepared(writer, rows("vwxyz", **INDIAN))
        pieces = work.pieces()
        for _ in range(4):
            next(pieces)
        taken(writer, rows("e"), source="other")
        for _ in pieces:
            pass
        assert (work.outcome, work.rise) == (Outcome.QUESTIONED, None)


def test_of_weddings_with_too_many_guests_those_that_are_not_named_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_weddings, "OUTSIZED_KEPT", 2)
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [*rows("abc"), *rows("vwxyz", guests=100_000)])
        with reading(path) as reader:
            found = reader.calendar(NOW)
        assert (len(found.outsized), found.outsized_more) == (2, 3)
        [finding] = [each for each in calendar_findings(found, (), NOW) if "guests" in each.text]
        assert "; 3 lighter ones around that time are not looked at" in finding.text
        monkeypatch.setattr(cached_weddings, "OUTSIZED_KEPT", 5)
        with reading(path) as reader:
            assert reader.calendar(NOW).outsized_more == 0


def test_who_only_asks_keeps_nobody_from_writing(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        taken(writer, rows("abc"))
        # One store has one connection, so another writer stands for everybody else.
        other = CacheWriter(PLACES.url(path), waits=timedelta(milliseconds=200))
        try:
            with writer._store.asking() as connection:
                before = connection.exec_driver_sql("SELECT count(*) FROM wedding").scalar()
                taken(other, rows("de"), source="other")
                assert connection.exec_driver_sql("SELECT count(*) FROM wedding").scalar() == before == 3
        finally:
            other.close(clean=False)
        assert names(path) == "a b c d e"
