"""What a channel accepted and may have lost is put to it again: how often that was done, and when it is due.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0014"
down_revision = "ledger_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was accepted before is not put to anybody again."""
    op.add_column("notification_delivery", sa.Column("repeats", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("notification_delivery", sa.Column("repeat_at", sa.BigInteger(), nullable=True))
    # What a new row has is for who writes it to say.
    with op.batch_alter_table("notification_delivery") as table:
        table.alter_column("repeats", server_default=None)
    op.create_index("notification_delivery_repeat", "notification_delivery", ["repeat_at"])
