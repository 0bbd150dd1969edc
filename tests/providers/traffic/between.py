"""A server that stands before another and breaks what goes through it, as it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.providers.traffic.strict_route53 import HOST, Answer, Fault


@dataclass
class Between:
    """What goes through, and what is done to it."""

    url: str
    """Of the other server."""
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """By method; each is used once."""
    asked: list[str] = field(default_factory=list)
    own_url: str = ""
    closing: threading.Event = field(default_factory=threading.Event)

    def handle(self, method: str, target: str, key: str, body: bytes) -> Answer:
        self.asked.append(method)

        def work() -> Answer:
            headers = {"X-API-Key": key}
            answer = httpx.request(method, f"{self.url}{target}", content=body, headers=headers, trust_env=False)
            return Answer(answer.content, answer.status_code)

        waiting = self.faults.get(method)
        return waiting.pop(0)(work) if waiting else work()


def first(do: Callable[[], object]) -> Fault:
    """Do something, and then answer well."""

    def fault(work: Callable[[], Answer]) -> Answer:
        do()
        return work()

    return fault


def then(do: Callable[[], object]) -> Fault:
    """Answer well, and do something before that is heard."""

    def fault(work: Callable[[], Answer]) -> Answer:
        answer = work()
        do()
        return answer

    return fault


def status(number: int, body: bytes = b"no") -> Fault:
    """Refuse, and let nothing through."""
    return lambda _work: Answer(body, number)


@contextmanager
def running(url: str, between: Between | None = None) -> Iterator[Between]:
    """Run one before a server: a plain one, or this."""
    standing = between or Between(url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = standing.handle(self.command, self.path, self.headers.get("X-API-Key", ""), body)
            if answer.silent:
                standing.closing.wait()
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status != 204 or answer.cut:
                self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)
            self.close_connection = answer.cut

        do_GET = do_PATCH = _serve  # noqa: N815 - the names of the base class

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_arguments: object) -> None:
            """Say nothing: who asked may be gone."""

    server = Server((HOST, 0), Handler)
    standing.own_url = f"http://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield standing
    finally:
        standing.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
