"""A service each request to which costs money: it is asked when the last answer is too old, whoever asked for that.

What was answered and when stands in the cache. So a start, a takeover or an update of wedtui costs nothing.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from wedtui.core.evidence import FUTURE_TOLERANCE
from wedtui.core.observation import ApiObservation, Observation
from wedtui.core.resource import Reach
from wedtui.errors import StoreError
from wedtui.providers.aws.faults import CallError

if TYPE_CHECKING:
    from wedtui.cache.remembered import LastPaid, Remembered
    from wedtui.clock import Clock

AGAIN = timedelta(minutes=15)
"""When costs are asked again that could not be read, for each request that was paid for; and how often is looked
whether they are due."""

_SAID = frozenset({Reach.ANSWERED, Reach.PARTIAL, Reach.NOT_ON_PLAN, Reach.NOT_ENABLED})


class Paying(StrEnum):
    """Whether somebody who asks an account also asks what costs money."""

    NEVER = "never"
    DUE = "where the last answer is too old"
    NOW = "now"


class _Kept(NamedTuple):
    """What this process was answered last."""

    at: datetime
    good: bool
    observations: tuple[Observation, ...]
    requests: int
    """How many were paid for it."""


class Purse:
    """Knows when something that costs money is due."""

    def __init__(self, key: tuple[str, str], interval: timedelta, clock: Clock, remembered: Remembered | None) -> None:
        """Remember whom to ask.

        Args:
            key: provider and service.
            interval: for how long an answer is good.
            clock: the time of day, which a cache can be compared with.
            remembered: what the cache knows; None: nothing is known but what this process asked.
        """
        self._key = key
        self._interval = interval
        self._clock = clock
        self._remembered = remembered
        self._kept: _Kept | None = None

    async def instead(self) -> tuple[Observation, ...] | None:
        """Return what to observe without asking, which may be nothing because it is stored; None: it is due.

        Raises:
            CallError: nobody knows whether it is due, so it is not asked.
        """
        kept, now = self._kept, self._clock.now()
        last = await self._last()
        answered, asked, requests = last if last is not None else (None, None, 0)
        if kept is not None and kept.good and (answered is None or kept.at > answered):
            # It may not be stored yet, or could not be.
            return None if _is_over(kept.at, self._interval, now) else kept.observations
        if not _is_over(answered, self._interval, now):
            return ()
        if kept is not None and not kept.good and not _is_over(kept.at, _soon(kept.requests), now):
            return kept.observations
        return None if _is_over(asked, _soon(requests), now) else ()

    def keep(self, observations: tuple[Observation, ...]) -> None:
        """Take what was answered just now."""
        askings = [o for o in observations if isinstance(o, ApiObservation)]
        good = all(o.reach in _SAID for o in askings)
        self._kept = _Kept(self._clock.now(), good, observations, sum(o.requests for o in askings))

    async def _last(self) -> LastPaid | None:
        if self._remembered is None:
            return None
        try:
            return await asyncio.to_thread(self._remembered.paid, *self._key)
        except StoreError as error:
            if self._kept is not None:
                return None
            words = f"not asked, because each request costs money and the last answer cannot be looked up: {error}"
            raise CallError(Reach.HELD, words) from None


def _soon(requests: int) -> timedelta:
    """Return how long a failure holds: an answer that breaks off at its fiftieth page is not paid for every hour."""
    # Two slots may lie close together.
    return AGAIN * 0.8 * max(1, requests)


def _is_over(at: datetime | None, span: timedelta, now: datetime) -> bool:
    """Say whether a span since an instant is over; one of a clock that was ahead tells nothing."""
    return at is None or not -FUTURE_TOLERANCE <= now - at < span
