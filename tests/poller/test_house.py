"""Keeping house: what is no longer configured goes when it was kept for its time."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tests.cache.base import NOW, configuration, configure, feed, service
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.clock import SystemClock
from wedtui.config import CacheSection
from wedtui.core.observation import Claim
from wedtui.core.sharing import HOUSE
from wedtui.poller.clock_watch import ClockWatch
from wedtui.poller.figures import Figures
from wedtui.poller.house import House
from wedtui.poller.surroundings import Stores
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
