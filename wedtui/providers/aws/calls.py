"""One round of one service in one region: calls that are tried again within reason, and listings read to their end.

What is tried again: throttling and faults that pass, twice at most, after a pause that is half chance, and not sooner
than the service asks; a whole round tries six times again, so that a throttled listing does not become a storm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from wedtui.clock import Clock
from wedtui.core.observation import Observation, Principal
from wedtui.core.resource import Reach, Resource
from wedtui.core.resource_cost import ResourceCost
from wedtui.providers.aws.account import Account
from wedtui.providers.aws.faults import CallError
from wedtui.providers.aws.guard import NotWholeError, Page, Seen, check_page
from wedtui.providers.web import backoff_s

T = TypeVar("T")

AGAIN_A_CALL = 2
AGAIN_A_ROUND = 6


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is asked for and read."""

    operation: str
    keys: tuple[str, ...]
    """The lists that each page must hold."""
    asked_with: str = "NextToken"
    answered_with: str = "NextToken"
    """The names of the token for the next page, in a request and in an answer."""
    size: tuple[str, int] | None = None
    """The parameter for the length of a page, and the longest."""


@dataclass(slots=True)
class Found:
    """What a round of a service gave."""

    resources: list[Resource] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    """The kinds that are listed completely."""
    missing: list[str] = field(default_factory=list)
    """What is not in it, and why, in sentences."""
    more: list[Observation] = field(default_factory=list)
    costs: tuple[ResourceCost, ...] | None = None
    """What resources cost, where that was asked."""
    principal: Principal | None = None
    """Whose credentials were used, where that was what was asked."""
    regions_on: tuple[str, ...] | None = None
    """The regions that the account has switched on, where that was what was asked."""


class Calls:
    """One round."""

    def __init__(
        self, account: Account, service: str, region: str, clock: Clock, *, ends_at: float, chain: int = 1
    ) -> None:
        """Prepare a round.

        Args:
            account: whom to ask.
            service: the SDK's name of the service.
            region: where.
            clock: tells how much time is left.
            ends_at: monotonic seconds at which the round ends: what is not answered by then is given up, and what
                was answered counts.
            chain: how many of the round's calls depend on each other.
        """
        self.account = account
        self.region = region
        self.requests = 0
        self.chain = chain
        self._service = service
        self._clock = clock
        self._ends_at = ends_at
        self._length = round(ends_at - clock.monotonic(), 1)
        self._again = AGAIN_A_ROUND

    def move(self, region: str) -> None:
        """Ask in another region from now on, within the same round."""
        self.region = region

    def now(self) -> datetime:
        """Return the present instant."""
        return self._clock.now()

    async def call(self, operation: str, *, once: bool = False, **parameters: Any) -> Page:
        """Call, and again while that may help.

        Args:
            operation: the SDK's name of the operation.
            once: not again: each request costs money.
            parameters: of the operation.

        Raises:
            CallError: no whole answer came.
        """
        try:
            async with asyncio.timeout(max(0.0, self._ends_at - self._clock.monotonic())):
                return await self._patiently(operation, once, parameters)
        except TimeoutError:
            words = f"{operation} in {self.region} was not read to its end in {self._length:g} s"
            raise CallError(Reach.UNREACHABLE, words) from None

    async def _patiently(self, operation: str, once: bool, parameters: dict[str, Any]) -> Page:
        attempt = 0
        while True:
            try:
                return await self.account.ask(self, self._service, self.region, operation, **parameters)
            except CallError as error:
                pause = max(backoff_s(attempt), error.wait_s)
                spent = once or attempt == AGAIN_A_CALL or self._again <= 0
                if not error.again or spent or self._clock.monotonic() + pause >= self._ends_at:
                    raise
            self._again -= 1
            attempt += 1
            await asyncio.sleep(pause)

    async def again(self, attempt: int) -> bool:
        """Wait before what an answer left out is asked for once more; False where no time or patience is left.

        Args:
            attempt: how often it was asked for again already.
        """
        pause = backoff_s(attempt)
        if attempt >= AGAIN_A_CALL or self._again <= 0 or self._clock.monotonic() + pause >= self._ends_at:
            return False
        self._again -= 1
        await asyncio.sleep(pause)
        return True

    async def pages(
        self, listing: Listing, *, once: bool = False, most: int | None = None, **parameters: Any
    ) -> list[Page]:
        """Read a list to its end; a list that is cut off is no list.

        Args:
            listing: how.
            once: no page again: each request costs money.
            most: how many pages are read at most; None: as many as of any list.
            parameters: of the operation.

        Raises:
            CallError: a page could not be read, or there is no end.
        """
        if listing.size is not None:
            parameters[listing.size[0]] = listing.size[1]
        seen, found = Seen(most), []
        while True:
            page = await self._page(listing, once, parameters)
            found.append(page)
            try:
                token = seen.follow(page.get(listing.answered_with))
            except NotWholeError as error:
                raise CallError(Reach.GARBLED, f"{listing.operation} in {self.region}: {error}") from None
            if token is None:
                return found
            parameters[listing.asked_with] = token

    async def _page(self, listing: Listing, once: bool, parameters: dict[str, Any]) -> Page:
        page = await self.call(listing.operation, once=once, **parameters)
        try:
            check_page(page, listing.keys)
        except NotWholeError as error:
            words = f"{listing.operation} in {self.region} was not answered whole: {error}"
            raise CallError(Reach.GARBLED, words) from None
        return page

    async def entries(self, listing: Listing, **parameters: Any) -> list[Any]:
        """Read a list of one kind of entry to its end.

        Raises:
            CallError: as for `pages`.
        """
        return [entry for page in await self.pages(listing, **parameters) for entry in page[listing.keys[0]]]

    async def work(self, work: Callable[[], T]) -> T:
        """Do something that takes long beside the event loop."""
        return await self.account.work(work, self.chain)


async def outcomes(asking: Collection[Awaitable[T]]) -> list[T | CallError]:
    """Wait for several askings at once; so that one that fails does not leave the others behind."""

    async def one(asked: Awaitable[T]) -> T | CallError:
        try:
            return await asked
        except CallError as error:
            return error

    return list(await asyncio.gather(*map(one, asking)))
