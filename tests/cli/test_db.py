"""`wedtui db` as its user runs it, on files and on a real PostgreSQL."""

from __future__ import annotations

import tomllib
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg

from tests.cache.base import NOW, SECOND, configure, probe, service, signal
from tests.cli.base import Machine, machine, on_both
from tests.ledger.base import noted_configurations
from tests.postgres import Postgres
from wedtui.cache.kind import CACHE
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.reader import LedgerReader
from wedtui.poller.lock import ServiceLock

__all__ = ["machine"]


def filled(machine: Machine) -> None:
    """Put something into every kind of column."""
    with machine.cache() as cache:
        configure(cache)
        cache.record([probe(NOW - k * SECOND) for k in range(30)])
        cache.record([signal(NOW - k * SECOND, k / 100) for k in range(30)])
    with closing(Ledger(machine.ledger_url)) as ledger:
        for name in ("fair", "royal wedding"):
            ledger.add_freeze(name, NOW, NOW + SECOND, reason="r", added_by="ada", added_at=NOW)


def on_server(machine: Machine, server: Postgres, database: str) -> None:
    url = server.url(database)
    machine.configure(f'[cache]\nurl = "{url}"\n\n[ledger]\nurl = "{url}"\n')


def test_status_says_where_both_are_and_what_is_wrong(machine: Machine) -> None:
    missing = machine.run("db", "status")
    assert missing.code == 10
    assert missing.out.startswith(f"cache   SQLite      there is no cache at {machine.state}/cache.db")
    assert missing.out.splitlines()[0].count("cache.db") == 1
    migrated = machine.run("db", "migrate").out
    assert migrated == f"cache: made, at {CACHE.head}\nledger: made, at {LEDGER.head}\n"
    again = machine.run("db", "migrate").out
    assert again == f"cache: up to date ({CACHE.head})\nledger: up to date ({LEDGER.head})\n"
    assert machine.run("db", "status").code == 0
    machine.damage("ledger.db")
    found = machine.run("db", "status", "--json")
    assert found.code == 10
    assert [(s["store"], s["ok"]) for s in found.json] == [("cache", True), ("ledger", False)]


@on_both
def test_what_is_there_is_well(machine: Machine) -> None:
    filled(machine)
    found = machine.run("db", "status", "--json")
    assert (found.code, [(s["store"], s["ok"]) for s in found.json]) == (0, [("cache", True), ("ledger", True)])
    head = f"cache: up to date ({CACHE.head})\nledger: up to date ({LEDGER.head})\n"
    assert machine.run("db", "migrate").out == head
    told = [line for line in machine.run("doctor").out.splitlines() if " ledger: " in line or " cache: " in line]
    assert [line.split()[0] for line in told] == ["ok", "ok"], told
    assert "can be read; 2 freezes by persons" in told[-1]
    assert machine.run("audit", "verify").out.startswith("links 1 to 2: whole")


def test_a_state_moves_into_postgresql_whole(machine: Machine, postgres: Postgres) -> None:
    filled(machine)
    with machine.cache() as cache:
        cache.begin(service(vantage="old", place="old:/var/lib/wedtui"))
        cache.end(NOW)
    on_server(machine, postgres, postgres.database())
    assert machine.run("db", "status").code == 10
    copied = machine.run("db", "copy")
    assert copied.code == 0, copied.err
    assert "ledger: copied (audit_link 2, freeze_period 2" in copied.out
    assert machine.run("db", "status").code == 0
    old, new = f"sqlite:///{machine.state / 'cache.db'}", tomllib.loads(machine.config.read_text())["cache"]["url"]
    with closing(CacheReader(old)) as before, closing(CacheReader(new)) as after:
        was, now_there = before.facts(NOW), after.facts(NOW)
        assert [p.signals for p in now_there.providers] == [p.signals for p in was.providers]
        assert now_there.prometheus == was.prometheus
        # What was seen from the old machine is history: its service would be missed as one of those there.
        assert [s.vantage for s in was.services] == ["old"]
        assert any(p.rounds for e in was.providers for p in e.probes)
        assert now_there.services == ()
        assert {p.vantage for e in now_there.providers for p in e.probes} == {""}
        assert not any(p.rounds for e in now_there.providers for p in e.probes)
        assert after.signals("aws") == before.signals("aws")
        for name in after.signals("aws"):
            hour = (NOW - 3600 * SECOND, NOW)
            assert after.series("aws", name, *hour) == before.series("aws", name, *hour)
    with closing(LedgerReader(f"sqlite:///{machine.state / 'ledger.db'}")) as left, closing(LedgerReader(new)) as now:
        assert now.freeze_entries() == left.freeze_entries()
    # What is added afterwards is numbered after what was copied.
    with closing(Ledger(new)) as ledger:
        assert ledger.add_freeze("x", NOW, NOW + SECOND, reason="r", added_by="ada", added_at=NOW).id == 3
    # And the chain of the file goes on there.
    assert machine.run("audit", "verify").out.startswith("links 1 to 3: whole")
    with closing(CacheWriter(new)) as cache:
        cache.record([probe(NOW + SECOND), signal(NOW + SECOND, name="latency_p95_ms")])
    again = machine.run("db", "copy")
    assert again.code == 18
    assert "holds something already (in " in again.err


def test_a_service_that_was_started_before_the_copy_leaves_nothing_out(machine: Machine, postgres: Postgres) -> None:
    now = machine.now
    with closing(Ledger(f"sqlite:///{machine.state / 'ledger.db'}")) as ledger:
        ledger.note_configuration("a", at=now, seen_by="ada", changes=["then"])
        ledger.add_freeze("fair", now, now + 3600 * SECOND, reason="r", added_by="ada", added_at=now)
    on_server(machine, postgres, database := postgres.migrated())
    with closing(Ledger(postgres.url(database))) as ledger:
        ledger.note_configuration("b", at=now, seen_by="wedtui", changes=["now"])
    # Until it is copied nobody may take it for lifted.
    refused = machine.run("gate")
    assert refused.code == 2
    assert "1 freeze by a person stands in" in refused.out + refused.err
    assert "`wedtui db copy`" in machine.run("doctor").out
    machine.run("db", "copy")
    noted = noted_configurations(postgres.url(database))
    assert [(each.id, each.digest) for each in noted] == [(3, "b"), (1, "a")]
    with closing(LedgerReader(postgres.url(database))) as reader:
        assert [e.name for e in reader.freeze_entries()] == ["fair"]
    after = machine.run("gate")
    assert (after.code, "stands in" in after.out + after.err) == (1, False)


def test_a_role_without_rights_is_told_so_and_not_to_drop_anything(machine: Machine, postgres: Postgres) -> None:
    grants = Path(__file__).parents[2] / "docs" / "postgresql.sql"
    database = postgres.migrated()
    with psycopg.connect(postgres.dsn(database), autocommit=True) as admin:
        admin.execute(grants.read_text().encode())
    url = postgres.url(database, "wedtui_reader")
    machine.configure(f'[cache]\nurl = "{url}"\n\n[ledger]\nurl = "{url}"\n')
    refused = machine.run("db", "migrate")
    assert refused.code == 10
    assert "does not let this user into schema wedtui_ledger" in refused.err
    assert "drop" not in refused.err


def test_that_the_ledger_is_closed_to_a_reader_is_no_problem_while_a_service_copies_it(
    machine: Machine, postgres: Postgres
) -> None:
    grants = (Path(__file__).parents[2] / "docs" / "postgresql.sql").read_text().encode()
    database = postgres.database()
    with psycopg.connect(postgres.dsn(database), autocommit=True) as admin:
        admin.execute(grants)
        own, read = (postgres.url(database, role) for role in ("wedtui_service", "wedtui_reader"))
        Ledger(own).close()
        with closing(CacheWriter(own)) as writer:
            writer.mirror_decisions([], [], machine.now - timedelta(seconds=4))
        admin.execute(grants)

    def told(url: str) -> list[str]:
        machine.configure(f'[cache]\nurl = "{url}"\n\n[ledger]\nurl = "{url}"\n')
        return [line for line in machine.run("doctor").out.splitlines() if " ledger: " in line]

    closed = "is closed to this role, so not looked into; the cache's copy of it is 4 s old"
    assert told(read) == [f"ok       ledger: {closed}"]
    state = machine.run("db", "status")
    assert state.code == 0
    assert "closed to this role; the cache's copy of it is 4 s old" in state.out
    assert [(s["store"], s["ok"], bool(s["closed"])) for s in machine.run("db", "status", "--json").json] == [
        ("cache", True, False),
        ("ledger", False, True),
    ]
    assert told(own) == ["ok       ledger: can be read; 0 freezes by persons"]
    # What nobody copies is known to nobody who may not look: also where the service's own role lost its rights.
    machine.now += timedelta(seconds=60)
    (line,) = told(read)
    assert line.startswith("problem  ledger: the server does not let this user into schema wedtui_ledger")
    assert machine.run("db", "status").code == 10
    # Who is not let in at all is told so, whatever there is of a copy.
    machine.now -= timedelta(seconds=60)
    assert told(postgres.url(database, "nobody_known"))[-1].startswith("problem  ledger")


def test_a_copy_that_fails_leaves_nothing_behind(machine: Machine, postgres: Postgres) -> None:
    filled(machine)
    machine.damage("cache.db")
    on_server(machine, postgres, database := postgres.migrated())
    refused = machine.run("db", "copy")
    assert refused.code == 10
    assert "cache.db is not a database" in refused.err
    assert postgres.query(database, "SELECT count(*) FROM provider") == [(0,)]


def test_files_are_not_copied_into_files_and_not_under_a_service(machine: Machine) -> None:
    filled(machine)
    stays = machine.run("db", "copy")
    assert stays.out.splitlines() == [
        "ledger: ledger.url names no PostgreSQL, so it stays where it is",
        "cache: cache.url names no PostgreSQL, so it stays where it is",
    ]
    with ServiceLock(machine.state / "service.lock"):
        for command in ("copy", "migrate"):
            refused = machine.run("db", command)
            assert refused.code == 14
            assert "stop it with `wedtui service stop` first" in refused.err


def test_a_password_in_a_url_is_refused_with_its_line_and_not_repeated(machine: Machine) -> None:
    machine.configure('[cache]\nurl = "postgresql://me:hunter2@127.0.0.1/wedtui"\n')
    for command in (("config", "check"), ("db", "status")):
        refused = machine.run(*command)
        assert refused.code == 2
        assert "holds a password" in refused.err
        assert "hunter2" not in refused.out + refused.err
