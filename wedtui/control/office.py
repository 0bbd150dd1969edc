"""With what the paths of the API are served, and who stands before them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, NamedTuple, Protocol

from fastapi import Depends, Header, Path, Request

from wedtui.control.bodies import PlanWanted, ToApprove, ToChange, ToConfirm
from wedtui.control.desk import Desk
from wedtui.control.guard import ACCOUNT, PERSON, SLIP
from wedtui.control.release_answers import LogIs
from wedtui.control.server import Plan
from wedtui.control.unheard import Slip
from wedtui.core.actions import Action
from wedtui.core.alerts.rule import RuleBook
from wedtui.core.alerts.standing import AlertsNow
from wedtui.core.deed_plan import DeedPlan
from wedtui.core.deployments.queue import Standing as InLine
from wedtui.core.deployments.release import Release
from wedtui.core.deployments.submission import Template
from wedtui.core.failover import Plan as FailoverPlan
from wedtui.core.freeze_plan import FreezePlan, Wanted
from wedtui.core.picture import ServiceFacts
from wedtui.core.roles import Decided, Decision, Demand, Person
from wedtui.errors import NotFoundError
from wedtui.ledger.reader import FreezeEntry, OverrideEntry
from wedtui.ledger.release_reader import Told as ReleaseTold
from wedtui.ledger.requests import Once

ALWAYS = (400, 404, 405, 408, 413, 422, 429, 503)
ACTING = (403, 404, 409)

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=128, pattern="^[!-~]+$")]
Token = Annotated[str, Path(min_length=32, max_length=32, pattern="^[0-9a-f]+$")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


class Standing(NamedTuple):
    """How automation stands."""

    mode: str
    """`off`, `propose` or `auto`."""
    stop: tuple[str, datetime, str] | None
    """Who stopped it, when and why; None where it is not stopped."""
    action: Action | None
    """What the service asked for by itself and has not ended."""


class EmergencyPath(NamedTuple):
    """How the emergency path stands."""

    file: str
    """In which what is done without the ledger is written first."""
    unrecorded: bool
    """Whether anything in it is not on record in the ledger yet."""


class Changes(Protocol):
    """Who plans and carries out changes of shares; every method may be called by any thread.

    What moves an action is named the request that it answers: the answer is kept with the move, and the same request
    again raises an `AnsweredBeforeError`.
    """

    def plan(self, wanted: PlanWanted) -> Future[FailoverPlan | DeedPlan]:
        """Plan without asking for anything."""
        ...

    def ask(self, by: Decided, wanted: ToChange, once: Once) -> Future[Action]:
        """Ask for a change."""
        ...

    def confirm(self, by: Decided, number: int, body: ToConfirm, once: Once) -> Future[Action]:
        """Take a confirmation."""
        ...

    def approve(self, by: Decided, number: int, body: ToApprove, once: Once) -> Future[Action]:
        """Take the word of a second person."""
        ...

    def review(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        """Note what another person found of what was done without a second one."""
        ...

    def cancel(self, by: Decided, number: int, once: Once) -> Future[Action]:
        """Begin no further step."""
        ...

    def abort(self, by: Decided, once: Once) -> Future[Action]:
        """End the countdown that runs."""
        ...

    def settle(self, by: Decided, number: int, sentence: str, once: Once) -> Future[Action]:
        """End what was handed over."""
        ...

    def action(self, number: int) -> Action:
        """Return one action."""
        ...

    def actions(self, *, open_only: bool, newest: bool = False) -> tuple[Action, ...]:
        """Return the newest actions, newest first; of those that are open, and the newest confirmed one."""
        ...

    def standing(self) -> Standing:
        """Return how automation stands."""
        ...

    def emergency_path(self) -> EmergencyPath:
        """Return how the path without the ledger stands."""
        ...


class Freezes(Protocol):
    """Who knows what is frozen; every method may be called by any thread, and raises a StoreError where it cannot."""

    def plan(self, wanted: Wanted, decision: Decision, now: datetime) -> FreezePlan:
        """Plan without asking for anything."""
        ...

    def entries(self, now: datetime) -> tuple[FreezeEntry, ...]:
        """Return the freezes of persons that are not over."""
        ...

    def overrides(self, now: datetime) -> tuple[OverrideEntry, ...]:
        """Return the overrides that are not over."""
        ...


class Alerting(Protocol):
    """Who knows of rules, alerts and channels; every method may be called by any thread."""

    def book(self) -> RuleBook:
        """Return the rules that count."""
        ...

    def alerts(self) -> AlertsNow | None:
        """Return how it stands with alerts; None where that is not known."""
        ...

    def channels(self) -> tuple[str, ...]:
        """Return the channels by which people are told."""
        ...


class Line(Protocol):
    """The queue of releases as it stands."""

    @property
    def waiting(self) -> tuple[InLine, ...]:
        """Those that have not started, in their order."""
        ...

    @property
    def under_way(self) -> tuple[Release, ...]:
        """Those that have, and are not over."""
        ...


class Releasing(Protocol):
    """Who knows of releases; every method may be called by any thread, and raises a StoreError where it cannot."""

    def template(self, service: str, environment: str, name: str | None = None) -> Template:
        """Return how a release is to be done; raises a ConfigurationError where there is no such way."""
        ...

    def line(self, now: datetime) -> Line:
        """Return the queue."""
        ...

    def one(self, number: int) -> ReleaseTold:
        """Return a release and what became of it; raises a NotFoundError where there is none of that number."""
        ...

    def over(self, since: datetime) -> tuple[Release, ...]:
        """Return those that ended since an instant, the newest first."""
        ...

    def log(self, number: int) -> LogIs:
        """Return what was printed while a release was put in place; raises what `one` does."""
        ...

    def would(self, release: Release, now: datetime) -> InLine:
        """Return how a release would stand that is not in the queue."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """What the paths are served with."""

    desk: Desk
    facts: Callable[[], ServiceFacts]
    """Of the service in whose process this is."""
    changes: Changes | None = None
    """None: no backend of traffic is configured."""
    demands: Mapping[str, frozenset[Demand]] = field(default_factory=dict)
    """What is demanded beside the role, of actions that wait for a confirmation."""
    freezes: Freezes | None = None
    """None: nothing is planned."""
    alerting: Alerting | None = None
    """None: nothing is silenced, and nobody told."""
    releases: Releasing | None = None
    """None: nothing is released."""


def office_of(plan: Plan, desk: Desk) -> Office:
    """Return with what the paths are served where that is planned."""
    return Office(desk, plan.facts, plan.changes, plan.demands, plan.freezes, plan.alerting, plan.releases)


def alerting(office: Office) -> Alerting:
    """Return who knows of rules, alerts and channels.

    Raises:
        NotFoundError: nobody here does.
    """
    if office.alerting is None:
        raise NotFoundError("this service judges no alerts and tells nobody: there is nothing to silence or to tell")
    return office.alerting


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def _person(request: Request) -> Person:
    known: Person | None = request.scope.get(PERSON)
    if known is not None:
        return known
    return _office(request).desk.person(request.scope[ACCOUNT])


Asking = Annotated[Person, Depends(_person)]
At = Annotated[Office, Depends(_office)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who wants something done, and the key of the request."""

    office: Office
    who: Person
    key: str
    what: str
    """Method and path."""
    slip: Slip

    @property
    def name(self) -> str:
        """Under which it goes on record."""
        return self.who.account.name

    def on_record(self) -> None:
        """Note that what came of the request is on record, so that whoever let it in need not put it there."""
        self.slip.on_record = True


def _caller(request: Request, who: Asking, office: At, key: Key) -> Caller:
    # Not by the request's URL: a part of that is its Host header.
    return Caller(office, who, key, f"{request.method} {request.scope['path']}", request.scope[SLIP])


Acting = Annotated[Caller, Depends(_caller)]
