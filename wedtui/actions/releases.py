"""Carries releases out: looks, starts, waits until the version is in place, watches it, and takes back what hurts.

Each is an action of the journal, with its steps; this is how they are made. Whether one may start is decided in the
ledger's own transaction, and asked once more here, just before the first outside call. Source: DESIGN, "Deployments".
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wedtui.actions.executor import Found, Lapsed, Looked, Part, WorseError
from wedtui.clock import Clock
from wedtui.core.actions import Action, Step, StepState
from wedtui.core.chain import canonical
from wedtui.core.deployments.carried import IN_PLACE, PREPARE, PREVIOUS, previous_in
from wedtui.core.deployments.doing import START, TAKE_BACK, VERIFY
from wedtui.core.deployments.freezing import Allowed
from wedtui.core.deployments.verification import Judgement, Soak, Verification
from wedtui.core.wording import duration
from wedtui.errors import ConflictError, OutcomeUnknownError, ProviderUnavailableError
from wedtui.providers.deploy import base as deploy
from wedtui.providers.deploy.base import Deployer, Placing, Progress, Trace, Try

LOOKS_EVERY = timedelta(seconds=1)
"""Between two looks at how far a start is."""
JUDGES_EVERY = timedelta(seconds=5)
"""Between two judgements of a release that is watched: a rollback begins within seconds of what it is for."""
UNSEEN_AT_MOST = timedelta(minutes=2)
"""So long it may not be seen how far a start is; then nobody knows, and a person has to look."""
ENDS_WITHIN = timedelta(minutes=1)
"""So long a start that was told to end may take to do so."""
_INTENDED = datetime.min.replace(tzinfo=UTC)
"""The instant of a step that is not made yet: the journal sets it."""

MayStart = Callable[[int], Awaitable[Allowed]]
"""Whether a freeze lets the release of a number begin, by what is known now."""
Judge = Callable[[int, Soak], Awaitable[Verification]]
"""How the release of a number did up to now."""


class _Nobody:
    """Stands where a template was: what was begun by it is for a person, and nothing is begun."""

    def __init__(self, template: str) -> None:
        self._said = f'there is no template "{template}" any more: see [[deployments.templates]]'

    async def prepare(self, what: Placing) -> str:
        """Refuse it."""
        raise ConflictError(self._said)

    async def start(self, what: Placing) -> str:
        """Refuse it."""
        raise ConflictError(self._said)

    async def find(self, what: Placing) -> deploy.Found:
        """Say that nobody knows."""
        del what
        return deploy.Found(Trace.UNKNOWABLE, self._said)

    async def observe(self, what: Placing) -> deploy.Seen:
        """Say that nobody knows."""
        del what
        return deploy.Seen(Progress.UNKNOWN, self._said)

    async def abort(self, what: Placing) -> None:
        """Do nothing: nobody could."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an action carries out."""

    placing: Placing
    template: str
    within: timedelta
    soak: timedelta

    @property
    def back(self) -> Placing:
        """The version before it, to be put in place again."""
        was, now = self.placing.previous, self.placing.version
        return self.placing._replace(version=was, previous=now, tries=Try.ROLLBACK)


class Releasing:
    """How actions of the kind `release` are carried out."""

    def __init__(
        self,
        deployers: Mapping[str, Deployer],
        may_start: MayStart,
        judge: Judge,
        *,
        clock: Clock,
        machine: str,
    ) -> None:
        """Remember whom to ask.

        Args:
            deployers: template -> who puts its versions in place.
            may_start: asks the evaluator.
            judge: asks what was measured.
            clock: the time of day, and one that never jumps.
            machine: the name of this machine, for what only it can look into.
        """
        self._deployers, self._may_start, self._judge = deployers, may_start, judge
        self._clock, self._machine = clock, machine

    def parts(self, action: Action) -> Sequence[Part]:
        """Return its steps in their order."""
        asked = _asked(action)
        deployer = self._deployer(asked)
        return (
            _Prepare(deployer, asked, self._machine),
            _Start(deployer, asked, self._machine),
            _InPlace(deployer, asked, self._clock),
            _Verify(self._judge, asked, self._clock),
        )

    async def lapsed(self, action: Action) -> Lapsed | None:
        """Return why it may not be begun any more by what is known now; None where it may."""
        found = await self._may_start(_asked(action).placing.release)
        return None if found.now else Lapsed(f"nothing was begun: {found.sentence}")

    async def undoing(self, action: Action) -> Part | str:
        """Return the step that puts the version before it in place again, or why that may not be."""
        asked = _asked(action)
        if not asked.placing.previous:
            return "which version was in place before it is not known"
        return _TakeBack(self._deployer(asked), asked, self._clock, self._machine)

    def verified(self, action: Action) -> str:
        """Say how it ended."""
        return str(json.loads(action.steps[-1].detail)["said"])

    def seen(self, action: Action) -> str:
        """Say what was seen of it, where not all could be: that is with its steps."""
        del action
        return ""

    def _deployer(self, asked: _Asked) -> Deployer:
        return self._deployers.get(asked.template, _Nobody(asked.template))


class _Prepare:
    """Looks whether it can be done at all."""

    step = Step(PREPARE, StepState.INTENDED, _INTENDED)

    def __init__(self, deployer: Deployer, asked: _Asked, machine: str) -> None:
        self._deployer, self._asked, self._machine = deployer, asked, machine

    async def make(self, action: Action) -> str:
        """Look; what is said has the machine on which it was, for a start of which nothing is said."""
        del action
        there = await self._deployer.prepare(self._asked.placing)
        said = f"{there} is in place" if there else "nothing is in place"
        return _said(said, canonical({"on": self._machine, PREVIOUS: there}))

    async def look(self, action: Action) -> Looked:
        """Look again: it changes nothing."""
        del action
        return Looked(Found.NOT_APPLIED, "")


class _Starting:
    """A step that starts something, and after which somebody finds out whether it did."""

    def __init__(self, deployer: Deployer, placing: Placing, step: Step) -> None:
        self._deployer, self._placing, self.step = deployer, placing, step

    def _begun(self, action: Action) -> Placing:
        """Return what is started, with the machine on which it was, as its step says."""
        return _begun(self._placing, action, self.step.name)

    async def _find(self, action: Action) -> deploy.Found:
        return await self._deployer.find(self._begun(action))


class _Start(_Starting):
    """Starts it, once."""

    def __init__(self, deployer: Deployer, asked: _Asked, machine: str) -> None:
        step = Step(START, StepState.INTENDED, _INTENDED, changes=True, detail=_on(machine))
        super().__init__(deployer, asked.placing, step)

    async def make(self, action: Action) -> str:
        """Start it."""
        return _said(await self._deployer.start(self._begun(action)), action.steps[-1].detail)

    async def look(self, action: Action) -> Looked:
        """Say whether it was started."""
        found = await self._find(action)
        if found.trace is Trace.MADE:
            return Looked(Found.APPLIED, _said(found.said, action.steps[-1].detail))
        return Looked(Found.NOT_APPLIED if found.trace is Trace.NOT_MADE else Found.UNKNOWABLE, found.said)


class _InPlace:
    """Looks until the version is everywhere."""

    step = Step(IN_PLACE, StepState.INTENDED, _INTENDED)

    def __init__(self, deployer: Deployer, asked: _Asked, clock: Clock) -> None:
        self._deployer, self._asked, self._clock = deployer, asked, clock

    async def make(self, action: Action) -> str:
        """Look until it is in place, or is not going to be."""
        placing = _begun(self._asked.placing, action, START)
        seen = await _followed(self._deployer, placing, self._clock, self._left(action), self._asked.within)
        if seen.progress is Progress.DONE:
            return _said(seen.said)
        if seen.progress is Progress.UNKNOWN:
            raise OutcomeUnknownError(seen.said)
        raise WorseError(seen.said)

    async def look(self, action: Action) -> Looked:
        """Say whether it is in place by now; what cannot be seen in all of its time is for a person.

        Raises:
            ProviderUnavailableError: that cannot be seen at the moment: somebody looks again.
        """
        try:
            seen = await self._deployer.observe(_begun(self._asked.placing, action, START))
        except ProviderUnavailableError as error:
            if self._left(action) > -UNSEEN_AT_MOST:
                raise
            return Looked(Found.UNKNOWABLE, f"how far it is cannot be seen: {error}")
        if seen.progress is Progress.UNKNOWN:
            return Looked(Found.UNKNOWABLE, seen.said)
        return Looked(Found.NOT_APPLIED, "")

    def _left(self, action: Action) -> timedelta:
        """Return how much of its time is left."""
        begun = next(step for step in action.steps if step.name == START and step.state is StepState.DONE)
        return begun.intended_at + self._asked.within - self._clock.now()


class _Verify:
    """Watches it through its soak."""

    step = Step(VERIFY, StepState.INTENDED, _INTENDED)

    def __init__(self, judge: Judge, asked: _Asked, clock: Clock) -> None:
        self._judge, self._asked, self._clock = judge, asked, clock

    async def make(self, action: Action) -> str:
        """Judge until it did well, or did not."""
        placed = next(step for step in action.steps if step.name == IN_PLACE and step.state is StepState.DONE)
        soak = Soak(placed.ended_at or placed.intended_at, self._asked.soak)
        while True:
            found = await self._judge(self._asked.placing.release, soak)
            if found.judgement is Judgement.GOOD:
                return _said(f"{self._asked.placing.version} is in place, {found.sentence}")
            if found.judgement is Judgement.BAD:
                raise WorseError(found.sentence)
            await asyncio.sleep(JUDGES_EVERY.total_seconds())

    async def look(self, action: Action) -> Looked:
        """Watch on: it changes nothing."""
        del action
        return Looked(Found.NOT_APPLIED, "")


class _TakeBack(_Starting):
    """Puts the version before it in place again."""

    def __init__(self, deployer: Deployer, asked: _Asked, clock: Clock, machine: str) -> None:
        step = Step(TAKE_BACK, StepState.INTENDED, _INTENDED, undoes=True, detail=_on(machine))
        super().__init__(deployer, asked.back, step)
        self._clock, self._within = clock, asked.within

    async def make(self, action: Action) -> str:
        """Start it, and look until it is in place."""
        placing = self._begun(action)
        await self._deployer.start(placing)
        return await self._seen(placing)

    async def look(self, action: Action) -> Looked:
        """Say whether it is in place again: what was started is followed, what was not is for a person."""
        found = await self._find(action)
        if found.trace is not Trace.MADE:
            return Looked(Found.UNKNOWABLE, found.said)
        return Looked(Found.APPLIED, await self._seen(self._begun(action)))

    async def _seen(self, placing: Placing) -> str:
        seen = await _followed(self._deployer, placing, self._clock, self._within, self._within)
        if seen.progress is not Progress.DONE:
            raise ConflictError(seen.said)
        return _said(seen.said)


async def _followed(
    deployer: Deployer, placing: Placing, clock: Clock, left: timedelta, within: timedelta
) -> deploy.Seen:
    """Look until a start ended, or its time is up: then it is ended.

    Args:
        deployer: asked how far it is.
        placing: what was started.
        clock: one that never jumps.
        left: how much of its time is left.
        within: all of its time, for the sentence.
    """
    ends, unseen_until, aborted = clock.monotonic() + left.total_seconds(), None, False
    while True:
        try:
            seen = await deployer.observe(placing)
        except ProviderUnavailableError as error:
            unseen_until = unseen_until or clock.monotonic() + UNSEEN_AT_MOST.total_seconds()
            if clock.monotonic() >= unseen_until:
                return deploy.Seen(Progress.UNKNOWN, str(error))
        else:
            unseen_until = None
            if aborted and seen.progress is Progress.FAILED:
                return deploy.Seen(Progress.FAILED, f"it was not in place within {duration(within)}, and was ended")
            if seen.progress is not Progress.GOING:
                return seen
            now = clock.monotonic()
            if now >= ends and not aborted:
                await deployer.abort(placing)
                aborted = True
            elif now >= ends + ENDS_WITHIN.total_seconds():
                # Nothing is put in place beside what may still be at work.
                return deploy.Seen(Progress.UNKNOWN, f"it was not in place within {duration(within)}, and does not end")
        await asyncio.sleep(LOOKS_EVERY.total_seconds())


def placing_of(action: Action) -> Placing:
    """Return what an action that carries a release out puts in place."""
    return _asked(action).placing


def _asked(action: Action) -> _Asked:
    change = json.loads(action.plan)["change"]
    placing = Placing(
        change["release"],
        change["service"],
        change["environment"],
        change["version"],
        previous_in(action) or change["previous"],
        mark=change["mark"],
    )
    return _Asked(
        placing, change["template"], timedelta(seconds=change["within_s"]), timedelta(seconds=change["soak_s"])
    )


def _begun(placing: Placing, action: Action, name: str) -> Placing:
    """Return what is put in place with the machine on which a step began it.

    What came of a step may have taken the place of what it said: then it is the machine that looked before it.
    """
    for wanted in (name, PREPARE):
        for step in reversed(action.steps):
            if step.name == wanted and step.detail.startswith("{"):
                return placing._replace(begun_on=str(json.loads(step.detail).get("on", "")))
    return placing


def _on(machine: str) -> str:
    return canonical({"on": machine})


def _said(sentence: str, before: str = "") -> str:
    """Return a sentence as a step keeps it, with what it said before that nobody may forget."""
    kept = json.loads(before) if before.startswith("{") else {}
    return canonical({**kept, "said": sentence})
