"""What channels share that speak HTTP: one bounded request, and what its answer means. Each never raises.

No answer of theirs is repeated with a secret in it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from wedtui.clock import Clock
from wedtui.config_notify import PAGERDUTY_URL, ChannelSection
from wedtui.core.notify import Answer, Message, Verdict, verdict_of
from wedtui.core.redact import redacted_feed_url
from wedtui.errors import ConfigurationError
from wedtui.providers.web import USER_AGENT, plain, seconds, trust

_ANSWER_AT_MOST = 16 * 1024
_WORDS_AT_MOST = 160


class Request:
    """One request, as its channel composed it."""

    def __init__(self, url: str, body: bytes, headers: Mapping[str, str], secrets: Iterable[str]) -> None:
        self.url, self.body = url, body
        self.headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT, **headers}
        # Of a webhook the path is often a secret too.
        self.secrets = tuple(filter(None, (*secrets, urlsplit(url).path.strip("/"))))


class HttpChannel:
    """What those that speak HTTP share: one bounded request with its own time, and words for its failures."""

    reads = False
    """Whether what is said with an acceptance is read."""
    exact = False
    """Whether its word on how long to wait is enough, however short."""

    def __init__(self, name: str, section: ChannelSection, source: str, clock: Clock) -> None:
        """Remember where it is; its secrets are looked up each time.

        Args:
            name: as it is configured.
            section: its configuration.
            source: who tells, such as `wedtui/production`.
            clock: the time of day, for a `Retry-After` that is a date.
        """
        self.name = name
        self._section, self._source, self._clock = section, source, clock
        self._url = section.url or PAGERDUTY_URL

    async def send(self, message: Message) -> Answer:
        """Put a message to it."""
        within = self._section.timeout
        try:
            request = self._request(message)
            # The client's own limits begin anew with each byte.
            async with asyncio.timeout(within.total_seconds()):
                status, headers, said = await self._post(request)
        except ConfigurationError as error:
            return Answer(Verdict.LATER, f"{error}")
        except TimeoutError:
            return Answer(Verdict.LATER, f"{self._place} did not answer within {seconds(within)}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(Verdict.LATER, f"{self._place} could not be asked ({type(error).__name__})")
        if self._accepted(status) and self._confirmed(said):
            return Answer(Verdict.ACCEPTED)
        words = f"{self._place} answered {status}" + _said(said, request.secrets)
        return Answer(verdict_of(status), words, self._asked_to_wait(headers), exact=self.exact)

    @property
    def _place(self) -> str:
        return redacted_feed_url(self._url)

    def _request(self, message: Message) -> Request:
        raise NotImplementedError

    def _accepted(self, status: int) -> bool:
        raise NotImplementedError

    def _confirmed(self, said: bytes) -> bool:
        """Whether what was said with an acceptance is one; it is read only where `reads` says so."""
        return True

    async def _post(self, request: Request) -> tuple[int, httpx.Headers, bytes]:
        section = self._section
        client = httpx.AsyncClient(
            verify=trust(section.ca_file), timeout=section.timeout.total_seconds(), trust_env=False
        )
        async with (
            client,
            client.stream("POST", request.url, content=request.body, headers=request.headers) as answer,
        ):
            said = b""
            if self.reads or not self._accepted(answer.status_code):
                async for piece in answer.aiter_bytes():
                    said += piece
                    if len(said) > _ANSWER_AT_MOST:
                        break
            return answer.status_code, answer.headers, said[:_ANSWER_AT_MOST]

    def _asked_to_wait(self, headers: httpx.Headers) -> timedelta:
        """Return how long a server asks to wait (RFC 9110, 10.2.3); zero where it does not say."""
        header = headers.get("retry-after", "").strip()
        if header.isascii() and header.isdecimal():
            return timedelta(seconds=min(int(header), 86_400))
        try:
            until = parsedate_to_datetime(header)
        except ValueError:
            return timedelta()
        return max(timedelta(), until.replace(tzinfo=until.tzinfo or UTC) - self._clock.now())


def bytes_of(body: Mapping[str, object]) -> bytes:
    """Return a body of JSON."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def _said(content: bytes, secrets: Iterable[str]) -> str:
    """Return what a channel said of a refusal: `message` and `errors` of JSON, else its text; without any secret."""
    text = content.decode(errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict):
        errors = found.get("errors")
        parts = [found.get("message"), *(errors if isinstance(errors, list) else [])]
        text = "; ".join(str(part) for part in parts if isinstance(part, str))
    for secret in secrets:
        text = text.replace(secret, "***")
    words = plain(text, _WORDS_AT_MOST)
    return f": {words}" if words else ""
