"""Protection that persons raised.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; instants are whole microseconds since 1970 in UTC."""
    op.create_table(
        "protection_raise",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("raised_by", sa.String(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("lowered_at", sa.BigInteger(), nullable=True),
        sa.Column("lowered_by", sa.String(), nullable=True),
        sa.Column("lower_reason", sa.String(), nullable=True),
        sqlite_autoincrement=True,
    )
