"""GitHub's REST API of one repository's Actions, asked over HTTP: what its answers, refusals and limits mean."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from wedtui.clock import Clock
from wedtui.config_base import Secret
from wedtui.core.redact import HIDDEN
from wedtui.errors import ConfigurationError, NotNowError, OutcomeUnknownError, ProviderUnavailableError
from wedtui.providers.web import (
    Answer,
    UnansweredError,
    WebClient,
    backoff_s,
    plain,
    resolved_headers,
    retry_after_s,
    trust,
)

REQUEST_WITHIN = timedelta(seconds=10)
READ_WITHIN = timedelta(seconds=30)
"""So long what changes nothing is asked for again, before anything is begun."""
BODY_AT_MOST = 16_000_000
"""Bytes: a hundred runs with all that GitHub says of their repository are one and a half million."""
PAGE = 100
PAGES_AT_MOST = 10
"""GitHub shows the newest thousand of a filtered list."""
OWNER = "deployments.templates.github_actions"
_LIMIT_S = 60.0
"""So long it is left alone where it counts too many requests and does not say until when."""

Entry = Mapping[str, Any]
"""An object of the API."""


class Repository(NamedTuple):
    """Where GitHub is asked, and as whom."""

    name: str
    """`owner/name`."""
    token: Secret
    url: str = "https://api.github.com"
    ca_file: Path | None = None


class AgainError(ProviderUnavailableError):
    """The next attempt might fare better."""


class Actions:
    """The part of the API that is under `/repos/OWNER/NAME/actions`."""

    def __init__(self, repository: Repository, clock: Clock) -> None:
        """Prepare; nothing is asked yet.

        Raises:
            ConfigurationError: the token, the URL or the certificates cannot be used.
        """
        self._clock = clock
        headers = resolved_headers(OWNER, {}, repository.token)
        self._secret = headers["Authorization"].partition(" ")[2]
        try:
            self._base = httpx.URL(f"{repository.url.rstrip('/')}/repos/{repository.name}/actions")
        except httpx.InvalidURL:
            raise ConfigurationError(f"{OWNER}: its url is not one that can be asked: correct it") from None
        self._web = WebClient(
            headers={**headers, "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
            context=trust(repository.ca_file),
            timeout=REQUEST_WITHIN,
            body_at_most=BODY_AT_MOST,
        )

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._web.close()

    async def patiently(self, path: str, query: Mapping[str, Any] | None = None) -> Entry:
        """Ask for an object, and again while that may help; raises what `entry` does."""
        ends_at, attempt = self._clock.monotonic() + READ_WITHIN.total_seconds(), 0
        while True:
            try:
                return await self.entry(path, query)
            except AgainError as error:
                pause = max(backoff_s(attempt), error.wait_s)
                if self._clock.monotonic() + pause >= ends_at:
                    raise
            attempt += 1
            await asyncio.sleep(pause)

    async def entry(self, path: str, query: Mapping[str, Any] | None = None) -> Entry:
        """Ask once for an object.

        Raises:
            ProviderUnavailableError: it was not answered; an AgainError where it may be later.
        """
        found = await self._asked(path, query)
        if not isinstance(found, Mapping):
            raise AgainError("GitHub answered with what cannot be used: no object")
        return found

    async def entries(self, path: str) -> list[Entry]:
        """Ask once for a list; raises what `entry` does."""
        return _list(await self._asked(path, None))

    async def page(self, path: str, key: str, number: int, query: Mapping[str, Any] | None = None) -> list[Entry]:
        """Ask for a page of a list, and again while that may help; the last one has less than `PAGE`.

        Args:
            path: of the list.
            key: under which an answer has it.
            number: of the page, from 1.
            query: what is listed.

        Raises:
            ProviderUnavailableError: as for `entry`.
        """
        found = await self.patiently(path, {**(query or {}), "per_page": PAGE, "page": number})
        return _list(found.get(key))

    async def start(self, path: str, body: Mapping[str, Any], what: str) -> None:
        """Send what starts something, once.

        Raises:
            NotNowError: it was not sent, or there were too many requests: nothing was started.
            ProviderUnavailableError: it was refused: nothing was started.
            OutcomeUnknownError: it may or may not have been started.
        """
        try:
            answer = await self._send("POST", path, body)
        except UnansweredError as error:
            if error.sent:
                raise OutcomeUnknownError(f"{what} may or may not have been started ({error})") from None
            raise NotNowError(f"{what} was not started: GitHub cannot be reached ({error})") from None
        if answer.status in {httpx.codes.OK, httpx.codes.NO_CONTENT}:
            return
        if _is_limit(answer):
            limit = self.unavailable(answer)
            raise NotNowError(str(limit), wait_s=limit.wait_s)
        if 400 <= answer.status < 500 and answer.status != httpx.codes.REQUEST_TIMEOUT:
            raise ProviderUnavailableError(f"{what} was not started: {self.refusal(answer)}")
        raise OutcomeUnknownError(f"{what} may or may not have been started (status {answer.status})")

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Send once what may be sent again.

        Raises:
            ProviderUnavailableError: no answer came that says anything of it.
        """
        try:
            answer = await self._send("POST", path, body)
        except UnansweredError as error:
            raise AgainError(f"GitHub could not be told ({error})") from None
        if answer.status >= 500 or _is_limit(answer):
            raise self.unavailable(answer)
        return answer

    def unavailable(self, answer: Answer) -> ProviderUnavailableError:
        """Return what it means that GitHub did not do what was asked."""
        if _is_limit(answer):
            wait_s = self._wait_s(answer)
            said = f"GitHub counts too many requests of this token, and asks to be left alone for {wait_s:.0f} s"
            return AgainError(said, wait_s=wait_s)
        if answer.status >= 500:
            return AgainError(f"GitHub does not answer well (status {answer.status})")
        return ProviderUnavailableError(f"GitHub refuses what it is asked: {self.refusal(answer)}")

    def refusal(self, answer: Answer) -> str:
        """Say why GitHub refused, in its own words where they help; the token is never among them."""
        if answer.status in _REFUSALS:
            return _REFUSALS[answer.status]
        try:
            message = str(json.loads(answer.body)["message"])
        except (ValueError, KeyError, TypeError):
            message = ""
        said = plain(message.replace(self._secret, HIDDEN))
        return f"status {answer.status}{f' ({said})' if said else ''}"

    async def _asked(self, path: str, query: Mapping[str, Any] | None) -> object:
        try:
            answer = await self._send("GET", path, query=query)
        except UnansweredError as error:
            raise AgainError(f"GitHub cannot be asked ({error})") from None
        if answer.status != httpx.codes.OK:
            raise self.unavailable(answer)
        try:
            found: object = json.loads(answer.body)
        except ValueError:
            raise AgainError("GitHub answered with what is no JSON") from None
        return found

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
    ) -> Answer:
        url = self._base.copy_with(raw_path=f"{self._base.path}/{path}".encode())
        if query:
            url = url.copy_merge_params({key: str(value) for key, value in query.items()})
        if body is None:
            return await self._web.ask(method, url)
        headers = {"Content-Type": "application/json"}
        return await self._web.ask(method, url, content=json.dumps(body).encode(), headers=headers)

    def _wait_s(self, answer: Answer) -> float:
        """Return how long GitHub asks to be left alone: it says so in seconds, or when it begins to count anew."""
        now = self._clock.now()
        reset = answer.headers.get("x-ratelimit-reset", "")
        spent = answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal()
        until = float(reset) - now.timestamp() if spent else 0.0
        wait_s = max(retry_after_s(answer, now), until)
        return wait_s if wait_s > 0 else _LIMIT_S


_REFUSALS = {
    401: f"the token is refused: correct {OWNER}.token",
    403: "the token may not do that: it needs to read and write Actions and Deployments of this repository",
    404: f"there is none such, or the token may not see it: check [{OWNER}]",
}


def _is_limit(answer: Answer) -> bool:
    """Whether too many requests were made; GitHub says 403 of that too, and of what is not allowed."""
    if answer.status == httpx.codes.TOO_MANY_REQUESTS:
        return True
    limited = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status == httpx.codes.FORBIDDEN and limited


def _list(found: object) -> list[Entry]:
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise AgainError("GitHub answered with what cannot be used: no list")
    return found
