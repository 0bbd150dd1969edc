"""Which weddings a questioned reading would lose, and since when it is in question.

Of what is questioned already neither is known: the next reading says it.
The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0023"
down_revision = "cache_0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; an instant is whole microseconds since 1970 in UTC."""
    op.add_column("wedding_source", sa.Column("questioned_at", sa.BigInteger(), nullable=True))
    op.add_column("wedding_source", sa.Column("missing", sa.JSON(), nullable=False, server_default="{}"))
    # What a new row has is for who writes it to say.
    with op.batch_alter_table("wedding_source") as table:
        table.alter_column("missing", server_default=None)
