"""Having something done once, in one transaction with the answer that is kept of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from starlette.responses import Response

from wedtui.control.action_answers import action_is
from wedtui.control.bodies import Body
from wedtui.control.desk import DONE, REFUSALS, Asked, Work, written
from wedtui.control.guard import of_error
from wedtui.control.office import Caller
from wedtui.core.actions import Action
from wedtui.core.roles import Permission
from wedtui.errors import ServiceError, StoreError, WedtuiError
from wedtui.ledger.requests import AnsweredBeforeError, KeyReusedError, Once, StoredAnswer

T = TypeVar("T")
Asks = Callable[[Once], Future[Action]]
"""Asks for a move; raises what the move does, and what can be said before it."""


def act(caller: Caller, body: Body, permission: Permission, work: Work) -> Response:
    """Have something done once, and answer what is kept of it."""
    asked = Asked(caller.who, permission, caller.what, caller.key, digest_of(caller.what, body))
    with _recorded(caller):
        return replied(*caller.office.desk.act(asked, work))


@contextmanager
def _recorded(caller: Caller) -> Iterator[None]:
    """Note that what came of a request is on record once that is so; also that its key belongs to another one."""
    try:
        yield
    except KeyReusedError:
        caller.on_record()
        raise
    caller.on_record()


def replied(answer: StoredAnswer, before: bool) -> Response:
    """Answer what is kept, and say whether it was answered before."""
    headers = {"Cache-Control": "no-store", **({"Idempotency-Replayed": "true"} if before else {})}
    return Response(answer.answer, answer.status, headers, "application/json")


async def move_once(caller: Caller, body: Body | None, permission: Permission, ask: Asks) -> Response:
    """Have an action moved once: its answer is kept with the move, and what was refused before any move is kept too.

    Args:
        caller: who asks.
        body: what is asked, where the path does not say all of it.
        permission: for what, as far as that is known before.
        ask: asks for it; it names the request to whoever makes the move.
    """
    once = Once(caller.name, caller.key, caller.what, digest_of(caller.what, body), _written)
    try:
        with _recorded(caller):
            became = await outcome(lambda: ask(once))
    except AnsweredBeforeError as answered:
        caller.on_record()
        return replied(answered.given, before=True)
    except KeyReusedError:
        raise
    except tuple(REFUSALS) as error:
        if once.settled:
            caller.on_record()
            raise
        return await refused(caller, body, permission, error)
    status, answer = _written(became)
    return replied(StoredAnswer(once.digest, status, answer), before=False)


async def refused(caller: Caller, body: Body | None, permission: Permission, error: WedtuiError) -> Response:
    """Put on record that something was refused before anything was done, and answer that; else raise the refusal."""
    asked = Asked(caller.who, permission, caller.what, caller.key, digest_of(caller.what, body))
    try:
        with _recorded(caller):
            return replied(*await asyncio.to_thread(caller.office.desk.refuse, asked, error))
    except (StoreError, ServiceError):
        # Nothing was done, and whoever sends it again is refused again.
        raise error from None


async def outcome(ask: Callable[[], Future[T]]) -> T:
    """Return what came of something that is done elsewhere.

    Asked is in a thread: whoever is asked may read what is slow first, or wait for others, and nobody else waits.

    Raises:
        ServiceError: it was ended before it was answered.
    """
    asked = await asyncio.to_thread(ask)
    try:
        return await asyncio.wrap_future(asked)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ServiceError("the service ended this before it was answered: ask again") from None


def _written(became: Action | WedtuiError) -> tuple[int, str]:
    if isinstance(became, Action):
        return DONE, written(action_is(became))
    response = of_error(became)
    return response.status_code, bytes(response.body).decode()


def digest_of(what: str, body: Body | None) -> str:
    """Return the SHA-256 of a request: two are the same if they ask for the same, however they are written."""
    asked = json.dumps(None if body is None else body.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(f"{what}\n{asked}".encode()).hexdigest()
