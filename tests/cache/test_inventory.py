"""What is kept of a provider's resources: what vanishes, what never does, what comes back, and what it costs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from tests.cache.base import NOW, SECOND, configuration, configure, reading, writing
from tests.cache.inventories import EVERYTHING, INSTANCE, MINUTE, asking, present, resource, vanished
from tests.examples import examples
from tests.places import PLACES
from wedtui.cache import inventory
from wedtui.cache.kind import CACHE
from wedtui.cache.resources import LOOKED_UP
from wedtui.cache.writer import CacheWriter
from wedtui.core.evidence import VendorEvent, VendorEvidence, VendorStatus
from wedtui.core.inventory import Order, ResourceQuery
from wedtui.core.observation import Observation, VendorObservation
from wedtui.core.resource import VENDOR_HEALTH, Reach, Resource
from wedtui.core.state import State

FAILED = [reach for reach in Reach if reach not in {Reach.ANSWERED, Reach.PARTIAL}]


def test_a_resource_comes_back_as_it_was_described(tmp_path: Path) -> None:
    whole = resource(
        "1",
        state=State.DEGRADED,
        detail="1 of 2 status checks",
        tags=(("Name", "web-1"), ("env", "prod")),
        depends_on=("sg-1", "vol-1"),
        monthly_cost=12.5,
        created_at=NOW - 9 * MINUTE,
        expires_at=NOW + 9 * MINUTE,
        backed_up_at=NOW - MINUTE,
        backed_up=True,
    )
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([whole, resource("2")])])
        known = {each.resource.id: each for each in reader.resources(EVERYTHING, NOW).rows}
        assert known["i-1"].resource == whole
        assert known["i-2"].resource == resource("2")
        assert (known["i-1"].first_seen_at, known["i-1"].seen_at, known["i-1"].vanished_at) == (NOW, NOW, None)


def test_what_a_complete_answer_has_no_more_has_vanished(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        for minute in (0, 1, 2):
            writer.record([asking([resource("1"), resource("2")], NOW + minute * MINUTE)])
        now = NOW + 3 * MINUTE
        writer.record([asking([resource("2")], now)])
        assert present(reader, now) == ["i-2"]
        gone = vanished(reader, now)["i-1"]
        assert (gone.seen_at, gone.vanished_at, gone.first_seen_at) == (NOW + 2 * MINUTE, now, NOW)
        assert gone.state(now) is State.UNKNOWN
        # Asked again, nothing of that changes.
        writer.record([asking([resource("2")], now + MINUTE)])
        assert vanished(reader, now + MINUTE)["i-1"] == gone


@pytest.mark.parametrize("reach", FAILED)
def test_any_other_answer_makes_nothing_vanish(tmp_path: Path, reach: Reach) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([resource("1"), resource("2")])])
        writer.record([asking([], NOW + MINUTE, reach=reach, problem="why")])
        writer.record([asking([resource("1")], NOW + 2 * MINUTE, reach=reach, problem="why")])
        assert present(reader) == ["i-1", "i-2"]
        (api,) = reader.facts(NOW).inventory.apis
        assert (api.reach, api.asked_at, api.answered_at) == (reach, NOW + 2 * MINUTE, NOW)
        seen = {each.resource.id: each.seen_at for each in reader.resources(EVERYTHING, NOW).rows}
        assert seen == {"i-1": NOW + 2 * MINUTE, "i-2": NOW}


def test_what_is_listed_completely_vanishes_although_something_else_is_missing(tmp_path: Path) -> None:
    """Names that are denied for good keep no machine in the list that is gone from the complete list of statuses."""
    volume = resource("v", kind="ec2.volume")
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        first = asking([resource("1"), resource("2"), volume], reach=Reach.PARTIAL, problem="names are missing")
        writer.record([first])
        writer.record([replace(first, at=NOW + MINUTE, resources=(resource("2"),))])
        assert sorted(present(reader, NOW + MINUTE)) == ["i-2", "i-v"]
        assert set(vanished(reader)) == {"i-1"}
        facts = reader.facts(NOW).inventory
        listed = {group.kind: group.listed_at for group in facts.groups}
        assert listed == {INSTANCE: NOW + MINUTE, "ec2.volume": None}
        assert facts.apis[0].answered_at is None


def test_what_no_listing_has_any_more_goes_although_none_is_complete(tmp_path: Path) -> None:
    """One cluster that is denied for good: nothing vanishes, and nothing stays for ever."""
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        sick = resource("1", state=State.CRITICAL, detail="1 of 2 tasks run")
        writer.record([asking([sick, resource("2")])])
        for minute in range(1, 5):
            writer.record([asking([resource("2")], NOW + minute * MINUTE, reach=Reach.PARTIAL, kinds=[])])
        assert writer.prune_inventory(NOW) == (0, False)
        assert present(reader) == ["i-1", "i-2"]
        assert writer.prune_inventory(NOW + 2 * MINUTE) == (1, False)
        assert (present(reader), vanished(reader)) == (["i-2"], {})
        (group,) = reader.facts(NOW).inventory.groups
        assert (group.counts, group.examples, group.total) == (((State.OK, 1),), (), 1)
        assert writer.prune_inventory(NOW + 5 * MINUTE) == (1, False)
        assert reader.facts(NOW).inventory.groups == ()


def test_what_lay_in_a_region_that_is_off_goes_after_a_while(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([resource("1", state=State.CRITICAL)])])
        for minute in range(1, 5):
            writer.record([asking([], NOW + minute * MINUTE, reach=Reach.SWITCHED_OFF, kinds=[])])
        writer.prune_inventory(NOW + 2 * MINUTE)
        assert present(reader) == []
        facts = reader.facts(NOW + 4 * MINUTE).inventory
        assert [(a.reach, a.asked_at) for a in facts.apis] == [(Reach.SWITCHED_OFF, NOW + 4 * MINUTE)]
        assert [g.total for g in facts.groups] == [0]


def test_only_kinds_that_are_listed_completely_vanish(tmp_path: Path) -> None:
    volume = resource("v", kind="ec2.volume")
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([resource("1"), volume], kinds=[INSTANCE, "ec2.volume"])])
        writer.record([asking([], NOW + MINUTE, kinds=[INSTANCE])])
        assert present(reader) == ["i-v"]
        writer.record([asking([], NOW + MINUTE, kinds=[])])
        assert present(reader) == ["i-v"]


def test_other_regions_services_and_providers_are_left_alone(tmp_path: Path) -> None:
    here, there = resource("1"), resource("2", region="us-east-1")
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([here]), asking([there], region="us-east-1"), asking([here], provider="gcp")])
        writer.record([asking([], NOW + MINUTE, region="eu-west-2"), asking([], NOW + MINUTE, service="rds")])
        assert present(reader) == ["i-1", "i-2", "i-1"]
        writer.record([asking([], NOW + MINUTE)])
        assert present(reader) == ["i-2", "i-1"]


def test_what_is_listed_for_the_whole_account_vanishes_wherever_it_lies(tmp_path: Path) -> None:
    buckets = [resource(name, kind="s3.bucket", region=name) for name in ("eu-west-1", "us-east-1")]
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking(buckets, kinds=["s3.bucket"], region="global", service="s3")])
        later = asking(buckets[:1], NOW + MINUTE, kinds=["s3.bucket"], region="global", service="s3")
        writer.record([later])
        assert present(reader) == ["i-eu-west-1"]
        groups = reader.facts(NOW).inventory.groups
        assert [(g.region, g.total, g.vanished) for g in groups] == [("eu-west-1", 1, 0), ("us-east-1", 0, 1)]


def test_an_asking_speaks_only_of_what_it_lists_itself(tmp_path: Path) -> None:
    """Two askings can list the same kind: one for the whole account, and one for a region of it."""
    ours, others = resource("1"), resource("2")
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([ours]), asking([others], region="global")])
        writer.record([asking([ours], NOW + MINUTE), asking([others], NOW + MINUTE, region="global")])
        assert (present(reader), vanished(reader)) == (["i-1", "i-2"], {})


def test_what_comes_back_is_the_same_resource_again(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        for minute, there in enumerate([True, False, True]):
            writer.record([asking([resource("1")] if there else [], NOW + minute * MINUTE)])
        (known,) = reader.resources(EVERYTHING, NOW).rows
        assert (known.first_seen_at, known.seen_at, known.vanished_at) == (NOW, NOW + 2 * MINUTE, None)
        assert not vanished(reader)


def test_what_vanished_goes_after_a_while_and_nothing_else(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([resource("1"), resource("2")])])
        writer.record([asking([resource("2")], NOW + MINUTE), asking([resource("2")], NOW + 2 * MINUTE)])
        assert writer.prune_inventory(NOW + MINUTE) == (0, False)
        assert set(vanished(reader)) == {"i-1"}
        assert writer.prune_inventory(NOW + MINUTE + SECOND / 10) == (1, False)
        assert (present(reader), vanished(reader)) == (["i-2"], {})


def test_what_vanished_is_counted_until_it_goes(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([resource("1"), resource("2")])])
        writer.record([asking([resource("2")], NOW + MINUTE)])
        writer.record([asking([resource("2")], NOW + 2 * MINUTE)])
        assert [g.vanished for g in reader.facts(NOW).inventory.groups] == [1]
        writer.prune_inventory(NOW + 2 * MINUTE)
        assert [g.vanished for g in reader.facts(NOW).inventory.groups] == [0]


def test_an_asking_that_is_made_no_more_goes_with_what_it_listed(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([resource("1")], region="old"), asking([resource("2")], NOW + MINUTE)])
        writer.prune_inventory(NOW + SECOND)
        assert present(reader, NOW + MINUTE) == ["i-2"]
        inventory = reader.facts(NOW).inventory
        assert {a.region for a in inventory.apis} == {g.region for g in inventory.groups} == {"eu-west-1"}
    assert PLACES.execute(tmp_path / "c.db", CACHE, "SELECT id FROM resource") == [("i-2",)]


def test_a_long_backlog_is_pruned_in_pieces(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([resource(str(n)) for n in range(25)]), asking([], NOW + MINUTE)])
        pieces = [writer.prune_inventory(NOW + 2 * MINUTE, limit=10) for _ in range(3)]
        assert pieces == [(10, True), (10, True), (5, False)]
        assert not vanished(reader)


def test_the_inventory_of_a_provider_goes_with_it(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        ours: list[Observation] = [
            asking([resource("1")]),
            VendorObservation("aws", NOW, "AWS Health", VendorStatus.INCIDENT),
        ]
        writer.record([*ours, asking([resource("2")], provider="gcp")])
        less = configuration(providers=[{"name": "gcp", "weight": 100}], probes=[], prometheus=[])
        configure(writer, less)
        assert present(reader) == ["i-2"]
        inventory = reader.facts(NOW).inventory
        assert {a.provider for a in inventory.apis} == {g.provider for g in inventory.groups} == {"gcp"}
        assert writer.record(ours) == 2
        assert present(reader) == ["i-2"]
        configure(writer)
        assert [p.vendor for p in reader.facts(NOW).providers] == [None, None]


def test_a_configuration_that_only_changes_a_weight_keeps_the_inventory(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([resource("1")])])
        configure(writer, configuration(providers=[{"name": "aws", "weight": 10}, {"name": "gcp", "weight": 90}]))
        assert present(reader) == ["i-1"]


def test_a_vendor_that_cannot_be_asked_keeps_what_it_said_with_its_age(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([VendorObservation("aws", NOW, "AWS Health", VendorStatus.OUTAGE, interval=5 * MINUTE)])
        writer.record([VendorObservation("aws", NOW + MINUTE, "AWS Health", problem="no answer")])
        aws, gcp = reader.facts(NOW).providers
        # Asked as often as queries are, where nothing else is said.
        assert aws.vendor == VendorEvidence(VendorStatus.OUTAGE, "AWS Health", MINUTE, NOW)
        assert gcp.vendor is None


def test_what_a_vendor_says_comes_back_in_its_own_words_and_goes_with_the_next_answer(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    one = VendorEvent("EC2", "eu-west-1", "issue", "AWS_EC2_ISSUE", NOW - MINUTE, NOW, "it is slow", ours=True)
    two = VendorEvent("RDS", "global", "issue", "AWS_RDS_ISSUE")
    with writing(path) as writer, reading(path) as reader:
        said = VendorObservation("aws", NOW, "aws health", VendorStatus.INCIDENT, events=(one, two), more=3)
        writer.record([said])
        vendor = reader.facts(NOW).providers[0].vendor
        assert vendor is not None
        assert (vendor.events, vendor.more) == ((one, two), 3)
        writer.record([VendorObservation("aws", NOW + MINUTE, "aws health", None, "denied")])
        kept = reader.facts(NOW + MINUTE).providers[0].vendor
        assert kept == vendor, "what it said last stays, with its age"
        writer.record([VendorObservation("aws", NOW + 2 * MINUTE, "aws health", VendorStatus.NO_INCIDENT)])
        over = reader.facts(NOW + 2 * MINUTE).providers[0].vendor
        assert over is not None
        assert (over.events, over.more) == ((), 0)


def _incident(at: datetime = NOW) -> VendorObservation:
    said = VendorEvent("EC2", "eu-west-1", "issue", "AWS_EC2_ISSUE")
    return VendorObservation("aws", at, "aws health", VendorStatus.INCIDENT, events=(said,))


def test_what_a_vendor_said_goes_only_with_the_plan_that_says_it(tmp_path: Path) -> None:
    lost = asking(reach=Reach.NOT_ON_PLAN, kinds=(), region="global", service=VENDOR_HEALTH, problem="why")
    others = [replace(lost, reach=each) for each in FAILED if each is not Reach.NOT_ON_PLAN]
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([_incident(), *others, replace(lost, service="ec2")])
        assert reader.facts(NOW).providers[0].vendor is not None
        writer.record([lost])
        assert reader.facts(NOW).providers[0].vendor is None
        writer.record([_incident()])
        assert reader.facts(NOW).providers[0].vendor is not None, "the plan is there again"


def test_what_the_vendor_said_to_another_account_goes_with_it(tmp_path: Path) -> None:
    ours = asking([resource("1")], account="123456789012")
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([ours, _incident()])
        writer.record([replace(ours, at=NOW + MINUTE, account="210987654321", account_wanted=True)])
        assert reader.facts(NOW).providers[0].vendor is None


def test_what_a_vendor_said_is_not_kept_for_ever(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([_incident(), replace(_incident(NOW + 9 * MINUTE), status=None, events=(), problem="denied")])
        writer.prune_inventory(NOW)
        assert reader.facts(NOW).providers[0].vendor is not None
        writer.prune_inventory(NOW + MINUTE)
        assert reader.facts(NOW).providers[0].vendor is None


def test_credentials_that_have_no_end_any_more_have_none(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:

        def end() -> object:
            return reader.facts(NOW).inventory.apis[0].credentials_expire_at

        writer.record([asking(credentials_expire_at=NOW + MINUTE)])
        writer.record([asking(reach=Reach.UNREACHABLE)])
        assert end() == NOW + MINUTE
        writer.record([asking()])
        assert end() is None
        writer.record([asking(credentials_expire_at=NOW + MINUTE)])
        writer.record([asking(reach=Reach.NO_CREDENTIALS)])
        assert end() is None, "there are none: those of before are not what ends"


def test_counts_and_examples_are_those_of_what_is_there(tmp_path: Path) -> None:
    bad = [resource(str(n), state=State.CRITICAL, detail="status checks") for n in range(5)]
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([*bad, resource("8"), resource("9", state=State.UNKNOWN)])])
        (group,) = reader.facts(NOW).inventory.groups
        assert group.counts == ((State.CRITICAL, 5), (State.UNKNOWN, 1), (State.OK, 1))
        assert [(e.name, e.detail) for e in group.examples[:2]] == [
            ("web-0", "status checks"),
            ("web-1", "status checks"),
        ]
        assert [e.state for e in group.examples] == [State.CRITICAL] * 3 + [State.UNKNOWN]
        writer.record([asking([replace(bad[0], state=State.OK)], NOW + MINUTE)])
        (group,) = reader.facts(NOW).inventory.groups
        assert (group.counts, group.listed_at, group.vanished) == (((State.OK, 1),), NOW + MINUTE, 6)


def test_an_empty_list_is_known_to_be_one_and_a_denied_one_is_not(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([], reach=Reach.DENIED)])
        assert reader.facts(NOW).inventory.groups == ()
        writer.record([asking([], NOW + MINUTE)])
        (group,) = reader.facts(NOW).inventory.groups
        assert (group.total, group.listed_at) == (0, NOW + MINUTE)


def counted_group(path: Path) -> tuple[dict[str, int], int]:
    with reading(path) as reader:
        (group,) = reader.facts(NOW).inventory.groups
        return {state.value: count for state, count in group.counts}, group.stopped


def test_what_is_stopped_is_counted_in_a_column_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([asking([resource("1"), resource("2", status="stopped")])])
    assert counted_group(path) == ({"OK": 1}, 1)
    # What a former program reads there holds no word that it does not know.
    (counts,) = PLACES.execute(path, CACHE, "SELECT CAST(counts AS text), stopped FROM resource_group")
    assert (json.loads(str(counts[0])), counts[1]) == ({"OK": 1}, 1)


def test_what_was_counted_as_ok_before_is_counted_anew_by_the_first_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.db"
    some = [resource("1"), resource("2", status="stopped")]
    with writing(path) as writer:
        with monkeypatch.context() as before:
            before.setattr(inventory, "_DIGEST", "1")
            writer.record([asking(some)])
        PLACES.execute(path, CACHE, "UPDATE resource_group SET counts = '{\"OK\": 2}', stopped = 0")
        assert counted_group(path) == ({"OK": 2}, 0)
        writer.record([asking(some, NOW + MINUTE)])
    assert counted_group(path) == ({"OK": 1}, 1)


def test_what_was_stopped_among_the_counts_of_a_former_cache_stays_known(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([asking([resource("1"), resource("2", status="stopped")])])
    PLACES.execute(path, CACHE, 'UPDATE resource_group SET counts = \'{"OK": 1, "stopped": 1}\'')
    PLACES.execute(path, CACHE, "UPDATE feed SET url = url || ' 0123456789abcdef'")
    later = [("resource_group", "stopped"), ("feed", "address"), ("freeze_period", "why"), ("wedding", "assumed")]
    later += [("vendor", "events"), ("vendor", "more")]
    later += [("wedding_source", "questioned_at"), ("wedding_source", "missing")]
    for table, column in later:
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
    PLACES.execute(path, CACHE, "UPDATE alembic_version SET version_num = 'cache_0011'")
    CacheWriter(PLACES.url(path)).close()
    assert counted_group(path) == ({"OK": 1}, 1)
    # The digest behind a feed's URL is let go.
    assert PLACES.execute(path, CACHE, "SELECT url, address FROM feed") == [("https://calendar.example.com/***", "")]


def test_buckets_that_lay_in_no_region_are_listed_anew_and_nothing_of_them_vanished(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    buckets: dict[str, Any] = {"region": "global", "service": "s3", "kinds": ["s3.bucket"]}
    with writing(path) as writer:
        writer.record([asking([resource("1")])])
        writer.record([asking([resource("b", kind="s3.bucket", region="global")], **buckets)])
    later = {"vendor": ("events", "more"), "wedding_source": ("questioned_at", "missing")}
    for table, column in ((table, column) for table, columns in later.items() for column in columns):
        PLACES.execute(path, CACHE, f"ALTER TABLE {table} DROP COLUMN {column}")
    for table in ("account", "change", "change_mark", "alert_copy", "alert_source", "alert_list"):
        PLACES.execute(path, CACHE, f"DROP TABLE {table}")
    PLACES.execute(path, CACHE, "UPDATE alembic_version SET version_num = 'cache_0017'")
    with writing(path) as writer, reading(path) as reader:
        assert present(reader) == ["i-1"]
        writer.record([asking([resource("b", kind="s3.bucket")], NOW + MINUTE, **buckets)])
        assert present(reader, NOW + MINUTE) == ["i-1", "i-b"]
        assert not vanished(reader, NOW + MINUTE)


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    many = [resource(f"{n:05}") for n in range(2000)]
    with writing(tmp_path / "c.db") as writer:
        writer.record([asking(many)])
        written = statements_of(writer)
        writer.record([asking(many, NOW + MINUTE)])
        assert written == [("UPDATE api", 1), ("UPDATE resource_group", 1)]
        written.clear()
        writer.record([asking([*many[:-1], replace(many[-1], status="stopped")], NOW + 2 * MINUTE)])
        assert ("UPDATE resource", 1) in written
        assert sum(rows for _, rows in written) < 6


def statements_of(writer: CacheWriter) -> list[tuple[str, int]]:
    """Note every statement that writes: its table, and for how many rows it was executed."""
    noted: list[tuple[str, int]] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: object, _context: object, many: bool
    ) -> None:
        if statement.split(maxsplit=1)[0] in {"INSERT", "UPDATE", "DELETE"}:
            words = statement.split()
            rows = len(parameters) if many and isinstance(parameters, list) else 1
            noted.append((f"{words[0]} {words[1]}", rows))

    engine = getattr(writer._store, "_engine")  # noqa: B009 - what no protocol of ours shows
    event.listen(engine, "before_cursor_execute", note)
    return noted


def test_pages_give_every_one_of_ten_thousand_once_and_in_order(tmp_path: Path) -> None:
    states = list(State)
    many = [resource(f"{n:05}", name=f"web-{n % 977}", state=states[n % 4]) for n in range(10_000)]
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking(many)])
        for order in Order:
            seen: list[str] = []
            states_seen: list[State] = []
            query = ResourceQuery(order=order, limit=1000)
            page = reader.resources(query, NOW)
            while True:
                assert page.total == 10_000
                assert len(page.rows) <= 1000
                seen += [each.resource.id for each in page.rows]
                states_seen += [each.resource.state for each in page.rows]
                if page.next is None:
                    break
                page = reader.resources(replace(query, after=page.next), NOW)
            assert len(seen) == len(set(seen)) == 10_000
            if order is Order.WORST:
                ranks = [State.CRITICAL, State.UNKNOWN, State.DEGRADED, State.OK]
                assert states_seen == sorted(states_seen, key=ranks.index)


def test_a_page_goes_on_where_it_ended_while_resources_come_and_go(tmp_path: Path) -> None:
    some = [resource(name) for name in "bdfh"]
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking(some)])
        page = reader.resources(ResourceQuery(limit=2), NOW)
        assert [each.resource.id for each in page.rows] == ["i-b", "i-d"]
        writer.record([asking([resource(name) for name in "aefh"], NOW + MINUTE)])
        rest = reader.resources(ResourceQuery(limit=9, after=page.next), NOW)
        assert [each.resource.id for each in rest.rows] == ["i-e", "i-f", "i-h"]
        assert rest.next is None


ids = st.sets(st.sampled_from("abcdef"))


@examples(40)
@given(rounds=st.lists(st.tuples(st.sampled_from([Reach.ANSWERED, Reach.ANSWERED, Reach.PARTIAL, Reach.DENIED]), ids)))
def test_it_always_holds_what_the_answers_said(
    tmp_path_factory: pytest.TempPathFactory, rounds: list[tuple[Reach, set[str]]]
) -> None:
    path = tmp_path_factory.mktemp("cache") / "c.db"
    there: set[str] = set()
    ever: set[str] = set()
    with writing(path) as writer, reading(path) as reader:
        for minute, (reach, names) in enumerate(rounds):
            at = NOW + minute * MINUTE
            listed = set() if reach is Reach.DENIED else names
            kinds = [INSTANCE] if reach is Reach.ANSWERED else []
            writer.record([asking([resource(name) for name in sorted(listed)], at, reach=reach, kinds=kinds)])
            there = listed if reach is Reach.ANSWERED else there | listed
            ever |= listed
            assert {number.removeprefix("i-") for number in present(reader, at)} == there
            assert {number.removeprefix("i-") for number in vanished(reader, at)} == ever - there
            assert sum(g.total for g in reader.facts(at).inventory.groups) == len(there)


def test_what_expired_long_ago_crowds_out_nothing_that_is_about_to(tmp_path: Path) -> None:
    def certificate(name: str, days: int) -> Resource:
        return resource(name, kind="acm.certificate", expires_at=NOW + timedelta(days=days))

    past = [certificate(f"past-{n:02}", -1 - n) for n in range(30)]
    coming = [certificate("third", 20), certificate("first", 1), certificate("second", 5), certificate("never", 22)]
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking([*past, *coming], kinds=["acm.certificate"], service="acm")])
        names = [each.name.removeprefix("web-") for each in reader.facts(NOW).inventory.expiring]
        assert names[:5] == ["first", "second", "third", "past-00", "past-01"]
        assert len(names) == 20


def test_resources_are_values_of_their_own(tmp_path: Path) -> None:
    """Two providers, kinds or regions may give the same id to different things."""
    same: list[Resource] = [resource("1"), resource("1", kind="ec2.volume"), resource("1", region="eu-west-2")]
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([asking(same, kinds=[INSTANCE, "ec2.volume"]), asking(same[:1], provider="gcp")])
        assert reader.resources(EVERYTHING, NOW).total == 4


def neighbours(path: Path, *place: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return region, id and state of what a resource rests on, and region and id of what rests on it."""
    with reading(path) as reader:
        view = reader.resource(*place)
    assert view is not None
    known = [each.known.resource if each.known else None for each in view.depends_on]
    below: list[tuple[str, ...]] = [(r.region, r.id, r.state.value) if r else ("nowhere",) for r in known]
    return below, [(k.resource.region, k.resource.id) for k in view.needed_by]


def database(region: str, state: State, **more: Any) -> Resource:
    return resource("db-1", kind="rds.instance", region=region, state=state, **more)


RDS: dict[str, Any] = {"service": "rds", "kinds": ["rds.instance", "rds.cluster"]}


def test_a_neighbour_is_that_of_the_same_region(tmp_path: Path) -> None:
    """Regions give the same names: the database of another one neither is nor carries this cluster."""
    states = {"eu-west-1": State.CRITICAL, "us-east-1": State.OK}
    with writing(tmp_path / "c.db") as writer:
        for region, state in states.items():
            rests = resource("main", kind="rds.cluster", region=region, depends_on=("i-db-1", "i-db-9"))
            writer.record([asking([database(region, state), rests], region=region, **RDS)])
    for region, state in states.items():
        below, above = neighbours(tmp_path / "c.db", "aws", "rds.cluster", region, "i-main")
        assert (below, above) == ([(region, "i-db-1", state), ("nowhere",)], [])
        below, above = neighbours(tmp_path / "c.db", "aws", "rds.instance", region, "i-db-1")
        assert (below, above) == ([], [(region, "i-main")])


def test_every_one_of_many_that_it_rests_on_is_looked_up(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    targets = [resource(f"{n:03}") for n in range(2 * LOOKED_UP + 7)]
    ids = (*(each.id for each in targets), "not-listed")
    group = resource("g", kind="elb.target-group", depends_on=ids)
    with writing(path) as writer, reading(path) as reader:
        writer.record([asking([*targets, group], kinds=[INSTANCE, "elb.target-group"])])
        view = reader.resource("aws", group.kind, group.region, group.id)
    assert view is not None
    assert [each.id for each in view.depends_on] == list(ids)
    assert [each.id for each in view.depends_on if each.known is None] == ["not-listed"]


def test_what_is_named_with_its_region_is_found_there(tmp_path: Path) -> None:
    copies = [resource("copy", kind="rds.instance", region=r, depends_on=("us-east-1/i-db-1",)) for r in ("a", "b")]
    with writing(tmp_path / "c.db") as writer:
        for region, state in (("eu-west-1", State.CRITICAL), ("us-east-1", State.OK)):
            writer.record([asking([database(region, state)], region=region, **RDS)])
        writer.record([asking([each], region=each.region, **RDS) for each in copies])
    for copy in copies:
        below, _ = neighbours(tmp_path / "c.db", "aws", "rds.instance", copy.region, "i-copy")
        assert below == [("us-east-1", "i-db-1", "OK")]
    assert neighbours(tmp_path / "c.db", "aws", "rds.instance", "us-east-1", "i-db-1")[1] == [
        ("a", "i-copy"),
        ("b", "i-copy"),
    ]
    assert neighbours(tmp_path / "c.db", "aws", "rds.instance", "eu-west-1", "i-db-1")[1] == []


def test_what_belongs_to_the_account_and_what_has_an_arn_is_found_from_every_region(tmp_path: Path) -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/0123456789abcdef"
    shop = replace(resource("shop", kind="s3.bucket", region="global"), depends_on=())
    group = replace(resource("web", kind="elb.target-group", region="us-east-1"), id=arn)
    with writing(tmp_path / "c.db") as writer:
        for region in ("eu-west-1", "us-east-1"):
            writer.record([asking([resource("1", region=region, depends_on=(arn, "i-shop"))], region=region)])
        writer.record([asking([shop], region="global", service="s3", kinds=["s3.bucket"])])
        writer.record([asking([group], region="us-east-1", service="elb", kinds=["elb.target-group"])])
    for region in ("eu-west-1", "us-east-1"):
        below, _ = neighbours(tmp_path / "c.db", "aws", INSTANCE, region, "i-1")
        assert below == [("us-east-1", arn, "OK"), ("global", "i-shop", "OK")]
    both = [("eu-west-1", "i-1"), ("us-east-1", "i-1")]
    assert neighbours(tmp_path / "c.db", "aws", "s3.bucket", "global", "i-shop")[1] == both
    assert neighbours(tmp_path / "c.db", "aws", "elb.target-group", "us-east-1", arn)[1] == both


def test_its_own_region_counts_before_the_account_and_what_is_there_before_what_vanished(tmp_path: Path) -> None:
    there = resource("x", kind="ec2.volume", state=State.DEGRADED)
    gone, far = resource("x", kind="rds.instance"), resource("x", kind="s3.bucket", region="global")
    with writing(tmp_path / "c.db") as writer:
        kinds = [INSTANCE, "ec2.volume", "rds.instance"]
        rests = resource("1", depends_on=("i-x",))
        writer.record([asking([far], region="global", service="s3", kinds=["s3.bucket"])])
        writer.record([asking([there, gone, rests], kinds=kinds)])
        writer.record([asking([there, rests], NOW + MINUTE, kinds=kinds)])
        assert neighbours(tmp_path / "c.db", "aws", INSTANCE, "eu-west-1", "i-1")[0] == [
            ("eu-west-1", "i-x", "DEGRADED")
        ]
        writer.record([asking([rests], NOW + 2 * MINUTE, kinds=kinds)])
        ((region, *_),) = neighbours(tmp_path / "c.db", "aws", INSTANCE, "eu-west-1", "i-1")[0]
        assert region == "eu-west-1", "that it is gone is not hidden by another of its name"


def test_nothing_rests_on_itself(tmp_path: Path) -> None:
    """A cluster may have a member of its own name."""
    member = resource("main", kind="rds.instance", state=State.CRITICAL)
    cluster = resource("main", kind="rds.cluster", depends_on=("i-main",))
    with writing(tmp_path / "c.db") as writer:
        writer.record([asking([cluster, member], **RDS)])
    assert neighbours(tmp_path / "c.db", "aws", "rds.cluster", "eu-west-1", "i-main") == (
        [("eu-west-1", "i-main", "CRITICAL")],
        [],
    )
    assert neighbours(tmp_path / "c.db", "aws", "rds.instance", "eu-west-1", "i-main")[1] == [("eu-west-1", "i-main")]
