"""The record that shares traffic out, as the cache keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.cache.base import NOW, SECOND, configuration, configure, reading, writing
from wedtui.cache.writer import CacheWriter
from wedtui.core.evidence import Freshness
from wedtui.core.observation import TrafficObservation
from wedtui.core.traffic import Place, TrafficReading
from wedtui.core.traffic_facts import TrafficFacts

NAME = "www.example.com."
TRAFFIC: dict[str, Any] = {
    "backend": "route53",
    "name": "www.example.com",
    "places": [
        {"provider": "aws", "region": "eu-west-1", "target": "192.0.2.1"},
        {"provider": "gcp", "target": "192.0.2.3"},
    ],
    "route53": {"hosted_zone_id": "Z1"},
}
READ = TrafficReading(
    backend="route53",
    name=NAME,
    shares={Place("aws", "eu-west-1"): 100, Place("gcp"): 0},
    ttl=timedelta(seconds=60),
    read_at=NOW,
    generation=7,
    records='[{"Name":"www.example.com."}]',
    submission="C1",
)
UNREAD = TrafficFacts(NAME, "route53", timedelta(seconds=60))


def stored(path: Path) -> TrafficFacts | None:
    with reading(path) as reader:
        return reader.traffic()


def watch(writer: CacheWriter, **changes: Any) -> None:
    configure(writer, configuration(traffic={**TRAFFIC, **changes}))


def test_nothing_is_configured(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        assert stored(tmp_path / "c.db") is None
        assert writer.record([TrafficObservation(NAME, NOW, READ)]) == 1, "it is counted"


def test_a_reading_comes_back_whole(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        watch(writer)
        assert stored(tmp_path / "c.db") == UNREAD
        assert writer.record([TrafficObservation(NAME, NOW, READ)]) == 0
        assert stored(tmp_path / "c.db") == replace(UNREAD, reading=READ, attempted_at=NOW, since=NOW)
        later = replace(READ, submission=None, read_at=NOW + SECOND)
        writer.record([TrafficObservation(NAME, NOW + SECOND, later)])
    assert stored(tmp_path / "c.db") == replace(UNREAD, reading=later, attempted_at=NOW + SECOND, since=NOW)


def test_a_failure_keeps_the_last_good_reading_and_its_age(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        watch(writer)
        writer.record([TrafficObservation(NAME, NOW, READ), TrafficObservation(NAME, NOW + SECOND, problem="denied")])
    found = stored(tmp_path / "c.db")
    assert found == replace(UNREAD, reading=READ, attempted_at=NOW + SECOND, problem="denied", since=NOW)
    assert found.freshness(NOW + 120 * SECOND) is Freshness.FRESH
    assert found.freshness(NOW + 121 * SECOND) is Freshness.STALE
    assert UNREAD.freshness(NOW) is not Freshness.FRESH


def test_what_was_read_of_another_record_says_nothing_of_this_one(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        watch(writer)
        writer.record([TrafficObservation(NAME, NOW, READ)])
        watch(writer, ttl="30s")
        assert stored(tmp_path / "c.db") == replace(UNREAD, reading=READ, attempted_at=NOW, since=NOW)
        watch(writer, name="shop.example.com")
        assert stored(tmp_path / "c.db") == replace(UNREAD, name="shop.example.com.")
        assert writer.record([TrafficObservation(NAME, NOW, READ)]) == 1
        api = {"url": "http://127.0.0.1", "zone": "example.com", "api_key": {"env": "X"}}
        writer.record([TrafficObservation("shop.example.com.", NOW, replace(READ, name="shop.example.com."))])
        watch(writer, name="shop.example.com", backend="powerdns", powerdns=api, nameservers=["ns1"])
        assert stored(tmp_path / "c.db") == replace(UNREAD, name="shop.example.com.", backend="powerdns")
        configure(writer)
        assert stored(tmp_path / "c.db") is None
