"""Whose credentials an account is asked with, and whether that is the account whose resources are known.

Credentials change under a service that runs for months: a profile, a file or a variable names those of another account.
Read with them the resources of the account before would all have vanished, which is the worst of news and not true.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from wedtui.clock import Clock
from wedtui.core.observation import Principal
from wedtui.core.resource import Reach
from wedtui.errors import StoreError
from wedtui.providers.aws.faults import CallError
from wedtui.providers.aws.guard import Page

if TYPE_CHECKING:
    from wedtui.cache.remembered import KnownAccount
    from wedtui.providers.aws.counting import Asking

SHORTLY = timedelta(seconds=30)
"""How long the outcome of a look at credentials counts, and how often they are read anew at most."""


class Whose:
    """Knows the account of the credentials in use, and the one that they must be of."""

    def __init__(
        self,
        wanted: str | None,
        clock: Clock,
        recall: Callable[[], KnownAccount | None] | None,
        ask: Callable[[Asking], Awaitable[Page]],
        key: Callable[[], str | None],
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            wanted: the number that is configured.
            clock: tells the time.
            recall: reads which account the stored resources are of; None: nothing is stored.
            ask: asks whose credentials they are.
            key: tells which credentials sign at present.
        """
        self.wanted = wanted
        self._clock = clock
        self._recall = recall
        self._ask = ask
        self._key = key
        self._found: Principal | None = None
        self._found_at = self._failed_at = -float("inf")
        self._found_by: str | None = None
        self._failure: CallError | None = None
        self._known: tuple[str, datetime] | None = None
        self._recalled = recall is None
        self._asking, self._recalling = asyncio.Lock(), asyncio.Lock()

    @property
    def account(self) -> str | None:
        """The number of the account, once it is known."""
        return self._found.account if self._found else None

    @property
    def certain(self) -> str | None:
        """The number of the account of the credentials that sign at present; None where that has to be asked."""
        return self._current.account if self._current else None

    @property
    def _current(self) -> Principal | None:
        """Whose the credentials are that sign at present; None where that has to be asked."""
        return self._found if self._found_by == self._key() else None

    async def identity(self, counter: Asking, *, fresh_s: float = 0.0) -> Principal:
        """Ask whose credentials they are.

        Args:
            counter: counts the request.
            fresh_s: how old an earlier answer may be.

        Raises:
            CallError: they cannot be used, or nobody answered.
        """
        async with self._asking:
            current = self._current
            if current is not None and self._clock.monotonic() - self._found_at <= fresh_s:
                return current
            try:
                page = await self._ask(counter)
                if not isinstance(page.get("Account"), str):
                    raise CallError(Reach.GARBLED, "GetCallerIdentity answered without an account")
            except CallError as error:
                self._failure, self._failed_at = error, self._clock.monotonic()
                raise
            arn = str(page.get("Arn", ""))
            self._found, self._found_by = Principal(page["Account"], principal_name(arn), arn), self._key()
            self._found_at, self._failure = self._clock.monotonic(), None
            return self._found

    async def renewed(self, counter: Asking) -> Principal:
        """Ask now whose credentials they are, and look up anew whose they have to be.

        Raises:
            CallError: as for `identity`.
        """
        found = await self.identity(counter)
        await self._look_up()
        return found

    def stranger(self) -> CallError | None:
        """Return what is wrong where they are known to be another account's than they must be, without asking."""
        current, known = self._current, self._known
        if current is None:
            return None
        if self.wanted is not None:
            return None if current.account == self.wanted else _not_wanted(current.account, self.wanted)
        if known is None:
            self._known = current.account, self._clock.now()
            return None
        if current.account != known[0]:
            return _changed(current.account, *known)
        self._known = known[0], max(known[1], self._clock.now())
        return None

    async def check(self, counter: Asking) -> str | None:
        """Make sure that what was just answered is of the account whose resources are known.

        Returns:
            Why that cannot be told, in a sentence; None where it is so.

        Raises:
            CallError: it is another one's.
        """
        if not self._recalled:
            await self._look_up()
        if self.wanted is None and self._known is None and self._current is None:
            return None  # nothing is known that this could be mistaken for
        if self._current is None:
            recent = self._clock.monotonic() - self._failed_at <= SHORTLY.total_seconds()
            try:
                if self._failure is not None and recent:
                    raise self._failure
                await self.identity(counter, fresh_s=SHORTLY.total_seconds())
            except CallError as error:
                return f"whose account this is cannot be told, so nothing counts as vanished: {error}"
        error_found = self.stranger()
        if error_found is not None:
            raise error_found
        return None

    async def _look_up(self) -> None:
        """Read which account the stored resources are of; where that cannot be read, what was known before counts."""
        if self._recall is None:
            return
        async with self._recalling:
            try:
                found = await asyncio.to_thread(self._recall)
            except StoreError:
                return
            self._recalled = True
            if found is not None:
                self._known = found.account, found.seen_at


def principal_name(arn: str) -> str:
    """Return what kind of principal an ARN names, and which: of a role in use that of the role, not of its session."""
    # arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION, arn:aws:iam::ACCOUNT:user/PATH/NAME, arn:aws:iam::ACCOUNT:root
    kind, _, path = arn.rpartition(":")[2].partition("/")
    if kind == "assumed-role":
        return f"role {path.partition('/')[0]}"
    return f"{kind} {path.rpartition('/')[2]}".rstrip()


def _changed(now: str, before: str, until: datetime) -> CallError:
    words = (
        f"the credentials now belong to account {now}; until {until:%Y-%m-%d %H:%M} UTC they belonged to {before}. "
        f"Nothing is read with them, and what is known of {before} stays: check profile and role, or, where it is "
        f'meant, set account = "{now}" under [providers.aws]'
    )
    return CallError(Reach.OTHER_ACCOUNT, words)


def _not_wanted(now: str, wanted: str) -> CallError:
    words = (
        f"the credentials belong to account {now}, and the key account says {wanted}. Nothing is read with them: "
        "check profile and role, or that key"
    )
    return CallError(Reach.OTHER_ACCOUNT, words)
