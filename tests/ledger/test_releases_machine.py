"""No sequence of what people, clocks and services do ever starts a release inside a freeze that nobody overrode for it.

The model is a list of intervals, and knows nothing of the evaluator. Whatever starts, by our own code or by a statement
at the database's own prompt, is held against it.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.core.deployments.made import HOUR, MINUTE, NOW
from tests.examples import examples
from tests.ledger.releasing import ADA, KAY, OPEN, begun, judged_at, submit
from tests.places import PLACES
from wedtui.core.deployments import moves
from wedtui.core.deployments.release import ReleaseState
from wedtui.core.freeze import FreezeFacts, Origin, Period
from wedtui.errors import WedtuiError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.releases import Releases

SERVICES = st.sampled_from(["rsvp", "gallery"])
HALF = MINUTE / 2
"""Every clock stands in the middle of a minute, and everything else begins and ends with one: moments do not matter."""
minutes = st.integers(-90, 240).map(lambda count: count * MINUTE)
lengths = st.integers(1, 180).map(lambda count: count * MINUTE)


@dataclass
class Interval:
    """Something that freezes, or lets through, over [start, end)."""

    start: datetime
    end: datetime
    services: frozenset[str] = frozenset()
    release: int = 0

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end


class Queue(RuleBasedStateMachine):
    """A queue, the people around it, and whoever goes around us."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="queue-"))
        self.path = self.folder / "ledger.db"
        self.at = NOW + HALF
        self.configured: list[Interval] = []
        self.persons: dict[int, Interval] = {}
        self.overrides: dict[int, Interval] = {}
        self.keys = 0
        self.running: set[int] = set()

    @initialize()
    def begin(self) -> None:
        self.queue = Releases(PLACES.url(self.path), at_once=2, waits=timedelta(seconds=5))
        self.ledger = Ledger(PLACES.url(self.path), waits=timedelta(seconds=5))
        judged_at(self.path, self.at)

    @rule(service=SERVICES, staged=st.booleans(), minutes=st.integers(1, 90))
    def submits(self, service: str, staged: bool, minutes: int) -> None:
        self.keys += 1
        stages = ("security",) if staged else ()
        with suppress(WedtuiError):
            submit(
                self.queue,
                f"k{self.keys}",
                service=service,
                version=f"{self.keys}",
                stages=stages,
                within=minutes * MINUTE,
                soak=timedelta(),
            )

    @rule(number=st.integers(1, 6))
    def approves(self, number: int) -> None:
        with suppress(WedtuiError):
            self.queue.approve(number, "security", by=KAY)

    @rule(number=st.integers(1, 6), what=st.sampled_from(["hold", "resume", "cancel"]))
    def decides(self, number: int, what: str) -> None:
        made: dict[str, Callable[..., Any]] = {
            "hold": lambda each, at: moves.hold(each, "ada", "wait", at),
            "resume": lambda each, _at: moves.resume(each),
            "cancel": lambda each, at: moves.cancel(each, "ada", "", at),
        }
        with suppress(WedtuiError):
            self.queue.move(number, what, made[what], by=ADA)

    @rule(start=minutes, lasts=lengths, services=st.frozensets(SERVICES))
    def configures(self, start: timedelta, lasts: timedelta, services: frozenset[str]) -> None:
        begins = self.at - HALF + start
        self.configured.append(Interval(begins, begins + lasts, services))

    @rule()
    def configures_nothing(self) -> None:
        self.configured.clear()

    @rule(start=minutes, lasts=lengths, services=st.frozensets(SERVICES))
    def freezes(self, start: timedelta, lasts: timedelta, services: frozenset[str]) -> None:
        begins = self.at - HALF + start
        entry = self.ledger.add_freeze(
            "launch", begins, begins + lasts, reason="x", added_by="ada", added_at=self.at, services=services
        )
        self.persons[entry.id] = Interval(begins, begins + lasts, services)

    @rule()
    def locks_down(self) -> None:
        entry = self.ledger.lock_down(reason="x", by="ada", at=self.at)
        self.persons[entry.id] = Interval(self.at, datetime.max.replace(tzinfo=NOW.tzinfo))
        for each in self.overrides.values():
            each.end = min(each.end, self.at)

    @rule(number=st.integers(1, 4))
    def lifts(self, number: int) -> None:
        with suppress(WedtuiError):
            self.ledger.lift_freeze(number, by="mo", at=self.at, reason="x")
            self.persons[number].end = min(self.persons[number].end, self.at)

    @rule(release=st.integers(1, 6), lasts=st.integers(1, 300))
    def overrides_for(self, release: int, lasts: int) -> None:
        end = self.at - HALF + lasts * MINUTE
        with suppress(WedtuiError):
            entry = self.ledger.override_freeze(f"release/{release}", reason="x", by="mo", at=self.at, until=end)
            self.overrides[entry.id] = Interval(self.at, end, release=release)

    @rule(by=minutes)
    def moves_the_clock(self, by: timedelta) -> None:
        self.at = max(NOW + HALF - 6 * HOUR, min(self.at + by, NOW + HALF + 24 * HOUR))
        judged_at(self.path, self.at)

    @rule()
    def stores_what_is_frozen(self) -> None:
        self.queue.renew(self.facts())

    @rule()
    def starts(self) -> None:
        with suppress(WedtuiError):
            self.queue.start_next(self.facts(), begun)

    @rule(number=st.integers(1, 6))
    def forces(self, number: int) -> None:
        with suppress(sqlite3.Error, psycopg.Error):
            # What is stored may be older than what is configured by now: then it holds what was.
            PLACES.execute(self.path, LEDGER, "UPDATE release SET state = 'running' WHERE id = ?", number)
            if number in self.started() and number not in self.running:
                assert not self.frozen(number, stored=True)
                self.running.add(number)

    @rule(number=st.integers(1, 6), well=st.booleans())
    def ends(self, number: int, well: bool) -> None:
        with suppress(WedtuiError):
            if well:
                self.queue.move(number, "place", moves.place)
                self.queue.move(number, "succeed", lambda each, at: moves.succeed(each, "well", at))
            else:
                self.queue.move(number, "fail", lambda each, at: moves.fail(each, "ill", at))
                self.queue.move(number, "block", lambda each, at: moves.block(each, "ill", at))

    @rule()
    def is_killed(self) -> None:
        self.queue.close()
        self.ledger.close()
        self.begin()

    @invariant()
    def nothing_was_started_in_a_freeze(self) -> None:
        for number in self.started() if self.is_there() else ():
            if number not in self.running:
                assert not self.frozen(number), f"release {number} was started in a freeze"
                self.running.add(number)

    def started(self) -> list[int]:
        rows = PLACES.execute(self.path, LEDGER, "SELECT id FROM release WHERE state = ?", ReleaseState.RUNNING.value)
        return [int(row[0]) for row in rows]

    def is_there(self) -> bool:
        return hasattr(self, "queue")

    def facts(self) -> FreezeFacts:
        periods = (
            Period("launch", each.start, each.end, Origin.CONFIGURATION, services=each.services)
            for each in self.configured
        )
        return replace(OPEN, periods=tuple(periods))

    def frozen(self, number: int, *, stored: bool = False) -> bool:
        """Whether the model says that a release may not start now; of what is stored alone, or of all there is."""
        rows = PLACES.execute(self.path, LEDGER, "SELECT service FROM release WHERE id = ?", number)
        service = str(rows[0][0])
        if any(each.release == number and each.holds(self.at) for each in self.overrides.values()):
            return False
        everything = [*self.persons.values(), *([] if stored else self.configured)]
        return any(each.holds(self.at) and (not each.services or service in each.services) for each in everything)

    def teardown(self) -> None:
        if self.is_there():
            self.queue.close()
            self.ledger.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_nothing_starts_in_a_freeze_that_nobody_overrode_for_it() -> None:
    run_state_machine_as_test(Queue, settings=examples(20, steps=30))
