"""Weddings that were forgotten: what the ledger knows of them, and for how long."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from wedtui.core.erasure import ALIAS, REMEMBERED, digest_of
from wedtui.ledger.tables import METADATA

_KEY, _FORGOTTEN = (METADATA.tables[name] for name in ("wedding_key", "forgotten_wedding"))
_KEY_BYTES, _ALIAS_BYTES = 32, 8


def forget(connection: Connection, reference: str, *, by: str, at: datetime) -> str:
    """Forget the wedding of a reference; return the alias that stands in its place, the same if it was forgotten."""
    key = connection.execute(select(_KEY.c.secret)).scalar()
    if key is None:
        key = secrets.token_hex(_KEY_BYTES)
        connection.execute(insert(_KEY).values(id=1, secret=key))
    digest = digest_of(bytes.fromhex(key), reference)
    alias = connection.execute(select(_FORGOTTEN.c.alias).where(_FORGOTTEN.c.digest == digest)).scalar()
    if alias is not None:
        return str(alias)
    alias = f"{ALIAS}{secrets.token_hex(_ALIAS_BYTES)}"
    row = {"digest": digest, "alias": alias, "forgotten_at": at, "forgotten_by": by}
    connection.execute(insert(_FORGOTTEN).values(row))
    return alias


def settle(connection: Connection, named: Collection[str], at: datetime) -> int:
    """Delete the digests of weddings that no source has named for a month; return how many.

    Args:
        connection: in a transaction.
        named: the aliases that a source still names.
        at: an aware instant.
    """
    gone = 0
    for row in connection.execute(select(_FORGOTTEN)).all():
        here = _FORGOTTEN.c.digest == row.digest
        since = None if row.alias in named else row.missing_since or at
        if since is not None and at - since > REMEMBERED:
            connection.execute(delete(_FORGOTTEN).where(here))
            gone += 1
        elif since != row.missing_since:
            connection.execute(update(_FORGOTTEN).where(here).values(missing_since=since))
    return gone
