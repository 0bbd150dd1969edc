"""A server on loopback that misbehaves as it is told to.

Each connection has a thread of its own, so a fault that hangs keeps nobody else waiting; whatever hangs ends
when the server is closed.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Exchange:
    """One connection, after its request was read."""

    connection: socket.socket
    request: Request
    closing: threading.Event
    """Set when the server is closed."""


Fault = Callable[[Exchange], None]
"""What to do with a connection; it is closed afterwards."""


def answer(
    body: bytes = b"ok\n",
    *,
    status: str = "200 OK",
    headers: Mapping[str, str] | None = None,
    length: int | None = None,
) -> Fault:
    """Answer as HTTP does; `length` can promise another length than the body has."""
    lines = {"Content-Length": str(len(body) if length is None else length), **(headers or {})}
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"

    def fault(exchange: Exchange) -> None:
        exchange.connection.sendall(head.encode() + (b"" if exchange.request.method == "HEAD" else body))

    return fault


def raw(data: bytes) -> Fault:
    """Send bytes, whatever they are, and close."""
    return lambda exchange: exchange.connection.sendall(data)


def then_hang(data: bytes = b"") -> Fault:
    """Send bytes and nothing more."""

    def fault(exchange: Exchange) -> None:
        exchange.connection.sendall(data)
        exchange.closing.wait()

    return fault


def drip(exchange: Exchange) -> None:
    """Send a body that never ends, a byte at a time."""
    exchange.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not exchange.closing.wait(0.01):
        exchange.connection.sendall(b".")


def flood(exchange: Exchange) -> None:
    """Send a body that never ends, as fast as it is taken."""
    exchange.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nready ")
    while not exchange.closing.is_set():
        exchange.connection.sendall(b"x" * 65536)


def close(exchange: Exchange) -> None:
    """Close without an answer."""


def reset(exchange: Exchange) -> None:
    """Reset the connection instead of closing it."""
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def in_turn(*faults: Fault) -> Fault:
    """Do one thing at the first request, another at the second, the last one ever after."""
    left = list(faults)

    def fault(exchange: Exchange) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return fault


@dataclass
class FaultServer:
    """A server whose paths answer as their faults say; others answer 404."""

    faults: Mapping[str, Fault]
    context: ssl.SSLContext | None = None
    """Speaks TLS with it."""
    hangs_at_once: bool = False
    """Accepts and then neither reads nor writes."""
    closes_at_once: bool = False
    """Accepts, reads a little and closes."""
    greets: bytes = b""
    """Speaks first, as SSH and SMTP do."""
    keeps_alive: bool = False
    """Takes another request on the same connection."""
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._closing = threading.Event()
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self._open: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        # shutdown() wakes accept(); close() alone would not.
        for open_socket in (self._listener, *self._open):
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)
            open_socket.close()
        self._accepting.join()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def url(self, path: str = "/", *, scheme: str | None = None) -> str:
        return f"{scheme or ('https' if self.context else 'http')}://{HOST}:{self.port}{path}"

    @property
    def connections(self) -> int:
        """How many connections have been accepted."""
        return len(self._open)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that goes away, or a server that is closed, ends any of this.
        with suppress(OSError, ValueError), connection:
            if self.hangs_at_once:
                self._closing.wait()
                return
            if self.closes_at_once:
                connection.recv(1)
                return
            connection.sendall(self.greets)
            spoken = self.context.wrap_socket(connection, server_side=True) if self.context else connection
            with spoken:
                while (request := _read_request(spoken)) is not None:
                    self.requests.append(request)
                    fault = self.faults.get(request.target.partition("?")[0], answer(status="404 Not Found"))
                    fault(Exchange(spoken, request, self._closing))
                    if not self.keeps_alive:
                        return


def _read_request(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Request(method, target, headers, body)


@contextmanager
def refusing_port() -> Iterator[int]:
    """Give a port that is taken, so that nobody else gets it, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        yield taken.getsockname()[1]


@contextmanager
def unaccepting_port() -> Iterator[int]:
    """Give a port that neither accepts nor refuses: its queue is full, so that the kernel drops what arrives."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind((HOST, 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            with suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        yield listener.getsockname()[1]
