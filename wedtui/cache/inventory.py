"""Storing what a provider has and how asking its API went; `resources` reads it.

Of a listing only what changed is written. Every row has a digest of what the provider said of it, and what was seen
unchanged is known from its group, which says when all of it was last listed.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, insert, or_, select, update

from wedtui.cache.accounts import admit
from wedtui.cache.changing import note_release, note_vendor
from wedtui.cache.changing_names import RELEASED
from wedtui.cache.rows import event_to_json
from wedtui.cache.tables import METADATA
from wedtui.core.evidence import fresh_for
from wedtui.core.observation import ApiObservation, VendorObservation
from wedtui.core.resource import RESOURCE_COST, VENDOR_HEALTH, Reach, Resource, at_rest
from wedtui.core.resource_cost import ResourceCost
from wedtui.core.state import State, badness

_T = METADATA.tables
_RESOURCE, _GROUP, _COST, _API, _VENDOR, _PROVIDER = (
    _T[name] for name in ("resource", "resource_group", "resource_cost", "api", "vendor", "provider")
)
OF_PROVIDER = ("resource", "resource_group", "resource_cost", "api", "vendor", "account")
"""The tables whose rows go with their provider."""

# How many resources of each state that is not OK are named in a group.
EXAMPLES = 3
# Another number has every row written anew.
_DIGEST = "2"
# Not `astuple`, which copies every value: this is done for each resource of every listing.
_SAID = attrgetter(*(f.name for f in fields(Resource)))
# Rows that one statement names; databases bound the number of its parameters.
AT_ONCE = 500

_KEY = frozenset({"provider", "kind", "region", "id"})

Values = dict[str, Any]
Key = tuple[str, str, str]
"""Kind, region and id: what a resource is within its provider."""


@dataclass(slots=True)
class _Before:
    """What is stored of a resource, as far as it has to be compared."""

    digest: str
    seen_at: datetime
    gone: bool
    asked: bool
    """Whether the asking that is being stored listed it the last time."""


_THIS = and_(*(_RESOURCE.c[name] == bindparam(f"this_{name}") for name in ("provider", "kind", "region", "id")))


def record_api(connection: Connection, seen: ApiObservation, usual: timedelta) -> bool:
    """Store one asking and the resources that it listed.

    Only of the kinds that an answer lists completely anything vanishes, whatever else is missing in it.

    Args:
        connection: in a transaction.
        seen: the asking.
        usual: how often what names no interval is asked.

    Returns:
        Whether its provider is configured, and it is of the account whose resources are stored; otherwise nothing is
        stored, but that it is another account's.
    """
    if not _is_configured(connection, seen.provider):
        return False
    interval = seen.interval or usual
    if not admit(connection, seen):
        _write_asking(connection, replace(seen, reach=Reach.OTHER_ACCOUNT, problem=_refused(seen)), interval)
        return False
    _write_asking(connection, seen, interval)
    if seen.service == VENDOR_HEALTH and seen.reach is Reach.NOT_ON_PLAN:
        # Nobody will ever say that what was open is over.
        connection.execute(delete(_VENDOR).where(_VENDOR.c.provider == seen.provider))
    if seen.costs is not None:
        _write_costs(connection, seen.provider, seen.costs, seen.at, interval)
    complete = seen.kinds if seen.reach in {Reach.ANSWERED, Reach.PARTIAL} else frozenset()
    listed = {(r.kind, r.region, r.id): r for r in seen.resources}
    kinds = sorted(complete | {r.kind for r in seen.resources})
    if not kinds:
        return True
    groups = _groups(connection, seen, kinds)
    if _write_resources(connection, seen, listed, complete, groups) or complete - groups.keys():
        _write_groups(
            connection, seen, kinds, {k: seen.at if k in complete else groups.get(k) for k in kinds}, interval
        )
    else:
        here = _asking(_GROUP, seen) & _GROUP.c.kind.in_(sorted(complete))
        values = {"listed_at": seen.at, **_pace(interval)}
        connection.execute(update(_GROUP).where(here).values(values))
    return True


def record_vendor(connection: Connection, seen: VendorObservation, usual: timedelta) -> bool:
    """Store what a vendor says of itself; what it said last stays, with its age, where it cannot be asked.

    Returns:
        Whether its provider is configured; otherwise nothing is stored.
    """
    if not _is_configured(connection, seen.provider):
        return False
    values: Values = {
        "attempted_at": seen.at,
        "problem": seen.problem,
        "source": seen.source,
        "interval_s": (seen.interval or usual).total_seconds(),
    }
    if seen.status is not None:
        events = [event_to_json(event) for event in seen.events]
        values |= {"status": seen.status.value, "measured_at": seen.at, "events": events, "more": seen.more}
        before = connection.execute(select(_VENDOR).where(_VENDOR.c.provider == seen.provider)).one_or_none()
        note_vendor(connection, seen.provider, None if before is None else before._asdict(), values)
    if not connection.execute(update(_VENDOR).where(_VENDOR.c.provider == seen.provider).values(values)).rowcount:
        connection.execute(insert(_VENDOR).values(**{"provider": seen.provider, "events": [], **values}))
    return True


def forget_provider(connection: Connection, name: str) -> None:
    """Delete all that is known of what a provider has."""
    for table in OF_PROVIDER:
        connection.execute(delete(_T[table]).where(_T[table].c.provider == name))


def forget_costs(connection: Connection, names: Collection[str]) -> None:
    """Delete what the resources of some providers cost, and that it was asked: asked for again it is due at once."""
    connection.execute(delete(_COST).where(_COST.c.provider.in_(names)))
    connection.execute(delete(_API).where(_API.c.provider.in_(names), _API.c.service == RESOURCE_COST))


def prune_inventory(connection: Connection, before: datetime, limit: int) -> int:
    """Delete what vanished before an instant, what no listing had since, and what is known from askings made before it.

    Returns:
        How many resources were deleted: `limit` where there may be more.
    """
    old = _API.c.asked_at < before
    silent = exists().where(
        _API.c.provider == _RESOURCE.c.provider,
        _API.c.region == _RESOURCE.c.asked_in,
        _API.c.service == _RESOURCE.c.service,
        old,
    )
    listed = exists().where(
        _GROUP.c.provider == _RESOURCE.c.provider,
        _GROUP.c.kind == _RESOURCE.c.kind,
        _GROUP.c.asked_in == _RESOURCE.c.asked_in,
        _GROUP.c.region == _RESOURCE.c.region,
        _GROUP.c.listed_at >= before,
    )
    # Where no listing is ever complete nothing vanishes; what none of them has any more goes all the same.
    unseen = and_(_RESOURCE.c.vanished_at.is_(None), _RESOURCE.c.seen_at < before, ~listed)
    key = [_RESOURCE.c[name] for name in ("provider", "kind", "region", "id")]
    gone = or_(_RESOURCE.c.vanished_at < before, silent, unseen)
    found = connection.execute(select(*key).where(gone).limit(limit)).all()
    if found:
        rows = [{f"this_{c.name}": value for c, value in zip(key, row, strict=True)} for row in found]
        connection.execute(delete(_RESOURCE).where(_THIS), rows)
        for provider, kind in {(row.provider, row.kind) for row in found}:
            _count_again(connection, provider, kind)
    if len(found) < limit:
        # Only now: as long as there is anything of an asking, its row says how old that is.
        for asking in connection.execute(select(_API.c.provider, _API.c.region, _API.c.service).where(old)).all():
            here = (_GROUP.c.provider, _GROUP.c.asked_in, _GROUP.c.service)
            connection.execute(delete(_GROUP).where(*(c == v for c, v in zip(here, asking, strict=True))))
        connection.execute(delete(_API).where(old))
        connection.execute(delete(_COST).where(_COST.c.read_at < before))
        said = or_(_VENDOR.c.measured_at < before, _VENDOR.c.attempted_at < before)
        connection.execute(delete(_VENDOR).where(said))
    return len(found)


def _is_configured(connection: Connection, provider: str) -> bool:
    return connection.execute(select(_PROVIDER.c.name).where(_PROVIDER.c.name == provider)).first() is not None


def _refused(seen: ApiObservation) -> str:
    return (
        f"it was asked with credentials of account {seen.account}, and what is known is of another one: nothing of it "
        "is stored. Give every service the same profile, role and account; that of the service whose configuration "
        "counts decides"
    )


def _pace(interval: timedelta) -> Values:
    return {
        "interval_s": interval.total_seconds(),
        "fresh_for": fresh_for(interval) // timedelta(microseconds=1),
    }


def _write_asking(connection: Connection, seen: ApiObservation, interval: timedelta) -> None:
    values: Values = {
        "interval_s": interval.total_seconds(),
        "asked_at": seen.at,
        "reach": seen.reach.value,
        "problem": seen.problem,
        "requests": seen.requests,
    }
    answered = seen.reach in {Reach.ANSWERED, Reach.PARTIAL}
    if seen.reach is Reach.ANSWERED:
        values["answered_at"] = seen.at
    if answered or seen.reach in {Reach.REJECTED, Reach.NO_CREDENTIALS} or seen.credentials_expire_at is not None:
        # Credentials without an end are known by their answers alone: a failure says nothing about them, unless there
        # are none any more.
        values["credentials_expire_at"] = seen.credentials_expire_at
    here = (_API.c.provider == seen.provider, _API.c.region == seen.region, _API.c.service == seen.service)
    if not connection.execute(update(_API).where(*here).values(values)).rowcount:
        key = {"provider": seen.provider, "region": seen.region, "service": seen.service}
        connection.execute(insert(_API).values(**key, **values))


def _write_costs(
    connection: Connection, provider: str, costs: Iterable[ResourceCost], at: datetime, interval: timedelta
) -> None:
    """Store what resources cost in place of what was known of that: what is not in it is not known any more."""
    connection.execute(delete(_COST).where(_COST.c.provider == provider))
    rows = [
        {
            "provider": provider,
            "kind": each.kind,
            "id": each.id,
            "region": each.region,
            "monthly_usd": each.estimate.monthly_usd,
            "days": each.estimate.days,
            "until": each.estimate.until.isoformat(),
            "interval_s": interval.total_seconds(),
            "read_at": at,
        }
        for each in costs
    ]
    if rows:
        connection.execute(insert(_COST), rows)


def _asking(table: Any, seen: ApiObservation) -> ColumnElement[bool]:
    """Return what selects the rows of one asking."""
    return and_(table.c.provider == seen.provider, table.c.asked_in == seen.region, table.c.service == seen.service)


def _groups(connection: Connection, seen: ApiObservation, kinds: list[str]) -> dict[str, datetime | None]:
    """Return when each kind was last listed completely by this asking; kinds without a group are left out."""
    here = select(_GROUP.c.kind, _GROUP.c.listed_at).where(_asking(_GROUP, seen), _GROUP.c.kind.in_(kinds))
    return {row.kind: row.listed_at for row in connection.execute(here)}


def _write_resources(
    connection: Connection,
    seen: ApiObservation,
    listed: Mapping[Key, Resource],
    complete: frozenset[str],
    groups: Mapping[str, datetime | None],
) -> bool:
    """Write what is new, what changed and what vanished; return whether there was anything to count anew."""
    before = _before(connection, seen, listed, complete)
    new, changed, touched = [], [], []
    gone: dict[datetime, list[Key]] = defaultdict(list)
    for key, resource in listed.items():
        old, digest = before.get(key), _digest(resource)
        if old is None:
            new.append({**_values(seen, resource, digest), "first_seen_at": seen.at})
        elif old.digest != digest or old.gone or not old.asked:
            content = _values(seen, resource, digest)
            changed.append({**_this(seen, key), **{name: content[name] for name in content.keys() - _KEY}})
        elif resource.kind not in complete:
            # No complete listing says that it was seen: it says so itself.
            touched.append(key)
    for key, old in before.items():
        if key not in listed and key[0] in complete and old.asked and not old.gone:
            last = max(filter(None, (old.seen_at, groups.get(key[0]))))
            gone[last].append(key)
    _note_releases(connection, seen, listed, before, groups)
    if new:
        connection.execute(insert(_RESOURCE), new)
    if changed:
        # Without its key: a database would otherwise see to every index that holds a part of it.
        said: Values = {name: bindparam(name) for name in changed[0] if not name.startswith("this_")}
        connection.execute(update(_RESOURCE).where(_THIS).values(said), changed)
    _mark(connection, seen, touched, {"seen_at": seen.at})
    for last, keys in gone.items():
        _mark(connection, seen, keys, {"vanished_at": seen.at, "seen_at": last})
    return bool(new or changed or gone)


def _note_releases(
    connection: Connection,
    seen: ApiObservation,
    listed: Mapping[Key, Resource],
    before: Mapping[Key, _Before],
    groups: Mapping[str, datetime | None],
) -> None:
    """Record what of this listing is a release; of kinds that were never listed nothing is known to be new."""
    keys = sorted({key for some in (listed, before) for key in some if key[0] in RELEASED})
    if not keys:
        return
    c = _RESOURCE.c
    rows = connection.execute(
        select(c.kind, c.region, c.id, c.name, c.depends_on).where(c.provider == seen.provider, c.kind.in_(RELEASED))
    )
    stored = {(row.kind, row.region, row.id): row for row in rows}
    for key in keys:
        resource, old = listed.get(key), before.get(key)
        seen_at = None if old is None else old.seen_at
        last = max(filter(None, (seen_at, groups.get(key[0]))), default=None)
        there = old is not None and not old.gone
        vanishes = there and old is not None and old.asked and key[0] in seen.kinds
        if last is None or (resource is None and not vanishes):
            continue
        what = {"kind": key[0], "region": key[1], "id": key[2]}
        what["name"] = stored[key].name if resource is None else resource.name
        rested = stored[key].depends_on if there else None
        rests = None if resource is None else resource.depends_on
        note_release(connection, seen.provider, what, rested, rests, at=seen.at, not_before=last)


def _mark(connection: Connection, seen: ApiObservation, keys: Iterable[Key], values: Values) -> None:
    """Write the same values to many rows, in few statements."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, region, number in keys:
        places[kind, region].append(number)
    c = _RESOURCE.c
    for (kind, region), numbers in places.items():
        here = (c.provider == seen.provider, c.kind == kind, c.region == region)
        for i in range(0, len(numbers), AT_ONCE):
            some = update(_RESOURCE).where(*here, c.id.in_(numbers[i : i + AT_ONCE]))
            connection.execute(some.values(values))


def _before(
    connection: Connection, seen: ApiObservation, listed: Mapping[Key, Resource], complete: frozenset[str]
) -> dict[Key, _Before]:
    """Return what is stored of all that this asking lists or listed."""
    c = _RESOURCE.c
    kinds = sorted(complete | {kind for kind, _, _ in listed})
    regions = sorted({region for _, region, _ in listed})
    here = (c.provider == seen.provider, c.kind.in_(kinds), or_(_asking(_RESOURCE, seen), c.region.in_(regions)))
    wanted = select(c.kind, c.region, c.id, c.digest, c.seen_at, c.vanished_at, c.asked_in, c.service).where(*here)
    return {
        (row.kind, row.region, row.id): _Before(
            row.digest,
            row.seen_at,
            row.vanished_at is not None,
            row.asked_in == seen.region and row.service == seen.service,
        )
        for row in connection.execute(wanted)
    }


def _this(seen: ApiObservation, key: Key) -> Values:
    return {"this_provider": seen.provider, "this_kind": key[0], "this_region": key[1], "this_id": key[2]}


def _digest(resource: Resource) -> str:
    said = _DIGEST + repr(_SAID(resource))
    return hashlib.blake2b(said.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _values(seen: ApiObservation, resource: Resource, digest: str) -> Values:
    tags = [list(tag) for tag in resource.tags]
    words = [resource.name, resource.id, *("=".join(tag) for tag in resource.tags)]
    cost = resource.monthly_cost
    return {
        "provider": seen.provider,
        "kind": resource.kind,
        "region": resource.region,
        "id": resource.id,
        "asked_in": seen.region,
        "service": seen.service,
        "name": resource.name,
        "status": resource.status,
        "state": resource.state.value,
        "badness": badness(State.CRITICAL) - badness(resource.state),
        "detail": resource.detail,
        "tags": tags,
        "depends_on": list(resource.depends_on),
        "words": "\n".join(words).casefold(),
        "monthly_cost": cost if cost is not None and math.isfinite(cost) else None,
        "created_at": resource.created_at,
        "expires_at": resource.expires_at,
        "backed_up_at": resource.backed_up_at,
        "backed_up": resource.backed_up,
        "seen_at": seen.at,
        "vanished_at": None,
        "digest": digest,
    }


@dataclass(slots=True)
class _Count:
    """What there is of one kind in one region."""

    states: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    examples: list[list[str | None]] = field(default_factory=list)
    vanished: int = 0
    stopped: int = 0

    def values(self) -> Values:
        """Return what a group holds of it."""
        return {
            "counts": dict(self.states),
            "examples": self.examples,
            "vanished": self.vanished,
            "stopped": self.stopped,
        }


def _tally(connection: Connection, *where: ColumnElement[bool]) -> dict[tuple[str, str], _Count]:
    """Count resources by kind and region; what is asked of it later without there being any is empty."""
    c = _RESOURCE.c
    found: dict[tuple[str, str], _Count] = defaultdict(_Count)
    wanted = (
        select(c.kind, c.region, c.state, c.status, c.name, c.detail, c.vanished_at)
        .where(*where)
        .order_by(c.badness, c.kind, c.region, c.name, c.id)
    )
    for kind, region, state, status, name, detail, vanished_at in connection.execute(wanted):
        count = found[kind, region]
        if vanished_at is not None:
            count.vanished += 1
            continue
        if at_rest(state, status):
            count.stopped += 1
            continue
        count.states[state] += 1
        if state != State.OK and count.states[state] <= EXAMPLES:
            count.examples.append([state, name, detail])
    return found


def _write_groups(
    connection: Connection,
    seen: ApiObservation,
    kinds: list[str],
    listed_at: Mapping[str, datetime | None],
    interval: timedelta,
) -> None:
    """Count the kinds of one asking anew, by region; one of which there is nothing has a group without any."""
    tally = _tally(connection, _asking(_RESOURCE, seen), _RESOURCE.c.kind.in_(kinds))
    connection.execute(delete(_GROUP).where(_asking(_GROUP, seen), _GROUP.c.kind.in_(kinds)))
    places = {*tally, *((kind, seen.region) for kind in set(kinds) - {kind for kind, _ in tally})}
    rows = [
        {
            "provider": seen.provider,
            "kind": kind,
            "asked_in": seen.region,
            "region": region,
            "service": seen.service,
            **_pace(interval),
            "listed_at": listed_at[kind],
            **tally[kind, region].values(),
        }
        for kind, region in sorted(places)
    ]
    _replace_groups(connection, rows)


def _replace_groups(connection: Connection, rows: Iterable[Values]) -> None:
    """Insert groups; where another service of the same region listed the same kind, this one counts from now on."""
    for row in rows:
        key = ("provider", "kind", "asked_in", "region")
        connection.execute(delete(_GROUP).where(*(_GROUP.c[name] == row[name] for name in key)))
        connection.execute(insert(_GROUP).values(row))


def _count_again(connection: Connection, provider: str, kind: str) -> None:
    """Count what there still is of a kind, of which some was deleted."""
    here = (_GROUP.c.provider == provider, _GROUP.c.kind == kind)
    for group in connection.execute(select(_GROUP.c.asked_in, _GROUP.c.region).where(*here)).all():
        c = _RESOURCE.c
        of_group = (c.provider == provider, c.kind == kind, c.asked_in == group.asked_in, c.region == group.region)
        place = (*here, _GROUP.c.asked_in == group.asked_in, _GROUP.c.region == group.region)
        count = _tally(connection, *of_group)[kind, group.region]
        connection.execute(update(_GROUP).where(*place).values(count.values()))
