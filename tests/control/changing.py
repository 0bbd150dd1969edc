"""The service's own requests on live records that stay as they are: what the paths of changes are served with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from tests.core.emergency import NOW, SHARES, facts, places, reading
from wedtui.actions.planning import Planner
from wedtui.actions.requests import Requests, Wish
from wedtui.control.bodies import PlanWanted, ToApprove, ToChange, ToConfirm
from wedtui.control.office import EmergencyPath, Standing
from wedtui.core.actions import Action
from wedtui.core.deed_plan import DeedPlan
from wedtui.core.failover import Plan
from wedtui.core.failover_facts import Facts, Kind
from wedtui.core.roles import Decided
from wedtui.core.traffic import Place, TrafficReading
from wedtui.ledger.journal import Journal
from wedtui.ledger.reader import LedgerReader
from wedtui.ledger.requests import Once

T = TypeVar("T")

MOVED = {"azure": 20, "gcp": 20}
"""What is configured otherwise than is live: a failback goes there."""


class Records:
    """Live records that stay as they are."""

    compares = True

    async def read(self) -> TrafficReading:
        return reading()

    async def submit(self, read: TrafficReading, shares: Mapping[Place, int], generation: int) -> str:
        raise NotImplementedError

    async def in_sync(self, submission: str) -> bool:
        raise NotImplementedError

    async def told(self, generation: int) -> bool:
        raise NotImplementedError

    async def answers(self, count: int) -> Mapping[Place, int]:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is kept."""


class Changing:
    """The service's own requests, each done at once, and nothing of it carried out. AWS has failed."""

    def __init__(self, url: str) -> None:
        self.url, self.caps = url, dict[str, int | None]()
        planner = Planner(Records(), self.known, self)
        self.requests = Requests(self.journal, planner, places({**SHARES, **MOVED}))

    def journal(self) -> Journal:
        return Journal(self.url, clock=lambda _connection: NOW)

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    def known(self, read: TrafficReading | None, problem: str | None, now: datetime) -> Facts:
        del read, problem, now
        return facts(caps=self.caps)

    def plan(self, wanted: PlanWanted) -> Future[Plan | DeedPlan]:
        return _done(self.requests.plan(_wish(wanted)))

    def ask(self, by: Decided, wanted: ToChange, once: Once) -> Future[Action]:
        return _done(self.requests.ask(by, _wish(wanted), wanted.reason, once.key, once))

    def confirm(self, by: Decided, number: int, body: ToConfirm, once: Once) -> Future[Action]:
        word = (body.digest, body.typed, body.break_glass)
        return _done(self.requests.confirm(by, number, *word, once=once))

    def approve(self, by: Decided, number: int, body: ToApprove, once: Once) -> Future[Action]:
        return _done(self.requests.approve(by, number, body.digest, body.typed, once=once))

    def review(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        return _done(self.requests.review(by, number, sentence, once=once))

    def cancel(self, by: Decided, number: int, once: Once) -> Future[Action]:
        return _done(self.requests.cancel(by, number, once=once))

    def abort(self, by: Decided, once: Once) -> Future[Action]:
        return _done(self.requests.abort(by, lambda: self.standing().action, once=once))

    def settle(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        return _done(self.requests.settle(by, number, sentence, once=once))

    def action(self, number: int) -> Action:
        with closing(LedgerReader(self.url)) as reader:
            return reader.action(number)

    def actions(self, *, open_only: bool, newest: bool = False) -> tuple[Action, ...]:
        with closing(LedgerReader(self.url)) as reader:
            return reader.actions(open_only=open_only, newest=newest)

    def standing(self) -> Standing:
        own = [action for action in self.actions(open_only=True) if action.automatic]
        with closing(LedgerReader(self.url)) as reader:
            return Standing("auto", reader.stopped_automation(), own[0] if own else None)

    def emergency_path(self) -> EmergencyPath:
        return EmergencyPath("/state/standby.db", unrecorded=False)


def _wish(wanted: PlanWanted) -> Wish:
    return Wish(
        Kind(wanted.kind), wanted.lost, accepts_overload=wanted.accepts_overload, to=wanted.to, vouched=wanted.vouched
    )


def _done(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Have it done on a loop of its own, as the service has one: whoever asks does so in a thread."""
    return asyncio.run_coroutine_threadsafe(work, _loop())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop
