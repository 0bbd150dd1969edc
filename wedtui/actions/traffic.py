"""Changing the shares of traffic: failover, failback and what takes them back, over any backend of records.

The change names exactly the records that were read, in one atomic change with a generation of its own: by that it is
recognised after a crash, and one that was made on old records fails. Source: DESIGN, "Traffic and failover".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wedtui.actions.executor import Found, Lapsed, Looked, Part
from wedtui.core.actions import Action, Step, StepState
from wedtui.core.traffic import Place, TrafficReading, parse_place
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.traffic.base import TrafficBackend

SUBMIT, IN_SYNC, ANSWERS, WATCH, UNDO = "submit", "in sync", "answers", "watch", "undo"
SAMPLES = 200
"""So many questions are asked of the authoritative servers."""
_UNSET = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """What is submitted."""

    read: TrafficReading
    shares: Mapping[Place, int]
    generation: int

    def document(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "backend": self.read.backend,
            "name": self.read.name,
            "read_at": self.read.read_at.isoformat(),
            "ttl_s": self.read.ttl.total_seconds(),
            "read_generation": self.read.generation,
            "records": self.read.records,
            "before": _named(self.read.shares),
            "after": _named(self.shares),
            "generation": self.generation,
        }


def change_of(plan: str) -> Change:
    """Return the change that a plan submits.

    Raises:
        KeyError, TypeError, ValueError: it has none.
    """
    said = json.loads(plan)["change"]
    read = TrafficReading(
        said["backend"],
        said["name"],
        _places(said["before"]),
        timedelta(seconds=said["ttl_s"]),
        datetime.fromisoformat(said["read_at"]),
        said["read_generation"],
        said["records"],
    )
    return Change(read, _places(said["after"]), said["generation"])


Watch = Callable[[Action, Change], Awaitable[str]]
"""Waits until it can be said whether a change helped, and returns canonical JSON of what was seen, with `worse` false
where that is known; raises WorseError where for two rounds it was worse than before."""
MayUndo = Callable[[Action, Change], Awaitable[bool]]
"""Whether a change that made things worse may be undone."""
Holds = Callable[[Action], Awaitable[Lapsed | None]]
"""Whether the plan of a confirmed change still holds by what is known now."""


class MovingTraffic:
    """Carries out a change of shares."""

    def __init__(
        self,
        backend: TrafficBackend,
        watch: Watch | None = None,
        may_undo: MayUndo | None = None,
        holds: Holds | None = None,
        *,
        look_every: timedelta = timedelta(seconds=1),
        in_sync_within: timedelta = timedelta(minutes=3),
        settles: timedelta = timedelta(seconds=10),
    ) -> None:
        """Remember where shares are decided, who watches what comes of it, and whether all may be taken back.

        Args:
            backend: where shares are decided.
            watch: says whether a change helped; without it nobody watches, and nothing is undone.
            may_undo: says whether it may be taken back.
            holds: plans again before anything is submitted; without it the compare-and-set alone decides.
            look_every: between two looks.
            in_sync_within: how long a change may take to be in sync everywhere.
            settles: how long a request that timed out may still arrive.
        """
        self._backend, self._watch, self._may_undo, self._holds = backend, watch, may_undo, holds
        self._every, self._within, self._settles = look_every, in_sync_within, settles

    def parts(self, action: Action) -> Sequence[Part]:
        """Return submit, in sync, answers and watch."""
        change = change_of(action.plan)
        return (
            self._submit(change, Step(SUBMIT, StepState.INTENDED, _UNSET, changes=True)),
            _InSync(self._backend, self._every, self._within),
            _Answers(self._backend, change),
            *((_Watched(self._watch, change),) if self._watch is not None else ()),
        )

    async def lapsed(self, action: Action) -> Lapsed | None:
        """Return why it may not be submitted any more; None where it may."""
        return None if self._holds is None else await self._holds(action)

    async def undoing(self, action: Action) -> Part | None:
        """Return the change back to what was read, where that may be; of one that was begun it is asked no more."""
        change = change_of(action.plan)
        begun = any(step.undoes for step in action.steps)
        if not begun and (self._may_undo is None or not await self._may_undo(action, change)):
            return None
        back = Change(_after(change), change.read.shares, change.generation + 1)
        return self._submit(back, Step(UNDO, StepState.INTENDED, _UNSET, undoes=True))

    def _submit(self, change: Change, step: Step) -> Part:
        return _Submit(self._backend, change, step, self._every, self._settles)

    def verified(self, action: Action) -> str:
        """Say how it ended."""
        change, done = change_of(action.plan), {step.name: step.detail for step in action.steps}
        seen = ["in sync"] if json.loads(done[IN_SYNC]).get("asked", True) else []
        seen += ["answered so by the authoritative servers"] if ANSWERS in done else []
        seen += [_watched_words(done[WATCH])] if WATCH in done else []
        return f"{_words(change.shares)}: {', '.join(seen)}"


@dataclass(frozen=True, slots=True)
class _Submit:
    backend: TrafficBackend
    change: Change
    step: Step
    every: timedelta
    settles: timedelta

    async def make(self, action: Action) -> str:
        del action
        read = self.change.read
        if not read.records:
            # After a change of our own they are what they are now, if it is still ours.
            read = await self.backend.read()
            if read.generation != self.change.read.generation:
                raise ProviderUnavailableError("the records were changed by someone else: nothing was changed")
        return json.dumps({"id": await self.backend.submit(read, self.change.shares, self.change.generation)})

    async def look(self, action: Action) -> Looked:
        del action
        loop, change = asyncio.get_running_loop(), self.change
        until = loop.time() + self.settles.total_seconds()
        while True:
            now = await self.backend.read()
            if now.generation == change.generation and now.shares == change.shares:
                return Looked(Found.APPLIED, json.dumps({"id": now.submission or "", "adopted": True}))
            if now.generation != change.read.generation or now.shares != change.read.shares:
                break
            if loop.time() >= until:
                return Looked(Found.NOT_APPLIED, "")
            await asyncio.sleep(self.every.total_seconds())
        return Looked(
            Found.UNKNOWABLE,
            f"the records of {now.name} are neither what was read nor what was to be written ({_words(now.shares)}): "
            "look at them, and say how it stands with `wedtui actions settle`",
        )


@dataclass(frozen=True, slots=True)
class _InSync:
    backend: TrafficBackend
    every: timedelta
    within: timedelta

    @property
    def step(self) -> Step:
        return Step(IN_SYNC, StepState.INTENDED, _UNSET)

    async def make(self, action: Action) -> str:
        submitted = next(step for step in reversed(action.steps) if step.name == SUBMIT and step.changes)
        number = json.loads(submitted.detail)["id"]
        loop = asyncio.get_running_loop()
        until = loop.time() + self.within.total_seconds()
        if not number:
            # It was recognised by its generation after its answer was lost: nothing can be asked of it by its id.
            return json.dumps({"asked": False})
        while not await self.backend.in_sync(number):
            if loop.time() >= until:
                raise ProviderUnavailableError(f"the change {number} was accepted, but is not in sync everywhere")
            await asyncio.sleep(self.every.total_seconds())
        return "{}"

    async def look(self, action: Action) -> Looked:
        del action
        return Looked(Found.NOT_APPLIED, "")  # it is only a look, and can be taken again


@dataclass(frozen=True, slots=True)
class _Answers:
    backend: TrafficBackend
    change: Change

    @property
    def step(self) -> Step:
        return Step(ANSWERS, StepState.INTENDED, _UNSET)

    async def make(self, action: Action) -> str:
        del action
        seen = await self.backend.answers(SAMPLES)
        gone = {place for place, share in self.change.shares.items() if share == 0}
        still = sorted(place.provider for place in gone if seen.get(place, 0))
        if still:
            raise ProviderUnavailableError(f"the authoritative servers still answer with {', '.join(still)}")
        return json.dumps(_named(seen))

    async def look(self, action: Action) -> Looked:
        del action
        return Looked(Found.NOT_APPLIED, "")


@dataclass(frozen=True, slots=True)
class _Watched:
    watch: Watch
    change: Change

    @property
    def step(self) -> Step:
        return Step(WATCH, StepState.INTENDED, _UNSET)

    async def make(self, action: Action) -> str:
        return await self.watch(action, self.change)

    async def look(self, action: Action) -> Looked:
        del action
        return Looked(Found.NOT_APPLIED, "")


def _after(change: Change) -> TrafficReading:
    """What is there once a change was made; its records are to be read anew."""
    read = change.read
    return TrafficReading(read.backend, read.name, change.shares, read.ttl, read.read_at, change.generation, "")


def _watched_words(seen: str) -> str:
    return "no worse for two rounds" if json.loads(seen).get("worse") is False else "whether it helped is not known"


def _named(shares: Mapping[Place, int]) -> dict[str, int]:
    return {str(place): share for place, share in sorted(shares.items())}


def _places(named: Mapping[str, int]) -> dict[Place, int]:
    return {parse_place(name): share for name, share in named.items()}


def _words(shares: Mapping[Place, int]) -> str:
    return " ".join(f"{name} {share}" for name, share in _named(shares).items())
