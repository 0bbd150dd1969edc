"""The cache's tables: what can be learnt again.

Instants are stored as whole microseconds since 1970 in UTC (`UtcMicroseconds`), so that they compare and sort
as numbers in every database and come back as aware datetimes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, MetaData
from sqlmodel import Field, SQLModel

from wedtui.store.types import UtcMicroseconds

METADATA = MetaData()


class CacheTable(SQLModel):
    """The base of every table here; it keeps them apart from the ledger's."""

    metadata = METADATA


def instant(*, primary_key: bool = False, nullable: bool = False) -> Any:
    """Return a column that holds an aware instant."""
    return Field(sa_column=Column(UtcMicroseconds, primary_key=primary_key, nullable=nullable))


class ServiceRow(CacheTable, table=True):
    """A service that fills this cache, as it last described itself."""

    __tablename__ = "service"
    vantage: str = Field(primary_key=True)
    """Where it watches from; its name among the services."""
    place: str
    """Machine and state directory."""
    boot: str
    """Of the machine that it runs on: a copy of a machine has the same names, but was not started at once with it."""
    instance: str
    pid: int
    mode: str
    version: str
    environment: str
    started_at: datetime = instant()
    heartbeat_at: datetime = instant()
    stopped_at: datetime | None = instant(nullable=True)
    configuration_digest: str = ""
    """Of the whole, and behind it one of each setting of each account (see `cache.configured.digest_by_name`)."""
    skipped: int = 0
    dropped: int = 0
    refused: int = 0
    """Observations that another service had taken over."""
    stored: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """The number of the last observation that is stored, refused or passed over: a commit whose answer was lost is
    known by it."""
    shares: int = 0
    """How many leases it held beside that of its vantage."""
    clock_ahead_s: float | None = None
    """Of the database's."""
    late_ms_p99: float | None = None
    problems: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    revision: str | None = None
    """Of the cache that its program knows: where that is another, it writes nothing any more."""
    began_at: datetime | None = instant(nullable=True)
    """When it began, by the database's clock."""
    left_behind: str | None = None
    """What it found in a former ledger at its place, in a sentence."""


class LeaseRow(CacheTable, table=True):
    """Who may watch as a vantage or ask a target, and until when (see `core.sharing`)."""

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    holder: str | None = None
    """The instance of a service."""
    fence: int = Field(sa_column=Column(BigInteger, nullable=False))
    since: datetime = instant()
    until: datetime = instant()
    """By the database's clock, as `since`."""


class ProviderRow(CacheTable, table=True):
    """A configured provider."""

    __tablename__ = "provider"
    name: str = Field(primary_key=True)
    position: int
    kind: str
    weight: int
    capacity: float | None = None


class ProbeRow(CacheTable, table=True):
    """A configured probe."""

    __tablename__ = "probe"
    name: str = Field(primary_key=True)
    position: int
    provider: str
    url: str
    interval_s: float
    timeout_s: float


class ProbeSeenRow(CacheTable, table=True):
    """What the newest round of a probe measured from one vantage."""

    __tablename__ = "probe_seen"
    probe: str = Field(primary_key=True)
    vantage: str = Field(primary_key=True)
    status: int | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    certificate_expires_at: datetime | None = instant(nullable=True)
    measured_at: datetime = instant()


class ProbeRoundRow(CacheTable, table=True):
    """One round of one probe from one vantage; history, bounded by `keep_samples`."""

    __tablename__ = "probe_round"
    __table_args__ = (Index("probe_round_by_probe", "probe", "vantage", "id"), Index("probe_round_by_time", "at"))
    id: int | None = Field(default=None, primary_key=True)
    probe: str
    vantage: str
    at: datetime = instant()
    passed: bool
    failure: str | None = None
    latency_ms: float | None = None


class SignalRow(CacheTable, table=True):
    """A configured signal of a provider and its newest value."""

    __tablename__ = "signal"
    provider: str = Field(primary_key=True)
    signal: str = Field(primary_key=True)
    position: int
    source: str
    interval_s: float
    value: float | None = None
    measured_at: datetime | None = instant(nullable=True)
    problem: str | None = None
    attempted_at: datetime | None = instant(nullable=True)


class SeriesRow(CacheTable, table=True):
    """A series of samples; its number keeps the samples small."""

    __tablename__ = "series"
    __table_args__ = (Index("series_by_name", "provider", "signal", unique=True),)
    id: int | None = Field(default=None, primary_key=True)
    provider: str
    signal: str


class SampleRow(CacheTable, table=True):
    """One value of a series."""

    __tablename__ = "sample"
    __table_args__ = (Index("sample_by_time", "at"), {"sqlite_with_rowid": False})
    series: int = Field(primary_key=True)
    at: datetime = instant(primary_key=True)
    value: float


class RollupRow(CacheTable, table=True):
    """What is known of the samples of one series in one bucket (see `core.rollup`)."""

    __tablename__ = "rollup"
    __table_args__ = (Index("rollup_by_time", "step", "start"), {"sqlite_with_rowid": False})
    series: int = Field(primary_key=True)
    step: int = Field(primary_key=True)
    """Seconds."""
    start: datetime = instant(primary_key=True)
    count: int = Field(sa_column=Column(BigInteger, nullable=False))
    total: float
    low: float
    low_at: datetime = instant()
    high: float
    high_at: datetime = instant()
    sketch: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """Of the values (see `cache.sketches`); None below five minutes, and where a finer one was damaged."""


class RollupMarkRow(CacheTable, table=True):
    """How far a step was rolled and pruned; step 0 is the samples themselves."""

    __tablename__ = "rollup_mark"
    step: int = Field(primary_key=True)
    rolled_until: datetime | None = instant(nullable=True)
    """Every bucket that begins before it is rolled, or due."""
    kept_from: datetime | None = instant(nullable=True)
    """What is before it is deleted, or going to be; None: nothing is."""


class RollupDueRow(CacheTable, table=True):
    """A bucket that has to be rolled, for the first time or again."""

    __tablename__ = "rollup_due"
    step: int = Field(primary_key=True)
    start: datetime = instant(primary_key=True)
    series: int = Field(primary_key=True)


class PrometheusRow(CacheTable, table=True):
    """A configured Prometheus server and what it last said of itself."""

    __tablename__ = "prometheus"
    name: str = Field(primary_key=True)
    position: int
    url: str
    interval_s: float
    measured_at: datetime | None = instant(nullable=True)
    attempted_at: datetime | None = instant(nullable=True)
    ready: bool | None = None
    targets_up: int = 0
    targets_down: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    alerts: list[dict[str, str | None]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    problem: str | None = None


class AlertSourceRow(CacheTable, table=True):
    """A configured system that judges alerts of its own, and how asking it went the last time."""

    __tablename__ = "alert_source"
    name: str = Field(primary_key=True)
    position: int
    kind: str
    url: str
    """Redacted."""
    address: str
    """What tells it from another one where what is shown is the same."""
    interval_s: float
    attempted_at: datetime | None = instant(nullable=True)
    measured_at: datetime | None = instant(nullable=True)
    """Of the newest good answer, as the columns below."""
    problem: str | None = None
    """Of the newest attempt; beside a good answer: why that is not all, or which other address gave none."""
    whole: bool = True
    expected: bool = True
    """Whether what always fires there did."""
    ignored: int = 0
    alerts: int = 0
    digest: str = ""
    """Of the alerts: where it is the same, they are."""


class AlertListRow(CacheTable, table=True):
    """What the newest good answer of a source told of; written when that changes."""

    __tablename__ = "alert_list"
    source: str = Field(primary_key=True)
    alerts: list[dict[str, object]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class FeedRow(CacheTable, table=True):
    """The last good reading of a freeze feed, and what became of the newest attempt."""

    __tablename__ = "feed"
    name: str = Field(primary_key=True)
    url: str
    """Redacted."""
    address: str = ""
    """What tells it from another feed where what is shown is the same; empty where it is not known yet."""
    attempted_at: datetime | None = instant(nullable=True)
    last_good_at: datetime | None = instant(nullable=True)
    problem: str | None = None
    questioned: bool = False
    accept_next: bool = False
    """A person has looked at what was questioned: the next good reading is taken as it is."""
    periods: list[dict[str, str | list[str]]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    environments: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    services: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    dropped_at: datetime | None = instant(nullable=True)
    """Since when it is not configured any more, by the database's clock."""


class FreezePeriodRow(CacheTable, table=True):
    """A copy of each period that a person added, for readers who may not read the ledger."""

    __tablename__ = "freeze_period"
    id: int = Field(primary_key=True)
    name: str
    start: datetime = instant()
    end: datetime = instant()
    environments: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    services: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    why: str | None = None
    """Who froze it, and the reason where that is not its name; None: an older service copied it."""


class ProtectionRaiseRow(CacheTable, table=True):
    """A copy of each protection level that a person asked for, for readers who may not read the ledger."""

    __tablename__ = "protection_raise"
    id: int = Field(primary_key=True)
    level: str
    reason: str
    person: str
    at: datetime = instant()
    expires_at: datetime = instant()


class FreezeOverrideRow(CacheTable, table=True):
    """A copy of each override of a freeze, for readers who may not read the ledger."""

    __tablename__ = "freeze_override"
    id: int = Field(primary_key=True)
    object: str
    reason: str
    person: str
    at: datetime = instant()
    expires_at: datetime = instant()


class MirrorRow(CacheTable, table=True):
    """When something was last copied here from elsewhere (`ledger`)."""

    __tablename__ = "mirror"
    name: str = Field(primary_key=True)
    copied_at: datetime = instant()


class ActionCopyRow(CacheTable, table=True):
    """A copy of the ledger's actions that are under way, and of the last shares that were written (`ledger`)."""

    __tablename__ = "action_copy"
    name: str = Field(primary_key=True)
    actions: list[dict[str, object]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    written: dict[str, object] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    copied_at: datetime = instant()


class AlertCopyRow(CacheTable, table=True):
    """A copy of how it stands with alerts (`ledger`), as of the round that judged them."""

    __tablename__ = "alert_copy"
    name: str = Field(primary_key=True)
    judged_at: datetime = instant()
    rules: int
    """How many rules count."""
    alerts: list[dict[str, object]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    not_set: dict[str, object] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """By what it was judged: the shipped rules that are not set, and how many series are known and are not.

    An older version wrote the list of the rules alone.
    """


class ResourceRow(CacheTable, table=True):
    """One thing that a provider runs, as it last described it; kept for a while when it is gone."""

    __tablename__ = "resource"
    __table_args__ = (
        Index("resource_by_asking", "provider", "asked_in", "service", "kind"),
        Index("resource_by_place", "provider", "kind", "region", "name", "id"),
        Index("resource_by_expiry", "expires_at"),
        Index("resource_by_backup", "backed_up", "backed_up_at"),
        Index("resource_by_vanishing", "vanished_at"),
    )
    provider: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    asked_in: str
    """The region in which it was asked for: a bucket has one of its own, and is listed by `global`."""
    service: str
    """What was asked for it."""
    name: str
    status: str
    state: str
    badness: int
    """0 for the worst state, so that what is worst sorts first."""
    detail: str | None = None
    tags: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    depends_on: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    words: str
    """Name, id and tags in lower case, to be searched."""
    monthly_cost: float | None = None
    created_at: datetime | None = instant(nullable=True)
    expires_at: datetime | None = instant(nullable=True)
    backed_up_at: datetime | None = instant(nullable=True)
    backed_up: bool | None = None
    first_seen_at: datetime = instant()
    seen_at: datetime = instant()
    """When this row was last written because it was seen; the group's `listed_at` may be later."""
    vanished_at: datetime | None = instant(nullable=True)
    digest: str
    """Of what the provider says of it: equal where nothing changed."""


class ResourceGroupRow(CacheTable, table=True):
    """How many resources of one kind one asking lists in one region, and when it last listed all of them."""

    __tablename__ = "resource_group"
    provider: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    asked_in: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    service: str
    interval_s: float
    fresh_for: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Microseconds for which a listing is believed."""
    listed_at: datetime | None = instant(nullable=True)
    counts: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    examples: list[list[str | None]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    vanished: int = 0
    stopped: int = 0
    """How many of them are at rest; they are in no count."""


class ResourceCostRow(CacheTable, table=True):
    """What one resource costs a month by its bills, which are asked for by themselves (`core.resource_cost`)."""

    __tablename__ = "resource_cost"
    provider: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    """Empty where bills do not say it."""
    monthly_usd: float
    days: int
    until: str
    """The last day that counts: `2026-06-18`."""
    interval_s: float
    read_at: datetime = instant()


class ApiRow(CacheTable, table=True):
    """How asking one service of a provider in one region went the last time."""

    __tablename__ = "api"
    provider: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    service: str = Field(primary_key=True)
    interval_s: float
    asked_at: datetime = instant()
    answered_at: datetime | None = instant(nullable=True)
    reach: str
    problem: str | None = None
    requests: int = 0
    credentials_expire_at: datetime | None = instant(nullable=True)


class VendorRow(CacheTable, table=True):
    """What a vendor says of itself."""

    __tablename__ = "vendor"
    provider: str = Field(primary_key=True)
    source: str
    status: str | None = None
    interval_s: float
    measured_at: datetime | None = instant(nullable=True)
    attempted_at: datetime = instant()
    problem: str | None = None
    events: list[dict[str, object]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What it says is wrong (see `cache.rows`), as of `measured_at`."""
    more: int = 0
    """How many events were left out."""


class AccountRow(CacheTable, table=True):
    """Whose account a provider's credentials are of, as far as its own API said so."""

    __tablename__ = "account"
    provider: str = Field(primary_key=True)
    account: str | None = None
    """Its number; what is stored of the provider's resources is of this one."""
    arn: str | None = None
    name: str | None = None
    since: datetime | None = instant(nullable=True)
    """Since when it is known to be this one."""
    seen_at: datetime | None = instant(nullable=True)
    """When that was last confirmed."""
    former: str | None = None
    """The one before."""
    former_until: datetime | None = instant(nullable=True)
    """When that was last confirmed."""
    regions: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Those that it has switched on."""
    regions_at: datetime | None = instant(nullable=True)
    """When it said so; None: never."""


class TrafficRow(CacheTable, table=True):
    """The record of DNS that shares traffic out, as it was read last."""

    __tablename__ = "traffic"
    name: str = Field(primary_key=True)
    backend: str
    interval_s: float
    shares: list[list[str | int]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Provider, region and whole percent of each place that has a record."""
    ttl_s: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    generation: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    records: str | None = None
    """Canonical JSON of exactly what was read."""
    submission: str | None = None
    """A change that is not yet in sync."""
    read_at: datetime | None = instant(nullable=True)
    attempted_at: datetime | None = instant(nullable=True)
    problem: str | None = None
    shares_since: datetime | None = instant(nullable=True)
    """When these shares were first read, and no others since."""


class WeddingRow(CacheTable, table=True):
    """One celebration as one source names it; a reference may have several, of several days."""

    __tablename__ = "wedding"
    __table_args__ = (
        # With what the load is made of: of a large calendar that of some weeks is read from the index alone.
        Index("wedding_by_start", "starts_at", "ends_at", "zone", "load"),
        Index("wedding_by_reference", "reference"),
        {"sqlite_with_rowid": False},
    )
    source: str = Field(primary_key=True)
    reference: str = Field(primary_key=True)
    starts_at: datetime = instant(primary_key=True)
    ends_at: datetime = instant()
    zone: str
    venue: str
    venue_kind: str
    culture: str
    guests: int = Field(sa_column=Column(BigInteger, nullable=False))
    load: int = Field(sa_column=Column(BigInteger, nullable=False))
    """In units (see `core.wedding`)."""
    assumed: str | None = None
    """The values of `core.wedding.Assumed` that hold, with commas between them; None: not read since that is kept."""


class WeddingSourceRow(CacheTable, table=True):
    """A source of weddings: its last good reading, and what became of the newest attempt."""

    __tablename__ = "wedding_source"
    name: str = Field(primary_key=True)
    position: int
    kind: str
    place: str
    """Redacted."""
    interval_s: float | None = None
    """None: persons import it by hand."""
    max_age_s: float
    attempted_at: datetime | None = instant(nullable=True)
    read_at: datetime | None = instant(nullable=True)
    problem: str | None = None
    questioned: bool = False
    accept_next: bool = False
    """A person has looked at what was questioned: a reading that loses no more than that is taken."""
    asked: list[list[int]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What the reading that was questioned last would have lost: the values of `core.wedding_loss.Lost`."""
    questioned_at: datetime | None = instant(nullable=True)
    """Since when its newest readings are questioned, without one in between that was not."""
    missing: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Which weddings the questioned reading would take away, move or make lighter: `rows`, the values of
    `core.wedding_loss.Missing`, and in `total` how many there are in all. Empty: nothing is questioned."""
    none_to_come: bool = Field(default=False)
    """Whether a person accepted that it names no wedding that is still to come."""
    losses: list[list[int | str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """What its readings of the last day took away: the values of `core.wedding_loss.Loss`."""
    dropped_at: datetime | None = instant(nullable=True)
    """Since when it is not configured any more, by the database's clock."""
    address: str = ""
    """A digest of the whole address, and of the query: where the place stays, it may be another resource."""
    mark: str | None = None
    """Up to where its last good reading came; only one that began there may tell what changed since."""
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Grows with every change of its weddings."""
    announced: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    """The revision at the end of the last reading that was taken: readers were told of it."""
    weddings: int = Field(sa_column=Column(BigInteger, nullable=False))
    rejected: int = Field(sa_column=Column(BigInteger, nullable=False))
    unknown_cultures: int = Field(sa_column=Column(BigInteger, nullable=False))
    unknown_kinds: int = Field(sa_column=Column(BigInteger, nullable=False))
    repeated: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Rows with the reference and the start of another."""
    kept: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Weddings that the newest reading no longer named and that stay: live ones, and those whose row was unusable."""
    examples: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Of the rows that were rejected."""
    notes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Of the rows that were used, but count as other than they say."""


class WeddingCalendarRow(CacheTable, table=True):
    """One row: a number that grows with every change of any wedding or source."""

    __tablename__ = "wedding_calendar"
    id: int = Field(primary_key=True)
    generation: int = Field(sa_column=Column(BigInteger, nullable=False))


class ChangeRow(CacheTable, table=True):
    """Something that was seen to have changed; written with what changed, and bounded by `changing.KEPT`."""

    __tablename__ = "change"
    # Numbers are never used twice: a reader tells changes apart by them.
    __table_args__ = (Index("change_by_time", "at", "id"), {"sqlite_autoincrement": True})
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = instant()
    """When it was first seen to be other."""
    not_before: datetime | None = instant(nullable=True)
    """When it was last seen to be as before; None: when it changed is known, or never was anything seen before."""
    kind: str
    """A value of `core.changes.ChangeKind`."""
    object: str
    what: str
    """Which move it was (see `core.seen_changes`)."""
    source: str
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """What was seen before and after."""


class ChangeMarkRow(CacheTable, table=True):
    """What was last seen of something that no other row keeps, and since when changes are recorded (`record`)."""

    __tablename__ = "change_mark"
    name: str = Field(primary_key=True)
    value: str
    since: datetime = instant()
    """Of `record`: nothing before it is kept; else since when it was seen to be so."""
    seen_at: datetime = instant()
    """When it was last seen to be so."""
