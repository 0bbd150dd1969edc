"""ECS: container services and how their deployments go.

The longest chain of calls there is: clusters, the services of each, and what is known of ten services at a time. In a
round after a good one nothing of it waits for the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


Known = Mapping[str, Sequence[str]]
"""The services of each cluster."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was answered of a few services."""

    resources: list[Resource]
    reasons: dict[str, str]
    """Why others of them are not among these, by ARN."""


@dataclass(frozen=True, slots=True)
class _Cluster:
    """What was found in a cluster."""

    listed: list[str]
    resources: list[Resource]
    missing: list[str]


class Services(Service):
    """Container services."""

    name: ClassVar[str] = "ecs"
    client: ClassVar[str] = "ecs"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.STATUS
    chain: ClassVar[int] = 3

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: dict[str, Known] = {}
        """By region, what the round before listed, if it lacked nothing."""

    async def read(self, calls: Calls) -> Found:
        """List every service of every cluster.

        Which there are is nearly always as it was a round ago. So those are asked beside the lists, not after them;
        the lists of this round alone say what is there, and what is new in them is asked then. After a round that
        lacked anything all is asked in its order: whoever is down, or throttles, is asked little.
        """
        known = self._known.pop(calls.region, {})
        (clusters,), early = await asyncio.gather(
            outcomes([calls.entries(CLUSTERS)]), outcomes([_cluster(calls, arn, known[arn]) for arn in known])
        )
        if isinstance(clusters, CallError):
            raise clusters
        arns = _names(clusters)
        new = [arn for arn in arns if arn not in known]
        late = await outcomes([_cluster(calls, arn) for arn in new])
        results = dict(zip([*known, *new], [*early, *late], strict=True))
        return self._put_together(calls.region, {arn: results[arn] for arn in arns})

    def _put_together(self, region: str, results: Mapping[str, _Cluster | CallError]) -> Found:
        """Return what was found in all clusters; know what they have, if nothing is missing."""
        errors = [r for r in results.values() if isinstance(r, CallError)]
        if results and len(errors) == len(results):
            raise errors[0]
        found, known = Found(kinds={"ecs.service"}), {}
        for arn, result in results.items():
            if isinstance(result, CallError):
                found.missing.append(f"services of the cluster {_short(arn)}: {result}")
            else:
                found.resources += result.resources
                found.missing += result.missing
                known[arn] = result.listed
        if found.missing:
            # What is not listed may still be there.
            found.kinds.clear()
        else:
            self._known[region] = known
        return found


async def _cluster(calls: Calls, cluster: str, known: Sequence[str] = ()) -> _Cluster:
    """Return the services of a cluster.

    Args:
        calls: the round.
        cluster: its ARN.
        known: the services that it had a round ago, which are asked beside its list.

    Raises:
        CallError: nothing of use was answered.
    """
    batches = in_batches(known, DESCRIBED_AT_ONCE)
    (entries,), answers = await asyncio.gather(
        outcomes([calls.entries(SERVICES, cluster=cluster)]), outcomes([_described(calls, cluster, b) for b in batches])
    )
    if isinstance(entries, CallError):
        raise entries
    listed = _names(entries)
    there, asked = set(listed), set(known)
    new = in_batches([arn for arn in listed if arn not in asked], DESCRIBED_AT_ONCE)
    answers += await outcomes([_described(calls, cluster, batch) for batch in new])
    found, errors = _Cluster(listed, [], []), []
    for batch, answer in zip([*batches, *new], answers, strict=True):
        gone = set(batch) - there
        if gone == set(batch):
            continue  # it does not matter what was answered
        if isinstance(answer, CallError):
            errors.append(answer)
            found.missing.append(f"{len(batch) - len(gone)} services of the cluster {_short(cluster)}: {answer}")
        else:
            found.resources.extend(r for r in answer.resources if r.id not in gone)
            found.missing.extend(_left_out(there & set(batch), answer, calls.region))
    if errors and not found.resources and len(errors) == len(found.missing):
        raise errors[0]
    return found


def _left_out(arns: set[str], answer: _Answer, region: str) -> list[str]:
    """Return, in a sentence, what a 200 says that it could not find; and whatever it says nothing of at all."""
    reasons = {arn: why for arn, why in answer.reasons.items() if arn in arns}
    silent = arns - {r.id for r in answer.resources} - set(reasons)
    lost = [*(f"{_short(a)} ({why})" for a, why in sorted(reasons.items())), *map(_short, sorted(silent))]
    if not lost:
        return []
    named = ", ".join(lost[:NAMED]) + (f" and {len(lost) - NAMED} more" if len(lost) > NAMED else "")
    return [f"DescribeServices in {region} left out {named}"]


async def _described(calls: Calls, cluster: str, arns: list[str]) -> _Answer:
    page = await calls.call("describe_services", cluster=cluster, services=arns, include=["TAGS"])
    try:
        check_page(page, ("services",))
    except NotWholeError as error:
        words = f"DescribeServices in {calls.region} was not answered whole: {error}"
        raise CallError(Reach.GARBLED, words) from None
    resources = [service(entry, calls.region) for entry in page["services"]]
    reasons = {str(f.get("arn", "")): str(f.get("reason", "no reason")) for f in page.get("failures") or ()}
    return _Answer(resources, reasons)


def _names(entries: Sequence[object]) -> list[str]:
    """Return what a list names, each once."""
    return list(dict.fromkeys(map(str, entries)))


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
