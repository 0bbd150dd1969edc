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
from functools import partial

from wedtui.actions.executor import Found, Lapsed, Looked, Part
from wedtui.core.actions import Action, Outcome, Step, StepState
from wedtui.core.customers import IN_SYNC, moved
from wedtui.core.traffic import Place, Submitted, TrafficReading, parse_place
from wedtui.core.traffic_facts import Written
from wedtui.errors import ProviderUnavailableError
from wedtui.providers.traffic.base import TrafficBackend

SUBMIT, ANSWERS, WATCH, UNDO = "submit", "answers", "watch", "undo"
SAMPLES = 200
"""So many questions are asked of the authoritative servers."""
ANSWERED_FROM = 10
"""Who has so many percent is answered among them: each that is right is missed with a probability of 0.9 ** 200, less
than 1 in 10 ** 9, and of at most ten of them any with less than 1 in 10 ** 8. Who has less may be missed by chance."""
RESTS = 5
"""So many times as long as between two other looks nobody asks for so many answers again."""
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


def written(action: Action) -> Written | None:
    """Return what an action wrote last; None where it wrote nothing, or nothing that took.

    Raises:
        KeyError, TypeError, ValueError: its plan is none that this version knows.
    """
    wrote = [step for step in action.steps if (step.changes or step.undoes) and step.state is not StepState.FAILED]
    if not wrote:
        return None
    change, last = change_of(action.plan), wrote[-1]
    shares = change.read.shares if last.undoes else change.shares
    at = last.ended_at if last.state is StepState.DONE else None
    generation = change.generation + (1 if last.undoes else 0)
    # Of what the service proposed it is the word of a person that had it done.
    by = f"{action.confirmed_by}, as {action.person} proposed" if action.by_a_person else action.person
    what = f"{action.kind} {action.target} by {by}"
    return Written(shares, generation, at, action.id, what, _pending(action))


def _pending(action: Action) -> str | None:
    """Return the id of what nobody saw in sync, empty where it is not known; None: it was seen."""
    try:
        made = on_its_way(action)
    except (KeyError, TypeError, ValueError):
        return ""  # what came of it cannot be read: that it is in sync is not known
    return None if made is None else made.id


def on_its_way(action: Action) -> Submitted | None:
    """Return what an action wrote last, where nobody saw it in sync, nor said how it stands.

    Its id is kept with its step from the moment at which it is known, so that whoever comes after can ask for it.

    Raises:
        KeyError, TypeError, ValueError: its plan, or what came of a step, is none that this version knows.
    """
    last: Step | None = None
    for step in action.steps:
        if (step.changes or step.undoes) and step.state is not StepState.FAILED:
            last = step
        elif step.name == IN_SYNC and step.state is StepState.DONE:
            last = None
    if last is None or action.outcome is Outcome.SETTLED:
        return None
    generation = change_of(action.plan).generation + (1 if last.undoes else 0)
    return Submitted(generation, json.loads(last.detail)["id"] if last.state is StepState.DONE else "")


Watch = Callable[[Action, Change], Awaitable[str]]
"""Waits until it can be said whether a change helped, and returns canonical JSON of what was seen, with `worse` false
where that is known; raises WorseError where for two rounds it was worse than before."""
MayNotUndo = Callable[[Action, Change], Awaitable[str | None]]
"""Why a change that made things worse may not be undone; None where it may."""
Glance = Callable[[Action, Change], Awaitable[None]]
"""Takes the newest round while something else is looked at; raises WorseError as `Watch` does."""
Holds = Callable[[Action], Awaitable[Lapsed | None]]
"""Whether the plan of a confirmed change still holds by what is known now."""


class MovingTraffic:
    """Carries out a change of shares."""

    def __init__(
        self,
        backend: TrafficBackend,
        watch: Watch | None = None,
        may_not_undo: MayNotUndo | None = None,
        holds: Holds | None = None,
        *,
        glance: Glance | None = None,
        look_every: timedelta = timedelta(seconds=1),
        in_sync_within: timedelta = timedelta(minutes=3),
        answered_within: timedelta = timedelta(seconds=30),
        settles: timedelta = timedelta(seconds=10),
    ) -> None:
        """Remember where shares are decided, who watches what comes of it, and whether all may be taken back.

        Args:
            backend: where shares are decided.
            watch: says whether a change helped; without it nobody watches, and nothing is undone.
            may_not_undo: says why it may not be taken back; without it nothing is.
            holds: plans again before anything is submitted; without it the compare-and-set alone decides.
            glance: watches already while it is looked whether a change is in sync and answered.
            look_every: between two looks.
            in_sync_within: how long a change may take to be in sync everywhere.
            answered_within: how long the authoritative servers are asked until they answer as the shares say.
            settles: how long a request that timed out may still arrive.
        """
        self._backend, self._watch, self._may_not_undo, self._holds = backend, watch, may_not_undo, holds
        self._every, self._within, self._settles = look_every, in_sync_within, settles
        self._glance, self._answered_within = glance, answered_within

    def parts(self, action: Action) -> Sequence[Part]:
        """Return submit, in sync, answers and watch."""
        change = change_of(action.plan)
        return (
            self._submit(change, Step(SUBMIT, StepState.INTENDED, _UNSET, changes=True)),
            _InSync(self._backend, _Patience(change, self._every, self._within, self._glance)),
            _Answers(self._backend, _Patience(change, RESTS * self._every, self._answered_within, self._glance)),
            *((_Watched(self._watch, change),) if self._watch is not None else ()),
        )

    async def lapsed(self, action: Action) -> Lapsed | None:
        """Return why it may not be submitted any more; None where it may."""
        return None if self._holds is None else await self._holds(action)

    async def undoing(self, action: Action) -> Part | str:
        """Return the change back to what was read, or why that may not be; of one that was begun nobody asks again."""
        change = change_of(action.plan)
        if not any(step.undoes for step in action.steps):
            why = "nobody watches it" if self._may_not_undo is None else await self._may_not_undo(action, change)
            if why is not None:
                return why
        back = Change(_after(change), change.read.shares, change.generation + 1)
        return self._submit(back, Step(UNDO, StepState.INTENDED, _UNSET, undoes=True))

    def _submit(self, change: Change, step: Step) -> Part:
        return _Submit(self._backend, change, step, self._every, self._settles)

    def verified(self, action: Action) -> str:
        """Say how it ended."""
        change = change_of(action.plan)
        return f"{_words(change.shares)}: {self.seen(action)}{_times_words(action, change)}"

    def seen(self, action: Action) -> str:
        """Say what of in sync, answers and watch was seen."""
        done = {step.name: step.detail for step in action.steps if step.state is StepState.DONE}
        seen = ["in sync"] if IN_SYNC in done and json.loads(done[IN_SYNC]).get("asked", True) else []
        seen += [_ANSWERED] if ANSWERS in done else []
        seen += [_watched_words(done[WATCH])] if WATCH in done else []
        return ", ".join(seen)


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
            # By hand shares are changed without a generation of their own: both have to be.
            ours = self.change.read
            if (read.generation, dict(read.shares)) != (ours.generation, dict(ours.shares)):
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
                return self._not_seen(now)
            await asyncio.sleep(self.every.total_seconds())
        return Looked(
            Found.UNKNOWABLE,
            f"the records of {now.name} are neither what was read nor what was to be written ({_words(now.shares)}): "
            "look at them, and say how it stands with `wedtui actions settle`",
        )

    def _not_seen(self, now: TrafficReading) -> Looked:
        """Say what it means that nothing came of a request: where nobody compares it may do so at any later time."""
        if self.backend.compares:
            # No more than what was seen: how long nothing came of it.
            waited = f"{self.settles.total_seconds():g} s"
            return Looked(Found.NOT_APPLIED, f"the records of {now.name} stayed as they were for {waited}")
        return Looked(
            Found.UNKNOWABLE,
            f"a change was sent, or may have been, and the records of {now.name} are as they were "
            f"({_words(now.shares)}): {now.backend} compares nothing when it makes a change, so that it may be made at "
            "any time, over whatever is there then: see that its server has nothing left to do, look at the records, "
            "and say how it stands with `wedtui actions settle`",
        )


@dataclass(frozen=True, slots=True)
class _Patience:
    """Looks at a change that was accepted: one look that fails is no reason to give it up."""

    change: Change
    every: timedelta
    within: timedelta
    glance: Glance | None

    async def seen(self, action: Action, look: Callable[[], Awaitable[str]]) -> str:
        """Look until it is seen.

        Raises:
            ProviderUnavailableError: it was not, in time.
            WorseError: meanwhile the change was seen to have made things worse.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self.within.total_seconds()
        while True:
            try:
                return await look()
            except ProviderUnavailableError:
                if loop.time() >= until:
                    raise
            if self.glance is not None:
                await self.glance(action, self.change)
            await asyncio.sleep(self.every.total_seconds())


@dataclass(frozen=True, slots=True)
class _InSync:
    backend: TrafficBackend
    patience: _Patience

    @property
    def step(self) -> Step:
        return Step(IN_SYNC, StepState.INTENDED, _UNSET)

    async def make(self, action: Action) -> str:
        submitted = next(step for step in reversed(action.steps) if step.name == SUBMIT and step.changes)
        number: str = json.loads(submitted.detail)["id"]
        return await self.patience.seen(action, partial(self._ask, number))

    async def _ask(self, number: str) -> str:
        """Ask for a change by its id; where its answer was lost, the authoritative servers for its generation."""
        generation = self.patience.change.generation
        if await (self.backend.in_sync(number) if number else self.backend.told(generation)):
            return "{}" if number else json.dumps({"asked": False})
        raise ProviderUnavailableError(f"the change {number or generation} was accepted, but is not in sync everywhere")

    async def look(self, action: Action) -> Looked:
        del action
        return Looked(Found.NOT_APPLIED, "")  # it is only a look, and can be taken again


@dataclass(frozen=True, slots=True)
class _Answers:
    backend: TrafficBackend
    patience: _Patience

    @property
    def step(self) -> Step:
        return Step(ANSWERS, StepState.INTENDED, _UNSET)

    async def make(self, action: Action) -> str:
        return await self.patience.seen(action, self._ask)

    async def _ask(self) -> str:
        shares = self.patience.change.shares
        seen = await self.backend.answers(SAMPLES)
        gone = {place for place, share in shares.items() if share == 0}
        still = sorted(place.provider for place in gone if seen.get(place, 0))
        if still:
            raise ProviderUnavailableError(f"the authoritative servers still answer with {', '.join(still)}")
        told = {place: share for place, share in shares.items() if share >= ANSWERED_FROM}
        missing = {place: share for place, share in told.items() if not seen.get(place, 0)}
        if missing:
            raise ProviderUnavailableError(
                f"of {SAMPLES} answers of the authoritative servers none names what has a share: {_words(missing)}"
            )
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


_ANSWERED = f"{SAMPLES} answers name each place of {ANSWERED_FROM} % or more and none of 0 %"


def _after(change: Change) -> TrafficReading:
    """What is there once a change was made; its records are to be read anew."""
    read = change.read
    return TrafficReading(read.backend, read.name, change.shares, read.ttl, read.read_at, change.generation, "")


def _times_words(action: Action, change: Change) -> str:
    """Return what is put on record of how long it took: no forecast, so that it stays true."""
    times = moved(action.confirmed_at, action.steps, change.read.ttl)
    after, until = times.accepted_after, times.until
    if after is None or until is None:
        return ""
    return f"; accepted after {after.total_seconds():.1f} s, the TTL ends {until.astimezone(UTC):%H:%M:%S} UTC"


def _watched_words(seen: str) -> str:
    return "no worse for two rounds" if json.loads(seen).get("worse") is False else "whether it helped is not known"


def _named(shares: Mapping[Place, int]) -> dict[str, int]:
    return {str(place): share for place, share in sorted(shares.items())}


def _places(named: Mapping[str, int]) -> dict[Place, int]:
    return {parse_place(name): share for name, share in named.items()}


def _words(shares: Mapping[Place, int]) -> str:
    return ", ".join(f"{name} {share} %" for name, share in _named(shares).items())
