"""What a plan of shares rests on, gathered from what is really configured and was really read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.base import WEDNESDAY, WINDOW, Machine, machine
from tests.cli.test_protection import HEADER, HOUR, large
from wedtui.cache.reader import CacheReader
from wedtui.cli.source import PictureSource
from wedtui.cli.traffic_facts import TrafficFactsSource
from wedtui.config_file import load
from wedtui.core.failover_facts import Measured
from wedtui.paths import StatePaths

__all__ = ["machine"]


@pytest.mark.parametrize(
    ("keys", "requests"),
    [("requests_per_wedding = 20\nrequests_base = 400\n", 1000.0), ("requests_per_wedding = 20\n", 600.0), ("", None)],
)
def test_the_next_hours_are_planned_by_the_weddings_that_are_known(
    machine: Machine, keys: str, requests: float | None
) -> None:
    path = machine.folder / "weddings.csv"
    path.write_text(HEADER + large(WEDNESDAY + HOUR, 6), encoding="utf-8")
    section = f'[[weddings.sources]]\nname = "platform"\nkind = "csv"\nurl = "{path}"\nmax_age = "24h"\n'
    machine.configure(f"{WINDOW}{section}[traffic]\n{keys}")
    assert machine.run("poll", "--once").code == 0
    loaded = load(machine.config, {})
    paths = StatePaths(machine.state)
    cache = CacheReader(paths.cache_url(loaded.configuration))
    pictures = PictureSource(loaded, machine.config, paths)
    source = TrafficFactsSource(pictures, cache, loaded.configuration.traffic, lambda: False)
    try:
        found = source.facts(None, "not asked", WEDNESDAY + timedelta(minutes=5)).planned
    finally:
        source.close()
    if requests is None:
        assert found == Measured()
    else:
        assert (found.value, found.measured_at, found.interval) == (requests, WEDNESDAY, timedelta(hours=12))


def test_requests_of_a_day_without_weddings_alone_plan_nothing(machine: Machine) -> None:
    machine.configure(f"{WINDOW}[traffic]\nrequests_base = 400\n")
    found = machine.run("config", "check")
    assert found.code == 2
    assert "expected requests_per_wedding beside requests_base" in found.err
