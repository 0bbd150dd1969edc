"""What pipelines on other machines may ask: a few paths, each for a token that is good for it, and nothing else.

Who asks is the token. One that is unknown, over or revoked is answered alike, and so is none at all.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

import structlog
from anyio import to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wedtui import __version__
from wedtui.clock import Clock
from wedtui.control.api import on_anything, on_error, on_http, on_invalid
from wedtui.control.guard import PERSON, SLIP, RefusedError, acts_on, of_error, read_body, replay_of, unforeseen
from wedtui.control.identity import Peer
from wedtui.control.limits import Failures, Limits
from wedtui.control.office import Office
from wedtui.control.releases import add_for_pipelines
from wedtui.control.unheard import Refused, Slip, Unheard
from wedtui.core import tokens
from wedtui.core.roles import Account, Person, Role
from wedtui.core.tokens import SECRET, Token, digest_of_secret, token_of
from wedtui.errors import ServiceError, StoreError, WedtuiError
from wedtui.ledger.token_reader import TokenReader

log = structlog.get_logger(__name__)

GATE = "/v1/gate"
USED_TO_WITHIN = timedelta(minutes=10)
"""So much later its last use is noted again."""
GOOD_FOR_S = 3600.0
"""So long a token that was good is heard from an address from which others fail too often."""
STRANGER = Peer(0, -(2**31), 0)
"""In whose name it is counted what came without a token that counts."""
_NOBODY = Person(Account(STRANGER.uid, "no token"), Role.VIEWER, "it came without a token that counts")
_UNKNOWN = "expected a token that counts, in the header Authorization: Bearer TOKEN; `wedtui token list` says which do"
_NOT_HERE = "there is nothing at this path, or a person asks for it at the control socket"


class _Path(NamedTuple):
    method: str
    path: re.Pattern[str]
    needs: tokens.Scope


_NUMBER = "[1-9][0-9]{0,9}"
_PATHS = (
    _Path("POST", re.compile(GATE), tokens.Scope.GATE),
    _Path("GET", re.compile("/v1/releases"), tokens.Scope.READ),
    _Path("GET", re.compile(f"/v1/releases/{_NUMBER}(/log)?"), tokens.Scope.READ),
    _Path("POST", re.compile("/v1/releases"), tokens.Scope.SUBMIT),
    _Path("POST", re.compile(f"/v1/releases/{_NUMBER}/checks"), tokens.Scope.SUBMIT),
)
"""All that a token reaches; what is not here is not there."""


def build_outside(office: Office, limits: Limits, clock: Clock) -> TokenGuard:
    """Return the application that other machines reach, and the guard before it."""
    app = FastAPI(
        title="wedtui for pipelines",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.office = office
    add_for_pipelines(app)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(WedtuiError, on_error)
    app.add_exception_handler(Exception, on_anything)
    return TokenGuard(app, office, limits, clock)


class TokenGuard:
    """Lets a request in whose token is good for it, its body read, or answers it."""

    def __init__(self, app: ASGIApp, office: Office, limits: Limits, clock: Clock) -> None:
        self._app, self._office, self._limits, self._clock = app, office, limits, clock
        self._failures = Failures()
        self._unheard = Unheard(self._tell, clock)
        self._people: dict[int, Person] = {}
        """Number of a token, below 0 -> who asks by it."""
        self._good: dict[str, float] = {}
        """Digest -> when it was good last."""
        self._noting: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        began, asked = False, _Asked(STRANGER, Slip())
        scope[SLIP] = asked.slip

        async def sending(message: Message) -> None:
            nonlocal began
            if not began and message["type"] == "http.response.start":
                await self._note(scope, asked, message["status"])
            began = True
            await send(message)

        response: Response
        try:
            replay = await self._let_in(scope, receive, asked)
            await self._app(scope, replay, sending)
            return
        except RefusedError as refused:
            response = refused.response
        except WedtuiError as error:
            response = of_error(error)
        except Exception as error:
            # Anything: whoever asks gets a sentence, and never what was underneath.
            if began:
                return
            response = unforeseen(error)
        await response(scope, receive, sending)

    async def close(self) -> None:
        """Put on record what was counted since."""
        await asyncio.gather(*self._noting)
        await self._unheard.close()

    async def _let_in(self, scope: Scope, receive: Receive, asked: _Asked) -> Receive:
        token = await self._known(scope)
        person = token.person
        asked.peer = Peer(0, person.account.uid, 0)
        self._people[person.account.uid] = person
        acts = acts_on(scope) and scope["path"] != GATE
        wait = self._limits.take(person.account.uid, self._clock.monotonic(), acts=acts)
        if wait is not None:
            sentence = f"{person.account.name} asks too often: it was not done, and is heard again in {wait} s"
            raise RefusedError(429, "too-many", sentence, {"Retry-After": str(wait)})
        needed = _needed(scope)
        if needed is None:
            raise RefusedError(404, "not-found", _NOT_HERE)
        if not token.good_for(needed):
            has = ", ".join(token.scopes)
            raise RefusedError(403, "refused", f"{person.account.name} is good for {has}, and this takes {needed}")
        if scope["query_string"]:
            raise RefusedError(422, "invalid", "expected no query behind the path: what is asked for is in the body")
        body = await read_body(scope, receive)
        scope[PERSON] = person
        self._used(token)
        return replay_of(body, receive)

    async def _known(self, scope: Scope) -> Token:
        """Return the token of a request.

        Raises:
            RefusedError: it has none that counts, or too many came from its address that had none.
            StoreError: whether it counts cannot be read: nobody is let in.
        """
        secret, address, now = _secret_of(scope), _address_of(scope), self._clock.monotonic()
        digest = None if secret is None else digest_of_secret(secret)
        # Whoever fails beside it, behind the same address, does not keep a pipeline from being heard.
        good = digest is not None and now - self._good.get(digest, -GOOD_FOR_S) < GOOD_FOR_S
        wait = None if good else self._failures.wait(address, now)
        if wait is not None:
            sentence = f"too many requests of this address had no token that counts: it is heard again in {wait} s"
            raise RefusedError(429, "too-many", sentence, {"Retry-After": str(wait)})
        token = None if digest is None else await to_thread.run_sync(self._found, digest)
        if token is None or digest is None:
            self._fail(address, now)
            headers = {"WWW-Authenticate": "Bearer", "Connection": "close"}
            raise RefusedError(401, "unauthorized", _UNKNOWN, headers)
        # No more than there are tokens: only what was good is remembered.
        self._good = {each: at for each, at in self._good.items() if now - at < GOOD_FOR_S} | {digest: now}
        return token

    def _found(self, digest: str) -> Token | None:
        with closing(TokenReader(self._office.desk.ledger_url)) as reader:
            return token_of(reader.tokens(), digest, self._office.desk.now())

    def _fail(self, address: str, now: float) -> None:
        times = self._failures.add(address, now)
        # Ever more seldom, so that nobody can fill the log.
        if times & (times - 1) == 0:
            log.warning("no token that counts", address=address, times=times)

    def _used(self, token: Token) -> None:
        """Note when a token was used, beside what it is used for; nobody waits for that, or is refused for it."""
        now = self._office.desk.now()
        if token.last_used_at is not None and now < token.last_used_at + USED_TO_WITHIN:
            return
        noting = asyncio.create_task(asyncio.to_thread(self._note_use, token.id))
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    def _note_use(self, number: int) -> None:
        with suppress(StoreError, ServiceError):
            self._office.desk.token_used(number)

    async def _note(self, scope: Scope, asked: _Asked, status: int) -> None:
        """Put on record what was to do something, or came without a token, and was answered without a decision."""
        if status < 400 or asked.slip.on_record or status == 429:
            return
        if status in {401, 403} or acts_on(scope):
            said = f"{scope['method']} {scope['path']} from {_address_of(scope)}"
            await self._unheard.note(asked.peer, Refused(said, status))

    def _tell(self, peer: Peer, kind: str, body: Mapping[str, Any]) -> None:
        self._office.desk.note(self._people.get(peer.uid, _NOBODY), kind, body)


class _Asked:
    """One request: in whose name it is noted, and whether that was done."""

    def __init__(self, peer: Peer, slip: Slip) -> None:
        self.peer, self.slip = peer, slip


def _needed(scope: Scope) -> tokens.Scope | None:
    """Return what a token has to be good for; None where nothing is there for any."""
    method, path = scope["method"], scope["path"]
    return next((each.needs for each in _PATHS if each.method == method and each.path.fullmatch(path)), None)


def _secret_of(scope: Scope) -> str | None:
    """Return what a request brings as the secret of a token; None where it brings none that could be one."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1:
        return None
    kind, _, secret = given[0].decode("latin-1").partition(" ")
    return secret if kind.lower() == "bearer" and SECRET.fullmatch(secret) else None


def _address_of(scope: Scope) -> str:
    """Return from where a request came; of IPv6 the network, of which one machine has every address."""
    host = str(scope["client"][0]) if scope.get("client") else "?"
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return "?"
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped is not None else f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
