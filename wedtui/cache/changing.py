"""Recording what is seen to have changed, in the transaction that stores what is seen now; `changes` reads it.

So a change is recorded exactly once: what was before it is replaced with it, whoever of several services saw it first,
and by a right that is lost neither is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from wedtui.cache.changing_names import RECORD
from wedtui.cache.tables import METADATA
from wedtui.core.changes import ChangeKind
from wedtui.core.seen_changes import BEGAN, CHANGED, OVER, STARTED, STOPPED, TOOK_OVER, VERSION, WENT_ON
from wedtui.core.services import right_time
from wedtui.core.sharing import Takeover, whole_digest
from wedtui.core.traffic import Place
from wedtui.store.upsert import upsert

_T = METADATA.tables
_CHANGE, _MARK, _SERVICE, _COPY = (_T[name] for name in ("change", "change_mark", "service", "action_copy"))

PROTECTION = "protection"
KEPT = timedelta(days=30)
KEPT_AT_MOST = 50_000
"""So many changes are kept at most, the newest: what changes all the time must not fill a disk."""
_TASK_DEFINITION = ":task-definition/"

Values = Mapping[str, Any]


def note(
    connection: Connection,
    kind: ChangeKind,
    name: str,
    what: str,
    details: Values,
    *,
    at: datetime,
    not_before: datetime | None,
    source: str,
) -> None:
    """Record one change.

    Args:
        connection: in the transaction that stores what is seen now.
        kind: of what kind it is.
        name: what changed.
        what: which move it was.
        details: what was seen before and after, as JSON has it.
        at: when it was first seen to be other.
        not_before: when it was last seen to be as before; None where that is not known, or `at` is when it changed.
        source: who saw it.
    """
    begin_record(connection, at)
    if not_before is not None and not_before >= at:
        not_before = None  # by two clocks that differ nothing can be said but that it was then
    row = {"at": at, "not_before": not_before, "kind": kind.value, "object": name, "what": what}
    connection.execute(insert(_CHANGE).values(**row, source=source, details=dict(details)))


def begin_record(connection: Connection, at: datetime) -> None:
    """Note that changes are recorded from an instant on, unless they were already."""
    mark = {"name": RECORD, "value": "", "since": at, "seen_at": at}
    connection.execute(upsert(connection, _MARK).values(mark).on_conflict_do_nothing())


def prune_changes(connection: Connection, now: datetime) -> int:
    """Delete what is older than it is kept, and what is more than are kept; return how many."""
    before = now - KEPT
    excess = select(_CHANGE.c.at).order_by(_CHANGE.c.at.desc()).offset(KEPT_AT_MOST).limit(1)
    last: datetime | None = connection.execute(excess).scalar()
    if last is not None:
        before = max(before, last + timedelta(microseconds=1))
    deleted = connection.execute(delete(_CHANGE).where(_CHANGE.c.at < before)).rowcount
    known = (_MARK.c.name == RECORD, _MARK.c.since < before)
    connection.execute(update(_MARK).where(*known).values(since=before))
    return deleted


def note_shares(connection: Connection, name: str, before: Values, shares: Sequence[Any], read: Values) -> None:
    """Record that the live record shares traffic out in another way than when it was read last.

    Args:
        connection: in a transaction.
        name: the record.
        before: `shares` and `read_at` as they are stored; nothing is recorded where it was never read.
        shares: as they are now, as rows have them.
        read: `read_at`, `generation` and `backend` of this reading.
    """
    if before["read_at"] is None or list(before["shares"]) == list(shares):
        return
    details = {
        "before": _by_place(before["shares"]),
        "after": _by_place(shares),
        "generation": read["generation"],
        "written": _written(connection, _by_place(shares)),
    }
    instants = {"at": read["read_at"], "not_before": before["read_at"]}
    note(connection, ChangeKind.WEIGHTS, name, CHANGED, details, source="traffic", **instants)


def _by_place(shares: Iterable[Any]) -> dict[str, int]:
    return {str(Place(provider, region)): share for provider, region, share in shares}


def _written(connection: Connection, shares: Values) -> dict[str, Any] | None:
    """Return which action wrote these shares, as far as the copy of actions says so."""
    said = connection.execute(select(_COPY.c.written).limit(1)).scalar()
    if not said or said["shares"] != shares:
        return None
    return {"action": said["action"], "what": said["what"]}


def note_vendor(connection: Connection, provider: str, before: Values | None, now: Values) -> None:
    """Record which incidents of a vendor began or are over since it was read last, and its status where none is named.

    Args:
        connection: in a transaction.
        provider: whose vendor it is.
        before: `status`, `events` and `measured_at` as they are stored; None where it was never read.
        now: the same of this reading, and its `source`; of an answer that leaves events out nothing is taken for over.
    """
    if before is None or before["measured_at"] is None:
        return
    named = all(each.get("id") for known in (before, now) for each in known["events"])
    old, new = ({_incident(each, by_id=named): each for each in known["events"]} for known in (before, now))
    instants = {"at": now["measured_at"], "not_before": before["measured_at"]}
    whole = not now["more"] and not before["more"]
    moves = [(BEGAN, new[key]) for key in new if key not in old]
    moves += [(OVER, old[key]) for key in old if key not in new and whole]
    for what, event in moves:
        details = {"source": now["source"], "event": event}
        note(connection, ChangeKind.VENDOR, provider, what, details, source="vendor", **instants)
    if not moves and before["status"] != now["status"]:
        details = {"source": now["source"], "before": before["status"], "after": now["status"]}
        note(connection, ChangeKind.VENDOR, provider, CHANGED, details, source="vendor", **instants)


def _incident(event: Values, *, by_id: bool) -> tuple[object, ...]:
    """Return what stays of an incident while it is told anew: vendors correct even since when it is."""
    names = ("id",) if by_id else ("service", "region", "category", "code", "begun_at")
    return tuple(event[name] for name in names)


def note_release(
    connection: Connection,
    provider: str,
    resource: Values,
    before: Sequence[str] | None,
    after: Sequence[str] | None,
    *,
    at: datetime,
    not_before: datetime | None,
) -> None:
    """Record that what runs as a service is new, gone, or of another task definition.

    Args:
        connection: in a transaction.
        provider: whose it is.
        resource: its `kind`, `region`, `id` and `name`.
        before: on what it rested; None: it was not there.
        after: on what it rests; None: it is gone.
        at: when that was seen.
        not_before: when it was last seen as before.
    """
    old, new = definitions(before or ()), definitions(after or ())
    if before is not None and after is not None and (old == new or not old or not new):
        return  # where none is named, nobody can tell which it was
    what = BEGAN if before is None else OVER if after is None else CHANGED
    details = {name: resource[name] for name in ("kind", "region", "id", "name")} | {"before": old, "after": new}
    name = f"{provider}/{resource['name']}"
    note(connection, ChangeKind.RELEASE, name, what, details, at=at, not_before=not_before, source="inventory")


def definitions(rests_on: Iterable[str]) -> list[str]:
    """Return the task definitions among what a service rests on, as people call them: `rsvp-web:42`."""
    return sorted(each.rpartition("/")[2] for each in rests_on if _TASK_DEFINITION in each)


def note_level(connection: Connection, level: str, why: str, since: datetime | None, at: datetime) -> None:
    """Record that another protection level holds than when it was last looked at, and that it was looked at.

    Args:
        connection: in a transaction.
        level: which holds.
        why: because of what.
        since: when it began, as far as is known.
        at: when it was looked at.
    """
    begin_record(connection, at)
    here = _MARK.c.name == PROTECTION
    known = connection.execute(select(_MARK).where(here)).mappings().one_or_none()
    if known is None:
        connection.execute(insert(_MARK).values(name=PROTECTION, value=level, since=at, seen_at=at))
        return
    seen = {"value": level, "seen_at": at}
    if known["value"] != level:
        exactly = since if since is not None and known["seen_at"] <= since <= at else None
        details = {"before": known["value"], "after": level, "why": why}
        details |= {} if exactly is None else {"exactly": exactly.isoformat()}
        instants = {"at": at, "not_before": known["seen_at"]}
        note(connection, ChangeKind.PROTECTION, "protection", CHANGED, details, source="service", **instants)
        seen["since"] = at
    connection.execute(update(_MARK).where(here).values(seen))


class Former(NamedTuple):
    """What is known when a service begins."""

    row: Values | None
    """Of the service that watched from its vantage before; None: none did."""
    heard: datetime | None
    """When any service was last heard; None: never."""


def former_of(connection: Connection, vantage: str) -> Former:
    """Return what is stored of the service that watched from a vantage before, and when any service was last heard.

    It is asked for before another one takes its place.
    """
    rows = [row._asdict() for row in connection.execute(select(_SERVICE))]
    heard = max(map(_last_heard, rows), default=None)
    return Former(next((row for row in rows if row["vantage"] == vantage), None), heard)


def note_begin(
    connection: Connection, former: Former, service: Values, *, alone: bool, held: bool, at: datetime
) -> None:
    """Record that a service began: what became of the one before, and in what it differs from that.

    Args:
        connection: in a transaction.
        former: see `former_of`.
        service: the new one's row.
        alone: whether no other service lives.
        held: whether this very service holds its vantage already: an answer was lost, and nothing happened.
        at: by the database's clock.
    """
    begin_record(connection, at)
    old, vantage = former.row, str(service["vantage"])
    if held:
        return
    last = None if old is None else _last_heard(old)

    def say(kind: ChangeKind, name: str, what: str, details: Values, not_before: datetime | None = None) -> None:
        note(connection, kind, name, what, details, at=at, not_before=not_before, source="service")

    if old is not None and old["instance"] == service["instance"]:
        say(ChangeKind.SERVICE, vantage, WENT_ON, {"heard": _text(last)})
        return
    ended = {} if old is None else {"stopped" if old["stopped_at"] is not None else "heard": _text(last)}
    gap = {"unwatched_since": _text(former.heard)} if alone and former.heard is not None else {}
    say(ChangeKind.SERVICE, vantage, STARTED, {name: service[name] for name in ("version", "mode")} | ended | gap)
    if old is None:
        return
    if old["version"] != service["version"]:
        versions = {"before": old["version"], "after": service["version"]}
        say(ChangeKind.RELEASE, f"wedtui {vantage}", VERSION, versions, last)
    mine, its = str(service["configuration_digest"]), str(old["configuration_digest"])
    if its and whole_digest(mine) != whole_digest(its):
        differs = {"settings": _settings(its, mine), "digest": whole_digest(mine)}
        say(ChangeKind.CONFIGURATION, vantage, CHANGED, differs, last)


def note_end(connection: Connection, vantage: str, at: datetime) -> None:
    """Record that a service was stopped."""
    note(connection, ChangeKind.SERVICE, vantage, STOPPED, {}, at=at, not_before=None, source="service")


def note_takeovers(connection: Connection, takeovers: Iterable[Takeover], by: str) -> None:
    """Record which services died and who noticed."""
    for each in takeovers:
        details = {"heard": _text(each.heard_at), "by": by, "targets": each.targets}
        instants = {"at": each.at, "not_before": each.heard_at}
        note(connection, ChangeKind.SERVICE, each.vantage, TOOK_OVER, details, source="service", **instants)


def _last_heard(row: Values) -> datetime:
    at: datetime = row["stopped_at"] or row["heartbeat_at"]
    return right_time(at, row["clock_ahead_s"])


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _settings(before: str, after: str) -> list[str]:
    """Return which settings of accounts differ, by provider and key: of all else only that it differs is stored."""
    old, new = ({name for name in said.split(" ")[1:] if name} for said in (before, after))
    return sorted({each.rpartition("=")[0] for each in old ^ new})
