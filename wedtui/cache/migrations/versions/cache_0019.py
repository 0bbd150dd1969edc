"""A copy of how it stands with alerts, for readers who may not read the ledger.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0019"
down_revision = "cache_0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; instants are whole microseconds since 1970 in UTC."""
    op.create_table(
        "alert_copy",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("judged_at", sa.BigInteger(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.Column("not_set", sa.JSON(), nullable=False),
    )
