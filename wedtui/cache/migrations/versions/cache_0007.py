"""What a service knows to write, and what it found in a ledger that was left behind at its place.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0007"
down_revision = "cache_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns; of a service that runs already nobody knows either."""
    for name in ("revision", "left_behind"):
        op.add_column("service", sa.Column(name, sa.String(), nullable=True))
