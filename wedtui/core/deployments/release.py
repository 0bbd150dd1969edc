"""One release: what it is, as it is stored, and who gave their word for it. What may become of it is in `moves`.

Source: DESIGN, "Deployments".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

LOWEST, USUAL, HIGHEST = 0, 5, 9
"""Priorities: of two that may start, the one with the higher number does."""
MIGRATION = "migration"
"""The stage of approval that a release needs whose template names a migration."""
ROLLED_BACK_WITHIN = timedelta(hours=24)
"""So long after it succeeded a release is watched, and may be rolled back whatever is frozen."""


class ReleaseState(StrEnum):
    """How far a release is."""

    QUEUED = "queued"
    VALIDATING = "validating"
    WAITING = "waiting"
    """For approvals, for a freeze to end, for its turn: `queue.waits_of` says for what."""
    RUNNING = "running"
    VERIFYING = "verifying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Its version is not known to be in place, or not to do well: it is rolled back, or a person has to look."""
    ROLLING_BACK = "rolling back"
    ROLLED_BACK = "rolled back"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    """It goes no further by itself: what it rests on does not hold, or what became of it is not known."""


BEFORE = (ReleaseState.QUEUED, ReleaseState.VALIDATING, ReleaseState.WAITING)
"""Nothing outside was changed for it yet."""
UNDER_WAY = (ReleaseState.RUNNING, ReleaseState.VERIFYING, ReleaseState.FAILED, ReleaseState.ROLLING_BACK)
"""It has its service to itself."""
ENDS = (ReleaseState.SUCCEEDED, ReleaseState.ROLLED_BACK, ReleaseState.CANCELLED, ReleaseState.BLOCKED)
"""No further move is made by the service alone."""


class SourceKind(StrEnum):
    """What a release comes from."""

    PIPELINE = "pipeline"
    PERSON = "person"


class Source(NamedTuple):
    """Where a release comes from."""

    kind: SourceKind
    name: str
    """Of the pipeline's token, or of the person."""
    link: str = ""
    """Where its run can be looked at."""


class Approval(NamedTuple):
    """A person's word for one stage."""

    stage: str
    person: str
    at: datetime
    reason: str = ""


class Hold(NamedTuple):
    """A person has it wait, until somebody lets it go on."""

    by: str
    at: datetime
    reason: str


class Migration(NamedTuple):
    """What is done to data before a release starts."""

    name: str
    undo: str = ""
    """The name of the step that takes it back; empty where it was declared that nothing does."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release, as it is stored."""

    service: str
    environment: str
    version: str
    template: str
    """By whose name the configuration says how it is done, checked and watched."""
    source: Source
    submitted_by: str
    submitted_at: datetime
    within: timedelta
    """So long its run may take, from its start until its version is everywhere."""
    soak: timedelta
    """So long it is watched after that before it has succeeded."""
    state: ReleaseState = ReleaseState.QUEUED
    since: datetime | None = None
    """When it came into its state; None: when it was submitted."""
    sentence: str = ""
    """What the person is told about how it stands."""
    priority: int = USUAL
    previous: str = ""
    """The version that was in place before it, as far as that is known: the one that a rollback goes back to."""
    links: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    """The names of those that have to be passed before it is put in line."""
    passed: tuple[str, ...] = ()
    """Those that were reported as passed."""
    stages: tuple[str, ...] = ()
    """Whose approval it needs, in this order: nobody is asked before the one before has given theirs."""
    approvals: tuple[Approval, ...] = ()
    after: tuple[int, ...] = ()
    """The numbers of the releases that have to have succeeded first."""
    apart: tuple[str, ...] = ()
    """The services of the same environment that are not released while it is under way."""
    migration: Migration | None = None
    hold: Hold | None = None
    started_at: datetime | None = None
    placed_at: datetime | None = None
    """When its version was everywhere: from then on it is watched."""
    ended_at: datetime | None = None
    action: int | None = None
    """The number of the action of the journal that carries it out."""
    id: int = 0

    @property
    def object(self) -> str:
        """The name by which a freeze is overridden for it: that of one release, and of no other."""
        return object_of(self.id)

    @property
    def where(self) -> tuple[str, str]:
        """Its environment and its service: there only one at a time is under way."""
        return self.environment, self.service

    @property
    def entered(self) -> datetime:
        """When it came into its state."""
        return self.since or self.submitted_at

    @property
    def needs(self) -> timedelta:
        """How long it takes at most, from its start until it has succeeded."""
        return self.within + self.soak

    @property
    def next_stage(self) -> str | None:
        """The stage whose approval is asked for now; None where none is missing."""
        given = {each.stage for each in self.approvals}
        return next((stage for stage in self.stages if stage not in given), None)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The checks that nobody reported yet."""
        return tuple(name for name in self.checks if name not in self.passed)

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it by itself."""
        return self.state in ENDS


def object_of(number: int) -> str:
    """Return the name by which a freeze is overridden for the release of a number."""
    return f"release/{number}"


class Transition(NamedTuple):
    """One move of a release, as it is on record."""

    release: int
    at: datetime
    before: ReleaseState | None
    """None: it was submitted."""
    after: ReleaseState
    actor: str
    reason: str
