"""Customers are seen to have moved where nothing that can be looked at says otherwise; what is not measured is said."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.emergency import NOW, SECOND, places
from wedtui.core.checks import Check, Result
from wedtui.core.customers_seen import (
    FALSE_ALARMS,
    Answers,
    Shift,
    customers_seen,
    have_moved,
    left_at_most,
    plausible,
)
from wedtui.core.evidence import REQUESTS_SIGNAL, ProbeEvidence, ProbeRound, ProviderEvidence, SignalEvidence

BEFORE, AFTER = {"aws": 60, "gcp": 40, "azure": 0}, {"aws": 0, "gcp": 70, "azure": 30}
ACCEPTED, UNTIL = NOW - 65 * SECOND, NOW - 5 * SECOND
SHIFT = Shift(places(BEFORE), places(AFTER), ACCEPTED, UNTIL)
RIGHT = Answers(NOW - SECOND, places({"gcp": 138, "azure": 62}))
SERVED = {"aws": 2.0, "gcp": 690.0, "azure": 308.0}


def requests(value: float | None, at: datetime = NOW - 4 * SECOND, every: timedelta = 15 * SECOND) -> SignalEvidence:
    return SignalEvidence(REQUESTS_SIGNAL, "prometheus main", every, value, None if value is None else at)


def provider(name: str, *signals: SignalEvidence, passed: bool = True, at: datetime = NOW - SECOND) -> ProviderEvidence:
    probe = ProbeEvidence(name, 3 * SECOND, (ProbeRound(at, passed),))
    return ProviderEvidence(name, "probed", 0, probes=(probe,), signals=signals)


def providers(*others: ProviderEvidence) -> tuple[ProviderEvidence, ...]:
    known = {name: provider(name, requests(value)) for name, value in SERVED.items()}
    return (*(known | {each.name: each for each in others}).values(),)


def seen(*others: ProviderEvidence, shift: Shift = SHIFT, answers: Answers = RIGHT) -> dict[str, Check]:
    return {check.rule: check for check in customers_seen(shift, answers, providers(*others), NOW)}


def test_they_have_moved_where_all_says_so_each_with_its_age() -> None:
    found = seen()
    assert have_moved(found.values())
    says = {rule: check.sentence for rule, check in found.items()}
    assert says == {
        "ttl": "in sync everywhere, and the TTL has passed",
        "answers": "of 200 authoritative answers name aws 0, azure 62 and gcp 138, as the shares say",
        "probes:azure": "azure passes its probes",
        "probes:gcp": "gcp passes its probes",
        "requests:aws": "aws serves 0.2 % of the requests, 2/s; 5 % may be left",
        "requests:azure": "azure serves 30.8 % of the requests, 308/s",
        "requests:gcp": "gcp serves 69 % of the requests, 690/s",
    }
    assert {check.measured_at for check in found.values()} == {UNTIL, NOW - SECOND, NOW - 4 * SECOND}


@pytest.mark.parametrize(
    ("shift", "answers", "others", "rule", "result"),
    [
        (replace(SHIFT, until=NOW + SECOND), RIGHT, (), "ttl", "FAIL"),
        (SHIFT, Answers(problem="nobody answers"), (), "answers", "UNKNOWN"),
        (SHIFT, Answers(ACCEPTED - SECOND, RIGHT.counts), (), "answers", "UNKNOWN"),
        (SHIFT, Answers(NOW, places({"gcp": 137, "azure": 62, "aws": 1})), (), "answers", "FAIL"),
        (SHIFT, Answers(NOW, places({"gcp": 80, "azure": 120})), (), "answers", "FAIL"),
        (SHIFT, Answers(NOW, places({"gcp": 139, "azure": 60, "foreign": 1})), (), "answers", "FAIL"),
        (SHIFT, RIGHT, (provider("gcp", requests(690.0), passed=False),), "probes:gcp", "FAIL"),
        (SHIFT, RIGHT, (provider("gcp", requests(690.0), at=NOW - 11 * SECOND),), "probes:gcp", "UNKNOWN"),
        (SHIFT, RIGHT, (provider("aws", requests(90.0)),), "requests:aws", "FAIL"),
        (SHIFT, RIGHT, (provider("aws", requests(2.0, NOW - 31 * SECOND)),), "requests:aws", "UNKNOWN"),
        (SHIFT, RIGHT, (provider("aws", requests(2.0, ACCEPTED - SECOND, 60 * SECOND)),), "requests:aws", "UNKNOWN"),
        (SHIFT, RIGHT, (provider("aws", requests(None)),), "requests:aws", "UNKNOWN"),
        (SHIFT, RIGHT, (provider("aws", requests(math.nan)),), "requests:aws", "UNKNOWN"),
        (SHIFT, RIGHT, (provider("gcp", requests(None)),), "requests:aws", "UNKNOWN"),
    ],
    ids=[
        "the TTL has not passed",
        "nobody answers",
        "answers from before the change",
        "who was left is named",
        "no chance explains it",
        "a stranger is named",
        "who gains fails",
        "who gains has no fresh round",
        "who was left still serves",
        "its requests are old",
        "from before the change",
        "were never measured",
        "no figure",
        "of all is not known",
    ],
)
def test_each_is_waited_for(
    shift: Shift, answers: Answers, others: tuple[ProviderEvidence, ...], rule: str, result: str
) -> None:
    found = seen(*others, shift=shift, answers=answers)
    assert found[rule].result == Result(result)
    assert not have_moved(found.values())


def test_without_a_signal_it_is_said_to_be_not_observed_and_never_good() -> None:
    found = seen(provider("aws"))
    assert (found["requests:aws"].result, found["requests:aws"].sentence) == (
        Result.UNKNOWN,
        "aws not observed: no request signal",
    )
    assert have_moved(found.values()), "the rest can be seen"
    found = seen(provider("gcp"), provider("azure"))
    assert found["requests:aws"].result is Result.UNKNOWN, "all that is measured is its own"
    assert "no request signal of azure and gcp" in found["requests:aws"].sentence
    found = seen(provider("azure"))
    assert found["requests:aws"].result is Result.PASS, "what others serve beside makes it less"
    assert "at most 0.289 % of the requests" in found["requests:aws"].sentence
    assert not have_moved(seen(provider("gcp", requests(None)), provider("azure")).values())


def test_nobody_who_serves_anything_is_no_share() -> None:
    none = (provider(name, requests(0.0)) for name in SERVED)
    found = seen(*none)
    assert found["requests:aws"].result is Result.UNKNOWN
    assert not have_moved(found.values())


@pytest.mark.parametrize(("share", "most"), [(0, 5.0), (1, 11.0), (30, 40.0)])
def test_how_much_may_be_left(share: int, most: float) -> None:
    assert left_at_most(share) == most


def test_of_a_provider_its_regions_count_together() -> None:
    before = {"aws/eu": 30, "aws/us": 30, "gcp": 40, "azure": 0}
    after = {"aws/eu": 0, "aws/us": 30, "gcp": 70, "azure": 0}
    shift = Shift(places(before), places(after), ACCEPTED, UNTIL)
    answers = Answers(NOW, places({"aws/us": 60, "gcp": 140}))
    aws = provider("aws", requests(600.0))
    rest = (provider("gcp", requests(900.0)), provider("azure", requests(0.0)))
    assert have_moved(seen(aws, *rest, shift=shift, answers=answers).values())
    more = provider("aws", requests(700.0))
    assert seen(more, *rest, shift=shift, answers=answers)["requests:aws"].result is Result.FAIL


@given(st.integers(1, 400), st.integers(1, 99))
def test_what_chance_makes_of_a_share_is_taken_for_wrong_as_seldom_as_is_said(of: int, share: int) -> None:
    part = share / 100
    wrong = sum(
        math.comb(of, count) * part**count * (1 - part) ** (of - count)
        for count in range(of + 1)
        if not plausible(count, of, share)
    )
    assert wrong <= FALSE_ALARMS


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [
        (0, 0, True),
        (1, 0, False),
        (200, 100, True),
        (199, 100, False),
        (0, 10, False),
        (100, 50, True),
        (20, 50, False),
    ],
)
def test_who_has_nothing_is_never_named(count: int, share: int, expected: bool) -> None:
    assert plausible(count, 200, share) is expected


@given(
    signals=st.fixed_dictionaries(
        {name: st.sampled_from(["none", "silent", "old", "little", "much"]) for name in SERVED}
    ),
    lost=st.sampled_from(sorted(SERVED)),
)
def test_losing_a_signal_never_makes_customers_moved(signals: Mapping[str, str], lost: str) -> None:
    """DESIGN, law 3: losing a signal never improves a state. One that was never configured is another world."""

    def made(how: str, name: str) -> ProviderEvidence:
        values = {"little": 1.0, "much": 500.0, "old": 1.0}
        at = NOW - timedelta(minutes=5) if how == "old" else NOW - SECOND
        return provider(name) if how == "none" else provider(name, requests(values.get(how), at))

    whole = have_moved(seen(*(made(how, name) for name, how in signals.items())).values())
    if signals[lost] == "none":
        return
    for worse in ("silent", "old"):
        less = {**signals, lost: worse}
        assert have_moved(seen(*(made(how, name) for name, how in less.items())).values()) <= whole
