"""A copy of the actions that are under way and of the last shares written, and since when shares are as read.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0016"
down_revision = "cache_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column; instants are whole microseconds since 1970 in UTC."""
    op.create_table(
        "action_copy",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("actions", sa.JSON(), nullable=False),
        sa.Column("written", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("copied_at", sa.BigInteger(), nullable=False),
    )
    op.add_column("traffic", sa.Column("shares_since", sa.BigInteger(), nullable=True))
