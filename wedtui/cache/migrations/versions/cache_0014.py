"""A copy of what managers override of a freeze.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0014"
down_revision = "cache_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; instants are whole microseconds since 1970 in UTC."""
    op.create_table(
        "freeze_override",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
