"""The first cache: what is configured, its newest state, and history.

The types are the database's own: a revision stays what it is when the tables' code moves on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cache_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _service()
    _configured()
    _servers()
    _history()
    _freeze()


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable, primary_key=primary_key)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """Whole microseconds since 1970 in UTC."""
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _number(name: str, *, nullable: bool = True) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _service() -> None:
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), primary_key=True),
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
        _number("late_ms_p99"),
        sa.Column("problems", sa.JSON(), nullable=False),
    )


def _configured() -> None:
    op.create_table(
        "provider",
        _text("name", primary_key=True),
        _count("position"),
        _text("kind"),
        _count("weight"),
        _number("capacity"),
    )
    op.create_table(
        "probe",
        _text("name", primary_key=True),
        _count("position"),
        _text("provider"),
        _text("url"),
        _number("interval_s", nullable=False),
        _number("timeout_s", nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        _number("connect_ms"),
        _number("tls_ms"),
        _number("first_byte_ms"),
        _number("total_ms"),
        _instant("certificate_expires_at", nullable=True),
        _instant("measured_at", nullable=True),
    )
    op.create_table(
        "signal",
        _text("provider", primary_key=True),
        _text("signal", primary_key=True),
        _count("position"),
        _text("source"),
        _number("interval_s", nullable=False),
        _number("value"),
        _instant("measured_at", nullable=True),
        _text("problem", nullable=True),
        _instant("attempted_at", nullable=True),
    )


def _servers() -> None:
    op.create_table(
        "prometheus",
        _text("name", primary_key=True),
        _count("position"),
        _text("url"),
        _number("interval_s", nullable=False),
        _instant("measured_at", nullable=True),
        _instant("attempted_at", nullable=True),
        sa.Column("ready", sa.Boolean(), nullable=True),
        _count("targets_up"),
        sa.Column("targets_down", sa.JSON(), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        _text("problem", nullable=True),
    )


def _history() -> None:
    op.create_table(
        "probe_round",
        sa.Column("id", sa.Integer(), primary_key=True),
        _text("probe"),
        _instant("at"),
        sa.Column("passed", sa.Boolean(), nullable=False),
        _text("failure", nullable=True),
        _number("latency_ms"),
    )
    op.create_index("probe_round_by_probe", "probe_round", ["probe", "id"])
    op.create_index("probe_round_by_time", "probe_round", ["at"])
    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), primary_key=True),
        _text("provider"),
        _text("signal"),
    )
    op.create_index("series_by_name", "series", ["provider", "signal"], unique=True)
    op.create_table(
        "sample",
        sa.Column("series", sa.Integer(), primary_key=True),
        sa.Column("at", sa.BigInteger(), primary_key=True),
        _number("value", nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("sample_by_time", "sample", ["at"])


def _freeze() -> None:
    op.create_table(
        "feed",
        _text("name", primary_key=True),
        _text("url"),
        _instant("attempted_at", nullable=True),
        _instant("last_good_at", nullable=True),
        _text("problem", nullable=True),
        sa.Column("questioned", sa.Boolean(), nullable=False),
        sa.Column("accept_next", sa.Boolean(), nullable=False),
        sa.Column("periods", sa.JSON(), nullable=False),
    )
    op.create_table(
        "freeze_period",
        sa.Column("id", sa.Integer(), primary_key=True),
        _text("name"),
        _instant("start"),
        _instant("end"),
        sa.Column("environments", sa.JSON(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
    )
    op.create_table("mirror", _text("name", primary_key=True), _instant("copied_at"))
