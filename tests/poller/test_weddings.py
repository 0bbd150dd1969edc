"""Readings on their way into the cache beside everything else, through the real service, and through kill -9."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tests.cache.base import NOW, configure
from tests.cache.weddings import HOUR, calendar_of, row, rows, staged, taken
from tests.poller.service_process import Place, eventually, http_server, make_place
from tests.store.processes import kill_after
from wedtui.cache import wedding_import, wedding_stage
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.core.calendar_query import WeddingQuery
from wedtui.core.observation import Claim, WeddingsObservation
from wedtui.ledger.ledger import Ledger
from wedtui.poller.weddings import Importer, Rules

HEADER = "reference,venue,venue_kind,zone,start,end,culture,guests\n"
MANY = 3_000
KILLS = 12


class Bench:
    """An importer with the one thread that writes, on files."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'cache.db'}"
        self.ledger_url = f"sqlite:///{folder / 'ledger.db'}"
        self.writer = CacheWriter(self.url)
        configure(self.writer, calendar_of("main", "other"))
        self.done: list[str] = []

    def reading(
        self, names: str, *, source: str = "main", told: Callable[[bool], None] | None = None, **more: Any
    ) -> Any:
        at = more.pop("at", NOW)
        stage = staged(rows(names))
        return WeddingsObservation(
            source, at, rows=stage, told=told or (lambda taken: self.done.append(str(taken))), **more
        )

    def run(
        self, *readings: tuple[WeddingsObservation, Claim | None], wait: int = 1, must_exist: bool = False
    ) -> Importer:
        async def work() -> Importer:
            loop = asyncio.get_running_loop()
            with ThreadPoolExecutor(max_workers=1) as thread:
                rules = Rules(self.ledger_url, must_exist, 50)
                importer = Importer(self.writer, rules, lambda piece: loop.run_in_executor(thread, piece))
                store, stored = importer._store, list[WeddingsObservation]()

                async def to_its_end(observation: WeddingsObservation, claim: Claim | None) -> None:
                    await store(observation, claim)
                    stored.append(observation)

                importer._store = to_its_end  # type: ignore[method-assign]
                task = asyncio.create_task(importer.run())
                for reading, claim in readings:
                    importer.take(reading, claim)
                # With what follows the last piece.
                await asyncio.to_thread(eventually, lambda: len(stored) >= wait or task.done())
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            return importer

        return asyncio.run(work())

    def names(self) -> str:
        reader = CacheReader(self.url)
        try:
            page = reader.weddings(WeddingQuery(limit=500))
        finally:
            reader.close()
        return " ".join(each.wedding.reference for each in page.rows)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.writer.close()


def test_readings_are_stored_and_their_sources_told(bench: Bench) -> None:
    importer = bench.run((bench.reading("ab"), None), (bench.reading("b", source="other"), None), wait=2)
    assert (bench.names(), bench.done, importer.problem) == ("a b b", ["True", "True"], None)


def test_of_one_source_only_the_newest_waits(bench: Bench) -> None:
    first = bench.reading("xyz", told=lambda taken: pytest.fail(f"the older one was taken: {taken}"))
    bench.run((first, None), (bench.reading("ab"), None))
    assert bench.names() == "a b"
    with pytest.raises(sqlite3.ProgrammingError):
        _ = first.rows.weddings


def test_a_failure_is_noted_and_the_next_one_is_whole(bench: Bench) -> None:
    taken(bench.writer, rows("ab"))
    failed = WeddingsObservation("main", NOW, problem="timed out", told=lambda ok: bench.done.append(str(ok)))
    bench.run((failed, None))
    reader = CacheReader(bench.url)
    try:
        facts = reader.calendar(NOW).sources[0]
    finally:
        reader.close()
    assert (facts.problem, facts.read_at, bench.done) == ("timed out", NOW, ["False"])


def test_what_was_forgotten_is_not_named_again_and_the_ledger_learns_what_is_gone(bench: Bench) -> None:
    ledger = Ledger(bench.ledger_url)
    try:
        alias = ledger.forget_wedding("a", by="ada", at=NOW)
        bench.run((bench.reading("abc"), None))
        assert bench.names() == f"b c {alias}"
        bench.done.clear()
        bench.run((bench.reading("bc", at=NOW + HOUR), None))
        assert bench.names() == "b c"
        assert ledger.settle_forgotten(set(), NOW + HOUR + timedelta(days=32)) == 1
    finally:
        ledger.close()


def test_without_a_ledger_that_must_be_there_nothing_is_taken(bench: Bench) -> None:
    bench.run((bench.reading("ab"), None), must_exist=True)
    assert (bench.names(), bench.done) == ("", ["False"])


def test_a_cache_that_cannot_be_written_is_a_problem_and_no_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    other = sqlite3.connect(bench.url.removeprefix("sqlite:///"), isolation_level=None)
    bench.writer.close()
    bench.writer = CacheWriter(bench.url, waits=timedelta(milliseconds=20))
    other.execute("BEGIN IMMEDIATE")
    importer = bench.run((bench.reading("ab"), None))
    assert "could not be stored" in (importer.problem or "")
    assert bench.done == ["False"]
    other.execute("ROLLBACK")
    other.close()
    bench.done.clear()
    assert bench.run((bench.reading("ab"), None)).problem is None
    assert bench.names() == "a b"


def import_forever(pipe: Connection[int, int], url: str, first: int) -> None:
    """Import one state of the calendar after another, saying which is under way after each piece."""
    for module in (wedding_stage, wedding_import):
        setattr(module, "PAGE", 100)  # noqa: B010 (one of them only borrows it)
    pipe.send(0)
    writer = CacheWriter(url)
    configure(writer, calendar_of("main"))
    number = first
    while True:
        stage = staged(state(number))
        work = writer.weddings.importing(wedding_import.Reading("main", NOW + number * timedelta(seconds=1)), stage)
        for _ in work.pieces():
            pipe.send(number)
        stage.close()
        number += 1


def state(number: int) -> list[Any]:
    """Return a calendar of which a third is other than in the state before, and one that is long to come."""
    return [*(row(f"r{n}-{(number + n) // 3}", NOW + HOUR) for n in range(400)), row("later", NOW + 720 * HOUR)]


def test_kill_9_in_the_middle_of_an_import_never_leaves_too_few(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    dice = random.Random(20260606)
    number = 1
    for _ in range(KILLS):
        sent = kill_after(dice.randint(2, 25), import_forever, f"sqlite:///{path}", number)
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            known = {reference for (reference,) in connection.execute("SELECT reference FROM wedding")}
            (read_at,) = connection.execute("SELECT read_at FROM wedding_source").fetchone()
        if read_at is None:
            continue
        complete = round(read_at / 1e6 - NOW.timestamp())
        number = max(sent[-1], complete)
        # Every wedding of the last whole reading, or its successor: nowhere is one missing in between.
        stems = {reference.partition("-")[0] for reference in known}
        assert len(stems) == 401
        before = {each.reference for each in state(complete)}
        after = {each.reference for each in state(complete + 1)}
        assert before <= known or after <= known
        number += 1
    with closing(CacheWriter(f"sqlite:///{path}")) as writer:
        taken(writer, state(number), at=NOW + timedelta(days=1))
    with closing(sqlite3.connect(path)) as connection:
        assert {r for (r,) in connection.execute("SELECT reference FROM wedding")} == {
            each.reference for each in state(number)
        }


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with http_server() as url:
        made = make_place(tmp_path, url, probes=1)
        source = f'[[weddings.sources]]\nname = "main"\nkind = "csv"\nurl = "{tmp_path / "w.csv"}"\ninterval = "5s"\n'
        made.config.write_text(made.config.read_text() + source)
        yield made
        made.wedtui("service", "stop")


def write(place: Place, count: int) -> None:
    lines = [f"w{n},Hall,hotel,Europe/London,2099-06-06,2099-06-06,british,150\n" for n in range(count)]
    whole = place.config.with_name("w.csv.new")
    whole.write_text(HEADER + "".join(lines))
    whole.rename(place.config.with_name("w.csv"))


def total(place: Place) -> int:
    answer = place.wedtui("weddings", "list", "--limit", "1", "--json")
    return int(json.loads(answer.stdout)["total"]) if answer.returncode == 0 else -1


def test_the_real_service_reads_keeps_questions_and_is_told_by_a_person(place: Place) -> None:
    write(place, MANY)
    service = place.service()
    eventually(lambda: total(place) == MANY)
    eventually(lambda: json.loads(place.wedtui("weddings", "sources", "--json").stdout)[0]["fresh"])
    write(place, 10)
    eventually(lambda: json.loads(place.wedtui("weddings", "sources", "--json").stdout)[0]["questioned"])
    assert total(place) == MANY
    assert place.wedtui("weddings", "accept", "main", "--yes").returncode == 0
    eventually(lambda: total(place) == 10)
    service.send_signal(signal.SIGTERM)
    assert service.wait(120) == 0
    assert total(place) == 10
