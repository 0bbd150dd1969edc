from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cache.base import NOW, SECOND, probe, reading, signal, writing
from tests.examples import examples
from tests.places import hears
from wedtui.cache.rounds import MOST_ROUNDS
from wedtui.cache.writer import CacheWriter
from wedtui.core.evidence import ProbeRound
from wedtui.core.series import Point, probe_signal
from wedtui.store.shape import Asked
from wedtui.store.snapshot import Snapshot


def rounds(path: Path) -> tuple[ProbeRound, ...]:
    with reading(path) as reader:
        return reader.facts(NOW).providers[0].probes[0].rounds


def ages(path: Path) -> list[int]:
    return [(NOW - r.at) // SECOND for r in rounds(path)]


def test_rounds_are_those_of_five_minutes_newest_first(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(NOW - k * SECOND) for k in range(400, 9, -1)])
    assert ages(tmp_path / "c.db") == list(range(10, 311))


def test_the_three_newest_rounds_come_however_old(tmp_path: Path) -> None:
    hour = 3600
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(NOW - k * SECOND) for k in (9 * hour, 5 * hour, 3 * hour, hour)])
    assert ages(tmp_path / "c.db") == [hour, 3 * hour, 5 * hour]


def test_a_clock_that_jumped_back_does_not_reorder_rounds(tmp_path: Path) -> None:
    ahead = [-3600, -3599, -3598]
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(NOW - k * SECOND) for k in (20, *ahead, 10, 5)])
    assert ages(tmp_path / "c.db") == [5, 10, *reversed(ahead), 20]


def test_rounds_from_the_future_do_not_hide_those_before_them(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(NOW - k * SECOND) for k in (500, 200, 100, -3600, -3601, -3602)])
    assert ages(tmp_path / "c.db") == [-3602, -3601, -3600, 100, 200]


def test_rounds_are_bounded_whatever_the_clock_did(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(NOW + k * SECOND) for k in range(1, MOST_ROUNDS + 100)])
    assert len(rounds(tmp_path / "c.db")) == MOST_ROUNDS


def test_changed_says_yes_once_for_every_commit_of_another(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        assert [reader.changed() for _ in range(3)] == [True, False, False]
        writer.record([probe()])
        assert hears(reader)
        assert not reader.changed()
        reader.facts(NOW)
        assert not reader.changed()
        writer.record([signal()])
        reader.facts(NOW)
        assert hears(reader)


def test_changed_says_once_that_there_is_nothing_to_ask(tmp_path: Path) -> None:
    with reading(tmp_path / "c.db") as reader:
        assert [reader.changed() for _ in range(2)] == [True, False]
        with writing(tmp_path / "c.db"):
            assert hears(reader)  # word of it is on its way from a server


def test_the_series_of_a_provider_are_those_that_have_values(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        assert reader.signals("aws") == ()
        writer.record([signal(), probe(), probe(name="rsvp-gcp")])
        assert reader.signals("aws") == ("cpu", probe_signal("rsvp-aws"))
        writer.record_scores(NOW, {"aws": 1.0})
        writer.record([signal(name="latency_p95_ms")])
        assert reader.signals("aws") == ("latency_p95_ms", "cpu", "health_score", probe_signal("rsvp-aws"))
        assert reader.signals("gcp") == (probe_signal("rsvp-gcp"),)
        assert reader.signals("gone") == ()


def test_a_series_ends_where_it_was_asked_to_both_ends_included(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([signal(NOW + k * SECOND, k / 10) for k in range(10)])
        found = reader.series("aws", "cpu", NOW + 2 * SECOND, NOW + 5 * SECOND)
        assert found.points == tuple(Point(NOW + k * SECOND, k / 10) for k in range(2, 6))
        assert reader.series("aws", "memory", NOW, NOW + SECOND).points == ()
        assert reader.series("aws", "cpu", NOW + SECOND, NOW).points == ()


@examples(40)
@given(
    samples=st.dictionaries(st.integers(0, 5000), st.floats(-1e6, 1e6), min_size=1, max_size=120),
    most=st.integers(0, 60),
)
def test_thinning_hides_no_extreme_and_invents_no_value(
    tmp_path_factory: pytest.TempPathFactory, samples: dict[int, float], most: int
) -> None:
    path = tmp_path_factory.mktemp("cache") / "c.db"
    with writing(path) as writer, reading(path) as reader:
        writer.record([signal(NOW + k * SECOND, value) for k, value in samples.items()])
        points = reader.series("aws", "cpu", NOW, NOW + 5000 * SECOND, most=most).points
    all_points = sorted((Point(NOW + k * SECOND, value) for k, value in samples.items()), key=lambda p: p.at)
    allowed = max(most, 2)
    assert len(points) <= allowed
    assert set(points) <= set(all_points)
    assert list(points) == sorted(points, key=lambda p: p.at)
    assert max(p.value for p in points) == max(samples.values())
    assert min(p.value for p in points) == min(samples.values())
    if len(all_points) <= allowed:
        assert list(points) == all_points


def test_a_reader_loads_neither_alembic_nor_the_writer() -> None:
    code = "import sys, wedtui.cache.reader; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    strangers = {"datasketches", "numpy", "sqlalchemy", "alembic", "mako", "httpx", "textual", "icalendar"}
    assert not strangers & set(done.stdout.split())
    assert CacheWriter.__module__ not in done.stdout


def test_a_picture_reads_all_that_it_asked_for_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[Asked] = set()
    read: set[Asked] = set()

    def ahead(of: Snapshot, some: Sequence[Asked], go: Callable[..., None] = Snapshot.ahead) -> None:
        asked.update(some)
        go(of, some)

    def whole(of: Snapshot, one: Asked, go: Callable[..., Any] = Snapshot.all) -> Any:
        read.add(one)
        return go(of, one)

    def scalar(of: Snapshot, statement: str, *values: object, go: Callable[..., Any] = Snapshot.scalar) -> Any:
        read.add(Asked(statement, values))
        return go(of, statement, *values)

    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([probe(NOW), probe(NOW, name="rsvp-gcp"), signal(NOW)])
        reader.facts(NOW)
        for name, spy in (("ahead", ahead), ("all", whole), ("scalar", scalar)):
            monkeypatch.setattr(Snapshot, name, spy)
        for look in (reader.facts, reader.probing):
            look(NOW)
            assert len(asked) > 5
            assert asked <= read
            asked.clear()
