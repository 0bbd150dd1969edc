"""`wedtui probes list` and `wedtui providers list`, as a person at a terminal sees them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cache.base import service
from tests.cli.base import WEDNESDAY, Machine, machine, on_both
from wedtui.cache.writer import CacheWriter
from wedtui.config_file import load
from wedtui.core.observation import ProbeObservation

__all__ = ["machine"]

SECOND = timedelta(seconds=1)
CONFIG = """\
[[providers]]
name = "aws"
weight = 60
[[providers]]
name = "google-cloud"
weight = 40
[[probes]]
name = "rsvp"
provider = "aws"
url = "https://rsvp.example.com/?key=secret"
[[probes]]
name = "gallery"
provider = "google-cloud"
url = "https://gallery.example.com/"
interval = "5s"
"""


def see(machine: Machine, vantage: str, *rounds: ProbeObservation) -> None:
    """Have the service of a vantage store what it saw."""
    machine.configure(CONFIG)
    machine.state.mkdir(exist_ok=True)
    writer = CacheWriter(machine.cache_url, vantage=vantage)
    writer.configure(load(machine.config, {}).configuration, probe_interval=5 * SECOND, query_interval=30 * SECOND)
    writer.record(rounds)
    writer.close()


def passed(ago: float, probe: str = "rsvp") -> ProbeObservation:
    return ProbeObservation(probe, WEDNESDAY - ago * SECOND, True, total_ms=20)


def failed(ago: float, probe: str = "rsvp") -> ProbeObservation:
    return ProbeObservation(probe, WEDNESDAY - ago * SECOND, False, "connection refused")


@on_both
def test_each_vantage_says_its_own_and_what_is_old_is_unknown(machine: Machine) -> None:
    see(machine, "london", passed(2))
    see(machine, "oregon", passed(478), failed(477.8))
    lines = machine.run("probes", "list").out.splitlines()
    assert [line.partition("  ")[0] for line in lines] == ["rsvp from london", "rsvp from oregon", "gallery"]
    assert lines[0].endswith("passed, 2 s ago")
    assert lines[1].endswith("  UNKNOWN, stale: last FAILED (connection refused), 477.8 s ago")
    assert lines[2].endswith("every 5s  never asked")
    rows = machine.run("probes", "list", "--json").json
    assert [(r["vantage"], r["passed"], r["freshness"]) for r in rows] == [
        ("london", True, "fresh"),
        ("oregon", False, "stale"),
        (None, None, "missing"),
    ]


@pytest.mark.parametrize("ahead", [47.0, -47.0])
def test_a_vantage_whose_clock_is_wrong_is_not_believed_and_was_asked(machine: Machine, ahead: float) -> None:
    see(machine, "london", passed(2))
    see(machine, "oregon", failed(4 - ahead))
    with machine.cache() as writer:
        facts = service(
            vantage="oregon", instance="oregon", clock_ahead_s=ahead, heartbeat_at=WEDNESDAY + ahead * SECOND
        )
        writer.begin(facts)
        writer.heartbeat(facts, {})
    lines = machine.run("probes", "list").out.splitlines()
    said = "  UNKNOWN, not believed, its clock is wrong by 47.0 s: last FAILED (connection refused), 4 s ago"
    assert next(line for line in lines if line.startswith("rsvp from oregon")).endswith(said)
    (row,) = [r for r in machine.run("probes", "list", "--json").json if r["vantage"] == "oregon"]
    assert (row["passed"], row["freshness"], row["clock_ahead_s"]) == (False, "stale", ahead)


@on_both
def test_of_one_service_no_vantage_is_said(machine: Machine) -> None:
    see(machine, "london", failed(2), passed(30, "gallery"))
    first, second = machine.run("probes", "list").out.splitlines()
    assert first.startswith("rsvp  aws  ")
    assert first.endswith("  FAILED (connection refused), 2 s ago")
    assert second.endswith("  UNKNOWN, stale: last passed, 30 s ago")


@on_both
def test_providers_stand_in_columns_and_a_score_that_lacks_something_has_its_mark(machine: Machine) -> None:
    see(machine, "london", failed(2))
    heading, aws, other = machine.run("providers", "list").out.splitlines()
    assert heading == "STATE      PROVIDER     KIND    SCORE   AGE  TRAFFIC"
    assert aws.startswith("■ CRITICAL aws          probed   0.0?    2s  ")
    assert other.startswith("? UNKNOWN  google-cloud probed      - never  ")
    assert machine.run("providers", "list", "--json").json[0]["score"] == 0
