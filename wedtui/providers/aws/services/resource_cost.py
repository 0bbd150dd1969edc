"""Cost Explorer: what each resource costs, by the days of the last two weeks.

The account has to ask for this data: it is enabled in its Cost Management preferences, for each service by itself.
Each page of an answer costs US$ 0.01, so the rules of `cost` hold: nothing is asked twice, and an answer counts for a
day.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

import structlog

from wedtui.core.resource import RESOURCE_COST, Reach
from wedtui.core.resource_cost import ResourceCost, estimate
from wedtui.providers.aws.calls import Calls, Found, Listing
from wedtui.providers.aws.faults import CallError
from wedtui.providers.aws.guard import Page
from wedtui.providers.aws.services.base import Pace, Scope, Service
from wedtui.providers.aws.services.cost import METRIC, amounts

log = structlog.get_logger(__name__)

BILLS = Listing("get_cost_and_usage_with_resources", ("ResultsByTime",), "NextPageToken", "NextPageToken")
OPERATION = "GetCostAndUsageWithResources"
# The start may not be earlier than 14 days ago, at whatever hour that is counted.
FIRST_DAY_AGO = timedelta(days=13)
# Amazon takes up to a day to bill what a day used: yesterday is over, and not yet complete.
COMPLETE_AFTER = timedelta(days=1)
PAGES_AT_MOST = 50
"""US$ 0.50: an answer that does not end is given up."""
# What an account is answered that has not enabled this, or has since less than two days.
_NOT_ENABLED = "DataUnavailableException"
# The same, and everything that may be wrong with the question: its words tell.
_INVALID = "ValidationException"
_ASKS_FOR_IT = re.compile(r"\benabl|\bopt(ed)?[ -]?in\b|\bpreferences\b|\bsettings\b|\bsubscri", re.IGNORECASE)
_MACHINE, _DISK = re.compile(r"i-[0-9a-f]+"), re.compile(r"vol-[0-9a-f]+")
_ARN = re.compile(r"arn:[a-z-]+:(ec2|rds):([a-z0-9-]+):[0-9]*:([a-z-]+)[:/](.+)")
_DATABASES = {"db": "rds.instance", "cluster": "rds.cluster"}

Key = tuple[str, str, str]
"""Kind, region and id of a resource; no region where its id is enough."""


class ResourceCosts(Service):
    """What machines, disks and databases were billed on each complete day."""

    name: ClassVar[str] = RESOURCE_COST
    client: ClassVar[str] = "ce"
    scope: ClassVar[Scope] = Scope.PARTITION
    pace: ClassVar[Pace] = Pace.RESOURCE_COST

    def __init__(self, services: Sequence[str]) -> None:
        """Remember of whose resources to ask.

        Args:
            services: as bills name them.
        """
        self._services = list(services)

    async def read(self, calls: Calls) -> Found:
        """Read the complete days by resource."""
        first, end = window(calls.now().date())
        try:
            pages = await calls.pages(
                BILLS,
                once=True,
                most=PAGES_AT_MOST,
                TimePeriod={"Start": first.isoformat(), "End": end.isoformat()},
                Granularity="DAILY",
                Metrics=[METRIC],
                Filter={"Dimensions": {"Key": "SERVICE", "Values": self._services}},
                GroupBy=[{"Type": "DIMENSION", "Key": "RESOURCE_ID"}],
            )
        except CallError as error:
            raise self._meant(error) from None
        return Found(costs=await calls.work(lambda: resource_costs(pages, first, end)))

    def _meant(self, error: CallError) -> CallError:
        """Return what an error means here: of what is not enabled the service has no word of its own."""
        if error.code == _INVALID and not _ASKS_FOR_IT.search(error.said or ""):
            said = f': "{error.said}"' if error.said else ", without a reason"
            return replace(error, words=f"{OPERATION} was refused ({_INVALID}){said}")
        if error.code not in {_NOT_ENABLED, _INVALID}:
            return error
        words = (
            f"what each resource costs is not known ({error.code}): enable daily data of resources in the account's "
            f"Cost Management preferences, for {', '.join(self._services)}; it is there within two days"
        )
        return CallError(Reach.NOT_ENABLED, words, code=error.code)


def window(today: date) -> tuple[date, date]:
    """Return the first of the days that can be asked for and are complete, and the one after the last of them."""
    return today - FIRST_DAY_AGO, today - COMPLETE_AFTER


def resource_costs(pages: Sequence[Page], first: date, end: date) -> tuple[ResourceCost, ...]:
    """Return what each resource of an answer costs a month, as far as its days tell (see `core.resource_cost`).

    The newest day on which anything at all was billed is the last complete one: bills may be later than usual.

    Args:
        pages: of the answer.
        first: the first day that was asked for.
        end: the day after the last.

    Raises:
        CallError: an amount or a day is none.
    """
    by_day = {_day(start): spent for start, spent in amounts(OPERATION, _results(pages)).items()}
    if not by_day:
        raise CallError(Reach.GARBLED, f"{OPERATION} answered without any day")
    billed, others = _by_resource(by_day)
    if others:
        log.info("bills name resources that are not listed here", resources=others)
    newest = max((day for day, spent in by_day.items() if any(spent.values())), default=end)
    last = min(newest, end - timedelta(days=1))
    estimates = ((key, estimate(days, first, last)) for key, days in sorted(billed.items()))
    return tuple(ResourceCost(*key, found) for key, found in estimates if found is not None)


def _results(pages: Sequence[Page]) -> Iterator[Mapping[str, Any]]:
    for page in pages:
        yield from page["ResultsByTime"]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CallError(Reach.GARBLED, f"{OPERATION} answered with what is no day") from None


def _by_resource(by_day: Mapping[date, Mapping[str, float]]) -> tuple[dict[Key, dict[date, float]], int]:
    """Return what each resource was billed by day, and how many names are of nothing that is listed here."""
    found: dict[Key, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    names = {name: billed_key(name) for spent in by_day.values() for name in spent}
    for day, spent in by_day.items():
        for name, amount in spent.items():
            key = names[name]
            if key is not None:
                found[key][day] += amount
    return found, sum(key is None for key in names.values())


def billed_key(name: str) -> Key | None:
    """Return which resource a bill names; None where it is of no kind that is listed and can be told for sure.

    Machines and disks are named by their ids, databases by their ARNs. Other names (a bucket's) could be of anything.
    """
    arn = _ARN.fullmatch(name)
    if arn is None:
        return _by_id(name)
    service, region, thing, number = arn.groups()
    if service == "ec2":
        return _by_id(number)
    return (_DATABASES[thing], region, number) if thing in _DATABASES else None


def _by_id(number: str) -> Key | None:
    if _MACHINE.fullmatch(number):
        return "ec2.instance", "", number
    return ("ec2.volume", "", number) if _DISK.fullmatch(number) else None
