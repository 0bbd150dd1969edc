"""The queue on both systems: what starts, what the database itself refuses, and what is on record of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest

from tests.core.deployments.made import HOUR, MINUTE, NOW, release
from tests.ledger.base import writing
from tests.ledger.releasing import ADA, KAY, OPEN, begun, columns_of, judged_at, queueing, state_of, submit
from tests.places import PLACES
from wedtui.core.deployments import moves
from wedtui.core.deployments.release import Approval, Migration, ReleaseState, Source, SourceKind
from wedtui.core.freeze import FreezeFacts, Origin, Period
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger.audit_reader import AuditReader, link_of
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.releases import Releases

S = ReleaseState
REFUSED = (sqlite3.IntegrityError, psycopg.Error)
"""What a database says that refuses a statement of somebody who goes around us."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


def sql(path: Path, statement: str, *values: object) -> list[tuple[Any, ...]]:
    return PLACES.execute(path, LEDGER, statement, *values)


def force(path: Path, number: int = 1, state: str = "running") -> None:
    """Do what somebody at the database's own prompt would do."""
    sql(path, "UPDATE release SET state = ? WHERE id = ?", state, number)


def frozen(start: timedelta, end: timedelta, *services: str) -> FreezeFacts:
    period = Period("launch", NOW + start, NOW + end, Origin.CONFIGURATION, services=frozenset(services))
    return replace(OPEN, periods=(period,))


def links(path: Path) -> list[tuple[str, str, str]]:
    with closing(AuditReader(PLACES.url(path))) as reader:
        found = [link for link in map(link_of, reader.written()) if link is not None]
    return [(link.kind, link.person, link.body["said"]) for link in found if link.kind.startswith("release.")]


def test_a_release_is_kept_whole(path: Path) -> None:
    made = release(
        0,
        state=S.QUEUED,
        source=Source(SourceKind.PIPELINE, "ci", "https://ci.test/1"),
        links=("https://ci.test/2",),
        checks=("image",),
        stages=("security", "migration"),
        after=(4,),
        apart=("gallery",),
        migration=Migration("add-column", "drop-column"),
        priority=9,
    )
    with queueing(path) as queue:
        kept = queue.submit(lambda _at: made, "k", by=ADA)
        assert kept == replace(made, id=1)
        held = queue.move(1, "hold", lambda each, at: moves.hold(each, "kay", "wait", at), by=KAY)
        assert held.hold is not None
        given = queue.approve(1, "security", by=KAY, reason="looked at it")
        assert [(each.stage, each.person, each.reason) for each in given.approvals] == [
            ("security", "kay", "looked at it")
        ]
        assert queue.move(1, "resume", lambda each, _at: moves.resume(each), by=KAY) == replace(given, hold=None)


def test_the_same_key_is_the_same_release_and_never_another(path: Path) -> None:
    with queueing(path) as queue:
        asked = release(0, state=S.QUEUED)
        one = queue.submit(lambda _at: asked, "k", by=ADA)
        assert queue.submit(lambda _at: asked, "k", by=ADA) == one
        with pytest.raises(ConflictError, match="the key of this request was used for release 1 already"):
            queue.submit(lambda _at: replace(asked, version="2"), "k", by=ADA)
        assert queue.submit(lambda _at: replace(asked, service="gallery"), "k", by=KAY).id == 2
    assert sql(path, "SELECT count(*) FROM release") == [(2,)]


def test_every_move_is_a_row_and_a_link_with_who_and_why(path: Path) -> None:
    with queueing(path) as queue:
        submit(queue, stages=("security",))
        queue.approve(1, "security", by=KAY, reason="looked at it")
        with pytest.raises(ConflictError, match="release 1: no approval of it is missing"):
            queue.approve(1, "security", by=KAY)
        assert queue.start_next(OPEN, begun) is not None
    rows = sql(path, "SELECT before, after, actor, reason FROM release_transition ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (None, "queued", "ada", "submitted"),
        ("queued", "validating", "the service", ""),
        ("validating", "waiting", "the service", ""),
        ("waiting", "running", "the service", "nothing stops it"),
    ]
    assert links(path) == [
        ("release.queued", "ada", "submitted"),
        ("release.validate", "the service", ""),
        ("release.line-up", "the service", ""),
        ("release.approve", "kay", "looked at it"),
        ("release.approve-refused", "kay", "release 1: no approval of it is missing"),
        ("release.running", "the service", "nothing stops it"),
    ]


def test_a_version_that_is_in_place_or_on_its_way_is_not_released_again(path: Path) -> None:
    with queueing(path) as queue:
        submit(queue)
        with pytest.raises(ConflictError, match=r"1\.4\.2 of rsvp in production is on its way already: release 1"):
            submit(queue, "again")
        queue.start_next(OPEN, begun)
        queue.move(1, "place", moves.place)
        with pytest.raises(ConflictError, match="on its way already"):
            submit(queue, "again")
        queue.move(1, "succeed", lambda each, at: moves.succeed(each, "all is well", at))
        with pytest.raises(ConflictError, match=r"1\.4\.2 of rsvp in production is in place already"):
            submit(queue, "again")
        assert submit(queue, "staging", environment="staging").id == 2
        submit(queue, "newer", version="1.5.0")
        newer = queue.start_next(OPEN, begun)
        assert newer is not None
        assert (newer.id, newer.previous) == (2, "")
        newer = queue.start_next(OPEN, begun)
        assert newer is not None
        assert (newer.id, newer.previous) == (3, "1.4.2")
        queue.move(3, "fail", lambda each, at: moves.fail(each, "errors", at))
        queue.move(3, "roll back", lambda each, at: moves.roll_back(each, "errors", at))
        queue.move(3, "end", lambda each, at: moves.end_rollback(each, "1.4.2 is in place", at))
        with pytest.raises(ConflictError, match=r"1\.4\.2 of rsvp in production is in place already"):
            submit(queue, "old")
        assert submit(queue, "newer again", version="1.5.0").id == 4


def test_those_that_can_never_start_are_blocked_and_say_why(path: Path) -> None:
    with queueing(path) as queue:
        submit(queue)
        submit(queue, "urgent", version="1.5.0", priority=9)
        started = queue.start_next(OPEN, begun)
        assert started is not None
        assert started.id == 2
        assert queue.start_next(OPEN, begun) is None
    assert state_of(path, 1) == "blocked"
    assert links(path)[-1][2].startswith("release 2 of rsvp, which was submitted after it, was started before it")


def test_no_release_of_that_number_is_said_with_where_to_look(path: Path) -> None:
    with queueing(path) as queue, pytest.raises(NotFoundError, match="there is no release 9: `wedtui deploy list`"):
        queue.move(9, "validate", moves.validate)


class TestFreeze:
    """Each layer alone holds it."""

    def test_the_evaluator_is_asked_when_it_is_claimed(self, path: Path) -> None:
        with queueing(path) as queue:
            submit(queue)
            assert queue.start_next(frozen(-HOUR, HOUR), begun) is None
            assert queue.start_next(frozen(20 * MINUTE, HOUR), begun) is None
            assert queue.start_next(replace(OPEN, unreadable=("nothing can be read",)), begun) is None
            judged_at(path, NOW + HOUR)
            assert queue.start_next(frozen(-HOUR, HOUR), begun) is not None

    def test_what_a_person_freezes_before_the_claim_counts_in_it(self, path: Path) -> None:
        with queueing(path) as queue, writing(path) as ledger:
            submit(queue)
            entry = ledger.lock_down(reason="look", by="ada", at=NOW - MINUTE)
            # What was read before says nothing of it yet.
            assert queue.start_next(OPEN, begun) is None
            ledger.lift_freeze(entry.id, by="mo", at=NOW - timedelta(seconds=1), reason="over")
            judged_at(path, NOW)
            assert queue.start_next(OPEN, begun) is not None

    def test_the_database_itself_refuses_it(self, path: Path) -> None:
        with queueing(path) as queue:
            submit(queue)
            # Nothing is known yet, which means frozen.
            for facts in (None, frozen(-HOUR, HOUR), replace(OPEN, unreadable=("nothing can be read",))):
                if facts is not None:
                    queue.renew(facts)
                with pytest.raises(REFUSED, match="it is frozen: no release starts"):
                    force(path)
                assert state_of(path, 1) == "waiting"
            queue.renew(OPEN)
            force(path)
        assert state_of(path, 1) == "running"

    @pytest.mark.parametrize("minutes", [-1, 0, 59, 60])
    def test_it_goes_by_its_own_clock_and_the_intervals_are_half_open(self, path: Path, minutes: int) -> None:
        with queueing(path) as queue:
            submit(queue)
            queue.renew(frozen(timedelta(0), HOUR))
            judged_at(path, NOW + minutes * MINUTE)
            # Before what is stored was stored nothing is known either.
            refused = minutes < 60
            if refused:
                with pytest.raises(REFUSED, match="it is frozen"):
                    force(path)
            else:
                force(path)

    def test_running_out_of_what_is_stored_means_frozen(self, path: Path) -> None:
        with queueing(path) as queue:
            submit(queue)
            queue.renew(OPEN)
            judged_at(path, NOW + timedelta(days=28, minutes=1))
            with pytest.raises(REFUSED, match="it is frozen"):
                force(path)
            queue.renew(OPEN)
            force(path)

    @pytest.mark.parametrize(
        ("scope", "holds"),
        [
            ({}, True),
            ({"environments": ("staging",)}, False),
            ({"environments": ("staging", "production")}, True),
            ({"environments": (), "services": ()}, True),
            ({"services": ("gallery",)}, False),
            ({"services": ("gallery", "rsvp")}, True),
        ],
    )
    def test_what_persons_freeze_counts_at_once_where_it_is_meant(
        self, path: Path, scope: dict[str, Any], holds: bool
    ) -> None:
        with queueing(path) as queue, writing(path) as ledger:
            submit(queue)
            queue.renew(OPEN)
            entry = ledger.add_freeze(
                "launch", NOW - HOUR, NOW + HOUR, reason="x", added_by="ada", added_at=NOW - HOUR, **scope
            )
            if holds:
                with pytest.raises(REFUSED, match="it is frozen"):
                    force(path)
                ledger.lift_freeze(entry.id, by="mo", at=NOW - MINUTE, reason="over")
            force(path)

    @pytest.mark.parametrize(
        ("object_", "begins", "lasts", "may"),
        [
            ("release/1", -HOUR, 2 * HOUR, True),
            ("release/11", -HOUR, 2 * HOUR, False),
            ("release/2", -HOUR, 2 * HOUR, False),
            ("traffic", -HOUR, 2 * HOUR, False),
            ("release/1", -2 * HOUR, 2 * HOUR, False),
            ("release/1", HOUR, 2 * HOUR, False),
            ("release/1", -HOUR, 4 * HOUR, True),
            ("release/1", -HOUR, 4 * HOUR + timedelta(microseconds=1), False),
        ],
    )
    def test_an_override_of_that_release_lets_it_through_while_it_holds(
        self, path: Path, object_: str, begins: timedelta, lasts: timedelta, may: bool
    ) -> None:
        microseconds = timedelta(microseconds=1)
        epoch = datetime.fromtimestamp(0, NOW.tzinfo)
        begins_at, ends_at = ((NOW + each - epoch) // microseconds for each in (begins, begins + lasts))
        with queueing(path) as queue:
            submit(queue)
            sql(
                path,
                "INSERT INTO freeze_override (object, reason, overridden_by, overridden_at, expires_at) "
                "VALUES (?, 'why', 'mo', ?, ?)",
                object_,
                begins_at,
                ends_at,
            )
            if may:
                force(path)
            else:
                with pytest.raises(REFUSED, match="it is frozen"):
                    force(path)

    def test_an_override_that_was_ended_does_not_count(self, path: Path) -> None:
        with queueing(path) as queue, writing(path) as ledger:
            submit(queue)
            queue.renew(frozen(-HOUR, HOUR))
            sql(
                path,
                "INSERT INTO freeze_override (object, reason, overridden_by, overridden_at, expires_at) "
                "SELECT 'release/1', 'why', 'mo', since - 1000000, since + 3600000000 FROM frozen_known",
            )
            ledger.end_override(1, by="mo", at=NOW - timedelta(microseconds=1), reason="no")
            with pytest.raises(REFUSED, match="it is frozen"):
                force(path)

    def test_what_the_database_refuses_starts_nothing_and_leaves_nothing(self, path: Path) -> None:
        with queueing(path) as queue:
            submit(queue)
            frozen_until = NOW + HOUR
            # Somebody froze it where we do not look: what is stored says so, and counts.
            wrong = Releases(PLACES.url(path), clock=lambda _connection: frozen_until)
            with closing(wrong), pytest.raises(ConflictError, match=r"itself refuses to start it: .*it is frozen"):
                wrong.start_next(frozen(-HOUR, HOUR), begun)
        assert state_of(path, 1) == "waiting"
        assert links(path)[-1][0] == "release.line-up"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE release SET state = 'verifying' WHERE id = 1",
        "UPDATE release SET state = 'succeeded' WHERE id = 1",
        "UPDATE release SET state = 'queued' WHERE id = 1",
        "UPDATE release SET state = 'RUNNING' WHERE id = 1",
        "UPDATE release SET service = 'gallery' WHERE id = 1",
        "UPDATE release SET environment = 'staging' WHERE id = 1",
        "UPDATE release SET version = '6.6.6' WHERE id = 1",
        "UPDATE release SET id = 9 WHERE id = 1",
        "UPDATE release SET submitted_by = 'kay' WHERE id = 1",
        "UPDATE release SET request_key = 'other' WHERE id = 1",
        "UPDATE release SET stages = '[]' WHERE id = 1",
        "DELETE FROM release WHERE id = 1",
        "UPDATE release_transition SET actor = 'kay'",
        "DELETE FROM release_transition",
        "UPDATE release_approval SET person = 'mo'",
        "DELETE FROM release_approval",
    ],
)
def test_the_database_itself_keeps_what_a_release_is_and_became(path: Path, statement: str) -> None:
    with queueing(path) as queue:
        submit(queue, stages=("security",))
        queue.approve(1, "security", by=KAY)
        queue.renew(OPEN)
    before = sql(path, "SELECT * FROM release")
    with pytest.raises(REFUSED, match=r"no legal move|never changes|append-only"):
        sql(path, statement)
    assert sql(path, "SELECT * FROM release") == before


def test_a_release_is_never_put_there_running(path: Path) -> None:
    with queueing(path) as queue:
        submit(queue)
        queue.renew(OPEN)
    ((columns,),) = [(", ".join(columns_of(path, "release")),)]
    values = columns.replace("state", "'running'").replace("request_key", "'other'").replace("id,", "", 1)
    names = columns.replace("id,", "", 1)
    with pytest.raises(REFUSED, match="no legal move"):
        sql(path, f"INSERT INTO release ({names}) SELECT {values} FROM release")


@pytest.mark.parametrize(
    ("given", "may"),
    [
        ({}, False),
        ({"security": "kay"}, False),
        ({"security": "kay", "other": "mo"}, False),
        ({"security": "kay", "performance": "kay"}, False),
        ({"security": "kay", "performance": "ada"}, False),
        ({"security": "kay", "performance": "mo"}, True),
    ],
)
def test_without_every_approval_the_database_itself_starts_nothing(
    path: Path, given: dict[str, str], *, may: bool
) -> None:
    with queueing(path) as queue:
        submit(queue, stages=("security", "performance"))
        queue.renew(OPEN)
        for stage, person in given.items():
            # As nobody may give it who asks us; those who go round us are refused when it is to start.
            sql(path, "INSERT INTO release_approval VALUES (1, ?, ?, 0, '')", stage, person)
        if may:
            force(path)
        else:
            with pytest.raises(REFUSED, match="an approval of it is missing"):
                force(path)
    assert state_of(path, 1) == ("running" if may else "waiting")


def test_two_releases_of_one_service_never_run_at_once_whoever_asks_the_database(path: Path) -> None:
    with queueing(path) as queue:
        submit(queue)
        submit(queue, "k2", version="1.5.0")
        assert queue.start_next(OPEN, begun) is not None
        with pytest.raises(REFUSED, match=r"release_alone|UNIQUE"):
            force(path, 2)


def test_of_many_services_that_start_the_next_one_does(path: Path) -> None:
    with queueing(path) as queue:
        for number in range(3):
            submit(queue, f"k{number}", service=f"s{number}")
    together, started = Barrier(4), list[int]()

    def one() -> None:
        with closing(Releases(PLACES.url(path), at_once=9, waits=timedelta(seconds=30))) as queue:
            together.wait()
            while (found := queue.start_next(OPEN, begun)) is not None:
                started.append(found.id)

    threads = [Thread(target=one) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(started) == [1, 2, 3]
    assert sql(path, "SELECT count(*) FROM release_transition WHERE after = 'running'") == [(3,)]


def test_what_is_over_stays_in_the_history_of_what_was_frozen(path: Path) -> None:
    with queueing(path) as queue:
        submit(queue)
        queue.renew(frozen(-HOUR, HOUR))
        first = sql(path, "SELECT count(*) FROM frozen_interval")
        judged_at(path, NOW + 2 * HOUR)
        queue.renew(OPEN)
        assert sql(path, "SELECT count(*) FROM frozen_interval") == first
        queue.renew(OPEN)
        assert sql(path, "SELECT count(*) FROM frozen_interval") == first


def test_an_approval_is_a_person_s_word_of_one_instant(path: Path) -> None:
    with queueing(path) as queue:
        submit(queue, stages=("security",))
        given = queue.approve(1, "security", by=KAY, reason="looked")
    (approval,) = given.approvals
    assert approval == Approval("security", "kay", approval.at, "looked")
    assert timedelta(0) <= approval.at - NOW < MINUTE


_Move = Callable[[Releases], Any]


@pytest.mark.parametrize(
    "move",
    [
        lambda queue: queue.move(1, "start", lambda each, at: moves.start(each, 7, at)),
        lambda queue: queue.move(1, "place", moves.place),
    ],
)
def test_a_move_that_our_own_code_should_not_make_is_refused_by_the_database_too(path: Path, move: _Move) -> None:
    with queueing(path) as queue:
        submit(queue)
        with pytest.raises(Exception, match=r"frozen|cannot become"):
            move(queue)
    assert state_of(path, 1) == "waiting"


class TestOverride:
    """A manager lets one release through, and nothing else."""

    def test_of_a_release_that_waits_lets_that_one_start_in_a_freeze(self, path: Path) -> None:
        with queueing(path) as queue, writing(path) as ledger:
            submit(queue)
            submit(queue, "k2", service="gallery")
            closed = frozen(-HOUR, 9 * HOUR)
            ledger.override_freeze("release/1", reason="the venue asks", by="mo", at=NOW, until=NOW + HOUR)
            started = queue.start_next(closed, begun)
            assert started is not None
            assert started.id == 1
            assert queue.start_next(closed, begun) is None
        assert links(path)[-1][2].startswith("a freeze is overridden for it: release/1 by mo until 10:00:00 UTC")

    def test_a_lockdown_ends_it(self, path: Path) -> None:
        with queueing(path) as queue, writing(path) as ledger:
            submit(queue)
            ledger.override_freeze("release/1", reason="x", by="mo", at=NOW - MINUTE, until=NOW + HOUR)
            assert ledger.lock_down(reason="x", by="ada", at=NOW).overrides_ended == ("release/1",)
            assert queue.start_next(OPEN, begun) is None
            with pytest.raises(REFUSED, match="it is frozen"):
                force(path)

    def test_there_is_none_for_what_is_not_there_or_has_begun(self, path: Path) -> None:
        with queueing(path) as queue, writing(path) as ledger:
            for name in ("release/1", "release/0", "gallery"):
                with pytest.raises(ConfigurationError, match=r"no release 1 to override|is not overridden for"):
                    ledger.override_freeze(name, reason="x", by="mo", at=NOW, until=NOW + HOUR)
            submit(queue)
            assert queue.start_next(OPEN, begun) is not None
            with pytest.raises(ConflictError, match="release 1 is running: no freeze stops its start any more"):
                ledger.override_freeze("release/1", reason="x", by="mo", at=NOW, until=NOW + HOUR)
