"""Releasing, in a thread of the service's process: who may start is started, watched to its end, and taken back.

What freezes is looked at again and again; whether one starts is decided in the ledger's own transaction, by what was
read just before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from wedtui.actions.executor import Executor
from wedtui.actions.releases import Releasing
from wedtui.cache.samples import SampleReader
from wedtui.cli.deployers import Place, deployer_of
from wedtui.cli.release_desk import ReleaseDesk
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.deployments import moves
from wedtui.core.deployments.carried import KINDS, RELEASE
from wedtui.core.deployments.doing import action_for, key_of
from wedtui.core.deployments.freezing import Allowed, allowed
from wedtui.core.deployments.queue import hopeless, next_to_start
from wedtui.core.deployments.release import Release, ReleaseState
from wedtui.core.deployments.verification import Measured, Soak, Verification, Watched, judge
from wedtui.core.freeze import FreezeFacts
from wedtui.errors import ProviderUnavailableError, StoreError, WedtuiError
from wedtui.ledger import journal
from wedtui.ledger.journal import Journal
from wedtui.ledger.release_reader import Line, ReleaseReader
from wedtui.ledger.releases import Releases
from wedtui.paths import StatePaths
from wedtui.providers.deploy.base import Deployer

LOOKS_EVERY_S = 1.0
AGAIN_AFTER_S = 5.0
"""After something failed."""
READ_EVERY = timedelta(seconds=5)
"""So old may be what freezes, as it is known between two looks; before anything starts it is read anew."""
RENEWED_EVERY = timedelta(minutes=5)
"""So often what the database itself goes by is stored anew, while anything waits."""


class Told(NamedTuple):
    """Who is told what happens, and who is asked; called by its threads."""

    trouble: Callable[[str, str | None], None]
    """What is wrong with a part, and None once that is over."""
    acted: Callable[[], None]
    """Something was done that everybody is to see soon."""
    acts: Callable[[], bool]
    """Whether this service, of several, is the one that starts releases."""
    moved: Callable[[], None] = lambda: None
    """An action made a move that is stored."""


class Who(NamedTuple):
    """Which service it is."""

    life: str
    """Under which it holds what it works on."""
    vantage: str
    machine: str
    """Machine and state directory: what a command left there only a service there can look into."""
    drill: bool = False


class ReleaseService:
    """Starts releases and carries them out, until it is closed."""

    def __init__(self, configuration: Configuration, paths: StatePaths, clock: Clock, who: Who, told: Told) -> None:
        """Remember with what it is done; nothing is opened yet.

        Args:
            configuration: how each kind is done.
            paths: the state directory.
            clock: the time of day.
            who: which service it is.
            told: who is told what.
        """
        self._configuration, self._paths, self._clock, self._who, self._told = configuration, paths, clock, who, told
        self._cache_url, self._ledger_url = paths.cache_url(configuration), paths.ledger_url(configuration)
        self._desk = ReleaseDesk(configuration, paths, self._cache_url, self._ledger_url)
        self._line = _Dispatch(self._desk, configuration, self._ledger_url, who, told, clock)
        self._judging = _Judging(configuration, self._cache_url, self._ledger_url, clock)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._live, name="releases", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End after what is stored just now; what is not finished is taken up again by who begins next."""
        self._ready.wait(5)
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _live(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception as error:
            structlog.get_logger("wedtui.releases").error("releasing ended", error=type(error).__name__)
            ended = f"no release is started or watched any more ({type(error).__name__})"
            self._told.trouble("releases", f"{ended}: restart the service")

    async def _run(self) -> None:
        self._stop, self._loop = asyncio.Event(), asyncio.get_running_loop()
        self._ready.set()
        async with contextlib.AsyncExitStack() as held:
            held.callback(self._line.close)
            held.callback(self._judging.close)
            deployers, machine = self._deployers(held), self._who.machine
            releasing = Releasing(deployers, self._may_start, self._judging.judge, clock=self._clock, machine=machine)
            working = [asyncio.create_task(self._dispatch())]
            for number in range(self._configuration.deployments.at_once):
                executor = Executor(
                    self._journal,
                    {RELEASE: releasing},
                    self._who.life,
                    self._told.acted,
                    takes=lambda kind: kind in KINDS,
                )
                held.push_async_callback(executor.close)
                working.append(asyncio.create_task(self._work(executor, number)))
            try:
                await self._stop.wait()
            finally:
                for task in working:
                    task.cancel()
                await asyncio.gather(*working, return_exceptions=True)

    def _deployers(self, held: contextlib.AsyncExitStack) -> Mapping[str, Deployer]:
        found: dict[str, Deployer] = {}
        place = Place(self._paths.directory / "releases", self._who.machine, self._clock, held)
        for each in self._configuration.deployments.templates:
            try:
                found[each.name] = deployer_of(each, place)
            except WedtuiError as error:
                # Whoever is to put it in place is missing: what was begun by it is for a person.
                self._told.trouble(f"template {each.name}", f'nothing is released by "{each.name}": {error}')
            else:
                self._told.trouble(f"template {each.name}", None)
        return found

    async def _may_start(self, number: int) -> Allowed:
        """Ask the evaluator once more, just before the first outside call."""

        def look() -> Allowed:
            now = self._clock.now()
            return allowed(self._desk.one(number).release, self._desk.freeze(now), now)

        return await asyncio.to_thread(look)

    async def _dispatch(self) -> None:
        """Bring every release as far as it may go, again and again; what fails is a problem that people see."""
        log = structlog.get_logger("wedtui.releases")
        while True:
            waits = LOOKS_EVERY_S
            try:
                if self._told.acts() and await asyncio.to_thread(self._line.look):
                    self._told.acted()
                self._told.trouble("releases", None)
            except Exception as error:
                ours = str(error) if isinstance(error, WedtuiError) else f"{type(error).__name__}; see the log"
                self._told.trouble("releases", f"no release is started: {ours}")
                log.error("releases wait", why=repr(error))
                waits = AGAIN_AFTER_S
            await asyncio.sleep(waits)

    async def _work(self, executor: Executor, number: int) -> None:
        """Carry out one release after another."""
        part = "releases under way" if number == 0 else f"releases under way {number + 1}"
        log = structlog.get_logger("wedtui.releases")
        while True:
            waits = LOOKS_EVERY_S
            try:
                if await executor.work_once():
                    waits = 0.0
                    self._told.acted()
                self._told.trouble(part, None)
            except WedtuiError as error:
                self._told.trouble(part, f"what is under way waits: {error}")
                log.warning("a release waits", why=str(error))
                waits = AGAIN_AFTER_S
            await asyncio.sleep(waits)

    def _journal(self) -> Journal:
        return Journal(self._ledger_url, moved=self._told.moved, drill=self._who.drill)


class _Dispatch:
    """Brings releases from where they were submitted to where they are carried out. Used by one thread at a time."""

    def __init__(
        self, desk: ReleaseDesk, configuration: Configuration, ledger_url: str, who: Who, told: Told, clock: Clock
    ) -> None:
        self._desk, self._configuration, self._url, self._who = desk, configuration, ledger_url, who
        self._told, self._clock = told, clock
        self._queue: Releases | None = None
        self._reader = ReleaseReader(ledger_url)
        self._read_at: float | None = None
        self._facts: FreezeFacts | None = None
        self._renewed: tuple[float, frozenset[tuple[str, str]]] = (0.0, frozenset())

    def look(self) -> bool:
        """Do what is to be done; return whether anything changed.

        Raises:
            StoreError: the ledger cannot be read or written.
        """
        line = self._reader.line()
        if not line.open:
            return False
        changed = self._bring_up(line)
        if changed:
            line = self._reader.line()
        now, facts = self._clock.now(), self._known()
        self._renew(line)
        known = line.facts(facts, self._configuration.deployments.at_once)
        if next_to_start(known, now) is None and not hopeless(known, now):
            return changed
        return self._start() or changed

    def close(self) -> None:
        """Let go of the ledger."""
        self._reader.close()
        if self._queue is not None:
            self._queue.close()

    def _bring_up(self, line: Line) -> bool:
        """Put in line what waits for no check any more."""
        found = False
        for release in line.open:
            if release.state is ReleaseState.QUEUED:
                release = self._opened().move(release.id, "validate", moves.validate)  # noqa: PLW2901 - as it is now
                found = True
            if release.state is ReleaseState.VALIDATING and not release.unchecked:
                self._opened().move(release.id, "line up", moves.line_up)
                found = True
        return found

    def _start(self) -> bool:
        """Start whatever may start, by what freezes as it is read now."""
        facts, found = self._known(anew=True), False
        while (started := self._opened().start_next(facts, self._begin)) is not None:
            structlog.get_logger("wedtui.releases").info("started", release=started.id, version=started.version)
            found = True
        return found

    def _begin(self, connection: Connection, release: Release, why: str, at: datetime) -> int:
        action = action_for(release, f"service {self._who.vantage}", why, at)
        return journal.begin(connection, action, key_of(release), at, drill=self._who.drill)

    def _known(self, *, anew: bool = False) -> FreezeFacts:
        tick = self._clock.monotonic()
        if self._facts is None or self._read_at is None or anew or tick - self._read_at >= READ_EVERY.total_seconds():
            self._facts, self._read_at = self._desk.freeze(self._clock.now()), tick
        return self._facts

    def _renew(self, line: Line) -> None:
        """Store what the database itself goes by, where it may have run out or there is a service more."""
        places, tick = frozenset(each.where for each in line.open), self._clock.monotonic()
        stored_at, stored = self._renewed
        if places <= stored and tick - stored_at < RENEWED_EVERY.total_seconds():
            return
        self._opened().renew(self._known(anew=True))
        self._renewed = tick, places

    def _opened(self) -> Releases:
        if self._queue is None:
            self._queue = Releases(self._url, at_once=self._configuration.deployments.at_once)
        return self._queue


class _Judging:
    """Says how a release did, by what was measured of it."""

    def __init__(self, configuration: Configuration, cache_url: str, ledger_url: str, clock: Clock) -> None:
        self._watched = {each.name: each.watch for each in configuration.deployments.templates}
        self._samples, self._releases = SampleReader(cache_url), ReleaseReader(ledger_url)
        self._clock = clock
        self._one_at_a_time = threading.Lock()

    async def judge(self, number: int, soak: Soak) -> Verification:
        """Judge the release of a number; raises a ProviderUnavailableError where that cannot be read."""
        try:
            return await asyncio.to_thread(self._judged, number, soak)
        except StoreError as error:
            raise ProviderUnavailableError(str(error)) from error

    def close(self) -> None:
        """Let go of cache and ledger."""
        self._samples.close()
        self._releases.close()

    def _judged(self, number: int, soak: Soak) -> Verification:
        with self._one_at_a_time:
            release, now = self._releases.one(number).release, self._clock.now()
            sections = self._watched.get(release.template, ())
            watched, measured = [], []
            for each in sections:
                name = f"{each.provider} {each.signal}"
                watched.append(Watched(name, each.above, each.times_before, each.at_least))
                begun = release.started_at or soak.placed_at
                before = self._samples.between(each.provider, each.signal, begun - soak.lasts, begun)
                since = self._samples.between(each.provider, each.signal, soak.placed_at, now)
                measured.append(Measured(name, [value for _, value in before], since))
            return judge(watched, measured, soak, now)
