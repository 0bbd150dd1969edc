"""What is no longer configured is kept for a while, and services are compared by one clock.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0011"
down_revision = "cache_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; which feed counts where is learnt at the next start, and means everywhere until then."""
    op.add_column("service", sa.Column("began_at", sa.BigInteger(), nullable=True))
    op.add_column("wedding_source", sa.Column("dropped_at", sa.BigInteger(), nullable=True))
    op.add_column("feed", sa.Column("dropped_at", sa.BigInteger(), nullable=True))
    scope = ("environments", "services")
    for name in scope:
        op.add_column("feed", sa.Column(name, sa.JSON(), nullable=False, server_default="[]"))
    # What a new row has is for who writes it to say.
    with op.batch_alter_table("feed") as table:
        for name in scope:
            table.alter_column(name, server_default=None)
