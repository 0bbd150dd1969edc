"""Weighted records of Amazon Route 53.

A change is one batch, which Route 53 applies whole or not at all: it deletes exactly the records that were read, the
generation beside them too, and creates the new ones. Route 53 refuses to delete what is not there as it is named, so
two changes that were planned on the same reading cannot both come true, and one that was given up and arrives late
does no harm: another change came first, or it is the one that was meant.

What is tried again, within `SUBMIT_WITHIN`, is what was certainly not applied: throttling, another change that is
still under way, a connection that could not be made. What may have arrived is not.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from wedtui.clock import Clock
from wedtui.config import AwsSection
from wedtui.config_traffic import Route53Section, TrafficSection
from wedtui.core.resource import Reach
from wedtui.core.traffic import Place, Submitted, TrafficReading, unfit
from wedtui.errors import ConflictError, NotNowError, OutcomeUnknownError, ProviderUnavailableError, WedtuiError
from wedtui.providers.aws.account import Account
from wedtui.providers.aws.counting import Counter
from wedtui.providers.aws.faults import THROTTLED, CallError
from wedtui.providers.traffic.base import (
    ADDRESSING,
    READ_WITHIN,
    REQUEST_WITHIN,
    SUBMIT_WITHIN,
    Spot,
    Wanted,
    canonical,
    generation_text,
)
from wedtui.providers.traffic.questions import found, sample, told
from wedtui.providers.web import backoff_s

Record = dict[str, Any]
"""A ResourceRecordSet of the API."""

# Codes of changes that were refused, whole, because of what they ask for.
_NOT_THOSE = frozenset({"InvalidChangeBatch", "InvalidInput"})
_REFUSED = frozenset({"NoSuchHostedZone", "NoSuchHealthCheck", "NoSuchChange"})
_REFUSING = frozenset({Reach.THROTTLED, Reach.DENIED, Reach.EXPIRED, Reach.REJECTED, Reach.NO_CREDENTIALS})
_WORDS = {
    "NoSuchHostedZone": "Route 53 has no such hosted zone: correct traffic.route53.hosted_zone_id",
    "NoSuchHealthCheck": "Route 53 has no such health check: correct health_check of traffic.places",
    "NoSuchChange": "Route 53 does not know that change any more: read the records",
}
_PAGES_AT_MOST = 20
WORTH_S = 0.5
"""With less time than this left, nothing is tried again."""


class Route53Backend:
    """The weighted records of one name in one hosted zone."""

    compares = True

    def __init__(self, section: TrafficSection, route53: Route53Section, clock: Clock) -> None:
        """Prepare; nothing is read and nothing is sent yet.

        Args:
            section: the record, and the places that it can point to.
            route53: where it is, and with which credentials.
            clock: tells the time.
        """
        self._wanted = Wanted.of(section)
        self._zone = route53.hosted_zone_id
        self._nameservers = section.nameservers
        self._clock = clock
        account = AwsSection(
            profile=route53.profile,
            role_arn=route53.role_arn,
            endpoint_url=route53.endpoint_url,
            timeout=REQUEST_WITHIN,
        )
        self._account = Account("traffic", account, clock)
        self._pending: Submitted | None = None

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._account.close()

    async def read(self) -> TrafficReading:
        """Read the live records; see `TrafficBackend`."""
        records, generations = await self._live(READ_WITHIN)
        shares = self._shares(records)
        generation = [value["Value"] for record in generations for value in record.get("ResourceRecords", ())]
        live, read_at = [*records, *generations], self._clock.now()
        return self._wanted.reading("route53", shares, generation, live, read_at=read_at, pending=self._pending)

    async def submit(self, read: TrafficReading, shares: Mapping[Place, int], generation: int) -> str:
        """Replace the records that were read in one batch; see `TrafficBackend`."""
        self._wanted.checked(read, shares, generation)
        ends_at = self._clock.monotonic() + SUBMIT_WITHIN.total_seconds()
        batch = {"Comment": f"wedtui generation {generation}", "Changes": self._changes(read, shares, generation)}
        await self._credentials(SUBMIT_WITHIN)
        attempt = 0
        while True:
            try:
                page = await self._ask(
                    ends_at, "change_resource_record_sets", HostedZoneId=self._zone, ChangeBatch=batch
                )
                break
            except CallError as error:
                pause = max(backoff_s(attempt), error.wait_s)
                late = self._clock.monotonic() + pause + WORTH_S >= ends_at
                if late or not (error.unsent or error.code in THROTTLED):
                    raise await self._refusal(error, read, ends_at) from None
            attempt += 1
            await asyncio.sleep(pause)
        submission = str(page.get("ChangeInfo", {}).get("Id") or "").removeprefix("/change/")
        if not submission:
            raise _unknown(self._wanted.name, "Route 53 answered without the id of a change")
        self._pending = Submitted(generation, submission)
        return submission

    async def in_sync(self, submission: str) -> bool:
        """Return whether every server of Route 53 has the change; see `TrafficBackend`."""
        page = await self._patiently(READ_WITHIN, "get_change", Id=submission)
        status = page.get("ChangeInfo", {}).get("Status")
        if status not in {"PENDING", "INSYNC"}:
            raise ProviderUnavailableError("GetChange answered with what cannot be used: no status of a change")
        if status == "INSYNC" and self._pending is not None and self._pending.id == submission:
            self._pending = None
        return bool(status == "INSYNC")

    async def told(self, generation: int) -> bool:
        """Ask the servers of the zone; see `TrafficBackend`."""
        return await told(self._wanted, self._nameservers or await self._delegated(), generation)

    async def answers(self, count: int) -> Mapping[Place, int]:
        """Ask the servers of the zone; see `TrafficBackend`."""
        return await sample(self._wanted, await found(self._nameservers or await self._delegated()), count)

    async def _delegated(self) -> tuple[str, ...]:
        page = await self._patiently(READ_WITHIN, "get_hosted_zone", Id=self._zone)
        return tuple(map(str, page.get("DelegationSet", {}).get("NameServers", ())))

    async def _live(self, within: timedelta) -> tuple[list[Record], list[Record]]:
        """Return every record of the name that sends customers somewhere, and those of its generation.

        Raises:
            ProviderUnavailableError: they could not be read whole.
        """
        ends_at = self._clock.monotonic() + within.total_seconds()
        records = await self._named(self._wanted.name, ends_at)
        generations = await self._named(self._wanted.generation_name, ends_at)
        return (
            [record for record in records if record["Type"] in ADDRESSING],
            [record for record in generations if record["Type"] == "TXT"],
        )

    async def _named(self, name: str, ends_at: float) -> list[Record]:
        """Return every record of a name: they follow each other in the order of the listing."""
        start: dict[str, str] = {"StartRecordName": name}
        collected: list[Record] = []
        for _number in range(_PAGES_AT_MOST):
            within = timedelta(seconds=max(0.0, ends_at - self._clock.monotonic()))
            page = await self._patiently(within, "list_resource_record_sets", HostedZoneId=self._zone, **start)
            listed = page.get("ResourceRecordSets")
            if not isinstance(listed, list) or "IsTruncated" not in page:
                raise ProviderUnavailableError("ListResourceRecordSets was not answered whole: it has no list")
            collected += [_tidied(record) for record in listed if _plain(str(record.get("Name"))) == name]
            if not page["IsTruncated"] or _plain(str(page.get("NextRecordName"))) != name:
                return collected
            next_one = {key: page.get(key.replace("Start", "Next")) for key in _START}
            if next_one == start:
                break
            start = {key: str(value) for key, value in next_one.items() if value is not None}
        raise ProviderUnavailableError(f"the listing of {name} in Route 53 has no end: ask again")

    def _shares(self, records: list[Record]) -> dict[Place, int]:
        """Return the shares that records give.

        Raises:
            ForeignRecordsError: they are not the set that is configured.
        """
        shares: dict[Place, int] = {}
        problems: list[str] = []
        for record in records:
            spot = next((s for s in self._wanted.spots if s.identifier == record.get("SetIdentifier")), None)
            if (wrong := self._difference(record, spot)) is not None:
                problems.append(f"{_called(record)} {wrong}")
            elif spot is not None and spot.place in shares:
                problems.append(f"{_called(record)} occurs twice")
            elif spot is not None:
                shares[spot.place] = record["Weight"]
        if not records:
            problems.append("there are none")
        self._wanted.foreign(problems or filter(None, [unfit(shares)]))
        return shares

    def _difference(self, record: Record, spot: Spot | None) -> str | None:
        """Return what is not as configured in a record; None where all is."""
        if "AliasTarget" in record:
            return "is an alias"
        if record["Type"] != self._wanted.type:
            return f"is foreign: the type {self._wanted.type} is configured"
        if spot is None:
            return "is foreign: no place has its set identifier"
        if not isinstance(record.get("Weight"), int):
            return "has no weight"
        if record.get("TTL") != self._wanted.ttl_s:
            return f"has a TTL of {record.get('TTL')} s, not of {self._wanted.ttl_s} s"
        expected = self._record(spot, record["Weight"])
        other = sorted(key for key in record.keys() | expected.keys() if record.get(key) != expected.get(key))
        names = {"ResourceRecords": "target", "HealthCheckId": "health check"}
        return f"has another {' and '.join(names.get(key, key) for key in other)}" if other else None

    def _record(self, spot: Spot, weight: int) -> Record:
        record: Record = {
            "Name": self._wanted.name,
            "Type": self._wanted.type,
            "SetIdentifier": spot.identifier,
            "Weight": weight,
            "TTL": self._wanted.ttl_s,
            "ResourceRecords": [{"Value": spot.target}],
        }
        return record if spot.health_check is None else {**record, "HealthCheckId": spot.health_check}

    def _changes(self, read: TrafficReading, shares: Mapping[Place, int], generation: int) -> list[Record]:
        """Return the batch: exactly what was read goes, what is new comes."""
        carrier = {
            "Name": self._wanted.generation_name,
            "Type": "TXT",
            "TTL": self._wanted.ttl_s,
            "ResourceRecords": [{"Value": generation_text(generation)}],
        }
        new = [self._record(self._wanted.spot(place), share) for place, share in sorted(shares.items())]
        return [
            *({"Action": "DELETE", "ResourceRecordSet": record} for record in json.loads(read.records)),
            *({"Action": "CREATE", "ResourceRecordSet": record} for record in [*new, carrier]),
        ]

    async def _refusal(self, error: CallError, read: TrafficReading, ends_at: float) -> WedtuiError:
        """Return what it means that a change was not accepted."""
        if error.code in _NOT_THOSE:
            return await self._not_those(error, read, ends_at)
        if error.code in THROTTLED or (error.unsent and error.reach is Reach.UNREACHABLE):
            return NotNowError(str(error), wait_s=error.wait_s)
        if error.unsent or error.code in _REFUSED or error.reach in _REFUSING:
            return self._unavailable(error)
        return _unknown(self._wanted.name, str(error))

    async def _not_those(self, error: CallError, read: TrafficReading, ends_at: float) -> WedtuiError:
        """Return whether other records were live, or the batch itself was refused: its code alone does not tell."""
        name = self._wanted.name
        try:
            live = await self._live(timedelta(seconds=max(0.0, ends_at - self._clock.monotonic())))
        except ProviderUnavailableError:
            return ConflictError(
                f"Route 53 refused the change of {name} ({error.code}), and nothing was changed: read and plan again"
            )
        if canonical([*live[0], *live[1]]) != read.records:
            return ConflictError(f"the records of {name} are not those that were read any more: read and plan again")
        return ProviderUnavailableError(
            f"Route 53 refuses the change of {name} as invalid ({error.code}): check the targets of traffic.places"
        )

    async def _credentials(self, within: timedelta) -> None:
        """Have credentials before anything is sent.

        Raises:
            ProviderUnavailableError: there are none that can be used.
        """
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._account.home(of_partition=True)
        except TimeoutError:
            raise ProviderUnavailableError(
                f"the credentials for {self._wanted.name} in Route 53 were not found in {within.total_seconds():g} s: "
                "check the profile"
            ) from None
        except CallError as error:
            raise self._unavailable(error) from None

    async def _ask(self, ends_at: float, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Ask once, until then at the longest.

        Raises:
            CallError: no whole answer came.
        """
        left = ends_at - self._clock.monotonic()
        if left <= 0:
            raise CallError(Reach.UNREACHABLE, f"there was no time left for {operation}", unsent=True)
        try:
            async with asyncio.timeout(left):
                region = await self._account.home(of_partition=True)
                return await self._account.ask(Counter(), "route53", region, operation, **parameters)
        except TimeoutError:
            raise CallError(Reach.UNREACHABLE, f"Route 53 did not answer {operation} in time") from None

    async def _patiently(self, within: timedelta, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Ask for what changes nothing, and again while that may help.

        Raises:
            ProviderUnavailableError: no whole answer came.
        """
        ends_at = self._clock.monotonic() + within.total_seconds()
        attempt = 0
        while True:
            try:
                return await self._ask(ends_at, operation, **parameters)
            except CallError as error:
                pause = max(backoff_s(attempt), error.wait_s)
                if not error.again or self._clock.monotonic() + pause + WORTH_S >= ends_at:
                    raise self._unavailable(error) from None
            attempt += 1
            await asyncio.sleep(pause)

    def _unavailable(self, error: CallError) -> ProviderUnavailableError:
        if error.reach in {Reach.EXPIRED, Reach.REJECTED, Reach.NO_CREDENTIALS}:
            self._account.forget_credentials()
        return ProviderUnavailableError(_WORDS.get(error.code or "", str(error)), wait_s=error.wait_s)


_START = ("StartRecordName", "StartRecordType", "StartRecordIdentifier")


def _unknown(name: str, why: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"the change of {name} was sent to Route 53 and may or may not have been applied ({why}): "
        "read the records before anything else"
    )


def _plain(name: str) -> str:
    """Return a name as configurations have it: in small letters, with `*` where Route 53 writes its code."""
    return name.lower().replace("\\052", "*")


def _tidied(record: Mapping[str, Any]) -> Record:
    return {**record, "Name": _plain(str(record["Name"]))}


def _called(record: Record) -> str:
    identifier = record.get("SetIdentifier")
    return f'the {record["Type"]} record "{identifier}"' if identifier else f"a simple {record['Type']} record"
