"""The demo is the real thing on loopback, and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.poller.service_process import eventually
from wedtui.cli.demo import _own_environment


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose temporary files can be counted, with a configuration that must not matter."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEDTUI_")}
    return {**kept, "TMPDIR": str(tmp_path), "WEDTUI_PROVIDERS__NOBODY__WEIGHT": "1"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "wedtui", "demo", *arguments]


def test_headless_prints_the_status_of_four_providers_and_leaves_nothing(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    done = subprocess.run(
        command("--headless", "6", "--scenario", "calm", "--at", "2026-06-20T15:00+01:00"),
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("DEMO: a made-up world\nwedtui production at 2026-06-20 14:00:")
    assert "protection  MAXIMUM" in done.stdout
    assert "FROZEN until Mon 2026-06-22 06:00 America/New_York" in done.stdout
    for name in ("aws", "azure", "gcp", "digitalocean"):
        assert f"● {name}" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_however_it_ends_its_processes_and_files_go(
    tmp_path: Path, environ: dict[str, str], number: signal.Signals
) -> None:
    demo = subprocess.Popen(command("--headless", "600"), env=environ, stdout=subprocess.DEVNULL)
    children: list[psutil.Process] = []

    def watching() -> bool:
        children[:] = psutil.Process(demo.pid).children(recursive=True)
        return len(children) == 2 and any(tmp_path.glob("wedtui-demo-*/state/cache.db"))

    eventually(watching)
    demo.send_signal(number)
    demo.wait(30)
    eventually(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))
    eventually(lambda: list(tmp_path.iterdir()) == [])


def test_an_unknown_scenario_names_the_known_ones(environ: dict[str, str]) -> None:
    done = subprocess.run(
        command("--scenario", "flood"), env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 17
    assert "sick-azure" in done.stderr


def test_how_it_looks_is_the_users_own_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = {f"WEDTUI_DASHBOARD__{key}": "x" for key in ("THEME", "MOUSE", "COLOURS", "CHARSET")}
    theirs = {"WEDTUI_DASHBOARD__KEYS__X": "y", "WEDTUI_PROVIDERS__NOBODY__WEIGHT": "1", "WEDTUI_CONFIG": "/theirs"}
    monkeypatch.setattr(os, "environ", {**looks, **theirs, "TERM": "xterm"})
    config, state = tmp_path / "config.toml", tmp_path / "state"
    _own_environment(config, state)
    demo = {"WEDTUI_CONFIG": str(config), "WEDTUI_STATE_DIR": str(state)}
    assert os.environ == {**looks, **demo, "TERM": "xterm"}
