"""What a provider's probes say of its newest round."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.emergency import NOW, SECOND, rounds
from wedtui.core.checks import Result
from wedtui.core.evidence import ProbeEvidence, ProbeRound, ProviderEvidence
from wedtui.core.failover_facts import Facts, ProviderFacts, eligible, newest_round, provider_facts, vouched_for
from wedtui.core.health import judge
from wedtui.core.state import State

GOOD, BAD = rounds([True] * 3), rounds([False] * 3)
OLD_BAD = rounds([False] * 3, newest=NOW - 11 * SECOND)
OLD_GOOD = rounds([True] * 3, newest=NOW - 11 * SECOND)
AHEAD = (ProbeRound(NOW + timedelta(hours=1), passed=True),)
JUST = NOW - SECOND


@pytest.mark.parametrize(
    ("seen", "passed", "at"),
    [
        ({"web": [GOOD]}, True, JUST),
        ({"web": [BAD]}, False, JUST),
        ({"web": [GOOD, BAD]}, False, JUST),
        ({"web": [GOOD, GOOD, BAD]}, True, JUST),
        ({"web": [GOOD, BAD, BAD]}, False, JUST),
        ({"web": [GOOD, OLD_BAD]}, True, JUST),
        ({"web": [BAD, OLD_GOOD]}, False, JUST),
        ({"web": [OLD_GOOD]}, None, NOW - 11 * SECOND),
        ({"web": [OLD_GOOD, OLD_BAD]}, None, NOW - 11 * SECOND),
        ({"web": [GOOD, rounds([True], newest=NOW - 4 * SECOND)]}, True, JUST),
        ({"web": [GOOD], "api": [rounds([True], newest=NOW - 4 * SECOND)]}, True, NOW - 4 * SECOND),
        ({"web": [GOOD], "api": [OLD_GOOD]}, None, NOW - 11 * SECOND),
        ({"web": [GOOD], "api": [BAD]}, False, JUST),
        ({"web": [OLD_GOOD], "api": [BAD]}, False, NOW - 11 * SECOND),
        ({"web": [GOOD], "api": [()]}, None, None),
        ({"web": [()]}, None, None),
        ({}, None, None),
        ({"web": [AHEAD]}, None, NOW + timedelta(hours=1)),
        ({"web": [(*AHEAD, *BAD)]}, False, JUST),
    ],
)
def test_how_the_newest_round_went(
    seen: dict[str, list[tuple[ProbeRound, ...]]], passed: bool | None, at: object
) -> None:
    probes = [
        ProbeEvidence(name, 3 * SECOND, each, f"vantage {n}")
        for name, vantages in seen.items()
        for n, each in enumerate(vantages)
    ]
    assert newest_round(probes, NOW) == (passed, at)
    # Probes are told apart by their names, in whatever order they come.
    assert newest_round(probes[::-1], NOW) == (passed, at)


def test_the_state_is_that_of_the_one_evaluator() -> None:
    known = ProviderEvidence("aws", "probed", 60, 500.0, probes=(ProbeEvidence("web", 3 * SECOND, BAD),))
    found = provider_facts(known, judge(known, NOW), NOW)
    assert (found.name, found.state, found.capacity) == ("aws", State.CRITICAL, 500.0)
    assert (found.round_passed, found.round_at) == (False, JUST)


@pytest.mark.parametrize(
    ("known", "result"),
    [
        (ProviderFacts("gcp", State.UNKNOWN), Result.PASS),
        (ProviderFacts("gcp", State.CRITICAL, False, JUST), Result.FAIL),
        (ProviderFacts("gcp", State.DEGRADED, False, JUST), Result.FAIL),
        (ProviderFacts("azure", State.OK, True, JUST), Result.PASS),
    ],
)
def test_a_person_vouches_for_what_is_not_known_and_for_nothing_that_is_bad(
    known: ProviderFacts, result: Result
) -> None:
    """Of a provider that is not watched at all nothing is known either."""
    facts = vouched_for(Facts(None, (known,)), ["gcp"])
    assert eligible(facts.provider(known.name), NOW).result is result
    assert eligible(facts.provider("gcp"), NOW).passed is (result is Result.PASS)
    assert eligible(facts.provider("do"), NOW).result is Result.UNKNOWN
