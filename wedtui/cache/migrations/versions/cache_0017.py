"""What each resource costs a month by its bills.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0017"
down_revision = "cache_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; instants are whole microseconds since 1970 in UTC, days are text."""
    op.create_table(
        "resource_cost",
        sa.Column("provider", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("region", sa.String(), primary_key=True),
        sa.Column("monthly_usd", sa.Float(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("interval_s", sa.Float(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
    )
