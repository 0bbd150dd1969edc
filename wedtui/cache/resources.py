"""Reading what a provider has and how asking its API went: what a picture needs, pages, one resource in full.

What a picture needs is read from groups, whose number does not grow with that of the resources.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from wedtui.cache.rows import event_from_json
from wedtui.cache.shapes import ACCOUNT, API, GROUP, RESOURCE, RESOURCE_COST, VENDOR
from wedtui.core.evidence import FUTURE_TOLERANCE, VendorEvidence, VendorStatus
from wedtui.core.inventory import (
    BACKUP_WARNING,
    CERTIFICATE_WARNING,
    MOST_ROWS,
    AccountFacts,
    ApiFacts,
    Example,
    Expiring,
    InventoryFacts,
    KnownResource,
    Neighbour,
    Order,
    ResourceGroup,
    ResourcePage,
    ResourceQuery,
    ResourceView,
    Unbacked,
)
from wedtui.core.resource import Reach, Resource, places_named, references_to
from wedtui.core.resource_cost import CostEstimate, KnownCost
from wedtui.core.state import State, badness
from wedtui.errors import ConfigurationError
from wedtui.store.instants import from_microseconds, to_microseconds
from wedtui.store.shape import Asked
from wedtui.store.snapshot import Snapshot

MOST_EXPIRING = 20
MOST_NEIGHBOURS = 50
"""How many resources that rest on one are shown; on what it rests is all shown, as the provider lists it."""
LOOKED_UP = 50
"""How many of them one statement looks up: databases bound the number of its parameters."""
MOST_CANDIDATES = 6

_DOCUMENTS = [name for name, kind in RESOURCE.kinds.items() if kind == "document"]
# As text in every database: some hand out what they have read from JSON already.
_COLUMNS = ", ".join(f"CAST(r.{c} AS TEXT)" if c in _DOCUMENTS else f"r.{c}" for c in RESOURCE.columns)
_FROM = """
FROM resource r JOIN resource_group g
ON g.provider = r.provider AND g.kind = r.kind AND g.asked_in = r.asked_in AND g.region = r.region
"""
# A bill names machines and disks without their region.
_SELECT = f"""
SELECT {_COLUMNS}, {", ".join(f"c.{column}" for column in RESOURCE_COST.columns)}, g.listed_at, g.interval_s {_FROM}
LEFT JOIN resource_cost c ON c.provider = r.provider AND c.kind = r.kind AND c.id = r.id AND c.region IN ('', r.region)
"""
_OWN = len(RESOURCE.columns)
"""Columns of the resource itself, before those of its cost and of its group."""
_COUNT = f"SELECT count(*) {_FROM}"
# When it was last seen lies within the time for which a listing is believed.
_FRESH = """
(CASE WHEN COALESCE(g.listed_at, 0) > r.seen_at THEN g.listed_at ELSE r.seen_at END BETWEEN ? - g.fresh_for AND ?)
"""
_KEYS = {
    Order.WORST: ("badness", "provider", "kind", "region", "name", "id"),
    Order.PLACE: ("provider", "kind", "region", "name", "id"),
    Order.NAME: ("name", "provider", "kind", "region", "id"),
}
_BY_API = "ORDER BY provider, region, service"
_BY_GROUP = "ORDER BY provider, kind, region, asked_in"
_BY_PROVIDER = "ORDER BY provider"
# The sign keeps SQLite from looking through all that have not vanished, by the index of those that have.
_EXPIRING = """
SELECT r.provider, r.kind, r.region, r.name, r.expires_at, r.seen_at, g.listed_at
FROM resource r JOIN resource_group g
ON g.provider = r.provider AND g.kind = r.kind AND g.asked_in = r.asked_in AND g.region = r.region
WHERE r.expires_at <= ? AND +r.vanished_at IS NULL
ORDER BY CASE WHEN r.expires_at > ? THEN 0 ELSE 1 END, ABS(r.expires_at - ?), r.provider, r.kind, r.region, r.id LIMIT ?
"""
_UNBACKED = """
SELECT r.provider, r.kind, r.region, count(*), min(r.name), min(r.backed_up_at), count(r.backed_up_at),
    max(r.seen_at), max(g.listed_at)
FROM resource r JOIN resource_group g
ON g.provider = r.provider AND g.kind = r.kind AND g.asked_in = r.asked_in AND g.region = r.region
WHERE r.backed_up = ? AND (r.backed_up_at IS NULL OR r.backed_up_at < ?) AND r.vanished_at IS NULL
GROUP BY r.provider, r.kind, r.region ORDER BY r.provider, r.kind, r.region
"""


def asks_of_inventory(now: datetime) -> list[Asked]:
    """Return what `read_inventory` is going to ask, and `read_vendors`."""
    whole = (API.asked(_BY_API), GROUP.asked(_BY_GROUP), ACCOUNT.asked(_BY_PROVIDER), VENDOR.asked())
    return [*whole, _expiring(now), _unbacked(now)]


def _expiring(now: datetime) -> Asked:
    soon, present = to_microseconds(now + CERTIFICATE_WARNING), to_microseconds(now)
    return Asked(_EXPIRING, (soon, present, present, MOST_EXPIRING))


def _unbacked(now: datetime) -> Asked:
    return Asked(_UNBACKED, (True, to_microseconds(now - BACKUP_WARNING)))


def read_inventory(snapshot: Snapshot, now: datetime) -> InventoryFacts:
    """Return what a picture needs of every provider."""
    return InventoryFacts(
        apis=tuple(_api(row) for row in snapshot.rows(API, _BY_API)),
        groups=tuple(_group(row) for row in snapshot.rows(GROUP, _BY_GROUP)),
        expiring=tuple(
            Expiring(provider, kind, region, name, from_microseconds(end), _later(seen_at, listed_at))
            for provider, kind, region, name, end, seen_at, listed_at in snapshot.all(_expiring(now))
        ),
        unbacked=tuple(
            Unbacked(
                provider,
                kind,
                region,
                count,
                example,
                from_microseconds(oldest) if oldest is not None and known == count else None,
                _later(seen_at, listed_at),
            )
            for provider, kind, region, count, example, oldest, known, seen_at, listed_at in snapshot.all(
                _unbacked(now)
            )
        ),
        accounts=read_accounts(snapshot),
    )


def read_accounts(snapshot: Snapshot) -> tuple[AccountFacts, ...]:
    """Return what is known of the account of each provider."""
    return tuple(
        AccountFacts(
            provider=row.provider,
            account=row.account,
            name=row.name or "",
            arn=row.arn or "",
            since=row.since,
            seen_at=row.seen_at,
            former=row.former,
            former_until=row.former_until,
            regions=tuple(row.regions),
            regions_at=row.regions_at,
        )
        for row in snapshot.rows(ACCOUNT, _BY_PROVIDER)
    )


def read_vendors(snapshot: Snapshot) -> dict[str, VendorEvidence]:
    """Return what the vendors last said of themselves, by provider."""
    return {
        row.provider: VendorEvidence(
            VendorStatus(row.status),
            row.source,
            timedelta(seconds=row.interval_s),
            row.measured_at,
            tuple(map(event_from_json, row.events)),
            row.more,
        )
        for row in snapshot.rows(VENDOR)
        if row.status is not None and row.measured_at is not None
    }


def read_page(snapshot: Snapshot, query: ResourceQuery, now: datetime) -> ResourcePage:
    """Return one page of the resources that a question asks for.

    Raises:
        ConfigurationError: `after` is not what a page of this order gave.
    """
    where, parameters = _where(query, now)
    total = snapshot.scalar(f"{_COUNT} WHERE {where}", *parameters)
    keys = _KEYS[query.order]
    columns = ", ".join(f"r.{key}" for key in keys)
    if query.after is not None:
        places = ", ".join("?" for _ in keys)
        where += f" AND ({columns}) > ({places})"
        parameters += _place_after(query.after, query.order)
    limit = min(max(query.limit, 1), MOST_ROWS)
    statement = f"{_SELECT} WHERE {where} ORDER BY {columns} LIMIT ?"
    raw = list(snapshot.values(statement, *parameters, limit + 1))
    rows = [RESOURCE.row(values[:_OWN]) for values in raw[:limit]]
    following = _token(query.order, [getattr(rows[-1], key) for key in keys]) if len(raw) > limit else None
    return ResourcePage(tuple(_known(values) for values in raw[:limit]), following, total)


def find(snapshot: Snapshot, text: str, query: ResourceQuery) -> tuple[KnownResource, ...]:
    """Return the resources that a text names: by id, else by name, else by the beginning of either.

    Args:
        snapshot: of the cache.
        text: what a person typed.
        query: its provider, kind and region narrow the search.

    Returns:
        A few at most; several where the text could mean any of them.
    """
    narrow, parameters = _places(query)
    where = " AND ".join(["{}", *narrow])
    begins = "(substr(r.id, 1, ?) = ? OR substr(r.name, 1, ?) = ?)"
    tiers: list[tuple[str, list[object]]] = [
        ("r.id = ?", [text]),
        ("r.name = ?", [text]),
        (begins, [len(text), text, len(text), text]),
    ]
    for condition, values in tiers:
        rest = f"WHERE {where.format(condition)} ORDER BY r.vanished_at IS NOT NULL, r.provider, r.kind, r.region, r.id"
        found = list(snapshot.values(f"{_SELECT} {rest} LIMIT ?", *values, *parameters, MOST_CANDIDATES))
        if found:
            return _present([_known(each) for each in found])
    return ()


def read_view(snapshot: Snapshot, place: Sequence[str]) -> ResourceView | None:
    """Return one resource with what it rests on and what rests on it.

    Args:
        snapshot: of the cache.
        place: its provider, kind, region and id.
    """
    rest = "WHERE r.provider = ? AND r.kind = ? AND r.region = ? AND r.id = ?"
    found = next(iter(snapshot.values(f"{_SELECT} {rest}", *place)), None)
    if found is None:
        return None
    known = _known(found)
    above = _above(snapshot, known)
    return ResourceView(
        known,
        _below(snapshot, known),
        above[:MOST_NEIGHBOURS],
        needed_by_more=len(above) > MOST_NEIGHBOURS,
    )


def _below(snapshot: Snapshot, known: KnownResource) -> tuple[Neighbour, ...]:
    """Return what a resource rests on, with what is known of it."""
    wanted = known.resource.depends_on
    pieces = (wanted[i : i + LOOKED_UP] for i in range(0, len(wanted), LOOKED_UP))
    return tuple(neighbour for some in pieces for neighbour in _looked_up(snapshot, known, some))


def _looked_up(snapshot: Snapshot, known: KnownResource, wanted: Sequence[str]) -> Iterator[Neighbour]:
    own = known.resource
    places = {reference: places_named(reference, own.region) for reference in wanted}
    named = [place for some in places.values() for place in some]
    ids = sorted({identifier for _, identifier in named})
    regions = sorted({region for region, _ in named if region is not None})
    anywhere = sorted({identifier for region, identifier in named if region is None})
    rest = (
        f"WHERE r.provider = ? AND r.id IN ({_marks(ids)}) AND (r.region IN ({_marks(regions)}) "
        f"OR r.id IN ({_marks(anywhere)})) ORDER BY r.vanished_at IS NULL, r.kind, r.region"
    )
    parameters = (known.provider, *ids, *regions, *anywhere)
    listed: dict[tuple[str | None, str], KnownResource] = {}
    for each in (_known(values) for values in snapshot.values(f"{_SELECT} {rest}", *parameters)):
        it = each.resource
        if (it.kind, it.region, it.id) != (own.kind, own.region, own.id):  # a cluster and a member of the same name
            listed[it.region, it.id] = listed[None, it.id] = each
    found = {name: next((listed[at] for at in some if at in listed), None) for name, some in places.items()}
    yield from (Neighbour(reference, found.get(reference)) for reference in wanted)


def _above(snapshot: Snapshot, known: KnownResource) -> tuple[KnownResource, ...]:
    """Return what rests on a resource: one more than are shown, where there are more."""
    own = known.resource
    named: list[str] = []
    parameters: list[object] = []
    for reference, only_in in references_to(own.region, own.id):
        condition = "CAST(r.depends_on AS TEXT) LIKE ? ESCAPE '!'"
        parameters.append(_pattern(json.dumps(reference)))
        if only_in is not None:
            condition += " AND r.region = ?"
            parameters.append(only_in)
        named.append(f"({condition})")
    rest = (
        f"WHERE r.provider = ? AND r.vanished_at IS NULL AND ({' OR '.join(named)}) "
        "AND NOT (r.kind = ? AND r.region = ? AND r.id = ?) ORDER BY r.kind, r.region, r.name, r.id LIMIT ?"
    )
    whole = (known.provider, *parameters, own.kind, own.region, own.id, MOST_NEIGHBOURS + 1)
    return tuple(_known(each) for each in snapshot.values(f"{_SELECT} {rest}", *whole))


def _marks(values: Sequence[str]) -> str:
    """Return a place for each value of a list; of an empty one the list that holds nothing."""
    return ", ".join("?" for _ in values) or "NULL"


def _present(found: Sequence[KnownResource]) -> tuple[KnownResource, ...]:
    """Leave out those that vanished, where there are others that did not."""
    there = [each for each in found if each.vanished_at is None]
    return tuple(there or found)


def _where(query: ResourceQuery, now: datetime) -> tuple[str, list[object]]:
    narrow, parameters = _places(query)
    narrow.append("r.vanished_at IS NOT NULL" if query.vanished else "+r.vanished_at IS NULL")
    if query.state is not None and query.vanished:
        narrow.append("r.state = ?")
        parameters.append(query.state.value)
    elif query.state is not None:
        unknown = query.state is State.UNKNOWN
        narrow.append(f"(r.state = ? OR NOT {_FRESH})" if unknown else f"(r.state = ? AND {_FRESH})")
        present, ahead = to_microseconds(now), to_microseconds(now + FUTURE_TOLERANCE)
        parameters += [query.state.value, present, ahead]
    for word in query.words.casefold().split():
        narrow.append("r.words LIKE ? ESCAPE '!'")
        parameters.append(_pattern(word))
    return " AND ".join(narrow), parameters


def _places(query: ResourceQuery) -> tuple[list[str], list[object]]:
    """Return what narrows a question by what a resource is and where."""
    narrow: list[str] = []
    parameters: list[object] = []
    for column, value in (("provider", query.provider), ("region", query.region)):
        if value is not None:
            narrow.append(f"r.{column} = ?")
            parameters.append(value)
    if query.kind is not None:
        service = f"{query.kind}."
        narrow.append("(r.kind = ? OR substr(r.kind, 1, ?) = ?)")
        parameters += [query.kind, len(service), service]
    return narrow, parameters


def _pattern(text: str) -> str:
    """Return a LIKE pattern that finds `text` anywhere; `!` is its escape."""
    escaped = "".join(f"!{c}" if c in "!%_" else c for c in text)
    return f"%{escaped}%"


def _token(order: Order, place: list[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps([order.value, *place]).encode()).decode().rstrip("=")


def _place_after(token: str, order: Order) -> list[object]:
    refused = ConfigurationError("expected what the page before named as the next one: ask for the first page again")
    try:
        value: object = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise refused from None
    types = [int if key == "badness" else str for key in _KEYS[order]]
    if not isinstance(value, list) or value[:1] != [order.value] or [type(each) for each in value[1:]] != types:
        raise refused
    return value[1:]


def _later(seen_at: int | None, listed_at: int | None) -> datetime:
    return from_microseconds(max(seen_at or 0, listed_at or 0))


def _known(values: Sequence[Any]) -> KnownResource:
    row = RESOURCE.row(values[:_OWN])
    listed_at = None if values[-2] is None else from_microseconds(values[-2])
    # What vanished was not seen by the listings that came after.
    seen_at = row.seen_at if row.vanished_at is not None or listed_at is None else max(row.seen_at, listed_at)
    resource = Resource(
        kind=row.kind,
        region=row.region,
        id=row.id,
        name=row.name,
        status=row.status,
        state=State(row.state),
        detail=row.detail,
        tags=tuple((str(key), str(value)) for key, value in row.tags),
        depends_on=tuple(map(str, row.depends_on)),
        monthly_cost=row.monthly_cost,
        created_at=row.created_at,
        expires_at=row.expires_at,
        backed_up_at=row.backed_up_at,
        backed_up=row.backed_up,
    )
    interval = timedelta(seconds=values[-1])
    cost = _cost(values[_OWN:-2])
    return KnownResource(row.provider, resource, row.first_seen_at, seen_at, row.vanished_at, interval, cost)


def _cost(values: Sequence[Any]) -> KnownCost | None:
    """Return what a resource costs; None where there is no row of that."""
    if values[0] is None:
        return None
    row = RESOURCE_COST.row(values)
    estimate = CostEstimate(row.monthly_usd, row.days, date.fromisoformat(row.until))
    return KnownCost(estimate, row.read_at, timedelta(seconds=row.interval_s))


def _api(row: Any) -> ApiFacts:
    return ApiFacts(
        provider=row.provider,
        region=row.region,
        service=row.service,
        interval=timedelta(seconds=row.interval_s),
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        reach=Reach(row.reach),
        problem=row.problem,
        requests=row.requests,
        credentials_expire_at=row.credentials_expire_at,
    )


def _group(row: Any) -> ResourceGroup:
    counts = [(State(state), int(count)) for state, count in row.counts.items()]
    return ResourceGroup(
        provider=row.provider,
        kind=row.kind,
        region=row.region,
        interval=timedelta(seconds=row.interval_s),
        listed_at=row.listed_at,
        counts=tuple(sorted(counts, key=lambda pair: -badness(pair[0]))),
        examples=tuple(Example(State(state), name, detail) for state, name, detail in row.examples),
        vanished=row.vanished,
        stopped=row.stopped,
    )
