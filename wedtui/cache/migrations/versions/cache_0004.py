"""Several services: each a vantage, with leases that divide what is asked but once.

The types are the database's own: a revision stays what it is when the tables' code moves on. Services, probes and
rounds are made anew: they are back with the first round, and nobody can say from where the old ones were seen.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0004"
down_revision = "cache_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables anew that learn of vantages, and the leases."""
    for name in ("service", "probe", "probe_round"):
        op.drop_table(name)
    _services()
    _probes()


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable, primary_key=primary_key)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """Whole microseconds since 1970 in UTC."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _number(name: str, *, nullable: bool = True) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _services() -> None:
    op.create_table(
        "service",
        _text("vantage", primary_key=True),
        _text("place"),
        _text("boot"),
        _text("instance"),
        _count("pid"),
        _text("mode"),
        _text("version"),
        _text("environment"),
        _instant("started_at"),
        _instant("heartbeat_at"),
        _instant("stopped_at", nullable=True),
        _text("configuration_digest"),
        _count("skipped"),
        _count("dropped"),
        _count("refused"),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        _count("shares"),
        _number("clock_ahead_s"),
        _number("late_ms_p99"),
        sa.Column("problems", sa.JSON(), nullable=False),
    )
    op.create_table(
        "lease",
        _text("name", primary_key=True),
        _text("holder", nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        _instant("since"),
        _instant("until"),
    )


def _probes() -> None:
    op.create_table(
        "probe",
        _text("name", primary_key=True),
        _count("position"),
        _text("provider"),
        _text("url"),
        _number("interval_s", nullable=False),
        _number("timeout_s", nullable=False),
    )
    op.create_table(
        "probe_seen",
        _text("probe", primary_key=True),
        _text("vantage", primary_key=True),
        sa.Column("status", sa.Integer(), nullable=True),
        _number("connect_ms"),
        _number("tls_ms"),
        _number("first_byte_ms"),
        _number("total_ms"),
        _instant("certificate_expires_at", nullable=True),
        _instant("measured_at"),
    )
    op.create_table(
        "probe_round",
        sa.Column("id", sa.Integer(), primary_key=True),
        _text("probe"),
        _text("vantage"),
        _instant("at"),
        sa.Column("passed", sa.Boolean(), nullable=False),
        _text("failure", nullable=True),
        _number("latency_ms"),
    )
    op.create_index("probe_round_by_probe", "probe_round", ["probe", "vantage", "id"])
    op.create_index("probe_round_by_time", "probe_round", ["at"])
