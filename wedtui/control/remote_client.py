"""Asking a service on another machine: over TLS alone, by a token, of which nothing is ever printed.

Whose certificate it has is checked before anything is sent. No proxy is asked, and nothing else of the environment
counts.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from wedtui.control.client import ANSWERS_WITHIN_S, PATIENCE_S, TRIES, answered, why
from wedtui.core.tokens import SECRET
from wedtui.errors import ConfigurationError, NotPermittedError, ServiceError, ThrottledError

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECTS_WITHIN_S = 5.0
_UNKNOWN = 401

_Answer = TypeVar("_Answer")


class RemoteClient:
    """Asks one service. Used by one thread."""

    def __init__(
        self, url: str, secret: str, authorities: Path | None = None, *, rest: Callable[[float], None] = time.sleep
    ) -> None:
        """Remember where it is asked; nothing is opened yet.

        Args:
            url: `https://HOST:PORT`.
            secret: of the token.
            authorities: whose certificates count, in PEM; None: those of the system.
            rest: lets seconds pass.

        Raises:
            ConfigurationError: one of them cannot be meant; the sentence quotes no secret.
        """
        self._url = _base(url)
        if SECRET.fullmatch(secret) is None:
            raise ConfigurationError("the token is none: expected what `wedtui token create` printed, and nothing else")
        self._secret, self._rest = secret, rest
        self._trust = _trusting(authorities)

    def request(
        self, method: str, path: str, kind: type[_Answer], body: object = None, *, patience: float | None = None
    ) -> _Answer:
        """Ask, and again once the service hears this token again, where that comes soon.

        Args:
            method: of HTTP.
            path: what is asked.
            kind: of the answer.
            body: what is to be done, as JSON takes it.
            patience: how many seconds it may wait.

        Raises:
            WedtuiError: what the service refused, or could not do, in its words.
            ServiceError: it cannot be asked.
        """
        key = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        left = PATIENCE_S if patience is None else patience
        while True:
            response = self._heard(method, path, key, body)
            if response.status_code == _UNKNOWN:
                raise NotPermittedError(
                    f"the token does not count at {self._url}: it may be unknown there, over or revoked; "
                    "`wedtui token list` on its machine says which do"
                )
            try:
                return answered(kind, response)
            except ThrottledError as error:
                if error.wait_s > left:
                    raise
                # It was not done, and the key is the same: at most one of these requests ever is.
                left -= error.wait_s
                self._rest(error.wait_s)

    def _heard(self, method: str, path: str, key: dict[str, str], body: object) -> httpx.Response:
        """Ask, and again where the answer was lost: the same key is the same request."""
        import httpx  # noqa: PLC0415 - most commands ask nothing

        headers = {**key, "Authorization": f"Bearer {self._secret}"}
        timeout = httpx.Timeout(ANSWERS_WITHIN_S, connect=CONNECTS_WITHIN_S)
        lost = ""
        for _ in range(TRIES):
            try:
                with httpx.Client(base_url=self._url, verify=self._trust, timeout=timeout, trust_env=False) as client:
                    return client.request(method, path, json=body, headers=headers)
            except httpx.ConnectError as error:
                if not lost:
                    raise ServiceError(f"{self._url} cannot be asked ({why(error)}): nothing was sent") from None
            except httpx.HTTPError as error:
                lost = why(error)
        raise ServiceError(
            f"{self._url} did not answer ({lost}), and whether it did what was asked for is not known: look before you "
            "ask again"
        )


def _base(url: str) -> str:
    expected = "expected the URL of a service such as https://wedtui.example.com:8443"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(expected) from None
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path not in {"", "/"} or not host:
        raise ConfigurationError(f"{expected}: host and port, and nothing else")
    if parts.scheme != "https":
        raise ConfigurationError(f"{expected}: a token is never sent in the clear")
    named = f"[{host}]" if ":" in host else host
    return f"https://{named}" if port is None else f"https://{named}:{port}"


def _trusting(authorities: Path | None) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - as above

    try:
        context = ssl.create_default_context(cafile=None if authorities is None else str(authorities))
    except (OSError, ssl.SSLError):
        raise ConfigurationError(
            f"{authorities} cannot be used: expected certificates of authorities, in PEM"
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
