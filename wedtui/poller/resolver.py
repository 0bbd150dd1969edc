"""Looking up names without letting one that hangs take a thread from another.

The event loop's own way is a pool of threads, and a look-up cannot be cancelled: a name that hangs would take one
thread of the pool each round, until every probe waits. Here every look-up has a thread of its own, there is at most
one at a time for a name, and later rounds wait for the same one. The threads never hold up the end of the process.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

Answer = list[tuple[Any, ...]]


class Resolver:
    """Takes over the look-ups of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._under_way: dict[tuple[Any, ...], asyncio.Future[Answer]] = {}

    def install(self) -> None:
        """Make the loop ask here."""
        # The loop offers no other place to say how names are resolved.
        self._loop.getaddrinfo = self.getaddrinfo  # type: ignore[method-assign]

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - its name in socket
        proto: int = 0,
        flags: int = 0,
    ) -> Answer:
        """Return what `socket.getaddrinfo` says; the arguments are its."""
        question = (host, port, family, type, proto, flags)
        answer = self._under_way.get(question)
        if answer is None:
            answer = self._under_way[question] = self._loop.create_future()
            # Where everybody who asked has given up, nobody is left to be told.
            answer.add_done_callback(lambda done: None if done.cancelled() else done.exception())
            threading.Thread(target=self._look_up, args=(question, answer), name="lookup", daemon=True).start()
        return await asyncio.shield(answer)

    def _look_up(self, question: tuple[Any, ...], answer: asyncio.Future[Answer]) -> None:
        found: Answer | OSError
        try:
            found = list(socket.getaddrinfo(*question))
        except OSError as error:
            found = error
        except UnicodeError:
            found = socket.gaierror(socket.EAI_NONAME, "the name cannot be written in DNS")
        try:
            self._loop.call_soon_threadsafe(self._answered, question, answer, found)
        except RuntimeError:
            return  # the loop has ended meanwhile, and nobody waits

    def _answered(self, question: tuple[Any, ...], answer: asyncio.Future[Answer], found: Answer | OSError) -> None:
        self._under_way.pop(question, None)
        if answer.done():
            return
        if isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(found)
