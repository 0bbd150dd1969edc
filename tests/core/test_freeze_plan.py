"""Lockdown, freezes, lifting and overriding are planned: what is shown, who may, to what a confirmation is bound."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wedtui.core.calendar import Freshness
from wedtui.core.checks import Result
from wedtui.core.emergency import EMERGENCIES, EmergencyKind, emergency
from wedtui.core.failover import PLAN_GOOD_FOR
from wedtui.core.freeze import LOCKDOWN, UNTIL_LIFTED, FreezeFacts, Origin, Period
from wedtui.core.freeze_plan import FreezePlan, Known, Liftable, Wanted, plan_freeze, wanted_of
from wedtui.core.load import Live, Peak
from wedtui.core.override import (
    OBJECTS,
    OVERRIDDEN_AT_MOST,
    TRAFFIC,
    Override,
    object_words,
    override_of,
    override_words,
    release_of,
)
from wedtui.core.protection import ProtectionVerdict
from wedtui.core.roles import Account, Decision, Person, Role, decide
from wedtui.core.season import Protection
from wedtui.core.wedding import UNITS

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


@pytest.mark.parametrize("kind", SUBJECTS)
def test_each_says_the_weddings_of_now_and_of_the_next_hours(kind: EmergencyKind) -> None:
    level = ProtectionVerdict(
        Protection.MAXIMUM,
        live=Live(30 * UNITS, 53),
        peak=Peak(77 * UNITS, NOW),
        most=61,
        calendar=Freshness.FRESH,
        read_at=NOW,
    )
    found = next(c for c in made(kind, replace(known(LOCKED), protection=level)).checks if c.rule == "weddings")
    words = "53 weddings live, up to 61 at once in the next 4 h; load 30 now, 77 at its peak then"
    assert (found.result, found.sentence, found.measured_at) == (Result.PASS, words, NOW)


def test_an_override_ends_early_by_its_number() -> None:
    found = known(LOCKED, overrides=(GIVEN,))
    wanted = wanted_of(LIFT, "override 1")
    plan = plan_freeze(wanted, found, may(LIFT), NOW)
    assert (plan.target, plan.refused, plan.before.overrides, plan.after.overrides) == ("override 1", (), (GIVEN,), ())
    assert plan.says == "override 1 ends now, which mo gave for traffic: why"
    # It freezes more: no wedding day is the wrong one for it.
    full = replace(found, protection=ProtectionVerdict(Protection.MAXIMUM))
    assert "protection" not in [each.rule for each in plan_freeze(wanted, full, may(LIFT), NOW).checks]
    gone = plan_freeze(wanted_of(LIFT, "override 2"), found, may(LIFT), NOW)
    assert gone.refused == ("there is no override 2, or it is over: see `wedtui freeze list`",)
    assert plan_freeze(wanted, found, may(LIFT), NOW + HOUR).refused, "it ended by itself"


@pytest.mark.parametrize(
    ("home", "at"), [(None, "13:00 UTC"), ("Asia/Kolkata", "18:30 Asia/Kolkata"), ("America/New_York", "09:00 America")]
)
def test_what_is_done_is_said_by_the_clock_of_what_is_frozen(home: str | None, at: str) -> None:
    found = known(LOCKED)
    found = replace(found, facts=replace(found.facts, home=home))
    assert f"until Wed 03 Jun {at}" in made(ADD, found).says
    assert made(ADD, found).after.clock in made(ADD, found).says
    let = plan_freeze(wanted_of(OVERRIDE, "traffic 4h"), found, may(OVERRIDE), NOW)
    assert let.says.startswith(f"until Wed 03 Jun {at}")


def test_a_plan_says_until_when_each_freezes_and_which_holds_longest() -> None:
    from wedtui.core.freeze_lines import frozen_words

    def timed(name: str, begins: int, ends: int) -> dict[str, object]:
        hour = timedelta(hours=1)
        return {"name": name, "start": (NOW + begins * hour).isoformat(), "end": (NOW + ends * hour).isoformat()}

    held = [timed("weekend", -1, 20), timed("fair", -2, 2)]
    found = {
        "frozen": True,
        "until": held[0]["end"],
        "clock": "UTC",
        "reasons": ["fair", "weekend"],
        "later": [],
        "holding": held,
        "coming": [],
    }
    two = f"{NOW + timedelta(hours=2):%a %d %b %H:%M}"
    assert frozen_words(found, NOW).endswith(f": weekend (holds longest); fair, until {two}")
    # Another makes it last longer than that: then the end of what holds longest is said as well.
    more = {**found, "until": (NOW + timedelta(hours=30)).isoformat(), "coming": [timed("sale", 19, 30)]}
    assert "weekend, until " in frozen_words(more, NOW)
    assert "; then sale, from " in frozen_words(more, NOW)
    # Of a plan by a version that did not keep them the names are what there is.
    for broken in ({}, {"holding": "x"}, {"holding": [{"name": "fair"}]}, {"holding": [3]}):
        assert frozen_words({**found, "holding": None, **broken}, NOW).endswith(": fair, weekend")


@pytest.mark.parametrize("name", ["release/1", "release/999999999"])
def test_a_freeze_is_overridden_for_one_release_by_its_number(name: str) -> None:
    assert object_words(name) == f"the start of release {name.partition('/')[2]}"
    assert release_of(name) == int(name.partition("/")[2])


@pytest.mark.parametrize(
    "name", ["release/0", "release/01", "release/", "release/-1", "release/1 ", "release/٣", "all", ""]
)
def test_what_is_no_release_overrides_nothing(name: str) -> None:
    assert (object_words(name), release_of(name)) == (None, None)
