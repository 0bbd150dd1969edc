"""A service of Amazon Web Services that puts versions in place: what is asked of it patiently, and changed once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from wedtui.clock import Clock
from wedtui.config import AwsSection
from wedtui.core.resource import Reach
from wedtui.errors import NotNowError, OutcomeUnknownError, ProviderUnavailableError
from wedtui.providers.aws.account import Account
from wedtui.providers.aws.counting import Counter
from wedtui.providers.aws.faults import THROTTLED, CallError
from wedtui.providers.web import backoff_s

REQUEST_WITHIN = timedelta(seconds=10)
READ_WITHIN = timedelta(seconds=30)
"""So long what changes nothing is asked for again."""
_REFUSING = frozenset({Reach.DENIED, Reach.EXPIRED, Reach.REJECTED, Reach.NO_CREDENTIALS, Reach.SWITCHED_OFF})
_CREDENTIALS = frozenset({Reach.EXPIRED, Reach.REJECTED, Reach.NO_CREDENTIALS})

Page = Mapping[str, Any]
"""An answer, as the SDK parsed it."""


class AwsPlace(NamedTuple):
    """Where Amazon is asked, and with which credentials."""

    region: str
    profile: str | None = None
    role_arn: str | None = None
    endpoint_url: str | None = None


class PassingError(ProviderUnavailableError):
    """The next attempt might fare better."""


class RefusedError(ProviderUnavailableError):
    """What was asked is refused, with a code of the service's own."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class AwsService:
    """One service in one region."""

    def __init__(self, name: str, place: AwsPlace, refusals: Collection[str], clock: Clock) -> None:
        """Prepare; nothing is read and nothing is sent yet.

        Args:
            name: the SDK's name of the service.
            place: where, and with which credentials.
            refusals: its own codes of what was refused whole, because of what it asks for.
            clock: tells the time.
        """
        self._name, self._region, self._refusals, self._clock = name, place.region, refusals, clock
        section = AwsSection(
            profile=place.profile,
            role_arn=place.role_arn,
            regions=(place.region,),
            endpoint_url=place.endpoint_url,
            timeout=REQUEST_WITHIN,
        )
        self._account = Account("deployments", section, clock)

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._account.close()

    async def read(self, operation: str, /, **parameters: Any) -> Page:
        """Ask for what changes nothing, and again while that may help.

        Raises:
            RefusedError: the service refuses it with a code of its own.
            ProviderUnavailableError: no whole answer came; a PassingError where one may come later.
        """
        ends_at, attempt = self._clock.monotonic() + READ_WITHIN.total_seconds(), 0
        while True:
            try:
                return await self._ask(operation, parameters)
            except CallError as error:
                pause = max(backoff_s(attempt), error.wait_s)
                if not error.again or self._clock.monotonic() + pause >= ends_at:
                    raise self._unread(error) from None
            attempt += 1
            await asyncio.sleep(pause)

    async def change(self, what: str, operation: str, /, **parameters: Any) -> Page:
        """Change something, once.

        Args:
            what: in words, for whoever reads that it was not done: `the rollout of rsvp`.
            operation: the SDK's name of the operation.
            parameters: of the operation.

        Raises:
            NotNowError: it was throttled or could not be sent: nothing was changed.
            ProviderUnavailableError: it was refused: nothing was changed.
            OutcomeUnknownError: it may or may not have been done.
        """
        try:
            return await self._ask(operation, parameters)
        except CallError as error:
            passing = error.unsent and error.reach is Reach.UNREACHABLE
            if error.code in THROTTLED or passing:
                raise NotNowError(f"{what} was not begun: {error}", wait_s=error.wait_s) from None
            if error.unsent or error.code in self._refusals or error.reach in _REFUSING:
                raise self._unread(error) from None
            raise OutcomeUnknownError(f"{what} may or may not have begun: {error}") from None

    async def _ask(self, operation: str, parameters: Mapping[str, Any]) -> Page:
        return await self._account.ask(Counter(), self._name, self._region, operation, **parameters)

    def _unread(self, error: CallError) -> ProviderUnavailableError:
        if error.reach in _CREDENTIALS:
            self._account.forget_credentials()
        if error.again or (error.reach is Reach.UNREACHABLE and error.code is None):
            return PassingError(str(error), wait_s=error.wait_s)
        if error.code is not None and error.code in self._refusals:
            return RefusedError(f"{str(error).partition(' was answered')[0]} was refused ({error.code})", error.code)
        return ProviderUnavailableError(str(error), wait_s=error.wait_s)
