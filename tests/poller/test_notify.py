"""What systemd is told, and that nothing happens where it does not listen."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.poller.service_process import eventually, http_server, make_place
from wedtui.poller.notify import Notifier


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, str]]:
    # The path of a socket has to be short, and pytest's own folders are not.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(f"{folder}/notify")
        server.settimeout(120)
        yield server, f"{folder}/notify"


def test_systemd_is_told(listening: tuple[socket.socket, str]) -> None:
    server, path = listening
    notifier = Notifier({"NOTIFY_SOCKET": path})
    for say, message in (
        (notifier.ready, f"READY=1\nMAINPID={os.getpid()}"),
        (notifier.alive, "WATCHDOG=1"),
        (notifier.stopping, "STOPPING=1"),
    ):
        say()
        assert server.recv(100).decode() == message
    notifier.close()


def test_a_socket_in_the_abstract_namespace() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(f"\0wedtui-test-{os.getpid()}")
        server.settimeout(120)
        notifier = Notifier({"NOTIFY_SOCKET": f"@wedtui-test-{os.getpid()}"})
        notifier.alive()
        assert server.recv(100) == b"WATCHDOG=1"
        notifier.close()


@pytest.mark.parametrize("name", ["", "nowhere", "/nobody/listens/here"])
def test_nobody_listens(name: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.ready()
    notifier.close()
    notifier.alive()


def test_a_socket_that_is_full_does_not_block(listening: tuple[socket.socket, str]) -> None:
    _server, path = listening
    notifier = Notifier({"NOTIFY_SOCKET": path})
    for _ in range(10_000):
        notifier.alive()
    notifier.close()


def test_the_service_says_when_it_watches_that_it_lives_and_that_it_ends(
    listening: tuple[socket.socket, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, path = listening
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    said: list[str] = []

    def heard(word: str) -> bool:
        said.append(server.recv(100).decode())
        return said[-1].startswith(word)

    with http_server() as url:
        service = make_place(tmp_path, url).service()
        eventually(lambda: heard("READY=1"))
        assert said[-1] == f"READY=1\nMAINPID={service.pid}"
        eventually(lambda: heard("WATCHDOG=1"))
        service.terminate()
        eventually(lambda: heard("STOPPING=1"))
        assert service.wait(120) == 0
