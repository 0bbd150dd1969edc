"""A socket between a dashboard and its service, which passes every byte on and knows what was asked."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from pathlib import Path

_GIVES = re.compile(rb"POST /v1/(?:actions/\d+/(?:confirm|approve)|freeze-confirmations) HTTP")
_ASKED = re.compile(rb"POST /v1/actions HTTP")


class Relay:
    """Listens where a dashboard asks, and asks the service in its place.

    What is counted is what arrived, byte for byte, before any of it is passed on, whatever the service makes of it.
    """

    def __init__(self, path: Path, service: Path) -> None:
        self._service = service
        self._heard: list[bytearray] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(16)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def words(self) -> list[bytes]:
        """Every request that gives somebody's word for a plan."""
        return [found for heard in list(self._heard) for found in _GIVES.findall(bytes(heard))]

    @property
    def requests(self) -> int:
        """How many changes of shares were asked for."""
        return sum(len(_ASKED.findall(bytes(heard))) for heard in list(self._heard))

    def close(self) -> None:
        """Listen no more; whoever is connected sees the end."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(30)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                asks, _ = self._listening.accept()
                serves = socket.socket(socket.AF_UNIX)
                try:
                    serves.connect(str(self._service))
                except OSError:
                    asks.close()
                    continue
                heard = bytearray()
                self._heard.append(heard)
                for pair in ((asks, serves, heard), (serves, asks, None)):
                    threading.Thread(target=_pass_on, args=pair, daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket, heard: bytearray | None) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            if heard is not None:
                heard += data
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)
