"""Having something done once, in one transaction with the answer that is kept of it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import Future

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

Asks = Callable[[Once], Future[Action]]
"""Asks for a move; raises what the move does, and what can be said before it."""


def act(caller: Caller, body: Body, permission: Permission, work: Work) -> Response:
    """Have something done once, and answer what is kept of it."""
    asked = Asked(caller.who, permission, caller.what, caller.key, digest_of(caller.what, body))
    return replied(*caller.office.desk.act(asked, work))


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
        became = await asyncio.wrap_future(ask(once))
    except AnsweredBeforeError as answered:
        return replied(answered.given, before=True)
    except KeyReusedError:
        raise
    except tuple(REFUSALS) as error:
        if once.settled:
            raise
        asked = Asked(caller.who, permission, caller.what, caller.key, once.digest)
        try:
            return replied(*await asyncio.to_thread(caller.office.desk.refuse, asked, error))
        except (StoreError, ServiceError):
            # Nothing was done, and whoever sends it again is refused again.
            raise error from None
    status, answer = _written(became)
    return replied(StoredAnswer(once.digest, status, answer), before=False)


def _written(became: Action | WedtuiError) -> tuple[int, str]:
    if isinstance(became, Action):
        return DONE, written(action_is(became))
    response = of_error(became)
    return response.status_code, bytes(response.body).decode()


def digest_of(what: str, body: Body | None) -> str:
    """Return the SHA-256 of a request: two are the same if they ask for the same, however they are written."""
    asked = json.dumps(None if body is None else body.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(f"{what}\n{asked}".encode()).hexdigest()
