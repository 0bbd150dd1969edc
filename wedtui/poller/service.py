"""The service: asks the targets, stores the answers, keeps house, and ends cleanly.

Everything that writes runs in the recorder's one thread; everything that asks runs on the event loop.
"""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from wedtui import __version__
from wedtui.cache.reader import CacheReader
from wedtui.cache.writer import CacheWriter
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.health import judge
from wedtui.core.observation import Observation
from wedtui.core.picture import ServiceFacts
from wedtui.core.rollup import STEP_NAMES
from wedtui.core.season import Pace, Protection, pace, protection_by_date
from wedtui.errors import ServiceError, WedtuiError
from wedtui.ledger.reader import LedgerReader
from wedtui.poller.clock_watch import ClockWatch
from wedtui.poller.exposition import Exposition
from wedtui.poller.figures import Figures, service_figures
from wedtui.poller.recorder import Recorder
from wedtui.poller.resolver import Resolver
from wedtui.poller.schedule import Scheduler
from wedtui.providers.registry import build_targets

log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.0
SCORES_S = 10.0
MIRROR_S = 10.0
ROLL_S = 10.0
# Between two pieces of one backlog: what else writes goes first.
ROLL_ON_S = 0.05
PRUNE_S = 60.0
PRUNE_CHUNK = 5_000
TRY_AGAIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a service reads and writes."""

    cache_url: str
    ledger_url: str


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told how the service is; by default nobody."""

    ready: Callable[[], None] = lambda: None
    """Once, when readers can find this service in the cache."""
    alive: Callable[[], None] = lambda: None
    """Each time that it got round to a heartbeat, whether or not that could be stored."""
    stopping: Callable[[], None] = lambda: None
    """Once, when it begins to end."""


NOBODY = Told()


class Service:
    """One run of the service, from its lock to its last commit."""

    def __init__(self, configuration: Configuration, stores: Stores, clock: Clock, *, mode: str, digest: str) -> None:
        """Open the cache for writing.

        Args:
            configuration: what to watch.
            stores: where to keep what was seen.
            clock: the time of day, and a time that never jumps.
            mode: `personal` or `shared`.
            digest: of the configuration, so that readers can tell when theirs differs.

        Raises:
            StoreError: the cache cannot be used.
        """
        self._configuration = configuration
        self._stores = stores
        self._clock = clock
        self._cache = CacheWriter(stores.cache_url)
        self._recorder = Recorder(self._cache)
        self._level: Protection | None = None
        self._problems: dict[str, str] = {}
        self.figures = Figures(mode=mode, environment=configuration.environment)
        now = clock.now()
        self._clock_watch = ClockWatch(clock)
        self._facts = ServiceFacts(
            instance=uuid.uuid4().hex,
            pid=os.getpid(),
            mode=mode,
            version=__version__,
            environment=configuration.environment,
            started_at=now,
            heartbeat_at=now,
            configuration_digest=digest,
        )

    async def run(self, told: Told = NOBODY) -> None:
        """Watch until SIGTERM, SIGINT or SIGHUP; then store what was seen and say that it stopped.

        Args:
            told: who is told how it is.
        """
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        targets = build_targets(self._configuration, self._clock)
        Resolver(loop).install()
        scheduler = Scheduler(targets.all, self._clock, self._pace, self._take)
        self._count(scheduler)
        await self._recorder.in_thread(self._begin)
        told.ready()
        log.info("watching", targets=len(targets.all), mode=self._facts.mode)
        work = [
            asyncio.create_task(scheduler.run()),
            asyncio.create_task(self._recorder.run()),
            asyncio.create_task(self._every(HEARTBEAT_S, lambda: self._heartbeat(scheduler), told.alive)),
            asyncio.create_task(self._every(SCORES_S, self._record_scores)),
            asyncio.create_task(self._every(MIRROR_S, self._mirror)),
            # Before pruning: of an old cache nothing goes that is not rolled up.
            asyncio.create_task(self._every(ROLL_S, self._roll)),
            asyncio.create_task(self._every(PRUNE_S, self._prune)),
            asyncio.create_task(self._expose()),
        ]
        stopping = asyncio.create_task(stop.wait())
        try:
            # A part that ends by itself has failed; a service that half works would look alive.
            done, _ = await asyncio.wait([stopping, *work], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                await task
        finally:
            told.stopping()
            for task in (stopping, *work):
                task.cancel()
            await asyncio.gather(stopping, *work, return_exceptions=True)
            try:
                await targets.close()
            finally:
                await self._end()

    def _take(self, observations: tuple[Observation, ...]) -> None:
        self.figures.observed(observations)
        self._recorder.take(observations)

    def _count(self, scheduler: Scheduler) -> None:
        """Have the figures count what the schedules and the recorder do."""
        scheduler.punctuality.tell = self.figures.late
        self.figures.look_up(service_figures(scheduler.punctuality, self._recorder, self._stores.cache_url))

    async def _expose(self) -> None:
        """Serve the figures, if that is configured; a port that is taken is a problem that people see, not the end."""
        address = self._configuration.service.metrics
        while address is not None:
            try:
                exposition = Exposition(address, self.figures.registry)
            except ServiceError as error:
                if self._problems.get(address) != str(error):
                    log.error("figures are not served", problem=str(error))
                self._problems[address] = str(error)
                await asyncio.sleep(TRY_AGAIN_S)
                continue
            self._problems.pop(address, None)
            log.info("figures are served", address=address)
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.to_thread(exposition.close)
        await asyncio.Event().wait()

    def _pace(self) -> Pace:
        return pace(self._protection())

    def _protection(self) -> Protection:
        return protection_by_date(self._clock.now(), self._configuration.zones).level

    def _configure(self) -> None:
        level = self._protection()
        defaults = pace(level)
        self._cache.configure(self._configuration, probe_interval=defaults.probe, query_interval=defaults.query)
        self._level = level

    def _begin(self) -> None:
        self._configure()
        self._cache.begin(self._facts)
        self._mirror()

    async def _every(
        self, seconds: float, work: Callable[[], bool | None], done: Callable[[], None] = lambda: None
    ) -> None:
        """Do something that writes again and again; what fails is a problem that people see, not the end.

        Work that returns True has more to do and comes again soon.
        """
        name = work.__name__
        while True:
            more: bool | None = False
            try:
                more = await self._recorder.in_thread(work)
                self._problems.pop(name, None)
            except Exception as error:
                # Anything: a mistake of ours in keeping house must not end the watching. Only our own sentences are
                # known to hold no secret.
                ours = isinstance(error, WedtuiError)
                problem = str(error) if ours else f"keeping house failed ({type(error).__name__}); see the log"
                if self._problems.get(name) != problem:
                    log.error("housekeeping failed", problem=problem)
                self._problems[name] = problem
                self.figures.housekeeping_failed()
            done()
            await asyncio.sleep(ROLL_ON_S if more else seconds)

    def _heartbeat(self, scheduler: Scheduler) -> None:
        if self._protection() is not self._level:
            # The default intervals changed, and with them how long evidence stays fresh.
            self._configure()
        now = self._clock.now()
        problems = {*self._problems.values(), *filter(None, [self._recorder.problem, self._clock_watch.look()])}
        self._cache.heartbeat(
            now,
            skipped=scheduler.punctuality.skipped,
            dropped=self._recorder.dropped,
            late_ms_p99=scheduler.punctuality.late_ms(),
            problems=tuple(sorted(problems)),
        )
        self.figures.heartbeat(now.timestamp(), problems=len(problems))

    def _record_scores(self) -> None:
        """Keep the scores as a series, so that a chart can show when a provider fell ill."""
        now = self._clock.now()
        reader = CacheReader(self._stores.cache_url)
        try:
            facts = reader.facts(now)
        finally:
            reader.close()
        wedding_day = self._protection().wedding_day
        scores = {p.name: judge(p, now, wedding_day=wedding_day).score for p in facts.providers}
        self._cache.record_scores(now, {name: score for name, score in scores.items() if score is not None})

    def _mirror(self) -> None:
        """Copy what persons froze out of the ledger, for readers who may not read it."""
        reader = LedgerReader(self._stores.ledger_url)
        try:
            self._cache.mirror_freeze_periods(reader.freeze_periods(), self._clock.now())
        finally:
            reader.close()

    def _roll(self) -> bool:
        """Roll up a piece of the history; return whether there is more."""
        if self._clock_watch.jumped:
            # By a clock that jumped ahead everything is complete, and all that comes is late.
            return False
        rolled = self._cache.roll(self._clock.now())
        if rolled.damaged:
            text = "the quantiles of some roll-ups cannot be read: the cache's file is damaged, look at its disk"
            log.error("damaged roll-ups", buckets=rolled.damaged)
            self._problems["damaged roll-ups"] = text
        return rolled.more

    def _prune(self) -> None:
        if self._clock_watch.jumped:
            # By a clock that jumped ahead all history is old; it waits for a restart by a clock that is right.
            return
        now, section = self._clock.now(), self._configuration.cache
        deleted = self._cache.prune(now - section.keep_samples, limit=PRUNE_CHUNK)
        before = {step: now - section.keep_rollups[name] for step, name in STEP_NAMES.items()}
        deleted += self._cache.prune_rollups(before, limit=PRUNE_CHUNK)
        deleted += self._cache.prune_inventory(now - section.keep_vanished, limit=PRUNE_CHUNK)
        self.figures.pruned(deleted)
        if deleted:
            log.debug("pruned", rows=deleted)

    async def _end(self) -> None:
        def finish() -> None:
            try:
                self._cache.end(self._clock.now())
            finally:
                self._cache.close(clean=True)

        if not await self._recorder.flush():
            log.error("stopped with observations that could not be stored", problem=self._recorder.problem)
        try:
            await self._recorder.in_thread(finish)
        finally:
            self._recorder.close()
        log.info("stopped")
