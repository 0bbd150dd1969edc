"""Keeping house: what is no longer configured goes when it was kept for its time, by the clock that all share."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cache.base import NOW, configuration, configure, feed, probe, service, signal
from tests.places import PLACES
from tests.postgres import Postgres
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.clock import SystemClock
from wedtui.config import CacheSection
from wedtui.core.observation import Claim
from wedtui.core.season import Protection
from wedtui.core.sharing import HOUSE
from wedtui.ledger.ledger import Ledger
from wedtui.poller.clock_watch import ClockWatch
from wedtui.poller.figures import Figures
from wedtui.poller.house import House
from wedtui.poller.surroundings import Stores
from wedtui.store.instants import from_microseconds
from wedtui.store.opening import url_of, writable


def test_what_was_dropped_a_day_ago_is_forgotten(tmp_path: Path) -> None:
    url, clock = url_of(tmp_path / "c.db"), SystemClock()
    with closing(CacheWriter(url)) as cache, closing(CacheReader(url)) as reader:
        configure(cache)
        cache.record([feed(NOW, "ab")])
        configure(cache, configuration(freeze={}))
        cache.begin(service(heartbeat_at=clock.now()))
        held = cache.heartbeat(service(heartbeat_at=clock.now()), {HOUSE: False}).held or {}
        figures = Figures(mode="personal", environment="production")
        house = House(cache, Stores(url, url), clock, ClockWatch(clock), figures)
        claim = Claim(HOUSE, held[HOUSE])
        house.prune(CacheSection(), claim)
        assert [each.name for each in reader.freeze_feeds()] == ["venues"]
        store = writable(url, CACHE)
        with store.writing() as connection:
            connection.exec_driver_sql("UPDATE feed SET dropped_at = dropped_at - 86400000000")
        store.close()
        house.prune(CacheSection(), claim)
        assert reader.freeze_feeds() == ()


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def keeper(cache: CacheWriter, stores: Stores, clock: SystemClock) -> tuple[House, Claim]:
    """Begin a service that keeps house by a clock."""
    facts = service(heartbeat_at=clock.now())
    cache.begin(facts)
    held = cache.heartbeat(facts, {HOUSE: False}).held or {}
    figures = Figures(mode="shared", environment="production")
    return House(cache, stores, clock, ClockWatch(clock), figures), Claim(HOUSE, held[HOUSE])


def tidy(house: House, claim: Claim) -> None:
    while house.roll(claim):
        pass
    while house.prune(CacheSection(), claim):
        pass


def test_what_is_old_is_rolled_up_and_deleted(tmp_path: Path, places: None) -> None:
    path, clock = tmp_path / "c.db", SystemClock()
    url, now = PLACES.url(path), clock.now()
    with closing(CacheWriter(url)) as cache:
        configure(cache)
        cache.record([signal(now - days * DAY, 0.5) for days in (30, 8, 6, 1)] + [probe(now - 8 * DAY), probe(now)])
        tidy(*keeper(cache, Stores(url, url), clock))
    ((samples,),) = PLACES.execute(path, CACHE, "SELECT count(*) FROM sample")
    ((rounds,),) = PLACES.execute(path, CACHE, "SELECT count(*) FROM probe_round")
    # Two of the signal, and what the probe that stays measured.
    assert (samples, rounds) == (3, 1)


@pytest.mark.parametrize("days", [10, 400, -400])
def test_a_keeper_whose_clock_is_wrong_keeps_what_all_share(postgres: Postgres, tmp_path: Path, days: int) -> None:
    url = postgres.url(database := postgres.migrated())
    now, wrong = SystemClock().now(), SystemClock(timedelta(days=days))
    latency = signal(now, 100.0, name="latency_p95_ms")
    with closing(Ledger(url)) as ledger:
        ledger.raise_protection(Protection.HIGH, reason="r", by="ada", at=now, expires_at=now + 60 * MINUTE)
    former = tmp_path / "ledger.db"
    with closing(Ledger(url_of(former))) as ledger:
        ledger.add_freeze("fair", now, now + 60 * MINUTE, reason="r", added_by="ada", added_at=now)
    with closing(CacheWriter(url)) as cache, closing(CacheReader(url)) as reader:
        configure(cache)
        cache.record([signal(now - n * 5 * MINUTE, 0.5) for n in range(100)] + [latency])
        cache.record([probe(now - n * MINUTE) for n in range(100)])

        def kept() -> list[tuple[object, ...]]:
            tables = ("sample", "probe_round", "resource")
            return [row for table in tables for row in postgres.query(database, f"SELECT count(*) FROM {table}")]

        before = kept()
        house, claim = keeper(cache, Stores(url, url, former), wrong)
        tidy(house, claim)
        assert kept() == before
        # What is complete is rolled up, and nothing that is still to come.
        passed = "SELECT rolled_until FROM rollup_mark WHERE rolled_until IS NOT NULL"
        marks = [mark for (mark,) in postgres.query(database, passed)]
        assert marks
        assert all(now - 2 * DAY < from_microseconds(mark) <= now for mark in marks)
        house.mirror(claim)
        (raised,), copied_at = reader.mirrored_raises()
        assert raised.holds(now)
        assert copied_at is not None
        assert abs(copied_at - now) < DAY
        house.look_back()
        assert "1 freeze by a person stands" in str(house.left_behind)
        house.record_scores(claim, wedding_day=False)
        scored = "SELECT max(at) FROM sample s JOIN series ON series.id = s.series WHERE signal = 'health_score'"
        ((at,),) = postgres.query(database, scored)
        assert abs(from_microseconds(at) - now) < DAY


def test_nothing_is_deleted_that_only_a_wrong_server_calls_old(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, clock = postgres.url(database := postgres.migrated()), SystemClock()
    now = clock.now()
    with closing(CacheWriter(url)) as cache:
        configure(cache)
        cache.record([signal(now - n * 5 * MINUTE, 0.5) for n in range(100)])
        monkeypatch.setattr("wedtui.store.clock.database_now", lambda _connection: now + 400 * DAY)
        tidy(*keeper(cache, Stores(url, url), clock))
    assert postgres.query(database, "SELECT count(*) FROM sample") == [(100,)]
