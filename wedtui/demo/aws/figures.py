"""Metrics of the demo's account, which move with the world, and what it costs."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

from wedtui.core.evidence import CPU_SIGNAL, ERRORS_SIGNAL, LATENCY_SIGNAL, REQUESTS_SIGNAL
from wedtui.demo.aws.inventory import OTHER_BILLS, bills
from wedtui.demo.aws.moment import Moment

BALANCER = "app/guests/50dc6c495c0c9188"
# Namespace, and the one dimension that its metrics have.
BALANCER_METRICS = ("AWS/ApplicationELB", "LoadBalancer", BALANCER)
GROUP_METRICS = ("AWS/EC2", "AutoScalingGroupName", "web")
DATABASE_METRICS = ("AWS/RDS", "DBInstanceIdentifier", "guests")
# The share of its traffic that arrives at the balancer of the main region.
MAIN_SHARE = 0.7
MOST_POINTS = 1_440
"""A day of minutes: far more than is ever asked for, and no work that anybody would notice."""
METRIC = "UnblendedCost"

Signals = Mapping[str, float]


def _requests(signals: Signals) -> float:
    return signals[REQUESTS_SIGNAL] * MAIN_SHARE


def _percent(share: float) -> Callable[[Signals], float]:
    """Return what makes the load of something that has a share of the machines' load, in percent."""
    return lambda signals: 100 * share * signals[CPU_SIGNAL]


# Namespace, dimension, its value, metric -> value from signals, and whether it is counted up over a period.
_METRICS: Mapping[tuple[str, str, str, str], tuple[Callable[[Signals], float], bool]] = {
    (*BALANCER_METRICS, "RequestCount"): (_requests, True),
    (*BALANCER_METRICS, "HTTPCode_Target_5XX_Count"): (lambda s: _requests(s) * s[ERRORS_SIGNAL], True),
    (*BALANCER_METRICS, "TargetResponseTime"): (lambda s: s[LATENCY_SIGNAL] / 1000, False),
    (*GROUP_METRICS, "CPUUtilization"): (_percent(1.0), False),
    (*DATABASE_METRICS, "CPUUtilization"): (_percent(0.7), False),
}


class BadSpanError(Exception):
    """A span that cannot be asked for."""


def series(moment: Moment, query: Mapping[str, Any], start: float, end: float) -> dict[str, Any]:
    """Return what GetMetricData answers to one query: a point for each whole period, none where nothing was measured.

    Args:
        moment: now.
        query: with `Id` and `MetricStat`.
        start: seconds since 1970, inclusive.
        end: the same, exclusive.

    Raises:
        BadSpanError: these are too many points.
    """
    stat = query["MetricStat"]
    metric, period = stat["Metric"], int(stat["Period"])
    (dimension,) = metric["Dimensions"]
    key = (metric["Namespace"], dimension["Name"], dimension["Value"], metric["MetricName"])
    points: dict[int, float] = {}
    if (known := _METRICS.get(key)) is not None:
        measure, counted = known
        for at in _periods(start, min(end, moment.now.timestamp()), period):
            # The middle of a period stands for all of it.
            with suppress(KeyError):  # what could not be measured then
                value = measure(moment.signals(datetime.fromtimestamp(at + period / 2, UTC)))
                points[at] = round(value * period if counted else value, 4)
    found = {"Timestamps": list(points), "Values": list(points.values())}
    return {"Id": query["Id"], "Label": query["Id"], **found, "StatusCode": "Complete"}


def _periods(start: float, end: float, period: int) -> range:
    if period < 1 or (end - start) / period > MOST_POINTS:
        raise BadSpanError
    return range(int(start // period) * period, int(end), period)


def monthly(now: datetime, first: date, end: date) -> list[dict[str, Any]]:
    """Return what GetCostAndUsage answers for the months of a span, by service; the present one is not over."""
    daily = {service: sum(each.values()) for service, each in bills().items()} | OTHER_BILLS
    rows = []
    month = first.replace(day=1)
    while month < end:
        following = month + timedelta(days=calendar.monthrange(month.year, month.month)[1])
        days = (min(following, end, now.date()) - month).days
        rows.append(_row(month, min(following, end), {n: usd * max(days, 0) for n, usd in daily.items()}))
        month = following
    return rows


def daily(first: date, end: date, services: list[str]) -> list[dict[str, Any]]:
    """Return what GetCostAndUsageWithResources answers for the days of a span, by resource."""
    billed = bills()
    spent = {name: usd for service in services for name, usd in billed.get(service, {}).items()}
    return [_row(day, day + timedelta(days=1), spent) for day in _days(first, end)]


def _days(first: date, end: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((end - first).days))


def _row(start: date, end: date, spent: Mapping[str, float]) -> dict[str, Any]:
    groups = [
        {"Keys": [name], "Metrics": {METRIC: {"Amount": f"{usd:.10f}", "Unit": "USD"}}} for name, usd in spent.items()
    ]
    period = {"Start": start.isoformat(), "End": end.isoformat()}
    return {"TimePeriod": period, "Total": {}, "Groups": groups, "Estimated": True}
