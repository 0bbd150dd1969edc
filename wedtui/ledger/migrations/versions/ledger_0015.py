"""The last round of alerts by a clock that never jumps as well: a leap of the time of day is known after a restart.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0015"
down_revision = "ledger_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of the round that stands there nobody knows it."""
    op.add_column("alert_round", sa.Column("tick", sa.Float(), nullable=True))
    op.add_column("alert_round", sa.Column("boot", sa.String(), nullable=False, server_default=""))
    # What a new row has is for who writes it to say.
    with op.batch_alter_table("alert_round") as table:
        table.alter_column("boot", server_default=None)
