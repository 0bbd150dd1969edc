"""What an asking of the outside gives: the poller's input to the cache.

A failure is an observation like any other; it says in a few words why there is no value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from wedtui.core.alerts.outside import Reported
from wedtui.core.evidence import VendorEvent, VendorStatus
from wedtui.core.freeze import Period
from wedtui.core.picture import AlertFacts
from wedtui.core.resource import Reach, Resource
from wedtui.core.resource_cost import ResourceCost
from wedtui.core.traffic import TrafficReading


@dataclass(frozen=True, slots=True)
class ProbeObservation:
    """One round of one probe."""

    probe: str
    at: datetime
    passed: bool
    failure: str | None = None
    status: int | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    certificate_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignalObservation:
    """One attempt to read one signal of one provider."""

    provider: str
    signal: str
    source: str
    at: datetime
    value: float | None = None
    """None with `problem` saying why."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PrometheusObservation:
    """One look at a Prometheus server itself: its readiness, targets and alerts."""

    name: str
    at: datetime
    ready: bool | None = None
    targets_up: int = 0
    targets_down: tuple[str, ...] = ()
    alerts: tuple[AlertFacts, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class AlertsObservation:
    """One asking of another system what fires there."""

    source: str
    at: datetime
    alerts: tuple[Reported, ...] | None = None
    """None with `problem` saying why."""
    problem: str | None = None
    """Beside alerts: why they are not all."""
    beside: str = ""
    """Beside alerts: which other address of it gave no such answer, and why."""
    address: str = ""
    """Of which URL (see `core.redact.address_of`); empty: of whichever is configured."""
    expected: bool = True
    """Whether what always fires there did."""
    ignored: int = 0
    """How many it told of that are none here, by how severe they are."""


@dataclass(frozen=True, slots=True)
class FeedObservation:
    """One attempt to read one iCalendar feed."""

    name: str
    at: datetime
    periods: tuple[Period, ...] | None = None
    """None with `problem` saying why."""
    problem: str | None = None
    address: str = ""
    """Of which URL (see `core.redact.address_of`); empty: of whichever is configured."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a provider takes the credentials for."""

    account: str
    """Its number."""
    name: str
    """`role wedtui`, `user wedtui`; empty where the provider does not say."""
    arn: str = ""
    """In full: that of a role in use may end with the name of a person."""


@dataclass(frozen=True, slots=True)
class ApiObservation:
    """One asking of one service of a provider's own API in one region."""

    provider: str
    region: str
    """The provider's own name for it, or `global`."""
    service: str
    """What was asked: `ec2`, `rds`, `cloudwatch`."""
    at: datetime
    reach: Reach
    problem: str | None = None
    """Why it was not answered in full, in one sentence; None when it was."""
    requests: int = 0
    """How many requests it took."""
    kinds: frozenset[str] = frozenset()
    """The kinds of resources that `resources` lists completely: what is not in it any more has vanished."""
    resources: tuple[Resource, ...] = ()
    costs: tuple[ResourceCost, ...] | None = None
    """What resources cost, all that is known of that; one that is not in it has no known cost. None: not asked."""
    credentials_expire_at: datetime | None = None
    interval: timedelta | None = None
    """How often it is asked; None: as often as queries are by default."""
    principal: Principal | None = None
    """Where that was what was asked."""
    account: str | None = None
    """The number of the account that was asked; None where it is not known."""
    account_wanted: bool = False
    """Whether the configuration names that account, so that it may take the place of another."""
    regions_on: tuple[str, ...] | None = None
    """The regions that the account has switched on, where that was what was asked."""


@dataclass(frozen=True, slots=True)
class VendorObservation:
    """What a vendor says of itself."""

    provider: str
    at: datetime
    source: str
    status: VendorStatus | None = None
    """None with `problem` saying why."""
    problem: str | None = None
    interval: timedelta | None = None
    """How often it is asked; None: as often as queries are by default."""
    events: tuple[VendorEvent, ...] = ()
    """Because of which it is that, the newest first."""
    more: int = 0
    """How many further ones there are."""


class Staged(Protocol):
    """The rows of one reading of a source of weddings, wherever they are held until they are stored."""

    @property
    def rows(self) -> int:
        """That the source sent."""
        ...

    @property
    def rejected(self) -> int:
        """Of these, could not be used."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


@dataclass(frozen=True, slots=True)
class WeddingsObservation:
    """One attempt to read one source of weddings. Whoever takes it closes its rows."""

    source: str
    at: datetime
    """When it was begun."""
    rows: Staged | None = None
    """None with `problem` saying why, or where nothing changed since `began_at`."""
    began_at: str | None = None
    """The mark from which it tells only what changed; None: it is whole."""
    mark: str | None = None
    """Up to where it came."""
    problem: str | None = None
    address: str = ""
    """Of which place (see `core.redact.address_of`); empty: of whichever is configured."""
    told: Callable[[bool], None] = lambda _taken: None
    """Told whether it was taken: the next reading may begin at its mark, or has to be a whole one."""


@dataclass(frozen=True, slots=True)
class TrafficObservation:
    """One look at the record of DNS that shares traffic out."""

    name: str
    """Of the record, absolute."""
    at: datetime
    reading: TrafficReading | None = None
    """None with `problem` saying why."""
    problem: str | None = None
    """Beside a reading: why it is not known whether a change is in sync."""


Observation = (
    ProbeObservation
    | SignalObservation
    | PrometheusObservation
    | AlertsObservation
    | FeedObservation
    | ApiObservation
    | VendorObservation
    | WeddingsObservation
    | TrafficObservation
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right by which something was observed: a lease, and its fencing number at that time."""

    lease: str
    fence: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """An observation, and by which right it was made; None: by a person's, who wanted it now."""

    observation: Observation
    claim: Claim | None = None
    number: int = 0
    """Grows with every observation that a service makes; what is stored is not stored again. 0: it has none."""
