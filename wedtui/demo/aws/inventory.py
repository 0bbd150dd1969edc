"""What the demo's account has, as data: nothing here changes with time, and nothing is anybody's.

The platform lives in one region; a second one, nearer to half of its guests, serves from the first one's databases.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

PROVIDER = "aws"
"""The provider of the world whose account this is."""
ACCOUNT = "111122223333"
USER = "wedtui-demo"
# No secrets: they open nothing but a world that ends with its dashboard.
KEY_ID, KEY = "DEMO", "demo"

MAIN, SECOND = "eu-west-1", "us-east-1"
REGIONS = (MAIN, SECOND)
SWITCHED_OFF = ("af-south-1", "me-south-1")
"""Regions that the account could have."""


def _number(*names: str) -> str:
    """Return seventeen hexadecimal digits that are always the same for the same names, as AWS's ids have."""
    return hashlib.blake2b("/".join(names).encode(), digest_size=9).hexdigest()[:17]


def arn(service: str, region: str, rest: str) -> str:
    """Return a name of something as it is unique in the world."""
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{rest}"


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a machine."""

    name: str
    region: str
    machine: str
    daily_usd: float
    backup_hours: float = 6.0
    """How old its newest snapshot is when the world begins; a new one follows every day, unless that was missed."""

    @property
    def id(self) -> str:
        """`vol-...`."""
        return f"vol-{_number('disk', self.region, self.name)}"


@dataclass(frozen=True, slots=True)
class Machine:
    """A virtual machine."""

    name: str
    region: str
    role: str
    kind: str
    daily_usd: float
    days: int
    """How long before the world it was started."""
    status: str = "running"

    @property
    def id(self) -> str:
        """`i-...`."""
        return f"i-{_number('machine', self.region, self.name)}"


@dataclass(frozen=True, slots=True)
class Group:
    """Machines of one role behind a load balancer, the container service on them, and who scales them."""

    name: str
    region: str
    role: str
    service: str
    """The container service that they run."""
    tasks: int
    scales: bool = False

    @property
    def arn(self) -> str:
        """The target group's."""
        return arn("elasticloadbalancing", self.region, f"targetgroup/{self.name}/{_number('group', self.name)[:16]}")

    @property
    def service_arn(self) -> str:
        """The container service's."""
        return arn("ecs", self.region, f"service/{CLUSTER}/{self.service}")


@dataclass(frozen=True, slots=True)
class Database:
    """A database."""

    name: str
    region: str
    kind: str
    daily_usd: float
    cluster: str | None = None
    follows: str | None = None
    """The ARN of the one that it is a replica of."""

    @property
    def arn(self) -> str:
        """Its own."""
        return arn("rds", self.region, f"db:{self.name}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate."""

    domain: str
    region: str
    days_left: int
    """When the world begins."""
    imported: bool = False
    """Whether somebody has to renew it by hand."""

    @property
    def arn(self) -> str:
        """Its own."""
        return arn("acm", self.region, f"certificate/{_number('certificate', self.domain)}")


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of CloudWatch."""

    name: str
    region: str
    reason: str
    """What it says while it is in alarm."""
    rings_in: str = MAIN
    """In trouble of which region."""

    @property
    def arn(self) -> str:
        """Its own."""
        return arn("cloudwatch", self.region, f"alarm:{self.name}")


def _machines() -> tuple[Machine, ...]:
    fleet = (
        (MAIN, "web", "m6i.large", 4, 2.57, 41),
        (MAIN, "api", "m6i.xlarge", 3, 5.14, 41),
        (MAIN, "media", "c6i.2xlarge", 2, 8.74, 190),
        (SECOND, "web", "m6i.large", 3, 2.3, 27),
        (SECOND, "api", "m6i.xlarge", 2, 4.61, 27),
    )
    served = [
        Machine(f"{role}-{number}", region, role, kind, usd, days)
        for region, role, kind, count, usd, days in fleet
        for number in range(1, count + 1)
    ]
    return (*served, Machine("reports-1", MAIN, "reports", "m6i.large", 0.0, 12, "stopped"))


MACHINES = _machines()
DISKS = (
    Disk("gallery-1", MAIN, "media-1", 5.26),
    Disk("gallery-2", MAIN, "media-2", 5.26),
    Disk("exports", MAIN, "reports-1", 1.05, backup_hours=40.0),
    Disk("uploads-1", SECOND, "api-1", 1.32),
    Disk("uploads-2", SECOND, "api-2", 1.32),
)
CLUSTER = "platform"
"""The cluster of containers in each region."""
GROUPS = (
    Group("rsvp", MAIN, "web", "rsvp", tasks=8, scales=True),
    Group("timeline", MAIN, "api", "timeline", tasks=6, scales=True),
    Group("gallery", MAIN, "media", "gallery", tasks=4),
    Group("rsvp", SECOND, "web", "rsvp", tasks=6, scales=True),
    Group("timeline", SECOND, "api", "timeline", tasks=4),
)
DATABASE_CLUSTER = "weddings"
DATABASES = (
    Database("weddings-1", MAIN, "aurora-postgresql", 13.92, cluster=DATABASE_CLUSTER),
    Database("weddings-2", MAIN, "aurora-postgresql", 13.92, cluster=DATABASE_CLUSTER),
    Database("guests", MAIN, "postgres", 9.31),
    Database("guests-replica", SECOND, "postgres", 8.65, follows=arn("rds", MAIN, "db:guests")),
)
CERTIFICATES = (
    Certificate("rsvp.example.com", MAIN, days_left=212),
    Certificate("gallery.example.com", MAIN, days_left=12, imported=True),
    Certificate("rsvp.example.com", SECOND, days_left=212),
)
ALARMS = (
    Alarm("rsvp-unhealthy-hosts", MAIN, "UnHealthyHostCount 4.0 was greater than the threshold (1.0)"),
    Alarm("timeline-unhealthy-hosts", MAIN, "UnHealthyHostCount 3.0 was greater than the threshold (1.0)"),
    Alarm("gallery-unhealthy-hosts", MAIN, "UnHealthyHostCount 2.0 was greater than the threshold (1.0)"),
    Alarm("rsvp-5xx", MAIN, "HTTPCode_ELB_5XX_Count was greater than the threshold (50.0)"),
    Alarm("guests-cpu", MAIN, "CPUUtilization was greater than the threshold (90.0)", rings_in="nowhere"),
    Alarm("rsvp-unhealthy-hosts", SECOND, "UnHealthyHostCount 2.0 was greater than the threshold (1.0)"),
    Alarm("timeline-unhealthy-hosts", SECOND, "UnHealthyHostCount 1.0 was greater than the threshold (0.0)"),
    Alarm("guests-replica-lag", SECOND, "ReplicaLag was greater than the threshold (60.0)"),
)
COMPOSITE = Alarm("guest-facing", MAIN, "rsvp-unhealthy-hosts and rsvp-5xx are in alarm")
BUCKETS = (("wedding-gallery-originals", MAIN), ("wedding-invitations", MAIN), ("wedding-database-exports", SECOND))

COMPUTE, DISK_BILL, DATABASE_BILL = (
    "Amazon Elastic Compute Cloud - Compute",
    "EC2 - Other",
    "Amazon Relational Database Service",
)
OTHER_BILLS = {"Amazon Simple Storage Service": 21.4, "Amazon Elastic Load Balancing": 6.1, "AmazonCloudWatch": 1.9}
"""What else is paid a day, in US dollars."""


def machines_of(region: str, role: str | None = None) -> tuple[Machine, ...]:
    """Return the machines of a region, or those of one role there."""
    return tuple(m for m in MACHINES if m.region == region and role in {None, m.role})


def groups_of(region: str) -> tuple[Group, ...]:
    """Return the groups of a region."""
    return tuple(g for g in GROUPS if g.region == region)


def bills() -> dict[str, dict[str, float]]:
    """Return what each resource costs a day in US dollars, by the service as bills name it."""
    return {
        COMPUTE: {m.id: m.daily_usd for m in MACHINES if m.daily_usd},
        DISK_BILL: {d.id: d.daily_usd for d in DISKS},
        DATABASE_BILL: {d.arn: d.daily_usd for d in DATABASES},
    }
