"""A service in memory for the emergency panel: it keeps actions as the real one answers them, and can be gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from tests.core.emergency import NAMES, SHARES, come_back, facts, leave
from tests.core.emergency import provider as well
from tests.core.emergency import reading as reading_of
from tests.pictures import NOW, SECOND, FakeSource, MovableClock, picture, probe, provider
from wedtui.control.answers import (
    ActionIs,
    ArmingIs,
    EmergencyIs,
    FreezeIs,
    OverrideIs,
    PlanIs,
    StandingIs,
    StepIs,
    WhoAmI,
)
from wedtui.control.client import Aside
from wedtui.control.freezes import freeze_is
from wedtui.core.emergency import EmergencyKind, emergency
from wedtui.core.failover import plan, plan_json
from wedtui.core.freeze import UNTIL_LIFTED, FreezeFacts, Verdict, WallTime, WeeklyWindow
from wedtui.core.freeze_plan import FreezePlan, Known, Liftable, freeze_plan_json, plan_freeze, wanted_of
from wedtui.core.override import Override
from wedtui.core.picture import Picture
from wedtui.core.plan_words import before_words
from wedtui.core.protection import protection
from wedtui.core.roles import NEEDED, Account, Demand, Person, Role, decide
from wedtui.core.state import State
from wedtui.core.traffic_facts import TrafficFacts
from wedtui.errors import ConflictError, NotServedError, ServiceError, WedtuiError
from wedtui.ledger.reader import FreezeEntry

LOST = "aws"
CAPS: Mapping[str, int | None] = {"azure": 60, "gcp": 45, "digitalocean": 20}
READING = reading_of(at=NOW - 4 * SECOND)
TRAFFIC = TrafficFacts("www.example.com.", "route53", timedelta(seconds=10), READING, NOW - 4 * SECOND)


def world(traffic: TrafficFacts | None = TRAFFIC) -> FakeSource:
    """Make a world of four providers, of which AWS is down."""
    ill = (probe("rsvp-aws", "xxxx................"),)
    providers = tuple(provider(name, SHARES[name], ill if name == LOST else None) for name in NAMES)

    def made(now: Any) -> Picture:
        return replace(picture(providers, now=now), traffic=traffic)

    return FakeSource(made)


def json_of(
    caps: Mapping[str, int | None] = CAPS,
    *,
    overload: bool = False,
    unknown: Collection[str] = (),
    vouched: Collection[str] = (),
    **other: Any,
) -> dict[str, Any]:
    """Return a plan as the service writes it, made at NOW; of some nothing is known, and for some was vouched."""
    known = facts(caps=caps, reading=READING, freeze=Verdict(frozen=False, at=NOW - SECOND), **other)
    known = replace(
        known,
        providers=tuple(
            replace(each, round_at=NOW - 2 * SECOND, state=State.UNKNOWN if each.name in unknown else each.state)
            for each in known.providers
        ),
        observed=replace(known.observed, measured_at=NOW - 30 * SECOND),
        planned=replace(known.planned, measured_at=NOW - 30 * SECOND),
    )
    made = plan(leave(LOST, accepts_overload=overload, vouched=frozenset(vouched)), known, NOW)
    return {**plan_json(made), "digest": made.digest, "refused": list(made.refused)}


def back_json(to: str) -> dict[str, Any]:
    """Return the plan of a failback as the service writes it, made at NOW."""
    live = reading_of({"aws": 0, "azure": 60, "gcp": 40, "digitalocean": 0}, at=NOW - SECOND)
    known = facts(well("aws"), reading=live, freeze=Verdict(frozen=False, at=NOW - SECOND))
    known = replace(
        known,
        providers=tuple(replace(each, round_at=NOW - 2 * SECOND) for each in known.providers),
        observed=replace(known.observed, measured_at=NOW - 30 * SECOND),
        planned=replace(known.planned, measured_at=NOW - 30 * SECOND),
    )
    asked = come_back()
    if to == "before":
        asked = come_back(to_words=before_words(NOW - timedelta(hours=1), 12))
    made = plan(asked, known, NOW)
    return {**plan_json(made), "digest": made.digest, "refused": list(made.refused)}


WINDOW = WeeklyWindow("weekend", WallTime(4, time(18)), WallTime(0, time(6)), ("UTC",))
HOUR = timedelta(hours=1)
FROZEN = FreezeEntry(
    3,
    "royal wedding",
    NOW - HOUR,
    NOW + 5 * HOUR,
    frozenset({"production"}),
    frozenset(),
    "nothing may move",
    "mo",
    NOW - HOUR,
)
LOCKED = FreezeEntry(
    4, "lockdown", NOW - HOUR, UNTIL_LIFTED, frozenset(), frozenset(), "bad release", "grace", NOW - HOUR
)


@dataclass
class ServiceHand:
    """Answers from memory; `problem` is raised by whatever is asked."""

    clock: MovableClock
    role: Role = Role.ENGINEER
    caps: Mapping[str, int | None] = field(default_factory=lambda: CAPS)
    problem: WedtuiError | None = None
    ledger: WedtuiError | None = None
    """Raised by whatever needs the ledger."""
    refuses: WedtuiError | None = None
    """Raised by whoever wants to have an alert."""
    conflict: bool = False
    unknown: tuple[str, ...] = ()
    """Of whom nothing is known."""
    kept: list[ActionIs] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    frozen: list[FreezeEntry] = field(default_factory=list)
    overridden: tuple[Override, ...] = ()
    armed: list[ArmingIs] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    """What others are told of this dashboard."""
    user: str = "ada"
    """Who sits there."""
    demanded: list[str] = field(default_factory=list)
    """What is needed beside a confirmation."""
    digests: dict[str, str] = field(default_factory=dict)
    renumbered: dict[int, int] = field(default_factory=dict)
    """The number of an action without the ledger -> the one that it has on record."""
    automation: EmergencyIs = field(default_factory=lambda: EmergencyIs("propose", standby=STANDBY))

    def _heard(self, what: str) -> None:
        if self.problem is not None:
            raise self.problem
        self.calls.append(what)

    def whoami(self) -> WhoAmI:
        self._heard("whoami")
        may = [permission.value for permission, least in NEEDED.items() if self.role.reaches(least)]
        return WhoAmI(self.user, 1000, ["ops"], self.role.value, "roles.groups.ops", "shared", may)

    def standing(self, token: str) -> StandingIs:
        del token
        who, actions, unlisted = self.whoami(), list[ActionIs](), None
        try:
            actions = self.actions(open_only=True, newest=True)
        except WedtuiError as error:
            unlisted = str(error)
        return StandingIs(who, actions, unlisted, self.automation, self.armed)

    def plan(
        self,
        kind: str,
        lost: Sequence[str],
        *,
        accepts_overload: bool = False,
        to: str = "configured",
        aside: Aside | None = None,
        subject: str = "",
    ) -> PlanIs:
        self._heard(f"plan {kind} {_how(lost, to, accepts_overload, aside)}")
        made = self._planned(kind, to, aside, overload=accepts_overload)
        refused = made.pop("refused")
        return PlanIs(made, self._called(made), refused)

    def _called(self, shown: dict[str, Any]) -> str:
        """Return a digest that a test can write: `d1` for the first plan that was made, and so on."""
        return self.digests.setdefault(shown["digest"], f"d{len(self.digests) + 1}")

    def _planned(self, kind: str, to: str, aside: Aside | None, *, overload: bool) -> dict[str, Any]:
        if kind != "failover":
            return back_json(to)
        return json_of(self.caps, overload=overload, unknown=self.unknown, vouched=aside.vouched if aside else ())

    def ask(
        self,
        kind: str,
        lost: Sequence[str],
        *,
        reason: str,
        accepts_overload: bool = False,
        to: str = "configured",
        aside: Aside | None = None,
        subject: str = "",
    ) -> ActionIs:
        self._heard(f"ask {kind} {_how(lost, to, accepts_overload, aside)}: {reason}")
        if self.automation.ledger is not None and aside is None:
            raise NotServedError(f"{self.automation.ledger}. A failover can be done without the ledger")
        shown = self._planned(kind, to, aside, overload=accepts_overload)
        number = len(self.kept) + (12 if aside is None else WITHOUT)
        words = {"reason": reason, "kind": kind, "person": self.user, "needs": [*self.demanded]}
        made = action(number, plan=shown, digest=self._called(shown), **words)
        made = replace(made, aside=aside is not None)
        self.kept.insert(0, made)
        return made

    def confirm(self, number: int, *, digest: str, typed: str, break_glass: str | None = None) -> ActionIs:
        alone = "" if break_glass is None else f": ALONE, {break_glass}"
        self._heard(f"confirm {number} {digest} {typed}{alone}")
        known = self._same(number, digest)
        if TWO in known.needs and break_glass is None:
            self.change(number, confirmed_by=self.user)
        else:
            self._begin(number, confirmed_by=self.user, broke_glass=break_glass, needs=[])
        return self.action(number)

    def approve(self, number: int, *, digest: str, typed: str) -> ActionIs:
        self._heard(f"approve {number} {digest} {typed}")
        known = self._same(number, digest)
        if self.user in {known.person, known.confirmed_by}:
            raise ConflictError(f"action {number}: {self.user} asked for it: it takes another person")
        self.change(number, approved_by=self.user, needs=[])
        if known.confirmed_by is not None:
            self._begin(number)
        return self.action(number)

    def _same(self, number: int, digest: str) -> ActionIs:
        known = self.action(number)
        if self.conflict or digest != known.digest:
            raise ConflictError(f"the plan of action {number} is another one by now: read it again")
        return known

    def _begin(self, number: int, **other: Any) -> None:
        steps = [StepIs("submit", "intended", NOW, None, changes=True, undoes=False, detail="")]
        self.change(number, state="claimed", sentence="the change is being made", steps=steps, **other)

    def cancel(self, number: int) -> ActionIs:
        self._heard(f"cancel {number}")
        said = "cancelled by ada: nothing was done"
        self.change(number, state="ended", outcome="cancelled", cancelled_by="ada", sentence=said)
        return self.action(number)

    def abort(self) -> ActionIs:
        self._heard("abort")
        counted = next((each for each in self.kept if each.acts_at is not None and each.state != "ended"), None)
        if counted is None:
            raise ConflictError("no countdown runs")
        self.change(counted.id, state="ended", outcome="cancelled", cancelled_by="ada", acts_at=None)
        return self.action(counted.id)

    def action(self, number: int) -> ActionIs:
        self._heard(f"action {number}")
        return next(each for each in self.kept if each.id == self.renumbered.get(number, number))

    def actions(self, *, open_only: bool = False, newest: bool = False) -> list[ActionIs]:
        self._heard("actions")
        if self.ledger is not None:
            raise self.ledger
        last = next((each for each in self.kept if newest and each.confirmed_by), None)
        return [each for each in self.kept if not open_only or each.state != "ended" or each is last]

    def acknowledge(self, key: str, reason: str = "") -> object:
        self._heard(f"acknowledge {key}")
        if self.refuses is not None:
            raise self.refuses
        return {}

    def freezes(self) -> list[FreezeIs]:
        self._heard("freezes")
        return [freeze_is(each) for each in self.frozen]

    def overrides(self) -> list[OverrideIs]:
        self._heard("overrides")
        return [
            OverrideIs(o.id, o.object, o.reason, o.person, o.at, o.expires_at, None, None, None)
            for o in self.overridden
        ]

    def plan_freeze(self, kind: str, subject: str) -> PlanIs:
        self._heard(f"plan {kind} {subject}")
        made = self._freeze_plan(kind, subject)
        return PlanIs(freeze_plan_json(made), made.digest, [*made.refused])

    def _freeze_plan(self, kind: str, subject: str) -> FreezePlan:
        found = EmergencyKind(kind)
        periods = tuple(each.period for each in self.frozen if each.period is not None)
        liftable = tuple(
            Liftable(each.id, each.period, each.added_by, each.reason)
            for each in self.frozen
            if each.period is not None
        )
        facts = FreezeFacts((WINDOW,), periods, overrides=self.overridden)
        level = protection(facts.calendar, (), ("UTC",), NOW)
        who = Person(Account(1000, "ada"), self.role, "roles.groups.ops")
        known = Known(facts, "production", level, liftable)
        return plan_freeze(wanted_of(found, subject), known, decide(who, emergency(found).permission), self.clock.now())

    def confirm_freeze(
        self, kind: str, subject: str, *, reason: str, digest: str, at: str, typed: str
    ) -> FreezeIs | OverrideIs:
        self._heard(f"confirm {kind} {subject} {typed}: {reason}")
        made = self._freeze_plan(kind, subject)
        if self.conflict or (digest, typed) != (made.digest, made.target) or datetime.fromisoformat(at) > made.at:
            raise ConflictError("what would be frozen is another one than in the plan that was seen: look again")
        return freeze_is(FROZEN)

    def arming(self, token: str, kind: str | None, target: str = "", *, left: bool = False) -> list[ArmingIs]:
        if self.problem is not None:
            raise self.problem
        if kind is not None or left:
            self.told.append(f"{kind} {target}" if kind is not None else "left")
        return self.armed

    def change(self, number: int, **other: Any) -> None:
        """Let an action be another way from now on."""
        self.kept = [replace(each, **other) if each.id == number else each for each in self.kept]

    @property
    def confirms(self) -> list[str]:
        """What was confirmed or approved, or tried to be."""
        return [call for call in self.calls if call.startswith(("confirm", "approve"))]


def _how(lost: Sequence[str], to: str, overload: bool, aside: Aside | None) -> str:
    return f"{','.join(lost) or to}{' overload' if overload else ''}{_by(aside)}"


def _by(aside: Aside | None) -> str:
    return "" if aside is None else " aside" + "".join(f" vouching {name}" for name in aside.vouched)


TWO = Demand.SECOND_PERSON.value
WITHOUT = 1_003_338_602
"""The number of the first action without the ledger."""
STANDBY = "/var/lib/wedtui/standby.db"
NO_LEDGER = EmergencyIs("off", ledger="the ledger cannot be reached (connection refused)", standby=STANDBY)


GONE = ServiceError("the service does not listen on control.sock: see `wedtui service status`")


def action(number: int = 12, **other: Any) -> ActionIs:
    """Return an action that awaits its confirmation."""
    made = ActionIs(
        id=number,
        kind="failover",
        target=LOST,
        resource="traffic:www.example.com.",
        person="ada",
        reason="aws answers 503",
        requested_at=NOW - 3 * SECOND,
        state="awaiting confirmation",
        outcome=None,
        plan=json_of(),
        digest="d1",
        expires_at=NOW + 57 * SECOND,
        needs=[],
        confirmed_by=None,
        confirmed_at=None,
        deadline=None,
        cancelled_by=None,
        ended_at=None,
        sentence="it awaits its confirmation",
        steps=[],
    )
    return replace(made, **other)
