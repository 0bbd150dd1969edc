"""The outbox of notifications; and of an action who approved it, and what became of one that broke the glass.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0009"
down_revision = "ledger_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and add the columns; instants are whole microseconds since 1970 in UTC."""
    op.create_table(
        "notification",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("episode", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sqlite_autoincrement=True,
    )
    # What waits is asked for twice a second, and is little of all that there ever was.
    op.create_index("notification_stage", "notification", ["stage", "id"])
    op.create_index("notification_key", "notification", ["key", "id"])
    op.create_index("notification_episode", "notification", ["episode"])
    op.create_table(
        "notification_delivery",
        sa.Column("notification_id", sa.Integer(), primary_key=True),
        sa.Column("channel", sa.String(), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
    )
    op.create_table(
        "notification_sender",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
    )
    for name, kind in (
        ("approved_by", sa.String()),
        ("approved_at", sa.BigInteger()),
        ("broke_glass", sa.String()),
        ("reviewed_by", sa.String()),
        ("reviewed_at", sa.BigInteger()),
        ("review", sa.String()),
    ):
        op.add_column("action", sa.Column(name, kind, nullable=True))
