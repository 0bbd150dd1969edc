"""A ledger that was left behind when `ledger.url` moved: what cannot be read of it means frozen, everywhere alike."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from tests.cli.base import WEDNESDAY, WINDOW, Machine, machine
from tests.needs import need
from tests.poller.service_process import Place, eventually, http_server
from tests.postgres import Postgres
from tests.store.processes import OTHER_USER
from wedtui.cache.writer import CacheWriter
from wedtui.core.picture import ServiceFacts
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.paths import StatePaths
from wedtui.store.opening import url_of

__all__ = ["machine"]

HOUR = timedelta(hours=1)


def freeze(file: Path, name: str = "fair") -> None:
    """Have a person freeze something from now on."""
    with closing(Ledger(url_of(file))) as ledger:
        ledger.add_freeze(name, WEDNESDAY, WEDNESDAY + HOUR, reason="r", added_by="ada", added_at=WEDNESDAY)


def former(machine: Machine) -> Path:
    return machine.state / "ledger.db"


def move(machine: Machine) -> Path:
    """Have the configuration name another ledger, which is there and holds nothing."""
    new = machine.folder / "moved.db"
    Ledger(url_of(new)).close()
    machine.configure(f'{WINDOW}[ledger]\nurl = "{url_of(new)}"\n')
    return new


def alone(file: Path) -> None:
    """Leave one file, as a clean stop does."""
    for beside in ("-wal", "-shm"):
        file.with_name(f"{file.name}{beside}").unlink(missing_ok=True)


def damaged(machine: Machine) -> None:
    machine.damage("ledger.db")


def no_file(machine: Machine) -> None:
    machine.forbid("ledger.db")


def cut(machine: Machine) -> None:
    freeze(former(machine))
    with closing(sqlite3.connect(former(machine))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    alone(former(machine))
    os.truncate(former(machine), 5000)


def of_a_newer_wedtui(machine: Machine) -> None:
    freeze(former(machine))
    set_version(former(machine), "ledger_9999")


def incomplete(machine: Machine) -> None:
    """As of one so old that freezes were kept otherwise."""
    freeze(former(machine))
    with closing(sqlite3.connect(former(machine))) as connection, connection:
        connection.execute("ALTER TABLE freeze_period RENAME COLUMN lifted_at TO ended_at")
    set_version(former(machine), "ledger_0001")


def set_version(file: Path, version: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def make_first(file: Path) -> None:
    """Make a ledger as the first wedtui did, with a freeze in it."""
    from sqlalchemy import create_engine

    file.parent.mkdir(exist_ok=True)
    engine = create_engine(f"sqlite:///{file}")
    config = Config()
    config.set_main_option("script_location", f"{LEDGER.package}:migrations")
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, LEDGER.revisions[0])
    engine.dispose()
    at = int(WEDNESDAY.timestamp() * 1_000_000)
    values = ("fair", at, at + 3_600_000_000, '["production"]', "[]", "r", "ada", at)
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute(
            'INSERT INTO freeze_period (name, start, "end", environments, services, reason, added_by, added_at)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )


@pytest.mark.parametrize("trouble", [damaged, no_file, cut, of_a_newer_wedtui, incomplete], ids=lambda t: t.__name__)
def test_a_former_ledger_that_cannot_be_read_means_frozen_until_it_is_away(
    machine: Machine, trouble: Callable[[Machine], None]
) -> None:
    move(machine)
    assert machine.run("gate").code == 0
    trouble(machine)
    answer = machine.run("gate", "--json")
    assert (answer.code, answer.json["decision"]) == (2, "could not be decided")
    (sentence,) = answer.json["unreadable"]
    assert str(former(machine)) in sentence
    assert sentence.endswith("is not known: run `wedtui db copy`, or move the file away")
    assert machine.run("freeze", "status", "--json").json["unreadable"] == [sentence]
    assert machine.run("status", "--json").json["freeze"]["unreadable"] == [sentence]
    assert sentence in machine.run("doctor").out
    # The way out that the sentence names.
    former(machine).rename(machine.folder / "kept.db")
    alone(former(machine))
    assert machine.run("gate").code == 0


def test_what_an_older_wedtui_froze_is_read_and_copied(machine: Machine, postgres: Postgres) -> None:
    make_first(former(machine))
    database = postgres.url(postgres.migrated())
    machine.configure(f'{WINDOW}[ledger]\nurl = "{database}"\n')
    refused = machine.run("gate", "--json")
    assert refused.code == 2
    assert refused.json["unreadable"] == [
        f"1 freeze by a person stands in {former(machine)} and not in the ledger: run `wedtui db copy`, "
        "or move the file away"
    ]
    before = former(machine).read_bytes()
    copied = machine.run("db", "copy")
    assert "ledger: copied (freeze_period 1" in copied.out
    assert former(machine).read_bytes() == before
    # Now it is frozen because the ledger says so, and not because nobody knows.
    assert machine.run("gate").code == 1
    machine.now += HOUR
    assert machine.run("gate").code == 0


def service(
    paths: StatePaths, vantage: str, found: str | None, machine: Machine, ahead: float | None = None
) -> ServiceFacts:
    return ServiceFacts(
        instance=vantage,
        pid=1,
        mode="shared",
        version="0.1.0",
        environment="production",
        started_at=machine.now,
        heartbeat_at=machine.now,
        vantage=vantage,
        place=paths.place,
        left_behind=found,
        clock_ahead_s=ahead,
    )


def test_what_a_service_elsewhere_found_counts_here(machine: Machine) -> None:
    move(machine)
    machine.now = WEDNESDAY
    elsewhere = service(StatePaths(Path("/elsewhere")), "oregon", "/elsewhere/ledger.db is damaged, so …", machine)
    with machine.cache() as cache:
        cache.begin(elsewhere)
        answer = machine.run("gate", "--json")
        assert (answer.code, answer.json["unreadable"]) == (2, ["oregon: /elsewhere/ledger.db is damaged, so …"])
        # A service that died does not make it better, nor does stopping it: it may only be restarted.
        forgotten = "if that host is gone for good, a service that runs forgets it at 2026-07-29 12:00 UTC"
        machine.now += 10 * HOUR
        dead = machine.run("gate", "--json")
        assert (dead.code, "oregon (last heard 10 h 00 m ago): /elsewhere" in dead.json["unreadable"][0]) == (2, True)
        assert forgotten in dead.json["unreadable"][0]
        cache.end(machine.now)
        machine.now += HOUR
        stopped = machine.run("gate", "--json")
        assert (stopped.code, "oregon (stopped 1 h 00 m ago): /elsewhere" in stopped.json["unreadable"][0]) == (2, True)
        assert forgotten in stopped.json["unreadable"][0]
        assert cache.forget_services(machine.now) == 1
        assert machine.run("gate").code == 0


@pytest.mark.parametrize("ahead", [600.0, -600.0])
def test_on_a_machine_with_a_wrong_clock_who_found_it_elsewhere_runs(machine: Machine, ahead: float) -> None:
    """When each was heard is told by the database's clock."""
    move(machine)
    right = machine.now = WEDNESDAY
    elsewhere = service(StatePaths(Path("/elsewhere")), "oregon", "/elsewhere/ledger.db is damaged, so …", machine)
    with machine.cache() as there, machine.cache() as here:
        there.begin(elsewhere)
        machine.now = right + timedelta(seconds=ahead)
        here.begin(service(StatePaths(machine.state), "london", None, machine, ahead))
        answer = machine.run("gate", "--json")
        assert (answer.code, answer.json["unreadable"]) == (2, ["oregon: /elsewhere/ledger.db is damaged, so …"])


@pytest.fixture
def open_machine(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine whose folder somebody else may enter."""
    need(os.geteuid() == 0, "needs root, to become another user")
    with tempfile.TemporaryDirectory() as folder:
        made = Machine(Path(folder), machine.captured)
        made.folder.chmod(0o755)
        monkeypatch.setenv("WEDTUI_STATE_DIR", str(made.state))
        monkeypatch.setenv("WEDTUI_CONFIG", str(made.config))
        yield made


@contextmanager
def as_somebody_else() -> Iterator[None]:
    os.seteuid(OTHER_USER)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("opened", [False, True], ids=["both closed", "the one that counts open"])
def test_who_may_not_read_it_takes_the_word_of_the_service_while_that_lives(
    open_machine: Machine, opened: bool
) -> None:
    machine = open_machine
    freeze(former(machine))
    new = move(machine)
    with closing(Ledger(url_of(new))) as ledger:
        ledger.add_freeze("old", WEDNESDAY - HOUR, WEDNESDAY, reason="r", added_by="ada", added_at=WEDNESDAY)
    for file in new.parent.glob(f"{new.name}*") if opened else ():
        file.chmod(0o644)
    paths = StatePaths(machine.state)
    with machine.cache() as cache:
        for file in machine.state.glob("cache.db*"):
            file.chmod(0o644)
        machine.state.chmod(0o755)

        def asked() -> tuple[int, list[str]]:
            with as_somebody_else():
                answer = machine.run("gate", "--json")
            return answer.code, answer.json["unreadable"]

        cache.mirror_decisions([], [], machine.now)
        code, (unknown,) = asked()
        assert (code, "no service does: start the service" in unknown) == (2, True)
        for found, expected in ((None, (0, [])), ("1 freeze stands there", (2, ["1 freeze stands there"]))):
            cache.begin(service(paths, "here", found, machine))
            assert asked() == expected
        # By its clock, which is that of whoever asks here, it is as young; it was stored by the right one.
        for ahead in (600.0, -600.0):
            cache.begin(service(paths, "here", None, machine, ahead))
            assert asked() == (0, [])
        cache.begin(service(paths, "here", None, machine))
        machine.now += timedelta(seconds=31)
        cache.mirror_decisions([], [], machine.now)
        assert asked() == (2, [unknown])


def test_the_service_looks_and_says_what_it_found(tmp_path: Path, postgres: Postgres) -> None:
    state, config = tmp_path / "state", tmp_path / "config.toml"
    state.mkdir(mode=0o750)
    (state / "ledger.db").write_bytes(b"not a database, but long enough to be looked at " * 100)
    url = postgres.url(database := postgres.migrated())
    with http_server() as probed:
        text = f'[cache]\nurl = "{url}"\n[ledger]\nurl = "{url}"\n[[providers]]\nname = "here"\nweight = 100\n'
        config.write_text(f'{text}[[probes]]\nname = "p"\nprovider = "here"\nurl = "{probed}"\n')
        process = Place(state, config).service()
        try:
            # From the very beginning, and until it is away.
            ((found,),) = postgres.query(database, "SELECT left_behind FROM service")
            assert str(found).startswith(f"{state / 'ledger.db'} is not a database, so whether persons froze anything")
            (state / "ledger.db").unlink()
            eventually(lambda: postgres.query(database, "SELECT left_behind FROM service") == [(None,)])
        finally:
            process.terminate()
            process.wait(120)


def test_the_cache_is_as_it_was_before_it_is_asked(machine: Machine) -> None:
    """Nobody makes a cache only to see what services found."""
    move(machine)
    assert machine.run("gate").code == 0
    assert not (machine.state / "cache.db").exists()
    CacheWriter(machine.cache_url).close()
    assert machine.run("gate").code == 0
