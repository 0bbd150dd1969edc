"""The real service, started again: what was paid for is not paid again."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests.poller.service_process import Place, eventually
from tests.providers.aws.strict_server import StrictAws, running
from tests.providers.aws.strict_world import World
from wedtui.cache.reader import CacheReader
from wedtui.clock import SystemClock
from wedtui.poller.schedule import FIRST_ROUND_WITHIN_S, spread
from wedtui.store.opening import url_of

MONTH = {
    "TimePeriod": {"Start": "2026-06-01", "End": "2026-06-21"},
    "Total": {},
    "Groups": [{"Keys": ["EC2"], "Metrics": {"UnblendedCost": {"Amount": "7.5", "Unit": "USD"}}}],
}


def test_a_restart_does_not_pay_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    cost, later = (spread(f"aws aws {service}", FIRST_ROUND_WITHIN_S) for service in ("cost", "acm"))
    assert later - cost > 0.5, "when that one was asked, costs had their turn"
    with running(World(regions={"eu-west-1": "opt-in-not-required"})) as server:
        server.world.lists["us-east-1", "GetCostAndUsage"] = [MONTH]
        (tmp_path / "state").mkdir(mode=0o750)
        place = Place(tmp_path / "state", tmp_path / "config.toml")
        account = f'regions = ["eu-west-1"]\ncost = true\nendpoint_url = "{server.url}"\n'
        place.config.write_text(f'[[providers]]\nname = "aws"\nkind = "aws"\nweight = 100\n[providers.aws]\n{account}')
        for start in (1, 2):
            service = place.service()
            _wait(server, start)
            eventually(lambda: _known(place) is not None)
            service.send_signal(signal.SIGTERM)
            assert service.wait(120) == 0
        assert server.counted()["GetCostAndUsage"] == 1


def _wait(server: StrictAws, start: int) -> None:
    eventually(lambda: server.counted()["ListCertificates"] >= start)


def _known(place: Place) -> float | None:
    with closing(CacheReader(url_of(place.cache))) as reader:
        ((one,),) = (p.signals for p in reader.facts(SystemClock().now()).providers)
        return one.value
