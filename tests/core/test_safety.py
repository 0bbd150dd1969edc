"""No safety rule can be removed unnoticed, and the table in docs/safety.md names each of them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.safety import NOTICED, ROOT, SURVIVED, Rule, table
from tests.safety_rules import RULES


@pytest.fixture(scope="module")
def examined() -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.safety"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=1800
    )
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_with_every_rule_in_place_every_test_passes(examined: dict[str, int]) -> None:
    assert examined[""] == SURVIVED


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
def test_without_the_rule_its_test_fails(rule: Rule, examined: dict[str, int]) -> None:
    assert examined[rule.says] == NOTICED


def test_each_rule_is_one_of_its_own_and_held_by_something_with_a_name() -> None:
    assert len({rule.says for rule in RULES}) == len(RULES)
    assert all(rule.held_by.count(".") >= 2 for rule in RULES)


def test_the_document_has_the_table() -> None:
    """`python -c "from tests.safety import *; from tests.safety_rules import *; print(table(RULES))"` prints it."""
    assert table(RULES) in (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
