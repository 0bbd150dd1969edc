"""A bounded pool of daemon threads for calls that block.

Unlike the standard library's it does not wait for its threads at the end of the process: a server that drips one
byte a second would hold `wedtui` for hours.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """Runs work in at most `most` threads, which are started when they are needed."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._busy = 0
        """Work that is waiting or running, abandoned work too."""

    @property
    def full(self) -> bool:
        """Whether new work has to wait."""
        return self._busy >= self._most

    async def run(self, work: Callable[[], T]) -> T:
        """Run something in a thread; when the caller is cancelled, its result is thrown away."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]

        def step() -> None:
            outcome: tuple[Any, BaseException | None]
            try:
                # Cancelled while it waited: nobody wants the answer any more.
                outcome = (None, None) if done.cancelled() else (work(), None)
            except BaseException as error:  # handed to whoever awaits it
                outcome = (None, error)
            with self._lock:
                self._busy -= 1
            with suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(settle, *outcome)

        self._submit(step)
        return await done

    def close(self) -> None:
        """Let idle threads end; busy ones end with their work, or with the process."""
        with self._lock:
            for _ in range(self._started):
                self._work.put(None)

    def _submit(self, step: Callable[[], None]) -> None:
        with self._lock:
            self._busy += 1
            start = self._busy > self._started and self._started < self._most
            self._started += start
            number = self._started
        self._work.put(step)
        if start:
            threading.Thread(target=self._serve, name=f"{self._name}-{number}", daemon=True).start()

    def _serve(self) -> None:
        while (step := self._work.get()) is not None:
            step()
