"""A connection that was kept may be closed just as it is used again."""

from __future__ import annotations

import asyncio
import ssl
from datetime import timedelta

import httpx
import pytest

from tests.providers.faults import Exchange, Fault, FaultServer, answer, in_turn
from wedtui.providers.web import Answer, UnansweredError, WebClient


def drop(exchange: Exchange) -> None:
    """Close the connection that a request came on, without an answer."""
    exchange.connection.close()


def asked(method: str, times: int, *faults: Fault) -> tuple[list[Answer | str], FaultServer]:
    """Ask a few times, one after the other, on connections that are kept where the server keeps them."""

    async def run(url: str) -> list[Answer | str]:
        context = ssl.create_default_context()
        client = WebClient(headers={}, context=context, timeout=timedelta(seconds=5), body_at_most=1000)
        try:
            return [await once(client, url) for _ in range(times)]
        finally:
            await client.close()

    async def once(client: WebClient, url: str) -> Answer | str:
        try:
            return await client.ask(method, httpx.URL(url))
        except UnansweredError as error:
            return str(error)

    with FaultServer({"/": in_turn(*faults)}, keeps_alive=True) as server:
        return asyncio.run(run(server.url("/"))), server


def bodies(found: list[Answer | str]) -> list[bytes | str]:
    return [each.body if isinstance(each, Answer) else each for each in found]


def test_what_changes_nothing_is_asked_again_on_a_new_connection() -> None:
    found, server = asked("GET", 2, answer(b"one"), drop, answer(b"two"))
    assert bodies(found) == [b"one", b"two"]
    assert (len(server.requests), server.connections) == (3, 2)


def test_it_is_asked_again_once() -> None:
    found, server = asked("GET", 2, answer(b"one"), drop)
    assert found[0] != found[1] == "connection closed before its answer was complete"
    assert len(server.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_what_may_have_changed_something_is_not_asked_again(method: str) -> None:
    found, server = asked(method, 2, answer(b"one"), drop, answer(b"two"))
    assert bodies(found) == [b"one", "connection closed before its answer was complete"]
    assert len(server.requests) == 2


def test_a_new_connection_that_is_closed_says_something_about_its_server() -> None:
    found, server = asked("GET", 1, drop, answer())
    assert found == ["connection closed before its answer was complete"]
    assert len(server.requests) == 1
