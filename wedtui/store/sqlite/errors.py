"""What a database says, turned into the kinds of failure that a caller would treat differently."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wedtui.errors import (
    DiskFullError,
    StoreError,
    StoreLockedError,
    StoreMissingError,
    StoreUnreadableError,
)
from wedtui.store.kind import Kind

_PRIMARY = 0xFF  # the low byte of an extended result code is its kind

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_REFUSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
# SQLite calls only ENOSPC "full"; a quota or a limit on the size of files comes as an error of these writes.
_NO_ROOM = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_TRUNCATE}
_NO_ROOM_ERRNO = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def translated(path: Path, kind: Kind) -> Iterator[None]:
    """Run a block that touches a store, and raise what goes wrong there as one of wedtui's own errors.

    Mistakes of ours (a broken constraint, a statement that does not parse) pass through unchanged.

    Raises:
        StoreLockedError: another process held the file for longer than we wait.
        DiskFullError: there is no room to write.
        StoreMissingError: there is no file yet.
        StoreUnreadableError: damaged, not a database, or not ours to read.
    """
    try:
        yield
    except sqlite3.Error as error:
        known = _of_sqlite(error, path, kind)
        if known is None:
            raise
        raise known from error
    except OSError as error:
        raise of_os(error, path, kind) from error
    except Exception as error:
        # SQLAlchemy wraps what the driver raised; readers work without it, so it is not named here.
        driver = getattr(error, "orig", None)
        known = _of_sqlite(driver, path, kind) if isinstance(driver, sqlite3.Error) else None
        if known is None:
            raise
        # Not chained to the wrapper: the statement's parameters are what was stored.
        raise known from driver


@contextmanager
def readable(path: Path, kind: Kind) -> Iterator[None]:
    """Turn rows into facts; a value that is none of ours means that the file is damaged.

    Raises:
        StoreUnreadableError: a value could not be understood.
    """
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        raise StoreUnreadableError(f"{path} holds a value that no {kind.name} has: {kind.if_damaged}") from error


def of_os(error: OSError, path: Path, kind: Kind) -> StoreError:
    """Return the error that stands for what the operating system said of a file."""
    if error.errno in _NO_ROOM_ERRNO:
        return _full(path)
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return StoreMissingError(f"there is no {kind.name} at {path}: {kind.if_missing}")
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return _forbidden(path, kind)
    return StoreUnreadableError(f"{path} cannot be opened ({error.strerror}): {kind.if_damaged}")


def _of_sqlite(error: BaseException | None, path: Path, kind: Kind) -> StoreError | None:
    """Return the error that stands for a result code of SQLite, or None for a mistake of ours."""
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:
        # What Python itself finds has no code of SQLite's.
        garbled = isinstance(error, sqlite3.OperationalError) and str(error).startswith("Could not decode")
        return StoreUnreadableError(f"{path} is damaged: {kind.if_damaged}") if garbled else None
    code = extended & _PRIMARY
    if code in _LOCKED:
        return StoreLockedError(
            f"{path} is locked by another process: wait for it to finish, or find it with `fuser -v {path}`"
        )
    if code == sqlite3.SQLITE_FULL or extended in _NO_ROOM:
        return _full(path)
    if code in _REFUSED:
        return _refused(path, kind)
    if code == sqlite3.SQLITE_READONLY:
        return StoreUnreadableError(f"{path} may not be written by this user: run the command as the owner of the file")
    words = _damage(code, str(error))
    return None if words is None else StoreUnreadableError(f"{path} {words}: {kind.if_damaged}")


def _damage(code: int, text: str) -> str | None:
    """Return in a few words what is wrong with the file itself, or None where it is not at fault."""
    if code == sqlite3.SQLITE_NOTADB:
        return "is not a database"
    if code in _DAMAGED:
        return "is damaged"
    if code == sqlite3.SQLITE_IOERR:
        return "cannot be read or written, its disk fails"
    if code == sqlite3.SQLITE_ERROR and text.startswith(("no such table", "no such column")):
        return f"is incomplete ({text})"
    return None


def _refused(path: Path, kind: Kind) -> StoreError:
    """SQLite could not open the file and does not say why; the operating system does."""
    # Not by opening it: closing any descriptor of a file drops the locks that SQLite holds on it for this process.
    try:
        path.stat()
    except OSError as error:
        return of_os(error, path, kind)
    if not os.access(path, os.R_OK, effective_ids=True):
        return _forbidden(path, kind)
    # A database in WAL mode needs its -shm file, and only a user who may write can make one.
    return StoreUnreadableError(
        f"{path} was left open by a service that is gone: start the service again, or read it as the owner of the file"
    )


def _full(path: Path) -> DiskFullError:
    return DiskFullError(f"there is no room to write {path}: make room on its disk, or raise the quota or size limit")


def _forbidden(path: Path, kind: Kind) -> StoreUnreadableError:
    return StoreUnreadableError(
        f"this user may not open the {kind.name} at {path}: ask for membership in its group, or run as its owner"
    )
