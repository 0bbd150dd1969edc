"""Asking the service about tokens: the secret of one is made here, and only its SHA-256 is sent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from wedtui.control.client import ControlClient
from wedtui.control.token_answers import TokenIs
from wedtui.core.tokens import PREFIX, SECRET_BYTES, digest_of_secret


class Secret(NamedTuple):
    """A token, and the secret that was made for it, which nobody else has."""

    token: TokenIs
    secret: str


class TokenClient:
    """Asks one service. Every method raises what `ControlClient.request` does."""

    def __init__(self, client: ControlClient) -> None:
        """Remember who is asked."""
        self._client = client

    def tokens(self) -> list[TokenIs]:
        """Return the tokens, the newest first."""
        return self._client.request("GET", "/v1/tokens", list[TokenIs])

    def make(
        self,
        name: str,
        scopes: Sequence[str],
        lasts: timedelta,
        *,
        services: Sequence[str] = (),
        environments: Sequence[str] = (),
    ) -> Secret:
        """Make a token; no service and no environment means all."""
        secret = _secret()
        body = {
            "name": name,
            "digest": digest_of_secret(secret),
            "scopes": [*scopes],
            "lasts_s": int(lasts.total_seconds()),
            "services": [*services],
            "environments": [*environments],
        }
        return Secret(self._client.request("POST", "/v1/tokens", TokenIs, body), secret)

    def rotate(self, number: int, overlap: timedelta, lasts: timedelta | None) -> Secret:
        """Give a token another secret; the one before counts for `overlap` as well."""
        secret = _secret()
        body = {
            "digest": digest_of_secret(secret),
            "overlap_s": int(overlap.total_seconds()),
            "lasts_s": None if lasts is None else int(lasts.total_seconds()),
        }
        return Secret(self._client.request("POST", f"/v1/tokens/{number}/rotate", TokenIs, body), secret)

    def revoke(self, number: int, reason: str) -> TokenIs:
        """End a token at once."""
        return self._client.request("POST", f"/v1/tokens/{number}/revoke", TokenIs, {"reason": reason})


def _secret() -> str:
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)
