"""What vendors say of themselves in their own words; whose account is asked, and which regions it has switched on.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0018"
down_revision = "cache_0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the columns and the table; instants are whole microseconds since 1970 in UTC.

    Buckets were all listed as of no region: in their own they would look as if they had vanished there. They are
    forgotten, and the next listing has them.
    """
    op.add_column("vendor", sa.Column("events", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("vendor", sa.Column("more", sa.Integer(), nullable=False, server_default="0"))
    # What a new row has is for who writes it to say.
    with op.batch_alter_table("vendor") as table:
        for name in ("events", "more"):
            table.alter_column(name, server_default=None)
    op.create_table(
        "account",
        sa.Column("provider", sa.String(), primary_key=True),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("arn", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("former", sa.String(), nullable=True),
        sa.Column("former_until", sa.BigInteger(), nullable=True),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("regions_at", sa.BigInteger(), nullable=True),
    )
    op.execute("DELETE FROM resource WHERE kind = 's3.bucket'")
    op.execute("DELETE FROM resource_group WHERE kind = 's3.bucket'")
