"""Cost Explorer: what the account costs, by service; what each resource costs is in `resource_cost`.

Each request costs US$ 0.01, so nothing is asked twice: no retries; an answer counts for hours, a failure for minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from wedtui.core.evidence import COST_SIGNAL, COST_SOURCE
from wedtui.core.observation import Observation, SignalObservation
from wedtui.core.resource import COST, GLOBAL, Reach, Resource
from wedtui.core.state import State
from wedtui.providers.aws.calls import Calls, Found, Listing
from wedtui.providers.aws.faults import CallError
from wedtui.providers.aws.services.base import Pace, Scope, Service

COSTS = Listing("get_cost_and_usage", ("ResultsByTime",), "NextPageToken", "NextPageToken")
METRIC = "UnblendedCost"


class Costs(Service):
    """What was spent last month and this month."""

    name: ClassVar[str] = COST
    client: ClassVar[str] = "ce"
    scope: ClassVar[Scope] = Scope.PARTITION
    pace: ClassVar[Pace] = Pace.COST

    async def read(self, calls: Calls) -> Found:
        """Read two months by service."""
        now = calls.now()
        this, last = months(now.date())
        pages = await calls.pages(
            COSTS,
            once=True,
            TimePeriod={"Start": last.isoformat(), "End": (now.date() + timedelta(days=1)).isoformat()},
            Granularity="MONTHLY",
            Metrics=[METRIC],
            GroupBy=[{"Type": "DIMENSION", "Key": "SERVICE"}],
        )
        spent = amounts("GetCostAndUsage", (entry for page in pages for entry in page["ResultsByTime"]))
        if not spent:
            raise CallError(Reach.GARBLED, "GetCostAndUsage answered without any month")
        so_far = math.fsum(spent.get(this.isoformat(), {}).values())
        signal = SignalObservation(calls.account.provider, COST_SIGNAL, COST_SOURCE, now, so_far)
        before = spent.get(last.isoformat(), {})
        services = [
            Resource("cost.service", GLOBAL, name, name, "billed", State.OK, monthly_cost=round(amount, 2))
            for name, amount in sorted(before.items())
        ]
        return Found(services, {"cost.service"}, more=[signal])

    def lost(self, provider: str, region: str, home: str | None, why: str, at: datetime) -> list[Observation]:
        """Return that what was spent is not known."""
        return [SignalObservation(provider, COST_SIGNAL, COST_SOURCE, at, None, why)]


def months(today: date) -> tuple[date, date]:
    """Return the first days of this month and of the one before."""
    this = today.replace(day=1)
    return this, (this - timedelta(days=1)).replace(day=1)


def amounts(operation: str, results: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return US dollars by the first day of a span and what it is of; a span that comes on several pages is one.

    Args:
        operation: what answered, for people.
        results: the spans of all pages: months of services, days of resources.

    Raises:
        CallError: an amount is in another currency, or is none.
    """
    found: dict[str, dict[str, float]] = {}
    for result in results:
        start = str((result.get("TimePeriod") or {}).get("Start", ""))
        span = found.setdefault(start, {})
        for group in result.get("Groups") or ():
            cost = (group.get("Metrics") or {}).get(METRIC) or {}
            if cost.get("Unit") != "USD":
                raise CallError(Reach.GARBLED, f"{operation} answered in another currency than US dollars")
            try:
                amount = float(cost["Amount"])
            except (KeyError, TypeError, ValueError):
                amount = math.nan
            if not math.isfinite(amount):
                raise CallError(Reach.GARBLED, f"{operation} answered with what is no amount")
            of = str(next(iter(group.get("Keys") or ()), "other"))
            span[of] = span.get(of, 0.0) + amount
    return found
