"""What this service may ask at present, and by which right."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from wedtui.clock import Clock
from wedtui.core.observation import Claim
from wedtui.core.sharing import HOUSE, vantage_lease
from wedtui.providers.base import Cadence, Target


class Share:
    """The leases that this service holds, as of its last heartbeat. Used on the event loop."""

    def __init__(self, vantage: str, clock: Clock) -> None:
        """Hold nothing yet.

        Args:
            vantage: from where it watches.
            clock: its monotonic time tells when a lease has run out.
        """
        self._vantage = vantage_lease(vantage)
        self._clock = clock
        self._held: Mapping[str, int] = {}
        self._until = math.inf
        self._changed = asyncio.Event()
        self._anew: dict[str, asyncio.Event] = {}
        self._asking: set[str] = set()

    @property
    def count(self) -> int:
        """How many leases of what is divided it holds: not that of its vantage, which every service holds."""
        return len(self._held.keys() - {self._vantage})

    def claim(self, target: Target) -> Claim | None:
        """Return by which right a target may be asked; None while another service asks it.

        Every vantage asks every probe; everything else is asked by one service. One that could not renew its leases
        does not know whether another has taken over, which asks by now: requests cost money, and are throttled.
        """
        lease = self._vantage if target.schedule.cadence is Cadence.PROBE else target.key
        if lease != self._vantage and self._ran_out:
            return None
        fence = self._held.get(lease)
        return None if fence is None else Claim(lease, fence)

    @contextmanager
    def asking(self, target: Target) -> Iterator[None]:
        """Keep what is being asked until the answer is there."""
        self._asking.add(target.key)
        try:
            yield
        finally:
            self._asking.discard(target.key)

    def is_asking(self, lease: str) -> bool:
        """Whether a target is being asked at this moment; may be called from any thread."""
        return lease in self._asking

    async def changed(self) -> None:
        """Wait until what is held is another."""
        await self._changed.wait()

    async def anew(self, target: str) -> None:
        """Wait until a target that is divided has to be asked again."""
        event = self._anew.setdefault(target, asyncio.Event())
        await event.wait()
        if self._anew.get(target) is event:
            del self._anew[target]

    def ask_anew(self) -> None:
        """Have everything that is divided asked soon: what was asked before may have been for nobody."""
        for event in self._anew.values():
            event.set()

    def ask_soon(self, target: str) -> None:
        """Have one target asked soon, again where it is being asked: what it answers may have been before a change."""
        self._anew.setdefault(target, asyncio.Event()).set()

    def divides(self, target: Target) -> bool:
        """Whether a target is asked by one service for all."""
        return target.schedule.cadence is not Cadence.PROBE

    @property
    def _ran_out(self) -> bool:
        return self._clock.monotonic() > self._until

    def hold(self, held: Mapping[str, int], until: float = math.inf) -> None:
        """Take what a heartbeat said.

        Args:
            held: the fencing number of each lease.
            until: monotonic seconds after which others may have taken over what is divided.
        """
        again = self._ran_out
        self._until = until
        if held != self._held or again:
            self._held = held
            self._changed.set()
            self._changed = asyncio.Event()


def asked_once(targets: Iterable[Target]) -> frozenset[str]:
    """Return the leases that are divided: every target but the probes, and keeping house."""
    return frozenset({HOUSE, *(t.key for t in targets if t.schedule.cadence is not Cadence.PROBE)})
