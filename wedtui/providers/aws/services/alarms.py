"""CloudWatch alarms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from wedtui.core import resource_state as meaning
from wedtui.core.resource import Resource
from wedtui.core.text import single_line
from wedtui.providers.aws.calls import Calls, Found, Listing
from wedtui.providers.aws.services.base import Pace, Scope, Service, text

ALARMS = Listing("describe_alarms", ("MetricAlarms",), size=("MaxRecords", 100))
_LISTS = ("MetricAlarms", "CompositeAlarms", "LogAlarms")
_REASON_AT_MOST = 160


class Alarms(Service):
    """Alarms of metrics, of several alarms together, and of logs."""

    name: ClassVar[str] = "alarms"
    client: ClassVar[str] = "cloudwatch"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.STATUS

    async def read(self, calls: Calls) -> Found:
        """List every alarm; without their types the composite ones are left out."""
        pages = await calls.pages(ALARMS, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        entries = [entry for page in pages for key in _LISTS for entry in page.get(key) or ()]
        return Found([alarm(entry, calls.region) for entry in entries], {"cloudwatch.alarm"})


def alarm(entry: Mapping[str, Any], region: str) -> Resource:
    """Return an alarm."""
    name, value = text(entry, "AlarmName"), str(entry.get("StateValue", ""))
    reason = single_line(str(entry.get("StateReason") or "in alarm"), _REASON_AT_MOST)
    meant = meaning.alarm(name, value, reason)
    return Resource(
        kind="cloudwatch.alarm",
        region=region,
        id=str(entry.get("AlarmArn") or name),
        name=name,
        status=value,
        state=meant.state,
        detail=meant.detail,
    )
