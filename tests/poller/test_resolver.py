"""A name that hangs takes nothing from the others, and is looked up once however often it is asked for."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import pytest

from wedtui.poller.resolver import Resolver


def test_a_name_that_hangs_is_asked_once_and_delays_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    hanging = threading.Event()
    real = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: Any) -> Any:
        asked.append(host)
        if host == "hangs.example":
            hanging.wait(120)
        return real("127.0.0.1", *rest)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def work() -> int:
        loop = asyncio.get_running_loop()
        Resolver(loop).install()
        given_up = 0
        for _ in range(100):
            try:
                async with asyncio.timeout(0.001):
                    await loop.getaddrinfo("hangs.example", 80)
            except TimeoutError:
                given_up += 1
            await loop.getaddrinfo("well.example", 80)
        return given_up

    given_up = asyncio.run(work())
    hanging.set()
    assert given_up == 100
    assert asked.count("hangs.example") == 1
    assert asked.count("well.example") == 100


def test_a_name_that_does_not_exist_says_so_to_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def work() -> list[Any]:
        loop = asyncio.get_running_loop()
        Resolver(loop).install()
        return await asyncio.gather(*(loop.getaddrinfo("no.example", 80) for _ in range(3)), return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(work())] == [socket.gaierror] * 3
