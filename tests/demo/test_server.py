"""The providers' servers behave as the state of the world says, seen by a real HTTP client."""

from __future__ import annotations

import asyncio
import socket
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import pytest

from tests.demo.base import BEGAN, FakeClock, running
from wedtui.demo.scenario import Behaviour, Conduct
from wedtui.demo.server import MAX_BODY_BYTES, MAX_CONNECTIONS, LoopbackServer, Request, Response, text_response


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp", "digitalocean"])
def test_a_provider_that_is_well_serves_its_pages(provider: str) -> None:
    async def work() -> None:
        async with running("calm") as world:
            health = await world.probe(provider)
            assert health.status_code == 200
            assert health.json() == {"status": "ok", "provider": provider}
            assert health.headers["content-type"] == "application/json"
            assert parsedate_to_datetime(health.headers["date"]) == BEGAN
            assert "RSVP" in (await world.probe(provider, "/rsvp")).text
            assert "Gallery" in (await world.probe(provider, "/gallery")).text
            assert (await world.probe(provider, "/nowhere")).status_code == 404
            metrics = (await world.probe(provider, "/metrics")).text
            assert "demo_cpu 0." in metrics
            assert metrics.endswith("\n")

    asyncio.run(work())


def test_only_reading_is_allowed() -> None:
    async def work() -> None:
        async with running("calm") as world:
            url = world.addresses.providers["aws"] + "/healthz"
            refused = await world.client.post(url)
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
            head = await world.client.head(url)
            assert (head.status_code, head.content) == (200, b"")
            assert int(head.headers["content-length"]) > 0

    asyncio.run(work())


def test_a_strained_provider_is_slow_and_fails_its_share() -> None:
    async def work() -> None:
        async with running("sick-azure") as world:
            await world.at(28)
            conduct = world.world.state().provider("azure").conduct
            statuses = [(await world.probe("azure")).status_code for _ in range(100)]
            assert world.slept == [conduct.delay_s] * 100
            assert conduct.delay_s > 0.2
            assert abs(statuses.count(503) - 100 * conduct.failing_share) <= 1
            assert statuses.count(503) > 1
            assert set(statuses) == {200, 503}
            assert [(await world.probe("aws")).status_code for _ in range(20)] == [200] * 20

    asyncio.run(work())


def test_a_failing_provider_answers_503_to_everything_and_recovers() -> None:
    async def work() -> None:
        async with running("sick-azure") as world:
            await world.at(35)
            for page in ("/healthz", "/rsvp", "/gallery"):
                assert (await world.probe("azure", page)).status_code == 503
            await world.at(180)
            assert (await world.probe("azure")).status_code == 200

    asyncio.run(work())


def test_a_hanging_provider_never_answers_and_delays_nobody_else() -> None:
    async def work() -> None:
        async with running("sick-azure", patience=0.1) as world:
            await world.at(80)
            with pytest.raises(httpx.ReadTimeout):
                await world.probe("azure")
            answers = await asyncio.gather(
                *(world.probe("azure") for _ in range(20)),
                world.client.get(world.addresses.feed),
                return_exceptions=True,
            )
            assert [type(a) for a in answers] == [httpx.ReadTimeout] * 20 + [httpx.Response]

    asyncio.run(work())


def test_a_provider_that_dies_resets_and_then_refuses_on_the_same_port() -> None:
    async def work() -> None:
        async with running("dead-aws") as world:
            assert (await world.probe("aws")).status_code == 200
            await world.at(22)
            with pytest.raises(httpx.ReadError):
                await world.probe("aws")
            await world.at(30)
            with pytest.raises(httpx.ConnectError):
                await world.probe("aws")
            assert (await world.probe("azure")).status_code == 200
            await world.at(5)
            assert (await world.probe("aws")).status_code == 200

    asyncio.run(work())


def test_refusing_ends_what_was_connected() -> None:
    async def work() -> None:
        behaviour = Behaviour.HANGING
        asked = asyncio.Event()

        def conduct() -> Conduct:
            asked.set()
            return Conduct(behaviour)

        server = LoopbackServer(lambda _: text_response("ok"), conduct, FakeClock().now)
        await server.open()
        asked.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await asked.wait()
        behaviour = Behaviour.REFUSING
        await server.follow()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 60)
        writer.close()
        await server.close()

    asyncio.run(work())


def test_nobody_else_gets_the_port_of_a_provider_that_refuses() -> None:
    async def work() -> None:
        async with running("dead-aws") as world:
            await world.at(30)
            port = urlsplit(world.addresses.providers["aws"]).port
            with socket.socket() as intruder, pytest.raises(OSError, match="in use"):
                intruder.bind(("127.0.0.1", port))

    asyncio.run(work())


async def raw(server: LoopbackServer, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(server.url).port)
    writer.write(data)
    writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 60)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / SPDY/3\r\n\r\n", b"400"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), b"413"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\n", b""),
        (b"", b""),
    ],
)
def test_what_is_not_http_is_answered_or_dropped(data: bytes, status: bytes) -> None:
    async def work() -> None:
        server = LoopbackServer(lambda _: text_response("ok"), Conduct, FakeClock().now)
        await server.open()
        assert (await raw(server, data))[9:12] == status
        assert (await raw(server, b"GET / HTTP/1.1\r\n\r\n"))[9:12] == b"200"
        await server.close()

    asyncio.run(work())


def test_the_answer_to_head_has_no_body() -> None:
    async def work() -> None:
        server = LoopbackServer(lambda _: text_response("ok"), Conduct, FakeClock().now)
        await server.open()
        answer = await raw(server, b"HEAD / HTTP/1.1\r\n\r\n")
        assert b"Content-Length: 2\r\n" in answer
        assert answer.endswith(b"\r\n\r\n")
        await server.close()

    asyncio.run(work())


def test_parameters_come_from_the_query_string_and_from_a_form() -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return text_response("ok")

    async def work() -> None:
        server = LoopbackServer(answer, Conduct, FakeClock().now)
        await server.open()
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"{server.url}/a", params=[("q", "1 +"), ("q", "2"), ("e", "")])
            await client.post(f"{server.url}/b?q=outer&r=3", data={"q": 'x{y="ü"}'})
        await server.close()

    asyncio.run(work())
    assert [(r.method, r.path, dict(r.parameters)) for r in seen] == [
        ("GET", "/a", {"q": "1 +", "e": ""}),
        ("POST", "/b", {"q": 'x{y="ü"}', "r": "3"}),
    ]
    assert [r.headers.get("content-type") for r in seen] == [None, "application/x-www-form-urlencoded"]
    assert [r.body for r in seen] == [b"", b"q=x%7By%3D%22%C3%BC%22%7D"]


def test_connections_are_bounded() -> None:
    async def work() -> None:
        server = LoopbackServer(lambda _: text_response("ok"), lambda: Conduct(Behaviour.HANGING), FakeClock().now)
        await server.open()
        port = urlsplit(server.url).port
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 60)
        for _, connection in [*held, (reader, writer)]:
            connection.close()
        await server.close()

    asyncio.run(work())


def test_a_connection_that_is_cut_before_it_was_served_is_reset_and_not_left_hanging(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    accept = LoopbackServer._accept

    def accept_and_cut(server: LoopbackServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accept(server, reader, writer)
        for connection in server._connections:
            connection.cancel()  # as a port that closes in this moment does

    monkeypatch.setattr(LoopbackServer, "_accept", accept_and_cut)

    async def work() -> None:
        async with running("calm") as world:
            with pytest.raises(httpx.ReadError):
                await world.probe("aws")

    asyncio.run(work())
