"""AWS Health: what Amazon says of itself.

Only accounts with a support plan of a certain size have it; the others hear so, and that is no outage.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, ClassVar

from wedtui.core.evidence import VendorStatus
from wedtui.core.observation import Observation, VendorObservation
from wedtui.core.resource import GLOBAL, VENDOR_HEALTH
from wedtui.providers.aws.calls import Calls, Found, Listing
from wedtui.providers.aws.services.base import Pace, Scope, Service

EVENTS = Listing("describe_events", ("events",), "nextToken", "nextToken", ("maxResults", 100))
SOURCE = "aws health"
# What a public event has to be about to concern whoever runs what is listed here. One of the account's own always does.
WATCHED = frozenset(
    {
        "ACM",
        "APIGATEWAY",
        "AUTOSCALING",
        "CLOUDFRONT",
        "CLOUDWATCH",
        "DYNAMODB",
        "EBS",
        "EC2",
        "ECS",
        "EKS",
        "ELASTICACHE",
        "ELASTICLOADBALANCING",
        "FARGATE",
        "IAM",
        "INTERNETCONNECTIVITY",
        "LAMBDA",
        "MULTIPLE_SERVICES",
        "RDS",
        "ROUTE53",
        "S3",
        "STS",
        "VPC",
    }
)


class Health(Service):
    """Events that Amazon has announced."""

    name: ClassVar[str] = VENDOR_HEALTH
    client: ClassVar[str] = "health"
    scope: ClassVar[Scope] = Scope.PARTITION
    pace: ClassVar[Pace] = Pace.STATUS

    async def read(self, calls: Calls) -> Found:
        """Read the open issues."""
        chosen = {"eventStatusCodes": ["open"], "eventTypeCategories": ["issue"]}
        entries = await calls.entries(EVENTS, filter=chosen)
        regions = await calls.account.asked_regions()
        status = vendor_status(entries, regions)
        return Found(more=[VendorObservation(calls.account.provider, calls.now(), SOURCE, status)])

    def lost(self, provider: str, region: str, home: str | None, why: str, at: datetime) -> list[Observation]:
        """Return that nothing is known of the vendor."""
        return [VendorObservation(provider, at, SOURCE, None, why)]


def vendor_status(events: Collection[Mapping[str, Any]], regions: Collection[str]) -> VendorStatus:
    """Return what open events amount to: an incident, where one is about our regions and what we use.

    Amazon does not tell an outage from lesser trouble, so nothing here does.
    """
    return VendorStatus.INCIDENT if any(_concerns(e, regions) for e in events) else VendorStatus.NO_INCIDENT


def _concerns(event: Mapping[str, Any], regions: Collection[str]) -> bool:
    # The filter is not trusted alone: what is closed and what is only planned is no incident.
    if event.get("statusCode") != "open" or event.get("eventTypeCategory") != "issue":
        return False
    here = event.get("region", GLOBAL) in {*regions, GLOBAL}
    return here and (event.get("eventScopeCode") == "ACCOUNT_SPECIFIC" or event.get("service") in WATCHED)
