"""Weddings that were forgotten: a key, made once, and a keyed digest of each reference.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0003"
down_revision = "ledger_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables; instants are whole microseconds since 1970 in UTC."""
    op.create_table(
        "wedding_key",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("secret", sa.String(), nullable=False),
    )
    op.create_table(
        "forgotten_wedding",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("alias", sa.String(), nullable=False),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=False),
        sa.Column("forgotten_by", sa.String(), nullable=False),
        sa.Column("missing_since", sa.BigInteger(), nullable=True),
    )
