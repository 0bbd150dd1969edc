"""What answers pipelines on other machines within the service's process: a thread of its own, with its own event loop.

Neither the service nor the control socket waits for it. What keeps it from being opened is a problem that people see,
and is tried again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from wedtui.clock import Clock
from wedtui.control.desk import Desk
from wedtui.control.server import ENDS_WITHIN_S, HEADERS_AT_MOST, KEEP_ALIVE_S, OPENS_WITHIN_S, TRY_AGAIN_S, Plan
from wedtui.errors import ServiceError

if TYPE_CHECKING:
    import socket

    import uvicorn

    from wedtui.control.outside import TokenGuard

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """Where other machines are answered, and with which certificate."""

    address: str
    """Of this machine; without brackets."""
    port: int
    certificate: Path
    key: Path
    tell: Callable[[str | None], None]
    """Told why nobody is answered, or only with an old certificate; and None once all is well."""


async def _until_told(server: uvicorn.Server, app: TokenGuard, listening: socket.socket) -> None:
    """Serve until told to end; what the guard only counted is put on record then."""
    try:
        await server.serve(sockets=[listening])
    finally:
        await app.close()


class OutsideServer:
    """Answers pipelines on other machines, until it is closed; the desk is another's to close."""

    def __init__(self, outside: Outside, plan: Plan, desk: Desk, clock: Clock) -> None:
        self._outside, self._plan, self._desk, self._clock = outside, plan, desk, clock
        self._closing, self._tried = threading.Event(), threading.Event()
        self._server: uvicorn.Server | None = None
        self._said: str | None = None
        self._thread = threading.Thread(target=self._run, name="outside", daemon=True)

    def start(self) -> None:
        """Begin; return once others are answered, or it is known that they cannot be yet."""
        self._thread.start()
        self._tried.wait(OPENS_WITHIN_S)

    def close(self) -> None:
        """Answer what is being answered, then stop."""
        self._closing.set()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._serve()
            except ServiceError as error:
                self._trouble(str(error))
            except Exception as error:
                # Anything: a mistake of ours here must not end the watching, and only our own sentences hold no secret.
                self._trouble(f"answering pipelines failed ({type(error).__name__}); see the log")
            self._tried.set()
            self._closing.wait(TRY_AGAIN_S)

    def _trouble(self, sentence: str) -> None:
        if self._said != sentence:
            log.error("pipelines are not answered", problem=sentence)
        self._said = sentence
        self._outside.tell(sentence)

    def _serve(self) -> None:
        """Serve until told to end.

        Raises:
            ServiceError: address, certificate or key cannot be had.
        """
        # They take half a second, and nobody but the service needs them.
        import uvicorn  # noqa: PLC0415

        from wedtui.control.certificate import Certificate  # noqa: PLC0415
        from wedtui.control.encrypted import EncryptedServer, listening_on  # noqa: PLC0415
        from wedtui.control.limits import Door, Limits  # noqa: PLC0415
        from wedtui.control.office import office_of  # noqa: PLC0415
        from wedtui.control.outside import build_outside  # noqa: PLC0415

        outside, section = self._outside, self._plan.section
        certificate = Certificate(outside.certificate, outside.key, outside.tell)
        limits = Limits(section.requests_per_minute, section.actions_per_minute)
        app = build_outside(office_of(self._plan, self._desk), limits, self._clock)
        config = uvicorn.Config(
            app,
            ws="none",
            loop="asyncio",
            http="h11",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            # Headers never say who asks.
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=ENDS_WITHIN_S,
            h11_max_incomplete_event_size=HEADERS_AT_MOST,
        )
        listening = listening_on(outside.address, outside.port)
        try:
            self._server = EncryptedServer(config, certificate, Door())
            self._server.should_exit = self._closing.is_set()
            self._said = None
            outside.tell(None)
            log.info("pipelines are answered", address=outside.address, port=outside.port)
            self._tried.set()
            asyncio.run(_until_told(self._server, app, listening))
        finally:
            listening.close()
