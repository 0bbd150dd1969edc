"""Leases in a real database of either system: who lost them writes nothing any more."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.cache.base import NOW, SECOND, configuration, configure, feed, probe, service, signal
from tests.cache.inventories import asking, present, resource
from tests.cache.weddings import SOURCES, calendar_of
from tests.examples import examples
from tests.places import PLACES
from wedtui.cache.configured import digest_by_name
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.observation import Claim, Claimed, Observation
from wedtui.core.picture import ServiceFacts
from wedtui.core.resource import Reach
from wedtui.core.sharing import HOUSE, LEASE, Takeover, vantage_lease
from wedtui.errors import VantageTakenError

TARGETS = ("house", "prometheus main", "query main aws cpu", "feed venues", "aws here ec2", "aws here rds")


@dataclass
class DatabaseClock:
    at: datetime = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    """The database's clock, in the test's hand."""
    hand = DatabaseClock()
    monkeypatch.setattr("wedtui.store.clock.database_now", lambda _connection: hand.at)
    return hand


class Site:
    """A service on a machine of its own."""

    def __init__(
        self, path: Path, vantage: str, *, place: str | None = None, instance: str = "1", boot: str = "b", **more: str
    ) -> None:
        self.facts: ServiceFacts = service(
            instance=f"{vantage}-{instance}",
            vantage=vantage,
            place=place or f"{vantage}:/var/lib/wedtui",
            boot=boot,
            **more,
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


def latencies(path: Path) -> dict[str, list[float]]:
    with closing(CacheReader(PLACES.url(path))) as reader:
        names = reader.signals("aws")
        stretch = (NOW - 60 * SECOND, NOW + 60 * SECOND)
        return {name: [point.value for point in reader.series("aws", name, *stretch).points] for name in names}


def test_the_ways_from_two_places_are_two_series(tmp_path: Path, sites: tuple[Site, Site]) -> None:
    for site, ms in zip(sites, (20.0, 180.0), strict=True):
        site.record(probe(NOW, ms=ms), site.claim(vantage_lease(site.facts.vantage)))
    assert latencies(tmp_path / "c.db") == {"probe rsvp-aws from london": [20], "probe rsvp-aws from oregon": [180]}


def test_a_second_one_leaves_what_was_measured_alone_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with closing(Site(path, "london").begin().cache) as london:
        configure(london)
        london.record([probe(NOW, ms=20)])
        assert latencies(path) == {"probe rsvp-aws": [20]}, "who is alone needs no vantage"
        with closing(Site(path, "oregon").begin().cache) as oregon:
            london.record([probe(NOW + SECOND, ms=21)])
            oregon.record([probe(NOW + SECOND, ms=180)])
            # Both are seen, also where one is dead; forgotten, the other is alone again.
            oregon.end(NOW + SECOND)
            london.record([probe(NOW + 2 * SECOND, ms=22)])
            by_vantage = {"probe rsvp-aws from london": [21, 22], "probe rsvp-aws from oregon": [180]}
            assert latencies(path) == {"probe rsvp-aws": [20], **by_vantage}
            assert london.forget_services(NOW + 60 * SECOND) == 1
            london.record([probe(NOW + 3 * SECOND, ms=23)])
            assert latencies(path) == {"probe rsvp-aws": [20, 23], **by_vantage}


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
    keeper.cache.mirror_decisions([], [], NOW, old)
    for _ in range(LEASE // SECOND + 2):
        clock.at += SECOND
        other.beat()
    keeper.cache.record_scores(NOW + SECOND, {"aws": 10.0}, old)
    keeper.cache.mirror_decisions([], [], NOW + SECOND, old)
    other.cache.record_scores(NOW + 2 * SECOND, {"aws": 80.0}, other.claim("house"))
    with closing(CacheReader(PLACES.url(tmp_path / "c.db"))) as reader:
        scores = reader.series("aws", "health_score", NOW, NOW + 60 * SECOND)
        assert [point.value for point in scores.points] == [90.0, 80.0]
        assert reader.mirrored_freeze_periods()[1] == NOW


def test_who_lost_the_house_changes_and_deletes_nothing(
    tmp_path: Path, clock: DatabaseClock, sites: tuple[Site, Site]
) -> None:
    keeper, other = sites if "house" in sites[0].held else sites[::-1]
    old = keeper.claim("house")
    other.record(probe(NOW), other.claim(vantage_lease(other.facts.vantage)))
    other.cache.record([signal(NOW + n * SECOND, 0.5) for n in range(200)])
    for _ in range(LEASE // SECOND + 2):
        clock.at += SECOND
        other.beat()
    other.cache.record([feed(NOW, "ab")])
    PLACES.execute(tmp_path / "c.db", CACHE, "UPDATE feed SET dropped_at = 0")
    later = NOW + timedelta(days=30)
    less = configuration(providers=[{"name": "gcp", "weight": 100}], probes=[], prometheus=[], freeze={})
    keeper.cache.configure(less, probe_interval=SECOND, query_interval=SECOND, claim=old)
    assert keeper.cache.roll(later, old) == (False, 0)
    assert keeper.cache.prune(later, 9, old) == (0, False)
    assert keeper.cache.prune_rollups({60: later}, 9, old) == (0, False)
    assert keeper.cache.prune_inventory(later, 9, old) == (0, False)
    assert keeper.cache.forget_services(later, old) == 0
    assert keeper.cache.forget_dropped(old) == 0
    with closing(CacheReader(PLACES.url(tmp_path / "c.db"))) as reader:
        assert "aws" in {p.name for p in reader.facts(NOW).providers}
        assert len(reader.series("aws", "cpu", NOW, NOW + 300 * SECOND).points) == 200
        assert len(reader.facts(NOW).services) == 2
    assert PLACES.execute(tmp_path / "c.db", CACHE, "SELECT count(*) FROM rollup_mark WHERE rolled_until > 0") == [(0,)]
    # Whose it is now may.
    now = other.claim("house")
    assert other.cache.prune(later, 9, now).rows > 0
    assert other.cache.forget_services(later, now) == 1
    assert other.cache.forget_dropped(now) == 1


def test_whose_configuration_counts_is_known_to_readers(tmp_path: Path, sites: tuple[Site, Site]) -> None:
    def keeper() -> str:
        with closing(CacheReader(PLACES.url(tmp_path / "c.db"))) as reader:
            return reader.facts(NOW).keeper

    (site,) = (site for site in sites if "house" in site.held)
    assert keeper() == site.facts.vantage
    site.cache.end(NOW)
    assert keeper() == ""


def test_in_what_a_configuration_is_unlike_the_one_that_counts(sites: tuple[Site, Site]) -> None:
    cache, same = sites[1].cache, configuration()
    assert cache.unlike(same) is None
    # How often is asked goes with the protection, which is no difference.
    every = same.model_copy(update={"probes": (same.probes[0].model_copy(update={"interval": 9 * SECOND}),)})
    assert cache.unlike(every) == "it lacks probe rsvp-gcp"
    moved = same.probes[0].model_copy(update={"provider": "gcp", "url": "https://elsewhere.example.com/?k=secret"})
    more = same.probes[1].model_copy(update={"name": "gallery"})
    assert cache.unlike(same.model_copy(update={"probes": (moved, same.probes[1], more)})) == (
        "it has another provider and url of probe rsvp-aws, it alone has probe gallery"
    )
    assert cache.unlike(Configuration()) == (
        "it lacks provider aws, it lacks provider gcp, it lacks probe rsvp-aws, "
        "it lacks probe rsvp-gcp, it lacks signal aws latency_p95_ms and 3 more"
    )


def account(**settings: object) -> Configuration:
    return configuration(providers=[{"name": "aws", "kind": "aws", "aws": settings}], probes=[], prometheus=[])


def test_settings_of_an_account_are_named_where_they_differ_and_never_told(
    tmp_path: Path, clock: DatabaseClock
) -> None:
    key = "https://aws.example.com/?key="
    theirs = account(regions=["eu-west-1"], profile="weddings", endpoint_url=f"{key}hunter2")
    path = tmp_path / "c.db"
    keeper = Site(path, "oregon", configuration_digest=digest_by_name("new", theirs))
    other = Site(path, "london", configuration_digest=digest_by_name("old", theirs))
    for site in (keeper, other):
        site.begin()
        configure(site.cache, theirs)
        clock.at += SECOND
        assert site.beat()
    assert "house" in keeper.held
    mine = account(regions=["eu-west-1", "us-east-1"], profile="guests", endpoint_url=f"{key}hunter2")
    assert other.cache.unlike(mine) == "it has another profile and regions of the account of aws"
    costly = account(regions=["eu-west-1"], profile="weddings", endpoint_url=f"{key}hunter2", cost=True)
    assert (
        other.cache.unlike(costly)
        == "it alone has signal aws cost_month_usd, it has another cost of the account of aws"
    )
    # A key in an address is in no digest that anybody could guess at, so only that something differs is known.
    moved = account(regions=["eu-west-1"], profile="weddings", endpoint_url=f"{key}hunter3")
    assert (other.cache.unlike(moved) or "").startswith("something that is not stored by name")
    assert digest_by_name("d", moved) == digest_by_name("d", theirs)
    plain = configuration(providers=[{"name": "aws"}], probes=[], prometheus=[])
    assert other.cache.unlike(plain) == "it has another kind of provider aws"
    with closing(CacheReader(PLACES.url(path))) as reader:
        assert {s.vantage: s.configuration_digest for s in reader.facts(NOW).services} == {
            "london": "old",
            "oregon": "new",
        }
    assert keeper.cache.unlike(theirs) is None
    for site in (keeper, other):
        site.cache.close()


def _listed(path: Path) -> tuple[list[str], list[tuple[Reach, str | None]]]:
    """Return what there is, and how asking for it went."""
    with closing(CacheReader(PLACES.url(path))) as reader:
        return present(reader), [(a.reach, a.problem) for a in reader.facts(NOW).inventory.apis]


def test_only_the_configuration_that_counts_puts_another_account_in_the_place_of_one(
    tmp_path: Path, clock: DatabaseClock
) -> None:
    """Two services that name different ones do not forget each other's resources in every round."""
    path, first, second = tmp_path / "c.db", "123456789012", "210987654321"
    keepers, others = account(account=first), account(account=second)
    london = Site(path, "london", configuration_digest=digest_by_name("l", others)).begin()
    oregon = Site(path, "oregon", configuration_digest=digest_by_name("o", keepers)).begin()
    for site in (london, oregon) * 10:
        clock.at += SECOND
        assert site.beat()
    keeper, other = (london, oregon) if HOUSE in london.held else (oregon, london)
    configure(keeper.cache, keepers)

    def see(site: Site, number: str, account: str) -> None:
        name = next(lease for lease in site.held if lease != HOUSE)
        site.record(asking([resource(number)], account=account, account_wanted=True), site.claim(name))

    def says(configuration: Configuration) -> None:
        keeper.facts = replace(keeper.facts, configuration_digest=digest_by_name("k", configuration))
        assert keeper.beat()

    says(keepers)
    see(keeper, "1", first)
    see(other, "2", second)
    there, ((reach, problem),) = _listed(path)
    assert (there, reach) == (["i-1"], Reach.OTHER_ACCOUNT)
    assert f"credentials of account {second}, and what is known is of another one" in (problem or "")
    see(keeper, "1", first)
    assert _listed(path) == (["i-1"], [(Reach.ANSWERED, None)])
    # Who keeps house need not be the one that asks the account.
    says(others)
    see(other, "2", second)
    assert _listed(path) == (["i-2"], [(Reach.ANSWERED, None)])
    see(keeper, "1", first)
    assert _listed(path)[0] == ["i-1"], "its own is what counts"
    for site in (london, oregon):
        site.cache.close()


def test_whether_another_lives_is_told_with_every_beat(clock: DatabaseClock, sites: tuple[Site, Site]) -> None:
    london, oregon = sites
    assert not london.cache.heartbeat(london.facts, {}).alone
    oregon.cache.end(NOW)
    assert london.cache.heartbeat(london.facts, {}).alone


def test_who_has_the_house_again_does_not_finish_what_it_began_before(
    tmp_path: Path, clock: DatabaseClock, sites: tuple[Site, Site]
) -> None:
    keeper, other = sites if "house" in sites[0].held else sites[::-1]
    old = keeper.claim("house")
    for _ in range(LEASE // SECOND + 2):
        clock.at += SECOND
        other.beat()
    keeper.begin()
    for _ in range(3):
        clock.at += SECOND
        assert keeper.beat()
        assert other.beat()
    assert keeper.claim("house").fence > old.fence
    keeper.cache.record_scores(NOW, {"aws": 90.0}, old)
    keeper.cache.mirror_decisions([], [], NOW, old)
    with closing(CacheReader(PLACES.url(tmp_path / "c.db"))) as reader:
        assert not reader.series("aws", "health_score", NOW, NOW + 60 * SECOND).points
        assert reader.mirrored_freeze_periods()[1] is None


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


def test_a_copy_of_a_machine_is_another_place(tmp_path: Path, clock: DatabaseClock, sites: tuple[Site, Site]) -> None:
    copied = Site(tmp_path / "c.db", "london", instance="2", boot="another")
    with pytest.raises(VantageTakenError):
        copied.begin()
    # Nor does it make one forgotten that lives, by having another name.
    renamed = Site(tmp_path / "c.db", "paris", place=sites[0].facts.place, boot="another").begin()
    assert sites[0].beat()
    assert renamed.beat()
    # After a restart of the machine itself the lease has to run out.
    clock.at += LEASE + SECOND
    assert copied.begin().beat()
    for each in (copied, renamed):
        each.cache.close()


def test_services_of_two_versions_do_not_share_so_that_nothing_is_nobodys(
    tmp_path: Path, clock: DatabaseClock, sites: tuple[Site, Site]
) -> None:
    path, (london, oregon) = tmp_path / "c.db", sites
    newer = Site(path, "tokyo", version="9.0.0")
    newer.begin()
    for _ in range(10):
        clock.at += SECOND
        known_to_it = newer.cache.heartbeat(newer.facts, dict.fromkeys([*TARGETS, *"abcdefgh"], False))
        assert london.beat()
        assert oregon.beat()
    # It began last, so it says what there is.
    assert {*(known_to_it.held or {})} == {"vantage tokyo", "house", *"abcdefgh"}
    newer.cache.close()


def test_who_began_last_keeps_house_whatever_its_own_clock_says(tmp_path: Path, clock: DatabaseClock) -> None:
    path = tmp_path / "c.db"
    ahead, last = Site(path, "london", configuration_digest="old"), Site(path, "oregon", configuration_digest="new")
    ahead.facts = replace(ahead.facts, started_at=NOW + 3600 * SECOND)
    ahead.begin()
    clock.at += 60 * SECOND
    last.begin()
    for _ in range(20):
        clock.at += SECOND
        assert ahead.beat()
        assert last.beat()
    assert "house" in last.held
    # One that stood still and begins anew was not configured anew.
    ahead.begin()
    for _ in range(20):
        clock.at += SECOND
        assert last.beat()
        assert ahead.beat()
    assert "house" in last.held
    ahead.cache.close()
    last.cache.close()


def test_sources_of_weddings_are_compared_and_what_no_row_knows_is_said(tmp_path: Path, clock: DatabaseClock) -> None:
    path = tmp_path / "c.db"
    last, other = Site(path, "oregon", configuration_digest="new"), Site(path, "london", configuration_digest="old")
    configure(last.cache, calendar_of("main"))
    last.cache.weddings.ensure_imported("csv")
    other.begin()
    clock.at += SECOND
    last.begin()
    for _ in range(20):
        clock.at += SECOND
        assert last.beat()
        assert other.beat()
    assert last.cache.unlike(calendar_of("main")) is None
    assert (other.cache.unlike(calendar_of("main")) or "").startswith("something that is not stored by name")
    assert other.cache.unlike(calendar_of("main", "other")) == "it alone has wedding source other"
    assert other.cache.unlike(calendar_of()) == "it lacks wedding source main"
    moved = configuration(weddings={"sources": [{**SOURCES[0], "url": "/elsewhere.csv", "max_age": "1h"}]})
    assert other.cache.unlike(moved) == "it has another place and address and max_age_s of wedding source main"
    # What is no longer configured counts, but is none of what is.
    last.cache.weddings.note_failure("main", NOW, "it is away")
    PLACES.execute(path, CACHE, "UPDATE wedding_source SET weddings = 1")
    configure(last.cache, calendar_of())
    assert last.cache.unlike(calendar_of()) is None
    assert other.cache.unlike(calendar_of("main")) == "it alone has wedding source main"
    for each in (last, other):
        each.cache.close()


def test_what_was_stored_is_not_stored_again_when_its_answer_was_lost(tmp_path: Path, sites: tuple[Site, Site]) -> None:
    london, oregon = sites
    claim, other = (site.claim(vantage_lease(site.facts.vantage)) for site in sites)
    first = [Claimed(probe(NOW + n * SECOND), claim, n) for n in (1, 2)]
    assert london.cache.record_claimed(first) == (0, 0)
    # It never heard of it; meanwhile there was more, of which one is refused.
    again = [*first, Claimed(probe(NOW + 3 * SECOND), claim, 3), Claimed(signal(NOW, 0.5), Claim("query x", 1), 4)]
    assert london.cache.record_claimed(again) == (0, 1)
    assert london.cache.record_claimed(again) == (0, 0)
    # Each counts for itself, and goes on after it stood still.
    assert oregon.cache.record_claimed([Claimed(probe(NOW), other, 1)]) == (0, 0)
    london.begin()
    assert london.cache.record_claimed(again) == (0, 0)
    assert rounds(tmp_path / "c.db") == [("london", 3), ("oregon", 1)]
    # Another run begins to count anew.
    restarted = Site(tmp_path / "c.db", "london", instance="2").begin()
    restarted.beat()
    mine = restarted.claim(vantage_lease("london"))
    assert restarted.cache.record_claimed([Claimed(probe(NOW + 9 * SECOND), mine, 1)]) == (0, 0)
    assert rounds(tmp_path / "c.db") == [("london", 4), ("oregon", 1)]
    restarted.cache.close()


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


@pytest.mark.parametrize(("ahead", "forgotten"), [(-864_000.0, 0), (864_000.0, 1)])
def test_when_a_service_was_heard_does_not_hang_on_its_clock(
    clock: DatabaseClock, sites: tuple[Site, Site], ahead: float, forgotten: int
) -> None:
    london, oregon = sites
    # Where it is behind it was heard after the day before, where it is ahead before the day after.
    stamped = NOW + timedelta(seconds=ahead)
    oregon.facts = replace(oregon.facts, heartbeat_at=stamped, clock_ahead_s=ahead)
    oregon.beat()
    oregon.cache.end(stamped)
    clock.at += timedelta(minutes=1)
    london.facts = replace(london.facts, heartbeat_at=NOW + timedelta(days=2))
    london.beat()
    assert london.cache.forget_services(NOW + timedelta(days=1 if forgotten else -1)) == forgotten


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


STEPS = ("nothing", *(f"{verb} {name}" for verb in ("stop", "wake", "restart", "end") for name in "abc"))


class Crowd:
    """Three services that stand still, die and end as a test wants, over a database whose clock it moves."""

    def __init__(self, path: Path, clock: DatabaseClock) -> None:
        self.path, self.clock = path, clock
        self.sites = {name: Site(path, name).begin() for name in "abc"}
        self.asleep: set[str] = set()
        self.ended: set[str] = set()
        self.fences: dict[str, tuple[str | None, int]] = {}
        self.restarts = 1

    @property
    def awake(self) -> set[str]:
        return {*self.sites} - self.asleep - self.ended

    def do(self, step: str) -> None:
        verb, _, name = step.partition(" ")
        match verb:
            case "stop":
                self.asleep.add(name)
            case "wake":
                self.asleep.discard(name)
            case "restart":
                self.sites[name].cache.close()
                self.restarts += 1
                self.sites[name] = Site(self.path, name, instance=str(self.restarts)).begin()
                self.asleep.discard(name)
                self.ended.discard(name)
            case "end" if name in self.awake:
                self.sites[name].cache.end(self.clock.at)
                self.ended.add(name)

    def beat(self) -> None:
        self.clock.at += SECOND
        for name in sorted(self.awake):
            site = self.sites[name]
            if not site.beat():
                site.begin()
                assert site.beat()
            self.look()

    def look(self) -> None:
        """A lease changes hands with a higher number only, and a right that is another's now is worth nothing."""
        found = {n: (h, f) for n, h, f in PLACES.execute(self.path, CACHE, "SELECT name, holder, fence FROM lease")}
        for name, (holder, fence) in self.fences.items():
            assert found[name][1] >= fence
            if found[name][0] not in {holder, None}:
                assert found[name][1] > fence
        self.fences = found
        for site in self.sites.values():
            for name, fence in site.held.items():
                mine = found[name] == (site.facts.instance, fence)
                assert site.record(signal(NOW, 0.5), Claim(name, fence)) == (not mine)

    def close(self) -> None:
        for site in self.sites.values():
            site.cache.close()


@examples(8, unminded=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_whatever_happens_a_target_is_one_services_and_soon_somebodys(
    tmp_path: Path, clock: DatabaseClock, steps: list[str]
) -> None:
    crowd = Crowd(tmp_path / f"{uuid.uuid4().hex}.db", clock)
    configure(crowd.sites["a"].cache)
    for step in steps:
        crowd.do(step)
        crowd.beat()
    if not crowd.awake:
        crowd.do("restart a")
    for _ in range(2 * (LEASE // SECOND) + 4):
        crowd.beat()
    holders = {crowd.sites[name].facts.instance for name in crowd.awake}
    assert {crowd.fences[target][0] for target in TARGETS} <= holders
    crowd.close()


def test_who_notices_a_death_is_told_whom_it_took_over(clock: DatabaseClock, sites: tuple[Site, Site]) -> None:
    london, oregon = sites
    died_at, held = clock.at, len(oregon.held) - 1
    told: list[Takeover] = []
    for _ in range(15):
        clock.at += SECOND
        told += london.cache.heartbeat(london.facts, dict.fromkeys(TARGETS, False)).takeovers
    (takeover,) = told
    assert (takeover.vantage, takeover.heard_at) == ("oregon", died_at)
    assert timedelta() < takeover.at - takeover.heard_at <= timedelta(seconds=15)
    assert takeover.targets == held - (HOUSE in oregon.held)
