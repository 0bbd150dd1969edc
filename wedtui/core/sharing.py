"""Who of several services asks what: one rule over leases, the same in each of them.

A lease is held until an instant of the database's clock and renewed with every heartbeat. It carries a fencing number
that grows each time that it is taken: whoever writes names the number under which they asked, and a number that is not
the lease's own any more is refused (Kleppmann, "Designing Data-Intensive Applications", chapter 8: fencing tokens).
Every service holds the lease of its own vantage. The targets that need to be asked but once are divided among the
vantages by the highest random weight (Thaler and Ravishankar 1998), so that one service more or less moves only what
it gains or loses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wedtui.core.wording import counted, duration, utc_words

# A service that stood still for this long has lost what it held. With a heartbeat each second another has taken it
# over within 10 s; a second more or two where the database is busy still keeps the promise of 15 s.
LEASE = timedelta(seconds=8)
VANTAGE = "vantage "
UNKNOWN_START = datetime(1970, 1, 1, tzinfo=UTC)
HOUSE = "house"
"""Keeping house (roll-ups, pruning, scores, the copy of what persons froze) is divided like a target."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who may ask a target, or watch as a vantage."""

    name: str
    """The key of a target, `house`, or `vantage ` and a name."""
    fence: int
    """Grows each time that it is taken."""
    until: datetime
    """By the database's clock."""
    since: datetime
    """Since when it is held without a gap."""
    holder: str | None
    """The instance of a service; None: it was given back or taken away."""


@dataclass(frozen=True, slots=True)
class Member:
    """One service as the others see it."""

    vantage: str
    instance: str
    digest: str
    """Of what it knows to ask: only services that would ask the same share."""
    started_at: datetime = UNKNOWN_START
    """By the database's clock, which is the same for all."""


@dataclass(frozen=True, slots=True)
class Division:
    """What one service has to do about the leases at its heartbeat."""

    renew: frozenset[str] = frozenset()
    """What it holds and keeps."""
    take: frozenset[str] = frozenset()
    """What nobody holds, or nobody who is alive."""
    give_back: frozenset[str] = frozenset()
    """What it holds and another is to ask from now on."""
    taken_away: frozenset[str] = frozenset()
    """Instances whose leases ran out: whatever they hold is held no more."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """That another service died, and this one noticed first and took what fell to it."""

    vantage: str
    """From where the dead one watched."""
    heard_at: datetime
    """When it last renewed its leases, by the database's clock."""
    at: datetime
    """When it was taken over, by the same."""
    targets: int
    """How many of its targets this one asks from now on."""

    def words(self) -> str:
        """Say it in a sentence that a service says of itself."""
        taken = f"{counted(self.targets, 'target')} of it at {utc_words(self.at)}"
        silent = duration(self.at - self.heard_at)
        return f"{self.vantage} died, last heard {utc_words(self.heard_at)}; it took over {taken}, unasked for {silent}"


TAKEOVER_TOLD_FOR = timedelta(hours=1)
"""How long a takeover is a finding."""


def takeovers(
    members: Iterable[Member], leases: Mapping[str, Lease], division: Division, now: datetime
) -> tuple[Takeover, ...]:
    """Return whom a division takes for dead, and what becomes of what they held.

    Args:
        members: every service.
        leases: as they stood before.
        division: what is done about them.
        now: by the database's clock.
    """
    found = []
    for dead in sorted((m for m in members if m.instance in division.taken_away), key=lambda m: m.vantage):
        heard = leases[vantage_lease(dead.vantage)].until - LEASE
        taken = sum(leases[name].holder == dead.instance for name in division.take if name in leases and name != HOUSE)
        found.append(Takeover(dead.vantage, heard, now, taken))
    return tuple(found)


def slow_beat(took: timedelta) -> str | None:
    """Return what to say of a heartbeat that took so long that leases are in danger; None where it did not."""
    if took <= LEASE / 2:
        return None
    return (
        f"its heartbeat took {took.total_seconds():.0f} s to be stored, and what it holds is held for "
        f"{LEASE.total_seconds():.0f} s: look at the database and the way to it"
    )


def whole_digest(stored: str) -> str:
    """Return the digest of a whole configuration, of a service that stores those of some settings behind it."""
    return stored.partition(" ")[0]


def vantage_lease(vantage: str) -> str:
    """Return the name of the lease of a vantage."""
    return f"{VANTAGE}{vantage}"


def owner(target: str, vantages: Iterable[str]) -> str | None:
    """Return the vantage that has the highest weight for a target; the same wherever it is asked."""

    def weight(vantage: str) -> bytes:
        return hashlib.blake2b(f"{vantage}\0{target}".encode(), digest_size=8).digest()

    return max(vantages, key=lambda vantage: (weight(vantage), vantage), default=None)


def divide(
    me: Member,
    members: Iterable[Member],
    leases: Mapping[str, Lease],
    targets: Mapping[str, bool],
    now: datetime,
) -> Division | None:
    """Decide what a service does about the leases.

    Args:
        me: the service that asks.
        members: every service that ever began and is not forgotten.
        leases: all of them by name.
        targets: the keys of what `me` is configured to ask once, and whether it is asking it at this moment: that is
            given back when it is answered.
        now: an instant of the database's clock.

    Returns:
        What to do; None where `me` does not hold the lease of its vantage any more, so holds nothing and has to
        begin anew.
    """
    own = leases.get(vantage_lease(me.vantage))
    if own is None or own.holder != me.instance:
        return None
    others = [m for m in members if m.instance != me.instance and _holds(m, leases)]
    # Who could not renew for a while itself (the database was away) does not know that others could: they get the
    # same time to come back.
    judges = now <= own.until and now - own.since >= LEASE
    gone = {m.instance for m in others if judges and leases[vantage_lease(m.vantage)].until < now}
    alive = [m for m in others if m.instance not in gone]
    holders = {me.instance, *(m.instance for m in alive)}
    sharing = [me.vantage, *(m.vantage for m in alive if m.digest == me.digest)]
    # Who keeps house says what there is to be watched. Who began last was given the newest configuration: what that one
    # asks is to be stored from its first round on, and not only when all others were restarted with it.
    newest = max((me, *alive), key=lambda m: (m.started_at, m.vantage))
    keepers = [m.vantage for m in (me, *alive) if m.digest == newest.digest]
    renew: set[str] = {own.name}
    take: set[str] = set()
    give_back: set[str] = set()
    for target, busy in targets.items():
        lease = leases.get(target)
        holder = lease.holder if lease is not None else None
        mine = owner(target, keepers if target == HOUSE else sharing) == me.vantage
        if holder == me.instance:
            (renew if mine or busy else give_back).add(target)
        elif mine and (holder is None or holder not in holders):
            take.add(target)
    # What it holds and is not configured to ask any more.
    give_back |= {lease.name for lease in leases.values() if lease.holder == me.instance} - renew
    return Division(frozenset(renew), frozenset(take), frozenset(give_back), frozenset(gone))


def _holds(member: Member, leases: Mapping[str, Lease]) -> bool:
    lease = leases.get(vantage_lease(member.vantage))
    return lease is not None and lease.holder == member.instance


def may_begin(lease: Lease | None, now: datetime, *, same_place: bool) -> bool:
    """Whether a service may take the lease of its vantage now.

    Args:
        lease: as it stands.
        now: an instant of the database's clock.
        same_place: whether its holder ran on the same machine and state directory, whose lock this service holds: then
            that one is dead, whatever its lease says.
    """
    return lease is None or lease.holder is None or same_place or lease.until < now
