"""Between the askings and the cache: a bounded queue, emptied in batches by one thread.

SQLite is never touched on the event loop: a slow disk delays what is stored, not when the next probe fires.
What cannot be stored is kept and tried again; when the queue is full the oldest go, and are counted.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Protocol, TypeVar

import structlog

from wedtui.cache.writer import Stored
from wedtui.core.observation import ApiObservation, Claim, Claimed, Observation
from wedtui.errors import StoreError

log = structlog.get_logger(__name__)

FLUSH_EVERY_S = 0.1
KEPT_AT_MOST = 20_000
BATCH_AT_MOST = 2_000
# One transaction of that many takes a good half second at worst; heartbeats come in between.
RESOURCES_AT_MOST = 10_000

T = TypeVar("T")


def _asking(seen: ApiObservation) -> tuple[str, str, str]:
    return seen.provider, seen.region, seen.service


class Store(Protocol):
    """What a recorder writes to."""

    def record_claimed(self, batch: list[Claimed]) -> Stored:
        """Store a batch in one transaction, and say what of it was not."""
        ...


class Recorder:
    """Takes observations at once and stores them soon."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[Claimed] = deque()
        self._taken = 0
        self._unstored: Counter[str] = Counter()
        self._arrived = asyncio.Event()
        # One thread: SQLite wants one writer, and batches keep their order.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cache")
        self.dropped = 0
        """Observations that were lost because they could not be stored in time, since the start."""
        self.refused = 0
        """Observations that were not stored because another service had taken over, since the start."""
        self.problem: str | None = None
        """Why storing fails at present."""
        self.failures = 0
        """How often storing failed since the start."""

    @property
    def waiting(self) -> int:
        """How many observations are not stored yet."""
        return len(self._waiting)

    def take(self, observations: tuple[Observation, ...], claim: Claim | None = None) -> None:
        """Accept what was observed by a right; never blocks."""
        for observation in observations:
            if isinstance(observation, ApiObservation) and observation.resources:
                self._lighten(observation)
            self._taken += 1
            self._waiting.append(Claimed(observation, claim, self._taken))
        if claim is not None:
            self._unstored[claim.lease] += len(observations)
        while len(self._waiting) > KEPT_AT_MOST:
            self._leave()
            self.dropped += 1
        self._arrived.set()

    def _lighten(self, newer: ApiObservation) -> None:
        """Take the list out of those that wait for what is asked again: of ten thousand machines one list is enough."""
        for place, waiting in enumerate(self._waiting):
            older = waiting.observation
            if isinstance(older, ApiObservation) and older.resources and _asking(older) == _asking(newer):
                light = replace(older, resources=(), kinds=frozenset())
                self._waiting[place] = replace(waiting, observation=light)

    def holds(self, lease: str) -> bool:
        """Whether something waits that was observed by a lease; may be called from any thread."""
        return self._unstored[lease] > 0

    async def run(self) -> None:
        """Store what arrives, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            if not await self.flush():
                self._arrived.set()
                await asyncio.sleep(1.0)
            await asyncio.sleep(FLUSH_EVERY_S)

    async def flush(self) -> bool:
        """Store everything that waits; return whether it is all stored."""
        while self._waiting:
            batch = self._next_batch()
            try:
                await self._store_all_but_misfits(batch)
            except StoreError as error:
                self._fail(str(error))
                return False
        if self.problem is not None:
            log.info("storing works again")
            self.problem = None
        return True

    def _next_batch(self) -> list[Claimed]:
        """Return the oldest that wait, as many as one transaction may hold up everything else for."""
        batch: list[Claimed] = []
        resources = 0
        for claimed in islice(self._waiting, BATCH_AT_MOST):
            if isinstance(claimed.observation, ApiObservation):
                resources += len(claimed.observation.resources)
                if batch and resources > RESOURCES_AT_MOST:
                    break
            batch.append(claimed)
        return batch

    async def _store_batch(self, batch: list[Claimed]) -> None:
        """Store a batch in one transaction and forget it; once begun it is seen to its end, also when cancelled."""
        before = self.dropped
        write = asyncio.ensure_future(self.in_thread(partial(self._store.record_claimed, batch)))
        try:
            stored = await asyncio.shield(write)
        except asyncio.CancelledError:
            # The thread goes on: what it commits must not be stored again by the flush that follows.
            await asyncio.wait([write])
            if write.exception() is None:
                self._forget(batch, before)
            raise
        self._forget(batch, before)
        # For targets that are no longer configured; counted, because nothing is dropped in silence.
        self.dropped += stored.ignored
        self.refused += stored.refused

    async def _store_all_but_misfits(self, batch: list[Claimed]) -> None:
        """Store a batch; where one value is taken by no table, all others, so that it costs itself alone."""
        try:
            await self._store_batch(batch)
            return
        except StoreError:
            raise
        except Exception as error:
            log.error("an observation cannot be stored", error=type(error).__name__, batch=len(batch))
        for claimed in batch:
            before = self.dropped
            try:
                await self._store_batch([claimed])
            except StoreError:
                raise
            except Exception:
                self._forget([claimed], before)
                self.dropped += 1

    def _forget(self, batch: list[Claimed], dropped_before: int) -> None:
        """Take a stored batch from the queue; what overflowed meanwhile came from the same end."""
        for _ in range(max(0, len(batch) - (self.dropped - dropped_before))):
            self._leave()

    def _leave(self) -> None:
        claim = self._waiting.popleft().claim
        if claim is not None:
            self._unstored[claim.lease] -= 1

    def _fail(self, why: str) -> None:
        self.failures += 1
        if self.problem != why:
            log.error("cannot store", problem=why, waiting=len(self._waiting))
        self.problem = why

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run something that writes, in the one thread that may."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown(wait=True)
