"""What the words mean that a provider has for its resources.

A word that nobody here knows is UNKNOWN, never OK. What was stopped on purpose, is not used, or is only being
set up is no failure. Words are those of the vendors' API references; where a rule is ours, its docstring says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from wedtui.core.inventory import BACKUP_WARNING, CERTIFICATE_CRITICAL, CERTIFICATE_WARNING
from wedtui.core.state import State, badness

# Backups are made daily: after three days several were missed.
BACKUP_CRITICAL = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status means, and why it is not OK or what else there is to say, in a few words."""

    state: State
    detail: str | None = None


OK = Meaning(State.OK)


def worse(*meanings: Meaning) -> Meaning:
    """Return the worst of several meanings, with every detail of those that are as bad."""
    if all(m is OK for m in meanings):  # of ten thousand things nearly all are well
        return OK
    top = max((m.state for m in meanings), key=badness)
    details = dict.fromkeys(m.detail for m in meanings if m.state is top and m.detail)
    return Meaning(top, "; ".join(details) or None)


# EC2 InstanceState (API reference): a stopped instance was stopped by someone, a terminated one lingers in lists.
_INSTANCE = frozenset({"running", "pending", "stopping", "stopped", "shutting-down", "terminated"})
_CHECKED = frozenset({"ok", "initializing", "not-applicable"})


def instance(status: str, checks: Sequence[tuple[str, str]] | None, events: Sequence[str] = ()) -> Meaning:
    """Judge a virtual machine.

    Args:
        status: its state, such as `running`.
        checks: name and outcome of each status check (`system`, `impaired`); None where they could not be read.
        events: what the provider has planned for it (`instance-retirement`).
    """
    # Of ten thousand machines nearly all are the same.
    return _instance(status, None if checks is None else tuple(checks), tuple(events))


@lru_cache(maxsize=1000)
def _instance(status: str, checks: tuple[tuple[str, str], ...] | None, events: tuple[str, ...]) -> Meaning:
    if status not in _INSTANCE:
        return Meaning(State.UNKNOWN, f'its state "{status}" is not known')
    if status != "running":
        # No failure, and nothing that serves either: whoever looks for it wants to see that.
        return Meaning(State.OK, status)
    if checks is None:
        return Meaning(State.UNKNOWN, "its status checks are not known")
    planned = [Meaning(State.DEGRADED, f"planned: {event}") for event in events]
    return worse(OK, *planned, *(_check(name, outcome) for name, outcome in checks))


def _check(name: str, outcome: str) -> Meaning:
    if outcome == "impaired":
        return Meaning(State.CRITICAL, f"{name} status check impaired")
    if outcome == "initializing":
        return Meaning(State.OK, "status checks are initializing")
    if outcome in _CHECKED:
        return OK
    return Meaning(State.UNKNOWN, f"{name} status check: {outcome}")


# RDS "Viewing DB instance status" and "Viewing DB cluster status" (user guide): a status in which the database serves.
_DATABASE_SERVES = frozenset(
    {
        "available",
        "backing-up",
        "backtracking",
        "configuring-enhanced-monitoring",
        "configuring-iam-database-auth",
        "configuring-log-exports",
        "modifying",
        "moving-to-vpc",
        "renaming",
        "resetting-master-credentials",
        "storage-config-upgrade",
        "storage-initialization",
        "storage-optimization",
        "converting-to-vpc",
        "promoting",
        "migrating",
        "update-iam-db-auth",
    }
)
# Made, removed or stopped by someone.
_DATABASE_ON_PURPOSE = frozenset(
    {"creating", "deleting", "stopped", "stopping", "starting", "cloning", "delete-precheck"}
)
_DATABASE_SHORT_BREAK = frozenset({"rebooting", "failing-over", "maintenance", "upgrading"})
_DATABASE_HURT = frozenset(
    {"incompatible-credentials", "incompatible-create", "insufficient-capacity", "incompatible-option-group"}
)
_DATABASE_DOWN = frozenset(
    {
        "failed",
        "storage-full",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "incompatible-network",
        "incompatible-parameters",
        "incompatible-restore",
        "restore-error",
        "cloning-failed",
        "migration-failed",
    }
)


def database(status: str) -> Meaning:
    """Judge a database instance or cluster by its status."""
    if status in _DATABASE_SERVES or status in _DATABASE_ON_PURPOSE:
        return OK
    if status in _DATABASE_SHORT_BREAK or status in _DATABASE_HURT:
        return Meaning(State.DEGRADED, status)
    if status in _DATABASE_DOWN:
        return Meaning(State.CRITICAL, status)
    return Meaning(State.UNKNOWN, f'its status "{status}" is not known')


_TARGET_STATES = frozenset(
    {"initial", "healthy", "unhealthy", "unhealthy.draining", "unused", "draining", "unavailable"}
)


def target_group(states: Sequence[str], *, attached: bool) -> tuple[str, Meaning]:
    """Judge a load balancer's target group by the states of its targets.

    Ours: what counts are targets that are meant to serve, so neither `unused` nor `draining` ones; one that is
    still `initial` is neither good nor bad. Where all that serve are on their way out, nobody serves.

    Returns:
        A word for the group, which the vendor has none for, and what it means.
    """
    if not attached:
        return "unused", OK
    if not states:
        return "empty", Meaning(State.DEGRADED, "no target is registered")
    strange = sorted({s for s in states if s not in _TARGET_STATES})
    if strange:
        return strange[0], Meaning(State.UNKNOWN, f'the state "{strange[0]}" of a target is not known')
    count = Counter(states)
    bad = count["unhealthy"] + count["unhealthy.draining"]
    if bad:
        serving = count["healthy"] + bad
        state = State.DEGRADED if count["healthy"] else State.CRITICAL
        return "unhealthy", Meaning(state, f"{bad} of {serving} targets are unhealthy")
    word = next(w for w in _TARGETS_ARE if count[w])
    return word, _TARGETS_ARE[word]


# The best of a group none of whose targets is unhealthy, first.
_TARGETS_ARE = {
    "healthy": OK,
    "unavailable": Meaning(State.UNKNOWN, "its targets are not checked"),
    "initial": Meaning(State.UNKNOWN, "its targets are still being registered"),
    "draining": Meaning(State.DEGRADED, "no target serves, all are draining"),
    "unused": OK,
}


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment of a container service, as far as it is judged."""

    status: str
    """PRIMARY, ACTIVE or INACTIVE."""
    rollout: str | None = None
    """COMPLETED, IN_PROGRESS or FAILED; None where the provider does not say."""
    failed_tasks: int = 0


def container_service(status: str, desired: int, running: int, deployments: Sequence[Deployment] = ()) -> Meaning:
    """Judge a container service: by what runs beside what should, and by how its newest deployment goes."""
    if status in {"DRAINING", "INACTIVE"}:
        return OK
    if status != "ACTIVE":
        return Meaning(State.UNKNOWN, f'its status "{status}" is not known')
    found = [OK]
    if running < desired:
        state = State.DEGRADED if running else State.CRITICAL
        found.append(Meaning(state, f"{running} of {desired} tasks run"))
    for deployment in deployments:
        if deployment.status != "PRIMARY":
            continue
        if deployment.rollout == "FAILED":
            found.append(Meaning(State.DEGRADED, "its newest deployment failed"))
        elif deployment.rollout == "IN_PROGRESS" and deployment.failed_tasks:
            tasks = f"{deployment.failed_tasks} tasks of its newest deployment failed"
            found.append(Meaning(State.DEGRADED, tasks))
        elif deployment.rollout == "IN_PROGRESS":
            found.append(Meaning(State.OK, "its newest deployment is under way"))
    verdict = worse(*found)
    details = "; ".join(m.detail for m in found if m.detail)
    return Meaning(verdict.state, details or None)


def scaling_group(
    least: int, desired: int, lifecycles: Sequence[tuple[str, str]], suspended: Sequence[str] = ()
) -> Meaning:
    """Judge a group of machines that scales itself.

    Ours: one that is starting does not serve yet, and one that never gets further would be starting for ever.

    Args:
        least: how many there must be.
        desired: how many there should be.
        lifecycles: lifecycle state and health of each (`InService`, `Healthy`).
        suspended: its processes that are switched off.
    """
    good = sum(state == "InService" and health.lower() == "healthy" for state, health in lifecycles)
    starting = sum(state.startswith("Pending") for state, _health in lifecycles)
    found = [OK]
    if good < max(least, desired):
        wanted = f"at least {least}" if good < least else str(desired)
        words = f"{good} of {wanted} machines serve" + (f", {starting} starting" if starting else "")
        found.append(Meaning(State.DEGRADED if good else State.CRITICAL, words))
    off = sorted(set(suspended) & {"Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy"})
    if off:
        found.append(Meaning(State.DEGRADED, f"suspended: {', '.join(off)}"))
    return worse(*found)


# Target tracking makes pairs of these; the low one is in ALARM all day while nothing is wrong.
_SCALING_ALARM = "TargetTracking-"


def alarm(name: str, value: str, reason: str | None = None) -> Meaning:
    """Judge an alarm of the provider's own monitoring; one without data is UNKNOWN, not OK."""
    if value == "OK":
        return OK
    if value == "ALARM":
        if name.startswith(_SCALING_ALARM):
            return Meaning(State.OK, "it steers scaling")
        return Meaning(State.CRITICAL, reason or "in alarm")
    return Meaning(State.UNKNOWN, "no data" if value == "INSUFFICIENT_DATA" else f'its state "{value}" is not known')


_CERTIFICATE_DEAD = frozenset({"EXPIRED", "REVOKED", "FAILED", "VALIDATION_TIMED_OUT"})


def certificate(status: str, expires_at: datetime | None, now: datetime, *, in_use: bool) -> Meaning:
    """Judge a certificate by its status and by how long it is valid; one that nothing uses is no failure."""
    if status not in _CERTIFICATE_DEAD | {"ISSUED", "PENDING_VALIDATION", "INACTIVE"}:
        return Meaning(State.UNKNOWN, f'its status "{status}" is not known')
    if not in_use:
        until = f", valid until {expires_at:%Y-%m-%d}" if expires_at is not None else ""
        return Meaning(State.OK, f"not in use{until}")
    if status != "ISSUED":
        state = State.CRITICAL if status in _CERTIFICATE_DEAD else State.DEGRADED
        return Meaning(state, status.lower().replace("_", " "))
    if expires_at is None:
        return Meaning(State.UNKNOWN, "when it expires is not known")
    return expiry(expires_at, now)


def expiry(expires_at: datetime, now: datetime) -> Meaning:
    """Judge something that is used until it ends."""
    left = expires_at - now
    if left > CERTIFICATE_WARNING:
        return OK
    state = State.CRITICAL if left <= CERTIFICATE_CRITICAL else State.DEGRADED
    return Meaning(state, f"expires in {left.days} d" if left > timedelta() else "has expired")


def volume(status: str) -> Meaning:
    """Judge a disk by its status."""
    if status in {"in-use", "available", "creating", "deleting", "deleted"}:
        return OK
    if status == "error":
        return Meaning(State.CRITICAL, "error")
    return Meaning(State.UNKNOWN, f'its status "{status}" is not known')


def backup(backed_up_at: datetime | None, now: datetime, *, ought: bool | None) -> Meaning:
    """Judge the age of the newest backup; what need not have any is OK."""
    if not ought:
        return OK
    if backed_up_at is None:
        return Meaning(State.DEGRADED, "it has no backup")
    age = now - backed_up_at
    if age <= BACKUP_WARNING:
        return OK
    words = f"{age.days} d" if age >= timedelta(days=2) else f"{age // timedelta(hours=1)} h"
    return Meaning(State.CRITICAL if age > BACKUP_CRITICAL else State.DEGRADED, f"newest backup is {words} old")
