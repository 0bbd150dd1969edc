"""The sources of weddings as they are configured, and what persons decide about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update

from wedtui.cache.dropped import drop, mark_dropped
from wedtui.cache.tables import METADATA
from wedtui.cache.wedding_import import NOT_QUESTIONED, change, touch
from wedtui.config_weddings import IMPORTED, WeddingSourceSection
from wedtui.core.calendar import GOOD_FOR, ImportedByHand
from wedtui.core.redact import address_of, place_of
from wedtui.core.wedding_loss import Lost, lost_of
from wedtui.errors import ConflictError, NotFoundError

_T = METADATA.tables
_WEDDING, _SOURCE = _T["wedding"], _T["wedding_source"]
Values = dict[str, Any]


class Erased(NamedTuple):
    """What became of the rows of a wedding that is forgotten."""

    rows: int
    """How many named it until now."""
    kept: int
    """How many stand under its alias now, by whoever they were put there."""


_UNREAD: Values = {
    **NOT_QUESTIONED,
    "accept_next": False,
    "none_to_come": False,
    "losses": [],
    "asked": [],
    "revision": 0,
    "announced": 0,
    **dict.fromkeys(("weddings", "rejected", "unknown_cultures", "unknown_kinds", "repeated", "kept"), 0),
    "examples": [],
    "notes": [],
}


def configure_sources(connection: Connection, sections: tuple[WeddingSourceSection, ...], now: datetime) -> None:
    """Make the rows of the sources those of the configuration; what persons imported stays.

    A source that is somewhere else now, if only by the path or the query of its URL, was never read there: its
    weddings stay until it is, but count as old; what it has lost there is questioned as anywhere. What is gone from
    the configuration is marked as dropped at `now`, counts as it did, comes back whole when it is named again, and goes
    with `forget_dropped`, its weddings with `prune_weddings`. What was never read goes at once.
    """
    wanted = {section.name: configured_row(number, section) for number, section in enumerate(sections)}
    before = {row["name"]: row for row in connection.execute(select(_SOURCE)).mappings()}
    for name, old in before.items():
        here = _SOURCE.c.name == name
        new = wanted.get(name)
        if new is None:
            if name == IMPORTED:
                continue
            if old["read_at"] is not None or old["weddings"]:
                mark_dropped(connection, _SOURCE, here, now)
            else:
                connection.execute(delete(_SOURCE).where(here))
                touch(connection)
            continue
        if any(old[key] != new[key] for key in ("kind", "place")) or old["address"] not in {new["address"], ""}:
            new |= {"read_at": None, "mark": None, "problem": None, "none_to_come": False}
            new |= {**NOT_QUESTIONED, "accept_next": False}
        if any(old[key] != value for key, value in new.items()):
            connection.execute(update(_SOURCE).where(here).values(new))
    added = [{**_UNREAD, **new} for name, new in wanted.items() if name not in before]
    if added:
        connection.execute(insert(_SOURCE), added)


def configured_row(position: int, section: WeddingSourceSection) -> Values:
    """Return what of a source's row the configuration says."""
    return {
        "name": section.name,
        "position": position,
        "kind": section.kind,
        "place": place_of(section.url),
        "address": address_of(section.name, section.url, section.query),
        "interval_s": section.interval.total_seconds(),
        "max_age_s": section.max_age.total_seconds(),
        "dropped_at": None,
    }


def ensure_configured(connection: Connection, sections: tuple[WeddingSourceSection, ...]) -> None:
    """Have a source for each section; what is known of one already stays as it is."""
    known = set(connection.execute(select(_SOURCE.c.name)).scalars())
    added = [{**_UNREAD, **configured_row(n, each)} for n, each in enumerate(sections) if each.name not in known]
    if added:
        connection.execute(insert(_SOURCE), added)


def ensure_imported(connection: Connection, kind: str) -> None:
    """Have a source for what persons import without naming one."""
    values = {
        "kind": kind,
        "place": "imported by hand",
        "address": "",
        "interval_s": None,
        "max_age_s": GOOD_FOR.total_seconds(),
    }
    here = update(_SOURCE).where(_SOURCE.c.name == IMPORTED)
    if not connection.execute(here.values(values)).rowcount:
        row = {**_UNREAD, "name": IMPORTED, "position": 1_000_000, **values}
        connection.execute(insert(_SOURCE).values(row))


def expect_imported(connection: Connection, imported: Iterable[ImportedByHand]) -> None:
    """Have a source that was never read for what persons imported and this cache does not know."""
    known = set(connection.execute(select(_SOURCE.c.name)).scalars())
    for each in imported:
        if each.source == IMPORTED and each.source not in known:
            ensure_imported(connection, each.kind)
            connection.execute(update(_SOURCE).where(_SOURCE.c.name == IMPORTED).values(problem=each.lost.problem))


def note_failure(connection: Connection, source: str, at: datetime, problem: str, address: str = "") -> bool:
    """Say why a source could not be read; return whether there is such a source, at that address."""
    values = {"attempted_at": at, "problem": problem, **NOT_QUESTIONED}
    here = [_SOURCE.c.name == source]
    if address:
        here.append(_SOURCE.c.address.in_([address, ""]))
    return bool(connection.execute(update(_SOURCE).where(*here).values(values)).rowcount)


def accept_source(connection: Connection, name: str) -> Lost | None:
    """Take a reading of a source that loses no more than the one that was questioned: a person has looked at that.

    Returns:
        What that lost; None where a former program did not store it.

    Raises:
        NotFoundError: there is no such source.
        ConflictError: nothing is questioned, or it was accepted already.
    """
    asked = select(_SOURCE.c.questioned, _SOURCE.c.accept_next, _SOURCE.c.asked)
    row = connection.execute(asked.where(_SOURCE.c.name == name)).one_or_none()
    if row is None:
        raise NotFoundError(_unknown(connection, name))
    if not row.questioned:
        raise ConflictError(nothing_to_accept(name))
    if row.accept_next:
        raise ConflictError(accepted_already(name))
    # Without its mark the next reading is a whole one.
    connection.execute(update(_SOURCE).where(_SOURCE.c.name == name).values(accept_next=True, mark=None))
    return lost_of(row.asked)


def nothing_to_accept(name: str) -> str:
    """Say that no reading of a source is questioned."""
    return f'the wedding source "{name}" is not questioned: there is nothing to accept'


def accepted_already(name: str) -> str:
    """Say that somebody accepted what a source lost, and that the reading which would be taken has not come yet."""
    waits = "import the file again" if name == IMPORTED else "its next good reading is taken if it loses no more"
    return f'the wedding source "{name}" was accepted already: {waits}'


def drop_imported(connection: Connection) -> int:
    """Forget that persons imported anything; the weddings go with `prune_weddings`. Return how many there were.

    Raises:
        NotFoundError: nobody did.
    """
    rows = _rows(connection, IMPORTED)
    if not connection.execute(delete(_SOURCE).where(_SOURCE.c.name == IMPORTED)).rowcount:
        raise NotFoundError("nobody imported weddings by hand: there is nothing to drop")
    touch(connection)
    return rows


def drop_unread_import(connection: Connection) -> None:
    """Forget what persons imported where nothing was ever taken of it, and nobody is asked about it."""
    never = (_SOURCE.c.read_at.is_(None), _SOURCE.c.questioned.is_(False))
    if connection.execute(delete(_SOURCE).where(_SOURCE.c.name == IMPORTED, *never)).rowcount:
        touch(connection)


def drop_source(connection: Connection, name: str) -> int:
    """Forget a source that is no longer configured; the weddings go with `prune_weddings`. Return how many rows it had.

    Raises:
        NotFoundError: there is no such source.
        ConflictError: it is configured.
    """
    rows = _rows(connection, name)
    drop(connection, _SOURCE, f'wedding source "{name}"', name)
    touch(connection)
    return rows


def _rows(connection: Connection, name: str) -> int:
    """Return how many rows a source has; 0 where there is none of that name."""
    return connection.execute(select(_SOURCE.c.weddings).where(_SOURCE.c.name == name)).scalar() or 0


def forget_wedding(connection: Connection, reference: str, alias: str) -> Erased:
    """Put an alias in the place of a reference, and erase where it is."""
    here = _WEDDING.c.reference == reference
    # A reading that named it twice under the alias already, or one that ended in between, leaves nothing to rename.
    known = select(_WEDDING.c.source, _WEDDING.c.starts_at).where(_WEDDING.c.reference == alias)
    twice = delete(_WEDDING).where(here, tuple_(_WEDDING.c.source, _WEDDING.c.starts_at).in_(known))
    done = connection.execute(twice).rowcount
    # Every reading that is under way may name it, of whichever source: each begins anew.
    sources = connection.execute(select(_SOURCE.c.name)).scalars().all()
    _forget_losses(connection, reference, alias)
    done += connection.execute(update(_WEDDING).where(here).values(reference=alias, venue="", venue_kind="")).rowcount
    for source in sources:
        change(connection, source)
    kept = select(func.count()).select_from(_WEDDING).where(_WEDDING.c.reference == alias)
    return Erased(done, connection.execute(kept).scalar_one())


def _forget_losses(connection: Connection, reference: str, alias: str) -> None:
    """Put an alias in the place of a reference also where it is remembered that the wedding was, or would be, lost."""
    for name, losses, missing in connection.execute(select(_SOURCE.c.name, _SOURCE.c.losses, _SOURCE.c.missing)).all():
        renamed = [[until, alias if named == reference else named, *rest] for until, named, *rest in losses]
        rows = [[alias if named == reference else named, *rest] for named, *rest in missing.get("rows", ())]
        if renamed != losses or rows != missing.get("rows", []):
            values = {"losses": renamed, "missing": {**missing, "rows": rows}}
            connection.execute(update(_SOURCE).where(_SOURCE.c.name == name).values(values))


def prune_weddings(connection: Connection, limit: int) -> int:
    """Delete weddings of a source that is not configured any more, at most so many; return how many."""
    names = set(connection.execute(select(_SOURCE.c.name)).scalars())
    key = (_WEDDING.c.source, _WEDDING.c.reference, _WEDDING.c.starts_at)
    for source in _sources_of_weddings(connection):
        if source not in names:
            orphans = select(*key).where(_WEDDING.c.source == source).limit(limit)
            gone = connection.execute(delete(_WEDDING).where(tuple_(*key).in_(orphans))).rowcount
            touch(connection)
            return gone
    return 0


def _sources_of_weddings(connection: Connection) -> Iterator[str]:
    """Yield every source that has weddings, from one to the next by the index: there may be millions."""
    last = ""
    while True:
        following = select(_WEDDING.c.source).where(_WEDDING.c.source > last).order_by(_WEDDING.c.source).limit(1)
        found = connection.execute(following).scalar()
        if found is None:
            return
        yield found
        last = found


def still_named(connection: Connection, aliases: list[str]) -> set[str]:
    """Return those of some aliases that a source still names."""
    found = select(_WEDDING.c.reference).where(_WEDDING.c.reference.in_(aliases)).distinct()
    return set(connection.execute(found).scalars())


def _unknown(connection: Connection, name: str) -> str:
    known = connection.execute(select(_SOURCE.c.name).order_by(_SOURCE.c.position)).scalars().all()
    return f'there is no wedding source "{name}": {"known are " + ", ".join(known) if known else "none is known"}'
