"""Whoever takes a guard of releases away, or has it say something else, is found out; on both systems."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.core.deployments.made import NOW
from tests.ledger.releasing import OPEN, judged_at, queueing, submit
from tests.places import PLACES
from wedtui.core.deployments import moves
from wedtui.ledger.guards import GuardReader, Guards, Known
from wedtui.ledger.kind import LEDGER

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
ON_FILES = [
    (("DROP TRIGGER release_start",), "the trigger release_start of the ledger is missing"),
    (("DROP TRIGGER release_again",), "the trigger release_again of the ledger is missing"),
    (
        (
            "DROP TRIGGER release_start",
            "CREATE TRIGGER release_start BEFORE UPDATE ON release BEGIN SELECT 1; END",
        ),
        "the trigger release_start of the ledger says something else than wedtui had it say",
    ),
    (
        ("CREATE TRIGGER mine AFTER INSERT ON Release_Approval BEGIN DELETE FROM frozen_interval; END",),
        "the trigger mine of the ledger is none of wedtui's",
    ),
]
_BODY = (
    "CREATE OR REPLACE FUNCTION release_started() RETURNS trigger LANGUAGE plpgsql {} AS $$ BEGIN RETURN NEW; END $$"
)
_MINE = "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
_START = "CREATE TRIGGER release_start BEFORE UPDATE {} ON release FOR EACH ROW {} EXECUTE FUNCTION {}()"
_OTHER_TIMES = (
    "the trigger release_start of the ledger is asked at other times, or about something else, than wedtui said"
)
_OTHER_WORDS = "the function release_started of the ledger says something else than wedtui had it say"
ON_SERVERS = [
    (("ALTER TABLE release DISABLE TRIGGER release_start",), "the trigger release_start of the ledger is disabled"),
    (
        ("ALTER TABLE release ENABLE REPLICA TRIGGER release_start",),
        "the trigger release_start of the ledger is disabled",
    ),
    (("DROP TRIGGER release_start ON release",), "the trigger release_start of the ledger is missing"),
    ((_BODY.format("SET search_path FROM CURRENT"),), _OTHER_WORDS),
    (("ALTER FUNCTION release_started() SET search_path = 'public'",), _OTHER_WORDS),
    (("ALTER FUNCTION release_started() RESET search_path",), _OTHER_WORDS),
    (("DROP TRIGGER release_start ON release", _START.format("", "WHEN (false)", "release_started")), _OTHER_TIMES),
    (("DROP TRIGGER release_start ON release", _START.format("OF version", "", "release_started")), _OTHER_TIMES),
    (("DROP TRIGGER release_start ON release", _MINE, _START.format("", "", "mine")), _OTHER_TIMES),
    (
        (
            _MINE,
            "CREATE TRIGGER mine BEFORE UPDATE ON release FOR EACH ROW EXECUTE FUNCTION mine()",
        ),
        "the trigger mine of the ledger is none of wedtui's",
    ),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def found(path: Path) -> Guards:
    with closing(GuardReader(PLACES.url(path))) as reader:
        return reader.read()


@pytest.mark.parametrize("case", range(max(len(ON_FILES), len(ON_SERVERS))))
def test_a_guard_that_is_not_as_it_was_made_is_found(path: Path, case: int) -> None:
    cases = ON_SERVERS if PLACES.on_server else ON_FILES
    statements, said = cases[case % len(cases)]
    with queueing(path):
        assert found(path).wrong == ()
    for each in statements:
        PLACES.execute(path, LEDGER, each)
    assert found(path).wrong == (said,)


def test_its_clock_is_its_own_and_the_offset_is_told_beside(path: Path) -> None:
    with queueing(path, NOW):
        before = datetime.now(UTC)
        seen = found(path)
        after = datetime.now(UTC)
    # A file's clock is told in whole milliseconds.
    assert before - timedelta(milliseconds=1) <= seen.own <= after
    assert timedelta() <= seen.judged - NOW < _MINUTE
    PLACES.execute(path, LEDGER, "DELETE FROM database_clock")
    assert found(path).offset == timedelta()


def test_how_long_what_freezes_is_known_is_told_of_each_service_that_waits(path: Path) -> None:
    with queueing(path) as queue:
        submit(queue)
        assert found(path).known == (Known("production", "rsvp", None),)
        queue.renew(OPEN)
        submit(queue, "k2", service="gallery")
        gallery, rsvp = found(path).known
        assert gallery == Known("production", "gallery", None)
        assert rsvp.until is not None
        assert timedelta(days=28) <= rsvp.until - NOW < timedelta(days=28, minutes=1)
        judged_at(path, NOW + _HOUR)
        queue.move(1, "cancel", lambda each, at: moves.cancel(each, "ada", "", at))
        assert [each.service for each in found(path).known] == ["gallery"]
