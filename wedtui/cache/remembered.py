"""What the cache knows of an account that asking it anew cannot tell, or not for nothing.

A service that begins, or takes over from another, and a round in the foreground go on from there.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from wedtui.cache.kind import CACHE
from wedtui.core.evidence import COST_SIGNAL
from wedtui.core.resource import COST, Reach
from wedtui.errors import StoreMissingError
from wedtui.store.instants import from_microseconds
from wedtui.store.opening import READER_WAITS, readable

_READ = "SELECT measured_at FROM signal WHERE provider = ? AND signal = ?"
# That the account has not enabled it is an answer, too.
_ANSWERED = """
SELECT CASE WHEN reach = ? THEN asked_at ELSE answered_at END FROM api WHERE provider = ? AND service = ?
"""
# What was not sent was not paid for.
_PAID = "SELECT asked_at, requests FROM api WHERE provider = ? AND service = ? AND requests > 0 ORDER BY asked_at DESC"
_BACKED_UP = """
SELECT id, backed_up_at FROM resource WHERE provider = ? AND kind = ? AND region = ? AND backed_up = ?
"""


_ACCOUNT = "SELECT account, seen_at FROM account WHERE provider = ? AND account IS NOT NULL"


class KnownAccount(NamedTuple):
    """The account that a provider's resources are of."""

    account: str
    seen_at: datetime
    """When the credentials were last known to be of it."""


class LastPaid(NamedTuple):
    """When something was last asked that costs money."""

    answered_at: datetime | None = None
    """Of the answer that the cache still has."""
    asked_at: datetime | None = None
    """Of the newest request, whatever came of it."""
    requests: int = 0
    """How many it took."""


class Remembered:
    """Opens the cache for each question, from whatever thread; a cache that is not there remembers nothing.

    Every method raises a StoreError when the cache cannot be read.
    """

    def __init__(self, url: str) -> None:
        """Remember where the cache is.

        Raises:
            ConfigurationError: the URL is not supported.
        """
        self._url = url

    def paid(self, provider: str, service: str) -> LastPaid:
        """Return when the costs of a provider were last asked, by whom ever.

        Args:
            provider: whose they are.
            service: `COST`, whose answer is a signal, or `RESOURCE_COST`, whose answer is what resources cost.
        """
        store = readable(self._url, CACHE, waits=READER_WAITS)
        try:
            with store.reading() as snapshot:
                answered = (
                    snapshot.scalar(_READ, provider, COST_SIGNAL)
                    if service == COST
                    else snapshot.scalar(_ANSWERED, Reach.NOT_ENABLED.value, provider, service)
                )
                asked, requests = next(iter(snapshot.values(_PAID, provider, service)), (None, 0))
        except StoreMissingError:
            return LastPaid()
        finally:
            store.close()
        return LastPaid(_instant(answered), _instant(asked), requests)

    def account(self, provider: str) -> KnownAccount | None:
        """Return the account whose resources are stored of a provider; None where none is known."""
        store = readable(self._url, CACHE, waits=READER_WAITS)
        try:
            with store.reading() as snapshot:
                found = next(iter(snapshot.values(_ACCOUNT, provider)), None)
        except StoreMissingError:
            return None
        finally:
            store.close()
        return None if found is None else KnownAccount(found[0], from_microseconds(found[1]))

    def backed_up(self, provider: str, kind: str, region: str) -> dict[str, datetime | None]:
        """Return what had backups when it was last listed, and how new the newest of each was; None: it was gone."""
        store = readable(self._url, CACHE, waits=READER_WAITS)
        try:
            with store.reading() as snapshot:
                found = list(snapshot.values(_BACKED_UP, provider, kind, region, True))
        except StoreMissingError:
            return {}
        finally:
            store.close()
        return {number: _instant(at) for number, at in found}


def _instant(at: int | None) -> datetime | None:
    return None if at is None else from_microseconds(at)
