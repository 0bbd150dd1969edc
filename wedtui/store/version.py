"""A store's version, as whoever opens it compares it with the one that this wedtui knows."""

from __future__ import annotations

from wedtui.errors import StoreUnreadableError, StoreVersionError
from wedtui.store.kind import Kind

VERSION = "SELECT version_num FROM alembic_version"


def check_version(version: str | None, place: object, kind: Kind, make: str | None = None) -> None:
    """Make sure that this version of wedtui can read a store.

    Args:
        version: its revision, or None where it has none.
        place: where it is, as a sentence names it.
        kind: what it ought to hold.
        make: what to do where it holds nothing yet, if not what the kind says.

    Raises:
        StoreVersionError: a newer or an older wedtui wrote it.
        StoreUnreadableError: it is none of ours.
    """
    if version == kind.head:
        return
    if version is None:
        raise StoreUnreadableError(f"{place} is not a {kind.name} of wedtui, or not yet one: {make or kind.if_missing}")
    refuse_unknown(version, place, kind)
    raise StoreVersionError(f"{place} was written by an older wedtui: start the service, which brings it up to date")


def refuse_moved_on(version: str | None, place: object, kind: Kind) -> None:
    """Make sure, in the transaction that writes, that a store is still what it was when it was opened.

    A newer wedtui may have brought it up to date since: what this one would write there may mean something else by now.

    Args:
        version: its revision, read in that transaction.
        place: where it is, as a sentence names it.
        kind: what it holds.

    Raises:
        StoreVersionError: it is of another revision.
        StoreUnreadableError: it is none of ours.
    """
    if version is not None and version != kind.head and version not in kind.revisions:
        raise StoreVersionError(
            f"{place} was brought up to date by a newer wedtui (revision {version}), and this one may not write it any "
            "more: start this one again with the newer version"
        )
    check_version(version, place, kind)


def refuse_unknown(version: str, place: object, kind: Kind) -> None:
    """Refuse a revision that is not in our history.

    Raises:
        StoreVersionError: a newer wedtui wrote it.
        StoreUnreadableError: it is another kind of store.
    """
    if version in kind.revisions:
        return
    name = version.partition("_")[0]
    if name.isalpha() and name != kind.name:
        raise StoreUnreadableError(f"{place} holds a {name}, not a {kind.name}: give each a file of its own")
    raise StoreVersionError(f"{place} was written by a newer wedtui (revision {version}): upgrade this one")
