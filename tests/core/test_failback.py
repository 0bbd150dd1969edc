"""A failback is planned: by a person, outside a freeze, and only as far as those that gain can take."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.core.emergency import NOW, SECOND, SHARES, come_back, facts, places, provider, reading
from wedtui.core.checks import Result
from wedtui.core.failover import plan
from wedtui.core.failover_facts import Facts, Measured, ProviderFacts
from wedtui.core.freeze import Verdict
from wedtui.core.override import TRAFFIC, Override
from wedtui.core.state import State
from wedtui.core.traffic import Place

AWAY = {"aws": 0, "azure": 45, "digitalocean": 25, "gcp": 30}
HOME = dict(SHARES)
HOUR = timedelta(hours=1)


def recovered(*others: ProviderFacts, aws_cap: int | None = 100, **other: Any) -> Facts:
    known = [provider("aws", aws_cap), *others]
    return facts(*known, **{"reading": reading(AWAY), **other})


def shares(found: Mapping[Place, int]) -> dict[str, int]:
    return {str(place): share for place, share in found.items()}


def test_it_comes_back_to_what_is_configured() -> None:
    made = plan(come_back(), recovered(), NOW)
    assert shares(made.after) == HOME
    assert (made.refused, made.unplaced, made.page) == ((), 0, None)


def test_it_comes_back_to_what_was_before_the_failover() -> None:
    before = {"aws": 50, "azure": 30, "digitalocean": 0, "gcp": 20}
    made = plan(come_back(before, to_words="the shares before failover 12"), recovered(), NOW)
    assert shares(made.after) == before
    assert made.check("target").sentence == "it comes back to the shares before failover 12"


@pytest.mark.parametrize(
    ("cap", "expected"),
    [
        (30, {"aws": 30, "azure": 35, "digitalocean": 13, "gcp": 22}),
        (1, {"aws": 1, "azure": 45, "digitalocean": 24, "gcp": 30}),
    ],
)
def test_it_comes_back_in_steps_as_far_as_there_is_room(cap: int, expected: dict[str, int]) -> None:
    made = plan(come_back(), recovered(aws_cap=cap), NOW)
    assert (shares(made.after), made.unplaced) == (expected, 60 - cap)
    assert (made.check("step").result, made.refused) == (Result.FAIL, ())


def test_the_next_step_goes_up_to_the_cap_and_no_further() -> None:
    made = plan(come_back(), recovered(aws_cap=40, reading=reading({**AWAY, "aws": 30, "azure": 15})), NOW)
    assert shares(made.after)["aws"] == 40
    assert made.unplaced == 20


@pytest.mark.parametrize(
    "aws",
    [
        provider("aws", state=State.CRITICAL),
        provider("aws", state=State.UNKNOWN),
        provider("aws", round_passed=False),
        provider("aws", round_at=NOW - 11 * SECOND),
        provider("aws", None),
        provider("aws", 0),
    ],
    ids=["critical", "unknown", "failed its last round", "old evidence", "no capacity known", "no room"],
)
def test_nothing_comes_back_to_who_may_not_gain(aws: ProviderFacts) -> None:
    made = plan(come_back(), recovered(aws), NOW)
    assert (made.after, made.unplaced) == (places(AWAY), 60)
    assert not made.check("gains").passed
    assert made.check("gains").sentence in made.refused


def test_without_a_peak_nothing_comes_back() -> None:
    made = plan(come_back(), recovered(observed=Measured(), planned=Measured()), NOW)
    assert made.after == places(AWAY)
    assert made.refused


def test_who_is_unknown_keeps_what_it_has() -> None:
    made = plan(come_back(), recovered(provider("gcp", state=State.UNKNOWN)), NOW)
    assert shares(made.after) == {"aws": 45, "azure": 25, "digitalocean": 0, "gcp": 30}


@pytest.mark.parametrize(
    ("freeze", "result"),
    [
        (Verdict(True, NOW, reasons=("weekend",)), Result.FAIL),
        (None, Result.UNKNOWN),
        (Verdict(False, NOW - 11 * SECOND), Result.UNKNOWN),
        (Verdict(False, NOW + 3 * SECOND), Result.UNKNOWN),
    ],
    ids=["frozen", "not judged", "judged long ago", "judged in the future"],
)
def test_a_freeze_forbids_it(freeze: Verdict | None, result: Result) -> None:
    made = plan(come_back(), recovered(freeze=freeze), NOW)
    assert made.after == places(AWAY)
    assert made.check("freeze").result is result
    assert made.refused == (made.check("freeze").sentence,)


@pytest.mark.parametrize(
    ("begins", "ends", "counts"),
    [
        (NOW - HOUR, NOW + HOUR, True),
        (NOW - HOUR, NOW, False),
        (NOW + SECOND, NOW + HOUR, False),
        (NOW - HOUR, NOW + 3 * HOUR, True),
        (NOW - HOUR, NOW + 3 * HOUR + SECOND, False),
    ],
    ids=["holds", "expired", "not yet", "for 4 h", "for longer than is allowed"],
)
def test_a_person_may_override_the_freeze_for_the_traffic(begins: datetime, ends: datetime, counts: bool) -> None:
    override = Override(TRAFFIC, "anna", "the\nvendor asked", begins, ends)
    made = plan(come_back(), recovered(freeze=Verdict(True, NOW), overrides=(override,)), NOW)
    assert (made.refused == ()) is counts
    if counts:
        assert made.check("freeze").sentence == "the freeze is overridden by anna: the vendor asked"


def test_an_override_of_another_object_lets_no_failback_through() -> None:
    other = Override("production/rsvp", "anna", "why", NOW - HOUR, NOW + HOUR)
    made = plan(come_back(), recovered(freeze=Verdict(True, NOW), overrides=(other,)), NOW)
    assert made.refused == (made.check("freeze").sentence,)


def test_it_is_never_made_by_the_service() -> None:
    made = plan(come_back(automatic=True), recovered(), NOW)
    assert made.after == places(AWAY)
    assert made.refused == ("a failback is never made by the service itself",)


def test_no_overload_is_accepted_for_it() -> None:
    made = plan(come_back(accepts_overload=True), recovered(aws_cap=30), NOW)
    assert made.after == places(AWAY)
    assert made.refused


def test_it_waits_for_a_change_that_is_on_its_way() -> None:
    made = plan(come_back(), recovered(reading=reading(AWAY, submission="C1")), NOW)
    assert (made.after, made.refused) == (places(AWAY), ("the change C1 is not yet in sync",))


@pytest.mark.parametrize(
    ("to", "why"),
    [
        (None, "no shares are named to come back to"),
        ({**HOME, "aws": 59}, "the configured shares are unfit: the shares sum to 99 and not to 100"),
        (
            {**HOME, "aws": -60, "gcp": 135},
            "the configured shares are unfit: not within 0..100: aws, gcp",
        ),
        ({"aws": 60, "azure": 40}, "the configured shares and the live records differ in digitalocean and gcp"),
        ({**HOME, "else": 0}, "the configured shares and the live records differ in else"),
        (AWAY, "the configured shares are live already"),
    ],
)
def test_what_it_comes_back_to_has_to_fit_the_records(to: Mapping[str, int] | None, why: str) -> None:
    made = plan(come_back(to), recovered(), NOW)
    assert (made.after, made.refused) == (places(AWAY), (why,))


def test_regions_come_back_in_proportion() -> None:
    now = {"aws/eu": 0, "aws/us": 0, "azure": 100}
    to = {"aws/eu": 40, "aws/us": 20, "azure": 40}
    made = plan(come_back(to), recovered(aws_cap=30, reading=reading(now)), NOW)
    assert shares(made.after) == {"aws/eu": 20, "aws/us": 10, "azure": 70}


@pytest.mark.parametrize(("state", "moves"), [(State.OK, True), (State.CRITICAL, False), (State.UNKNOWN, False)])
def test_within_a_provider_only_where_it_may_gain(state: State, moves: bool) -> None:
    now, to = {"aws/eu": 0, "aws/us": 60, "azure": 40}, {"aws/eu": 40, "aws/us": 20, "azure": 40}
    made = plan(come_back(to), recovered(provider("aws", state=state), reading=reading(now)), NOW)
    assert shares(made.after) == (to if moves else now)


def test_no_region_of_one_that_may_not_gain_is_given_what_another_of_its_regions_gives() -> None:
    now, to = {"aws/eu": 20, "aws/us": 30, "azure": 50}, {"aws/eu": 5, "aws/us": 35, "azure": 60}
    made = plan(come_back(to), recovered(provider("aws", round_passed=False), reading=reading(now)), NOW)
    assert made.after == places({"aws/eu": 10, "aws/us": 30, "azure": 60})
    (step,) = (check for check in made.checks if check.rule == "step")
    assert "aws" in step.sentence
    assert step.sentence.endswith("; 5 % cannot come back yet")


def test_without_a_reading_nothing_comes_back() -> None:
    made = plan(come_back(), recovered(reading=None), NOW)
    assert (made.before, made.after, len(made.refused)) == ({}, {}, 1)
