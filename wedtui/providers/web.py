"""What every adapter that speaks HTTP shares: whom to trust, headers, bounded answers, words for failures.

What the answers mean is in the adapters.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol
from urllib.parse import SplitResult, urlsplit

import httpx

from wedtui import __version__
from wedtui.config_base import Secret
from wedtui.core.redact import HIDDEN, redacted_url, secrets_in
from wedtui.errors import ConfigurationError
from wedtui.providers.secrets import resolve

if TYPE_CHECKING:
    import httpcore

USER_AGENT = f"wedtui/{__version__}"
BACKOFF = timedelta(milliseconds=200)
LINK_AT_MOST = 500

_FILE = "file://"
_SAFE = frozenset({"GET", "HEAD"})
# Of a run of letters that is no scheme each one would be looked at from each one before it: so few are a scheme.
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^\s\"'<>]+")
_LOOKED_THROUGH = 4
"""So many times as long as what may be shown is what is looked through: hiding what is secret makes it shorter."""
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_ERRNO = re.compile(r"\[Errno (-?\d+)\]")
_RESET = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE})


@cache
def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return the context that verifies servers by the system's certificates and those of `ca_file`.

    It is made once for each file: reading the system's certificates takes longer than a probe.

    Raises:
        ConfigurationError: the file cannot be read or holds no certificate.
    """
    # A system without certificates of its own (a bare container) gets those that httpx brings.
    context = ssl.create_default_context() if _system_has_certificates() else httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise ConfigurationError(
                f"the certificates of ca_file {ca_file} cannot be used ({why}): name a readable PEM file"
            ) from error
    return context


def _system_has_certificates() -> bool:
    paths = ssl.get_default_verify_paths()
    return bool(paths.cafile) or (bool(paths.capath) and any(Path(paths.capath).iterdir()))


def resolved_headers(owner: str, configured: Mapping[str, str | Secret], token: Secret | None = None) -> dict[str, str]:
    """Return the headers to send, with secrets in their places.

    Args:
        owner: whose headers they are, for the sentence (`probe rsvp-aws`).
        configured: names, and values or where they are found.
        token: sent as `Authorization: Bearer`.

    Raises:
        ConfigurationError: a secret is not there, or is none that a header can carry; the value is not in the sentence.
    """
    headers = {}
    try:
        if token is not None:
            headers["Authorization"] = f"Bearer {resolve(token)}"
        for name, value in configured.items():
            headers[name] = resolve(value) if isinstance(value, Secret) else value
    except ConfigurationError as error:
        raise ConfigurationError(f"{owner}: {error}") from None
    for name, value in headers.items():
        # Those of the configuration were checked there; a secret is seen here for the first time.
        if not _HEADER_VALUE.fullmatch(value):
            raise ConfigurationError(
                f"{owner}: the secret for the header {name} has a character that HTTP does not allow: correct it"
            )
    return headers


def plain(text: str, limit: int = 200) -> str:
    """Return text from outside as it may be stored and shown: one line, printable, bounded, its URLs redacted."""
    whole = text.lstrip()
    # Whoever sends it decides how long it is: what nobody is shown is not looked at.
    looked = whole[: _LOOKED_THROUGH * limit]
    cut = len(looked) < len(whole)
    line = " ".join(looked.split())
    until = len(line)
    line = _URL.sub(lambda found: "…" if cut and found.end() == until else _redacted(found), line)
    line = "".join(c if c.isprintable() else "�" for c in line)
    if len(line) > limit:
        return line[: limit - 1] + "…"
    return f"{line[: limit - 1]}…" if cut and not line.endswith("…") else line


def link(text: object) -> str:
    """Return an http(s) URL from outside as a browser needs it, without what is secret; nothing where it is none.

    Queries and fragments say which of many things is meant; `plain` leaves neither.
    """
    if not isinstance(text, str) or len(text) > LINK_AT_MOST or not text.isprintable() or " " in text:
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    query = "&".join(map(_shown_pair, parts.query.split("&"))) if parts.query else ""
    fragment = "" if secrets_in(parts.fragment) else parts.fragment
    return SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, fragment).geturl()


def _shown_pair(pair: str) -> str:
    return f"{pair.partition('=')[0]}={HIDDEN}" if secrets_in(pair) else pair


def _redacted(match: re.Match[str]) -> str:
    try:
        return redacted_url(match[0])
    except ValueError:  # looks like a URL and is none
        return "…"


def backoff_s(attempt: int, base: timedelta = BACKOFF) -> float:
    """Return how many seconds to wait after failed attempt 0, 1, ..: twice as long each time, a half of it chance."""
    return longest_backoff_s(attempt, base) * random.uniform(0.5, 1)  # noqa: S311 (nothing secret hangs on it)


def longest_backoff_s(attempt: int, base: timedelta = BACKOFF) -> float:
    """Return the most seconds that `backoff_s` can give."""
    return base.total_seconds() * float(2**attempt)


def retrying_for(timeout: timedelta, retries: int) -> timedelta:
    """Return how long `retries` further attempts and the waiting between them may take in all."""
    waiting = sum(longest_backoff_s(attempt) for attempt in range(retries))
    return timeout * (retries + 1) + timedelta(seconds=waiting)


def seconds(span: timedelta) -> str:
    """Return a timeout in words: `2 s`, `0.15 s`."""
    return f"{span.total_seconds():.3g} s"


def network_words(error: OSError, phase: str) -> str:
    """Say in a few words what became of a connection.

    Args:
        error: what asyncio or ssl raised.
        phase: what was being done (`while connecting`).
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate does not verify: {plain(error.verify_message).rstrip('.')}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or type(error).__name__).replace('_', ' ').lower()}"
    if isinstance(error, socket.gaierror):
        return "name does not resolve" + (" (the resolver does not answer)" if error.errno == socket.EAI_AGAIN else "")
    return _connection_words(error, phase)


def _connection_words(error: OSError, phase: str) -> str:
    numbers = _errnos(error)
    if not numbers:
        # asyncio raises a bare ConnectionError where the other side closed in the middle of the handshake.
        return f"connection closed {phase}" if isinstance(error, ConnectionError) else f"failed {phase}"
    if numbers == {errno.ECONNREFUSED}:
        return "connection refused"
    if numbers <= _RESET:
        return f"connection reset {phase}"
    return " and ".join(os.strerror(number).lower() for number in sorted(numbers)) + f" {phase}"


def _errnos(error: OSError) -> set[int]:
    """Return the numbers of an error; asyncio leaves them in the text alone where several addresses failed."""
    if error.errno is not None:
        return {error.errno}
    return {int(number) for number in _ERRNO.findall(str(error))}


def retry_after_s(answer: Answer, now: datetime) -> float:
    """Return how many seconds a server asks to wait (RFC 9110, 10.2.3); 0 where it does not say."""
    header = answer.headers.get("retry-after", "").strip()
    if header.isdecimal():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


class UnansweredError(Exception):
    """A request that got no answer, or a longer one than is read; the text says why in a few words."""

    def __init__(self, words: str, *, again: bool) -> None:
        super().__init__(words)
        self.again = again
        """Whether the next attempt might fare better: the connection failed, before any time was lost on it."""
        self.sent = True
        """Whether the request may have reached the server."""


class TooLongError(UnansweredError):
    """A request that got a longer answer than is read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole HTTP answer."""

    status: int
    headers: httpx.Headers
    body: bytes


class WebClient:
    """An HTTP client that reuses connections and bounds every answer in time and size."""

    def __init__(
        self, *, headers: Mapping[str, str], context: ssl.SSLContext, timeout: timedelta, body_at_most: int
    ) -> None:
        """Make a client; it connects at the first request.

        Args:
            headers: sent with every request.
            context: whom to trust.
            timeout: for one request, from the look-up of the name to the last byte.
            body_at_most: bytes of a body; a longer one is refused.
        """
        self._timeout = timeout
        self._body_at_most = body_at_most
        self._client = httpx.AsyncClient(
            headers={"User-Agent": USER_AGENT, **headers},
            verify=context,
            timeout=timeout.total_seconds(),
            # A request that hangs keeps its connection: a bounded pool would make the others wait for it.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=90),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._client.aclose()

    async def ask(
        self,
        method: str,
        url: httpx.URL,
        *,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        within: timedelta | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once.

        Args:
            method: such as GET or POST.
            url: what to ask; redirects are not followed.
            form: sent as the body.
            content: sent as the body.
            within: a shorter timeout than the client's own.
            headers: beside the client's own.

        Raises:
            UnansweredError: no whole answer came.
        """
        timeout = self._timeout if within is None else min(within, self._timeout)
        async with self._answering(timeout) as opened, asyncio.timeout(timeout.total_seconds()):
            request = self._client.build_request(
                method, url, data=form, content=content, headers=headers, extensions=opened.extensions
            )
            body = bytearray()
            return await self._receive(request, opened, body.extend, self._body_at_most, lambda: bytes(body))

    async def download(
        self, url: httpx.URL, into: BinaryIO, *, headers: Mapping[str, str] | None = None, at_most: int
    ) -> Answer:
        """Ask once and write the body into a file; the timeout is for the beginning and for each wait for more.

        Args:
            url: what to ask; redirects are not followed.
            into: takes the body.
            headers: beside the client's own.
            at_most: bytes of the body; a longer one is refused.

        Returns:
            The answer without its body.

        Raises:
            UnansweredError: no whole answer came.
            OSError: the file could not be written.
        """
        async with self._answering(self._timeout) as opened:
            request = self._client.build_request("GET", url, headers=headers, extensions=opened.extensions)
            return await self._receive(request, opened, into.write, at_most, bytes)

    @asynccontextmanager
    async def _answering(self, limit: timedelta) -> AsyncIterator[_Opened]:
        """Put words to whatever keeps an answer from coming."""
        opened = _Opened()
        try:
            with _in_words(opened, limit):
                yield opened
        finally:
            await opened.close_orphan()

    async def _receive(
        self,
        request: httpx.Request,
        opened: _Opened,
        write: Callable[[bytes], object],
        at_most: int,
        whole: Callable[[], bytes],
    ) -> Answer:
        response = await self._begin(request, opened)
        received = 0
        try:
            async for chunk in response.aiter_bytes():
                received += len(chunk)
                if received > at_most:
                    raise TooLongError(f"answered with more than {at_most // 1_000_000:,} MB", again=False)
                write(chunk)
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, whole())

    async def _begin(self, request: httpx.Request, opened: _Opened) -> httpx.Response:
        try:
            return await self._client.send(request, stream=True)
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            # A server may close a connection that was kept just as it is used again (RFC 9112, 9.3.1 and 9.5):
            # that says nothing about how it is, and what changes nothing may be asked twice.
            if request.method not in _SAFE or not opened.on_kept_connection:
                raise
            return await self._client.send(request, stream=True)


class Fetched(Protocol):
    """A section of the configuration that says where a file is: on a web server or a disk."""

    @property
    def name(self) -> str:
        """Its own."""
        ...

    @property
    def url(self) -> str:
        """An http or https URL, or a path."""
        ...

    @property
    def headers(self) -> Mapping[str, str | Secret]:
        """Sent with every request."""
        ...

    @property
    def ca_file(self) -> Path | None:
        """Whom to trust beside the system's certificates."""
        ...

    @property
    def timeout(self) -> timedelta:
        """For one request."""
        ...


def client_of(section: Fetched, owner: str, body_at_most: int) -> tuple[httpx.URL, WebClient] | None:
    """Return a URL and the client that asks it; None where it is a file.

    Args:
        section: where it is.
        owner: whose it is, for a sentence (`feed company`).
        body_at_most: bytes of a body; a longer one is refused.

    Raises:
        ConfigurationError: the URL, a header, a secret or the certificates cannot be used.
    """
    if "://" not in section.url or section.url.startswith(_FILE):
        return None
    try:
        url = httpx.URL(section.url)
    except httpx.InvalidURL:
        raise ConfigurationError(f"{owner}: its url is not one that can be asked: correct it") from None
    headers, context = resolved_headers(owner, section.headers), trust(section.ca_file)
    return url, WebClient(headers=headers, context=context, timeout=section.timeout, body_at_most=body_at_most)


def path_of(url: str) -> Path:
    """Return the path of a file that is named as one, or by a `file://` URL."""
    return Path(url.removeprefix(_FILE))


def status_problem(answer: Answer) -> str | None:
    """Return why an answer is no good one; None where it is."""
    if answer.status == httpx.codes.OK:
        return None
    redirect = ", a redirect, which is not followed" if 300 <= answer.status < 400 else ""
    return f"answered with status {answer.status}{redirect}, expected 200"


class _Opened:
    """Remembers a TCP connection until its TLS handshake is done.

    httpcore forgets it where the handshake is cancelled: a server that hangs there would cost one open file
    each time that it is asked.
    """

    def __init__(self) -> None:
        self._connected: httpcore.AsyncNetworkStream | None = None
        self._in_handshake = False
        self._connecting = False
        self.sent = False
        """Whether the request was begun to be sent."""
        self.extensions = {"trace": self._trace}

    @property
    def on_kept_connection(self) -> bool:
        """Whether the request was sent on a connection that had been opened before it."""
        return self.sent and not self._connecting

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self._connecting = True
        elif event == "connection.connect_tcp.complete":
            self._connected = info["return_value"]
        elif event == "connection.start_tls.started":
            self._in_handshake = True
        elif event == "connection.start_tls.complete":
            self._in_handshake = False
        elif event == "http11.send_request_headers.started":
            self.sent = True

    async def close_orphan(self) -> None:
        """Close the connection if its handshake was never done."""
        if self._in_handshake and self._connected is not None:
            await self._connected.aclose()


@contextmanager
def _in_words(opened: _Opened, limit: timedelta) -> Iterator[None]:
    """Put words to what httpx raises, and say whether the request was sent by then.

    Raises:
        UnansweredError: no whole answer came.
    """
    try:
        yield
    except (TimeoutError, httpx.TimeoutException):
        told = UnansweredError(f"timed out after {seconds(limit)}", again=False)
    except httpx.TransportError as error:
        told = _unanswered(error)
    except httpx.HTTPError as error:  # a body that cannot be decompressed
        told = UnansweredError(f"answered with what cannot be read ({type(error).__name__})", again=False)
    else:
        return
    told.sent = opened.sent
    raise told from None


def _unanswered(error: httpx.TransportError) -> UnansweredError:
    """Put words to what httpx raised; the cause is somewhere below it."""
    cause = next((e for e in _causes(error) if isinstance(e, OSError) and not _only_says_so(e)), None)
    if cause is not None:
        again = not isinstance(cause, ssl.SSLError)
        return UnansweredError(network_words(cause, "before its answer was complete"), again=again)
    if isinstance(error, httpx.RemoteProtocolError):
        closed = "disconnected" in str(error) or "closed" in str(error)
        words = "connection closed before its answer was complete" if closed else "answer was not HTTP"
        return UnansweredError(words, again=closed)
    return UnansweredError("connection closed before its answer was complete", again=True)


def _only_says_so(error: OSError) -> bool:
    """Whether it is the summary that anyio raises over the errors of each address."""
    return type(error) is OSError and error.errno is None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and everything that it was raised from."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _causes(part)
    below = error.__cause__ or error.__context__
    if below is not None:
        yield from _causes(below)
