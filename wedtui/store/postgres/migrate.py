"""Bringing an older schema up to date, in one transaction, one process at a time."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from wedtui.errors import StoreUnreadableError
from wedtui.store.history import prepare, upgrade
from wedtui.store.kind import Kind
from wedtui.store.postgres.errors import refused, translated
from wedtui.store.postgres.place import Server, turn
from wedtui.store.version import VERSION, refuse_unknown

# 64 bits that stand for "a schema of wedtui is being made or changed" in the whole database.
_MIGRATING = int.from_bytes(b"wedmigr", "big")
_TABLES = "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'v', 'm') AND relnamespace = to_regnamespace(:schema)"

# A schema that is there but shut looks empty to whoever may not use it.
_CLOSED = (
    "SELECT to_regnamespace(:schema) IS NOT NULL AND NOT has_schema_privilege(CAST(to_regnamespace(:schema) AS oid),"
    " 'USAGE')"
)


def migrate(engine: Engine, server: Server, kind: Kind) -> str | None:
    """Make the schema where there is none and bring it up to date; return the revision that it had, None of none.

    Raises:
        StoreVersionError: a newer wedtui wrote it; nothing was changed.
        StoreError: it cannot be read or written; nothing was changed.
    """
    with translated(server, kind):
        with engine.begin() as connection:
            if current_version(connection) == kind.head:
                return kind.head
        prepare()
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _MIGRATING})
            # Who writes looks at the revision when it has its turn: not in the middle of this.
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": turn(kind)})
            # A step that rewrites a table takes as long as it takes.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            if connection.execute(text(_CLOSED), {"schema": server.schema}).scalar():
                raise refused(server, kind)
            if not connection.execute(text("SELECT to_regnamespace(:schema)"), {"schema": server.schema}).scalar():
                connection.execute(text(f'CREATE SCHEMA "{server.schema}"'))
            # Only now: whoever held the lock before may have done it.
            version = current_version(connection)
            if version == kind.head:
                return version
            _refuse_foreign(connection, version, server, kind)
            upgrade(connection, kind)
            return version


def current_version(connection: Connection) -> str | None:
    """Return the revision of a schema, or None where it has none."""
    if not connection.execute(text("SELECT to_regclass('alembic_version')")).scalar():
        return None
    version: str | None = connection.execute(text(VERSION)).scalar()
    return version


def _refuse_foreign(connection: Connection, version: str | None, server: Server, kind: Kind) -> None:
    """Refuse what is newer, or somebody else's; an empty schema is a new store."""
    if version is not None:
        refuse_unknown(version, server, kind)
    elif connection.execute(text(_TABLES), {"schema": server.schema}).scalar():
        raise StoreUnreadableError(
            f"{server} holds tables of something else: drop that schema, or use another database"
        )
