"""Putting the outbox to its channels until they accept: one service at a time, several messages at once.

What is stored is stored before the next look; who dies between an acceptance and that tells the channel again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import structlog

from wedtui.clock import Clock
from wedtui.core.notify import REPEATS_APART, Answer, Verdict, of_drill, wait
from wedtui.errors import ConflictError, StoreError
from wedtui.ledger.outbox import Attempt, Outbox
from wedtui.notify.channels import Channel

T = TypeVar("T")

AT_ONCE = 8
"""So many requests of one channel are under way at most."""


class Sender:
    """Sends what waits. Used on one event loop; the outbox is opened and used in a thread of its own."""

    def __init__(
        self,
        open_outbox: Callable[[], Outbox],
        channels: Mapping[str, Channel],
        holder: str,
        clock: Clock,
        *,
        drill: bool = False,
    ) -> None:
        """Remember with what it is done; nothing is opened yet.

        Args:
            open_outbox: opens the ledger.
            channels: by name, in the order in which they are asked.
            holder: the life of the service.
            clock: a time that never jumps, for channels that take nothing at the moment.
            drill: whether all that it tells is of a made-up world.
        """
        self._open, self._channels, self._holder, self._clock = open_outbox, channels, holder, clock
        self._names, self._drill = tuple(channels), drill
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._outbox: Outbox | None = None
        self._under_way: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._held: dict[str, float] = {}
        self._limited: dict[str, int] = {}
        self._repeat_from: dict[str, float] = {}
        self._log = structlog.get_logger("wedtui.notify")

    async def look(self) -> int:
        """Begin to send what is due; return how much that is. What is under way is waited for by nobody.

        Raises:
            StoreError: the ledger cannot be used.
        """
        now = self._clock.monotonic()
        held = frozenset(name for name, until in self._held.items() if now < until)
        busy = frozenset(self._under_way)
        taken = await self._in_thread(lambda outbox: outbox.take(self._holder, self._names, busy=busy, held=held))
        begun = 0
        for attempt in taken or ():
            of_this = sum(channel == attempt.channel for _number, channel in self._under_way)
            if of_this >= AT_ONCE or (attempt.again and now < self._repeat_from.get(attempt.channel, now)):
                continue
            if attempt.again:
                self._repeat_from[attempt.channel] = now + REPEATS_APART.total_seconds()
            key = (attempt.message.number, attempt.channel)
            task = asyncio.create_task(self._send(attempt))
            self._under_way[key] = task
            task.add_done_callback(partial(self._ended, key))
            begun += 1
        return begun

    def _ended(self, key: tuple[int, str], _task: asyncio.Task[None]) -> None:
        del self._under_way[key]

    async def settled(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def close(self) -> None:
        """Stop what is under way, which is sent again by who begins next, and let go of the ledger."""
        for task in tuple(self._under_way.values()):
            task.cancel()
        await self.settled()
        if self._outbox is not None:
            await self._in_thread(lambda outbox: outbox.close())
        self._thread.shutdown()

    async def _send(self, attempt: Attempt) -> None:
        channel, number = attempt.channel, attempt.message.number
        try:
            message = of_drill(attempt.message) if self._drill else attempt.message
            answer = await self._channels[channel].send(message)
        except Exception as error:
            self._log.warning("a channel failed", channel=channel, notification=number, error=type(error).__name__)
            answer = Answer(Verdict.LATER, f"it could not be put into words for {channel} ({type(error).__name__})")
        self._hold(channel, answer)
        log = self._log.bind(channel=channel, notification=number, verdict=answer.verdict.value, again=attempt.again)
        try:
            await self._in_thread(lambda outbox: outbox.conclude(attempt, answer, self._names))
        except (StoreError, ConflictError) as error:
            # Nobody knows of it: it is sent again.
            log.warning("what came of a notification was not stored", why=str(error))
        else:
            log.info("notification", why=answer.words)

    def _hold(self, channel: str, answer: Answer) -> None:
        """Ask a channel that is limited nothing at all for as long as it takes."""
        if answer.verdict is not Verdict.LIMITED:
            if answer.verdict is Verdict.ACCEPTED:
                self._limited.pop(channel, None)
            return
        now = self._clock.monotonic()
        if now >= self._held.get(channel, now):
            # Requests that were under way together are limited together: that is one time.
            self._limited[channel] = self._limited.get(channel, 0) + 1
        until = now + wait(self._limited[channel], answer).total_seconds()
        self._held[channel] = max(until, self._held.get(channel, until))

    async def _in_thread(self, work: Callable[[Outbox], T]) -> T:
        def run() -> T:
            if self._outbox is None:
                self._outbox = self._open()
            return work(self._outbox)

        running: Awaitable[T] = asyncio.get_running_loop().run_in_executor(self._thread, run)
        return await running
