"""Connections from other machines: encrypted or not at all, each known by its address, so many at a time.

Whoever connects and says nothing, or speaks no TLS, holds a place for some seconds, and not more than a few at once.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from wedtui.control.certificate import Certificate
from wedtui.control.limits import Door
from wedtui.control.protocol import LASTS_S, last_words
from wedtui.errors import ServiceError

log = structlog.get_logger(__name__)

SHAKES_HANDS_WITHIN_S = 5.0
ENDS_WITHIN_S = 2.0
TRIES_AGAIN_S = 1.0
BACKLOG = 64


def listening_on(address: str, port: int) -> socket.socket:
    """Return a socket of TCP that listens.

    Raises:
        ServiceError: the address cannot be had.
    """
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind((address, port))
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        raise ServiceError(
            f"pipelines cannot be answered on {address} port {port} ({error.strerror}): see who holds it, or correct "
            "control.listen"
        ) from None
    return made


class _Encrypted(H11Protocol):
    """HTTP/1.1 that ends after a while, whatever is said."""

    left: Callable[[], None] | None = None
    """Called once the connection has ended."""
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._end = self.loop.call_later(LASTS_S, self._enough)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._end is not None:
            self._end.cancel()
        if self.left is not None:
            self.left()

    def _enough(self) -> None:
        with suppress(h11.LocalProtocolError):
            # What is being answered is answered first.
            self.shutdown()

    def send_400_response(self, msg: str) -> None:
        # In the middle of an answer there is nothing that could still be said.
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE} and not self.transport.is_closing():
            sentence = "this is no HTTP that can be read: send HTTP/1.1 with short headers"
            self.transport.write(last_words(400, "invalid", sentence))
        self.transport.close()


class EncryptedServer(uvicorn.Server):
    """Accepts for itself: before both have shaken hands somebody is counted already, and the certificate may change."""

    def __init__(self, config: uvicorn.Config, certificate: Certificate, door: Door) -> None:
        super().__init__(config)
        self._certificate, self._door = certificate, door
        self._accepting: list[asyncio.Task[None]] = []
        self._shaking: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept on sockets that listen."""
        await self.lifespan.startup()
        self.servers = []
        self._accepting = [asyncio.create_task(self._accept(each)) for each in sockets or []]
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, and answer what is being answered."""
        for task in (*self._accepting, *self._shaking):
            task.cancel()
        await asyncio.gather(*self._accepting, *self._shaking, return_exceptions=True)
        await super().shutdown(sockets)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                # No file is free, most of all: those who are inside end within a minute.
                log.warning("nobody is let in", why=error.strerror)
                await asyncio.sleep(TRIES_AGAIN_S)
                continue
            host = str(address[0])
            if not self._door.enter(host):
                connection.close()
                continue
            task = asyncio.create_task(self._let_in(connection, host))
            self._shaking.add(task)
            task.add_done_callback(self._shaking.discard)

    async def _let_in(self, connection: socket.socket, host: str) -> None:
        """Shake hands; whoever cannot is gone, and whoever can leaves by the end of the connection."""
        inside = True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self._door.leave(host)

        def made() -> Any:
            protocol = _Encrypted(self.config, self.server_state, {})
            protocol.left = leave
            return protocol

        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                made,
                connection,
                ssl=self._certificate.context(),
                ssl_handshake_timeout=SHAKES_HANDS_WITHIN_S,
                ssl_shutdown_timeout=ENDS_WITHIN_S,
            )
        except (OSError, ssl.SSLError, EOFError) as error:
            log.debug("no TLS", address=host, why=type(error).__name__)
            connection.close()
            leave()
        except BaseException:
            connection.close()
            leave()
            raise
