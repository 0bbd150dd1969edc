"""Reading tokens: who made each, what it is good for, and whether it counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from wedtui.core.tokens import Scope, Token
from wedtui.errors import StoreMissingError
from wedtui.ledger.kind import LEDGER
from wedtui.ledger.shapes import ACCESS_TOKEN
from wedtui.store.opening import READER_WAITS, readable

MOST = 500
"""So many are read at once: the newest."""


class TokenReader:
    """Reads them, for those who may. Used by one thread."""

    def __init__(self, url: str, *, waits: timedelta = READER_WAITS) -> None:
        """Remember where the ledger is; nothing is opened yet.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._store = readable(url, LEDGER, waits=waits)

    def tokens(self) -> tuple[Token, ...]:
        """Return those that were not revoked, and the newest of the others, the newest first; none without a ledger.

        Raises:
            StoreError: the ledger cannot be read.
        """
        which = "ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, id DESC LIMIT ?"
        try:
            with self._store.reading() as snapshot:
                return tuple(map(token_row, snapshot.rows(ACCESS_TOKEN, which, MOST)))
        except StoreMissingError:
            return ()  # nobody has made one yet

    def close(self) -> None:
        """Let go of the ledger."""
        self._store.close()


def token_row(row: Any) -> Token:
    """Return a row of the ledger's as what it says."""
    return Token(
        id=row.id,
        name=row.name,
        digest=row.digest,
        scopes=tuple(Scope(each) for each in row.scopes),
        services=tuple(row.services),
        environments=tuple(row.environments),
        made_by=row.made_by,
        made_at=row.made_at,
        expires_at=row.expires_at,
        former_digest=row.former_digest,
        former_until=row.former_until,
        rotated_at=row.rotated_at,
        rotated_by=row.rotated_by,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        revoke_reason=row.revoke_reason,
        last_used_at=row.last_used_at,
    )
