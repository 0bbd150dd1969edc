"""An event loop whose time is moved, for programs that use threads and real connections beside it.

Where nothing but timers is left to wait for, time jumps to the next one. While a thread works or something outside is
asked, it stands still: an answer takes no time at all.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_BEGINNING_S = 1000.0
_LOOK_EVERY_S = 0.05
_LOOKS_AT_MOST = 1200


class _Selector(selectors.DefaultSelector):
    """Waits for what is under way, else lets the wished-for waiting pass at once."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self.under_way = 0
        self.skip_to = 0.0
        self._looks = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            self._looks = 0
            return ready
        if self.under_way:
            self._looks += 1
            if self._looks > _LOOKS_AT_MOST:
                raise RuntimeError("something is under way and never comes to its end")
            return super().select(_LOOK_EVERY_S)
        if timeout is None:
            raise RuntimeError("everything waits for something that never happens")
        self.passed = max(self.passed + timeout, self.skip_to)
        return ready


class MovedLoop(asyncio.SelectorEventLoop):
    """A loop that starts at 1,000 s and waits only for work, never for time."""

    def __init__(self) -> None:
        self._moved = _Selector()
        super().__init__(self._moved)

    def time(self) -> float:
        return _BEGINNING_S + self._moved.passed

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let no time pass meanwhile."""
        self._moved.under_way += 1
        try:
            yield
        finally:
            self._moved.under_way -= 1

    async def skip(self, seconds: float) -> None:
        """Move time by so much at once: timers that were due meanwhile fire once, late, as on a machine that slept."""
        self._moved.skip_to = self._moved.passed + seconds
        await asyncio.sleep(seconds)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._moved.under_way += 1
        future.add_done_callback(self._done)
        return future

    def _done(self, _future: asyncio.Future[Any]) -> None:
        self._moved.under_way -= 1


class MovedClock:
    """A clock that follows a moved loop; from any thread."""

    def __init__(self, loop: MovedLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time() - _BEGINNING_S)

    def monotonic(self) -> float:
        return self._loop.time()


def run_moved(work: Callable[[MovedLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end in moved time."""
    loop = MovedLoop()
    try:
        return loop.run_until_complete(work(loop))
    finally:
        with loop.standing_still():
            loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
