"""The load of some weeks is read from an index alone, however many weddings the calendar has.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

from alembic import op

revision = "cache_0009"
down_revision = "cache_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index anew, with zone and load."""
    op.drop_index("wedding_by_start", "wedding")
    op.create_index("wedding_by_start", "wedding", ["starts_at", "ends_at", "zone", "load"])
