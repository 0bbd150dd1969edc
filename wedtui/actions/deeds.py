"""Actions that have a planner and steps of their own: who brings one registers it here, and what it is in
`core.emergency`. Nothing else has to know of it: it is asked for, confirmed, carried out and put on record as a change
of shares is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from wedtui.actions.executor import Lapsed, Part
from wedtui.clock import Clock
from wedtui.config import Configuration
from wedtui.core.action_document import ASKED, asked_of
from wedtui.core.actions import Action
from wedtui.core.deed_plan import DeedPlan, Sketch, house_checks
from wedtui.core.emergency import EMERGENCIES, Way, emergency
from wedtui.core.failover import PLAN_GOOD_FOR, canonical
from wedtui.core.freeze_plan import Known
from wedtui.errors import ConflictError


class Deed(Protocol):
    """Who plans one kind of action and makes its steps."""

    def target(self, subject: str) -> str:
        """Return what has to be typed.

        Raises:
            ConfigurationError: nothing is meant by this subject.
        """
        ...

    def resource(self, subject: str) -> str:
        """Return what it changes: only one action at a time works on that."""
        ...

    async def plan(self, subject: str, now: datetime) -> Sketch:
        """Say what would be done, from what is there now; a freeze and the weddings are asked for it."""
        ...

    def parts(self, action: Action) -> Sequence[Part]:
        """Return its steps in their order; what they need is in its plan (`change_of`)."""
        ...

    async def undoing(self, action: Action) -> Part | str:
        """Return the step that takes everything back, or why that may not be."""
        ...

    def verified(self, action: Action) -> str:
        """Say how it ended."""
        ...


Maker = Callable[[Configuration, Clock], Deed]
_MAKERS: dict[str, Maker] = {}


def register(kind: str, make: Maker) -> None:
    """Have actions of a kind done by whom `make` returns; what it is stands in `core.emergency` already.

    Raises:
        ValueError: no such action is registered there, or it is done by somebody already.
    """
    if kind not in EMERGENCIES.of(Way.STEPS) or kind in _MAKERS:
        raise ValueError(f'expected an action of {Way.STEPS} in the registry that nobody does yet, got "{kind}"')
    _MAKERS[kind] = make


def forget(kind: str) -> None:
    """Let nobody do actions of a kind any more."""
    _MAKERS.pop(kind, None)


def registered() -> Mapping[str, Maker]:
    """Return who does what."""
    return dict(_MAKERS)


def change_of(action: Action) -> Mapping[str, Any]:
    """Return what the plan of an action submits."""
    change: Mapping[str, Any] = json.loads(action.plan)["change"]
    return change


@dataclass(frozen=True, slots=True)
class OnSubject:
    """What a person asks for."""

    kind: str
    subject: str

    def document(self) -> dict[str, object]:
        """Return all of it, as an action keeps it: with anything else the same key is that of another request."""
        return {"kind": self.kind, "subject": self.subject}


class PlannedDeed(NamedTuple):
    """A plan, and what it submits."""

    plan: DeedPlan
    change: Mapping[str, Any]

    def document(self, more: Mapping[str, Any] | None = None) -> str:
        """Return it as an action keeps it: what was shown, what is submitted, and what else has to be on record."""
        shown = {**self.plan.shown(), "digest": self.plan.digest}
        return canonical({"plan": shown, "change": self.change, **(more or {})}).decode()


class Deeds:
    """Whoever does what is registered, as one service has them."""

    def __init__(self, deeds: Mapping[str, Deed], known: Callable[[datetime], Known], clock: Clock) -> None:
        """Remember whom to ask.

        Args:
            deeds: kind -> who does it.
            known: what is frozen and who gets married at an instant; called in a thread.
            clock: the time of day.
        """
        self._deeds, self._known, self._clock = deeds, known, clock

    @property
    def kinds(self) -> frozenset[str]:
        """What is done here."""
        return frozenset(self._deeds)

    def deed(self, kind: str) -> Deed:
        """Return who does a kind of action.

        Raises:
            ConflictError: nobody does here.
        """
        found = self._deeds.get(kind)
        if found is None:
            raise ConflictError(f'this service does not know how to do "{kind}"')
        return found

    async def plan(self, wish: OnSubject, *, good_for: timedelta = PLAN_GOOD_FOR) -> PlannedDeed:
        """Plan as of now.

        Raises:
            ConflictError: nobody does that here.
            ConfigurationError: nothing is meant by this subject.
            ProviderUnavailableError, StoreError: what it rests on cannot be had at the moment.
        """
        deed, now = self.deed(wish.kind), self._clock.now()
        target = deed.target(wish.subject)
        sketch = await deed.plan(wish.subject, now)
        known = await asyncio.to_thread(self._known, now)
        checks = house_checks(emergency(wish.kind), known, now, rescues=sketch.rescues)
        made = DeedPlan(wish.kind, wish.subject, target, sketch, (*sketch.checks, *checks), now, now + good_for)
        return PlannedDeed(made, sketch.change)

    async def again(
        self, action: Action, *, good_for: timedelta = PLAN_GOOD_FOR
    ) -> tuple[PlannedDeed, tuple[str, ...]]:
        """Plan what an action asked for once more; return that, and why the plan that it keeps no longer holds."""
        asked = asked_of(action.plan)
        subject = str(asked.get("subject")) if isinstance(asked, Mapping) else ""
        newer = await self.plan(OnSubject(action.kind, subject), good_for=good_for)
        other = () if newer.plan.digest == action.digest else ("what is there, or a check, is another by now",)
        return newer, newer.plan.refused or other


class DoingDeed:
    """Carries out one kind of action, while its plan holds."""

    def __init__(self, deed: Deed, deeds: Deeds) -> None:
        """Remember who does it, and who plans again."""
        self._deed, self._deeds = deed, deeds

    def parts(self, action: Action) -> Sequence[Part]:
        """Return its steps in their order."""
        return self._deed.parts(action)

    async def lapsed(self, action: Action) -> Lapsed | None:
        """Return why it may not be begun any more by what is known now; None where it may."""
        newer, why = await self._deeds.again(action)
        if not why:
            return None
        beside = {ASKED: asked_of(action.plan)}
        return Lapsed(f"the plan no longer holds, and nothing was done: {why[0]}", newer.document(beside))

    async def undoing(self, action: Action) -> Part | str:
        """Return the step that takes everything back, or why that may not be."""
        return await self._deed.undoing(action)

    def verified(self, action: Action) -> str:
        """Say how it ended."""
        return self._deed.verified(action)

    def seen(self, action: Action) -> str:
        """Say what was seen of it, where not all could be: that is with its steps."""
        del action
        return ""
