"""The plan of an action with a planner of its own: to what a confirmation is bound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.pictures import NOW, SECOND
from wedtui.core.checks import Check, Result, Stops
from wedtui.core.deed_plan import DeedPlan, Sketch

ILL = Check("ill", Result.FAIL, "3 hosts are ill", NOW, Stops.NOBODY)
SKETCH = Sketch("hosts restart", "they are ill", "they were restarted", "whoever is on them", "nothing: they are up")
PLAN = DeedPlan("restart", "aws", "aws", SKETCH, (ILL,), NOW, NOW + 60 * SECOND)


@pytest.mark.parametrize(
    "other",
    [{name: "something else"} for name in ("says", "before", "after", "hurts", "undo")] + [{"change": {"count": 5}}],
    ids=str,
)
def test_a_confirmation_is_bound_to_every_word_that_was_read(other: dict[str, Any]) -> None:
    assert replace(PLAN, sketch=replace(SKETCH, **other)).digest != PLAN.digest


@pytest.mark.parametrize("other", [{"rule": "well"}, {"result": Result.UNKNOWN}, {"stops": Stops.EVERYBODY}], ids=str)
def test_and_to_what_each_check_found_and_whom_it_stops(other: dict[str, Any]) -> None:
    assert replace(PLAN, checks=(replace(ILL, **other),)).digest != PLAN.digest


@pytest.mark.parametrize("other", [{"kind": "reboot"}, {"subject": "gcp"}, {"target": "gcp"}], ids=str)
def test_and_to_what_is_meant(other: dict[str, Any]) -> None:
    assert replace(PLAN, **other).digest != PLAN.digest


def test_what_was_measured_anew_is_the_same_plan() -> None:
    newer = replace(ILL, sentence="4 hosts are ill", measured_at=NOW + SECOND)
    assert replace(PLAN, checks=(newer,), at=NOW + SECOND, expires_at=NOW + 61 * SECOND).digest == PLAN.digest
