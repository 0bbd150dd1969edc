"""What is remembered of rounds never differs from what a fresh reading finds, whatever happened to the cache."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cache.base import NOW, SECOND, probe, reading, writing
from tests.examples import examples
from tests.places import PLACES
from wedtui.cache import rounds
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.core.evidence import ProbeEvidence
from wedtui.store.instants import to_microseconds

NAMES = ("rsvp-aws", "rsvp-gcp")

# Ages of rounds in seconds (negative: after the instant of the question), as they are stored one after another.
_record = st.tuples(st.just("record"), st.sampled_from(NAMES), st.lists(st.integers(-400, 900), max_size=6))
_gap = st.tuples(st.just("oldest"), st.sampled_from(NAMES), st.integers(1, 5))
_undone = st.tuples(st.just("newest"), st.sampled_from(NAMES), st.integers(1, 5))
_other = st.tuples(st.just("anew"), st.just(""), st.just(0))
_clock = st.tuples(st.just("clock"), st.just(""), st.integers(-500, 500))


def probes(reader: CacheReader, now: int) -> dict[str, ProbeEvidence]:
    facts = reader.facts(NOW + now * SECOND)
    return {p.name: p for provider in facts.providers for p in provider.probes}


def agree(path: Path, reader: CacheReader, now: int = 0) -> None:
    with reading(path) as fresh:
        assert probes(reader, now) == probes(fresh, now)


def happen(path: Path, writer: CacheWriter, what: str, name: str, how: object) -> None:
    if what == "record":
        assert isinstance(how, list)
        writer.record([probe(NOW - k * SECOND, name=name) for k in how])
        return
    order = {"oldest": "", "newest": "DESC"}[what]
    some = f"SELECT id FROM probe_round WHERE probe = ? ORDER BY id {order} LIMIT ?"
    PLACES.execute(path, CACHE, f"DELETE FROM probe_round WHERE id IN ({some})", name, how)


@examples(50)
@given(st.lists(st.one_of(_record, _record, _gap, _undone, _other, _clock), min_size=2, max_size=25))
def test_remembering_finds_what_a_fresh_reading_finds(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, str, object]]
) -> None:
    path = tmp_path_factory.mktemp("cache") / "c.db"
    now = 0
    with ExitStack() as stack, reading(path) as reader:
        writer = stack.enter_context(writing(path))
        for what, name, how in history:
            if what == "clock":
                assert isinstance(how, int)
                now += how
            elif what == "anew":
                stack.close()
                PLACES.remove(path)
                writer = stack.enter_context(writing(path))
            else:
                happen(path, writer, what, name, how)
            agree(path, reader, now)


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        writer.record([probe(NOW - k * SECOND, name=name) for k in range(50, 1, -1) for name in NAMES])
        before = probes(reader, 0)
        writer.record([probe(NOW - SECOND, name="rsvp-aws")])
        after = probes(reader, 0)
    assert after["rsvp-gcp"].rounds is before["rsvp-gcp"].rounds
    assert after["rsvp-aws"].rounds[1] is before["rsvp-aws"].rounds[0]


def test_a_row_that_took_the_number_of_another_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer, reading(path) as reader:
        writer.record([probe(NOW - k * SECOND) for k in (9, 8, 7)])
        agree(path, reader)
        happen(path, writer, "newest", "rsvp-aws", 2)
        writer.record([probe(NOW - k * SECOND) for k in (6, 5)])
        agree(path, reader)


def test_a_round_of_the_future_that_becomes_the_present_moves_the_window(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with writing(path) as writer, reading(path) as reader:
        writer.record([probe(NOW - k * SECOND) for k in (301, 300, 299, 200, 5, -100)])
        for now in (0, 99, 100, 101, 50, 0):
            agree(path, reader, now)


def test_another_file_with_the_same_newest_round_is_read(tmp_path: Path) -> None:
    path, other = tmp_path / "c.db", tmp_path / "other.db"
    for file, oldest in ((path, 9), (other, 8)):
        with writing(file) as writer:
            writer.record([probe(NOW - k * SECOND) for k in (oldest, 7, 6)])
    with reading(path) as reader:
        agree(path, reader)
        PLACES.put(other, path)
        agree(path, reader)


def test_a_lower_number_that_is_committed_later_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    stored = "INSERT INTO probe_round (id, probe, vantage, at, passed) SELECT ?, ?, vantage, ?, passed FROM probe_round"
    stored += " WHERE id = (SELECT min(id) FROM probe_round)"
    with writing(path) as writer, reading(path) as reader:
        writer.record([probe(NOW - 9 * SECOND, name=name) for name in NAMES])
        PLACES.execute(path, CACHE, stored, 100, "rsvp-gcp", to_microseconds(NOW - 7 * SECOND))
        agree(path, reader)
        PLACES.execute(path, CACHE, stored, 50, "rsvp-aws", to_microseconds(NOW - 8 * SECOND))
        agree(path, reader)
        assert len(probes(reader, 0)["rsvp-aws"].rounds) == 2


def test_who_was_away_for_long_misses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "MOST_NEWER", 3)
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        for first in (30, 20, 10):
            writer.record([probe(NOW - (first - k) * SECOND, name=name) for name in NAMES for k in range(first // 10)])
            agree(tmp_path / "c.db", reader)
        assert [len(each.rounds) for each in probes(reader, 0).values()] == [6, 6]
