"""HTTP probes: one request on a connection of its own, measured phase by phase.

A probe measures connecting as well, so it never reuses a connection; and it needs the instant of each phase,
which a client with a pool hides. So it speaks to the socket by asyncio and leaves the protocol to h11, which
is what httpx speaks HTTP with.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import h11
import httpx

from wedtui.clock import Clock
from wedtui.config import ProbeSection
from wedtui.core.observation import ProbeObservation
from wedtui.errors import ConfigurationError
from wedtui.providers.base import Cadence, Schedule
from wedtui.providers.web import USER_AGENT, backoff_s, network_words, resolved_headers, retrying_for, seconds, trust

BODY_AT_MOST = 64 * 1024
HEADERS_AT_MOST = 64 * 1024
_READ_SIZE = 64 * 1024
# RFC 8305: how long the first address may take before the next is tried as well.
_HAPPY_EYEBALLS_S = 0.25
_HEADERS_TOO_LARGE = 431


class Phase(StrEnum):
    """What a round was doing, as it is said after `timed out after 2 s`."""

    CONNECT = "while connecting"
    TLS = "during TLS"
    FIRST_BYTE = "waiting for the first byte"
    HEADERS = "reading the headers"
    BODY = "reading the body"


@dataclass(slots=True)
class _Attempt:
    """What one attempt has measured so far."""

    phase: Phase = Phase.CONNECT
    failure: str | None = None
    status: int | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    certificate_expires_at: datetime | None = None
    encoding: str = ""
    body: bytearray = field(default_factory=bytearray)
    ended: bool = False
    """Whether the other side closed the connection."""


class ProbeTarget:
    """One HTTP probe."""

    def __init__(self, section: ProbeSection, clock: Clock) -> None:
        """Prepare everything that stays the same from round to round.

        Args:
            section: what to ask and what to expect.
            clock: for the instants of rounds and the lengths of phases.

        Raises:
            ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
        """
        self._section = section
        self._clock = clock
        owner = f"probe {section.name}"
        url = _parsed(owner, section.url)
        self._host = url.raw_host.decode("ascii")
        self._tls = url.scheme == "https"
        self._port = url.port or (443 if self._tls else 80)
        self._context = trust(section.ca_file) if self._tls else None
        self._request = _request(section, url, resolved_headers(owner, section.headers))
        self._body = re.compile(section.expect_body) if section.expect_body is not None else None
        self._delay = None if _is_address(self._host) else _HAPPY_EYEBALLS_S

    @property
    def key(self) -> str:
        """`probe NAME`."""
        return f"probe {self._section.name}"

    @property
    def schedule(self) -> Schedule:
        """Its own interval or the probes' default; every attempt and the waiting between them."""
        section = self._section
        return Schedule(section.interval, retrying_for(section.timeout, section.retries), Cadence.PROBE)

    async def observe(self) -> tuple[ProbeObservation, ...]:
        """Do one round: ask, and ask again as often as configured while it fails."""
        attempt = await self._attempt()
        for retry in range(self._section.retries):
            if attempt.failure is None:
                break
            await asyncio.sleep(backoff_s(retry))
            attempt = await self._attempt()
        observation = ProbeObservation(
            probe=self._section.name,
            at=self._clock.now(),
            passed=attempt.failure is None,
            failure=attempt.failure,
            status=attempt.status,
            connect_ms=attempt.connect_ms,
            tls_ms=attempt.tls_ms,
            first_byte_ms=attempt.first_byte_ms,
            total_ms=attempt.total_ms,
            certificate_expires_at=attempt.certificate_expires_at,
        )
        return (observation,)

    def gave_up(self, why: str) -> tuple[ProbeObservation, ...]:
        """Return a failed round."""
        return (ProbeObservation(probe=self._section.name, at=self._clock.now(), passed=False, failure=why),)

    async def _attempt(self) -> _Attempt:
        attempt = _Attempt()
        broken: str | None = None
        limit = asyncio.timeout(self._section.timeout.total_seconds())
        try:
            async with limit:
                await self._ask(attempt)
        except OSError as error:  # TimeoutError is one, ours or the network's
            ours = isinstance(error, TimeoutError) and limit.expired()
            words = f"timed out after {seconds(self._section.timeout)} {attempt.phase}"
            broken = words if ours else network_words(error, attempt.phase)
        except h11.RemoteProtocolError as error:
            broken = _protocol_words(error, attempt)
        # A wrong status says more than what became of its body.
        attempt.failure = self._wrong_status(attempt) or broken or self._wrong_body(attempt)
        return attempt

    async def _ask(self, attempt: _Attempt) -> None:
        started = self._clock.monotonic()
        reader, writer = await asyncio.open_connection(
            self._host, self._port, limit=_READ_SIZE, happy_eyeballs_delay=self._delay
        )
        try:
            attempt.connect_ms = self._ms_since(started)
            if self._context is not None:
                attempt.phase = Phase.TLS
                began = self._clock.monotonic()
                await writer.start_tls(self._context, server_hostname=self._host.rstrip("."))
                attempt.tls_ms = self._ms_since(began)
                attempt.certificate_expires_at = _expiry(writer.get_extra_info("peercert"))
            attempt.phase = Phase.FIRST_BYTE
            await self._exchange(reader, writer, attempt)
            attempt.total_ms = self._ms_since(started)
        finally:
            # Not close(): it would wait up to half a minute for the other side to say goodbye.
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, attempt: _Attempt) -> None:
        """Send the request and read the answer, its body up to what can be matched."""
        http = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADERS_AT_MOST)
        asked = self._clock.monotonic()
        writer.write((http.send(self._request) or b"") + (http.send(h11.EndOfMessage()) or b""))
        while len(attempt.body) < BODY_AT_MOST:
            event = http.next_event()
            if event is h11.NEED_DATA:
                data = await reader.read(_READ_SIZE)
                if data and attempt.phase is Phase.FIRST_BYTE:
                    attempt.first_byte_ms = self._ms_since(asked)
                    attempt.phase = Phase.HEADERS
                attempt.ended = not data
                http.receive_data(data)
            elif isinstance(event, h11.Response):
                attempt.status = event.status_code
                attempt.encoding = _encoding(event)
                attempt.phase = Phase.BODY
            elif isinstance(event, h11.Data):
                attempt.body += event.data
            elif not isinstance(event, h11.InformationalResponse):
                break

    def _ms_since(self, start: float) -> float:
        return round((self._clock.monotonic() - start) * 1000, 3)

    def _wrong_status(self, attempt: _Attempt) -> str | None:
        expected = self._section.expect_status
        if attempt.status is None or attempt.status in expected:
            return None
        words = f"status {attempt.status}, expected {' or '.join(map(str, expected))}"
        return f"{words} (redirects are not followed)" if 300 <= attempt.status < 400 else words

    def _wrong_body(self, attempt: _Attempt) -> str | None:
        if self._body is None:
            return None
        if attempt.encoding not in {"", "identity"}:
            return "body is compressed though that was not asked for, and cannot be matched"
        text = bytes(attempt.body[:BODY_AT_MOST]).decode("utf-8", "replace")
        return None if self._body.search(text) else "body does not match"


def _parsed(owner: str, text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
        url.raw_host.decode("ascii").encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        raise ConfigurationError(f"{owner}: its url is not one that can be asked: correct it") from None
    return url


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _request(section: ProbeSection, url: httpx.URL, headers: dict[str, str]) -> h11.Request:
    """Make the request; headers of the configuration replace ours of the same name."""
    ours = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    named = {name.lower() for name in headers}
    merged = [(n, v) for n, v in ours.items() if n.lower() not in named] + list(headers.items())
    try:
        return h11.Request(method=section.method, target=url.raw_path, headers=merged)
    except h11.LocalProtocolError:
        raise ConfigurationError(
            f"probe {section.name}: its url or headers make no HTTP request: correct them"
        ) from None


def _protocol_words(error: h11.RemoteProtocolError, attempt: _Attempt) -> str:
    if attempt.ended:
        return f"connection closed {attempt.phase}"
    if error.error_status_hint == _HEADERS_TOO_LARGE:
        return f"answer has more than {HEADERS_AT_MOST >> 10} KiB of headers"
    return "answer was not HTTP"


def _encoding(response: h11.Response) -> str:
    return next((v.decode("latin-1").strip().lower() for n, v in response.headers if n == b"content-encoding"), "")


def _expiry(certificate: dict[str, Any] | None) -> datetime | None:
    """Return when a verified certificate expires."""
    until = (certificate or {}).get("notAfter")
    if not isinstance(until, str):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=ssl.cert_time_to_seconds(until))
