"""Tokens in the ledger: each has an end, and stands on the audit chain with whoever made, changed and revoked it.

No secret comes here: what is kept of one is its SHA-256, which the audit chain does not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, insert, or_, select, update

from wedtui.core.chain import Entry, instant_words
from wedtui.core.tokens import LASTS_AT_MOST, OVERLAP_AT_MOST, Scope, Token, checked_span
from wedtui.core.wording import utc_words
from wedtui.errors import ConfigurationError, ConflictError, NotFoundError
from wedtui.ledger.audit import append
from wedtui.ledger.tables import METADATA
from wedtui.ledger.token_reader import token_row

HELD_AT_MOST = 200
"""So many may count at once: each is looked at whenever one is used."""
_TOKEN = METADATA.tables["access_token"]


class TokenWanted(NamedTuple):
    """A token as somebody asks for it."""

    name: str
    digest: str
    """Of its secret."""
    scopes: Sequence[Scope]
    lasts: timedelta
    services: Sequence[str] = ()
    """None means all."""
    environments: Sequence[str] = ()
    """None means all."""


def make_token(connection: Connection, wanted: TokenWanted, *, by: str, at: datetime) -> Token:
    """Have a token count from an instant on, on the audit chain too.

    Raises:
        ConfigurationError: it would not end in time, or is good for nothing.
        ConflictError: one of that name or secret counts already, or too many do.
    """
    if not wanted.scopes:
        raise ConfigurationError("expected what the token is good for: gate, read or submit")
    expires = at + _span("a token", wanted.lasts, LASTS_AT_MOST)
    _refuse_known(connection, wanted.digest)
    c = _TOKEN.c
    holding = (c.revoked_at.is_(None), c.expires_at > at)
    if connection.execute(select(c.id).where(c.name == wanted.name, *holding)).first() is not None:
        raise ConflictError(f'a token "{wanted.name}" counts already: rotate or revoke it, or name another')
    if connection.execute(select(func.count()).where(*holding)).scalar_one() >= HELD_AT_MOST:
        raise ConflictError(f"{HELD_AT_MOST} tokens count already: revoke some, `wedtui token list` says which")
    scope = {
        "scopes": sorted({each.value for each in wanted.scopes}),
        "services": sorted(set(wanted.services)),
        "environments": sorted(set(wanted.environments)),
    }
    values = {"name": wanted.name, "digest": wanted.digest, **scope}
    made = {"made_by": by, "made_at": at, "expires_at": expires}
    number = connection.execute(insert(_TOKEN).values({**values, **made}).returning(c.id)).scalar_one()
    body = {"token": number, "name": wanted.name, **scope, "until": instant_words(expires)}
    append(connection, Entry(at, "token.create", by, body))
    return _token(connection, number)


def rotate_token(
    connection: Connection,
    number: int,
    digest: str,
    *,
    overlap: timedelta,
    lasts: timedelta | None,
    by: str,
    at: datetime,
) -> Token:
    """Give a token another secret, on the audit chain too.

    Args:
        connection: in a transaction of the ledger's.
        number: of the token.
        digest: of the new secret.
        overlap: so long the one before counts as well; nothing: it ends at once. One before that ends in any case.
        lasts: when the token ends from now on; None: as before.
        by: who.
        at: when.

    Raises:
        NotFoundError: there is no token of that number.
        ConfigurationError: overlap or life are too long.
        ConflictError: it does not count any more, or the secret is known.
    """
    token = _holding(connection, number, at)
    _refuse_known(connection, digest)
    if overlap:
        _span("the secret before", overlap, OVERLAP_AT_MOST)
    expires = token.expires_at if lasts is None else at + _span("a token", lasts, LASTS_AT_MOST)
    until = min(at + overlap, token.expires_at) if overlap else None
    former = {"former_digest": token.digest if overlap else None, "former_until": until}
    values = {"digest": digest, **former, "expires_at": expires, "rotated_at": at, "rotated_by": by}
    connection.execute(update(_TOKEN).where(_TOKEN.c.id == number).values(values))
    said = {"until": instant_words(expires), "former_until": None if until is None else instant_words(until)}
    append(connection, Entry(at, "token.rotate", by, {"token": number, "name": token.name, **said}))
    return _token(connection, number)


def revoke_token(connection: Connection, number: int, *, by: str, at: datetime, reason: str) -> Token:
    """End a token at once, with both of its secrets, on the audit chain too; it stays on record.

    Raises:
        NotFoundError: there is no token of that number.
        ConflictError: it does not count any more.
    """
    token = _holding(connection, number, at)
    values = {"revoked_at": at, "revoked_by": by, "revoke_reason": reason}
    connection.execute(update(_TOKEN).where(_TOKEN.c.id == number).values(values))
    body = {"token": number, "name": token.name, "reason": reason}
    append(connection, Entry(at, "token.revoke", by, body))
    return _token(connection, number)


def used_token(connection: Connection, number: int, at: datetime) -> None:
    """Note when a token was used last; never an earlier instant than the one that is known."""
    c = _TOKEN.c
    newer = or_(c.last_used_at.is_(None), c.last_used_at < at)
    connection.execute(update(_TOKEN).where(c.id == number, newer).values(last_used_at=at))


def _span(what: str, span: timedelta, most: timedelta) -> timedelta:
    try:
        return checked_span(what, span, most)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _refuse_known(connection: Connection, digest: str) -> None:
    """Refuse a secret that is or was another's: whoever has that would have this one."""
    c = _TOKEN.c
    if connection.execute(select(c.id).where(or_(c.digest == digest, c.former_digest == digest))).first() is not None:
        raise ConflictError("that secret is a token's already: make another")


def _holding(connection: Connection, number: int, at: datetime) -> Token:
    token = _token(connection, number)
    if token.revoked_at is not None:
        raise ConflictError(f"token {number} was revoked by {token.revoked_by} at {utc_words(token.revoked_at)}")
    if token.expires_at <= at:
        raise ConflictError(f"token {number} ended at {utc_words(token.expires_at)}: make another")
    return token


def _token(connection: Connection, number: int) -> Token:
    row: Any = connection.execute(select(_TOKEN).where(_TOKEN.c.id == number)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no token {number}: `wedtui token list` says which there are")
    return token_row(row)
