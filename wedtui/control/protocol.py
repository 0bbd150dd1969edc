"""One connection: who is at its other end is asked of the kernel once, before anything that was sent is read."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from wedtui.control.answers import Problem
from wedtui.control.desk import written
from wedtui.control.guard import PEER
from wedtui.control.identity import Peer, peer_of
from wedtui.control.limits import Door

_TOO_MANY = (
    "too many connections are open: it was not done; the service itself goes on: close some, or try again in a minute"
)
LASTS_S = 60.0
"""How long a connection may last: whoever says nothing must not hold one for ever."""


class _Known:
    """An application that is told who asks."""

    def __init__(self, app: ASGIApp, peer: Peer) -> None:
        self._app = app
        self._peer = peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, PEER: self._peer}, receive, send)


def protocol_of(door: Door) -> type[H11Protocol]:
    """Return the protocol of connections that come through a door."""

    class Identified(H11Protocol):
        """HTTP/1.1 with somebody who is known."""

        _peer: Peer | None = None
        _end: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            # asyncio hands out a wrapper; what the kernel says is asked of it as of a socket.
            peer = peer_of(transport.get_extra_info("socket"))
            if not door.enter(peer.uid):
                transport.write(last_words(429, "too-many", _TOO_MANY))
                transport.close()
                return
            self._peer = peer
            self.app = _Known(self.app, peer)
            self._end = self.loop.call_later(LASTS_S, self._enough)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self._end is not None:
                self._end.cancel()
            if self._peer is not None:
                door.leave(self._peer.uid)
                self._peer = None

        def data_received(self, data: bytes) -> None:
            if self._peer is not None:
                super().data_received(data)

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

    return Identified


def last_words(status: int, word: str, sentence: str) -> bytes:
    """Return a whole answer, after which the connection is closed."""
    body = written(Problem(word, sentence)).encode()
    connection: Any = h11.Connection(h11.SERVER)
    head = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    parts = [
        h11.Response(status_code=status, headers=list(head.items())),
        h11.Data(data=body),
        h11.EndOfMessage(),
    ]
    return b"".join(connection.send(part) or b"" for part in parts)
