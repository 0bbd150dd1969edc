"""What managers override of a freeze, for one object and a while.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0010"
down_revision = "ledger_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; instants are whole microseconds since 1970 in UTC."""
    op.create_table(
        "freeze_override",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("overridden_by", sa.String(), nullable=False),
        sa.Column("overridden_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sqlite_autoincrement=True,
    )
