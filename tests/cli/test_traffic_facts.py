"""What a plan of shares rests on, gathered from what is really configured and was really read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cache.base import configure
from tests.cli.base import WEDNESDAY, WINDOW, Machine, machine
from tests.cli.test_protection import HEADER, HOUR, large
from wedtui.cache.reader import CacheReader
from wedtui.cli.source import PictureSource
from wedtui.cli.traffic_facts import TrafficFactsSource
from wedtui.config_file import load
from wedtui.core.failover_facts import Measured
from wedtui.core.observation import SignalObservation
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


MEASURED_REQUESTS = """\
[[providers]]
name = "aws"
[[providers]]
name = "gcp"
[[prometheus]]
name = "main"
url = "http://127.0.0.1:9"
[[prometheus.queries]]
provider = "aws"
signal = "requests"
query = "aws"
interval = "30s"
[[prometheus.queries]]
provider = "gcp"
signal = "requests"
query = "gcp"
"""


def test_for_how_much_of_a_day_the_requests_of_each_are_known(machine: Machine) -> None:
    machine.configure(MEASURED_REQUESTS)
    machine.state.mkdir(exist_ok=True)
    loaded, minute = load(machine.config, {}), timedelta(minutes=1)
    seen = [("aws", n) for n in range(5 * 288, 0, -5)] + [("gcp", n) for n in range(25, 0, -5)]
    with machine.cache() as cache:
        configure(cache, loaded.configuration)
        cache.record(
            [SignalObservation(name, "requests", "prometheus main", WEDNESDAY - n * minute, 300.0) for name, n in seen]
        )
    paths = StatePaths(machine.state)
    reader = CacheReader(paths.cache_url(loaded.configuration))
    pictures = PictureSource(loaded, machine.config, paths)
    source = TrafficFactsSource(pictures, reader, loaded.configuration.traffic, lambda: False)
    try:
        found = source.facts(None, "not asked", WEDNESDAY)
    finally:
        source.close()
    assert found.known_for == {"aws": timedelta(hours=24), "gcp": 30 * minute}
    assert (found.observed.value, found.observed.measured_at) == (600.0, WEDNESDAY - 5 * minute)
    assert found.observed.interval == minute, "not 30 s: it is the peak of a day"


def test_what_moved_is_counted_once(machine: Machine) -> None:
    """In the middle of five minutes 500 of 800 requests/s move from one to the other."""
    machine.configure(MEASURED_REQUESTS)
    machine.state.mkdir(exist_ok=True)
    loaded, minute = load(machine.config, {}), timedelta(minutes=1)
    moved = WEDNESDAY - 28 * minute
    seen = []
    for n in range(60, 0, -1):
        at = WEDNESDAY - n * minute
        seen += [("aws", at, 500.0 if at < moved else 0.0), ("gcp", at, 300.0 if at < moved else 800.0)]
    with machine.cache() as cache:
        configure(cache, loaded.configuration)
        cache.record([SignalObservation(name, "requests", "prometheus main", at, value) for name, at, value in seen])
    paths = StatePaths(machine.state)
    reader = CacheReader(paths.cache_url(loaded.configuration))
    pictures = PictureSource(loaded, machine.config, paths)
    source = TrafficFactsSource(pictures, reader, loaded.configuration.traffic, lambda: False)
    try:
        assert source.facts(None, "not asked", WEDNESDAY).observed.value == 800.0
        # A minute that has just begun is not over: what it comes to nobody knows yet.
        with machine.cache() as cache:
            configure(cache, loaded.configuration)
            cache.record(
                [
                    SignalObservation("gcp", "requests", "prometheus main", WEDNESDAY + n * minute, 900.0)
                    for n in (-1 / 60, 0, 1)
                ]
            )
        assert source.facts(None, "not asked", WEDNESDAY + 1.5 * minute).observed.value == 850.0
    finally:
        source.close()
