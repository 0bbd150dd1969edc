"""The control socket within the service's process: a thread of its own, with an event loop of its own.

The service's own loop and its recorder never wait for it: whoever asks, however slowly or much, delays no heartbeat.
What keeps the socket from being opened is a problem that people see, and is tried again.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from wedtui.clock import Clock
from wedtui.config_control import ControlSection
from wedtui.control.desk import Desk
from wedtui.core.picture import ServiceFacts
from wedtui.core.roles import Demand
from wedtui.errors import ServiceError

if TYPE_CHECKING:
    import uvicorn

    from wedtui.control.guard import Guard
    from wedtui.control.office import Alerting, Changes, Freezes, Releasing

log = structlog.get_logger(__name__)

TRY_AGAIN_S = 10.0
OPENS_WITHIN_S = 5.0
KEEP_ALIVE_S = 15
ENDS_WITHIN_S = 3
HEADERS_AT_MOST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What is served, and where."""

    path: Path
    """Of the socket."""
    section: ControlSection
    facts: Callable[[], ServiceFacts]
    """Of the service; called by any thread."""
    tell: Callable[[str | None], None]
    """Told why the socket cannot be served, and None once it is."""
    changes: Changes | None = None
    """Who changes shares; None where no backend of traffic is configured."""
    demands: Mapping[str, frozenset[Demand]] = field(default_factory=dict)
    """What is demanded beside the role, of actions that wait for a confirmation."""
    freezes: Freezes | None = None
    """Who plans what is frozen."""
    alerting: Alerting | None = None
    """Who knows of rules, alerts and channels."""
    releases: Releasing | None = None
    """Who knows of releases, and how each kind is done."""


async def _until_told(server: uvicorn.Server, app: Guard, listening: socket.socket) -> None:
    """Serve until told to end; what the guard only counted is put on record then."""
    try:
        await server.serve(sockets=[listening])
    finally:
        await app.close()


class ControlServer:
    """Serves the control socket, until it is closed."""

    def __init__(self, plan: Plan, desk: Desk, clock: Clock) -> None:
        self._plan = plan
        self._desk = desk
        self._clock = clock
        self._closing = threading.Event()
        self._tried = threading.Event()
        self._server: uvicorn.Server | None = None
        self._said: str | None = None
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start(self) -> None:
        """Begin; return once the socket is served, or it is known that it cannot be yet."""
        self._thread.start()
        self._tried.wait(OPENS_WITHIN_S)

    def close(self) -> None:
        """Answer what is being answered, then stop, and let go of socket and ledger."""
        self._closing.set()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._desk.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._serve()
            except ServiceError as error:
                self._trouble(str(error))
            except Exception as error:
                # Anything: a mistake of ours here must not end the watching, and only our own sentences hold no secret.
                self._trouble(f"the control socket failed ({type(error).__name__}); see the log")
            self._tried.set()
            self._closing.wait(TRY_AGAIN_S)

    def _trouble(self, sentence: str) -> None:
        if self._said != sentence:
            log.error("the control socket is not served", problem=sentence)
            self._desk.unserved(sentence)
        self._said = sentence
        self._plan.tell(sentence)

    def _serve(self) -> None:
        """Serve until told to end.

        Raises:
            ServiceError: the socket cannot be had.
        """
        # They take half a second, and nobody but the service needs them.
        import uvicorn  # noqa: PLC0415

        from wedtui.control.api import build  # noqa: PLC0415
        from wedtui.control.identity import gid_of  # noqa: PLC0415
        from wedtui.control.limits import Door, Limits  # noqa: PLC0415
        from wedtui.control.listening import Listening  # noqa: PLC0415
        from wedtui.control.office import office_of  # noqa: PLC0415
        from wedtui.control.protocol import protocol_of  # noqa: PLC0415

        section = self._plan.section
        limits = Limits(section.requests_per_minute, section.actions_per_minute)
        app = build(office_of(self._plan, self._desk), limits, self._clock)
        config = uvicorn.Config(
            app,
            http=protocol_of(Door()),
            ws="none",
            loop="asyncio",
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
        listening = Listening(self._plan.path, gid_of(section.group) if section.group is not None else None)
        try:
            self._server = uvicorn.Server(config)
            self._server.should_exit = self._closing.is_set()
            self._said = None
            self._plan.tell(None)
            log.info("asked on", socket=str(self._plan.path))
            self._tried.set()
            asyncio.run(_until_told(self._server, app, listening.socket))
        finally:
            listening.close()
