"""Running a store's history of migrations; Alembic is loaded only where there is something to migrate."""

from __future__ import annotations

from sqlalchemy import Connection

from wedtui.store.kind import Kind


def prepare() -> None:
    """Load what migrating needs: before the lock is taken, so that nobody waits for that behind it."""
    import alembic.command  # noqa: F401, PLC0415 - readers and up-to-date stores never need it


def upgrade(connection: Connection, kind: Kind, revision: str = "head") -> None:
    """Run the history of a kind of store up to a revision, inside the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - readers and up-to-date stores never need it
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", f"{kind.package}:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
