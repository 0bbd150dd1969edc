"""What the service answers about releases, as service and clients both know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wedtui.core.deployments.queue import Standing
from wedtui.core.deployments.release import Release, Transition
from wedtui.core.override import override_words


@dataclass(frozen=True, slots=True)
class ApprovalIs:
    """A person's word for one stage."""

    stage: str
    person: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class WaitIs:
    """One thing that a release waits for."""

    what: str
    """`checks`, `approval`, `hold`, `order`, `busy`, `turn`, `room` or `freeze`."""
    sentence: str


@dataclass(frozen=True, slots=True)
class QueuedIs:
    """How a release stands that has not started."""

    position: int
    """From 1 on, among all that have not."""
    waits: list[WaitIs]
    """Everything that it waits for; nothing where it starts now."""
    never: str
    """Why it cannot start any more; empty where it can."""
    first_allowed_at: datetime | None
    """The first instant at which no freeze stops it; None where that is now, or where none is known."""
    unreadable: bool
    """Whether it is frozen because something cannot be read."""
    overridden: str | None
    """By whom a freeze is overridden for it, until when and why."""


@dataclass(frozen=True, slots=True)
class ReleaseIs:
    """A release, and how it stands."""

    id: int
    service: str
    environment: str
    version: str
    previous: str
    """The version that was in place before it; empty where that is not known, or it has not started."""
    template: str
    state: str
    since: datetime
    """When it came into that state."""
    sentence: str
    priority: int
    submitted_by: str
    submitted_at: datetime
    source: str
    """`pipeline` or `person`."""
    source_name: str
    source_link: str
    links: list[str]
    checks: list[str]
    passed: list[str]
    stages: list[str]
    approvals: list[ApprovalIs]
    next_stage: str | None
    """The stage whose approval is asked for now."""
    after: list[int]
    held_by: str | None
    held_at: datetime | None
    hold_reason: str | None
    within_s: float
    soak_s: float
    started_at: datetime | None
    placed_at: datetime | None
    ended_at: datetime | None
    action: int | None
    """The action of the journal that carries it out: `wedtui actions show` says its steps."""
    queued: QueuedIs | None = None
    """None once it has started, or is over."""


@dataclass(frozen=True, slots=True)
class ReleaseMoveIs:
    """Something that became of a release."""

    at: datetime
    before: str | None
    after: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseToldIs:
    """A release, and what became of it."""

    release: ReleaseIs
    moves: list[ReleaseMoveIs]


@dataclass(frozen=True, slots=True)
class LineIs:
    """The queue: what waits, in its order; what is under way; and what ended lately."""

    at: datetime
    waiting: list[ReleaseIs]
    under_way: list[ReleaseIs]
    over: list[ReleaseIs]


@dataclass(frozen=True, slots=True)
class LogIs:
    """What was printed while a release was put in place, and taken back: the newest of it, as far as it is kept."""

    release: int
    state: str
    known: bool
    """Whether this service can look at it: what a command prints is kept where it was run."""
    sentence: str
    """Why not, or where it was run."""
    output: str
    rollback: str
    """Likewise of the rollback; empty where there was none."""


@dataclass(frozen=True, slots=True)
class GateIs:
    """Whether a pipeline may go on, now."""

    allowed: bool
    undecided: bool
    """Whether it is refused because something cannot be read."""
    until: datetime | None
    """When a freeze first lets it start, where that is known and not now."""
    reasons: list[str]
    """Everything that stops it; nothing where it is allowed, unless a freeze is overridden for it."""
    position: int | None
    """In the queue; None where it is not in it, or is under way."""
    release: int | None
    """Its number; None where it was not submitted."""


def release_is(release: Release, standing: Standing | None = None, now: datetime | None = None) -> ReleaseIs:
    """Return a release as it is answered.

    Args:
        release: as it is stored.
        standing: how it stands in the queue, where it has not started.
        now: of which instant that is.
    """
    hold = release.hold
    return ReleaseIs(
        id=release.id,
        service=release.service,
        environment=release.environment,
        version=release.version,
        previous=release.previous,
        template=release.template,
        state=release.state.value,
        since=release.entered,
        sentence=release.sentence,
        priority=release.priority,
        submitted_by=release.submitted_by,
        submitted_at=release.submitted_at,
        source=release.source.kind.value,
        source_name=release.source.name,
        source_link=release.source.link,
        links=[*release.links],
        checks=[*release.checks],
        passed=[*release.passed],
        stages=[*release.stages],
        approvals=[ApprovalIs(*each) for each in release.approvals],
        next_stage=release.next_stage,
        after=[*release.after],
        held_by=None if hold is None else hold.by,
        held_at=None if hold is None else hold.at,
        hold_reason=None if hold is None else hold.reason,
        within_s=release.within.total_seconds(),
        soak_s=release.soak.total_seconds(),
        started_at=release.started_at,
        placed_at=release.placed_at,
        ended_at=release.ended_at,
        action=release.action,
        queued=None if standing is None or now is None else _queued(standing, now),
    )


def move_is(move: Transition) -> ReleaseMoveIs:
    """Return a move as it is answered."""
    return ReleaseMoveIs(
        move.at, None if move.before is None else move.before.value, move.after.value, move.actor, move.reason
    )


def _queued(standing: Standing, now: datetime) -> QueuedIs:
    freeze = standing.freeze
    return QueuedIs(
        position=standing.position,
        waits=[WaitIs(each.what.value, each.sentence) for each in standing.waits],
        never=standing.never,
        first_allowed_at=freeze.first,
        unreadable=freeze.unreadable,
        overridden=None if freeze.override is None else override_words(freeze.override, now),
    )
