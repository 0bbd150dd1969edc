"""A store that a newer wedtui brought up to date while this one was writing it: not a row more, and one sentence."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from tests.cache.base import NOW, SECOND, configure, probe
from tests.places import PLACES, POSTGRESQL
from tests.poller.service_process import Place, eventually, http_server
from tests.postgres import Postgres
from wedtui.cache.kind import CACHE
from wedtui.cache.writer import CacheWriter
from wedtui.errors import StoreUnreadableError, StoreVersionError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.store.kind import Kind
from wedtui.store.opening import writable
from wedtui.store.postgres.writing import turn

UPDATE = "UPDATE alembic_version SET version_num = ?"


@pytest.fixture(autouse=True)
def _on_each_system(places: None) -> None:
    """Use the places of the system under test."""


def newer(kind: Kind) -> str:
    return f"{kind.name}_9999"


@pytest.mark.parametrize("kind", [CACHE, LEDGER], ids=["cache", "ledger"])
def test_nothing_is_written_any_more_and_one_sentence_says_why(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "s.db"
    with closing(writable(PLACES.url(path), kind)) as store:
        with store.writing() as connection:
            connection.execute(text("SELECT 1"))
        PLACES.execute(path, kind, UPDATE, newer(kind))
        for _ in range(2):
            refused = pytest.raises(StoreVersionError, match=r"was brought up to date by a newer wedtui .*: start this")
            with refused, store.writing():
                raise AssertionError("it was given the pen")
        # Whoever puts the right state back need not start it again.
        PLACES.execute(path, kind, UPDATE, kind.head)
        with store.writing() as connection:
            connection.execute(text("SELECT 1"))


def test_what_a_service_and_a_person_had_in_their_hands_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with closing(CacheWriter(PLACES.url(path))) as cache, closing(Ledger(PLACES.url(tmp_path / "l.db"))) as ledger:
        configure(cache)
        cache.record([probe()])
        PLACES.execute(path, CACHE, UPDATE, newer(CACHE))
        PLACES.execute(tmp_path / "l.db", LEDGER, UPDATE, newer(LEDGER))
        with pytest.raises(StoreVersionError):
            cache.record([probe(NOW + SECOND)])
        with pytest.raises(StoreVersionError):
            ledger.add_freeze("x", NOW, NOW + SECOND, reason="r", added_by="ada", added_at=NOW)
    assert PLACES.execute(path, CACHE, "SELECT count(*) FROM probe_round") == [(1,)]
    assert PLACES.execute(tmp_path / "l.db", LEDGER, "SELECT count(*) FROM freeze_period") == [(0,)]


def test_a_store_without_a_version_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    with closing(writable(PLACES.url(path), CACHE)) as store:
        PLACES.execute(path, CACHE, "DELETE FROM alembic_version")
        with pytest.raises(StoreUnreadableError), store.writing():
            raise AssertionError("it was given the pen")


@contextmanager
def _in_the_middle_of_migrating(path: Path, server: Postgres | None) -> Iterator[Callable[[], bool]]:
    """Hold what a newer wedtui holds while it migrates, with the new revision written and not committed yet.

    Gives a way to see whether somebody waits for it (in a file nobody can see that).
    """
    if server is None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute(UPDATE, (newer(CACHE),))
            yield lambda: True
            other.execute("COMMIT")
        return
    database = PLACES.url(path).partition("@/")[2].partition("?")[0]
    with psycopg.connect(server.dsn(database), options="-c search_path=wedtui_cache") as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (turn(CACHE),))
        other.execute(UPDATE.replace("?", "%s"), (newer(CACHE),))
        waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        yield lambda: bool(server.query(database, waits))
        other.commit()


def test_who_waited_while_it_was_migrated_does_not_write_afterwards(
    tmp_path: Path, system: str, request: pytest.FixtureRequest
) -> None:
    """The revision that counts is the one of the moment at which it has its turn, not that at which it asked for it."""
    path = tmp_path / "s.db"
    server = request.getfixturevalue("postgres") if system == POSTGRESQL else None
    with closing(CacheWriter(PLACES.url(path))) as cache:
        configure(cache)
        said: list[str] = []

        def write() -> None:
            try:
                cache.record([probe()])
            except StoreVersionError as error:
                said.append(str(error))

        thread = threading.Thread(target=write)
        with _in_the_middle_of_migrating(path, server) as somebody_waits:
            thread.start()
            eventually(somebody_waits)
        thread.join()
    assert len(said) == 1
    assert PLACES.execute(path, CACHE, "SELECT count(*) FROM probe_round") == [(0,)]


def _place(folder: Path, url: str, system: str) -> Place:
    state, config = folder / "state", folder / "config.toml"
    state.mkdir(mode=0o750)
    stores = ""
    if system == POSTGRESQL:
        database = PLACES.url(folder / "both")
        stores = f'[cache]\nurl = "{database}"\n[ledger]\nurl = "{database}"\n'
    probes = f'[[probes]]\nname = "p"\nprovider = "here"\nurl = "{url}"\ninterval = "500ms"\n'
    config.write_text(f'{stores}[[providers]]\nname = "here"\nweight = 100\n[freeze]\n{probes}')
    return Place(state, config)


def test_a_service_of_an_older_program_ends_with_one_sentence_and_takes_up_nothing(tmp_path: Path, system: str) -> None:
    path = tmp_path / "both" if system == POSTGRESQL else tmp_path / "state" / "cache.db"

    def rounds() -> int:
        ((count,),) = PLACES.execute(path, CACHE, "SELECT count(*) FROM probe_round")
        return int(count)

    with http_server() as url:
        place = _place(tmp_path, url, system)
        service = place.service()
        try:
            eventually(lambda: rounds() > 2)
            PLACES.execute(path, CACHE, UPDATE, newer(CACHE))
            after = rounds()
            assert service.wait(60) == StoreVersionError.exit_code
        finally:
            service.kill()
            service.wait()
        leases = "SELECT name, holder, fence, since, until FROM lease ORDER BY name"
        held = PLACES.execute(path, CACHE, leases)
        log = (place.state / "service.log").read_text()
        sentence = re.search(r"[^\"]*was brought up to date by a newer wedtui \(revision cache_9999\)[^\"]*", log)
        assert sentence is not None
        assert sentence.group().endswith("start this one again with the newer version")
        # Nor does it come back, and its status says why.
        again = place.wedtui("service", "run")
        assert again.returncode == StoreVersionError.exit_code
        assert "written by a newer wedtui" in again.stderr
        assert "written by a newer wedtui" in place.wedtui("service", "status").stderr
    assert rounds() == after
    assert PLACES.execute(path, CACHE, leases) == held


def test_the_newer_program_tells_of_an_older_service(tmp_path: Path, system: str) -> None:
    path = tmp_path / "both" if system == POSTGRESQL else tmp_path / "state" / "cache.db"
    with http_server() as url:
        place = _place(tmp_path, url, system)
        service = place.service()
        try:
            words = "may not write it any more: start it again with the newer one"
            assert words not in place.wedtui("service", "status").stdout
            service.kill()
            service.wait()
            # As its row is after a migration: the older program never wrote what it knows.
            PLACES.execute(path, CACHE, "UPDATE service SET revision = NULL")
            assert words in place.wedtui("service", "status").stdout
        finally:
            service.kill()
            service.wait()
        service = place.service()
        service.terminate()
        assert service.wait(120) == 0
        assert words not in place.wedtui("service", "status").stdout
