"""The service's figures: what is counted as what, in bounded labels, and as Prometheus' own linter wants them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from tests.needs import require_program
from wedtui.cache.writer import Stored
from wedtui.clock import SystemClock
from wedtui.core.breaker import Phase
from wedtui.core.observation import (
    ApiObservation,
    Claimed,
    FeedObservation,
    Observation,
    ProbeObservation,
    PrometheusObservation,
    SignalObservation,
    VendorObservation,
)
from wedtui.core.resource import Reach
from wedtui.poller import figures as module
from wedtui.poller.figures import Figures, Looked, outcome_of, service_figures, sizes_of
from wedtui.poller.recorder import Recorder
from wedtui.poller.schedule import Punctuality
from wedtui.poller.share import Share

AT = datetime(2026, 6, 20, 12, tzinfo=UTC)


def api(reach: Reach, *, region: str = "eu-west-2", requests: int = 3) -> ApiObservation:
    return ApiObservation("aws", region, "ec2", AT, reach, requests=requests)


def made() -> Figures:
    return Figures(mode="shared", environment="production")


def value(figures: Figures, name: str, **labels: str) -> float | None:
    return figures.registry.get_sample_value(name, labels)


@pytest.mark.parametrize(
    ("observation", "outcome"),
    [
        (ProbeObservation("p", AT, passed=True), "ok"),
        (ProbeObservation("p", AT, passed=False), "failed"),
        (SignalObservation("aws", "cpu", "main", AT, value=1.0), "ok"),
        (SignalObservation("aws", "cpu", "main", AT, problem="no series"), "failed"),
        (PrometheusObservation("main", AT, problem="refused"), "failed"),
        (FeedObservation("venues", AT, periods=()), "ok"),
        (VendorObservation("aws", AT, "page", problem="garbled"), "failed"),
        (api(Reach.ANSWERED), "ok"),
        (api(Reach.SWITCHED_OFF), "ok"),
        (api(Reach.NOT_ON_PLAN), "ok"),
        (api(Reach.NOT_ENABLED), "ok"),
        (api(Reach.HELD), "held"),
        (api(Reach.PARTIAL), "failed"),
        (api(Reach.THROTTLED), "failed"),
        (api(Reach.DENIED), "failed"),
    ],
)
def test_what_came_of_an_asking(observation: Observation, outcome: str) -> None:
    assert outcome_of(observation) == outcome


def test_every_kind_of_observation_is_counted_under_a_kind_of_its_own() -> None:
    assert set(module._KINDS) == set(Observation.__args__)
    assert len(set(module._KINDS.values())) == len(module._KINDS)


def test_rounds_and_requests_are_counted() -> None:
    figures = made()
    assert value(figures, "wedtui_rounds_total", kind="feed", outcome="failed") == 0
    figures.observed([ProbeObservation("p", AT, passed=True), api(Reach.THROTTLED), api(Reach.THROTTLED, requests=2)])
    assert value(figures, "wedtui_rounds_total", kind="probe", outcome="ok") == 1
    assert value(figures, "wedtui_rounds_total", kind="api", outcome="failed") == 2
    place = {"provider": "aws", "region": "eu-west-2", "service": "ec2", "reach": "throttled"}
    assert value(figures, "wedtui_api_rounds_total", **place) == 2
    assert value(figures, "wedtui_api_requests_total", **place) == 5


def test_a_breaker_is_in_one_state_at_a_time() -> None:
    figures = made()
    for state in (Phase.CLOSED, Phase.OPEN, Phase.HALF_OPEN, Phase.OPEN):
        figures.breaker("aws", "eu-west-2", "ec2", state)
        place = {"provider": "aws", "region": "eu-west-2", "service": "ec2"}
        words = {each: each.value.replace("-", "_") for each in Phase}
        values = {each: value(figures, "wedtui_breaker_state", **place, state=words[each]) for each in Phase}
        assert values == {each: float(each is state) for each in Phase}


def test_places_beyond_the_bound_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LABEL_SETS_AT_MOST", 3)
    figures = made()
    figures.observed([api(Reach.ANSWERED, region=f"r{number}" * 100, requests=1) for number in range(10)])
    others = {"provider": "other", "region": "other", "service": "other", "reach": "answered"}
    assert value(figures, "wedtui_api_requests_total", **others) == 7
    text = generate_latest(figures.registry).decode()
    assert text.count("wedtui_api_requests_total{") == 4
    assert "r1" * 33 not in text


def test_no_sentence_of_an_observation_becomes_a_label() -> None:
    figures = made()
    secret = "https://example.com/?token=hunter2"
    figures.observed(
        [
            ProbeObservation(secret, AT, passed=False, failure=secret),
            SignalObservation(secret, secret, secret, AT, problem=secret),
            ApiObservation("aws", "eu-west-2", "ec2", AT, Reach.DENIED, problem=secret),
        ]
    )
    assert b"hunter2" not in generate_latest(figures.registry)


def test_what_is_looked_up_is_as_it_is_now_and_left_out_while_there_is_none() -> None:
    figures = made()
    numbers: list[float | None] = [1.0]
    figures.look_up([Looked("wedtui_test_bytes", "A size.", lambda: numbers[-1])])
    assert value(figures, "wedtui_test_bytes") == 1
    numbers.append(2.0)
    assert value(figures, "wedtui_test_bytes") == 2
    numbers.append(None)
    assert value(figures, "wedtui_test_bytes") is None


def test_the_cache_is_as_large_as_its_files(tmp_path: Path) -> None:
    file = tmp_path / "cache.db"
    assert sizes_of(file) is None
    file.write_bytes(b"12345")
    (tmp_path / "cache.db-wal").write_bytes(b"678")
    assert sizes_of(file) == 8


def test_prometheus_own_linter_has_nothing_to_say(tmp_path: Path) -> None:
    class Nowhere:
        def record_claimed(self, batch: list[Claimed]) -> Stored:
            return Stored()

    promtool = require_program("promtool", package="prometheus")
    figures, recorder = made(), Recorder(Nowhere())
    (tmp_path / "cache.db").write_bytes(b"1")
    figures.look_up(service_figures(Punctuality(), recorder, Share("here", SystemClock()), lambda: 1.0))
    tell: list[Callable[[], None]] = [
        lambda: figures.observed([ProbeObservation("p", AT, passed=True), api(Reach.ANSWERED)]),
        lambda: figures.breaker("aws", "eu-west-2", "ec2", Phase.OPEN),
        lambda: figures.late(0.003),
        lambda: figures.heartbeat(AT.timestamp()),
        lambda: figures.problems(1),
        lambda: figures.pruned(7),
        figures.housekeeping_failed,
    ]
    for each in tell:
        each()
    text = generate_latest(figures.registry)
    recorder.close()
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
    assert b"wedtui_recorder_queue_length 0.0" in text
    assert b"_created" not in text
