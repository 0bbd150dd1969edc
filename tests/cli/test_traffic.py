"""`wedtui traffic show`: the shares as the service read them, how old that is, and what customers are told."""

from __future__ import annotations

import json
import tomllib
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.base import WEDNESDAY, Machine, machine, on_both
from tests.poller.service_process import Place as Installed
from tests.providers.aws.conftest import nobody
from tests.providers.traffic import strict_route53
from wedtui.cache.action_copy import ActionCopy
from wedtui.config import Configuration
from wedtui.core.observation import TrafficObservation
from wedtui.core.traffic import Place, TrafficReading
from wedtui.core.traffic_facts import Written
from wedtui.paths import StatePaths

__all__ = ["machine", "nobody"]

NAME = "www.example.com."
CONFIGURED = """\
[[providers]]
name = "aws"
[[providers]]
name = "gcp"
[traffic]
backend = "route53"
name = "www.example.com"
nameservers = ["NAMESERVER"]
[traffic.route53]
hosted_zone_id = "Z1D633PJN98FT9"
[[traffic.places]]
provider = "aws"
region = "eu-west-1"
target = "192.0.2.1"
[[traffic.places]]
provider = "aws"
region = "us-east-1"
target = "192.0.2.2"
[[traffic.places]]
provider = "gcp"
target = "192.0.2.3"
"""
SECOND = timedelta(seconds=1)
READ = TrafficReading(
    backend="route53",
    name=NAME,
    shares={Place("aws", "eu-west-1"): 100, Place("gcp"): 0},
    ttl=60 * SECOND,
    read_at=WEDNESDAY,
    generation=7,
    records="[]",
)


def saw(machine: Machine, *observations: TrafficObservation, nameserver: str = "127.0.0.1") -> None:
    """Have the service read the record."""
    machine.configure(CONFIGURED.replace("NAMESERVER", nameserver))
    configuration = Configuration.model_validate(tomllib.loads(machine.config.read_text(encoding="utf-8")))
    machine.state.mkdir(exist_ok=True)
    with machine.cache() as cache:
        cache.configure(configuration, probe_interval=10 * SECOND, query_interval=60 * SECOND)
        cache.record(observations)


@on_both
def test_what_is_live(machine: Machine) -> None:
    saw(machine, TrafficObservation(NAME, WEDNESDAY, READ))
    machine.now = WEDNESDAY + 12 * SECOND
    answer = machine.run("traffic", "show")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "www.example.com. by route53: TTL 1m, generation 7, in sync; read 12 s ago",
        "  aws/eu-west-1  100 %",
        "  aws/us-east-1  OFF",
        "  gcp              0 %",
    ]
    shown = machine.run("traffic", "show", "--json").json
    assert [(p["provider"], p["region"], p["state"], p["share"]) for p in shown.pop("places")] == [
        ("aws", "eu-west-1", "ON", 100),
        ("aws", "us-east-1", "OFF", None),
        ("gcp", None, "ON", 0),
    ]
    assert shown == {
        "name": NAME,
        "backend": "route53",
        "mode": "propose",
        "ttl_s": 60,
        "generation": 7,
        "in_sync": True,
        "submission": None,
        "pending_since": None,
        "action": None,
        "read_at": "2026-07-22T12:00:00Z",
        "age_s": 12.0,
        "attempted_at": "2026-07-22T12:00:00Z",
        "fresh": True,
        "problem": None,
        "findings": [],
    }


@on_both
def test_a_change_that_is_not_in_sync(machine: Machine) -> None:
    pending = TrafficReading(**{name: getattr(READ, name) for name in READ.__slots__} | {"submission": "C1"})
    saw(machine, TrafficObservation(NAME, WEDNESDAY, pending))
    assert "change C1 is under way (PENDING); read" in machine.run("traffic", "show").out
    shown = machine.run("traffic", "show", "--json").json
    assert (shown["in_sync"], shown["submission"]) == (False, "C1")


@pytest.mark.parametrize(
    ("wrote", "words", "known"),
    [
        ({}, "change C9 of action 12 is under way (PENDING since 2026-07-22 11:59:50 UTC)", ("C9", True)),
        ({"pending": ""}, "the change of action 12 is under way (PENDING since 2026-07-22 11:59:50 UTC)", (None, True)),
        ({"at": None}, "change C9 of action 12 is under way, or it is not known whether it took", ("C9", False)),
        ({"pending": None}, "in sync", None),
        ({"generation": 6}, "in sync", None),
        (
            {"generation": 8},
            "change C9 of action 12 is under way (PENDING since 2026-07-22 11:59:50 UTC)",
            ("C9", True),
        ),
    ],
)
def test_a_change_that_nobody_saw_in_sync_is_under_way_though_its_records_are_read(
    machine: Machine, wrote: dict[str, object], words: str, known: tuple[str | None, bool] | None
) -> None:
    """Route 53 shows the new records at once, and says nothing there of whether its servers have them."""
    saw(machine, TrafficObservation(NAME, WEDNESDAY, READ))
    at = WEDNESDAY - 10 * SECOND
    written = replace(Written(READ.shares, 7, at, 12, "failover gcp by ada", "C9"), **wrote)  # type: ignore[arg-type]
    with closing(ActionCopy(StatePaths(machine.state).cache_url(Configuration()), waits=SECOND)) as copy:
        copy.write((), written, WEDNESDAY)
    (first, *_places) = machine.run("traffic", "show").out.splitlines()
    assert first == f"www.example.com. by route53: TTL 1m, generation 7, {words}; read 0 s ago"
    shown = machine.run("traffic", "show", "--json").json
    since = "2026-07-22T11:59:50Z" if known and known[1] else None
    assert (shown["in_sync"], shown["submission"]) == (known is None, known and known[0])
    assert (shown["pending_since"], shown["action"]) == (since, 12 if known else None)


@on_both
def test_old_knowledge_is_said_to_be_old(machine: Machine) -> None:
    saw(machine, TrafficObservation(NAME, WEDNESDAY, READ))
    machine.now = WEDNESDAY + 121 * SECOND
    answer = machine.run("traffic", "show")
    assert answer.code == 1
    assert answer.out.splitlines()[0].endswith("read 2 m 01 s ago, which is STALE")
    assert machine.run("traffic", "show", "--json").json["fresh"] is False


@on_both
def test_a_reading_that_failed(machine: Machine) -> None:
    failed = TrafficObservation(NAME, WEDNESDAY + SECOND, problem="the shares sum to 90 and not to 100")
    saw(machine, TrafficObservation(NAME, WEDNESDAY, READ), failed)
    machine.now = WEDNESDAY + 2 * SECOND
    answer = machine.run("traffic", "show")
    assert answer.code == 1
    assert answer.out.splitlines()[-1] == "note: the shares sum to 90 and not to 100"
    assert "aws/eu-west-1  100 %" in answer.out


def test_never_read_is_unknown(machine: Machine) -> None:
    saw(machine)
    answer = machine.run("traffic", "show")
    assert answer.code == 1
    assert answer.out == "www.example.com. by route53: never read, so its shares are UNKNOWN\n"
    shown = machine.run("traffic", "show", "--json").json
    assert {place["state"] for place in shown["places"]} == {"UNKNOWN"}
    assert (shown["in_sync"], shown["generation"], shown["age_s"]) == (None, None, None)


def findings(machine: Machine) -> list[tuple[str, str, float | None]]:
    """Return what `status` says of traffic, in every form."""
    found = [f for f in machine.run("status", "--json").json["findings"] if f["subject"] == "traffic"]
    assert all(f["text"] in machine.run("status").out for f in found)
    return [(f["severity"], f["text"], f["age_s"]) for f in found]


def test_a_backend_that_never_answers_is_a_finding_with_its_age(machine: Machine) -> None:
    refused = "PowerDNS cannot be connected to"
    saw(machine, TrafficObservation(NAME, WEDNESDAY, problem=refused))
    machine.now = WEDNESDAY + 9 * SECOND
    unread = f"the shares of {NAME} are UNKNOWN, route53 was never read: {refused}"
    assert findings(machine) == [("unknown", unread, 9.0)]
    assert "never read, so its shares are UNKNOWN; tried 9 s ago" in machine.run("traffic", "show").out
    assert machine.run("traffic", "show", "--json").json["attempted_at"] == "2026-07-22T12:00:00Z"


def test_a_reading_that_fails_or_grows_old_is_a_finding(machine: Machine) -> None:
    failed = TrafficObservation(NAME, WEDNESDAY + 60 * SECOND, problem="it cannot be connected to")
    saw(machine, TrafficObservation(NAME, WEDNESDAY, READ))
    assert findings(machine) == []
    saw(machine, failed)
    machine.now = WEDNESDAY + 61 * SECOND
    counts = f"the newest reading of {NAME} by route53 failed, the one before still counts: it cannot be connected to"
    assert findings(machine) == [("warning", counts, 61.0)]
    machine.now = WEDNESDAY + 121 * SECOND
    old = f"the shares of {NAME} are UNKNOWN, the last reading of route53 is stale: it cannot be connected to"
    assert findings(machine) == [("unknown", old, 121.0)]


@on_both
def test_a_service_that_reads_another_record(machine: Machine) -> None:
    saw(machine, TrafficObservation(NAME, WEDNESDAY, READ))
    machine.configure(CONFIGURED.replace("www.", "shop.").replace("NAMESERVER", "ns1"))
    answer = machine.run("traffic", "show")
    assert answer.code == 1
    assert "shop.example.com. by route53: never read" in answer.out
    assert "the service does not read this record" in answer.out
    assert "100 %" not in answer.out


def test_nothing_to_show(machine: Machine) -> None:
    answer = machine.run("traffic", "show")
    assert answer.code == 2
    assert "no backend of traffic is configured: add backend and places to [traffic]" in answer.err
    machine.configure(CONFIGURED.replace("NAMESERVER", "ns1"))
    missing = machine.run("traffic", "show")
    assert missing.code == 10
    assert "wedtui service start" in missing.err


def weighted(identifier: str, weight: int, target: str) -> dict[str, object]:
    named = {"Name": NAME, "Type": "A", "SetIdentifier": identifier, "Weight": weight, "TTL": 60}
    return {**named, "ResourceRecords": [{"Value": target}]}


def test_the_service_reads_it(tmp_path: Path) -> None:
    """With the credentials that it has, and they alone."""
    with strict_route53.running() as server:
        server.put(weighted("aws/eu-west-1", 70, "192.0.2.1"), weighted("gcp", 30, "192.0.2.3"))
        config = tmp_path / "config.toml"
        zone = 'hosted_zone_id = "Z1D633PJN98FT9"\n'
        config.write_text(
            CONFIGURED.replace("NAMESERVER", "ns1").replace(zone, f'{zone}endpoint_url = "{server.url}"\n')
        )
        place = Installed(tmp_path / "state", config)
        polled = place.wedtui("poll", "--once")
        assert "ok    traffic www.example.com.: aws/eu-west-1 70 %, gcp 30 %" in polled.stdout, polled.stderr
        asked = list(server.asked)
        shown = json.loads(place.wedtui("traffic", "show", "--json").stdout)
        assert [(p["provider"], p["share"]) for p in shown["places"]] == [("aws", 70), ("aws", None), ("gcp", 30)]
        assert shown["problem"] is None
        assert server.asked == asked, "who shows it asks nobody"
        server.put(weighted("aws/eu-west-1", 70, "192.0.2.1"))
        polled = place.wedtui("poll", "--once", "--json")
        seen = [o for o in json.loads(polled.stdout)["observations"] if o["kind"] == "traffic"]
        assert [(o["name"], o["ok"], o["shares"]) for o in seen] == [(NAME, False, None)]
        assert "the shares sum to 70 and not to 100" in seen[0]["problem"]


def test_what_customers_are_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with strict_route53.running() as server:
        server.put(weighted("aws/eu-west-1", 50, "192.0.2.1"), weighted("gcp", 50, "192.0.2.3"))
        saw(machine, TrafficObservation(NAME, WEDNESDAY, READ), nameserver=server.nameserver)
        assert machine.run("traffic", "show", "--sample", "100").out.splitlines()[-1] == (
            "answers of 100: aws/eu-west-1 50, gcp 50"
        )
        shown = machine.run("traffic", "show", "--sample", "10", "--json").json
        assert sum(place["answers"] for place in shown["places"]) == 10
        assert server.asked == [], "nobody asked the API: the credentials are the service's"
    monkeypatch.setattr("wedtui.providers.traffic.questions.WITHIN_S", 0.1)
    silent = machine.run("traffic", "show", "--sample", "3")
    assert silent.code == 16
    assert "3 of 3 questions for www.example.com. were not answered" in silent.err
    machine.configure(CONFIGURED.replace('nameservers = ["NAMESERVER"]\n', ""))
    nobody = machine.run("traffic", "show", "--sample", "3")
    assert nobody.code == 2
    assert "--sample: no nameservers are configured" in nobody.err
