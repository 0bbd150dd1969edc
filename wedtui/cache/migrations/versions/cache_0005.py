"""The calendar of weddings: its sources, what they name, and a number that tells one state of it from another.

The types are the database's own: a revision stays what it is when the tables' code moves on. References are ordered
byte by byte in every database: a new reading and what is stored are compared in that order.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0005"
down_revision = "cache_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _weddings()
    _sources()
    op.create_table(
        "wedding_calendar",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
    )


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable, primary_key=primary_key)


def _instant(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[int]:
    """Whole microseconds since 1970 in UTC."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable, primary_key=primary_key)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _weddings() -> None:
    bytewise = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.create_table(
        "wedding",
        _text("source", primary_key=True),
        sa.Column("reference", bytewise, primary_key=True),
        _instant("starts_at", primary_key=True),
        _instant("ends_at"),
        _text("zone"),
        _text("venue"),
        _text("venue_kind"),
        _text("culture"),
        _count("guests"),
        _count("load"),
        sqlite_with_rowid=False,
    )
    op.create_index("wedding_by_start", "wedding", ["starts_at", "ends_at"])
    op.create_index("wedding_by_reference", "wedding", ["reference"])


def _sources() -> None:
    op.create_table(
        "wedding_source",
        _text("name", primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        _text("kind"),
        _text("place"),
        sa.Column("interval_s", sa.Float(), nullable=True),
        sa.Column("max_age_s", sa.Float(), nullable=False),
        _instant("attempted_at", nullable=True),
        _instant("read_at", nullable=True),
        _text("problem", nullable=True),
        _flag("questioned"),
        _flag("accept_next"),
        _text("mark", nullable=True),
        _count("revision"),
        _count("announced"),
        _count("weddings"),
        _count("rejected"),
        _count("unknown_cultures"),
        _count("unknown_kinds"),
        _count("repeated"),
        _count("kept"),
        sa.Column("examples", sa.JSON(), nullable=False),
    )
