"""Serving the service's figures to a Prometheus on this machine: `GET /metrics`, on loopback, and nothing else.

It has a thread of its own and answers one asker at a time: a user of this machine who opens connections and says
nothing keeps other askers waiting, never the service, and costs it no more than one file descriptor.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from wedtui.config_values import loopback_parts
from wedtui.errors import ServiceError

PATH = "/metrics"
PATIENCE_S = 2.0
"""How long an asker may say nothing, or take nothing."""
POLL_S = 0.25

_Start = Callable[..., Any]


class _Handler(WSGIRequestHandler):
    """Writes no log, and does not wait for ever."""

    timeout = PATIENCE_S

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the request line is the asker's and may be anything."""


class _Server(WSGIServer):
    """One asker at a time, on an address that is a number."""

    def server_bind(self) -> None:
        """Take the address without asking a name server for its name, as the base class would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: an asker that went away is its own affair, and a traceback could quote what it sent."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class Exposition:
    """Figures that are being served, until it is closed."""

    def __init__(self, address: str, registry: CollectorRegistry) -> None:
        """Take the address and serve on it.

        Args:
            address: as the configuration writes it, `127.0.0.1:9464`; port 0 is any that is free.
            registry: the figures.

        Raises:
            ServiceError: the address cannot be had.
        """
        host, port = loopback_parts(address)
        try:
            self._server = (_Server6 if ":" in host else _Server)((host, port), _Handler)
        except OSError as error:
            raise ServiceError(
                f"the figures cannot be served on {address} ({error.strerror}): free that port, or name another with "
                "service.metrics"
            ) from None
        self._server.set_app(_only(PATH, make_wsgi_app(registry)))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": POLL_S}, name="metrics", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._server.server_port

    def close(self) -> None:
        """Stop serving; an answer that is under way is finished first, which takes a moment."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _only(path: str, app: Callable[[dict[str, Any], _Start], Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Answer one path; the library answers every one."""

    def answer(environ: dict[str, Any], start: _Start) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != path:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [f"the figures are at {path}\n".encode()]
        if environ.get("REQUEST_METHOD") not in {"GET", "HEAD"}:
            start("405 Method Not Allowed", [("Content-Type", "text/plain"), ("Allow", "GET, HEAD")])
            return [b"the figures can only be read\n"]
        return app(environ, start)

    return answer
