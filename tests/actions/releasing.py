"""Releases on a made-up host, with a real ledger, in moved time; the service that carries them out may die anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from tests.actions.world import BreakingJournal, Commits, Crash
from tests.core.deployments.made import NOW
from tests.ledger.releasing import OPEN, queueing, state_of, submit
from tests.moved_time import MovedClock, MovedLoop, run_moved
from tests.places import PLACES
from wedtui.actions.executor import Executor
from wedtui.actions.releases import Releasing
from wedtui.core.actions import LEASE, Action, ActionState
from wedtui.core.deployments.carried import RELEASE
from wedtui.core.deployments.doing import action_for, key_of
from wedtui.core.deployments.freezing import Allowed
from wedtui.core.deployments.release import Release
from wedtui.core.deployments.verification import Measured, Soak, Verification, Watched, judge
from wedtui.errors import ConflictError, NotNowError, ProviderUnavailableError, StoreError
from wedtui.ledger import journal as kept
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.reader import LedgerReader
from wedtui.providers.deploy.base import Found, Placing, Progress, Seen, Trace, Try

ERRORS = Watched("errors", above=5.0)
TICK = timedelta(seconds=10)


class DiedError(Exception):
    """Whoever asked does not know what came of it."""


@dataclass
class Host:
    """Where versions are put in place: every start is counted, and takes three looks."""

    version: str = "1.4.1"
    faults: dict[Try, list[str]] = field(default_factory=dict)
    """By what for, what becomes of each start: `refused`, `not now`, `lost`, `made and lost`, `crash`,
    `made and crash`, `untold`, `fails`, `hangs`, `unseen`, `unknown`."""
    started: list[str] = field(default_factory=list)
    going: dict[str, int] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    prepares: str = ""
    aborted: list[str] = field(default_factory=list)

    @staticmethod
    def _name(what: Placing) -> str:
        return what._replace(mark="").name

    async def prepare(self, what: Placing) -> str:
        if self.prepares:
            raise ConflictError(self.prepares)
        if self.version == what.version:
            raise ConflictError(f"{self.version} is in place already")
        return self.version

    async def start(self, what: Placing) -> str:
        faults = self.faults.get(what.tries, [])
        fault = faults.pop(0) if faults else ""
        if fault == "refused":
            raise ConflictError("there is no such version")
        if fault == "not now":
            raise NotNowError("it is throttled")
        if fault == "lost":
            raise DiedError
        if fault == "crash":
            raise Crash
        if fault == "untold":
            self.ends[self._name(what)] = "unknown"
            raise DiedError
        self.started.append(self._name(what))
        self.going[self._name(what)] = 0
        self.ends[self._name(what)] = fault
        if fault == "made and lost":
            raise DiedError
        if fault == "made and crash":
            raise Crash
        return "it was started"

    async def find(self, what: Placing) -> Found:
        if self.ends.get(self._name(what)) == "unknown":
            return Found(Trace.UNKNOWABLE, "nobody knows")
        made = self._name(what) in self.started
        return Found(Trace.MADE if made else Trace.NOT_MADE, "it was started" if made else "it was not started")

    async def observe(self, what: Placing) -> Seen:
        self.going[self._name(what)] += 1
        end = self.ends[self._name(what)]
        if end == "unseen":
            raise ProviderUnavailableError("it does not answer")
        if end == "hangs" and self._name(what) not in self.aborted:
            return Seen(Progress.GOING, "it goes on")
        if self.going[self._name(what)] < 3:
            return Seen(Progress.GOING, "it goes on")
        if end == "unknown":
            return Seen(Progress.UNKNOWN, "nobody knows")
        if end in {"fails", "hangs"}:
            return Seen(Progress.FAILED, "it ended with 1")
        self.version = what.version
        return Seen(Progress.DONE, f"{what.version} is in place")

    async def abort(self, what: Placing) -> None:
        self.aborted.append(self._name(what))


class Place:
    """A ledger with a release that starts, and the services that carry it out."""

    def __init__(
        self,
        path: Path,
        host: Host,
        *,
        errors: Callable[[float], float | None] = lambda _minutes: 1.0,
        crashes: Mapping[int, str] | None = None,
        frozen: str = "",
        previous: bool = True,
    ) -> None:
        """Remember what happens.

        Args:
            path: of the ledger.
            host: where versions are put in place.
            errors: what is measured so many minutes after the version is in place; None: nothing.
            crashes: the number of a commit -> what happens there.
            frozen: why it may not begin by what is known then.
            previous: whether another version was released there before.
        """
        self.path, self.host, self._errors, self._frozen = path, host, errors, frozen
        self._commits = Commits(dict(crashes or {}))
        self.took = timedelta()
        with queueing(path) as queue:
            if previous:
                submit(queue, "before", version="1.4.1")
                first = queue.start_next(OPEN, self._begin)
                assert first is not None
            submit(queue)
        self._previous = previous

    def _begin(self, connection: Connection, release: Release, why: str, at: datetime) -> int:
        return kept.begin(connection, action_for(release, "service one", why, at), key_of(release), at)

    def through(self) -> Action:
        """Carry it out to its end, by as many services as it takes; return the action."""
        return run_moved(self._through)

    async def _through(self, loop: MovedLoop) -> Action:
        clock = MovedClock(loop, NOW)
        if self._previous:
            await self._work(clock, Host("1.4.0"), lambda _minutes: 1.0, Commits(), "first")
        with queueing(self.path, clock.now()) as queue:
            started = queue.start_next(OPEN, self._begin)
        assert started is not None
        self.number = started.id
        begun = clock.now()
        for life in range(40):
            try:
                await self._work(clock, self.host, self._errors, self._commits, f"life {life}")
            except (Crash, StoreError, ProviderUnavailableError):
                await asyncio.sleep(2 * LEASE.total_seconds())
                continue
            action = self.action()
            if action.state in {ActionState.ENDED, ActionState.HANDED_OVER}:
                self.took = clock.now() - begun
                return action
            await asyncio.sleep(2 * LEASE.total_seconds())
        raise AssertionError("it never ended")

    def action(self) -> Action:
        """Return the newest action as it is stored."""
        with closing(LedgerReader(PLACES.url(self.path))) as reader:
            return reader.actions(open_only=False)[0]

    @property
    def state(self) -> str:
        """How the release stands."""
        return state_of(self.path, self.number)

    def went(self) -> list[str]:
        """Return the states that it went through since it started."""
        rows = PLACES.execute(
            self.path, LEDGER, "SELECT after FROM release_transition WHERE release_id = ? ORDER BY id", self.number
        )
        return [str(row[0]) for row in rows][3:]

    async def _work(
        self, clock: MovedClock, host: Host, errors: Callable[[float], float | None], commits: Commits, life: str
    ) -> None:
        async def may_start(_number: int) -> Allowed:
            return Allowed(not self._frozen, self._frozen)

        async def judged(_number: int, soak: Soak) -> Verification:
            since = []
            at = soak.placed_at
            while at <= clock.now():
                value = errors((at - soak.placed_at).total_seconds() / 60)
                if value is not None:
                    since.append((at, value))
                at += TICK
            return judge([ERRORS], [Measured("errors", (), since)], soak, clock.now())

        releasing = Releasing({"command": host}, may_start, judged, clock=clock, machine="a")
        executor = Executor(
            lambda: BreakingJournal(PLACES.url(self.path), clock.now, commits),
            {RELEASE: releasing},
            life,
            monotonic=clock.monotonic,
        )
        try:
            while await executor.work_once():
                pass
        finally:
            await executor.close()
