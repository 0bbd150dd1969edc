from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cache.base import (
    NOW,
    SECOND,
    SMALL,
    configuration,
    configure,
    event,
    probe,
    reading,
    service,
    signal,
    writing,
)
from tests.examples import examples
from tests.places import PLACES
from wedtui.cache.kind import CACHE
from wedtui.cache.writer import CacheWriter
from wedtui.core.freeze import Origin
from wedtui.core.observation import Observation, PrometheusObservation
from wedtui.core.picture import AlertFacts, CacheFacts, ProbeDetails
from wedtui.core.protection import Raise
from wedtui.core.season import Protection
from wedtui.core.series import probe_signal


def facts(path: Path) -> CacheFacts:
    with reading(path) as reader:
        return reader.facts(NOW)


def values(path: Path, name: str, provider: str = "aws") -> list[float]:
    with reading(path) as reader:
        series = reader.series(provider, name, NOW - timedelta(days=1), NOW + timedelta(days=1))
    return [point.value for point in series.points]


def test_what_is_configured_comes_back_in_its_order_with_its_intervals(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db"):
        pass
    found = facts(tmp_path / "c.db")
    assert [(p.name, p.kind, p.weight, p.capacity) for p in found.providers] == [
        ("aws", "probed", 60, 1200.0),
        ("gcp", "probed", 40, None),
    ]
    assert [(e.name, e.interval) for p in found.providers for e in p.probes] == [
        ("rsvp-aws", 3 * SECOND),
        ("rsvp-gcp", 10 * SECOND),
    ]
    assert [(s.signal, s.interval, s.source) for s in found.providers[0].signals] == [
        ("latency_p95_ms", 60 * SECOND, "prometheus main"),
        ("cpu", 5 * SECOND, "prometheus main"),
    ]
    assert [(p.name, p.interval, p.measured_at, p.ready) for p in found.prometheus] == [
        ("main", 60 * SECOND, None, None)
    ]
    assert found.services == ()
    assert found.probes[0] == ProbeDetails("rsvp-aws", "https://rsvp.example.com/?token=***", 2 * SECOND)


def test_no_secret_of_a_url_is_stored(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db"):
        pass
    assert "secret" not in str(PLACES.execute(tmp_path / "c.db", CACHE, "SELECT * FROM probe"))
    assert "secret" not in str(PLACES.execute(tmp_path / "c.db", CACHE, "SELECT * FROM feed"))


def test_a_round_is_stored_with_its_details_and_its_latency(tmp_path: Path) -> None:
    expires = NOW + timedelta(days=40)
    seen = probe(status=200, connect_ms=10.0, tls_ms=20.0, first_byte_ms=90.0, certificate_expires_at=expires)
    with writing(tmp_path / "c.db") as writer:
        assert writer.record([seen]) == 0
        later = probe(NOW + SECOND, ms=None, passed=False, failure="timed out after 2 s")
        assert writer.record([later]) == 0
    found = facts(tmp_path / "c.db")
    newest, before = found.providers[0].probes[0].rounds
    assert (newest.at, newest.passed, newest.failure, newest.latency_ms) == (later.at, False, later.failure, None)
    assert (before.at, before.passed, before.failure, before.latency_ms) == (NOW, True, None, 120.0)
    # The newest round saw no certificate and got no answer; the last certificate is still known.
    details = found.probes[0]
    assert (details.status, details.total_ms, details.measured_at) == (None, None, later.at)
    assert details.certificate_expires_at == expires
    assert values(tmp_path / "c.db", probe_signal("rsvp-aws")) == [120.0]


def test_the_latency_of_a_failed_round_is_no_sample(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(passed=False, status=503, ms=4.0)])
    assert values(tmp_path / "c.db", probe_signal("rsvp-aws")) == []


def test_a_signal_that_fails_keeps_its_last_good_value(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([signal(value=0.5)])
        writer.record([signal(NOW + SECOND, None, problem="refused the connection")])
    found = facts(tmp_path / "c.db").providers[0].signal("cpu")
    assert found is not None
    assert (found.value, found.measured_at, found.problem) == (0.5, NOW, "refused the connection")
    with writing(tmp_path / "c.db") as writer:
        writer.record([signal(NOW + 2 * SECOND, 0.25)])
    found = facts(tmp_path / "c.db").providers[0].signal("cpu")
    assert found is not None
    assert (found.value, found.measured_at, found.problem) == (0.25, NOW + 2 * SECOND, None)
    assert values(tmp_path / "c.db", "cpu") == [0.5, 0.25]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_a_number_spoils_nothing_else(tmp_path: Path, value: float) -> None:
    with writing(tmp_path / "c.db") as writer:
        assert writer.record([signal(value=0.5)]) == 0
        assert writer.record([signal(NOW + SECOND, value), probe()]) == 1
    found = facts(tmp_path / "c.db").providers[0]
    cpu = found.signal("cpu")
    assert cpu is not None
    assert (cpu.value, cpu.problem) == (0.5, "its value is not a number")
    assert len(found.probes[0].rounds) == 1
    assert values(tmp_path / "c.db", "cpu") == [0.5]


def test_a_second_value_for_the_same_instant_replaces_the_first(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([signal(value=0.5), signal(value=0.6)])
        writer.record([signal(value=0.7), signal(NOW + SECOND, 0.8)])
    assert values(tmp_path / "c.db", "cpu") == [0.7, 0.8]


def test_what_is_not_configured_is_counted_and_not_stored(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        strangers: list[Observation] = [probe(name="gone"), signal(name="gone"), PrometheusObservation("gone", NOW)]
        assert writer.record([*strangers, probe()]) == 3
    assert values(tmp_path / "c.db", "gone") == []
    assert len(facts(tmp_path / "c.db").providers[0].probes[0].rounds) == 1


def test_a_prometheus_that_fails_keeps_what_it_last_said(tmp_path: Path) -> None:
    alerts = (
        AlertFacts("Down", "firing", "critical", NOW, "aws is down", "aws"),
        AlertFacts("Slow", "pending", None, None, None, None),
    )
    good = PrometheusObservation("main", NOW, True, 7, ("node/a:9100: refused",), alerts)
    with writing(tmp_path / "c.db") as writer:
        writer.record([good])
        writer.record([PrometheusObservation("main", NOW + SECOND, problem="timed out")])
    (found,) = facts(tmp_path / "c.db").prometheus
    assert (found.measured_at, found.ready, found.targets_up, found.problem) == (NOW, True, 7, "timed out")
    assert found.targets_down == good.targets_down
    assert found.alerts == alerts


def test_what_the_service_says_of_itself(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.begin(service(problems=("a",), configuration_digest="d"))
        assert facts(tmp_path / "c.db").services == (service(problems=("a",), configuration_digest="d"),)
        said = {"skipped": 1, "dropped": 2, "refused": 3, "late_ms_p99": 3.5, "problems": ("b", "c")}
        writer.heartbeat(service(configuration_digest="d", heartbeat_at=NOW + SECOND, **said), {})
        writer.end(NOW + 2 * SECOND)
    (found,) = facts(tmp_path / "c.db").services
    assert found == service(
        configuration_digest="d",
        heartbeat_at=NOW + SECOND,
        stopped_at=NOW + 2 * SECOND,
        skipped=1,
        dropped=2,
        refused=3,
        late_ms_p99=3.5,
        problems=("b", "c"),
    )
    with writing(tmp_path / "c.db") as writer:
        writer.begin(service(instance="two"))
    assert facts(tmp_path / "c.db").services == (service(instance="two"),)


def test_configuring_again_keeps_what_was_measured(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(), signal(), PrometheusObservation("main", NOW, True)])
        before = facts(tmp_path / "c.db")
        configure(writer)
        assert facts(tmp_path / "c.db") == before
        faster = configuration()
        writer.configure(faster, probe_interval=3 * SECOND, query_interval=30 * SECOND)
        after = facts(tmp_path / "c.db")
    assert after.providers[1].probes[0].interval == 3 * SECOND
    assert after.providers[0].probes[0] == before.providers[0].probes[0]
    assert after.providers[0].signals[1] == before.providers[0].signals[1]


def test_what_is_gone_from_the_configuration_is_gone_from_the_picture(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(), signal()])
        less = {"probes": SMALL["probes"][1:], "prometheus": [], "providers": SMALL["providers"][::-1]}
        configure(writer, configuration(**less, freeze={}))
        assert writer.record([probe(), signal()]) == 2
        found = facts(tmp_path / "c.db")
        with reading(tmp_path / "c.db") as reader:
            assert reader.freeze_feeds() == ()
            assert reader.signals("aws") == ()
    assert [(p.name, p.signals) for p in found.providers] == [("gcp", ()), ("aws", ())]
    assert [d.name for d in found.probes] == ["rsvp-gcp"]
    assert found.prometheus == ()


@pytest.mark.parametrize("change", [{"url": "https://elsewhere.example.com/"}, {"provider": "gcp"}])
def test_a_probe_of_another_place_starts_anew(tmp_path: Path, change: dict[str, str]) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(status=200)])
        configure(writer, configuration(probes=[SMALL["probes"][0] | change]))
        found = facts(tmp_path / "c.db")
        assert [e.rounds for p in found.providers for e in p.probes] == [()]
        assert found.probes[0].status is None
        assert writer.record([probe()]) == 0


def test_scores_are_a_series_of_their_own(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record_scores(NOW, {"aws": 99.5, "gcp": 70.0, "gone": 1.0})
        writer.record_scores(NOW + SECOND, {"aws": 42.0})
    assert values(tmp_path / "c.db", "health_score") == [99.5, 42.0]
    assert values(tmp_path / "c.db", "health_score", "gcp") == [70.0]
    assert values(tmp_path / "c.db", "health_score", "gone") == []


def test_the_mirror_is_replaced_as_a_whole(tmp_path: Path) -> None:
    one, two = (event(name, origin=Origin.PERSON) for name in "ab")
    with writing(tmp_path / "c.db") as writer, reading(tmp_path / "c.db") as reader:
        assert reader.mirrored_freeze_periods() == ((), None)
        raised = Raise(Protection.HIGH, "royal wedding", "ada", NOW, NOW + SECOND)
        writer.mirror_decisions([one, two], [raised], NOW)
        assert reader.mirrored_freeze_periods() == ((one, two), NOW)
        assert reader.mirrored_raises() == ((raised,), NOW)
        writer.mirror_decisions([two], [], NOW + SECOND)
        assert reader.mirrored_freeze_periods() == ((two,), NOW + SECOND)
        writer.mirror_decisions([], [], NOW + 2 * SECOND)
        assert reader.mirrored_freeze_periods() == ((), NOW + 2 * SECOND)
        assert reader.mirrored_raises() == ((), NOW + 2 * SECOND)


def prune_all(writer: CacheWriter, before: datetime, limit: int) -> int:
    """Prune as often as there is more; return how many rows went."""
    pieces = [writer.prune(before, limit)]
    while pieces[-1].more:
        pieces.append(writer.prune(before, limit))
    return sum(piece.rows for piece in pieces)


def test_pruning_deletes_what_is_older_and_nothing_else(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([probe(NOW - k * SECOND) for k in range(25)] + [signal(NOW - k * SECOND) for k in range(25)])
        assert prune_all(writer, NOW - 9 * SECOND, limit=4) == 3 * 15
        assert writer.prune(NOW - 9 * SECOND, limit=4) == (0, False)
    assert len(facts(tmp_path / "c.db").providers[0].probes[0].rounds) == 10
    assert len(values(tmp_path / "c.db", "cpu")) == 10
    assert len(values(tmp_path / "c.db", probe_signal("rsvp-aws"))) == 10


def test_a_long_backlog_is_left_for_the_next_call(tmp_path: Path) -> None:
    with writing(tmp_path / "c.db") as writer:
        writer.record([signal(NOW - k * SECOND) for k in range(50)])
        assert writer.prune(NOW + SECOND, limit=20) == (20, True)
        assert writer.prune(NOW + SECOND, limit=40) == (30, False)


@examples(30)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), max_size=30), st.integers(1, 5))
def test_batches_store_what_single_observations_would(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[int, float]], size: int
) -> None:
    observations = [signal(NOW + k * SECOND, value) for k, value in seen]
    path = tmp_path_factory.mktemp("cache") / "c.db"
    with writing(path) as writer:
        for start in range(0, len(observations), size):
            assert writer.record(observations[start : start + size]) == 0
    assert values(path, "cpu") == [value for _, value in sorted(dict(seen).items())]
