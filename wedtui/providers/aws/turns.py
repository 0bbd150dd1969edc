"""Who computes next, of the threads that call the SDK.

One thread at a time runs Python anyway. Left to themselves they take turns at every system call, so that of fifty
answers which come together each is finished late, also the one that the next calls of a chain wait for. Here one has
the turn until it waits for the network, and those of the longest chain come first.

A turn is a courtesy, no lock: whoever waited for long enough goes on without one. So nothing hangs on a thread that
holds its turn where nobody foresaw it, such as while the SDK renews credentials.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 0.05


class _Mine(threading.local):
    """What one thread knows of itself."""

    chain: int | None = None
    """None outside of work that has turns."""
    has = False


class Turns:
    """Gives the turn to one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: list[tuple[int, int, threading.Lock]] = []
        """A heap: the longest chain first, then who came first; each waits for its lock."""
        self._numbers = itertools.count()
        self._mine = _Mine()

    def run(self, chain: int, work: Callable[[], T]) -> T:
        """Do something in turns.

        Args:
            chain: how many calls that depend on each other it belongs to.
            work: what is done; it calls `away` and `back` before and after it waits.
        """
        self._mine.chain = chain
        self._take()
        try:
            return work()
        finally:
            self.away()
            self._mine.chain = None

    def away(self, **_more: object) -> None:
        """Let others compute, before waiting: the SDK's event `before-send`."""
        if not self._mine.has:
            return
        self._mine.has = False
        with self._lock:
            if self._waiting:
                heapq.heappop(self._waiting)[2].release()
            else:
                self._taken = False

    def back(self, **_more: object) -> None:
        """Go on computing, after waiting: the SDK's event `before-parse`."""
        if self._mine.chain is not None and not self._mine.has:
            self._take()

    def _take(self) -> None:
        assert self._mine.chain is not None
        turn = threading.Lock()
        turn.acquire()
        with self._lock:
            if not self._taken:
                self._taken = self._mine.has = True
                return
            entry = (-self._mine.chain, next(self._numbers), turn)
            heapq.heappush(self._waiting, entry)
        self._mine.has = turn.acquire(timeout=PATIENCE_S) or not self._leave(entry)

    def _leave(self, entry: tuple[int, int, threading.Lock]) -> bool:
        """Wait no more; False where the turn was given at this very moment."""
        with self._lock:
            if entry not in self._waiting:
                return False
            self._waiting.remove(entry)
            heapq.heapify(self._waiting)
            return True
