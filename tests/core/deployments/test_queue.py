"""Who starts next, what each waits for, and what is never put in place afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.deployments.made import HOUR, MINUTE, NOW, release
from tests.core.test_freeze_properties import facts as any_freeze
from tests.core.test_freeze_properties import instants
from wedtui.core.calendar import NO_CALENDAR
from wedtui.core.deployments.queue import Facts, WaitsFor, hopeless, in_order, next_to_start, standings
from wedtui.core.deployments.release import UNDER_WAY, Hold, Release, ReleaseState
from wedtui.core.freeze import FreezeFacts, Origin, Period, Scope, verdict
from wedtui.core.override import Override

S, W = ReleaseState, WaitsFor
OPEN = FreezeFacts(calendar=NO_CALENDAR)
"""The default window alone: a Wednesday is open."""


def line(*open_ones: Release, freeze: FreezeFacts = OPEN, at_once: int = 4, **other: Any) -> Facts:
    named = {each.id: each for each in open_ones}
    return Facts(open_ones, {**named, **other.get("named", {})}, freeze, other.get("newest", {}), at_once)


def waits(facts: Facts, number: int, now: datetime = NOW) -> list[WaitsFor]:
    (found,) = (each for each in standings(facts, now) if each.release.id == number)
    return [wait.what for wait in found.waits]


def sentence(facts: Facts, number: int) -> str:
    (found,) = (each for each in standings(facts, NOW) if each.release.id == number)
    return "; ".join(wait.sentence for wait in found.waits)


def starts(facts: Facts, now: datetime = NOW) -> int | None:
    found = next_to_start(facts, now)
    return None if found is None else found.release.id


def frozen(start: timedelta, end: timedelta, *services: str) -> FreezeFacts:
    period = Period("launch", NOW + start, NOW + end, Origin.CONFIGURATION, services=frozenset(services))
    return replace(OPEN, periods=(period,))


def test_the_order_is_that_of_priority_then_of_submission() -> None:
    releases = [release(1), release(2, priority=9), release(3, priority=0), release(4, priority=9)]
    assert [each.id for each in in_order(releases)] == [2, 4, 1, 3]


def test_what_waits_for_nothing_starts_before_what_waits_in_front_of_it() -> None:
    facts = line(release(1, hold=Hold("kay", NOW, "wait"), service="gallery"), release(2))
    assert starts(facts) == 2
    assert [each.position for each in standings(facts, NOW)] == [1, 2]


def test_one_of_the_same_service_never_overtakes() -> None:
    facts = line(release(1, hold=Hold("kay", NOW, "wait")), release(2, version="1.5.0"))
    assert (starts(facts), waits(facts, 2)) == (None, [W.TURN])
    assert sentence(facts, 2) == "release 1 of rsvp 1.4.2 is in front of it"
    # But for the one that somebody puts in front by its priority.
    urgent = line(facts.open[0], replace(facts.open[1], priority=9))
    assert starts(urgent) == 2


def test_what_was_submitted_before_the_newest_that_started_never_starts() -> None:
    facts = line(release(1), release(3), newest={("production", "rsvp"): 2})
    (lost,) = hopeless(facts, NOW)
    assert lost.release.id == 1
    assert lost.never.startswith("release 2 of rsvp, which was submitted after it, was started before it")
    assert starts(line(release(1), newest={("production", "rsvp"): 2})) is None
    assert starts(line(release(1), newest={("staging", "rsvp"): 2})) == 1


@pytest.mark.parametrize("state", UNDER_WAY)
def test_one_at_a_time_of_each_service_and_environment(state: ReleaseState) -> None:
    busy = release(1, state=state)
    assert waits(line(busy, release(2, version="2")), 2) == [W.BUSY]
    assert starts(line(busy, release(2, environment="staging"))) == 2
    assert starts(line(busy, release(2, service="gallery"))) == 2


@pytest.mark.parametrize(("one", "other"), [(("gallery",), ()), ((), ("rsvp",))])
def test_what_may_not_be_released_together_waits_whoever_says_so(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    facts = line(release(1, state=S.VERIFYING, apart=one), release(2, service="gallery", apart=other))
    assert (waits(facts, 2), sentence(facts, 2)) == (
        [W.BUSY],
        "release 1 of rsvp is verifying: never both at once",
    )
    assert starts(replace(facts, open=(facts.open[0], replace(facts.open[1], environment="staging")))) == 2


@pytest.mark.parametrize("state", S)
def test_one_that_comes_after_another_waits_for_its_success(state: ReleaseState) -> None:
    first = release(1, service="gallery", state=state)
    open_ones = [release(2, after=(1,))] if first.is_over else [first, release(2, after=(1,))]
    facts = line(*open_ones, named={1: first})
    assert (W.ORDER in waits(facts, 2)) is (state is not S.SUCCEEDED)
    assert [each.release.id for each in hopeless(facts, NOW)] == (
        [2] if state in {S.ROLLED_BACK, S.CANCELLED, S.BLOCKED} else []
    )


def test_one_that_comes_after_nothing_that_there_is_never_starts() -> None:
    facts = line(release(2, after=(1,)))
    assert (starts(facts), sentence(facts, 2)) == (
        None,
        "release 1 has to succeed first, and there is none of that number",
    )
    assert [each.never for each in hopeless(facts, NOW)] == [
        "it has to come after release 1, and there is none of that number"
    ]


def test_no_more_are_under_way_than_may_be_at_once() -> None:
    busy = [release(n, service=f"s{n}", state=S.RUNNING) for n in (1, 2)]
    assert (starts(line(*busy, release(3), at_once=2)), starts(line(*busy, release(3), at_once=3))) == (None, 3)
    assert waits(line(*busy, release(3), at_once=2), 3) == [W.ROOM]
    failed = [replace(each, state=S.FAILED) for each in busy]
    assert starts(line(*failed, release(3), at_once=2)) == 3, "what waits for a person holds up nobody else"


@pytest.mark.parametrize(
    ("what", "waits_for", "said"),
    [
        ({"state": S.QUEUED}, W.CHECKS, "it is being looked at"),
        ({"state": S.VALIDATING, "checks": ("a", "b"), "passed": ("a",)}, W.CHECKS, "checks are awaited: b"),
        ({"stages": ("security",)}, W.APPROVAL, "approval is missing: security"),
        ({"hold": Hold("kay", NOW, "x\ny")}, W.HOLD, "held by kay since 2026-06-03 09:00:00 UTC: x y"),
    ],
)
def test_what_one_waits_for_of_its_own_is_said(what: dict[str, Any], waits_for: WaitsFor, said: str) -> None:
    facts = line(release(1, **what))
    assert (starts(facts), waits(facts, 1), sentence(facts, 1)) == (None, [waits_for], said)


@pytest.mark.parametrize(
    ("begins_in", "may"),
    [(30 * MINUTE, True), (30 * MINUTE - timedelta(microseconds=1), False), (timedelta(0), False), (-HOUR, False)],
)
def test_it_starts_only_where_run_and_soak_end_before_the_next_freeze(begins_in: timedelta, may: bool) -> None:
    facts = line(release(1), freeze=frozen(begins_in, 5 * HOUR))
    assert starts(facts) == (1 if may else None)
    if not may:
        (found,) = standings(facts, NOW)
        assert (found.only_frozen, found.freeze.first) == (True, NOW + 5 * HOUR)
        assert starts(facts, NOW + 5 * HOUR) == 1


def test_a_freeze_of_another_service_stops_nobody() -> None:
    facts = line(release(1), release(2, service="gallery"), freeze=frozen(-HOUR, HOUR, "gallery"))
    assert (starts(facts), waits(facts, 2)) == (1, [W.FREEZE])


def test_what_cannot_be_read_freezes_until_nobody_knows_when() -> None:
    facts = line(release(1), freeze=replace(OPEN, unreadable=("the ledger cannot be read",)))
    (found,) = standings(facts, NOW)
    assert (starts(facts), found.freeze.first, found.freeze.unreadable) == (None, None, True)


@pytest.mark.parametrize(
    ("object_", "lasts", "may"),
    [
        ("release/1", HOUR, True),
        ("release/2", HOUR, False),
        ("traffic", HOUR, False),
        ("release/1", timedelta(0), False),
        ("release/1", 5 * HOUR, False),
    ],
)
def test_an_override_lets_one_release_through_while_it_holds(object_: str, lasts: timedelta, may: bool) -> None:
    given = Override(object_, "mo", "the venue asks", NOW, NOW + lasts)
    facts = line(release(1), freeze=replace(frozen(-HOUR, 9 * HOUR), overrides=(given,)))
    assert starts(facts) == (1 if may else None)
    if may:
        (found,) = standings(facts, NOW)
        assert found.freeze.sentence.startswith("a freeze is overridden for it: release/1 by mo until 10:00:00 UTC")


_STATES = st.sampled_from([*S])
_SERVICES = st.sampled_from(["rsvp", "gallery"])


@st.composite
def queues(draw: st.DrawFn) -> Sequence[Release]:
    return [
        release(
            number,
            service=draw(_SERVICES),
            environment=draw(st.sampled_from(["production", "staging"])),
            state=draw(_STATES),
            priority=draw(st.integers(0, 9)),
            stages=draw(st.sampled_from([(), ("security",)])),
            hold=draw(st.sampled_from([None, Hold("kay", NOW, "wait")])),
            after=draw(st.sampled_from([(), (1,), (2,), (9,)])),
            within=draw(st.timedeltas(timedelta(0), timedelta(hours=12))),
            soak=draw(st.timedeltas(timedelta(0), timedelta(hours=12))),
        )
        for number in range(1, draw(st.integers(1, 5)) + 1)
    ]


@given(queues(), any_freeze, instants, st.integers(1, 3))
def test_whatever_starts_waits_for_nothing_and_no_freeze_reaches_into_it(
    releases: Sequence[Release], freeze: FreezeFacts, now: datetime, at_once: int
) -> None:
    named = {each.id: each for each in releases}
    facts = Facts([each for each in releases if not each.is_over], named, freeze, {}, at_once)
    found = next_to_start(facts, now)
    if found is None:
        return
    chosen = found.release
    assert (chosen.state, chosen.hold, chosen.next_stage, found.waits) == (S.WAITING, None, None, ())
    assert all(named[number].state is S.SUCCEEDED for number in chosen.after)
    busy = [each for each in facts.open if each.state in UNDER_WAY]
    assert len([each for each in busy if each.state is not S.FAILED]) < at_once
    assert chosen.where not in {each.where for each in busy}
    scope = Scope(chosen.environment, chosen.service)
    for share in range(11):
        at = now + chosen.needs * share / 10
        if at < now + chosen.needs:
            assert not verdict(freeze, at, scope, known_at=now).frozen


@given(queues(), any_freeze, instants)
def test_the_first_instant_that_is_said_is_one_at_which_it_may_start(
    releases: Sequence[Release], freeze: FreezeFacts, now: datetime
) -> None:
    for found in standings(Facts(releases, {}, freeze, {}, 1), now):
        if found.freeze.now or found.freeze.first is None:
            continue
        at, scope = found.freeze.first, Scope(*found.release.where)
        assert at > now
        ahead = verdict(freeze, at, scope, known_at=now)
        assert not ahead.frozen
        assert ahead.next_start is None or ahead.next_start >= at + found.release.needs
