"""A store's version, as whoever opens it compares it with the one that this wedtui knows."""

from __future__ import annotations

from pathlib import Path

from wedtui.errors import StoreUnreadableError, StoreVersionError
from wedtui.store.kind import Kind

HAS_VERSION = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
VERSION = "SELECT version_num FROM alembic_version"


def check_version(version: str | None, path: Path, kind: Kind) -> None:
    """Make sure that this version of wedtui can read a store.

    Raises:
        StoreVersionError: a newer or an older wedtui wrote it.
        StoreUnreadableError: it is none of ours.
    """
    if version == kind.head:
        return
    if version is None:
        raise StoreUnreadableError(f"{path} is not a {kind.name} of wedtui, or not yet one: {kind.if_missing}")
    refuse_unknown(version, path, kind)
    raise StoreVersionError(f"{path} was written by an older wedtui: start the service, which brings it up to date")


def refuse_unknown(version: str, path: Path, kind: Kind) -> None:
    """Refuse a revision that is not in our history.

    Raises:
        StoreVersionError: a newer wedtui wrote it.
        StoreUnreadableError: it is another kind of store.
    """
    if version in kind.revisions:
        return
    name = version.partition("_")[0]
    if name.isalpha() and name != kind.name:
        raise StoreUnreadableError(f"{path} holds a {name}, not a {kind.name}: give each a file of its own")
    raise StoreVersionError(f"{path} was written by a newer wedtui (revision {version}): upgrade this one")
