"""The audit chain, what was signed of it, and who has taken that.

Links and anchors are neither changed nor deleted: the database itself refuses it. (SQLite's REPLACE deletes without
asking a trigger for DELETE, so one for INSERT refuses what would replace.)

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0005"
down_revision = "ledger_0004"
branch_labels = None
depends_on = None

_KEPT = ("audit_link", "audit_anchor")
_WORDS = "the audit chain is append-only"


def upgrade() -> None:
    """Make the tables and what keeps them; instants are whole microseconds since 1970 in UTC."""
    op.create_table(
        "audit_link",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.UniqueConstraint("previous"),
    )
    op.create_table(
        "audit_anchor",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_delivery",
        sa.Column("place", sa.String(), primary_key=True),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        _keep_on_postgresql()
    else:
        _keep_on_sqlite()


def _keep_on_sqlite() -> None:
    # Of a number that SQLite is to find itself, a trigger is told -1.
    for table, number, own in zip(_KEPT, ("number", "id"), ("", " AND NEW.id <> -1"), strict=True):
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
            )
        _refuse_on_sqlite(f"{table}_insert", table, f"NEW.{number} <= (SELECT max({number}) FROM {table}){own}")
    _refuse_on_sqlite("audit_link_fork", "audit_link", "NEW.previous IN (SELECT previous FROM audit_link)")


def _refuse_on_sqlite(name: str, table: str, when: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END")


def _keep_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for table in _KEPT:
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            op.execute(
                f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION audit_kept()"
            )
