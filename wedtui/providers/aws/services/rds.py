"""RDS: databases and clusters, and the newest moment to which each can be restored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from wedtui.clock import Clock
from wedtui.config import AwsSection
from wedtui.core import resource_state as meaning
from wedtui.core.inventory import BACKUP_WARNING
from wedtui.core.resource import Resource, elsewhere
from wedtui.core.resource_state import Meaning
from wedtui.core.state import State
from wedtui.providers.aws.calls import Calls, Found, Listing, outcomes
from wedtui.providers.aws.faults import CallError
from wedtui.providers.aws.services.base import Pace, Scope, Service, instant, newest, tags_of, text

INSTANCES = Listing("describe_db_instances", ("DBInstances",), "Marker", "Marker", ("MaxRecords", 100))
CLUSTERS = Listing("describe_db_clusters", ("DBClusters",), "Marker", "Marker", ("MaxRecords", 100))
SNAPSHOTS = Listing("describe_db_snapshots", ("DBSnapshots",), "Marker", "Marker", ("MaxRecords", 100))
CLUSTER_SNAPSHOTS = Listing(
    "describe_db_cluster_snapshots", ("DBClusterSnapshots",), "Marker", "Marker", ("MaxRecords", 100)
)

_ARN_PARTS = 7

Moments = dict[str, datetime]
"""The newest finished snapshot of each database or cluster."""


class Databases(Service):
    """Database instances and clusters."""

    name: ClassVar[str] = "rds"
    client: ClassVar[str] = "rds"
    scope: ClassVar[Scope] = Scope.REGION
    pace: ClassVar[Pace] = Pace.STATUS

    def __init__(self, section: AwsSection, clock: Clock) -> None:
        self._every_s = section.inventory_interval.total_seconds()
        self._clock = clock
        self._snapshots: dict[tuple[str, str], tuple[float, Moments]] = {}

    async def read(self, calls: Calls) -> Found:
        """List databases and clusters; what of it cannot be read is named."""
        instances, clusters = await outcomes([calls.entries(INSTANCES), calls.entries(CLUSTERS)])
        if isinstance(instances, CallError) and isinstance(clusters, CallError):
            raise instances
        found = Found()
        now = calls.now()
        if isinstance(instances, CallError):
            found.missing.append(f"databases are missing: {instances}")
        else:
            bare = any(not e.get("BackupRetentionPeriod") for e in instances)
            moments = await self._moments(calls, found, SNAPSHOTS, "DBInstanceIdentifier") if bare else {}
            found.resources += [database(e, moments, calls.region, now) for e in instances]
            found.kinds.add("rds.instance")
        if isinstance(clusters, CallError):
            found.missing.append(f"clusters are missing: {clusters}")
        else:
            bare = any(not e.get("LatestRestorableTime") for e in clusters)
            moments = await self._moments(calls, found, CLUSTER_SNAPSHOTS, "DBClusterIdentifier") if bare else {}
            found.resources += [cluster(e, moments, calls.region, now) for e in clusters]
            found.kinds.add("rds.cluster")
        return found

    async def _moments(self, calls: Calls, found: Found, listing: Listing, key: str) -> Moments | None:
        """Return the newest snapshots, which are only asked where something has no automatic backups; seldom."""
        read, known = self._snapshots.get((calls.region, key), (-float("inf"), None))
        if self._clock.monotonic() - read < self._every_s:
            return known
        try:
            entries = await calls.entries(listing)
        except CallError as error:
            found.missing.append(f"snapshots are missing: {error}")
            return known
        moments = newest_snapshots(entries, key)
        self._snapshots[calls.region, key] = (self._clock.monotonic(), moments)
        return moments


def newest_snapshots(entries: Iterable[Mapping[str, Any]], key: str) -> Moments:
    """Return when the newest finished snapshot of each database was made."""
    found: Moments = {}
    for entry in entries:
        # One that is still being made has no time.
        at, owner = instant(entry.get("SnapshotCreateTime")), entry.get(key)
        if at is not None and owner and entry.get("Status") == "available":
            found[owner] = max(at, found.get(owner, at))
    return found


def database(entry: Mapping[str, Any], moments: Moments | None, region: str, now: datetime) -> Resource:
    """Return a database. Backups are not asked of replicas and of members of a cluster, which has them."""
    identifier, status = text(entry, "DBInstanceIdentifier"), str(entry.get("DBInstanceStatus", ""))
    follows = entry.get("ReadReplicaSourceDBInstanceIdentifier")
    ought = None if follows or entry.get("DBClusterIdentifier") else True
    created_at = instant(entry.get("InstanceCreateTime"))
    backed_up_at = newest(instant(entry.get("LatestRestorableTime")), (moments or {}).get(identifier))
    judged = _judged(status, _backups(moments, ought, created_at, backed_up_at, now=now))
    return Resource(
        kind="rds.instance",
        region=region,
        id=identifier,
        name=identifier,
        status=status,
        state=judged.state,
        detail=judged.detail,
        tags=tags_of(entry, "TagList"),
        depends_on=(_source(str(follows), entry.get("DBInstanceArn"), region),) if follows else (),
        created_at=created_at,
        backed_up_at=backed_up_at,
        backed_up=ought,
    )


def _source(follows: str, own_arn: object, region: str) -> str:
    """Return what a replica follows as the inventory knows it: one in another region comes as its ARN."""
    # arn:PARTITION:rds:REGION:ACCOUNT:db:NAME
    source, own = follows.split(":"), str(own_arn or "").split(":")
    if len(source) != _ARN_PARTS or source[4:6] != own[4:6]:
        return follows  # a name of this region; or a database of another account, which is not listed here
    return source[6] if source[3] == region else elsewhere(source[3], source[6])


def cluster(entry: Mapping[str, Any], moments: Moments | None, region: str, now: datetime) -> Resource:
    """Return a cluster, which rests on its members, and on the cluster that it follows."""
    follows = entry.get("ReplicationSourceIdentifier")
    source = [_source(str(follows), entry.get("DBClusterArn"), region)] if follows else []
    members = [str(m["DBInstanceIdentifier"]) for m in entry.get("DBClusterMembers") or ()]
    identifier, status = text(entry, "DBClusterIdentifier"), str(entry.get("Status", ""))
    created_at = instant(entry.get("ClusterCreateTime"))
    backed_up_at = newest(instant(entry.get("LatestRestorableTime")), (moments or {}).get(identifier))
    judged = _judged(status, _backups(moments, True, created_at, backed_up_at, now=now))
    return Resource(
        kind="rds.cluster",
        region=region,
        id=identifier,
        name=identifier,
        status=status,
        state=judged.state,
        detail=judged.detail,
        tags=tags_of(entry, "TagList"),
        depends_on=tuple(sorted({*members, *source})),
        created_at=created_at,
        backed_up_at=backed_up_at,
        backed_up=True,
    )


def _judged(status: str, backups: Meaning) -> Meaning:
    return meaning.worse(meaning.database(status), backups)


def _backups(
    moments: Moments | None,
    ought: bool | None,
    created_at: datetime | None,
    backed_up_at: datetime | None,
    *,
    now: datetime,
) -> Meaning:
    """Judge backups; a database of today may have none yet, and of what could not be looked for nobody can tell."""
    if backed_up_at is None and ought:
        if moments is None:
            return Meaning(State.UNKNOWN, "its backups are not known")
        if created_at is not None and now - created_at < BACKUP_WARNING:
            return meaning.OK
    return meaning.backup(backed_up_at, now, ought=ought)
