"""What single resources cost, by Cost Explorer.

Against the strict server alone: moto has no GetCostAndUsageWithResources.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.providers.aws.base import AT, api, once, rounds
from tests.providers.aws.strict_server import StrictAws, body, cut, error, running
from tests.providers.aws.strict_world import OWNER, World, billed_day
from wedtui.core.resource import Reach
from wedtui.providers.aws.services.resource_cost import PAGES_AT_MOST, billed_key, window

ASKED = "GetCostAndUsageWithResources"
COMPUTE, OTHER, DATABASE = (
    "Amazon Elastic Compute Cloud - Compute",
    "EC2 - Other",
    "Amazon Relational Database Service",
)
FIRST, END = date(2026, 6, 7), date(2026, 6, 19)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
RATE = 2.4
"""US dollars a day, which are 73 a month."""


def days(first: date = FIRST, end: date = END, amount: float = RATE) -> dict[str, float]:
    return {(first + n * DAY).isoformat(): amount for n in range((end - first).days)}


@pytest.fixture
def server() -> Iterator[StrictAws]:
    with running(World(bills={COMPUTE: {"i-0a": days(end=END + 2 * DAY), "NoResourceId": days()}})) as server:
        yield server


def ask(server: StrictAws, **more: Any) -> Any:
    return once(server, "resource-cost", resource_cost=True, **more)


def known(server: StrictAws, **more: Any) -> dict[tuple[str, str, str], tuple[float, int]]:
    seen = ask(server, **more)
    assert (seen.reach, seen.resources, seen.kinds) == (Reach.ANSWERED, (), frozenset())
    return {(c.kind, c.region, c.id): (round(c.estimate.monthly_usd, 2), c.estimate.days) for c in seen.costs}


def test_nothing_is_asked_unless_it_is_wanted(server: StrictAws) -> None:
    with pytest.raises(KeyError):
        rounds(server, "resource-cost", cost=True)
    assert server.counted()[ASKED] == 0


def test_the_complete_days_are_asked_for_by_resource(server: StrictAws) -> None:
    assert known(server) == {("ec2.instance", "", "i-0a"): (73.0, 12)}
    (asked,) = [r for r in server.asked if r.action == ASKED]
    assert (asked.region, asked.parameters) == (
        "us-east-1",
        {
            "TimePeriod": {"Start": "2026-06-07", "End": "2026-06-19"},  # the end is not part of it
            "Granularity": "DAILY",
            "Metrics": ["UnblendedCost"],
            "Filter": {"Dimensions": {"Key": "SERVICE", "Values": [COMPUTE]}},
            "GroupBy": [{"Type": "DIMENSION", "Key": "RESOURCE_ID"}],
        },
    )


def test_the_window_is_within_14_days_at_any_hour_and_leaves_yesterday_out() -> None:
    first, end = window(AT.date())
    midnight = AT.replace(hour=0, minute=0, second=0)
    assert (first, end) == (FIRST, END)
    assert midnight + DAY - timedelta(days=14) <= midnight - (midnight.date() - first)


def test_one_that_is_new_is_known_of_its_whole_days(server: StrictAws) -> None:
    assert server.world.bills is not None
    began = END - 4 * DAY
    server.world.bills[COMPUTE] |= {
        "i-0b": {began.isoformat(): 0.1, **days(began + DAY)},
        "i-0c": days(END - DAY),  # one day, and nobody knows since which hour
    }
    assert known(server) == {("ec2.instance", "", "i-0a"): (73.0, 12), ("ec2.instance", "", "i-0b"): (73.0, 3)}


def test_days_that_are_billed_late_are_not_counted_as_days_without_a_bill(server: StrictAws) -> None:
    server.world.bills = {COMPUTE: {"i-0a": days(end=END - 3 * DAY)}}
    (found,) = ask(server).costs
    assert (round(found.estimate.monthly_usd, 2), found.estimate.days) == (73.0, 9)
    assert found.estimate.until == END - 4 * DAY


def test_what_several_services_bill_of_one_resource_is_added(server: StrictAws) -> None:
    arn = f"arn:aws:rds:eu-west-1:{OWNER}"
    server.world.bills = {
        COMPUTE: {"i-0a": days()},
        OTHER: {"i-0a": days(), "vol-0f": days(), f"arn:aws:ec2:eu-west-1:{OWNER}:volume/vol-0f": days()},
        DATABASE: {f"{arn}:db:orders": days(), f"{arn}:cluster:orders": days(), f"{arn}:snapshot:rds:x": days()},
    }
    assert known(server, resource_cost_services=[COMPUTE, OTHER, DATABASE]) == {
        ("ec2.instance", "", "i-0a"): (146.0, 12),
        ("ec2.volume", "", "vol-0f"): (146.0, 12),
        ("rds.instance", "eu-west-1", "orders"): (73.0, 12),
        ("rds.cluster", "eu-west-1", "orders"): (73.0, 12),
    }


@pytest.mark.parametrize("name", ["NoResourceId", "", "orders", "i-", "i-xyz", "arn:aws:s3:::orders", "arn:aws:lambda"])
def test_what_cannot_be_told_for_sure_is_nothing(name: str) -> None:
    assert billed_key(name) is None


@pytest.mark.parametrize("size", [1, 5, 24])
def test_pages_are_one_answer_and_each_is_counted(server: StrictAws, size: int) -> None:
    server.world.page = size
    seen = ask(server)
    assert [(c.id, round(c.estimate.monthly_usd, 2), c.estimate.days) for c in seen.costs] == [("i-0a", 73.0, 12)]
    assert seen.requests == server.counted()[ASKED] == -(-24 // size)


@pytest.mark.parametrize("code", ["DataUnavailableException", "ValidationException"])
def test_what_is_not_enabled_is_no_outage_and_no_cost_of_nothing(server: StrictAws, code: str) -> None:
    server.fail(ASKED, error(code, message="You have not enabled resource-level data at daily granularity."))
    first, second, third = rounds(server, "resource-cost", 3, steps=[MINUTE * 15, DAY], resource_cost=True)
    seen = api(first)
    assert (seen.reach, seen.costs, seen.requests) == (Reach.NOT_ENABLED, None, 1)
    assert seen.problem == (
        f"what each resource costs is not known ({code}): enable daily data of resources in the account's Cost "
        f"Management preferences, for {COMPUTE}; it is there within two days"
    )
    assert (second, api(third).reach) == (first, Reach.NOT_ENABLED)
    assert server.counted()[ASKED] == 2, "that answer counts for a day, too"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        # As it is told of in issues of the SDKs.
        (
            "Start date is more than 14 days ago\nfor hourly granularity. Please adjust start date.",
            ': "Start date is more than 14 days ago for hourly granularity. Please adjust start date."',
        ),
        (
            f"Dimension \x1b[2J of 123456789012 in arn:aws:ce::123456789012:x/kay is {'Q' * 300} not allowed",
            ': "Dimension [2J of *** in *** is *** not allowed"',
        ),
        ("", ", without a reason"),
    ],
)
def test_what_is_wrong_with_the_question_is_not_that_it_is_not_enabled(
    server: StrictAws, message: str, said: str
) -> None:
    server.fail(ASKED, error("ValidationException", message=message))
    seen = ask(server)
    assert (seen.reach, seen.costs) == (Reach.GARBLED, None)
    assert seen.problem == f"GetCostAndUsageWithResources was refused (ValidationException){said}"


def test_an_account_that_has_not_enabled_it(server: StrictAws) -> None:
    server.world.bills = None
    assert ask(server).reach is Reach.NOT_ENABLED


def test_an_account_without_anything_has_no_costs(server: StrictAws) -> None:
    server.world.bills = {}
    seen = ask(server)
    assert (seen.reach, seen.costs) == (Reach.ANSWERED, ())


@pytest.mark.parametrize("code", ["LimitExceededException", "ThrottlingException"])
def test_one_that_is_throttled_is_not_asked_again_before_a_quarter_of_an_hour(server: StrictAws, code: str) -> None:
    server.fail(ASKED, error(code), None)
    found = rounds(server, "resource-cost", 3, steps=[MINUTE * 5, MINUTE * 10], resource_cost=True)
    assert [api(each).reach for each in found] == [Reach.THROTTLED] * 2 + [Reach.ANSWERED]
    assert server.counted()[ASKED] == 2
    assert api(found[-1]).interval == DAY


def test_a_failure_holds_for_longer_the_more_was_paid_for_it(server: StrictAws) -> None:
    server.world.page = 6
    server.fail(ASKED, None, None, None, error("LimitExceededException"), None)
    found = rounds(server, "resource-cost", 4, steps=[MINUTE * 15, MINUTE * 30, MINUTE * 15], resource_cost=True)
    assert [api(each).reach for each in found] == [Reach.THROTTLED] * 3 + [Reach.ANSWERED]
    assert server.counted()[ASKED] == 4 + 4


def page(*results: Any, token: str | None = None) -> Any:
    answer = {"ResultsByTime": list(results), **({"NextPageToken": token} if token else {})}
    return body(json.dumps(answer).encode(), content_type="application/x-amz-json-1.1")


def test_pages_that_go_round_in_a_circle_are_left(server: StrictAws) -> None:
    server.fail(ASKED, page(billed_day(FIRST, {"i-0a": 1}), token="t-1"))
    seen = ask(server)
    assert (seen.reach, seen.costs, seen.requests) == (Reach.GARBLED, None, 2)
    assert "circle" in (seen.problem or "")


def test_pages_without_an_end_are_paid_for_up_to_a_bound(server: StrictAws) -> None:
    server.fail(ASKED, *(page(token=f"t-{n}") for n in range(PAGES_AT_MOST + 10)))
    seen = ask(server)
    assert (seen.reach, seen.requests) == (Reach.GARBLED, PAGES_AT_MOST)
    assert f"more than {PAGES_AT_MOST} pages" in (seen.problem or "")


@pytest.mark.parametrize(
    "answer",
    [
        page(),
        page(billed_day(FIRST, {"i-0a": 1}, "CNY")),
        page(billed_day(FIRST, {"i-0a": "nan"})),
        page(billed_day(FIRST, {"i-0a": "free"})),
        page({**billed_day(FIRST, {"i-0a": 1}), "TimePeriod": {"Start": "lately"}}),
        body(b"{}", content_type="application/x-amz-json-1.1"),
        cut,
    ],
    ids=["no day", "another currency", "nan", "no amount", "no such day", "no list", "cut"],
)
def test_an_answer_that_is_none_is_no_cost(server: StrictAws, answer: Any) -> None:
    server.fail(ASKED, answer)
    seen = ask(server)
    assert (seen.costs, seen.requests) == (None, 1)
    assert seen.reach in {Reach.GARBLED, Reach.UNREACHABLE}


def test_what_it_needs_is_named_where_it_is_denied(server: StrictAws) -> None:
    server.fail(ASKED, error("AccessDeniedException"))
    seen = ask(server)
    assert (seen.reach, f"ce:{ASKED}" in (seen.problem or "")) == (Reach.DENIED, True)
