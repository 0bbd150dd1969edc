"""A server that takes whoever connects and says nothing costs its readers the time of one attempt, not of each."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.places import SQLITE
from wedtui.cache.kind import CACHE
from wedtui.errors import StoreUnreachableError
from wedtui.ledger.kind import LEDGER
from wedtui.store.kind import Kind
from wedtui.store.opening import readable, writable
from wedtui.store.postgres import place

ONLY_ON = SQLITE
"""No store is behind it."""


class Server:
    """Whom it takes it never answers."""

    def __init__(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        self._listening = listening
        self._taken: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"postgresql://nobody@127.0.0.1:{self._listening.getsockname()[1]}/db"

    @property
    def asked(self) -> int:
        """How often somebody connected."""
        try:
            while True:
                self._taken.append(self._listening.accept()[0])
        except BlockingIOError:
            return len(self._taken)


@pytest.fixture
def server() -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Server(listening)


def reads(server: Server, kind: Kind) -> str:
    """Try to read, and return why that is not possible."""
    with (
        closing(readable(server.url, kind)) as store,
        pytest.raises(StoreUnreachableError) as error,
        store.reading(),
    ):
        pass
    return str(error.value)


def test_readers_do_not_ask_it_again_for_a_while(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "SILENT_FOR_S", 60.0)
    said = reads(server, LEDGER)
    assert server.asked == 1
    assert reads(server, LEDGER) == said
    assert reads(server, CACHE) == said.replace("wedtui_ledger", "wedtui_cache")
    assert server.asked == 1


def test_who_writes_asks_it_all_the_same(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "SILENT_FOR_S", 60.0)
    reads(server, LEDGER)
    with pytest.raises(StoreUnreachableError):
        writable(server.url, LEDGER)
    assert server.asked == 2


def test_after_a_while_readers_ask_it_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "SILENT_FOR_S", 0.0)
    reads(server, LEDGER)
    reads(server, LEDGER)
    assert server.asked == 2
