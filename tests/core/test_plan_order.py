"""In what order a plan says its checks: of a low screen only the first are seen."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.core.emergency import NOW
from wedtui.core.plan_lines import RECALLED_AT_MOST, recap
from wedtui.core.plan_words import as_of, check_rows


def check(rule: str, result: str, stops: str) -> dict[str, Any]:
    return {"rule": rule, "result": result, "stops": stops, "sentence": f"{rule} is {result} for {stops}"}


WEDDINGS = check("weddings", "PASS", "nobody")
STOPPING = check("room", "FAIL", "everybody")
DOUBTED = check("well", "UNKNOWN", "everybody")
NOTED = check("cooldown", "FAIL", "automatic")
UNSURE = check("quorum", "UNKNOWN", "automatic")
GOOD = check("lease", "PASS", "everybody")


def test_what_fails_stands_first_and_what_has_passed_last() -> None:
    for checks in permutations((WEDDINGS, STOPPING, DOUBTED, NOTED, UNSURE, GOOD)):
        rows = check_rows({"at": NOW.isoformat(), "checks": list(checks)}, NOW)
        assert [row.word for row in rows] == ["FAIL", "UNKNOWN", "NOTE", "UNKNOWN", "PASS", "PASS"]
        assert rows[4].text.startswith("weddings: ")
        assert rows[4].counts, "who is getting married has to have been seen all the same"


def test_weddings_that_are_not_kept_stand_below_what_fails() -> None:
    rows = check_rows({"at": NOW.isoformat(), "checks": [GOOD, STOPPING]}, NOW)
    assert [row.word for row in rows] == ["FAIL", "UNKNOWN", "PASS"]


@pytest.mark.parametrize("result", ["FAIL", "UNKNOWN"])
def test_weddings_that_have_not_passed_stand_among_what_has_not(result: str) -> None:
    checks = [GOOD, check("weddings", result, "automatic"), STOPPING]
    words = [row.text for row in check_rows({"at": NOW.isoformat(), "checks": checks}, NOW)]
    assert [text.partition(" ")[0] for text in words] == ["room", "weddings:", "lease"]


def test_in_short_it_says_the_shares_and_what_has_not_passed() -> None:
    checks = [WEDDINGS, NOTED, UNSURE, GOOD]
    plan = {"at": NOW.isoformat(), "checks": checks, "before": {"aws": 60, "gcp": 40}, "after": {"aws": 0, "gcp": 100}}
    assert recap(plan, NOW) == [
        f"in short, {as_of(plan)}: aws 60 % -> 0 %, gcp 40 % -> 100 %",
        "NOTE: cooldown is FAIL for automatic - stops automation alone",
        "UNKNOWN: quorum is UNKNOWN for automatic (not measured) - stops automation alone",
    ]
    assert recap({**plan, "accepts_overload": True}, NOW)[1].startswith("an OVERLOAD is accepted")
    assert recap({"checks": []}, NOW)[0] == "in short, as of UNKNOWN: the shares are UNKNOWN"


def test_it_stays_short() -> None:
    many = [check(f"rule-{number} {'x' * 100}", "UNKNOWN", "automatic") for number in range(9)]
    lines = recap({"at": NOW.isoformat(), "checks": [WEDDINGS, *many], "before": {}, "after": {}}, NOW)
    assert len(lines) == RECALLED_AT_MOST + 2
    assert lines[-1] == "(+5 more above)"
    assert all(len(line) <= 80 for line in lines)
