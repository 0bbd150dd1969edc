"""A small server that speaks AWS's protocols and keeps its rules; it can also break them, when told to.

It finds the region and the service in the signature, as AWS does, and the action in `X-Amz-Target`, the form or the
path. What it answers is in `strict_world`. Faults are asked for by action: throttled, denied, cut, late, dripping.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.providers.aws.strict_world import JSON, QUERY, S3, World, WorldError, style_of

_SCOPE = re.compile(r"Credential=([^/]+)/[0-9]{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    region: str
    service: str
    action: str
    parameters: dict[str, Any]
    key: str
    """The access key that signed it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    content_type: str = "text/xml"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    """The connection is closed after half of the body."""
    wait_s: float = 0.0
    until: threading.Event | None = None
    """Set when it may go."""
    drip_s: float | None = None
    """Seconds between two bytes of the body."""


Fault = Callable[[Request, Answer], Answer]


@dataclass
class StrictAws:
    """The server, its world, and what was asked of it."""

    world: World
    cached: bool = False
    """Whether the world never changes."""
    latency_s: float = 0.0
    """How long every answer takes, as a network does."""
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """By action: each is used once, in turn; the last one for good."""
    asked: list[Request] = field(default_factory=list)
    url: str = ""
    _cache: dict[object, tuple[Request, Answer]] = field(default_factory=dict)

    def fail(self, action: str, *faults: Fault | None) -> None:
        """Use these faults for the next requests of an action; None answers well."""
        self.faults[action] = [fault or well for fault in faults]

    def counted(self) -> Counter[str]:
        """Return how often each action was asked."""
        return Counter(request.action for request in self.asked)

    async def serve(self, ready: Callable[[int], None]) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=512)
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        ready(port)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length") or 0))
                answer = self.answer(head[0].split(" ")[1], headers, body)
                await asyncio.sleep(self.latency_s + answer.wait_s)
                while answer.until is not None and not answer.until.is_set():  # noqa: ASYNC110 (set by another thread)
                    await asyncio.sleep(0.01)
                if not await _send(writer, answer):
                    break
        writer.close()

    def answer(self, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Return what a request is answered."""
        request, answer = self._well(target, headers, body)
        self.asked.append(request)
        waiting = self.faults.get(request.action)
        if waiting:
            fault = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            answer = fault(request, answer)
        return answer

    def _well(self, target: str, headers: dict[str, str], body: bytes) -> tuple[Request, Answer]:
        """Return what is asked and a good answer to it; the same question costs this process no time again."""
        scope = headers.get("authorization", "").partition(", SignedHeaders")[0]
        key = (target, headers.get("x-amz-target"), scope, body)
        if not self.cached or key not in self._cache:
            request = parsed(target, headers, body)
            self._cache[key] = request, self._made(request)
        return self._cache[key]

    def _made(self, request: Request) -> Answer:
        try:
            body = self.world.answer(request.region, request.service, request.action, request.parameters, request.key)
        except WorldError as error:
            return error_answer(request, error.code, error.status)
        style = style_of(request.service)
        return Answer(200, body, "application/x-amz-json-1.1" if style == JSON else "text/xml")


def parsed(target: str, headers: dict[str, str], body: bytes) -> Request:
    """Find out what is asked; an unsigned request is none."""
    scope = _SCOPE.search(headers.get("authorization", ""))
    assert scope is not None, f"a request is not signed: {target}"
    key, region, service = scope.groups()
    if "x-amz-target" in headers:
        action = headers["x-amz-target"].rpartition(".")[2]
        return Request(region, service, action, json.loads(body or b"{}"), key)
    if service == S3:
        parts = urlsplit(target)
        assert parts.path == "/", f"S3 is only asked for its buckets, not for {target}"
        return Request(region, service, "ListBuckets", dict(parse_qsl(parts.query)), key)
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Request(region, service, form.pop("Action"), {k: v for k, v in form.items() if k != "Version"}, key)


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> bool:
    """Send an answer; return whether the connection may be used again."""
    lines = [f"HTTP/1.1 {answer.status} X", f"Content-Type: {answer.content_type}"]
    lines += [f"Content-Length: {len(answer.body)}", *(f"{name}: {value}" for name, value in answer.headers)]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    if answer.drip_s is not None:
        for byte in answer.body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(answer.drip_s)
        return True
    writer.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
    await writer.drain()
    return not answer.cut


def error_answer(
    request: Request, code: str, status: int = 400, headers: tuple[tuple[str, str], ...] = (), message: str = "no"
) -> Answer:
    """Return an error in the words of the service's protocol."""
    style = style_of(request.service)
    if style == JSON:
        body = json.dumps({"__type": f"com.amazonaws#{code}", "message": message})
        return Answer(status, body.encode(), "application/x-amz-json-1.1", headers)
    if style == S3:
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    elif style == QUERY:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        )
    else:
        body = f"<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors></Response>"
    return Answer(status, body.encode(), headers=headers)


def well(_request: Request, answer: Answer) -> Answer:
    """Answer as if nothing were wrong."""
    return answer


def error(code: str, status: int = 400, *, message: str = "no", **headers: str) -> Fault:
    """Return a fault that answers with an error code."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda request, _answer: error_answer(request, code, status, named, message)


def body(content: bytes, status: int = 200, content_type: str = "text/html") -> Fault:
    """Return a fault that answers with something else."""
    return lambda _request, _answer: Answer(status, content, content_type)


def where(region: str, fault: Fault) -> Fault:
    """Return a fault of one region alone."""
    return lambda request, answer: fault(request, answer) if request.region == region else answer


def changed(change: Callable[[bytes], bytes]) -> Fault:
    """Return a fault that changes a good body, and states the length of the new one."""
    return lambda _request, answer: Answer(answer.status, change(answer.body), answer.content_type)


def cut(_request: Request, answer: Answer) -> Answer:
    """Close the connection after half of the body."""
    return Answer(answer.status, answer.body, answer.content_type, cut=True)


def late(seconds: float) -> Fault:
    """Return a fault that answers well, too late."""
    return lambda _request, answer: Answer(answer.status, answer.body, answer.content_type, wait_s=seconds)


def held(fault: Fault, until: threading.Event) -> Fault:
    """Return a fault whose answer waits for an event."""
    return lambda request, answer: replace(fault(request, answer), until=until)


def dripping(seconds: float) -> Fault:
    """Return a fault that sends a byte at a time."""
    return lambda _request, answer: Answer(answer.status, answer.body, answer.content_type, drip_s=seconds)


@contextmanager
def running(world: World) -> Iterator[StrictAws]:
    """Run a server in a thread of its own."""
    server = StrictAws(world)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    task: list[asyncio.Task[None]] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        task.append(loop.create_task(server.serve(lambda _port: started.set())))
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task[0])
        for left in asyncio.all_tasks(loop):
            left.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(120)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(task[0].cancel)
        thread.join(10)
