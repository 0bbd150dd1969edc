"""The scenarios tell the stories that their descriptions promise."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.base import BEGAN
from wedtui.core.evidence import (
    CACHE_HIT_SIGNAL,
    CPU_SIGNAL,
    ERRORS_SIGNAL,
    LATENCY_SIGNAL,
    MEMORY_SIGNAL,
    RATIO_SIGNALS,
    REQUESTS_SIGNAL,
    ProbeEvidence,
    ProbeRound,
    ProviderEvidence,
    SignalEvidence,
)
from wedtui.core.health import judge
from wedtui.core.state import State
from wedtui.demo.scenario import (
    DEFAULT_SCENARIO,
    PROVIDERS,
    SCENARIOS,
    SLOWEST_ANSWER_S,
    Behaviour,
    WorldState,
    noise,
    state,
)

PROBES_EVERY, QUERIES_EVERY = timedelta(seconds=2), timedelta(seconds=3)
ALL_SIGNALS = {*RATIO_SIGNALS, LATENCY_SIGNAL, REQUESTS_SIGNAL}

scenarios = st.sampled_from(sorted(SCENARIOS))
moments = st.floats(min_value=-10, max_value=3 * 86400, allow_nan=False)


def world(scenario: str, seconds: float) -> WorldState:
    return state(SCENARIOS[scenario], timedelta(seconds=seconds), began=BEGAN)


def test_the_scenarios_have_names_and_one_line_each() -> None:
    assert sorted(SCENARIOS) == [
        *("blind-prometheus", "calm", "dead-aws", "june-saturday", "large-wedding", "lost-calendar", "sick-azure"),
    ]
    assert DEFAULT_SCENARIO == "sick-azure"
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.description
        assert "\n" not in scenario.description


def test_the_platform_is_the_default_one() -> None:
    assert [(p.name, p.weight, p.capacity) for p in PROVIDERS] == [
        ("aws", 60, 1200),
        ("azure", 25, 500),
        ("gcp", 15, 800),
        ("digitalocean", 0, 400),
    ]


@pytest.mark.parametrize(
    ("scenario", "seconds", "provider", "behaviour"),
    [
        ("sick-azure", 0, "azure", Behaviour.SERVING),
        ("sick-azure", 9.9, "azure", Behaviour.SERVING),
        ("sick-azure", 29.9, "azure", Behaviour.SERVING),
        ("sick-azure", 30, "azure", Behaviour.FAILING),
        ("sick-azure", 75, "azure", Behaviour.HANGING),
        ("sick-azure", 105, "azure", Behaviour.SERVING),
        ("sick-azure", 479.9, "azure", Behaviour.SERVING),
        ("sick-azure", 480 + 30, "azure", Behaviour.FAILING),
        ("sick-azure", 60, "aws", Behaviour.SERVING),
        ("dead-aws", 19.9, "aws", Behaviour.SERVING),
        ("dead-aws", 20, "aws", Behaviour.RESETTING),
        ("dead-aws", 26, "aws", Behaviour.REFUSING),
        ("dead-aws", 86400, "aws", Behaviour.REFUSING),
        ("dead-aws", 86400, "azure", Behaviour.SERVING),
        ("blind-prometheus", 60, "aws", Behaviour.SERVING),
    ],
)
def test_who_behaves_how_and_when(scenario: str, seconds: float, provider: str, behaviour: Behaviour) -> None:
    assert world(scenario, seconds).provider(provider).conduct.behaviour is behaviour


@pytest.mark.parametrize(
    ("seconds", "behaviour"),
    [
        (0, Behaviour.SERVING),
        (29.9, Behaviour.SERVING),
        (30, Behaviour.HANGING),
        (119.9, Behaviour.HANGING),
        (120, Behaviour.SERVING),
        (86400, Behaviour.SERVING),
    ],
)
def test_prometheus_is_blind_for_a_minute_and_a_half(seconds: float, behaviour: Behaviour) -> None:
    assert world("blind-prometheus", seconds).prometheus.behaviour is behaviour


def test_azure_sickens_before_it_fails_and_is_well_again_after() -> None:
    def signals(seconds: float) -> tuple[float, float]:
        found = world("sick-azure", seconds).provider("azure")
        return found.signals[LATENCY_SIGNAL], found.signals[ERRORS_SIGNAL]

    for early, late in [(8, 16), (16, 23), (23, 29)]:
        assert signals(early)[0] < signals(late)[0]
        assert signals(early)[1] < signals(late)[1]
    assert signals(8)[0] < 300
    assert signals(29)[0] > 1000
    assert signals(170)[0] < 300
    assert signals(170)[1] < 0.01


@pytest.mark.parametrize(
    ("scenario", "seconds", "provider", "absent"),
    [
        ("calm", 100, "aws", set()),
        ("sick-azure", 60, "azure", set()),
        ("sick-azure", 80, "azure", {CPU_SIGNAL, MEMORY_SIGNAL, CACHE_HIT_SIGNAL}),
        ("dead-aws", 60, "aws", {CPU_SIGNAL, MEMORY_SIGNAL, CACHE_HIT_SIGNAL, LATENCY_SIGNAL}),
    ],
)
def test_nobody_measures_the_machines_of_a_provider_that_does_not_answer(
    scenario: str, seconds: float, provider: str, absent: set[str]
) -> None:
    assert ALL_SIGNALS - set(world(scenario, seconds).provider(provider).signals) == absent


def test_a_dead_provider_fails_every_request_that_still_comes() -> None:
    aws = world("dead-aws", 60).provider("aws")
    assert aws.signals[ERRORS_SIGNAL] == 1.0
    assert aws.signals[REQUESTS_SIGNAL] > 100
    assert not aws.reachable


@given(scenarios, moments)
def test_values_are_possible_at_every_moment(scenario: str, seconds: float) -> None:
    now = world(scenario, seconds)
    assert [p.name for p in now.providers] == [p.name for p in PROVIDERS]
    for spec, provider in zip(PROVIDERS, now.providers, strict=True):
        for signal, value in provider.signals.items():
            assert 0 <= value <= (1 if signal in RATIO_SIGNALS else 10_000), signal
        assert 0 < provider.signals[REQUESTS_SIGNAL] < spec.capacity
        assert 0 <= provider.conduct.delay_s <= SLOWEST_ANSWER_S
        assert 0 <= provider.conduct.failing_share <= 1


@given(scenarios, moments)
def test_the_same_moment_is_always_the_same(scenario: str, seconds: float) -> None:
    assert world(scenario, seconds) == world(scenario, seconds)


@given(moments)
def test_nothing_happens_in_calm(seconds: float) -> None:
    for provider in world("calm", seconds).providers:
        assert provider.conduct.behaviour is Behaviour.SERVING
        assert provider.conduct.failing_share == 0
        assert provider.signals[LATENCY_SIGNAL] < 250
        assert provider.signals[ERRORS_SIGNAL] < 0.01
        assert provider.signals[CPU_SIGNAL] < 0.70
        assert provider.signals[MEMORY_SIGNAL] < 0.70


@given(st.text(max_size=20), st.floats(min_value=0, max_value=1e6, allow_nan=False))
def test_noise_is_small_and_has_no_steps(name: str, seconds: float) -> None:
    here = noise(name, seconds)
    assert -1 <= here <= 1
    assert abs(here - noise(name, seconds + 0.001)) <= 0.001  # at most 2 in a bucket of 5 s


def test_noise_differs_between_names() -> None:
    assert noise("aws:cpu", 12.0) != noise("gcp:cpu", 12.0)


def test_traffic_follows_the_hour_of_the_day_and_the_weights() -> None:
    def requests(hour: int, provider: str) -> float:
        began: datetime = BEGAN.replace(hour=hour, minute=0)
        return state(SCENARIOS["calm"], timedelta(), began=began).provider(provider).signals[REQUESTS_SIGNAL]

    assert requests(7, "aws") < 0.5 * requests(19, "aws")
    assert requests(19, "aws") > requests(19, "azure") > requests(19, "gcp") > 10 * requests(19, "digitalocean")


def test_traffic_breathes() -> None:
    seen = [world("calm", s).provider("aws").signals[REQUESTS_SIGNAL] for s in range(0, 300, 5)]
    assert max(seen) > 1.1 * min(seen)


def test_a_state_cannot_be_changed() -> None:
    now = world("calm", 0)
    with pytest.raises(FrozenInstanceError):
        now.providers = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        now.providers[0].signals["cpu"] = 1.0  # type: ignore[index]


def health_at(scenario: str, provider: str, seconds: int, *, wedding_day: bool) -> State:
    """Judge a provider by the evidence that probes and queries would have gathered until then."""

    def round_at(second: int) -> ProbeRound:
        conduct = world(scenario, second).provider(provider).conduct
        passed = conduct.behaviour is Behaviour.SERVING
        return ProbeRound(BEGAN + timedelta(seconds=second), passed, latency_ms=conduct.delay_s * 1000)

    def signal(name: str) -> SignalEvidence:
        for second in range(seconds, -1, -3):
            now = world(scenario, second)
            value = now.provider(provider).signals.get(name)
            if value is not None and now.prometheus.behaviour is Behaviour.SERVING:
                measured_at = BEGAN + timedelta(seconds=second)
                return SignalEvidence(name, "demo", QUERIES_EVERY, value, measured_at)
        return SignalEvidence(name, "demo", QUERIES_EVERY)

    rounds = tuple(round_at(s) for s in range(seconds, max(-1, seconds - 300), -2))
    probes = tuple(ProbeEvidence(name, PROBES_EVERY, rounds) for name in ("healthz", "rsvp"))
    signals = tuple(signal(s) for s in (LATENCY_SIGNAL, ERRORS_SIGNAL, CPU_SIGNAL, MEMORY_SIGNAL))
    evidence = ProviderEvidence(provider, "probed", 25, probes=probes, signals=signals)
    return judge(evidence, BEGAN + timedelta(seconds=seconds), wedding_day=wedding_day).state


@pytest.mark.parametrize("wedding_day", [False, True])
@pytest.mark.parametrize(
    ("scenario", "provider", "seconds", "expected"),
    [
        ("sick-azure", "azure", 8, State.OK),
        ("sick-azure", "azure", 28, State.DEGRADED),
        ("sick-azure", "azure", 36, State.CRITICAL),
        ("sick-azure", "azure", 103, State.CRITICAL),
        ("sick-azure", "azure", 420, State.OK),
        ("sick-azure", "azure", 480 + 8, State.OK),
        ("sick-azure", "azure", 480 + 36, State.CRITICAL),
        ("sick-azure", "azure", 960 + 8, State.OK),
        ("sick-azure", "aws", 36, State.OK),
        ("dead-aws", "aws", 18, State.OK),
        ("dead-aws", "aws", 26, State.CRITICAL),
        ("dead-aws", "aws", 3600, State.CRITICAL),
        ("calm", "azure", 3600, State.OK),
        ("blind-prometheus", "aws", 28, State.OK),
        ("blind-prometheus", "aws", 90, State.DEGRADED),
        ("blind-prometheus", "aws", 124, State.OK),
    ],
)
def test_the_evaluator_of_health_sees_the_story(
    scenario: str, provider: str, seconds: int, expected: State, wedding_day: bool
) -> None:
    assert health_at(scenario, provider, seconds, wedding_day=wedding_day) is expected
