"""What the service answers, as service and clients both know it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not done."""

    error: str
    """A word for programs: `invalid`, `refused`, `not-found`, `conflict`, `too-many`, ..."""
    message: str
    """A sentence for people: what happened, to what, and what to do next."""


@dataclass(frozen=True, slots=True)
class WhoAmI:
    """Who asks, as the service knows it from the kernel."""

    user: str
    uid: int
    groups: list[str]
    role: str
    because: str
    """Where the role comes from."""
    mode: str
    """`personal` or `shared`."""
    may: list[str]
    """What the role suffices for; a freeze, a second person or a one-time code may still stand before it."""


@dataclass(frozen=True, slots=True)
class ServiceIs:
    """The service that answers."""

    version: str
    mode: str
    environment: str
    vantage: str
    place: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime
    problems: list[str]


@dataclass(frozen=True, slots=True)
class FreezeIs:
    """A freeze that a person added, [start, end), and who lifted it, if anyone did."""

    id: int
    name: str
    start: datetime
    end: datetime
    environments: list[str]
    """None means all."""
    services: list[str]
    """None means all."""
    reason: str
    added_by: str
    added_at: datetime
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None
    overrides_ended: list[str] = field(default_factory=list)
    """Of a lockdown that was just begun: the objects whose override it ended."""


@dataclass(frozen=True, slots=True)
class OverrideIs:
    """A freeze that a manager overrode for one object, and who ended that early, if anyone did."""

    id: int
    object: str
    reason: str
    overridden_by: str
    overridden_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class RaiseIs:
    """A protection level that a person asked for, and who ended that early, if anyone did."""

    id: int
    level: str
    reason: str
    raised_by: str
    raised_at: datetime
    expires_at: datetime
    lowered_at: datetime | None
    lowered_by: str | None
    lower_reason: str | None


@dataclass(frozen=True, slots=True)
class ArmingIs:
    """Somebody who has a panel open, and has asked for nothing yet, as far as this says."""

    user: str
    kind: str
    """Of the registry: `failover`, `lockdown`, ..."""
    target: str
    """What was chosen so far; empty where nothing was."""
    since: datetime


@dataclass(frozen=True, slots=True)
class StepIs:
    """One step of an action."""

    name: str
    state: str
    """`intended`, `done`, `failed` or `unknown`."""
    intended_at: datetime
    ended_at: datetime | None
    changes: bool
    """Whether it changes anything outside."""
    undoes: bool
    """Whether it takes back what a step before it changed."""
    detail: str
    """What came of it: JSON, or a sentence where it failed."""


@dataclass(frozen=True, slots=True)
class PlanIs:
    """A plan of which nothing is stored."""

    plan: dict[str, Any]
    """As `core.failover.plan_json` or `core.freeze_plan.freeze_plan_json` writes it."""
    digest: str
    refused: list[str]
    """Why whoever asks may not submit it; nothing where they may."""


@dataclass(frozen=True, slots=True)
class ActionIs:
    """An action, as far as it is."""

    id: int
    kind: str
    """`failover` or `failback`."""
    target: str
    """What has to be typed to confirm it."""
    resource: str
    person: str
    reason: str
    requested_at: datetime
    state: str
    """`requested`, `awaiting confirmation`, `confirmed`, `claimed`, `handed over` or `ended`."""
    outcome: str | None
    """Once it ended: `refused`, `cancelled`, `expired`, `failed`, `verified`, `superseded`, `undone` or
    `settled`."""
    plan: dict[str, Any] | None
    """As `core.failover.plan_json` writes it; None where there is none yet."""
    digest: str
    """Of the plan: a confirmation names it."""
    expires_at: datetime | None
    """Until when the plan may be confirmed."""
    needs: list[str]
    """What is still missing beside the confirmation."""
    confirmed_by: str | None
    confirmed_at: datetime | None
    deadline: datetime | None
    """Until when a confirmed one may be begun."""
    cancelled_by: str | None
    ended_at: datetime | None
    sentence: str
    """What the person is told about how it stands."""
    steps: list[StepIs]
    approved_by: str | None = None
    """The second person, where one was demanded."""
    approved_at: datetime | None = None
    broke_glass: str | None = None
    """Why it was confirmed without the second person who was demanded."""
    reviewed_by: str | None = None
    """Who looked at that afterwards."""
    reviewed_at: datetime | None = None
    review: str | None = None
    """What they found."""
    automatic: bool = False
    """Whether the service asked for it by itself: whoever may do it may confirm it."""
    acts_at: datetime | None = None
    """When the service confirms it by itself; None where it does not."""
    aside: bool = False
    """Whether it is done without the ledger, and is not on record there yet."""


@dataclass(frozen=True, slots=True)
class DeliveryIs:
    """How far a notification is with one channel."""

    channel: str
    state: str
    """`waiting`, `accepted`, `refused` or `spared` (another channel accepted it)."""
    tries: int
    since: datetime
    """When it was first put to it."""
    problem: str
    """Of the last attempt; empty where there is none."""


@dataclass(frozen=True, slots=True)
class NotificationIs:
    """A notification, and how far it is."""

    id: int
    key: str
    event: str
    """`trigger` or `resolve`."""
    severity: str
    sentence: str
    details: dict[str, Any]
    everybody: bool
    """Whether every channel is told, and not the first that accepts."""
    created_at: datetime
    stage: str
    """`waiting`, `sent`, `dead` or `dismissed`."""
    ended_at: datetime | None
    ended_by: str | None
    """Who dismissed a dead letter."""
    deliveries: list[DeliveryIs]


@dataclass(frozen=True, slots=True)
class AlertHadIs:
    """An alert that somebody looks at."""

    key: str
    """Of its episode."""
    rule: str
    labels: dict[str, str]
    acknowledged_by: str
    acknowledged_at: datetime
    again: bool = False
    """Whether the same person had it already, since then."""


@dataclass(frozen=True, slots=True)
class HiddenIs:
    """An alert whose messages a silence hides."""

    rule: str
    labels: dict[str, str]
    severity: str
    key: str
    """Of its episode; empty while it is pending."""


@dataclass(frozen=True, slots=True)
class HidesIs:
    """What a silence hides, or would hide, of the alerts that there are."""

    sentence: str
    known: bool
    """Whether anybody knows how it stands with alerts."""
    firing: list[HiddenIs]
    pending: list[HiddenIs]
    told: int
    """Of how many that fire somebody was told already; their ends are told all the same."""
    behind: int = 0
    """How many more that fire these hide by their rules: nobody is told of them either."""


@dataclass(frozen=True, slots=True)
class SilenceIs:
    """Alerts that nobody is told of for a while."""

    id: int
    rules: list[str]
    """None means any."""
    labels: dict[str, list[str]]
    """By label, the values of which one must be there."""
    reason: str
    by: str
    since: datetime
    until: datetime
    """When it ends by itself."""
    ended_at: datetime | None
    ended_by: str | None
    end_reason: str | None
    hides: HidesIs
    """Which alerts that there were when it was answered it is about."""


@dataclass(frozen=True, slots=True)
class AlertEventIs:
    """Something that became of an alert."""

    id: int
    at: datetime
    kind: str
    """`firing`, `raised`, `acknowledged`, `noted`, `lapsed`, `escalated`, `resolved` or `withdrawn`."""
    key: str
    """Of its episode."""
    rule: str
    labels: dict[str, str]
    severity: str
    reason: str
    """`condition` or `no data`."""
    value: float | None
    person: str
    """Who acknowledged it; empty where nobody did anything."""
    said: str
    """Why, in that person's words."""


@dataclass(frozen=True, slots=True)
class AutomationIs:
    """How automation stands."""

    mode: str
    """`off`, `propose` or `auto`."""
    stopped_by: str | None
    """Who stopped it; None where nobody did."""
    stopped_at: datetime | None
    reason: str | None
    action: ActionIs | None
    """What the service asked for by itself and has not ended."""


@dataclass(frozen=True, slots=True)
class EmergencyIs:
    """What a dashboard has to say at any time of how the service can act."""

    mode: str
    """`off`, `propose` or `auto`; `off` where no backend of traffic is configured, or the ledger cannot be reached."""
    stopped_by: str | None = None
    """Who stopped all automation; None where nobody did, or where the ledger cannot be reached."""
    stopped_at: datetime | None = None
    ledger: str | None = None
    """Why the service cannot reach its ledger; None where it can."""
    standby: str | None = None
    """The file of the service in which what is done without the ledger is written first; None: nothing can be."""
    unrecorded: bool = False
    """Whether anything in that file is not on record in the ledger yet."""


@dataclass(frozen=True, slots=True)
class StandingIs:
    """All that a dashboard asks again and again."""

    who: WhoAmI
    actions: list[ActionIs]
    """What has not ended, what was not reviewed, and the newest that was confirmed; newest first."""
    unlisted: str | None
    """Why it is not known what is under way; None where it is."""
    emergency: EmergencyIs | None
    """None: an older service does not say."""
    arming: list[ArmingIs]
    """Who has a panel open elsewhere."""


@dataclass(frozen=True, slots=True)
class StopIs:
    """A stop of all automation that was made, or ended."""

    by: str
    """Who stopped it."""
    at: datetime
    reason: str
