"""Acting, in a thread of the service's process: plans and confirmations are taken, and confirmed actions carried out.

It has a backend and a ledger of its own, so that no round of watching waits for an action, and none for a round.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

import structlog

from wedtui.actions.automation import Automation, Setting
from wedtui.actions.deeds import Deed, Deeds, DoingDeed, Maker, OnSubject, registered
from wedtui.actions.executor import Executor, Work
from wedtui.actions.following import Following
from wedtui.actions.planning import Planner
from wedtui.actions.requests import Requests, Wish
from wedtui.actions.traffic import MovingTraffic, on_its_way
from wedtui.actions.watching import Watching
from wedtui.cache.reader import CacheReader
from wedtui.cli.freeze_plans import FreezePlanner
from wedtui.cli.source import PictureSource
from wedtui.cli.traffic_facts import TrafficFactsSource, configured_shares, known_or_nothing
from wedtui.clock import Clock
from wedtui.config_file import Loaded
from wedtui.control.bodies import PlanWanted, ToApprove, ToChange, ToConfirm
from wedtui.control.mapping import demands_of
from wedtui.control.office import Standing
from wedtui.core.actions import Action
from wedtui.core.automation import Mode, Timeouts
from wedtui.core.deed_plan import DeedPlan
from wedtui.core.deployments.carried import KINDS as RELEASING
from wedtui.core.failover import Plan
from wedtui.core.failover_facts import Kind
from wedtui.core.roles import Decided
from wedtui.core.text import single_line
from wedtui.core.traffic import Submitted
from wedtui.errors import ServiceError, StoreError, WedtuiError
from wedtui.ledger.journal import Journal
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.requests import Once
from wedtui.paths import StatePaths
from wedtui.providers.registry import traffic_backend
from wedtui.providers.traffic.base import READ_WITHIN, REQUEST_WITHIN, SUBMIT_WITHIN
from wedtui.store.opening import url_of
from wedtui.store.unasked import Unasked

T = TypeVar("T")

LOOKS_EVERY_S = 0.5
"""Between two looks for something to do: part of the time from a confirmation to its change."""
WITHOUT = "A failover can be done without the ledger: `wedtui failover emergency --from P --reason WHY`"
AGAIN_AFTER_S = 2.0
"""After something failed."""


class Aside(NamedTuple):
    """That one works with a standby ledger."""

    url: str
    first: int
    """The number of its first action."""
    look: Callable[[], None]
    """Raises a ConflictError where the ledger itself can be used, so that this one may not."""
    there: Callable[[], bool]
    """Whether there is a file yet: it is made by what is asked for first."""


class Told(NamedTuple):
    """Who is told what happens, and who is asked; called by its thread."""

    trouble: Callable[[str, str | None], None]
    """What is wrong with a part, or to be known of it, and None once that is over."""
    acted: Callable[[], None]
    """Something was done."""
    changed: Callable[[], None] = lambda: None
    """The records are, or may be, others by now."""
    acts: Callable[[], bool] = lambda: True
    """Whether this service, of several, is the one that acts by itself."""
    wedding_day: Callable[[], bool] = lambda: False
    paging: bool = False
    """Whether somebody would be paged."""
    moved: Callable[[], None] = lambda: None
    """An action made a move that is stored: called by any thread, which waits a moment at most."""
    aside: Callable[[], str | None] = lambda: None
    """What was done without the ledger and is not on record in it yet; None where nothing was. By any thread."""


class Who(NamedTuple):
    """Which service it is."""

    life: str
    """Under which it holds what it works on."""
    vantage: str
    drill: bool = False
    """Whether its world is a made-up one."""


class _Traffic(NamedTuple):
    requests: Requests
    work: Work
    automation: Automation
    follower: Following


class Acting:
    """Plans, takes confirmations and carries out; asked by any thread once it is started."""

    def __init__(
        self, loaded: Loaded, paths: StatePaths, clock: Clock, who: Who, told: Told, aside: Aside | None = None
    ) -> None:
        """Remember with what it is done; nothing is opened yet.

        Args:
            loaded: the configuration.
            paths: the state directory.
            clock: the time of day.
            who: which service it is.
            told: who is told what.
            aside: that it works with a standby ledger; None: with the configured one.
        """
        self._loaded, self._paths, self._clock, self._who = loaded, paths, clock, who
        self._told = told
        self._aside = aside
        self._ledger_url = paths.ledger_url(loaded.configuration) if aside is None else aside.url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._due: asyncio.Event | None = None
        """Set where something may be there to be begun."""
        self._due_beside = asyncio.Event()
        """Set where nothing more is to be begun of what is no change of shares."""
        self._requests: Requests | None = None
        self._thread = threading.Thread(target=self._live, name="acting", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End after the step that is being made; what is not finished is taken up again by who begins next."""
        self._ready.wait(5)
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end)
        self._thread.join(10)

    def _end(self) -> None:
        assert self._stop is not None
        assert self._due is not None
        self._stop.set()
        self._due.set()
        self._due_beside.set()

    def plan(self, wanted: PlanWanted) -> Future[Plan | DeedPlan]:
        """Plan without asking for anything."""
        return self._asked(lambda requests: requests.plan(_wish(wanted)))

    def ask(self, by: Decided, wanted: ToChange, once: Once) -> Future[Action]:
        """Ask for a change."""

        async def work(requests: Requests) -> Action:
            await self._look_whether_open(requests, once)
            try:
                return await requests.ask(by, _wish(wanted), wanted.reason, once.key, once)
            except StoreError as error:
                if self._aside is not None or wanted.kind != Kind.FAILOVER.value:
                    raise
                raise ServiceError(f"{error}. {WITHOUT}") from error

        return self._asked(work)

    def confirm(self, by: Decided, number: int, body: ToConfirm, once: Once) -> Future[Action]:
        """Take a confirmation."""

        async def work(requests: Requests) -> Action:
            await self._look_whether_open(requests, once)
            return await requests.confirm(by, number, body.digest, body.typed, body.break_glass, once=once)

        return self._asked(work)

    def approve(self, by: Decided, number: int, body: ToApprove, once: Once) -> Future[Action]:
        """Take the word of a second person."""
        return self._asked(lambda requests: requests.approve(by, number, body.digest, body.typed, once=once))

    def review(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        """Note what another person found of what was done without a second one."""
        return self._asked(lambda requests: requests.review(by, number, sentence, once=once))

    def cancel(self, by: Decided, number: int, once: Once) -> Future[Action]:
        """Begin no further step."""
        return self._asked(lambda requests: requests.cancel(by, number, once=once))

    def abort(self, by: Decided, once: Once) -> Future[Action]:
        """End the countdown that runs."""
        return self._asked(lambda requests: requests.abort(by, lambda: self.standing().action, once=once))

    def settle(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        """End what was handed over."""
        return self._asked(lambda requests: requests.settle(by, number, sentence, once=once))

    def action(self, number: int) -> Action:
        """Return one action.

        Raises:
            NotFoundError: there is none of that number.
            StoreError: the ledger cannot be read.
        """
        return self._read(lambda reader: reader.action(number))

    def actions(self, *, open_only: bool, newest: bool = False) -> tuple[Action, ...]:
        """Return the newest actions, newest first; of those that are open, and the newest confirmed one.

        Raises:
            StoreError: the ledger cannot be read.
        """
        return self._read(lambda reader: reader.actions(open_only=open_only, newest=newest))

    async def _look_whether_open(self, requests: Requests, once: Once) -> None:
        """Look whether what is asked for may be asked for here; raises where it may not, or was answered already."""
        if self._aside is not None:
            # What was done here stays done, also where the ledger has come back since.
            await requests.look(once)
            await asyncio.to_thread(self._aside.look)

    def standing(self) -> Standing:
        """Return how automation stands.

        Raises:
            StoreError: the ledger cannot be read.
        """
        stop = self._read(lambda reader: reader.stopped_automation())
        own = [action for action in self.actions(open_only=True) if action.automatic]
        return Standing(self._loaded.configuration.traffic.mode, stop, own[0] if own else None)

    def _read(self, work: Callable[[LedgerReader], T]) -> T:
        reader = LedgerReader(self._ledger_url)
        try:
            return work(reader)
        finally:
            reader.close()

    def _on_its_way(self) -> Submitted | None:
        """Return the newest change on record that nobody saw in sync, be it on record in the ledger yet or not."""
        found = [self._made_by(self._ledger_url)]
        if self._aside is None and self._told.aside() is not None:
            found.append(self._made_by(url_of(self._paths.standby)))
        return max((each for each in found if each is not None), key=lambda each: each.generation, default=None)

    def _made_by(self, url: str) -> Submitted | None:
        """Return the newest change of one ledger, as far as it can be read and understood.

        While it cannot be read, nothing can be asked for either.
        """
        reader = LedgerReader(url)
        try:
            last = reader.last_change()
            return None if last is None else on_its_way(last)
        except (StoreError, KeyError, TypeError, ValueError):
            return None
        finally:
            reader.close()

    def _asked(self, work: Callable[[Requests], Coroutine[Any, Any, T]]) -> Future[T]:
        if not self._ready.wait(5) or self._loop is None or self._requests is None or self._loop.is_closed():
            raise ServiceError("the service cannot act at the moment: `wedtui service status` says why")
        return asyncio.run_coroutine_threadsafe(work(self._requests), self._loop)

    def _live(self) -> None:
        """Work until it is closed; what ends it otherwise is a problem that people see, not silence."""
        try:
            asyncio.run(self._run())
        except Exception as error:
            structlog.get_logger("wedtui.actions").error("acting ended", error=type(error).__name__)
            self._told.trouble(
                "actions", f"nothing is carried out any more ({type(error).__name__}): restart the service"
            )

    async def _run(self) -> None:
        self._stop, self._due = asyncio.Event(), asyncio.Event()
        async with contextlib.AsyncExitStack() as held:
            deeds, doing = self._others()
            moved = await self._traffic(held, deeds) if self._loaded.configuration.traffic.backend else None
            requests = moved.requests if moved else Requests(self._journal, None, {}, self._clock.now(), deeds)
            self._requests = requests
            held.callback(requests.close)
            moving = {kind.value: moved.work for kind in Kind} if moved else {}
            # Each works on one action after another: no failover waits for the end of anything else.
            executor = self._executor(held, moving, lambda kind: kind not in doing and kind not in RELEASING)
            others = self._executor(held, doing, lambda kind: kind in doing)
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            # By itself it does nothing without the ledger.
            looking = (
                (self._look(moved.automation), self._follow(moved.follower)) if moved and self._aside is None else ()
            )
            doing_others = asyncio.create_task(self._do_others(others)) if doing else None
            beside = [asyncio.create_task(each) for each in looking]
            beside += [doing_others] if doing_others else []
            try:
                await self._work(executor, "actions", self._due)
                if doing_others is not None:
                    await doing_others
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    def _executor(
        self, held: contextlib.AsyncExitStack, works: Mapping[str, Work], takes: Callable[[str], bool]
    ) -> Executor:
        made = Executor(self._journal, works, self._who.life, self._told.changed, takes=takes)
        held.push_async_callback(made.close)
        return made

    def _others(self) -> tuple[Deeds, dict[str, Work]]:
        """Return whoever does what is no change of shares; without the ledger nothing else is done."""
        configuration = self._loaded.configuration
        makers = registered() if self._aside is None else {}
        found = {kind: self._made(kind, make) for kind, make in makers.items()}
        made = {kind: deed for kind, deed in found.items() if deed is not None}
        known = FreezePlanner(configuration, self._paths, self._ledger_url).known
        deeds = Deeds(made, known, self._clock)
        return deeds, {kind: DoingDeed(each, deeds) for kind, each in made.items()}

    def _made(self, kind: str, make: Maker) -> Deed | None:
        """Return who does a kind of action; None where there is nobody for a mistake, of which people are told."""
        try:
            made = make(self._loaded.configuration, self._clock)
        except Exception as error:
            structlog.get_logger("wedtui.actions").error("nobody does an action", kind=kind, why=repr(error))
            ours = str(error) if isinstance(error, WedtuiError) else f"{type(error).__name__}; see the log"
            self._told.trouble(f"actions {kind}", f'this service does not do "{kind}": {ours}')
            return None
        self._told.trouble(f"actions {kind}", None)
        return made

    async def _traffic(self, held: contextlib.AsyncExitStack, deeds: Deeds) -> _Traffic:
        """Return what changes shares; what it holds is let go of with `held`."""
        configuration = self._loaded.configuration
        assert self._due is not None
        backend = traffic_backend(configuration, self._clock)
        assert backend is not None, "whoever calls this looks whether there is one"
        held.push_async_callback(backend.close)
        source = TrafficFactsSource(
            pictures(self._loaded, self._paths, aside=self._aside is not None),
            CacheReader(self._paths.cache_url(configuration)),
            configuration.traffic,
            self._told.wedding_day,
        )
        held.callback(source.close)
        facts = source.facts if self._aside is None else partial(known_or_nothing, source, configuration)
        planner = Planner(backend, facts, self._clock, self._on_its_way)
        requests = Requests(self._journal, planner, configured_shares(configuration), self._clock.now(), deeds)
        automation = self._automation(planner, source, self._due)
        held.push_async_callback(automation.close)
        moving = MovingTraffic(backend, holds=requests.lapsed)
        if self._aside is None:
            watching = Watching(planner, source.situation, automation.facts, clock=self._clock)
            moving = MovingTraffic(
                backend, watching.watch, watching.may_not_undo, requests.lapsed, glance=watching.glance
            )
        follower = Following(self._journal, backend, source.observed, self._told.acts, clock=self._clock)
        held.push_async_callback(follower.close)
        return _Traffic(requests, moving, automation, follower)

    def _automation(self, planner: Planner, source: TrafficFactsSource, due: asyncio.Event) -> Automation:
        configuration = self._loaded.configuration
        shared = configuration.service.mode == "shared"
        # A reading before the plan, one when it is begun, and the change.
        whole = 2 * READ_WITHIN + SUBMIT_WITHIN
        timeouts = Timeouts(REQUEST_WITHIN, whole)
        needs = demands_of(configuration).get(Kind.FAILOVER.value, frozenset())
        setting = Setting(Mode(configuration.traffic.mode), shared, self._who.vantage, timeouts, needs)
        edge = _Edge(self._told, due)
        return Automation(self._journal, planner, source.situation, setting, edge, clock=self._clock)

    async def _look(self, automation: Automation) -> None:
        """Have automation look again and again; what fails is a problem that people see, and is tried again."""
        log = structlog.get_logger("wedtui.automation")
        reader = LedgerReader(self._ledger_url)
        stopped: str | None = None
        while True:
            waits = AGAIN_AFTER_S
            try:
                waits = await automation.look()
                if await asyncio.to_thread(reader.changed):
                    stopped = stop_sentence(await asyncio.to_thread(reader.stopped_automation))
                self._told.trouble("automation stopped", stopped)
                self._told.trouble("automation fails", None)
            except Exception as error:
                ours = str(error) if isinstance(error, WedtuiError) else f"{type(error).__name__}; see the log"
                self._told.trouble("automation fails", f"nothing is proposed, nor done by itself: {ours}")
                log.error("automation fails", why=repr(error))
            await asyncio.sleep(waits)

    async def _follow(self, follower: Following) -> None:
        """Look again and again whether customers have moved; what fails is a problem that people see."""
        log = structlog.get_logger("wedtui.following")
        while True:
            waits = AGAIN_AFTER_S
            try:
                waits = await follower.look()
                self._told.trouble("customers", None)
            except Exception as error:
                ours = str(error) if isinstance(error, WedtuiError) else f"{type(error).__name__}; see the log"
                self._told.trouble("customers", f"nobody looks whether customers have moved: {ours}")
                log.error("looking for customers fails", why=repr(error))
            await asyncio.sleep(waits)

    async def _do_others(self, executor: Executor) -> None:
        """Work on what is no change of shares until it is closed; what ends that otherwise ends nothing else."""
        try:
            await self._work(executor, "other actions", self._due_beside)
        except Exception as error:
            structlog.get_logger("wedtui.actions").error("acting ended but for traffic", why=repr(error))
            ended = f"nothing but changes of traffic is carried out any more ({type(error).__name__})"
            self._told.trouble("other actions", f"{ended}: restart the service")

    async def _work(self, executor: Executor, part: str, due: asyncio.Event) -> None:
        """Carry out one action after another until it is closed.

        Args:
            executor: which of them.
            part: under which name people are told what is wrong with it.
            due: set where something may be there for it.
        """
        assert self._stop is not None
        log = structlog.get_logger("wedtui.actions")
        while not self._stop.is_set():
            waits = LOOKS_EVERY_S
            due.clear()
            try:
                if (self._aside is None or self._aside.there()) and await executor.work_once():
                    waits = 0.0
                    self._told.acted()
                self._told.trouble(part, None)
            except WedtuiError as error:
                # A step of which nobody knows what came of it is looked at again once its claim has run out.
                self._told.trouble(part, f"{part} wait: {error}")
                log.warning("actions wait", why=str(error))
                waits = AGAIN_AFTER_S
            try:
                await asyncio.wait_for(due.wait(), waits)
            except TimeoutError:
                continue

    def _journal(self) -> Journal:
        first = 1 if self._aside is None else self._aside.first
        return Journal(self._ledger_url, first=first, moved=self._told.moved, drill=self._who.drill)


class _Edge:
    """What automation asks of this service."""

    def __init__(self, told: Told, due: asyncio.Event) -> None:
        self._told, self._due = told, due

    def holds(self) -> bool:
        return self._told.acts()

    def paging(self) -> bool:
        return self._told.paging

    def say(self, sentence: str | None) -> None:
        self._told.trouble("automation", sentence)

    def confirmed(self) -> None:
        self._due.set()

    def aside(self) -> str | None:
        return self._told.aside()


def pictures(loaded: Loaded, paths: StatePaths, *, aside: bool) -> PictureSource:
    """Return what plans are made by; without the ledger what persons decided is taken from the cache's copy.

    Else each plan would wait, several times over, for a server that says nothing.
    """
    unasked = LedgerReader.of(Unasked("the ledger is not asked on the emergency path")) if aside else None
    return PictureSource(loaded, loaded.path, paths, ledger=unasked)


def stop_sentence(stop: tuple[str, datetime, str] | None) -> str | None:
    """Return what is said of all automation being stopped; None where it is not."""
    if stop is None:
        return None
    by, at, reason = stop
    return f"all automation is stopped by {by} since {at:%Y-%m-%d %H:%M:%S} UTC: {single_line(reason)}"


def _wish(wanted: PlanWanted) -> Wish | OnSubject:
    if wanted.subject:
        return OnSubject(wanted.kind, wanted.subject)
    return Wish(
        Kind(wanted.kind), wanted.lost, accepts_overload=wanted.accepts_overload, to=wanted.to, vouched=wanted.vouched
    )
