"""Records that are changed by compare-and-set, a way there on which everything happens, and crashes.

A process dies, or its database goes away, before or after any commit of the journal; requests are refused, lost, late,
or applied without an answer.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from wedtui.core.actions import Action
from wedtui.core.traffic import Place, TrafficReading, unfit
from wedtui.errors import (
    ConflictError,
    ForeignRecordsError,
    NotNowError,
    ProviderUnavailableError,
    StoreUnreachableError,
)
from wedtui.ledger.audit import NOTHING
from wedtui.ledger.journal import SERVICE, By, Journal, Move, Tell
from wedtui.ledger.requests import Once

T = TypeVar("T")

SECOND = timedelta(seconds=1)
CONFLICT = "the records are not those that were read"


class Crash(BaseException):
    """The process is gone."""


class Request(NamedTuple):
    """One that is under way."""

    records: str
    shares: Mapping[Place, int]
    generation: int
    action: int
    """On whose behalf."""


class Landed(NamedTuple):
    """A change that was made."""

    generation: int
    shares: Mapping[Place, int]
    action: int


async def _nothing(generation: int) -> int:
    del generation
    return 0


@dataclass
class World:
    """The records, and what happens to requests."""

    shares: Mapping[Place, int]
    now: Callable[[], datetime]
    faults: list[str] = field(default_factory=list)
    """What happens to each submission: ok, refused, not now, lost, applied (and no answer), late, crash, crash applied,
    overtaken (it lands, and while its answer is on the way another service takes over)."""
    generation: int = 6
    late: list[Request] = field(default_factory=list)
    landed: list[Landed] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """What may never be, and was."""
    wait_s: float = 0.0
    """How long it asks to be left alone, while it throttles or cannot be read."""
    answers_strangely: bool = False
    """Whether authoritative answers name what is no place."""
    unreadable: bool = False
    foreign: bool = False
    """Whether the records are not those that are configured."""
    before_submit: Callable[[int], Awaitable[int]] = _nothing
    """Gets the generation; returns the number of the action that this is for."""
    compares: bool = True
    """Whether a change that names other records than those that are live is refused by whoever keeps them; else it is
    by who sends it alone, and one that is late lands over whatever is there then."""
    overtake: Callable[[], Awaitable[None]] | None = None

    @property
    def records(self) -> str:
        return json.dumps([self.generation, *(f"{place} {share}" for place, share in self.shares.items())])

    @property
    def applied(self) -> list[int]:
        return [each.generation for each in self.landed]

    async def read(self) -> TrafficReading:
        if self.unreadable:
            raise ProviderUnavailableError("the records could not be read", wait_s=self.wait_s)
        if self.foreign:
            raise ForeignRecordsError("the records are foreign")
        name, shares = "www.example.com.", dict(self.shares)
        return TrafficReading("fake", name, shares, SECOND, self.now(), self.generation, self.records)

    async def submit(self, read: TrafficReading, shares: Mapping[Place, int], generation: int) -> str:
        number = await self.before_submit(generation)
        while self.late:
            self.land(self.late.pop())
        request = Request(read.records, shares, generation, number)
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault == "refused":
            raise ProviderUnavailableError("the server says no")
        if fault == "not now":
            raise NotNowError("it was throttled", wait_s=self.wait_s)
        if not self.compares and request.records != self.records:
            raise ConflictError(CONFLICT)
        if fault == "late":
            self.late.append(request)
        elif fault not in {"lost", "crash"} and not self.land(request):
            raise ConflictError(CONFLICT)
        if fault.startswith("crash"):
            raise Crash
        if fault == "overtaken" and self.overtake is not None:
            await self.overtake()
        elif fault not in {"ok", "overtaken"}:
            raise TimeoutError
        return f"C{generation}"

    def land(self, request: Request) -> bool:
        """Make a change, if the records are those that it names, or nobody compares."""
        if self.compares and request.records != self.records:
            return False
        wrong = unfit(request.shares)
        if wrong is not None:
            self.broken.append(f"{request}: {wrong}")
        if self.compares and request.generation != self.generation + 1:
            self.broken.append(f"{request}: its generation is not one after {self.generation}")
        self.shares, self.generation = dict(request.shares), request.generation
        self.landed.append(Landed(request.generation, self.shares, request.action))
        return True

    async def in_sync(self, submission: str) -> bool:
        if submission != f"C{self.generation}":
            raise ConflictError("another change came in place of this one")
        return True

    async def told(self, generation: int) -> bool:
        if generation < self.generation:
            raise ConflictError("another change came in place of this one")
        return generation == self.generation

    async def close(self) -> None:
        """Nothing is kept."""

    async def answers(self, count: int) -> Mapping[Place, int]:
        if self.answers_strangely:
            raise ForeignRecordsError("an authoritative server answers what is no place")
        return {place: count * share // 100 for place, share in self.shares.items()}


@dataclass
class Commits:
    """Counts the commits of a journal, and what happens at each."""

    faults: dict[int, str] = field(default_factory=dict)
    """Number of a commit -> the process dies `before` or `after` it, or the database is `gone before` or `gone after`:
    then who waits for it hears that it may or may not have been made."""
    count: int = 0

    def make(self, work: Callable[[], T]) -> T:
        self.count += 1
        fault = self.faults.get(self.count, "")
        if fault.endswith("before"):
            raise self._fault(fault)
        done = work()
        if fault.endswith("after"):
            raise self._fault(fault)
        return done

    def _fault(self, fault: str) -> BaseException:
        return StoreUnreachableError("the database is gone") if fault.startswith("gone") else Crash()


class BreakingJournal(Journal):
    """The journal, whose every commit may be the last."""

    def __init__(self, url: str, now: Callable[[], datetime], commits: Commits) -> None:
        super().__init__(url, clock=lambda _connection: now())
        self._commits = commits

    def request(
        self,
        make: Callable[[datetime], Action],
        key: str,
        *,
        beside: Mapping[str, Any] = NOTHING,
        once: Once | None = None,
    ) -> Action:
        asked = super().request
        return self._commits.make(lambda: asked(make, key, beside=beside, once=once))

    def move_telling(self, number: int, name: str, move: Move, tell: Tell, *, by: str | By = SERVICE) -> Action:
        """Make any move: `move` itself goes this way."""
        moved = super().move_telling
        return self._commits.make(lambda: moved(number, name, move, tell, by=by))

    def claim(self, holder: str, takes: Callable[[str], bool] = lambda _kind: True) -> Action | None:
        claimed = super().claim
        return self._commits.make(lambda: claimed(holder, takes))

    def expire(self) -> int:
        return self._commits.make(super().expire)
