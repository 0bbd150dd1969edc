"""DESIGN's health table as cases, and the law that losing a signal never improves a state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedtui.core.evidence import (
    PUBLISHED_WITHIN,
    Freshness,
    ProbeEvidence,
    ProbeRound,
    ProviderEvidence,
    SignalEvidence,
    VendorEvidence,
    VendorStatus,
    fresh_for,
    freshness,
    judged_interval,
    published_interval,
)
from wedtui.core.health import WEDDING_DAY_WEIGHTS, WEIGHTS, Health, judge, linear, p95, state_of_score
from wedtui.core.state import State, badness

NOW = datetime(2026, 6, 20, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def probe(pattern: str, *, name: str = "p", interval: float = 3, age: float = 1, latency: float = 100) -> ProbeEvidence:
    """Make a probe from its rounds, newest first: `.` passed, `x` failed."""
    step = timedelta(seconds=interval)
    rounds = tuple(
        ProbeRound(
            NOW - age * SECOND - i * step,
            sign == ".",
            None if sign == "." else "status 503",
            latency if sign == "." else None,
        )
        for i, sign in enumerate(pattern)
    )
    return ProbeEvidence(name, step, rounds)


def signal(name: str, value: float | None, *, age: float = 5, interval: float = 30) -> SignalEvidence:
    return SignalEvidence(name, "prometheus main", timedelta(seconds=interval), value, NOW - age * SECOND)


def vendor(status: VendorStatus = VendorStatus.NO_INCIDENT, *, age: float = 5) -> VendorEvidence:
    return VendorEvidence(status, "status page", timedelta(seconds=60), NOW - age * SECOND)


def provider(
    *probes: ProbeEvidence, signals: tuple[SignalEvidence, ...] = (), vendor: VendorEvidence | None = None
) -> ProviderEvidence:
    return ProviderEvidence("aws", "probed", 60, probes=probes, signals=signals, vendor=vendor)


GOOD_SIGNALS = (
    signal("latency_p95_ms", 200),
    signal("error_rate", 0.001),
    signal("cpu", 0.4),
    signal("memory", 0.5),
)
WHOLE = provider(probe("." * 100), signals=GOOD_SIGNALS, vendor=vendor())


def with_signal(evidence: ProviderEvidence, name: str, value: float | None, *, age: float = 5) -> ProviderEvidence:
    kept = tuple(s for s in evidence.signals if s.signal != name)
    return replace(evidence, signals=(*kept, signal(name, value, age=age)))


@pytest.mark.parametrize(
    ("evidence", "state", "score"),
    [
        (WHOLE, State.OK, 100.0),
        # Latency: 1 at <= 500 ms, 0 at >= 2 s, linear between; 20 of 100.
        (with_signal(WHOLE, "latency_p95_ms", 500), State.OK, 100.0),
        (with_signal(WHOLE, "latency_p95_ms", 1250), State.OK, 90.0),
        (with_signal(WHOLE, "latency_p95_ms", 1251), State.DEGRADED, 89.9),
        (with_signal(WHOLE, "latency_p95_ms", 2000), State.DEGRADED, 80.0),
        (with_signal(WHOLE, "latency_p95_ms", 9000), State.DEGRADED, 80.0),
        # Errors: 1 at <= 1 %, 0 at >= 10 %; 20 of 100.
        (with_signal(WHOLE, "error_rate", 0.01), State.OK, 100.0),
        (with_signal(WHOLE, "error_rate", 0.055), State.OK, 90.0),
        (with_signal(WHOLE, "error_rate", 0.10), State.DEGRADED, 80.0),
        # Saturation: the higher of CPU and memory; 1 at <= 70 %, 0 at 100 %; 15 of 100.
        (with_signal(WHOLE, "cpu", 0.70), State.OK, 100.0),
        (with_signal(WHOLE, "cpu", 0.85), State.OK, 92.5),
        (with_signal(WHOLE, "memory", 1.00), State.DEGRADED, 85.0),
        # Vendor: no incident 1, incident 0.5, outage 0; 10 of 100.
        (replace(WHOLE, vendor=vendor(VendorStatus.INCIDENT)), State.OK, 95.0),
        (replace(WHOLE, vendor=vendor(VendorStatus.OUTAGE)), State.OK, 90.0),
        # Availability: the share of rounds passed in 5 min; 35 of 100.
        (replace(WHOLE, probes=(probe("." * 60 + "x" * 20),)), State.OK, 91.2),
        (replace(WHOLE, probes=(probe("." * 40 + "x" * 60),)), State.DEGRADED, 79.0),
    ],
)
def test_the_score_is_the_weighted_mean_of_the_known_components(
    evidence: ProviderEvidence, state: State, score: float
) -> None:
    health = judge(evidence, NOW)
    assert (health.state, health.score) == (state, score)


@pytest.mark.parametrize(
    ("rounds", "state"),
    [
        ("x" + "." * 99, State.DEGRADED),
        ("xx" + "." * 98, State.DEGRADED),
        ("xxx" + "." * 97, State.CRITICAL),
        (".xxx" + "." * 96, State.OK),
    ],
)
def test_a_dead_provider_is_critical_after_its_third_failed_round(rounds: str, state: State) -> None:
    assert judge(replace(WHOLE, probes=(probe(rounds),)), NOW).state is state


@pytest.mark.parametrize(
    ("patterns", "state"),
    [
        (("xxx...", "......"), State.DEGRADED),  # one of two is no majority
        (("xxx...", "xxx..."), State.CRITICAL),
        (("xxx...", "xxx...", "......"), State.CRITICAL),
        (("xxx...", "xx....", "......"), State.DEGRADED),
    ],
)
def test_three_failed_rounds_need_the_quorum(patterns: tuple[str, ...], state: State) -> None:
    probes = tuple(probe(p + "." * 94, name=f"p{i}") for i, p in enumerate(patterns))
    assert judge(replace(WHOLE, probes=probes), NOW).state is state


@pytest.mark.parametrize(
    ("interval", "age", "expected"),
    [
        (3, 10, Freshness.FRESH),
        (3, 10.1, Freshness.STALE),
        (10, 20, Freshness.FRESH),
        (10, 20.1, Freshness.STALE),
        (3, -2, Freshness.FRESH),
        (3, -2.1, Freshness.FUTURE),
    ],
)
def test_evidence_is_fresh_up_to_ten_seconds_or_two_intervals(interval: float, age: float, expected: Freshness) -> None:
    assert freshness(NOW - age * SECOND, interval * SECOND, NOW) is expected


@pytest.mark.parametrize(
    ("interval", "former", "judged"),
    [
        (3, [], 3),
        (3, [(0, 10)], 10),
        (3, [(20, 10)], 10),
        (3, [(20.1, 10)], 3),
        (30, [(120, 60)], 60),
        (30, [(120.1, 60)], 30),
        (10, [(0, 3)], 10),
        (3, [(19, 10), (5, 3)], 10),
        (3, [(10, 2), (10, 4)], 4),
    ],
)
def test_what_was_asked_in_another_rhythm_is_judged_by_that_until_it_is_too_old(
    interval: float, former: list[tuple[float, float]], judged: float
) -> None:
    found = judged_interval(interval * SECOND, [(ago * SECOND, each * SECOND) for ago, each in former])
    assert found == judged * SECOND


def test_old_availability_is_unknown_and_never_green() -> None:
    evidence = replace(WHOLE, probes=(probe("." * 100, age=11),))
    health = judge(evidence, NOW)
    assert health.state is State.UNKNOWN
    assert [c.name for c in health.missing] == ["availability"]


def test_a_clock_that_jumped_back_makes_evidence_unknown_not_young() -> None:
    assert judge(replace(WHOLE, probes=(probe("." * 100, age=-3600),)), NOW).state is State.UNKNOWN


def test_after_a_clock_jumped_back_new_rounds_count_and_those_of_the_future_do_not() -> None:
    ahead, present = probe("." * 50, age=-3600), probe("xxx", age=1)
    both = replace(present, rounds=(*present.rounds, *ahead.rounds))
    assert judge(replace(WHOLE, probes=(both,)), NOW).state is State.CRITICAL


def test_nothing_known_is_unknown_without_a_score_and_remembers_when_it_last_knew() -> None:
    later = NOW + timedelta(hours=1)
    health = judge(WHOLE, later)
    assert (health.state, health.score) == (State.UNKNOWN, None)
    assert health.measured_at == NOW - SECOND
    assert judge(provider(), NOW).measured_at is None


def test_known_components_that_weigh_under_0_6_are_at_most_degraded() -> None:
    health = judge(provider(signals=GOOD_SIGNALS), NOW)
    assert (health.state, health.score) == (State.DEGRADED, 100.0)
    assert "weigh 0.55" in health.ceilings[0]
    assert health.known_weight == 0.55


def test_a_score_says_of_what_it_is_and_what_it_lacks() -> None:
    never = tuple(replace(s, value=None, measured_at=None) for s in GOOD_SIGNALS)
    health = judge(provider(probe("." * 20), signals=never), NOW)
    assert (health.state, health.score) == (State.DEGRADED, 100.0)
    assert health.basis == "of availability alone, without latency, errors and saturation"
    # What nobody configured is not missing.
    assert judge(provider(probe("." * 20)), NOW).basis is None
    assert judge(provider(signals=never), NOW).basis is None


def test_probes_alone_give_latency_and_errors_and_say_so() -> None:
    health = judge(provider(probe("." * 95 + "x" * 5, latency=800)), NOW)
    assert health.component("latency").measure == 800
    assert health.component("latency").source == "probes"
    assert health.component("errors").measure == pytest.approx(0.05)


def test_a_configured_signal_that_is_lost_is_not_replaced_by_the_probes() -> None:
    health = judge(with_signal(WHOLE, "latency_p95_ms", 100, age=500), NOW)
    assert health.component("latency").freshness is Freshness.STALE
    assert health.state is State.OK  # the rest weighs 0.8, and the last known value was good


def test_a_lost_signal_holds_the_state_at_its_last_value() -> None:
    sick = with_signal(with_signal(WHOLE, "latency_p95_ms", 5000), "error_rate", 0.5)
    assert judge(sick, NOW).state is State.CRITICAL
    lost = with_signal(sick, "latency_p95_ms", 5000, age=500)
    health = judge(lost, NOW)
    assert health.score == 75.0
    assert health.state is State.CRITICAL
    assert health.ceilings == ("held at the last known latency",)


def test_wedding_day_weighs_availability_and_latency_more() -> None:
    evidence = with_signal(WHOLE, "latency_p95_ms", 2000)
    assert judge(evidence, NOW).score == 80.0
    assert judge(evidence, NOW, wedding_day=True).score == 75.0
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    assert sum(WEDDING_DAY_WEIGHTS.values()) == pytest.approx(1)


def test_a_score_never_rounds_up_into_a_better_state() -> None:
    assert state_of_score(89.99) is State.DEGRADED
    assert judge(with_signal(WHOLE, "latency_p95_ms", 1250.1), NOW).score == 89.9


def test_p95_is_the_nearest_rank() -> None:
    assert p95(range(1, 101)) == 95
    assert p95([7]) == 7
    assert p95([]) is None


shares = st.text(alphabet=".x", min_size=1, max_size=60)
ratios = st.floats(0, 1)


@st.composite
def evidences(draw: st.DrawFn) -> ProviderEvidence:
    probes = tuple(probe(draw(shares), name=f"p{i}") for i in range(draw(st.integers(0, 3))))
    signals = [signal(name, draw(ratios)) for name in ("error_rate", "cpu", "memory") if draw(st.booleans())]
    if draw(st.booleans()):
        signals.append(signal("latency_p95_ms", draw(st.floats(0, 4000))))
    found = vendor(draw(st.sampled_from(VendorStatus))) if draw(st.booleans()) else None
    return provider(*probes, signals=tuple(signals), vendor=found)


def age_out(evidence: ProviderEvidence, which: int) -> ProviderEvidence:
    """Let one source of evidence fall silent an hour ago."""
    hour = timedelta(hours=1)
    places = len(evidence.probes) + len(evidence.signals) + 1
    which %= places
    if which < len(evidence.probes):
        silent = evidence.probes[which]
        rounds = tuple(replace(r, at=r.at - hour) for r in silent.rounds)
        probes = (*evidence.probes[:which], replace(silent, rounds=rounds), *evidence.probes[which + 1 :])
        return replace(evidence, probes=probes)
    which -= len(evidence.probes)
    if which < len(evidence.signals):
        lost = evidence.signals[which]
        lost = replace(lost, measured_at=NOW - hour)
        return replace(evidence, signals=(*evidence.signals[:which], lost, *evidence.signals[which + 1 :]))
    old = evidence.vendor
    return replace(evidence, vendor=replace(old, measured_at=NOW - hour) if old else None)


def not_better(before: Health, after: Health) -> bool:
    return after.state is State.UNKNOWN or badness(after.state) >= badness(before.state)


@given(evidences(), st.lists(st.integers(0, 10), min_size=1, max_size=4), st.booleans())
def test_losing_a_signal_never_improves_a_state(evidence: ProviderEvidence, silent: list[int], wedding: bool) -> None:
    before = judge(evidence, NOW, wedding_day=wedding)
    for which in silent:
        evidence = age_out(evidence, which)
        after = judge(evidence, NOW, wedding_day=wedding)
        assert not_better(before, after), (before, after)


@given(evidences(), st.integers(0, 7200))
def test_time_alone_never_makes_a_provider_look_better(evidence: ProviderEvidence, seconds: int) -> None:
    before, after = judge(evidence, NOW), judge(evidence, NOW + seconds * SECOND)
    assert not_better(before, after)


@given(evidences(), st.lists(st.integers(0, 10), min_size=1, max_size=4), st.booleans())
def test_losing_a_signal_never_raises_the_score_that_is_said(
    evidence: ProviderEvidence, silent: list[int], wedding: bool
) -> None:
    said = judge(evidence, NOW, wedding_day=wedding).said
    for index in silent:  # one after the other: what was lost first still counts
        evidence = age_out(evidence, index)
        newer = judge(evidence, NOW, wedding_day=wedding).said
        assert newer is None or said is None or newer <= said
        said = newer


@given(evidences(), st.lists(st.integers(0, 600), min_size=1, max_size=6))
def test_time_alone_never_raises_the_score_that_is_said(evidence: ProviderEvidence, spans: list[int]) -> None:
    at = NOW
    said = judge(evidence, at).said
    for seconds in spans:
        at += timedelta(seconds=seconds)
        newer = judge(evidence, at).said
        assert newer is None or said is None or newer <= said
        said = newer


def test_a_dead_provider_looks_no_better_when_its_probes_fall_silent() -> None:
    dead = provider(probe("x" * 20), signals=GOOD_SIGNALS)
    said = judge(dead, NOW).said
    lost = judge(provider(probe("x" * 20, age=50), signals=GOOD_SIGNALS), NOW)
    assert said is not None
    assert lost.score == 100.0
    assert lost.said is not None
    assert lost.said <= said
    assert lost.basis == "of latency, errors and saturation, and of the last known availability"


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_linear_falls_from_one_to_zero(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    assert 0 <= linear(high, 500, 2000) <= linear(low, 500, 2000) <= 1


@given(every=st.integers(1, 60), period=st.integers(1, 1440), late=st.integers(0, 300))
def test_what_is_published_by_periods_stays_fresh_until_it_is_asked_again(every: int, period: int, late: int) -> None:
    asked_every, whole = timedelta(minutes=every), timedelta(minutes=period)
    interval = published_interval(asked_every, whole)
    oldest = NOW - whole - timedelta(seconds=late) - asked_every
    assert freshness(oldest, interval, NOW) is Freshness.FRESH
    lost = NOW - whole - PUBLISHED_WITHIN - 2 * asked_every - timedelta(seconds=1)
    assert freshness(lost, interval, NOW) is Freshness.STALE


def test_fresh_for_is_never_under_ten_seconds() -> None:
    assert fresh_for(SECOND) == timedelta(seconds=10)


def test_a_gauge_that_vanished_at_its_worst_still_counts_beside_one_that_is_fine() -> None:
    saturated = with_signal(WHOLE, "memory", 1.0)
    assert judge(saturated, NOW).state is State.DEGRADED
    lost = judge(with_signal(WHOLE, "memory", 1.0, age=500), NOW)
    # What is shown is what is fresh; the state is held where the lost one had it.
    assert (lost.state, lost.component("saturation").measure) == (State.DEGRADED, 0.4)
    assert lost.ceilings == ("held at the last known saturation",)
    assert "is stale" in (lost.component("saturation").problem or "")


def test_the_age_of_latency_is_that_of_the_last_answer_not_of_the_last_try() -> None:
    alone = provider(probe("x" * 20 + "." * 40))
    latency = judge(alone, NOW).component("latency")
    assert latency.freshness is Freshness.STALE
    assert latency.measured_at == NOW - 61 * SECOND
