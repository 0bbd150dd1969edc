"""The record of DNS that shares traffic out.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0013"
down_revision = "cache_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "traffic",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("backend", sa.String(), nullable=False),
        sa.Column("interval_s", sa.Float(), nullable=False),
        sa.Column("shares", sa.JSON(), nullable=False),
        sa.Column("ttl_s", sa.BigInteger(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=True),
        sa.Column("records", sa.String(), nullable=True),
        sa.Column("submission", sa.String(), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("attempted_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
