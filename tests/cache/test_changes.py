"""The record of what was seen to change: written once, with what is seen, by whoever has the right to."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cache.base import NOW, SECOND, configuration, reading, service, writing
from tests.cache.inventories import asking, resource
from tests.cache.test_traffic import READ, watch
from tests.places import PLACES
from wedtui.cache import changing
from wedtui.cache.action_copy import ActionCopy
from wedtui.cache.configured import digest_by_name
from wedtui.cache.kind import CACHE
from wedtui.cache.writer import CacheWriter
from wedtui.core.changes import ChangeKind, ChangeQuery, Timeline, Told, merge
from wedtui.core.evidence import VendorEvent, VendorStatus
from wedtui.core.observation import Claim, Claimed, TrafficObservation, VendorObservation
from wedtui.core.sharing import HOUSE, LEASE
from wedtui.core.traffic import Place
from wedtui.core.traffic_facts import Written

MINUTE = timedelta(minutes=1)
NAME = READ.name
OPEN = VendorEvent("EC2", "eu-west-1", "issue", "AWS_EC2_ISSUE", NOW - MINUTE, NOW, "machines do not start")


def told(path: Path, now: datetime = NOW, *, since: datetime = NOW - timedelta(days=1), **more: Any) -> Told:
    with reading(path) as reader:
        return reader.changes(ChangeQuery(since, now + timedelta(days=1), **more), now)


def line(path: Path, now: datetime = NOW, *, writes: bool = False, **more: Any) -> Timeline:
    query = ChangeQuery(NOW - timedelta(days=1), now + timedelta(days=1), **more)
    with reading(path) as reader:
        answer = reader.changes(query, now)
    return merge([answer, Told(writes=() if writes else None)], query)


def said(path: Path, kind: ChangeKind, **more: Any) -> list[str]:
    found = line(path, kinds=frozenset({kind}), **more)
    return [f"{each.object}: {each.sentence}" for each in found.changes]


def gaps(path: Path, now: datetime = NOW) -> list[str]:
    return [gap.words for gap in line(path, now).gaps]


def shares(at: datetime, aws: int) -> TrafficObservation:
    found = {Place("aws", "eu-west-1"): aws, Place("gcp"): 100 - aws}
    return TrafficObservation(NAME, at, replace(READ, shares=found, read_at=at))


def test_shares_that_are_other_than_before_are_recorded_once(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        watch(writer)
        writer.record([shares(NOW, 100)])
        assert said(path, ChangeKind.WEIGHTS) == [], "the first reading is no change"
        writer.record([TrafficObservation(NAME, NOW + 30 * SECOND, None, "no answer")])
        writer.record([shares(NOW + MINUTE, 0)])
        writer.record([shares(NOW + 2 * MINUTE, 0)])
    [seen] = told(path).shares
    assert seen.change.at == NOW + MINUTE
    assert seen.change.not_before == NOW
    assert seen.shares == {"aws/eu-west-1": 0, "gcp": 100}
    moves = f"{NAME}: live shares changed: aws/eu-west-1 100 % → 0 %, gcp 0 % → 100 %"
    assert said(path, ChangeKind.WEIGHTS, writes=True) == [f"{moves}; nobody wrote that here"]
    assert said(path, ChangeKind.WEIGHTS) == [f"{moves}; whether they were written here is not known"]


def test_shares_that_the_copy_of_actions_knows_say_whose_they_are(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        watch(writer)
        writer.record([shares(NOW, 100)])
        with closing(ActionCopy(PLACES.url(path), waits=SECOND)) as copy:
            after = {Place("aws", "eu-west-1"): 0, Place("gcp"): 100}
            copy.write((), Written(after, 8, NOW, 4, "failover aws by ada"), NOW)
        writer.record([shares(NOW + MINUTE, 0)])
    [words] = said(path, ChangeKind.WEIGHTS)
    assert words.endswith("as written by action 4: failover aws by ada"), "also for who may not read the ledger"
    assert said(path, ChangeKind.WEIGHTS, writes=True) == [], "the action's own line says it"


def vendor(at: datetime, *events: VendorEvent, status: VendorStatus = VendorStatus.INCIDENT, more: int = 0) -> Any:
    return VendorObservation("aws", at, "AWS Health", status, events=events, more=more)


def test_an_incident_begins_and_is_over(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([vendor(NOW, status=VendorStatus.NO_INCIDENT)])
        writer.record([vendor(NOW + MINUTE, OPEN)])
        writer.record([vendor(NOW + 2 * MINUTE, replace(OPEN, updated_at=NOW + MINUTE, text="they start again"))])
        writer.record([VendorObservation("aws", NOW + 3 * MINUTE, "AWS Health", problem="no answer")])
        writer.record([vendor(NOW + 4 * MINUTE, status=VendorStatus.NO_INCIDENT)])
    began, over = line(path).changes
    assert began.sentence.startswith(
        "AWS Health: an incident began: EC2 in eu-west-1: issue since 2026-06-06 11:59 UTC"
    )
    assert (began.at, began.not_before) == (NOW + MINUTE, NOW - MINUTE), "the vendor says since when"
    assert over.sentence.startswith("AWS Health: an incident is over: EC2 in eu-west-1")
    assert (over.at, over.not_before) == (NOW + 4 * MINUTE, NOW + 2 * MINUTE), "an attempt that failed saw nothing"


@pytest.mark.parametrize("corrected", [{"begun_at": NOW - 2 * MINUTE}, {"begun_at": None}, {"region": "global"}])
def test_an_incident_of_which_the_vendor_corrects_itself_goes_on(tmp_path: Path, corrected: dict[str, Any]) -> None:
    path, one = tmp_path / "c.db", replace(OPEN, id="event/1")
    with writing(path) as writer:
        writer.record([vendor(NOW, one), vendor(NOW + MINUTE, replace(one, **corrected))])
    assert line(path).changes == ()


def test_two_incidents_of_the_same_words_are_two(tmp_path: Path) -> None:
    path, one, two = tmp_path / "c.db", replace(OPEN, id="event/1"), replace(OPEN, id="event/2")
    with writing(path) as writer:
        writer.record([vendor(NOW, one), vendor(NOW + MINUTE, one, two), vendor(NOW + 2 * MINUTE, two)])
    began, over = line(path).changes
    assert "an incident began" in began.sentence
    assert (over.at, "an incident is over" in over.sentence) == (NOW + 2 * MINUTE, True)


def test_an_incident_that_was_stored_before_it_had_an_id_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([vendor(NOW, OPEN), vendor(NOW + MINUTE, replace(OPEN, id="event/1"))])
    assert line(path).changes == ()


def test_an_answer_that_leaves_events_out_ends_none(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([vendor(NOW, OPEN), vendor(NOW + MINUTE, more=3)])
    assert line(path).changes == ()


def test_a_status_without_an_event_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([vendor(NOW, status=VendorStatus.NO_INCIDENT), vendor(NOW + MINUTE, status=VendorStatus.OUTAGE)])
    assert said(path, ChangeKind.VENDOR) == [f"aws: AWS Health: {VendorStatus.NO_INCIDENT} → {VendorStatus.OUTAGE}"]


def released(at: datetime, *tasks: str) -> Any:
    services = [
        resource(f"{n}", kind="ecs.service", name=f"rsvp-{n}", depends_on=(f"arn:x:task-definition/{task}", "arn:lb"))
        for n, task in enumerate(tasks)
    ]
    return asking(services, at, kinds=("ecs.service",), service="ecs")


def test_another_task_definition_is_a_release(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([released(NOW, "rsvp:41")])
        assert said(path, ChangeKind.RELEASE) == [], "what is listed for the first time was there before"
        writer.record([released(NOW + MINUTE, "rsvp:42", "gallery:1")])
        writer.record([released(NOW + 2 * MINUTE, "rsvp:42", "gallery:1")])
        writer.record([released(NOW + 3 * MINUTE, "rsvp:42")])
    assert said(path, ChangeKind.RELEASE) == [
        "aws/rsvp-0: ecs.service rsvp-0 in eu-west-1: rsvp:41 → rsvp:42",
        "aws/rsvp-1: ecs.service rsvp-1 in eu-west-1 is new, gallery:1",
        "aws/rsvp-1: ecs.service rsvp-1 in eu-west-1 is gone, gallery:1",
    ]
    first, _, gone = line(path).changes
    assert (first.not_before, gone.not_before) == (NOW, NOW + 2 * MINUTE)


def test_a_service_whose_task_definition_was_not_known_is_no_release(tmp_path: Path) -> None:
    """A cache of before it was stored, or a service that is deployed by others and names none."""
    path = tmp_path / "c.db"
    bare = resource("0", kind="ecs.service", name="rsvp-0", depends_on=("arn:lb",))
    with writing(path) as writer:
        writer.record([asking([bare], NOW, kinds=("ecs.service",), service="ecs"), released(NOW + MINUTE, "rsvp:42")])
    assert said(path, ChangeKind.RELEASE) == []


@dataclass
class DatabaseClock:
    at: datetime = NOW


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> DatabaseClock:
    """The database's clock, in the test's hand."""
    hand = DatabaseClock()
    monkeypatch.setattr("wedtui.store.clock.database_now", lambda _connection: hand.at)
    return hand


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with writing(tmp_path / "c.db"):
        pass
    return tmp_path / "c.db"


class Site:
    """A service on a machine of its own."""

    def __init__(self, path: Path, vantage: str, instance: str = "1", **more: Any) -> None:
        place = f"{vantage}:/var/lib/wedtui"
        self.facts = service(instance=f"{vantage}-{instance}", vantage=vantage, place=place, boot="b", **more)
        self.cache = CacheWriter(PLACES.url(path), vantage=vantage)

    def begin(self) -> Site:
        self.cache.begin(self.facts)
        return self

    def beat(self, at: datetime) -> Claim | None:
        self.facts = replace(self.facts, heartbeat_at=at)
        held = self.cache.heartbeat(self.facts, {HOUSE: False}).held or {}
        return Claim(HOUSE, held[HOUSE]) if HOUSE in held else None


def test_a_service_that_is_restarted_says_in_what_it_differs(path: Path, clock: DatabaseClock) -> None:
    first = configuration()
    one = Site(path, "london", configuration_digest=digest_by_name("aaa", first)).begin()
    one.begin()  # the answer was lost, and nothing happened
    one.cache.end(NOW + MINUTE)
    one.cache.end(NOW + MINUTE)
    clock.at = NOW + 2 * MINUTE
    Site(path, "london", "2", version="0.2.0", configuration_digest=digest_by_name("bbb", first)).begin()
    assert said(path, ChangeKind.SERVICE) == [
        "london: started, wedtui 0.1.0, personal",
        "london: stopped",
        "london: started, wedtui 0.2.0, personal; the one before was stopped 2026-06-06 12:01:00 UTC",
    ]
    assert said(path, ChangeKind.RELEASE) == ["wedtui london: wedtui 0.1.0 → 0.2.0"]
    words = "london: the service runs with another configuration, as its digest says"
    assert said(path, ChangeKind.CONFIGURATION) == [words]
    [changed] = line(path, kinds=frozenset({ChangeKind.CONFIGURATION})).changes
    assert (changed.not_before, changed.at) == (NOW + MINUTE, clock.at)


def test_a_service_that_died_is_said_by_who_took_over(path: Path, clock: DatabaseClock) -> None:
    dead, other = Site(path, "london").begin(), Site(path, "paris").begin()
    dead.beat(NOW)
    other.beat(NOW)
    clock.at = NOW + LEASE - SECOND
    other.beat(clock.at)
    clock.at = NOW + LEASE + SECOND
    other.beat(clock.at)
    other.beat(clock.at)
    [words] = [each for each in said(path, ChangeKind.SERVICE) if "died" in each]
    assert words == "london: died; paris took over 0 targets, unasked for 9 s"
    # Its vantage is another's now: it stands up as one that went on.
    clock.at += MINUTE
    dead.begin()
    assert "went on after it stood still, last heard 2026-06-06 12:00:00 UTC" in said(path, ChangeKind.SERVICE)[-1]


def test_a_time_in_which_no_service_watched_is_said(path: Path, clock: DatabaseClock) -> None:
    one = Site(path, "london").begin()
    one.cache.end(NOW)
    clock.at = NOW + timedelta(hours=2)
    now = NOW + timedelta(minutes=30)
    everything = "release, configuration, weights, vendor, protection, service"
    assert f"{everything} since 2026-06-06 12:00:00 UTC: no service watches" in gaps(path, now)
    again = Site(path, "london", "2", heartbeat_at=clock.at).begin()
    between = f"{everything} from 2026-06-06 12:00:00 UTC to 2026-06-06 14:00:00 UTC: no service watched"
    assert any(words.startswith(between) for words in gaps(path, clock.at))
    assert not any("no service watches" in words for words in gaps(path, clock.at))
    again.cache.close()


def test_where_another_service_watched_there_is_no_gap(path: Path, clock: DatabaseClock) -> None:
    Site(path, "london").begin().cache.end(NOW)
    other = Site(path, "paris").begin()
    clock.at = NOW + timedelta(hours=2)
    other.beat(clock.at)
    Site(path, "london", "2", heartbeat_at=clock.at).begin()
    assert not any("no service watched" in words for words in gaps(path, clock.at))


def test_the_level_is_recorded_when_it_is_another(path: Path, clock: DatabaseClock) -> None:
    site = Site(path, "london").begin()
    claim = site.beat(NOW)
    assert claim is not None
    for seconds, level in enumerate(("NORMAL", "NORMAL", "HIGH", "HIGH")):
        site.cache.note_level(level, "load 9", NOW + timedelta(seconds=2), NOW + seconds * 10 * SECOND, claim)
    site.cache.note_level("NORMAL", "", NOW - MINUTE, NOW + MINUTE, claim)
    site.cache.note_level("MAXIMUM", "", None, NOW + 2 * MINUTE, Claim(HOUSE, claim.fence + 1))
    assert said(path, ChangeKind.PROTECTION) == ["protection: NORMAL → HIGH: load 9", "protection: HIGH → NORMAL"]
    up, down = line(path, kinds=frozenset({ChangeKind.PROTECTION})).changes
    assert (up.not_before, up.at) == (NOW + 10 * SECOND, NOW + 20 * SECOND)
    assert (down.not_before, down.at) == (NOW + 30 * SECOND, NOW + MINUTE)


def test_the_instant_of_a_level_is_that_which_the_calendar_says(path: Path) -> None:
    with closing(CacheWriter(PLACES.url(path))) as writer:
        writer.note_level("NORMAL", "", None, NOW)
        writer.note_level("HIGH", "load 9", NOW + 4 * SECOND, NOW + 10 * SECOND)
    [change] = line(path, kinds=frozenset({ChangeKind.PROTECTION})).changes
    assert (change.at, change.not_before) == (NOW + 4 * SECOND, None)


def test_what_lost_its_right_records_nothing(path: Path, clock: DatabaseClock) -> None:
    """What two services saw of one change is one change: the second has no right, or finds nothing other."""
    site = Site(path, "london").begin()
    watch(site.cache)
    claim = site.beat(NOW)
    assert claim is not None
    site.cache.record([shares(NOW, 100)])
    stale = Claim(HOUSE, claim.fence + 7)
    assert site.cache.record_claimed([Claimed(shares(NOW + MINUTE, 0), stale)]).refused == 1
    assert told(path).shares == ()
    site.cache.record_claimed([Claimed(shares(NOW + MINUTE, 0), claim)])
    site.cache.record_claimed([Claimed(shares(NOW + MINUTE, 0), claim)])
    assert len(told(path).shares) == 1


def test_an_answer_that_was_lost_is_recorded_once(path: Path, clock: DatabaseClock) -> None:
    site = Site(path, "london").begin()
    watch(site.cache)
    claim = site.beat(NOW)
    batch = [Claimed(shares(NOW, 100), claim, 1), Claimed(shares(NOW + MINUTE, 0), claim, 2)]
    site.cache.record_claimed(batch)
    site.cache.record_claimed([*batch, Claimed(shares(NOW + 2 * MINUTE, 0), claim, 3)])
    assert len(told(path).shares) == 1


def test_what_is_kept_is_bounded_and_says_from_when_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changing, "KEPT_AT_MOST", 3)
    with closing(CacheWriter(PLACES.url(path))) as writer:
        for n in range(6):
            writer.note_level(("NORMAL", "HIGH")[n % 2], "", None, NOW + n * MINUTE)
        assert writer.prune_changes(NOW + 6 * MINUTE) == 2
        assert writer.prune_changes(NOW + 6 * MINUTE) == 0
    assert [change.at for change in line(path).changes] == [NOW + n * MINUTE for n in (3, 4, 5)]
    known = [gap for gap in told(path).gaps if "nothing is kept" in gap.sentence]
    assert [gap.until for gap in known] == [NOW + 2 * MINUTE + timedelta(microseconds=1)]
    with closing(CacheWriter(PLACES.url(path))) as writer:
        assert writer.prune_changes(NOW + timedelta(days=40)) == 3


def test_an_empty_record_says_that_it_is_one(path: Path) -> None:
    assert any("no service has recorded what it saw change yet" in words for words in gaps(path))


def test_what_nobody_looks_at_is_said(path: Path) -> None:
    words = gaps(path)
    assert "weights: no backend of traffic is configured: nobody reads live shares" in words
    assert "vendor: no vendor of aws and gcp was ever read" in words
    assert "release: no container service of aws and gcp was ever read" in words


def test_what_was_read_long_ago_is_said(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        watch(writer)
        writer.record([shares(NOW, 100), vendor(NOW, status=VendorStatus.NO_INCIDENT), released(NOW, "rsvp:1")])
    fresh = gaps(path, NOW + SECOND)
    assert not any("was not read since" in words for words in fresh)
    old = gaps(path, NOW + timedelta(hours=1))
    since = "since 2026-06-06 12:00:00 UTC"
    assert f"weights {since}: the record {NAME} was not read since" in old
    assert f"vendor {since}: the vendor of aws was not read since" in old
    assert f"release {since}: the container service of aws was not read since" in old


def test_a_row_of_another_version_is_counted_and_not_fatal(path: Path) -> None:
    with closing(CacheWriter(PLACES.url(path))) as writer:
        writer.note_level("NORMAL", "", None, NOW)
        writer.note_level("HIGH", "", None, NOW + MINUTE)
    PLACES.execute(path, CACHE, "UPDATE change SET details = '{}'")
    found = line(path)
    assert found.changes == ()
    assert any("1 change recorded by another version" in gap.words for gap in found.gaps)


def test_pages_follow_one_another(path: Path) -> None:
    with closing(CacheWriter(PLACES.url(path))) as writer:
        for n in range(6):
            writer.note_level(("NORMAL", "HIGH")[n % 2], "", None, NOW + n * MINUTE)
    first = line(path, limit=2)
    second = line(path, limit=2, before=first.next)
    third = line(path, limit=2, before=second.next)
    ats = [change.at for page in (third, second, first) for change in page.changes]
    assert ats == [NOW + n * MINUTE for n in range(1, 6)]
    assert third.next is None
