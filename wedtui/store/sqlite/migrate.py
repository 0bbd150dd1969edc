"""Bringing an older store up to date, which its one writer does when it opens it.

Alembic is loaded only where there is something to migrate; a dashboard never loads it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from wedtui.errors import StoreUnreadableError
from wedtui.store.history import prepare, upgrade
from wedtui.store.kind import Kind
from wedtui.store.sqlite.engine import enter_wal
from wedtui.store.sqlite.errors import translated
from wedtui.store.sqlite.place import HAS_VERSION, connect
from wedtui.store.version import VERSION, refuse_unknown


def current_version(connection: Connection) -> str | None:
    """Return the revision of a store, or None where it has none."""
    if not connection.execute(text(HAS_VERSION)).scalar():
        return None
    version: str | None = connection.execute(text(VERSION)).scalar()
    return version


def migrate(engine: Engine, path: Path, kind: Kind) -> str | None:
    """Bring a store up to date, in one transaction; a ledger is copied beforehand. Return the revision that it had.

    The copy is `<file>.before-<revision>`, beside the file.

    Raises:
        StoreVersionError: a newer wedtui wrote it; nothing was changed.
        StoreError: it cannot be read or written.
    """
    with translated(path, kind):
        with engine.connect() as connection:
            version = current_version(connection)
            _refuse_foreign(connection, version, path, kind)
        enter_wal(engine, path)
        if version == kind.head:
            return version
        prepare()
        with engine.begin() as connection:
            # Only now: whoever held the file before may have done it, and a copy of that would be none of the old one.
            version = current_version(connection)
            if version == kind.head:
                return version
            _refuse_foreign(connection, version, path, kind)
            if version is not None and kind.durable:
                copy_file(path, path.with_name(f"{path.name}.before-{kind.head}"))
            upgrade(connection, kind)
            return version


def is_older(path: Path, kind: Kind) -> bool:
    """Whether a file is one that this wedtui would bring up to date.

    Raises:
        StoreError: it cannot be read.
    """
    with translated(path, kind):
        path.stat()  # what is missing is missing, and not merely impossible to open
        with closing(connect(path, "ro", timedelta(seconds=1))) as connection:
            if not connection.execute(HAS_VERSION).fetchone()[0]:
                return False
            found = connection.execute(VERSION).fetchone()
    return found is not None and found[0] in kind.revisions[:-1]


def _refuse_foreign(connection: Connection, version: str | None, path: Path, kind: Kind) -> None:
    """Refuse what is newer, or somebody else's; an empty file is a new store."""
    if version is not None:
        refuse_unknown(version, path, kind)
    elif connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar():
        raise StoreUnreadableError(f"{path} is a database of something else: give the {kind.name} a file of its own")


def copy_file(source: Path, target: Path) -> None:
    """Copy a database as it is at this moment, whole or not at all."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(part)) as copy:
        original.backup(copy)
        # The copy would otherwise be in WAL mode, as the original is, and need two more files.
        copy.execute("PRAGMA journal_mode = DELETE")
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(target)
