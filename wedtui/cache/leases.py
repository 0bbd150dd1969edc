"""Leases in the cache: who watches from where and asks what, by the database's clock and in its transactions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update

from wedtui.cache.tables import METADATA
from wedtui.core.sharing import (
    HOUSE,
    LEASE,
    UNKNOWN_START,
    VANTAGE,
    Division,
    Lease,
    Member,
    Takeover,
    divide,
    may_begin,
    takeovers,
    vantage_lease,
    whole_digest,
)
from wedtui.store.upsert import upsert

_LEASE, _SERVICE = METADATA.tables["lease"], METADATA.tables["service"]


def member_of(vantage: str, instance: str, digest: str, version: str, began_at: datetime | None = None) -> Member:
    """Return a service as the others see it.

    Another version may know other targets: were they divided among both, what only one knows could be nobody's.
    """
    return Member(vantage, instance, f"{whole_digest(digest)} {version}", began_at or UNKNOWN_START)


def begin(connection: Connection, me: Member, place: tuple[str, str], now: datetime) -> str | None:
    """Take the lease of a vantage.

    Args:
        connection: in a transaction in which nobody else writes.
        me: the service that begins.
        place: its machine and state directory, whose lock it holds, and which start of that machine it is.
        now: by the database's clock.

    Returns:
        None, or the place of the service that watches from there.
    """
    name = vantage_lease(me.vantage)
    lease = _leases(connection).get(name)
    of_vantage = select(_SERVICE.c.place, _SERVICE.c.boot).where(_SERVICE.c.vantage == me.vantage)
    before = connection.execute(of_vantage).one_or_none()
    if not may_begin(lease, now, same_place=before is not None and tuple(before) == place):
        return "another place" if before is None else str(before.place)
    if lease is not None and lease.holder is not None:
        # Whatever that one held, it holds no more.
        _let_go(connection, _LEASE.c.holder == lease.holder)
    _take(connection, me.instance, [name], now)
    return None


class Shared(NamedTuple):
    """What a service holds after a heartbeat."""

    fences: Mapping[str, int]
    """The fencing number of each lease."""
    takeovers: tuple[Takeover, ...] = ()
    """Whom it took for dead."""


def share(connection: Connection, me: Member, targets: Mapping[str, bool], now: datetime) -> Shared | None:
    """Renew, take and give back at a heartbeat.

    Args:
        connection: in a transaction in which nobody else writes.
        me: the service whose heart beats.
        targets: see `core.sharing.divide`.
        now: by the database's clock.

    Returns:
        What it holds now; None where it lost its vantage and has to begin anew.
    """
    leases = _leases(connection)
    members = _members(connection)
    # When it began is what the database says, for it as for the others.
    me = next((member for member in members if member.instance == me.instance), me)
    division = divide(me, members, leases, targets, now)
    if division is None:
        return None
    _store(connection, me, leases, division, now)
    return Shared(fences(connection, me.instance), takeovers(members, leases, division, now))


def fences(connection: Connection, instance: str) -> dict[str, int]:
    """Return the fencing number of each lease that a service holds, as the database knows it."""
    held = select(_LEASE.c.name, _LEASE.c.fence).where(_LEASE.c.holder == instance)
    return {row.name: row.fence for row in connection.execute(held)}


def alive(connection: Connection, now: datetime) -> frozenset[str]:
    """Return the vantages whose leases have not run out."""
    found = _leases(connection).values()
    living = [lease.name for lease in found if lease.holder is not None and lease.until >= now]
    return frozenset(name.removeprefix(VANTAGE) for name in living if name.startswith(VANTAGE))


def digest_of_keeper(connection: Connection) -> str | None:
    """Return what the service that keeps house stored of its configuration, if there is one: see `whole_digest`."""
    holder = select(_LEASE.c.holder).where(_LEASE.c.name == HOUSE).scalar_subquery()
    found: str | None = connection.execute(
        select(_SERVICE.c.configuration_digest).where(_SERVICE.c.instance == holder)
    ).scalar()
    return found


def digest_of(connection: Connection, instance: str) -> str | None:
    """Return what a service stored of its configuration; None where it is not known."""
    here = _SERVICE.c.instance == instance
    found: str | None = connection.execute(select(_SERVICE.c.configuration_digest).where(here)).scalar()
    return found


def end(connection: Connection, instance: str) -> None:
    """Give back everything, so that others need not wait until it runs out."""
    _let_go(connection, _LEASE.c.holder == instance)


def _leases(connection: Connection) -> dict[str, Lease]:
    columns = (_LEASE.c.name, _LEASE.c.fence, _LEASE.c.until, _LEASE.c.since, _LEASE.c.holder)
    return {row.name: Lease(*row) for row in connection.execute(select(*columns))}


def _members(connection: Connection) -> list[Member]:
    names = ("vantage", "instance", "configuration_digest", "version", "began_at")
    return [member_of(*row) for row in connection.execute(select(*(_SERVICE.c[name] for name in names)))]


def _store(connection: Connection, me: Member, leases: Mapping[str, Lease], division: Division, now: datetime) -> None:
    if division.taken_away:
        _let_go(connection, _LEASE.c.holder.in_(division.taken_away))
    if division.give_back:
        _let_go(connection, _LEASE.c.name.in_(division.give_back))
    renewed: dict[str, Any] = {"until": now + LEASE}
    own = leases[vantage_lease(me.vantage)]
    if own.until < now or own.since > now:
        # It ran out and nobody noticed: held, but not without a gap. Or the database's clock went back.
        renewed["since"] = now
    connection.execute(update(_LEASE).where(_LEASE.c.holder == me.instance).values(renewed))
    _take(connection, me.instance, sorted(division.take), now)


def _let_go(connection: Connection, which: Any) -> None:
    connection.execute(update(_LEASE).where(which).values(holder=None))


def _take(connection: Connection, instance: str, names: list[str], now: datetime) -> None:
    """Take leases, each with a number higher than any before."""
    if not names:
        return
    last = connection.execute(select(func.max(_LEASE.c.fence))).scalar() or 0
    rows = [
        {"name": name, "holder": instance, "fence": last + number, "since": now, "until": now + LEASE}
        for number, name in enumerate(names, start=1)
    ]
    statement = upsert(connection, _LEASE)
    new = {column: statement.excluded[column] for column in ("holder", "fence", "since", "until")}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=new), rows)
