"""An inventory for the screen: a provider whose resources are partly ill, and whose API answers in part."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tests.pictures import NOW, SECOND, SERVICE, TROUBLED, WELL, FakeSource, picture
from wedtui.core.inventory import (
    ApiFacts,
    Example,
    InventoryFacts,
    KnownResource,
    ResourceGroup,
    ResourcePage,
    ResourceQuery,
)
from wedtui.core.resource import Reach, Resource
from wedtui.core.state import State, badness

MINUTE = timedelta(minutes=1)


def api(region: str, service: str, reach: Reach = Reach.ANSWERED, age: float = 12, **more: object) -> ApiFacts:
    at = NOW - age * SECOND
    answered = at if reach is Reach.ANSWERED else None
    made = ApiFacts("aws", region, service, MINUTE, at, answered, reach)
    return replace(made, **more)  # type: ignore[arg-type]


def group(kind: str, region: str, age: float = 12, *, vanished: int = 0, **counts: int) -> ResourceGroup:
    states = tuple((State(state), count) for state, count in counts.items())
    examples = tuple(Example(s, f"{kind}-{s}".lower(), "as its checks say") for s, _ in states if s is not State.OK)
    return ResourceGroup("aws", kind, region, MINUTE, NOW - age * SECOND, states, examples, vanished)


AWS = InventoryFacts(
    apis=(
        api("eu-west-1", "ec2"),
        api("eu-west-1", "elb", age=4),
        api("eu-west-1", "rds", Reach.DENIED, problem="rds:DescribeDBInstances is not allowed"),
        api("me-south-1", "ec2", Reach.SWITCHED_OFF),
        api("us-east-1", "ec2", age=400),
        api("us-east-1", "health", Reach.NOT_ON_PLAN),
    ),
    groups=(
        group("ec2.instance", "eu-west-1", CRITICAL=2, UNKNOWN=1, OK=9, vanished=3),
        group("ec2.instance", "us-east-1", 400, OK=40),
        group("elb.target-group", "eu-west-1", 4, OK=5),
    ),
)


def known(number: int, state: State = State.OK, age: float = 12, **more: object) -> KnownResource:
    details = {State.CRITICAL: "1 of 2 status checks passed", State.UNKNOWN: "its status checks are not reported yet"}
    values = Resource(
        "ec2.instance", "eu-west-1", f"i-{number:017x}", f"rsvp-web-{number:05}", "running", state, details.get(state)
    )
    made = KnownResource("aws", values, NOW - 90 * MINUTE, NOW - age * SECOND, None, MINUTE)
    return replace(made, **more)  # type: ignore[arg-type]


def many(count: int) -> list[KnownResource]:
    """Make resources, the worst first; the last ones were not listed lately."""
    states = [State.CRITICAL if n % 97 == 0 else State.UNKNOWN if n % 101 == 0 else State.OK for n in range(count)]
    found = [known(n, state, 400 if n % 7 == 6 else 12) for n, state in enumerate(states)]
    return sorted(found, key=lambda each: -badness(each.resource.state))


class Listing:
    """Answers questions for pages as the cache does, from memory."""

    def __init__(self, rows: list[KnownResource], gone: list[KnownResource] | None = None) -> None:
        self.rows, self.gone = rows, gone or []

    def __call__(self, query: ResourceQuery, _now: datetime) -> ResourcePage:
        rows = self.gone if query.vanished else self.rows
        start = int(query.after or 0)
        page = rows[start : start + query.limit]
        more = start + query.limit < len(rows)
        return ResourcePage(tuple(page), str(start + query.limit) if more else None, len(rows))


def stocked(rows: int = 250) -> FakeSource:
    """Make a source of the troubled world in which aws has resources."""
    gone = known(9999, vanished_at=NOW - 20 * MINUTE)
    return FakeSource(lambda now: picture(TROUBLED, now=now, inventory=AWS), inventory=Listing(many(rows), [gone]))


def ill_resources() -> FakeSource:
    """Make a source of providers that are well, of which one has ill resources; one of two services was stopped."""
    services = (
        replace(SERVICE, vantage="london"),
        replace(SERVICE, instance="2", vantage="oregon", stopped_at=NOW - 2 * MINUTE),
    )
    return FakeSource(lambda now: picture(WELL, now=now, inventory=AWS, services=services), inventory=Listing(many(20)))
