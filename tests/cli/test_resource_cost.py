"""What a resource costs, from Cost Explorer to the line that a person reads; against the strict server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.cli.base import WEDNESDAY, Machine, machine
from tests.providers.aws.conftest import nobody
from tests.providers.aws.strict_server import StrictAws, error, running
from tests.providers.aws.strict_world import World, with_instances

__all__ = ["machine", "nobody"]

ASKED = "GetCostAndUsageWithResources"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
RUNS, NEW, UNBILLED = "i-00000000", "i-00000001", "i-00000002"
ACCOUNT = """\
[[providers]]
name = "aws"
kind = "aws"
weight = 100
[providers.aws]
regions = ["eu-west-1"]
endpoint_url = "{url}"
resource_cost = {wanted}
"""


def spent(first: date, last: date) -> dict[str, float]:
    return {(first + n * DAY).isoformat(): 2.4 for n in range((last - first).days + 1)}


@pytest.fixture
def server(machine: Machine) -> Iterator[StrictAws]:
    world = with_instances(World(), "eu-west-1", 3)
    today = WEDNESDAY.date()
    bills = {RUNS: spent(today - 30 * DAY, today), NEW: spent(today - 5 * DAY, today)}
    world.bills = {"Amazon Elastic Compute Cloud - Compute": bills}
    with running(world) as server:
        machine.configure(ACCOUNT.format(url=server.url, wanted="true"))
        yield server


def shown(machine: Machine, number: str) -> list[str]:
    out = machine.run("resources", "show", number).out.splitlines()
    return [line for line in out if line.startswith(("cost", "estimated"))]


def test_a_resource_has_its_cost_with_days_and_age_and_one_without_is_unknown(
    machine: Machine, server: StrictAws
) -> None:
    machine.run("providers", "sync", "aws")
    assert shown(machine, RUNS) == ["cost        unknown"]
    assert server.counted()[ASKED] == 0, "who does not say so pays nothing"
    answer = machine.run("providers", "sync", "aws", "--cost")
    assert "ok    aws global resource-cost: answered, costs of 2 resources" in answer.out.splitlines()
    assert server.counted()[ASKED] == 1
    machine.now = WEDNESDAY + 3 * HOUR
    assert shown(machine, RUNS) == [
        "cost        about US$ 73.00 a month",
        "estimated   from 12 whole days up to 2026-07-20, read 3 h 00 m ago",
    ]
    assert shown(machine, NEW) == [
        "cost        about US$ 73.00 a month",
        "estimated   from 3 whole days up to 2026-07-20, read 3 h 00 m ago",
    ]
    assert shown(machine, UNBILLED) == ["cost        unknown"]


def test_programs_are_told_the_same(machine: Machine, server: StrictAws) -> None:
    machine.run("providers", "sync", "aws", "--cost")
    machine.now = WEDNESDAY + 3 * HOUR
    one = machine.run("resources", "show", NEW, "--json").json
    assert round(one["monthly_cost_usd"], 2) == 73
    assert one["cost_estimate"] == {
        "monthly_usd": one["monthly_cost_usd"],
        "days": 3,
        "until": "2026-07-20",
        "read_at": "2026-07-22T12:00:00Z",
        "age_s": 10800,
        "freshness": "fresh",
    }
    rows = {each["id"]: each for each in machine.run("resources", "list", "--json").json["resources"]}
    assert (rows[UNBILLED]["monthly_cost_usd"], rows[UNBILLED]["cost_estimate"]) == (None, None)
    assert round(rows[RUNS]["monthly_cost_usd"], 2) == 73


def test_what_was_read_long_ago_is_not_believed(machine: Machine, server: StrictAws) -> None:
    machine.run("providers", "sync", "aws", "--cost")
    machine.now = WEDNESDAY + 2 * DAY + HOUR
    assert shown(machine, RUNS) == [
        "cost        unknown, stale; last known about US$ 73.00 a month",
        "estimated   from 12 whole days up to 2026-07-20, read 2 d 1 h ago",
    ]
    one = json.loads(machine.run("resources", "show", RUNS, "--json").out)
    assert (one["monthly_cost_usd"], one["cost_estimate"]["freshness"]) == (None, "stale")


def test_an_account_that_has_not_enabled_it_is_told_how_and_no_cost_is_0(machine: Machine, server: StrictAws) -> None:
    server.world.bills = None
    answer = machine.run("providers", "sync", "aws", "--cost")
    assert "resource-cost: what each resource costs is not known (DataUnavailableException): enable" in answer.out
    assert answer.code == 0, "it is no outage"
    assert shown(machine, RUNS) == ["cost        unknown"]
    (said,) = [e for e in machine.run("providers", "services", "aws", "--json").json if e["service"] == "resource-cost"]
    assert (said["reach"], said["requests"]) == ("not enabled", 1)
    listed = machine.run("resources", "list").out
    assert "resource-cost" not in listed, "nothing is missing in a list because of that"


def test_one_that_is_throttled_leaves_what_was_known(machine: Machine, server: StrictAws) -> None:
    server.fail(ASKED, None, error("LimitExceededException"))
    machine.run("providers", "sync", "aws", "--cost")
    machine.now = WEDNESDAY + HOUR
    answer = machine.run("providers", "sync", "aws", "--cost")
    assert (answer.code, "was throttled (LimitExceededException)" in answer.out) == (1, True)
    assert shown(machine, RUNS)[1].endswith("read 1 h 00 m ago")
    assert "note: aws resource-cost" not in machine.run("resources", "list").out


def test_doctor_warns_where_the_newest_asking_failed(machine: Machine, server: StrictAws) -> None:
    def said() -> str:
        checks = machine.run("doctor").out.splitlines()
        (line,) = [line for line in checks if "aws costs of its resources" in line]
        return line

    machine.run("providers", "sync", "aws", "--cost")
    assert said().startswith("ok ")
    server.fail(ASKED, error("LimitExceededException", 400))
    machine.now = WEDNESDAY + HOUR
    machine.run("providers", "sync", "aws", "--cost")
    assert said().startswith("warning ")
    assert "read 1 h 00 m ago (throttled 0 s ago)" in said()


@pytest.mark.parametrize("command", ["providers test aws", "poll --once", "providers sync", "doctor"])
def test_who_asks_by_hand_is_told_when_it_was_read_and_pays_nothing(
    machine: Machine, server: StrictAws, command: str
) -> None:
    asks = "not asked now, because each request costs money: `wedtui providers sync aws --cost` asks"
    assert f"aws costs of its resources: never read; {asks}" in machine.run(*command.split()).out
    machine.run("providers", "sync", "aws", "--cost")
    machine.now = WEDNESDAY + HOUR
    assert f"aws costs of its resources: read 1 h 00 m ago; {asks}" in machine.run(*command.split()).out
    server.world.bills = None
    machine.run("providers", "sync", "aws", "--cost")
    said = "aws costs of its resources: read 1 h 00 m ago (not enabled 0 s ago); not asked now"
    assert said in machine.run(*command.split()).out
    assert server.counted()[ASKED] == 2


def test_where_it_is_not_wanted_nobody_is_asked(machine: Machine, server: StrictAws) -> None:
    machine.configure(ACCOUNT.format(url=server.url, wanted="false"))
    answer = machine.run("providers", "sync", "aws", "--cost")
    assert answer.code == 2
    assert "set cost = true or resource_cost = true under [providers.aws]" in answer.err
    assert server.counted()[ASKED] == 0
    assert "costs of its resources" not in machine.run("doctor").out
