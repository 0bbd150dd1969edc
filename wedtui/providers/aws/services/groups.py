"""Auto Scaling: groups of machines that grow and shrink."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from wedtui.core import resource_state as meaning
from wedtui.core.resource import Resource
from wedtui.providers.aws.calls import Calls, Found, Listing
from wedtui.providers.aws.services.base import Pace, Scope, Service, instant, tags_of, text

GROUPS = Listing("describe_auto_scaling_groups", ("AutoScalingGroups",), size=("MaxRecords", 100))


class ScalingGroups(Service):
    """Auto Scaling groups."""

    name: ClassVar[str] = "autoscaling"
    client: ClassVar[str] = "autoscaling"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.STATUS

    async def read(self, calls: Calls) -> Found:
        """List every group."""
        entries = await calls.entries(GROUPS)
        return Found([scaling_group(entry, calls.region) for entry in entries], {"autoscaling.group"})


def scaling_group(entry: Mapping[str, Any], region: str) -> Resource:
    """Return a group, which rests on its machines. It has a status only while it is being deleted."""
    name = text(entry, "AutoScalingGroupName")
    machines = entry.get("Instances") or ()
    meant = meaning.scaling_group(
        int(entry.get("MinSize") or 0),
        int(entry.get("DesiredCapacity") or 0),
        [(str(m.get("LifecycleState", "")), str(m.get("HealthStatus", ""))) for m in machines],
        [str(p.get("ProcessName", "")) for p in entry.get("SuspendedProcesses") or ()],
    )
    if entry.get("Status"):
        meant = meaning.OK
    return Resource(
        kind="autoscaling.group",
        region=region,
        id=name,
        name=name,
        status=str(entry.get("Status") or "active"),
        state=meant.state,
        detail=meant.detail,
        tags=tags_of(entry),
        depends_on=tuple(sorted(str(m["InstanceId"]) for m in machines if m.get("InstanceId"))),
        created_at=instant(entry.get("CreatedTime")),
    )
