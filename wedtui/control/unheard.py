"""What was asked for and refused before anybody decided it: on the audit chain too, without a flood filling it.

Who asks too often, or for what cannot be read or is not there, is answered by whoever stands before the desk. The first
such request of a user is put on record at once; what follows within a minute is counted, and is one link at its end.
What only looks is not put on record.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from wedtui.clock import Clock
from wedtui.control.identity import Peer
from wedtui.core.text import single_line

log = structlog.get_logger(__name__)

KIND = "request.unheard"
"""The kind of the link."""
EVERY_S = 60.0
"""A user has one link at the first of them, and one each time that so much has passed, however many they are."""
ASKED_AT_MOST = 5
"""So many different requests are named."""
ON_RECORD_WITHIN_S = 2.0
"""So long an answer waits for being on record: nobody waits for a ledger that is away."""
_ASKED_IS_AT_MOST = 80


@dataclass(slots=True)
class Slip:
    """Goes with a request to whoever serves it, and says whether they put on record what came of it."""

    on_record: bool = False


class Refused(NamedTuple):
    """A request that nobody decided."""

    asked: str
    """Method and path, as they were sent."""
    status: int


Tell = Callable[[Peer, str, Mapping[str, Any]], None]
"""Puts a link of a kind on the chain in somebody's name; raises where it cannot."""


@dataclass(slots=True)
class _Tally:
    """What is not on record yet."""

    answered: Counter[int] = field(default_factory=Counter)
    asked: dict[str, None] = field(default_factory=dict)
    """Some of what was asked for, in its order."""
    since: datetime | None = None
    until: datetime | None = None

    def add(self, refused: Refused, at: datetime) -> None:
        self.answered[refused.status] += 1
        if len(self.asked) < ASKED_AT_MOST:
            self.asked[single_line(refused.asked, _ASKED_IS_AT_MOST)] = None
        self.since, self.until = self.since or at, at

    def put_back(self, before: _Tally) -> None:
        """Count what could not be put on record with what came since."""
        self.answered += before.answered
        self.asked = dict.fromkeys([*before.asked, *self.asked][:ASKED_AT_MOST])
        self.since, self.until = before.since, self.until or before.until

    def body(self) -> dict[str, Any]:
        """Return it as its link says it."""
        instants = (self.since, self.until)
        return {
            "requests": self.answered.total(),
            "answered": {str(status): count for status, count in sorted(self.answered.items())},
            "asked": [*self.asked],
            **{name: at.isoformat() for name, at in zip(("since", "until"), instants, strict=True) if at is not None},
        }


class Unheard:
    """Puts on record what nobody decided. Used on one event loop; told is in threads."""

    def __init__(self, tell: Tell, clock: Clock, *, every_s: float = EVERY_S) -> None:
        self._tell, self._clock, self._every_s = tell, clock, every_s
        self._tallies: dict[int, _Tally] = {}
        """uid -> what is counted of a user, while there is anything to wait for."""
        self._going: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def note(self, peer: Peer, refused: Refused) -> None:
        """Note a request; return once it is on record or counted."""
        tally = self._tallies.get(peer.uid)
        if tally is not None:
            tally.add(refused, self._clock.now())
            return
        self._tallies[peer.uid] = tally = _Tally()
        tally.add(refused, self._clock.now())
        first = asyncio.create_task(self._write(peer))
        going = asyncio.create_task(self._go_on(peer, first))
        self._going.add(going)
        going.add_done_callback(self._going.discard)
        await asyncio.wait({first}, timeout=ON_RECORD_WITHIN_S)

    async def close(self) -> None:
        """Put on record what was counted; nothing is noted any more."""
        self._closing.set()
        await asyncio.gather(*self._going)

    async def _go_on(self, peer: Peer, first: asyncio.Task[None]) -> None:
        """Put on record what was counted, minute by minute, until one is over in which nothing was."""
        await first
        closing = False
        # Once more where it closes meanwhile: what came while the first was put on record is counted as well.
        while not closing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._every_s)
            closing = self._closing.is_set()
            if not self._tallies[peer.uid].answered:
                break
            await self._write(peer)
        del self._tallies[peer.uid]

    async def _write(self, peer: Peer) -> None:
        counted, self._tallies[peer.uid] = self._tallies[peer.uid], _Tally()
        try:
            await asyncio.to_thread(self._tell, peer, KIND, counted.body())
        except Exception as error:
            # Anything, such as a directory of users that is away: it is counted on, and tried again a minute later.
            self._tallies[peer.uid].put_back(counted)
            log.warning("not on record", uid=peer.uid, requests=counted.answered.total(), why=repr(error))
