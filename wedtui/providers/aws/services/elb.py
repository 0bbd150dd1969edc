"""Elastic Load Balancing: target groups, by the health of their targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from wedtui.core import resource_state as meaning
from wedtui.core.resource import Reach, Resource
from wedtui.core.state import State
from wedtui.providers.aws.calls import Calls, Found, Listing, outcomes
from wedtui.providers.aws.faults import CallError
from wedtui.providers.aws.guard import NotWholeError, check_page
from wedtui.providers.aws.services.base import Pace, Scope, Service, text

GROUPS = Listing("describe_target_groups", ("TargetGroups",), "Marker", "NextMarker", ("PageSize", 400))


class TargetGroups(Service):
    """Target groups."""

    name: ClassVar[str] = "elb"
    client: ClassVar[str] = "elbv2"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.STATUS
    chain: ClassVar[int] = 2

    async def read(self, calls: Calls) -> Found:
        """List every target group, then ask each for its targets: there is no call for all of them."""
        groups = await calls.entries(GROUPS)
        healths = await outcomes([_health(calls, text(group, "TargetGroupArn")) for group in groups])
        found = Found(kinds={"elb.target-group"})
        for group, health in zip(groups, healths, strict=True):
            if not isinstance(health, CallError):
                found.resources.append(target_group(group, health, calls.region))
            elif health.code not in {"TargetGroupNotFound", "TargetGroupNotFoundException"}:  # gone since the list
                found.missing.append(f"targets of {group.get('TargetGroupName')}: {health}")
                found.resources.append(target_group(group, None, calls.region))
        failed = [h for h in healths if isinstance(h, CallError)]
        if groups and len(found.missing) == len(groups) and failed[0].reach is not Reach.DENIED:
            # Down, or without credentials. What nobody may see is listed all the same, and can vanish.
            raise failed[0]
        return found


async def _health(calls: Calls, arn: str) -> Sequence[Mapping[str, Any]]:
    page = await calls.call("describe_target_health", TargetGroupArn=arn)
    try:
        check_page(page, ("TargetHealthDescriptions",))
    except NotWholeError as error:
        words = f"DescribeTargetHealth in {calls.region} was not answered whole: {error}"
        raise CallError(Reach.GARBLED, words) from None
    entries: Sequence[Mapping[str, Any]] = page["TargetHealthDescriptions"]
    return entries


def target_group(group: Mapping[str, Any], health: Sequence[Mapping[str, Any]] | None, region: str) -> Resource:
    """Return a target group, which rests on its targets; UNKNOWN where they could not be read."""
    states = [str((h.get("TargetHealth") or {}).get("State", "")) for h in health or ()]
    if health is None:
        status, meant = "unknown", meaning.Meaning(State.UNKNOWN, "its targets could not be read")
    else:
        status, meant = meaning.target_group(states, attached=bool(group.get("LoadBalancerArns")))
    targets = {str((h.get("Target") or {}).get("Id", "")) for h in health or ()} - {""}
    arn = text(group, "TargetGroupArn")
    return Resource(
        kind="elb.target-group",
        region=region,
        id=arn,
        name=str(group.get("TargetGroupName") or arn),
        status=status,
        state=meant.state,
        detail=meant.detail,
        depends_on=tuple(sorted(targets)),
    )
