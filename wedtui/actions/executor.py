"""Carries out confirmed actions: each step once, whoever began it and wherever that ended.

A step is stored as intended before it is made. One of which nobody knows what came of it (a crash, a timeout after the
request had left) is never made again blindly: what is there now is read and compared, and it is adopted, made anew or
handed to a person. One that was certainly not taken, because it was throttled or could not be sent, waits where
everybody sees that and is tried again until the action's deadline. Source: DESIGN, law 6 ("Once").
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog

from wedtui.core import actions
from wedtui.core.actions import LEASE, LEFT, MADE_WORSE, Action, ActionState, Step, StepState
from wedtui.core.step_words import NOT_MADE, NOT_NOW
from wedtui.errors import ConflictError, NotNowError, ProviderUnavailableError, StoreError, WedtuiError
from wedtui.ledger.journal import Journal, Move

T = TypeVar("T")

TRIES = 2
"""So often a step is made at most, where it is certain that it did not take the first time."""
LOOKS = 10
"""So often a step that changes nothing is begun at most, where services die of whatever in the middle of it."""


class Found(StrEnum):
    """What looking at the outside says of a step."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    UNKNOWABLE = "unknowable"
    """What is there is neither what was nor what should be: a person has to look."""


class Looked(NamedTuple):
    """What was found, with what a person should know of it."""

    found: Found
    detail: str


class Lapsed(NamedTuple):
    """Why a confirmed action may not be begun any more."""

    why: str
    plan: str = ""
    """Canonical JSON of the plan as it would be now, with its evidence; the confirmed one stays where there is none."""


class WorseError(Exception):
    """What was done made things worse: it is to be undone, if it may be."""


class Part(Protocol):
    """One step of a kind of action."""

    @property
    def step(self) -> Step:
        """Its name, and whether it changes or undoes anything."""
        ...

    async def make(self, action: Action) -> str:
        """Make it; return canonical JSON of what came of it.

        Raises:
            NotNowError: it was refused for the moment, or never left: nothing was changed, and it may be tried again.
            ConflictError, ProviderUnavailableError: it was refused: nothing was changed.
            WorseError: what the steps before it did made things worse.
            Exception: anything else leaves open whether it took.
        """
        ...

    async def look(self, action: Action) -> Looked:
        """Say from what is there now whether the step took.

        Raises:
            ConflictError: what is there cannot be compared: a person has to look.
            Exception: that cannot be seen; somebody looks again.
        """
        ...


class Work(Protocol):
    """How one kind of action is carried out."""

    def parts(self, action: Action) -> Sequence[Part]:
        """Return its steps in their order."""
        ...

    async def lapsed(self, action: Action) -> Lapsed | None:
        """Return why it may not be begun any more by what is known now; None where it may.

        Raises:
            ProviderUnavailableError, StoreError: that cannot be known at present.
        """
        ...

    async def undoing(self, action: Action) -> Part | str:
        """Return the step that takes everything back, or why that may not be."""
        ...

    def verified(self, action: Action) -> str:
        """Say how it ended."""
        ...

    def seen(self, action: Action) -> str:
        """Say what was seen of what was made, where not all of it could be; nothing where nothing was."""
        ...


class Executor:
    """Works on actions one after another, in the service that claims them."""

    def __init__(
        self,
        open_journal: Callable[[], Journal],
        works: Mapping[str, Work],
        holder: str,
        changed: Callable[[], None] = lambda: None,
        *,
        takes: Callable[[str], bool] = lambda _kind: True,
        monotonic: Callable[[], float] = time.monotonic,
        renews_every: timedelta = LEASE / 3,
    ) -> None:
        """Remember what it works with; the journal is opened and used in a thread of its own.

        Args:
            open_journal: opens the ledger.
            works: kind of action -> how it is carried out.
            holder: the life of the service.
            changed: told that something outside is, or may be, another by now.
            takes: whether a kind of action is carried out, or handed over, here; any other is by who works beside.
            monotonic: seconds, for how long the outside is left alone.
            renews_every: how long a claim goes without being renewed; so soon what was cancelled or ended is let go.
        """
        self._monotonic, self._alone = monotonic, _Alone(-math.inf, "")
        self._changed, self._renews_every = changed, renews_every
        self._let_go: asyncio.Future[Exception] | None = None
        """Why what is being worked on is not looked at any longer, once that is so."""
        self._open, self._works, self._holder, self._takes = open_journal, works, holder, takes
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._journal: Journal | None = None
        self._log = structlog.get_logger("wedtui.actions")

    async def work_once(self) -> bool:
        """End plans that are old, then carry out one action as far as it goes; return whether there was one.

        Raises:
            ProviderUnavailableError: the outside cannot be seen: what waits for it is looked at again.
            StoreError: the ledger cannot be used; nothing was begun that is not stored.
        """
        if self._monotonic() < self._alone.until:
            # It asked to be left alone; plans that wait for a person end all the same.
            await self._in_thread(lambda journal: journal.expire())
            raise ProviderUnavailableError(self._alone.why)
        action = await self._in_thread(lambda journal: (journal.expire(), journal.claim(self._holder, self._takes))[1])
        if action is None:
            return False
        self._let_go = asyncio.get_running_loop().create_future()
        keeping = asyncio.create_task(self._keep(action, self._let_go))
        try:
            await self._work_on(action)
        except (ConflictError, _LostError) as error:
            # Another service has taken it over, or a person ended it: it is no longer ours to say anything of.
            self._log.warning("left an action", action=action.id, why=str(error))
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        return True

    async def close(self) -> None:
        """Let go of the ledger."""
        if self._journal is not None:
            await self._in_thread(lambda journal: journal.close())
        self._thread.shutdown()

    async def _work_on(self, action: Action) -> None:
        """Carry it out; a mistake of whoever does such actions is for a person, and stops none of the others."""
        try:
            await self._carry_out(action)
        except _MistakeError as error:
            self._log.error("a mistake in an action", action=action.id, kind=action.kind, why=repr(error.__cause__))
            await self._hand_over(action, str(error))

    async def _carry_out(self, action: Action) -> None:
        work = self._works.get(action.kind)
        if work is None:
            await self._hand_over(action, f'this service does not know how to do "{action.kind}"')
            return
        if any(step.undoes for step in action.steps):
            await self._take_back(work, action, "it was being undone")
            return
        with _theirs("its steps"):
            parts = tuple(work.parts(action))
        missed: list[str] = []
        for number, part in enumerate(parts):
            action = await self._settle(work, part, action)
            if action.state is not ActionState.CLAIMED:
                return
            last = _last(action, part)
            if last.state is StepState.FAILED and last.detail.startswith(MADE_WORSE):
                await self._take_back(work, action, last.detail)
                return
            if last.state is StepState.FAILED:
                missed.append(last.detail)
                if not _goes_on(action, last, parts[number:]):
                    await self._stop(action, "; ".join(missed))
                    return
        if missed:
            await self._unseen(work, action, missed)
            return

        def verify(now: Action, at: datetime) -> Action:
            with _theirs("what is said of its end"):
                sentence = work.verified(now)
            return actions.verify(now, action.fence, sentence, at)

        await self._move(action, "verify", verify)

    async def _settle(self, work: Work, part: Part, action: Action) -> Action:
        """Bring one step to where it is known what came of it: from wherever it was left."""
        while action.state is ActionState.CLAIMED:
            tries, open_step = _tries(action, part), action.open_step
            if tries and tries[-1] is open_step:
                action = await self._look(part, action)
            elif not tries and open_step is not None:
                return await self._hand_over(action, f'this service does not know the step "{open_step.name}"')
            elif not tries or _again(part, tries):
                action = await self._begin(work, part, action)
            else:
                break
        return action

    async def _begin(self, work: Work, part: Part, action: Action) -> Action:
        """Make a step; the first that changes anything only while the plan holds by what is known at that moment."""
        if part.step.changes and not action.in_effect:
            found = await self._lapsed(work, action)
            if found is not None:

                def end(now: Action, at: datetime) -> Action:
                    return actions.lapse(now, action.fence, found.why, at, found.plan)

                return await self._move(action, "refuse", end)
        return await self._make(part, action)

    async def _lapsed(self, work: Work, action: Action) -> Lapsed | None:
        """Return why it may not be begun any more; what cannot be known now is waited for, until its deadline.

        Raises:
            ProviderUnavailableError: it waits.
        """
        try:
            with _theirs("whether its plan holds"):
                return await work.lapsed(action)
        except ProviderUnavailableError as error:
            await self._wait(action, error)
            raise

    async def _wait(self, action: Action, error: ProviderUnavailableError) -> None:
        """Put down what cannot be begun now, where everybody sees that and why; nobody holds it meanwhile.

        Whoever asked to be left alone is, but not over the deadline, at which it has to end.
        """
        left_s = 0.0

        def wait(now: Action, at: datetime) -> Action:
            nonlocal left_s
            left_s = (now.deadline - at).total_seconds() if now.deadline is not None else 0.0
            return actions.wait(now, action.fence, str(error))

        await self._move(action, "wait", wait)
        self._alone = _Alone(self._monotonic() + min(error.wait_s, left_s), str(error))

    async def _make(self, part: Part, action: Action) -> Action:
        def begin(now: Action, at: datetime) -> Action:
            return actions.intend(now, action.fence, part.step, at)

        try:
            intended = await self._move(action, f"begin {part.step.name}", begin)
        except ConflictError as error:
            # It was cancelled, or it is too late to begin it. Who has lost the claim is told so by the next move.
            return await self._stop(action, str(error))
        try:
            detail = await (part.make(intended) if _acts(part) else self._while_ours(part.make(intended)))
        except _LostError:
            raise
        except (ConflictError, ProviderUnavailableError) as error:
            return await self._refused(part, intended, error)
        except WorseError as error:
            return await self._conclude(intended, StepState.FAILED, f"{MADE_WORSE}: {error}")
        except Exception as error:
            self._log.warning("a step's outcome is not known", action=action.id, step=part.step.name, why=repr(error))
            return await self._conclude(intended, StepState.UNKNOWN, type(error).__name__)
        return await self._conclude(intended, StepState.DONE, detail)

    async def _while_ours(self, looking: Coroutine[Any, Any, str]) -> str:
        """Look, as long as the action is ours and nobody cancelled it; what changes anything is never broken off.

        Raises:
            ConflictError: it was cancelled.
            _LostError: another has taken it over, or it ended.
            Exception: what the look raises.
        """
        assert self._let_go is not None, "an action is worked on"
        look = asyncio.ensure_future(looking)
        either: set[asyncio.Future[Any]] = {look, self._let_go}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if look.done():
                return look.result()
            raise self._let_go.result()
        finally:
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)

    async def _refused(self, part: Part, action: Action, error: ConflictError | ProviderUnavailableError) -> Action:
        """Note that the outside refused a step; a change that it refused for the moment alone waits.

        Raises:
            NotNowError: it waits.
        """
        why, changes = str(error), _acts(part)
        if changes and any(step.detail.startswith(NOT_MADE) for step in _tries(action, part)):
            # This try was refused, but the one before it may have arrived since, and be what is in the way.
            return await self._conclude(action, StepState.UNKNOWN, why)
        if not isinstance(error, NotNowError) or not part.step.changes:
            return await self._conclude(action, StepState.FAILED, why)
        action = await self._conclude(action, StepState.FAILED, f"{NOT_NOW}: {why}")
        if action.cancelled_by is None:
            await self._wait(action, error)
            raise error
        return action

    async def _look(self, part: Part, action: Action) -> Action:
        """Compare what is there with what the step was to do, as long as that takes."""
        try:
            looked = await part.look(action)
        except ConflictError as error:
            # Nothing that can be compared: looking again would say the same until a person has corrected it.
            looked = Looked(Found.UNKNOWABLE, str(error))
        except WedtuiError:
            raise
        except Exception as error:
            # Somebody looks again, and meanwhile whatever else there is goes on.
            self._log.warning("a look failed", action=action.id, step=part.step.name, why=repr(error))
            raise ProviderUnavailableError(f"{part.step.name}: a look failed ({type(error).__name__})") from error
        if looked.found is Found.APPLIED:
            return await self._conclude(action, StepState.DONE, looked.detail)
        if looked.found is Found.NOT_APPLIED:
            was = "; ".join(each for each in (action.steps[-1].detail, looked.detail) if each)
            return await self._conclude(action, StepState.FAILED, f"{NOT_MADE}: {was}" if was else NOT_MADE)
        return await self._hand_over(action, looked.detail)

    async def _stop(self, action: Action, why: str) -> Action:
        """End what may not go on; what it did so far is for a person to judge."""
        if action.in_effect:
            return await self._hand_over(action, why)
        return await self._move(action, "fail", lambda a, at: actions.fail(a, action.fence, why, at))

    async def _unseen(self, work: Work, action: Action, missed: Sequence[str]) -> None:
        """Leave to a person what was made and could not be seen through, with what was seen of it all the same."""
        with _theirs("what was seen of it"):
            seen = work.seen(action)
        await self._hand_over(action, "; ".join([*missed, *([f"seen all the same: {seen}"] if seen else [])]))

    async def _take_back(self, work: Work, action: Action, why: str) -> None:
        with _theirs("how to undo it"):
            part = await work.undoing(action)
        if isinstance(part, str):
            await self._hand_over(action, f"{why}; it is held, and not undone: {part}")
            return
        if not any(step.undoes for step in action.steps):
            action = await self._make(part, action)
        while action.state is ActionState.CLAIMED and action.open_step is not None:
            action = await self._look(part, action)
        if action.state is not ActionState.CLAIMED:
            return
        if action.in_effect:
            await self._hand_over(action, f"{why}; undoing it failed: {action.steps[-1].detail}")
        else:
            await self._move(action, "undo", lambda a, at: actions.undo(a, action.fence, f"{why}; it was undone", at))

    async def _conclude(self, action: Action, state: StepState, detail: str) -> Action:
        last, name = action.steps[-1], action.steps[-1].name
        if state is not StepState.FAILED and (last.changes or last.undoes):
            self._changed()

        def move(now: Action, at: datetime) -> Action:
            return actions.conclude(now, action.fence, state, detail, at)

        return await self._move(action, f"{name} {state}", move)

    async def _hand_over(self, action: Action, why: str) -> Action:
        return await self._move(action, "hand over", lambda a, _at: actions.hand_over(a, action.fence, why))

    async def _move(self, action: Action, name: str, move: Move) -> Action:
        return await self._in_thread(lambda journal: journal.move(action.id, name, move))

    async def _keep(self, action: Action, let_go: asyncio.Future[Exception]) -> None:
        """Renew the claim while it is worked on; whoever cannot has lost it, and a look at it ends with that.

        So does one at what was cancelled. While the ledger cannot be used nothing is known of that, and it goes on.
        """
        while True:
            await asyncio.sleep(self._renews_every.total_seconds())
            try:
                now = await self._in_thread(lambda journal: journal.renew(action.id, action.fence))
            except StoreError as error:
                self._log.warning("an action's claim was not renewed", action=action.id, why=str(error))
            except ConflictError as error:
                self._log.warning("an action's claim was lost", action=action.id, why=str(error))
                if not let_go.done():
                    let_go.set_result(_LostError(str(error)))
            else:
                if now.cancelled_by is not None and not let_go.done():
                    let_go.set_result(ConflictError(f"{LEFT}: {now.cancelled_by} cancelled it"))

    async def _in_thread(self, work: Callable[[Journal], T]) -> T:
        def run() -> T:
            if self._journal is None:
                self._journal = self._open()
            return work(self._journal)

        running: Awaitable[T] = asyncio.get_running_loop().run_in_executor(self._thread, run)
        return await running


class _Alone(NamedTuple):
    """Until when the outside is left alone, because it asked for that."""

    until: float
    why: str


class _LostError(Exception):
    """The action is no longer ours: there is nothing to say of what was being looked at."""


class _MistakeError(Exception):
    """Who plans and does a kind of action failed in a way that none of ours does."""


@contextlib.contextmanager
def _theirs(what: str) -> Iterator[None]:
    """Ask whoever does a kind of action; what they raise by mistake is told from what waits or was refused."""
    try:
        yield
    except WedtuiError:
        raise
    except Exception as error:
        raise _MistakeError(f"{what} could not be said ({type(error).__name__}): see the service's log") from error


def _acts(part: Part) -> bool:
    """Whether a step changes anything outside, or takes it back; any other is a mere look."""
    return part.step.changes or part.step.undoes


def _tries(action: Action, part: Part) -> list[Step]:
    return [step for step in action.steps if step.name == part.step.name]


def _again(part: Part, tries: Sequence[Step]) -> bool:
    """Whether a step that was tried is tried once more: a change that may not have been sent, and any mere look."""
    last = tries[-1]
    if last.detail.startswith(NOT_NOW):
        return True
    missed = [step for step in tries if step.detail.startswith(NOT_MADE)]
    if last.state is not StepState.FAILED or last not in missed:
        return False
    if _acts(part):
        return len(missed) < TRIES
    # The service died in the middle of looking, which says nothing of what it looked at.
    failed = [step for step in missed if step.detail != NOT_MADE]
    return len(failed) < TRIES and len(missed) < LOOKS


def _goes_on(action: Action, failed: Step, rest: Sequence[Part]) -> bool:
    """Whether what was made is looked at further although one look at it failed: what is not watched is not undone.

    Not where a person cancelled it, nor where every life of a service ended while it looked.
    """
    if failed.detail.startswith(LEFT) or failed.detail == NOT_MADE:
        return False
    return action.in_effect and not any(_acts(part) for part in rest)


def _last(action: Action, part: Part) -> Step:
    return _tries(action, part)[-1]
