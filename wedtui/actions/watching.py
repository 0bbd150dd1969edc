"""What came of a change of shares: the next rounds of the probes, and whether the service may take the change back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from wedtui.actions import traffic
from wedtui.actions.automation import Situation
from wedtui.actions.executor import WorseError
from wedtui.actions.planning import Planner
from wedtui.actions.traffic import SUBMIT
from wedtui.clock import Clock
from wedtui.core.actions import Action, StepState
from wedtui.core.automation import AutomationFacts
from wedtui.core.checks import Check, Result
from wedtui.core.evidence import ProbeEvidence, ProviderEvidence
from wedtui.core.failover_facts import newest_round
from wedtui.core.traffic import Place, by_provider
from wedtui.core.undo import ROUNDS, Change, Round, Verdict, made_worse, may_undo, served
from wedtui.errors import StoreError

LOOKS_EVERY = timedelta(seconds=1)
WITHIN = timedelta(seconds=45)
"""So long rounds are waited for: one that is asked every 10 s comes four times."""

StandingOf = Callable[[Situation], Awaitable[AutomationFacts]]
"""Whether the service may do anything by itself at all."""


class Watching:
    """Watches changes that were accepted. Used on one event loop."""

    def __init__(
        self,
        planner: Planner,
        situation: Callable[[datetime], Situation],
        standing: StandingOf,
        *,
        clock: Clock,
        look_every: timedelta = LOOKS_EVERY,
        within: timedelta = WITHIN,
    ) -> None:
        """Remember whom to ask.

        Args:
            planner: reads the live records.
            situation: what the newest probes say at an instant; called in a thread.
            standing: whether the service may do anything by itself.
            clock: the time of day, and one that never jumps.
            look_every: between two looks.
            within: how long rounds are waited for.
        """
        self._planner, self._situation, self._standing = planner, situation, standing
        self._clock, self._every, self._within = clock, look_every, within
        self._rounds: dict[int, tuple[Round, ...]] = {}
        self._made: dict[int, Change] = {}

    async def watch(self, action: Action, made: traffic.Change) -> str:
        """Wait for two rounds of whoever gets traffic now; return what was seen, as canonical JSON.

        Raises:
            WorseError: in both fewer are served than at the last round before the change.
        """
        until = self._clock.monotonic() + self._within.total_seconds()
        # Of rounds from before it is in sync two may say that it is worse, and none that it is not: nobody came yet.
        before = len(self._rounds.get(action.id, ()))
        while True:
            change, rounds, judged = await self._judge(action, made)
            newest = served(change.after, rounds[-1].passed) if rounds else None
            known = newest is not None and change.served is not None
            if len(rounds) - before >= ROUNDS and judged.result is Result.FAIL and known and newest >= change.served:  # type: ignore[operator]
                return json.dumps({"before": change.served, "served": newest, "worse": False})
            if self._clock.monotonic() >= until:
                return json.dumps({"before": change.served, "served": newest, "worse": None})
            await asyncio.sleep(self._every.total_seconds())

    async def glance(self, action: Action, made: traffic.Change) -> None:
        """Take the newest round of whoever gets traffic now, while something else is looked at.

        Raises:
            WorseError: as `watch` does.
        """
        with suppress(StoreError):  # what cannot be read now is read at the next look
            await self._judge(action, made)

    async def _judge(self, action: Action, made: traffic.Change) -> tuple[Change, tuple[Round, ...], Check]:
        """Take the newest round; return the change, the rounds since and what they say of it, if not that it is worse.

        Raises:
            StoreError: the probes cannot be read.
            WorseError: in two rounds fewer were served than at the last round before the change.
        """
        now = self._clock.now()
        found = await asyncio.to_thread(self._situation, now)
        # What was served before it is asked once: those rounds are forgotten while it is watched.
        change = self._made.get(action.id)
        if change is None:
            change = self._made[action.id] = change_made(action, made, found)
        rounds = self._rounds[action.id] = with_newest(self._rounds.get(action.id, ()), change, found, now)
        judged = made_worse(change, rounds, now)
        if judged.passed:
            raise WorseError(judged.sentence)
        return change, rounds, judged

    async def may_not_undo(self, action: Action, made: traffic.Change) -> str | None:
        """Answer why a change that made things worse may not be taken back; None where it may."""
        gathered = await self._planner.gather()
        found = await asyncio.to_thread(self._situation, gathered.at)
        automation = await self._standing(found)
        change = self._made.get(action.id) or change_made(action, made, found)
        change = replace(change, final=any(step.undoes for step in action.steps))
        answer = may_undo(change, self._rounds.get(action.id, ()), gathered.facts, automation, gathered.at)
        if answer.verdict is Verdict.UNDO:
            return None
        return next(check.sentence for check in answer.checks if not check.passed)


def change_made(action: Action, made: traffic.Change, found: Situation) -> Change:
    """Return a change as the rules of undoing see it: with what was served at the last round before it."""
    submitted = [step for step in action.steps if step.name == SUBMIT and step.state is StepState.DONE]
    begun = submitted[-1].intended_at if submitted else action.requested_at
    ended = (submitted[-1].ended_at if submitted else None) or begun
    before = {p.name: newest_round(_until(p, begun), begun)[0] for p in found.providers}
    return Change(
        made.read.shares,
        made.shares,
        ended,
        made.generation,
        served(made.read.shares, before),
        final=any(step.undoes for step in action.steps),
    )


def with_newest(rounds: tuple[Round, ...], change: Change, found: Situation, now: datetime) -> tuple[Round, ...]:
    """Return the rounds since a change with the newest, where everybody who gets traffic had another one by now."""
    last = rounds[-1].at if rounds else change.accepted_at
    passed: dict[str, bool | None] = {}
    instants: list[datetime] = []
    for provider in (p for p in found.providers if _routed(change.after).get(p.name, 0) > 0):
        passed[provider.name], at = newest_round(provider.probes, now)
        if at is None or at <= last:
            return rounds
        instants.append(at)
    if not instants:
        return rounds
    # The instant of the last: what comes after it is a round of everybody again.
    return (*rounds, Round(max(instants), passed))


def _routed(shares: Mapping[Place, int]) -> dict[str, int]:
    return by_provider(shares)


def _until(provider: ProviderEvidence, at: datetime) -> list[ProbeEvidence]:
    return [
        ProbeEvidence(p.name, p.interval, tuple(r for r in p.rounds if r.at <= at), p.vantage) for p in provider.probes
    ]
