"""Having something done once, in one transaction with the answer that is kept of it."""

from __future__ import annotations

import hashlib
import json

from starlette.responses import Response

from wedtui.control.bodies import Body
from wedtui.control.desk import Asked, Work
from wedtui.control.office import Caller
from wedtui.core.roles import Permission


def act(caller: Caller, body: Body, permission: Permission, work: Work) -> Response:
    """Have something done once, and answer what is kept of it."""
    asked = Asked(caller.who, permission, caller.what, caller.key, digest_of(caller.what, body))
    answer, before = caller.office.desk.act(asked, work)
    headers = {"Cache-Control": "no-store", **({"Idempotency-Replayed": "true"} if before else {})}
    return Response(answer.answer, answer.status, headers, "application/json")


def digest_of(what: str, body: Body) -> str:
    """Return the SHA-256 of a request: two are the same if they ask for the same, however they are written."""
    asked = json.dumps(body.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(f"{what}\n{asked}".encode()).hexdigest()
