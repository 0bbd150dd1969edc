"""Whom a notification is for, where that is not for the configuration to say: by channels, for each of them.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0013"
down_revision = "ledger_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what is there is for whoever the configuration says."""
    op.add_column("notification", sa.Column("channels", sa.JSON(), nullable=True))
