"""ECS: container services and how their deployments go.

The longest chain of calls there is: clusters, the services of each, and what is known of ten services at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from wedtui.core import resource_state as meaning
from wedtui.core.resource import Reach, Resource
from wedtui.core.resource_state import Deployment
from wedtui.providers.aws.calls import Calls, Found, Listing, outcomes
from wedtui.providers.aws.faults import CallError
from wedtui.providers.aws.guard import NotWholeError, check_page
from wedtui.providers.aws.services.base import Pace, Scope, Service, in_batches, instant, text

CLUSTERS = Listing("list_clusters", ("clusterArns",), "nextToken", "nextToken", ("maxResults", 100))
SERVICES = Listing("list_services", ("serviceArns",), "nextToken", "nextToken", ("maxResults", 100))
DESCRIBED_AT_ONCE = 10
"""The most services that DescribeServices takes."""
NAMED = 3


class Services(Service):
    """Container services."""

    name: ClassVar[str] = "ecs"
    client: ClassVar[str] = "ecs"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.STATUS
    chain: ClassVar[int] = 3

    async def read(self, calls: Calls) -> Found:
        """List every service of every cluster."""
        clusters = await calls.entries(CLUSTERS)
        results = await outcomes([_cluster(calls, str(arn)) for arn in clusters])
        errors = [r for r in results if isinstance(r, CallError)]
        if clusters and len(errors) == len(clusters):
            raise errors[0]
        found = Found(kinds={"ecs.service"})
        for arn, result in zip(clusters, results, strict=True):
            if isinstance(result, CallError):
                found.missing.append(f"services of the cluster {_short(arn)}: {result}")
            else:
                found.resources += result.resources
                found.missing += result.missing
        if found.missing:
            # What is not listed may still be there.
            found.kinds.clear()
        return found


async def _cluster(calls: Calls, cluster: str) -> Found:
    arns = [str(arn) for arn in await calls.entries(SERVICES, cluster=cluster)]
    batches = in_batches(arns, DESCRIBED_AT_ONCE)
    answers = await outcomes([_described(calls, cluster, batch) for batch in batches])
    found = Found()
    for batch, answer in zip(batches, answers, strict=True):
        if isinstance(answer, CallError):
            found.missing.append(f"{len(batch)} services of the cluster {_short(cluster)}: {answer}")
        else:
            found.resources += answer.resources
            found.missing += answer.missing
    if batches and all(isinstance(answer, CallError) for answer in answers):
        raise next(answer for answer in answers if isinstance(answer, CallError))
    return found


async def _described(calls: Calls, cluster: str, arns: list[str]) -> Found:
    page = await calls.call("describe_services", cluster=cluster, services=arns, include=["TAGS"])
    try:
        check_page(page, ("services",))
    except NotWholeError as error:
        words = f"DescribeServices in {calls.region} was not answered whole: {error}"
        raise CallError(Reach.GARBLED, words) from None
    resources = [service(entry, calls.region) for entry in page["services"]]
    # A 200 that says what it could not find; and whatever it says nothing of at all.
    reasons = {str(f.get("arn", "")): str(f.get("reason", "no reason")) for f in page.get("failures") or ()}
    silent = set(arns) - {r.id for r in resources} - set(reasons)
    lost = [*(f"{_short(a)} ({why})" for a, why in sorted(reasons.items())), *map(_short, sorted(silent))]
    if not lost:
        return Found(resources)
    named = ", ".join(lost[:NAMED]) + (f" and {len(lost) - NAMED} more" if len(lost) > NAMED else "")
    return Found(resources, missing=[f"DescribeServices in {calls.region} left out {named}"])


def service(entry: Mapping[str, Any], region: str) -> Resource:
    """Return a container service."""
    arn, status = text(entry, "serviceArn"), str(entry.get("status", ""))
    deployments = [
        Deployment(str(d.get("status", "")), d.get("rolloutState"), int(d.get("failedTasks") or 0))
        for d in entry.get("deployments") or ()
    ]
    desired, running = int(entry.get("desiredCount") or 0), int(entry.get("runningCount") or 0)
    meant = meaning.container_service(status, desired, running, deployments)
    groups = {str(b["targetGroupArn"]) for b in entry.get("loadBalancers") or () if b.get("targetGroupArn")}
    # What is released with it: another revision of it is another release.
    definition = str(entry.get("taskDefinition") or "")
    return Resource(
        kind="ecs.service",
        region=region,
        id=arn,
        name=str(entry.get("serviceName") or _short(arn)),
        status=status,
        state=meant.state,
        detail=meant.detail,
        tags=tuple(sorted((str(t["key"]), str(t.get("value", ""))) for t in entry.get("tags") or () if "key" in t)),
        depends_on=tuple(sorted({*groups, *([definition] if definition else [])})),
        created_at=instant(entry.get("createdAt")),
    )


def _short(arn: str) -> str:
    return str(arn).rpartition("/")[2]
