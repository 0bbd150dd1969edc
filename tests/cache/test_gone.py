"""What a judgement was built on does not vanish without a word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cache.base import NOW, SECOND, configuration, configure, probe, reading, signal, writing
from tests.places import PLACES
from wedtui.cache.kind import CACHE
from wedtui.cache.writer import CacheWriter
from wedtui.config import Configuration
from wedtui.core.gone import SAID_FOR, gone_findings
from wedtui.store.snapshot import Snapshot

LATER = NOW + 60 * SECOND
BAD = "is no longer configured and counts no more, but it was bad when it was last measured"
NEXT = "name it again, or look at what it watched"


def said(path: Path, now: object = LATER) -> list[str]:
    assert isinstance(now, type(NOW))
    with reading(path) as reader:
        found = reader.facts(now).gone
        return [f"{each.subject}: {each.text}" for each in gone_findings(found, now)]


def without_probe() -> Configuration:
    return configuration(probes=[{"name": "rsvp-gcp", "provider": "gcp", "url": "https://gcp.example.com/healthz"}])


@pytest.mark.parametrize(
    ("last", "bad"),
    [
        (probe(passed=False, ms=None, failure="timed out"), "it timed out"),
        (probe(passed=False, ms=None), "it failed"),
        (probe(ms=1200.0), "it took 1200 ms"),
        (probe(ms=120.0), None),
    ],
)
def test_a_probe_that_was_bad_and_is_not_configured_any_more_is_said(tmp_path: Path, last: object, bad: str) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([probe(NOW - SECOND), last])  # type: ignore[list-item]
        assert said(path) == []
        configure(writer, without_probe())
        words = [] if bad is None else [f"rsvp-aws: this probe {BAD}: {bad}; {NEXT}"]
        assert said(path) == words
        with reading(path) as reader:
            assert [each.name for each in reader.facts(LATER).probes] == ["rsvp-gcp"]
        # What another service still sees of it counts no more, and is not stored.
        assert writer.record([probe(LATER)]) == 1
        assert said(path) == words
        # What was measured before is not believed of one that has its name anew.
        configure(writer)
        assert said(path) == []
        with reading(path) as reader:
            (anew,) = [p for e in reader.facts(LATER).providers for p in e.probes if p.name == "rsvp-aws"]
            assert anew.rounds == ()


def test_a_probe_that_is_somewhere_else_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([probe(passed=False)])
        moved = [{"name": "rsvp-aws", "provider": "aws", "url": "https://other.example.com/"}]
        configure(writer, configuration(probes=moved))
        assert said(path) == []
        assert PLACES.execute(path, CACHE, "SELECT count(*) FROM probe_round") == [(0,)]


def test_where_it_was_bad_is_named_where_others_measured_it_too(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer, closing(CacheWriter(PLACES.url(path), vantage="oregon")) as oregon:
        oregon.record([probe(LATER - timedelta(hours=20), passed=False, ms=None, failure="timed out")])
        writer.record([probe(LATER - SECOND)])
        configure(writer, without_probe())
        assert said(path) == [f"rsvp-aws: this probe {BAD} from oregon: it timed out; {NEXT}"]


def test_hundreds_that_are_gone_are_read_in_few_statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.db"
    many = [{"name": f"p{n:03}", "provider": "aws", "url": f"https://a.example.com/{n}"} for n in range(450)]
    asked: list[str] = []
    values = Snapshot.values

    def counting(snapshot: Snapshot, statement: str, *parameters: object) -> Iterator[tuple[Any, ...]]:
        asked.append(statement)
        return values(snapshot, statement, *parameters)

    monkeypatch.setattr(Snapshot, "values", counting)
    with writing(path) as writer:
        configure(writer, configuration(probes=many))
        rounds = [probe(NOW - SECOND, name=each["name"], passed=True) for each in many]
        writer.record([*rounds, *(probe(NOW, name=each["name"], passed=False) for each in many)])
        configure(writer, without_probe())
        with reading(path) as reader:
            gone = reader.facts(LATER).gone.probes
    assert len(asked) < 20
    assert [each.name for each in sorted(gone, key=lambda each: each.name)] == [each["name"] for each in many]
    assert {(each.newest.at, each.newest.passed) for each in gone} == {(NOW, False)}


def test_it_is_said_for_a_day_and_then_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([probe(passed=False), signal(NOW, 0.9)])
        configure(writer, configuration(probes=[], prometheus=[]))
        assert len(said(path, NOW + SAID_FOR - SECOND)) == 2
        assert said(path, NOW + SAID_FOR) == []
        # By the database's clock, which is far from that day.
        age = "UPDATE probe_seen SET measured_at = 0"
        PLACES.execute(path, CACHE, age)
        writer.forget_dropped()
        assert PLACES.execute(path, CACHE, "SELECT count(*) FROM probe_seen") == [(0,)]
        configure(writer)
        writer.record([probe()])
        PLACES.execute(path, CACHE, age)
        writer.forget_dropped()
        assert PLACES.execute(path, CACHE, "SELECT count(*) FROM probe_seen") == [(1,)]


@pytest.mark.parametrize(
    ("name", "value", "bad"),
    [("cpu", 0.9, "90.0 %"), ("latency_p95_ms", 800.0, "800 ms"), ("cpu", 0.5, None), ("latency_p95_ms", 100.0, None)],
)
def test_a_signal_that_was_bad_and_is_not_configured_any_more_is_said(
    tmp_path: Path, name: str, value: float, bad: str | None
) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer:
        writer.record([signal(NOW - SECOND, 0.1, name=name), signal(NOW, value, name=name)])
        assert said(path) == []
        configure(writer, configuration(prometheus=[]))
        assert said(path) == ([] if bad is None else [f"aws: {name} {BAD}: it was {bad}; {NEXT}"])
        assert said(path, NOW - timedelta(minutes=1)) == [], "it was not measured yet"
        configure(writer)
        assert said(path) == []
