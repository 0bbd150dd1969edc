"""Being one of several services that share the watching: joining them, staying one of them, and the rights of one."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta

import structlog

from wedtui.cache.writer import Beat, CacheWriter
from wedtui.clock import Clock
from wedtui.core.observation import Claim
from wedtui.core.picture import ServiceFacts
from wedtui.core.sharing import HOUSE, LEASE, TAKEOVER_TOLD_FOR, Takeover
from wedtui.errors import OutlivedError, StoreVersionError, VantageTakenError
from wedtui.poller.condition import Condition
from wedtui.poller.configuring import Configuring
from wedtui.poller.recorder import Recorder
from wedtui.poller.schedule import Punctuality
from wedtui.poller.share import Share
from wedtui.poller.turns import seen_through

log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.0
# Beyond the lease itself: until then a vantage whose service died is free.
TAKEN_OVER_WITHIN = timedelta(seconds=2)


class Membership:
    """The leases of this service, renewed by its heartbeat in the thread that writes; the loop takes over what came."""

    def __init__(
        self,
        cache: CacheWriter,
        clock: Clock,
        condition: Condition,
        *,
        configuring: Configuring,
        recorder: Recorder,
        share: Share,
    ) -> None:
        """Hold nothing yet.

        Args:
            cache: where services find each other.
            clock: its monotonic time tells when a lease has run out.
            condition: what a heartbeat says.
            configuring: told whether keeping house is this one's.
            recorder: what waits to be stored by a right that must not be given back before.
            share: what may be asked by these leases.
        """
        self._cache, self._clock, self._condition = cache, clock, condition
        self._configuring, self._recorder, self._share = configuring, recorder, share
        self._wanted: frozenset[str] = frozenset()
        self._held: Mapping[str, int] = {}
        self._held_until = math.inf
        self._anew = False
        self._takeovers: list[Takeover] = []
        self.stored = False
        """Whether the newest heartbeat was stored."""

    def asks(self, target: str) -> bool:
        """Whether this service, of several, is the one that asks a target now; from any thread."""
        return target in self._held and self._clock.monotonic() <= self._held_until

    @property
    def facts(self) -> ServiceFacts:
        """How the service is, as of its last heartbeat; for any thread."""
        return self._condition.facts

    @property
    def house(self) -> Claim | None:
        """The right to do what one service does for all; None while that is another's."""
        fence = self._held.get(HOUSE)
        return None if fence is None else Claim(HOUSE, fence)

    async def join(self, wanted: frozenset[str], stop: asyncio.Event) -> bool:
        """Begin to watch from this vantage; one that died elsewhere is waited for until its lease has run out.

        Args:
            wanted: the leases that it would like to have.
            stop: set when it is told to end.

        Returns:
            Whether it did; it does not where it is told to stop first.

        Raises:
            VantageTakenError: it lives.
            StoreError: the cache cannot be written.
        """
        self._wanted = wanted
        ends = self._clock.monotonic() + (LEASE + TAKEN_OVER_WITHIN).total_seconds()
        while True:
            try:
                await self._recorder.in_thread(lambda: seen_through(self._begin))
                return True
            except VantageTakenError as error:
                if self._clock.monotonic() > ends:
                    raise
                log.info("waiting for the vantage", why=str(error))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), HEARTBEAT_S)
                if stop.is_set():
                    return False

    def _begin(self) -> None:
        self._cache.begin(self._condition.facts)

    def settled(self) -> None:
        """Take that its first heartbeat was stored: nothing was asked yet that would have to be asked again."""
        self._share.hold(self._held, self._held_until)
        self._anew = False

    def beat(self, punctuality: Punctuality) -> None:
        """Say that it lives, and how well; renew what it holds, and take what is its own.

        Args:
            punctuality: how well the schedules were kept.

        Raises:
            OutlivedError: the cache is a newer program's by now.
            StoreError: it could not be stored.
        """
        self.stored = False
        began = self._clock.monotonic()
        beat = self._renew(self._condition.look(punctuality))
        self.stored = True
        self._took_over(beat)
        held = beat.held or {}
        gained = HOUSE in held and HOUSE not in self._held
        self._held = held
        # What another configured may not have had room for what was asked here before.
        self._anew = gained
        # Who is alone is taken over by nobody: what it asks while the database is away is stored afterwards.
        self._held_until = math.inf if beat.alone else began + LEASE.total_seconds()
        self._configuring.write(self.house, anew=gained)
        self._condition.stored(beat.database_at, timedelta(seconds=self._clock.monotonic() - began))

    def beaten(self) -> None:
        """Ask by what the last heartbeat brought, and no more by what it lost; on the loop."""
        self._share.hold(self._held, self._held_until)
        if self._anew:
            self._anew = False
            self._share.ask_anew()

    def compare(self) -> None:
        """Say in what it is configured unlike the one whose configuration counts."""
        self._configuring.compare(self.house)

    def as_keeper(self, work: Callable[[Claim], bool | None]) -> bool | None:
        """Do something that one service does for all, if that is this one."""
        house = self.house
        return None if house is None else work(house)

    def _took_over(self, beat: Beat) -> None:
        """Put on record whom this one took over, and say it for a while."""
        for each in beat.takeovers:
            log.warning(
                "took over from a service that died",
                dead=each.vantage,
                survivor=self.facts.vantage,
                targets=each.targets,
                last_heard=each.heard_at.isoformat(),
                unwatched_s=round((each.at - each.heard_at).total_seconds(), 1),
            )
        told = [t for t in (*self._takeovers, *beat.takeovers) if beat.database_at - t.at <= TAKEOVER_TOLD_FOR]
        if told != self._takeovers:
            self._takeovers = told
            self._condition.took_over(told)

    def _renew(self, facts: ServiceFacts) -> Beat:
        # What is given back before its answer is stored would be refused.
        targets = {lease: self._share.is_asking(lease) or self._recorder.holds(lease) for lease in self._wanted}
        try:
            beat = self._cache.heartbeat(facts, targets)
        except StoreVersionError as error:
            raise OutlivedError(str(error)) from error
        if beat.held is None:
            log.warning("stood still for so long that it was taken for dead: beginning anew")
            self._held = {}
            self._cache.begin(facts)
            beat = self._cache.heartbeat(facts, targets)
        return beat
