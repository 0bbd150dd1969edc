"""Weddings that were forgotten: how a later reading recognises them without anybody knowing which they were.

Of a forgotten wedding time, zone and load stay, because its guests still arrive; its reference becomes an alias. What
is kept of the reference is a keyed digest (HMAC, RFC 2104): references are short and could be guessed from a plain one.
The key and the digests are the ledger's, which only its owner reads.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

ALIAS = "forgotten-"
"""What the reference of a forgotten wedding begins with."""
REMEMBERED = timedelta(days=31)
"""How long a digest is kept after the last source stopped naming its wedding: a feed may lose a row and find it."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Every wedding that is forgotten."""

    key: bytes = b""
    aliases: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Digest of the reference -> what stands in its place."""

    def alias_of(self, reference: str) -> str | None:
        """Return what stands in the place of a reference; None where that was not forgotten."""
        return self.aliases.get(digest_of(self.key, reference)) if self.aliases else None


NOTHING_FORGOTTEN = Forgotten()


def digest_of(key: bytes, reference: str) -> str:
    """Return the keyed digest of a reference, in hexadecimal digits."""
    return hmac.digest(key, reference.encode(errors="surrogatepass"), "sha256").hex()
