"""Signals: the ones that end the program end it, whatever it is doing, and everything is put back afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType

# A program that was told to end, and does not get round to it, is ended after this long (s).
PATIENCE_S = 3.0
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None


class Ending:
    """Ends the app when the system says so, and without it where it does not listen.

    Args:
        loop: the app's.
        end: asks the app to end with an exit code.
        restore: gives the terminal back; called from another thread where the app hangs.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, end: Callable[[int], None], restore: Callable[[], None]
    ) -> None:
        self._loop, self._end, self._restore = loop, end, restore
        self._found: dict[int, _Handler] = {}
        self._begun = False
        self._over = threading.Event()

    def hold(self, others: Mapping[signal.Signals, Callable[[], None]]) -> None:
        """Take the ending signals and `others`; one that is ignored (by nohup) stays ignored."""
        self._over = threading.Event()
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._take(number, lambda number, _frame: self.begin(signal.Signals(number)))
        for number, act in others.items():
            self._take(number, self._later(act))

    def release(self) -> None:
        """Put back what was found."""
        for number, handler in self._found.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._found.clear()
        # Behind the handlers: one of them must not meet the lock of what it waits for.
        self._over.set()

    def begin(self, number: signal.Signals) -> None:
        """Ask the app to end as a process does that this signal ends; see to it if it does not."""
        if self._begun:
            return
        self._begun = True
        code = 128 + number
        threading.Thread(target=self._insist, args=(code,), name="wedtui-ending", daemon=True).start()
        self._loop.call_soon_threadsafe(self._end, code)

    def _later(self, act: Callable[[], None]) -> Callable[[int, FrameType | None], object]:
        return lambda _number, _frame: self._loop.call_soon_threadsafe(act)

    def _take(self, number: signal.Signals, handler: Callable[[int, FrameType | None], object]) -> None:
        before = signal.signal(number, handler)
        self._found.setdefault(number, before)

    def _insist(self, code: int) -> None:
        if not self._over.wait(PATIENCE_S):
            try:
                self._restore()
            finally:
                os._exit(code)
