"""PagerDuty's Events API v2 and a webhook on loopback: strict about what is sent, stateful, and faulty as told.

What PagerDuty takes is that of its published schema (api-schema, Events v2) and its documentation: lengths, the words
of severity, which fields there are, that a resolve without an open alert is dropped with 202.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
HMAC_KEY = "a key that signs"
_TOP = {"routing_key", "event_action", "dedup_key", "payload", "links", "images", "client", "client_url"}
_PAYLOAD = {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}


@dataclass
class Server:
    """Takes requests; each is met by the next fault, and by none once they are used up.

    Faults: `429`, `429:SECONDS`, `500`, `404`, `400`, `hang`, `lost` (taken, and closed without an answer), `close`
    (not taken), `taken, and hangs`, `redirect`, `200`; of PagerDuty `202` (not in its words) and `swallowed` (accepted,
    and lost).
    """

    faults: list[str] = field(default_factory=list)
    always: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Of every request that was taken: what it says of which episode, in their order."""
    requests: int = 0
    secret: str = ROUTING_KEY
    """What it was sent and repeats in its refusals."""

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.released = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with server.lock:
                    server.requests += 1
                    fault = server.faults.pop(0) if server.faults else server.always
                if fault == "hang":
                    server.released.wait()
                    return
                if fault == "close":
                    return
                if fault and fault not in {"lost", "taken, and hangs"}:
                    self.refuse(fault)
                    return
                with server.lock:
                    status, said = server.take(self.path, dict(self.headers), body)
                if fault == "taken, and hangs":
                    server.released.wait()
                if fault:
                    return
                self.reply(status, said)

            def refuse(self, fault: str) -> None:
                name, _, after = fault.partition(":")
                others: dict[str, tuple[int, object, dict[str, str]]] = {
                    "redirect": (302, {}, {"Location": server.url}),
                    "swallowed": (202, {"status": "success", "message": "Event processed"}, {}),
                }
                if name in others:
                    self.reply(*others[name])
                    return
                said = {
                    "message": f"the key {server.secret} is no good",
                    "errors": [f"{server.secret}?", f"for {self.path}"],
                }
                self.reply(int(name), said, {"Retry-After": after} if after else {})

            def reply(self, status: int, said: object, headers: dict[str, str] | None = None) -> None:
                content = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for key, value in (headers or {}).items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@dataclass
class PagerDuty(Server):
    """Alerts by routing key and dedup key."""

    alerts: dict[str, str] = field(default_factory=dict)
    """Dedup key -> `triggered`, `acknowledged` or `resolved`."""
    summaries: dict[str, str] = field(default_factory=dict)
    opened: int = 0
    """How many alerts were opened: a trigger of one that is open is none."""

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        wrong = self.wrong(path, headers, body)
        if wrong:
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
        event: dict[str, Any] = json.loads(body)
        key, action = event["dedup_key"], event["event_action"]
        self.asked.append((action, key))
        before = self.alerts.get(key)
        if action == "trigger" and before not in {"triggered", "acknowledged"}:
            self.opened += 1
            self.alerts[key] = "triggered"
            self.summaries[key] = event["payload"]["summary"]
        elif action != "trigger" and before in {"triggered", "acknowledged"}:
            self.alerts[key] = f"{action}d"
        return 202, {"status": "success", "message": "Event processed", "dedup_key": key}

    def wrong(self, path: str, headers: dict[str, str], body: bytes) -> list[str]:
        if path != "/v2/enqueue" or headers.get("Content-Type") != "application/json" or len(body) > 512 * 1024:
            return ["path, type or size"]
        event = json.loads(body)
        found = [f"unknown: {each}" for each in set(event) - _TOP]
        if event.get("routing_key") != ROUTING_KEY:
            found.append("invalid routing key")
        if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
            found.append("event_action")
        key = event.get("dedup_key")
        if not isinstance(key, str) or not 0 < len(key) <= 255:
            found.append("dedup_key")
        if event.get("event_action") == "trigger":
            found += self.wrong_payload(event.get("payload") or {})
        return found

    def wrong_payload(self, payload: dict[str, Any]) -> list[str]:
        found = [f"unknown: {each}" for each in set(payload) - _PAYLOAD]
        if not 0 < len(payload.get("summary", "")) <= 1024:
            found.append("summary")
        if not payload.get("source"):
            found.append("source")
        if payload.get("severity") not in {"critical", "error", "warning", "info"}:
            found.append("severity")
        if datetime.fromisoformat(payload["timestamp"]).tzinfo is None:
            found.append("timestamp")
        if not isinstance(payload.get("custom_details"), dict):
            found.append("custom_details")
        return found

    @property
    def open(self) -> list[str]:
        return [self.summaries[key] for key, state in self.alerts.items() if state == "triggered"]


@dataclass
class Webhook(Server):
    """Whoever takes JSON, and looks at its signature."""

    secret: str = HMAC_KEY
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        signed = f"sha256={hmac.new(HMAC_KEY.encode(), body, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(headers.get("Wedtui-Signature", ""), signed):
            return 401, {"message": "not signed"}
        said = json.loads(body)
        self.asked.append((said["event"], said["episode"]))
        self.bodies.append(said)
        self.keys.append(headers["Idempotency-Key"])
        return 204, {}
