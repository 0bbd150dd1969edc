"""The ledger's tables: what cannot be learnt again. Rows are added and completed, never deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, MetaData
from sqlmodel import Field, SQLModel

from wedtui.store.types import UtcMicroseconds

METADATA = MetaData()


class LedgerTable(SQLModel):
    """The base of every table here; it keeps them apart from the cache's."""

    metadata = METADATA


def instant(*, nullable: bool = False) -> Any:
    """Return a column that holds an aware instant."""
    return Field(sa_column=Column(UtcMicroseconds, nullable=nullable))


def names() -> Any:
    """Return a column that holds a list of strings."""
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class FreezePeriodRow(LedgerTable, table=True):
    """A freeze that a person added, and who lifted it, if anyone did."""

    __tablename__ = "freeze_period"
    # Numbers are never used twice: a note that names a freeze must always mean the same one.
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    name: str
    start: datetime = instant()
    end: datetime = instant()
    environments: list[str] = names()
    services: list[str] = names()
    reason: str
    added_by: str
    added_at: datetime = instant()
    lifted_at: datetime | None = instant(nullable=True)
    lifted_by: str | None = None
    lift_reason: str | None = None


class ConfigurationChangeRow(LedgerTable, table=True):
    """One change of the configuration, as the service saw it."""

    __tablename__ = "configuration_change"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = instant()
    digest: str
    seen_by: str
    changes: list[str] = names()


class ProtectionRaiseRow(LedgerTable, table=True):
    """A protection level that a person asked for, and who ended that early, if anyone did."""

    __tablename__ = "protection_raise"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    level: str
    reason: str
    raised_by: str
    raised_at: datetime = instant()
    expires_at: datetime = instant()
    lowered_at: datetime | None = instant(nullable=True)
    lowered_by: str | None = None
    lower_reason: str | None = None


class WeddingKeyRow(LedgerTable, table=True):
    """One row: the key by which forgotten weddings are recognised. It is made once and shown to nobody."""

    __tablename__ = "wedding_key"
    id: int = Field(primary_key=True)
    secret: str
    """Hexadecimal."""


class ForgottenWeddingRow(LedgerTable, table=True):
    """A wedding that was forgotten. It goes when no source has named it for a month: nothing is left to recognise."""

    __tablename__ = "forgotten_wedding"
    digest: str = Field(primary_key=True)
    """Of its reference, with the key."""
    alias: str
    """What stands in the place of its reference."""
    forgotten_at: datetime = instant()
    forgotten_by: str
    missing_since: datetime | None = instant(nullable=True)
    """Since when no source names it."""


class WeddingImportRow(LedgerTable, table=True):
    """Weddings that a person imported by hand, and who dropped them, if anyone did: the cache alone has them."""

    __tablename__ = "wedding_import"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    source: str
    kind: str
    """`csv`, `icalendar` or `json`."""
    imported_at: datetime = instant()
    imported_by: str
    dropped_at: datetime | None = instant(nullable=True)
    dropped_by: str | None = None
