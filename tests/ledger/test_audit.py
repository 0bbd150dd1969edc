"""The audit chain in the ledger: on both systems nothing forks it, changes it or takes a link away unseen."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Event
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert

from tests.ledger.base import HOUR, NOW, freeze, noted_configurations, reading, writing
from tests.places import PLACES
from tests.store.processes import kill_after
from wedtui.core.chain import START, Entry, Fault, Link, Verdict, Written, understood, verify
from wedtui.core.season import Protection
from wedtui.errors import AuditError, StoreLockedError
from wedtui.ledger import audit_reader
from wedtui.ledger.audit import KEY_KIND, AuditLedger, append
from wedtui.ledger.audit_reader import AuditReader
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.signing import FileSigner, PublicKeys, make_key
from wedtui.ledger.tables import METADATA
from wedtui.store.opening import writable

REFUSED = (sqlite3.IntegrityError, psycopg.errors.InsufficientPrivilege, psycopg.errors.UniqueViolation)
MINUTE = timedelta(minutes=1)


@contextmanager
def auditing(path: Path) -> Iterator[AuditLedger]:
    with closing(AuditLedger(PLACES.url(path))) as ledger:
        yield ledger


def chain(path: Path) -> list[Written]:
    with closing(AuditReader(PLACES.url(path))) as reader:
        return list(reader.written())


def links(path: Path) -> list[Link]:
    return [understood(each) for each in chain(path)]


def verified(path: Path) -> Verdict:
    with closing(AuditReader(PLACES.url(path))) as reader:
        return verify(reader.written(), [anchor for _, anchor in reader.anchors()])


def entry(number: int = 0) -> Entry:
    return Entry(NOW + number * MINUTE, "failover.step", "ada", {"step": number, "ages": [1.5, None]}, f"a-{number}")


def signer(folder: Path, name: str = "key") -> FileSigner:
    return make_key(folder / name)


def unlocked(path: Path, statement: str, *parameters: object) -> None:
    """Change the ledger as one who may do everything: without what keeps the chain."""
    if PLACES.url(path).startswith("sqlite"):
        with closing(sqlite3.connect(path)) as connection, connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in names:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(statement, parameters)
        return
    for table in ("audit_link", "audit_anchor"):
        PLACES.execute(path, LEDGER, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    PLACES.execute(path, LEDGER, statement, *parameters)


def test_every_decision_of_a_person_is_a_link_in_its_transaction(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with writing(path) as ledger:
        added = freeze(ledger)
        ledger.lift_freeze(added.id, by="grace", at=NOW + HOUR, reason="it rained")
        raised = ledger.raise_protection(
            Protection.HIGH, reason="a royal wedding", by="ada", at=NOW, expires_at=NOW + 4 * HOUR
        )
        ledger.lower_protection(raised.id, by="bob", at=NOW + HOUR, reason="it is over")
        ledger.note_import("import", "csv", {"written": 3, "deleted": 0}, by="ada", at=NOW)
        ledger.drop_import("import", 3, by="ada", at=NOW)
        ledger.drop_import("import", 3, by="ada", at=NOW)  # there is nothing to drop any more
        alias = ledger.forget_wedding("w-4711", by="ada", at=NOW)
        ledger.note_configuration("one", at=NOW, seen_by="ada", changes=[])
    assert [(each.number, each.kind, each.person, each.at, each.action) for each in links(path)] == [
        (1, "freeze.add", "ada", NOW, None),
        (2, "freeze.lift", "grace", NOW + HOUR, None),
        (3, "protection.raise", "ada", NOW, None),
        (4, "protection.lower", "bob", NOW + HOUR, None),
        (5, "weddings.import", "ada", NOW, None),
        (6, "weddings.drop", "ada", NOW, None),
        (7, "weddings.forget", "ada", NOW, None),
    ]
    assert [dict(each.body) for each in links(path)] == [
        {
            "freeze": 1,
            "name": "royal wedding",
            "start": "2026-06-03T09:00:00.000000Z",
            "end": "2026-06-05T09:00:00.000000Z",
            "environments": ["production"],
            "services": [],
            "reason": "asked by the venue",
        },
        {"freeze": 1, "name": "royal wedding", "end": "2026-06-05T09:00:00.000000Z", "reason": "it rained"},
        {"raise": 1, "level": "HIGH", "until": "2026-06-03T13:00:00.000000Z", "reason": "a royal wedding"},
        {"raise": 1, "level": "HIGH", "reason": "it is over"},
        {"source": "import", "kind": "csv", "written": 3, "deleted": 0},
        {"source": "import", "rows": 3},
        {"alias": alias},
    ]
    assert "w-4711" not in str(chain(path))
    assert verified(path).bad is None


def test_what_is_refused_leaves_no_link(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with writing(path) as ledger:
        added = freeze(ledger)
        ledger.lift_freeze(added.id, by="grace", at=NOW + HOUR, reason="it rained")
        for attempt in (added.id, 42):
            with pytest.raises(Exception, match="freeze"):
                ledger.lift_freeze(attempt, by="ada", at=NOW + HOUR, reason="again")
    assert len(chain(path)) == 2


def test_a_link_and_what_it_records_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    store = writable(PLACES.url(path), LEDGER)
    change = METADATA.tables["configuration_change"]
    values = {"at": NOW, "digest": "d", "seen_by": "ada", "changes": []}

    def die() -> None:
        with store.writing() as connection:
            connection.execute(insert(change).values(values))
            append(connection, entry())
            raise RuntimeError("died")

    with pytest.raises(RuntimeError, match="died"):
        die()
    assert chain(path) == []
    with store.writing() as connection:
        connection.execute(insert(change).values(values))
        append(connection, entry(1))
        append(connection, entry(2))
    store.close()
    assert [each.digest for each in noted_configurations(PLACES.url(path))] == ["d"]
    assert [each.body["step"] for each in links(path)] == [1, 2]


STATEMENTS = {
    "update": "UPDATE audit_link SET person = 'mallory' WHERE number = 2",
    "delete": "DELETE FROM audit_link WHERE number = 3",
    "all": "DELETE FROM audit_link",
    "anchor": "UPDATE audit_anchor SET hash = 'f'",
    "no anchor": "DELETE FROM audit_anchor",
    "fork": "INSERT INTO audit_link SELECT 4, version, at, kind, person, action, body, previous, hash "
    "FROM audit_link WHERE number = 3",
}
REPLACING = {
    "replace": "INSERT OR REPLACE INTO audit_link SELECT number, version, at, kind, 'mallory', action, body, previous, "
    "hash FROM audit_link WHERE number = 2",
    "replace by hash": "INSERT OR REPLACE INTO audit_link SELECT 4, version, at, kind, 'mallory', action, body, "
    "previous, hash FROM audit_link WHERE number = 2",
    "replace anchor": "REPLACE INTO audit_anchor SELECT id, number, 'f', at, key, signature FROM audit_anchor",
    "number in between": "INSERT INTO audit_link SELECT -1, version, at, kind, person, action, body, 'x', hash "
    "FROM audit_link WHERE number = 2",
}
TRUNCATING = {"truncate": "TRUNCATE audit_link", "truncate anchors": "TRUNCATE audit_anchor"}


def test_the_database_itself_refuses_to_change_it(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        for number in range(2):
            ledger.record(entry(number))
        ledger.anchor(signer(tmp_path), NOW, HOUR, person="service")
    own = REPLACING if PLACES.url(path).startswith("sqlite") else TRUNCATING
    before = chain(path)
    for statement in {**STATEMENTS, **own}.values():
        with pytest.raises(REFUSED, match=r"append-only|audit_link_previous"):
            PLACES.execute(path, LEDGER, statement)
    assert chain(path) == before
    verdict = verified(path)
    assert (verdict.bad, verdict.anchored) == (None, 3)


COLUMNS = {
    "version": 2,
    "at": 1,
    "kind": "freeze.lift",
    "person": "mallory",
    "action": None,
    "body": '{"ages":[1.5,null],"step":7}',
    "previous": "f" * 64,
    "hash": "f" * 64,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_any_column_that_is_changed_is_found_and_named(tmp_path: Path, column: str) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        for number in range(5):
            ledger.record(entry(number))
    unlocked(path, f'UPDATE audit_link SET "{column}" = ? WHERE number = 3', COLUMNS[column])
    bad = verified(path).bad
    assert bad is not None
    assert (bad.number, bad.fault) == (3, Fault.CHANGED)


@pytest.mark.parametrize(
    "body", ['{"ages": [1.5,null],"step":2}', '{"step":2,"ages":[1.5,null]}', "", "{", "7", "\ud7ff"]
)
def test_a_body_that_is_written_otherwise_is_found(tmp_path: Path, body: str) -> None:
    """Also where it means the same: of these very bytes the hash is."""
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        for number in range(5):
            ledger.record(entry(number))
    unlocked(path, "UPDATE audit_link SET body = ? WHERE number = 3", body)
    bad = verified(path).bad
    assert bad is not None
    assert (bad.number, bad.fault) == (3, Fault.CHANGED)


@pytest.mark.parametrize(
    ("statement", "number", "fault"),
    [
        ("DELETE FROM audit_link WHERE number = 2", 2, Fault.MISSING),
        ("DELETE FROM audit_link WHERE number < 3", 1, Fault.HEAD_CUT),
        ("DELETE FROM audit_link WHERE number > 3", 4, Fault.TAIL_CUT),
        ("DELETE FROM audit_link", 1, Fault.TAIL_CUT),
        ("UPDATE audit_link SET number = 9 WHERE number = 2", 2, Fault.MISSING),
        ("UPDATE audit_link SET number = -number", 1, Fault.CHANGED),
    ],
)
def test_links_that_are_gone_are_found(tmp_path: Path, statement: str, number: int, fault: Fault) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        for each in range(4):
            ledger.record(entry(each))
        ledger.anchor(signer(tmp_path), NOW, HOUR, person="service")
    assert verified(path).bad is None
    unlocked(path, statement)
    bad = verified(path).bad
    assert bad is not None
    assert (bad.number, bad.fault) == (number, fault)


def test_a_long_chain_is_read_by_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "l.db"
    monkeypatch.setattr(audit_reader, "_PAGED", "ORDER BY number LIMIT 3")
    monkeypatch.setattr(audit_reader, "PAGE", 3)
    for count in (1, 2, 3, 1):
        with auditing(path) as ledger:
            for _ in range(count):
                ledger.record(entry())
        assert verified(path).bad is None
    assert [each.number for each in chain(path)] == [*range(1, 8)]
    with closing(AuditReader(PLACES.url(path))) as reader:
        assert [each.number for each in reader.newest(2)] == [6, 7]


def test_a_part_is_read_by_its_instants(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        for number in range(5):
            ledger.record(entry(number))
    with closing(AuditReader(PLACES.url(path))) as reader:

        def numbers(since: int | None, until: int | None) -> list[int]:
            first, end = (None if n is None else NOW + n * MINUTE for n in (since, until))
            return [each.number for each in reader.written(since=first, until=end)]

        assert numbers(1, 3) == [2, 3]
        assert numbers(None, 2) == [1, 2]
        assert numbers(4, None) == [5]
        assert numbers(9, None) == numbers(None, -1) == []
        assert reader.before(3).hash == links(path)[1].hash
        assert reader.before(1) == START


def write_many(pipe: Pipe[int, int], url: str, count: int, begin: Event) -> None:
    with closing(Ledger(url, waits=timedelta(minutes=5))) as ledger:
        pipe.send(0)
        begin.wait()
        for number in range(count):
            freeze(ledger, str(number))
    pipe.send(1)


def test_several_processes_never_fork_it(tmp_path: Path) -> None:
    path, count = tmp_path / "l.db", 60
    with writing(path):
        pass
    context = multiprocessing.get_context("forkserver")
    begin, pipes = context.Event(), [context.Pipe(duplex=False) for _ in range(3)]
    how = [(sending, PLACES.url(path), count, begin) for _, sending in pipes]
    writers = [context.Process(target=write_many, args=each) for each in how]
    for writer in writers:
        writer.start()
    for receiving, sending in pipes:
        sending.close()
        assert receiving.recv() == 0
    begin.set()
    for (receiving, _), writer in zip(pipes, writers, strict=True):
        assert receiving.recv() == 1
        writer.join()
    verdict = verified(path)
    assert (verdict.bad, verdict.links) == (None, 3 * count)
    with reading(path) as reader:
        assert [each.id for each in reader.freeze_entries()] == [each.body["freeze"] for each in links(path)]


def append_and_hold(pipe: Pipe[int, int], url: str, go_on: Event) -> None:
    """Append in a transaction, and commit when told to."""
    store = writable(url, LEDGER)
    with store.writing() as connection:
        pipe.send(append(connection, entry(1)).number)
        go_on.wait()
    store.close()
    pipe.send(0)


def test_who_appends_waits_for_another_process_that_is_about_to(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with writing(path) as ledger:
        context = multiprocessing.get_context("forkserver")
        go_on, (receiving, sending) = context.Event(), context.Pipe(duplex=False)
        other = context.Process(target=append_and_hold, args=(sending, PLACES.url(path), go_on))
        other.start()
        sending.close()
        assert receiving.recv() == 1
        with pytest.raises(StoreLockedError):
            freeze(ledger)
        assert chain(path) == []
        go_on.set()
        assert receiving.recv() == 0
        other.join()
        freeze(ledger)
    assert [each.kind for each in links(path)] == ["failover.step", "freeze.add"]
    assert verified(path).bad is None


def die_between(pipe: Pipe[int, int], url: str) -> None:
    """Append in a transaction and say so before it is committed; then wait to be killed."""
    store = writable(url, LEDGER)
    with store.writing() as connection:
        append(connection, entry(7))
        connection.execute(insert(METADATA.tables["wedding_key"]).values(id=1, secret="00"))
        pipe.send(1)
        multiprocessing.Event().wait()


def test_who_is_killed_between_append_and_commit_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger:
        ledger.record(entry(1))
    for _ in range(3):
        assert kill_after(1, die_between, PLACES.url(path)) == [1]
        with closing(AuditLedger(PLACES.url(path), waits=timedelta(seconds=10))) as ledger:
            ledger.record(entry(2))
    assert PLACES.execute(path, LEDGER, "SELECT * FROM wedding_key") == []
    assert [each.body["step"] for each in links(path)] == [1, 2, 2, 2]
    assert verified(path).bad is None


def append_forever(pipe: Pipe[int, int], url: str) -> None:
    with closing(AuditLedger(url)) as ledger:
        while True:
            pipe.send(ledger.record(entry()).number)


def test_no_link_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    for kill in range(10):
        sent = kill_after(1 + kill * 3, append_forever, PLACES.url(path))
        verdict = verified(path)
        assert verdict.bad is None
        assert verdict.links in {sent[-1], sent[-1] + 1}


def test_what_is_signed_is_the_newest_link(tmp_path: Path) -> None:
    path, key = tmp_path / "l.db", signer(tmp_path)
    keys = PublicKeys([key.public_key])
    with auditing(path) as ledger, closing(AuditReader(PLACES.url(path))) as reader:
        assert ledger.anchor(key, NOW, HOUR, person="service") is None  # there is nothing yet
        ledger.record(entry())
        first = ledger.anchor(key, NOW, HOUR, person="service london")
        assert first is not None
        assert (first.number, first.hash, first.at, first.key) == (2, links(path)[1].hash, NOW, key.fingerprint)
        assert keys.problem(first) is None
        recorded = links(path)[1]
        assert (recorded.kind, recorded.person) == (KEY_KIND, "service london")
        assert dict(recorded.body) == {"fingerprint": key.fingerprint, "public_key": key.public_key}
        # Nothing happened since, and it is not long ago.
        assert ledger.anchor(key, NOW + HOUR - MINUTE, HOUR, person="service") is None
        again = ledger.anchor(key, NOW + HOUR, HOUR, person="service")
        assert again is not None
        assert (again.number, again.at) == (2, NOW + HOUR)
        ledger.record(entry(1))
        at_once = ledger.anchor(key, NOW + HOUR, HOUR, person="service")
        assert at_once is not None
        assert at_once.number == 3
        # By a clock that went back nobody can tell how long ago it was.
        assert ledger.anchor(key, NOW, HOUR, person="service") is not None
        other = ledger.anchor(signer(tmp_path, "other"), NOW, HOUR, person="service")
        assert other is not None
        assert other.number == 4
        assert [anchor.number for _, anchor in reader.anchors()] == [2, 2, 3, 3, 4]
        assert set(reader.public_keys(KEY_KIND)) == {key.fingerprint, other.key}


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM audit_link WHERE number = 3", "link 3 of the audit chain is not the one that was signed"),
        ("DELETE FROM audit_link", "the audit chain has no link any more, and had some"),
        ("UPDATE audit_link SET person = 'mallory' WHERE number = 3", "link 3 of the audit chain was changed"),
        ("UPDATE audit_link SET hash = 'f' WHERE number = 3", "link 3 of the audit chain was changed"),
    ],
)
def test_what_is_not_what_was_signed_is_not_signed_again(tmp_path: Path, statement: str, says: str) -> None:
    path, key = tmp_path / "l.db", signer(tmp_path)
    with auditing(path) as ledger:
        ledger.record(entry(0))
        ledger.record(entry(1))
        ledger.anchor(key, NOW, HOUR, person="service")
        unlocked(path, statement)
        with pytest.raises(AuditError, match=f"{says}: `wedtui audit verify` says more"):
            ledger.anchor(key, NOW + HOUR, HOUR, person="service")
    with closing(AuditReader(PLACES.url(path))) as reader:
        assert len(reader.anchors()) == 1


def test_a_chain_that_was_written_anew_is_not_signed(tmp_path: Path) -> None:
    path, key = tmp_path / "l.db", signer(tmp_path)
    with auditing(path) as ledger:
        ledger.record(entry(0))
        ledger.anchor(key, NOW, HOUR, person="service")
        unlocked(path, "DELETE FROM audit_link")
        for number in range(5):
            ledger.record(entry(number + 7))
        with pytest.raises(AuditError, match="link 2 of the audit chain is not the one that was signed"):
            ledger.anchor(key, NOW + HOUR, HOUR, person="service")


def test_how_far_a_place_has_taken_it_never_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with auditing(path) as ledger, closing(AuditReader(PLACES.url(path))) as reader:
        for through in (3, 7, 5):
            ledger.delivered("file", through, NOW)
        ledger.delivered("log", 1, NOW)
        assert reader.delivered() == {"file": 7, "log": 1}
