"""When each target is asked: spread over its interval, never twice at once, never waiting for another.

Every target has a task of its own. A slot that comes while the target is still being asked is skipped and
counted; it is not made up for later, because a burst of late probes would tell nothing about now. Slots go by the time
of day, so that all vantages ask a target at the same time: what fails has failed the same rounds for each of them, and
a quorum is there with the round, not up to an interval later.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from wedtui.clock import Clock
from wedtui.core.observation import Claim, Observation
from wedtui.core.season import Pace
from wedtui.poller.share import Share
from wedtui.providers.base import Cadence, Schedule, Target

log = structlog.get_logger(__name__)

# How much longer than its own deadline a target may take before the poller gives up on it.
GRACE = timedelta(seconds=1)
LATENESS_KEPT = 2048
FIRST_ROUND_WITHIN_S = 2.0


def spread(key: str, interval: float) -> float:
    """Return where in its interval (seconds) a target fires: by the hash of its key, so that it survives a restart."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64 * interval


def next_slot(now: float, interval: float, phase: float) -> float:
    """Return the first instant after `now` (monotonic seconds) of the grid `phase + k x interval`."""
    return (math.floor((now - phase) / interval) + 1) * interval + phase


def slot_after(slot: float, now: float, interval: float, phase: float) -> float:
    """Return the slot that follows `slot`, or, where `now` is already past that one, the next that is still to come.

    A timer may fire early, a grid of binary fractions is a hair off, and the clock to which the grid is set may have
    been corrected: without the margin of a tenth of an interval the same slot would come twice.
    """
    return next_slot(max(now, slot + interval / 10), interval, phase)


def phase_of(key: str, interval: float, clock: Clock) -> float:
    """Return where on the monotonic clock the slots of a target lie: the same time of day on every machine."""
    return spread(key, interval) - (clock.now().timestamp() - clock.monotonic())


def interval_of(schedule: Schedule, pace: Pace) -> timedelta:
    """Return how often a target is asked: its own interval, else the default of the protection level."""
    if schedule.interval is not None:
        return schedule.interval
    return pace.probe if schedule.cadence is Cadence.PROBE else pace.query


@dataclass(slots=True)
class Punctuality:
    """How well the schedules were kept."""

    skipped: int = 0
    """Slots that passed while the target was still being asked, since the start."""
    lateness: deque[float] = field(default_factory=lambda: deque(maxlen=LATENESS_KEPT))
    """Seconds between the slot and the asking, of the newest askings."""
    tell: Callable[[float], None] = lambda _seconds: None
    """Told of each lateness as well."""

    def late(self, seconds: float) -> None:
        """Take by how many seconds an asking was late."""
        self.lateness.append(seconds)
        self.tell(seconds)

    def late_ms(self, quantile: float = 0.99) -> float | None:
        """Return a quantile of the lateness in milliseconds, by nearest rank; None before the first asking."""
        ordered = sorted(self.lateness)
        return ordered[math.ceil(quantile * len(ordered)) - 1] * 1000 if ordered else None


async def ask(target: Target) -> tuple[Observation, ...]:
    """Ask one target once; whatever happens, there is an observation of it."""
    limit = (target.schedule.deadline + GRACE).total_seconds()
    try:
        async with asyncio.timeout(limit):
            return await target.observe()
    except TimeoutError:
        return target.gave_up(f"gave up after {limit:g} s")
    except Exception as error:
        # The type alone: a message from below could quote a header.
        log.error("target raised", target=target.key, error=type(error).__name__)
        return target.gave_up(f"failed inside wedtui ({type(error).__name__}); see the service's log")


class Scheduler:
    """Asks targets on time and hands on what they observe."""

    def __init__(
        self,
        targets: Sequence[Target],
        clock: Clock,
        pace: Callable[[], Pace],
        record: Callable[[tuple[Observation, ...], Claim | None], None],
        share: Share | None = None,
    ) -> None:
        """Prepare; nothing is asked before `run`.

        Args:
            targets: what to ask.
            clock: its monotonic time keeps the schedules.
            pace: the present default intervals; asked before every slot.
            record: takes what was observed and by which right; it must not block.
            share: what of it this service may ask; None: everything, by its own right.
        """
        self._targets = targets
        self._clock = clock
        self._pace = pace
        self._record = record
        self._share = share
        self.punctuality = Punctuality()

    async def run(self) -> None:
        """Ask until cancelled."""
        async with asyncio.TaskGroup() as group:
            for target in self._targets:
                group.create_task(self._keep_asking(target), name=target.key)
            # Without any target, too: what ends by itself is taken for a part that failed.
            await asyncio.Event().wait()

    async def _told_to_ask_anew(self, target: Target, seconds: float) -> bool:
        """Wait for a slot; return whether it is to be asked sooner instead."""
        if self._share is None or not self._share.divides(target):
            await asyncio.sleep(seconds)
            return False
        try:
            await asyncio.wait_for(self._share.anew(target.key), seconds)
        except TimeoutError:
            return False
        return True

    async def _keep_asking(self, target: Target) -> None:
        slot: float | None = None
        while True:
            if self._share is not None and self._share.claim(target) is None:
                # Once it is ours it is asked soon: nobody may have for a while.
                slot = None
                await self._share.changed()
                continue
            interval = interval_of(target.schedule, self._pace()).total_seconds()
            now = self._clock.monotonic()
            if slot is None:
                # Nobody wants to wait a minute for the first answer of a query.
                slot = now + spread(target.key, min(interval, FIRST_ROUND_WITHIN_S))
            else:
                upcoming = slot_after(slot, now, interval, phase_of(target.key, interval, self._clock))
                self.punctuality.skipped += max(0, round((upcoming - slot) / interval) - 1)
                slot = upcoming
            if await self._told_to_ask_anew(target, max(0.0, slot - now)):
                slot = None
                continue
            # The right by which it is asked now, whatever happens until the answer is stored.
            claim = self._share.claim(target) if self._share is not None else None
            if self._share is not None and claim is None:
                continue
            self.punctuality.late(max(0.0, self._clock.monotonic() - slot))
            with self._share.asking(target) if self._share is not None else nullcontext():
                self._record(await ask(target), claim)
