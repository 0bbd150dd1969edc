"""What stood before a person is put into words for the record, whatever its plan holds, and never without end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.core.emergency import NOW, SECOND, come_back, facts, leave, provider
from tests.core.test_freeze_plan import ADD, LIFT, LOCK, LOCKED, OVERRIDE, known, made
from tests.core.test_freeze_plan import NOW as WEDNESDAY
from tests.examples import examples
from wedtui.core.emergency import EmergencyKind, emergency
from wedtui.core.failover import plan, plan_json
from wedtui.core.failover_facts import Request
from wedtui.core.freeze_plan import freeze_plan_json
from wedtui.core.panel_text import LINE_AT_MOST, LINES_AT_MOST, panel_text
from wedtui.core.plan_lines import plan_lines
from wedtui.core.roles import Role

LATER = NOW + 7 * SECOND
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("at", "expires_at", "checks", "before", "after", "rooms", "lost", "target", "to", "peak", "ttl_seconds", "says")


@pytest.mark.parametrize("request_", [leave("aws"), come_back()])
def test_a_change_of_shares_is_what_the_commands_show(request_: Request) -> None:
    stored = json.loads(json.dumps(plan_json(plan(request_, facts(provider("aws")), NOW))))
    assert panel_text(stored, LATER) == plan_lines(stored, LATER)


@pytest.mark.parametrize("kind", [LOCK, ADD, LIFT, OVERRIDE])
def test_a_freeze_says_what_it_does_whom_it_hurts_how_it_is_undone_and_each_check(kind: EmergencyKind) -> None:
    seen = made(kind, known(LOCKED))
    text = " ".join(" ".join(panel_text(freeze_plan_json(seen), WEDNESDAY + 7 * SECOND)).split())
    assert text.startswith(f"REAL: {emergency(kind).title} {seen.target}; as of ")
    for said in (seen.says, seen.hurts, seen.undo, *(check.sentence for check in seen.checks)):
        assert said in text
    assert ("now production is FROZEN" in text, "holds may be confirmed until" in text) == (True, True)


def test_one_who_may_not_reads_that_it_is_refused() -> None:
    assert panel_text(freeze_plan_json(made(ADD, known(), Role.ENGINEER)), WEDNESDAY)[0].startswith("REFUSED: ")


def test_it_has_an_end() -> None:
    stored = plan_json(plan(leave("aws"), facts(), NOW))
    check = {"rule": "x", "result": "FAIL", "sentence": "why " * 500 + "\x1b[2J", "stops": "nobody"}
    lines = panel_text({**stored, "checks": [check] * 400}, LATER)
    assert len(lines) == LINES_AT_MOST + 1
    assert lines[-1].endswith(" lines more)")
    assert max(map(len, lines)) <= LINE_AT_MOST
    assert all(line.isprintable() for line in lines)


@examples(150)
@example(kind="failover", other={"ttl_seconds": 86399999999940})
@example(kind="failover", other={"ttl_seconds": -86399999913601})
@given(
    kind=st.sampled_from([*(each.value for each in EmergencyKind), "restart", ""]),
    other=st.dictionaries(st.sampled_from(KEYS), JSON),
)
def test_whatever_a_plan_holds_a_word_for_it_is_taken(kind: str, other: dict[str, Any]) -> None:
    stored = {**json.loads(json.dumps(plan_json(plan(leave("aws"), facts(), NOW)))), **other, "kind": kind}
    lines = panel_text(stored, LATER)
    assert lines
    assert all(line.isprintable() for line in lines)
