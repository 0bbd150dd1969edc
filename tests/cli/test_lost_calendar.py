"""A calendar that was imported by hand and of which nothing can be known: never an open gate, never a lower level."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import NoReturn

import pytest

from tests.cli.base import WEDNESDAY, WINDOW, Machine, machine
from wedtui.cache.reader import CacheReader
from wedtui.cli.source import PictureSource
from wedtui.config_file import load
from wedtui.core.protection_words import until_words
from wedtui.core.season import Protection
from wedtui.errors import StoreError
from wedtui.ledger.reader import LedgerReader
from wedtui.paths import StatePaths

__all__ = ["machine"]

HEADER = "reference,venue,venue_kind,zone,start,end,culture,guests\n"
SERVER = "postgresql://wedtui@127.0.0.1:1/wedtui"
"""Nobody listens there."""


@pytest.fixture
def booked(machine: Machine) -> Machine:
    """Large weddings tomorrow, imported by hand: MAXIMUM, and frozen around them."""
    import_again(machine)
    # The ledger is there, and freezes nothing now.
    end = "2027-01-02T00:00Z"
    assert machine.run("freeze", "add", "--from", "2027-01-01T00:00Z", "--to", end, "--reason", "new year").code == 0
    return machine


def import_again(machine: Machine) -> None:
    rows = "".join(f"w{n},Palace,hotel,Asia/Kolkata,2026-07-22T17:00,2026-07-22T23:00,indian,600\n" for n in range(15))
    path = machine.folder / "w.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    assert machine.run("weddings", "import", str(path)).code == 0


def lost(machine: Machine) -> None:
    # What stands in the log beside the file would be found again.
    for each in machine.state.glob("cache.db*"):
        each.unlink()


def garbled(machine: Machine) -> None:
    lost(machine)
    machine.damage("cache.db")


def empty(machine: Machine) -> None:
    lost(machine)
    (machine.state / "cache.db").write_bytes(b"")


def forbidden(machine: Machine) -> None:
    lost(machine)
    machine.forbid("cache.db")


def locked(*_: object) -> NoReturn:
    raise StoreError("it is locked")


def unreachable(machine: Machine) -> None:
    ledger = f'[ledger]\nurl = "sqlite:///{machine.state / "ledger.db"}"\n'
    machine.configure(f'{WINDOW}[cache]\nurl = "{SERVER}"\n{ledger}')


@pytest.mark.parametrize("trouble", [garbled, forbidden, empty, unreachable], ids=lambda trouble: trouble.__name__)
def test_a_cache_that_cannot_be_read_is_no_calendar_that_is_not_there(
    booked: Machine, trouble: Callable[[Machine], None]
) -> None:
    assert booked.run("gate").code == 1
    assert booked.run("protection").out.startswith("15 weddings live, MAXIMUM")
    trouble(booked)
    assert booked.run("gate").code == 2
    status = booked.run("freeze", "status", "--json").json
    (said,) = status["unreadable"]
    assert said.startswith("the calendar of weddings cannot be read (")
    frozen = booked.run("freeze", "calendar", "--from", "2026-07-22T00:00Z", "--to", "2026-07-23T00:00Z").out
    assert "the calendar of weddings cannot be read" in frozen
    level = booked.run("protection")
    assert level.code == 10
    assert level.out.startswith("live weddings unknown, HIGH until the calendar is known\n")
    said = booked.run("protection", "--json").json
    assert (said["until"], said["next_level"], said["unknown"]) == (None, None, True)
    assert "without a wedding calendar" not in level.out
    assert booked.run("protection", "--json").json["level"] == "HIGH"
    picture = booked.run("status")
    assert picture.code == 3
    assert "nothing can be said of any provider, because the cache cannot be read" in picture.out
    assert "config init" not in picture.out
    assert "live weddings unknown, HIGH until the calendar is known" in picture.out
    assert "protection  HIGH until the calendar is known (at least HIGH" in picture.out


@pytest.mark.parametrize("trouble", [garbled, forbidden, empty, lost], ids=lambda trouble: trouble.__name__)
def test_an_open_dashboard_says_no_less_than_a_new_one(booked: Machine, trouble: Callable[[Machine], None]) -> None:
    """The last calendar that it knew counts on; that it was the last one does not make it good."""
    loaded, paths = load(booked.config, {}), StatePaths(booked.state)
    source = PictureSource(loaded, booked.config, paths)
    evening = WEDNESDAY + timedelta(hours=8)
    try:
        known = source.picture(evening)
        assert (known.freeze.frozen, known.protection.level) == (False, Protection.NORMAL)
        trouble(booked)
        for picture in (source.picture(evening), source.rejudge(known, evening + timedelta(minutes=1))):
            assert picture.freeze.frozen
            assert picture.protection.level is Protection.HIGH
            # What a command says that never knew it; and from when on it is more.
            assert until_words(picture.protection, evening) == "HIGH until the calendar is known"
            assert "MAXIMUM from Fri 19:30 BST on at the latest" in picture.protection.reason
        # Of what was known is still spoken.
        assert source.picture(WEDNESDAY).protection.level is Protection.MAXIMUM
    finally:
        source.close()


@pytest.mark.parametrize("trouble", [garbled, lost], ids=lambda trouble: trouble.__name__)
def test_the_last_known_calendar_is_kept_also_where_the_cache_fails_between_two_of_its_answers(
    booked: Machine, trouble: Callable[[Machine], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its facts are answered, and its calendar is not; or only what was judged is judged again."""
    source = PictureSource(load(booked.config, {}), booked.config, StatePaths(booked.state))
    try:
        known = source.picture(WEDNESDAY)
        assert known.protection.level is Protection.MAXIMUM
        with monkeypatch.context() as once:
            once.setattr(CacheReader, "calendar", locked)
            assert source.picture(WEDNESDAY).protection.level is Protection.MAXIMUM
        trouble(booked)
        later = WEDNESDAY + timedelta(minutes=1)
        assert source.rejudge(known, later).protection.level is Protection.MAXIMUM
        assert source.picture(later).protection.level is Protection.MAXIMUM
        assert source.picture(later).freeze.frozen
    finally:
        source.close()


@pytest.mark.parametrize("afresh", [False, True], ids=["missing", "fresh"])
def test_a_cache_that_lost_what_was_imported_means_frozen_until_it_is_imported_again(
    booked: Machine, afresh: bool
) -> None:
    lost(booked)
    if afresh:
        with booked.cache():
            pass
    assert booked.run("gate").code == 2
    (said,) = booked.run("freeze", "status", "--json").json["unreadable"]
    assert "imported on 2026-07-22 is not known here any more: import it again, or run `wedtui weddings drop`" in said
    level = booked.run("protection")
    assert (level.code, level.out.partition(" until")[0]) == (0, "live weddings unknown, HIGH")
    import_again(booked)
    assert booked.run("gate").code == 1
    assert booked.run("protection").out.startswith("15 weddings live, MAXIMUM")


def test_what_was_lost_and_is_dropped_is_not_waited_for(booked: Machine) -> None:
    lost(booked)
    assert booked.run("gate").code == 2
    assert booked.run("weddings", "drop").code == 0
    assert booked.run("gate").code == 0
    assert booked.run("protection").out.startswith("no wedding calendar, NORMAL")
    assert booked.run("weddings", "drop").code == 17


def test_an_import_that_is_dropped_in_time_is_not_waited_for(booked: Machine) -> None:
    assert booked.run("weddings", "drop").code == 0
    lost(booked)
    assert booked.run("gate").code == 0


def test_the_service_says_it_to_those_who_may_not_read_the_ledger(booked: Machine) -> None:
    lost(booked)
    with closing(LedgerReader(f"sqlite:///{booked.state / 'ledger.db'}")) as ledger, booked.cache() as cache:
        cache.weddings.expect_imported(ledger.imports())
        cache.mirror_decisions(ledger.freeze_periods(), (), booked.now)
    booked.forbid("ledger.db")
    assert booked.run("gate").code == 2
    (said,) = booked.run("freeze", "status", "--json").json["unreadable"]
    assert "is not known here any more: import it again" in said
    assert booked.run("protection").out.startswith("live weddings unknown, HIGH")


@pytest.mark.parametrize("command", [("list",), ("upcoming",), ("load",), ("show", "w1"), ("sources",)])
def test_without_a_cache_it_is_said_that_no_service_brings_an_import_back(
    booked: Machine, command: tuple[str, ...]
) -> None:
    lost(booked)
    answer = booked.run("weddings", *command)
    assert answer.code != 0
    assert "is not known here any more: import it again, or run `wedtui weddings drop`" in answer.err
    assert "start the service" not in answer.err
    # Where nobody imported anything a service is what is missing.
    assert booked.run("weddings", "drop").code == 0
    lost(booked)
    assert "import it again" not in booked.run("weddings", *command).err
