"""Plans as of now: the live records are read, what else is known is gathered, and the one planner is asked.

Whoever asks for a change, confirms it, carries it out, or is the service itself: all of them plan here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from wedtui.actions.traffic import Change
from wedtui.clock import Clock
from wedtui.core import failover
from wedtui.core.actions import Action
from wedtui.core.failover import PLAN_GOOD_FOR, Plan, canonical, plan_json
from wedtui.core.failover_facts import Facts, Request
from wedtui.core.plan_document import plan_of
from wedtui.core.traffic import Submitted, TrafficReading
from wedtui.errors import ConflictError, ProviderUnavailableError
from wedtui.providers.traffic.base import REQUEST_WITHIN, TrafficBackend

FactsOf = Callable[[TrafficReading | None, str | None, datetime], Facts]
"""What else is known at an instant, beside a reading of the live records or why there is none."""
Made = Callable[[], Submitted | None]
"""The newest change on record that nobody saw in sync, whichever life of whichever service made it."""


class Planned(NamedTuple):
    """A plan, and the change that it comes to."""

    plan: Plan
    change: Change | None
    """None where the live records could not be read."""

    def document(self, more: Mapping[str, Any] | None = None) -> str:
        """Return it as an action keeps it: what was shown, what is submitted, and what else has to be on record."""
        change = None if self.change is None else self.change.document()
        shown = {**plan_json(self.plan), "digest": self.plan.digest}
        return canonical({"plan": shown, "change": change, **(more or {})}).decode()


class Gathered(NamedTuple):
    """What plans rest on, at one instant."""

    facts: Facts
    at: datetime
    away: str | None = None
    """Why the live records could not be seen at all; None where they were, be they those configured or not."""
    away_s: float = 0.0
    """So many seconds whoever has them asks to be left alone."""

    def plan(self, request: Request, *, good_for: timedelta = PLAN_GOOD_FOR) -> Planned:
        """Plan one request on it."""
        made, reading = failover.plan(request, self.facts, self.at, good_for=good_for), self.facts.reading
        return Planned(made, None if reading is None else Change(reading, made.after, made.generation))


class Planner:
    """Gathers and plans. May be used by several threads, and by everybody who changes shares."""

    def __init__(self, backend: TrafficBackend, facts: FactsOf, clock: Clock, made: Made = lambda: None) -> None:
        """Remember whom to ask.

        Args:
            backend: where shares are decided.
            facts: what else is known.
            clock: the time of day.
            made: what is on record; called in a thread.
        """
        self._backend, self._facts, self._clock, self._made = backend, facts, clock, made
        self._synced: Submitted | None = None
        """What was seen in sync last: of that nobody is asked again."""

    async def gather(self) -> Gathered:
        """Read the live records, and what else is known.

        Raises:
            StoreError: the cache or the ledger cannot be read.
        """
        reading: TrafficReading | None = None
        problem = away = None
        away_s = 0.0
        try:
            reading = await self._followed(await self._backend.read())
        except ConflictError as error:
            problem = str(error)
        except ProviderUnavailableError as error:
            problem = away = str(error)
            away_s = error.wait_s
        now = self._clock.now()
        return Gathered(await asyncio.to_thread(self._facts, reading, problem, now), now, away, away_s)

    async def plan(self, request: Request, *, good_for: timedelta = PLAN_GOOD_FOR) -> Planned:
        """Plan a request as of now; raises what `gather` does."""
        return (await self.gather()).plan(request, good_for=good_for)

    async def _followed(self, reading: TrafficReading) -> TrafficReading:
        """Return a reading that says of the change that made it whether that is in sync by now."""
        made = await asyncio.to_thread(self._made)
        if reading.submission is not None:
            made = Submitted(reading.generation, reading.submission)
        if made is None or made.generation != reading.generation or made == self._synced:
            return reading
        if await self._in_sync(made):
            self._synced = made
            return replace(reading, submission=None)
        return replace(reading, submission=made.id or f"of generation {made.generation}")

    async def _in_sync(self, made: Submitted) -> bool:
        """Ask for a change by its id; where that is not known any more, the authoritative servers for its generation.

        What cannot be found out in the time of one request is not known to be in sync.
        """
        try:
            async with asyncio.timeout(REQUEST_WITHIN.total_seconds()):
                try:
                    if made.id:
                        return await self._backend.in_sync(made.id)
                except ProviderUnavailableError:
                    pass  # of a change of long ago its backend may know nothing
                return await self._backend.told(made.generation)
        except (ConflictError, ProviderUnavailableError, TimeoutError):
            return False


def stored_plan(action: Action) -> Plan | None:
    """Return the plan that an action keeps; None where it has none yet, but only what was asked for.

    Raises:
        KeyError, TypeError, ValueError: it is none that this version knows.
    """
    document = json.loads(action.plan).get("plan") if action.plan else None
    return None if document is None else plan_of(document)
