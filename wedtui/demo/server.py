"""A small HTTP server on loopback that can be slow, fail, hang, reset and refuse.

It knows HTTP and misbehaviour; what it answers and how it behaves are functions given to it. One connection
carries one request: the answer closes it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from wedtui.demo.scenario import Behaviour, Conduct

HOST = "127.0.0.1"
MAX_CONNECTIONS = 256
MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 64 * 1024
REQUEST_TIMEOUT_S = 10.0
# A client without a timeout of its own must not be held for ever.
LONGEST_HANG_S = 60.0

# SO_LINGER on, 0 s: closing sends a reset instead of an orderly end.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of the query string and, over it, of a form in the body; the first of a name counts."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What it gets."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def text_response(text: str, status: int = HTTPStatus.OK) -> Response:
    """Answer with plain text."""
    return Response(status, text.encode())


def json_response(value: object, status: int = HTTPStatus.OK) -> Response:
    """Answer with JSON; NaN and infinities are a mistake of the caller."""
    return Response(status, json.dumps(value, allow_nan=False, separators=(",", ":")).encode(), "application/json")


def method_not_allowed(*allowed: str) -> Response:
    """Answer 405 and name the methods that would do."""
    body = b"Method Not Allowed\n"
    return Response(HTTPStatus.METHOD_NOT_ALLOWED, body, headers={"Allow": ", ".join(allowed)})


class LoopbackServer:
    """One server on 127.0.0.1; its port stays the same while it refuses connections and afterwards."""

    def __init__(
        self,
        answer: Callable[[Request], Response],
        conduct: Callable[[], Conduct],
        now: Callable[[], datetime],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Make a server that is not open yet.

        Args:
            answer: gives the response to a request; must not block.
            conduct: says, for each request and each `follow`, how to behave.
            now: the world's clock, for the Date header.
            sleep: waits a number of seconds before a slow answer.
        """
        self._answer = answer
        self._conduct = conduct
        self._now = now
        self._sleep = sleep
        self._port = 0
        self._server: asyncio.Server | None = None
        self._reservation: socket.socket | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._owed_failures = 0.0

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, once it is open."""
        assert self._port, "the server has not been opened"
        return f"http://{HOST}:{self._port}"

    async def open(self) -> None:
        """Take an ephemeral port and behave as `conduct` says.

        Raises:
            OSError: loopback has no free port.
        """
        self._reservation = self._bound_socket()
        self._port = self._reservation.getsockname()[1]
        await self.follow()

    async def follow(self) -> None:
        """Start or stop listening, as `conduct` says now.

        Raises:
            OSError: somebody else took the port in the moment between the two.
        """
        refusing = self._conduct().behaviour is Behaviour.REFUSING
        if refusing and self._server is not None:
            await self._stop_listening()
            # Bound but not listening: connections are refused and nobody else gets the port.
            self._reservation = self._bound_socket()
        elif not refusing and self._server is None:
            self._release()
            listening = self._bound_socket()
            self._server = await asyncio.start_server(self._accept, sock=listening, limit=MAX_HEAD_BYTES)

    async def close(self) -> None:
        """Reset what is open and give the port back."""
        await self._stop_listening()
        self._release()

    def _bound_socket(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setblocking(False)
            made.bind((HOST, self._port))
        except OSError:
            made.close()
            raise
        return made

    def _release(self) -> None:
        if self._reservation is not None:
            self._reservation.close()
            self._reservation = None

    async def _stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        connections = tuple(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            _reset(writer)
            return
        # A task of our own: asyncio 3.11 reports the cancelling of one that it made as an error.
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        # Whoever got an answer has it by then; everybody else gets a reset. Not at the end of the task itself: one
        # that is cancelled before it began never gets there, and its client would wait for ever.
        task.add_done_callback(lambda _task: _reset(writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            # The client left (ENOTCONN is no ConnectionError) or dawdled: its right, and there is nobody to tell.
            pass

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            request = await read_request(reader)
        conduct = self._conduct()
        if conduct.behaviour in {Behaviour.RESETTING, Behaviour.REFUSING}:
            return
        if conduct.behaviour is Behaviour.HANGING:
            await _until_client_leaves(reader)
            return
        if conduct.delay_s:
            await self._sleep(conduct.delay_s)
        await self._send(writer, request, self._response(request, conduct))
        await _until_client_leaves(reader)

    def _response(self, request: Request | Response, conduct: Conduct) -> Response:
        if isinstance(request, Response):
            return request
        if self._fails(conduct):
            return json_response({"status": "unavailable"}, HTTPStatus.SERVICE_UNAVAILABLE)
        return self._answer(request)

    def _fails(self, conduct: Conduct) -> bool:
        """Whether this request is one of the failing share; evenly spread, so the same on every run."""
        if conduct.behaviour is Behaviour.FAILING:
            return True
        if not conduct.failing_share:
            self._owed_failures = 0.0
            return False
        self._owed_failures += conduct.failing_share
        if self._owed_failures < 1.0:
            return False
        self._owed_failures -= 1.0
        return True

    async def _send(self, writer: asyncio.StreamWriter, request: Request | Response, response: Response) -> None:
        status = HTTPStatus(response.status)
        headers = {
            "Date": format_datetime(self._now(), usegmt=True),
            "Content-Type": response.content_type,
            "Content-Length": str(len(response.body)),
            "Connection": "close",
            **response.headers,
        }
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        writer.write(head.encode("latin-1") + b"\r\n")
        if not (isinstance(request, Request) and request.method == "HEAD"):
            writer.write(response.body)
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await writer.drain()
            writer.write_eof()


async def read_request(reader: asyncio.StreamReader) -> Request | Response:
    """Read one request; one that is not HTTP, or too long, gives the response that says so.

    Raises:
        asyncio.IncompleteReadError: the client left before the end.
    """
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError:
        return text_response("Request Header Fields Too Large\n", HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    start, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    try:
        method, target, version = start.split(" ")
        parts = urlsplit(target)
        headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        length = int(headers.get("content-length", "0"))
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return text_response("Bad Request\n", HTTPStatus.BAD_REQUEST)
    if not version.startswith("HTTP/1.") or length < 0 or "transfer-encoding" in headers:
        return text_response("Bad Request\n", HTTPStatus.BAD_REQUEST)
    if length > MAX_BODY_BYTES:
        return text_response("Content Too Large\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = await reader.readexactly(length)
    form: list[tuple[str, str]] = []
    if headers.get("content-type", "").split(";")[0] == "application/x-www-form-urlencoded":
        form = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
    # A dict keeps the last of a name: reversed, that is the first one said, with the form before the query.
    return Request(method, parts.path, dict(reversed([*form, *query])), headers, body)


async def _until_client_leaves(reader: asyncio.StreamReader) -> None:
    """Wait until the client closes its side, and throw away what it still says."""
    async with asyncio.timeout(LONGEST_HANG_S):
        while await reader.read(MAX_HEAD_BYTES):
            pass


def _reset(writer: asyncio.StreamWriter) -> None:
    if not writer.transport.is_closing():
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        writer.transport.abort()
