"""A change that made things worse is undone once, or held."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.emergency import NOW, SECOND, SHARES, facts, places, provider, reading
from tests.core.test_automation import ready
from wedtui.core.automation import Mode
from wedtui.core.checks import Result
from wedtui.core.state import State
from wedtui.core.undo import Change, Round, Verdict, may_undo, served

AWAY = {"aws": 0, "azure": 63, "digitalocean": 0, "gcp": 37}
ALL = dict.fromkeys(SHARES, True)
WORSE = ALL | {"azure": False}
CHANGE = Change(places(SHARES), places(AWAY), NOW - 30 * SECOND, generation=8, served=40)
WELL = facts(provider("aws"), reading=reading(AWAY, generation=8))


def since(*newest_first: dict[str, Any], newest: timedelta = SECOND) -> tuple[Round, ...]:
    return tuple(Round(NOW - newest - n * 3 * SECOND, passed) for n, passed in enumerate(newest_first))


TWO = since(WORSE, WORSE)


@pytest.mark.parametrize(
    ("shares", "passed", "percent"),
    [
        (SHARES, ALL, 100),
        (SHARES, ALL | {"aws": False}, 40),
        (SHARES, ALL | {"digitalocean": None}, 100),
        (SHARES, ALL | {"gcp": None}, None),
        (SHARES, {}, None),
        ({"aws/eu": 40, "aws/us": 20, "gcp": 40}, {"aws": True, "gcp": False}, 60),
    ],
)
def test_how_many_are_served(shares: dict[str, int], passed: dict[str, Any], percent: int | None) -> None:
    assert served(places(shares), passed) == percent


def test_it_is_undone_when_two_rounds_are_worse_and_all_that_gain_are_eligible() -> None:
    found = may_undo(CHANGE, TWO, WELL, ready(), NOW)
    assert (found.verdict, found.page) == (Verdict.UNDO, None)
    assert all(check.passed for check in found.checks)
    assert [c.rule for c in found.checks if c.rule.startswith("eligible")] == ["eligible:aws"]


@pytest.mark.parametrize(
    ("rounds", "change", "result"),
    [
        (since(WORSE), CHANGE, Result.FAIL),
        (since(WORSE, ALL, WORSE), CHANGE, Result.FAIL),
        (since(ALL, WORSE, WORSE), CHANGE, Result.FAIL),
        (TWO, replace(CHANGE, served=37), Result.FAIL),
        (TWO, replace(CHANGE, served=None), Result.UNKNOWN),
        (since(WORSE, WORSE | {"gcp": None}), CHANGE, Result.UNKNOWN),
        (since(WORSE, WORSE, newest=11 * SECOND), CHANGE, Result.UNKNOWN),
        (TWO, replace(CHANGE, accepted_at=NOW - 4 * SECOND), Result.FAIL),
        ((), CHANGE, Result.UNKNOWN),
    ],
    ids=[
        "one round",
        "not in a row",
        "better again",
        "as bad as before",
        "nothing known of before",
        "a round not known",
        "old rounds",
        "a round from before it",
        "no round",
    ],
)
def test_it_is_kept_while_it_did_not_make_things_worse(
    rounds: tuple[Round, ...], change: Change, result: Result
) -> None:
    found = may_undo(change, rounds, WELL, ready(), NOW)
    assert (found.verdict, found.checks[0].result, found.page) == (Verdict.KEEP, result, None)


@pytest.mark.parametrize(
    ("change", "known", "automation", "rule"),
    [
        (replace(CHANGE, final=True), {}, {}, "once"),
        (CHANGE, {"reading": reading(AWAY, generation=9)}, {}, "ours"),
        (CHANGE, {"reading": reading(generation=8)}, {}, "ours"),
        (CHANGE, {"reading": None}, {}, "ours"),
        (CHANGE, {"reading": reading(AWAY, generation=8, at=NOW - 11 * SECOND)}, {}, "ours"),
        (CHANGE, {"providers": (provider("aws", state=State.CRITICAL),)}, {}, "eligible:aws"),
        (CHANGE, {"providers": (provider("aws", state=State.UNKNOWN),)}, {}, "eligible:aws"),
        (CHANGE, {"providers": (provider("aws", round_passed=False),)}, {}, "eligible:aws"),
        (CHANGE, {"providers": ()}, {}, "eligible:aws"),
        (CHANGE, {}, {"mode": Mode.PROPOSE}, "mode"),
        (CHANGE, {}, {"shared": False}, "shared"),
        (CHANGE, {}, {"paging": False}, "paging"),
        (CHANGE, {}, {"stopped": "anna"}, "running"),
        (replace(CHANGE, before=places({**SHARES, "aws": 61})), {}, {}, "whole"),
    ],
)
def test_else_it_is_held_and_somebody_is_paged(
    change: Change, known: dict[str, Any], automation: dict[str, Any], rule: str
) -> None:
    found = may_undo(change, TWO, replace(WELL, **known), ready(**automation), NOW)
    assert found.verdict is Verdict.HOLD
    assert [check.rule for check in found.checks if not check.passed] == [rule]
    assert found.page is not None
    assert found.page.startswith("a change made things worse and is not undone: ")


def test_every_place_that_gains_by_it_counts_also_within_one_provider() -> None:
    before, after = {"aws/eu": 60, "aws/us": 0, "gcp": 40}, {"aws/eu": 0, "aws/us": 60, "gcp": 40}
    change = replace(CHANGE, before=places(before), after=places(after), served=100)
    bad = {"aws": False, "gcp": True}
    known = facts(provider("aws", state=State.CRITICAL), reading=reading(after, generation=8))
    assert may_undo(change, since(bad, bad), known, ready(), NOW).verdict is Verdict.HOLD


@given(
    st.lists(st.fixed_dictionaries({n: st.sampled_from([True, False, None]) for n in SHARES}), max_size=4),
    st.none() | st.integers(0, 100),
    st.booleans(),
    st.sampled_from(list(State)),
)
def test_it_is_never_undone_unless_two_known_rounds_are_worse(
    passed: list[dict[str, Any]], before: int | None, final: bool, state: State
) -> None:
    known = facts(provider("aws", state=state), reading=reading(AWAY, generation=8))
    found = may_undo(replace(CHANGE, served=before, final=final), since(*passed), known, ready(), NOW)
    if found.verdict is Verdict.UNDO:
        assert before is not None
        assert not final
        assert state in {State.OK, State.DEGRADED}
        newest = [served(places(AWAY), each) for each in passed[:2]]
        assert len(newest) == 2
        assert all(percent is not None and percent < before for percent in newest)
