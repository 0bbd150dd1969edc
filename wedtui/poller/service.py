"""The service: asks the targets, stores the answers, keeps house, and ends cleanly.

Everything that writes runs in the recorder's one thread; everything that asks runs on the event loop; what the pace
depends on is read in a third place. Here its parts are put together, begun and ended.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path

import structlog

from wedtui.cache.kind import CACHE
from wedtui.cache.remembered import Remembered
from wedtui.cache.writer import CacheWriter
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.observation import Claim, Observation, WeddingsObservation
from wedtui.core.picture import ServiceFacts
from wedtui.core.season import Protection
from wedtui.errors import WedtuiError
from wedtui.notify import paging_configured
from wedtui.poller.alert_source_figures import AlertSourceFigures
from wedtui.poller.alerts import Alerting
from wedtui.poller.calendar_page import CalendarPage
from wedtui.poller.clock_watch import ClockWatch
from wedtui.poller.condition import Condition, first_facts
from wedtui.poller.configuring import Configuring
from wedtui.poller.exposing import Exposing
from wedtui.poller.figures import Figures
from wedtui.poller.guarding import Guarding
from wedtui.poller.house import House
from wedtui.poller.membership import HEARTBEAT_S, Membership
from wedtui.poller.problems import Problems
from wedtui.poller.recorder import Recorder
from wedtui.poller.resolver import Resolver
from wedtui.poller.schedule import Scheduler
from wedtui.poller.share import Share, asked_once
from wedtui.poller.surroundings import NOBODY, Identity, Stores, Told
from wedtui.poller.turns import Runner, Turns, seen_through
from wedtui.poller.weddings import Importer, rules_of
from wedtui.providers.anchors.anchoring import Anchoring
from wedtui.providers.aws.paid import Paying
from wedtui.providers.base import Guarded
from wedtui.providers.registry import Targets, build_targets
from wedtui.store.opening import file_of

log = structlog.get_logger(__name__)

SCORES_S = 10.0
MIRROR_S = 10.0
# The calendar and what persons decided, for the pace.
GUARD_S = 5.0
ALERT_SOURCES_S = 5.0
COMPARE_S = 10.0
# The record of changes says between which two looks the level changed.
LEVEL_S = 10.0
ROLL_S = 10.0
PRUNE_S = 60.0
CALENDAR_PAGE_S = 5.0
ALERTS_S = 1.0
# What persons decide by the command line is anchored within this time.
ANCHOR_S = 10.0


class Service:
    """One run of the service, from its lock to its last commit."""

    def __init__(
        self,
        configuration: Configuration,
        stores: Stores,
        clock: Clock,
        *,
        mode: str,
        identity: Identity,
        unwatched: str | None = None,
        rules: Path | None = None,
    ) -> None:
        """Open the cache for writing.

        Args:
            configuration: what to watch.
            stores: where to keep what was seen.
            clock: the time of day, and a time that never jumps.
            mode: `personal` or `shared`.
            identity: which one it is.
            unwatched: why it has nothing to watch, for people; None where it has.
            rules: the configuration beside which rules of alerts stand; None where there is none.

        Raises:
            StoreError: the cache cannot be used.
        """
        self._configuration, self._stores, self._clock, self._unwatched = configuration, stores, clock, unwatched
        first = first_facts(configuration, identity, mode, clock.now())
        self._cache = CacheWriter(stores.cache_url, vantage=identity.vantage)
        self._recorder = Recorder(self._cache)
        self._guarding = Guarding(configuration, stores.cache_url, clock)
        self._calendar_page = CalendarPage(stores.ledger_url, self._guarding, clock)
        self._alerting = Alerting(configuration, stores, clock, self._guarding, rules=rules)
        self._alerting.life, self._alerting.boot = identity.vantage, identity.boot
        self._alert_sources = AlertSourceFigures(configuration, stores.cache_url, clock)
        self.figures = Figures(mode=mode, environment=configuration.environment)
        watch = ClockWatch(clock)
        self._house = House(self._cache, stores, clock, watch, self.figures)
        self._importer = Importer(self._cache, rules_of(configuration, stores.ledger_url), self._recorder.in_thread)
        self.anchoring = Anchoring(configuration.audit, stores.ledger_url, person=f"service {identity.vantage}")
        self._problems = Problems(
            lambda: self._recorder.problem,
            lambda: self._importer.problem,
            watch.look,
            lambda: self._house.problem,
            lambda: unwatched,
            lambda: self._alerting.problem,
        )
        self._exposing = Exposing(self.figures, self._problems, self._cache, stores.cache_url)
        self._turns = Turns(self._recorder.in_thread, self._problems, self.figures)
        self._configuring = Configuring(configuration, self._cache, self._guarding.level, self._problems, clock)
        self._share = Share(identity.vantage, clock)
        self._membership = self._member(first)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._decided = asyncio.Event()

    @property
    def facts(self) -> ServiceFacts:
        """How it is, as of its last heartbeat; for any thread."""
        return self._membership.facts

    def lives(self, life: str) -> None:
        """Take the name of this life of it, by which others can tell that it is over; before it runs."""
        self._alerting.life = life

    def trouble(self, name: str, problem: str | None) -> None:
        """Take a problem of a part that runs beside it, for people to see, or that it is over; from any thread."""
        self._problems.take(name, problem)

    def decided(self) -> None:
        """Take that a person decided something: everybody is to see it soon; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._decided.set)

    def asks(self, target: str) -> bool:
        """Whether this service, of several, is the one that asks a target now; from any thread."""
        return self._membership.asks(target)

    def ask_soon(self, target: str) -> None:
        """Have a target asked soon, if it is asked here; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._share.ask_soon, target)

    @property
    def wedding_day(self) -> bool:
        """Whether it is wedding-day mode; from any thread."""
        return self.level.wedding_day

    @property
    def level(self) -> Protection:
        """The protection that holds; from any thread."""
        return self._guarding.level()

    async def run(self, told: Told = NOBODY) -> None:
        """Watch until SIGTERM, SIGINT or SIGHUP; then store what was seen and say that it stopped.

        Args:
            told: who is told how it is.
        """
        self._loop = loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        remembered = Remembered(self._stores.cache_url)
        targets = build_targets(self._configuration, self._clock, remembered, paying=Paying.DUE)
        Resolver(loop).install()
        scheduler = Scheduler(targets.all, self._clock, self._configuring.pace, self._take, self._share)
        self._exposing.count_weddings(self._guarding, self._clock)
        self._exposing.count_alert_sources(self._alert_sources)
        self._exposing.count(scheduler.punctuality, self._recorder, self._share)
        if not await self._begin(targets, scheduler, stop):
            await targets.close()
            await self._alerting.end()
            await self._guarding.end()
            await self._recorder.in_thread(self._cache.close)
            self._recorder.close()
            return
        told.ready()
        log.info("watching", targets=len(targets.all), mode=self.facts.mode)
        if self._unwatched:
            log.warning("nothing to watch", problem=self._unwatched)
        work = [asyncio.create_task(each) for each in self._work(targets, scheduler, told)]
        stopping = asyncio.create_task(stop.wait())
        try:
            # A part that ends by itself has failed; a service that half works would look alive.
            done, _ = await asyncio.wait([stopping, *work], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                await task
        finally:
            told.stopping()
            self.anchoring.stop()
            for task in (stopping, *work):
                task.cancel()
            await asyncio.gather(stopping, *work, return_exceptions=True)
            try:
                await targets.close()
            finally:
                await self._end()

    def _member(self, first: ServiceFacts) -> Membership:
        """Return what makes it one of several services; with no lease yet."""
        condition = Condition(
            first,
            self._clock,
            self._problems,
            recorder=self._recorder,
            house=self._house,
            figures=self.figures,
            on_server=file_of(self._stores.cache_url, CACHE) is None,
        )
        return Membership(
            self._cache,
            self._clock,
            condition,
            configuring=self._configuring,
            recorder=self._recorder,
            share=self._share,
        )

    def _work(self, targets: Targets, scheduler: Scheduler, told: Told) -> list[Coroutine[None, None, None]]:
        """Return everything that goes on from now on until the end."""
        every, house, membership = self._turns.every, self._house, self._membership
        beaten = self._beaten(targets, told)
        work = [
            scheduler.run(),
            self._recorder.run(),
            self._importer.run(),
            every(HEARTBEAT_S, "heartbeat", lambda: membership.beat(scheduler.punctuality), beaten),
            self._keep_house(SCORES_S, "scores", self._record_scores),
            self._keep_house(MIRROR_S, "mirror", house.mirror),
            self._keep_house(LEVEL_S, "protection", self._note_level),
            self._mirror_soon(),
            every(GUARD_S, "calendar", self._guarding.read, run=self._guarding.in_thread),
            every(MIRROR_S, "former ledger", house.look_back),
            every(COMPARE_S, "comparison", membership.compare),
            # Before pruning: of an old cache nothing goes that is not rolled up.
            self._keep_house(ROLL_S, "roll-ups", house.roll),
            self._keep_house(PRUNE_S, "pruning", self._prune),
            every(ALERTS_S, "alerts", self._judge_alerts, run=self._alerting.in_thread),
            every(PRUNE_S, "size", self._exposing.weigh),
            self._exposing.serve(self._configuration.service.metrics),
        ]
        if self._configuration.service.metrics is not None and self._alert_sources.wanted:
            run = self._guarding.in_thread
            work.append(every(ALERT_SOURCES_S, "alert sources", self._alert_sources.read, run=run))
        if paging_configured(self._configuration):
            page = self._calendar_page.look
            work.append(self._keep_house(CALENDAR_PAGE_S, "calendar page", page, run=asyncio.to_thread))
        if self.anchoring.configured:
            # In a thread of its own: a place that does not answer must not keep anybody else waiting.
            work.append(self._keep_house(ANCHOR_S, "anchors", self._anchor, run=asyncio.to_thread))
        return work

    def _take(self, observations: tuple[Observation, ...], claim: Claim | None) -> None:
        self.figures.observed(observations)
        for observation in observations:
            if isinstance(observation, WeddingsObservation):
                self._importer.take(observation, claim)
        self._recorder.take(tuple(o for o in observations if not isinstance(o, WeddingsObservation)), claim)

    async def _begin(self, targets: Targets, scheduler: Scheduler, stop: asyncio.Event) -> bool:
        """Begin to watch, and make the cache say so; return whether it did, and was not told to stop before it could.

        Raises:
            VantageTakenError: another service watches from this vantage, and lives.
            StoreError: the cache cannot be written.
        """
        if not await self._membership.join(asked_once(targets.all), stop):
            return False
        await self._guarding.in_thread(self._guarding.read)
        await self._recorder.in_thread(lambda: seen_through(lambda: self._settle_in(scheduler)))
        self._membership.settled()
        return True

    def _settle_in(self, scheduler: Scheduler) -> None:
        self._house.look_back()
        self._membership.beat(scheduler.punctuality)
        self._membership.as_keeper(self._house.mirror)

    def _beaten(self, targets: Targets, told: Told) -> Callable[[], None]:
        guarded = [target for target in targets.all if isinstance(target, Guarded)]

        def done() -> None:
            if self._membership.stored:
                self._turns.heard()
            self._membership.beaten()
            self._exposing.show_breakers(guarded)
            told.alive()

        return done

    def _keep_house(
        self, seconds: float, name: str, work: Callable[[Claim], bool | None], *, run: Runner | None = None
    ) -> Coroutine[None, None, None]:
        """Do something again and again that one service does for all."""
        return self._turns.every(seconds, name, lambda: self._membership.as_keeper(work), run=run)

    async def _mirror_soon(self) -> None:
        """Copy and anchor what was decided as soon as it was: who may not read the ledger must not wait for a turn."""
        while True:
            await self._decided.wait()
            self._decided.clear()
            claim = self._membership.house
            if claim is None:
                continue  # the service that keeps house does it in its turn
            with suppress(WedtuiError):  # said, and tried again, in the turn that comes
                await self._recorder.in_thread(lambda: self._house.mirror(claim))  # noqa: B023 - awaited here
                if self.anchoring.configured:
                    await asyncio.to_thread(self._anchor, claim)

    def _anchor(self, _claim: Claim) -> bool:
        return self.anchoring.anchor(self._clock.now())

    def _judge_alerts(self) -> None:
        house = self._membership.house
        if house is None:
            self._alerting.wait()
        else:
            self._alerting.look(house)

    def _note_level(self, claim: Claim) -> None:
        self._house.note_level(claim, self._guarding.verdict(self._clock.now()))

    def _record_scores(self, claim: Claim) -> None:
        self._house.record_scores(claim, wedding_day=self._guarding.level().wedding_day)

    def _prune(self, claim: Claim) -> bool:
        return self._house.prune(self._configuration.cache, claim)

    async def _end(self) -> None:
        def finish() -> None:
            try:
                self._cache.end(self._clock.now())
            finally:
                self._cache.close(clean=True)

        if not await self._recorder.flush():
            lost = self._recorder.waiting
            log.error("stopped with observations that could not be stored", lost=lost, problem=self._recorder.problem)
        try:
            # Whoever closes the cache last leaves one file: that is the writer.
            await self._alerting.end()
            await self._guarding.in_thread(self._alert_sources.close)
            await self._guarding.end()
        finally:
            try:
                await self._recorder.in_thread(finish)
            finally:
                self._recorder.close()
        log.info("stopped")
