"""What stands before every request: who asks, how often, how much; and every error in one shape.

It runs on the socket's own event loop and waits for nothing but the asker and the system's directory of users.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

import structlog
from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wedtui.clock import Clock
from wedtui.control.answers import Problem
from wedtui.control.desk import refusal, written
from wedtui.control.identity import Peer, account_of
from wedtui.control.limits import Limits
from wedtui.control.unheard import Refused, Slip, Unheard
from wedtui.core.roles import Account
from wedtui.core.text import single_line
from wedtui.errors import WedtuiError

log = structlog.get_logger(__name__)

ARMING = "/v1/arming/"
"""Where a dashboard says that a panel is open."""
PLANS = "/v1/plans"
"""Where a plan is asked for, and nothing is done."""
PEER = "wedtui.peer"
ACCOUNT = "wedtui.account"
PERSON = "wedtui.person"
"""Who asks by a token: it is not asked again what she is."""
SLIP = "wedtui.slip"
"""Whoever serves a request notes on it that what came of it is on record."""
BODY_AT_MOST = 64 * 1024
BODY_WITHIN_S = 5.0
_SENTENCE_AT_MOST = 2_000


class RefusedError(Exception):
    """The request is answered here and goes no further."""

    def __init__(self, status: int, word: str, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.response = problem(status, word, sentence, headers)


def problem(status: int, word: str, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the one shape that an error has."""
    text = written(Problem(word, single_line(sentence, _SENTENCE_AT_MOST)))
    return Response(text, status, {"Cache-Control": "no-store", **(headers or {})}, "application/json")


def of_error(error: WedtuiError) -> Response:
    """Return the answer to what wedtui itself refuses or cannot do."""
    status, word = refusal(error)
    return problem(status, word, str(error), {"Retry-After": "5"} if status == 503 else None)


def of_http(error: HTTPException) -> Response:
    """Return the answer to a path or a method that there is not."""
    match error.status_code:
        case 404:
            return problem(404, "not-found", "there is nothing at this path: GET /openapi.json says what there is")
        case 405:
            sentence = "this path has no such method: GET /openapi.json says which it has"
            return problem(405, "method", sentence, error.headers)
        case _:
            return problem(error.status_code, "invalid", "the request cannot be read: send a body of JSON in UTF-8")


def unforeseen(error: Exception) -> Response:
    """Return the answer to a mistake of ours; what it says may quote anything, and is not said."""
    log.error("a request failed", error=type(error).__name__)
    return problem(503, "unavailable", "the service failed at this request: look at its log, and try again")


class Guard:
    """Lets a request in with its asker's account, its body read, or answers it."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        clock: Clock,
        unheard: Unheard,
        accounts: Callable[[Peer], Account] = account_of,
    ) -> None:
        self._app = app
        self._limits = limits
        self._unheard = unheard
        self._clock = clock
        self._accounts = accounts
        self._throttled: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        began = False
        slip = scope[SLIP] = Slip()

        async def sending(message: Message) -> None:
            nonlocal began
            if not began and message["type"] == "http.response.start":
                await self._note(scope, slip, message["status"])
            began = True
            await send(message)

        response: Response
        try:
            replay = await self._let_in(scope, receive)
            await self._app(scope, replay, sending)
            return
        except RefusedError as refused:
            response = refused.response
        except Exception as error:
            # Anything: whoever asks gets a sentence, and never what was underneath.
            if began:
                return
            response = unforeseen(error)
        await response(scope, receive, sending)

    async def close(self) -> None:
        """Put on record what was counted since."""
        await self._unheard.close()

    async def _note(self, scope: Scope, slip: Slip, status: int) -> None:
        """Put on record what was to do something and was answered without anybody having decided it."""
        if status >= 400 and not slip.on_record and acts_on(scope) and scope["path"] != PLANS:
            await self._unheard.note(scope[PEER], Refused(f"{scope['method']} {scope['path']}", status))

    async def _let_in(self, scope: Scope, receive: Receive) -> Receive:
        peer: Peer = scope[PEER]
        acts = acts_on(scope)
        wait = self._limits.take(peer.uid, self._clock.monotonic(), acts=acts)
        if wait is not None:
            self._throttle(peer)
            raise RefusedError(429, "too-many", _too_often(wait, acts=acts), {"Retry-After": str(wait)})
        if scope["query_string"]:
            raise RefusedError(422, "invalid", "expected no query behind the path: what is asked for is in the body")
        body = await read_body(scope, receive)
        scope[ACCOUNT] = await to_thread.run_sync(self._accounts, peer)
        return replay_of(body, receive)

    def _throttle(self, peer: Peer) -> None:
        """Count what is not heard; the log tells of it ever more seldom, so that nobody can fill it."""
        self._throttled[peer.uid] += 1
        times = self._throttled[peer.uid]
        if times & (times - 1) == 0:
            log.warning("throttled", uid=peer.uid, pid=peer.pid, times=times)


def acts_on(scope: Scope) -> bool:
    """Whether a request is to do something; that a panel is open, a dashboard says every few seconds by itself."""
    return scope["method"] not in {"GET", "HEAD"} and not scope["path"].startswith(ARMING)


def _too_often(wait: int, *, acts: bool) -> str:
    limit, what = ("actions", "done") if acts else ("requests", "answered")
    return (
        f"this user asks more often than control.{limit}_per_minute allows: it was not {what}; the service itself "
        f"goes on, and hears this user again in {wait} s"
    )


async def read_body(scope: Scope, receive: Receive) -> bytes:
    """Read the body, as far as it is not too large and comes in time."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced[:12]) > BODY_AT_MOST:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise RefusedError(400, "invalid", "the request ended before its body did: send it again")
                body += message.get("body", b"")
                if len(body) > BODY_AT_MOST:
                    raise _too_large()
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        sentence = f"the body did not come within {BODY_WITHIN_S:g} s: send it at once"
        raise RefusedError(408, "slow", sentence, {"Connection": "close"}) from None


def _too_large() -> RefusedError:
    sentence = f"the body is larger than {BODY_AT_MOST // 1024} KiB: send less"
    return RefusedError(413, "too-large", sentence, {"Connection": "close"})


def replay_of(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read once more, and then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
