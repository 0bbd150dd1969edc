"""Roll-ups of samples: what is known of the samples of a bucket, how far was rolled, and what is due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0002"
down_revision = "cache_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; the service fills them from the samples that there are."""
    op.create_table(
        "rollup",
        sa.Column("series", sa.Integer(), primary_key=True),
        sa.Column("step", sa.Integer(), primary_key=True),
        sa.Column("start", sa.BigInteger(), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("low_at", sa.BigInteger(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("high_at", sa.BigInteger(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=True),
        sqlite_with_rowid=False,
    )
    op.create_index("rollup_by_time", "rollup", ["step", "start"])
    op.create_table(
        "rollup_mark",
        sa.Column("step", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("rolled_until", sa.BigInteger(), nullable=True),
        sa.Column("kept_from", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "rollup_due",
        sa.Column("step", sa.Integer(), primary_key=True),
        sa.Column("start", sa.BigInteger(), primary_key=True),
        sa.Column("series", sa.Integer(), primary_key=True),
    )
