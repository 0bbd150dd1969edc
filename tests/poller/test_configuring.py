"""What readers judge evidence by while the level, and so the pace, changes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cache.base import NOW, SECOND, configuration, probe, reading, signal
from tests.pictures import MovableClock
from tests.places import PLACES
from wedtui.cache.writer import CacheWriter
from wedtui.core.evidence import Freshness, freshness
from wedtui.core.observation import Claim
from wedtui.core.season import Protection
from wedtui.errors import StoodStillError, StoreError
from wedtui.poller.configuring import Configuring
from wedtui.poller.problems import Problems

NORMAL, HIGH, MAXIMUM = Protection
HOUSE = Claim("house", 1)


class Keeper(CacheWriter):
    """Has the right to keep house, whatever the leases say, and counts how often it is used."""

    written = 0
    fails: StoreError | None = None

    def configure(self, *wanted: Any, claim: Claim | None = None, **intervals: Any) -> None:
        assert claim == HOUSE
        if self.fails is not None:
            raise self.fails
        self.written += 1
        super().configure(*wanted, **intervals)


class Watch:
    """A service whose level a test sets, and what readers make of its cache."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.level, self.path = MovableClock(NOW), NORMAL, folder / "c.db"
        self.cache = Keeper(PLACES.url(self.path))
        self.configuring = Configuring(configuration(), self.cache, lambda: self.level, Problems(), self.clock)
        self.beat(anew=True)

    def beat(self, level: Protection | None = None, *, after: float = 0, anew: bool = False) -> None:
        self.clock.advance(after * SECOND)
        self.level = level or self.level
        self.configuring.write(HOUSE, anew=anew)

    def intervals(self) -> tuple[float, float, float]:
        """Return by which intervals what names none is judged, of probes and queries; and that of one with its own."""
        with reading(self.path) as reader:
            own, default = (p.probes[0].interval for p in reader.facts(self.clock.now()).providers)
            query = reader.facts(self.clock.now()).providers[0].signals[0].interval
        return default / SECOND, query / SECOND, own / SECOND

    def fresh(self) -> tuple[Freshness, Freshness]:
        """Return whether the newest round and the newest value can be believed now."""
        now = self.clock.now()
        with reading(self.path) as reader:
            aws, gcp = reader.facts(now).providers
        [seen], value = gcp.probes, aws.signals[0]
        assert seen.rounds
        return freshness(seen.rounds[0].at, seen.interval, now), freshness(value.measured_at, value.interval, now)


def test_what_was_asked_at_the_slower_pace_does_not_grow_too_old_by_the_faster_one(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    measured = NOW + SECOND
    watch.cache.record([probe(measured, name="rsvp-gcp"), signal(measured, name="latency_p95_ms")])
    fresh, stale = Freshness.FRESH, Freshness.STALE
    watch.beat(HIGH, after=10)
    # The round that was due by the slower pace takes a while.
    watch.beat(after=3)
    assert (watch.clock.now() - measured, watch.fresh()) == (12 * SECOND, (fresh, fresh))
    # No longer than it would have been believed at the slower one.
    watch.beat(after=8)
    assert watch.fresh() == (fresh, fresh)
    watch.beat(after=0.1)
    assert watch.fresh() == (stale, fresh)
    watch.beat(after=100)
    assert watch.fresh() == (stale, stale)
    watch.cache.close()


def test_the_faster_pace_counts_once_what_was_asked_before_is_too_old_in_any_case(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    seen = [watch.intervals()]
    for after, level in ((60, HIGH), (20, None), (1, None), (99, MAXIMUM), (1, None), (600, None), (5, NORMAL)):
        watch.beat(level, after=after)
        seen.append(watch.intervals())
    slow, fast = (10, 60, 3), (3, 30, 3)
    between = (3, 60, 3)
    assert seen == [slow, slow, slow, between, between, fast, fast, slow]
    # Only what changed is written: once at the beginning, at each of these turns, and not at every heartbeat.
    assert watch.cache.written == 4
    watch.cache.close()


def test_whoever_takes_the_house_over_judges_as_the_one_before(tmp_path: Path) -> None:
    """Every service sees the level change, whoever keeps house."""
    watch = Watch(tmp_path)
    watch.clock.advance(timedelta(minutes=5))
    watch.level = HIGH
    watch.configuring.write(None, anew=False)
    assert watch.intervals() == (10, 60, 3)
    watch.beat(after=30, anew=True)
    assert watch.intervals() == (3, 60, 3)
    watch.cache.close()


def test_what_could_not_be_written_when_it_took_over_is_written_later(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    before = watch.cache.written
    watch.cache.fails = StoodStillError("the server ended it")
    with pytest.raises(StoodStillError):
        watch.beat(anew=True)
    watch.cache.fails = None
    watch.beat()
    assert watch.cache.written == before + 1
    watch.beat()
    assert watch.cache.written == before + 1
