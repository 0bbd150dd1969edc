"""Tokens by the control socket: made, given another secret and revoked by those who may.

Whoever asks makes the secret and sends its SHA-256: what is kept of requests and their answers holds none.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from wedtui.control.acting import act
from wedtui.control.answers import Problem
from wedtui.control.bodies import ToEnd, TokenToMake, TokenToRotate
from wedtui.control.desk import DONE
from wedtui.control.office import ACTING, Acting, Asking, At, Number
from wedtui.control.token_answers import TokenIs, token_is
from wedtui.core.roles import Permission
from wedtui.ledger.ledger import Ledger
from wedtui.ledger.token_reader import TokenReader
from wedtui.ledger.tokens import TokenWanted


def add_tokens(app: FastAPI) -> None:
    """Add the paths."""
    posts: dict[str, Any] = {"status_code": DONE, "responses": {status: {"model": Problem} for status in ACTING}}

    @app.get("/v1/tokens", summary="The tokens, the newest first; those that were revoked behind the others")
    def list_tokens(_who: Asking, office: At) -> list[TokenIs]:
        now = office.desk.now()
        with closing(TokenReader(office.desk.ledger_url)) as reader:
            return [token_is(each, now) for each in reader.tokens()]

    @app.post(
        "/v1/tokens", response_model=TokenIs, summary="Make a token, of whose secret the SHA-256 is sent", **posts
    )
    def make_token(caller: Acting, body: TokenToMake) -> Response:
        lasts = timedelta(seconds=body.lasts_s)
        wanted = TokenWanted(body.name, body.digest, body.scopes, lasts, body.services, body.environments)

        def make(ledger: Ledger, now: datetime) -> TokenIs:
            return token_is(ledger.make_token(wanted, by=caller.name, at=now), now)

        return act(caller, body, Permission.EDIT_TOKENS, make)

    @app.post("/v1/tokens/{number}/rotate", response_model=TokenIs, summary="Give it another secret", **posts)
    def rotate_token(caller: Acting, number: Number, body: TokenToRotate) -> Response:
        overlap = timedelta(seconds=body.overlap_s)
        lasts = None if body.lasts_s is None else timedelta(seconds=body.lasts_s)

        def rotate(ledger: Ledger, now: datetime) -> TokenIs:
            token = ledger.rotate_token(number, body.digest, overlap=overlap, lasts=lasts, by=caller.name, at=now)
            return token_is(token, now)

        return act(caller, body, Permission.EDIT_TOKENS, rotate)

    @app.post("/v1/tokens/{number}/revoke", response_model=TokenIs, summary="End it at once", **posts)
    def revoke_token(caller: Acting, number: Number, body: ToEnd) -> Response:
        def revoke(ledger: Ledger, now: datetime) -> TokenIs:
            return token_is(ledger.revoke_token(number, by=caller.name, at=now, reason=body.reason), now)

        return act(caller, body, Permission.EDIT_TOKENS, revoke)
