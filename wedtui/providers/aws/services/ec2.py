"""EC2: virtual machines with their status checks, and disks with their snapshots.

Status checks are asked each round, names and tags less often: to list 10,000 machines with all that is known of
them takes the processor a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from wedtui.clock import Clock
from wedtui.config import AwsSection
from wedtui.core import resource_state as meaning
from wedtui.core.resource import Resource
from wedtui.core.resource_state import Meaning
from wedtui.core.state import State
from wedtui.core.wording import duration
from wedtui.errors import StoreError
from wedtui.providers.aws.calls import Calls, Found, Listing, outcomes
from wedtui.providers.aws.faults import CallError
from wedtui.providers.aws.guard import Page
from wedtui.providers.aws.services.base import Pace, Scope, Service, instant, tags_of, text

if TYPE_CHECKING:
    from wedtui.cache.remembered import Remembered

INSTANCES = Listing("describe_instances", ("Reservations",), size=("MaxResults", 1000))
STATUSES = Listing("describe_instance_status", ("InstanceStatuses",), size=("MaxResults", 1000))
VOLUMES = Listing("describe_volumes", ("Volumes",), size=("MaxResults", 500))
SNAPSHOTS = Listing("describe_snapshots", ("Snapshots",), size=("MaxResults", 1000))

# Machines that are no more stay in lists for an hour.
GONE = "terminated"


class _Inventory:
    """What is known of the machines of one region beside their status."""

    def __init__(self, entries: dict[str, Resource], read_at: datetime, read: float) -> None:
        self.entries = entries
        """By id, with the status of the last round."""
        self.read_at = read_at
        self.read = read
        """Monotonic seconds."""


class Instances(Service):
    """Virtual machines."""

    name: ClassVar[str] = "ec2"
    client: ClassVar[str] = "ec2"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.STATUS

    def __init__(self, section: AwsSection, clock: Clock) -> None:
        self._every_s = section.inventory_interval.total_seconds()
        self._clock = clock
        self._known: dict[str, _Inventory] = {}

    async def read(self, calls: Calls) -> Found:
        """List every machine with its checks; with names and tags where they are known."""
        known = self._known.get(calls.region)
        due = known is None or self._clock.monotonic() - known.read >= self._every_s
        listing = [self._renew(calls)] if due else []
        (statuses, *renewed) = await outcomes([calls.pages(STATUSES, IncludeAllInstances=True), *listing])
        known = self._known.get(calls.region)
        if isinstance(statuses, CallError):
            return await self._without_checks(calls, known, statuses, bool(renewed) and renewed[0] is None)
        assert statuses is not None
        pages = statuses
        entries: dict[str, Resource] = known.entries if known else {}
        found = Found(kinds={"ec2.instance"})
        found.resources = await calls.work(lambda: list(_joined(pages, entries, calls.region)))
        for error in renewed:
            if isinstance(error, CallError):
                age = f"are {duration(calls.now() - known.read_at)} old" if known else "are missing"
                found.missing.append(f"names and tags {age}: {error}")
        return found

    async def _renew(self, calls: Calls) -> None:
        pages = await calls.pages(INSTANCES)
        entries = await calls.work(lambda: {r.id: r for page in pages for r in instances(page, calls.region)})
        self._known[calls.region] = _Inventory(entries, calls.now(), self._clock.monotonic())

    async def _without_checks(
        self, calls: Calls, known: _Inventory | None, error: CallError, just_listed: bool
    ) -> Found:
        """Return what a list of this very round says, where only the checks could not be read."""
        if known is None or not just_listed:
            raise error
        listed = list(known.entries.values())
        return Found(resources=listed, kinds={"ec2.instance"}, missing=[f"status checks are missing: {error}"])


def instances(page: Page, region: str) -> Iterable[Resource]:
    """Yield the machines of a page of DescribeInstances; without checks a running one is UNKNOWN."""
    for reservation in page["Reservations"]:
        for entry in reservation.get("Instances") or ():
            status = str((entry.get("State") or {}).get("Name", ""))
            if status == GONE:
                continue
            tags = tags_of(entry)
            meant = meaning.instance(status, None)
            identifier = text(entry, "InstanceId")
            yield Resource(
                kind="ec2.instance",
                region=region,
                id=identifier,
                name=dict(tags).get("Name") or identifier,
                status=status,
                state=meant.state,
                detail=meant.detail,
                tags=tags,
                depends_on=_rests_on(entry),
                created_at=instant(entry.get("LaunchTime")),
            )


def _rests_on(entry: Mapping[str, Any]) -> tuple[str, ...]:
    disks = (d.get("Ebs", {}).get("VolumeId") for d in entry.get("BlockDeviceMappings") or ())
    return tuple(sorted(d for d in disks if d))


def _joined(pages: Sequence[Page], known: dict[str, Resource], region: str) -> Iterable[Resource]:
    """Yield every machine of the pages of DescribeInstanceStatus, with what is known of it; keep those listed anew."""
    for page in pages:
        for entry in page["InstanceStatuses"]:
            identifier = text(entry, "InstanceId")
            status = str((entry.get("InstanceState") or {}).get("Name", ""))
            if status == GONE:
                continue
            meant = meaning.instance(status, checks(entry), planned(entry))
            listed = known.get(identifier)
            if listed is None:
                yield Resource("ec2.instance", region, identifier, identifier, status, meant.state, meant.detail)
                continue
            # Of ten thousand machines nearly all are as they were a round ago.
            if (listed.status, listed.state, listed.detail) != (status, meant.state, meant.detail):
                known[identifier] = listed = replace(listed, status=status, state=meant.state, detail=meant.detail)
            yield listed


_CHECKS = (("SystemStatus", "system"), ("InstanceStatus", "instance"), ("AttachedEbsStatus", "disk"))


def checks(entry: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Return name and outcome of each status check that an entry tells of; None without any."""
    found = [(name, str(entry[key].get("Status", ""))) for key, name in _CHECKS if isinstance(entry.get(key), dict)]
    return found or None


def planned(entry: Mapping[str, Any]) -> list[str]:
    """Return what is planned for a machine; what is over stays in the list for a week, marked in its description."""
    events = entry.get("Events") or ()
    over = ("[Completed]", "[Canceled]")
    return [str(e.get("Code", "event")) for e in events if not str(e.get("Description", "")).startswith(over)]


class Disks(Service):
    """Disks, and how old the newest snapshot of each is."""

    name: ClassVar[str] = "ebs"
    client: ClassVar[str] = "ec2"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.INVENTORY

    def __init__(self, remembered: Remembered | None = None) -> None:
        """Know nothing but what the cache remembers of backups."""
        self._remembered = remembered
        self._snapshots: dict[str, dict[str, datetime]] = {}
        """By region, what the last list of snapshots that could be read said."""
        self._had: dict[str, dict[str, datetime | None]] = {}
        """By region, the disks of which there ever were snapshots, and how new the newest known last was."""

    async def read(self, calls: Calls) -> Found:
        """List every disk with its newest finished snapshot, or with the one known last where they cannot be read."""
        volumes, snapshots = await outcomes([calls.entries(VOLUMES), calls.entries(SNAPSHOTS, OwnerIds=["self"])])
        if not isinstance(snapshots, CallError):
            self._snapshots[calls.region] = newest_snapshots(snapshots, calls.account.whose.account)
        if isinstance(volumes, CallError):
            raise volumes
        missing = [f"snapshots are missing: {snapshots}"] if isinstance(snapshots, CallError) else []
        known = self._snapshots.get(calls.region)
        had = {**self._had.get(calls.region, {}), **(known or {})}
        try:
            # Each time: since this service last asked here another may have.
            had = {**await self._stored(calls), **had}
        except StoreError as error:
            missing.append(f"which disks had backups cannot be looked up: {error}")
        now = calls.now()
        resources = [disk(entry, known, calls.region, now, had=had) for entry in volumes]
        self._had[calls.region] = {r.id: had[r.id] for r in resources if r.id in had}
        return Found(resources, {"ec2.volume"}, missing)

    async def _stored(self, calls: Calls) -> dict[str, datetime | None]:
        """Return what was known of backups before this service began.

        Raises:
            StoreError: it cannot be looked up.
        """
        if self._remembered is None:
            return {}
        return await asyncio.to_thread(self._remembered.backed_up, calls.account.provider, "ec2.volume", calls.region)


NOTHING_HAD: Mapping[str, datetime | None] = {}


def newest_snapshots(entries: Iterable[Mapping[str, Any]], owner: str | None) -> dict[str, datetime]:
    """Return when the newest finished snapshot of each disk was begun: it holds the disk of that moment.

    Args:
        entries: of DescribeSnapshots.
        owner: the account's number: whoever forgets `OwnerIds` gets every public snapshot there is.
    """
    found: dict[str, datetime] = {}
    for entry in entries:
        at, volume = instant(entry.get("StartTime")), entry.get("VolumeId")
        foreign = owner is not None and entry.get("OwnerId") != owner
        if at is None or not volume or foreign or entry.get("State") != "completed":
            continue
        found[volume] = max(at, found.get(volume, at))
    return found


def disk(
    entry: Mapping[str, Any],
    snapshots: Mapping[str, datetime] | None,
    region: str,
    now: datetime,
    *,
    had: Mapping[str, datetime | None] = NOTHING_HAD,
) -> Resource:
    """Return a disk.

    A disk of which there are snapshots ought to have new ones; of one that never had any nobody can tell.

    Args:
        entry: of DescribeVolumes.
        snapshots: when the newest one of each disk was begun; None where they could never be read.
        region: where it is.
        now: the present instant.
        had: the disks of which there were snapshots at some time, and when the newest known last was begun.
    """
    identifier, status, tags = text(entry, "VolumeId"), str(entry.get("State", "")), tags_of(entry)
    backed_up_at = had.get(identifier) if snapshots is None else snapshots.get(identifier)
    ought = True if backed_up_at is not None or identifier in had else None
    if snapshots is None and not ought:
        backups = Meaning(State.UNKNOWN, "its backups are not known")
    elif ought and backed_up_at is None:
        # Whatever the age of the one that was deleted: this is no better.
        backups = Meaning(State.CRITICAL, "it has no backup any more")
    else:
        backups = meaning.backup(backed_up_at, now, ought=ought)
    meant = meaning.worse(meaning.volume(status), backups)
    return Resource(
        kind="ec2.volume",
        region=region,
        id=identifier,
        name=dict(tags).get("Name") or identifier,
        status=status,
        state=meant.state,
        detail=meant.detail,
        tags=tags,
        created_at=instant(entry.get("CreateTime")),
        backed_up_at=backed_up_at,
        backed_up=ought,
    )
