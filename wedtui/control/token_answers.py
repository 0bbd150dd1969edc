"""What the service answers about tokens, as service and clients both know it: no secret, and nothing made of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wedtui.core.tokens import Token


@dataclass(frozen=True, slots=True)
class TokenIs:
    """A token, and whether it counts."""

    id: int
    name: str
    scopes: list[str]
    """`gate`, `read` or `submit`."""
    services: list[str]
    """None means all."""
    environments: list[str]
    """None means all."""
    counts: bool
    """Whether it is good for anything now."""
    made_by: str
    made_at: datetime
    expires_at: datetime
    rotated_by: str | None
    rotated_at: datetime | None
    former_until: datetime | None
    """Up to when the secret before the newest counts as well; None where there is none that does."""
    revoked_by: str | None
    revoked_at: datetime | None
    revoke_reason: str | None
    last_used_at: datetime | None
    """To within ten minutes."""


def token_is(token: Token, now: datetime) -> TokenIs:
    """Return a token as it is answered."""
    until = token.former_until
    return TokenIs(
        id=token.id,
        name=token.name,
        scopes=[each.value for each in token.scopes],
        services=[*token.services],
        environments=[*token.environments],
        counts=token.holds(now),
        made_by=token.made_by,
        made_at=token.made_at,
        expires_at=token.expires_at,
        rotated_by=token.rotated_by,
        rotated_at=token.rotated_at,
        former_until=until if until is not None and now < until and token.holds(now) else None,
        revoked_by=token.revoked_by,
        revoked_at=token.revoked_at,
        revoke_reason=token.revoke_reason,
        last_used_at=token.last_used_at,
    )
