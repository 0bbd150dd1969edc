"""Does a confirmed plan still hold when it is to be begun? What counts as a difference by then, and what does not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.core.emergency import (
    NOW,
    PEAK,
    SECOND,
    SHARES,
    come_back,
    facts,
    leave,
    provider,
    reading,
)
from wedtui.core.failover import Plan, canonical, lapsed, plan, plan_json
from wedtui.core.failover_facts import Facts, Measured, Request
from wedtui.core.freeze import Verdict
from wedtui.core.plan_document import plan_of
from wedtui.core.state import State

CAPS = {"aws": 100, "azure": 50, "gcp": 50, "digitalocean": 100}
BY_ITSELF = leave(automatic=True)
LESS = {"aws": 50, "azure": 30, "gcp": 20, "digitalocean": 0}


def made(request: Request, known: Facts) -> Plan:
    return plan(request, known, NOW)


def well(name: str, **other: Any) -> Facts:
    return facts(provider(name, CAPS[name], **other), caps=CAPS)


KNOWN = facts(caps=CAPS)


@pytest.mark.parametrize("request_", [leave(), leave(accepts_overload=True), BY_ITSELF, come_back(LESS)])
def test_a_plan_that_was_stored_is_the_same_plan(request_: Request) -> None:
    first = made(request_, KNOWN)
    said = json.loads(canonical({**plan_json(first), "digest": first.digest}))
    assert plan_of(said) == first
    assert lapsed(plan_of(said), first) == ()


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param(well("aws"), id="what failed passes again: it was a person's to judge"),
        pytest.param(replace(KNOWN, observed=Measured()), id="one of both peaks is gone: it stops the service alone"),
        pytest.param(replace(KNOWN, observed=Measured(PEAK / 2, NOW)), id="there is more room by now"),
        pytest.param(well("digitalocean", state=State.UNKNOWN), id="who gains nothing by it is not known any more"),
        pytest.param(replace(KNOWN, freeze=Verdict(frozen=True, at=NOW)), id="a freeze never stops a rescue"),
        pytest.param(replace(KNOWN, protection=None), id="the calendar is not known"),
        pytest.param(replace(KNOWN, reading=reading(at=NOW)), id="the same records were read again"),
    ],
)
def test_evidence_that_flickers_keeps_no_person_from_a_rescue(newer: Facts) -> None:
    assert lapsed(made(leave(), KNOWN), made(leave(), newer)) == ()


@pytest.mark.parametrize(
    ("newer", "says"),
    [
        (replace(KNOWN, reading=reading({**SHARES, "aws": 59, "azure": 26})), "no longer those of the plan"),
        (replace(KNOWN, reading=reading(generation=8)), "no longer those of the plan"),
        (replace(KNOWN, reading=None, reading_problem="the server is away"), "the server is away"),
        (replace(KNOWN, reading=reading(at=NOW - 11 * SECOND)), "old"),
        (well("azure", state=State.CRITICAL), "azure is CRITICAL and may not gain share"),
        (well("azure", state=State.UNKNOWN), "azure is UNKNOWN"),
        (well("gcp", round_passed=False), "gcp failed its last probe round"),
        (facts(caps={**CAPS, "azure": 49}), "azure would get 50 %, and has room for 49 %"),
        (facts(caps={**CAPS, "azure": None}), "azure would get 50 %, and has room for 0 %"),
        (facts(caps={**CAPS, "azure": 10, "gcp": 10, "digitalocean": 10}), "find no room"),
    ],
)
def test_what_a_person_confirmed_ends_where_a_rule_is_broken_by_now(newer: Facts, says: str) -> None:
    confirmed = made(leave(), KNOWN)
    assert confirmed.refused == ()
    found = lapsed(confirmed, made(leave(), newer))
    assert found
    assert any(says in why for why in found)


def test_an_overload_that_was_accepted_stays_accepted() -> None:
    tight = leave(accepts_overload=True)
    few = facts(caps={**CAPS, "azure": 10, "gcp": 10, "digitalocean": 10})
    assert lapsed(made(tight, KNOWN), made(tight, few)) == ()


def test_another_request_is_another_plan() -> None:
    assert lapsed(made(leave(), KNOWN), made(leave(accepts_overload=True), KNOWN)) == ("it is for another request",)


def test_what_the_service_asked_for_by_itself_is_planned_anew_where_it_would_be_divided_otherwise() -> None:
    roomier = facts(caps={**CAPS, "azure": 100})
    confirmed = made(BY_ITSELF, KNOWN)
    assert confirmed.refused == ()
    assert lapsed(confirmed, made(BY_ITSELF, roomier)) == (
        f"it would now give {', '.join(f'{p} {s}' for p, s in sorted(made(BY_ITSELF, roomier).after.items()))}",
    )
    # What stops the service alone stops it here too.
    assert lapsed(confirmed, made(BY_ITSELF, well("aws"))) != ()
