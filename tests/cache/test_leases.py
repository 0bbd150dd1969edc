"""Leases in a real database of either system: who lost them writes nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cache.base import NOW, SECOND, configure, probe, service, signal
from tests.places import PLACES
from wedtui.cache import leases
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.core.observation import Claim, Claimed, Observation
from wedtui.core.picture import ServiceFacts
from wedtui.core.sharing import LEASE, vantage_lease
from wedtui.errors import VantageTakenError

TARGETS = ("house", "prometheus main", "query main aws cpu", "feed venues", "aws here ec2", "aws here rds")


@dataclass
class DatabaseClock:
    at: datetime = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    """The database's clock, in the test's hand."""
    hand = DatabaseClock()
    monkeypatch.setattr(leases, "database_now", lambda _connection: hand.at)
    return hand


class Site:
    """A service on a machine of its own."""

    def __init__(self, path: Path, vantage: str, *, place: str | None = None, instance: str = "1") -> None:
        self.facts: ServiceFacts = service(
            instance=f"{vantage}-{instance}", vantage=vantage, place=place or f"{vantage}:/var/lib/wedtui"
        )
        self.cache = CacheWriter(PLACES.url(path), vantage=vantage)
        self.held: dict[str, int] = {}

    def begin(self) -> Site:
        self.cache.begin(self.facts)
        return self

    def beat(self) -> bool:
        beat = self.cache.heartbeat(self.facts, dict.fromkeys(TARGETS, False))
        self.held = dict(beat.held or {})
        return beat.held is not None

    def claim(self, lease: str) -> Claim:
        return Claim(lease, self.held[lease])

    def record(self, observation: Observation, claim: Claim) -> int:
        """Return how much was refused."""
        return self.cache.record_claimed([Claimed(observation, claim)]).refused


@pytest.fixture
def sites(tmp_path: Path, clock: DatabaseClock) -> Iterator[tuple[Site, Site]]:
    """Two services that have divided the targets, and know each other long enough to judge."""
    path = tmp_path / "c.db"
    london, oregon = Site(path, "london").begin(), Site(path, "oregon").begin()
    configure(london.cache)
    for _ in range(10):
        clock.at += SECOND
        assert london.beat()
        assert oregon.beat()
    yield london, oregon
    london.cache.close()
    oregon.cache.close()


def rounds(path: Path) -> list[tuple[str, int]]:
    with closing(CacheReader(PLACES.url(path))) as reader:
        return [(p.vantage, len(p.rounds)) for e in reader.facts(NOW).providers for p in e.probes if p.rounds]


def test_every_target_has_one_that_asks_it(tmp_path: Path, sites: tuple[Site, Site]) -> None:
    london, oregon = sites
    assert {*london.held, *oregon.held} == {*TARGETS, "vantage london", "vantage oregon"}
    assert not {*london.held} & {*oregon.held}
    with closing(CacheReader(PLACES.url(tmp_path / "c.db"))) as reader:
        assert {s.vantage: s.shares + 1 for s in reader.facts(NOW).services} == {
            "london": len(london.held),
            "oregon": len(oregon.held),
        }
    assert len(set(london.held.values()) | set(oregon.held.values())) == len(TARGETS) + 2


def test_the_database_has_a_clock(tmp_path: Path) -> None:
    with closing(CacheWriter(PLACES.url(tmp_path / "c.db"))) as cache:
        cache.begin(service())
        first, second = (cache.heartbeat(service(), {}).database_at for _ in range(2))
    assert first <= second
    assert abs(datetime.now(first.tzinfo) - first) < timedelta(minutes=1)


def test_both_write_rounds_and_readers_tell_them_apart(tmp_path: Path, sites: tuple[Site, Site]) -> None:
    for number, site in enumerate(sites):
        for count in range(number + 1):
            assert site.record(probe(NOW + count * SECOND), site.claim(vantage_lease(site.facts.vantage))) == 0
    assert rounds(tmp_path / "c.db") == [("london", 1), ("oregon", 2)]


def test_one_that_stood_still_writes_nothing_that_it_asked_before(
    tmp_path: Path, clock: DatabaseClock, sites: tuple[Site, Site]
) -> None:
    london, oregon = sites
    mine = vantage_lease("london")
    before, target = london.claim(mine), next(t for t in TARGETS if t in london.held)
    of_target = london.claim(target)
    for _ in range(LEASE // SECOND + 2):
        clock.at += SECOND
        oregon.beat()
    assert {*oregon.held} == {*TARGETS, "vantage oregon"}
    # It wakes in the middle of what it was about to store.
    assert london.record(probe(NOW), before) == 1
    assert london.record(signal(NOW, 0.5), of_target) == 1
    assert not london.beat()
    assert rounds(tmp_path / "c.db") == []
    london.begin()
    assert london.beat()
    assert london.record(probe(NOW), before) == 1
    assert london.record(probe(NOW), london.claim(mine)) == 0
    assert rounds(tmp_path / "c.db") == [("london", 1)]


def test_who_lost_the_house_keeps_it_no_more(tmp_path: Path, clock: DatabaseClock, sites: tuple[Site, Site]) -> None:
    keeper, other = sites if "house" in sites[0].held else sites[::-1]
    old = keeper.claim("house")
    keeper.cache.record_scores(NOW, {"aws": 90.0}, old)
    keeper.cache.mirror_freeze_periods([], NOW, old)
    for _ in range(LEASE // SECOND + 2):
        clock.at += SECOND
        other.beat()
    keeper.cache.record_scores(NOW + SECOND, {"aws": 10.0}, old)
    keeper.cache.mirror_freeze_periods([], NOW + SECOND, old)
    other.cache.record_scores(NOW + 2 * SECOND, {"aws": 80.0}, other.claim("house"))
    with closing(CacheReader(PLACES.url(tmp_path / "c.db"))) as reader:
        scores = reader.series("aws", "health_score", NOW, NOW + 60 * SECOND)
        assert [point.value for point in scores.points] == [90.0, 80.0]
        assert reader.mirrored_freeze_periods()[1] == NOW


def test_what_was_given_back_meanwhile_is_not_stored(clock: DatabaseClock, sites: tuple[Site, Site]) -> None:
    london, oregon = sites
    target = next(t for t in TARGETS if t in london.held)
    old = london.claim(target)
    london.cache.end(NOW)
    clock.at += SECOND
    oregon.beat()
    assert london.record(signal(NOW, 0.5), old) == 1
    assert oregon.record(signal(NOW, 0.5), oregon.claim(target)) == 0


def test_a_name_that_lives_elsewhere_is_refused_until_its_lease_has_run_out(
    tmp_path: Path, clock: DatabaseClock, sites: tuple[Site, Site]
) -> None:
    other = Site(tmp_path / "c.db", "london", place="elsewhere:/var/lib/wedtui", instance="2")
    with pytest.raises(VantageTakenError, match=r'london:/var/lib/wedtui watches as "london" already'):
        other.begin()
    clock.at += LEASE + SECOND
    other.begin()
    assert other.beat()
    assert not sites[0].beat()
    other.cache.close()


def test_a_restart_in_the_same_place_need_not_wait(tmp_path: Path, sites: tuple[Site, Site]) -> None:
    again = Site(tmp_path / "c.db", "london", instance="2").begin()
    assert again.beat()
    assert {*again.held} == {*sites[0].held}
    assert not sites[0].beat()
    again.cache.close()


def test_another_name_in_the_same_place_leaves_nothing_of_the_former(tmp_path: Path, sites: tuple[Site, Site]) -> None:
    london = sites[0]
    london.record(probe(NOW), london.claim(vantage_lease("london")))
    renamed = Site(tmp_path / "c.db", "paris", place="london:/var/lib/wedtui").begin()
    assert renamed.beat()
    assert renamed.held
    assert not london.beat()
    with closing(CacheReader(PLACES.url(tmp_path / "c.db"))) as reader:
        assert [s.vantage for s in reader.facts(NOW).services] == ["oregon", "paris"]
    assert rounds(tmp_path / "c.db") == []
    renamed.cache.close()


def test_after_an_outage_what_waited_is_stored(clock: DatabaseClock, sites: tuple[Site, Site]) -> None:
    london, oregon = sites
    claim = london.claim(vantage_lease("london"))
    clock.at += timedelta(minutes=1)
    # Oregon is back first; london gets the same time to come back that it would have had.
    for _ in range(LEASE // SECOND):
        assert oregon.beat()
        clock.at += SECOND
    assert london.record(probe(NOW), claim) == 0
    assert london.beat()


def test_services_that_are_long_gone_are_forgotten_with_what_they_saw(
    tmp_path: Path, clock: DatabaseClock, sites: tuple[Site, Site]
) -> None:
    london, oregon = sites
    london.record(probe(NOW), london.claim(vantage_lease("london")))
    oregon.facts = service(instance="oregon-1", vantage="oregon", place="o", heartbeat_at=NOW + 60 * SECOND)
    oregon.beat()
    # However old its word is by some clock: who holds a lease lives.
    assert oregon.cache.forget_services(NOW + SECOND) == 0
    for _ in range(LEASE // SECOND + 2):
        clock.at += SECOND
        oregon.beat()
    assert oregon.cache.forget_services(NOW + SECOND) == 1
    with closing(CacheReader(PLACES.url(tmp_path / "c.db"))) as reader:
        assert [s.vantage for s in reader.facts(NOW).services] == ["oregon"]
    assert rounds(tmp_path / "c.db") == []
