"""The ledger's tables: what cannot be learnt again. Rows are added and completed, never deleted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, MetaData, false, text
from sqlmodel import Field, SQLModel

from wedtui.store.types import UtcMicroseconds

METADATA = MetaData()
_PRUNES = text("kind = 'audit.prune'")
"""The links that say what was removed: there are few."""
_UNDER_WAY = text("state IN ('running', 'verifying', 'failed', 'rolling back')")
"""Of a release: it has its service to itself."""


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


class FreezeOverrideRow(LedgerTable, table=True):
    """A freeze that a manager overrode for one object, and who ended that early, if anyone did."""

    __tablename__ = "freeze_override"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    object: str
    reason: str
    overridden_by: str
    overridden_at: datetime = instant()
    expires_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None
    end_reason: str | None = None


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


class ControlRequestRow(LedgerTable, table=True):
    """What was answered to a request on the control socket, for as long as somebody may send the same one again."""

    __tablename__ = "control_request"
    identity: str = Field(primary_key=True)
    """The name of who asked."""
    key: str = Field(primary_key=True)
    """Her own, of that request."""
    digest: str
    """Of what was asked."""
    status: int
    answer: str
    """JSON."""
    at: datetime = Field(sa_column=Column(UtcMicroseconds, nullable=False, index=True))


class AuditLinkRow(LedgerTable, table=True):
    """One link of the audit chain. The database itself refuses to change or delete one."""

    __tablename__ = "audit_link"
    __table_args__ = (Index("audit_link_prune", "number", sqlite_where=_PRUNES, postgresql_where=_PRUNES),)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int
    at: datetime = instant()
    kind: str
    person: str
    action: str | None = None
    body: str
    """Canonical JSON: of these very bytes the hash is."""
    previous: str = Field(unique=True)
    """The hash of the link before; that of no two links, so that the chain never forks."""
    hash: str


class AuditAnchorRow(LedgerTable, table=True):
    """What was signed of the chain, for places outside of the ledger. Neither changed nor deleted."""

    __tablename__ = "audit_anchor"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    number: int
    """Of the newest link at that instant."""
    hash: str
    at: datetime = instant()
    key: str
    """The fingerprint of the key."""
    signature: str


class AuditDeliveryRow(LedgerTable, table=True):
    """Up to which anchor a place outside of the ledger has taken all of them."""

    __tablename__ = "audit_delivery"
    place: str = Field(primary_key=True)
    through: int
    """The id of the newest anchor that it took."""
    at: datetime = instant()


class ActionRow(LedgerTable, table=True):
    """An action, as far as it is: one row from the request to its end."""

    __tablename__ = "action"
    __table_args__ = (Index("action_state", "state", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True)
    request_key: str = Field(unique=True)
    """Who asked and the key of their request: the same one twice is one action."""
    kind: str
    target: str
    resource: str
    person: str
    reason: str
    requested_at: datetime = instant()
    state: str
    outcome: str | None = None
    plan: str
    digest: str
    expires_at: datetime | None = instant(nullable=True)
    needs: list[str] = names()
    confirmed_by: str | None = None
    confirmed_at: datetime | None = instant(nullable=True)
    deadline: datetime | None = instant(nullable=True)
    holder: str | None = None
    fence: int
    lease_until: datetime | None = instant(nullable=True)
    cancelled_by: str | None = None
    ended_at: datetime | None = instant(nullable=True)
    sentence: str
    approved_by: str | None = None
    approved_at: datetime | None = instant(nullable=True)
    broke_glass: str | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = instant(nullable=True)
    review: str | None = None
    automatic: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=false()))
    countdown_since: datetime | None = instant(nullable=True)


class AutomationStopRow(LedgerTable, table=True):
    """A person stopped all automation, and who let it go on, if anyone did."""

    __tablename__ = "automation_stop"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    stopped_by: str
    stopped_at: datetime = instant()
    reason: str
    resumed_by: str | None = None
    resumed_at: datetime | None = instant(nullable=True)
    resume_reason: str | None = None


class ActionStepRow(LedgerTable, table=True):
    """One step of an action: stored as intended before it is made, and again when it is known what came of it."""

    __tablename__ = "action_step"
    action_id: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    """From 1 on, in the order in which they were begun."""
    name: str
    state: str
    intended_at: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
    changes: bool
    undoes: bool
    detail: str


class NotificationRow(LedgerTable, table=True):
    """What somebody is to be told: written with the decision that needs it, and kept when it was told."""

    __tablename__ = "notification"
    __table_args__ = (
        Index("notification_stage", "stage", "id"),
        Index("notification_key", "key", "id"),
        Index("notification_episode", "episode"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str
    episode: str
    """Of its episode alone: by this channels know a message that they have already."""
    event: str
    severity: str
    sentence: str
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    everybody: bool
    created_at: datetime = instant()
    stage: str
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None
    """Who dismissed a dead letter."""
    channels: list[list[str]] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    """For each of those whom it is for, the channels in their order; None: for whoever the configuration says."""


class NotificationDeliveryRow(LedgerTable, table=True):
    """How far a notification is with one channel."""

    __tablename__ = "notification_delivery"
    __table_args__ = (Index("notification_delivery_repeat", "repeat_at"),)
    notification_id: int = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    state: str
    tries: int
    since: datetime = instant()
    next_at: datetime = instant()
    problem: str
    """Of the last attempt, in a few words without any secret."""
    repeats: int
    """How often it was put to it again after it was accepted, because the channel may have lost it."""
    repeat_at: datetime | None = instant(nullable=True)
    """When it is put to it again; None: never."""


class NotificationSenderRow(LedgerTable, table=True):
    """One row: which service sends, and under which number."""

    __tablename__ = "notification_sender"
    id: int = Field(primary_key=True)
    holder: str
    fence: int
    lease_until: datetime = instant()


class AlertRoundRow(LedgerTable, table=True):
    """One row: which service judges the alerts, under which number, and what it left behind."""

    __tablename__ = "alert_round"
    id: int = Field(primary_key=True)
    holder: str
    fence: int
    lease_until: datetime = instant()
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Grows with everything that changes what is remembered, whoever does."""
    judged_at: datetime | None = instant(nullable=True)
    tick: float | None = None
    """What the clock that never jumps read at that instant, in seconds, in the machine's start that `boot` names."""
    boot: str = ""
    telling: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What was told, as `core.alerts.telling` remembers it."""
    files: list[list[str]] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    """The last files of rules that could be used: name and text of each."""
    files_at: datetime | None = instant(nullable=True)


class AlertMemoryRow(LedgerTable, table=True):
    """What is remembered of one rule and one series; written when it changes."""

    __tablename__ = "alert_memory"
    __table_args__ = (Index("alert_memory_episode", "episode"),)
    rule: str = Field(primary_key=True)
    series: str = Field(primary_key=True)
    """The labels, as canonical JSON."""
    labels: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    phase: str
    episode: str
    """The key of the one that fires; empty where none does."""
    memory: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class AlertEventRow(LedgerTable, table=True):
    """Something that became of an episode. The database itself refuses to change or delete one."""

    __tablename__ = "alert_event"
    __table_args__ = (
        Index("alert_event_at", "at"),
        Index("alert_event_episode", "episode", "id"),
        {"sqlite_autoincrement": True},
    )
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = instant()
    kind: str
    episode: str
    rule: str
    labels: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    severity: str
    reason: str
    """Why it is wrong: `condition` or `no data`."""
    value: float | None = None
    person: str
    """Who did it, where somebody did."""
    said: str
    """Why, in that person's words."""


class AlertSilenceRow(LedgerTable, table=True):
    """A person's wish not to be told of certain alerts over [since, until), and who ended it early, if anyone did."""

    __tablename__ = "alert_silence"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    wanted: dict[str, list[str]] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """By label, the values of which one must be there."""
    rules: list[str] = names()
    """None means all."""
    reason: str
    by: str
    since: datetime = instant()
    until: datetime = instant()
    ended_at: datetime | None = instant(nullable=True)
    ended_by: str | None = None
    end_reason: str | None = None


class ReleaseRow(LedgerTable, table=True):
    """A release, as far as it is. The database itself refuses an illegal move, and a start while it is frozen."""

    __tablename__ = "release"
    __table_args__ = (
        Index("release_state", "state", "id"),
        Index("release_where", "environment", "service", "id"),
        Index(
            "release_alone",
            "environment",
            "service",
            unique=True,
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
        # What is copied into a server is under way, or over: that of a new row is for whoever submits one.
        {"sqlite_autoincrement": True, "info": {"unguarded": ("release_insert",)}},
    )
    id: int | None = Field(default=None, primary_key=True)
    service: str
    environment: str
    version: str
    template: str
    source_kind: str
    source_name: str
    source_link: str
    submitted_by: str
    submitted_at: datetime = instant()
    within_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    soak_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str
    since: datetime | None = instant(nullable=True)
    sentence: str
    priority: int
    previous: str
    links: list[str] = names()
    checks: list[str] = names()
    passed: list[str] = names()
    stages: list[str] = names()
    after: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    apart: list[str] = names()
    migration: str | None = None
    migration_undo: str
    held_by: str | None = None
    held_at: datetime | None = instant(nullable=True)
    hold_reason: str | None = None
    started_at: datetime | None = instant(nullable=True)
    placed_at: datetime | None = instant(nullable=True)
    ended_at: datetime | None = instant(nullable=True)
    action: int | None = None
    request_key: str = Field(unique=True)
    """Who submitted it and the key of their request: the same one twice is one release."""


class ReleaseTransitionRow(LedgerTable, table=True):
    """One move of a release. The database itself refuses to change or delete one."""

    __tablename__ = "release_transition"
    __table_args__ = (Index("release_transition_release", "release_id", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True)
    release_id: int
    at: datetime = instant()
    before: str | None = None
    after: str
    actor: str
    reason: str


class ReleaseApprovalRow(LedgerTable, table=True):
    """A person's word for one stage of a release. The database itself refuses to change or delete one."""

    __tablename__ = "release_approval"
    release_id: int = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    person: str
    at: datetime = instant()
    reason: str


class FrozenIntervalRow(LedgerTable, table=True):
    """A stretch in which the evaluator says that a service is frozen; what persons froze stands in `freeze_period`."""

    __tablename__ = "frozen_interval"
    environment: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    starts_at: datetime = Field(sa_column=Column(UtcMicroseconds, primary_key=True))
    ends_at: datetime = instant()
    reasons: list[str] = names()


class FrozenKnownRow(LedgerTable, table=True):
    """From when on and up to when the intervals of a service are all that freezes it; beyond that it is frozen."""

    __tablename__ = "frozen_known"
    environment: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    since: datetime = instant()
    until: datetime = instant()


class DatabaseClockRow(LedgerTable, table=True):
    """One row at most: how far ahead of its own clock the database judges. There is none but in demos and tests."""

    __tablename__ = "database_clock"
    id: int = Field(primary_key=True)
    offset_us: int = Field(sa_column=Column(BigInteger, nullable=False))


class AccessTokenRow(LedgerTable, table=True):
    """A token by which a pipeline asks from another machine; of its secret there is the SHA-256 alone."""

    __tablename__ = "access_token"
    __table_args__ = {"sqlite_autoincrement": True}
    id: int | None = Field(default=None, primary_key=True)
    name: str
    digest: str = Field(unique=True)
    former_digest: str | None = None
    former_until: datetime | None = instant(nullable=True)
    scopes: list[str] = names()
    services: list[str] = names()
    environments: list[str] = names()
    made_by: str
    made_at: datetime = instant()
    expires_at: datetime = instant()
    rotated_at: datetime | None = instant(nullable=True)
    rotated_by: str | None = None
    revoked_at: datetime | None = instant(nullable=True)
    revoked_by: str | None = None
    revoke_reason: str | None = None
    last_used_at: datetime | None = instant(nullable=True)
