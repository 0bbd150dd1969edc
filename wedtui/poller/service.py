"""The service: asks the targets, stores the answers, keeps house, and ends cleanly.

Everything that writes runs in the recorder's one thread; everything that asks runs on the event loop; what the pace
depends on is read in a third place.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import structlog

from wedtui import __version__
from wedtui.cache.kind import CACHE
from wedtui.cache.remembered import Remembered
from wedtui.cache.writer import CacheWriter
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.observation import Claim, Observation, WeddingsObservation
from wedtui.core.picture import ServiceFacts
from wedtui.core.season import Pace, Protection, pace
from wedtui.core.sharing import HOUSE, LEASE, slow_beat
from wedtui.errors import OutlivedError, ServiceError, StoreVersionError, VantageTakenError, WedtuiError
from wedtui.poller.clock_watch import ClockWatch, ahead_s
from wedtui.poller.exposition import Exposition
from wedtui.poller.figures import Figures, service_figures, sizes_of
from wedtui.poller.guarding import Guarding
from wedtui.poller.house import DAMAGED, House
from wedtui.poller.recorder import Recorder
from wedtui.poller.resolver import Resolver
from wedtui.poller.schedule import Scheduler
from wedtui.poller.share import Share, asked_once
from wedtui.poller.wedding_figures import WeddingFigures
from wedtui.poller.weddings import Importer, rules_of
from wedtui.providers.aws.paid import Paying
from wedtui.providers.base import Guarded
from wedtui.providers.registry import build_targets
from wedtui.store.opening import file_of

log = structlog.get_logger(__name__)

NOT_WHAT_COUNTS = "it is configured to watch other things than what counts"

HEARTBEAT_S = 1.0
SCORES_S = 10.0
MIRROR_S = 10.0
# The calendar and what persons decided, for the pace.
GUARD_S = 5.0
COMPARE_S = 10.0
ROLL_S = 10.0
# Between two pieces of one backlog: what else writes goes first.
ROLL_ON_S = 0.05
PRUNE_S = 60.0
TRY_AGAIN_S = 10.0
# Beyond the lease itself: until then a vantage whose service died is free.
TAKEN_OVER_WITHIN = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a service reads and writes."""

    cache_url: str
    ledger_url: str
    former_ledger: Path | None = None
    """Where a ledger may stand that was in use before."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which service of several it is."""

    vantage: str
    """From where it watches."""
    place: str
    """Its machine and state directory, whose lock it holds."""
    boot: str
    """Of its machine: changes whenever that starts."""
    digest: str
    """Of what it watches: readers can tell when theirs is another, and only services of one can share."""


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

    def __init__(
        self, configuration: Configuration, stores: Stores, clock: Clock, *, mode: str, identity: Identity
    ) -> None:
        """Open the cache for writing.

        Args:
            configuration: what to watch.
            stores: where to keep what was seen.
            clock: the time of day, and a time that never jumps.
            mode: `personal` or `shared`.
            identity: which one it is.

        Raises:
            StoreError: the cache cannot be used.
        """
        self._configuration = configuration
        self._stores = stores
        self._clock = clock
        self._cache = CacheWriter(stores.cache_url, vantage=identity.vantage)
        self._recorder = Recorder(self._cache)
        self._guarding = Guarding(configuration, stores.cache_url, clock)
        self._level: Protection | None = None
        self._problems: dict[str, str] = {}
        self.figures = Figures(mode=mode, environment=configuration.environment)
        now = clock.now()
        self._clock_watch = ClockWatch(clock)
        self._house = House(self._cache, stores, clock, self._clock_watch, self.figures)
        self._importer = Importer(self._cache, rules_of(configuration, stores.ledger_url), self._recorder.in_thread)
        self._share = Share(identity.vantage, clock)
        self._held: Mapping[str, int] = {}
        self._held_until = math.inf
        self._anew = False
        self._once: frozenset[str] = frozenset()
        self._guarded: tuple[Guarded, ...] = ()
        self._on_server = file_of(stores.cache_url, CACHE) is None
        self._cache_bytes: float | None = None
        self._slow: str | None = None
        self._unlike: str | None = None
        self._facts = ServiceFacts(
            instance=uuid.uuid4().hex,
            pid=os.getpid(),
            mode=mode,
            version=__version__,
            environment=configuration.environment,
            started_at=now,
            heartbeat_at=now,
            vantage=identity.vantage,
            place=identity.place,
            boot=identity.boot,
            configuration_digest=identity.digest,
            left_behind=self._house.left_behind,
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
        remembered = Remembered(self._stores.cache_url)
        targets = build_targets(self._configuration, self._clock, remembered, paying=Paying.DUE)
        Resolver(loop).install()
        self._once = asked_once(targets.all)
        self._guarded = tuple(target for target in targets.all if isinstance(target, Guarded))
        scheduler = Scheduler(targets.all, self._clock, self._pace, self._take, self._share)
        self._count(scheduler)
        if not await self._join(scheduler, stop):
            await targets.close()
            await self._guarding.end()
            await self._recorder.in_thread(self._cache.close)
            self._recorder.close()
            return
        told.ready()
        log.info("watching", targets=len(targets.all), mode=self._facts.mode)
        work = [
            asyncio.create_task(scheduler.run()),
            asyncio.create_task(self._recorder.run()),
            asyncio.create_task(self._importer.run()),
            asyncio.create_task(self._every(HEARTBEAT_S, lambda: self._heartbeat(scheduler), self._beaten(told))),
            asyncio.create_task(self._keep_house(SCORES_S, "scores", self._record_scores)),
            asyncio.create_task(self._keep_house(MIRROR_S, "mirror", self._house.mirror)),
            asyncio.create_task(self._every(GUARD_S, self._guarding.read, in_thread=self._guarding.in_thread)),
            asyncio.create_task(self._every(MIRROR_S, self._house.look_back)),
            asyncio.create_task(self._every(COMPARE_S, self._compare)),
            # Before pruning: of an old cache nothing goes that is not rolled up.
            asyncio.create_task(self._keep_house(ROLL_S, "roll-ups", self._house.roll)),
            asyncio.create_task(self._keep_house(PRUNE_S, "pruning", self._prune)),
            asyncio.create_task(self._every(PRUNE_S, self._weigh)),
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

    def _take(self, observations: tuple[Observation, ...], claim: Claim | None) -> None:
        self.figures.observed(observations)
        for observation in observations:
            if isinstance(observation, WeddingsObservation):
                self._importer.take(observation, claim)
        self._recorder.take(tuple(o for o in observations if not isinstance(o, WeddingsObservation)), claim)

    def _count(self, scheduler: Scheduler) -> None:
        """Have the figures count what the schedules and the recorder do."""
        scheduler.punctuality.tell = self.figures.late
        file = file_of(self._stores.cache_url, CACHE)

        def cache_bytes() -> float | None:
            return sizes_of(file) if file is not None else self._cache_bytes

        self.figures.registry.register(WeddingFigures(self._guarding, self._clock))
        self.figures.look_up(service_figures(scheduler.punctuality, self._recorder, self._share, cache_bytes))

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
        return pace(self._guarding.level())

    def _configure(self, *, anew: bool) -> None:
        """Write what is watched, if keeping house is this service's: of several only one may say what there is.

        The default intervals change with the level, and with them how long evidence stays fresh.
        """
        level = self._guarding.level()
        defaults = pace(level)
        if self._level is not None and level is not self._level:
            log.info("protection", level=level.value, before=self._level.value)
        if HOUSE in self._held and (anew or level is not self._level):
            self._cache.configure(
                self._configuration,
                probe_interval=defaults.probe,
                query_interval=defaults.query,
                claim=Claim(HOUSE, self._held[HOUSE]),
            )
        else:
            self._cache.follow(defaults.query)
        self._level = level

    def _compare(self) -> None:
        """Say in what this service would watch other things than the one whose configuration counts."""
        found = None if HOUSE in self._held else self._cache.unlike(self._configuration)
        self._unlike = f"{NOT_WHAT_COUNTS}: {found}" if found else None

    async def _join(self, scheduler: Scheduler, stop: asyncio.Event) -> bool:
        """Begin to watch from this vantage; one that died elsewhere is waited for until its lease has run out.

        Returns:
            Whether it did; it does not where it is told to stop first.

        Raises:
            VantageTakenError: it lives.
            StoreError: the cache cannot be written.
        """
        ends = self._clock.monotonic() + (LEASE + TAKEN_OVER_WITHIN).total_seconds()
        while True:
            try:
                await self._recorder.in_thread(lambda: self._cache.begin(self._facts))
                break
            except VantageTakenError as error:
                if self._clock.monotonic() > ends:
                    raise
                log.info("waiting for the vantage", why=str(error))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), HEARTBEAT_S)
                if stop.is_set():
                    return False
        await self._guarding.in_thread(self._guarding.read)
        await self._recorder.in_thread(lambda: self._settle_in(scheduler))
        self._share.hold(self._held, self._held_until)
        self._anew = False  # nothing was asked yet
        return True

    def _settle_in(self, scheduler: Scheduler) -> None:
        self._house.look_back()
        self._heartbeat(scheduler)
        if HOUSE in self._held:
            self._house.mirror(Claim(HOUSE, self._held[HOUSE]))

    def _beaten(self, told: Told) -> Callable[[], None]:
        def done() -> None:
            self._share.hold(self._held, self._held_until)
            if self._anew:
                self._anew = False
                self._share.ask_anew()
            for target in self._guarded:
                provider, service = target.guards
                for region, phase in target.breakers.items():
                    self.figures.breaker(provider, region, service, phase)
            told.alive()

        return done

    async def _keep_house(self, seconds: float, name: str, work: Callable[[Claim], bool | None]) -> None:
        """Do something again and again that one service does for all."""

        def own_work() -> bool | None:
            fence = self._held.get(HOUSE)
            return None if fence is None else work(Claim(HOUSE, fence))

        own_work.__name__ = name
        await self._every(seconds, own_work)

    def _record_scores(self, claim: Claim) -> None:
        self._house.record_scores(claim, wedding_day=self._guarding.level().wedding_day)

    def _prune(self, claim: Claim) -> bool:
        return self._house.prune(self._configuration.cache, claim)

    async def _every(
        self,
        seconds: float,
        work: Callable[[], bool | None],
        done: Callable[[], None] = lambda: None,
        *,
        in_thread: Callable[[Callable[[], bool | None]], Awaitable[bool | None]] | None = None,
    ) -> None:
        """Do something again and again; what fails is a problem that people see, not the end.

        Work that returns True has more to do and comes again soon. What writes does it in the recorder's thread.
        """
        name = work.__name__
        run = in_thread or self._recorder.in_thread
        while True:
            more: bool | None = False
            try:
                more = await run(work)
                self._problems.pop(name, None)
            except (VantageTakenError, OutlivedError) as error:
                # Another watches under this name: one of the two is configured wrongly, and that one lives. Or the
                # cache is a newer program's by now: what this one sees could be stored by nobody.
                log.error("cannot go on", problem=str(error))
                raise
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
        now = self._clock.now()
        began = self._clock.monotonic()
        more = [
            self._recorder.problem,
            self._importer.problem,
            self._clock_watch.look(),
            DAMAGED if self._house.damaged else None,
            self._slow,
            self._unlike,
        ]
        problems = {*self._problems.values(), *filter(None, more)}
        self._facts = replace(
            self._facts,
            heartbeat_at=now,
            skipped=scheduler.punctuality.skipped,
            dropped=self._recorder.dropped,
            refused=self._recorder.refused,
            late_ms_p99=scheduler.punctuality.late_ms(),
            problems=tuple(sorted(problems)),
            left_behind=self._house.left_behind,
        )
        # What is given back before its answer is stored would be refused.
        targets = {lease: self._share.is_asking(lease) or self._recorder.holds(lease) for lease in self._once}
        try:
            beat = self._cache.heartbeat(self._facts, targets)
        except StoreVersionError as error:
            raise OutlivedError(str(error)) from error
        if beat.held is None:
            log.warning("stood still for so long that it was taken for dead: beginning anew")
            self._held = {}
            self._cache.begin(self._facts)
            beat = self._cache.heartbeat(self._facts, targets)
        gained = HOUSE in (beat.held or {}) and HOUSE not in self._held
        self._held = beat.held or {}
        # What another configured may not have had room for what was asked here before.
        self._anew = gained
        # Who is alone is taken over by nobody: what it asks while the database is away is stored afterwards.
        self._held_until = math.inf if beat.alone else began + LEASE.total_seconds()
        self._configure(anew=gained)
        if self._on_server:
            # For the next one: how long this one took is not known before its end. A file's clock is this machine's.
            ahead = ahead_s(now, beat.database_at, self._clock.now())
            self._facts = replace(self._facts, clock_ahead_s=ahead)
        self._slow = slow_beat(timedelta(seconds=self._clock.monotonic() - began))
        self.figures.heartbeat(now.timestamp(), problems=len(problems))

    def _weigh(self) -> None:
        """Ask a server how large the cache is; a file is looked at when somebody wants to know."""
        if self._on_server:
            self._cache_bytes = self._cache.size()

    async def _end(self) -> None:
        def finish() -> None:
            try:
                self._cache.end(self._clock.now())
            finally:
                self._cache.close(clean=True)

        if not await self._recorder.flush():
            log.error("stopped with observations that could not be stored", problem=self._recorder.problem)
        try:
            # Whoever closes the cache last leaves one file: that is the writer.
            await self._guarding.end()
        finally:
            try:
                await self._recorder.in_thread(finish)
            finally:
                self._recorder.close()
        log.info("stopped")
