"""May the service act by itself? Every condition, each broken alone, and the countdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.emergency import (
    LOST,
    NOW,
    PEAK,
    SECOND,
    SHARES,
    facts,
    leave,
    places,
    provider,
    reading,
    rounds,
    watched,
)
from wedtui.core.actions import Action, ActionState, Outcome
from wedtui.core.automation import (
    ASKS_AGAIN_AFTER,
    COOLDOWN,
    COUNTDOWN,
    LATE,
    NORMAL_TIMEOUTS,
    PROMISE,
    AutomationFacts,
    Countdown,
    Mode,
    Next,
    Timeouts,
    asks_again,
    failed,
    may_act,
    timeouts,
)
from wedtui.core.checks import Result
from wedtui.core.evidence import ProbeEvidence, ProviderEvidence
from wedtui.core.failover import PLAN_GOOD_FOR, Plan, plan
from wedtui.core.failover_facts import Measured
from wedtui.core.health import judge
from wedtui.core.season import WEDDING_DAY_PACE
from wedtui.core.state import State

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INSTANT = timedelta(microseconds=1)
GOOD = rounds([True] * 5)
BAD = rounds([False] * 3 + [True] * 2)
SHORT_OF = rounds([False] * 2 + [True] * 3)


def seen(**vantages: Mapping[str, Any] | tuple[Any, ...]) -> tuple[ProviderEvidence, ...]:
    """Return all providers, seen well from two vantages; of those named, from these."""
    well = {"here": GOOD, "there": GOOD}
    return tuple(watched(name, vantages=vantages.get(name, well)) for name in SHARES)  # type: ignore[arg-type]


FAILED = {"here": BAD, "there": BAD}


def own_plan(now: datetime = NOW, **other: Any) -> Plan:
    peak = Measured(PEAK, now)
    known = facts(**{"reading": reading(at=now), "observed": peak, "planned": peak, **other})
    fresh = tuple(replace(p, round_at=now) for p in known.providers)
    return plan(leave(automatic=True), replace(known, providers=fresh), now)


READY = AutomationFacts(
    mode=Mode.AUTO,
    shared=True,
    paging=True,
    providers=seen(aws=FAILED),
    shares=places(SHARES),
    plan=own_plan(),
    acted=(),
    wedding_day=True,
    timeouts=timeouts(wedding_day=True),
)


def ready(**other: Any) -> AutomationFacts:
    return replace(READY, **other)


def broken(found: AutomationFacts, now: datetime = NOW) -> dict[str, Result]:
    return {check.rule: check.result for check in may_act(found, now).checks if not check.passed}


def test_with_every_condition_met_it_counts_down() -> None:
    found = may_act(READY, NOW)
    assert (found.next, found.until, found.failed, found.page) == (Next.COUNTDOWN, NOW + COUNTDOWN, ("aws",), None)
    assert broken(READY) == {}
    assert COUNTDOWN == 5 * SECOND


@pytest.mark.parametrize(
    ("other", "rule", "result", "next_"),
    [
        ({"mode": Mode.PROPOSE}, "mode", Result.FAIL, Next.PROPOSE),
        ({"shared": False}, "shared", Result.FAIL, Next.PROPOSE),
        ({"paging": False}, "paging", Result.FAIL, Next.PROPOSE),
        ({"stopped": "anna: the vendor\nasked"}, "running", Result.FAIL, Next.PROPOSE),
        ({"providers": seen(aws={"here": BAD})}, "vantages:aws", Result.UNKNOWN, Next.PROPOSE),
        (
            {"providers": seen(aws={"here": BAD, "there": rounds([False] * 4, newest=NOW - 11 * SECOND)})},
            "vantages:aws",
            Result.UNKNOWN,
            Next.PROPOSE,
        ),
        (
            {"providers": seen(aws=FAILED, azure={"here": rounds([False]), "there": rounds([False])})},
            "one-failed",
            Result.FAIL,
            Next.PROPOSE,
        ),
        ({"acted": None}, "limit:hour", Result.UNKNOWN, Next.PROPOSE),
        ({"acted": (NOW - 59 * MINUTE, NOW - 30 * MINUTE)}, "limit:hour", Result.FAIL, Next.PROPOSE),
        ({"acted": (NOW + HOUR, NOW - 30 * MINUTE)}, "limit:hour", Result.FAIL, Next.PROPOSE),
        ({"acted": tuple(NOW - n * 5 * HOUR for n in (1, 2, 3, 4))}, "limit:day", Result.FAIL, Next.PROPOSE),
        ({"changed_at": NOW - COOLDOWN + INSTANT}, "cooldown", Result.FAIL, Next.PROPOSE),
        ({"aborted_at": NOW - COOLDOWN + INSTANT}, "cooldown", Result.FAIL, Next.PROPOSE),
        ({"acted": (NOW - COOLDOWN + INSTANT,)}, "cooldown", Result.FAIL, Next.PROPOSE),
        ({"changed_at": NOW + HOUR}, "cooldown", Result.FAIL, Next.PROPOSE),
        ({"busy": "action 4 of ada is changing the traffic"}, "alone", Result.FAIL, Next.PROPOSE),
        ({"timeouts": NORMAL_TIMEOUTS}, "in-time", Result.FAIL, Next.PROPOSE),
        ({"plan": None}, "plan", Result.UNKNOWN, Next.NOTHING),
        ({"plan": plan(leave(), facts(), NOW)}, "plan", Result.FAIL, Next.PROPOSE),
        ({"plan": own_plan(NOW - PLAN_GOOD_FOR)}, "plan", Result.FAIL, Next.PROPOSE),
        (
            {"plan": plan(leave("azure", automatic=True), facts(provider("azure", state=State.CRITICAL)), NOW)},
            "plan",
            Result.FAIL,
            Next.PROPOSE,
        ),
    ],
)
def test_each_condition_alone_keeps_it_from_acting(
    other: dict[str, Any], rule: str, result: Result, next_: Next
) -> None:
    found = ready(**other)
    assert may_act(found, NOW).next is next_
    missing = broken(found)
    assert missing[rule] is result
    assert set(missing) <= {rule, "limit:day", "cooldown"}


@pytest.mark.parametrize(
    "other",
    [
        {"acted": (NOW - HOUR, NOW - HOUR, NOW - 30 * MINUTE)},
        {"acted": (NOW - DAY, NOW - 20 * HOUR, NOW - 10 * HOUR, NOW - 5 * HOUR)},
        {"changed_at": NOW - COOLDOWN},
        {"aborted_at": NOW - COOLDOWN},
        {"wedding_day": False, "timeouts": NORMAL_TIMEOUTS},
    ],
)
def test_what_is_just_enough(other: dict[str, Any]) -> None:
    assert may_act(ready(**other), NOW).next is Next.COUNTDOWN


def test_off_does_nothing_and_so_does_a_world_in_which_nothing_failed() -> None:
    assert may_act(ready(mode=Mode.OFF), NOW).next is Next.NOTHING
    calm = may_act(ready(providers=seen(), plan=None), NOW)
    assert (calm.next, calm.failed, calm.until) == (Next.NOTHING, (), None)


@pytest.mark.parametrize("sights", [SHORT_OF, rounds([True, False, False, False])])
def test_three_rounds_in_a_row_and_no_fewer(sights: Any) -> None:
    assert may_act(ready(providers=seen(aws={"here": sights, "there": sights})), NOW).next is Next.NOTHING


def test_two_that_fail_at_once_are_proposed_and_not_acted_upon() -> None:
    both = seen(aws=FAILED, azure=FAILED)
    known = facts(provider("azure", state=State.CRITICAL, round_passed=False))
    found = may_act(ready(providers=both, plan=plan(leave("aws", "azure", automatic=True), known, NOW)), NOW)
    assert (found.next, found.failed) == (Next.PROPOSE, ("aws", "azure"))


def test_a_spare_that_has_been_dead_for_days_holds_nothing_up() -> None:
    dead = seen(aws=FAILED, digitalocean={"here": rounds([False] * 5), "there": rounds([False] * 5)})
    assert failed(dead, places(SHARES), NOW) == ("aws",)
    assert may_act(ready(providers=dead), NOW).next is Next.COUNTDOWN
    # Where the shares are not known, it may be no spare.
    assert failed(dead, {}, NOW) == ("aws", "digitalocean")


@pytest.mark.parametrize(
    ("vantages", "acts"),
    [
        ({"a": BAD, "b": BAD, "c": GOOD}, True),
        ({"a": BAD, "b": GOOD, "c": GOOD}, False),
        ({"a": BAD, "b": BAD, "c": GOOD, "d": GOOD}, False),
        ({"a": BAD, "b": BAD, "c": BAD, "d": GOOD}, True),
        ({"a": BAD, "b": BAD, "c": SHORT_OF}, True),
        ({"a": BAD, "b": SHORT_OF, "c": SHORT_OF}, False),
    ],
)
def test_a_quorum_of_the_vantages_has_to_agree(vantages: Mapping[str, Any], acts: bool) -> None:
    assert (may_act(ready(providers=seen(aws=vantages)), NOW).next is Next.COUNTDOWN) is acts


def test_vantages_that_see_no_more_do_not_make_a_minority_a_quorum() -> None:
    old = rounds([False] * 5, newest=NOW - 12 * SECOND)
    found = ready(providers=seen(aws={"a": BAD, "b": BAD, "c": old, "d": old}))
    assert broken(found) == {"vantages:aws": Result.UNKNOWN}


def test_who_saw_one_probe_alone_fail_is_no_vote_for_the_provider() -> None:
    """Every probe failed from a quorum of vantages, but only one vantage saw both fail."""
    views = {"web": {"a": BAD, "b": BAD, "c": GOOD}, "api": {"a": GOOD, "b": BAD, "c": BAD}}
    probes = tuple(
        ProbeEvidence(name, 3 * SECOND, view, vantage)
        for name, seen_ in views.items()
        for vantage, view in seen_.items()
    )
    aws = replace(watched("aws", vantages={}), probes=probes)
    found = ready(providers=(aws, *(p for p in seen() if p.name != "aws")))
    assert failed(found.providers, found.shares, NOW) == ("aws",)
    assert broken(found) == {"vantages:aws": Result.FAIL}


def test_the_evidence_is_as_old_as_its_oldest_part() -> None:
    older = rounds([False] * 4, newest=NOW - 4 * SECOND)
    acted = (NOW - 5 * HOUR, NOW - 3 * HOUR)
    found = ready(providers=seen(aws={"a": BAD, "b": older, "c": rounds([True], newest=NOW - 6 * SECOND)}), acted=acted)
    aged = {check.rule: check.measured_at for check in may_act(found, NOW).checks}
    assert aged["vantages:aws"] == NOW - 4 * SECOND
    assert aged["limit:hour"] == aged["cooldown"] == NOW - 3 * HOUR
    assert aged["plan"] == NOW


@pytest.mark.parametrize("which", ["changed_at", "aborted_at"])
def test_the_newest_of_all_changes_counts_for_the_cooldown(which: str) -> None:
    found = ready(acted=(NOW - 5 * MINUTE,))
    assert broken(replace(found, **{which: NOW - HOUR})) == {"cooldown": Result.FAIL}  # type: ignore[arg-type]
    found = ready(acted=(NOW - 2 * HOUR,))
    assert broken(replace(found, **{which: NOW - 5 * MINUTE})) == {"cooldown": Result.FAIL}  # type: ignore[arg-type]


@pytest.mark.parametrize(("slow", "missing"), [("aws", {"in-time": Result.FAIL}), ("azure", {})])
def test_the_slowest_probe_of_what_failed_decides_whether_the_promise_is_kept(
    slow: str, missing: dict[str, Result]
) -> None:
    found = []
    for each in READY.providers:
        further = replace(each.probes[0], name=f"{each.name}-slow", interval=10 * SECOND)
        found.append(replace(each, probes=(*each.probes, further)) if each.name == slow else each)
    assert broken(ready(providers=tuple(found))) == missing


def test_nothing_is_proposed_where_all_is_bad_and_somebody_is_paged() -> None:
    bad = plan(leave(automatic=True), facts(*(provider(n, state=State.CRITICAL) for n in SHARES)), NOW)
    found = may_act(ready(plan=bad), NOW)
    assert (found.next, found.page) == (Next.NOTHING, bad.page)
    assert bad.page


def test_what_needs_an_overload_is_proposed_and_paged() -> None:
    full = plan(leave(automatic=True), facts(caps={"azure": 45, "gcp": 30, "digitalocean": 20}), NOW)
    found = may_act(ready(plan=full), NOW)
    assert (found.next, found.page) == (Next.PROPOSE, full.page)
    assert full.page


def counting(since: datetime, now: datetime, *, begun: Plan | None = None, plan_: Plan | None = None) -> Any:
    failing = seen(aws={v: rounds([False] * 4, newest=now - SECOND) for v in ("here", "there")})
    found = ready(
        providers=tuple(
            p
            if p.name == "aws"
            else watched(p.name, vantages={v: rounds([True] * 4, newest=now - SECOND) for v in ("here", "there")})
            for p in failing
        ),
        plan=plan_ or own_plan(now),
        countdown=Countdown(since, begun or own_plan(since)),
    )
    return may_act(found, now)


@pytest.mark.parametrize(
    ("ran", "next_", "ends"),
    [
        (timedelta(), Next.COUNTDOWN, COUNTDOWN),
        (COUNTDOWN - INSTANT, Next.COUNTDOWN, COUNTDOWN),
        (COUNTDOWN, Next.ACT, COUNTDOWN),
        (COUNTDOWN + LATE - INSTANT, Next.ACT, COUNTDOWN),
        (COUNTDOWN + LATE, Next.COUNTDOWN, 2 * COUNTDOWN + LATE),
    ],
    ids=["begun", "not yet", "over", "a little late", "slept through: it begins anew"],
)
def test_it_acts_when_the_countdown_is_over(ran: timedelta, next_: Next, ends: timedelta) -> None:
    found = counting(NOW, NOW + ran)
    assert (found.next, found.until) == (next_, NOW + ends)


def test_a_clock_that_jumped_back_begins_the_countdown_anew() -> None:
    found = counting(NOW + HOUR, NOW)
    assert (found.next, found.until) == (Next.COUNTDOWN, NOW + COUNTDOWN)


@pytest.mark.parametrize(
    "begun",
    [
        own_plan(reading=reading(records="{}")),
        own_plan(caps={"azure": 50}),
        plan(leave("azure", automatic=True), facts(), NOW),
    ],
    ids=["other records", "other shares", "another provider"],
)
def test_a_countdown_is_for_one_change_alone(begun: Plan) -> None:
    found = counting(NOW, NOW + COUNTDOWN, begun=begun)
    assert (found.next, found.until) == (Next.COUNTDOWN, NOW + 2 * COUNTDOWN)


def test_the_promise_of_wedding_day_mode_holds_with_its_timeouts() -> None:
    third_round_failed = 2 * WEDDING_DAY_PACE.probe + 2 * SECOND
    assert third_round_failed == 8 * SECOND
    assert third_round_failed + COUNTDOWN + timeouts(wedding_day=True).whole < PROMISE
    at_limit = Timeouts(SECOND, PROMISE - third_round_failed - COUNTDOWN)
    assert broken(ready(timeouts=at_limit)) == {"in-time": Result.FAIL}
    assert broken(ready(timeouts=replace(at_limit, whole=at_limit.whole - INSTANT))) == {}
    assert timeouts(wedding_day=False) is NORMAL_TIMEOUTS


def test_the_quorum_that_it_acts_upon_is_critical_to_the_one_evaluator() -> None:
    aws = next(p for p in READY.providers if p.name == "aws")
    assert judge(aws, NOW).state is State.CRITICAL
    assert LOST.state is State.CRITICAL


@given(
    st.fixed_dictionaries(
        {
            "mode": st.sampled_from(list(Mode)),
            "shared": st.booleans(),
            "paging": st.booleans(),
            "stopped": st.sampled_from([None, "anna"]),
            "acted": st.none()
            | st.lists(st.integers(-3600, 2 * 86400), max_size=6).map(
                lambda ages: tuple(NOW - age * SECOND for age in ages)
            ),
            "changed_at": st.none() | st.integers(-3600, 3600).map(lambda age: NOW - age * SECOND),
            "wedding_day": st.booleans(),
            "timeouts": st.sampled_from([NORMAL_TIMEOUTS, timeouts(wedding_day=True)]),
            "countdown": st.none() | st.integers(-20, 20).map(lambda s: Countdown(NOW - s * SECOND, own_plan())),
        }
    )
)
def test_it_never_acts_unless_every_condition_is_met(other: dict[str, Any]) -> None:
    found = may_act(ready(**other), NOW)
    if found.next in {Next.COUNTDOWN, Next.ACT}:
        assert all(check.passed for check in found.checks)
        assert (other["mode"], other["shared"], other["paging"], other["stopped"]) == (Mode.AUTO, True, True, None)
        assert sum(NOW - at < HOUR for at in other["acted"]) < 2
        assert sum(NOW - at < DAY for at in other["acted"]) < 4
    if found.next is Next.ACT:
        assert other["countdown"] is not None
        assert NOW - other["countdown"].since >= COUNTDOWN


@pytest.mark.parametrize(
    ("outcome", "ago", "again"),
    [
        (None, 0 * SECOND, False),
        (Outcome.CANCELLED, 30 * MINUTE, False),
        (Outcome.SETTLED, 30 * MINUTE, False),
        (Outcome.EXPIRED, 0 * SECOND, True),
        (Outcome.WITHDRAWN, 0 * SECOND, True),
        (Outcome.FAILED, ASKS_AGAIN_AFTER - INSTANT, False),
        (Outcome.FAILED, ASKS_AGAIN_AFTER, True),
        (Outcome.REFUSED, ASKS_AGAIN_AFTER - INSTANT, False),
        (Outcome.UNDONE, ASKS_AGAIN_AFTER, True),
    ],
)
def test_what_is_asked_for_again_while_the_same_thing_fails(
    outcome: Outcome | None, ago: timedelta, again: bool
) -> None:
    state = ActionState.HANDED_OVER if outcome is None else ActionState.ENDED
    ended_at = None if outcome is None else NOW - ago
    last = Action("failover", "aws", "traffic", "service a", "", NOW - HOUR, state, outcome, ended_at=ended_at)
    assert asks_again(last, NOW - HOUR, NOW) is again
    # Of a failure that began later it is the first time.
    assert asks_again(last, NOW - HOUR + INSTANT, NOW)
    assert asks_again(None, NOW, NOW)
