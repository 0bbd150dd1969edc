"""Telling systemd how the service is, by its own small protocol: one datagram to the socket that it names.

Source: sd_notify(3). Without `NOTIFY_SOCKET` nothing is said; a message that cannot be sent is dropped, because the
only one who could act on it is the one who does not listen.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

import structlog

log = structlog.get_logger(__name__)

VARIABLE = "NOTIFY_SOCKET"


class Notifier:
    """Says READY, WATCHDOG and STOPPING; never blocks."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Open the way to systemd where there is one.

        Args:
            environ: where `NOTIFY_SOCKET` may name a socket, by its path or, after `@`, in the abstract namespace.
        """
        name = environ.get(VARIABLE, "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self._socket: socket.socket | None = None
        if name.startswith(("/", "@")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)

    def ready(self) -> None:
        """Say that the service watches."""
        self._say(f"READY=1\nMAINPID={os.getpid()}")

    def alive(self) -> None:
        """Say that the service still gets round to its work."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the service is about to end."""
        self._say("STOPPING=1")

    def close(self) -> None:
        """Let the socket go."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _say(self, message: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as error:
            log.warning("systemd could not be told", what=message.partition("=")[0], error=error.strerror)
