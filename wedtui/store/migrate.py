"""A store's version: readers compare it, the writer brings an older file up to date.

Alembic is loaded only where there is something to migrate; a dashboard never loads it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from wedtui.errors import StoreUnreadableError, StoreVersionError
from wedtui.store.engine import enter_wal
from wedtui.store.errors import translated
from wedtui.store.kind import Kind


def current_version(connection: Connection) -> str | None:
    """Return the revision of a store, or None where it has none."""
    tables = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
    if "alembic_version" not in tables:
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def check_version(connection: Connection, path: Path, kind: Kind) -> None:
    """Make sure that this version of wedtui can read a store; called in the transaction that then reads.

    Raises:
        StoreVersionError: a newer or an older wedtui wrote it.
        StoreUnreadableError: it is none of ours.
    """
    version = current_version(connection)
    if version == kind.head:
        return
    if version is None:
        raise StoreUnreadableError(f"{path} is not a {kind.name} of wedtui, or not yet one: {kind.if_missing}")
    _refuse_unknown(version, path, kind)
    raise StoreVersionError(f"{path} was written by an older wedtui: start the service, which brings it up to date")


def migrate(engine: Engine, path: Path, kind: Kind) -> None:
    """Bring a store up to date, in one transaction; a ledger is copied beforehand.

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
            return
        if version is not None and kind.durable:
            _copy(path, path.with_name(f"{path.name}.before-{kind.head}"))
        with engine.begin() as connection:
            upgrade(connection, kind)


def upgrade(connection: Connection, kind: Kind, revision: str = "head") -> None:
    """Run the history of a kind of store up to a revision, inside the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - readers and up-to-date stores never need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", f"{kind.package}:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _refuse_unknown(version: str, path: Path, kind: Kind) -> None:
    if version in kind.revisions:
        return
    name = version.partition("_")[0]
    if name.isalpha() and name != kind.name:
        raise StoreUnreadableError(f"{path} holds a {name}, not a {kind.name}: give each a file of its own")
    raise StoreVersionError(f"{path} was written by a newer wedtui (revision {version}): upgrade this one")


def _refuse_foreign(connection: Connection, version: str | None, path: Path, kind: Kind) -> None:
    """Refuse what is newer, or somebody else's; an empty file is a new store."""
    if version is not None:
        _refuse_unknown(version, path, kind)
    elif connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar():
        raise StoreUnreadableError(f"{path} is a database of something else: give the {kind.name} a file of its own")


def _copy(source: Path, target: Path) -> None:
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
