"""Storing whose account a provider's credentials are of; what is stored of its resources is of that account alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from wedtui.cache.tables import METADATA
from wedtui.core.observation import ApiObservation

_T = METADATA.tables
_ACCOUNT = _T["account"]
_OF_ACCOUNT = ("resource", "resource_group", "resource_cost", "vendor")
"""The tables of what an account has, and of what its vendor says of that."""


def admit(connection: Connection, seen: ApiObservation) -> bool:
    """Say whether what was seen is of the account whose resources are stored, and store what it says of the account.

    One that the configuration names takes the place of another, whose resources are forgotten: they did not vanish.
    Any other one is refused here too, whoever asked it.
    """
    if seen.account is None and seen.regions_on is None:
        return True
    here = _ACCOUNT.c.provider == seen.provider
    before = connection.execute(select(_ACCOUNT).where(here)).mappings().one_or_none()
    former = before["account"] if before is not None else None
    values: dict[str, Any] = {}
    if seen.account is not None and former != seen.account:
        if former is not None and not seen.account_wanted:
            return False
        values |= {"account": seen.account, "since": seen.at, "seen_at": seen.at, "arn": None, "name": None}
        if before is not None and former is not None:
            values |= {"former": former, "former_until": before["seen_at"]}
            for table in _OF_ACCOUNT:
                connection.execute(delete(_T[table]).where(_T[table].c.provider == seen.provider))
    if seen.principal is not None:
        values |= {"arn": seen.principal.arn, "name": seen.principal.name, "seen_at": seen.at}
    if seen.regions_on is not None:
        values |= {"regions": list(seen.regions_on), "regions_at": seen.at}
    if before is None:
        connection.execute(insert(_ACCOUNT).values(provider=seen.provider, **{"regions": [], **values}))
    elif values:
        connection.execute(update(_ACCOUNT).where(here).values(values))
    return True
