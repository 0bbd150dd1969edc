"""What a PostgreSQL server says, turned into the kinds of failure that a caller would treat differently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from wedtui.errors import (
    DiskFullError,
    StoodStillError,
    StoreClosedError,
    StoreError,
    StoreLockedError,
    StoreMissingError,
    StoreUnreachableError,
    StoreUnreadableError,
)
from wedtui.store.kind import Kind
from wedtui.store.postgres.place import Server

# Codes by appendix A of PostgreSQL's manual.
_AWAY = {"57P01", "57P02", "57P03", "57P05", "53300"}
_STOOD_STILL = "25P03"
_HELD = {"55P03", "57014", "40P01", "40001"}
_REFUSED = {"28000", "28P01", "42501"}
_INCOMPLETE = {"42P01", "42703", "3F000"}
_NO_ROOM = {"53100", "53200"}
_DAMAGED = {"XX000", "XX001", "XX002", "58030"}
_WORDS_AT_MOST = 90
_BY_WORDS = (
    (_STOOD_STILL, ("terminating connection due to idle-in-transaction timeout",)),
    ("3D000", ("FATAL", "database", "does not exist")),
    ("28000", ("FATAL", "role", "does not exist")),
    ("28P01", ("FATAL", "authentication failed")),
    ("28P01", ("no password supplied",)),
    ("28000", ("FATAL", "pg_hba.conf")),
    ("42501", ("FATAL", "permission denied")),
)


@contextmanager
def translated(server: Server, kind: Kind) -> Iterator[None]:
    """Run a block that touches a store, and raise what goes wrong there as one of wedtui's own errors.

    Mistakes of ours (a broken constraint, a statement that does not parse) pass through unchanged.

    Raises:
        StoreUnreachableError: the server does not answer, or ended the session.
        StoodStillError: it ended the session because nothing came for too long inside a transaction.
        StoreLockedError: another session held something for longer than we wait.
        DiskFullError: the server has no room.
        StoreMissingError: there is no such database.
        StoreUnreadableError: damaged, or not ours to read.
    """
    try:
        yield
    except StoreError:
        raise
    except psycopg.Error as error:
        known = _known(error, server, kind)
        if known is None:
            raise
        raise known from None
    except Exception as error:
        # SQLAlchemy wraps what the driver raised; readers work without it, so it is not named here.
        driver = getattr(error, "orig", None)
        known = _known(driver, server, kind) if isinstance(driver, psycopg.Error) else None
        if known is None:
            raise
        # Not chained: the statement's parameters are what was stored.
        raise known from None


@contextmanager
def understood(server: Server, kind: Kind) -> Iterator[None]:
    """Turn rows into facts; a value that is none of ours means that somebody else wrote there.

    Raises:
        StoreUnreadableError: a value could not be understood.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise StoreUnreadableError(
            f"{server} holds a value that no {kind.name} has: find out who else writes there"
        ) from error


def closed(server: Server, kind: Kind) -> StoreClosedError:
    """Return the error that stands for a schema that this user may not look into, on a server that lets them in."""
    return StoreClosedError(str(refused(server, kind)))


def refused(server: Server, kind: Kind) -> StoreUnreadableError:
    """Return the error that stands for a server that does not let this user in."""
    return StoreUnreadableError(
        f"the server does not let this user into {server}: check role, password file and the {kind.name}'s grants"
    )


def _known(error: psycopg.Error, server: Server, kind: Kind) -> StoreError | None:
    """Return the error that stands for a code of the server, or None for a mistake of ours."""
    code = error.sqlstate or _code_of_words(str(error))
    if code == _STOOD_STILL:
        return StoodStillError(
            f"this machine stood still while it used {server}, whose server ended that: see what keeps it busy"
        )
    lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if (code is None and lost) or code in _AWAY or (code or "").startswith("08"):
        return StoreUnreachableError(f"the server of {server} does not answer ({_reason(error)}): see whether it runs")
    if code in _HELD:
        return StoreLockedError(f"{server} is held by another session: wait for it, or look into pg_stat_activity")
    if code in _NO_ROOM:
        return DiskFullError(f"the server has no room for {server}: make room on its disk")
    if code == "3D000":
        return StoreMissingError(f"there is no database for {server}: create it, then run `wedtui db migrate`")
    return _unreadable(code, error, server, kind)


def _unreadable(code: str | None, error: psycopg.Error, server: Server, kind: Kind) -> StoreError | None:
    if code in _REFUSED:
        return refused(server, kind)
    if code == "25006":
        return StoreUnreadableError(f"{server} may only be read by this role, or the server is a standby: use another")
    if code in _INCOMPLETE:
        return StoreUnreadableError(f"{server} is incomplete ({_reason(error)}): run `wedtui db migrate`")
    if code in _DAMAGED:
        return StoreUnreadableError(f"{server} is damaged ({code}): look into the server's log")
    return None


def _code_of_words(sentence: str) -> str | None:
    """Return the code of a connection that was refused or ended, which libpq may tell in the server's words alone."""
    return next((code for code, words in _BY_WORDS if all(word in sentence for word in words)), None)


def _reason(error: psycopg.Error) -> str:
    """Return the end of libpq's sentence, which says why; it names host and user, and never a password."""
    line = next(iter(str(error).strip().splitlines()), "")
    words = line.removeprefix("connection failed: ").rpartition(" failed: ")[2].removeprefix("FATAL:").strip()
    return words[:_WORDS_AT_MOST] or "it is gone"
