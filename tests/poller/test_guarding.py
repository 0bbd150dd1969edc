"""Which level the service works at: from the cache, growing stale with time, without asking it each time."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from tests.core.weddings import BEGINNINGS, DAY, GRID, around, bookings, calendar_of, on_grid, read
from tests.examples import examples
from tests.poller.service_process import Place, eventually, http_server, make_place
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.cli.once import ask_once
from wedtui.clock import SystemClock
from wedtui.config import Configuration
from wedtui.config_file import load
from wedtui.core.calendar import SKEW, CalendarFacts, horizon
from wedtui.core.protection import ProtectionVerdict, Raise, protection
from wedtui.core.season import Protection
from wedtui.errors import StoreError
from wedtui.ledger.ledger import Ledger
from wedtui.paths import StatePaths
from wedtui.poller.guarding import Guarding
from wedtui.poller.service import Service
from wedtui.poller.surroundings import Identity, Stores, Told
from wedtui.poller.wedding_figures import WeddingFigures
from wedtui.poller.weddings import rules_of, store_weddings
from wedtui.providers.registry import build_targets

NORMAL, HIGH, MAXIMUM = Protection
WEDNESDAY = datetime(2026, 7, 22, 12, tzinfo=UTC)
SATURDAY = datetime(2026, 7, 25, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LATER = (SATURDAY + timedelta(days=60), 1)
"""A wedding that is still to come: a calendar that names none at all is questioned."""
HEADER = "reference,venue,venue_kind,zone,start,end,culture,guests\n"


@dataclass
class Moved:
    """A clock that a test sets."""

    at: datetime
    leapt: timedelta = timedelta()
    """By how much of that it was only put."""

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - self.leapt - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()

    def leaps(self, by: timedelta) -> None:
        """Have the time of day put forward, while no time passes."""
        self.at, self.leapt = self.at + by, self.leapt + by


class Hall:
    """A cache with one source of weddings, and a service's knowledge of it."""

    def __init__(self, folder: Path, at: datetime) -> None:
        self.file = folder / "weddings.csv"
        source = {"name": "platform", "kind": "csv", "url": str(self.file)}
        window = {"name": "w", "start": "fri 18:00", "end": "mon 06:00", "timezones": ["Europe/London"]}
        self.configuration = Configuration.model_validate(
            {"weddings": {"sources": [source]}, "freeze": {"windows": [window]}}
        )
        self.clock = Moved(at)
        self.path = folder / "cache.db"
        self.ledger_url = f"sqlite:///{folder / 'ledger.db'}"
        self.writer = CacheWriter(f"sqlite:///{self.path}")
        self.writer.configure(self.configuration, probe_interval=MINUTE, query_interval=MINUTE)
        self.guarding = Guarding(self.configuration, f"sqlite:///{self.path}", self.clock)

    def read(self, *weddings: tuple[datetime, int]) -> None:
        """Have the source read now: each wedding begins at an instant, lasts six hours and weighs so much."""
        rows = []
        for number, (start, weighs) in enumerate(weddings):
            times = f"{start.isoformat()},{(start + 6 * HOUR).isoformat()}"
            rows.append(f"W{number},Hall,hotel,Europe/London,{times},indian,{300 * weighs}\n")
        self.file.write_text(HEADER + "".join(rows), encoding="utf-8")
        observed = ask_once(lambda: build_targets(self.configuration, self.clock))
        store_weddings(self.writer, rules_of(self.configuration, self.ledger_url), observed)


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    made = Hall(tmp_path, WEDNESDAY)
    yield made
    made.guarding.close()
    made.writer.close(clean=False)


def test_before_anything_is_read_it_is_high_at_least(hall: Hall) -> None:
    """What persons imported, and what is on now, may be known a moment later; by the date a Wednesday is NORMAL."""
    assert hall.guarding.level() is HIGH
    hall.clock.at = SATURDAY
    assert hall.guarding.level() is MAXIMUM


def test_a_calendar_that_was_never_read_goes_by_the_date(hall: Hall) -> None:
    hall.guarding.read()
    assert hall.guarding.level() is NORMAL
    hall.clock.at = SATURDAY
    hall.guarding.read()
    assert hall.guarding.level() is MAXIMUM


def test_it_follows_the_weddings_hour_by_hour(hall: Hall) -> None:
    """Without another look at the cache; 10 from 14:00 to 20:00, 20 more from 16:00 to 22:00."""
    hall.read((WEDNESDAY + 2 * HOUR, 10), (WEDNESDAY + 4 * HOUR, 20))
    hall.guarding.read()
    found = []
    for hour in range(-6, 12):
        hall.clock.at = WEDNESDAY + hour * HOUR
        found.append(hall.guarding.level())
    assert found == [*[NORMAL] * 4, *[HIGH] * 2, *[MAXIMUM] * 8, *[HIGH] * 2, *[NORMAL] * 2]


def test_a_calendar_without_a_wedding_calms_a_saturday_until_it_is_stale(hall: Hall) -> None:
    hall.clock.at = SATURDAY - 13 * HOUR
    hall.read(LATER)
    hall.guarding.read()
    for hours in (0, 5, 10):
        hall.clock.at = SATURDAY + hours * HOUR
        assert hall.guarding.level() is NORMAL
    hall.clock.at = SATURDAY - 14 * HOUR + timedelta(days=7)
    hall.read(LATER)
    hall.guarding.read()
    assert hall.guarding.level() is NORMAL
    hall.clock.at += timedelta(hours=24)
    assert hall.guarding.level() is MAXIMUM


def test_what_a_person_raised_counts_from_the_next_look_on_and_ends_by_itself(hall: Hall) -> None:
    hall.read(LATER)
    hall.guarding.read()
    assert hall.guarding.level() is NORMAL
    hall.writer.mirror_decisions([], [Raise(HIGH, "why", "ada", WEDNESDAY, WEDNESDAY + HOUR)], WEDNESDAY)
    assert hall.guarding.level() is NORMAL
    hall.guarding.read()
    assert hall.guarding.level() is HIGH
    hall.clock.at += HOUR
    assert hall.guarding.level() is NORMAL


def test_what_is_read_is_judged_before_the_loop_can_ask_for_it(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    known = []

    def judged(calendar: CalendarFacts, *others: Any) -> ProtectionVerdict:
        known.append(hall.guarding.calendar is calendar)
        return protection(calendar, *others)

    monkeypatch.setattr("wedtui.poller.guarding.protection", judged)
    hall.read((WEDNESDAY, 30))
    hall.guarding.read()
    assert hall.guarding.level() is MAXIMUM
    assert known == [False]


def test_a_clock_that_is_set_back_is_judged_anew(hall: Hall) -> None:
    hall.read((WEDNESDAY, 30))
    hall.guarding.read()
    hall.clock.at = WEDNESDAY + 6 * HOUR
    assert hall.guarding.level() is NORMAL
    hall.clock.at = WEDNESDAY
    assert hall.guarding.level() is MAXIMUM


@examples(60)
@given(st.sampled_from(BEGINNINGS), st.data())
def test_it_is_at_every_instant_what_is_judged_there(begins: datetime, data: st.DataObject) -> None:
    """Whatever was asked before, of a calendar that is known whole, around the time that it was read, or not at all."""
    booked = data.draw(bookings(begins, days=40, most=4) | bookings(begins))
    start = begins + data.draw(on_grid(4 * DAY))
    sources = tuple(
        read(
            data.draw(st.none() | on_grid(2 * DAY, -HOUR).map(start.__sub__)),
            name=name,
            max_age=data.draw(on_grid(2 * DAY, HOUR) | st.just(90 * DAY)),
            interval=data.draw(st.sampled_from((None, HOUR / 4, 5 * HOUR, DAY))),
        )
        for name in data.draw(st.lists(st.sampled_from(("crm", "platform")), max_size=2, unique=True))
    )
    whole = data.draw(st.booleans())
    calendar = calendar_of(booked, *sources) if whole else around(booked, *horizon(start, start), *sources)
    ends = start + data.draw(on_grid(DAY))
    raises = (Raise(HIGH, "why", "ada", ends - data.draw(on_grid(DAY, GRID)), ends),)[: data.draw(st.integers(0, 1))]
    lengths = data.draw(st.lists(on_grid(2 * DAY) | on_grid(45 * DAY), min_size=1, max_size=20))
    turns = [each for s in sources if s.read_at is not None for each in (s.read_at - SKEW, s.read_at + s.max_age)]
    clock = Moved(start)
    guarding = Guarding(Configuration(), "sqlite:////nowhere/cache.db", clock)
    with (
        patch("wedtui.poller.guarding.known_calendar", lambda *_: calendar),
        patch.object(CacheReader, "mirrored_raises", lambda _: (raises, ())),
    ):
        guarding.read()
    for at in sorted({*(start + each for each in lengths), *(each for each in turns if each >= start)}):
        clock.at = at
        assert guarding.level() is protection(calendar, raises, Configuration().zones, at).level
    guarding.close()


def test_what_was_known_counts_on_where_the_cache_cannot_be_read(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    hall.read((WEDNESDAY, 30))
    hall.guarding.read()

    def refuse(self: CacheReader, start: datetime, end: datetime | None = None) -> CalendarFacts:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(CacheReader, "calendar", refuse)
    with pytest.raises(StoreError, match="disk is gone"):
        hall.guarding.read()
    assert hall.guarding.level() is MAXIMUM
    # The weddings that were known are over; one that came since then may not be.
    hall.clock.at += 7 * HOUR
    assert hall.guarding.level() is HIGH
    monkeypatch.undo()
    hall.guarding.read()
    assert hall.guarding.level() is NORMAL


def test_the_real_service_asks_as_often_as_weddings_and_persons_say(tmp_path: Path) -> None:
    """By the date alone it would be the other pace, on a Saturday or on any other day."""
    with http_server() as url:
        place: Place = make_place(tmp_path, url)
        weddings = tmp_path / "weddings.csv"
        far = "W1,Hall,hotel,Europe/London,2090-06-03T12:00:00Z,2090-06-03T18:00:00Z,british,150\n"
        weddings.write_text(HEADER + far, encoding="utf-8")
        source = f'[[weddings.sources]]\nname = "platform"\nkind = "csv"\nurl = "{weddings}"\n'
        place.config.write_text(place.config.read_text().replace('interval = "500ms"\n', "") + source)
        assert place.wedtui("protection", "raise", "maximum", "--reason", "royal wedding").returncode == 0
        place.service()

        def asks_every(seconds: float) -> bool:
            with closing(sqlite3.connect(f"file:{place.cache}?mode=ro", uri=True, timeout=10)) as connection:
                return {each for (each,) in connection.execute("SELECT interval_s FROM probe")} == {seconds}

        try:
            eventually(lambda: asks_every(3.0))
            assert place.wedtui("protection", "lower", "1", "--reason", "postponed").returncode == 0
            eventually(lambda: asks_every(10.0))
        finally:
            place.wedtui("service", "stop")


def figures(hall: Hall) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(WeddingFigures(hall.guarding, hall.clock))
    found = {}
    for sample in (s for metric in registry.collect() for s in metric.samples):
        found[" ".join((sample.name.removeprefix("wedtui_"), *sample.labels.values()))] = sample.value
    return found


def test_protection_is_told_in_figures(hall: Hall) -> None:
    levels = ("NORMAL", "HIGH", "MAXIMUM")
    assert figures(hall) == {
        **{f"protection_level {level}": float(level == "HIGH") for level in levels},
        # Nothing was ever read: how many are live is not known.
        "wedding_source_fresh platform": 0.0,
    }
    hall.read((WEDNESDAY, 10), (WEDNESDAY + 3 * HOUR, 20))
    hall.guarding.read()
    hall.clock.at += MINUTE
    told = {"weddings_live": 1, "wedding_load": 10, "wedding_load_peak": 30}
    source = {"wedding_source_fresh platform": 1, "wedding_source_age_seconds platform": 60}
    assert figures(hall) == {**{f"protection_level {lv}": lv == "MAXIMUM" for lv in levels}, **told, **source}
    hall.clock.at += timedelta(hours=24)
    later = figures(hall)
    assert (later["wedding_source_fresh platform"], later["wedding_source_age_seconds platform"]) == (0, 86_460)


def test_no_heartbeat_waits_for_a_calendar_that_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(reads_slowly(tmp_path, monkeypatch))


async def reads_slowly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    weddings = tmp_path / "weddings.csv"
    weddings.write_text(HEADER, encoding="utf-8")
    source = f'[[weddings.sources]]\nname = "platform"\nkind = "csv"\nurl = "{weddings}"\n'
    config.write_text(source, encoding="utf-8")
    loaded, paths = load(config, {}), StatePaths(tmp_path)
    stores = Stores(paths.cache_url(loaded.configuration), paths.ledger_url(loaded.configuration))
    Ledger(stores.ledger_url).close()
    service = Service(
        loaded.configuration,
        stores,
        SystemClock(),
        mode="personal",
        identity=Identity("here", paths.place, "boot", loaded.digest),
    )
    beat, reading, go_on = asyncio.Event(), threading.Event(), threading.Event()
    inner = CacheReader.calendar

    def slow(self: CacheReader, start: datetime, end: datetime | None = None) -> CalendarFacts:
        reading.set()
        go_on.wait(600)
        return inner(self, start, end)

    monkeypatch.setattr("wedtui.poller.service.GUARD_S", 0.1)
    started = asyncio.Event()
    running = asyncio.create_task(service.run(Told(started.set, beat.set)))
    await asyncio.wait_for(started.wait(), 120)
    monkeypatch.setattr(CacheReader, "calendar", slow)
    try:
        assert await asyncio.to_thread(reading.wait, 120)
        for _ in range(2):
            beat.clear()
            await asyncio.wait_for(beat.wait(), 120)
    finally:
        go_on.set()
        os.kill(os.getpid(), signal.SIGTERM)
        await running
