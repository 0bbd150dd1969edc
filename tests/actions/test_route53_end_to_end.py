"""A provider fails, and its share leaves it by Route 53: real services, real probes, and a Route 53 that is strict."""

from __future__ import annotations

import json
import re
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.actions.on_route53 import HostedZone
from tests.actions.site import Site
from tests.actions.test_automation_end_to_end import AWS, GCP, Pair
from tests.places import SQLITE
from tests.poller.service_process import eventually
from tests.postgres import Postgres
from tests.providers.aws.conftest import nobody
from tests.providers.traffic import strict_route53 as strict
from tests.providers.traffic.between import first, then
from tests.providers.traffic.strict_route53 import code
from wedtui.cli.action_words import outcome_lines
from wedtui.control.answers import ActionIs

__all__ = ["nobody"]
ONLY_ON = SQLITE
"""What is meant by the stores is said by each test."""
STEPS = ["submit", "in sync", "answers", "watch"]


@pytest.fixture
def zone() -> Iterator[HostedZone]:
    with strict.running() as server:
        yield HostedZone(server)


@pytest.fixture
def site(tmp_path: Path, zone: HostedZone, nobody: None) -> Iterator[Site]:
    made = Site(tmp_path, zone)
    try:
        made.platform.down.add("aws")
        eventually(lambda: made.station.seen("gcp", "PASS") and made.station.seen("aws", "FAIL"))
        yield made
    finally:
        made.close()


@pytest.fixture
def pair(tmp_path: Path, zone: HostedZone, postgres: Postgres, nobody: None) -> Iterator[Pair]:
    made = Pair(tmp_path, zone, postgres.url(postgres.migrated()), "auto")
    try:
        for station in made.stations.values():
            station.start()
        made.well()
        yield made
    finally:
        made.close()


def confirmed(site: Site) -> ActionIs:
    asked = site.client.ask("failover", ["aws"], reason="it answers 503")
    return site.client.confirm(asked.id, digest=asked.digest, typed="aws")


def left(site: Site, zone: HostedZone) -> None:
    """AWS was left once, customers hear that, and the record of it is whole."""
    assert (zone.live(), zone.applied) == ((1, {"aws": 0, "gcp": 100}), 1)
    assert site.sampled() == {GCP: 200}
    assert site.place.wedtui("audit", "verify").returncode == 0


def test_by_itself_through_throttling_and_a_change_that_is_pending(pair: Pair, zone: HostedZone) -> None:
    assert pair.sampled().get(AWS, 0) > 0
    zone.server.pending = 3
    zone.server.fail("change", code("Throttling"), code("PriorRequestNotComplete"))
    zone.server.fail("get_change", code("Throttling"))
    pair.platform.down.add("aws")
    eventually(lambda: any(action.state in {"ended", "handed over"} for action in pair.own()))
    (done,) = pair.own()
    assert (done.outcome, [step.name for step in done.steps]) == ("verified", STEPS), done.sentence
    assert "in sync, 200 answers name each place of 10 % or more and none of 0 %" in done.sentence
    assert (zone.live(), zone.applied) == ((1, {"aws": 0, "gcp": 100}), 1)
    assert len(zone.server.batches) == 1, "what was throttled was sent again, and no other change"
    assert pair.sampled() == {GCP: 200}
    eventually(pair.over)
    assert pair.place.wedtui("audit", "verify").returncode == 0


def test_a_change_that_was_applied_and_never_answered_is_found_and_waited_for(site: Site, zone: HostedZone) -> None:
    zone.server.fail("change", strict.done_and_silent)
    action = confirmed(site)
    # Its answer was lost, and its number with it: what tells when customers hear of it are the nameservers alone.
    eventually(lambda: zone.server.heard.count(f"_wedtui.{zone.record}") > 2)
    assert site.client.action(action.id).state == "claimed", "it is not in sync yet, which is no failure"
    zone.server.publish()
    done = site.station.ended(action.id)
    assert (done.outcome, [step.name for step in done.steps]) == ("verified", STEPS), done.sentence
    left(site, zone)


@pytest.mark.parametrize("when", [first, then], ids=["the request is on its way", "it was made, and nobody heard"])
def test_killed_in_the_middle_it_goes_on(
    site: Site, zone: HostedZone, when: Callable[[Callable[[], object]], strict.Fault]
) -> None:
    dead = threading.Event()

    def die() -> None:
        site.station.die()
        dead.set()

    zone.server.fail("change", when(die))
    action = confirmed(site)
    assert dead.wait(120)
    zone.server.publish()
    site.station.start()
    done = site.station.ended(action.id)
    assert done.outcome == "verified", done.sentence
    left(site, zone)


def asked_again(zone: HostedZone) -> None:
    """Wait until somebody asked twice more whether a change is in sync."""
    known = zone.server.asked.count("get_change")
    eventually(lambda: zone.server.asked.count("get_change") > known + 1, tries=1200)


def test_killed_while_its_change_is_pending_it_is_asked_for_by_its_id_again(site: Site, zone: HostedZone) -> None:
    zone.server.pending = 10_000
    action = confirmed(site)
    for _ in range(3):
        asked_again(zone)
        site.station.die()
        site.station.start()
    running = site.client.action(action.id)
    ((number, change),) = zone.server.changes.items()
    assert running.state == "claimed"
    assert json.loads(running.steps[0].detail) == {"id": number}
    change.left = 0
    done = site.station.ended(action.id)
    assert done.outcome == "verified", done.sentence
    assert {step.name for step in done.steps} == set(STEPS)
    assert f"_wedtui.{zone.record}" not in zone.server.heard, "its id is known: nobody has to ask for its generation"
    left(site, zone)


def test_a_change_on_its_way_stops_a_failback_after_a_restart_as_well(site: Site, zone: HostedZone) -> None:
    def settled() -> tuple[str, str]:
        [found] = [c for c in site.client.plan("failback", []).plan["checks"] if c["rule"] == "settled"]
        return found["result"], found["sentence"]

    # A permission that is missing: whether it is in sync cannot be asked.
    zone.server.fail("get_change", *[code("AccessDenied", 403)] * 10_000)
    zone.server.pending = 0
    action = confirmed(site)
    eventually(lambda: zone.applied == 1, tries=1200)
    (number,) = zone.server.changes
    assert settled() == ("FAIL", f"the change {number} is not yet in sync")
    site.station.die()
    site.station.start()
    assert settled() == ("FAIL", f"the change {number} is not yet in sync")
    assert site.client.action(action.id).state == "claimed"
    zone.server.fail("get_change")
    assert settled() == ("PASS", "no change is on its way")
    assert site.station.ended(action.id).outcome == "verified"


def test_what_is_throttled_waits_where_everybody_sees_it_and_is_made_once(site: Site, zone: HostedZone) -> None:
    zone.server.fail("change", *[code("Throttling")] * 1000)
    action = confirmed(site)

    def said() -> str:
        seen = site.client.action(action.id)
        return " ".join(" ".join(outcome_lines(seen, seen.requested_at)).split())

    eventually(lambda: re.search("never later: ChangeResourceRecordSets .*throttled", said()) is not None, tries=1200)
    assert (zone.live(), zone.applied) == ((0, {"aws": 60, "gcp": 40}), 0)
    zone.server.fail("change")
    done = site.station.ended(action.id)
    assert done.outcome == "verified", done.sentence
    assert len(zone.server.batches) == 1, "what was throttled was sent again, and no other change"
    left(site, zone)


def test_weights_that_somebody_changes_underneath_stay_as_they_made_them(site: Site, zone: HostedZone) -> None:
    def change() -> None:
        zone.server.put(zone.weighted("aws", 10), zone.weighted("gcp", 90))

    zone.server.fail("change", first(change))
    failed = site.station.ended(confirmed(site).id)
    assert failed.outcome == "failed"
    assert "are not those that were read any more" in failed.sentence
    assert (zone.live(), zone.applied) == ((0, {"aws": 10, "gcp": 90}), 0)


ALIAS = {"HostedZoneId": "Z2", "DNSName": "lb.example.net.", "EvaluateTargetHealth": "true"}
FOREIGN: dict[str, tuple[dict[str, object], str]] = {
    "another TTL": ({"TTL": 5}, 'the A record "gcp" has a TTL of 5 s, not of 60 s'),
    "an alias": ({"AliasTarget": ALIAS, "TTL": None, "ResourceRecords": None}, 'the A record "gcp" is an alias'),
    "a stranger": ({"SetIdentifier": "stranger"}, 'the A record "stranger" is foreign'),
    "weights of 90": ({"Weight": 30}, "the shares sum to 90 and not to 100"),
}


def foreign(zone: HostedZone, kind: str) -> strict.Record:
    """Return a record that is not the configured one."""
    record = zone.weighted("gcp", 40) | FOREIGN[kind][0]
    return {key: value for key, value in record.items() if value is not None}


def test_records_that_are_not_those_configured_are_refused_with_their_sentence(site: Site, zone: HostedZone) -> None:
    for kind, (_, said) in FOREIGN.items():
        zone.server.put(zone.weighted("aws", 60), foreign(zone, kind))
        before = zone.server.records
        asked = site.client.ask("failover", ["aws"], reason=kind)
        assert asked.outcome == "refused"
        assert said in asked.sentence
        assert (zone.server.records, zone.applied) == (before, 0)
    chain = site.place.wedtui("audit", "export").stdout
    # What is in quotes is in the quotes of JSON there.
    assert all(said.rpartition('"')[2] in chain for _, said in FOREIGN.values())


def test_foreign_records_where_it_is_looked_what_came_of_it_go_to_a_person(site: Site, zone: HostedZone) -> None:
    stranger = zone.weighted("aws", 1, SetIdentifier="stranger")

    def add(work: Callable[[], strict.Answer]) -> strict.Answer:
        answer = strict.done_and_closed(work)
        zone.server.change(stranger)
        return answer

    zone.server.fail("change", add)
    action = site.station.ended(confirmed(site).id)
    assert action.state == "handed over"
    assert 'the A record "stranger" is foreign' in action.sentence
    assert zone.applied == 1
    told = site.place.wedtui("notify", "list").stdout
    assert "is handed over to a person" in told
    settled = site.client.settle(action.id, sentence="I took the stranger away")
    assert settled.outcome == "settled"
    assert site.place.wedtui("audit", "verify").returncode == 0


def test_what_is_run_by_hand_while_the_service_is_down_is_accepted(site: Site, zone: HostedZone) -> None:
    site.station.end()
    said = site.place.wedtui("failover", "run", "--from", "aws", "--reason", "it answers 503", "--confirm", "aws")
    assert said.returncode == 14
    commands = [shlex.split(line) for line in said.stdout.splitlines() if not line.startswith("#")]
    assert [(words[0], words[5]) for words in commands] == [("aws", "route53")] * 3
    words = commands[1]
    # As the aws-cli does it: its SDK takes the batch.
    client = boto3.client("route53", region_name="us-east-1", endpoint_url=words[words.index("--endpoint-url") + 1])
    batch = json.loads(words[words.index("--change-batch") + 1])
    client.change_resource_record_sets(HostedZoneId=words[words.index("--hosted-zone-id") + 1], ChangeBatch=batch)
    zone.server.publish()
    assert (zone.live(), zone.applied) == ((0, {"aws": 0, "gcp": 100}), 1)
    assert site.sampled() == {GCP: 200}
    # The same again is refused as a whole: these are not the records of the first step any more.
    with pytest.raises(ClientError, match="do not match the current values"):
        client.change_resource_record_sets(HostedZoneId=strict.ZONE, ChangeBatch=batch)
    site.station.start()
    assert site.client.plan("failback", []).plan["before"] == {"aws": 0, "gcp": 100}
