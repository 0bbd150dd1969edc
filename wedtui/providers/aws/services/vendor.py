"""AWS Health: what Amazon says of itself.

Only accounts with a support plan of a certain size have it; the others hear so, and that is no outage.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from wedtui.core.evidence import VendorEvent, VendorStatus
from wedtui.core.observation import Observation, VendorObservation
from wedtui.core.resource import GLOBAL, VENDOR_HEALTH, Reach
from wedtui.core.text import abridged, single_line
from wedtui.providers.aws.calls import Calls, Found, Listing, outcomes
from wedtui.providers.aws.faults import CallError, tidy
from wedtui.providers.aws.services.base import Pace, Scope, Service, in_batches, instant

EVENTS = Listing("describe_events", ("events",), "nextToken", "nextToken", ("maxResults", 100))
DETAILS = "describe_event_details"
DETAILS_A_CALL = 10
MOST_EVENTS = 20
"""How many events are kept with what Amazon says of them; of further ones only that there are."""
LONGEST = 1000
"""How many characters of a description are kept."""
LONGEST_ARN = 1600
READ_AT_MOST = 50_000
SOURCE = "aws health"
# Two regions answer for all, and only one of them is up to date: the other takes over when that one is down.
_STANDBY = {"us-east-1": "us-east-2"}
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
        active = calls.region
        entries = await self._events(calls)
        regions = await calls.account.asked_regions()
        concerning = sorted((e for e in entries if _concerns(e, regions)), key=_newest_first)
        found, shown = Found(), concerning[:MOST_EVENTS]
        texts = await self._texts(calls, shown, found)
        found.more.append(
            VendorObservation(
                calls.account.provider,
                calls.now(),
                SOURCE if calls.region == active else f"{SOURCE} in {calls.region}",
                vendor_status(concerning, regions),
                events=tuple(vendor_event(entry, texts.get(entry.get("arn"))) for entry in shown),
                more=len(concerning) - len(shown),
            )
        )
        return found

    async def _events(self, calls: Calls) -> list[Any]:
        """Return the open issues; where the region that is usually asked does not answer, those of its stand-in.

        Raises:
            CallError: neither answered; it says why the first one did not.
        """
        chosen = {"eventStatusCodes": ["open"], "eventTypeCategories": ["issue"]}
        try:
            return await calls.entries(EVENTS, filter=chosen)
        except CallError as error:
            usual, standby = calls.region, _STANDBY.get(calls.region)
            if error.reach is not Reach.UNREACHABLE or standby is None:
                raise
            calls.move(standby)
            try:
                return await calls.entries(EVENTS, filter=chosen)
            except CallError as second:
                calls.move(usual)
                words = f"{error}; {standby}, which stands in for {usual}: {second}"
                raise replace(error, words=words) from None

    async def _texts(self, calls: Calls, entries: Sequence[Mapping[str, Any]], found: Found) -> dict[Any, str]:
        """Return what is said of events, by ARN; what of it cannot be read is named in `found`."""
        batches = in_batches([str(e["arn"]) for e in entries if e.get("arn")], DETAILS_A_CALL)
        texts: dict[Any, str] = {}
        for page in await outcomes([calls.call(DETAILS, eventArns=batch) for batch in batches]):
            if isinstance(page, CallError):
                found.missing.append(f"descriptions of events are missing: {page}")
                continue
            texts |= {arn: text for arn, text in map(_described, page.get("successfulSet") or ()) if text}
            for failed in page.get("failedSet") or ():
                code = tidy(str(failed.get("errorName") or "none"))
                found.missing.append(f"descriptions of events are missing ({code})")
        return texts

    def lost(self, provider: str, region: str, home: str | None, why: str, at: datetime) -> list[Observation]:
        """Return that nothing is known of the vendor."""
        return [VendorObservation(provider, at, SOURCE, None, why)]


def vendor_status(events: Collection[Mapping[str, Any]], regions: Collection[str]) -> VendorStatus:
    """Return what open events amount to: an incident, where one is about our regions and what we use.

    Amazon does not tell an outage from lesser trouble, so nothing here does.
    """
    return VendorStatus.INCIDENT if any(_concerns(e, regions) for e in events) else VendorStatus.NO_INCIDENT


def vendor_event(entry: Mapping[str, Any], text: str | None) -> VendorEvent:
    """Return an event as it is kept: what comes from outside is bounded, and on one line."""
    return VendorEvent(
        service=_word(entry, "service"),
        region=_word(entry, "region") if entry.get("region") else GLOBAL,
        category=_word(entry, "eventTypeCategory"),
        code=_word(entry, "eventTypeCode"),
        begun_at=instant(entry.get("startTime")),
        updated_at=instant(entry.get("lastUpdatedTime")),
        text=text,
        ours=entry.get("eventScopeCode") == "ACCOUNT_SPECIFIC",
        id=single_line(str(entry.get("arn") or ""), LONGEST_ARN),
    )


def _word(entry: Mapping[str, Any], key: str) -> str:
    return tidy(str(entry.get(key) or ""))


def _described(entry: Mapping[str, Any]) -> tuple[object, str]:
    """Return the ARN of an event and what is said of it; nothing where nothing is."""
    text = (entry.get("eventDescription") or {}).get("latestDescription")
    return (entry.get("event") or {}).get("arn"), abridged(single_line(str(text or ""), READ_AT_MOST), LONGEST)


def _newest_first(entry: Mapping[str, Any]) -> tuple[float, str]:
    at = instant(entry.get("lastUpdatedTime")) or instant(entry.get("startTime"))
    return -(at.timestamp() if at else 0.0), str(entry.get("arn", ""))


def _concerns(event: Mapping[str, Any], regions: Collection[str]) -> bool:
    # The filter is not trusted alone: what is closed and what is only planned is no incident.
    if event.get("statusCode") != "open" or event.get("eventTypeCategory") != "issue":
        return False
    here = event.get("region", GLOBAL) in {*regions, GLOBAL}
    return here and (event.get("eventScopeCode") == "ACCOUNT_SPECIFIC" or event.get("service") in WATCHED)
