"""Looks whether customers have moved, once a change of shares ended well and they are expected to have.

Nothing waits for it: the action has ended, and whatever is asked for meanwhile begins. What is seen is stored with the
action, so that a service that begins anew goes on where another ended. It changes nothing outside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from wedtui.actions.traffic import SAMPLES, Change, change_of, written
from wedtui.clock import Clock
from wedtui.core import following
from wedtui.core.actions import Action, StepState
from wedtui.core.checks import Check
from wedtui.core.customers import CUSTOMERS, Moved, moved
from wedtui.core.customers_seen import Answers, Shift, customers_seen, have_moved, waits_for
from wedtui.core.evidence import ProviderEvidence
from wedtui.core.traffic import MOST_TTL, Place
from wedtui.core.wording import duration
from wedtui.errors import ConflictError, ProviderUnavailableError
from wedtui.ledger.journal import Journal, Move

T = TypeVar("T")

LOOKS_EVERY_S = 1.0
"""While customers are looked for, and while it may be time to."""
RESTS_S = 5.0
"""While there is nobody to look for."""
SAMPLES_EVERY_S = 10.0
"""So often the authoritative servers are sampled, while they are."""
NOTES_EVERY_S = 10.0
"""So often at most what is missing is noted: a probe that goes up and down does not fill the record."""
LONGEST = MOST_TTL + following.GIVEN_UP_AFTER + timedelta(hours=1)
"""No change that ended longer ago is followed, unless its look was begun; an hour for clocks that differ."""


class _NotedError(Exception):
    """Another service has just noted something of an action: a move on it came too late."""


class Asked(Protocol):
    """Who is asked for authoritative answers."""

    async def answers(self, count: int) -> Mapping[Place, int]:
        """Return how often each place is named; raises what a traffic backend does."""
        ...


class Following:
    """One service's looking for customers. Used on one event loop; the journal is used in a thread of its own."""

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        asked: Asked,
        observed: Callable[[datetime], Sequence[ProviderEvidence]],
        holds: Callable[[], bool],
        *,
        clock: Clock,
    ) -> None:
        """Remember with what it works; nothing is opened yet.

        Args:
            open_journal: opens the ledger.
            asked: for authoritative answers.
            observed: what is known of each provider at an instant, with its requests; called in a thread.
            holds: whether this service, of several, is the one that looks.
            clock: the time of day, and one that never jumps.
        """
        self._open, self._asked, self._observed, self._holds = open_journal, asked, observed, holds
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="following")
        self._journal: Journal | None = None
        self._answers: tuple[int, float, Answers] | None = None
        """The newest sampling: for which action, when (monotonic), and what was answered."""
        self._noted: tuple[int, float, tuple[str, ...]] | None = None
        """What was noted last to be missing: for which action, when (monotonic), and what."""
        self._changes: tuple[Action, ...] | None = None
        """What is followed, and what changed the shares since; None: it is to be read."""

    async def look(self) -> float:
        """Look once; return after how many seconds to look again.

        Raises:
            StoreError: cache or ledger cannot be used; nothing was seen that is not stored.
        """
        if not self._holds():
            return RESTS_S
        await self._in_thread(self._read)
        changes = self._changes or ()
        newest = max(changes, key=_generation, default=None)
        waits = RESTS_S
        for action in filter(following.is_followed, changes):
            try:
                waits = min(waits, await self._follow(action, newest))
            except _NotedError:
                waits = LOOKS_EVERY_S  # it is read anew
        return waits

    async def close(self) -> None:
        """Let go of the ledger."""
        if self._journal is not None:
            await self._in_thread(lambda journal: journal.close())
        self._thread.shutdown()

    def _read(self, journal: Journal) -> None:
        """Read what is followed, where anything was committed since it was read."""
        if journal.changed():
            self._changes = None
        if self._changes is None:
            self._changes = journal.followed(self._clock.now() - LONGEST)

    async def _follow(self, action: Action, newest: Action | None) -> float:
        """Look whether the customers of one change have moved; return after how many seconds to look again."""
        try:
            change = change_of(action.plan)
        except (KeyError, TypeError, ValueError):
            return RESTS_S  # a plan of a version that keeps it otherwise
        times, now = moved(action.confirmed_at, action.steps, change.read.ttl), self._clock.now()
        begun = any(step.name == CUSTOMERS for step in action.steps)
        if times.until is None or (following.is_given_up(times, now) and not begun):
            return RESTS_S
        if newest is not None and newest.id != action.id:
            await self._give_up(action, f"action {newest.id} changed the shares again")
            return LOOKS_EVERY_S
        if not following.is_due(times, now):
            return LOOKS_EVERY_S
        if not begun:
            action = await self._move(action, f"begin {CUSTOMERS}", following.begin)
        await self._seen(action, change, times)
        return LOOKS_EVERY_S

    async def _seen(self, action: Action, change: Change, times: Moved) -> None:
        """Look, and note what is seen."""
        assert times.until is not None, "customers are looked for after that"
        accepted = times.accepted_at or times.until
        shift = Shift(change.read.shares, change.shares, accepted, times.until)
        answers = await self._sampled(action)
        now = self._clock.now()
        checks = customers_seen(shift, answers, await asyncio.to_thread(self._observed, now), now)
        seen = following.document(checks)
        if have_moved(checks):
            await self._conclude(action, StepState.DONE, seen)
        elif following.is_given_up(times, now):
            within = f"not seen within {duration(following.GIVEN_UP_AFTER)}"
            await self._conclude(action, StepState.FAILED, following.document(checks, within))
        else:
            await self._note(action, checks, seen)

    async def _sampled(self, action: Action) -> Answers:
        """Return authoritative answers; a sampling stands for some seconds, whatever came of it."""
        if self._answers is not None:
            number, at, known = self._answers
            if number == action.id and self._clock.monotonic() - at < SAMPLES_EVERY_S:
                return known
        try:
            counts = await self._asked.answers(SAMPLES)
            found = Answers(self._clock.now(), counts)
        except (ConflictError, ProviderUnavailableError) as error:
            # No answer is an answer: foreign records are looked at again as silence is, and given up in the same time.
            found = Answers(problem=str(error))
        self._answers = (action.id, self._clock.monotonic(), found)
        return found

    async def _note(self, action: Action, checks: Sequence[Check], seen: str) -> None:
        """Note what is missing, each time that it is something else than was noted last."""
        missing = tuple(f"{check.rule} {check.result.value}" for check in waits_for(checks))
        at = self._clock.monotonic()
        if self._noted is not None:
            number, noted_at, noted = self._noted
            if number == action.id and (missing == noted or at - noted_at < NOTES_EVERY_S):
                return
        self._noted = (action.id, at, missing)
        await self._move(action, f"look for {CUSTOMERS}", lambda now, _at: following.note(now, seen))

    async def _give_up(self, action: Action, why: str) -> None:
        """Note that nobody can see any more whether the customers of a change have moved."""
        if not any(step.name == CUSTOMERS for step in action.steps):
            action = await self._move(action, f"begin {CUSTOMERS}", following.begin)
        await self._conclude(action, StepState.FAILED, following.left(action, why))

    async def _conclude(self, action: Action, state: StepState, seen: str) -> None:
        def move(now: Action, at: datetime) -> Action:
            return following.conclude(now, state, seen, at)

        await self._move(action, f"{CUSTOMERS} {state}", move)

    async def _move(self, action: Action, name: str, move: Move) -> Action:
        """Make a move.

        Raises:
            _NotedError: it is not legal any more.
        """
        try:
            return await self._in_thread(lambda journal: journal.move(action.id, name, move))
        except ConflictError as error:
            raise _NotedError(str(error)) from error

    async def _in_thread(self, work: Callable[[Journal], T]) -> T:
        def run() -> T:
            if self._journal is None:
                self._journal = self._open()
            return work(self._journal)

        running: Awaitable[T] = asyncio.get_running_loop().run_in_executor(self._thread, run)
        return await running


def _generation(action: Action) -> int:
    """Return which change of the shares an action made last, or may have; 0 where it made none that is known."""
    try:
        made = written(action)
    except (KeyError, TypeError, ValueError):
        return 0  # a plan of a version that keeps it otherwise
    return 0 if made is None else made.generation
