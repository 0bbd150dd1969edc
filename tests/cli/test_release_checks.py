"""`wedtui doctor` says what is wrong with the database that holds releases back by itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.base import WEDNESDAY
from tests.poller.service_process import Place, http_server, make_place
from wedtui.cli.release_checks import _clock, _lasts
from wedtui.ledger.guards import Guards, Known

NOW = datetime(2026, 6, 17, 9, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with http_server() as url:
        made = make_place(tmp_path, url, probes=1)
        assert made.wedtui("db", "migrate").returncode == 0
        yield made


def said(place: Place, *names: str) -> list[tuple[str, str, str]]:
    checks = json.loads(place.wedtui("doctor", "--json").stdout)
    return [(each["level"], each["text"], each["remedy"]) for each in checks if each["name"] in names]


def changed(place: Place, *statements: str) -> None:
    with closing(sqlite3.connect(place.state / "ledger.db")) as connection, connection:
        for each in statements:
            connection.execute(each)


def test_a_ledger_as_it_was_made_is_well(place: Place) -> None:
    assert said(place, "releases") == [("ok", "the ledger's own guards of them are as they were made", "")]
    ((level, text, _),) = [each for each in said(place, "clock") if "database" in each[1]]
    assert (level, text.partition(" s of")[2]) == ("ok", " this machine's")


def test_a_guard_that_somebody_took_away_is_a_problem_that_says_what_to_do(place: Place) -> None:
    changed(place, "DROP TRIGGER release_start")
    ((level, text, remedy),) = said(place, "releases")
    assert level == "problem"
    assert text == "the trigger release_start of the ledger is missing: the database may let one start in a freeze"
    assert remedy.startswith("hold what waits, find out who did that")
    assert place.wedtui("doctor").returncode == 2


def test_an_offset_outside_of_a_demo_is_a_problem_whatever_it_is(place: Place) -> None:
    changed(place, "INSERT INTO database_clock VALUES (1, -1)")
    (_, (level, text, _)) = said(place, "releases")
    assert (level, text.partition(" an instant ")[0]) == ("problem", "the ledger's database judges releases by")


@pytest.mark.parametrize(
    ("off", "offset", "demo", "levels"),
    [
        (0 * SECOND, 0 * SECOND, False, ["ok"]),
        (2 * SECOND, 0 * SECOND, False, ["ok"]),
        (3 * SECOND, 0 * SECOND, False, ["warning"]),
        (-31 * SECOND, 0 * SECOND, False, ["problem"]),
        (0 * SECOND, HOUR, False, ["problem", "ok"]),
        (-HOUR, HOUR, True, ["ok"]),
        (-HOUR, HOUR + 31 * SECOND, True, ["problem"]),
        (-HOUR, 0 * SECOND, True, ["problem"]),
    ],
)
def test_the_clock_by_which_it_judges_is_compared_with_ours(
    off: timedelta, offset: timedelta, *, demo: bool, levels: list[str]
) -> None:
    found = Guards((), NOW + off, offset, ())
    assert [each.level for each in _clock(found, NOW, NOW, demo=demo)] == levels
    # What passed while it was asked is nobody's fault.
    asked = _clock(Guards((), NOW, timedelta(), ()), NOW - HOUR, NOW + HOUR, demo=False)
    assert [each.level for each in asked] == ["ok"]


@pytest.mark.parametrize(
    ("until", "levels"),
    [
        (None, ["warning"]),
        (-HOUR, ["problem"]),
        (0 * SECOND, ["problem"]),
        (HOUR - SECOND, ["warning"]),
        (HOUR, []),
        (27 * 24 * HOUR, []),
    ],
)
def test_what_runs_out_is_told_of_before_it_does(until: timedelta | None, levels: list[str]) -> None:
    known = Known("production", "rsvp", None if until is None else WEDNESDAY + until)
    found = list(_lasts(known, WEDNESDAY, "wedtui service start"))
    assert [each.level for each in found] == levels
    assert all("rsvp in production" in each.text and "`wedtui service start`" in each.remedy for each in found)
