"""Who froze something and why, in the copy of what persons decided; and what of a wedding was assumed.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0015"
down_revision = "cache_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; without its mark the next reading of a source is a whole one, which says what was assumed."""
    op.add_column("freeze_period", sa.Column("why", sa.String(), nullable=True))
    op.add_column("wedding", sa.Column("assumed", sa.String(), nullable=True))
    op.execute("UPDATE wedding_source SET mark = NULL")
