"""Migrations of stores with rows in them: whole, or not at all, whoever dies and however many begin."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, event

from tests.ledger.base import noted_configurations
from tests.places import POSTGRESQL
from tests.poller.service_process import Place, eventually, http_server
from tests.postgres import Postgres
from tests.store.olden import AT, engine_of, kept_rows, make_first, revision_of, tables_of
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.tables import METADATA as CACHE_TABLES
from wedtui.errors import StoreVersionError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.tables import METADATA as LEDGER_TABLES
from wedtui.store.instants import from_microseconds
from wedtui.store.kind import Kind
from wedtui.store.opening import readable, writable
from wedtui.store.sqlite.engine import enter_wal

KINDS = {CACHE.name: CACHE, LEDGER.name: LEDGER}
BOTH = pytest.mark.parametrize("kind", [CACHE, LEDGER], ids=["cache", "ledger"])
TABLES: dict[str, MetaData] = {CACHE.name: CACHE_TABLES, LEDGER.name: LEDGER_TABLES}
SECOND = timedelta(seconds=1)


@pytest.fixture
def server(system: str, request: pytest.FixtureRequest) -> Postgres | None:
    found: Postgres | None = request.getfixturevalue("postgres") if system == POSTGRESQL else None
    return found


def place_for(server: Postgres | None, folder: Path, name: str = "s.db") -> str:
    return f"sqlite:///{folder / name}" if server is None else server.url(server.database())


def is_whole(url: str, kind: Kind) -> bool:
    """Whether a store has exactly the tables of the present."""
    with engine_of(url, kind) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return bool(revision_of(url, kind) == kind.head and compare_metadata(context, TABLES[kind.name]) == [])


@BOTH
def test_what_the_first_one_held_is_there_and_right(tmp_path: Path, server: Postgres | None, kind: Kind) -> None:
    url = place_for(server, tmp_path)
    make_first(url, kind)
    before = kept_rows(url, kind)
    assert sum(map(len, before.values())) > 50
    with pytest.raises(StoreVersionError, match="older wedtui"), readable(url, kind).reading():
        pass
    writable(url, kind).close()
    assert is_whole(url, kind)
    assert kept_rows(url, kind) == before
    at = from_microseconds(AT)
    if kind is CACHE:
        with closing(CacheReader(url)) as reader:
            found = reader.series("aws", "cpu", at, at + 499 * SECOND, most=1000)
            assert [point.value for point in found.points] == [n / 8 for n in range(500)]
            (provider,) = reader.facts(at).providers
            assert (provider.name, provider.weight, reader.signals("aws")) == ("aws", 60, ("cpu",))
            assert [p.name for p in reader.mirrored_freeze_periods()[0]] == ["fair"]
        return
    with closing(LedgerReader(url)) as reader, closing(Ledger(url)) as ledger:
        entries = reader.freeze_entries(include_lifted=True)
        assert [e.name for e in entries] == [f"fair {n}" for n in range(1, 41)]
        assert [e.lifted_by for e in entries] == ["bob", None] * 20
        assert len(noted_configurations(url)) == 20
        more = ledger.add_freeze("new", at, at + SECOND, reason="r", added_by="ada", added_at=at)
        assert more.id == 41


def _migrate(url: str, name: str, stop_at: int, pipe: Pipe) -> None:
    """Migrate; tell each statement that changes something, and stand still for ever before one of them."""
    count = 0

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal count
        if not statement.lstrip().upper().startswith(("CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE")):
            return
        count += 1
        pipe.send(count)
        if count == stop_at:
            threading.Event().wait()

    event.listen(Engine, "before_cursor_execute", before)
    try:
        writable(url, KINDS[name]).close()
        pipe.send(0)
    except Exception as error:
        pipe.send(repr(error))


def start(url: str, kind: Kind, stop_at: int = -1) -> tuple[Any, Any]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_migrate, args=(url, kind.name, stop_at, sending))
    process.start()
    sending.close()
    return process, receiving


def told(receiving: Any) -> list[object]:
    """Return everything that a process said until its end."""
    found: list[object] = []
    while True:
        try:
            found.append(receiving.recv())
        except EOFError:
            return found


def nobody_is_left(server: Postgres | None, url: str) -> None:
    if server is not None:
        database = url.partition("@/")[2].partition("?")[0]
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name LIKE 'wedtui%%'"
        eventually(lambda: server.query("postgres", sessions, database) == [(0,)])


@BOTH
def test_kill_9_in_the_middle_leaves_all_as_it_was_and_the_next_start_finishes(
    tmp_path: Path, server: Postgres | None, kind: Kind
) -> None:
    """Before the first statement, before the last, and twice between: the same store through all of it."""
    rehearsal = place_for(server, tmp_path, "rehearsal.db")
    make_first(rehearsal, kind)
    process, said = start(rehearsal, kind)
    *statements, done = told(said)
    process.join()
    assert (done, len(statements) > 3) == (0, True)
    url = place_for(server, tmp_path)
    make_first(url, kind)
    before, tables = kept_rows(url, kind, made_anew=True), tables_of(url, kind)
    last = len(statements)
    for stop_at in (1, 1 + last // 3, 1 + 2 * last // 3, last):
        process, said = start(url, kind, stop_at)
        while said.recv() != stop_at:
            pass
        process.kill()
        process.join()
        nobody_is_left(server, url)
        assert revision_of(url, kind) == kind.revisions[0]
        assert tables_of(url, kind) == tables
        assert kept_rows(url, kind, made_anew=True) == before
    writable(url, kind).close()
    assert is_whole(url, kind)
    assert kept_rows(url, kind) == {table: before[table] for table in kept_rows(url, kind)}


def test_kill_9_while_the_server_waits_for_a_reader(postgres: Postgres, tmp_path: Path) -> None:
    """The process is gone, and the server goes on with the statement that it was waiting in: to no end."""
    url = postgres.url(database := postgres.database())
    make_first(url, CACHE)
    before, tables = kept_rows(url, CACHE, made_anew=True), tables_of(url, CACHE)
    with psycopg.connect(postgres.dsn(database), options="-c search_path=wedtui_cache") as reader:
        # What is dropped third: two tables are gone in the other's transaction by then.
        reader.execute("SELECT count(*) FROM probe_round")
        process, _said = start(url, CACHE)
        waits = "SELECT 1 FROM pg_locks WHERE locktype = 'relation' AND NOT granted"
        eventually(lambda: bool(postgres.query(database, waits)))
        process.kill()
        process.join()
    nobody_is_left(postgres, url)
    assert (revision_of(url, CACHE), tables_of(url, CACHE)) == (CACHE.revisions[0], tables)
    assert kept_rows(url, CACHE, made_anew=True) == before
    writable(url, CACHE).close()
    assert is_whole(url, CACHE)


@BOTH
def test_several_who_begin_at_once_do_it_once(tmp_path: Path, server: Postgres | None, kind: Kind) -> None:
    url = place_for(server, tmp_path)
    make_first(url, kind)
    before = kept_rows(url, kind)
    # The first is in the middle when the others begin, and goes on when they wait or have looked.
    begun = [start(url, kind) for _ in range(3)]
    said = [told(receiving) for _, receiving in begun]
    for process, _ in begun:
        process.join()
    assert [each[-1] for each in said] == [0, 0, 0]
    assert sum(len(each) > 1 for each in said) == 1, "the history ran more than once"
    assert is_whole(url, kind)
    assert kept_rows(url, kind) == before


def test_nobody_waits_while_another_loads_what_migrates(tmp_path: Path) -> None:
    """Loading takes longer than the history of a new store, and on a busy machine longer than anybody waits."""
    code = (
        "import sys\n"
        "from sqlalchemy import Engine, event\n"
        "from wedtui.ledger.kind import LEDGER\n"
        "from wedtui.store.opening import writable\n"
        "loaded = []\n"
        "@event.listens_for(Engine, 'before_cursor_execute')\n"
        "def before(connection, cursor, statement, *more):\n"
        "    loaded.extend(['alembic.command' in sys.modules] if statement == 'BEGIN IMMEDIATE' else [])\n"
        f"writable({f'sqlite:///{tmp_path}/ledger.db'!r}, LEDGER).close()\n"
        "print(loaded)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # The first looks whether there is something to do at all.
    assert done.stdout.strip() == "[False, True]"


def test_who_comes_late_does_not_take_the_new_ledger_for_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy that is kept is of what was there before, whoever migrated it."""
    path = tmp_path / "ledger.db"
    make_first(f"sqlite:///{path}", LEDGER)
    others = [True]

    def late(engine: Engine, file: Path) -> None:
        if others.pop() if others else False:
            writable(f"sqlite:///{path}", LEDGER).close()
        enter_wal(engine, file)

    monkeypatch.setattr("wedtui.store.sqlite.migrate.enter_wal", late)
    writable(f"sqlite:///{path}", LEDGER).close()
    with closing(sqlite3.connect(path.with_name(f"ledger.db.before-{LEDGER.head}"))) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(LEDGER.revisions[0],)]


def _service_place(folder: Path, vantage: str, stores: str, url: str) -> Place:
    state, config = folder / vantage, folder / f"{vantage}.toml"
    state.mkdir(mode=0o750)
    probes = f'[[probes]]\nname = "rsvp-aws"\nprovider = "aws"\nurl = "{url}"\ninterval = "500ms"\n'
    head = f'[cache]\nurl = "{stores}"\n[ledger]\nurl = "{stores}"\n[service]\nvantage = "{vantage}"\n'
    config.write_text(f'{head}[[providers]]\nname = "aws"\nweight = 100\n[freeze]\n{probes}')
    return Place(state, config)


def test_two_services_that_start_the_migration_at_once(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.url(database := postgres.database())
    for kind in (CACHE, LEDGER):
        make_first(url, kind)
    before = kept_rows(url, LEDGER)["freeze_period"]
    with http_server() as probed:
        places = [_service_place(tmp_path, vantage, url, probed) for vantage in ("london", "oregon")]
        started: list[Any] = []
        threads = [threading.Thread(target=lambda place=place: started.append(place.service())) for place in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        try:
            assert len(started) == 2
            seen = "SELECT count(DISTINCT vantage) FROM probe_round"
            eventually(lambda: postgres.query(database, seen) == [(2,)])
        finally:
            for process in started:
                process.terminate()
            codes = [process.wait(120) for process in started]
    assert codes == [0, 0]
    assert all(is_whole(url, kind) for kind in (CACHE, LEDGER))
    assert kept_rows(url, LEDGER)["freeze_period"] == before
