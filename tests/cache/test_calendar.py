"""The calendar in the cache as readers see it: load and number, pages, one wedding, who is live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.cache.base import NOW, configure, reading, unrecorded
from tests.cache.weddings import (
    HOUR,
    TOMORROW,
    calendar_of,
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
from wedtui.cache import weddings
from wedtui.cache.wedding_import import Outcome
from wedtui.cache.writer import CacheWriter
from wedtui.core.calendar import horizon
from wedtui.core.calendar_query import LivePart, WeddingQuery
from wedtui.core.load import Steps, sweep, weight_of
from wedtui.core.wedding import UNITS
from wedtui.core.wedding_rows import RawRow
from wedtui.errors import ConfigurationError
from wedtui.store.instants import to_microseconds
from wedtui.store.snapshot import Snapshot


def test_a_source_that_was_never_read(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path):
        facts = source(path).facts
        assert (facts.name, facts.kind, facts.read_at, facts.weddings) == ("main", "csv", None, 0)
        assert facts.interval == timedelta(minutes=15)
        assert not facts.is_fresh(NOW)


def test_twice_with_different_times_counts_twice_in_load_and_once_in_number(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        taken(writer, [row("a", TOMORROW, 8), row("a", TOMORROW + HOUR, 8)])
        with reading(path) as reader:
            steps = reader.calendar(NOW).steps
            assert len(reader.wedding("a")) == 2
        assert steps.at(TOMORROW) == (UNITS, 1)
        assert steps.at(TOMORROW + 2 * HOUR) == (2 * UNITS, 1)
        assert steps.at(TOMORROW + 8.5 * HOUR) == (UNITS, 1)
        assert steps.at(TOMORROW + 9 * HOUR) == (0, 0)


def test_one_wedding_of_two_sources_counts_once_by_the_heavier(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        taken(writer, [row("a", guests=150), row("b")])
        taken(writer, [row("a", guests=300), row("b", hours=9, zone="Asia/Kolkata")], source="other")
        with reading(path) as reader:
            facts = reader.calendar(NOW)
            assert {each.source for each in reader.wedding("a")} == {"main", "other"}
        # `b` is not the same in both: both of its times count.
        assert facts.steps.at(TOMORROW) == (4 * UNITS, 2)
        assert facts.zones["Europe/London"].at(TOMORROW) == (3 * UNITS, 2)
        assert facts.zones["Asia/Kolkata"].at(TOMORROW) == (UNITS, 1)
        assert [each.name for each in facts.sources] == ["main", "other"]


TIMES = st.tuples(
    st.sampled_from(["main", "other"]),
    st.sampled_from("abc"),
    st.integers(0, 4),
    st.integers(1, 4),
    st.sampled_from([150, 300]),
    st.sampled_from(["Europe/London", "Asia/Kolkata"]),
)


@examples(30, unminded=[HealthCheck.function_scoped_fixture])
@given(given=st.lists(TIMES, max_size=8, unique_by=lambda each: each[:3]))
def test_the_steps_are_those_of_a_sweep_over_every_row(
    tmp_path: Path, system: str, given: list[tuple[str, str, int, int, int, str]]
) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        for name in ("main", "other"):
            some = [
                row(reference, TOMORROW + start * HOUR, hours, guests=guests, zone=zone)
                for where, reference, start, hours, guests, zone in given
                if where == name
            ]
            if read(writer, some, source=name).outcome is Outcome.QUESTIONED:
                writer.weddings.accept(name, unrecorded)
                taken(writer, some, source=name)
        every = stored(path)
        with reading(path) as reader:
            facts = reader.calendar(NOW)
        for steps, some_rows in [
            (facts.steps, every),
            *((zone_steps, [w for w in every if w.wedding.zone == zone]) for zone, zone_steps in facts.zones.items()),
        ]:
            model, _ = sweep(
                (
                    w.wedding.zone,
                    w.wedding.reference,
                    to_microseconds(w.wedding.start),
                    to_microseconds(w.wedding.end),
                    weight_of(w.wedding.load),
                )
                for w in some_rows
            )
            for half in range(20):
                at = TOMORROW + half * timedelta(minutes=30)
                assert steps.at(at) == model.at(at)
        assert facts.zones.keys() == {w.wedding.zone for w in every}


def test_who_is_live_by_culture_venue_kind_and_zone(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        some = [
            row("a", NOW - HOUR, culture="indian", guests=600, zone="Asia/Kolkata", venue_kind="temple"),
            row("b", NOW, 1),
            row("c", NOW - 8 * HOUR, 8),
            row("d", NOW - timedelta(days=13), 14 * 24, venue_kind=""),
        ]
        taken(writer, some)
        taken(writer, some[:1], source="other")
        with reading(path) as reader:
            live = reader.live(NOW)
    assert live.by_culture == (LivePart("british", 2, 2 * UNITS), LivePart("indian", 1, 2 * UNITS))
    assert live.by_zone == (LivePart("Asia/Kolkata", 1, 2 * UNITS), LivePart("Europe/London", 2, 2 * UNITS))
    assert live.by_venue_kind == (
        LivePart("temple", 1, 2 * UNITS),
        LivePart("", 1, UNITS),
        LivePart("hotel", 1, UNITS),
    )


def test_pages_are_followed_to_the_end_and_nothing_comes_twice(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path, "main", "other") as writer:
        taken(writer, [row(f"r{n}", TOMORROW + n % 3 * HOUR) for n in range(20)])
        taken(writer, [row(f"r{n}", TOMORROW) for n in range(5)], source="other")
        found: list[tuple[str, str, datetime]] = []
        with reading(path) as reader:
            after = None
            while True:
                page = reader.weddings(WeddingQuery(limit=7, after=after))
                assert page.total == 25
                found += [(w.source, w.wedding.reference, w.wedding.start) for w in page.rows]
                after = page.next
                if after is None:
                    break
            assert len(found) == len(set(found)) == 25
            assert [start for *_, start in found] == sorted(start for *_, start in found)
            for wrong in ("", "x", "W10", "WzEsMiwzXQ"):
                with pytest.raises(ConfigurationError, match="the page before"):
                    reader.weddings(WeddingQuery(after=wrong))


def test_questions_narrow(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer:
        more = row("i", TOMORROW + HOUR, culture="indian", venue_kind="temple", zone="Asia/Kolkata")
        taken(writer, [*rows("ab"), more, row("late", NOW + 240 * HOUR)])
        assert names(path, culture="indian") == "i"
        assert names(path, venue_kind="temple") == "i"
        assert names(path, zone="Asia/Kolkata") == "i"
        assert names(path, source="gone") == ""
        assert names(path, overlaps_from=TOMORROW + 8 * HOUR) == "i late"
        assert names(path, overlaps_to=TOMORROW + HOUR) == "a b"


def test_the_steps_are_made_once_for_each_state_of_the_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    inner = weddings.read_steps

    def counting(snapshot: Snapshot, start: datetime, end: datetime) -> tuple[Steps, dict[str, Steps]]:
        made.append(1)
        return inner(snapshot, start, end)

    monkeypatch.setattr(weddings, "read_steps", counting)
    path = tmp_path / "c.db"
    with writing_weddings(path) as writer, reading(path) as reader:
        for _ in range(3):
            reader.calendar(NOW)
        assert len(made) == 1
        taken(writer, rows("ab"))
        assert reader.calendar(NOW).steps.at(TOMORROW).weddings == 2
        assert len(made) == 2
        taken(writer, rows("ab"), at=NOW + HOUR)
        facts = reader.calendar(NOW)
        assert (len(made), facts.sources[0].read_at) == (2, NOW + HOUR)
        # They are of some weeks around the day that is asked about.
        midnight = NOW.replace(hour=0, minute=0) + 24 * HOUR
        reader.calendar(midnight - timedelta(microseconds=1))
        assert len(made) == 2
        reader.calendar(midnight)
        assert len(made) == 3


def test_what_is_read_is_what_matters_around_the_time_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    first, last = horizon(NOW, NOW)
    far = last + 240 * HOUR
    with writing_weddings(path) as writer:
        taken(
            writer,
            [
                row("runs", first - 13 * 24 * HOUR, 14 * 24),
                row("over", first - 10 * HOUR, 10, zone="Asia/Kolkata"),
                row("here", last - HOUR, 5),
                row("far", far, zone="Africa/Lagos"),
            ],
        )
        with reading(path) as reader:
            near, later = reader.calendar(NOW), reader.calendar(NOW, far)
    # Began before it and still runs; begins in it and goes on after it.
    assert [near.steps.at(at).weddings for at in (first, last + 3 * HOUR, far)] == [1, 1, 0]
    assert (near.known_from, near.known_to) == (first, far)
    assert (later.steps.at(far).weddings, later.known_to) == (1, None)
    # Where weddings are, whenever they are.
    assert near.zones.keys() == {"Europe/London", "Asia/Kolkata", "Africa/Lagos"}
    assert near.zones["Asia/Kolkata"].at(first - HOUR).weddings == 0


def test_a_night_with_a_clock_change_lasts_as_long_as_it_does(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    night: dict[str, Any] = {"start": "2026-10-24T20:00", "end": "2026-10-25T04:00"}
    with writing_weddings(path) as writer:
        taken(writer, [RawRow(**{**row("a")._asdict(), **night})])
        (found,) = stored(path)
        assert found.wedding.end - found.wedding.start == timedelta(hours=9)
        with reading(path) as reader:
            steps = reader.calendar(datetime(2026, 10, 25, tzinfo=UTC)).steps
        assert steps.at(datetime(2026, 10, 25, 3, 59, tzinfo=UTC)) == (UNITS, 1)


def test_whoever_only_reads_never_waits_for_a_long_import(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    writer = CacheWriter(PLACES.url(path))
    configure(writer, calendar_of("main"))
    try:
        for _ in prepared(writer, [row(f"r{n}") for n in range(30)]).pieces():
            assert source(path).facts.name == "main"
    finally:
        writer.close()
