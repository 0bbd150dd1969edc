"""What a provider has, and how asking its API went.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0003"
down_revision = "cache_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the inventory."""
    _resources()
    _groups()
    _askings()


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), primary_key=True)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    """Whole microseconds since 1970 in UTC."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _document(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _resources() -> None:
    op.create_table(
        "resource",
        _key("provider"),
        _key("kind"),
        _key("region"),
        _key("id"),
        _text("asked_in"),
        _text("service"),
        _text("name"),
        _text("status"),
        _text("state"),
        sa.Column("badness", sa.Integer(), nullable=False),
        _text("detail", nullable=True),
        _document("tags"),
        _document("depends_on"),
        _text("words"),
        sa.Column("monthly_cost", sa.Float(), nullable=True),
        _instant("created_at"),
        _instant("expires_at"),
        _instant("backed_up_at"),
        sa.Column("backed_up", sa.Boolean(), nullable=True),
        _instant("first_seen_at", nullable=False),
        _instant("seen_at", nullable=False),
        _instant("vanished_at"),
        _text("digest"),
    )
    for name, columns in (
        ("resource_by_asking", ["provider", "asked_in", "service", "kind"]),
        ("resource_by_place", ["provider", "kind", "region", "name", "id"]),
        ("resource_by_expiry", ["expires_at"]),
        ("resource_by_backup", ["backed_up", "backed_up_at"]),
        ("resource_by_vanishing", ["vanished_at"]),
    ):
        op.create_index(name, "resource", columns)


def _groups() -> None:
    op.create_table(
        "resource_group",
        _key("provider"),
        _key("kind"),
        _key("asked_in"),
        _key("region"),
        _text("service"),
        sa.Column("interval_s", sa.Float(), nullable=False),
        sa.Column("fresh_for", sa.BigInteger(), nullable=False),
        _instant("listed_at"),
        _document("counts"),
        _document("examples"),
        sa.Column("vanished", sa.Integer(), nullable=False),
    )


def _askings() -> None:
    op.create_table(
        "api",
        _key("provider"),
        _key("region"),
        _key("service"),
        sa.Column("interval_s", sa.Float(), nullable=False),
        _instant("asked_at", nullable=False),
        _instant("answered_at"),
        _text("reach"),
        _text("problem", nullable=True),
        sa.Column("requests", sa.Integer(), nullable=False),
        _instant("credentials_expire_at"),
    )
    op.create_table(
        "vendor",
        _key("provider"),
        _text("source"),
        _text("status", nullable=True),
        sa.Column("interval_s", sa.Float(), nullable=False),
        _instant("measured_at"),
        _instant("attempted_at", nullable=False),
        _text("problem", nullable=True),
    )
