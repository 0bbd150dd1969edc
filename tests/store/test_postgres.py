"""What only a server does: it goes away, refuses, is shared by several writers, and tells of commits."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.pq import PipelineStatus
from sqlalchemy.exc import IntegrityError

from tests.cache.base import NOW, SECOND, configure, probe, service
from tests.cache.base import signal as signal_at
from tests.places import hears
from tests.poller.service_process import eventually
from tests.postgres import Postgres, running_postgres
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.core.chain import Entry, verify
from wedtui.errors import (
    ConfigurationError,
    StoodStillError,
    StoreLockedError,
    StoreMissingError,
    StoreUnreachableError,
    StoreUnreadableError,
    StoreVersionError,
)
from wedtui.ledger.audit import AuditLedger
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.signing import make_key
from wedtui.store.instants import to_microseconds
from wedtui.store.opening import Writable, check_url, readable, writable
from wedtui.store.postgres import writing
from wedtui.store.postgres.reading import driver_words

GRANTS = Path(__file__).parents[2] / "docs" / "postgresql.sql"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """A PostgreSQL that this module may stop and kill."""
    with running_postgres() as running:
        yield running


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:hunter2@db.example.com/wedtui", "holds a password"),
        ("postgresql+psycopg2://db/wedtui", "names a driver that is not supported"),
        ("postgresql://db.example.com", "names no database"),
        ("postgresql://db/wedtui?options=-cx", "has options, which wedtui sets itself"),
        ("postgresql://db/wedtui?hunter2=1", "is not a URL that PostgreSQL understands"),
        ("postgresql://[db/wedtui", "is not a URL that PostgreSQL understands"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        check_url(url, CACHE)
    assert "hunter2" not in str(refused.value)
    assert str(refused.value).startswith("cache.url")


def test_parameters_are_written_as_the_driver_takes_them() -> None:
    assert driver_words("SELECT a % ?, :b, c::text FROM t WHERE d = :d_e") == (
        "SELECT a %% %s, %(b)s, c::text FROM t WHERE d = %(d_e)s"
    )


def test_what_is_not_there_is_said(server: Postgres) -> None:
    for kind in (CACHE, LEDGER):
        with pytest.raises(StoreMissingError, match=r"there is no database for schema .* create it"):
            writable(server.url("none"), kind)
    reader = readable(server.url(server.database()), CACHE)
    with pytest.raises(StoreUnreadableError, match="is not a cache of wedtui, or not yet one"), reader.reading():
        pass
    reader.close()


def test_a_schema_of_something_else_and_a_newer_one_are_left_as_they_are(server: Postgres) -> None:
    name = server.database()
    server.query(name, "CREATE SCHEMA wedtui_cache CREATE TABLE guests (name text)")
    with pytest.raises(StoreUnreadableError, match="holds tables of something else"):
        writable(server.url(name), CACHE)
    assert server.query(name, "SELECT count(*) FROM wedtui_cache.guests") == [(0,)]
    name = server.migrated()
    server.query(name, "UPDATE alembic_version SET version_num = 'cache_9999'")
    for attempt in (lambda: writable(server.url(name), CACHE), lambda: CacheReader(server.url(name)).facts(NOW)):
        with pytest.raises(StoreVersionError, match="written by a newer wedtui"):
            attempt()


def _migrate(url: str, pipe: Pipe) -> None:
    pipe.recv()
    try:
        for kind in (CACHE, LEDGER):
            writable(url, kind).close()
        pipe.send("done")
    except Exception as error:
        pipe.send(repr(error))


def test_several_who_migrate_at_once_follow_one_another(server: Postgres) -> None:
    url = server.url(server.database())
    started = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(3):
        ours, theirs = started.Pipe()
        process = started.Process(target=_migrate, args=(url, theirs))
        process.start()
        pipes.append(ours)
        processes.append(process)
    for pipe in pipes:
        pipe.send("go")
    assert [pipe.recv() for pipe in pipes] == ["done"] * 3
    for process in processes:
        process.join()


def test_a_migration_that_fails_leaves_nothing(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    name = server.database()

    def fails(*_: object) -> None:
        raise RuntimeError("interrupted")

    monkeypatch.setattr("alembic.runtime.migration.MigrationContext._ensure_version_table", fails)
    with pytest.raises(RuntimeError):
        writable(server.url(name), CACHE)
    monkeypatch.undo()
    assert server.query(name, "SELECT to_regnamespace('wedtui_cache')") == [(None,)]
    writable(server.url(name), CACHE).close()


def test_a_server_that_goes_away_and_comes_back(server: Postgres) -> None:
    url = server.url(server.migrated())
    writer, reader = CacheWriter(url), CacheReader(url)
    configure(writer)
    writer.record([probe()])
    assert reader.facts(NOW).providers[0].probes[0].rounds
    for how in (signal.SIGINT, signal.SIGKILL):
        assert reader.changed() in {True, False}
        server.stop(how)
        # After a crash of the server its sessions live on for a moment. That they ended is news once.
        eventually(reader.changed)
        assert not any(reader.changed() for _ in range(5))
        for attempt in (lambda: reader.facts(NOW), lambda: writer.record([probe()])):
            with pytest.raises(StoreUnreachableError, match=r"schema wedtui_cache of database .* does not answer"):
                attempt()
        server.start()
        assert reader.changed()
        assert reader.facts(NOW).providers[0].probes[0].rounds
        writer.record([probe(NOW + SECOND)])
        assert hears(reader)
        assert not reader.changed()
    assert len(reader.facts(NOW + SECOND).providers[0].probes[0].rounds) >= 2
    writer.close()
    reader.close()


def test_a_restart_between_two_readings_is_no_failure(server: Postgres) -> None:
    url = server.url(server.migrated())
    reader = CacheReader(url)
    reader.facts(NOW)
    server.stop()
    server.start()
    assert reader.facts(NOW).providers == ()
    reader.close()


def _stand_still(still: Writable, other: CacheWriter) -> None:
    """Hold one's turn and do nothing more, as a stopped process does, until another had its own; then go on."""
    with still.writing() as connection:
        other.begin(service(instance="other"))
        connection.exec_driver_sql("DELETE FROM service")


def test_a_writer_that_stands_still_does_not_keep_others_from_writing(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url(server.migrated())
    monkeypatch.setattr(writing, "STANDS_STILL", timedelta(milliseconds=200))
    still = writable(url, CACHE)
    other = CacheWriter(url, waits=timedelta(seconds=20))
    with pytest.raises(StoodStillError, match="this machine stood still while it used schema wedtui_cache"):
        _stand_still(still, other)
    reader = CacheReader(url)
    (found,) = reader.facts(NOW).services
    assert found.instance == "other"
    for each in (still, other, reader):
        each.close()


def test_nothing_is_loaded_while_others_wait_to_write(server: Postgres) -> None:
    """On a busy machine that takes seconds, and then the server takes who loads for one that stands still."""
    command = [sys.executable, "-m", "tests.store.imports", server.url(server.migrated())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_who_waits_too_long_is_told_so(server: Postgres) -> None:
    url = server.url(server.migrated())
    one, two = writable(url, LEDGER), writable(url, LEDGER, waits=timedelta(milliseconds=50))
    refused = pytest.raises(StoreLockedError, match=r"schema wedtui_ledger .* is held by another session")
    with one.writing(), refused, two.writing():
        raise AssertionError("two wrote at once")
    one.close()
    two.close()


def test_each_role_may_do_its_own_and_no_more(server: Postgres) -> None:
    name = server.database()
    with psycopg.connect(server.dsn(name), autocommit=True) as admin:
        admin.execute(GRANTS.read_text().encode())
    url, read = server.url(name, "wedtui_service"), server.url(name, "wedtui_reader")
    Ledger(url).close()
    writer = CacheWriter(url)
    configure(writer)
    with psycopg.connect(server.dsn(name), autocommit=True) as admin:
        admin.execute(GRANTS.read_text().encode())
    reader = CacheReader(read)
    assert [p.name for p in reader.facts(NOW).providers] == ["aws", "gcp"]
    reader.close()
    with pytest.raises(StoreUnreadableError, match="does not let this user into schema wedtui_ledger"):
        LedgerReader(read).freeze_entries()
    with pytest.raises(StoreUnreadableError, match="may only be read by this role"):
        CacheWriter(read).begin(service())
    # The setting is a courtesy that the role itself can switch off; the grants are what holds.
    with psycopg.connect(server.dsn(name, "wedtui_reader"), autocommit=True) as session:
        session.execute("SET default_transaction_read_only = off")
        for statement in (b"DELETE FROM wedtui_cache.provider", b"CREATE TABLE public.a (b int)", b"CREATE SCHEMA a"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)
    writer.close()


def test_the_service_adds_to_the_audit_chain_and_can_do_nothing_else_to_it(server: Postgres, tmp_path: Path) -> None:
    name, signer = server.database(), make_key(tmp_path / "key")
    for _ in range(2):  # the file is to be run again, also when nothing is new
        with psycopg.connect(server.dsn(name), autocommit=True) as admin:
            admin.execute(GRANTS.read_text().encode())
        ledger = AuditLedger(server.url(name, "wedtui_service"))
        ledger.record(Entry(NOW, "freeze.add", "ada", {}))
        ledger.anchor(signer, NOW, timedelta(), person="service")
        ledger.close()
    with psycopg.connect(server.dsn(name), autocommit=True) as admin:
        admin.execute(GRANTS.read_text().encode())
    forbidden = [
        what.format(table)
        for table in ("wedtui_ledger.audit_link", "wedtui_ledger.audit_anchor")
        for what in (
            "UPDATE {} SET hash = 'f'",
            "DELETE FROM {}",
            "TRUNCATE {}",
            "DROP TABLE {}",
            "ALTER TABLE {} DISABLE TRIGGER ALL",
            "ALTER TABLE {} OWNER TO wedtui_service",
            "GRANT ALL ON {} TO wedtui_service",
        )
    ]
    forbidden += [
        "DROP TRIGGER audit_link_delete ON wedtui_ledger.audit_link",
        "CREATE OR REPLACE FUNCTION wedtui_ledger.audit_kept() RETURNS trigger LANGUAGE sql AS ''",
        "DROP FUNCTION wedtui_ledger.audit_kept() CASCADE",
        "DROP SCHEMA wedtui_ledger CASCADE",
        "ALTER SCHEMA wedtui_ledger RENAME TO gone",
        "SET ROLE wedtui_keeper",
        "SET session_replication_role = replica",
    ]
    with psycopg.connect(server.dsn(name, "wedtui_service"), autocommit=True) as session:
        for statement in forbidden:
            # GRANT by who may grant nothing is a warning, and changes nothing.
            with suppress(psycopg.errors.InsufficientPrivilege):
                session.execute(statement.encode())
                assert statement.startswith("GRANT"), statement
    ledger = AuditLedger(server.url(name, "wedtui_service"))
    ledger.record(Entry(NOW, "freeze.add", "ada", {}))
    ledger.close()
    reader = AuditReader(server.url(name, "wedtui_service"))
    verdict = verify(reader.written(), [anchor for _, anchor in reader.anchors()])
    assert (verdict.bad, verdict.links) == (None, 4)
    reader.close()


def test_a_value_that_is_none_of_ours_is_said(server: Postgres) -> None:
    name = server.migrated()
    writer = CacheWriter(server.url(name))
    writer.begin(service())
    server.query(name, "UPDATE service SET problems = '7'")
    reader = CacheReader(server.url(name))
    with pytest.raises(StoreUnreadableError, match="holds a value that no cache has"):
        reader.facts(NOW)
    reader.close()
    writer.close()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("ALTER TABLE vendor RENAME TO elsewhere", r"is incomplete \(.*\"vendor\" does not exist"),
        ("ALTER TABLE probe DROP COLUMN url", r"is incomplete \(.*\"url\" does not exist"),
    ],
)
def test_what_fails_among_all_that_is_asked_at_once_is_said(server: Postgres, what: str, words: str) -> None:
    name = server.migrated()
    reader = CacheReader(server.url(name))
    for _ in range(3):
        reader.facts(NOW)
    server.query(name, what)
    for _ in range(2):
        with pytest.raises(StoreUnreadableError, match=words):
            reader.facts(NOW)
    reader.close()


def test_instants_come_back_to_the_microsecond(server: Postgres) -> None:
    ledger = Ledger(server.url(server.migrated()))
    start = datetime(2026, 3, 29, 1, 30, 0, 123457, tzinfo=UTC)
    entry = ledger.add_freeze("end", start, start + SECOND, reason="r", added_by="ada", added_at=start)
    assert (entry.start, entry.end) == (start, start + SECOND)
    ledger.close()


def test_a_server_that_never_answers_is_given_up(server: Postgres) -> None:
    import socket

    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        began = time.monotonic()
        with pytest.raises(StoreUnreachableError):
            CacheReader(f"postgresql://u@127.0.0.1:{deaf.getsockname()[1]}/d").facts(NOW)
        assert time.monotonic() - began < 60


def test_a_batch_that_the_server_refuses_in_part_is_left_out_whole(server: Postgres) -> None:
    name = server.migrated()
    writer = CacheWriter(server.url(name))
    configure(writer)
    server.query(name, "ALTER TABLE sample ADD CHECK (value < 900)")
    batch = [signal_at(NOW + k * SECOND, float(k)) for k in range(1_000)]
    with pytest.raises(IntegrityError):
        writer.record(batch)
    assert server.query(name, "SELECT count(*) FROM sample") == [(0,)]
    assert writer.record(batch[:900]) == 0
    assert server.query(name, "SELECT count(*), max(value) FROM sample") == [(900, 899.0)]
    writer.close()


def test_a_picture_goes_to_the_server_three_times(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    ways: list[str] = []

    def execute(
        to: psycopg.Connection, statement: Any, *rest: Any, go: Any = psycopg.Connection.execute, **more: Any
    ) -> Any:
        if to.pgconn.pipeline_status == PipelineStatus.OFF:
            ways.append(statement)
        return go(to, statement, *rest, **more)

    def pipeline(to: psycopg.Connection, go: Any = psycopg.Connection.pipeline) -> Any:
        ways.append("all at once")
        return go(to)

    url = server.url(server.migrated())
    writer, reader = CacheWriter(url), CacheReader(url)
    configure(writer)
    for second in range(3):
        at = NOW + second * SECOND
        writer.record([probe(at), probe(at, name="rsvp-gcp"), signal_at(at)])
        monkeypatch.setattr(psycopg.Connection, "execute", execute)
        monkeypatch.setattr(psycopg.Connection, "pipeline", pipeline)
        ways.clear()
        seen = reader.facts(at).providers[0]
        monkeypatch.undo()
        assert seen.probes[0].rounds[0].at == at
        assert at in {each.measured_at for each in seen.signals}
    assert ways == ["all at once", "all at once", "ROLLBACK"]
    reader.close()
    writer.close()


def test_a_store_that_goes_and_comes_between_two_readings_is_what_it_is(server: Postgres) -> None:
    name = server.migrated()
    reader = CacheReader(server.url(name))
    for _ in range(3):
        reader.facts(NOW)
        server.query(name, "ALTER TABLE alembic_version RENAME TO elsewhere")
        for _ in range(2):
            with pytest.raises(StoreUnreadableError, match="is not a cache of wedtui, or not yet one"):
                reader.facts(NOW)
        server.query(name, "ALTER TABLE wedtui_cache.elsewhere RENAME TO alembic_version")
    assert reader.facts(NOW).providers == ()
    reader.close()


LOST = """
import sys
import psycopg
from tests.cache.base import NOW
from wedtui.cache.reader import CacheReader
from wedtui.errors import StoreUnreachableError
from wedtui.store.snapshot import Snapshot

END = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
END += " WHERE datname = current_database() AND pid != pg_backend_pid()"

def ahead(snapshot, asked, go=Snapshot.ahead):
    with psycopg.connect(sys.argv[2]) as other:
        assert other.execute(END).fetchall() == [(True,)]
    go(snapshot, asked)

reader = CacheReader(sys.argv[1])
reader.facts(NOW)
Snapshot.ahead = ahead
try:
    reader.facts(NOW)
except StoreUnreachableError:
    print("said")
"""


def test_a_session_that_ends_in_the_middle_of_a_picture_is_said_once_and_not_by_the_driver(server: Postgres) -> None:
    name = server.migrated()
    command = [sys.executable, "-c", LOST, server.url(name), server.dsn(name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("said\n", "")


def _scanned(server: Postgres, name: str) -> int:
    """Return how often all rounds were read one by one, as the server counted when sessions ended."""
    ((count,),) = server.query(name, "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'probe_round'")
    return int(count)


def test_no_picture_reads_a_long_history_from_end_to_end(server: Postgres) -> None:
    name = server.migrated()
    writer = CacheWriter(server.url(name))
    configure(writer)
    long = (
        "INSERT INTO probe_round (probe, vantage, at, passed) SELECT p, 'here', %s - CAST(1000000 AS bigint) * n, true"
    )
    long += " FROM generate_series(40000, 1, -1) AS n, (VALUES ('rsvp-aws'), ('rsvp-gcp')) AS probes (p)"
    server.query(name, long, to_microseconds(NOW))
    server.query(name, "ANALYZE")
    before = _scanned(server, name)
    reader = CacheReader(server.url(name))
    for second in range(8):
        at = NOW + second * SECOND
        writer.record([probe(at), probe(at, name="rsvp-gcp")] if second % 2 else [probe(at)])
        newest = reader.facts(at).providers[0].probes[0].rounds
        assert newest[0].at == at
        # Within five minutes, one a second, and none twice.
        assert len(newest) == len({each.at for each in newest}) == 301
    reader.close()
    writer.close()
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wedtui cache' AND datname = %s"
    eventually(lambda: server.query(name, sessions, name) == [(0,)])
    assert _scanned(server, name) == before
