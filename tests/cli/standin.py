"""A stand-in for the service that acts: it answers on the control socket, and what it says is the test's to set."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tests.core.emergency import NOW, SECOND, facts, leave
from wedtui.control.answers import ActionIs, PlanIs, StepIs
from wedtui.core.failover import plan, plan_json

PLAN = plan(leave("aws"), facts(), NOW)
AWAITING = ActionIs(
    id=7,
    kind="failover",
    target="aws",
    resource="traffic",
    person="ann",
    reason="AWS is down",
    requested_at=NOW,
    state="awaiting confirmation",
    outcome=None,
    plan=plan_json(PLAN),
    digest=PLAN.digest,
    expires_at=PLAN.expires_at,
    needs=[],
    confirmed_by=None,
    confirmed_at=None,
    deadline=None,
    cancelled_by=None,
    ended_at=None,
    sentence="",
    steps=[],
)
CONFIRMED = replace(
    AWAITING, state="confirmed", confirmed_by="ann", confirmed_at=NOW + 20 * SECOND, deadline=NOW + 50 * SECOND
)


def step(name: str, begun: float, took: float | None = None, **other: Any) -> StepIs:
    """Return a step that began so many seconds after the confirmation, and took so many."""
    at = NOW + (20 + begun) * SECOND
    ended = None if took is None else at + timedelta(seconds=took)
    made = StepIs(name, "intended" if took is None else "done", at, ended, name == "submit", False, "")
    return replace(made, **other)


SUBMITTED = step("submit", 0.2, 0.8)
IN_SYNC = step("in sync", 1, 30)
RUNNING = replace(CONFIRMED, state="claimed", steps=[SUBMITTED, step("in sync", 1)])
VERIFIED = replace(
    CONFIRMED,
    state="ended",
    outcome="verified",
    ended_at=NOW + 52 * SECOND,
    sentence="azure 63, gcp 37: watched",
    steps=[SUBMITTED, IN_SYNC],
)

Answer = tuple[int, Any]


@dataclass
class Standin:
    """What it says, and what it was asked."""

    action: ActionIs = AWAITING
    """As it is after it was asked for."""
    story: list[ActionIs] = field(default_factory=lambda: [CONFIRMED, RUNNING, VERIFIED])
    """As it is from the confirmation on, one for each look; the last stays."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    instead: dict[str, Answer | Callable[[], Answer]] = field(default_factory=dict)
    """Path -> what it answers there, once, instead."""

    def paths(self, method: str = "POST") -> list[str]:
        return [path for how, path, _ in self.asked if how == method]

    def answer(self, method: str, path: str, body: Any) -> Answer:
        self.asked.append((method, path, body))
        special = self.instead.pop(f"{method} {path}", None)
        if special is not None:
            return special() if callable(special) else special
        if path == "/v1/plans":
            return 200, PlanIs(self.action.plan or {}, self.action.digest, self.refused)
        if method == "GET" and path in {"/v1/open-actions", "/v1/actions"}:
            return 200, [self.action] if path == "/v1/open-actions" else [VERIFIED, self.action]
        return self._of_action(method, path, body)

    def _of_action(self, method: str, path: str, body: Any) -> Answer:
        if path.endswith("/confirm"):
            if (body["digest"], body["typed"]) != (self.action.digest, self.action.target):
                return problem(409, "the plan has changed since it was shown")
            self.action = self.story.pop(0)
        elif path.endswith("/approve"):
            self.action = replace(self.action, needs=[], approved_by="kay", approved_at=NOW + 5 * SECOND)
        elif path.endswith("/review"):
            self.action = replace(self.action, reviewed_by="kay", reviewed_at=NOW, review=body["sentence"])
        elif path.endswith("/cancel"):
            self.action = replace(
                self.action, state="ended", outcome="cancelled", sentence="cancelled by ann", cancelled_by="ann"
            )
        elif path.endswith("/settle"):
            self.action = replace(self.action, state="ended", outcome="settled", sentence=f"ann: {body['sentence']}")
        elif path not in {"/v1/actions", f"/v1/actions/{self.action.id}"}:
            return problem(404, f"there is no {path}")
        elif method == "GET" and self.action.state not in {"awaiting confirmation", "ended"} and self.story:
            self.action = self.story.pop(0)
        return 200, self.action


def problem(status: int, message: str) -> Answer:
    return status, {"error": "said", "message": message}


@contextmanager
def standing_in(path: Path) -> Iterator[Standin]:
    """Listen on a socket as this user."""
    world = Standin()

    class Handler(BaseHTTPRequestHandler):
        def address_string(self) -> str:
            return "socket"

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Say nothing."""

        def _answer(self) -> None:
            said = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, value = world.answer(self.command, self.path, json.loads(said) if said else None)
            data = (
                json.dumps(value).encode()
                if isinstance(value, Mapping)
                else TypeAdapter[Any](list[ActionIs] if isinstance(value, list) else type(value)).dump_json(value)
            )
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _answer  # noqa: N815 - the names are the library's

    path.parent.mkdir(exist_ok=True)
    server = socketserver.ThreadingUnixStreamServer(str(path), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        path.unlink()
