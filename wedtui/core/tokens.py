"""Tokens by which pipelines ask the service from other machines: what each is good for, where, and until when.

A token is known by the SHA-256 of its secret alone. The secret is 256 random bits that whoever asks for the token
makes, shows once and keeps nowhere; the service never sees it before it is used.
Source: issue of the gate ("bearer tokens: hashed, scoped, expiring, revocable").
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from wedtui.core.roles import Account, Person, Reach, Role

LASTS_AT_MOST = timedelta(days=366)
OVERLAP = timedelta(hours=24)
"""So long the secret before counts beside a new one, where nothing else is said."""
OVERLAP_AT_MOST = timedelta(days=7)
SECRET_BYTES = 32
PREFIX = "wedtui_"
"""With it a secret is found by whoever looks for lost ones."""
SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
"""32 bytes in base64url without padding."""


class Scope(StrEnum):
    """What a token is good for."""

    GATE = "gate"
    """Asking whether a release may go on."""
    READ = "read"
    """Looking at releases, and asking the gate."""
    SUBMIT = "submit"
    """Submitting releases and reporting their checks, looking at them, and asking the gate."""

    def reaches(self, other: Scope) -> bool:
        """Whether it is good for everything that `other` is."""
        order = tuple(Scope)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it stands in the ledger."""

    id: int
    name: str
    digest: str
    """Of the secret: SHA-256 in hexadecimal."""
    scopes: tuple[Scope, ...]
    services: tuple[str, ...]
    """None means all."""
    environments: tuple[str, ...]
    """None means all."""
    made_by: str
    made_at: datetime
    expires_at: datetime
    former_digest: str | None = None
    """Of the secret before the newest."""
    former_until: datetime | None = None
    """Up to when that one counts as well."""
    rotated_at: datetime | None = None
    rotated_by: str | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    revoke_reason: str | None = None
    last_used_at: datetime | None = None
    """To within some minutes."""

    def holds(self, now: datetime) -> bool:
        """Whether it counts now."""
        return self.revoked_at is None and self.made_at <= now < self.expires_at

    def is_of(self, digest: str, now: datetime) -> bool:
        """Whether a secret of that digest is its own now; takes as long whatever the digest is."""
        newest = hmac.compare_digest(self.digest, digest)
        former = hmac.compare_digest(self.former_digest or self.digest, digest)
        overlaps = self.former_until is not None and now < self.former_until
        return self.holds(now) and (newest or (former and overlaps))

    def good_for(self, scope: Scope) -> bool:
        """Whether it may be used for something."""
        return any(each.reaches(scope) for each in self.scopes)

    @property
    def person(self) -> Person:
        """Who asks by it: `token NAME`, which no user of the operating system can be called."""
        role = Role.ENGINEER if self.good_for(Scope.SUBMIT) else Role.VIEWER
        because = f"token {self.id}: {', '.join(self.scopes)}"
        # A number that no user has: none is below 0.
        return Person(Account(-self.id, f"token {self.name}"), role, because, Reach(self.services, self.environments))


def digest_of_secret(secret: str) -> str:
    """Return by what a secret is known."""
    return hashlib.sha256(secret.encode()).hexdigest()


def token_of(tokens: Iterable[Token], digest: str, now: datetime) -> Token | None:
    """Return the token whose secret has a digest and that counts now, looking at every one whichever it is."""
    found = [each for each in tokens if each.is_of(digest, now)]
    return found[0] if found else None


def checked_span(what: str, span: timedelta, most: timedelta) -> timedelta:
    """Return a length of time that may be asked for.

    Raises:
        ValueError: it is nothing, or too long.
    """
    if not timedelta() < span <= most:
        raise ValueError(f"expected {what} to last longer than nothing and at most {most.days}d")
    return span
