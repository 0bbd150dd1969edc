"""A server that answers questions below one address, asked again where that may help. What it answers: its adapter."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import httpx

from wedtui.clock import Clock
from wedtui.config_base import Secret
from wedtui.errors import ConfigurationError, ProviderUnavailableError
from wedtui.providers.web import (
    Answer,
    UnansweredError,
    WebClient,
    backoff_s,
    resolved_headers,
    retry_after_s,
    retrying_for,
    trust,
)

AGAIN = frozenset({429, 500, 502, 503, 504})
"""Statuses after which it is asked again."""


class Asking(Protocol):
    """A section of the configuration that says how a server is asked, and how long to wait for it."""

    @property
    def timeout(self) -> timedelta:
        """For one attempt."""
        ...

    @property
    def retries(self) -> int:
        """Further attempts."""
        ...

    @property
    def bearer_token(self) -> Secret | None:
        """Sent with every request."""
        ...

    @property
    def headers(self) -> Mapping[str, str | Secret]:
        """Sent with every request."""
        ...

    @property
    def ca_file(self) -> Path | None:
        """Whom to trust beside the system's certificates."""
        ...


class ServerClient:
    """Asks one server."""

    def __init__(self, section: Asking, url: str, owner: str, clock: Clock, *, body_at_most: int) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            section: how to ask and how long to wait.
            url: below which it answers.
            owner: whose it is, for a sentence (`prometheus main`).
            clock: tells how much of the time for retries is left.
            body_at_most: bytes of an answer.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        try:
            self._base = httpx.URL(url)
        except httpx.InvalidURL:
            raise ConfigurationError(f"{owner}: its url is not one that can be asked: correct it") from None
        self.deadline = retrying_for(section.timeout, section.retries)
        self._retries, self._clock = section.retries, clock
        self._web = WebClient(
            headers=resolved_headers(owner, section.headers, section.bearer_token),
            context=trust(section.ca_file),
            timeout=section.timeout,
            body_at_most=body_at_most,
        )

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._web.close()

    async def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        parameters: Mapping[str, str | Sequence[str]] | None = None,
        again: frozenset[int] = AGAIN,
    ) -> Answer:
        """Ask, and ask again while that may help and the deadline allows it.

        Args:
            method: GET or POST.
            path: below the configured URL.
            form: the body of a POST.
            parameters: added to the URL's own; of several values each.
            again: statuses after which it is asked again.

        Raises:
            ProviderUnavailableError: it gave no answer; the text says why in a few words.
        """
        url = self._base.copy_with(path=f"{self._base.path.rstrip('/')}/{path}").copy_merge_params(parameters or {})
        end = self._clock.monotonic() + self.deadline.total_seconds()
        for attempt in itertools.count():
            last = attempt == self._retries
            pause = backoff_s(attempt)
            try:
                left = timedelta(seconds=end - self._clock.monotonic())
                answer = await self._web.ask(method, url, form=form, within=left)
                pause = max(pause, retry_after_s(answer, self._clock.now()))
                if last or answer.status not in again or self._clock.monotonic() + pause >= end:
                    return answer
            except UnansweredError as error:
                if last or not error.again or self._clock.monotonic() + pause >= end:
                    raise ProviderUnavailableError(str(error)) from None
            await asyncio.sleep(pause)
        raise AssertionError("itertools.count never ends")
