"""What a source of weddings lost of late, whether it may name nothing, and where exactly it is.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "cache_0008"
down_revision = "cache_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of sources that are known nothing was lost, and their addresses are learnt."""
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("none_to_come", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("losses", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("address", sa.String(), nullable=False, server_default=""),
    )
    for column in columns:
        op.add_column("wedding_source", column)
    # What a new row has is for who writes it to say.
    with op.batch_alter_table("wedding_source") as table:
        for column in columns:
            table.alter_column(column.name, server_default=None)
