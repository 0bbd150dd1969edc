"""What the service asks for by itself, its countdown, and that a person stopped all automation.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0008"
down_revision = "ledger_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the columns and the table; instants are whole microseconds since 1970 in UTC."""
    op.add_column("action", sa.Column("automatic", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("action", sa.Column("countdown_since", sa.BigInteger(), nullable=True))
    op.create_table(
        "automation_stop",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("stopped_by", sa.String(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("resumed_by", sa.String(), nullable=True),
        sa.Column("resumed_at", sa.BigInteger(), nullable=True),
        sa.Column("resume_reason", sa.String(), nullable=True),
        sqlite_autoincrement=True,
    )
