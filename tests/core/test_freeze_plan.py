"""Lockdown, freezes, lifting and overriding are planned: what is shown, who may, to what a confirmation is bound."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.core.emergency import EMERGENCIES, EmergencyKind, emergency
from wedtui.core.failover import PLAN_GOOD_FOR
from wedtui.core.freeze import LOCKDOWN, UNTIL_LIFTED, FreezeFacts, Origin, Period
from wedtui.core.freeze_plan import FreezePlan, Known, Liftable, Wanted, plan_freeze, wanted_of
from wedtui.core.override import OBJECTS, OVERRIDDEN_AT_MOST, TRAFFIC, Override, override_of, override_words
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.roles import Account, Decision, Person, Role, decide
from wedtui.core.season import Protection

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)
"""A Wednesday: the default window is open."""
HOUR = timedelta(hours=1)
LOCKED = Period(LOCKDOWN, NOW - HOUR, UNTIL_LIFTED, Origin.PERSON, frozenset(), frozenset())
GIVEN = Override(TRAFFIC, "mo", "why", NOW - HOUR, NOW + HOUR, 1)
LOCK, ADD, LIFT, OVERRIDE = (
    EmergencyKind.LOCKDOWN,
    EmergencyKind.FREEZE_ADD,
    EmergencyKind.FREEZE_LIFT,
    EmergencyKind.FREEZE_OVERRIDE,
)
SUBJECTS = {LOCK: "everything", ADD: "4h", LIFT: "7", OVERRIDE: "traffic 2h"}


def may(kind: EmergencyKind, role: Role = Role.MANAGER) -> Decision:
    return decide(Person(Account(1, "ada"), role, "roles.users.ada"), emergency(kind).permission)


def known(*periods: Period, overrides: tuple[Override, ...] = (), level: Protection = Protection.NORMAL) -> Known:
    liftable = tuple(Liftable(7 + n, each, "grace", "bad release") for n, each in enumerate(periods))
    facts = FreezeFacts(periods=periods, overrides=overrides)
    return Known(facts, "production", ProtectionVerdict(level), liftable)


def made(kind: EmergencyKind, found: Known, role: Role = Role.MANAGER, at: datetime = NOW) -> FreezePlan:
    return plan_freeze(wanted_of(kind, SUBJECTS[kind]), found, may(kind, role), at)


def test_a_lockdown_freezes_all_and_ends_what_is_let_through() -> None:
    plan = made(LOCK, known(overrides=(GIVEN,)), Role.ENGINEER)
    assert (plan.target, plan.before.frozen, plan.after.frozen, plan.refused) == ("everything", False, True, ())
    assert (plan.before.overrides, plan.after.overrides) == ((GIVEN,), ())
    assert plan.expires_at == NOW + PLAN_GOOD_FOR


def test_a_freeze_is_lifted_and_what_else_freezes_stays() -> None:
    royal = Period("royal wedding", NOW - HOUR, NOW + HOUR, Origin.PERSON)
    plan = made(LIFT, known(LOCKED, royal))
    assert (plan.target, plan.after.frozen, plan.after.reasons) == ("lockdown", True, ("royal wedding",))
    assert not made(LIFT, known(LOCKED)).after.frozen


@pytest.mark.parametrize("name", ["фриз", "", " fair", "x" * 41])
def test_of_a_name_that_no_keyboard_has_the_number_is_typed(name: str) -> None:
    assert made(LIFT, known(replace(LOCKED, name=name))).target == "freeze 7"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("entry", [each for each in EMERGENCIES if not each.moves_traffic], ids=lambda e: e.kind.value)
def test_who_may_not_is_refused_and_nothing_would_change(entry: object, role: Role) -> None:
    kind = entry.kind  # type: ignore[attr-defined]
    plan = made(kind, known(LOCKED), role)
    allowed = role.reaches(emergency(kind).role)
    assert (plan.refused == ()) is allowed
    assert allowed or plan.after == plan.before


def test_what_is_not_there_or_over_is_not_lifted() -> None:
    assert made(LIFT, known()).refused
    assert made(LIFT, known(replace(LOCKED, end=NOW))).refused


@pytest.mark.parametrize(
    "other",
    [
        known(LOCKED),
        known(overrides=(GIVEN,)),
        known(Period("fair", NOW - HOUR, NOW + HOUR, Origin.PERSON)),
        known(level=Protection.MAXIMUM),
    ],
    ids=["locked down", "overridden", "frozen", "protected"],
)
def test_what_would_be_another_change_is_another_plan(other: Known) -> None:
    assert made(OVERRIDE, other).digest != made(OVERRIDE, known()).digest
    # Afterwards it would be the same; that somebody else did it meanwhile is to be seen.
    assert made(LOCK, known(LOCKED)).digest != made(LOCK, known()).digest


def test_that_time_passes_makes_no_other_plan() -> None:
    assert made(ADD, known(), at=NOW + HOUR).digest == made(ADD, known()).digest


def test_what_is_let_through_on_a_wedding_day_is_said_and_stops_nobody() -> None:
    plan = made(OVERRIDE, known(LOCKED, level=Protection.MAXIMUM))
    [check] = [each for each in plan.checks if each.rule == "protection"]
    assert (check.result.value, plan.refused) == ("FAIL", ())
    assert not [each for each in made(LOCK, known(level=Protection.MAXIMUM)).checks if each.rule == "protection"]


@pytest.mark.parametrize(("subject", "lasts"), [("traffic 1h", HOUR), ("traffic 4h", OVERRIDDEN_AT_MOST)])
def test_an_override_names_its_object_and_its_hours(subject: str, lasts: timedelta) -> None:
    assert wanted_of(OVERRIDE, subject) == Wanted(OVERRIDE, TRAFFIC, lasts)


@pytest.mark.parametrize(
    "subject", ["traffic", "traffic 5h", "traffic 0h", "traffic -1h", "traffic 1.5h", "1h traffic x"]
)
def test_an_override_is_for_4_h_at_most(subject: str) -> None:
    with pytest.raises(ValueError, match=r"expected whole hours|is no subject"):
        wanted_of(OVERRIDE, subject)


def test_of_several_overrides_the_one_that_ends_last_counts_and_each_ends_by_itself() -> None:
    later = replace(GIVEN, expires_at=NOW + 2 * HOUR, id=2)
    assert override_of((GIVEN, later), TRAFFIC, NOW) == later
    assert override_of((GIVEN, later), TRAFFIC, NOW + 2 * HOUR) is None
    assert override_words(GIVEN, NOW) == "traffic by mo until 10:00:00 UTC, 1 h 00 m more: why"
    assert TRAFFIC in OBJECTS
