"""What was questioned about a source of weddings, and which rows count as other than they say.

What its readings took away is remembered wedding by wedding from here on: what was remembered in sums is let go.
The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "cache_0010"
down_revision = "cache_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; nothing was questioned in a way that could be accepted."""
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("asked", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("notes", sa.JSON(), nullable=False, server_default="[]"),
    )
    for column in columns:
        op.add_column("wedding_source", column)
    # What a new row has is for who writes it to say.
    with op.batch_alter_table("wedding_source") as table:
        for column in columns:
            table.alter_column(column.name, server_default=None)
    op.execute("UPDATE wedding_source SET losses = '[]'")
