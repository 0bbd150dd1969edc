"""Work that comes again and again while the service runs: what fails is a problem that people see, not the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog

from wedtui.errors import (
    DiskFullError,
    OutlivedError,
    StoodStillError,
    StoreUnreachableError,
    VantageTakenError,
    WedtuiError,
)
from wedtui.poller.figures import Figures
from wedtui.poller.problems import Problems

log = structlog.get_logger(__name__)

# Between two pieces of one backlog: what else writes goes first.
GO_ON_S = 0.05
TRIES = 3
"""So often is done what has no turn that comes again, where this machine stands still each time."""

Work = Callable[[], bool | None]
"""A piece of work; True: there is more to do."""
Runner = Callable[[Work], Awaitable[bool | None]]
"""Does a piece of work in a thread that may be kept waiting by it."""


T = TypeVar("T")


def seen_through(work: Callable[[], T]) -> T:
    """Return what a piece of work without a turn that comes again comes to.

    A busy machine may stand still inside a transaction, so that the server ends it and others can write. Nothing of it
    is stored then, and it is done again.

    Args:
        work: may be done again after a part of it.

    Raises:
        StoodStillError: each time.
    """
    for _ in range(TRIES - 1):
        with suppress(StoodStillError):
            return work()
    return work()


class Turns:
    """Gives each work its turn, on the loop."""

    def __init__(self, run: Runner, problems: Problems, figures: Figures) -> None:
        """Remember where work is done and who is told what failed.

        Args:
            run: where work is done that names no place of its own.
            problems: told what failed, under the name of the work.
            figures: count it.
        """
        self._run, self._problems, self._figures = run, problems, figures
        self._heard = asyncio.Event()
        """Set by a heartbeat that was stored, cleared by work that found its server away, or no room."""

    def heard(self) -> None:
        """Take that something was stored: what found the server away, or no room, need not wait any longer."""
        self._heard.set()

    async def every(
        self,
        seconds: float,
        name: str,
        work: Work,
        done: Callable[[], None] = lambda: None,
        *,
        run: Runner | None = None,
    ) -> None:
        """Do something again and again. Work that returns True has more to do and comes again soon.

        Args:
            seconds: between two turns.
            name: of the work, each its own.
            work: what is done.
            done: called on the loop after each turn, whether or not it failed.
            run: where it is done.

        Raises:
            VantageTakenError, OutlivedError: the service cannot go on.
        """
        run = run or self._run
        while True:
            more: bool | None = False
            away = False
            try:
                more = await run(work)
                self._problems.take(name, None)
            except (VantageTakenError, OutlivedError) as error:
                # Another watches under this name: one of the two is configured wrongly, and that one lives. Or the
                # cache is a newer program's by now: what this one sees could be stored by nobody.
                log.error("cannot go on", problem=str(error))
                raise
            except Exception as error:
                away = isinstance(error, (StoreUnreachableError, DiskFullError))
                self._failed(name, error)
            done()
            await self._rest(GO_ON_S if more else seconds, away=away)

    def _failed(self, name: str, error: Exception) -> None:
        """Take anything: a mistake of ours in keeping house must not end the watching.

        Only our own sentences are known to hold no secret.
        """
        ours = isinstance(error, WedtuiError)
        problem = str(error) if ours else f"keeping house failed ({type(error).__name__}); see the log"
        if self._problems.take(name, problem):
            log.error("housekeeping failed", problem=problem)
        self._figures.housekeeping_failed()

    async def _rest(self, seconds: float, *, away: bool) -> None:
        """Wait for the next turn; after a server that was away, or a disk without room, only until something is stored,
        so that nobody is told of it long after it is over.
        """
        if not away:
            await asyncio.sleep(seconds)
            return
        self._heard.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), seconds)
